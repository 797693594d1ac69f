"""The writer: questionnaires from forms of the neutral shape, whatever system they come from.

`writer` writes the file and asks the checks of the questionnaire what it may contain. `builder`
builds its tree, and each other module a part of it: `ids`, `codes` with `sentinels`, `options`,
`texts` with `fills`, `calculations`, `constraints`, `declined_filters`. `loop_modules` puts the
questions of a loop into a file of their own. `conditions` translates expressions; a function of a
later edition of the language belongs there, in `_TEMPLATES` or `_FunctionTranslator`: what has no
counterpart today raises UnsupportedError in these two.
"""
