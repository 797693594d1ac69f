"""Fuzz tests of everything that is typed or written in a file: targets that generate cases, and a search through
them.
"""
