"""A text page: lines as JSON messages on a socket, and the lines that are typed there.

Every message is one JSON object on a line. Nothing is shown or taken twice: lines are numbered, and
an entry names what it answers (the number `ask`) and the seat that asked it.

| to the page | |
|---|---|
| `lines` | lines for the log, from the number `first` on |
| `ask` | a line is awaited: its label, its kind, and what can be chosen |
| `unused` | an entry was not used, because something else is asked by now |
| `end` | the seat has ended |

| from the page | |
|---|---|
| `attach` | a page was opened or has come back: it gets the last lines and the question again |
| `entry` | a line that was typed or chosen |
| `typing` | what has been typed of the line so far |

The seat goes on without a page. What it says then is kept, as far as `MOST_LINES` and `MOST_BYTES`
allow, until a page is attached.
"""

import json
import select
import socket
from collections import deque
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final
from uuid import uuid4

from survey_cli.entries import Rejection, StyledText
from survey_cli.plain.awaited_line import AwaitedLine, LineChoice, add_commands
from survey_cli.plain.conversation import InputEndedError, TellNews
from survey_cli.plain.rendering import RENDERERS, clean, list_option_remarks, render_line
from survey_cli.plain.streams import MAX_LINE_LENGTH, Interrupts
from survey_cli.sessions.lines.line import Line, Role

NEWS_SECONDS: Final = 1.0
"""How often news are looked for while a line is awaited."""
MOST_LINES: Final = 400
"""Lines that are kept for a page that is opened again."""
MOST_PAGES: Final = 2
"""Questions or cases that are shown again: the one that is asked, and the one before."""
MOST_WORDS: Final = 20_000
"""Characters of one line. A text page is no place for more, and a message has a limit."""
MOST_BYTES: Final = 256 * 1024
"""The longest message from a page; a longer one is skipped."""
MOST_OUTGOING: Final = 4 * 1024 * 1024
"""Bytes that wait for web to read them. Beyond it they are dropped: an attached page gets the last
lines again."""
_CHUNK: Final = 64 * 1024

LABELS: Final = {
    Role.OWN: "Your own entry",
    Role.INSTRUCTION: "Interviewer",
    Role.PROBE: "Probe",
    Role.REJECTION: "Not accepted",
    Role.UNDERSTOOD: "Understood",
    Role.QUERY: "Please confirm",
    Role.READ_BACK: "Read back",
}
"""What lines begin with on a page. A color or a sign says nothing to somebody who can't see it."""
LOCAL_ROLES: Final = frozenset(
    (
        Role.SECTION,
        Role.TURN,
        Role.SPOKEN,
        Role.OWN,
        Role.OPTION,
        Role.UNREAD_OPTION,
        Role.UNIT,
        Role.INSTRUCTION,
        Role.PROBE,
        Role.READ_BACK,
        Role.FAQ,
    )
)
"""Lines whose words are the questionnaire's, in its language."""
KEYED_ROLES: Final = frozenset((Role.OPTION, Role.UNREAD_OPTION, Role.UNIT))
"""Lines that begin with what is keyed for them."""


class MessageChannel:
    """Both directions of a text page: a `LineSink` and a `LineSource`.

    It is used by one thread. Only `read_line` waits, for the page or for the next look at the news.
    """

    prompt = ""
    shows_drafts = True
    has_buttons = True
    is_terminal = True
    """A page moves on at Enter, as a terminal does."""

    def __init__(self, connection: socket.socket, interrupts: Interrupts) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._interrupts = interrupts
        self.seat = uuid4().hex
        """Tells this seat from one before it: an entry for that one is not taken here."""
        self.language = ""
        self.right_to_left = False
        self.pause = float("inf")
        self.has_ended = False
        self.is_cut_off = False
        self.unfinished = ""
        self._history = _History()
        self._unsent: list[dict[str, Any]] = []
        self._begins = False
        """Whether the next line is the first one of a question or a case."""
        self._outgoing = _Outgoing()
        self._incoming = bytearray()
        self._awaited: AwaitedLine | None = None
        self._ask = 0
        """The number of the line that is awaited, or was taken last."""
        self._entry: str | None = None
        self._last = float("-inf")

    # lines to the page

    def write_line(self, line: Line) -> None:
        """Send a line with its role; what says nothing isn't sent."""
        if not render_line(line).strip():
            return
        content = _encode_line(line)
        if self.language and line.role in LOCAL_ROLES:
            content["language"] = self.language
            content["right_to_left"] = self.right_to_left
        if self._begins:
            content["begins"] = True
            self._begins = False
        self._unsent.append(content)

    def begin_page(self) -> None:
        """Note that what follows is shown again to a page that is opened."""
        self._keep_unsent()
        self._history.begin_page()
        self._begins = True

    def end_line(self) -> None:
        """Do nothing: lines of a page end by themselves."""

    def flush(self, prompt: str = "") -> None:  # noqa: ARG002
        """Send the lines that were written."""
        self._keep_unsent()
        self._send_waiting()

    def _keep_unsent(self) -> None:
        if not self._unsent:
            return
        first = self._history.add(self._unsent)
        self._send({"type": "lines", "first": first, "lines": self._unsent})
        self._unsent = []

    def send_end(self) -> None:
        """Tell the page that the seat has ended."""
        self.flush()
        self._send({"type": "end"})

    # lines from the page

    def read_line(
        self, awaited: AwaitedLine | None = None, tell_news: TellNews | None = None
    ) -> str | Rejection:
        """Send what is awaited, and return what the page sends for it.

        Raises InputEndedError if the seat is told to end, and whatever `tell_news` raises.
        """
        self._ask += 1
        self._awaited = awaited or AwaitedLine("Entry")
        self._entry = None
        self.unfinished = self._awaited.draft
        self._send_ask()
        try:
            text = self._wait_for_entry(tell_news)
        except (KeyboardInterrupt, OSError) as ended:
            self.has_ended = True
            self.is_cut_off = True
            raise InputEndedError(self.unfinished) from ended
        finally:
            self._awaited = None

        now = monotonic()
        self.pause = now - self._last
        self._last = now
        if len(text) > MAX_LINE_LENGTH:
            return Rejection(f"longer than {MAX_LINE_LENGTH} characters: shorten it")
        return text

    def _wait_for_entry(self, tell_news: TellNews | None) -> str:
        """Wait until the page has sent an entry for the line that is awaited."""
        news_at = monotonic() + NEWS_SECONDS
        while self._entry is None:
            self._wait(news_at)
            self._send_waiting()
            self._receive()
            if monotonic() >= news_at:
                news_at = monotonic() + NEWS_SECONDS
                if tell_news is not None:
                    self._offer(tell_news())
        return self._entry

    def _offer(self, choices: tuple[LineChoice, ...]) -> None:
        """Send what was said meanwhile, and what can be chosen besides."""
        self.flush()
        if choices and self._awaited is not None:
            self._awaited = add_commands(self._awaited, choices)
            self._send_ask()

    def _wait(self, until: float) -> None:
        """Wait until a message arrives, or web reads, or it is time for the news.

        Only this is interrupted by a signal, so that no message is half sent or half taken.
        """
        writable = [self._connection] if self._outgoing else []
        remaining = max(until - monotonic(), 0)
        self._interrupts.wait_for(
            lambda: select.select([self._connection], writable, [], remaining)
        )

    def _receive(self) -> None:
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionResetError("nobody can attach a page any more")
        self._incoming += data
        *messages, rest = self._incoming.split(b"\n")
        self._incoming = rest
        for message in messages:
            if len(message) <= MOST_BYTES:
                self._handle(_decode(message))
        if len(self._incoming) > MOST_BYTES:
            # Its end will come too, and is no JSON object.
            del self._incoming[:-1]

    def _handle(self, message: Mapping[str, Any]) -> None:
        """Do what a message asks for; one that isn't understood is skipped."""
        match message.get("type"):
            case "attach":
                self._attach()
            case "entry" if isinstance(message.get("text"), str):
                if self._is_for_awaited(message):
                    self._entry = clean(message["text"])
                else:
                    self._refuse(message)
            case "typing" if isinstance(message.get("text"), str):
                if self._is_for_awaited(message):
                    self.unfinished = clean(message["text"])

    def _is_for_awaited(self, message: Mapping[str, Any]) -> bool:
        """Return whether a message answers what is asked now, and is the first one to do so."""
        is_asked = message.get("seat") == self.seat and message.get("ask") == self._ask
        return is_asked and self._entry is None

    def _refuse(self, message: Mapping[str, Any]) -> None:
        """Tell the page that an entry was not used, unless it was the one that was taken."""
        if message.get("seat") == self.seat and message.get("ask") == self._ask:
            return
        self._send({"type": "unused", "ask": message.get("ask")})

    # a page that is opened

    def _attach(self) -> None:
        """Send a page what it needs to go on: the last lines, and what is awaited."""
        self._outgoing.clear()
        first, lines = self._history.list_lines()
        self._send({"type": "lines", "first": first, "lines": lines})
        if self._entry is None:
            self._send_ask()

    def _send_ask(self) -> None:
        assert self._awaited is not None
        awaited = self._awaited
        content = {
            "type": "ask",
            "ask": self._ask,
            "label": clean(awaited.label),
            "language": awaited.language,
            "right_to_left": awaited.right_to_left,
            "kind": awaited.kind.value,
            "answers": [_encode_choice(choice) for choice in awaited.answers],
            "commands": [_encode_choice(choice) for choice in awaited.commands],
            "text": self.unfinished,
        }
        self._send(content)

    def _send(self, content: Mapping[str, Any]) -> None:
        """Send a message, now or when web reads."""
        self._outgoing.add({**content, "seat": self.seat})
        self._send_waiting()

    def _send_waiting(self) -> None:
        self._outgoing.send(self._connection)


class _History:
    """The last lines with their numbers, for a page that is opened again."""

    def __init__(self) -> None:
        self._lines: deque[dict[str, Any]] = deque(maxlen=MOST_LINES)
        self._count = 0
        """The number of lines so far; the next one has this number, plus 1."""
        self._pages: deque[int] = deque([1], maxlen=MOST_PAGES)
        """The numbers of the first lines of the last pages."""

    def add(self, lines: list[dict[str, Any]]) -> int:
        """Add lines, and return the number of the first one."""
        first = self._count + 1
        self._lines += lines
        self._count += len(lines)
        return first

    def begin_page(self) -> None:
        self._pages.append(self._count + 1)

    def list_lines(self) -> tuple[int, list[dict[str, Any]]]:
        """Return the number of the first line that is shown again, and the lines from it on."""
        oldest = self._count - len(self._lines) + 1
        first = max(self._pages[0], oldest)
        return first, list(self._lines)[first - oldest :]


class _Outgoing:
    """Messages that wait until web reads them."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque()
        self._size = 0
        self._is_begun = False
        """Whether a part of the first message was sent."""

    def __bool__(self) -> bool:
        return bool(self._messages)

    def add(self, content: Mapping[str, Any]) -> None:
        """Add a message. If web has not read for long, all before it are dropped."""
        if self._size > MOST_OUTGOING:
            self.clear()
        data = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        self._messages.append(data)
        self._size += len(data)

    def clear(self) -> None:
        """Drop what waits, but not the rest of a message that was sent in part."""
        kept = [self._messages[0]] if self._is_begun else []
        self._messages = deque(kept)
        self._size = sum([len(data) for data in kept])

    def send(self, connection: socket.socket) -> None:
        """Send what the connection takes now."""
        while self._messages:
            data = self._messages[0]
            try:
                sent = connection.send(data)
            except BlockingIOError:
                return
            except OSError:
                # Nobody can read it any more. The next line that is awaited reports that.
                self._messages.clear()
                return
            self._size -= sent
            if sent < len(data):
                self._messages[0] = data[sent:]
                self._is_begun = True
            else:
                self._messages.popleft()
                self._is_begun = False


def _decode(message: bytes | bytearray) -> Mapping[str, Any]:
    """Return a message, or an empty one if it is no JSON object."""
    try:
        content = json.loads(message)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _encode_line(line: Line) -> dict[str, Any]:
    """Return a line as JSON: its role, its words, and what stands before and behind them.

    `words` are pairs of a text and whether it is stressed.
    """
    content: dict[str, Any] = {"role": line.role.name.lower()}
    label = LABELS.get(line.role, "")
    if label:
        content["label"] = label

    if line.role in KEYED_ROLES:
        content["key"] = line.key
        content["words"] = _encode_words(line.text)
        remarks = list_option_remarks(line)
        if remarks:
            content["remarks"] = remarks
    elif line.role in RENDERERS or line.label:
        content["words"] = [[_shorten(clean(render_line(line))), False]]
    else:
        content["words"] = _encode_words(line.text)
    return content


def _encode_words(text: StyledText) -> list[list[object]]:
    return [[_shorten(clean(span.text)), span.stress] for span in text]


def _shorten(text: str) -> str:
    if len(text) <= MOST_WORDS:
        return text
    return f"{text[:MOST_WORDS]}…"


def _encode_choice(choice: LineChoice) -> dict[str, Any]:
    """Return a choice as JSON; what isn't set is left out."""
    content: dict[str, Any] = {"typed": choice.typed, "text": _shorten(clean(choice.text))}
    optional = {
        "key": choice.key,
        "remarks": list(choice.remarks),
        "needs_words": choice.needs_words,
        "words": choice.words,
        "is_complete": choice.is_complete,
        "code": choice.code,
        "help": choice.help,
        "language": choice.language,
    }
    return content | {name: value for name, value in optional.items() if value}
