-- All reviews are read for each table of data.
CREATE INDEX journal_reviewed ON journal (interview, seq) WHERE kind = 'reviewed'
