"""Tables of a study for exports and reports: interviews and their weights, cases, calls, shifts."""
