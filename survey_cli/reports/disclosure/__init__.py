"""Disclosure control: suppression of small counts, and what could be derived from the rest."""
