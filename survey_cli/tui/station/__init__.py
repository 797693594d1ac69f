"""Full screen of a station: the case to be called and its outcomes, what is open beside it, and the waiting between."""
