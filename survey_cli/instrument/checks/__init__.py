"""Checks of an instrument beyond its grammar: one generator per rule, named after the rule.

The docstring of a check is the documentation of its rule. A check yields problems and changes
nothing.
"""
