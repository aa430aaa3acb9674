"""The shared space of an agency and a client: what both see as long as the client's access lasts."""
