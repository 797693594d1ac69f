"""The commands. A command's module is imported when the command is called.

`survey --help` and a single command therefore start without the other commands. Panels, names and groups are in the JSON
file beside this one.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from survey_cli import __version__
from survey_cli.cli.output.terminal import PIPE_CLOSED

_TABLES: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
PANELS: Final[Mapping[str, str]] = _TABLES["panels"]
"""The commands and groups of each panel. What `survey --help` says of a command is in `commands.txt`, which `make docs`
writes: the first paragraph of its docstring."""
COMMANDS: Final = tuple(" ".join(PANELS.values()).split())
HELP_FILE: Final = Path(__file__).with_name("commands.txt")
MODULES: Final[Mapping[str, str]] = _TABLES["modules"]
"""The commands and groups of each module in `survey_cli.cli.commands`. The function of `case list` is `case_list`,
those of `print` and `test` are `run_print` and `run_test`."""
GROUPS: Final[Mapping[str, Sequence[str]]] = _TABLES["groups"]
"""The help and the commands of each group."""
RENAMED: Final[Mapping[str, str]] = _TABLES["renamed"]
"""Commands by the names that they once had."""

COMPLETION_VARIABLE = "_SURVEY_COMPLETE"
"""Variable that a shell sets to complete a word."""
WITHOUT_COMMAND = ("", "-h", "--help", "--version")
"""First words for which no command is needed: the list of commands is available without building them."""


class ValueConversion:
    """Conversion of one parameter's value: one that has the right type already is not given to Typer.

    Typer converts with pydantic, even a text into a text. Importing it takes longer than everything else that a short
    command does.
    """

    def __init__(self, parameter: Any) -> None:
        self.annotation = parameter.type_descriptor.annotation
        self.build_conversion = parameter.get_runtime_param

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if param.nargs == -1 or param.multiple:
            if self.annotation == list[str]:
                return list(value or ())
        elif get_origin(self.annotation) is Literal:
            if value is None or value in get_args(self.annotation):
                return value
        elif value is None or isinstance(value, self.annotation):
            return value
        return self.build_conversion().coerce(value, param=param, ctx=ctx)


class LazyConversion:
    """Base class of commands and groups: their parameters' conversions are built when a value needs one."""

    def get_params(self, ctx: Any) -> list[Any]:
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # a mixin before a command
        for parameter in parameters:
            if hasattr(parameter, "get_runtime_param") and "get_runtime_param" not in vars(parameter):
                conversion = ValueConversion(parameter)
                parameter.get_runtime_param = lambda conversion=conversion: conversion
        return parameters


class Command(LazyConversion, TyperCommand):
    """One command, whose arguments are listed by name alone in its help."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for parameter in self.params:
            if parameter.param_type_name == "argument":
                setattr(parameter, "display_type_rich", lambda ctx: "")  # noqa: B010 - not in every typer


class Commands(LazyConversion, TyperGroup):
    """All commands, listed by panel."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(PIPE_CLOSED) from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        texts = dict(line.split("\t") for line in HELP_FILE.read_text(encoding="utf-8").splitlines())
        texts |= {name: text for name, (text, _) in GROUPS.items()}
        for panel, names in PANELS.items():
            with formatter.section(panel):
                formatter.write_dl([(name, texts[name]) for name in names.split()])


class Subcommands(LazyConversion, TyperGroup):
    """The commands of a group, in their order."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, (c.help or "").partition("\n\n")[0]) for name, c in self.commands.items()])


def select_app(word: str) -> typer.Typer:
    """Build the app with only the command of this name; with all commands where there is none.

    Typer builds every command of an app, and thirty unused ones take 6 ms of every start.
    """
    if word in WITHOUT_COMMAND and COMPLETION_VARIABLE not in os.environ:
        return build_app(())
    return build_app((word,)) if word in COMMANDS else build_app()


def build_app(commands: Sequence[str] = COMMANDS) -> typer.Typer:
    """Build an app with these commands, or with all; their modules are imported."""
    app = typer.Typer(
        name="survey",
        cls=Commands,
        rich_markup_mode=None,  # boxes are noise to a screen reader, and take 70 ms
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(survey)
    for name in commands:
        module = next(module for module, words in MODULES.items() if name in words.split())
        functions = vars(import_module(f"survey_cli.cli.commands.{module}"))
        prefix = name.replace("-", "_")
        if name not in GROUPS:
            app.command(name, cls=Command)(functions.get(prefix) or functions[f"run_{prefix}"])
            continue
        text, subnames = GROUPS[name]
        group = typer.Typer(name=name, help=text, cls=Subcommands, rich_markup_mode=None)
        for subname in subnames.split():
            group.command(subname, cls=Command)(functions[f"{prefix}_{subname}"])
        app.add_typer(group)
    return app


def _print_version(is_requested: bool) -> None:
    if is_requested:
        print(f"survey {__version__}")
        raise typer.Exit


def survey(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Telephone interviewing in a terminal: a questionnaire in a text file, one key per answer, no answer lost.

    Begin with `survey new my_survey.yaml`.
    """
    if ctx.invoked_subcommand is None:
        sys.stdout.write(ctx.get_help() + "\n")
