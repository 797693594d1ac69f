"""Progress bars on the terminal for what takes over a second; nothing in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress

SHOW_AFTER_SECONDS: Final = 1.0
"""Seconds before the bar is shown."""
PLAIN_INTERVAL_SECONDS: Final = 5.0
"""Seconds between two lines, where there is no terminal."""


@contextmanager
def show_progress(*, shown: bool = True) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback for the number read and the total; None without a terminal, or where `shown` is false."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    began = time.monotonic()
    bar: Progress | None = None

    def update(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            if time.monotonic() - began < SHOW_AFTER_SECONDS:
                return
            bar = _start_bar(total)
        bar.update(bar.task_ids[0], completed=done, total=total)

    try:
        yield update
    finally:
        if bar is not None:
            bar.stop()


@contextmanager
def show_day_progress() -> Iterator[Callable[[int, int, int], None]]:
    """Yield a callback for the days of simulated fieldwork done, the total, and the complete interviews.

    It shows a bar on the terminal, a line every few seconds elsewhere.
    """
    if sys.stderr.isatty():
        with show_progress() as progress:
            yield lambda done, days, complete: progress(done, days) if progress is not None else None
        return
    last = time.monotonic()

    def say(done: int, days: int, complete: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PLAIN_INTERVAL_SECONDS:
            last = time.monotonic()
            print(f"day {done} of {days}: {complete:,} complete", file=sys.stderr, flush=True)

    yield say


def _start_bar(total: int) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task("", total=total)
    bar.start()
    return bar
