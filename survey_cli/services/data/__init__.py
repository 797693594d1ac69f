"""Tables of a study for exports and reports: which interviews, cases and calls, with which weights."""
