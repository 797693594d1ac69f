"""The commands `interview` and `interviews`."""

import os
import sys
from typing import TYPE_CHECKING

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output.terminal import render_table, say
from survey_cli.cli.parameters import option
from survey_cli.problems import UserError
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.sessions import InterviewResult
    from survey_cli.sessions.interview.interview_session import InterviewSession
    from survey_cli.sessions.open_interview import ColumnRequest

SUSPENDED = 3
"""Exit code where the interview was suspended or stopped by hand."""
SIMPLE_TERMINALS = ("dumb", "unknown")
"""Values of TERM for terminals that cannot move the cursor."""
INTERVIEW_HEADINGS = ("case", "status", "answered", "at", "last entry", "by", "origin")


def interview(
    file: parameters.InstrumentArgument,
    case: str = option("--case KEY", "Key of the case. Without it, the program asks for it.", ""),
    interviewer: parameters.InterviewerNameOption = "",
    language: parameters.StartLanguageOption = "",
    db: parameters.DatabaseOption = None,
    plain: parameters.PlainOption = False,
    brief: parameters.BriefOption = False,
    theme: parameters.ThemeOption = "",
    practice: bool = option(
        "--practice", "Practice: the interview is stored, but never counted or exported with real ones.", False
    ),
    reopen: bool = option("--reopen", "Correct a finished interview.", False),
    again: bool = option("--again", "Begin a second interview of the same case.", False),
    station: parameters.StationOption = "",
    seed: int | None = option("--seed N", "Seed of shuffled orders and splits, to reproduce an interview.", None),
    clock_is_right: parameters.ClockOption = False,
    columns: list[str] | None = option("--set COLUMN=VALUE", "A sample column of a new case. Repeatable.", None),
) -> None:
    """Conduct an interview, or resume a suspended one.

    Exit code 0: it was finished; 3: it was suspended or stopped.

    Example: survey interview study.yaml --case 1017
    """
    from survey_cli.sessions.interview.start_interview import StartOptions
    from survey_cli.sessions.open_interview import list_column_requests, start_or_resume
    from survey_cli.study.location import describe_files

    if sys.__stdout__ is None:
        raise UserError(
            "survey", "the output is closed, so no question can be shown", "start the interview in a terminal"
        )
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    known_columns = parse_columns(columns or [])
    if not case.strip():
        if not terminal:
            raise typer.BadParameter("there is no terminal to ask for it: give the case's key", param_hint="--case")
        case = ""
        list_column_requests(file, db=db, case="", practice=practice)  # report errors before asking for anything
        while not case:
            case = input("Case: ").strip()
        known_columns |= _ask_columns(list_column_requests(file, db=db, case=case, practice=practice), known_columns)
    plain = plain or brief
    if not plain and not terminal:
        say("survey: there is no terminal, so the interview is conducted one line at a time, as with --plain")
        plain = True
    if not plain and os.environ.get("TERM") in SIMPLE_TERMINALS:
        term = os.environ["TERM"]
        say(
            f"survey: this terminal cannot show a full screen (TERM={term}), so the interview is conducted one line"
            " at a time, as with --plain"
        )
        plain = True
    start_options = StartOptions(
        case=case,
        interviewer=interviewer,
        language=language,
        db=db,
        practice=practice,
        reopen=reopen,
        again=again,
        station=station,
        seed=seed,
        columns=known_columns,
        clock_is_right=clock_is_right,
    )
    session = start_or_resume(file, start_options)
    say(describe_files(file, session.stored_in))
    try:
        if plain:
            from survey_cli.plain import conduct_interview

            code = conduct_interview(session, sys.stdin, sys.stdout, sys.stderr, brief=brief)
        else:
            code = _run_full_screen(session, theme)
    finally:
        session.close()
    raise typer.Exit(code)


def parse_columns(pairs: list[str]) -> dict[str, str]:
    """Parse pairs such as `region=North` into columns and their values."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{pair!r} is not COLUMN=VALUE", param_hint="--set")
        values[name.strip()] = value.strip()
    return values


def _ask_columns(requests: "tuple[ColumnRequest, ...]", known_columns: dict[str, str]) -> dict[str, str]:
    """Ask for the sample columns of a new case."""
    missing = [request for request in requests if request.name not in known_columns]
    if missing:
        print("What is known about this case? Enter leaves a column empty.")
    return {request.name: _ask_column(request) for request in missing}


def _ask_column(request: "ColumnRequest") -> str:
    codes = {code.casefold() for code, _ in request.options} | {label.casefold() for _, label in request.options}
    options = ", ".join(code if code == label else f"{code} {label}" for code, label in request.options)
    while True:
        line = input(f"  {request.label}{f' ({options})' if options else ''}: ").strip()
        if not line or line.casefold() in codes:
            return line
        why = f"{line} is not one of them" if codes else request.why_invalid(line)
        if not why:
            return line
        print(f"  ! {why}")


def _run_full_screen(session: "InterviewSession", theme: str) -> int:
    from survey_cli.cli.crash_report import run_full_screen
    from survey_cli.tui import conduct_interview

    if not run_full_screen(lambda: conduct_interview(session, theme)):
        return 1
    result = session.result()
    if result is None:
        say("The interview could not be suspended. Every answer is stored: start it again to continue.")
        return 1
    say(_describe_closing(session, result))
    return 0 if result.status == "ended" or (result.status == "suspended" and result.outcome) else SUSPENDED


def _describe_closing(session: "InterviewSession", result: "InterviewResult") -> str:
    """Describe the result: `Case 1042: complete, 31 answers in 12:04, kept in responses/asu_2000.db`."""
    minutes, seconds = divmod(round(result.duration.total_seconds()), 60)
    outcome = result.outcome.name.lower() if result.outcome else result.status
    if result.status == "lost":
        outcome = "left, because another station took it over"
    practice = "practice, " if session.practice else ""
    remark = f"; {result.remark}" if result.remark else ""
    if result.erased:
        return f"{session.respondent}: {practice}{outcome}, 0 answers stored: all are erased{remark}"
    answers = format_quantity(result.answered, "answer")
    duration = f"{minutes}:{seconds:02}"
    return f"{session.respondent}: {practice}{outcome}, {answers} in {duration}, stored in {result.stored_in}{remark}"


def interviews(file: parameters.InstrumentArgument, db: parameters.DatabaseOption = None) -> None:
    """List the interviews: case, status, item, date and time, interviewer.

    Example: survey interviews study.yaml
    """
    from survey_cli.services.database.interview_archive import list_interviews

    location, rows, damage = list_interviews(file, db=db)
    lines = [
        (
            row.case if row.number == 1 else f"{row.case} ({row.number})",
            row.outcome or row.status if row.status == "ended" else f"{row.status} {row.outcome}".strip(),
            "erased" if row.is_erased else str(row.answered),
            row.at_item or "–",
            row.updated_at.astimezone().strftime("%Y-%m-%d %H:%M"),
            row.by,
            row.origin,
        )
        for row in rows
    ]
    if lines:
        print(render_table(INTERVIEW_HEADINGS, lines))
    say(f"{location}: {format_quantity(len(lines), 'interview')}")
    if damage:
        say(damage)
        raise typer.Exit(1)
