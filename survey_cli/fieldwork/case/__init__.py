"""One case: its events, the state derived from its history, its AAPOR code and its location."""
