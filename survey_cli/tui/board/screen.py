"""Screen of the board: five tabs of one study at a time, and what keys do with the marked case."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Sparkline, Static

from survey_cli.entries import to_ascii_digits
from survey_cli.problems import OutdatedError, UserError
from survey_cli.tui.board import listings, overview
from survey_cli.tui.board.listings import Listing, TableLine
from survey_cli.tui.board.table import ListingTable
from survey_cli.tui.widgets import panel, styled
from survey_cli.tui.widgets.key_app import EDITING_KEYS, KeyApp, KeyScreen
from survey_cli.tui.widgets.styled import KeyHint, style_text
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.fieldwork.help_calls import HelpCall
    from survey_cli.reports.fieldwork.cases import CaseLine
    from survey_cli.reports.fieldwork.status import FieldworkStatus
    from survey_cli.services.cases.case_actions import CaseChoices

REFRESH_SECONDS: Final = 5.0
"""Seconds from one reading to the next."""
WAIT_FACTOR: Final = 10
"""The wait after a reading is at least so many times as long as the reading took."""
HELP_SECONDS: Final = 1.0
"""Seconds from one look for calls for help to the next."""
HELP_WAIT_FACTOR: Final = 3
"""As `WAIT_FACTOR`, for calls for help, which somebody waits for."""
MOST_HELP_CALLS: Final = 3
"""Calls for help that are shown in full."""
TYPING_SECONDS: Final = 0.3
"""Cases are searched for when nothing was typed for so long."""


class Tab(Enum):
    """A tab of the board, by its title."""

    OVERVIEW = "Overview"
    CASES = "Cases"
    QUOTAS = "Quotas"
    PEOPLE = "People"
    APPOINTMENTS = "Appointments"


TABS: Final = tuple(Tab)
TAB_ACTIONS: Final = {
    Tab.OVERVIEW: "m",
    Tab.CASES: "oafg",
    Tab.QUOTAS: "m",
    Tab.PEOPLE: "fm",
    Tab.APPOINTMENTS: "og",
}
"""The actions that each tab is used for."""
TABS_OF_CASES: Final = (Tab.CASES, Tab.PEOPLE, Tab.APPOINTMENTS)
"""Tabs whose lines are about a case."""
TAB_KEYS: Final = "12345"
KEYS: Final = (
    ("1 to 5", "the tabs; ← and → too"),
    ("↑ ↓ PgUp PgDn", "mark a line, or scroll"),
    ("Enter", "the case of the line, with its history"),
    ("Ctrl+P", "search all actions, themes"),
)
"""Keys besides those of the actions."""
ACTION_NAMES: Final = {
    "h": "help",
    "o": "outcome",
    "a": "answer",
    "f": "free",
    "g": "give",
    "m": "message",
}
"""Actions as the bar of keys names them."""
PRINTED_KEYS: Final = {"r": "r, F5", "q": "q, F10", "?": "F1"}
"""Keys of actions as the help names them, if not as they are."""
OTHER_KEYS: Final = {
    "f1": "?",
    "f3": "/",
    "f5": "r",
    "f10": "q",
    "ctrl+c": "q",
    "k": "up",
    "j": "down",
}
"""Keys that do the same as others."""


class StudyBoard(Protocol):
    """One study of the board. Each method may take some time, and raises UserError.

    The methods are called on threads. A board without changes, for a demonstration:

        class FixedStudy:
            file = "demo.yaml"

            def to_local(self, at: datetime) -> datetime:
                return at.astimezone()

            def __init__(self, status: FieldworkStatus, cases: Sequence[CaseLine]) -> None:
                self._status = status
                self._cases = cases

            def load(self) -> FieldworkStatus:
                return self._status

            def list_help_calls(self) -> Sequence[HelpCall]:
                return []

            def list_cases(self, text: str) -> Sequence[CaseLine]:
                return [case for case in self._cases if text in case.key]

            def show(self, key: str) -> Sequence[str]:
                return [f"case {key}"]

            ...  # the other methods raise UserError("demo.yaml", "nothing can be changed")
    """

    @property
    def file(self) -> str:
        """The questionnaire."""

    def to_local(self, at: datetime) -> datetime:
        """Convert a time to the viewer's clock."""

    def load(self) -> "FieldworkStatus":
        """Return the status of the fieldwork as of now."""

    def list_help_calls(self) -> "Sequence[HelpCall]":
        """Return the calls for help, answered ones too, the oldest first."""

    def list_cases(self, text: str) -> "Sequence[CaseLine]":
        """Return the cases that match a text.

        Without a text, return those that need attention and those changed last.
        """

    def list_choices(self) -> "CaseChoices":
        """Return the outcomes and people that can be chosen."""

    def show(self, key: str) -> Sequence[str]:
        """Return a case with its history as lines."""

    def explain(self, key: str) -> Sequence[str]:
        """Return why a case may or may not be called now, as lines."""

    def change(self, action: str, key: str, seen: int, value: str, reason: str) -> str:
        """Change a case: `outcome`, `answer`, `free` or `give`. Return what was done, as text.

        Raises OutdatedError if it was changed after its event of the number `seen`.
        """

    def send(self, text: str, to: str) -> None:
        """Send a message to one person, or to everybody if `to` is empty."""


class FilterPanel(panel.LinePanel):
    """The line in which cases are searched for while it is typed; ↑ ↓ mark a case."""

    change: Callable[[str], None]
    move: Callable[[str], None]

    async def press(self, key: str) -> None:
        if key in ("up", "down", "pageup", "pagedown"):
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
        self.at = 0
        """The number of the study that is shown."""
        self.tab = Tab.OVERVIEW
        """The tab that is shown."""
        self.statuses: Sequence[FieldworkStatus | str] = [""] * len(studies)
        """What was read of each study last; a text if it could not be read."""
        self.help_calls: Sequence[Sequence[HelpCall]] = [()] * len(studies)
        """The calls for help of each study."""
        self.cases: Sequence[CaseLine] = ()
        """The cases of the list."""
        self.filter = ""
        """The text with which they were searched."""
        self._read_again = refresh
        self.actions: dict[str, tuple[str, panel.Act]] = {
            "w": (
                "why the case may or may not be called now",
                lambda: self._open_case("why", self.study.explain),
            ),
            "/": ("find cases: by key, name or number", self._open_filter),
            "o": ("correct the outcome of the case", self._choose_outcome),
            "a": (
                "answer a case that was referred to the supervisor",
                lambda: self._ask_reason(self._require_case(), "answer", "answer"),
            ),
            "f": ("free the case from its station", self._ask_to_free),
            "g": ("give the appointment of the case to somebody else", self._choose_person),
            "h": ("answer the oldest call for help, with a message", self._answer_help_call),
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
        yield styled.TextView(id="help-calls")
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
            yield ListingTable()
        yield Static(id="too-small", markup=False)

    @property
    def study(self) -> StudyBoard:
        return self.studies[self.at]

    @property
    def table(self) -> ListingTable:
        return self.query_one(ListingTable)

    @property
    def _marked(self) -> TableLine:
        """The marked line; an empty one if there isn't one."""
        if self.tab is Tab.OVERVIEW:
            return TableLine(())
        return self.table.marked

    # Keys

    async def press(self, key: str, at: float) -> None:
        self.forget_messages()
        if self.panel is not None:
            await self.panel.press(key)
        else:
            await self._press(OTHER_KEYS.get(key, to_ascii_digits(key)))

    async def _press(self, key: str) -> None:
        if key in self.actions:
            _, act = self.actions[key]
            await act()
        elif key in tuple(TAB_KEYS):
            self.tab = TABS[int(key) - 1]
        elif key in ("right", "tab"):
            self._turn(1)
        elif key in ("left", "shift+tab"):
            self._turn(-1)
        elif key in panel.SCROLLS:
            self._move(key)
        elif key in ENTER:
            await self._open_case("case", self.study.show)
        elif key == "ctrl+p":
            rows = [
                panel.Row((action_key, label), partial(self._press, action_key))
                for action_key, (label, _) in self.actions.items()
            ]
            await self.open_palette(rows)
        elif key == "escape" and self.filter:
            self._search("")
        else:
            self.refuse("1 to 5 show the tabs, F1 all keys")

    def _turn(self, by: int) -> None:
        """Show the tab before or after this one; after the last comes the first."""
        number = (TABS.index(self.tab) + by) % len(TABS)
        self.tab = TABS[number]

    def _move(self, key: str) -> None:
        if self.tab is Tab.OVERVIEW:
            panel.scroll_by_key(self.query_one("#overview", VerticalScroll), key)
        else:
            self.table.move(key)

    async def _refresh(self) -> None:
        self._read_again()

    async def _go_to_next_study(self) -> None:
        if len(self.studies) == 1:
            self.refuse(
                "the board was started with one study: survey board A.yaml B.yaml shows several"
            )
            return
        self.at = (self.at + 1) % len(self.studies)
        self.cases = ()
        self.filter = ""
        self.table.forget()
        self._read_again()

    # Cases

    async def _open_filter(self) -> None:
        self.tab = Tab.CASES
        line = FilterPanel(
            "find", "find: ", lambda _: self.close_panel(), text=self.filter, saves="keep it"
        )
        line.change = self._search
        line.move = self._move
        await self.open_panel(line)

    def _search(self, text: str) -> None:
        """Search for cases once no more is typed."""
        if text == self.filter:
            return
        self.filter = text
        # an exclusive worker ends the one before it, which still waits or reads
        self.run_worker(
            self._load_cases_later(), exclusive=True, group="cases", exit_on_error=False
        )

    async def _load_cases_later(self) -> None:
        await asyncio.sleep(TYPING_SECONDS)
        await self.load_cases()
        self.show()

    async def load_cases(self) -> None:
        """Read the cases of the list, unless another study or text is asked for meanwhile."""
        study = self.study
        text = self.filter
        try:
            cases = await asyncio.to_thread(study.list_cases, text)
        except UserError:
            # reading the status fails for the same reason, and the screen shows it
            cases = ()
        if study is self.study and text == self.filter:
            self.cases = cases

    def _require_case(self) -> TableLine:
        if not self._marked.key:
            raise UserError(
                "board", "no case is marked", "mark one in another tab: 2, 4 or 5, then ↑ ↓"
            )
        return self._marked

    async def _open_case(self, what: str, read: Callable[[str], Sequence[str]]) -> None:
        """Open what is read about the marked case."""
        await self._open_lines(what, read, self._require_case().key)

    async def _open_lines(self, what: str, read: Callable[[str], Sequence[str]], key: str) -> None:
        lines = await asyncio.to_thread(read, key)
        text = Content("\n").join([style_text(line) for line in lines])
        await self.open_panel(panel.TextPanel(what, text))

    async def _open_keys(self) -> None:
        rows = ["| Key | |", "|---|---|"]
        rows += [f"| {key} | {styled.escape_markdown(label)} |" for key, label in KEYS]
        for key, (label, _) in self.actions.items():
            printed = PRINTED_KEYS.get(key, key)
            rows.append(f"| {printed} | {styled.escape_markdown(label)} |")
        await self.open_panel(panel.TextPanel("help", "\n".join(rows)))

    async def _choose_outcome(self) -> None:
        case = self._require_case()
        choices = await asyncio.to_thread(self.study.list_choices)
        names = dict(choices.outcomes)
        await self._open_choices(case, "outcome", "outcome: ", names)

    async def _choose_person(self) -> None:
        case = self._require_case()
        choices = await asyncio.to_thread(self.study.list_choices)
        names = {person: person for person in ("anyone", *choices.people)}
        await self._open_choices(case, "give", "give the appointment to: ", names)

    async def _open_choices(
        self, case: TableLine, action: str, label: str, names: dict[str, str]
    ) -> None:
        """Open a list of values with their names; after the choice, the reason is asked for."""
        rows = []
        for value, name in names.items():
            reason_label = f"{label}{name}, because"
            ask = partial(self._ask_reason, case, action, reason_label, value)
            rows.append(panel.Row((name,), partial(self.close_and, ask), terms=value))
        await self.open_panel(panel.ListPanel(action, f"{case.key}: {label}", rows, takes="choose"))

    async def _ask_reason(self, case: TableLine, action: str, label: str, value: str = "") -> None:
        """Open the line of the reason, and change the case when it is given.

        If the change fails, the line stays open.
        """

        async def change(reason: str) -> None:
            if not reason:
                self.refuse(
                    "every change needs a reason, which is stored in the history of the case"
                )
                return
            try:
                done = await asyncio.to_thread(
                    self.study.change, action, case.key, case.seq, value, reason
                )
            except OutdatedError as error:
                await self.close_panels()
                await self._show_changed(case, error)
            else:
                self.said = done
                await self.close_panels()
            self._read_again()

        await self.open_panel(panel.LinePanel("reason", f"{case.key}: {label}: ", change))

    async def _show_changed(self, case: TableLine, error: OutdatedError) -> None:
        """Show a case that others have changed since it was read."""
        self.refuse(str(error))
        await self._open_lines("case", self.study.show, case.key)
        # the events that were not seen are at the end
        self.query_one("#panels VerticalScroll", VerticalScroll).anchor()

    async def _ask_to_free(self) -> None:
        """Open the line of the reason, unless no station had the case when the study was read."""
        case = self._require_case()
        status = self.statuses[self.at]
        if not isinstance(status, str):
            at_stations = {lease.key for lease in status.data.leases}
            if case.key not in at_stations:
                raise UserError(
                    f"case {case.key}", "no station has it", "w shows why it is not called"
                )
        await self._ask_reason(case, "free", "free it, because")

    async def _open_message(self) -> None:
        """Open the line of a message to the marked person, or to everybody."""
        person = self._marked.person
        recipient = person or "everybody"

        async def send(text: str) -> None:
            await asyncio.to_thread(self.study.send, text, person)
            self.said = f"sent to {recipient}: it is shown until the end of the day"
            await self.close_panel()

        label = f"message to {recipient}: "
        await self.open_panel(panel.LinePanel("message", label, send, saves="send it"))

    async def _answer_help_call(self) -> None:
        """Open the line of a message to the person who has waited longest."""
        waiting = []
        for study, calls in zip(self.studies, self.help_calls, strict=True):
            waiting += [(call.since, call.person, study) for call in calls if call.is_open]
        if not waiting:
            self.refuse("nobody calls for help")
            return
        _, person, study = min(waiting, key=lambda call: call[0])

        async def send(text: str) -> None:
            await asyncio.to_thread(study.send, text, person)
            self.said = f"sent to {person}, whose call for help is answered"
            await self.close_panel()
            self._read_again()

        label = f"answer to {person}: "
        await self.open_panel(panel.LinePanel("answer", label, send, saves="send it"))

    # What is shown

    def show(self) -> None:
        self._show_text("help-calls", self._build_help_calls())
        self._show_text("board-message", self._build_message())
        self._show_text("tabs", self._build_tabs())
        self.query_one("#overview").display = self.tab is Tab.OVERVIEW
        self.query_one("#listing").display = self.tab is not Tab.OVERVIEW
        self.show_keys(self._list_hints())

        status = self.statuses[self.at]
        if isinstance(status, str):
            header = styled.HeaderState(self.study.file, self.tab.value, "")
            why = style_text(status or "reading …", "bold")
            self._show_text("details", why)
            self._show_text("about", why)
        else:
            header = self._build_header(status)
            self._show_tab(status)
        self.query_one(styled.Header).show(header)

    def _show_tab(self, status: "FieldworkStatus") -> None:
        match self.tab:
            case Tab.OVERVIEW:
                self._show_overview(status)
            case Tab.CASES:
                self._show_listing(listings.list_cases(status, self.cases, self.filter))
            case Tab.QUOTAS:
                self._show_listing(listings.list_quotas(status))
            case Tab.PEOPLE:
                self._show_listing(listings.list_people(status))
            case Tab.APPOINTMENTS:
                self._show_listing(listings.list_appointments(status))
            case _:
                assert_never(self.tab)

    def _show_listing(self, listing: Listing) -> None:
        self._show_text("about", style_text(listing.about, "$quiet"))
        self.table.show(listing)

    def _show_text(self, name: str, content: Content) -> None:
        self.query_one(f"#{name}", styled.TextView).show(content)

    def _build_message(self) -> Content:
        if self.why:
            return style_text(f"! {self.why}", "bold $error")
        return style_text(self.said, "$success")

    def _build_help_calls(self) -> Content:
        """Build a line for each person who waits for help, whatever tab is shown."""
        waiting = [call for calls in self.help_calls for call in calls if call.is_open]
        lines = []
        for call in waiting[:MOST_HELP_CALLS]:
            text = f" {call.describe(self.study.to_local)} "
            lines.append(style_text(text, "bold reverse $warning"))
        further = len(waiting) - MOST_HELP_CALLS
        if further > 0:
            lines.append(style_text(f" and {further} more ", "bold reverse $warning"))
        return styled.join_lines(lines)

    def note_help_calls(self, calls: "Sequence[Sequence[HelpCall]]") -> bool:
        """Show the calls for help as they are now; returns whether somebody new waits."""
        if calls == self.help_calls:
            return False
        known = {_identify(call) for study in self.help_calls for call in study}
        self.help_calls = calls
        self.show()
        for study in calls:
            for call in study:
                if call.is_open and _identify(call) not in known:
                    return True
        return False

    def _build_tabs(self) -> Content:
        tabs = []
        for key, tab in zip(TAB_KEYS, TABS, strict=True):
            style = "bold underline" if tab is self.tab else "$quiet"
            tabs.append(Content.assemble((f"{key} ", "bold $code"), (tab.value, style)))
        return Content("   ").join(tabs)

    def _list_hints(self) -> list[KeyHint]:
        """List the keys that have a use in this tab."""
        moves = "scroll" if self.tab is Tab.OVERVIEW else "mark"
        hints = [KeyHint("1…5", "tabs", 4, "right"), KeyHint("↑ ↓", moves, 5, "down")]
        if self.tab in TABS_OF_CASES:
            hints += [
                KeyHint("Enter", "case", press="enter"),
                KeyHint("w", "why", 3),
                KeyHint("/", "find", 3),
            ]
        if self._build_help_calls():
            hints.append(KeyHint("h", ACTION_NAMES["h"]))
        hints += [KeyHint(key, ACTION_NAMES[key], 1) for key in TAB_ACTIONS[self.tab]]
        if len(self.studies) > 1:
            hints.append(KeyHint("s", "next study", 2))
        return [*hints, KeyHint("F1", "keys"), KeyHint("q", "leave")]

    def _build_header(self, status: "FieldworkStatus") -> styled.HeaderState:
        stations = format_quantity(len(status.data.leases), "station")
        done = 0.0
        if status.progress.target:
            done = status.progress.complete / status.progress.target
        position = f"{status.as_of}{styled.SEPARATOR}{stations}"
        return styled.HeaderState(status.study, self.tab.value, position, done)

    def _show_overview(self, status: "FieldworkStatus") -> None:
        hours = [hour.complete for hour in status.hours]
        sparkline = self.query_one(Sparkline)
        sparkline.data = hours
        # a single bar is always full: without another hour to compare with, it is a solid block
        sparkline.display = any(hours) and len(hours) > 1

        details = (self._build_studies(), *overview.build_details(status))
        self._show_text("progress", overview.build_progress(status))
        self._show_text("hours-text", overview.build_hours(status))
        self._show_text("sample", overview.build_sample(status))
        self._show_text("details", styled.join_sections(details))

    def _build_studies(self) -> Content:
        """Build a line for each study if there are several."""
        if len(self.statuses) == 1:
            return Content()
        rows = []
        for number, status in enumerate(self.statuses):
            mark = styled.HERE if number == self.at else " "
            if isinstance(status, str):
                rows.append((f"{mark} {self.studies[number].file}", status))
            else:
                rows.append((f"{mark} {status.study}", overview.describe_study(status)))
        table = styled.build_table(rows, self.app.size.width - 8, "bold")
        return styled.build_section("Studies", table)


class BoardApp(KeyApp):
    """The board on a full screen."""

    def __init__(self, studies: Sequence[StudyBoard], theme: str = "") -> None:
        super().__init__(lambda: BoardScreen(studies, self._due.set), theme)
        self._studies = studies
        self._due = asyncio.Event()
        """The studies are to be read again now."""

    @property
    def board(self) -> BoardScreen:
        screen = self.screen_stack[0]
        assert isinstance(screen, BoardScreen)
        return screen

    def start(self) -> None:
        self.run_worker(self._follow(), exit_on_error=False)
        self.run_worker(self._follow_help_calls(), exit_on_error=False)

    async def _follow(self) -> None:
        """Read the studies, show them, wait, and begin again; keys are handled meanwhile."""
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            # before reading: a change that is made while it reads makes it read again
            self._due.clear()
            board = self.board
            try:
                statuses = [await asyncio.to_thread(_load, study) for study in self._studies]
                await board.load_cases()
            except Exception as error:
                self.failure = error
                self.exit()
                return

            board.statuses = statuses
            board.show()
            wait = max(REFRESH_SECONDS, WAIT_FACTOR * (clock() - started))
            try:
                await asyncio.wait_for(self._due.wait(), wait)
            except TimeoutError:
                continue

    async def _follow_help_calls(self) -> None:
        """Look for calls for help more often than for everything else: somebody waits."""
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            calls = [await asyncio.to_thread(_list_help_calls, study) for study in self._studies]
            if self.board.note_help_calls(calls):
                self.bell()
            await asyncio.sleep(max(HELP_SECONDS, HELP_WAIT_FACTOR * (clock() - started)))


def _identify(call: "HelpCall") -> tuple[str, datetime]:
    """Return what tells one call for help from another."""
    return call.person, call.since


def _list_help_calls(study: StudyBoard) -> "tuple[HelpCall, ...]":
    """Return the calls for help; none if the study could not be read, which the board says."""
    try:
        return tuple(study.list_help_calls())
    except UserError:
        return ()


def _load(study: StudyBoard) -> "FieldworkStatus | str":
    """Return the status of a study, or why it could not be read."""
    try:
        return study.load()
    except UserError as error:
        return "\n".join(str(problem) for problem in (*error.problems, error))
