"""`make bench`, or `python -m benchmarks [ROW …]`: every goal measured, one table out. `list` names the rows."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Mapping
from compileall import compile_dir
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter

from benchmarks import (
    asking,
    claiming,
    exporting,
    fieldwork,
    growing,
    migrating,
    quality,
    screen,
    seats,
    servers,
    storing,
    watching,
)
from benchmarks.measuring import Forked, Line

GROUPS: Mapping[str, Mapping[str, Callable[[Path], list[Line]]]] = {
    "Interviewer's screen": screen.ROWS,
    "Instrument and engine": asking.ROWS,
    "Store": {**storing.ROWS, **claiming.ROWS, **servers.ROWS, **seats.ROWS, **watching.ROWS},
    "Fieldwork": {**fieldwork.ROWS, **migrating.ROWS, **quality.ROWS},
    "Data out and in": {**exporting.ROWS, **growing.ROWS},
}
BY_NAME = frozenset({"watch", "growth-interviews"})
"""Rows that take minutes, and are run only where they are named."""
LIBRARIES = ("survey-cli", "textual", "pydantic", "PyYAML", "typer", "sqlite-utils", "rich")


def header() -> list[str]:
    """When, on what, with what."""
    processor = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            processor = next((s.partition(":")[2].strip() for s in file if s.startswith("model name")), processor)
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"{datetime.now().astimezone():%Y-%m-%d %H:%M %z} · {platform.system()} {platform.release()} · {processor} · "
        f"{os.cpu_count()} cores · load {os.getloadavg()[0]:.1f}",
        f"{platform.python_implementation()} {platform.python_version()} · SQLite {sqlite3.sqlite_version} · {libraries}",
    ]


def table(group: str, lines: list[Line]) -> list[str]:
    """The lines of one group in columns."""
    cells = [
        (
            line.what,
            line.ours if line.ours != line.shown else "",
            f"{line.theirs}  {line.against}".strip() if line.theirs else line.against,
            line.shown,
            line.goal,
            "" if line.met is None else "met" if line.met else "MISSED",
        )
        for line in lines
    ]
    head = (group, "seen", "against", "result", "goal", "")
    rows = [head, *cells]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def main(wanted: list[str]) -> int:
    known = {name: row for rows in GROUPS.values() for name, row in rows.items()}
    if "list" in wanted:
        print(" ".join(known))
        return 0
    if strange := [name for name in wanted if name not in known]:
        print(
            f"benchmarks: no row is called {', '.join(strange)} — there are: {' '.join(known)}",
            file=sys.stderr,
        )
        return 2
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # installed programs are compiled: so are ours and the peers
    compile_dir(Path(__file__).parent.parent / "survey_cli", quiet=1)
    print("\n".join(header()))
    begun = perf_counter()
    missed = 0
    for group, rows in GROUPS.items():
        lines: list[Line] = []
        for name, row in rows.items():
            if name not in wanted and (wanted or name in BY_NAME):
                continue
            folder = Path(mkdtemp(prefix=f"bench-{name}-"))
            if sys.stderr.isatty():
                print(f"\r\x1b[K{name} …", end="", file=sys.stderr, flush=True)
            try:
                lines += Forked(partial(row, folder)).result()  # no row finds the memory full of another's objects
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        if lines:
            print("\n" + "\n".join(table(group, lines)), flush=True)
            missed += sum(line.met is False for line in lines)
    print(f"\n{missed} missed, in {perf_counter() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
