"""Application and screens that handle keys one after another, each finished before the next."""

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
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from survey_cli.tui.widgets import terminal
from survey_cli.tui.widgets.ending import SignaledEnd
from survey_cli.tui.widgets.panel import Act, ActLater, KeptLine, LinePanel, ListPanel, Panel, Row
from survey_cli.tui.widgets.styled import KeyBar, KeyHints
from survey_cli.tui.widgets.themes import THEMES, choose_theme
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from select import poll


MIN_WIDTH: Final = 60
MIN_HEIGHT: Final = 20
"""The smallest screen on which everything that an interviewer needs has its place."""
MAX_WIDTH: Final = 132
"""On a wider screen all of it stands in the middle: what belongs together stays together."""
BROAD_WIDTH: Final = 164
"""The same for screens whose side panel becomes broader."""
BROAD_TEXT_WIDTH: Final = 74
"""Cells of a line in that side panel."""
SIDE_WIDTH: Final = 110
"""Columns from which the side panel is shown beside the question."""
SIDE_TEXT_WIDTH: Final = 34
"""Cells of a line in it."""


EDITING_KEYS: Final = frozenset(
    {
        "enter", "escape", "backspace", "delete", "left", "right", "up", "down", "home", "end", "pageup", "pagedown",
        "tab", "shift+tab", "alt+left", "alt+right", "alt+backspace", "ctrl+left", "ctrl+right", "ctrl+a", "ctrl+d",
        "ctrl+e", "ctrl+f", "ctrl+j", "ctrl+k", "ctrl+u", "ctrl+w", "shift+left", "shift+right", "shift+home",
        "shift+end", "ctrl+z", "ctrl+y",
    }
)  # fmt: skip


def clear_render_cache() -> None:
    """Forget the lines of widgets that were removed: Textual's cache of inner and outer styles keeps 1,024 of them."""
    StylesCache.get_inner_outer.cache_clear()


class KeyScreen(Screen[None]):
    """A screen whose keys are handled one after another: by the panel on top, else by the screen itself.

    Every key is handled whole before the next one. `show` then brings the widgets up to date.
    """

    class Ready(Message):
        """The widgets are there, and keys typed before can be taken. It is posted to the application."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (MIN_WIDTH, "-normal"),
        (SIDE_WIDTH, "-wide"),
    ]

    named_keys: frozenset[str] = EDITING_KEYS
    """Named keys that are keys here; Shift alone, focus and media keys are none, and change nothing."""
    min_size = (MIN_WIDTH, MIN_HEIGHT)
    """The width and height below which nothing is shown."""
    max_width = MAX_WIDTH
    """The most columns that it uses."""

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
        """It is over, and its last page was left."""
        self.is_ready = False
        """It takes keys; those typed before are held."""

    async def start(self) -> None:
        """Prepare what is shown first, once the widgets are there."""

    async def on_mount(self) -> None:
        """Start, and have the keys taken that were typed before.

        Subclasses have `start`: Textual would call both methods.
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
        """Bring the widgets up to date once what is being handled is done."""
        self.call_later(self._show_if_open)

    def _show_if_open(self) -> None:
        if self.is_mounted and self.query(
            KeyBar
        ):  # neither before the widgets are there nor while they are removed
            self.show()

    def tick(self) -> None:
        """Update the clocks; called every second."""

    async def end_from_outside(self) -> None:
        """Save what can be saved: the terminal is gone, or the program was told to end."""

    async def leave(self) -> None:
        """Leave the screen."""
        self.left = True

    def refuse(self, why: str) -> None:
        """Say why a key was not accepted."""
        self.why = why
        self.bell_due = self.unexpected = True

    def say(self, text: str) -> None:
        """Say what the interviewer should know of a key."""
        self.said = text

    def forget_messages(self) -> None:
        """Forget what was said of the key before."""
        self.bell_due = self.unexpected = False
        self.why = self.said = ""

    def drop_keys(self, count: int) -> None:
        """Say that keys typed ahead were meant for something that did not come."""
        self.said = f"{format_quantity(count, 'key')} typed ahead not used: this came first"

    def fail(self, error: Exception) -> None:
        """Say that a key broke something."""
        self.refuse(f"that failed ({type(error).__name__}) and changed nothing: try again")

    @property
    def too_small(self) -> str:
        """Why nothing can be shown on a screen this small; empty where it is large enough."""
        width, height = self.app.size
        min_width, min_height = self.min_size
        if width >= min_width and height >= min_height:
            return ""
        return (
            f"This window has {width} × {height} characters; at least {min_width} × {min_height} are needed. "
            "Enlarge it, or make its letters smaller. Until then, keys have no effect."
        )

    @property
    def case_width(self) -> int:
        """Cells of a line about the case: in the side panel, or where there is none in the panel of F6."""
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

    def on_resize(self) -> None:
        """Say so where the screen is too small, and adapt what depends on the size."""
        too_small = self.too_small
        self.set_class(bool(too_small), "-tiny")
        self.set_class(min(self.app.size.width, self.max_width) >= BROAD_WIDTH, "-broad")
        self.styles.padding = (0, max((self.app.size.width - self.max_width) // 2, 0))
        self.query_one("#too-small", Static).update(too_small)
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
        if self.panels:
            panel = self.panels.pop()
            if isinstance(panel, LinePanel):
                panel.keep()
            for line in panel.query(Input):  # Textual would keep it, and whatever was open with it
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
        self.query_one(KeyBar).show(self.panel.hints if self.panel is not None else hints)

    async def close_and(self, act: Act) -> None:
        """Close the panel on top, then act."""
        await self.close_panel()
        await act()

    async def open_by_key(self, key: str, what: str, act: Act) -> None:
        """Open what a key opens over anything; the same key closes it again, and Ctrl+C twice leaves."""
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
        """Open the palette: every action with its key, and the themes. It is closed before an action is done."""
        themes = [
            Row(("--theme", f"{name} colors"), partial(self._set_theme, name)) for name in THEMES
        ]
        actions = [row._replace(act=partial(self.close_and, row.act)) for row in (*rows, *themes)]
        await self.open_panel(
            ListPanel("palette", "Actions: ", actions, takes="do it", empty="no action matches")
        )

    async def _set_theme(self, name: str) -> None:
        self.app.theme = name
        self.said = f"theme: {name}"


THREAD_SWITCH_SECONDS: Final = 0.0005
"""What is painted is written by a thread of Textual's own. Left alone, Python lets it wait 5 ms for its turn, longer than
all that a key does."""


class KeyApp(App[None]):
    """Takes every key before any widget could have it, and hands it to the screen on top."""

    CSS_PATH = Path(__file__).parents[1] / "screens.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None

    def __init__(self, first: Callable[[], KeyScreen], theme: str = "") -> None:
        theme = choose_theme(theme)
        super().__init__(
            driver_class=terminal.select_driver(), ansi_color=True if THEMES[theme].ansi else None
        )
        for each in THEMES.values():
            self.register_theme(each)
        self.theme = theme
        self.animation_level = "none"
        self._first = first
        self.failure: BaseException | None = None
        """What broke the screen, where something did."""
        self._settled_at = 0.0
        """Keys typed before this time were meant for something that did not come."""
        self._dropped = 0
        self._is_show_due = False
        self._held: list[events.Event] = []
        """Keys and pastes that came before the screen was there."""
        self._terminal: poll | None = None
        self.ending = SignaledEnd(lambda: self._driver)
        if (encoding := terminal.read_encoding()) is not None:
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
        """Start what runs beside the keys."""

    def on_mount(self) -> None:
        """Prepare the terminal. Subclasses have `start`: Textual would call both methods."""
        sys.setswitchinterval(THREAD_SWITCH_SECONDS)
        if not self.is_headless:
            self.ending.watch(get_running_loop(), self._end_from_outside)
        self._terminal = terminal.watch_terminal() if not self.is_headless else None
        self.every(1.0, self._tick)
        self.start()

    def every(self, seconds: float, act: Callable[[], Awaitable[object] | None]) -> None:
        """Let this act at intervals, until the application is closed."""
        self.set_interval(seconds, lambda: act() if self.is_running else None)

    def _tick(self) -> None:
        """Update the clocks every second, and end where the terminal is gone.

        Its signal says so as well, unless the program was started with that signal ignored, as nohup does.
        """
        if self._terminal is not None and self._terminal.poll(0):
            self._end_from_outside()
        else:
            self.top.tick()

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes go to the screen on top before any widget could have them."""
        is_typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if is_typed and not (self._screen_stack and self.top.is_ready):
            self._held.append(event)
        elif isinstance(event, events.Key) and is_typed:
            for key in terminal.read_keys(event):
                await self.press(key, event.time)
        elif isinstance(event, events.Paste) and is_typed:
            text = event.text.replace("\r\n", "\n").replace("\r", "\n")
            await self._handle(lambda: self.top.paste(text), event.time)
        else:
            await super().on_event(event)

    async def on_key_screen_ready(self) -> None:
        """Take the keys that were held, in their order and before any other."""
        self.top.is_ready = True
        held, self._held = self._held, []
        for event in held:
            await self.on_event(event)

    async def press(self, key: str, at: float) -> None:
        """Let one key act; on a screen that is too small, only Ctrl+C does."""
        if len(key) > 1 and key not in self.top.named_keys:
            return
        if self.top.too_small and key != "ctrl+c":
            self.bell()
            return
        await self._handle(lambda: self.top.press(key, at), at)

    async def on_act_later(self, message: ActLater) -> None:
        await self._handle(message.act, message.time)

    async def _handle(self, act: Act, typed_at: float) -> None:
        """Let one key or paste act, and show what came of it once no other key is waiting."""
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
        """Let this act on a screen, which says so where it breaks something."""
        try:
            await act()
        except Exception as error:
            self.log.error(error)
            screen.fail(error)

    def show_effect(self) -> None:
        """Show what a key did; where that was unexpected, keys typed before it count no more."""
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
        """Show what has changed; in a burst of keys only the last state."""
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
        """Leave without printing anything: whoever ran it says in words what happened."""
        if self.failure is None:
            self.failure = sys.exc_info()[1] or RuntimeError("the terminal's input was interrupted")
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        self.panic()
