"""Textual application: passes each key to the board, one after another, and paints the lines that changed."""

import os
import select
import signal
import sys
from asyncio import get_running_loop
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar, Protocol

from rich.segment import ControlType, Segment
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.driver import Driver
from textual.geometry import Offset, Region, Size
from textual.strip import Strip
from textual.widget import Widget

from survey_cli.sessions import InterviewProtocol
from survey_cli.text_width import is_certain
from survey_cli.tui.drawing import Clocks, Page, draw
from survey_cli.tui.keyboard import Keyboard
from survey_cli.tui.modes import TextPage
from survey_cli.tui.wording import ScreenLine, writable

SAME_KEY = {"ctrl+m": "enter", "kp_enter": "enter", "return": "enter", "shift+enter": "ctrl+j", "alt+enter": "ctrl+j"}
ERASE_TO_END = Segment("\x1b[K", control=((ControlType.ERASE_IN_LINE, 0),))
DRAFT_SECONDS = 2.0
TURN_SECONDS = 0.0005
"""What is painted is written by a thread of Textual's own. Left alone, Python lets it wait 5 ms for its turn, longer than
all that a key does."""


class LinesWidget(Widget):
    """The whole screen as lines; only lines that changed are painted again."""

    ROLES: ClassVar[tuple[str, ...]] = (
        "aloud", "stress", "aside", "code", "chosen", "unread", "why", "query", "rule", "key", "hint",
        "head", "practice", "field", "cursor",
    )  # fmt: skip
    COMPONENT_CLASSES: ClassVar[set[str]] = set(ROLES)

    def __init__(self, encoding: str | None, resized: Callable[[], None]) -> None:
        super().__init__()
        self._resized = resized
        self.lines: tuple[ScreenLine, ...] = ()
        self._encoding = encoding
        self._looks: dict[str, Style] = {}

    def show(self, lines: tuple[ScreenLine, ...]) -> None:
        """Put these lines on the screen."""
        before, self.lines = self.lines, lines
        if len(before) != len(lines):
            self.refresh()
            return
        width = self.size.width
        changed = [Region(0, y, width, 1) for y, line in enumerate(lines) if line != before[y]]
        if changed:
            self.refresh(*changed)

    def notify_style_update(self) -> None:
        self._looks.clear()
        super().notify_style_update()

    def _look(self, role: str) -> Style:
        if role not in self._looks:
            plain = role not in self.ROLES
            self._looks[role] = self.rich_style if plain else self.get_component_rich_style(role, partial=False)
        return self._looks[role]

    def on_resize(self) -> None:
        self._resized()

    def render_line(self, y: int) -> Strip:
        line = self.lines[y] if y < len(self.lines) else ()
        texts = [(run.text if self._encoding is None else writable(run.text, self._encoding), run.role) for run in line]
        segments = [Segment(text, self._look(role)) for text, role in texts]
        width = self.size.width
        if all(is_certain(text) for text, _ in texts):
            return Strip(segments).adjust_cell_length(width, self._look("blank"))
        # Where terminals differ, the rest of the line is erased instead of filled: no line can run into the next.
        return Strip([*segments, ERASE_TO_END], width)


class Board(Protocol):
    """What takes keys, one after another."""

    bell: bool
    """The last key was not taken."""
    unexpected: bool
    """The last key led to something that keys already typed could not know of."""
    left: bool
    """It is over, and its last screen was left."""

    def press(self, key: str, at: float = 0.0) -> None: ...

    def paste(self, text: str) -> None: ...

    def dropped(self, keys: int) -> None:
        """Say that so many keys typed ahead were set aside."""
        ...

    def failed(self, error: Exception) -> None:
        """Say that a key broke something."""
        ...


class KeysApp(App[None]):
    """A board on a full screen: each key finished and drawn before the next."""

    CSS_PATH = "survey.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None

    board: Board

    def __init__(self) -> None:
        super().__init__(ansi_color=True, driver_class=_driver())
        self.theme = "ansi-dark"
        self.broke: BaseException | None = None
        """What broke the screen, where something did."""
        self._sheet = LinesWidget(plain_encoding(), self.redraw)
        self._settled = 0.0
        """Keys typed before this moment were meant for something that did not come."""
        self._dropped = 0
        self._watched: select.poll | None = None

    def compose(self) -> ComposeResult:
        yield self._sheet

    def on_mount(self) -> None:
        sys.setswitchinterval(TURN_SECONDS)
        with suppress(ValueError, RuntimeError):  # not the main thread: signals do not arrive there
            for name in ("SIGTERM", "SIGHUP"):  # told to end; the window was closed
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                    get_running_loop().add_signal_handler(number, self._ended_from_outside)
        self._watched = watched_terminal() if not self.is_headless else None
        self.set_interval(1.0, self._tick)
        self.redraw()

    def _tick(self) -> None:
        """Update the clocks every second, and end where the terminal is gone.

        Its signal says so as well, unless the program was started with that signal ignored, as nohup does.
        """
        if self._watched is not None and self._watched.poll(0):
            self._ended_from_outside()
        else:
            self.redraw()

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes go to the board before any widget could have them."""
        if isinstance(event, events.Key):
            self._key(event)
        elif isinstance(event, events.Paste):
            self._take(lambda: self.board.paste(event.text), event.time)
        else:
            await super().on_event(event)

    def _key(self, event: events.Key) -> None:
        letter = event.character
        printable = letter is not None and len(letter) == 1 and _prints(letter)
        key = letter if letter is not None and printable else SAME_KEY.get(event.key, event.key)
        if event.key.startswith("alt+") and (printable or len(event.key) == 5):
            # Escape and a character within the terminal's escape delay: two keys, not one.
            self._take(lambda: self.board.press("escape", event.time), event.time)
            key = key if printable else event.key[4:]
        self._take(lambda: self.board.press(key, event.time), event.time)

    def _take(self, act: Callable[[], None], typed_at: float) -> None:
        """Let one key or paste act, and draw what came of it."""
        if typed_at < self._settled:
            self._dropped += 1
            self.board.dropped(self._dropped)
            self.redraw()
            return
        self._dropped = 0
        try:
            act()
        except Exception as error:
            self.log.error(error)
            self.board.failed(error)
        if self.board.left:
            self.exit()
            return
        self.redraw()
        if self.board.bell:
            self.bell()
        if self.board.unexpected:
            self._settle()

    def _settle(self) -> None:
        """Keys typed up to now were meant for something that did not come."""
        self._settled = monotonic()

    def _ended_from_outside(self) -> None:
        """Leave the terminal as it was found."""
        self.exit()

    def redraw(self) -> None:
        """Draw the page again; what did not change is not painted."""
        raise NotImplementedError

    def put(self, page: Page) -> None:
        """These lines and this cursor are on the screen from now on."""
        self._sheet.show(page.lines)
        if page.cursor is not None:
            self.cursor_position = Offset(*page.cursor)

    def panic(self, *renderables: Any) -> None:
        """Leave without printing anything: whoever ran it says in words what happened."""
        if self.broke is None:
            self.broke = sys.exc_info()[1] or RuntimeError("the terminal's input broke off")
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        self.panic()


class LinesInterviewApp(KeysApp):
    """One interview on a full screen."""

    board: Keyboard

    def __init__(self, desk: InterviewProtocol, board: Keyboard | None = None) -> None:
        super().__init__()
        self.board = board or Keyboard(desk)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(DRAFT_SECONDS, lambda: self.board.keep_draft())

    def _ended_from_outside(self) -> None:
        """Put the interview aside and leave the terminal as it was found."""
        self.board.keep_draft()
        if self.board.prompt is not None:
            self.board.desk.suspend()
        self.exit()

    def redraw(self) -> None:
        if not self._room():
            return
        page = self.page()
        settle_page(self.board, page)
        self.put(page)

    def page(self) -> Page:
        """The page as it should stand now."""
        width, height = self._room()
        return interview_page(self.board, width, height)

    def _room(self) -> Size:
        """What there is to draw on: before it is laid out, the terminal that it will fill. Were that waited for, the
        first paint would be empty, and the question come with the next, 20 ms later.
        """
        return self._sheet.size or self.size


def interview_page(board: Keyboard, width: int, height: int) -> Page:
    """The page of an interview as it should stand now."""
    clocks = Clocks(elapsed=board.desk.elapsed_time(), there=board.desk.respondent_time())
    return draw(board, width=width, height=height, clocks=clocks)


def settle_page(board: Keyboard, page: Page) -> None:
    """Let the keyboard know how far it can scroll."""
    if isinstance(board.mode, TextPage):
        board.modes = (*board.modes[:-1], TextPage(board.mode.what, page.top))
    else:
        board.top = page.top
    board.page = max(page.rows - 1, 1)


def _prints(letter: str) -> bool:
    code = ord(letter)
    return code >= 32 and not 127 <= code < 160


def plain_encoding() -> str | None:
    """What the terminal is limited to; None where its locale is in UTF-8 (and not the C locale, which
    Python takes for UTF-8 without asking the terminal).
    """
    encoding = (sys.__stderr__.encoding if sys.__stderr__ is not None else None) or "ascii"
    named = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    if named in ("C", "POSIX"):
        return "ascii"
    return None if encoding.lower().replace("-", "") == "utf8" else encoding


def watched_terminal() -> "select.poll | None":
    """What tells when the terminal's other end is closed; None where there is none, or no way of asking."""
    stream = sys.__stdin__
    if stream is None or not hasattr(select, "poll") or not stream.isatty():
        return None
    watched = select.poll()
    watched.register(stream.fileno(), 0)  # a terminal that is gone says so unasked
    return watched


def _driver() -> type[Driver] | None:
    """Textual's own driver, made to live on when a byte arrives that is no UTF-8."""
    if sys.platform == "win32":
        return None
    from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
    from textual.drivers.linux_driver import LinuxDriver

    # Escape and a digit within the escape delay are two keys; Textual would make one odd letter of them (2: ™).
    odd = [s for s, key in ANSI_SEQUENCES_KEYS.items() if isinstance(key, str) and len(s) == 2 and s[0] == "\x1b"]
    if isinstance(ANSI_SEQUENCES_KEYS, dict):
        for sequence in odd:
            ANSI_SEQUENCES_KEYS.pop(sequence)

    class LinesDriver(LinuxDriver):
        def run_input_thread(self) -> None:
            while True:
                try:
                    super().run_input_thread()
                    return
                except UnicodeDecodeError:
                    continue

    return LinesDriver
