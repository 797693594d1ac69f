"""Simulated respondents and interviewers, who use the real engine with a seed and a clock.

It uses no screen, no store and no clock of its own; callers pass a function that saves the
interviews.
"""
