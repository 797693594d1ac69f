"""Text formats: CSV, TSV and JSON Lines."""
