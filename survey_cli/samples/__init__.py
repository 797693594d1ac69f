"""What did the sample file bring? Files of cases, numbers, people and counts, read as values; nothing is kept here."""
