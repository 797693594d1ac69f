"""Checks of answer lists, codes, declines and number ranges."""
