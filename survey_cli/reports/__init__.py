"""Report models: topline, banner, codebook, rates and fieldwork status as values.

Nothing is loaded or laid out.
"""
