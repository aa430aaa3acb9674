"""Calendar feeds of members: due dates that calendar programs subscribe to by a secret address."""
