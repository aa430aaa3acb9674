"""Messages between an agency and the clients of one of its customers: a slice of the invitations app.

views → forms → services → mails, queries, events → models
"""
