"""Customers out of a CSV file: reading it, knowing its columns, checking every row, importing those that are right.

`reading` makes records of bytes, `columns` knows what headings mean, `rows` makes a customer's fields of a record, `twins` finds who is
there already, `services` holds the steps that people take, `work` what a worker does between them.
"""
