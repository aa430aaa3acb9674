"""Reads that span several tables."""
