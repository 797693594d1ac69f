"""Rendering of problems: one line, a snippet with a caret, JSON, or GitHub annotations.

It finds no problem and reads no file.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from survey_cli.cli.output.terminal import make_printable
from survey_cli.problems import Problem

if TYPE_CHECKING:
    from rich.text import Text

GUTTER: Final = " │ "
_STYLES: Final = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}


def render_plain(problem: Problem) -> str:
    """Render `file:line:col: who: what — remedy`, with the severity unless it is an error."""
    text = str(problem)
    if problem.severity != "error":
        where = f"{problem.where}: "
        text = f"{where}{problem.severity}: {text.removeprefix(where)}"
    return make_printable(text)


def render_rich(problem: Problem, line: str, *, width: int) -> "Text":
    """Render the problem with its snippet; color repeats what the words say."""
    from rich.text import Text

    from survey_cli.text_width import cut_snippet

    style = _STYLES[problem.severity]
    text = Text.assemble(
        (make_printable(str(problem.where)), "bold"), ": ", (problem.severity, style), ": "
    )
    if problem.who:
        text.append(f"{make_printable(problem.who)}: ")
    text.append(make_printable(problem.what))
    if problem.remedy:
        text.append(f" — {make_printable(problem.remedy)}")

    if line.strip() and problem.where.column:
        number = str(problem.where.line)
        room = max(20, width - len(number) - len(GUTTER) - 2)
        cut = cut_snippet(
            line, make_printable, column=problem.where.column, length=problem.length, width=room
        )
        text.append(f"\n  {number}{GUTTER}", "dim").append(cut.line)
        text.append(f"\n  {' ' * len(number)}{GUTTER}", "dim").append(cut.carets, style)
    return text


def build_problem_rows(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Build the values of JSON output, one object per problem."""
    rows = []
    for problem in problems:
        row: dict[str, Any] = {
            "rule": problem.rule,
            "severity": problem.severity,
            **problem.where._asdict(),
            "length": problem.length,
            "who": problem.who,
            "what": problem.what,
            "remedy": problem.remedy,
        }
        if problem.scenario is not None:
            row["scenario"] = problem.scenario
        rows.append(row)
    return rows


def render_github(problem: Problem) -> str:
    """Render a workflow command, which GitHub shows beside the line of a pull request."""
    position = {"file": problem.where.file, "line": problem.where.line, "col": problem.where.column}
    properties = []
    for name, value in position.items():
        if value:
            properties.append(f"{name}={_escape_property(str(value))}")
    properties.append(f"title={_escape_property(problem.rule)}")

    text = str(problem).removeprefix(f"{problem.where}: ")
    level = "notice" if problem.severity == "info" else problem.severity
    return f"::{level} {','.join(properties)}::{_escape(text)}"


def _escape_property(text: str) -> str:
    return _escape(text, more=":,")


def _escape(text: str, *, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
