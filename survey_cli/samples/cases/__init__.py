"""Cases of a sample file: columns, phone numbers, split arms, the preview of an import."""
