"""The compiled questionnaire: names resolved, conditions and texts compiled, items in order."""
