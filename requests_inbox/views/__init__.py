"""Pages for prospects, and for the team that answers them."""
