"""Samples and the do-not-call list: import, replicates, comparison with stored cases."""
