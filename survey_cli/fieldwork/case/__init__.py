"""A case: its events and their codec, its state derived from them, its AAPOR disposition code."""
