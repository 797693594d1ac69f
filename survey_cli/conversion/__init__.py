"""Conversion of forms of other systems to questionnaires.

A reader of each system makes plain values of one neutral shape (`model.forms`, with the language
of conditions in `model.expressions`). One writer makes the questionnaire from them, whatever the
system. Everything that a form contains is in the questionnaire or in the report of what was not
carried over.
"""
