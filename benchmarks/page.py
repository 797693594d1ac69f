"""The pages that show figures: written between their markers from `benchmarks/results.json`.

A page contains `<!-- bench: NAME … -->` and, later, `<!-- /bench -->`. What is between them is
replaced: by the table of all rows (`table`), by what each row measures (`rows`), by how long a run
takes (`duration`), or by a short table of the rows that are named.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.lines import Row
from benchmarks.results import Figure, Results, replace_text

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = (
    Path(__file__).with_name("README.md"),
    ROOT / "docs" / "explanation" / "performance.md",
)
CITING: Final = (
    ROOT / "README.md",
    ROOT / "docs" / "index.md",
    ROOT / "docs" / "explanation" / "durability.md",
    ROOT / "docs" / "guides" / "before-the-first-day.md",
    ROOT / "docs" / "guides" / "is-this-for-me.md",
)
"""Pages that may repeat figures of the table in their own words."""
FENCED: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FIGURE: Final = re.compile(r"(?<![\d.,])(\d[\d,]*(?:\.\d+)?) ?(ms|µs|s|MiB|×|times as)(?!\w)")
BOUND: Final = re.compile(r"less than \**(\d+(?:\.\d+)?) (ms)\** after the key")
"""What README promises about the figures of the row `key`."""
MARKED: Final = re.compile(r"(<!-- bench: ([\w -]+) -->\n).*?(<!-- /bench -->)", re.DOTALL)


def write_pages(rows: Sequence[Row], results: Results) -> None:
    """Write what is between the markers of each page."""
    for page in PAGES:
        replace_text(page, complete_page(page.read_text(encoding="utf-8"), rows, results))


def complete_page(text: str, rows: Sequence[Row], results: Results) -> str:
    """Return the text of a page with its marked parts written anew."""

    def replace(found: re.Match[str]) -> str:
        part = write_part(found[2].split(), rows, results)
        return f"{found[1]}\n{part}\n\n{found[3]}"

    return MARKED.sub(replace, text)


def write_part(names: Sequence[str], rows: Sequence[Row], results: Results) -> str:
    """Write one marked part."""
    match names:
        case ["table"]:
            return write_table(rows, results)
        case ["rows"]:
            return write_explanations(rows, results)
        case ["duration"]:
            return write_duration(rows, results)
        case _:
            return write_short_table(names, results)


def write_table(rows: Sequence[Row], results: Results) -> str:
    """Write the table of all figures, one line each."""
    lines = [
        "| row | measured | figure | compared with | ratio | goal | | machine | Python | date |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        name = f"`{row.name}`"
        if row.guard:
            name += " (guard)"
        for figure in list_figures(row.name, results):
            around = figure.circumstances
            cells = [
                name,
                figure.line.what,
                figure.line.figure,
                describe_peer(figure),
                figure.line.ratio,
                figure.line.goal,
                describe_verdict(figure),
                around.place,
                around.python,
                around.date,
            ]
            lines.append(write_cells(cells))
    return "\n".join(lines)


def write_short_table(names: Sequence[str], results: Results) -> str:
    """Write the table of some rows for readers who want the result only."""
    lines = [
        "| measured | figure | compared with | ratio | goal |",
        "|---|---|---|---|---|",
    ]
    for name in names:
        for figure in list_figures(name, results):
            goal = figure.line.goal
            if figure.line.met is False:
                goal += ", **missed**"
            cells = [
                figure.line.what,
                figure.line.figure,
                describe_peer(figure),
                figure.line.ratio,
                goal,
            ]
            lines.append(write_cells(cells))
    return "\n".join(lines)


def write_explanations(rows: Sequence[Row], results: Results) -> str:
    """Write what each row measures, and against what."""
    lines = []
    for row in rows:
        remarks = []
        if row.guard:
            remarks.append("guard")
        if row.by_name:
            remarks.append(f"only by name, {describe_seconds(find_seconds([row], results))}")
        after = ""
        if remarks:
            after = f" ({', '.join(remarks)})"
        lines.append(f"- `{row.name}`{after}: {row.explanation}")
    return "\n".join(lines)


def write_duration(rows: Sequence[Row], results: Results) -> str:
    """Write how long a run without names takes."""
    default = [row for row in rows if not row.by_name]
    seconds = find_seconds(default, results)
    if seconds is None:
        return "How long all of these take together isn't known yet."
    return (
        f"The rows of `make bench` took {describe_seconds(seconds)} when they were last measured."
    )


def find_seconds(rows: Sequence[Row], results: Results) -> float | None:
    """Add up what the rows took; None if a row hasn't been timed."""
    total = 0.0
    for row in rows:
        result = results.get(row.name)
        if result is None or result.seconds is None:
            return None
        total += result.seconds
    return total


def describe_seconds(seconds: float | None) -> str:
    """Say a time in words that fit a plan."""
    if seconds is None:
        return "minutes"
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"


def list_figures(name: str, results: Results) -> Sequence[Figure]:
    """Return the figures of a row; none if it was never measured."""
    result = results.get(name)
    if result is None:
        return ()
    return result.figures


def describe_peer(figure: Figure) -> str:
    """Name what a figure was compared with, and its figure."""
    known = [text for text in (figure.line.against, figure.line.peer) if text]
    return ": ".join(known)


def describe_verdict(figure: Figure) -> str:
    """Say whether the goal was met; nothing if there is none."""
    match figure.line.met:
        case True:
            return "met"
        case False:
            return "**missed**"
        case None:
            return ""


def write_cells(cells: Sequence[str]) -> str:
    """Write a line of a table."""
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


class Citation(NamedTuple):
    """A figure that a page cites: `1.2 times as` is `1.2` and `×`."""

    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number} {self.unit}"


def find_citations(text: str) -> set[Citation]:
    """Return the times, sizes and ratios of a text."""
    found = set()
    for number, unit in FIGURE.findall(text):
        if unit == "times as":
            unit = "×"
        found.add(Citation(number.replace(",", ""), unit))
    return found


def is_confirmed(citation: Citation, measured: set[Citation]) -> bool:
    """Say whether a measured figure is the cited one, or rounds to it."""
    decimals = len(citation.number.partition(".")[2])
    same_unit = [figure.number for figure in measured if figure.unit == citation.unit]
    return citation.number in [f"{float(number):.{decimals}f}" for number in same_unit]


def is_bound_kept(bound: Citation, results: Results) -> bool:
    """Say whether all figures of the row `key` are below a bound."""
    for figure in list_figures("key", results):
        for measured in find_citations(figure.line.figure):
            if measured.unit != bound.unit or float(measured.number) >= float(bound.number):
                return False
    return True


def iterate_stale_citations(
    page: Path, rows: Sequence[Row], results: Results
) -> Iterator[Citation]:
    """Yield the figures of a page, outside of its code, that the table doesn't have."""
    measured = find_citations(write_table(rows, results))
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    for bound in BOUND.findall(text):
        if not is_bound_kept(Citation(*bound), results):
            yield Citation(*bound)

    text = BOUND.sub("", text)
    for citation in sorted(find_citations(text)):
        if not is_confirmed(citation, measured):
            yield citation
