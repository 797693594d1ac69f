"""The questionnaire: source files, schema, expressions, texts, checks and the compiled instrument.

It holds no answers.
"""
