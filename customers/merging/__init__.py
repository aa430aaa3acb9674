"""Duplicates and merging of customers: a slice of the customers app.

views, tasks → forms → services | undo | pairs → queries → relations → models
"""
