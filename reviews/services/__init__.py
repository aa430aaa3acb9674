"""Actions on review requests, reviews and reports."""
