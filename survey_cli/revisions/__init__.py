"""Comparison of two versions of a questionnaire: what changed, and what that means for the data.

`meaning_changes` alone decides what changes the meaning of stored answers. Checks, exports and the
comparison of versions follow it.
"""
