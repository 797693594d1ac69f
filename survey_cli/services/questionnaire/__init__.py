"""Questionnaire files: new, check, simulate, comparison with earlier versions."""
