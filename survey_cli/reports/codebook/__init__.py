"""Codebook: description of each variable, with counts if there are data."""
