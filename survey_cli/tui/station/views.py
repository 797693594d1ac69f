"""Widgets of the station: the card of the case, its history, and the outcomes with their keys."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, assert_never

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station_views import CaseView, StationHistoryLine, StationView
from survey_cli.tui.widgets import styled
from survey_cli.tui.widgets.styled import SEPARATOR, clean, hang, style_text
from survey_cli.tui.widgets.terminal import strike_key

MAX_OTHER_NUMBERS: Final = 3
"""Numbers listed beside the current one."""
MAX_LINES: Final = 2
"""Lines that the sample's columns or a notice may take on the card."""
NUMBER_STATES: Final = {"dead": "dead", "never_call": "never to be called"}


def build_card(state: "CardState", view: CaseView, width: int) -> list[Content]:
    """Build the case in the rows there are; the sample's columns and other numbers give way first.

    Beside the side panel, what it shows is left out.
    """
    details = (
        ""
        if state.has_side
        else SEPARATOR.join(f"{label}: {text}" for label, text in view.details if text)
    )
    others = [] if state.has_side else _build_other_numbers(view)
    notice = [
        line.stylize("bold $warning")
        for line in _limit(style_text(f"» {view.notice}" if view.notice else ""), width)
    ]
    ranked = [
        (0, [_build_name(view, width)]),
        (1, notice),
        (4, _limit(style_text(details.replace("\n", " "), "$quiet"), width)),
        (0, _build_numbers(view, width)),
        (3, others),
        (0, build_clocks(view, width)),
        (1, _limit(_label("Appointment", view.appointment, "bold $warning"), width)),
        (0, _limit(_label("Ask for", view.ask_for, "bold"), width, 1)),
        (2, _limit(_label("Interview", view.interview_status), width, 1)),
    ]
    lines = [
        (rank, line.truncate(width, ellipsis=True))
        for rank, block in ranked
        for line in block
        if line
    ]
    while len(lines) > state.rows and (least := max(rank for rank, _ in lines)):
        del lines[max(n for n, (rank, _) in enumerate(lines) if rank == least)]
    return [line for _, line in lines]


def _label(label: str, text: str, style: str = "") -> Content:
    return (
        Content.assemble((f"{label}  ", "$quiet"), (clean(text).replace("\n", " "), style))
        if text
        else Content()
    )


def _limit(text: Content, width: int, most: int = MAX_LINES) -> list[Content]:
    """Wrap the text into at most so many lines, the last one ending in … where there was more."""
    lines = text.wrap(max(width, 4))
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], lines[most - 1].truncate(width - 1) + Content("…")]


def _build_name(view: station_views.CaseView, width: int) -> Content:
    key = f"  {view.key}" if view.key != view.name else ""
    name = Content.assemble((clean(view.name), "bold"), (clean(key), "$quiet"))
    return styled.spread(
        name, style_text(f"attempt {view.attempt} of {view.limit}", "$quiet"), width
    )


def _build_numbers(view: station_views.CaseView, width: int) -> list[Content]:
    """Build the number that is dialed, and why it may not be."""
    number = view.current_number
    if number is None:
        return [style_text("no number that can be dialed", "bold $error")]
    position = f"number {view.numbers.index(number) + 1} of {len(view.numbers)}"
    about = style_text(f"   {SEPARATOR.join([*describe_number(number), position])}", "$quiet")
    line = Content.assemble((clean(number.text), "bold $accent"), about)
    if view.has_open_call:
        line += style_text(f"{SEPARATOR}dialed", "bold")
    if not number.why_not:
        return [line]
    why = style_text(f"not now: {number.why_not}", "bold $error")
    return [line, *hang(style_text("! ", "bold $error"), why, width)[:2]]


def describe_number(number: station_views.StationNumber) -> list[str]:
    """Describe a number in words, itself left out: its line, how it is dialed, its state, its last outcome."""
    line = number.line if number.line != "unknown" else ""
    by_hand = "dial by hand" if number.by_hand else ""
    return [
        word
        for word in (line, by_hand, NUMBER_STATES.get(number.state, ""), number.outcome)
        if word
    ]


def _build_other_numbers(view: station_views.CaseView) -> list[Content]:
    others = [number for number in view.numbers if not number.current]
    words = [
        f"{number.text}   {SEPARATOR.join(describe_number(number))}"
        for number in others[:MAX_OTHER_NUMBERS]
    ]
    lines = [style_text(text, "$quiet") for text in words]
    if len(others) > MAX_OTHER_NUMBERS:
        lines.append(style_text(f"and {len(others) - MAX_OTHER_NUMBERS} more: n", "$quiet"))
    return lines


def build_clocks(view: station_views.CaseView, width: int) -> list[Content]:
    """Build both clocks, and until when the respondent may be called, in two lines where there is no room for one."""
    there, here = view.respondent_time, view.station_time
    if there is None:
        unknown = f"{SEPARATOR}their local time is not known"
        return [Content.assemble((f"{here:%H:%M} here", "bold"), (unknown, "$quiet"))]
    day = "%H:%M" if there.date() == here.date() else "%a %H:%M"
    until = (
        f"{SEPARATOR}call until {view.callable_until:%H:%M} there"
        if view.callable_until is not None
        else ""
    )
    clocks = Content.assemble((f"{there:{day}} there", "bold"), (f"   {here:{day}} here", ""))
    line = Content.assemble(clocks, (until, "$quiet"))
    return (
        [line]
        if line.cell_length <= width
        else [clocks, style_text(until.removeprefix(SEPARATOR), "$quiet")]
    )


def build_waiting(
    view: station_views.IdleView | station_views.BreakView | station_views.WrapUpView, width: int
) -> list[Content]:
    """Build what is waited for, and how long."""
    match view:
        case station_views.IdleView():
            heading = (
                "The study is paused" if view.study_is_paused else "Nobody can be called just now"
            )
            texts = [style_text(view.why[:1].upper() + view.why[1:])]
            if view.next_at is not None:
                when = format_time(view.next_at, view.station_time)
                texts.append(style_text(f"Next: {when}. The case appears automatically."))
        case station_views.BreakView():
            heading = f"On a break: {view.reason}" if view.reason else "On a break"
            texts = [style_text(f"Since {view.since:%H:%M}")]
            if view.station_time is not None:
                texts = [
                    Content.assemble(
                        (styled.format_duration(view.station_time - view.since), "bold"),
                        "   ",
                        texts[0],
                    )
                ]
        case station_views.WrapUpView():
            heading = f"{view.case}: {view.outcome}"
            left = max(view.until - view.station_time, timedelta())
            seconds = -(-left // timedelta(seconds=1))
            texts = [Content.assemble("The next case comes in ", (f"{seconds} s", "bold"))]
            texts.append(style_text("━" * min(seconds, width), "$accent"))
        case _:
            assert_never(view)
    clock = f"{view.station_time:%H:%M} here" if isinstance(view.station_time, datetime) else ""
    lines = [
        styled.spread(style_text(heading, "bold"), style_text(clock, "$quiet"), width),
        Content(),
    ]
    return [*lines, *(line for text in texts for line in text.wrap(max(width, 4)))]


def build_history(history: Iterable[station_views.StationHistoryLine], width: int) -> list[Content]:
    """Build what happened to the case, the oldest first: when, what, what was noted, by whom."""
    lines: list[Content] = []
    for entry in history:
        when = style_text(f"{format_time(entry.at)}  ", "$quiet")
        note, by = (
            f": {entry.note}" if entry.note else "",
            f"  {clean(entry.by)}" if entry.by else "",
        )
        text = Content.assemble(clean(entry.what), (clean(note), "italic $quiet"), (by, "$quiet"))
        lines += hang(when, text, width)
    return lines


def format_time(at: datetime, today: datetime | None = None) -> str:
    """Format a date and time: `Thu 26 Nov 14:10`; only `14:10` where it is today."""
    if today is not None and at.date() == today.date():
        return f"{at:%H:%M}"
    return f"{at:%a} {at.day:>2} {at:%b %H:%M}"


def format_appointment(appointment: station_views.StationAppointment) -> tuple[str, str, str]:
    """Return when an appointment is, with whom, and what else is known of it."""
    there, here = appointment.respondent_time, appointment.station_time
    words = (
        "LATE" if appointment.is_late else "",
        f"{there:%H:%M} there" if there.utcoffset() != here.utcoffset() else "",
        appointment.owner,
        f"ask for {appointment.person}" if appointment.person else "",
        appointment.note,
    )
    return format_time(here), appointment.name, ", ".join(word for word in words if word)


COLUMN_GAP: Final = 2
MAX_COLUMNS: Final = 3


class CardState(NamedTuple):
    """What the card shows."""

    view: StationView
    rows: int
    """Lines there is room for."""
    has_side: bool
    """The side panel is beside it."""


class CaseCard(styled.Lines[CardState]):
    """The case that is called, or what is waited for, beside a bar."""

    def show(self, state: CardState | None) -> None:
        self.set_class(state is not None and not isinstance(state.view, CaseView), "-own")
        super().show(state)

    def build_lines(self, state: CardState, width: int) -> list[Content]:
        return (
            build_card(state, state.view, width)
            if isinstance(state.view, CaseView)
            else build_waiting(state.view, width)
        )


class HistoryView(VerticalScroll):
    """The history of the case, its newest end in view; no higher than it needs."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(id="history", can_focus=False)
        self._changed = changed
        """Called where more or less of it can be seen."""
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


class GridState(NamedTuple):
    """The keys in the grid."""

    calls: Sequence[styled.KeyHint]
    """Those of the call, on the first line."""
    outcomes: Sequence[styled.KeyHint]
    """Those of the outcomes, under them."""
    is_apart: bool
    """An empty line is between them."""


class OutcomeGrid(styled.Lines[GridState]):
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
        return [
            *lines,
            *(
                self._build_line(outcomes[start : start + len(columns)], columns)
                for start in starts
            ),
        ]

    def _build_line(self, cells: Sequence[styled.KeyHint], widths: Sequence[int]) -> Content:
        start = 0
        places: list[tuple[int, int, str]] = []
        parts: list[Content] = []
        for cell, width in zip(cells, widths, strict=False):
            text = Content.assemble((f" {cell.key} ", styled.KEY_CAP), f" {clean(cell.label)}")
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


def _measure(cell: styled.KeyHint) -> int:
    return Content(f" {cell.key}  {clean(cell.label)}").cell_length


def _choose_columns(cells: Sequence[styled.KeyHint], width: int) -> list[int]:
    """Return the widths of as many columns as there is room for; of two at least, where labels are cut."""
    for count in range(MAX_COLUMNS, 1, -1):
        widths = [max(map(_measure, cells[n::count]), default=0) for n in range(count)]
        if sum(widths) + COLUMN_GAP * (count - 1) <= width:
            return widths
    return [(width - COLUMN_GAP) // 2] * 2
