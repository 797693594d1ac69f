"""Hands on a full screen without a terminal: keys go in, and what is shown is read as text."""

import asyncio
import contextvars
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from textual import events
from textual._compositor import Compositor
from textual._context import active_app
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.geometry import Offset
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, OptionList

from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.station import StationSession
from survey_cli.tui.board.screen import BoardApp
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.station.screen import StationApp, StationScreen
from survey_cli.tui.widgets.key_app import KeyApp, KeyScreen
from survey_cli.tui.widgets.styled import KeyBar

T = TypeVar("T")
NAMED = frozenset(
    [
        "enter",
        "escape",
        "left",
        "right",
        "up",
        "down",
        "backspace",
        "pagedown",
        "pageup",
        "delete",
        "home",
        "end",
        "tab",
        "space",
        "left_shift",
    ]
) | {f"f{n}" for n in range(1, 13)}


_parsed_styles: dict[object, Any] = {}
_render_update, _parse_rules = Compositor.render_update, Stylesheet._parse_rules


def _skip_painting(compositor: Compositor, full: bool = False, **options: Any) -> Any:
    """Paint nothing between two keys: nobody sees it. `Hands.text` paints the screen, as does a picture of it.

    A program at a terminal, which other tests fork from this process, paints as always.
    """
    if full or not active_app.get().is_headless:
        return _render_update(compositor, full, **options)
    compositor._dirty_regions.clear()
    return None


def _parse_once(stylesheet: Stylesheet, css: str, *arguments: Any, **options: Any) -> Any:
    """Parse each style sheet once with the same colors, not once for each application."""
    key = css, arguments, tuple(options.items()), tuple(stylesheet._variables.items())
    if key not in _parsed_styles:
        _parsed_styles[key] = _parse_rules(stylesheet, css, *arguments, **options)
    return _parsed_styles[key]


Compositor.render_update = _skip_painting  # type: ignore[method-assign]
Stylesheet._parse_rules = _parse_once  # type: ignore[method-assign]


def split_keys(keys: Iterable[str]) -> Iterator[str]:
    """Yield the keys; a string of several characters that names no key is typed one by one."""
    for key in keys:
        yield from [key] if key in NAMED or "+" in key else key


class Hands:
    """An application that runs without a terminal, one step at a time."""

    def __init__(self, app: KeyApp, size: tuple[int, int] = (80, 24)) -> None:
        self.app = app
        self._loop = asyncio.new_event_loop()
        self._context = contextvars.copy_context()
        self._running = app.run_test(size=size)
        self.pilot = self.run(self._running.__aenter__())
        self.pause()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run this to its end."""
        return self._loop.run_until_complete(
            self._loop.create_task(coroutine, context=self._context)
        )

    def close(self) -> None:
        """End the application."""
        self.run(self._running.__aexit__(None, None, None))
        self._loop.close()

    def pause(self, seconds: float = 0.0) -> None:
        """Let this time pass, and the application do all that it has to do."""
        self.run(asyncio.sleep(seconds))
        self.run(finish_work(self.app))

    def press(self, *keys: str, at: float = 0.0) -> None:
        """Press keys."""
        for key in split_keys(keys):
            while not self.app._exit and (
                not self.screen.is_ready or self.app._settled_at == float("inf")
            ):
                self.pause()  # no key is taken yet
            self.app._settled_at = 0.0  # these hands look at the screen before each key
            self.run(self.app.press(key, at))
        self.pause()

    def burst(self, *keys: str) -> None:
        """Send all keys at once, as a terminal delivers what was typed ahead; a line break is Enter."""
        for key in split_keys(keys):
            event = (
                events.Key("enter", "\r")
                if key == "\n"
                else events.Key(key, key if len(key) == 1 else None)
            )
            event.set_sender(self.app)
            self.app.post_message(event)
        self.pause()

    def paste(self, text: str) -> None:
        """Paste text."""
        self.app.post_message(events.Paste(text))
        self.pause()

    def click(
        self, what: str | type[Widget] | None = None, offset: tuple[int, int] = (0, 0)
    ) -> None:
        """Click a widget, or a place on the screen."""
        self.send_click(what, offset)
        self.pause()

    def send_click(
        self, what: str | type[Widget] | None = None, offset: tuple[int, int] = (0, 0)
    ) -> None:
        """Send a click as a terminal does. Textual's `Pilot.click` goes past the application."""
        corner = Offset()
        if what is not None:
            corner = self.screen.query_one(what).region.offset
        x, y = corner + offset
        for kind in (events.MouseDown, events.MouseUp):
            event = kind(None, x, y, 0, 0, 1, False, False, False)
            event.set_sender(self.app)
            self.app.post_message(event)

    @property
    def screen(self) -> KeyScreen:
        return self.app.top

    @property
    def why(self) -> str:
        return self.screen.why

    @property
    def said(self) -> str:
        return self.screen.said

    @property
    def panel(self) -> str:
        """What is open; empty where nothing is."""
        return self.screen.panel.what if self.screen.panel is not None else ""

    @property
    def field(self) -> str:
        """What is typed into the panel on top."""
        assert self.screen.panel is not None
        return self.screen.panel.query_one(Input).value

    def listed(self) -> list[str]:
        """The rows of the list that is open."""
        assert self.screen.panel is not None
        return [str(option.prompt) for option in self.screen.panel.query_one(OptionList).options]

    @property
    def keys(self) -> str:
        """The key bar."""
        return str(self.screen.query_one(KeyBar).render())

    def paint(self) -> list[Strip]:
        """The screen, line by line, with its styles."""

        async def paint() -> list[Strip]:
            return self.app.screen._compositor.render_strips()

        return self.run(paint())

    def lines(self) -> list[str]:
        """The screen, line by line."""
        return ["".join(segment.text for segment in strip).rstrip() for strip in self.paint()]

    def text(self) -> str:
        """The screen as text."""
        return "\n".join(self.lines())

    def picture(self) -> str:
        """The screen as SVG."""

        async def paint() -> str:
            return self.app.export_screenshot(title=self.app.title, simplify=True)

        return self.run(paint())


async def finish_work(app: App[Any]) -> None:
    """Return when the application has handled every message and painted its screen.

    Textual's own `Pilot.pause` sleeps until the process seems idle: 20 ms and more for each key.
    """
    loop = asyncio.get_running_loop()
    while not app._exit:
        await asyncio.sleep(0)
        if loop._ready:  # type: ignore[attr-defined]  # tasks that can go on
            continue
        screen = app.screen
        if not (
            screen._layout_required
            or screen._scroll_required
            or screen._repaint_required
            or screen._recompose_required
            or screen._dirty_widgets
            or screen._callbacks
        ):
            return
        with screen._context():
            screen._on_timer_update()  # what Textual does 60 times per second


class InterviewHands(Hands):
    """An interview under one pair of hands."""

    def __init__(
        self, session: InterviewSession, *keys: str, size: tuple[int, int] = (80, 24)
    ) -> None:
        super().__init__(KeyApp(lambda: InterviewScreen(session), "dark"), size)
        self.press(*keys)

    @property
    def interview(self) -> InterviewScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, InterviewScreen)
        return screen

    @property
    def at(self) -> str:
        """The place that is asked; empty where none is."""
        return (
            str(self.interview.question.place) if self.interview.question.place is not None else ""
        )

    @property
    def typed(self) -> str:
        return self.interview.view.typed or self.interview.question.pick.typed

    @property
    def chosen(self) -> tuple[int | str, ...] | None:
        return self.interview.question.pick.chosen


@contextmanager
def interviewing(
    session: InterviewSession, *keys: str, size: tuple[int, int] = (80, 24)
) -> Iterator[InterviewHands]:
    """Have an interview on the screen, with these keys pressed."""
    hands = InterviewHands(session, *keys, size=size)
    try:
        yield hands
    finally:
        hands.close()


def wait_for_board(hands: Hands) -> Hands:
    """Let a board read its studies again: twice, since the first reading may have begun before."""
    assert isinstance(hands.app, BoardApp)
    for _ in range(2):
        before = hands.app.board.statuses
        hands.app.board._read_again()
        while hands.app.board.statuses is before and hands.app.failure is None:
            hands.pause(0.02)
    return hands


class StationHands(Hands):
    """A station under one pair of hands."""

    def __init__(
        self, session: StationSession, *keys: str, size: tuple[int, int], theme: str
    ) -> None:
        self.station_app = StationApp(session, theme)
        super().__init__(self.station_app, size)
        self.press(*keys)

    @property
    def station(self) -> StationScreen:
        return self.station_app.station

    @property
    def key(self) -> str:
        """The key of the case on the screen."""
        return self.station.case.key if self.station.case is not None else ""

    @property
    def interviewing(self) -> bool:
        return isinstance(self.screen, InterviewScreen)

    def beat(self) -> None:
        """Let the time pass after which the station looks for a case that is due."""
        self.run(self.station_app.beat())
        self.pause()


@contextmanager
def calling(
    session: StationSession, *keys: str, size: tuple[int, int] = (80, 24), theme: str = "dark"
) -> Iterator[StationHands]:
    """Have a station on the screen, with these keys pressed."""
    hands = StationHands(session, *keys, size=size, theme=theme)
    try:
        yield hands
    finally:
        hands.close()
    if hands.app.failure is not None:
        raise hands.app.failure
