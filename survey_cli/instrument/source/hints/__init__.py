"""Likely causes of YAML errors: brackets, quotes, colons, tabs."""
