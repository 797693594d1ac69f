"""Texts that are read aloud: templates with fills, number and date formats, conditions in words."""
