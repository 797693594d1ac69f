"""Appointments: the text that an interviewer types, the time it means, when a call is due."""
