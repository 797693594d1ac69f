"""The commands `interview`, `preview` and `station`."""

import os
import shlex
import sys
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output.terminal import MISUSED, say
from survey_cli.cli.parameters import option, questionnaire_argument
from survey_cli.cli.run_command import run_full_screen
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from survey_cli.sessions.interview.interview_session import InterviewResult, InterviewSession
    from survey_cli.sessions.interview.start_interview import StartOptions
    from survey_cli.sessions.open_interview import ColumnRequest
    from survey_cli.sessions.station.station import StationSession

FINISHED = 0
FAILED = 1
SUSPENDED = 3
"""Exit code if the interview was suspended or stopped by hand."""
SIMPLE_TERMINALS = ("dumb", "unknown")
"""Values of TERM for terminals that cannot move the cursor."""


@option_group
class InterviewParameters:
    """The options of `survey interview`."""

    case: Annotated[
        str, option("--case KEY", "Key of the case. Without it, the program asks for it.")
    ] = ""
    interviewer: parameters.InterviewerNameOption = ""
    language: parameters.StartLanguageOption = ""
    db: parameters.DatabaseOption = None
    plain: parameters.PlainOption = False
    brief: parameters.BriefOption = False
    theme: parameters.ThemeOption = ""
    practice: Annotated[
        bool,
        option(
            "--practice",
            "Practice: the interview is stored, but never counted or exported with real ones.",
        ),
    ] = False
    reopen: Annotated[bool, option("--reopen", "Correct a finished interview.")] = False
    again: Annotated[bool, option("--again", "Begin a second interview of the same case.")] = False
    station: parameters.StationOption = ""
    seed: Annotated[
        int | None,
        option("--seed N", "Seed of shuffled orders and splits, to reproduce an interview."),
    ] = None
    clock_is_right: parameters.ClockOption = False
    columns: Annotated[
        list[str] | None,
        option("--set COLUMN=VALUE", "A sample column of a new case. Repeatable."),
    ] = None

    def make_start_options(self, case: str, columns: dict[str, str]) -> "StartOptions":
        """Return how the interview of this case is started or resumed."""
        from survey_cli.sessions.interview.start_interview import StartOptions

        return StartOptions(
            case=case,
            interviewer=self.interviewer,
            language=self.language,
            db=self.db,
            practice=self.practice,
            reopen=self.reopen,
            again=self.again,
            station=self.station,
            clock_is_right=self.clock_is_right,
            seed=self.seed,
            columns=columns,
        )


def interview(file: parameters.InstrumentArgument, given: InterviewParameters) -> None:
    """Conduct an interview, or resume a suspended one.

    Exit code 0: it was finished; 3: it was suspended or stopped.

    Example: survey interview study.yaml --case 1017
    """
    from survey_cli.sessions.open_interview import start_or_resume
    from survey_cli.study.location import describe_files

    if sys.__stdout__ is None:
        what = "the output is closed, so no question can be shown"
        raise UserError("survey", what, "start the interview in a terminal")

    columns = _parse_columns(given.columns)
    case = given.case
    if not case.strip():
        case = _ask_case(file, given.db)
    is_plain = given.plain or given.brief
    if not is_plain and not has_full_screen():
        say(
            f"survey: {_explain_plain_text()}, so the interview is conducted one line at a time, "
            "as with --plain"
        )
        is_plain = True

    ask_columns = _ask_columns if has_terminal() else None
    options = given.make_start_options(case, columns)
    session = start_or_resume(file, options, ask_columns=ask_columns)
    say(describe_files(file, session.stored_in))
    try:
        if is_plain:
            code = conduct_plain(session, sys.stdin, brief=given.brief)
        else:
            code = conduct_on_screen(session, given.theme)
    finally:
        session.close()
    raise typer.Exit(code)


def _ask_case(file: str, db: str | None) -> str:
    """Ask for the key of the case; before that, check the questionnaire."""
    from survey_cli.sessions.open_interview import check_questionnaire

    if not has_terminal():
        line = f"survey interview {shlex.quote(file)} --case KEY"
        raise typer.BadParameter(
            f"--case is missing, and there is no terminal to ask for it — {line}"
        )

    check_questionnaire(file, db)
    case = ""
    while not case:
        case = input("Case (its key, such as 101): ").strip()
    return case


def _explain_plain_text() -> str:
    """Return why an interview can't be conducted on the full screen."""
    if not has_terminal():
        return "there is no terminal"
    return f"this terminal cannot show a full screen (TERM={os.environ.get('TERM')})"


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
    """Return whether input and output are a terminal that can move the cursor.

    A driver of Textual's own, such as that of `textual serve`, needs no terminal.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return has_terminal() and os.environ.get("TERM") not in SIMPLE_TERMINALS


def _parse_columns(pairs: list[str] | None) -> dict[str, str]:
    """Parse pairs such as `region=North` into columns and their values."""
    values = {}
    for pair in pairs or []:
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
    """Ask for one column until it is left empty or has a valid value."""
    while True:
        line = input(f"  {request.label} ({request.expected}): ").strip()
        if not line:
            return ""

        why_invalid = request.why_invalid(line)
        if not why_invalid:
            return line
        print(f"  ! {why_invalid}")


def conduct_on_screen(session: "InterviewSession", theme: str) -> int:
    """Conduct an interview on the full screen; returns the exit code."""
    from survey_cli.tui import conduct_interview

    if not run_full_screen(lambda: conduct_interview(session, theme)):
        return FAILED

    result = session.result()
    if result is None:
        say(
            "The interview could not be suspended. Every answer is stored: "
            "start it again to continue."
        )
        return FAILED

    say(describe_closing(session, result))
    # A suspended interview with an outcome is over for now, such as an appointment at a station.
    if result.status == "ended" or (result.status == "suspended" and result.outcome):
        return FINISHED
    return SUSPENDED


def describe_closing(session: "InterviewSession", result: "InterviewResult") -> str:
    """Describe the result: `1042: complete, 31 answers in 12 minutes, stored in asu_2000.db`."""
    from survey_cli.sessions.lines.interview_lines import build_result_lines
    from survey_cli.sessions.lines.line import Role

    practice = "practice, " if session.practice else ""
    remark = f"; {result.remark}" if result.remark else ""

    if result.status == "lost":
        outcome = "left, because another station took it over"
    elif result.outcome:
        outcome = result.outcome.name.lower()
    else:
        outcome = result.status

    lines = build_result_lines(result)
    facts = ", ".join([line.plain_text for line in lines if line.role is Role.FACT])
    return f"{session.respondent}: {practice}{outcome}, {facts}{remark}"


@option_group
class PreviewParameters:
    """The options of `survey preview`."""

    at: Annotated[
        str, option("--at ITEM", "Begin at this item; missing answers before it are invented.")
    ] = ""
    language: parameters.StartLanguageOption = ""
    seed: Annotated[
        int, option("--seed N", "Seed of shuffled orders, splits and invented answers.")
    ] = 1
    columns: Annotated[
        list[str] | None,
        option("--set COLUMN=VALUE", "A sample column. Repeatable. Others are invented."),
    ] = None
    theme: parameters.ThemeOption = ""


def preview(file: parameters.InstrumentArgument, given: PreviewParameters) -> None:
    """Show the questionnaire as an interviewer sees it, while you write it.

    Keep it open beside your editor. Each time you save the file, the screen shows the same item
    again, with the answers that are still valid. While the file has errors, the screen lists them.
    Ctrl+L lists problems and warnings, Ctrl+T shows the data as an analyst receives them, F3 lists
    every item, and F1 all keys. Ctrl+N starts over, and Ctrl+C leaves. Nothing is stored.

    Example: survey preview study.yaml --at q5
    """
    columns = _parse_columns(given.columns)
    is_shown = has_terminal() or has_full_screen()
    if not is_shown:
        remedy = f"run it in a terminal; `survey check {file}` finds problems without one"
        say(f"survey preview: there is no terminal to show the screen — {remedy}")
        raise typer.Exit(MISUSED)

    # Not before: without a terminal, the message comes at once.
    from survey_cli.sessions.preview.preview import Preview, PreviewOptions
    from survey_cli.tui import run_preview

    options = PreviewOptions(seed=given.seed, language=given.language, at=given.at, columns=columns)
    opened = Preview(file, options)
    opened.review_before_end = True
    if not run_full_screen(lambda: run_preview(opened, given.theme)):
        raise typer.Exit(FAILED)


@option_group
class StationParameters:
    """The options of `survey station`."""

    interviewer: parameters.InterviewerNameOption = ""
    name: parameters.StationOption = ""
    plain: parameters.PlainOption = False
    brief: parameters.BriefOption = False
    theme: parameters.ThemeOption = ""
    people: parameters.PeopleOption = None
    zone: parameters.ZoneOption = ""
    dial: parameters.DialOption = None
    clock_is_right: parameters.ClockOption = False
    practice: Annotated[
        bool,
        option(
            "--practice",
            "Practice with simulated respondents: no number is dialed, and nothing is stored.",
        ),
    ] = False
    db: parameters.DatabaseOption = None


def station(
    files: Annotated[
        list[str],
        questionnaire_argument(
            "FILE…", "The questionnaires of the studies, in the order in which they are called."
        ),
    ],
    given: StationParameters,
) -> None:
    """Call one case after another, and record the outcomes.

    With several files, an appointment that is due comes first, whatever its study. Otherwise the
    next case is of the first study that has one, in the order of the files. Each study keeps its
    own database, rules and pause.

    Set SURVEY_DIAL to have numbers dialed by a command of this computer: linphonecsh dial {number}.
    Set SURVEY_BELL=1 to have the terminal ring when an appointment becomes due.

    Exit code 0: the shift was ended; 3: a case still needs an outcome.

    Example: survey station study.yaml
    """
    is_plain = given.plain or given.brief
    if not is_plain and not has_full_screen():
        say(
            "survey: this terminal cannot show a full screen, so cases are called one line at a "
            "time, as with --plain"
        )
        is_plain = True

    if given.practice:
        code = _practice_at_station(files, given, is_plain=is_plain)
    else:
        code = _call_at_station(files, given, is_plain=is_plain)
    raise typer.Exit(code)


def _call_at_station(files: list[str], given: StationParameters, *, is_plain: bool) -> int:
    """Call the cases of the studies; returns the exit code."""
    from survey_cli.sessions.station.listeners import NO_LISTENERS, Listeners
    from survey_cli.sessions.station.open_station import open_station
    from survey_cli.study.location import describe_files

    listeners = NO_LISTENERS
    if given.dial == "link":
        listeners = Listeners(hand_link=_leave_link_on_screen)

    session = open_station(
        *files,
        interviewer=given.interviewer,
        station=given.name,
        db=given.db,
        people=given.people,
        zone=given.zone,
        clock_is_right=given.clock_is_right,
        listeners=listeners,
    )
    notices = []
    for file, study in zip(files, session.studies, strict=True):
        notices.append(describe_files(file, study.where, people=given.people))
        notices += study.repairs
        notices.append(study.notice)
    say(*(notice for notice in notices if notice))
    return _run_station(session, given, is_plain=is_plain)


def _leave_link_on_screen(link: str) -> None:
    """Do nothing with the link of a number: the station shows it, and the terminal opens it."""


def _practice_at_station(files: list[str], given: StationParameters, *, is_plain: bool) -> int:
    """Call simulated respondents; returns the exit code."""
    from survey_cli.sessions.interview.start_interview import resolve_station_name, utc_now
    from survey_cli.sessions.station.open_station import find_station_zone
    from survey_cli.simulate.practice.practice_station import (
        PracticeOptions,
        open_practice_station,
    )

    if given.db is not None:
        raise typer.BadParameter("--practice stores nothing: leave --db out")
    if len(files) > 1:
        raise typer.BadParameter("--practice is for one study: give one file")

    options = PracticeOptions(
        path=files[0],
        interviewer=given.interviewer,
        station=resolve_station_name(given.name),
        people=given.people,
        zone=find_station_zone(given.zone),
    )
    opened = open_practice_station(options, clock=utc_now, rng=Random())
    say("Practice: respondents are simulated, no number is dialed, nothing is stored.")
    return _run_station(
        opened.session, given, is_plain=is_plain, describe=opened.describe_differences
    )


def _run_station(
    session: "StationSession",
    given: StationParameters,
    *,
    is_plain: bool,
    describe: "Callable[[], Iterable[str]]" = tuple,
) -> int:
    """Run a station, close it, and print the summary of its shift, then the lines of `describe`.

    Returns the exit code.
    """
    from survey_cli.fieldwork.shifts import render_shift_summary

    try:
        if is_plain:
            from survey_cli.plain import run_station

            code = run_station(session, sys.stdin, sys.stdout, sys.stderr, brief=given.brief)
        else:
            from survey_cli.tui import run_station as show_station

            has_ended = run_full_screen(lambda: show_station(session, given.theme))
            code = FINISHED if has_ended else FAILED

        # Before the session is closed, since both read its study.
        lines = [*render_shift_summary(session.summarize_shift()), *describe()]
    finally:
        session.close()
    say(*lines)
    return code
