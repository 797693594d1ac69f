"""Widgets of the station: the card of the case, its history, and the outcomes with their keys."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from survey_cli.sessions.station.station_protocol import CaseView, StationHistoryLine, StationView
from survey_cli.tui.station.case import build_card, build_history, build_waiting
from survey_cli.tui.widgets.terminal import strike_key
from survey_cli.tui.widgets.text import KEY_CAP, KeyHint, Lines, clean

COLUMN_GAP: Final = 2
MAX_COLUMNS: Final = 3


class CardState(NamedTuple):
    """What the card shows."""

    view: StationView
    rows: int
    """Lines there is room for."""
    has_side: bool
    """The side panel is beside it."""


class CaseCard(Lines[CardState]):
    """The case that is called, or what is waited for, beside a bar."""

    def __init__(self) -> None:
        super().__init__(id="card")

    def show(self, state: CardState | None) -> None:
        self.set_class(state is not None and not isinstance(state.view, CaseView), "-own")
        super().show(state)

    def build_lines(self, state: CardState, width: int) -> list[Content]:
        view, rows, has_side = state
        if isinstance(view, CaseView):
            return build_card(view, width, rows=rows, has_side=has_side)
        return build_waiting(view, width)


class HistoryLines(Lines[tuple[StationHistoryLine, ...]]):
    """Everything that happened to the case."""

    def __init__(self) -> None:
        super().__init__(id="history-lines")

    def build_lines(self, state: tuple[StationHistoryLine, ...], width: int) -> list[Content]:
        return build_history(state, width)


class HistoryView(VerticalScroll):
    """The history of the case, its newest end in view; no higher than it needs."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(id="history", can_focus=False)
        self._changed = changed
        """Called where more or less of it can be seen."""
        self.display = False
        self._lines = HistoryLines()

    def compose(self) -> ComposeResult:
        yield self._lines

    def on_mount(self) -> None:
        self.anchor()

    def show(self, history: tuple[StationHistoryLine, ...]) -> None:
        """Show this history."""
        if history != self._lines.state:
            self._lines.show(history)
            self._limit_height()
            self.anchor()
        self.display = bool(history)

    def on_resize(self) -> None:
        """Adapt the height to lines of another width, and the keys to what can be scrolled."""
        self._limit_height()
        self._changed()

    @property
    def has_more(self) -> bool:
        """Whether there is more of it than can be seen at once."""
        return 0 < self.size.height < self._lines.count_lines(self._lines.content_size.width)

    def _limit_height(self) -> None:
        width = self._lines.content_size.width
        self.styles.max_height = self._lines.count_lines(width) if width else None


class GridState(NamedTuple):
    """The keys in the grid."""

    calls: Sequence[KeyHint]
    """Those of the call, on the first line."""
    outcomes: Sequence[KeyHint]
    """Those of the outcomes, under them."""
    is_apart: bool
    """An empty line is between them."""


class OutcomeGrid(Lines[GridState]):
    """What begins a call, as far as there is room, and the outcomes that one key records; a click presses the key."""

    def __init__(self) -> None:
        super().__init__(id="outcomes")
        self._places: list[list[tuple[int, int, str]]] = []
        """For each line the keys on it: from which cell to which."""

    def build_lines(self, state: GridState, width: int) -> list[Content]:
        calls, outcomes, is_apart = state
        self._places = []
        while calls and sum(map(_measure, calls)) + COLUMN_GAP * (len(calls) - 1) > width:
            calls = calls[:-1]
        lines = [self._build_line(calls, [_measure(cell) for cell in calls])] if calls else []
        if lines and is_apart:
            lines.append(self._build_line((), ()))
        columns = _choose_columns(outcomes, width)
        starts = range(0, len(outcomes), len(columns))
        return [*lines, *(self._build_line(outcomes[start : start + len(columns)], columns) for start in starts)]

    def _build_line(self, cells: Sequence[KeyHint], widths: Sequence[int]) -> Content:
        start = 0
        places: list[tuple[int, int, str]] = []
        parts: list[Content] = []
        for cell, width in zip(cells, widths, strict=False):
            text = Content.assemble((f" {cell.key} ", KEY_CAP), f" {clean(cell.label)}")
            text = text.truncate(width, ellipsis=True)
            parts.append(text.pad_right(width - text.cell_length + COLUMN_GAP))
            places.append((start, start + text.cell_length, cell.key))
            start += width + COLUMN_GAP
        self._places.append(places)
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        x, y = event.get_content_offset_capture(self)
        for start, end, key in self._places[y] if 0 <= y < len(self._places) else ():
            if start <= x < end:
                strike_key(self.app, key, event.time)


def _measure(cell: KeyHint) -> int:
    return Content(f" {cell.key}  {clean(cell.label)}").cell_length


def _choose_columns(cells: Sequence[KeyHint], width: int) -> list[int]:
    """Return the widths of as many columns as there is room for; of two at least, where labels are cut."""
    for count in range(MAX_COLUMNS, 1, -1):
        widths = [max(map(_measure, cells[n::count]), default=0) for n in range(count)]
        if sum(widths) + COLUMN_GAP * (count - 1) <= width:
            return widths
    return [(width - COLUMN_GAP) // 2] * 2
