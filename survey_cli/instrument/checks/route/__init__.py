"""Checks of routing, references and conditions."""
