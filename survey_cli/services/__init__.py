"""What is done, in what order, when the office works: instruments begun and checked, interviews seated, data exported.

It never speaks to a terminal, and makes no rule of its own; what cannot be done is returned as a `Trouble`.
"""
