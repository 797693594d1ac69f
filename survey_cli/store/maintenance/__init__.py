"""Maintenance of a database: verification, backup, restore, erasure, grants."""
