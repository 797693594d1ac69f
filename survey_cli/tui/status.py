"""Screen of a report that is refreshed every few seconds; it can only be scrolled and left."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from survey_cli.tui.widgets.key_app import EDITING_KEYS, KeyApp, KeyScreen
from survey_cli.tui.widgets.panel import SCROLLS, Row, scroll_by_key
from survey_cli.tui.widgets.styled import KeyBar, KeyHint, TextView, style_text
from survey_cli.tui.widgets.terminal import ENTER

ReadLines: TypeAlias = Callable[[int], Sequence[str]]
"""Returns the lines of the report as of now, of at most so many cells; the first is its title."""

MARGINS: Final = 3
"""Cells beside the report, its scrollbar's among them."""
REFRESH_SECONDS: Final = 5.0
"""Seconds from one reading to the next."""
MAX_SHARE: Final = 10
"""At most one part in so many of the time is spent on reading."""
LEAVE: Final = ("q", "escape", "ctrl+c", "f10")
REFRESH: Final = ("r", "f5")
MOVES: Final = {"k": "up", "j": "down", "b": "pageup", " ": "pagedown", **dict.fromkeys(ENTER, "down")}
"""Keys that scroll as in a pager, and the keys they stand for."""
HINTS: Final = (
    KeyHint("q", "leave"),
    KeyHint("↑ ↓", "scroll", 1, "down"),
    KeyHint("PgUp PgDn", "by the page", 2, "pagedown"),
    KeyHint("r", "refresh", 1),
    KeyHint("^P", "actions", 3, "ctrl+p"),
)


class StatusScreen(KeyScreen):
    """The report under its title."""

    named_keys = EDITING_KEYS | {*LEAVE, *REFRESH, "ctrl+p"}
    min_size = (1, 1)

    def __init__(self, refresh: Callable[[], None]) -> None:
        super().__init__()
        self.lines: tuple[str, ...] = ()
        self._refresh_report = refresh
        self._shown: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        yield TextView(id="title")
        yield KeyBar()
        yield Container(id="panels")
        with VerticalScroll(id="report", can_focus=False):
            yield Static(markup=False)
        yield Static(id="too-small", markup=False)

    async def press(self, key: str, at: float) -> None:
        self.forget_messages()
        key = MOVES.get(key, key) if self.panel is None else key
        if self.panel is not None:
            await self.panel.press(key)
        elif key in LEAVE:
            self.left = True
        elif key in REFRESH:
            self._refresh_report()
        elif key == "ctrl+p":
            await self.open_palette([Row(("r", "refresh"), self._refresh_now)])
        elif key in SCROLLS:
            scroll = self.query_one("#report", VerticalScroll)
            scroll_by_key(scroll, key)
        else:
            self.bell_due = True

    async def _refresh_now(self) -> None:
        self._refresh_report()

    def on_resize(self) -> None:
        if self.lines:
            self._refresh_report()

    def show(self) -> None:
        self.show_keys(HINTS)
        if self.lines != self._shown:
            self._shown = self.lines
            self.query_one("#title", TextView).show(style_text(self.lines[0], "bold"))
            self.query_one("#report > Static", Static).update(_format_report(self.lines[1:]))


def _format_report(lines: Sequence[str]) -> Content:
    """Return the lines, headings in bold: those that are not indented, under an empty line."""
    before = ("", *lines)
    return Content("\n").join(
        style_text(line, "bold $accent" if line and line[0] != " " and not above else "")
        for above, line in zip(before, lines, strict=False)
    )


class StatusApp(KeyApp):
    """The report on a full screen, as long as it is looked at."""

    def __init__(self, read: ReadLines, theme: str = "dark") -> None:
        super().__init__(lambda: StatusScreen(self._due.set), theme)
        self._read = read
        self._due = asyncio.Event()

    def start(self) -> None:
        self.run_worker(self._follow(), exit_on_error=False)

    async def _follow(self) -> None:
        """Read, show, wait; keys are handled meanwhile."""
        clock = asyncio.get_running_loop().time
        while True:
            started = clock()
            self._due.clear()
            screen = self.screen_stack[0]
            assert isinstance(screen, StatusScreen)
            try:
                lines = await asyncio.to_thread(self._read, max(self.size.width - MARGINS, 1))
            except Exception as error:
                self.failure = error
                self.exit()
                return
            screen.lines = tuple(lines)
            screen.show()
            try:
                await asyncio.wait_for(self._due.wait(), max(REFRESH_SECONDS, MAX_SHARE * (clock() - started)))
            except TimeoutError:
                continue
