"""Documents for people: questionnaire booklets, reports and codebooks.

Layout only; every figure comes from `reports`.
"""
