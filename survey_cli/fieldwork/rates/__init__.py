"""AAPOR dispositions, their counts and the outcome rates as exact fractions."""
