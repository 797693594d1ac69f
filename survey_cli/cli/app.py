"""The commands. A command's module is imported when the command is called.

`survey --help` and a single command therefore start without the other commands. Panels, names and
groups are in `command_table`.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from textwrap import wrap
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from survey_cli import __version__
from survey_cli.cli.command_lines import DATABASES, TABLES, read_help_lines
from survey_cli.cli.command_table import COMMANDS, GROUPS, MODULES, PANELS
from survey_cli.cli.option_groups import expand_groups
from survey_cli.cli.output.terminal import PIPE_CLOSED
from survey_cli.cli.parameters import QUESTIONNAIRE_HELPS

COMPLETION_VARIABLE = "_SURVEY_COMPLETE"
"""Variable that a shell sets to complete a word."""
WITHOUT_COMMAND = ("", "-h", "--help", "--version")
"""First words for which no command is built: they only list the names."""
OWN_OPTIONS = (*WITHOUT_COMMAND, "--install-completion", "--show-completion")
"""First words that are the program's own options."""
SUMMARY: Final = (
    "Telephone interviewing in a terminal: a questionnaire in a text file, one key per answer, "
    "no answer lost."
)
"""The beginning of `survey --help`."""
LEARN_MORE: Final = (
    ("survey COMMAND --help", "arguments, options and an example of a command"),
    ("survey explain TOPIC", "a word of questionnaires, an outcome, a figure"),
    ("survey FILE.yaml", "what can be done with this questionnaire"),
    ("survey --install-completion", "completion of commands with Tab, in this shell"),
    ("survey --version", "the version"),
)
"""The end of `survey --help`."""


class ValueConversion:
    """Conversion of one parameter's value. Typer receives only values that have another type.

    Typer converts with pydantic, even a text into a text. Importing it takes longer than everything
    else that a short command does.
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
    """Base class of commands and groups that build a parameter's conversion when it is needed."""

    def get_params(self, ctx: Any) -> list[Any]:
        # This class is a mixin: the command after it has the method.
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # object has none
        for parameter in parameters:
            has_conversion = hasattr(parameter, "get_runtime_param")
            is_replaced = "get_runtime_param" in vars(parameter)
            if has_conversion and not is_replaced:
                conversion = ValueConversion(parameter)
                parameter.get_runtime_param = lambda conversion=conversion: conversion
        return parameters


class MissingValueError(typer.BadParameter):
    """An option without its value, before another option."""

    def __init__(self, option: str, ctx: Any) -> None:
        super().__init__("", ctx)
        self.option_name = option


class WrongFileError(typer.BadParameter):
    """A table or a database in place of a questionnaire."""

    def __init__(self, file: str, ctx: Any) -> None:
        super().__init__("", ctx)
        self.file = file


class Command(LazyConversion, TyperCommand):
    """One command, whose arguments are listed by name alone in its help."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for parameter in self.params:
            if parameter.param_type_name == "argument":
                # Not every Typer has this attribute, so mypy would reject an assignment.
                setattr(parameter, "display_type_rich", lambda ctx: "")  # noqa: B010 - for mypy

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse an option in place of another's value: `--case --plain` names no case."""
        parameters: list[Any] = self.params
        names: set[str] = set()
        with_value: set[str] = set()
        for parameter in parameters:
            names.update(name for name in parameter.opts if name.startswith("-"))
            if parameter.param_type_name == "option" and not parameter.is_flag:
                with_value.update(parameter.opts)
        for option, value in pairwise(args):
            if option in with_value and value in names:
                raise MissingValueError(option, ctx)

        left: list[str] = super().parse_args(ctx, args)
        self._check_files(ctx)
        return left

    def _check_files(self, ctx: Any) -> None:
        """Refuse a table or a database in place of the questionnaire, before it is read as one."""
        parameters: list[Any] = self.params
        for parameter in parameters:
            takes_questionnaires = parameter.help in QUESTIONNAIRE_HELPS
            if parameter.param_type_name != "argument" or not takes_questionnaires:
                continue

            value = ctx.params.get(parameter.name)
            files = [value] if isinstance(value, str) else value or ()
            for file in files:
                if file.endswith((*DATABASES, *TABLES)):
                    raise WrongFileError(file, ctx)


class Commands(LazyConversion, TyperGroup):
    """All commands, listed by panel."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(PIPE_CLOSED) from None

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage("survey", "COMMAND FILE [OPTIONS]")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """List the first commands with a line each, then the names of the others."""
        texts = read_help_lines()
        [(first, first_names), *others] = PANELS.items()
        with formatter.section(first):
            formatter.write_dl([(name, texts[name]) for name in first_names])
        with formatter.section("More commands"):
            formatter.write(_render_names(others, formatter.width - formatter.current_indent))
        with formatter.section("Learn more"):
            formatter.write_dl(LEARN_MORE)


class Subcommands(LazyConversion, TyperGroup):
    """The commands of a group, in their order."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            lines = []
            for name, command in self.commands.items():
                summary = (command.help or "").partition("\n\n")[0]
                lines.append((name, summary))
            formatter.write_dl(lines)


def _render_names(panels: Sequence[tuple[str, Sequence[str]]], width: int) -> str:
    """Render the names of the commands of each panel. No name is broken into two lines."""
    column = max(len(panel) for panel, _ in panels)
    lines = []
    for panel, names in panels:
        head = f"  {panel.ljust(column)}  "
        space = " " * len(head)
        lines += wrap(
            " ".join(names),
            width,
            initial_indent=head,
            subsequent_indent=space,
            break_on_hyphens=False,
        )
    return "".join(f"{line}\n" for line in lines)


def select_app(word: str) -> typer.Typer:
    """Build the app with only the command of this name; with all commands if there isn't one.

    Typer builds every command of an app, and thirty unused ones take 6 ms of every start.
    """
    if word in WITHOUT_COMMAND and COMPLETION_VARIABLE not in os.environ:
        return build_app(())
    if word in COMMANDS:
        return build_app((word,))
    return build_app()


def build_app(commands: Sequence[str] = COMMANDS) -> typer.Typer:
    """Build an app with these commands, or with all; their modules are imported."""
    app = typer.Typer(
        name="survey",
        cls=Commands,
        # Boxes are noise to a screen reader, and take 70 ms.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True, help=SUMMARY)(survey)
    for name in commands:
        module = next(module for module, names in MODULES.items() if name in names)
        functions = vars(import_module(f"survey_cli.cli.commands.{module}"))
        prefix = name.replace("-", "_")
        if name not in GROUPS:
            # `survey explain -8` looks up a code.
            settings = {"ignore_unknown_options": name == "explain"}
            function = functions.get(prefix) or functions[f"run_{prefix}"]
            register = app.command(name, cls=Command, context_settings=settings)
            register(expand_groups(function))
            continue
        text, subnames = GROUPS[name]

        group = typer.Typer(name=name, help=text, cls=Subcommands, rich_markup_mode=None)
        for subname in subnames:
            register = group.command(subname, cls=Command)
            register(expand_groups(functions[f"{prefix}_{subname.replace('-', '_')}"]))
        app.add_typer(group)
    return app


def _print_version(is_requested: bool) -> None:
    if is_requested:
        print(f"survey {__version__}")
        raise typer.Exit


def survey(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Print the help of the program, unless a command is called."""
    if ctx.invoked_subcommand is None:
        sys.stdout.write(ctx.get_help() + "\n")
