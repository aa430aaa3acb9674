"""Actions on customers and what belongs to them."""
