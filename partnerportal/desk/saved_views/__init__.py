"""Saved views: names for the filters and the sort order of a list."""
