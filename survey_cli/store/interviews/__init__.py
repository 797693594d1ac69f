"""Interviews in the store: journals, drafts, snapshots, versions of the questionnaire."""
