"""Export of customers as a CSV file, small ones in the response and large ones by a worker: a slice of the customers app.

views, tasks → runner → services → models
"""
