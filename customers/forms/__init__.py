"""Forms and filters of customers and their items."""
