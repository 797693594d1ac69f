"""Widgets, panels and the application that all full-screen interfaces share.

The application handles keys one after another, and finishes one before the next. Widgets only show.
"""
