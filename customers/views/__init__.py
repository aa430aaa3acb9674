"""Pages of customers and their items."""
