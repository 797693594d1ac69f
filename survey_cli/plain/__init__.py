"""Line interface for interviews and stations: for screen readers, pipes, tests and slow links.

On a text page in the browser, the same lines are messages instead of being printed.

It moves no cursor except in the line that is typed, conveys nothing by position or color alone,
and decides nothing about the survey. It prints the lines of `sessions.lines`: text for the
respondent as it is, options as `3  Disagree`. Text for the interviewer is printed in brackets, or
after `!` (not accepted), `?` (please confirm), `=` (understood as) and `was`; a text that could be
taken for one to read aloud begins with a word. A `> ` waits for one line. In brief mode nothing is
repeated that an experienced interviewer knows.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TextIO

from survey_cli.entries import Rejection
from survey_cli.plain.conversation import LineSource, OutputClosedError, OutputLines
from survey_cli.plain.interview import PlainInterview
from survey_cli.plain.streams import (
    InputLines,
    Interrupts,
    StreamLines,
    discard_output,
    report,
)

if TYPE_CHECKING:
    from socket import socket

    from survey_cli.sessions.interview.interview_session import InterviewSession
    from survey_cli.sessions.station.station import StationSession

EXIT_ENDED: Final = 0
"""Exit code: the last item or an `end` was reached."""
EXIT_NOT_SUSPENDED: Final = 1
"""Exit code: the interview should have been suspended, and could not be."""
EXIT_SUSPENDED: Final = 3
"""Exit code: suspended or stopped."""


def conduct_interview(
    session: "InterviewSession",
    read: TextIO,
    write: TextIO,
    errors: TextIO | None = None,
    *,
    brief: bool = False,
) -> int:
    """Conduct an interview to its end or until it is suspended; returns the exit code.

    `errors` receives what `write` can no longer show.
    """
    rejection: Rejection | None = None
    with Interrupts() as interrupts:
        try:
            lines_in = InputLines(read, interrupts, write)
            lines_out = OutputLines(StreamLines(write), brief=brief)
            rejection = PlainInterview(session, lines_in, lines_out).run()
        except OutputClosedError:
            discard_output(write)
            rejection = _suspend_unseen(session, errors)
    if rejection is not None:
        report(
            errors or write,
            f"The interview could not be suspended: {rejection.why}. Every answer is stored.",
        )
    result = session.result()
    if result is None:
        return EXIT_NOT_SUSPENDED

    # An `end` with a temporary outcome suspends the interview, and is an end all the same.
    ended_for_now = result.status == "suspended" and result.outcome is not None
    if result.status == "ended" or ended_for_now:
        return EXIT_ENDED
    return EXIT_SUSPENDED


def _suspend_unseen(session: "InterviewSession", errors: TextIO | None) -> Rejection | None:
    """Suspend an interview whose output was closed; returns why it could not be suspended."""
    if session.result() is not None:
        return None
    rejection = session.suspend()
    if rejection is not None:
        return rejection

    result = session.result()
    how = "is suspended and can be resumed"
    if result is not None and result.status == "ended":
        how = "has ended, and is stored"
    report(errors, f"The output was closed: the interview {how}.")
    return None


def run_station(
    session: "StationSession",
    read: TextIO,
    write: TextIO,
    errors: TextIO | None = None,
    *,
    brief: bool = False,
) -> int:
    """Run a station until its shift ends; returns the exit code.

    It is EXIT_ENDED at the end of the shift, and EXIT_SUSPENDED if something was still pending when
    the input or the output ended. `errors` receives what that is.
    """
    with Interrupts() as interrupts:
        lines_in = InputLines(read, interrupts, write)
        lines_out = OutputLines(StreamLines(write), brief=brief)
        rejection = _run_shift(session, lines_in, lines_out, lambda: discard_output(write))
    if rejection is None or session.practice:
        return EXIT_ENDED
    report(
        errors or write,
        f"The shift could not be ended: {rejection.why}. Start the station again to continue it.",
    )
    return EXIT_SUSPENDED


def run_text_page(session: "StationSession", connection: "socket", *, brief: bool = False) -> int:
    """Run a station on a text page, whose messages come and go through `connection`.

    It runs until its shift ends or the process is told to end. Returns the exit code: EXIT_ENDED at
    the end of the shift, EXIT_SUSPENDED if the interviewer can go on with it in another seat.
    """
    from survey_cli.plain.messages import MessageChannel

    with Interrupts() as interrupts:
        channel = MessageChannel(connection, interrupts)
        lines_out = OutputLines(channel, brief=brief)
        _run_shift(session, channel, lines_out, lambda: None)
        if channel.is_cut_off or session.has_ended_for_update:
            return EXIT_SUSPENDED
        channel.send_end()
    return EXIT_ENDED


def _run_shift(
    session: "StationSession",
    lines_in: LineSource,
    lines_out: OutputLines,
    discard: Callable[[], None],
) -> Rejection | None:
    """Run a station until its shift ends, and return why it could not be ended.

    `discard` is called if the output was closed.
    """
    from survey_cli.plain.station import PlainStation

    station = PlainStation(session, lines_in, lines_out)
    try:
        return station.run()
    except OutputClosedError:
        discard()
        if station.interview is not None:
            if station.interview.result() is None:
                station.interview.leave_unattended()
            session.close_interview(then_next=False)
        return session.end_shift().rejection
