"""Forms for files and approvals."""
