"""Expressions in conditions and computes: parsing, type checks, three-valued logic, evaluation."""
