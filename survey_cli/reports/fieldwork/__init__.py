"""Fieldwork reports: status, rates, cases, call histories, interviewers."""
