"""Review rounds and automatic requests: a slice of the reviews app.

views, tasks → forms | runner, automatic → services → queries | hours → models
"""
