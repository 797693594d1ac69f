"""Everything known at one point of an interview: `Known`, which conditions and texts read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from survey_cli.entries import StyledText
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Missing

ClockUse: TypeAlias = tuple[object, int | None]
"""One `elapsed()` of the questionnaire, and the turn in which it is read."""
INTERVIEWER_PREFIX: Final = "interviewer."
"""What conditions write before an attribute of the interviewer: `interviewer.sex`."""
NO_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType({})
_ABSENT: Final = object()


class Clock(Protocol):
    """What `elapsed()` reads.

    A clock that stands still, for a test:

        class StoppedClock:
            def read(self, use: ClockUse) -> int | Missing:
                return 0
    """

    def read(self, use: ClockUse) -> int | Missing:
        """Return the full minutes of interviewing when this use was first reached."""


class FillableText(Protocol):
    """A compiled text that can itself contain fills, such as the option of a turn.

    `Template` is one. The simplest is a text that is the same in all languages:

        class PlainText:
            def fill(self, known: "Known", language: str) -> StyledText:
                return (TextSpan("Bicycle"),)
    """

    def fill(self, known: "Known", language: str) -> StyledText:
        """Return the words to be read in a language."""


class RosterTurns(NamedTuple):
    """The turns of one roster so far."""

    turns: tuple[int, ...] | Missing = NOT_REACHED
    """Their numbers, or the missing value that leaves their number unknown."""
    may_have_more: bool = False
    """An open answer decides whether there are further turns."""
    is_entered: bool = False
    """The route has led into it, even if no turn was visited."""


NO_TURNS_YET: Final = RosterTurns()


_Change: TypeAlias = tuple[dict[Any, Any] | None, Any, Any]
"""A dictionary that was changed, the key, and the value before; `_ABSENT` if there was none.

The dictionary is None if the walk went to another turn. It is a plain tuple, since every answer
makes one.
"""


@dataclass(slots=True)
class Known:
    """What conditions and texts can read at one point of an interview.

    It has the values of names and the turns of rosters, which the route records and undoes, and the
    circumstances of the interview, such as its day. What isn't there has not been reached.
    """

    # The methods that record are for the route. Everything else only reads.

    values: dict[str, Cell] = field(default_factory=dict)
    """Answers, computes and sample columns by name."""
    values_by_turn: dict[tuple[str, int | None], Cell] = field(default_factory=dict)
    """Answers of a roster's items, by name and turn."""
    translations: dict[tuple[str, str], Cell] = field(default_factory=dict)
    """The values of computes that differ between languages, by name and language."""
    rosters: dict[str, RosterTurns] = field(default_factory=dict)
    turn_texts: dict[tuple[str, int | None], FillableText] = field(default_factory=dict)
    """In an `each` roster: the option of each turn, by roster and turn. `{each}` reads it."""
    turn: int | None = None
    """The current turn; None outside of rosters."""
    today: date | Missing = NOT_REACHED
    """The day on which the interview began."""
    case: str | None = None
    """The key of the case."""
    interviewer: str | None = None
    """The name of the interviewer of the latest session."""
    # a factory, because Python 3.11 refuses a mapping proxy as a default
    attributes: Mapping[str, str] = field(default_factory=lambda: NO_ATTRIBUTES)
    """The attributes of the interviewer who began the interview. `interviewer.sex` reads one."""
    daypart: str | Mapping[str, str] | None = None
    """The part of the day in which the latest session began; by language if it is translated."""
    clock: Clock | None = None
    """None if no time is measured, so that `elapsed()` has not been reached."""
    hidden: frozenset[str] = frozenset()
    """The names of personal answers, which texts don't show here."""
    unfilled: dict[str, str] | None = field(default=None, compare=False)
    """Notes on the fills that failed, by key; None if they are not collected."""
    _changes: list[_Change] = field(default_factory=list, init=False, compare=False, repr=False)

    # reading

    def value(self, name: str, turn: int | None = None, otherwise: Missing = NOT_REACHED) -> Cell:
        """Return the value of a name; with a turn, that of a roster's item in this turn."""
        if turn is None:
            return self.values.get(name, otherwise)
        return self.values_by_turn.get((name, turn), otherwise)

    def has_value(self, name: str, turn: int | None = None) -> bool:
        """Return whether it has a value, or is known to be missing."""
        if turn is None:
            return name in self.values
        return (name, turn) in self.values_by_turn

    def value_as_read(self, name: str, turn: int | None) -> Cell:
        """Return what a condition in this turn reads by one of its `Condition.names`."""
        in_turn = self.values_by_turn.get((name, turn))
        if in_turn is not None:
            return in_turn

        if name.startswith(INTERVIEWER_PREFIX):
            return self.attributes.get(name.removeprefix(INTERVIEWER_PREFIX), NOT_REACHED)
        return self.value(name)

    def turns_of(self, roster: str) -> tuple[int, ...] | Missing:
        """Return the turns of a roster so far, or why their number is unknown."""
        return self.rosters.get(roster, NO_TURNS_YET).turns

    def may_have_more_turns(self, roster: str) -> bool:
        """Return whether an open answer decides whether a roster has further turns."""
        return self.rosters.get(roster, NO_TURNS_YET).may_have_more

    def in_turn(self, turn: int | None) -> "Known":
        """Return the same in another turn. It shares all values and is only for reading."""
        # one by one, since `replace` takes five times as long, and each turn of a roster needs this
        return Known(
            self.values,
            self.values_by_turn,
            self.translations,
            self.rosters,
            self.turn_texts,
            turn,
            self.today,
            self.case,
            self.interviewer,
            self.attributes,
            self.daypart,
            self.clock,
            self.hidden,
            self.unfilled,
        )

    def copy(self) -> "Known":
        """Return a copy that later changes don't reach."""
        return replace(
            self,
            values=dict(self.values),
            values_by_turn=dict(self.values_by_turn),
            translations=dict(self.translations),
            rosters=dict(self.rosters),
            turn_texts=dict(self.turn_texts),
        )

    # recording what the route reaches

    @property
    def change_count(self) -> int:
        """The number of changes so far: `undo_changes` returns to it."""
        return len(self._changes)

    def record(self, name: str, value: Cell, turn: int | None = None) -> None:
        """Record a value."""
        if turn is None:
            self._set(self.values, name, value)
        else:
            self._set(self.values_by_turn, (name, turn), value)

    def record_translation(self, name: str, language: str, value: Cell) -> None:
        """Record the value of a compute in one language."""
        self._set(self.translations, (name, language), value)

    def record_turns(self, roster: str, turns: tuple[int, ...] | Missing) -> None:
        """Record all turns of a roster so far."""
        before = self.rosters.get(roster, NO_TURNS_YET)
        self._set(self.rosters, roster, before._replace(turns=turns))

    def record_entry(self, roster: str) -> None:
        """Record that the route has led into a roster."""
        before = self.rosters.get(roster, NO_TURNS_YET)
        self._set(self.rosters, roster, before._replace(is_entered=True))

    def record_open_turns(self, roster: str) -> None:
        """Record that an open answer decides whether a roster has further turns."""
        before = self.rosters.get(roster, NO_TURNS_YET)
        self._set(self.rosters, roster, before._replace(may_have_more=True))

    def enter_turn(self, roster: str, turn: int, text: FillableText | None) -> None:
        """Go to the next turn of a roster. `text` is the option that it stands for."""
        self.go_to_turn(turn)

        earlier = self.turns_of(roster)
        if isinstance(earlier, Missing):
            earlier = ()
        self.record_turns(roster, (*earlier, turn))

        if text is not None:
            self._set(self.turn_texts, (roster, turn), text)

    def go_to_turn(self, turn: int | None) -> None:
        """Go to a turn, or out of the roster with None."""
        self._changes.append((None, None, self.turn))
        self.turn = turn

    def undo_changes(self, change_count: int) -> None:
        """Undo all changes after the first ones, the last one first."""
        changes = self._changes
        while len(changes) > change_count:
            table, key, before = changes.pop()
            if table is None:
                self.turn = before
            elif before is _ABSENT:
                del table[key]
            else:
                table[key] = before

    def _set(self, table: dict[Any, Any], key: Any, value: object) -> None:
        self._changes.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    # for the data of another version

    def mark_not_asked(self, names: Collection[str]) -> None:
        """Mark these names as not asked, in all turns. It can't be undone."""
        for name in names:
            self.values[name] = NOT_ASKED
        for key in self.values_by_turn:
            if key[0] in names:
                self.values_by_turn[key] = NOT_ASKED


NOTHING_KNOWN: Final = Known()
"""For a text or condition that reads nothing."""
