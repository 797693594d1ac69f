"""Scenarios of a questionnaire: their runs, what they cover, and replays of the proof's witnesses.

No file is read here, and nothing is printed.
"""
