"""Results: topline, banner, cross-tabulations, analysis base and methods."""
