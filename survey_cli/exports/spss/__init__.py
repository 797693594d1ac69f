"""spss."""
