"""fieldwork."""
