"""AAPOR disposition codes, their groups, and outcome rates."""
