"""E-mails about files and approvals."""
