"""Panels beside the case (outcomes, appointment, refusal, search) and the effect of a key in each.

Pure: a key returns another panel, or an action that the board carries out.
"""

from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from survey_cli.entries import to_ascii_digits
from survey_cli.sessions.station.station_protocol import (
    AppointmentPolicy,
    CaseMatch,
    OutcomeChoice,
    StationAppointment,
    StationScript,
    TimeReading,
    UnclearTime,
)
from survey_cli.tui.edit import Edit
from survey_cli.tui.modes import ENTER, Close, No, moved

KEEPERS: Final[tuple[tuple[AppointmentPolicy, str], ...]] = (
    ("anyone", "anyone"),
    ("me", "only me"),
    ("me_first", "me first"),
)
STRENGTHS: Final = ("no time, perhaps another day", "unwilling", "angry")
"""How strong a refusal was, from 1."""
FormField: TypeAlias = Literal["when", "reading", "keeper", "person", "note"]
RefusalField: TypeAlias = Literal["who", "reason", "strength"]
Typed: TypeAlias = Literal["note", "number", "language", "remark", "add", "command"]


# Acts


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """This outcome was chosen; what it wants is not asked yet."""

    choice: OutcomeChoice


@dataclass(frozen=True, slots=True)
class Record:
    """Keep this outcome, everything being said."""

    choice: OutcomeChoice
    note: str = ""
    number: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A line was typed for something that is no outcome."""

    what: Typed
    text: str


@dataclass(frozen=True, slots=True)
class Book:
    """Make the appointment as it stands in the form."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What there is to know of a refusal was typed, or passed over."""


@dataclass(frozen=True, slots=True)
class Fetch:
    key: str


@dataclass(frozen=True, slots=True)
class Spoke:
    script: str


@dataclass(frozen=True, slots=True)
class DialAgain:
    """Dial the number that was dialled already."""


@dataclass(frozen=True, slots=True)
class Leave:
    """The end of the shift."""


StationAct: TypeAlias = Close | No | KeyOutcome | Record | Given | Book | Heard | Fetch | Spoke | DialAgain | Leave


# Modes


@dataclass(frozen=True, slots=True)
class Deciding:
    """Nothing is open: keys act on the case."""


@dataclass(frozen=True, slots=True)
class Choosing:
    """The outcomes that have no digit of their own, under headings; a number takes one, letters narrow."""

    groups: tuple[tuple[str, tuple[OutcomeChoice, ...]], ...]
    edit: Edit = field(default_factory=Edit)
    at: int | None = None
    """Which of `shown()` is marked."""

    def shown(self) -> tuple[tuple[int, str, OutcomeChoice], ...]:
        """Number, heading and outcome."""
        numbered = [(c.outcome.number, heading, c) for heading, choices in self.groups for c in choices]
        words = [] if self.edit.text.isdecimal() else self.edit.text.casefold().split()
        return tuple(
            (n, heading, choice)
            for n, heading, choice in numbered
            if all(word in f"{choice.outcome.name} {choice.outcome.id}".casefold() for word in words)
        )

    def pressed(self, key: str) -> "Choosing | StationAct":
        shown = self.shown()
        if key == "escape":
            return Choosing(self.groups) if self.edit.text else Close()
        if key in ENTER:
            return self._entered()
        if (at := moved(key, -1 if self.at is None else self.at, len(shown))) is not None:
            return replace(self, at=at, edit=Edit() if self.edit.text.isdecimal() else self.edit)
        if key.isdecimal() and (not self.edit.text or self.edit.text.isdecimal()):
            return self._numbered(self.edit.text + to_ascii_digits(key))
        if self.edit.text.isdecimal() and len(key) == 1:
            return No(f"Enter takes {self.edit.text}, Esc clears it")
        edit = self.edit.pressed(key)
        if edit is None:
            return No("a number, or type a part of the name; Esc closes")
        narrowed = replace(self, edit=edit, at=None)
        return replace(narrowed, at=0) if edit.text and narrowed.shown() else narrowed

    def _numbered(self, typed: str) -> "Choosing | StationAct":
        numbers = [str(n) for n, _, _ in self.shown()]
        if not any(number.startswith(typed) for number in numbers):
            return No(f"{typed} is not in the list")
        if any(number != typed and number.startswith(typed) for number in numbers):
            at = numbers.index(typed) if typed in numbers else self.at
            return replace(self, edit=Edit.of(typed), at=at)
        return KeyOutcome(self.shown()[numbers.index(typed)][2])

    def _entered(self) -> StationAct:
        shown = self.shown()
        if not shown:
            return No("no outcome has these words")
        if self.at is None:
            return No("mark one with ↑ ↓, or key its number")
        return KeyOutcome(shown[self.at][2])


@dataclass(frozen=True, slots=True)
class StationNoteEditor:
    """One line is typed: a note, a number, what an outcome wants, a dot word."""

    what: Typed
    edit: Edit = field(default_factory=Edit)
    choice: OutcomeChoice | None = None
    """The outcome that wants the line."""

    def pressed(self, key: str) -> "StationNoteEditor | StationAct":
        if key == "escape":
            return Close()
        if key not in ENTER:
            edit = self.edit.pressed(key)
            if edit is None:
                return No("Enter saves the line, Esc cancels it")
            return Close() if self.what == "command" and not edit.text else replace(self, edit=edit)
        text = self.edit.text.strip()
        if self.choice is None:
            return Given(self.what, text) if text else Close()
        if not text:
            return No("this outcome needs a text: type it, or Esc for another outcome")
        match self.what:
            case "number":
                return Record(self.choice, number=text)
            case "language":
                return Record(self.choice, language=text)
            case _:
                return Record(self.choice, note=text)


@dataclass(frozen=True, slots=True)
class OutcomeQuestion:
    """One question to which `y` is yes."""

    text: str
    then: StationAct
    yes: str

    def pressed(self, key: str) -> "OutcomeQuestion | StationAct":
        if key.casefold() == "y":
            return self.then
        if key.casefold() == "n" or key in ("escape", "left", "backspace"):
            return Close()
        return No("y yes, n no")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentForm:
    """An appointment: when, who keeps it, whom to ask for, a note."""

    line: FormField = "when"
    """Where the cursor is."""
    when: Edit = field(default_factory=Edit)
    reading: int = 0
    """Which of `choices` is meant, from 1; 0 where none was chosen."""
    choices: tuple[str, ...] = ()
    """What the time may mean, where it can mean several."""
    taken: TimeReading | UnclearTime | None = None
    """What the desk takes the time for; None while none is typed."""
    keeper: AppointmentPolicy = "anyone"
    person: Edit = field(default_factory=Edit)
    note: Edit = field(default_factory=Edit)

    def fields(self) -> tuple[FormField, ...]:
        """The lines of the form, in order."""
        reading: tuple[FormField, ...] = ("reading",) if self.choices else ()
        return ("when", *reading, "keeper", "person", "note")

    def moved(self, by: int) -> "AppointmentForm":
        """The cursor in another line of the form."""
        fields = self.fields()
        at = min(max(fields.index(self.line) + by, 0), len(fields) - 1)
        return replace(self, line=fields[at])

    def pressed(self, key: str) -> "AppointmentForm | StationAct":
        if key == "escape":
            return Close()
        if key in ("tab", "down"):
            return self.moved(1)
        if key in ("shift+tab", "up"):
            return self.moved(-1)
        if key in ENTER:
            return self._entered()
        match self.line:
            case "when":
                edit = self.when.pressed(key)
                if edit is None:
                    return No(KEYS_OF_FORM)
                return replace(self, when=edit) if edit.text == self.when.text else self.typed(edit)
            case "reading":
                if not (key.isdecimal() and 1 <= int(key) <= len(self.choices)):
                    return No(f"a number from 1 to {len(self.choices)}")
                return replace(self, reading=int(key))
            case "keeper":
                return self._keeper(key)
            case "person":
                edit = self.person.pressed(key)
                return replace(self, person=edit) if edit is not None else No(KEYS_OF_FORM)
            case "note":
                edit = self.note.pressed(key)
                return replace(self, note=edit) if edit is not None else No(KEYS_OF_FORM)

    def typed(self, when: Edit) -> "AppointmentForm":
        """Another time; what was chosen of the one before is forgotten."""
        return replace(self, when=when, reading=0, choices=(), taken=None)

    def pasted(self, text: str) -> "AppointmentForm | No":
        """Text pasted into the line of the form that has the cursor."""
        match self.line:
            case "when":
                return self.typed(self.when.typed(text))
            case "person":
                return replace(self, person=self.person.typed(text))
            case "note":
                return replace(self, note=self.note.typed(text))
            case _:
                return No("a number chooses here")

    def _keeper(self, key: str) -> "AppointmentForm | StationAct":
        at = next(n for n, (keeper, _) in enumerate(KEEPERS) if keeper == self.keeper)
        if key in ("left", "right"):
            at = (at + (1 if key == "right" else -1)) % len(KEEPERS)
        elif key.isdecimal() and 1 <= int(key) <= len(KEEPERS):
            at = int(key) - 1
        else:
            return No("1 anyone, 2 only me, 3 me first")
        return replace(self, keeper=KEEPERS[at][0])

    def missing(self) -> "tuple[FormField, str] | None":
        """What still stands against booking, and in which line of the form."""
        if self.choices and not self.reading:
            return "reading", "which one? key its number"
        match self.taken:
            case None:
                return "when", "when? tomorrow 3pm, thursday morning, 26 nov 15:00"
            case UnclearTime(why=why):
                return "when", why
            case TimeReading():
                return None

    def _entered(self) -> "AppointmentForm | StationAct":
        missing = self.missing()
        if self.line == self.fields()[-1]:
            return Book()
        if missing is not None and missing[0] == self.line:
            return No(missing[1])
        return self.moved(1)


KEYS_OF_FORM: Final = "Tab or Enter goes on, Shift+Tab back, Esc closes and keeps what you typed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing:
    """What whoever calls again should know of a refusal; every line of it may stay empty."""

    choice: OutcomeChoice
    line: RefusalField = "who"
    """Where the cursor is."""
    who: Edit = field(default_factory=Edit)
    reason: Edit = field(default_factory=Edit)
    strength: int = 0
    """From 1 to 3; 0 where nothing was keyed."""

    def told(self) -> tuple[str, str, int]:
        """Who, reason and strength, as they are kept."""
        return self.who.text.strip(), self.reason.text.strip(), self.strength

    def moved(self, by: int) -> "Refusing":
        """The cursor in another line of the form."""
        return replace(self, line=TOLD[min(max(TOLD.index(self.line) + by, 0), len(TOLD) - 1)])

    def pressed(self, key: str) -> "Refusing | StationAct":
        if key == "escape":
            return Close()
        if key in ("tab", "down"):
            return self.moved(1)
        if key in ("shift+tab", "up"):
            return self.moved(-1)
        if key in ENTER:
            return Heard() if self.line == TOLD[-1] else self.moved(1)
        match self.line:
            case "who":
                edit = self.who.pressed(key)
                return replace(self, who=edit) if edit is not None else No(KEYS_OF_FORM)
            case "reason":
                edit = self.reason.pressed(key)
                return replace(self, reason=edit) if edit is not None else No(KEYS_OF_FORM)
            case "strength":
                if key in ("backspace", "delete", "0", " "):
                    return replace(self, strength=0)
                if key in ("1", "2", "3"):
                    return replace(self, strength=int(key))
                return No("1 to 3, Backspace for not said; Enter goes on")

    def pasted(self, text: str) -> "Refusing | No":
        """Text pasted into the line of the form that has the cursor."""
        match self.line:
            case "who":
                return replace(self, who=self.who.typed(text))
            case "reason":
                return replace(self, reason=self.reason.typed(text))
            case "strength":
                return No("a number chooses here")


TOLD: Final[tuple[RefusalField, ...]] = ("who", "reason", "strength")
"""The lines of a refusal's form, in order."""


@dataclass(frozen=True, slots=True)
class CaseSearch:
    """Somebody rings back: the cases whose number, name or key has what is typed."""

    edit: Edit = field(default_factory=Edit)
    found: tuple[CaseMatch, ...] = ()
    at: int = 0

    def pressed(self, key: str) -> "CaseSearch | StationAct":
        if key in ENTER:
            return Fetch(self.found[self.at].key) if self.found else No("no case has this: type less of it")
        if key == "escape":
            return CaseSearch() if self.edit.text else Close()
        if key in ("up", "down", "pageup", "pagedown"):
            return replace(self, at=moved(key, self.at, len(self.found)) or 0)
        edit = self.edit.pressed(key)
        if edit is None:
            return No("type a part of the number or the name, Enter takes the case, Esc closes")
        return replace(self, edit=edit)


@dataclass(frozen=True, slots=True)
class AppointmentList:
    """This interviewer's appointments."""

    appointments: tuple[StationAppointment, ...]
    at: int = 0

    def pressed(self, key: str) -> "AppointmentList | StationAct":
        if key == "escape" or (key in ENTER and not self.appointments):
            return Close()
        if key in ENTER:
            return Fetch(self.appointments[self.at].key)
        if (at := moved(key, self.at, len(self.appointments))) is not None:
            return replace(self, at=at)
        return No("↑ ↓ marks, Enter takes the case, Esc closes")


@dataclass(frozen=True, slots=True)
class Saying:
    """The texts to be spoken; a number opens one, Enter says that it was spoken."""

    scripts: tuple[StationScript, ...]
    at: int = 0

    def pressed(self, key: str) -> "Saying | StationAct":
        script = self.scripts[self.at]
        if key == "escape":
            return Close()
        if key in ENTER:
            return No("it is read once per case, and it has been") if script.is_used else Spoke(script.id)
        if key.isdecimal() and 1 <= int(key) <= len(self.scripts):
            return replace(self, at=int(key) - 1)
        if (at := moved(key, self.at, len(self.scripts))) is not None:
            return replace(self, at=at)
        return No("a number shows a script, Enter marks it as read, Esc closes")


@dataclass(frozen=True, slots=True)
class StationTextPage:
    """Something to be read and closed: the keys, or what respondents ask."""

    what: Literal["help", "faq"]
    top: int = 0

    def pressed(self, key: str) -> "StationTextPage | StationAct":
        if key == "escape" or key in ENTER:
            return Close()
        match key:
            case "up" | "down" | "pageup" | "pagedown":
                by = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10}[key]
                return replace(self, top=max(self.top + by, 0))
            case "home":
                return replace(self, top=0)
            case _:
                return No("Esc goes back to the case")


StationMode: TypeAlias = (
    Deciding
    | Choosing
    | StationNoteEditor
    | OutcomeQuestion
    | AppointmentForm
    | Refusing
    | CaseSearch
    | AppointmentList
    | Saying
    | StationTextPage
)
