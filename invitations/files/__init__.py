"""Files and approvals that an agency and its clients share: a slice of the invitations app.

views → forms → services → mails | queries | events → models | content
"""
