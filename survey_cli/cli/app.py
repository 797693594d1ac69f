"""The list of commands and their order in the help text.

Each command is a thin function that imports what it needs when it runs, so that help appears at once.
"""

import os
import sys
from copy import copy
from inspect import cleandoc
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from survey_cli import __version__
from survey_cli.cli.commands import (
    case,
    case_lists,
    db,
    export,
    forecast,
    interview,
    preview,
    privacy,
    questionnaire,
    rates,
    report,
    sample,
    server,
    simulate,
    station,
    status,
    study,
)
from survey_cli.cli.commands import print as printing
from survey_cli.cli.groups import CommandGroup
from survey_cli.cli.output.terminal import PIPE_CLOSED


class Command(TyperCommand):
    """One command, whose arguments are listed by their names alone."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for parameter in self.params:
            if parameter.param_type_name == "argument":
                setattr(parameter, "display_type_rich", _hide_type)  # noqa: B010 - not in every typer


def _hide_type(ctx: Any) -> str:
    """No `<str>` after FILE."""
    return ""


class Commands(TyperGroup):
    """All commands, listed under what they are for."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(PIPE_CLOSED) from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for panel, commands in PANELS:
            with formatter.section(panel):
                formatter.write_dl([(_get_name(c), _summarize(c)) for c in commands])


class Subcommands(TyperGroup):
    """The commands of a group, in their order."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, (c.help or "").partition("\n\n")[0]) for name, c in self.commands.items()]
            )


def _get_name(command: Any) -> str:
    return str(command.name if isinstance(command, CommandGroup) else command.__name__)


def _summarize(command: Any) -> str:
    """What help says of it in the list: the first paragraph."""
    said = command.help if isinstance(command, CommandGroup) else cleandoc(command.__doc__ or "")
    return " ".join(said.partition("\n\n")[0].split())


app = typer.Typer(
    name="survey",
    cls=Commands,
    rich_markup_mode=None,  # boxes help nobody who listens, and cost 70 ms
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"survey {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def survey(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """Telephone interviewing in a terminal: a questionnaire in a text file, one key an answer, no answer lost.

    Begin with `survey new my_survey.yaml`.
    """
    if ctx.invoked_subcommand is None:
        sys.stdout.write(ctx.get_help() + "\n")


def _build_group(group: CommandGroup) -> typer.Typer:
    made = typer.Typer(name=group.name, help=group.help, cls=Subcommands, rich_markup_mode=None)
    for name, command in group.commands.items():
        made.command(name, cls=Command, rich_help_panel="Commands")(command)
    return made


PANELS = (
    ("Questionnaire", (*questionnaire.COMMANDS, *preview.COMMANDS, *simulate.COMMANDS, *printing.COMMANDS)),
    ("Interviews", interview.COMMANDS),
    (
        "Fieldwork",
        (
            *sample.COMMANDS,
            *station.COMMANDS,
            *case_lists.COMMANDS,
            *case.COMMANDS,
            *status.COMMANDS,
            *forecast.COMMANDS,
            *study.COMMANDS,
            *rates.COMMANDS,
        ),
    ),
    ("Data", (*export.COMMANDS, *report.COMMANDS, *privacy.COMMANDS)),
    ("Database", (*db.COMMANDS, *server.COMMANDS)),
)

for panel, commands in PANELS:
    for command in commands:
        if isinstance(command, CommandGroup):
            app.add_typer(_build_group(command), rich_help_panel=panel)
        else:
            app.command(cls=Command, rich_help_panel=panel)(command)

COMPLETION_VARIABLE = "_SURVEY_COMPLETE"
"""Set by the shell that wants to complete a word."""
WITHOUT_COMMAND = ("", "-h", "--help", "--version")
"""What is said before any command is named: the list of commands is at hand without making them ready."""


def select_app(word: str) -> typer.Typer:
    """The app with that one command, where there is one of this name; else with all. typer makes ready whatever is in it,
    and thirty commands that were not asked for take 6 ms of every start."""
    alone = copy(app)
    if word in WITHOUT_COMMAND and COMPLETION_VARIABLE not in os.environ:
        alone.registered_commands, alone.registered_groups = [], []
        return alone
    alone.registered_commands = [
        c for c in app.registered_commands if _get_registered_name(c.callback) == word
    ]
    alone.registered_groups = [
        g for g in app.registered_groups if _get_registered_name(g.typer_instance) == word
    ]
    return alone if alone.registered_commands or alone.registered_groups else app


def _get_registered_name(command: Any) -> str:
    name = command.info.name if isinstance(command, typer.Typer) else command.__name__
    return str(name)
