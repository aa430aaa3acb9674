"""Demo data and generated data for load tests."""
