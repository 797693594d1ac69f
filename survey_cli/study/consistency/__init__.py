"""Consistency of a study: outcomes, erasure, the queue, and work that a crash left undone."""
