"""Terminal of the full screen: its driver, its keys, its encoding, and whether it is still there."""

import os
import re
import select
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, TextIO

from rich.segment import Segment
from textual import events
from textual._parser import ParseTimeout
from textual._xterm_parser import XTermParser
from textual.color import Color
from textual.driver import Driver
from textual.filter import LineFilter
from textual.message import Message
from textual.message_pump import MessagePump

from survey_cli.text_width import is_certain, measure_width
from survey_cli.tui.widgets.ending import stop_writer

SAME_KEY: Final = {
    **dict.fromkeys(("ctrl+m", "kp_enter", "return"), "enter"),
    **dict.fromkeys(("shift+enter", "alt+enter"), "ctrl+j"),
}
ENTER: Final = ("enter", "ctrl+j")
"""Enter typed before the terminal was taken over arrives as Ctrl+J."""
_PLAIN: Final = str.maketrans(
    "‘’‚“”„–—‑−…×•·▷▸●✓─━│┃▊▎▌←→↑↓»«\u00a0", "'''\"\"\"----.x*->>*+-=|||||<>^v>< "
)


def read_keys(event: events.Key) -> Iterator[str]:
    """Yield the keys of an event: the character where it is printable, else the name (`enter`, `alt+left`, `f8`)."""
    letter = event.character
    code = ord(letter) if letter is not None and len(letter) == 1 else 0
    printable = code >= 32 and not 127 <= code < 160
    key = letter if letter is not None and printable else SAME_KEY.get(event.key, event.key)
    if event.key.startswith("alt+") and (printable or len(event.key) == 5):
        # Escape and a character within the terminal's escape delay: two keys, not one.
        yield "escape"
        key = key if printable else event.key[4:]
    yield key


def strike_key(app: MessagePump, key: str, at: float) -> None:
    """Have the application take a key as if it had been struck at this time: a click on its label."""
    event = events.Key(key, key if len(key) == 1 else None)
    event.time = at
    app.post_message(event)


class LastingOutput:
    """The terminal's output, which takes whatever is written after the terminal is gone and drops it.

    Textual writes on a thread of its own. An error would end that thread, and everything that is written afterwards
    would wait for it forever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write text, where that is still possible."""
        with suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        """Write what is in the buffer, where that is still possible."""
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
        return [
            segment
            if segment.control
            else segment._replace(text=to_encoding(segment.text, self._encoding))
            for segment in segments
        ]


class UncertainWidthFilter(LineFilter):
    """Erases the rest of a line that terminals measure differently, in place of filling it: none runs into the next."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(is_certain(segment.text) for segment in segments):
            return segments
        end = len(segments)
        while end and not segments[end - 1].text.strip():
            end -= 1
        style = segments[-1].style if end < len(segments) else None
        return [*segments[:end], Segment("\x1b[K", style)]


@lru_cache(maxsize=4096)
def to_encoding(text: str, encoding: str) -> str:
    """Return the text in characters that this encoding has, as wide as before.

    Accents and curly quotation marks go, letters stay.
    """
    return "".join(_to_encoding(letter, encoding) for letter in text)


def _to_encoding(letter: str, encoding: str) -> str:
    plain = unicodedata.normalize("NFKD", letter).translate(_PLAIN)
    for other in (letter, letter.translate(_PLAIN), plain[:1]):
        try:
            other.encode(encoding)
        except UnicodeEncodeError:
            continue
        if measure_width(other) == measure_width(letter):
            return other
    return "?" * measure_width(letter)


def read_encoding() -> str | None:
    """Return what the terminal is limited to; None where its locale is in UTF-8.

    The C locale counts as ASCII, which Python takes for UTF-8 without asking the terminal.
    """
    encoding = (sys.__stderr__.encoding if sys.__stderr__ is not None else None) or "ascii"
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    if locale in ("C", "POSIX"):
        return "ascii"
    return None if encoding.lower().replace("-", "") == "utf8" else encoding


def watch_terminal() -> "select.poll | None":
    """Return what tells when the terminal's other end is closed; None where there is none, or no way of asking."""
    stream = sys.__stdin__
    if stream is None or not hasattr(select, "poll") or not stream.isatty():
        return None
    watched = select.poll()
    watched.register(stream.fileno(), 0)  # a terminal that is gone says so unasked
    return watched


_SEQUENCE_BEGINNINGS: Final = "[O]P_^X"
"""What follows Escape in the sequences that terminals send."""
_LONE_ESCAPE: Final = re.compile(rf"(?<=\x1b)(?=[^{re.escape(_SEQUENCE_BEGINNINGS)}])", re.DOTALL)


class KeyParser(XTermParser):
    """Parser of what a terminal sends, which takes Escape and an ordinary key for two keys however fast they come.

    Textual waits for a tenth of a second whether a key follows Escape, and takes both for one key with Alt, or for a
    letter that neither of them is. Keys typed ahead on a slow line arrive together, and would be other keys.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._ends_in_escape = False

    def feed(self, data: str) -> Iterable[Message]:
        if not data:  # the end of the input
            yield from super().feed(data)
            return
        for part in _LONE_ESCAPE.split(data):
            if self._ends_in_escape and part[0] not in _SEQUENCE_BEGINNINGS:
                yield from self._take_escape()
            yield from super().feed(part)
            self._ends_in_escape = part.endswith("\x1b")

    def _take_escape(self) -> Iterator[Message]:
        """Take the Escape that is waited with for a key, as when its delay has passed."""
        if self._timeout_time is None:
            return
        self._timeout_time = None
        self._awaiting = self._gen.throw(ParseTimeout())
        while self._tokens:
            yield self._tokens.popleft()


def select_driver() -> type[Driver] | None:
    """Return Textual's driver for this terminal, made to survive bad bytes and a closed window.

    None: Textual chooses.
    """
    if sys.platform == "win32" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    from textual.drivers import linux_driver
    from textual.drivers.linux_driver import LinuxDriver

    linux_driver.__dict__["XTermParser"] = KeyParser  # the driver makes its parser without asking

    class TerminalDriver(LinuxDriver):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            assert self._file is not None
            self._file = LastingOutput(self._file)  # type: ignore[assignment]  # has what a driver uses of a file
            self._is_closed = False

        def _sigcont_application(self, *arguments: Any) -> None:
            # The system sends this signal after SIGHUP too, when a line drops. Only what was suspended is resumed: a
            # second input thread beside the first would keep the program from ending.
            if self._must_signal_resume:
                super()._sigcont_application(*arguments)

        def close(self) -> None:
            if self._writer_thread is not None and not self._is_closed:
                self._is_closed = True
                stop_writer(self._writer_thread)

        def run_input_thread(self) -> None:
            while True:
                try:
                    super().run_input_thread()
                    return
                except UnicodeDecodeError:
                    continue

    return TerminalDriver
