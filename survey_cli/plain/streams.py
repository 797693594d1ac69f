"""Input and output streams of lines: terminals, pipes that close, bytes that are not text."""

import codecs
import contextlib
import io
import locale
import os
import re
import signal
import unicodedata
from collections.abc import Callable
from time import monotonic
from types import FrameType, ModuleType
from typing import Any, Final, TextIO, TypeVar

from survey_cli.entries import Rejection
from survey_cli.plain.awaited_line import AwaitedLine
from survey_cli.plain.conversation import InputEndedError, OutputClosedError, TellNews
from survey_cli.plain.rendering import clean, flatten, render_line
from survey_cli.sessions.lines.line import Line, Role
from survey_cli.text_width import count_fitting, measure_width

_SETTINGS: Final = (
    # They would be sent with every prompt; a screen reader or a simple terminal may read them out.
    "set enable-bracketed-paste off",
    "set enable-meta-key off",
    # What was cut from one answer could be inserted in the next, or at another respondent.
    *("set keymap vi-command", '"p": ""', '"P": ""'),
    *("set keymap vi-insert", '"\\C-y": ""'),
    *("set keymap emacs", '"\\C-y": ""', '"\\ey": ""', '"\\e\\C-y": ""'),
)


class LineEditor:
    """Reads lines that can be edited."""

    def __init__(self, readline: ModuleType) -> None:
        self._readline = readline
        self.unfinished = ""
        """What has been typed of the line that is awaited, as far as it was noted."""
        self._last = ""

    def read_line(self, prompt: str) -> str:
        """Show the prompt and return the edited line with its end; empty at the input's end."""
        self.unfinished = ""
        try:
            self._last = input(prompt)
        except EOFError:
            return ""
        except KeyboardInterrupt:
            self._note_interrupted()
            raise
        except SystemError as error:
            # Python raises it if it handles another signal after the one that ended the wait.
            if not isinstance(error.__cause__, KeyboardInterrupt):
                raise
            self._note_interrupted()
            raise KeyboardInterrupt from error
        return f"{self._last}\n"

    def note_unfinished(self) -> None:
        """Note what has been typed so far. Once a terminal is gone, readline has it no more."""
        line = self._readline.get_line_buffer()
        # Until something is typed, the buffer has the line before.
        self.unfinished = line if line != self._last else ""

    def _note_interrupted(self) -> None:
        noted = self.unfinished
        self.note_unfinished()
        self.unfinished = self.unfinished or noted


def open_line_editor(read: TextIO, write: TextIO) -> LineEditor | None:
    """Open the editor of the terminal's lines.

    Returns None if lines are not edited: at a pipe, on a terminal that can't move the cursor,
    without GNU readline, and if the library would take the bytes of a letter for several letters.
    """
    if not (_is_own_terminal(read, 0) and _is_own_terminal(write, 1)):
        return None
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return None
    if codecs.lookup(locale.getencoding()).name != codecs.lookup(read.encoding).name:
        return None
    try:
        import readline
    except ImportError:  # Windows, and some builds of Python
        return None

    # With libedit, `input` never returns from a terminal that is gone.
    description = readline.__doc__ or ""
    if "libedit" in description:
        return None
    readline.set_auto_history(False)
    readline.set_completer(lambda _text, _state: None)
    for setting in _SETTINGS:
        readline.parse_and_bind(setting)
    return LineEditor(readline)


def _is_own_terminal(stream: TextIO, descriptor: int) -> bool:
    """Return whether the stream is a terminal and the process's standard input or output.

    `input` edits lines on these only.
    """
    try:
        return stream.fileno() == descriptor and stream.isatty()
    except (OSError, ValueError):
        return False


MAX_LINE_LENGTH: Final = 100_000
"""Maximum number of characters in a line. A longer line was not typed and is not held in memory."""
ALARM_SECONDS: Final = 0.25
"""How long a signal may stay unnoticed."""
ALARMS_UNTIL_LOST: Final = 2
"""Alarms after a signal by which its exception would have ended the wait."""
PROMPT: Final = "> "

Awaited = TypeVar("Awaited")

_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Interrupts:
    """Lets Ctrl+C and requests to end take effect only while a line is awaited.

    A signal that arrives while the session is at work waits until then, so that no event is half
    processed. Python runs a handler only when it executes its own code again. A signal that arrives
    just before the operating system begins to wait would therefore stay unnoticed until a line is
    typed: an alarm interrupts that wait at intervals.
    """

    def __init__(self) -> None:
        self._previous_handlers: dict[int, Callable[[int, FrameType | None], Any] | int] = {}
        self._is_waiting = False
        self._is_inside = False
        """Whether `wait_for` has not ended, although a signal may have arrived."""
        self._was_signaled = False
        self._alarms_since_signal = 0
        self._on_alarm: Callable[[], None] | None = None

    def __enter__(self) -> "Interrupts":
        usual: dict[int, Callable[[int, FrameType | None], Any] | int] = {
            signal.SIGINT: signal.default_int_handler,
            signal.SIGTERM: signal.SIG_DFL,
        }
        if hasattr(signal, "SIGHUP"):  # not on Windows
            usual[signal.SIGHUP] = signal.SIG_DFL
        if hasattr(signal, "setitimer"):
            usual[signal.SIGALRM] = signal.SIG_DFL
        for number, before in usual.items():
            if signal.getsignal(number) == before:
                # Outside the main thread signals never arrive.
                with contextlib.suppress(ValueError):
                    signal.signal(number, self._handle_signal)
                    self._previous_handlers[number] = before
        return self

    def __exit__(self, *_: object) -> None:
        self._set_alarm(0)
        for number, before in self._previous_handlers.items():
            signal.signal(number, before)

    def _handle_signal(self, number: int, _: object) -> None:
        if hasattr(signal, "setitimer") and number == signal.SIGALRM:
            self._handle_alarm()
            return
        self._was_signaled = True
        if self._is_waiting:
            self._is_waiting = False  # a second signal must not interrupt what follows the first
            raise KeyboardInterrupt

    def _handle_alarm(self) -> None:
        if self._is_waiting and self._on_alarm is not None:
            self._on_alarm()
        elif self._is_inside and self._was_signaled:
            # Python drops an exception that is raised in a callback of the editor or in a
            # finalizer. Then the wait would go on until a line is typed.
            self._alarms_since_signal += 1
            if self._alarms_since_signal >= ALARMS_UNTIL_LOST:
                self._alarms_since_signal = 0
                raise KeyboardInterrupt

    def wait_for(
        self, read_line: Callable[[], Awaited], on_alarm: Callable[[], None] | None = None
    ) -> Awaited:
        """Return what `read_line` waits for; `on_alarm` is called at intervals.

        Raises KeyboardInterrupt.
        """
        self._on_alarm = on_alarm
        self._alarms_since_signal = 0
        try:
            self._is_inside = True
            self._is_waiting = True
            if self._was_signaled:
                raise KeyboardInterrupt
            self._set_alarm(ALARM_SECONDS)
            return read_line()
        finally:
            self._is_inside = False
            self._is_waiting = False
            self._set_alarm(0)

    def _set_alarm(self, seconds: float) -> None:
        """Start an alarm that recurs, or end it with 0."""
        if hasattr(signal, "setitimer") and signal.SIGALRM in self._previous_handlers:
            signal.setitimer(signal.ITIMER_REAL, seconds, seconds)


def set_line_mode(terminal: TextIO) -> None:
    """Make the terminal return whole lines, echo what is typed, and end a line at Enter.

    A program that crashed may have left it in raw mode, in which no line would ever end.
    """
    try:
        import termios
    except ImportError:  # Windows: its console hands over lines
        return
    try:
        state = termios.tcgetattr(terminal.fileno())
        usual = list(state)
        usual[0] |= termios.ICRNL
        usual[1] |= termios.OPOST | termios.ONLCR
        usual[3] |= termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN
        if usual != state:
            termios.tcsetattr(terminal.fileno(), termios.TCSANOW, usual)
    except (OSError, ValueError, termios.error):
        return


PLAIN_ROLES: Final = frozenset(
    (
        Role.SPOKEN,
        Role.OPTION,
        Role.UNREAD_OPTION,
        Role.UNIT,
        Role.OUTCOME,
        Role.EARLIER,
        Role.PREFILL,
    )
)
"""What is printed without brackets: texts that are read aloud, options, and the earlier answer."""
MARKS: Final = {
    Role.QUERY: "?",
    Role.READ_BACK: "?",
    Role.REJECTION: "!",
    Role.UNDERSTOOD: "=",
    Role.DUE: "=",
}
"""What a line begins with that is printed after a mark."""
ASIDE_LABELS: Final = {
    Role.OWN: "Your own entry: ",
    Role.INSTRUCTION: "Interviewer: ",
    Role.PROBE: "Probe: ",
}
"""What texts begin with that could be taken for texts to read aloud."""


class InputLines:
    """The lines of the input. On the process's own terminal they can be edited while typed."""

    def __init__(self, read: TextIO, interrupts: Interrupts, write: TextIO | None = None) -> None:
        self._read = read
        self._interrupts = interrupts
        if isinstance(read, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):  # something was read from it before
                read.reconfigure(errors="surrogateescape")
        try:
            self.is_terminal = read.isatty()
            """Whether it is a terminal, which moves to a new line at Enter."""
        except (OSError, ValueError):
            self.is_terminal = False
        if self.is_terminal:
            set_line_mode(read)
        self._editor = open_line_editor(read, write) if write is not None else None
        self.prompt = PROMPT if self._editor is None else ""
        """What is printed before a line is read; the editor of the line prints it itself."""
        self.pause = float("inf")
        """Seconds between this line and the one before; infinite from a pipe."""
        self.has_buttons = False
        self.has_ended = False
        """Whether there is no further line."""
        self.shows_drafts = False
        """False: a text that was begun is printed above the line, and Enter alone keeps it."""
        self.is_cut_off = False
        """False: at the end of the input, the interviewer has left."""
        self._last = float("-inf")

    @property
    def unfinished(self) -> str:
        """What has been typed of the line that is awaited, as far as the editor noted it."""
        return self._editor.unfinished if self._editor is not None else ""

    def read_line(
        self,
        awaited: AwaitedLine | None = None,  # noqa: ARG002
        tell_news: TellNews | None = None,  # noqa: ARG002
    ) -> str | Rejection:
        """Read the next line without its end, or return why it is not accepted.

        It tells no news: they would be printed into the line that is being typed. Raises
        InputEndedError.
        """
        text = self._read_raw()
        now = monotonic()
        if self.is_terminal:
            self.pause = now - self._last
        self._last = now
        if not text:
            self.has_ended = True
            raise InputEndedError(self.unfinished)

        if len(text) > MAX_LINE_LENGTH and not text.endswith("\n"):
            while text and not text.endswith("\n"):
                text = self._read_raw()
            return Rejection(f"longer than {MAX_LINE_LENGTH} characters: shorten it")
        if _SURROGATE.search(text):
            return Rejection("this line is not text in this terminal's encoding: type it again")
        return text.rstrip("\r\n")

    def _read_raw(self) -> str:
        editor = self._editor
        read = self._read
        try:
            if editor is not None:
                return self._interrupts.wait_for(
                    lambda: editor.read_line(PROMPT), editor.note_unfinished
                )
            return self._interrupts.wait_for(lambda: read.readline(MAX_LINE_LENGTH + 1))
        except UnicodeDecodeError:
            return "\udcff\n"
        except (KeyboardInterrupt, OSError, ValueError) as ended:
            self.has_ended = True
            raise InputEndedError(self.unfinished) from ended


class StreamLines:
    """Lines as they are printed to a stream, literal and without control characters."""

    def __init__(self, write: TextIO) -> None:
        self._write = write
        self.language = ""
        """A terminal shows all languages alike."""
        self.right_to_left = False
        """Whether lines in a script from right to left are set at the right edge of a terminal."""
        if isinstance(write, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):
                write.reconfigure(errors="replace")

    def write_line(self, line: Line) -> None:
        """Print a line as its role wants it: plain, in brackets, or after a mark."""
        text = render_line(line)
        if line.role in PLAIN_ROLES:
            self._print_plain(text)
        elif line.role in MARKS:
            self._write_line(f"{MARKS[line.role]} {clean(flatten(text))}")
        else:
            self._print_aside(text, ASIDE_LABELS.get(line.role, ""))

    def begin_page(self) -> None:
        """Print nothing: on a terminal, what was printed stays."""

    def _measure_terminal(self) -> int:
        """Return the width of the terminal; 0 if there is none."""
        try:
            return os.get_terminal_size(self._write.fileno()).columns
        except (OSError, ValueError):
            return 0

    def _write_line(self, line: str) -> None:
        """Write a line, split between words at the terminal's edge.

        The terminal itself would split words, and a screen reader reads them as they are split.
        """
        width = self._measure_terminal()
        while width and measure_width(line) > width:
            fitting = count_fitting(line, width) or len(line)
            blank = line.rfind(" ", 1, fitting + 1)
            end = blank if blank > 0 else fitting
            self._write_text(f"{self._align(line[:end].rstrip(), width)}\n")
            line = line[end:].lstrip()
        if line:
            self._write_text(f"{self._align(line, width)}\n")

    def _align(self, line: str, width: int) -> str:
        """Return the line; on a terminal, one from right to left is set at the right edge.

        It is also marked, so that the terminal orders its letters.
        """
        if not width or not self.right_to_left:
            return line
        has_letters = any(unicodedata.bidirectional(c) in ("R", "AL") for c in line)
        if not has_letters:
            return line
        margin = " " * (width - measure_width(line))
        return f"{margin}\u2067{line}\u2069"

    def _write_text(self, text: str, *, flush: bool = False) -> None:
        try:
            self._write.write(text)
            if flush:
                self._write.flush()
        except (OSError, ValueError) as closed:
            raise OutputClosedError from closed

    def _print_plain(self, text: str) -> None:
        """Print text as it is: text to read aloud, options, marked lines."""
        for line in clean(text).splitlines():
            if line.strip():
                self._write_line(line.rstrip())

    def _print_aside(self, text: str, label: str) -> None:
        """Print text for the interviewer, every line in brackets and after its label.

        Many screen readers don't speak brackets: a text that could be taken for one to read aloud
        needs a label.
        """
        for line in clean(text).splitlines():
            if line.strip():
                self._write_line(f"[{label}{line.strip()}]")

    def end_line(self) -> None:
        """Move to a new line."""
        self._write_text("\n")

    def flush(self, prompt: str = "") -> None:
        """Flush the output, after a prompt if a line is awaited."""
        self._write_text(prompt, flush=True)


def discard_output(write: TextIO) -> None:
    """Discard the buffer of a closed pipe, so that exiting prints no error about it."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, write.fileno())
        finally:
            os.close(nowhere)


def report(errors: TextIO | None, text: str) -> None:
    """Print a message to the error stream, if there is one."""
    if errors is not None:
        with contextlib.suppress(OSError, ValueError):
            errors.write(clean(text) + "\n")
            errors.flush()
