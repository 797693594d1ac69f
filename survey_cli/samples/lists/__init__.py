"""Lists beside a sample: do-not-call numbers, people, weighting targets, final counts."""
