"""Forms and filters of customers and what belongs to them."""
