"""Data as variables and rows, with labels and typed missing values.

It uses no file and no format: it builds a `Table`, which every writer receives.
"""
