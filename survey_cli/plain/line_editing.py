"""Line editing on a terminal by GNU readline, without any memory of what was typed."""

import codecs
import locale
import os
from types import ModuleType
from typing import Final, TextIO

_SETTINGS: Final = (
    # sequences that would be sent with every prompt; a screen reader or a simple terminal may read them out
    "set enable-bracketed-paste off",
    "set enable-meta-key off",
    # what was cut from one answer could be inserted in the next, or at another respondent
    "set keymap vi-command",
    '"p": ""',
    '"P": ""',
    "set keymap vi-insert",
    '"\\C-y": ""',
    "set keymap emacs",
    '"\\C-y": ""',
    '"\\ey": ""',
    '"\\e\\C-y": ""',
)


class LineEditor:
    """Reads lines that can be edited."""

    def __init__(self, readline: ModuleType) -> None:
        self._readline = readline
        self.unfinished = ""
        """What has been typed of the line that is awaited, as far as it was noted."""
        self._last = ""

    def read_line(self, prompt: str) -> str:
        """Show the prompt, and return the edited line with its end; an empty text at the end of the input."""
        self.unfinished = ""
        try:
            self._last = input(prompt)
        except EOFError:
            return ""
        except KeyboardInterrupt:
            self._note_interrupted()
            raise
        except SystemError as error:  # of Python, where another signal is handled after the one that ended the wait
            if not isinstance(error.__cause__, KeyboardInterrupt):
                raise
            self._note_interrupted()
            raise KeyboardInterrupt from error
        return f"{self._last}\n"

    def note_unfinished(self) -> None:
        """Note what has been typed so far. Once a terminal is gone, readline has it no more."""
        line = self._readline.get_line_buffer()
        self.unfinished = line if line != self._last else ""  # the line before, where nothing is typed yet

    def _note_interrupted(self) -> None:
        noted = self.unfinished
        self.note_unfinished()
        self.unfinished = self.unfinished or noted


def open_line_editor(read: TextIO, write: TextIO) -> LineEditor | None:
    """Open the editor of the terminal's lines.

    Returns None where lines are not edited: at a pipe, on a terminal that can't move the cursor, without GNU
    readline, and where the library would take the bytes of a letter for several letters.
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
    if "libedit" in (readline.__doc__ or ""):  # with it, `input` never returns from a terminal that is gone
        return None
    readline.set_auto_history(False)
    readline.set_completer(lambda _text, _state: None)
    for setting in _SETTINGS:
        readline.parse_and_bind(setting)
    return LineEditor(readline)


def _is_own_terminal(stream: TextIO, descriptor: int) -> bool:
    """Return whether the stream is the process's standard input or output, which `input` edits on, and a terminal."""
    try:
        return stream.fileno() == descriptor and stream.isatty()
    except (OSError, ValueError):
        return False
