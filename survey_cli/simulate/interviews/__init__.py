"""Simulated interviews: respondents, their answers, what a run of them finds."""
