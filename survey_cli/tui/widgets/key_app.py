"""Application and screens that handle keys and clicks, each finished before the next."""

import sys
from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import events
from textual._styles_cache import StylesCache
from textual.app import App
from textual.binding import BindingType
from textual.containers import Container
from textual.errors import NoWidget
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from survey_cli.entries import Rejection
from survey_cli.entry_commands import HAND_IS_DOWN, HAND_IS_UP, NO_SUPERVISOR
from survey_cli.problems import UserError
from survey_cli.terminal_marks import answer_mark, read_mark
from survey_cli.tui.widgets import terminal
from survey_cli.tui.widgets.clicks import Clickable
from survey_cli.tui.widgets.ending import SignaledEnd
from survey_cli.tui.widgets.panel import (
    Act,
    KeptLine,
    LinePanel,
    ListPanel,
    Panel,
    Row,
    build_question,
)
from survey_cli.tui.widgets.styled import KeyBar, KeyHints
from survey_cli.tui.widgets.themes import THEMES, choose_theme
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from select import poll

    from survey_cli.sessions.interview.interview_session import Hand


MIN_WIDTH: Final = 60
MIN_HEIGHT: Final = 20
"""The smallest screen that has room for everything an interviewer needs."""
MAX_WIDTH: Final = 132
"""A wider screen leaves both sides empty, so that what belongs together stays together."""
BROAD_WIDTH: Final = 164
"""The same for screens whose side panel becomes broader."""
BROAD_TEXT_WIDTH: Final = 74
"""Cells of a line in that side panel."""
SIDE_WIDTH: Final = 110
"""Columns from which the side panel is shown beside the question."""
SIDE_TEXT_WIDTH: Final = 34
"""Cells of a line in it."""


# A browser never gives Ctrl with N, T or W away: Alt with Backspace removes a word.
EDITING_KEYS: Final = frozenset(
    {
        "enter", "escape", "backspace", "delete", "tab", "shift+tab",
        "left", "right", "up", "down", "home", "end", "pageup", "pagedown",
        "alt+left", "alt+right", "alt+backspace", "ctrl+left", "ctrl+right",
        "ctrl+a", "ctrl+d", "ctrl+e", "ctrl+f", "ctrl+j", "ctrl+k", "ctrl+u",
        "ctrl+y", "ctrl+z",
        "shift+left", "shift+right", "shift+home", "shift+end",
    }
)  # fmt: skip


def clear_render_cache() -> None:
    """Forget the lines of widgets that were removed.

    Textual's cache of inner and outer styles keeps 1,024 of them.
    """
    StylesCache.get_inner_outer.cache_clear()


class KeyScreen(Screen[None]):
    """A screen that handles its keys one after another: each completely before the next.

    The panel on top has the keys, else the screen itself. `show` then brings the widgets up to
    date. The smallest screen has the three widgets on which this class relies:

        class ClockScreen(KeyScreen):
            def compose(self) -> ComposeResult:
                yield KeyBar()
                yield Container(id="panels")
                yield Static(id="too-small", markup=False)

            async def press(self, key: str, at: float) -> None:
                self.forget_messages()
                if self.panel is not None:
                    await self.panel.press(key)
                elif key == "q":
                    await self.leave()
                else:
                    self.refuse("q leaves")

            def show(self) -> None:
                self.show_keys([KeyHint("q", "leave")])
    """

    class Ready(Message):
        """Tells the application that the widgets exist and keys typed before can be taken."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (MIN_WIDTH, "-normal"),
        (SIDE_WIDTH, "-wide"),
    ]

    named_keys: frozenset[str] = EDITING_KEYS
    """Named keys that can act here. Others (Shift on its own, media keys) are ignored."""
    min_size = (MIN_WIDTH, MIN_HEIGHT)
    """The width and height below which nothing is shown."""
    max_width = MAX_WIDTH
    """The columns that it uses at most."""

    def __init__(self) -> None:
        super().__init__()
        self.panels: list[Panel] = []
        self.kept_lines: dict[tuple[str, str, Hashable], KeptLine] = {}
        """What was typed into lines that were closed without saving them."""
        self.why = ""
        """Why the last key was not accepted."""
        self.said = ""
        """Something the interviewer should know, gone at the next key."""
        self.bell_due = False
        self.unexpected = False
        """The last key led to something that keys already typed could not know of."""
        self.left = False
        """The screen is over, and its last page was left."""
        self.is_ready = False
        """The screen takes keys. Those typed before are held."""

    async def start(self) -> None:
        """Prepare what is shown first, once the widgets exist."""

    async def open_first(self) -> None:
        """Open the screen on top of this one with which its use begins, if there is one.

        Keys that were typed before are for that screen.
        """

    async def on_mount(self) -> None:
        """Start, and let the application take the keys that were typed before.

        Subclasses define `start` instead. Textual calls the `on_mount` of every class, so a
        subclass that defined it and called this one would start twice.
        """
        await self.start()
        self.show()
        self.app.post_message(self.Ready())

    # Keys

    async def press(self, key: str, at: float) -> None:
        """Handle one key, struck at `at` (seconds of any clock)."""
        raise NotImplementedError

    async def paste(self, text: str) -> None:
        """Take text pasted at once."""
        if self.panel is not None:
            await self.panel.paste(text)
        else:
            self.bell_due = True

    def show(self) -> None:
        """Bring the widgets up to date."""
        raise NotImplementedError

    def show_later(self) -> None:
        """Bring the widgets up to date after what is being handled now."""
        self.call_later(self._show_if_open)

    def _show_if_open(self) -> None:
        # The key bar is missing before the widgets exist, and while they are removed.
        if self.is_mounted and self.query(KeyBar):
            self.show()

    def tick(self) -> None:
        """Update the clocks; called every second."""

    async def end_from_outside(self) -> None:
        """Save what can be saved: the terminal has gone, or the program was told to end."""

    async def leave(self) -> None:
        """Leave the screen."""
        self.left = True

    def refuse(self, why: str) -> None:
        """Say why a key was not accepted."""
        self.why = why
        self.bell_due = True
        self.unexpected = True

    def say(self, text: str) -> None:
        """Say what the interviewer should know about a key."""
        self.said = text

    def forget_messages(self) -> None:
        """Forget what was said about the key before."""
        self.bell_due = False
        self.unexpected = False
        self.why = ""
        self.said = ""

    def drop_keys(self, count: int) -> None:
        """Say that keys typed ahead were meant for something that did not come."""
        self.said = f"{format_quantity(count, 'key')} typed ahead not used: this came first"

    def fail(self, error: Exception) -> None:
        """Say why a key failed: what the user can mend, or that it broke something."""
        if isinstance(error, UserError):
            self.refuse(str(error))
            return
        self.refuse(f"that failed ({type(error).__name__}) and changed nothing: try again")

    @property
    def too_small(self) -> str:
        """Why nothing can be shown on a screen this small; empty if it is large enough."""
        width, height = self.app.size
        min_width, min_height = self.min_size
        if width >= min_width and height >= min_height:
            return ""
        return (
            f"This window has {width} × {height} characters; "
            f"at least {min_width} × {min_height} are needed. "
            "Enlarge it, or make its letters smaller. Until then, keys have no effect."
        )

    @property
    def case_width(self) -> int:
        """Cells of a line about the case: in the side panel, or without one in the panel of F6."""
        if not self.has_side:
            return self.app.size.width - 10
        return BROAD_TEXT_WIDTH if self.is_broad else SIDE_TEXT_WIDTH

    @property
    def has_side(self) -> bool:
        """Whether there is room for the side panel."""
        return self.has_class("-wide")

    @property
    def is_broad(self) -> bool:
        """Whether the side panel is broad."""
        return self.has_class("-broad")

    def _screen_resized(self, size: Size) -> None:
        """Lay the screen out, unless the terminal has another size by now.

        A screen whose size changed is sent that size again. With two sizes on the way, as while a
        window is dragged, each layout would ask for the other one, forever.
        """
        if size == self.app.size:
            super()._screen_resized(size)

    def on_resize(self) -> None:
        """Say so if the screen is too small, and adapt what depends on the size."""
        too_small = self.too_small
        self.set_class(bool(too_small), "-tiny")
        self.query_one("#too-small", Static).update(too_small)

        width = self.app.size.width
        self.set_class(min(width, self.max_width) >= BROAD_WIDTH, "-broad")
        empty_side = max((width - self.max_width) // 2, 0)
        self.styles.padding = (0, empty_side)
        self.show_later()

    # Panels

    @property
    def panel(self) -> Panel | None:
        """The panel on top, which has the keys."""
        return self.panels[-1] if self.panels else None

    async def open_panel(self, panel: Panel) -> None:
        """Open a panel on top of those that are open."""
        panel.close = self.close_panel
        panel.refuse = self.refuse
        panel.say = self.say
        if isinstance(panel, LinePanel):
            subject = (panel.what, panel.label, panel.about)
            panel.bring_back(self.kept_lines.setdefault(subject, KeptLine()))
        if self.panels:
            self.panels[-1].display = False
        self.panels.append(panel)
        await self.query_one("#panels", Container).mount(panel)
        self.query_one("#panels").display = True

    async def close_panel(self) -> None:
        """Close the panel on top."""
        if not self.panels:
            return
        panel = self.panels.pop()
        if isinstance(panel, LinePanel):
            panel.keep()
        for line in panel.query(Input):
            # Textual never does this. It holds the line weakly, but with a callback that refers to
            # it: the screen would keep every line that was ever opened.
            self.text_selection_started_signal.unsubscribe(line)
        await panel.remove()
        clear_render_cache()

        if self.panels:
            self.panels[-1].display = True
        else:
            self.query_one("#panels").display = False
            self.focus_entry()

    async def close_panels(self) -> None:
        """Close all panels."""
        while self.panels:
            await self.close_panel()

    def focus_entry(self) -> None:
        """Give the cursor back to what is typed into when no panel is open."""
        self.set_focus(None)

    def show_keys(self, hints: KeyHints) -> None:
        """Show the keys that act: those of the panel on top, else these."""
        if self.panel is not None:
            hints = self.panel.hints
        self.query_one(KeyBar).show(hints)

    async def press_hand(self, hand: "Hand | None") -> None:
        """Raise the hand at once, whatever is open; if it is up, ask whether to take it down."""
        if hand is None:
            self.refuse(NO_SUPERVISOR)
            return
        if not hand.is_up:
            self._say_of_hand(hand.put_up(), HAND_IS_UP)
            return
        if self.panel is not None:
            self.refuse("your hand is up; close what is open, then Ctrl+G takes it down")
            return

        async def take_down() -> None:
            self._say_of_hand(hand.take_down(), HAND_IS_DOWN)

        question = build_question("Take your hand down?", "yes", take_down)
        await self.open_panel(question)

    def _say_of_hand(self, rejection: Rejection | None, done: str) -> None:
        if rejection is None:
            self.said = done
        else:
            self.refuse(rejection.why)

    async def close_and(self, act: Act) -> None:
        """Close the panel on top, then act."""
        await self.close_panel()
        await act()

    async def open_by_key(self, key: str, what: str, act: Act) -> None:
        """Open what a key opens at any time.

        The same key closes it again, but a second Ctrl+C confirms that the screen is left.
        """
        panel = self.panel
        if panel is None:
            await act()
        elif panel.unfinished:
            self.refuse(
                "finish this line first: Enter saves it, Esc closes it and keeps what you typed"
            )
        elif panel.what != what:
            await self.close_and(act)
        elif key == "ctrl+c":
            await panel.press("y")
        else:
            await self.close_panel()

    async def open_palette(self, rows: list[Row]) -> None:
        """Open the palette: every action with its key, and the themes.

        It is closed before an action is done.
        """
        themes = []
        for name in THEMES:
            cells = ("--theme", f"{name} colors")
            themes.append(Row(cells, partial(self._set_theme, name)))
        actions = [row._replace(act=partial(self.close_and, row.act)) for row in (*rows, *themes)]
        await self.open_panel(
            ListPanel("palette", "Actions: ", actions, takes="do it", empty="no action matches")
        )

    async def _set_theme(self, name: str) -> None:
        self.app.theme = name
        self.said = f"theme: {name}"


THREAD_SWITCH_SECONDS: Final = 0.0005
"""Textual writes what is painted on a thread of its own.

By default, Python lets that thread wait 5 ms for its turn: longer than all that a key does.
"""


class KeyApp(App[None]):
    """Intercepts keys before the widgets, and hands them to the screen on top.

    Subclasses define `start` for what runs besides the keys, and `leave` if something follows the
    first screen.
    """

    CSS_PATH = Path(__file__).parents[1] / "screens.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None

    def __init__(self, first: Callable[[], KeyScreen], theme: str = "") -> None:
        theme = choose_theme(theme)
        ansi_color = None
        if THEMES[theme].ansi:
            ansi_color = True
        super().__init__(driver_class=terminal.select_driver(), ansi_color=ansi_color)
        for registered in THEMES.values():
            self.register_theme(registered)
        self.theme = theme
        self.animation_level = "none"
        self._first = first
        self.failure: BaseException | None = None
        """What broke the screen, if something did."""
        self._settled_at = 0.0
        """Keys typed before this time were meant for something that did not come."""
        self._dropped = 0
        """How many such keys were not used since the last one that was."""
        self._is_show_due = False
        """The screen is to be shown once the keys that are waiting have acted."""
        self._held: list[events.Event] = []
        """Keys and pastes that came before the screen existed."""
        self._pressed: object = None
        """The widget on which the button of the mouse was pressed last."""
        self._terminal: poll | None = None
        """Tells when the terminal has gone."""
        self.ending = SignaledEnd(lambda: self._driver)
        encoding = terminal.read_encoding()
        if encoding is not None:
            self._filters.append(terminal.EncodingFilter(encoding))
        self._filters.append(terminal.UncertainWidthFilter())

    def get_default_screen(self) -> Screen[None]:
        return self._first()

    @property
    def top(self) -> KeyScreen:
        """The screen that has the keys."""
        assert isinstance(self.screen, KeyScreen)
        return self.screen

    def start(self) -> None:
        """Start what runs besides the keys."""

    def on_mount(self) -> None:
        """Prepare the terminal.

        Subclasses define `start` instead, for the reason given at `KeyScreen.on_mount`.
        """
        sys.setswitchinterval(THREAD_SWITCH_SECONDS)
        if not self.is_headless:
            self.ending.watch(get_running_loop(), self._end_from_outside)
            self._terminal = terminal.watch_terminal()
        self.every(1.0, self._tick)
        self.start()

    def every(self, seconds: float, act: Callable[[], Awaitable[object] | None]) -> None:
        """Call this at intervals, until the application is closed."""

        def act_if_running() -> Awaitable[object] | None:
            # a timer may still fire after Textual has removed the screens
            if not self.is_running:
                return None
            return act()

        self.set_interval(seconds, act_if_running)

    def _tick(self) -> None:
        """Update the clocks every second, and end if the terminal has gone.

        Normally a signal says so. A program that was started with that signal ignored, as by
        `nohup`, never gets it.
        """
        if self._terminal is not None and self._terminal.poll(0):
            self._end_from_outside()
        else:
            self.top.tick()

    async def on_event(self, event: events.Event) -> None:
        """Hand keys, pastes and clicks to the screen on top, and other events to Textual."""
        is_typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if is_typed and not (self._screen_stack and self.top.is_ready):
            self._held.append(event)
        elif isinstance(event, events.Key) and is_typed:
            await self._take_key(event)
        elif isinstance(event, events.Paste) and is_typed:
            text = event.text.replace("\r\n", "\n").replace("\r", "\n")
            await self._handle(lambda: self.top.paste(text), event.time)
        elif isinstance(event, events.MouseDown) and not event.is_forwarded:
            self._pressed = self._find_widget(event)
            await super().on_event(event)
        elif isinstance(event, events.MouseUp) and not event.is_forwarded:
            await super().on_event(event)
            await self._take_click(event)
        else:
            await super().on_event(event)

    async def _take_key(self, event: events.Key) -> None:
        mark = read_mark(event.character)
        if mark is not None:
            # What the keys before it have changed may be waiting to be shown.
            self.call_later(self._answer_mark, mark)
            return
        for key in terminal.read_keys(event):
            await self.press(key, event.time)

    def _answer_mark(self, number: int) -> None:
        """Tell whoever is at the other end of the terminal that all keys so far have acted.

        Clicks are among them.
        """
        if self._driver is not None:
            self._driver.write(answer_mark(number))

    async def on_key_screen_ready(self) -> None:
        """Take the keys that were held, in their order and before any other."""
        screen = self.top
        await self.attempt(screen.open_first, screen)
        screen.is_ready = True
        if self.top is not screen:
            return  # the one on top will be ready too
        held = self._held
        self._held = []
        for event in held:
            await self.on_event(event)

    async def press(self, key: str, at: float) -> None:
        """Let one key act; on a screen that is too small, only Ctrl+C does."""
        is_named = len(key) > 1
        if is_named and key not in self.top.named_keys:
            return
        if self.top.too_small and key != "ctrl+c":
            self.bell()
            return
        await self._handle(lambda: self.top.press(key, at), at)

    async def _take_click(self, event: events.MouseUp) -> None:
        """Let a click act, if the button was pressed and released on the same widget."""
        pressed = self._pressed
        self._pressed = None
        # It was meant for what was shown before.
        if not self.top.is_ready:
            return
        widget = self._find_widget(event)
        if widget is not pressed or not isinstance(widget, Clickable):
            return

        clicked = widget.find_clicked(event.screen_offset - widget.content_region.offset)
        if isinstance(clicked, str):
            await self.press(clicked, event.time)
        elif clicked is not None:
            await self._handle(clicked, event.time)

    def _find_widget(self, event: events.MouseEvent) -> object:
        """Find the widget under the mouse; None if there isn't one."""
        # Not as a `Widget`: mypy thinks that none can be `Clickable`, for their metaclasses differ.
        try:
            widget, _ = self.screen.get_widget_at(event.x, event.y)
        except NoWidget:
            return None
        return widget

    async def _handle(self, act: Act, typed_at: float) -> None:
        """Let one key or paste act, and show its effect once no other key is waiting."""
        screen = self.top
        if typed_at < self._settled_at:
            self._dropped += 1
            screen.drop_keys(self._dropped)
            self._show()
            return

        self._dropped = 0
        await self.attempt(act, screen)
        if screen.left:
            await self.leave(screen)
        else:
            self.show_effect()

    async def attempt(self, act: Act, screen: KeyScreen) -> None:
        """Act on a screen, which says so if that fails."""
        try:
            await act()
        except Exception as error:
            self.log.error(error)
            screen.fail(error)

    def show_effect(self) -> None:
        """Show what a key did; if that was unexpected, drop the keys that were typed before it."""
        self._show()
        top = self.top
        if top.bell_due:
            self.bell()
        if top.unexpected:
            self.settle(monotonic())

    def settle(self, at: float) -> None:
        """Take no key that was struck before this time."""
        self._settled_at = at

    def _show(self) -> None:
        """Show what has changed; in a burst of keys, only the last state."""
        if self._exit:
            return
        if self.message_queue_size == 0:
            self.top.show()
        elif not self._is_show_due:
            self._is_show_due = True
            self.call_later(self._show_late)

    def _show_late(self) -> None:
        self._is_show_due = False
        if not self._exit:
            self.top.show()

    async def leave(self, screen: KeyScreen) -> None:
        """Go on after a screen was left."""
        self.exit()

    def _end_from_outside(self) -> None:
        """Leave the terminal as it was found."""
        self.call_later(self._save_and_exit)

    async def _save_and_exit(self) -> None:
        for screen in reversed(self.screen_stack):
            if isinstance(screen, KeyScreen):
                await screen.end_from_outside()
        self.exit()

    def panic(self, *renderables: Any) -> None:
        """Leave without printing a traceback: `failure` tells the caller what happened."""
        if self.failure is None:
            self.failure = sys.exc_info()[1] or RuntimeError("the terminal's input was interrupted")
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        # Textual's own would print the traceback with all local variables: answers, for example.
        self.panic()
