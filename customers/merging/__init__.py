"""Duplicates and merging of customers: a slice of the customers app.

views, tasks → forms, undo → services, pairs, queries → contacts → relations → models
"""
