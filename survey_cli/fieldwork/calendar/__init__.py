"""Time zones, calling hours, holidays and parts of the day."""
