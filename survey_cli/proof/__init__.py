"""Proofs about a questionnaire: its route and conditions as clauses for a SAT solver, verdicts, and witnesses.

What it calls impossible is impossible. What it calls possible has a witness: answers that lead there. What clauses
can't express is left open, so that a witness must be replayed by the engine before it is believed.
"""
