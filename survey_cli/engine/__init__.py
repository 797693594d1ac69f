"""One interview as a pure state machine: events in, the next prompt out. No clock, no random numbers, no files.

Rules, in the order in which the code relies on them:

1. An interview is its journal. `Interview.step(event)` returns the next interview or a `Rejection`; a rejection
changes nothing. Replaying the same events returns the same interview.

2. The route is a function of the questionnaire, the answers and the facts of the case. Nothing jumps; only the
interviewer goes back.

3. An answer counts while its place is on the route and its item would still accept it. Other answers stay in the
journal and are offered again when their place returns.
"""
