"""Lines of the table, and the rows that measure them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import getdoc
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One measurement: its figure, what that was compared with, and whether the goal was met."""

    what: str
    """The same in every run. A row's line replaces the earlier one with these words."""
    figure: str = ""
    peer: str = ""
    """The figure of the program that it is compared with."""
    against: str = ""
    """That program."""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None
    """None if there is no goal."""
    missing: str = ""
    """Why nothing could be measured here, and what to install."""


@dataclass(frozen=True, slots=True)
class Row:
    """What `make bench ROWS=name` measures; the function's docstring explains it on the page."""

    name: str
    measure: Callable[[Path], list[Line]]
    by_name: bool = False
    """It takes minutes, so that it runs only if it is named."""
    guard: bool = False
    """No user feels the figure itself. It guards against growth, collapse or a wrong result."""

    @property
    def explanation(self) -> str:
        """What is measured, and against what."""
        return " ".join((getdoc(self.measure) or "").split())


def at_most(
    what: str,
    ours: float,
    theirs: float,
    limit: float,
    *,
    against: str,
    unit: str = "ms",
    note: str = "",
) -> Line:
    """A time that may be so many times the peer's."""
    ratio = ours / theirs
    return Line(
        what=what,
        figure=f"{format_time(ours, unit)}{note}",
        peer=format_time(theirs, unit),
        against=against,
        ratio=f"{ratio:.2f}×",
        goal=f"≤ {limit:g}×",
        met=ratio <= limit,
    )


def at_least(
    what: str, ours: float, theirs: float, limit: float, *, against: str, unit: str
) -> Line:
    """A rate that must be at least so many times the peer's."""
    ratio = ours / theirs
    return Line(
        what=what,
        figure=f"{ours:,.0f} {unit}",
        peer=f"{theirs:,.0f} {unit}",
        against=against,
        ratio=f"{ratio:.3f}×",
        goal=f"≥ {limit:g}×",
        met=ratio >= limit,
    )


def below(what: str, value: float, limit: float, *, figure: str, goal: str) -> Line:
    """A figure that has a limit and no peer."""
    return Line(what=what, figure=figure, goal=goal, met=value <= limit)


def unavailable(what: str, why: str) -> Line:
    """A measurement that needs something that isn't installed here."""
    return Line(what=what, missing=why)


def format_time(seconds: float, unit: str) -> str:
    """Write a time in its unit."""
    if unit == "s" or seconds >= 1:
        return f"{seconds:.2f} s"
    if unit == "µs" and seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms"


def format_lines(lines: Sequence[Line]) -> list[str]:
    """Write lines as columns for a terminal."""
    cells = [("", "figure", "compared with", "ratio", "goal", "")]
    for line in lines:
        figure = line.figure or f"not measured: {line.missing}"
        compared = f"{line.peer}  {line.against}".strip()
        cells.append((line.what, figure, compared, line.ratio, line.goal, describe_verdict(line)))

    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    texts = []
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        texts.append("  ".join(padded).rstrip())
    return texts


def describe_verdict(line: Line) -> str:
    """Say whether the goal was met; nothing if there is none."""
    match line.met:
        case True:
            return "met"
        case False:
            return "MISSED"
        case None:
            return ""
