"""Practice at a station: simulated respondents, and how the entries differ from what was heard."""
