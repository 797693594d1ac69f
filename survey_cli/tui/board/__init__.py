"""Board of a supervisor: studies that are read again every few seconds, and their cases."""
