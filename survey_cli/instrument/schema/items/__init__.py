"""The item types of the language: one class each."""
