"""The command `demo`."""

import os
import re
import shlex
import sys
from io import StringIO, TextIOBase
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated, Final, TextIO, cast

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import (
    SUSPENDED,
    conduct_on_screen,
    conduct_plain,
    describe_closing,
    has_full_screen,
    has_terminal,
)
from survey_cli.cli.commands.serve import (
    check_apart,
    check_can_serve,
    report_summary,
    serve_on_this_computer,
)
from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import argument, option
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.sessions.interview.interview_session import InterviewSession
    from survey_cli.web.seats.seat_request import SeatSide

FOLDER: Final = "survey-demo"
QUESTIONNAIRE: Final = "library.yaml"
CASE: Final = "101"
COLUMNS: Final = {"branch": "2"}
"""What is known about the case, so that nothing is asked before the first statement."""

SCRIPT: Final = ("", "1", "45", "12", "1 3", ".back", "1 2 3", "8", "1", "2", ".dk", "41", "", "")
"""The lines that are typed without a terminal. They correct an unlikely number, and an answer."""


class _Script(StringIO):
    """Lines that are shown when they are read, as a terminal shows what is typed."""

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # IOBase has bytes
        line = super().readline(size)
        sys.stdout.write(line)
        return line


class _PlainText(TextIOBase):
    """Standard output without the `*` around words that an interviewer stresses."""

    STRESSED: Final = re.compile(r"\*(\S[^*\n]*)\*")

    def write(self, text: str, /) -> int:
        return sys.stdout.write(self.STRESSED.sub(r"\1", text))

    def flush(self) -> None:
        sys.stdout.flush()


def demo(
    folder: Annotated[
        str, argument("FOLDER", "The folder for the questionnaire and its data.")
    ] = FOLDER,
    plain: parameters.PlainOption = False,
    browser: Annotated[
        bool, option("--browser", "In a browser window on this computer, not in the terminal.")
    ] = False,
    theme: parameters.ThemeOption = "",
) -> None:
    """Try a practice interview about a library: nothing to set up.

    The questionnaire is written to `survey-demo/library.yaml`. Change it, and the next `survey
    demo` conducts the changed one. Without a terminal, a script answers the questions.

    Example: survey demo
    """
    if browser:
        if plain:
            raise typer.BadParameter("--browser shows the full screen: leave --plain out")
        check_can_serve("survey demo")
    file = _write_questionnaire(Path(folder))
    # Without the name of the folder only if it is the default.
    place = "" if folder == FOLDER else f" {shlex.quote(folder)}"
    if browser:
        _serve(file, theme)
        _say_next_steps(file, resume=f"demo{place} --browser", is_over=True)
        return

    session = _begin_interview(file)
    try:
        is_shown = has_terminal() or has_full_screen()
        if not is_shown:
            say(
                "survey demo: there is no terminal, so a script answers the questions, one line at "
                "a time"
            )
            script = _Script("\n".join(SCRIPT) + "\n")
            code = conduct_plain(session, script, write=cast(TextIO, _PlainText()))
        elif plain or not has_full_screen():
            code = conduct_plain(session, sys.stdin)
        else:
            code = conduct_on_screen(session, theme)
    finally:
        session.close()

    if code == SUSPENDED:
        _say_next_steps(file, resume=f"demo{place}", is_over=False)
    else:
        _say_next_steps(file, resume="", is_over=True)


def _serve(file: Path, theme: str) -> None:
    """Conduct practice interviews in the browser until Ctrl+C."""
    # Before seats are forked, so that they share what an interview needs.
    import survey_cli.sessions.open_interview
    import survey_cli.tui.interview.screen  # noqa: F401 - only to be loaded
    from survey_cli.sessions.interview.start_interview import resolve_interviewer

    check_apart(lambda: _prepare(file))
    serve_on_this_computer(
        lambda _, side: _run_screen(file, theme, side),
        person=resolve_interviewer(""),
        has_text_page=False,
    )


def _prepare(file: Path) -> str:
    """Check the questionnaire, and create its database, which a seat may not do."""
    from survey_cli.sessions.open_interview import check_questionnaire, create_database

    check_questionnaire(file, None)
    create_database(file)
    return ""


def _run_screen(file: Path, theme: str, side: "SeatSide") -> int:
    """Conduct the interview in its seat; returns the exit code."""
    from survey_cli.tui import conduct_interview

    session = _begin_interview(file)
    try:
        conduct_interview(session, theme)
        result = session.result()
        if result is not None:
            report_summary(side, [describe_closing(session, result)])
    finally:
        session.close()
    return 0


def _say_next_steps(file: Path, *, resume: str, is_over: bool) -> None:
    """Say how to go on: `resume` are the arguments that continue the interview, if there are any.

    With `is_over`, an interview has been finished, or may have been.
    """
    program = _name_program()
    if resume:
        say(f"Resume it:       {program} {resume}")
    if is_over:
        # It fills a line. One interview is a small count, which reports hide by default.
        say(
            "See your data:",
            f"  {program} report {shlex.quote(str(file))} --origin practice --threshold 0",
        )
    say(
        f"Write your own:  {program} new my_survey.yaml",
        f"Learn to write:  {program} explain first-questionnaire",
        f"Learn it:        {program} explain first-interview",
    )


def _name_program() -> str:
    """Return what to type for this program: `survey`, or what was typed if that isn't found."""
    # Only within `uv run` does the path name the environment's program.
    if "UV_RUN_RECURSION_DEPTH" in os.environ:
        return "uv run survey"
    if which("survey") is not None:
        return "survey"
    if Path(sys.argv[0]).name == "__main__.py":
        return shlex.join((sys.executable, "-m", "survey_cli"))
    return shlex.quote(sys.argv[0])


def _write_questionnaire(folder: Path) -> Path:
    """Write the questionnaire unless the folder has it; returns its file. Raises UserError."""
    from survey_cli.services.questionnaire.questionnaire_files import create_instrument

    file = folder / QUESTIONNAIRE
    if file.exists():
        return file

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"the folder can't be made ({error.strerror})"
        raise UserError(
            str(folder), what, "name one that you may write: survey demo FOLDER"
        ) from error
    return create_instrument(str(file))


def _begin_interview(file: Path) -> "InterviewSession":
    """Begin a new interview, or resume the one that was suspended."""
    from survey_cli.sessions.interview.start_interview import StartOptions
    from survey_cli.sessions.open_interview import start_or_resume

    options = StartOptions(case=CASE, practice=True, again=True, columns=COLUMNS)
    return start_or_resume(str(file), options)
