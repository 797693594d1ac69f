"""Checks of texts: translations, fills, invisible characters, the introduction."""
