"""The language: pydantic models of a file, validation, and the JSON Schema that is generated from them."""
