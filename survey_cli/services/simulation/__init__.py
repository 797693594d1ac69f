"""Simulated fieldwork: the study it starts from and the report on it."""
