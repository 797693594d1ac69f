"""Given these attempts: who is called next, and how are we doing? Knows no clock, no database and no questionnaire."""
