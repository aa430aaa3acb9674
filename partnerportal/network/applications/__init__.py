"""Applications of agencies that want to join the network (docs/decisions/0056)."""
