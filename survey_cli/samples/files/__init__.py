"""Sheets of CSV and Excel files: rows, headings, collected problems."""
