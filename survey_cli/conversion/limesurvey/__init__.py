"""Surveys of LimeSurvey (.lss, tab-separated .txt) as forms of the neutral shape.

`lss_file` and `tab_file` read a file into the records of `records`. `form_reader` makes a form of
them, with the items that `questions` makes by the types of questions; `choices` and `validation`
are parts of that. `script` parses expressions, `meaning` says what they mean, and `variables` knows
what the names in them stand for.
"""
