"""Practice at a station: simulated respondents who are heard, and what was entered otherwise than heard."""
