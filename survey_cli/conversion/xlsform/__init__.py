"""XLSForms (ODK, KoboToolbox, SurveyCTO) as forms of the neutral shape.

`sheets` reads rows, `reader` makes items of them, `xpath` parses expressions, and `meaning` says
what they mean. `languages` finds codes for the names of languages.
"""
