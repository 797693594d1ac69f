"""Clicks with the mouse: what a widget does when it is clicked."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, runtime_checkable

from textual.geometry import Offset, Region

Clicked: TypeAlias = str | Callable[[], Awaitable[object]] | None
"""What a click does: it strikes a key, or does something else. None if there is nothing here."""


@runtime_checkable
class Clickable(Protocol):
    """A widget that says what a click does, and leaves doing it to the application.

    The application handles a click like a key: completely, before the next key or click. A widget
    that acted by itself, in its own turn, would do so after keys that were struck later.

        class Bell(Static):
            def find_clicked(self, at: Offset) -> Clicked:
                return "r" if at.y == 0 else None
    """

    @property
    def content_region(self) -> Region:
        """Where its content is on the screen; every widget has it."""

    def find_clicked(self, at: Offset) -> Clicked:
        """Find what a click does at a place, counted from the upper left corner of the content."""
