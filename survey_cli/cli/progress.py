"""How far is it? A bar on the terminal for what takes over a second; nothing in a pipe, and nothing for what is quick."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE: Final = 1.0
"""Seconds before it is shown."""


@contextmanager
def reading_bar(*, shown: bool = True) -> Iterator[Callable[[int, int], None] | None]:
    """Hands out what is told how many of how many have been read; None where nobody looks, or `shown` is not."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    began = time.monotonic()
    bar: Progress | None = None

    def tell(done: int, whole: int) -> None:
        nonlocal bar
        if bar is None:
            if time.monotonic() - began < PATIENCE:
                return
            bar = _drawn(whole)
        bar.update(bar.task_ids[0], completed=done, total=whole)

    try:
        yield tell
    finally:
        if bar is not None:
            bar.stop()


def _drawn(whole: int) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task("", total=whole)
    bar.start()
    return bar
