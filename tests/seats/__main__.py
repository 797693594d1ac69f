"""Measures every row of what seats in the browser must show: `python -m seats --scale 0.1 cuts`.

`cuts` stands for all rows whose names begin with it: `cuts-sqlite`, `cuts-postgresql` and so on.
Prints what was measured beside each goal, with the load of the machine. Ends with 1 if a promise
about data, doors or leaks is broken, and with 0 if only a time is missed.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable
from random import SystemRandom

from seats.attaching import measure_attaching
from seats.browser_cuts import measure_browser_cuts
from seats.burst import measure_burst
from seats.crowds import measure_crowds
from seats.cuts import measure_cuts
from seats.database_server import measure_database_server
from seats.full_disk import measure_full_disk
from seats.injecting import measure_injecting
from seats.installing import measure_installing
from seats.keys import measure_keys
from seats.row import Effort, Figure
from seats.sitting import measure_sitting
from seats.tested import measure_doors, measure_injection, measure_reading

ROWS: dict[str, Callable[[Effort], list[Figure]]] = {
    "installing": measure_installing,
    "cuts-sqlite": lambda effort: measure_cuts(effort, "sqlite"),
    "cuts-postgresql": lambda effort: measure_cuts(effort, "postgresql"),
    "cuts-chromium": measure_browser_cuts,
    "keys": measure_keys,
    "burst": measure_burst,
    "sitting": measure_sitting,
    "doors": measure_doors,
    "injection": lambda effort: [*measure_injection(effort), *measure_injecting(effort)],
    "postgresql": measure_database_server,
    "crowds": measure_crowds,
    "full-disk": measure_full_disk,
    "reading": measure_reading,
    "attaching": measure_attaching,
}
MOST_FINDINGS = 10


def main() -> int:
    options = argparse.ArgumentParser(prog="seats", description=__doc__)
    options.add_argument("rows", nargs="*", help=f"all by default: {', '.join(ROWS)}")
    options.add_argument("--scale", type=float, default=1.0, help="the share of the whole to do")
    options.add_argument("--seed", type=int, help="of all chances; printed if not given")
    given = options.parse_args()
    unknown = [name for name in given.rows if not find_rows(name)]
    if unknown:
        options.error(f"no such row: {', '.join(unknown)} — choose among {', '.join(ROWS)}")

    chosen = [row for name in given.rows for row in find_rows(name)]
    seed = given.seed if given.seed is not None else SystemRandom().randrange(10**6)
    effort = Effort(given.scale, seed)
    print(f"seats: seed {seed}, scale {given.scale:g}, {os.cpu_count()} processors", flush=True)
    figures = []
    for row in chosen or ROWS:
        figures += measure_row(row, effort)
    return report_verdict(figures)


def find_rows(name: str) -> list[str]:
    """Return the rows that a name stands for: one, or several whose names begin with it."""
    return [row for row in ROWS if row == name or row.startswith(f"{name}-")]


def measure_row(name: str, effort: Effort) -> list[Figure]:
    """Measure a row, and print its figures."""
    began = time.monotonic()
    try:
        figures = ROWS[name](effort)
    except Exception:
        findings = [traceback.format_exc()]
        figures = [
            Figure(
                goal="the row can be measured",
                measured="it failed",
                is_met=False,
                findings=findings,
            )
        ]

    load = os.getloadavg()[0]
    print(f"\n{name}: {time.monotonic() - began:.0f} s, load {load:.1f}")
    for figure in figures:
        print(f"  {describe_verdict(figure):<8}{figure.goal}")
        print(f"          {figure.measured}", flush=True)
        if not figure.is_met:
            for finding in figure.findings[:MOST_FINDINGS]:
                print(f"          ! {finding}", flush=True)
    return figures


def describe_verdict(figure: Figure) -> str:
    """Return one word for what a figure says."""
    if figure.is_met:
        return "met"
    return "BROKEN" if figure.is_promise else "missed"


def report_verdict(figures: list[Figure]) -> int:
    """Print what all figures together say; returns the exit code."""
    broken = [figure for figure in figures if not figure.is_met and figure.is_promise]
    missed = [figure for figure in figures if not figure.is_met and not figure.is_promise]
    print(
        f"\nseats: {len(figures)} goals, {len(broken)} promises broken, {len(missed)} times missed"
    )
    if missed and not broken:
        print("seats: only times are missed, which a busy machine may explain")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
