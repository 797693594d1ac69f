"""Board of a supervisor: studies that are read again every few seconds, in five tabs; cases are changed from them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Sparkline, Static

from survey_cli.entries import to_ascii_digits
from survey_cli.fieldwork.case.activity import (
    ATTEMPTS,
    ATTEMPTS_ANSWERED,
    CALLS,
    COMPLETED,
    REFUSAL_SHARE,
)
from survey_cli.fieldwork.plan.plan import COUNTED, IN_PROGRESS
from survey_cli.fieldwork.queue.call_order import CALLABLE_NOW
from survey_cli.fieldwork.shifts import PAID_TIME, SHARE_ON_CASES
from survey_cli.problems import OutdatedError, UserError
from survey_cli.reports.fieldwork.pace import EXPECTED
from survey_cli.reports.fieldwork.rates import describe_main_rates
from survey_cli.reports.fieldwork.status import (
    AT_STATIONS,
    COMPLETE,
    DONE,
    PARKED,
    STATUSES_PARKED,
    STATUSES_WAITING,
    WAITING,
)
from survey_cli.text_width import measure_width
from survey_cli.tui.widgets import panel, styled
from survey_cli.tui.widgets.key_app import EDITING_KEYS, KeyApp, KeyScreen
from survey_cli.tui.widgets.styled import KeyHint, style_text
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.wording import format_quantity, format_work_time

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.cases import CaseLine
    from survey_cli.reports.fieldwork.status import FieldworkStatus, PersonLine
    from survey_cli.services.cases.case_actions import CaseChoices

REFRESH_SECONDS: Final = 5.0
"""Seconds from one reading to the next."""
MAX_SHARE: Final = 10
"""At most one part in so many of the time is spent on reading."""
TYPING_SECONDS: Final = 0.3
"""Cases are searched for when nothing was typed for so long."""
BAR_WIDTH: Final = 20
MIN_WIDTH: Final = 8
"""Cells of the last column of a table, at least."""
TAB_ACTIONS: Final = {
    "Overview": "m",
    "Cases": "oafg",
    "Quotas": "m",
    "People": "fm",
    "Appointments": "og",
}
"""The tabs, and the actions that each is used for."""
TABS: Final = tuple(TAB_ACTIONS)
TABS_OF_CASES: Final = (1, 3, 4)
KEYS: Final = (
    ("1 to 5", "the tabs; ← and → too"),
    ("↑ ↓ PgUp PgDn", "mark a line, or scroll"),
    ("Enter", "the case of the line, with its history"),
    ("Ctrl+P", "search all actions, themes"),
)
"""Keys besides those of the actions."""
ACTION_NAMES: Final = {"o": "outcome", "a": "answer", "f": "free", "g": "give", "m": "message"}
"""Actions as the bar of keys names them."""
OTHER_KEYS: Final = {
    "f1": "?",
    "f3": "/",
    "f5": "r",
    "f10": "q",
    "ctrl+c": "q",
    "k": "up",
    "j": "down",
}


class StudyBoard(Protocol):
    """One study of the board. Each method may take some time, and raises UserError."""

    @property
    def file(self) -> str:
        """The questionnaire."""

    def load(self) -> "FieldworkStatus":
        """Return the status of the fieldwork as of now."""

    def list_cases(self, text: str) -> "Sequence[CaseLine]":
        """Return the cases that match a text; without one, those that need attention and those changed last."""

    def list_choices(self) -> "CaseChoices":
        """Return the outcomes and people that can be chosen."""

    def show(self, key: str) -> Sequence[str]:
        """Return a case with its history as lines."""

    def explain(self, key: str) -> Sequence[str]:
        """Return why a case may or may not be called now, as lines."""

    def change(self, action: str, key: str, seen: int, value: str, reason: str) -> str:
        """Change a case: `outcome`, `answer`, `free` or `give`. Returns what was done, as text.

        Raises OutdatedError where it was changed after its event of the number `seen`.
        """

    def send(self, text: str, to: str) -> None:
        """Send a message to one person, or to everybody."""


class TableLine(NamedTuple):
    """One line of a table."""

    cells: tuple[str, ...]
    key: str = ""
    """The case that it is about."""
    person: str = ""
    seq: int = 0
    """Number of the case's events, as it is shown."""


class Listing(NamedTuple):
    """The table of a tab."""

    head: tuple[str, ...]
    lines: Sequence[TableLine]
    about: str
    """What is listed, above the table."""


class FilterPanel(panel.LinePanel):
    """The line in which cases are searched for while it is typed; ↑ ↓ mark a case."""

    change: Callable[[str], None]
    move: Callable[[str], None]

    async def press(self, key: str) -> None:
        if key in panel.SCROLLS[:4]:
            self.move(key)
            return
        if key == "escape":
            self.input.value = ""
        await super().press(key)
        self.change(self.input.value.strip())

    async def paste(self, text: str) -> None:
        await super().paste(text)
        self.change(self.input.value.strip())


class BoardScreen(KeyScreen):
    """The studies of a supervisor, one at a time."""

    named_keys = EDITING_KEYS | {*OTHER_KEYS, "ctrl+p"}

    def __init__(self, studies: Sequence[StudyBoard], refresh: Callable[[], None]) -> None:
        super().__init__()
        self.studies = studies
        self.at = self.tab = 0
        """The study and the tab that are shown."""
        self.statuses: Sequence[FieldworkStatus | str] = [""] * len(studies)
        """What was read of each study last; a text where it could not be read."""
        self.cases: Sequence[CaseLine] = ()
        self.filter = ""
        self._read_again = refresh
        self._listing: tuple[int, Listing] | None = None
        """The width and the table that is shown."""
        self.actions: dict[str, tuple[str, panel.Act]] = {
            "w": (
                "why the case may or may not be called now",
                lambda: self._open_lines("why", self.study.explain),
            ),
            "/": ("find cases: by key, name or number", self._open_filter),
            "o": ("correct the outcome of the case", lambda: self._open_choices("outcome")),
            "a": (
                "answer a case that was referred to the supervisor",
                lambda: self._ask_reason("answer", "answer"),
            ),
            "f": ("free the case from its station", self._ask_to_free),
            "g": (
                "give the appointment of the case to somebody else",
                lambda: self._open_choices("give"),
            ),
            "m": ("a message to everybody; in People to the marked person", self._open_message),
            "s": ("the next study", self._go_to_next_study),
            "r": ("read again now", self._refresh),
            "?": ("all keys", self._open_keys),
            "q": ("leave", self.leave),
        }

    def compose(self) -> ComposeResult:
        yield styled.Header()
        yield styled.TextView(id="tabs")
        yield styled.KeyBar()
        yield styled.TextView(id="board-message")
        yield Container(id="panels")
        with VerticalScroll(id="overview", can_focus=False):
            with Horizontal(id="boxes"):
                yield styled.TextView(id="progress")
                with Vertical(id="hours"):
                    yield Sparkline()
                    yield styled.TextView(id="hours-text")
                yield styled.TextView(id="sample")
            yield styled.TextView(id="details")
        with Vertical(id="listing"):
            yield styled.TextView(id="about")
            yield DataTable[Content](cursor_type="row", show_row_labels=False, cell_padding=0)
        yield Static(id="too-small", markup=False)

    async def start(self) -> None:
        self.table.can_focus = False

    @property
    def study(self) -> StudyBoard:
        return self.studies[self.at]

    @property
    def table(self) -> DataTable[Content]:
        return self.query_one(DataTable)

    @property
    def _marked(self) -> TableLine:
        """The marked line; an empty one where there is none."""
        row = self.table.cursor_row
        lines = self._listing[1].lines if self._listing is not None and self.tab else ()
        return lines[row] if 0 <= row < len(lines) else TableLine(())

    # Keys

    async def press(self, key: str, at: float) -> None:
        self.forget_messages()
        try:
            if self.panel is not None:
                await self.panel.press(key)
            else:
                await self._press(OTHER_KEYS.get(key, to_ascii_digits(key)))
        except UserError as error:
            self.refuse(str(error))

    async def _press(self, key: str) -> None:
        if key in self.actions:
            await self.actions[key][1]()
        elif key in tuple("12345"):
            self.tab = int(key) - 1
        elif key in ("left", "right", "tab", "shift+tab"):
            self.tab = (self.tab + (1 if key in ("right", "tab") else -1)) % len(TABS)
        elif key in panel.SCROLLS:
            self._move(key)
        elif key in ENTER:
            await self._open_lines("case", self.study.show)
        elif key == "ctrl+p":
            rows = [
                panel.Row((k, label), partial(self._press, k))
                for k, (label, _) in self.actions.items()
            ]
            await self.open_palette(rows)
        elif key == "escape" and self.filter:
            self._search("")
        else:
            self.refuse("1 to 5 show the tabs, F1 all keys")

    def _move(self, key: str, *, is_again: bool = False) -> None:
        if not self.tab:
            panel.scroll_by_key(self.query_one("#overview", VerticalScroll), key)
            return
        if (
            not self.table.size.height and not is_again
        ):  # just shown: it would scroll as if no row were visible
            self.call_after_refresh(self._move, key, is_again=True)
            return
        page, count = max(self.table.size.height - 1, 1), self.table.row_count
        by = {"up": -1, "down": 1, "pageup": -page, "pagedown": page, "home": -count, "end": count}[
            key
        ]
        self.table.move_cursor(row=min(max(self.table.cursor_row + by, 0), max(count - 1, 0)))

    async def _refresh(self) -> None:
        self._read_again()

    async def _go_to_next_study(self) -> None:
        if len(self.studies) == 1:
            self.refuse(
                "the board was started with one study: survey board A.yaml B.yaml shows several"
            )
        self.at = (self.at + 1) % len(self.studies)
        self.cases, self.filter, self._listing = (), "", None
        self.table.clear(columns=True)
        self._read_again()

    # Cases

    async def _open_filter(self) -> None:
        self.tab = 1
        line = FilterPanel(
            "find", "find: ", lambda _: self.close_panel(), text=self.filter, saves="keep it"
        )
        line.change, line.move = self._search, self._move
        await self.open_panel(line)

    def _search(self, text: str) -> None:
        """Search for cases once no more is typed."""
        if text != self.filter:
            self.filter = text
            self.run_worker(
                self._load_cases_later(), exclusive=True, group="cases", exit_on_error=False
            )

    async def _load_cases_later(self) -> None:
        await asyncio.sleep(TYPING_SECONDS)
        await self.load_cases()
        self.show()

    async def load_cases(self) -> None:
        """Read the cases of the list, unless another study or text is asked for meanwhile."""
        study, text = self.study, self.filter
        try:
            cases = await asyncio.to_thread(study.list_cases, text)
        except UserError:  # the status says why
            cases = ()
        if (study, text) == (self.study, self.filter):
            self.cases = cases

    def _require_case(self) -> TableLine:
        if not self._marked.key:
            raise UserError(
                "board", "no case is marked", "mark one in another tab: 2, 4 or 5, then ↑ ↓"
            )
        return self._marked

    async def _open_lines(
        self, what: str, read: Callable[[str], Sequence[str]], key: str = ""
    ) -> None:
        lines = await asyncio.to_thread(read, key or self._require_case().key)
        await self.open_panel(
            panel.TextPanel(what, Content("\n").join([style_text(line) for line in lines]))
        )

    async def _open_keys(self) -> None:
        shown = {"r": "r, F5", "q": "q, F10", "?": "F1"}
        actions = ((shown.get(key, key), does) for key, (does, _) in self.actions.items())
        rows = [f"| {key} | {styled.escape_markdown(does)} |" for key, does in (*KEYS, *actions)]
        await self.open_panel(panel.TextPanel("help", "\n".join(["| Key | |", "|---|---|", *rows])))

    async def _open_choices(self, action: str) -> None:
        """Open a list of outcomes, or of people."""
        case = self._require_case()
        choices = await asyncio.to_thread(self.study.list_choices)
        label, named = "outcome: ", [(name, outcome) for outcome, name in choices.outcomes]
        if action == "give":
            label, named = (
                "give the appointment to: ",
                [(name, name) for name in ("anyone", *choices.people)],
            )

        def choose(name: str, value: str) -> panel.Act:
            reason = partial(self._ask_reason, action, f"{label}{name}, because", value, case)
            return partial(self.close_and, reason)

        rows = [panel.Row((name,), choose(name, value), terms=value) for name, value in named]
        await self.open_panel(panel.ListPanel(action, f"{case.key}: {label}", rows, takes="choose"))

    async def _ask_reason(
        self, action: str, label: str, value: str = "", line: TableLine | None = None
    ) -> None:
        """Open the line of the reason; with one, the case is changed, and what went wrong leaves the line open.

        Where others have changed the case since it was shown, it is shown again instead.
        """
        case = line or self._require_case()

        async def change(reason: str) -> None:
            if not reason:
                self.refuse(
                    "every change needs a reason, which is stored in the history of the case"
                )
                return
            try:
                self.said = await asyncio.to_thread(
                    self.study.change, action, case.key, case.seq, value, reason
                )
                await self.close_panels()
            except OutdatedError as error:
                await self.close_panels()
                self.refuse(str(error))
                await self._open_lines("case", self.study.show, case.key)
                self.query_one(
                    "#panels VerticalScroll", VerticalScroll
                ).anchor()  # the events that were not seen
            self._read_again()

        await self.open_panel(panel.LinePanel("reason", f"{case.key}: {label}: ", change))

    async def _ask_to_free(self) -> None:
        """Open the line of the reason, unless no station had the case when the study was read."""
        case = self._require_case()
        status = self.statuses[self.at]
        if not isinstance(status, str) and all(
            lease.key != case.key for lease in status.data.leases
        ):
            raise UserError(f"case {case.key}", "no station has it", "w shows why it is not called")
        await self._ask_reason("free", "free it, because")

    async def _open_message(self) -> None:
        """Open the line of a message to the marked person, or to everybody."""
        person = self._marked.person

        async def send(text: str) -> None:
            await asyncio.to_thread(self.study.send, text, person)
            self.said = f"sent to {person or 'everybody'}: it is shown until the end of the day"
            await self.close_panel()

        await self.open_panel(
            panel.LinePanel(
                "message", f"message to {person or 'everybody'}: ", send, saves="send it"
            )
        )

    # What is shown

    def show(self) -> None:
        status = self.statuses[self.at]
        message = (
            style_text(f"! {self.why}", "bold $error")
            if self.why
            else style_text(self.said, "$success")
        )
        self.query_one("#board-message", styled.TextView).show(message)
        tabs = [
            Content.assemble(
                (f"{n} ", "bold $code"), (name, "bold underline" if n == self.tab + 1 else "$quiet")
            )
            for n, name in enumerate(TABS, 1)
        ]
        self.query_one("#tabs", styled.TextView).show(Content("   ").join(tabs))
        self.query_one("#overview").display = not self.tab
        self.query_one("#listing").display = bool(self.tab)
        hints = [
            KeyHint("1…5", "tabs", 4, "right"),
            KeyHint("↑ ↓", "mark" if self.tab else "scroll", 5, "down"),
        ]
        if self.tab in TABS_OF_CASES:
            hints += [
                KeyHint("Enter", "case", press="enter"),
                KeyHint("w", "why", 3),
                KeyHint("/", "find", 3),
            ]
        hints += [KeyHint(key, ACTION_NAMES[key], 1) for key in TAB_ACTIONS[TABS[self.tab]]]
        more = [KeyHint("s", "next study", 2)] if len(self.studies) > 1 else []
        self.show_keys([*hints, *more, KeyHint("F1", "keys"), KeyHint("q", "leave")])
        if isinstance(status, str):
            header = styled.HeaderState(self.study.file, TABS[self.tab], "")
            for name in ("#details", "#about"):
                self.query_one(name, styled.TextView).show(
                    style_text(status or "reading …", "bold")
                )
        else:
            listings = (self._list_cases, _list_quotas, _list_people, _list_appointments)
            stations = format_quantity(len(status.data.leases), "station")
            done = (
                status.progress.complete / status.progress.target if status.progress.target else 0.0
            )
            header = styled.HeaderState(
                status.study, TABS[self.tab], f"{status.as_of} · {stations}", done
            )
            self._show_overview(status) if not self.tab else self._show_listing(
                listings[self.tab - 1](status)
            )
        self.query_one(styled.Header).show(header)

    def _show_overview(self, status: "FieldworkStatus") -> None:
        hours = [hour.complete for hour in status.hours]
        self.query_one(Sparkline).data = hours
        # a single bar is always full: without another hour to compare with, it is a solid block
        self.query_one(Sparkline).display = any(hours) and len(hours) > 1
        parts = {
            "progress": _build_progress(status),
            "hours-text": _build_hours(status),
            "sample": _build_sample(status),
            "details": styled.join_sections((self._build_studies(), *_build_details(status))),
        }
        for name, content in parts.items():
            self.query_one(f"#{name}", styled.TextView).show(content)

    def _build_studies(self) -> Content:
        """Build a line for each study, where there are several."""
        rows = []
        for n, status in enumerate(self.statuses if len(self.statuses) > 1 else ()):
            mark = f"{styled.HERE if n == self.at else ' '} "
            if isinstance(status, str):
                rows.append((f"{mark}{self.studies[n].file}", status))
                continue
            target = f" of {status.progress.target:,}" if status.progress.target else ""
            alerts = f" · {format_quantity(len(status.alerts), 'alert')}" if status.alerts else ""
            complete = f"{status.progress.complete:,}{target} {COMPLETE.name}"
            words = f"{complete} · {status.callable_now:,} {CALLABLE_NOW.name}{alerts}"
            rows.append((f"{mark}{status.study}", words))
        return styled.build_section(
            "Studies", styled.build_table(rows, self.app.size.width - 8, "bold")
        )

    def _show_listing(self, listing: Listing) -> None:
        """Show a table; the marked line stays at its case where there is still one."""
        self.query_one("#about", styled.TextView).show(style_text(listing.about, "$quiet"))
        state = (self.table.size.width or self.app.size.width - 6, listing)
        if state == self._listing:
            return
        is_same_table = self._listing is not None and self._listing[1].head == listing.head
        marked, row = (self._marked.key, self.table.cursor_row) if is_same_table else ("", 0)
        self._listing = state
        self.table.clear(columns=True)
        columns = [
            cells
            for cells in zip(listing.head, *(line.cells for line in listing.lines), strict=True)
            if any(cells[1:])
        ]
        room = state[0] - 2
        headings = [column[0] for column in columns]
        natural_width = sum(max(measure_width(cell) for cell in column) + 1 for column in columns)
        if natural_width > room:
            headings = [_break_heading(heading) for heading in headings]
            columns = [
                (_find_longest_line(heading), *column[1:])
                for heading, column in zip(headings, columns, strict=True)
            ]
        self.table.header_height = 1 + any("\n" in heading for heading in headings)
        widths = panel.measure_columns(list(zip(*columns, strict=True)), room)
        longest = max(
            (measure_width(cell) for column in columns[-1:] for cell in column), default=0
        )
        widths.append(min(longest, max(room - sum(widths) - len(widths), MIN_WIDTH)))
        for heading, width in zip(headings, widths, strict=False):
            self.table.add_column(heading, width=width + 1)
        for cells in zip(*(column[1:] for column in columns), strict=True):
            words = zip(cells, widths, strict=False)
            self.table.add_row(
                *(
                    style_text(cell.replace("\n", " ")).truncate(w, ellipsis=True)
                    for cell, w in words
                )
            )
        keys = [line.key for line in listing.lines]
        self.table.move_cursor(
            row=keys.index(marked) if marked and marked in keys else min(row, max(len(keys) - 1, 0))
        )

    def _list_cases(self, status: "FieldworkStatus") -> Listing:
        lines = []
        for case in self.cases:
            due = ""
            if case.due_at is not None:
                at = case.due_at.astimezone(status.data.day_began.tzinfo)
                is_today = at.date() == status.data.day_began.date()
                due = f"{at:%H:%M}" if is_today else f"{at:%d %b %H:%M}"
            name = case.name if case.name != case.key else ""
            why = case.with_whom or case.why
            cells = (case.key, name, case.name_status(), case.outcome, str(case.attempts), due, why)
            lines.append(TableLine(cells, case.key, seq=case.seq))
        found = (
            f"{format_quantity(len(lines), 'case')} with “{self.filter}”; Esc shows the others"
            if self.filter
            else ""
        )
        about = found or "Waiting for a supervisor, at stations, changed last, others; / finds more"
        return Listing(
            ("case", "name", "status", "outcome", ATTEMPTS.name, "due", "why"), lines, about
        )


# Overview


def _build_progress(status: "FieldworkStatus") -> Content:
    progress, people = status.progress, status.people
    contacts, sessions = (
        sum(getattr(person, name) for person in people) for name in ("reached", "sessions")
    )
    refusals = sum(person.refusals for person in people)
    conclusive = sum(person.conclusive_contacts for person in people)
    target = f" of {progress.target:,}" if progress.target else ""
    answered = f"{ATTEMPTS_ANSWERED.name} {_share(contacts, sessions)}"
    refused = f"{REFUSAL_SHARE.name} {_share(refusals, conclusive)}"
    return styled.join_lines(
        (
            style_text("Completes", "$quiet"),
            Content.assemble(
                (f"{progress.complete:,}", "bold"), target, f", {progress.today:,} today"
            ),
            style_text(f"{progress.yesterday:,} yesterday"),
            style_text(f"{progress.partial:,} partial"),
            style_text(f"{answered}, {refused}"),
            style_text(status.pace.describe() if status.pace is not None else "", "$quiet"),
        )
    )


def _build_hours(status: "FieldworkStatus") -> Content:
    hours = status.hours
    if not any(hour.complete for hour in hours):
        return style_text("Completes per hour: none today", "$quiet")
    counts = " ".join(str(hour.complete) for hour in hours)
    words = f"Completes per hour from {hours[0].began:%H:%M} to {hours[-1].began + timedelta(hours=1):%H:%M}: "
    return Content.assemble((words, "$quiet"), counts)


def _build_sample(status: "FieldworkStatus") -> Content:
    numbers = (
        (CALLABLE_NOW, status.callable_now),
        (WAITING, status.count_cases(STATUSES_WAITING)),
        (PARKED, status.count_cases(STATUSES_PARKED)),
        (AT_STATIONS, status.count_cases({"leased"})),
        (DONE, status.count_cases({"done"})),
    )
    lines = [
        Content.assemble(f"{figure.name} ", (f"{number:,}", "bold")) for figure, number in numbers
    ]
    return styled.join_lines([style_text("Sample", "$quiet"), *lines])


def _build_details(status: "FieldworkStatus") -> list[Content]:
    """Build what needs attention, and the cases by their status and last outcome."""
    alerts = [style_text(f"! {alert}", "bold $warning") for alert in status.alerts]
    statuses = [(f"{line.cases:,}", line.what) for line in status.statuses]
    outcomes = [(f"{line.cases:,}", f"{line.name}, {line.done:,} done") for line in status.outcomes]
    parts = [
        (
            f"{d.attempts:,}",
            f"{ATTEMPTS.name} {d.daypart}, {ATTEMPTS_ANSWERED.name} {_share(d.reached, d.attempts)}",
        )
        for d in status.dayparts
    ]
    return [
        Content("\n").join([style_text(line) for line in describe_main_rates(status.data.rates)]),
        styled.build_section("Needs attention", alerts or [style_text("nothing")]),
        *(
            styled.build_section(title, styled.build_table(rows, 100, "bold"))
            for title, rows in (
                ("Cases", statuses),
                ("Last outcomes", outcomes),
                ("Parts of the day", parts),
            )
        ),
    ]


def _share(part: int, base: int) -> str:
    return f"{part / base:.0%}" if base else "–"


# Other tabs


def _list_quotas(status: "FieldworkStatus") -> Listing:
    """List the quota cells, with the interviews to expect in each."""
    pace = status.pace
    lines = []
    has_expected = False
    for cell in status.cells:
        done = min(cell.taken / cell.target, 1.0) if cell.target else 1.0
        bar = "━" * round(done * BAR_WIDTH) + "─" * (BAR_WIDTH - round(done * BAR_WIDTH))
        state = "soft" if cell.soft else ""
        if cell.closed:
            state = "full" if cell.taken >= cell.target else "closed"
        expected = ""
        if pace is not None and cell.cell in pace.expected_by_cell:
            expected = f"{pace.expected_by_cell[cell.cell]:,}"
            has_expected = True
        figures = (f"{cell.taken:,}", f"{cell.held:,}", f"{cell.target:,}", f"{done:.0%}")
        lines.append(TableLine((cell.label, bar, *figures, expected, state)))
    about = "No quotas"
    if lines:
        about = "Counted: places taken. In progress: places held."
        if has_expected:
            about += " Expected: by the last day of calling, at the cell's pace of the last days, up to its target"
    return Listing(
        ("cell", "", COUNTED.name, IN_PROGRESS.name, "target", "", EXPECTED.name, ""), lines, about
    )


def _list_people(status: "FieldworkStatus") -> Listing:
    lines = [_build_person(status, person) for person in status.people_today]
    about = "Today: case or break, since when, calls, and shares; survey explain FIGURE defines each of them"
    head = (
        "person", "case", "since", CALLS.name, COMPLETED.name, ATTEMPTS_ANSWERED.name, REFUSAL_SHARE.name,
        SHARE_ON_CASES.name, "idle", PAID_TIME.name,
    )  # fmt: skip
    return Listing(head, lines, about if lines else "Nobody has called today")


def _build_person(status: "FieldworkStatus", person: "PersonLine") -> TableLine:
    work = person.work
    case = person.case
    shift = person.at_work
    what, began = _describe_occupation(person)
    if shift is not None and shift.silent_since is not None:
        since = shift.silent_since.astimezone(status.data.day_began.tzinfo)
        what = ", ".join(filter(None, (what, f"no sign since {since:%H:%M}")))
    cells = (
        work.name,
        what,
        format_work_time(status.data.at - began) if began is not None else "",
        f"{work.calls:,}",
        f"{work.complete:,}",
        _share(work.reached, work.sessions),
        _share(work.refusals, work.conclusive_contacts),
        f"{person.on_cases:.0%}" if person.on_cases is not None else "–",
        format_work_time(person.idle) if person.idle is not None else "",
        format_work_time(shift.paid) if shift is not None else "",
    )
    key, seq = (case.key, case.seq) if case is not None else ("", 0)
    return TableLine(cells, key, work.name, seq)


def _break_heading(heading: str) -> str:
    """Break a heading of several words into two lines, as narrow as possible."""
    words = heading.split()
    broken = [f"{' '.join(words[:n])}\n{' '.join(words[n:])}" for n in range(1, len(words))]
    return min(broken, key=lambda lines: measure_width(_find_longest_line(lines)), default=heading)


def _find_longest_line(text: str) -> str:
    return max(text.split("\n"), key=measure_width)


def _describe_occupation(person: "PersonLine") -> tuple[str, datetime | None]:
    """Return the case that a person has, or the break that the person is on, and since when."""
    case = person.case
    shift = person.at_work
    if shift is not None and not shift.is_calling:
        return shift.state, shift.since
    if case is not None:
        return case.key, case.since
    return "", shift.since if shift is not None else None


def _list_appointments(status: "FieldworkStatus") -> Listing:
    """List the appointments that were missed, and those of today and tomorrow, with their number in each hour."""
    today = status.data.day_began.date()
    tomorrow = today + timedelta(days=1)
    listed = [
        appointment
        for appointment in status.data.appointments
        if appointment.starts.date() <= tomorrow
    ]
    lines = []
    for each in listed:
        day = f"{each.starts:%a} " if each.starts.date() != today else ""
        state = "tomorrow" if each.starts.date() == tomorrow else each.state
        when = f"{day}{each.starts:%H:%M}–{each.ends:%H:%M}"
        cells = (
            state,
            when,
            each.key,
            each.language,
            each.respondent_time,
            each.zone,
            each.owner or "anybody",
        )
        lines.append(TableLine(cells, each.key, seq=each.seq))
    hours = Counter(f"{each.starts:%a %H}:00" for each in listed if each.state != "missed")
    about = "  ".join(
        (
            f"{format_quantity(len(listed), 'appointment')}: missed, today and tomorrow",
            *(f"{hour}: {n}" for hour, n in hours.items()),
        )
    )
    return Listing(("", "here", "case", "language", "there", "zone", "owner"), lines, about)


class BoardApp(KeyApp):
    """The board, as long as it is looked at."""

    def __init__(self, studies: Sequence[StudyBoard], theme: str = "") -> None:
        super().__init__(lambda: BoardScreen(studies, self._due.set), theme)
        self._studies = studies
        self._due = asyncio.Event()

    @property
    def board(self) -> BoardScreen:
        screen = self.screen_stack[0]
        assert isinstance(screen, BoardScreen)
        return screen

    def start(self) -> None:
        self.run_worker(self._follow(), exit_on_error=False)

    async def _follow(self) -> None:
        """Read, show, wait; keys are handled meanwhile."""
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            self._due.clear()
            board = self.board
            try:
                statuses = [await asyncio.to_thread(self._load, study) for study in self._studies]
                await board.load_cases()
            except Exception as error:
                self.failure = error
                self.exit()
                return
            board.statuses = statuses
            board.show()
            try:
                await asyncio.wait_for(
                    self._due.wait(), max(REFRESH_SECONDS, MAX_SHARE * (clock() - started))
                )
            except TimeoutError:
                continue

    @staticmethod
    def _load(study: StudyBoard) -> "FieldworkStatus | str":
        try:
            return study.load()
        except UserError as error:
            return "\n".join(str(problem) for problem in (*error.problems, error))
