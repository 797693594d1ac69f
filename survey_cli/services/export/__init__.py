"""Export to data files, and the bundle: a whole study in one folder or archive."""
