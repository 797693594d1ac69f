-- All codings of an item are read for each table of data.
CREATE INDEX journal_coded ON journal (item, interview, seq) WHERE kind = 'coded'
