"""Consistency of a study: outcomes of finished interviews, erasure, the queue, work that a crash left undone."""
