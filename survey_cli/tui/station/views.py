"""Widgets of the station: the card of the case, its history, and the outcomes with their keys."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Offset

from survey_cli.sessions.lines import station_lines
from survey_cli.sessions.lines.line import Line, Role
from survey_cli.sessions.station.station_views import (
    BreakView,
    CaseView,
    IdleView,
    StationAppointment,
    StationHistoryLine,
    StationView,
    WrapUpView,
)
from survey_cli.text_width import fit, measure_width
from survey_cli.tui.widgets import drawing, styled
from survey_cli.tui.widgets.clicks import Clicked
from survey_cli.tui.widgets.styled import SEPARATOR, clean, hang, style_text

MAX_OTHER_NUMBERS: Final = 3
"""Numbers listed beside the current one."""
MAX_LINES: Final = 2
"""Lines that the sample's columns or a notice may take on the card."""
RANKS: Final = {
    (Role.CASE,): 0,
    (Role.NOTICE,): 1,
    (Role.FACT,): 4,
    (Role.NUMBER, Role.DIALED_NUMBER): 0,
    (Role.OTHER_NUMBER, Role.CLOSED_NUMBER): 3,
    (Role.CLOCK,): 0,
    (Role.APPOINTMENT,): 1,
    (Role.PERSON,): 0,
    (Role.INTERVIEW,): 2,
}
"""What the card shows, in this order. If there is no room, the highest rank goes first; 0 stays."""
OTHER_NUMBERS: Final = (Role.OTHER_NUMBER, Role.CLOSED_NUMBER)
NUMBERS: Final = (Role.NUMBER, Role.DIALED_NUMBER, *OTHER_NUMBERS)
LEFT_TO_SIDE: Final = (Role.FACT, *OTHER_NUMBERS)
"""What the card leaves out if the side panel shows it."""


def build_card(state: "CardState", view: CaseView, width: int) -> list[Content]:
    """Build the case in the rows there are; columns of the sample and other numbers go first."""
    lines = station_lines.build_case_lines(view)
    drawn: list[tuple[int, Content]] = []
    for roles, rank in RANKS.items():
        group = [line for line in lines if line.role in roles]
        if state.has_side:
            group = [line for line in group if line.role not in LEFT_TO_SIDE]
        if group:
            contents = _draw_group(group, width, numbers=len(view.numbers))
            drawn += [(rank, each.truncate(width, ellipsis=True)) for each in contents if each]

    while len(drawn) > state.rows:
        lowest = max(rank for rank, _ in drawn)
        if lowest == 0:
            break
        last = max(place for place, (rank, _) in enumerate(drawn) if rank == lowest)
        del drawn[last]
    return [content for _, content in drawn]


def _draw_group(group: list[Line], width: int, *, numbers: int) -> list[Content]:
    """Draw lines that belong together on the card; `numbers` is how many numbers the case has."""
    line = group[0]
    match line.role:
        case Role.CASE:
            return [_draw_name(line, width)]
        case Role.NOTICE:
            text = style_text(f"» {line.plain_text}")
            return [part.stylize("bold $warning") for part in _limit(text, width)]
        case Role.FACT:
            facts = SEPARATOR.join([f"{fact.label}: {fact.plain_text}" for fact in group])
            return _limit(style_text(facts.replace("\n", " "), "$quiet"), width)
        case Role.NUMBER | Role.DIALED_NUMBER:
            return _draw_number(line, width, numbers=numbers)
        case Role.OTHER_NUMBER | Role.CLOSED_NUMBER:
            return _draw_other_numbers(group)
        case Role.CLOCK:
            return draw_clocks(line, width)
        case Role.APPOINTMENT:
            return _limit(_draw_labeled(line, "bold $warning"), width)
        case Role.PERSON:
            return _limit(_draw_labeled(line, "bold"), width, 1)
        case _:
            return _limit(_draw_labeled(line), width, 1)


def _draw_labeled(line: Line, style: str = "") -> Content:
    text = clean(line.plain_text).replace("\n", " ")
    return Content.assemble((f"{line.label}  ", "$quiet"), (text, style))


def _limit(text: Content, width: int, most: int = MAX_LINES) -> list[Content]:
    """Wrap the text into at most so many lines; if there was more, … ends the last one."""
    lines = text.wrap(max(width, 4))
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], lines[most - 1].truncate(width - 1) + Content("…")]


def _draw_name(line: Line, width: int) -> Content:
    name = style_text(line.plain_text, "bold")
    if line.key:
        name += style_text(f"  {line.key}", "$quiet")
    return styled.spread(name, style_text(line.note, "$quiet"), width)


def _draw_number(line: Line, width: int, *, numbers: int) -> list[Content]:
    """Draw the number that is dialed, and why it may not be."""
    if not line.key:
        return [style_text(line.plain_text, "bold $error")]

    remarks = list(line.remarks)
    dialed = Content()
    if line.role is Role.DIALED_NUMBER:
        dialed = style_text(f"{SEPARATOR}{remarks.pop()}", "bold")
    remarks.append(f"number {line.key} of {numbers}")
    about = style_text(f"   {SEPARATOR.join(remarks)}", "$quiet")
    drawn = style_text(line.plain_text, "bold $accent") + about + dialed
    if not line.note:
        return [drawn]
    why = style_text(line.note, "bold $error")
    return [drawn, *hang(style_text("! ", "bold $error"), why, width)[:2]]


def _draw_other_numbers(group: list[Line]) -> list[Content]:
    lines = []
    for line in group[:MAX_OTHER_NUMBERS]:
        text = f"{line.plain_text}   {SEPARATOR.join(line.remarks)}"
        lines.append(style_text(text, "$quiet"))
    if len(group) > MAX_OTHER_NUMBERS:
        lines.append(style_text(f"and {len(group) - MAX_OTHER_NUMBERS} more: n", "$quiet"))
    return lines


def draw_clocks(line: Line, width: int) -> list[Content]:
    """Draw both clocks, and until when a call is allowed; on two lines if one is too short."""
    clocks = style_text(line.plain_text, "bold")
    for remark in line.remarks:
        clocks += style_text(f"   {remark}")
    if not line.note:
        return [clocks]
    whole = clocks + style_text(f"{SEPARATOR}{line.note}", "$quiet")
    if whole.cell_length <= width or not line.remarks:
        return [whole]
    return [clocks, style_text(line.note, "$quiet")]


def build_waiting(view: IdleView | BreakView | WrapUpView, width: int) -> list[Content]:
    """Build what is waited for, and how long."""
    lines = station_lines.build_view_lines(view)
    heading = lines[0]
    texts = [_draw_waiting(line, view) for line in lines if line.role is Role.FACT]
    if heading.label:
        reason = heading.plain_text
        texts.insert(0, style_text(reason[:1].upper() + reason[1:]))
    if isinstance(view, WrapUpView):
        texts += _draw_countdown(view, width)

    clock = f"{view.station_time:%H:%M} here" if view.station_time is not None else ""
    title = style_text(heading.label or heading.plain_text, "bold")
    drawn = [styled.spread(title, style_text(clock, "$quiet"), width), Content()]
    for text in texts:
        drawn += text.wrap(max(width, 4))
    return drawn


def _draw_waiting(line: Line, view: IdleView | BreakView | WrapUpView) -> Content:
    """Draw when it goes on, or since when it doesn't."""
    text = drawing.draw_labeled(line)
    if isinstance(view, IdleView):
        return text + ". The case appears automatically."
    if isinstance(view, BreakView) and view.station_time is not None:
        duration = styled.format_duration(view.station_time - view.since)
        return style_text(duration, "bold") + "   " + text
    return text


def _draw_countdown(view: WrapUpView, width: int) -> list[Content]:
    left = max(view.until - view.station_time, timedelta())
    seconds = -(-left // timedelta(seconds=1))
    return [
        Content.assemble("The next case comes in ", (f"{seconds} s", "bold")),
        style_text("━" * min(seconds, width), "$accent"),
    ]


def build_history(history: Iterable[StationHistoryLine], width: int) -> list[Content]:
    """Build what happened to the case, the oldest first: when, what, what was noted, by whom."""
    drawn: list[Content] = []
    for past in history:
        line = station_lines.build_history_line(past)
        text = style_text(line.plain_text)
        if line.note:
            text += style_text(f": {line.note}", "italic $quiet")
        first = style_text(f"{line.label}  ", "$quiet")
        names = style_text("".join([f"  {remark}" for remark in line.remarks]), "$quiet")
        drawn += _hang_with_end(first, text, names, width)
    return drawn


def _hang_with_end(first: Content, text: Content, end: Content, width: int) -> list[Content]:
    """Wrap a text behind `first`, with `end` on its last line.

    If `end` doesn't fit there, the last word of the text goes with it to a line of their own.
    """
    lines = hang(first, text, width)
    if not end:
        return lines
    last = lines[-1].rstrip()
    if last.cell_length + end.cell_length <= width:
        return [*lines[:-1], last + end]

    words_begin = first.cell_length  # cells, and characters too: it is a time
    last_word = last.plain.rfind(" ") + 1
    indent = Content(" " * words_begin)
    if last_word <= words_begin:  # only one word is on it
        return [*lines[:-1], last, (indent + end).truncate(width, ellipsis=True)]
    ending = (indent + last[last_word:] + end).truncate(width, ellipsis=True)
    return [*lines[:-1], last[:last_word].rstrip(), ending]


def format_appointment(appointment: StationAppointment) -> tuple[str, str, str]:
    """Return when an appointment is, with whom, and what else is known of it."""
    line = station_lines.build_callback_line(appointment)
    parts = ["LATE"] if line.role is Role.LATE_CALLBACK else []
    parts += line.remarks
    if line.note:
        parts.append(line.note)
    return line.label, line.plain_text, ", ".join(parts)


COLUMN_GAP: Final = 2
COLUMNS: Final = 2
"""Columns of outcomes."""
HEADING_GAP: Final = 1


class CardState(NamedTuple):
    """What the card shows."""

    view: StationView
    rows: int
    """Lines there is room for."""
    has_side: bool
    """The side panel is beside it."""


class CaseCard(styled.Lines[CardState]):
    """The case that is called, or what is waited for."""

    def build_lines(self, state: CardState, width: int) -> list[Content]:
        if isinstance(state.view, CaseView):
            return build_card(state, state.view, width)
        return build_waiting(state.view, width)


class HistoryView(VerticalScroll):
    """The history of the case, its newest end in view; no higher than it needs."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(id="history", can_focus=False)
        self._changed = changed
        """Called when more or less of it can be seen."""
        self.display = False
        self._lines: styled.Lines[tuple[StationHistoryLine, ...]] = styled.Lines(
            id="history-lines", build=build_history
        )

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


class KeyGroup(NamedTuple):
    """Keys under one heading."""

    heading: str
    keys: tuple[styled.KeyHint, ...]


class GridState(NamedTuple):
    """The keys in the grid."""

    calls: Sequence[styled.KeyHint]
    """Those of the call, on the first line."""
    outcomes: Sequence[KeyGroup]
    """Those of the outcomes, under them."""
    is_apart: bool
    """An empty line is between them."""


class OutcomeGrid(styled.Lines[GridState]):
    """What begins a call, and the outcomes with a key, grouped; a click presses the key.

    The headings of the groups stand before their first keys. If the labels of the keys would have
    to be cut for them, the headings are left out, and the groups begin new lines.
    """

    def __init__(self) -> None:
        super().__init__(id="outcomes")
        self._places: list[list[tuple[int, int, str]]] = []
        """For each line the keys on it: from which cell to which."""

    def build_lines(self, state: GridState, width: int) -> list[Content]:
        self._places = []
        lines = []
        calls = _select_fitting(state.calls, width)
        if calls:
            lines.append(self._build_line(Content(), calls, [_measure(cell) for cell in calls]))
            if state.is_apart:
                lines.append(self._build_line(Content(), (), ()))

        headings = max((measure_width(group.heading) for group in state.outcomes), default=0)
        indent = headings + HEADING_GAP
        columns = _find_columns(state.outcomes, width - indent)
        if columns is None:
            indent = 0
            columns = _find_columns(state.outcomes, width) or _cut_columns(width)
        for group in state.outcomes:
            lines += self._build_group(group, columns, indent)
        return lines

    def _build_group(self, group: KeyGroup, columns: Sequence[int], indent: int) -> list[Content]:
        """Build the lines of a group; without room for headings, `indent` is 0."""
        heading = Content()
        if indent:
            heading = style_text(fit(clean(group.heading), indent), "$quiet")

        lines = []
        for start in range(0, len(group.keys), len(columns)):
            cells = group.keys[start : start + len(columns)]
            lines.append(self._build_line(heading, cells, columns))
            heading = Content(" " * indent)
        return lines

    def _build_line(
        self, heading: Content, cells: Sequence[styled.KeyHint], widths: Sequence[int]
    ) -> Content:
        start = heading.cell_length
        places: list[tuple[int, int, str]] = []
        parts = [heading]
        for cell, width in zip(cells, widths, strict=False):
            text = Content.assemble((f" {cell.key} ", styled.KEY_CAP), f" {clean(cell.label)}")
            text = text.truncate(width, ellipsis=True)
            parts.append(text.pad_right(width - text.cell_length + COLUMN_GAP))
            places.append((start, start + text.cell_length, cell.key))
            start += width + COLUMN_GAP
        self._places.append(places)
        return Content("").join(parts)

    def find_clicked(self, at: Offset) -> Clicked:
        """Find the key that was clicked."""
        if not 0 <= at.y < len(self._places):
            return None
        for start, end, key in self._places[at.y]:
            if start <= at.x < end:
                return key
        return None


def _measure(cell: styled.KeyHint) -> int:
    return Content(f" {cell.key}  {clean(cell.label)}").cell_length


def _select_fitting(cells: Sequence[styled.KeyHint], width: int) -> Sequence[styled.KeyHint]:
    """Return the first cells that fit on one line."""
    needed = 0
    for place, cell in enumerate(cells):
        needed += _measure(cell)
        if needed > width:
            return cells[:place]
        needed += COLUMN_GAP
    return cells


def _find_columns(groups: Sequence[KeyGroup], width: int) -> list[int] | None:
    """Return the widths of two columns of keys; None if they don't fit."""
    widths = []
    for column in range(COLUMNS):
        cells = [cell for group in groups for cell in group.keys[column::COLUMNS]]
        widths.append(max(map(_measure, cells), default=0))

    if sum(widths) + COLUMN_GAP * (COLUMNS - 1) > width:
        return None
    return widths


def _cut_columns(width: int) -> list[int]:
    """Return the widths of columns in which labels are cut."""
    return [(width - COLUMN_GAP) // COLUMNS] * COLUMNS
