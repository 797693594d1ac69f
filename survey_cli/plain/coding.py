"""Line interface of a coder: one line for the equal answers that are shown."""

from typing import TYPE_CHECKING, Final, TextIO

from survey_cli.entries import to_ascii_digits
from survey_cli.plain import streams
from survey_cli.plain.conversation import (
    InputEndedError,
    LineSource,
    OutputClosedError,
    OutputLines,
    ask_line,
)
from survey_cli.problems import UserError
from survey_cli.sessions.lines.line import Line, Role, to_spans

if TYPE_CHECKING:
    from survey_cli.services.data.coding import CodingSession

HELP: Final = (
    "A code, or several with spaces; Enter as suggested; +LABEL a new code; ?WHY unclear; "
    ".codes .skip .undo .stop"
)


def code_answers(session: "CodingSession", read: TextIO, write: TextIO) -> None:
    """Code answers until the coder stops, or the input or output ends."""
    with streams.Interrupts() as interrupts:
        typed = streams.InputLines(read, interrupts, write)
        printed = OutputLines(streams.StreamLines(write))
        try:
            _run(session, typed, printed)
        except InputEndedError:
            pass
        except OutputClosedError:
            streams.discard_output(write)


def _run(session: "CodingSession", typed: LineSource, printed: OutputLines) -> None:
    """Show one group of answers after the other, and do what is typed."""
    printed.say(Role.FACT, "\n".join((session.wording, HELP, *_list_codes(session))))
    while True:
        if session.group is None:
            printed.say(
                Role.FACT, "every answer is coded: .undo takes back the last coding, Enter leaves"
            )
            if ask_line(printed, typed).strip() != ".undo":
                return
            why = session.undo()
        else:
            suggested = _show_group(session, printed)
            line = ask_line(printed, typed).strip()
            if line == ".stop":
                return
            if line == ".codes":
                printed.say(Role.FACT, "\n".join(_list_codes(session)))
                continue
            try:
                why = _do(session, line, suggested)
            except UserError as error:
                why = str(error)
        if why:
            printed.say(Role.REJECTION, why)


def _show_group(session: "CodingSession", printed: OutputLines) -> tuple[int, ...]:
    """Print the equal answers that are coded next; returns the codes that Enter gives them."""
    assert session.group is not None
    done, total = session.count()
    facts = [f"{done:,} of {total:,} coded", *session.describe_group()]
    printed.say(Role.FACT, "; ".join(facts))
    printed.say(Role.SPOKEN, session.group[0].text)

    suggestions = session.suggest()
    if not suggestions:
        return ()
    codes = suggestions[0][0]
    printed.print_line(Line(Role.ACTION, to_spans(session.describe(codes)), label="Enter"))
    return codes


def _list_codes(session: "CodingSession") -> list[str]:
    return [session.describe((code,)) for code in session.frame.codes]


def _do(session: "CodingSession", line: str, suggested: tuple[int, ...]) -> str:
    """Do what a line says; returns why that is not possible."""
    if line == ".undo":
        return session.undo()
    if line == ".skip":
        session.skip()
        return ""
    if line.startswith("+") and line[1:].strip():
        return session.code((session.add_code(line[1:].strip()),))
    if line.startswith("?"):
        return session.code((), line[1:].strip())
    if not line and suggested:
        return session.code(suggested)

    codes = _parse_codes(session, line)
    if not codes:
        return f"not a code here. {HELP}"
    return session.code(codes)


def _parse_codes(session: "CodingSession", line: str) -> tuple[int, ...]:
    """Return the codes of a line; none if a word isn't a code, or if too many are typed."""
    codes = []
    for word in to_ascii_digits(line).split():
        if not word.isdecimal() or int(word) not in session.frame.codes:
            return ()
        codes.append(int(word))
    if len(codes) > 1 and not session.frame.multiple:
        return ()
    return tuple(codes)
