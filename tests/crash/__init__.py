"""Crash tests: interviews in a terminal are killed at random times, again and again, and what is stored is compared
with what was shown.

The program is asked only for what a user can see.
"""
