"""The command `python -m benchmarks [ROW …]`, which is `make bench ROWS="…"`.

It measures all rows but those that run only by name, prints them, and writes each row's figures
into `benchmarks/results.json` and the pages. `--print` writes nothing. `list` prints what the rows
measure, `page` writes the pages without measuring.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from compileall import compile_dir
from functools import partial
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
    servers,
    stations,
    storing,
    watching,
)
from benchmarks.lines import Line, Row, format_lines
from benchmarks.measuring import Forked
from benchmarks.page import CITING, ROOT, iterate_stale_citations, write_pages
from benchmarks.results import observe_circumstances, read_results, update_row

ROWS: tuple[Row, ...] = (
    *screen.ROWS,
    *asking.ROWS,
    *storing.ROWS,
    *claiming.ROWS,
    *servers.ROWS,
    *stations.ROWS,
    *watching.ROWS,
    *fieldwork.ROWS,
    *migrating.ROWS,
    *quality.ROWS,
    *exporting.ROWS,
    *growing.ROWS,
)
"""In the order of the table."""
PRINT_ONLY = "--print"


def main(words: list[str]) -> int:
    """Do what the words of the command say, and return its exit status."""
    if words == ["list"]:
        print_rows()
        return 0
    if words == ["page"]:
        write_pages(ROWS, read_results())
        return 0

    is_written = PRINT_ONLY not in words
    words = [word for word in words if word != PRINT_ONLY]
    known = {row.name: row for row in ROWS}
    unknown = [word for word in words if word not in known]
    if unknown:
        names = ", ".join(unknown)
        print(
            f"benchmarks: {names}: no such row — choose among: {' '.join(known)}", file=sys.stderr
        )
        return 2

    if words:
        wanted = [known[word] for word in dict.fromkeys(words)]
    else:
        wanted = [row for row in ROWS if not row.by_name]
    try:
        return run_rows(wanted, is_written=is_written)
    except KeyboardInterrupt:
        kept = "the rows above are written" if is_written else "nothing is written"
        print(f"benchmarks: interrupted — {kept}", file=sys.stderr)
        return 130


def print_rows() -> None:
    """Print the name of every row, and what it measures."""
    for row in ROWS:
        remark = " (only by name)" if row.by_name else ""
        print(f"{row.name}{remark}: {row.explanation}")


def run_rows(rows: Sequence[Row], *, is_written: bool) -> int:
    """Measure the rows one after another, and write the figures of each when it has ended."""
    prepare_modules()
    around = observe_circumstances()
    print(f"{around.date} · {around.machine} · load {around.load} · Python {around.python}")
    if around.is_busy:
        print(
            "benchmarks: other programs are at work — wait for them, or expect worse figures",
            file=sys.stderr,
        )

    run_begun = perf_counter()
    missed = 0
    failed = []
    home = Path(mkdtemp(prefix="bench-"))
    try:
        for row in rows:
            begun = perf_counter()
            lines = measure_row(row, home)
            seconds = perf_counter() - begun
            if lines is None:
                failed.append(row.name)
                continue

            missed += sum(line.met is False for line in lines)
            print(f"\n{row.name} ({seconds:.0f} s)")
            print("\n".join(format_lines(lines)), flush=True)
            if is_written:
                update_row(row.name, lines, around, seconds=seconds)
                write_pages(ROWS, read_results())
    finally:
        shutil.rmtree(home, ignore_errors=True)

    if is_written:
        warn_of_stale_citations()
    print(f"\n{missed} missed, in {perf_counter() - run_begun:.0f} s")
    if failed:
        names = ", ".join(failed)
        print(f"benchmarks: {names}: failed — its earlier figures are kept", file=sys.stderr)
        return 1
    return 0


def warn_of_stale_citations() -> None:
    """Name the figures in other pages that the table doesn't have any more."""
    results = read_results()
    for page in CITING:
        stale = ", ".join(map(str, iterate_stale_citations(page, ROWS, results)))
        if stale:
            name = page.relative_to(ROOT)
            print(
                f"{name}: {stale}: not in the table any more — write its figures", file=sys.stderr
            )


def prepare_modules() -> None:
    """Compile our modules, as those of an installed program and of the peers' libraries are."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compile_dir(Path(__file__).parents[1] / "survey_cli", quiet=1)


def measure_row(row: Row, home: Path) -> list[Line] | None:
    """Measure a row in a folder and a process of its own; None if it failed.

    No row finds the memory full of another's objects.
    """
    folder = home / row.name
    folder.mkdir(mode=0o755)
    try:
        return Forked(partial(row.measure, folder)).result()
    except SystemExit:
        # The process has printed why.
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
