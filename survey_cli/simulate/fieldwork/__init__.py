"""Simulated fieldwork: households, interviewers, days; forecasts."""
