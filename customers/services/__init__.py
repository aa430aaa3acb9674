"""Actions on customers and their items."""
