"""State of the interview screen between two keys: the question, the entry, the open panel, the message.

It calls the session only to read, and to save a draft.
"""

from typing import Final

from survey_cli import entries
from survey_cli.entries import LineEntry, Prompt, Rejection, VerbatimEntry
from survey_cli.entry_commands import is_command, unescape_dots
from survey_cli.sessions import InterviewProtocol, InterviewResult
from survey_cli.tui.answer import Answer
from survey_cli.tui.edit import Edit
from survey_cli.tui.modes import Answering, InterviewMode, NoteEditor, Speaking, TextPage
from survey_cli.values import Place
from survey_cli.wording import format_quantity


class InterviewState:
    """The state of one interview's screen; what is public is there to be drawn."""

    def __init__(self, desk: InterviewProtocol) -> None:
        self.desk: Final = desk
        self.prompt: Prompt | None = None
        self.closing: InterviewResult | None = None
        self.answer = Answer()
        self.modes: tuple[InterviewMode, ...] = (Answering(),)
        self.notice = desk.notice
        self.why = ""
        """Why the last key or entry was not taken."""
        self.said = ""
        """Something the interviewer should know, gone at the next key."""
        self.given = ""
        """What was sent last, for showing beside a query about it."""
        self.echo = ""
        """What a typed line would be taken for, where that says more than the line."""
        self.taken = ""
        """What the entry before was taken for, gone at the next key."""
        self.top = 0
        """The first line of the question that is shown; whoever draws corrects it to what there is."""
        self.page = 10
        """How many lines PgDn goes on; set by whoever draws."""
        self.follow = False
        """Whether the marked line must be brought into view."""
        self.bell = False
        self.unexpected = False
        """The last key led to something that keys already typed could not know of: they belong nowhere."""
        self.left = False
        """The interview is over and its last screen was left."""
        self._swallow = False
        self._struck = ""
        self._struck_at = 0.0
        self._insisted = False
        """Putting aside was asked for and could not be written."""
        self._draft = ""
        self._unsent: dict[Place, Answer] = {}
        self._arrive()

    @property
    def mode(self) -> InterviewMode:
        """What the next key goes to."""
        return self.modes[-1]

    @property
    def doubted(self) -> entries.Query | None:
        """What must be confirmed or changed now."""
        return self.prompt.query if self.prompt is not None and not self.answer.denied else None

    def dropped(self, keys: int) -> None:
        """Say that keys typed ahead were meant for a question that did not come."""
        self.said = f"{format_quantity(keys, 'key')} typed ahead not used: this came first"

    def failed(self, error: Exception) -> None:
        """Say that a key broke something, and stand where the desk stands."""
        self._refuse(
            f"that failed ({type(error).__name__}) and changed nothing: try again, or F8 to suspend the interview"
        )

    def keep_draft(self) -> None:
        """Save what is being typed in a Verbatim, where it changed."""
        if self.prompt is None or not isinstance(self.prompt.entry, VerbatimEntry):
            return
        text = self.answer.edit.text
        if text != self._draft:
            self._draft = text
            self.desk.save_draft(text)

    # After each call to the desk

    def _done(self, rejected: Rejection | None, *, swallow: bool = False, given: str = "") -> bool:
        """Go on to what is asked now, or say why not. Whether it was taken."""
        if rejected is not None:
            if self.desk.prompt() != self.prompt:  # taken, and what follows of itself was not
                self._arrive()
            self._refuse(rejected.why)
            return False
        self.given = given
        self._insisted = False
        self._arrive()
        self._swallow = swallow
        return True

    def _stay(self, rejected: Rejection | None, *, said: str) -> None:
        """The same question goes on, and what was typed for it."""
        if rejected is not None:
            self._refuse(rejected.why)
            return
        self._drop_dot_word()
        if isinstance(self.mode, Speaking) or (isinstance(self.mode, NoteEditor) and self.mode.what == "note"):
            self._close()
        self.prompt = self.desk.prompt()
        self.said = said

    def _arrive(self) -> None:
        """A place is asked: nothing typed yet, but for what was being typed there before."""
        self.prompt = self.desk.prompt()
        self.modes = (Answering(),)
        self.answer = Answer()
        self.echo = ""
        self.top = 0
        self._draft = ""
        if self.prompt is None:
            self.closing = self.desk.result()
            self.unexpected = True
            return
        if self.prompt.query is not None:
            self.unexpected = True
            return
        unsent = self._unsent.pop(self.prompt.place, None)
        if isinstance(self.prompt.entry, VerbatimEntry):
            self._draft = unsent.edit.text if unsent is not None else self.desk.load_draft()
            self._edit(Edit.of(self._draft))
            self.said = "what you had begun to type here is back" if self._draft else ""
        elif unsent is not None:
            self.answer = unsent
            self.said = "what you had begun to key here is back: Enter takes it"

    def _leave(self) -> None:
        """Keep what is half typed at a place that is left without an answer. Numbers and dates are not
        kept: half a number is soon a wrong one.
        """
        if self.prompt is None:
            return
        self.keep_draft()
        entry, answer = self.prompt.entry, self.answer
        wordy = isinstance(entry, VerbatimEntry) or (isinstance(entry, LineEntry) and entry.kind == "text")
        if (wordy and answer.edit.text and not is_command(answer.edit.text)) or answer.chosen is not None:
            self._unsent[self.prompt.place] = answer._replace(spent=False, denied=False, mark=None)

    # What is typed, and what is open

    def _edit(self, edit: Edit) -> None:
        self.answer = self.answer._replace(edit=edit)
        line = self.prompt is not None and isinstance(self.prompt.entry, LineEntry)
        self.echo = self.desk.echo(unescape_dots(edit.text)) if line and not is_command(edit.text) else ""

    def _drop_dot_word(self) -> None:
        """Take the line away that was a dot word."""
        if isinstance(self.mode, NoteEditor) and self.mode.what == "command":
            self._close()
        elif isinstance(self.mode, NoteEditor) and is_command(self.mode.edit.text):
            self.modes = (*self.modes[:-1], self.mode._replace(edit=Edit()))
        elif is_command(self.answer.edit.text):
            self._edit(Edit())

    def _refuse(self, why: str) -> None:
        self.why = why
        self.bell = self.unexpected = True

    def _scroll(self, lines: int) -> None:
        if isinstance(self.mode, TextPage):
            self.modes = (*self.modes[:-1], self.mode._replace(top=max(self.mode.top + lines, 0)))
        else:
            self.top = max(self.top + lines, 0)

    def _push(self, mode: InterviewMode) -> None:
        self.modes = (*self.modes, mode)

    def _close(self) -> None:
        if len(self.modes) > 1:
            self.modes = self.modes[:-1]
