"""One interview as a pure state machine, without clock, random numbers, files or screen.

Rules, in the order in which they are relied on:

1. An interview is its journal. `Interview.step(event)` returns the next interview or a `Rejection`,
   which changes nothing. Replaying the same events gives the same interview.
2. The route is a function of instrument, answers and facts. Only the interviewer goes back or
   jumps.
3. An answer counts while its place is on the route and its item would still accept it. Other
   answers stay in the journal and are shown again when their place returns to the route.
"""
