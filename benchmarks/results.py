"""The file of figures, `benchmarks/results.json`, with where and when each was measured.

The lines of a row are written when the row has ended, so that an interrupted run leaves only
figures that were measured.
"""

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.lines import Line

FILE: Final = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Where and when something was measured."""

    date: str
    machine: str
    python: str
    load: float | None = None
    """Other programs at work when the run began, as the system's load average; None if unknown."""

    @property
    def is_busy(self) -> bool:
        """Whether other programs had more to do than the processors could take."""
        cores = re.search(r"(\d+) cores$", self.machine)
        return self.load is not None and cores is not None and self.load > int(cores[1])

    @property
    def place(self) -> str:
        """The machine, and its load if it was busy."""
        if self.is_busy:
            return f"{self.machine}, load {self.load:.0f}"
        return self.machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A line that was measured, and its circumstances."""

    line: Line
    circumstances: Circumstances


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """The figures of a row, and how long it took to measure them."""

    seconds: float | None
    """None if that isn't known."""
    figures: tuple[Figure, ...]


Results = Mapping[str, RowResult]
"""By the name of the row."""


def read_results(file: Path = FILE) -> dict[str, RowResult]:
    """Read the figures of all rows; none if the file doesn't exist."""
    if not file.exists():
        return {}

    rows = json.loads(file.read_text(encoding="utf-8"))
    return {name: _read_row(row) for name, row in rows.items()}


def _read_row(row: dict[str, Any]) -> RowResult:
    line_fields = {field.name for field in fields(Line)}
    figures = []
    for entry in row["figures"]:
        own = {name: value for name, value in entry.items() if name in line_fields}
        around = {name: value for name, value in entry.items() if name not in line_fields}
        figures.append(Figure(line=Line(**own), circumstances=Circumstances(**around)))
    return RowResult(seconds=row["seconds"], figures=tuple(figures))


def update_row(
    name: str,
    lines: Sequence[Line],
    circumstances: Circumstances,
    *,
    seconds: float,
    file: Path = FILE,
) -> None:
    """Replace the figures of one row in the file.

    A line that couldn't be measured here keeps the figure that it has.
    """
    if all(line.missing for line in lines):
        return

    results = read_results(file)
    earlier: dict[str, Figure] = {}
    if name in results:
        earlier = {figure.line.what: figure for figure in results[name].figures}

    figures = []
    for line in lines:
        if not line.missing:
            figures.append(Figure(line=line, circumstances=circumstances))
        elif line.what in earlier:
            figures.append(earlier[line.what])

    results[name] = RowResult(seconds=round(seconds, 1), figures=tuple(figures))
    write_results(results, file)


def write_results(results: Results, file: Path = FILE) -> None:
    """Write the file anew, in one step."""
    rows = {}
    for name, row in results.items():
        entries = [_describe(figure) for figure in row.figures]
        rows[name] = {"seconds": row.seconds, "figures": entries}

    text = json.dumps(rows, ensure_ascii=False, indent=1)
    replace_text(file, f"{text}\n")


def _describe(figure: Figure) -> dict[str, Any]:
    """Only what says something: empty texts and missing values are left out."""
    values = {**asdict(figure.line), **asdict(figure.circumstances)}
    return {name: value for name, value in values.items() if value not in ("", None)}


def replace_text(file: Path, text: str) -> None:
    """Write a text file so that it is never seen half written."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def observe_circumstances() -> Circumstances:
    """Describe this machine, this Python, and this moment."""
    return Circumstances(
        date=f"{datetime.now().astimezone():%Y-%m-%d}",
        machine=f"{find_processor()}, {os.cpu_count()} cores",
        python=platform.python_version(),
        load=round(os.getloadavg()[0], 1),
    )


def find_processor() -> str:
    """Name the processor without its marks of trade: `Intel Xeon`."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        text = info.read_text(encoding="utf-8", errors="replace")
        model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
        if model is not None:
            name = model[1]

    without_marks = re.sub(r"\((?:R|TM)\)|\bProcessor\b|\bCPU\b|@.*", "", name)
    return " ".join(without_marks.split())
