"""The questionnaire as written: source, schema, expressions, texts, compiled model and checks. It holds no answers."""
