"""Bulk actions on selected customers or on all that match the filters of the list: a slice of the customers app.

views, tasks → forms | runner → services → actions → models
"""
