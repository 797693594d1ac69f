"""The writer: questionnaires from forms of the neutral shape, whatever system they come from.

`writer` writes the file and asks the checks of the questionnaire what it may contain. `builder`
builds its tree, and each other module a part of it: `ids`, `codes` with `sentinels`, `options`,
`texts` with `fills`, `calculations`, `constraints`. `conditions` translates expressions.
"""
