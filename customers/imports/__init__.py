"""Import of customers from CSV files: a slice of the customers app with layers of its own.

tasks → runner → services → duplicates, rows → reader, columns, csv_output → models
"""
