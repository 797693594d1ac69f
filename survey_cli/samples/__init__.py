"""Readers of sample files, do-not-call files, lists of people, targets and counts.

Nothing is stored here.
"""
