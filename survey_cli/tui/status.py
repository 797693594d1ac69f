"""Screen of a report that is refreshed every few seconds; it can only be scrolled and left."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from survey_cli.text_width import fit, measure_width
from survey_cli.tui.app import KeysApp
from survey_cli.tui.drawing import Page
from survey_cli.tui.modes import ENTER
from survey_cli.tui.wording import Run, ScreenLine, spread

Lines: TypeAlias = Callable[[int], Sequence[str]]
"""Gives the lines of the report as of now, for so many cells; the first one always stays on the screen."""

EVERY: Final = 5.0
"""Seconds from one look to the next."""
PART: Final = 10
"""At most one part in so many of the time is spent on looking."""
LEAVE: Final = ("q", "escape", "ctrl+c", "f10")
AGAIN: Final = ("r", "f5")


class StatusBoard:
    """The lines, and which of them are on the screen."""

    def __init__(self) -> None:
        self.lines: tuple[str, ...] = ()
        self.top = 0
        """The first line shown below the title."""
        self.page = 1
        self.again = False
        """It was asked for a look at once."""
        self.bell = self.unexpected = self.left = False
        self.said = ""

    def press(self, key: str, at: float = 0.0) -> None:
        self.bell = False
        match key.casefold():
            case leave if leave in LEAVE:
                self.left = True
            case again if again in AGAIN:
                self.again = True
            case "up" | "k":
                self.top -= 1
            case "down" | "j":
                self.top += 1
            case enter if enter in ENTER:
                self.top += 1
            case "pageup" | "b":
                self.top -= self.page
            case "pagedown" | " " | "space":
                self.top += self.page
            case "home":
                self.top = 0
            case "end":
                self.top = len(self.lines)
            case _:
                self.bell = True

    def paste(self, text: str) -> None:
        self.bell = True

    def dropped(self, keys: int) -> None:
        """No key is ever set aside here."""

    def failed(self, error: Exception) -> None:
        self.said = f"that key failed ({type(error).__name__})"


def draw_status(board: StatusBoard, *, width: int, height: int) -> Page:
    """The title, as much of the report as there is room for, and the keys at the foot."""
    rows = max(height - 2, 1)
    body = board.lines[1:]
    board.top = max(0, min(board.top, len(body) - rows))
    board.page = max(rows - 1, 1)
    shown = body[board.top : board.top + rows]
    lines: list[ScreenLine] = [(Run(_fit(board.lines[0] if board.lines else "", width), "key"),)]
    for at, text in enumerate(shown, start=board.top):
        heads = bool(text) and text[0] != " " and (at == 0 or not body[at - 1])
        lines.append((Run(_fit(text, width), "stress" if heads else "aloud"),))
    lines += [()] * (height - 1 - len(lines))
    last = min(board.top + rows, len(body))
    where = f"lines {board.top + 1}–{last} of {len(body)}" if len(body) > rows else ""
    keys = board.said or "q leaves   ↑ ↓ PgUp PgDn scroll   r looks now"
    lines.append(spread((Run(_fit(keys, width), "hint"),), (Run(where, "hint"),) if where else (), width))
    return Page(lines=tuple(lines[:height]), top=board.top, rows=rows, cursor=None)


def _fit(text: str, width: int) -> str:
    return text if measure_width(text) <= width else fit(text, width)


class StatusApp(KeysApp):
    """The report on a full screen, as long as it is looked at."""

    board: StatusBoard

    def __init__(self, read: Lines) -> None:
        super().__init__()
        self.board = StatusBoard()
        self._read = read
        self._wanted = asyncio.Event()

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._follow(), exit_on_error=False)

    async def _follow(self) -> None:
        """Look, show, wait; keys are taken all the while."""
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                found = await asyncio.to_thread(self._read, self.size.width)
            except Exception as error:
                self.broke = error
                self.exit()
                return
            self.board.lines = tuple(found)
            self.redraw()
            self._wanted.clear()
            try:
                await asyncio.wait_for(self._wanted.wait(), max(EVERY, PART * (clock() - began)))
            except TimeoutError:
                continue

    def redraw(self) -> None:
        if self.board.again:
            self.board.again = False
            self._wanted.set()
        if self._sheet.size:
            self.put(self.page())

    def page(self) -> Page:
        """The page as it should stand now."""
        width, height = self._sheet.size
        return draw_status(self.board, width=width, height=height)
