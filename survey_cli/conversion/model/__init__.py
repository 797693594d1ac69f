"""The neutral shape of a form: what every reader makes, and the writer of questionnaires takes.

`forms` has the form with its items, `expressions` the language of conditions and calculations.
"""
