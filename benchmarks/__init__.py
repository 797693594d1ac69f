"""Benchmarks: every goal measured against a limit or a peer, in one table."""
