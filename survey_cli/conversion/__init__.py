"""Conversion of forms for tablets (XLSForm) to questionnaires.

Everything that a form contains is in the questionnaire or in the report of what was not carried
over.
"""
