"""Connections to SQLite and PostgreSQL: transactions, retries, error translation."""
