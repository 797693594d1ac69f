"""Full screen of a station: the case and its outcomes, what is open, and the waiting between."""
