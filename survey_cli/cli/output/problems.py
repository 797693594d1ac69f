"""How is a problem shown? As one line, with a snippet and a caret on a terminal, as JSON, or for GitHub's annotations.

It finds no problem and reads no file.
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli.cli.output.terminal import printable
from survey_cli.problems import Problem

if TYPE_CHECKING:
    from rich.text import Text

TAB: Final = "    "
JOINER: Final = "\u200d"
GUTTER: Final = " │ "


class Snippet(NamedTuple):
    """A line of the file and the carets below it, both fit for the terminal."""

    line: str
    carets: str


def plain_line(problem: Problem) -> str:
    """`file:line:col: who: what — remedy`; a warning says that it is one."""
    if problem.severity == "error":
        return printable(str(problem))
    return printable(_with_word(problem))


def _with_word(problem: Problem) -> str:
    where = str(problem.where)
    return f"{where}: {problem.severity}: {str(problem).removeprefix(where + ': ')}"


def snippet(line: str, *, column: int, length: int, width: int) -> Snippet:
    """The line as it can be shown in `width` cells, and carets under `length` characters from `column` (from 1).

    Tabs become four spaces; a long line is cut around the carets, with … where something is left out.
    """
    from survey_cli.text_width import text_width

    shown = [TAB if c == "\t" else printable(c) for c in line]
    cells = [
        0 if c == JOINER or (n and line[n - 1] == JOINER) else text_width(shown[n])
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
    text = before + "".join(shown[first:last]) + after
    indent = len(before) + sum(cells[first:at])
    return Snippet(text, " " * indent + "^" * max(1, sum(cells[at : min(end, last)])))


def drawn(problem: Problem, line: str, *, width: int) -> "Text":
    """The problem with its snippet; colour says nothing that words don't."""
    from rich.text import Text

    word, style = problem.severity, "bold red" if problem.severity == "error" else "bold yellow"
    where, who = printable(str(problem.where)), printable(problem.who)
    text = Text.assemble(
        (where, "bold"), ": ", (word, style), ": ", f"{who}: " if who else "", printable(problem.what)
    )
    if problem.remedy:
        text.append(f" — {printable(problem.remedy)}")
    if line.strip() and problem.where.column:
        number = str(problem.where.line)
        cut = snippet(
            line,
            column=problem.where.column,
            length=problem.length,
            width=max(20, width - len(number) - len(GUTTER) - 2),
        )
        text.append(f"\n  {number}{GUTTER}", "dim").append(cut.line)
        text.append(f"\n  {' ' * len(number)}{GUTTER}", "dim").append(cut.carets, style)
    return text


def as_json(problems: Iterable[Problem]) -> str:
    """A list of objects, one for each problem."""
    return json.dumps(
        [
            {
                "rule": p.rule,
                "severity": p.severity,
                "file": p.where.file,
                "line": p.where.line,
                "column": p.where.column,
                "length": p.length,
                "who": p.who,
                "what": p.what,
                "remedy": p.remedy,
            }
            for p in problems
        ],
        ensure_ascii=False,
        indent=1,
    )


def as_github(problem: Problem) -> str:
    """A workflow command, which GitHub shows beside the line of a pull request."""
    place = {"file": problem.where.file, "line": problem.where.line, "col": problem.where.column}
    said = ",".join(f"{k}={_escaped(str(v), more=':,')}" for k, v in place.items() if v)
    text = str(problem).removeprefix(f"{problem.where}: ")
    return f"::{problem.severity} {said},title={_escaped(problem.rule, more=':,')}::{_escaped(text)}"


def _escaped(text: str, *, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
