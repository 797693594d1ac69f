"""Codebook: description of each variable, with counts where there are data."""
