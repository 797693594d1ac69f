"""Progress reports at intervals while items are read."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")
REPORT_INTERVAL: Final = 200
"""Number of items between two reports."""


class ProgressReporter:
    """Counts items while they are read, in one iteration or several, and reports progress."""

    def __init__(self, tell: Callable[[int, int], None] | None, whole: int) -> None:
        self._tell, self._whole, self._done = tell, whole, 0

    def __call__(self, things: Iterable[T]) -> Iterator[T]:
        if self._tell is None:
            return iter(things)
        return self._counted(things, self._tell)

    def _counted(self, things: Iterable[T], tell: Callable[[int, int], None]) -> Iterator[T]:
        for thing in things:
            self._done += 1
            if self._done % REPORT_INTERVAL == 0:
                tell(self._done, self._whole)
            yield thing
