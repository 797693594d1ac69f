"""Panels beside the question (note, list of items, stopping, help) and the effect of a key in each.

Pure: a key returns another panel, or an action that the keyboard carries out.
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.engine.notes import InterviewNote
from survey_cli.entries import OfferedOption, PossibleMeaning, to_ascii_digits
from survey_cli.entry_commands import YES_NO_HELP, is_command, parse_yes_no, unescape_dots
from survey_cli.outcomes import Outcome
from survey_cli.sessions import AskedItem
from survey_cli.tui.edit import Edit
from survey_cli.values import Place

ENTER = ("enter", "ctrl+j")
"""Enter typed before the terminal was taken over arrives as Ctrl+J."""
OPENERS: Final = frozenset(("f1", "f2", "f3", "f4", "f5", "f8", "f9", "ctrl+c"))
"""Keys that open something whatever is asked."""
NAMED: Final = OPENERS | {
    "enter", "escape", "backspace", "delete", "left", "right", "up", "down", "home", "end", "pageup",
    "pagedown", "tab", "alt+left", "alt+right", "alt+backspace", "shift+backspace", "ctrl+backspace", "ctrl+left",
    "ctrl+right", "ctrl+a", "ctrl+b", "ctrl+d", "ctrl+e", "ctrl+f", "ctrl+h",
    "ctrl+j", "ctrl+k", "ctrl+u", "ctrl+w",
}  # fmt: skip
"""Named keys that are keys here; Shift alone, focus and media keys are none and change nothing."""


@dataclass(frozen=True, slots=True)
class Close:
    """Back to what was open before."""


class AddNote(NamedTuple):
    text: str
    replaces: InterviewNote | None = None


@dataclass(frozen=True, slots=True)
class Front:
    """After going back: on to the first question without an answer."""


class Give(NamedTuple):
    """One of the things that an entry may mean."""

    meaning: PossibleMeaning


class ItIsSo(NamedTuple):
    reason: str


class Jump(NamedTuple):
    place: Place


class Speak(NamedTuple):
    language: str


@dataclass(frozen=True, slots=True)
class Suspend:
    """Put aside."""


class KeyedStop(NamedTuple):
    outcome: str


class DotWord(NamedTuple):
    text: str


class Specified(NamedTuple):
    choice: OfferedOption
    words: str


class No(NamedTuple):
    """A key that means nothing here; `why` says what would."""

    why: str


@dataclass(frozen=True, slots=True)
class Back:
    """To the question before."""


class KeyedDecline(NamedTuple):
    id: str
    text: str


class Open(NamedTuple):
    """What this key opens."""

    key: str


InterviewAct: TypeAlias = (
    Close
    | AddNote
    | ItIsSo
    | Jump
    | Speak
    | Suspend
    | KeyedStop
    | DotWord
    | Specified
    | Back
    | Front
    | Give
    | KeyedDecline
    | Open
    | No
)


@dataclass(frozen=True, slots=True)
class Answering:
    """Nothing is open: keys answer the question."""


class NoteEditor(NamedTuple):
    """One line is typed for something beside the answer."""

    what: Literal["note", "reason", "command", "specify"]
    edit: Edit = Edit()
    choice: OfferedOption | None = None
    """The option that wants the words, for `specify`."""
    notes: tuple[InterviewNote, ...] = ()
    """For `note`: those written before, which ↑ brings back."""
    at: int | None = None
    """Which of them is being changed."""

    def pressed(self, key: str) -> "NoteEditor | InterviewAct":
        if key == "escape":
            return Close()
        if key in ("up", "down") and self.notes:
            return self._recalled(-1 if key == "up" else 1)
        if key not in ENTER:
            edit = self.edit.pressed(key)
            if edit is None:
                return No("Enter saves the line, Esc cancels it")
            if self.what == "command" and not edit.text:
                return Close()
            return self._replace(edit=edit)
        text = self.edit.text.strip()
        match self.what:
            case "note":
                return AddNote(text, None if self.at is None else self.notes[self.at]) if text else Close()
            case "reason":
                return ItIsSo(text)
            case "command":
                return DotWord(text)
            case "specify":
                if is_command(text):
                    return DotWord(text)
                assert self.choice is not None
                return Specified(self.choice, unescape_dots(text))

    def _recalled(self, by: int) -> "NoteEditor":
        """Another of the notes in the field, to be changed; past the newest a new one."""
        at = min(max((len(self.notes) if self.at is None else self.at) + by, 0), len(self.notes))
        if at == len(self.notes):
            return self._replace(at=None, edit=Edit())
        return self._replace(at=at, edit=Edit.of(self.notes[at].text))


class KeyedQuestion(NamedTuple):
    """A question to the interviewer that comes before anything is taken; one key each."""

    question: str
    choices: tuple[tuple[str, str, InterviewAct], ...]
    """The key of each, what is said of it, and what it does."""

    def pressed(self, key: str) -> InterviewAct:
        if key in ("escape", "backspace", "left"):
            return Close()
        keyed = to_ascii_digits(key).casefold()
        chosen = next((act for letter, _, act in self.choices if letter == keyed), None)
        return chosen or No(f"{' or '.join(letter for letter, _, _ in self.choices)}; Esc cancels")


class Jumping(NamedTuple):
    """The list of what has been asked; what is typed leaves the lines that have it."""

    asked: tuple[AskedItem, ...]
    edit: Edit = Edit()
    at: int = 0
    """Which of `shown()` is marked."""

    def shown(self) -> tuple[AskedItem, ...]:
        """The lines that have every word typed, in their id, question, answer or section."""
        words = self.edit.text.casefold().split()
        if not words:
            return self.asked
        return tuple(
            a for a in self.asked if all(w in f"{a.place} {a.text} {a.answer} {a.section}".casefold() for w in words)
        )

    def pressed(self, key: str) -> "Jumping | InterviewAct":
        shown = self.shown()
        if key in ENTER:
            return Jump(shown[self.at].place) if shown else No("no question asked so far has these words")
        if key == "escape":
            return Close() if not self.edit.text else Jumping(self.asked, Edit(), max(len(self.asked) - 1, 0))
        if (at := moved(key, self.at, len(shown))) is not None:
            return self._replace(at=at)
        if (edit := self.edit.pressed(key)) is None:
            return No("type to search, Enter goes there, Esc closes")
        changed = self._replace(edit=edit)
        found = changed.shown()
        exact = next((n for n, a in enumerate(found) if str(a.place).casefold() == edit.text.casefold()), None)
        return changed._replace(at=exact if exact is not None else max(len(found) - 1, 0))


class Stopping(NamedTuple):
    """Put aside, or end by hand with an outcome; ending is asked about once more."""

    outcomes: tuple[Outcome, ...]
    at: int | None = None
    """The marked line: 0 is to put aside, then the outcomes."""
    typed: str = ""
    sure: Outcome | Suspend | None = None
    """What `y` will do."""

    def pressed(self, key: str) -> "Stopping | InterviewAct":
        if self.sure is not None:
            sure = parse_yes_no(key)
            if sure or (key == "ctrl+c" and isinstance(self.sure, Suspend)):
                return Suspend() if isinstance(self.sure, Suspend) else KeyedStop(self.sure.id)
            if sure is False or key in ("escape", "left", "backspace"):
                return Close() if isinstance(self.sure, Suspend) else Stopping(self.outcomes)
            return No(YES_NO_HELP)
        key = to_ascii_digits(key)
        if key == "escape":
            return self._replace(typed="") if self.typed else Close()
        if key.casefold() == "s":
            return Suspend()
        if (at := moved(key, -1 if self.at is None else self.at, len(self.outcomes) + 1)) is not None:
            return self._replace(at=at, typed="")
        if key == "backspace":
            return self._replace(typed=self.typed[:-1])
        codes = [str(outcome.number) for outcome in self.outcomes]
        typed = self.typed + key if len(key) == 1 else self.typed
        if key in ENTER and not typed and self.at is not None:
            return Suspend() if self.at == 0 else Stopping(self.outcomes, self.at, "", self.outcomes[self.at - 1])
        if not typed or not any(code.startswith(typed) for code in codes) or (len(key) > 1 and key not in ENTER):
            return No("s suspends it, a number ends it, Esc goes on with the interview")
        if key in ENTER or not any(code != typed and code.startswith(typed) for code in codes):
            if typed not in codes:
                return No("the number is not complete")
            at = codes.index(typed)
            return Stopping(self.outcomes, at + 1, "", self.outcomes[at])
        return self._replace(typed=typed)


class Speaking(NamedTuple):
    """Which language to go on in, where there are more than two."""

    languages: tuple[str, ...]
    at: int

    def pressed(self, key: str) -> "Speaking | InterviewAct":
        if key == "escape":
            return Close()
        if key in ENTER:
            return Speak(self.languages[self.at])
        if key.isdecimal() and 1 <= int(key) <= len(self.languages):
            return Speak(self.languages[int(key) - 1])
        if (at := moved(key, self.at, len(self.languages))) is not None:
            return self._replace(at=at)
        return No("a number, or ↑ ↓ and Enter; Esc closes")


class TextPage(NamedTuple):
    """Something to be read and closed: help and the keys, or what respondents ask."""

    what: Literal["help", "faq"]
    top: int = 0
    """The first line shown."""

    def pressed(self, key: str) -> "TextPage | InterviewAct":
        if key == "escape" or key in ENTER or key == "?":
            return Close()
        match key:
            case "up":
                return self._replace(top=max(self.top - 1, 0))
            case "down":
                return self._replace(top=self.top + 1)
            case "home":
                return self._replace(top=0)
            case _:
                return No("Esc goes back to the question")


InterviewMode: TypeAlias = Answering | NoteEditor | KeyedQuestion | Jumping | Stopping | Speaking | TextPage


def moved(key: str, at: int, of: int) -> int | None:
    """Where a moving key takes a mark in a list of `of` lines; None where `key` moves nothing."""
    match key:
        case "up":
            to = at - 1 if at >= 0 else of - 1
        case "down":
            to = at + 1
        case "pageup":
            to = at - 10
        case "pagedown":
            to = at + 10
        case "home" if of > 1:
            to = 0
        case "end" if of > 1:
            to = of - 1
        case _:
            return None
    return min(max(to, 0), max(of - 1, 0))
