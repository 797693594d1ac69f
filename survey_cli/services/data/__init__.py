"""Tables of a study for exports and reports: interviews with their weights, cases, calls, shifts."""
