"""Rendering of problems: one line, a snippet with a caret, JSON, or GitHub annotations.

It finds no problem and reads no file.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from survey_cli.cli.output.terminal import make_printable
from survey_cli.problems import Problem

if TYPE_CHECKING:
    from rich.text import Text

TAB: Final = "    "
ZERO_WIDTH_JOINER: Final = "\u200d"
GUTTER: Final = " │ "
_STYLES: Final = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}


class Snippet(NamedTuple):
    """A line of the file and the carets below it, both as shown on the terminal."""

    line: str
    carets: str


def render_plain(problem: Problem) -> str:
    """Render `file:line:col: who: what — remedy`, with the severity unless it is an error."""
    where, text = f"{problem.where}: ", str(problem)
    if problem.severity != "error":
        text = f"{where}{problem.severity}: {text.removeprefix(where)}"
    return make_printable(text)


def cut_snippet(line: str, *, column: int, length: int, width: int) -> Snippet:
    """Cut the line to `width` cells, with carets under `length` characters from `column` (from 1).

    Tabs become four spaces; a long line is cut around the carets, with … where something is left out.
    """
    from survey_cli.text_width import measure_width

    characters = [TAB if c == "\t" else make_printable(c) for c in line]
    cells = [
        0 if c == ZERO_WIDTH_JOINER or (n and line[n - 1] == ZERO_WIDTH_JOINER) else measure_width(characters[n])
        for n, c in enumerate(line)
    ]
    at = min(max(column - 1, 0), len(line))
    end = max(min(at + max(length, 1), len(line)), at)
    first, last, before, after = 0, len(line), "", ""
    if sum(cells) > width:
        room = width - 1
        ahead = sum(cells[:at])
        while first < at and ahead > room // 3:
            ahead -= cells[first]
            first += 1
        before = "…" if first else ""
        room -= len(before)
        last = first
        while last < len(line) and room >= cells[last]:
            room -= cells[last]
            last += 1
        after = "…" if last < len(line) else ""
    text = before + "".join(characters[first:last]) + after
    indent = len(before) + sum(cells[first:at])
    return Snippet(text, " " * indent + "^" * max(1, sum(cells[at : min(end, last)])))


def render_rich(problem: Problem, line: str, *, width: int) -> "Text":
    """Render the problem with its snippet; color repeats what the words say."""
    from rich.text import Text

    word, style = problem.severity, _STYLES[problem.severity]
    where, who = make_printable(str(problem.where)), make_printable(problem.who)
    what = f"{who}: " if who else ""
    text = Text.assemble((where, "bold"), ": ", (word, style), ": ", what, make_printable(problem.what))
    if problem.remedy:
        text.append(f" — {make_printable(problem.remedy)}")
    if line.strip() and problem.where.column:
        number = str(problem.where.line)
        room = max(20, width - len(number) - len(GUTTER) - 2)
        cut = cut_snippet(line, column=problem.where.column, length=problem.length, width=room)
        text.append(f"\n  {number}{GUTTER}", "dim").append(cut.line)
        text.append(f"\n  {' ' * len(number)}{GUTTER}", "dim").append(cut.carets, style)
    return text


def build_problem_rows(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Build the values of JSON output, one object per problem."""
    rows = []
    for p in problems:
        row = {"rule": p.rule, "severity": p.severity, **p.where._asdict()}
        row |= {"length": p.length, "who": p.who, "what": p.what, "remedy": p.remedy}
        rows.append(row | ({"scenario": p.scenario} if p.scenario is not None else {}))
    return rows


def render_github(problem: Problem) -> str:
    """Render a workflow command, which GitHub shows beside the line of a pull request."""
    position = {"file": problem.where.file, "line": problem.where.line, "col": problem.where.column}
    properties = ",".join(f"{k}={_escape(str(v), more=':,')}" for k, v in position.items() if v)
    text = str(problem).removeprefix(f"{problem.where}: ")
    level = "notice" if problem.severity == "info" else problem.severity
    return f"::{level} {properties},title={_escape(problem.rule, more=':,')}::{_escape(text)}"


def _escape(text: str, *, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
