"""Databases: verification, backup, restore, upgrade, rights."""
