"""Services: one call each, for a command. They open a study, do one thing and return a value or an error.

A service never prints and has no rule of its own.
"""
