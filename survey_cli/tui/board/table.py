"""Table of the board: a listing whose columns fit the width, and the marked line."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual.content import Content
from textual.widgets import DataTable

from survey_cli.text_width import measure_width
from survey_cli.tui.board.listings import Listing, TableLine
from survey_cli.tui.widgets.panel import count_step, measure_columns
from survey_cli.tui.widgets.styled import MARGIN, style_text

MIN_WIDTH: Final = 8
"""Cells of the last column, at least."""


class _ShownListing(NamedTuple):
    """A listing, and the width for which it is shown."""

    width: int
    listing: Listing


class ListingTable(DataTable[Content]):
    """One listing after another; the marked line stays at its case."""

    def __init__(self) -> None:
        super().__init__(cursor_type="row", show_row_labels=False, cell_padding=0)
        # the screen has the keys
        self.can_focus = False
        self._shown: _ShownListing | None = None

    @property
    def marked(self) -> TableLine:
        """The marked line; an empty one if there isn't one."""
        row = self.cursor_row
        if self._shown is None or not 0 <= row < len(self._shown.listing.lines):
            return TableLine(())
        return self._shown.listing.lines[row]

    def move(self, key: str, *, is_again: bool = False) -> None:
        """Move the mark by one of the keys of `SCROLLS`."""
        if not self.size.height and not is_again:
            # It was shown just now: it would scroll as if no row were visible.
            self.screen.call_after_refresh(self.move, key, is_again=True)
            return
        page = max(self.size.height - 1, 1)
        last = max(self.row_count - 1, 0)
        row = self.cursor_row + count_step(key, page, self.row_count)
        self.move_cursor(row=min(max(row, 0), last))

    def forget(self) -> None:
        """Forget the listing: that of another study follows."""
        self._shown = None
        self.clear(columns=True)

    def show(self, listing: Listing) -> None:
        """Show a listing. The mark stays at its case, or in its row if the case is gone."""
        # before the first layout the table has no width yet
        width = self.size.width or self.app.size.width - 2 * MARGIN
        before = self._shown
        if before == (width, listing):
            return

        marked = ""
        row = 0
        if before is not None and before.listing.head == listing.head:
            marked = self.marked.key
            row = self.cursor_row
        self._shown = _ShownListing(width, listing)
        self.clear(columns=True)
        self._fill(listing, width - 2)

        keys = [line.key for line in listing.lines]
        if marked and marked in keys:
            row = keys.index(marked)
        last = max(len(keys) - 1, 0)
        self.move_cursor(row=min(row, last))

    def _fill(self, listing: Listing, room: int) -> None:
        """Add the columns of a listing that have a text, and its rows."""
        columns: list[tuple[str, ...]] = []
        for head, *cells in zip(listing.head, *(line.cells for line in listing.lines), strict=True):
            if any(cells):
                columns.append((head, *cells))

        headings = [column[0] for column in columns]
        natural_width = sum(_measure_column(column) + 1 for column in columns)
        if natural_width > room:
            # A heading of two lines takes less room, and only its longer line counts for the width.
            headings = [_break_heading(heading) for heading in headings]
            columns = [
                (_find_longest_line(heading), *column[1:])
                for heading, column in zip(headings, columns, strict=True)
            ]
        has_two_lines = any("\n" in heading for heading in headings)
        self.header_height = 2 if has_two_lines else 1

        widths = _measure_widths(columns, room)
        for heading, width in zip(headings, widths, strict=True):
            self.add_column(heading, width=width + 1)
        for row in zip(*(column[1:] for column in columns), strict=True):
            texts = []
            for cell, width in zip(row, widths, strict=True):
                text = style_text(cell.replace("\n", " "))
                texts.append(text.truncate(width, ellipsis=True))
            self.add_row(*texts)


def _measure_widths(columns: Sequence[tuple[str, ...]], room: int) -> list[int]:
    """Return the widths of the columns; the last one has what the others leave."""
    if not columns:
        return []
    widths = measure_columns(list(zip(*columns, strict=True)), room)
    left = room - sum(widths) - len(widths)
    widths.append(min(_measure_column(columns[-1]), max(left, MIN_WIDTH)))
    return widths


def _measure_column(cells: Sequence[str]) -> int:
    return max(measure_width(cell) for cell in cells)


def _break_heading(heading: str) -> str:
    """Break a heading of several words into two lines, as narrow as possible."""
    words = heading.split()
    broken = []
    for count in range(1, len(words)):
        first = " ".join(words[:count])
        second = " ".join(words[count:])
        broken.append(f"{first}\n{second}")
    return min(broken, key=_measure_longest_line, default=heading)


def _measure_longest_line(text: str) -> int:
    return measure_width(_find_longest_line(text))


def _find_longest_line(text: str) -> str:
    return max(text.split("\n"), key=measure_width)
