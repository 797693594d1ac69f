"""Comparison of converted forms with an ODK client: vectors of answers, and which questions they make relevant."""
