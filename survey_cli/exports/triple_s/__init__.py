"""triple_s."""
