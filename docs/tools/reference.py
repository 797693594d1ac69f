"""Writer of the reference pages, from the program itself: `python docs/tools/reference.py`.

With `--check` it writes nothing and says which pages are no longer fresh.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main
from glossary import add_terms, glossary
from json_schema import COMPANIONS, JsonSchema, build_companion_schema, build_instrument_schema
from language_pages import (
    MADE,
    conditions,
    files_beside,
    language,
    problems,
)  # a script beside this one
from language_reference import list_entries
from rule_reference import RULES

import survey_cli
from survey_cli.api import Report, Study
from survey_cli.cli.app import build_app
from survey_cli.cli.command_table import ACTIONS, HELP_FILE, PANELS, SYNONYMS
from survey_cli.exports.parquet import Rows
from survey_cli.figures import NamedFigure
from survey_cli.permissions import OWNERS_ON_SERVER, Action, StaffRole, may, with_article
from survey_cli.reports.fieldwork.figures import FIGURES
from survey_cli.services.questionnaire.word_lookup import ReferenceEntry
from survey_cli.store.backends.postgres.roles import KEPT_ELSEWHERE
from survey_cli.web.server.route_actions import ROUTE_ACTIONS

HERE = Path(__file__).parents[1]


def commands() -> Iterator[str]:
    """Every command by panel: usage, arguments, options and an example, as its `--help` says them."""
    yield "# Commands\n"
    yield MADE + "\n"
    yield COMMANDS_INTRODUCTION
    by_name = dict(every_command())
    for panel, words in PANELS.items():
        names = [name for word in words for name in by_name if name.split()[0] == word]
        yield f"## {panel}\n"
        yield "| command | purpose |\n|---|---|"
        for name in names:
            yield f"| [`{name}`](#survey-{name.replace(' ', '-')}) | {_cell(_prose(_paragraphs(by_name[name])[0]))} |"
        yield ""
        for name in names:
            yield from _command(name, by_name[name])


def _command(name: str, command: Any) -> Iterator[str]:
    """One command: what it does, its usage, its arguments and options, an example."""
    *paragraphs, example = _paragraphs(command)
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    usage = [_usage(p) for p in arguments]
    yield f"### survey {name}\n"
    yield _prose("\n\n".join(paragraphs)) + "\n"
    yield f"```text\nsurvey {' '.join([name, '[OPTIONS]', *usage])}\n```\n"
    for title, parameters in (("argument", arguments), ("option", options)):
        if parameters:
            yield f"| {title} | meaning |\n|---|---|"
            for parameter in parameters:
                yield f"| {_parameter_names(parameter)} | {_cell(_parameter_meaning(parameter))} |"
            yield ""
    if name in ACTIONS:
        rules = [f"{action.value}: {_list_permitted(action)}" for action in ACTIONS[name]]
        yield f"[With a list of people](../explanation/roles.md): {'; '.join(rules)}.\n"
    yield "Example:\n"
    yield f"```sh\n{example.removeprefix('Example: ')}\n```\n"


def _usage(argument: Any) -> str:
    several = "…" if argument.nargs == -1 and not argument.metavar.endswith("…") else ""
    return f"{argument.metavar}{several}" if argument.required else f"[{argument.metavar}{several}]"


def _paragraphs(command: Any) -> list[str]:
    """The paragraphs of a command's help, the last of which is its example."""
    return [" ".join(paragraph.split()) for paragraph in command.help.split("\n\n")]


def _parameter_names(parameter: Any) -> str:
    """An argument, or an option's spellings with the kind of its value."""
    if parameter.param_type_name == "argument":
        return f"`{_cell(parameter.metavar)}`"
    value = parameter.metavar or (
        "" if parameter.is_flag else parameter.opts[-1].strip("-").upper()
    )
    return ", ".join(
        f"`{_cell(f'{spelling} {value}'.strip())}`"
        for spelling in (*parameter.opts, *parameter.secondary_opts)
    )


def _parameter_meaning(parameter: Any) -> str:
    """The help of a parameter with its choices, its range and its default."""
    parts = [_prose(" ".join(parameter.help.split()))]
    if getattr(parameter, "multiple", False) and "Repeatable." not in parts[0]:
        parts.append("Repeatable.")
    kind, info = parameter.type_descriptor.annotation, parameter.type_descriptor.parameter_info
    if get_origin(kind) is Literal:
        parts.append(f"Choices: {', '.join(f'`{choice}`' for choice in get_args(kind))}.")
    if info.min is not None:
        upper = f" to {info.max:,}" if info.max is not None else " or more"
        parts.append(f"Range: {info.min}{upper}.")
    default = parameter.default
    if parameter.param_type_name == "option" and (
        parameter.secondary_opts or not parameter.is_flag
    ):
        if isinstance(default, bool):
            default = (parameter.opts if default else parameter.secondary_opts)[0]
        parts += [f"Default: `{default}`."] if default not in (None, "") else []
    return " ".join(parts)


def _prose(text: str) -> str:
    """Mark options and addresses of databases as code, which a narrow screen may break within a word."""
    with_options = re.sub(r"(?<![\w`-])--[a-z][a-z-]*", r"`\g<0>`", text)
    return re.sub(r"(?<!`)\bpostgresql://[\w@/]*\w", r"`\g<0>`", with_options)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


COMMANDS_INTRODUCTION = """\
Every command prints this help with `--help`. `survey --version` prints the version, and `survey explain WORD` explains
a word of the [questionnaire language](language.md).

Results are written to standard output, and everything else to standard error. A file from `survey export … > data.csv`
therefore contains data only.

**Exit codes.** Some commands below have further meanings for 1 and 3.

| code | meaning |
|---|---|
| 0 | The command did what was asked. |
| 1 | It failed, or found a problem. Standard error says what and what to do. |
| 2 | The command line is wrong, or a question could not be asked because there is no terminal. |
| 3 | An interview was suspended, or a case at a station still needs an outcome. |
| 130 | Ctrl+C stopped it. |
| 141 | The program that read its output has ended. |

**Environment variables.**

| variable | meaning |
|---|---|
| `SURVEY_THEME` | Colors of the full screen: `dark`, `light`, `contrast` or `terminal`. |
| `SURVEY_BELL` | `1` rings the terminal's bell for a due appointment. |
| `SURVEY_DIAL` | Command that dials a number: `linphonecsh dial {number}`. |
| `SURVEY_LOCAL_FILE_SYSTEMS` | Types of file systems that only this computer mounts: `9p,virtiofs`. |
| `NO_COLOR` | Any value removes all colors. |
| `PGPASSFILE`, `PGSSLMODE`, … | Settings of a [PostgreSQL connection](../guides/several-computers.md). |
"""


def every_command() -> Iterator[tuple[str, Any]]:
    """Name and command; of a group, its commands: `sample import`."""
    for name, command in typer.main.get_command(build_app()).commands.items():  # type: ignore[attr-defined]  # the program is a group of commands
        several = getattr(command, "commands", None)
        if several is None:
            yield name, command
        else:
            yield from ((f"{name} {one}", under) for one, under in several.items())


def vocabulary() -> Iterator[str]:
    """What `survey explain` knows: one entry per line, as JSON."""
    lines = [
        json.dumps(entry.list_stored_fields(), ensure_ascii=False)
        for entry in add_terms(_list_words())
    ]
    yield "[\n" + ",\n".join(lines) + "\n]"


def _list_words() -> list[ReferenceEntry]:
    """List all words that have a meaning without the glossary: those of the language, commands, figures, problems."""
    entries = list(list_entries())
    for name, command in every_command():
        purpose = _paragraphs(command)[0]
        synonyms = tuple(
            word for word, lines in SYNONYMS.items() if name in map(_name_command, lines)
        )
        entries.append(
            ReferenceEntry(
                name, "command", purpose, trade=synonyms, commands=(f"survey {name} --help",)
            )
        )
    entries += [
        ReferenceEntry(figure.name, "figure", _describe_figure(figure)) for figure in FIGURES
    ]
    entries += [ReferenceEntry(rule, "problem", meaning) for rule, meaning in RULES.items()]
    return entries


def _name_command(line: str) -> str:
    """Return the command of a line with arguments: `case show FILE CASE`."""
    return " ".join(
        takewhile(lambda word: word.islower() and not word.startswith("-"), line.split())
    )


def _describe_figure(figure: NamedFigure) -> str:
    return f"{figure.definition} Shown in: {figure.shown_in}."


def figures() -> Iterator[str]:
    """Every figure of fieldwork with its definition, from the program."""
    yield "# Figures of fieldwork\n"
    yield MADE + "\n"
    yield FIGURES_INTRODUCTION
    yield "| figure | what is counted | shown in |\n|---|---|---|"
    for figure in FIGURES:
        anchor = figure.name.replace(" ", "-")
        yield f'| <span id="{anchor}">**{figure.name}**</span> | {_cell(figure.definition)} | {figure.shown_in} |'


FIGURES_INTRODUCTION = """\
A word names one figure wherever it is shown: in `survey status`, on the board, on the client's page, in `survey study
shift`, at the station and in exports. `survey explain "callable now"` prints a definition. [AAPOR outcome codes and
rates](../explanation/aapor.md) defines the codes and the rates of the sample.
"""


def roles() -> Iterator[str]:
    """The table of roles, from the program: who may take each action, and with which command."""
    yield "# Table of roles\n"
    yield MADE + "\n"
    yield ROLES_INTRODUCTION
    yield "| action | who may | command | page |\n|---|---|---|---|"
    for action in Action:
        permitted = _list_permitted(action)
        if action in OWNERS_ON_SERVER:
            permitted += "; on a server the owner"
        cells = [permitted, _list_commands_of(action), _list_pages_of(action)]
        yield f"| {action.value} | {' | '.join(cells)} |"

    yield "\n## On a database server\n"
    yield SERVER_ROLES_INTRODUCTION
    yield "| action | why |\n|---|---|"
    for action, reason in KEPT_ELSEWHERE.items():
        yield f"| {action.value} | {reason} |"


def _list_permitted(action: Action) -> str:
    """Return the roles that may take an action, or the shorter list of those that may not."""
    permitted = [role.value for role in StaffRole if may(role, action)]
    others = [role.value for role in StaffRole if not may(role, action)]
    if not others:
        return "everybody"
    if len(others) < 2:
        return f"everybody but {with_article(others[0])}"
    return ", ".join(permitted)


def _list_commands_of(action: Action) -> str:
    commands = [command for command, actions in ACTIONS.items() if action in actions]
    return ", ".join(f"`{command}`" for command in commands)


def _list_pages_of(action: Action) -> str:
    """Return the pages of `survey serve --socket` on which somebody takes an action."""
    pages = [ROUTE_PAGES[routes] for routes, actions in ROUTE_ACTIONS.items() if action in actions]
    return ", ".join(pages)


ROUTE_PAGES = {
    "accounts_routes": "Accounts",
    "download_routes": "Downloads",
    "screen_routes": "Interview",
    "seats_routes": "Seats and Board",
    "text_routes": "Text page",
}
"""The titles of pages, by the module of their routes."""
ROLES_INTRODUCTION = """\
A person's role is in the [list of people](file-formats.md#list-of-people). `owner` is nobody's role there: it is whoever
owns the study's files, or its schema on a database server. Without a list, everybody may do everything. A page is one of
`survey serve --socket`. [Who may do what](../explanation/roles.md) explains the roles, and who enforces them where.
"""
SERVER_ROLES_INTRODUCTION = """\
What a role may not do, the server refuses to its accounts, whatever program they use. `survey db check` tries that.
Interviewers and coders can read [journals](../guides/database-server.md#what-rests-on-trust) with SQL, because their
stations need them. These actions have no trial on a server:
"""


def schema(built: JsonSchema) -> Iterator[str]:
    """The JSON Schema that `survey schema` writes."""
    yield json.dumps(built, ensure_ascii=False, indent=1)


def python_interface() -> Iterator[str]:
    """What `import survey_cli` has: every function and method with its arguments, as its docstring says it."""
    yield "# Python interface\n"
    yield MADE + "\n"
    yield PYTHON_INTRODUCTION
    yield from _callable("survey_cli.open", survey_cli.open)
    for kind in (Study, Rows, Report):
        yield f"## {kind.__name__}\n"
        yield _docstring(kind) + "\n"
        for name, member in vars(kind).items():
            if not name.startswith("_"):
                if isinstance(member, property):
                    yield f"### {kind.__name__}.{name}\n\n{_docstring(member)}\n"
                else:
                    yield from _callable(f"{kind.__name__}.{name}", member)


def _callable(name: str, function: Any) -> Iterator[str]:
    signature = inspect.signature(function)
    shown = [
        p.replace(annotation=p.empty) for p in signature.parameters.values() if p.name != "self"
    ]
    call = str(signature.replace(parameters=shown, return_annotation=signature.empty))
    yield f"### {name}\n"
    yield f"```python\n{name.rpartition('.')[2]}{call}\n```\n"
    yield _docstring(function) + "\n"


def _docstring(member: Any) -> str:
    """Return a docstring in which the examples, up to the next blank line, are blocks of code."""
    text = inspect.getdoc(member) or ""
    return re.sub(
        r"^>>> .*?(?=\n\n|\Z)", r"```pycon\n\g<0>\n```", text, flags=re.MULTILINE | re.DOTALL
    )


PYTHON_INTRODUCTION = """\
It needs the extra [`python`](../guides/installing.md#extras). The guide [A study in
Python](../guides/python.md) shows how it is used. All names have types. Errors are
`survey_cli.problems.UserError`, whose text says where, what, and what to do.
"""
LOOKED_UP = "../survey_cli/services/questionnaire"


def command_list() -> Iterator[str]:
    """The line of help of each command: the first paragraph of its docstring."""
    for name, command in every_command():
        yield f"{name}\t{_paragraphs(command)[0]}"


PAGES = {
    "reference/language.md": language,
    "reference/files-beside.md": files_beside,
    "reference/conditions.md": conditions,
    "reference/commands.md": commands,
    "reference/problems.md": problems,
    "reference/figures.md": figures,
    "reference/roles.md": roles,
    "reference/glossary.md": lambda: glossary(_list_words()),
    "reference/python.md": python_interface,
    f"../survey_cli/cli/{HELP_FILE.name}": command_list,
    f"{LOOKED_UP}/vocabulary.json": vocabulary,
    f"{LOOKED_UP}/instrument.schema.json": lambda: schema(build_instrument_schema()),
    **{
        f"{LOOKED_UP}/{kind}.schema.json": partial(
            lambda kind: schema(build_companion_schema(kind)), kind
        )
        for kind in COMPANIONS
    },
}


def stale() -> list[str]:
    """The pages that differ from what the program would write now."""
    return [
        name
        for name, page in PAGES.items()
        if not (HERE / name).exists() or (HERE / name).read_text(encoding="utf-8") != _page(page())
    ]


def _page(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        old = stale()
        print("\n".join(f"docs/{name}: not fresh — run make docs" for name in old), file=sys.stderr)
        sys.exit(bool(old))
    for name, page in PAGES.items():
        (HERE / name).write_text(_page(page()), encoding="utf-8")
