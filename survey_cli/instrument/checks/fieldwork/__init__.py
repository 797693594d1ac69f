"""Checks of fieldwork settings: sample columns, hours, outcomes, quotas."""
