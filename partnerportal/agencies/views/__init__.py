"""Pages of “My Company”: the agency, its team, joining it."""
