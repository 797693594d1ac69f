"""The commands `station`, a shift at the telephone, and `study share`, which lets several accounts work on one study."""

import os
import sys
from random import Random
from typing import TYPE_CHECKING

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import SIMPLE_TERMINALS
from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import option

if TYPE_CHECKING:
    from collections.abc import Callable

    from survey_cli.sessions.station.station import StationSession


def station(
    file: parameters.InstrumentArgument,
    interviewer: parameters.InterviewerNameOption = "",
    name: parameters.StationOption = "",
    plain: parameters.PlainOption = False,
    brief: parameters.BriefOption = False,
    theme: parameters.ThemeOption = "",
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    clock_is_right: parameters.ClockOption = False,
    practice: bool = option(
        "--practice", "Practice with simulated respondents: no number is dialed, and nothing is stored.", False
    ),
    db: parameters.DatabaseOption = None,
) -> None:
    """Call one case after another, and record the outcomes.

    Set SURVEY_DIAL to have numbers dialed by a command of this computer: linphonecsh dial {number}.
    Set SURVEY_BELL=1 to have the terminal ring when an appointment becomes due.

    Exit code 0: the shift was ended; 3: a case still needs an outcome.

    Example: survey station study.yaml
    """
    from survey_cli.sessions.station.open_station import open_station
    from survey_cli.sessions.station.shift import render_shift_summary
    from survey_cli.study.location import describe_files

    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    plain = plain or brief
    if not plain and (not terminal or os.environ.get("TERM") in SIMPLE_TERMINALS):
        say("survey: this terminal cannot show a full screen, so cases are called one line at a time, as with --plain")
        plain = True

    def run(session: "StationSession") -> int:
        if plain:
            from survey_cli.plain import run_station

            return run_station(session, sys.stdin, sys.stdout, sys.stderr, brief=brief)
        from survey_cli.cli.crash_report import run_full_screen
        from survey_cli.tui import run_station as show_station

        return 0 if run_full_screen(lambda: show_station(session, theme)) else 1

    if practice:
        if db is not None:
            raise typer.BadParameter("--practice stores nothing: leave --db out")
        raise typer.Exit(_practice(file, interviewer, name, people, zone, run))
    session = open_station(
        file, interviewer=interviewer, station=name, db=db, people=people, zone=zone, clock_is_right=clock_is_right
    )
    say(describe_files(file, session.study.where, people=people))
    for repair in session.study.repairs:
        say(repair)
    if session.study.notice:
        say(session.study.notice)
    try:
        code = run(session)
    finally:
        session.close()
    for line in render_shift_summary(session.summarize_shift()):
        say(line)
    raise typer.Exit(code)


def _practice(
    file: str, interviewer: str, name: str, people: str | None, zone: str, run: "Callable[[StationSession], int]"
) -> int:
    """Run a practice shift, and print how the entries differ from what was heard."""
    from survey_cli.sessions.interview.start_interview import resolve_station_name, utc_now
    from survey_cli.sessions.station.open_station import find_station_zone
    from survey_cli.sessions.station.shift import render_shift_summary
    from survey_cli.simulate.practice.practice_station import PracticeOptions, open_practice_station

    options = PracticeOptions(
        path=file,
        interviewer=interviewer,
        station=resolve_station_name(name),
        people=people,
        zone=find_station_zone(zone),
    )
    practice = open_practice_station(options, clock=utc_now, rng=Random())
    session = practice.session
    say("Practice: respondents are simulated, no number is dialed, nothing is stored.")
    try:
        code = run(session)
        for line in (*render_shift_summary(session.summarize_shift()), *practice.describe_differences()):
            say(line)
    finally:
        session.close()
    return code


def share(
    file: parameters.InstrumentArgument,
    group: str = option("--group GROUP", "The interviewers' group on this computer."),
    db: parameters.DatabaseOption = None,
) -> None:
    """Let several people on one computer work on a study, each under their own login.

    The folder of the databases is given to the group, and closed to everybody else. Its mode becomes 2770, that of
    the databases 0660, and that of the lists 0640.

    Example: survey study share study.yaml --group interviewers
    """
    from survey_cli.services.database.group_permissions import share_with_group

    folder = share_with_group(file, group, db=db)
    say(f"{folder}: shared with the group {group}; nobody else has access")
