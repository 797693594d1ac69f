"""The command `watch`: interviews as their interviewer sees them, now or again, for supervisors."""

import sys
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import has_full_screen
from survey_cli.cli.option_groups import option_group, refuse_options
from survey_cli.cli.output.terminal import print_lines
from survey_cli.cli.parameters import argument, on_study, option
from survey_cli.permissions import Action

if TYPE_CHECKING:
    from survey_cli.services.run_on_study import Request
    from survey_cli.sessions.monitoring import Replay, Watch


@option_group
class WatchParameters:
    """The options of `survey watch`."""

    replay: Annotated[
        str,
        option("--replay CASE", "Instead, show this case's last interview again, with its pauses."),
    ] = ""
    speed: Annotated[
        float,
        option(
            "--speed TIMES",
            "With --replay: how many times faster than the interview was.",
            min=0.25,
            max=256,
        ),
    ] = 10.0
    mask: Annotated[
        bool,
        option(
            "--mask",
            "Show personal answers, names and notes as •••, for somebody who may not see them.",
        ),
    ] = False
    plain: Annotated[
        bool,
        option("--plain", "Print each question with its answer as a line."),
    ] = False
    theme: parameters.ThemeOption = ""


@on_study
def watch(
    request: "Request",
    context: typer.Context,
    *,
    person: Annotated[
        str, argument("PERSON", "The interviewer's login; with --replay, none.")
    ] = "",
    given: WatchParameters,
) -> None:
    """Watch an interviewer's interviews while they run, or replay one, as the interviewer sees it.

    Nothing changes. The trade calls it silent monitoring. An interview is shown once its notice was
    read: the item that `monitoring:` names. Only supervisors may watch, and the log of accesses
    says who did. In a replay, Space pauses, the arrows go from answer to answer, + and - change the
    speed.

    Example: survey watch study.yaml ann
    """
    if person and given.replay:
        raise typer.BadParameter(
            f"{person} is watched or {given.replay} is replayed — give PERSON or --replay CASE"
        )
    if given.replay:
        _replay(
            request,
            given.replay,
            given.speed,
            mask=given.mask,
            plain=given.plain,
            theme=given.theme,
        )
    elif person:
        refuse_options(context, ("speed",), "is only for --replay")
        _watch(request, person, mask=given.mask, plain=given.plain, theme=given.theme)
    else:
        raise typer.BadParameter(
            "whom to watch is missing — give the interviewer's login, or --replay CASE"
        )


def _watch(request: "Request", person: str, *, mask: bool, plain: bool, theme: str) -> None:
    """Show the interviewer's interviews until the screen is left."""
    from survey_cli.services.run_on_study import open_requested
    from survey_cli.sessions.monitoring import Watch

    with open_requested(request, Action.WATCH) as study:
        source = Watch(study, person, mask=mask)
        if not plain and _show_screen(source, theme):
            return

        printed: dict[str, str] = {}
        while True:
            if source.advance():
                _print_changes(source, printed)
            sleep(source.seconds)


def _replay(
    request: "Request", case: str, speed: float, *, mask: bool, plain: bool, theme: str
) -> None:
    """Show the case's last interview, on a terminal at its own pace."""
    from survey_cli.services.run_on_study import open_requested
    from survey_cli.sessions.monitoring import Replay

    with open_requested(request, Action.WATCH) as study:
        source = Replay(study, case, speed, mask=mask)
        if plain or not _show_screen(source, theme):
            source.shown.go_to(len(source.shown.events))
            _print_changes(source, {})


def _print_changes(source: "Replay | Watch", printed: dict[str, str]) -> None:
    """Print the state and each question with its answer, unless that line was printed before."""
    from survey_cli.plain.rendering import render_line, render_result
    from survey_cli.sessions.lines.interview_lines import build_answer_line, build_result_lines

    lines = {"": source.state}
    session = source.session
    if session is not None:
        for item in session.list_items():
            lines[f"{session.id} {item.place}"] = render_line(build_answer_line(item))
        result = session.result()
        if result is not None:
            ending = build_result_lines(result)
            lines[f"{session.id} end"] = render_result(ending, brief=True)

    print_lines(line for key, line in lines.items() if printed.get(key) != line)
    sys.stdout.flush()
    printed.update(lines)


def _show_screen(source: "Replay | Watch", theme: str) -> bool:
    """Show on the full screen what is monitored; returns False if there isn't one."""
    from survey_cli.cli.run_command import run_full_screen
    from survey_cli.tui import run_monitor

    # Asked once: afterwards the terminal may be closed, and nobody would watch.
    has_screen = has_full_screen()
    if has_screen and not run_full_screen(lambda: run_monitor(source, theme)):
        raise typer.Exit(1)
    return has_screen
