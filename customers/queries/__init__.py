"""Queries on customers and their items."""
