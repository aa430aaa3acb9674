"""Pages of staff and reviewers."""
