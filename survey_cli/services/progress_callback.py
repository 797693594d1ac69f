"""Progress reports at intervals while items are read."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")
REPORT_INTERVAL: Final = 200
"""Number of items between two reports."""


class ProgressReporter:
    """Counts items while they are read, in one iteration or several, and reports progress."""

    def __init__(self, progress: Callable[[int, int], None] | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, items: Iterable[T]) -> Iterator[T]:
        if self._progress is None:
            return iter(items)
        return self._count(items, self._progress)

    def _count(self, items: Iterable[T], progress: Callable[[int, int], None]) -> Iterator[T]:
        for item in items:
            self._done += 1
            if self._done % REPORT_INTERVAL == 0:
                progress(self._done, self._total)
            yield item
