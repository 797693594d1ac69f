"""Widgets, panels and the application that all full-screen interfaces share.

Keys are handled by the application, one after another, each finished before the next; widgets only show.
"""
