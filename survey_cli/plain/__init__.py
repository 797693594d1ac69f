"""Plain interface: an interview or a shift one line at a time, for screen readers, pipes, tests and slow links.

It never moves the cursor, never conveys anything by position or color alone, and decides nothing about the survey.
What is read to the respondent is bare, options as `3 Disagree`; what is for the interviewer is in brackets, or after
`!` (not accepted), `?` (to confirm), `=` (understood as) and `was`. Each `> ` waits for one line.
"""

from typing import TYPE_CHECKING, Final, TextIO

from survey_cli.engine.events import Rejection
from survey_cli.plain.interview import Conversation
from survey_cli.plain.streams import Interrupts, OutputClosed, Printed, Typed, silence, tell
from survey_cli.sessions import Conduct

if TYPE_CHECKING:
    from survey_cli.sessions.station.station_protocol import Calling

HELD: Final = 0
"""Exit code: the last item or an `end` was reached."""
NOT_PUT_ASIDE: Final = 1
"""Exit code: it should have been put aside, and could not be."""
PUT_ASIDE: Final = 3
"""Exit code: suspended or stopped."""


def conduct(desk: Conduct, read: TextIO, write: TextIO, errors: TextIO | None = None) -> int:
    """Hold the interview that `desk` has open, to its end or until it is put aside; gives the exit code. `errors` is told
    what `write` can no longer show."""
    why: Rejection | None = None
    with Interrupts() as interrupts:
        try:
            why = Conversation(desk, Typed(read, interrupts), Printed(write)).hold()
        except OutputClosed:
            silence(write)
            if desk.prompt() is not None and (why := desk.suspend()) is None:
                tell(errors, "The output was closed: the interview is suspended and can be resumed.")
    if why is not None:
        tell(errors or write, f"The interview could not be suspended: {why.why}. Every answer taken is kept.")
    closing = desk.closing()
    if closing is None:
        return NOT_PUT_ASIDE
    led_here = (
        closing.status == "suspended" and closing.outcome is not None
    )  # an `end` with a temporary outcome
    return HELD if closing.status == "ended" or led_here else PUT_ASIDE


def work(calling: "Calling", read: TextIO, write: TextIO, errors: TextIO | None = None) -> int:
    """Hold the station until its shift ends; gives the exit code: HELD at the end of the shift, PUT_ASIDE where something
    was still owed when the input or the output ended. `errors` is told what that is."""
    from survey_cli.plain.station import Station

    owes: Rejection | None = None
    with Interrupts() as interrupts:
        station = Station(calling, Typed(read, interrupts), Printed(write))
        try:
            owes = station.hold()
        except OutputClosed:
            silence(write)
            if station.talk is not None:
                if station.talk.prompt() is not None:
                    station.talk.suspend()
                calling.came_back(then_next=False)
            owes = calling.leave()
    if owes is None:
        return HELD
    tell(
        errors or write, f"The shift is not ended: {owes.why}. Start the station again and it goes on there."
    )
    return PUT_ASIDE
