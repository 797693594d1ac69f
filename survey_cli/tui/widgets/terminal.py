"""Terminal of the full screen: its driver, its keys, its encoding, and whether it still exists."""

import os
import re
import select
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from threading import Event
from typing import Any, Final, TextIO

from rich.segment import Segment
from textual import events
from textual._parser import ParseTimeout
from textual._xterm_parser import XTermParser
from textual.color import Color
from textual.driver import Driver
from textual.filter import LineFilter
from textual.message import Message

from survey_cli.text_width import is_certain, measure_width
from survey_cli.tui.widgets.ending import stop_writer

SAME_KEY: Final = {
    "ctrl+m": "enter",
    "kp_enter": "enter",
    "return": "enter",
    "shift+enter": "ctrl+j",
    "alt+enter": "ctrl+j",
}
"""Other names of the same key, which depend on the terminal."""
ENTER: Final = ("enter", "ctrl+j")
"""Enter typed before the terminal was taken over arrives as Ctrl+J."""
_PLAIN: Final = str.maketrans(
    "‘’‚“”„–—‑−…×•·▷▸●✓─━│┃▊▎▌←→↑↓»«\u00a0", "'''\"\"\"----.x*->>*+-=|||||<>^v>< "
)
"""ASCII characters that look like those that our screens and most texts use."""


def read_keys(event: events.Key) -> Iterator[str]:
    """Yield the keys of an event: a printable character, or a name (`enter`, `alt+left`)."""
    letter = event.character
    printable = letter is not None and len(letter) == 1 and not _is_control(letter)
    if letter is not None and printable:
        key = letter
    else:
        key = SAME_KEY.get(event.key, event.key)

    name = event.key.removeprefix("alt+")
    with_alt = name != event.key
    if with_alt and (printable or len(name) == 1):
        # Escape and a character within the terminal's escape delay: two keys, not one.
        yield "escape"
        if not printable:
            key = name
    yield key


def _is_control(letter: str) -> bool:
    code = ord(letter)
    return code < 32 or 127 <= code < 160


class LastingOutput:
    """The terminal's output, which drops what is written after the terminal has gone.

    Textual writes on a thread of its own. An error would end that thread, and everything that is
    written afterwards would wait for it forever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write text, if that is still possible."""
        with suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        """Write what is in the buffer, if that is still possible."""
        with suppress(OSError, ValueError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class EncodingFilter(LineFilter):
    """Replaces characters that the terminal's encoding lacks by others of the same width."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        replaced = []
        for segment in segments:
            if not segment.control:
                segment = segment._replace(text=to_encoding(segment.text, self._encoding))
            replaced.append(segment)
        return replaced


class UncertainWidthFilter(LineFilter):
    """Erases the rest of a line whose width terminals measure differently.

    Filled with spaces, the line would run into the next one on a terminal that takes it for wider.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(is_certain(segment.text) for segment in segments):
            return segments

        end = len(segments)
        while end and not segments[end - 1].text.strip():
            end -= 1
        # the terminal erases in the background of the spaces that this replaces
        style = None
        if end < len(segments):
            style = segments[-1].style
        return [*segments[:end], Segment("\x1b[K", style)]


@lru_cache(maxsize=4096)
def to_encoding(text: str, encoding: str) -> str:
    """Return the text in characters that this encoding has, as wide as before.

    Accents and curly quotation marks go, letters stay.
    """
    return "".join(_to_encoding(letter, encoding) for letter in text)


def _to_encoding(letter: str, encoding: str) -> str:
    width = measure_width(letter)
    plain = unicodedata.normalize("NFKD", letter).translate(_PLAIN)
    for other in (letter, letter.translate(_PLAIN), plain[:1]):
        try:
            other.encode(encoding)
        except UnicodeEncodeError:
            continue
        if measure_width(other) == width:
            return other
    return "?" * width


def read_encoding() -> str | None:
    """Return the encoding that limits the terminal; None if its locale is in UTF-8."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    if locale in ("C", "POSIX"):
        # Python takes these for UTF-8 without asking the terminal, which may know ASCII only.
        return "ascii"

    encoding = "ascii"
    if sys.__stderr__ is not None and sys.__stderr__.encoding:
        encoding = sys.__stderr__.encoding
    if encoding.lower().replace("-", "") == "utf8":
        return None
    return encoding


def watch_terminal() -> "select.poll | None":
    """Return what tells when the terminal's other end is closed.

    None if the input is no terminal, or if the platform has no way of asking.
    """
    stream = sys.__stdin__
    if stream is None or not hasattr(select, "poll") or not stream.isatty():
        return None
    watched = select.poll()
    # No event is asked for: that a terminal has gone is reported in any case.
    watched.register(stream.fileno(), 0)
    return watched


class InputEnd(Event):
    """Tells the thread that reads keys to end: when it is set, or when the terminal has gone.

    A terminal that has gone is readable all the time, and has nothing to read. The thread would
    take so much of the processor that the program needed ten seconds for its own end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._terminal = watch_terminal()

    def is_set(self) -> bool:
        """Return whether no more keys are to be read; asked before each read."""
        if super().is_set():
            return True
        return self._terminal is not None and bool(self._terminal.poll(0))


_SEQUENCE_BEGINNINGS: Final = "[O]P_^X"
"""What follows Escape in the sequences that terminals send."""
_LONE_ESCAPE: Final = re.compile(rf"(?<=\x1b)(?=[^{re.escape(_SEQUENCE_BEGINNINGS)}])", re.DOTALL)
"""Between Escape and a character that begins no sequence."""


class KeyParser(XTermParser):
    """Parser of what a terminal sends: Escape and an ordinary key are two keys, however fast.

    Textual waits for a tenth of a second whether a key follows Escape, and takes both for one key
    with Alt, or for a letter that neither of them is. Keys typed ahead on a slow line arrive
    together, and would be other keys.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._ends_in_escape = False

    def feed(self, data: str) -> Iterable[Message]:
        if not data:
            # the end of the input
            yield from super().feed(data)
            return

        for part in _LONE_ESCAPE.split(data):
            if self._ends_in_escape and part[0] not in _SEQUENCE_BEGINNINGS:
                yield from self._take_escape()
            yield from super().feed(part)
            self._ends_in_escape = part.endswith("\x1b")

    def _take_escape(self) -> Iterator[Message]:
        """Let the parser take Escape now, as its `tick` does once the delay has passed."""
        if self._timeout_time is None:
            # the delay has passed and the Escape was taken
            return
        self._timeout_time = None
        self._awaiting = self._gen.throw(ParseTimeout())
        while self._tokens:
            yield self._tokens.popleft()


def select_driver() -> type[Driver] | None:
    """Return Textual's driver for this terminal, made to survive bad bytes and a closed window.

    None lets Textual choose.
    """
    if sys.platform == "win32" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    # Windows doesn't have what this module needs.
    from textual.drivers import linux_driver
    from textual.drivers.linux_driver import LinuxDriver

    # The driver builds its parser in the middle of a method, by this name.
    linux_driver.__dict__["XTermParser"] = KeyParser

    class TerminalDriver(LinuxDriver):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            assert self._file is not None
            # It has what a driver uses of a file.
            self._file = LastingOutput(self._file)  # type: ignore[assignment]
            self._is_closed = False
            self.exit_event = InputEnd()

        def _sigcont_application(self, *arguments: Any) -> None:
            # The system sends this signal after SIGHUP too, when a line drops. Only what was
            # suspended is resumed: a second input thread would keep the program from ending.
            if self._must_signal_resume:
                super()._sigcont_application(*arguments)

        def close(self) -> None:
            # Textual closes its driver, and so does whoever ran the screen.
            if self._writer_thread is not None and not self._is_closed:
                self._is_closed = True
                stop_writer(self._writer_thread)

        def run_input_thread(self) -> None:
            while True:
                try:
                    super().run_input_thread()
                    return
                except UnicodeDecodeError:
                    # A terminal in another encoding: only what was read at once is lost.
                    continue

    return TerminalDriver
