"""Actions on agencies and their teams."""
