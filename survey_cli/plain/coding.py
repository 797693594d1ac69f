"""Line interface of a coder: one line for the equal answers that are shown."""

from typing import TYPE_CHECKING, Final, TextIO

from survey_cli.entries import to_ascii_digits
from survey_cli.plain import streams
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.services.data.coding import CodingSession

HELP: Final = (
    "A code, or several with spaces; Enter as suggested; +LABEL a new code; ?WHY unclear; "
    ".codes .skip .undo .stop"
)


def code_answers(session: "CodingSession", read: TextIO, write: TextIO) -> None:
    """Code answers until the coder stops, or the input or output ends."""
    with streams.Interrupts() as interrupts:
        typed, printed = streams.InputLines(read, interrupts, write), streams.OutputLines(write)
        try:
            printed.print_aside("\n".join((session.wording, HELP, *_list_codes(session))))
            while True:
                if session.group is None:
                    printed.print_aside(
                        "every answer is coded: .undo takes back the last coding, Enter leaves"
                    )
                    if streams.ask_line(printed, typed).strip() != ".undo":
                        return
                    if why := session.undo():
                        printed.print_marked("!", why)
                    continue
                done, total = session.count()
                printed.print_aside(
                    "; ".join([f"{done:,} of {total:,} coded", *session.describe_group()])
                )
                printed.print_plain(session.group[0].text)
                suggestions = session.suggest()
                if suggestions:
                    printed.print_aside(session.describe(suggestions[0][0]), "Enter: ")
                line = streams.ask_line(printed, typed).strip()
                if line == ".stop":
                    return
                if line == ".codes":
                    printed.print_aside("\n".join(_list_codes(session)))
                    continue
                try:
                    why = _do(session, line, suggestions[0][0] if suggestions else ())
                except UserError as error:
                    why = str(error)
                if why:
                    printed.print_marked("!", why)
        except streams.InputEndedError:
            pass
        except streams.OutputClosedError:
            streams.discard_output(write)


def _list_codes(session: "CodingSession") -> list[str]:
    return [session.describe((code,)) for code in session.frame.codes]


def _do(session: "CodingSession", line: str, suggested: tuple[int, ...]) -> str:
    """Do what a line says; returns why that is not possible."""
    words = to_ascii_digits(line).split()
    codes = tuple(
        int(word) for word in words if word.isdecimal() and int(word) in session.frame.codes
    )
    match line[:1]:
        case "." if line == ".undo":
            return session.undo()
        case "." if line == ".skip":
            session.skip()
            return ""
        case "+" if line[1:].strip():
            return session.code((session.add_code(line[1:].strip()),))
        case "?":
            return session.code((), line[1:].strip())
        case "" if suggested:
            return session.code(suggested)
        case _ if (
            codes and len(codes) == len(words) and (session.frame.multiple or len(codes) == 1)
        ):
            return session.code(codes)
    return f"not a code here. {HELP}"
