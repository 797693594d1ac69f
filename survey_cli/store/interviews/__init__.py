"""Interviews in the store: journals, drafts, snapshots, questionnaire versions."""
