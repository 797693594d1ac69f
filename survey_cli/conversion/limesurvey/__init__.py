"""Surveys of LimeSurvey (.lss, tab-separated .txt) as forms of the neutral shape.

`lss_file` and `tab_file` read a file into the records of `records`. `form_reader` makes a form of
them, with the items that `questions` makes of each type of question. `script` parses expressions,
and `meaning` says what they mean; `variables` knows what the names in them stand for.
"""
