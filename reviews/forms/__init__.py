"""Forms of staff and reviewers."""
