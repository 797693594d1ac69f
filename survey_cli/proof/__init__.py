"""Proofs about a questionnaire: its route and conditions as clauses for a SAT solver.

`clauses` and `cells` are the alphabet: a literal is a fact of an interview that is true or false,
and a cell is one variable at one place, with literals for what its answer can be. `conditions`
encodes expressions over cells, and `route` the whole questionnaire. `goals` lists what may be
possible, `verdicts` asks the solver, and `findings` makes problems of its answers.

It never calls something impossible that can happen. What it calls possible has a witness: answers
that lead there. Clauses can't express everything, and what they can't is left open. A witness is
therefore believed only after the engine has replayed it.
"""
