"""The fieldwork plan of a study: limits, delays, outcomes, quotas, people, retention."""
