"""Peers: programs that do the least that could be the same work, for comparison."""
