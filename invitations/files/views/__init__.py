"""Pages of files and approvals, for clients and for staff."""
