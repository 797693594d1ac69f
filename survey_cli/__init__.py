"""Telephone interviewing (CATI) in a terminal. Holds the version and imports nothing."""

__version__ = "0.1.0"
