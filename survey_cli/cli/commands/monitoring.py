"""The commands `watch` and `replay`: interviews as their interviewer sees them, for supervisors."""

import sys
from time import sleep
from typing import TYPE_CHECKING, Final

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import has_full_screen
from survey_cli.cli.output.terminal import print_lines
from survey_cli.cli.parameters import argument, flag, on_study, option

if TYPE_CHECKING:
    from survey_cli.services.run_on_study import Request
    from survey_cli.sessions.monitoring import Replay, Watch

MASK: Final = flag("--mask", "Show personal answers, names and notes as •••, for somebody who may not see them.")
PLAIN: Final = flag("--plain", "Print each question with its answer as a line.")


@on_study
def watch(
    request: "Request",
    person: str = argument("PERSON", "The interviewer's login."),
    mask: bool = MASK,
    plain: bool = PLAIN,
    theme: parameters.ThemeOption = "",
) -> None:
    """Watch an interviewer's interviews while they run, without changing anything.

    Each is shown once its notice was read: the item that `monitoring:` names. Only supervisors may watch, and the log
    of accesses says who did.

    Example: survey watch study.yaml ann
    """
    from survey_cli.services.run_on_study import open_requested
    from survey_cli.sessions.monitoring import Watch

    with open_requested(request, "watch an interview") as study:
        source = Watch(study, person, mask=mask)
        is_shown, printed = not plain and _show_screen(source, theme), dict[str, str]()
        while not is_shown:
            if source.advance():
                _print_changes(source, printed)
            sleep(source.seconds)


@on_study
def replay(
    request: "Request",
    case: parameters.CaseArgument,
    speed: float = option("--speed TIMES", "How many times faster than the interview was.", 10.0, min=0.25, max=256),
    mask: bool = MASK,
    plain: bool = PLAIN,
    theme: parameters.ThemeOption = "",
) -> None:
    """Show a case's last interview again, as the interviewer saw it, with its pauses.

    Space pauses, the arrows go from answer to answer, + and - change the speed. What is required is the same as for
    `survey watch`.

    Example: survey replay study.yaml 1017 --speed 20
    """
    from survey_cli.services.run_on_study import open_requested
    from survey_cli.sessions.monitoring import Replay

    with open_requested(request, "replay an interview") as study:
        source = Replay(study, case, speed, mask=mask)
        if plain or not _show_screen(source, theme):
            source.shown.go_to(len(source.shown.events))
            _print_changes(source, {})


def _print_changes(source: "Replay | Watch", printed: dict[str, str]) -> None:
    """Print the state and each question with its answer, as far as they were printed otherwise or not at all."""
    from survey_cli.plain.rendering import render_asked_item, render_result

    lines, session = {"": source.state}, source.session
    if session is not None:
        lines |= {f"{session.id} {item.place}": render_asked_item(item) for item in session.list_items()}
        result = session.result()
        lines |= {f"{session.id} end": render_result(result, brief=True)} if result is not None else {}
    print_lines(line for key, line in lines.items() if printed.get(key) != line)
    sys.stdout.flush()
    printed.update(lines)


def _show_screen(source: "Replay | Watch", theme: str) -> bool:
    """Show on the full screen what is monitored; False where there is none."""
    from survey_cli.cli.run_command import run_full_screen
    from survey_cli.tui import run_monitor

    has_screen = has_full_screen()  # asked once: afterwards the terminal may be closed, and nobody would watch
    if has_screen and not run_full_screen(lambda: run_monitor(source, theme)):
        raise typer.Exit(1)
    return has_screen
