"""Accounts of people who work in the browser, in a file of their own beside the databases.

No backup, bundle, export or query of a study contains them.
"""
