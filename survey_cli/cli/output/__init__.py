"""Output of the command line: text, tables, problems, progress, dates and times."""
