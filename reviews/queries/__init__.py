"""Queries that span several models."""
