"""Maintenance of a database: integrity checks, backup, restore, scrubbing."""
