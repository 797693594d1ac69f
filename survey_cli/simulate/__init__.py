"""Simulated respondents and interviewers, who answer and call through the real engine from a seed and a given clock.

It uses no screen, no store and no clock of its own; callers pass a function that saves the
interviews.
"""
