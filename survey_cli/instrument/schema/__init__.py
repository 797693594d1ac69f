"""The language: pydantic models of a file, validation, JSON Schema and the reference that is generated from them."""
