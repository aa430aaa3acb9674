"""Sent e-mails: the list with its search and filters, and single e-mails."""
