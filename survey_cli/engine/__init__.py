"""Given these events, what is asked next? One interview as a pure state machine: no clock, no dice, no disk, no screen.

Rules, in the order they are relied on:

1. An interview is its journal. `Interview.step(event)` gives the next interview or a `Rejected`; a Rejected changes
   nothing. Replaying the same events gives the same interview.
2. The route is a function of instrument, answers and facts. Nothing jumps; going back is the interviewer's doing.
3. An answer counts while its place is on the route and its item would still accept it. Others stay in the journal and
   are shown again when their place returns.
"""
