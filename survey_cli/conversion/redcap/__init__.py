"""Data dictionaries of REDCap (.csv) as forms of the neutral shape.

`dictionary` reads rows, `reader` makes items of them, and `logic` reads branching logic and
calculations.
"""
