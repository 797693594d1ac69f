"""A conversation in lines: what is said, how often, and the lines that are awaited.

`OutputLines` decides what is said, and a `LineSink` how it looks. A terminal prints lines, and a
text page receives them as messages. A `LineSource` returns the lines that are typed there.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from survey_cli.entries import Rejection
from survey_cli.entry_commands import HAND_IS_DOWN, HAND_IS_UP
from survey_cli.plain.awaited_line import AwaitedLine, LineChoice, build_hand_command
from survey_cli.sessions.interview.interview_session import Hand
from survey_cli.sessions.lines.line import Line, Role, to_spans

TellNews: TypeAlias = Callable[[], tuple[LineChoice, ...]]
"""Says what has happened while a line is awaited, such as a message of a supervisor.

It returns what can be chosen now besides, and may raise `OvertakenError`.
"""


def tell_nothing() -> tuple[LineChoice, ...]:
    """Say that nothing has happened."""
    return ()


class OutputClosedError(Exception):
    """The output was closed by its reader."""


class InputEndedError(Exception):
    """There is no further line: end of input, Ctrl+C, or a request to end."""

    def __init__(self, unfinished: str = "") -> None:
        super().__init__()
        self.unfinished = unfinished
        """What had been typed of the next line, if that is known."""


class OvertakenError(Exception):
    """Something else is shown now: the line that was awaited isn't wanted any more."""


class LineSink(Protocol):
    """Shows lines, each as its role wants it.

    This one shows them without any sign of their roles::

        class BareSink:
            language = ""
            right_to_left = False

            def write_line(self, line: Line) -> None:
                print(render_line(line))

            def begin_page(self) -> None:
                print()

            def end_line(self) -> None:
                print()

            def flush(self, prompt: str = "") -> None:
                print(end=prompt, flush=True)

    Its methods raise OutputClosedError if nobody can see the lines any more.
    """

    language: str
    """The language of the questionnaire's texts that follow; empty if that is not known."""
    right_to_left: bool
    """Whether that language is written from right to left."""

    def write_line(self, line: Line) -> None:
        """Show one line, unless it says nothing."""

    def begin_page(self) -> None:
        """Note that a question or a case begins: what is shown again after a reload."""

    def end_line(self) -> None:
        """Move to a new line, if the line that was read has left the cursor behind it."""

    def flush(self, prompt: str = "") -> None:
        """Show all that was written; `prompt` is shown before a line that is awaited."""


class LineSource(Protocol):
    """Returns the lines that are typed, one at a time."""

    prompt: str
    """What is shown before a line is read; empty if the reader shows it itself."""
    is_terminal: bool
    """Whether it is a terminal, which moves to a new line at Enter."""
    pause: float
    """Seconds between this line and the one before; infinite if no key can be held down."""
    has_buttons: bool
    """Whether there are buttons for commands, so that nothing says how commands are typed."""
    has_ended: bool
    """Whether there is no further line."""
    shows_drafts: bool
    """Whether a text that was begun stands in the field: an empty line then means no text."""
    is_cut_off: bool
    """Whether the lines ended from outside, so that the interviewer goes on elsewhere at once."""

    @property
    def unfinished(self) -> str:
        """What has been typed of the line that is awaited, if that is known."""

    def read_line(
        self, awaited: AwaitedLine | None = None, tell_news: TellNews | None = None
    ) -> str | Rejection:
        """Read the next line without its end, or return why it is not accepted.

        `tell_news` is called at intervals if lines can be shown while one is awaited. Raises
        InputEndedError.
        """


class OutputLines:
    """The lines of the output. In brief mode, what is known by heart is said only once."""

    def __init__(self, sink: LineSink, *, brief: bool = False) -> None:
        self._sink = sink
        self.brief = brief
        """Whether what an experienced interviewer knows is said only once."""
        self._said_once: set[str] = set()

    def print_line(self, line: Line) -> None:
        """Show a line as its role wants it."""
        self._sink.write_line(line)

    def print_lines(self, lines: Iterable[Line]) -> None:
        """Show lines one after the other."""
        for line in lines:
            self.print_line(line)

    def say(self, role: Role, text: str) -> None:
        """Show a text in this role; an empty one isn't shown."""
        self.print_line(Line(role, to_spans(text)))

    def say_once(self, role: Role, text: str) -> None:
        """Show a text, in brief mode only the first time."""
        if self.is_due(text):
            self.say(role, text)

    def print_known(self, line: Line) -> None:
        """Show a line; in brief mode, from the second time on only what isn't known by heart."""
        if line.short is None or self.is_due(line.plain_text):
            self.print_line(line)
        elif line.short:
            self.say(line.role, line.short)

    def is_due(self, text: str) -> bool:
        """Return whether to show a text that brief mode shows once; it then counts as shown."""
        is_first = text not in self._said_once
        self._said_once.add(text)
        return is_first or not self.brief

    def switch_brief(self) -> None:
        """Switch brief mode on or off, and say so."""
        self.brief = not self.brief
        if self.brief:
            self.say(Role.FACT, "brief mode: what was said is not repeated")
        else:
            self.say(Role.FACT, "brief mode is off: everything is said")

    def set_language(self, language: str, *, right_to_left: bool = False) -> None:
        """Note in which language the questionnaire's texts are that follow."""
        self._sink.language = language
        self._sink.right_to_left = right_to_left

    def begin_page(self) -> None:
        """Note that a question or a case begins."""
        self._sink.begin_page()

    def end_line(self) -> None:
        """Move to a new line."""
        self._sink.end_line()

    def flush(self, prompt: str = "") -> None:
        """Show all that was written, and a prompt if a line is awaited."""
        self._sink.flush(prompt)


def ask_line(
    printed: OutputLines,
    typed: LineSource,
    awaited: AwaitedLine | None = None,
    tell_news: TellNews | None = None,
) -> str:
    """Ask for a line until one can be read.

    Raises InputEndedError, and OvertakenError if `tell_news` does.
    """
    while True:
        printed.flush(typed.prompt)
        line = typed.read_line(awaited, tell_news)
        if not typed.is_terminal:
            printed.end_line()
        if isinstance(line, str):
            return line
        printed.say(Role.REJECTION, line.why)


class HandButton:
    """The button of a page that raises the hand, or takes it down."""

    def __init__(self, find_hand: Callable[[], Hand | None]) -> None:
        self._find_hand = find_hand
        self._was_up = False
        """The hand was up when the button was last shown."""

    def note_state(self) -> bool:
        """Note that the button is shown, and return whether the hand is up."""
        hand = self._find_hand()
        self._was_up = hand is not None and hand.is_up
        return self._was_up

    def update(self) -> tuple[LineChoice, ...]:
        """Return the button anew if the hand was raised or taken down since it was shown."""
        was_up = self._was_up
        is_up = self.note_state()
        if is_up == was_up:
            return ()
        return (build_hand_command(is_up=is_up),)


def press_hand(hand: Hand, output: OutputLines, typed: LineSource) -> Rejection | None:
    """Raise the hand, or take it down if it is up; returns why that can't be done."""
    if hand.is_up:
        rejection = hand.take_down()
        done = HAND_IS_DOWN
    else:
        rejection = hand.put_up()
        done = HAND_IS_UP
        if not typed.has_buttons:
            done = f"{HAND_IS_UP}; .hand takes it down"
    if rejection is None:
        output.say(Role.UNDERSTOOD, done)
    return rejection
