"""Helpers of the tests: studies, interviews, stations and readers that several test modules use."""
