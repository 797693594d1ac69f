"""Analysis of the route: which items and options can be reached, and which conditions can hold."""
