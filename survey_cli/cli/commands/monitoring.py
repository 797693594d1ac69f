"""The commands `watch` and `replay`: interviews as their interviewer sees them, for supervisors."""

import sys
from time import sleep
from typing import TYPE_CHECKING, Final

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import has_full_screen
from survey_cli.cli.output.terminal import print_lines
from survey_cli.cli.parameters import argument, flag, option

if TYPE_CHECKING:
    from survey_cli.sessions.monitoring import Replay, Watch

MASK: Final = flag("--mask", "Show personal answers, names and notes as •••, for somebody who may not see them.")


def watch(
    file: parameters.InstrumentArgument,
    person: str = argument("PERSON", "The interviewer's login."),
    mask: bool = MASK,
    plain: bool = flag("--plain", "Print each question with its answer as a line."),
    theme: parameters.ThemeOption = "",
    by: parameters.LoginOption = "",
    people: parameters.PeopleOption = None,
    db: parameters.DatabaseOption = None,
) -> None:
    """Watch an interviewer's interviews while they run, without changing anything.

    Each is shown once its notice was read: the item that `monitoring:` names. Only supervisors may watch, and the log
    of accesses says who did.

    Example: survey watch study.yaml ann
    """
    from survey_cli.sessions.monitoring import MonitoredStudy, Watch

    opened = MonitoredStudy.open(file, "watch an interview", db=db, by=by, people=people, hides_personal=mask)
    with opened.study:
        source = Watch(opened, person)
        is_shown = _show(source, plain, theme)
        while not is_shown:
            print_lines(filter(None, source.advance()))
            sys.stdout.flush()
            sleep(source.seconds)


def replay(
    file: parameters.InstrumentArgument,
    case: parameters.CaseArgument,
    speed: float = option("--speed TIMES", "How many times faster than the interview was.", 10.0, min=0.25, max=256),
    mask: bool = MASK,
    plain: bool = flag("--plain", "Print each question with its answer as a line, without waiting."),
    theme: parameters.ThemeOption = "",
    by: parameters.LoginOption = "",
    people: parameters.PeopleOption = None,
    db: parameters.DatabaseOption = None,
) -> None:
    """Show a case's last interview again, as the interviewer saw it, with its pauses.

    Space pauses, the arrows go from answer to answer, + and - change the speed. What is required is the same as for
    `survey watch`.

    Example: survey replay study.yaml 1017 --speed 20
    """
    from survey_cli.sessions.monitoring import MonitoredStudy, Replay

    opened = MonitoredStudy.open(file, "replay an interview", db=db, by=by, people=people, hides_personal=mask)
    with opened.study:
        source = Replay(opened, case, speed)
        is_shown = _show(source, plain, theme)
        while not (is_shown or source.is_over):
            print_lines(filter(None, source.step(1)))


def _show(source: "Replay | Watch", plain: bool, theme: str) -> bool:
    """Show on the full screen what is monitored; returns whether it was, and is not to be printed as lines."""
    if plain or not has_full_screen():
        return False
    from survey_cli.cli.run_command import run_full_screen
    from survey_cli.tui import run_monitor

    if not run_full_screen(lambda: run_monitor(source, theme)):
        raise typer.Exit(1)
    return True
