"""The language: pydantic models of each kind of file, and validation.

The JSON Schema for editors is generated from the models.
"""
