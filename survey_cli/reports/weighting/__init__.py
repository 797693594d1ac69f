"""Weights: base weights, raking, weighted counts, margins of error and significance tests."""
