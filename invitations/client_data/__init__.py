"""A client's own data: download, change of the e-mail address, closed accounts: a slice of the invitations app.

views, tasks → forms, runner → closing, addresses, exports → mails, queries, events → models
"""
