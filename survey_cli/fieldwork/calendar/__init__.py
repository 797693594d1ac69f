"""Calling hours, parts of the day, holidays and time zones."""
