"""Pseudo-terminals of seats: their output for a browser, and the browser that is attached."""
