"""Accounts of people who work in the browser: passwords, invitations, sign-ins, web sessions.

Roles are never stored with an account: only the study's list of people gives them.
"""
