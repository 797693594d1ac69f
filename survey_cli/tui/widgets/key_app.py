"""Application of every full-screen interface: keys are handled one after another, each finished before the next."""

import signal
import sys
from asyncio import get_running_loop
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen

from survey_cli.tui.widgets import terminal
from survey_cli.tui.widgets.key_screen import KeyScreen
from survey_cli.tui.widgets.panel import ActLater
from survey_cli.tui.widgets.themes import THEMES, choose_theme

if TYPE_CHECKING:
    from select import poll

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
        super().__init__(driver_class=terminal.select_driver(), ansi_color=True if THEMES[theme].ansi else None)
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
        with suppress(ValueError, RuntimeError):  # not the main thread: signals do not arrive there
            for name in ("SIGTERM", "SIGHUP"):  # told to end; the window was closed
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                    get_running_loop().add_signal_handler(number, self._end_from_outside)
        self._terminal = terminal.watch_terminal() if not self.is_headless else None
        self.every(1.0, self._tick)
        self.start()

    def every(self, seconds: float, act: Callable[[], Awaitable[None] | None]) -> None:
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
        """Let a click act."""
        await self._handle(message.act, message.time)

    async def _handle(self, act: Callable[[], Awaitable[None]], typed_at: float) -> None:
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

    async def attempt(self, act: Callable[[], Awaitable[None]], screen: KeyScreen) -> None:
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
