"""Source files: bytes to YAML nodes with positions, modules included, comments kept."""
