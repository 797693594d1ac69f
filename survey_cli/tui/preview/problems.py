"""List of a file's problems: each with its position, its remedy, and the line of source with carets under it."""

from collections.abc import Callable, Sequence
from typing import Final

from textual.content import Content

from survey_cli.problems import Position, Problem, select_errors
from survey_cli.text_width import fit, measure_width
from survey_cli.tui.widgets.text import SEPARATOR, Lines, clean, hang, style_text
from survey_cli.wording import format_quantity

MARKS: Final = {"error": ("! ", "bold $error"), "warning": ("? ", "bold $warning"), "info": ("  ", "$quiet")}
"""What stands before a problem, and the style of its severity."""


def count_problems(problems: Sequence[Problem]) -> str:
    """Return `3 errors · 1 warning`; empty where there are none."""
    errors = len(select_errors(problems))
    counts = {"error": errors, "warning": len(problems) - errors}
    return SEPARATOR.join(format_quantity(count, severity) for severity, count in counts.items() if count)


class ProblemLines(Lines[Sequence[Problem]]):
    """The problems of a file, errors first."""

    def __init__(self, problems: Sequence[Problem], read_line: Callable[[Position], str]) -> None:
        super().__init__(id="problems", state=sorted(problems, key=lambda problem: problem.severity != "error"))
        self._read_line = read_line
        self.display = True

    def build_lines(self, state: Sequence[Problem], width: int) -> list[Content]:
        lines: list[Content] = []
        for problem in state:
            lines += [Content()] if lines else []
            lines += _format_problem(problem, width)
            lines += _format_source(problem, self._read_line(problem.where), width)
        return lines or [style_text("The file has no problems.", "$quiet")]


def _format_problem(problem: Problem, width: int) -> list[Content]:
    mark, style = MARKS[problem.severity]
    text = Content.assemble(
        (clean(str(problem.where)), "bold"),
        ": ",
        (problem.severity, style),
        f": {clean(problem.who)}: " if problem.who else ": ",
        clean(problem.what),
        (f" — {clean(problem.remedy)}" if problem.remedy else "", "$code"),
    )
    return hang(style_text(mark, style), text, width)


def _format_source(problem: Problem, line: str, width: int) -> list[Content]:
    """Return the line of source, cut to the width around the problem, and carets under it."""
    if not line.strip() or not problem.where.column:
        return []
    gutter = f"    {problem.where.line} │ "
    room = max(width - len(gutter), 10)
    start = min(problem.where.column - 1, len(line))
    end = min(start + max(problem.length, 1), max(len(line), start + 1))
    cut = 0
    while cut < start and measure_width(clean(line[cut:end])) > room * 2 // 3:
        cut += 1
    ellipsis = "…" if cut else ""
    source = ellipsis + clean(line[cut:].rstrip())
    indent = measure_width(ellipsis + clean(line[cut:start]))
    carets = "^" * min(max(measure_width(clean(line[start:end])), 1), max(room - indent, 1))
    below = " " * (len(gutter) - 2) + "│ "
    return [
        Content.assemble((gutter, "$quiet"), fit(source, room) if measure_width(source) > room else source),
        Content.assemble((below, "$quiet"), " " * indent, (carets, MARKS[problem.severity][1])),
    ]
