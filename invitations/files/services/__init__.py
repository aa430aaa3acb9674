"""Actions on files and approvals, by staff and by clients."""
