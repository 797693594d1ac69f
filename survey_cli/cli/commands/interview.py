"""The commands `interview`, `preview` and `station`."""

import os
import shlex
import sys
from random import Random
from typing import TYPE_CHECKING

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output.terminal import MISUSED, say
from survey_cli.cli.parameters import argument, build_options, flag, option
from survey_cli.cli.run_command import run_full_screen
from survey_cli.problems import UserError
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from survey_cli.sessions.interview.interview_session import InterviewResult, InterviewSession
    from survey_cli.sessions.open_interview import ColumnRequest
    from survey_cli.sessions.station.station import StationSession

SUSPENDED = 3
"""Exit code where the interview was suspended or stopped by hand."""
SIMPLE_TERMINALS = ("dumb", "unknown")
"""Values of TERM for terminals that cannot move the cursor."""


def interview(
    file: parameters.InstrumentArgument,
    case: str = option("--case KEY", "Key of the case. Without it, the program asks for it.", ""),
    interviewer: parameters.InterviewerNameOption = "",
    language: parameters.StartLanguageOption = "",
    db: parameters.DatabaseOption = None,
    plain: parameters.PlainOption = False,
    brief: parameters.BriefOption = False,
    theme: parameters.ThemeOption = "",
    practice: bool = flag(
        "--practice",
        "Practice: the interview is stored, but never counted or exported with real ones.",
    ),
    reopen: bool = flag("--reopen", "Correct a finished interview."),
    again: bool = flag("--again", "Begin a second interview of the same case."),
    station: parameters.StationOption = "",
    seed: int | None = option(
        "--seed N", "Seed of shuffled orders and splits, to reproduce an interview.", None
    ),
    clock_is_right: parameters.ClockOption = False,
    columns: list[str] | None = option(
        "--set COLUMN=VALUE", "A sample column of a new case. Repeatable.", None
    ),
) -> None:
    """Conduct an interview, or resume a suspended one.

    Exit code 0: it was finished; 3: it was suspended or stopped.

    Example: survey interview study.yaml --case 1017
    """
    from survey_cli.sessions.interview.start_interview import StartOptions
    from survey_cli.sessions.open_interview import check_questionnaire, start_or_resume
    from survey_cli.study.location import describe_files

    if sys.__stdout__ is None:
        what = "the output is closed, so no question can be shown"
        raise UserError("survey", what, "start the interview in a terminal")
    known_columns = _parse_columns(columns or [])
    if not case.strip():
        if not has_terminal():
            line = f"survey interview {shlex.quote(file)} --case KEY"
            raise typer.BadParameter(
                f"--case is missing, and there is no terminal to ask for it — {line}"
            )
        case = ""
        check_questionnaire(file, db)
        while not case:
            case = input("Case (its key, such as 101): ").strip()
    if not (plain := plain or brief) and not has_full_screen():
        plain, term = True, os.environ.get("TERM")
        why = (
            f"this terminal cannot show a full screen (TERM={term})"
            if has_terminal()
            else "there is no terminal"
        )
        say(f"survey: {why}, so the interview is conducted one line at a time, as with --plain")
    ask_columns = _ask_columns if has_terminal() else None
    options = build_options(StartOptions, locals(), columns=known_columns)
    session = start_or_resume(file, options, ask_columns=ask_columns)
    say(describe_files(file, session.stored_in))
    try:
        if plain:
            code = conduct_plain(session, sys.stdin, brief=brief)
        else:
            code = conduct_on_screen(session, theme)
    finally:
        session.close()
    raise typer.Exit(code)


def conduct_plain(
    session: "InterviewSession",
    read: "TextIO",
    *,
    write: "TextIO | None" = None,
    brief: bool = False,
) -> int:
    """Conduct an interview one line at a time, with the lines of `read`; returns the exit code."""
    from survey_cli.plain import conduct_interview

    return conduct_interview(session, read, write or sys.stdout, sys.stderr, brief=brief)


def has_terminal() -> bool:
    """Return whether input and output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def has_full_screen() -> bool:
    """Return whether there is a terminal that can move the cursor."""
    return has_terminal() and os.environ.get("TERM") not in SIMPLE_TERMINALS


def _parse_columns(pairs: list[str]) -> dict[str, str]:
    """Parse pairs such as `region=North` into columns and their values."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{pair!r} is not COLUMN=VALUE", param_hint="--set")
        values[name.strip()] = value.strip()
    return values


def _ask_columns(requests: "tuple[ColumnRequest, ...]") -> dict[str, str]:
    """Ask for the sample columns of a new case."""
    print("What is known about this case? Enter leaves a column empty.")
    return {request.name: _ask_column(request) for request in requests}


def _ask_column(request: "ColumnRequest") -> str:
    """Ask for one column until it is left empty or has a value that fits."""
    while True:
        line = input(f"  {request.label} ({request.expected}): ").strip()
        why = request.why_invalid(line) if line else ""
        if not why:
            return line
        print(f"  ! {why}")


def conduct_on_screen(session: "InterviewSession", theme: str) -> int:
    """Conduct an interview on the full screen; returns the exit code."""
    from survey_cli.tui import conduct_interview

    if not run_full_screen(lambda: conduct_interview(session, theme)):
        return 1
    if (result := session.result()) is None:
        say(
            "The interview could not be suspended. Every answer is stored: start it again to continue."
        )
        return 1
    say(_describe_closing(session, result))
    return (
        0
        if result.status == "ended" or (result.status == "suspended" and result.outcome)
        else SUSPENDED
    )


def _describe_closing(session: "InterviewSession", result: "InterviewResult") -> str:
    """Describe the result: `Case 1042: complete, 31 answers in 12:04, kept in responses/asu_2000.db`."""
    minutes, seconds = divmod(round(result.duration.total_seconds()), 60)
    outcome = result.outcome.name.lower() if result.outcome else result.status
    if result.status == "lost":
        outcome = "left, because another station took it over"
    practice = "practice, " if session.practice else ""
    remark = f"; {result.remark}" if result.remark else ""
    answers = f"{format_quantity(result.answered, 'answer')} in {minutes}:{seconds:02}, stored in {result.stored_in}"
    answers = "0 answers stored: all are erased" if result.erased else answers
    return f"{session.respondent}: {practice}{outcome}, {answers}{remark}"


def preview(
    file: parameters.InstrumentArgument,
    at: str = option(
        "--at ITEM", "Begin at this item; missing answers before it are invented.", ""
    ),
    language: parameters.StartLanguageOption = "",
    seed: int = option("--seed N", "Seed of shuffled orders, splits and invented answers.", 1),
    columns: list[str] | None = option(
        "--set COLUMN=VALUE", "A sample column. Repeatable. Others are invented.", None
    ),
    theme: parameters.ThemeOption = "",
) -> None:
    """Show the questionnaire as an interviewer sees it, while you write it.

    Keep it open beside your editor. Each time you save the file, the screen shows the same item again, with the
    answers that are still valid. While the file has errors, the screen lists them. Ctrl+L lists problems and
    warnings, Ctrl+T shows the data as an analyst receives them, F3 lists every item, and F1 all keys. Ctrl+N starts
    over, and Ctrl+C leaves. Nothing is stored.

    Example: survey preview study.yaml --at q5
    """
    known_columns = _parse_columns(columns or [])
    if not has_terminal():
        remedy = f"run it in a terminal; `survey check {file}` finds problems without one"
        say(f"survey preview: there is no terminal to show the screen — {remedy}")
        raise typer.Exit(MISUSED)
    from survey_cli.sessions.preview.preview import Preview, PreviewOptions
    from survey_cli.tui import run_preview

    opened = Preview(file, build_options(PreviewOptions, locals(), columns=known_columns))
    opened.review_before_end = True
    if not run_full_screen(lambda: run_preview(opened, theme)):
        raise typer.Exit(1)


def station(
    files: list[str] = argument(
        "FILE…", "The questionnaires of the studies, in the order in which they are called."
    ),
    interviewer: parameters.InterviewerNameOption = "",
    name: parameters.StationOption = "",
    plain: parameters.PlainOption = False,
    brief: parameters.BriefOption = False,
    theme: parameters.ThemeOption = "",
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    clock_is_right: parameters.ClockOption = False,
    practice: bool = flag(
        "--practice",
        "Practice with simulated respondents: no number is dialed, and nothing is stored.",
    ),
    db: parameters.DatabaseOption = None,
) -> None:
    """Call one case after another, and record the outcomes.

    With several files, an appointment that is due comes first, whatever its study. Otherwise the next case is of the
    first study that has one, in the order of the files. Each study keeps its own database, rules and pause.

    Set SURVEY_DIAL to have numbers dialed by a command of this computer: linphonecsh dial {number}.
    Set SURVEY_BELL=1 to have the terminal ring when an appointment becomes due.

    Exit code 0: the shift was ended; 3: a case still needs an outcome.

    Example: survey station study.yaml
    """
    from survey_cli.fieldwork.shifts import render_shift_summary
    from survey_cli.sessions.interview.start_interview import resolve_station_name, utc_now
    from survey_cli.sessions.station.open_station import find_station_zone, open_station
    from survey_cli.study.location import describe_files

    if not (plain := plain or brief) and not has_full_screen():
        say(
            "survey: this terminal cannot show a full screen, so cases are called one line at a time, as with --plain"
        )
        plain = True

    def run(
        session: "StationSession",
        notices: "Iterable[str]",
        describe: "Callable[[], Iterable[str]]" = tuple,
    ) -> int:
        """Print the notices, run the station, close it, and print its shift and what there is to describe."""
        say(*filter(None, notices))
        try:
            if plain:
                from survey_cli.plain import run_station

                code = run_station(session, sys.stdin, sys.stdout, sys.stderr, brief=brief)
            else:
                from survey_cli.tui import run_station as show_station

                code = 0 if run_full_screen(lambda: show_station(session, theme)) else 1
            lines = [*render_shift_summary(session.summarize_shift()), *describe()]
        finally:
            session.close()
        say(*lines)
        return code

    if practice:
        from survey_cli.simulate.practice.practice_station import (
            PracticeOptions,
            open_practice_station,
        )

        if db is not None:
            raise typer.BadParameter("--practice stores nothing: leave --db out")
        if len(files) > 1:
            raise typer.BadParameter("--practice is for one study: give one file")
        where = {"station": resolve_station_name(name), "zone": find_station_zone(zone)}
        options = build_options(PracticeOptions, locals(), path=files[0], **where)
        opened = open_practice_station(options, clock=utc_now, rng=Random())
        said = "Practice: respondents are simulated, no number is dialed, nothing is stored."
        raise typer.Exit(run(opened.session, [said], opened.describe_differences))
    session = open_station(
        *files,
        interviewer=interviewer,
        station=name,
        db=db,
        people=people,
        zone=zone,
        clock_is_right=clock_is_right,
    )
    notices: list[str] = []
    for file, study in zip(files, session.studies, strict=True):
        notices += describe_files(file, study.where, people=people), *study.repairs, study.notice
    raise typer.Exit(run(session, notices))
