"""The compiled questionnaire: resolved names, compiled conditions and texts, items in order."""
