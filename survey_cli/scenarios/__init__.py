"""Scenarios of a questionnaire: running them through the engine, what they cover, and replaying witnesses.

No file is read here, and nothing is printed.
"""
