"""Shared by all apps. Imports none of them."""
