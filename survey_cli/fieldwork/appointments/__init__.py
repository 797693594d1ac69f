"""Appointments: typed text to a time on the respondent's clock, and when an appointment is due."""
