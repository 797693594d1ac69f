-- An export finds the language of each interview by its last event that names one.
CREATE INDEX journal_languages ON journal (interview, seq) WHERE kind IN ('began', 'resumed', 'language')
