"""Pages for customers and what is assigned to them."""
