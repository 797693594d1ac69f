"""Rules of fieldwork: case histories, calendars, appointments, the queue, AAPOR codes and rates.

Pure functions without clock, database or questionnaire text.
"""
