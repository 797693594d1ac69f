"""Kinds of answers that an item can have.

Every question type describes itself with one of these values. The proof, scenarios, comparisons of
versions and simulations read the description and don't know the type. A new type that describes
itself is therefore handled by all of them. If it needs a new kind, `assert_never` lets mypy name
each place that must handle it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from survey_cli.instrument.number_ranges import NumberRange, NumberRanges, find_limits
from survey_cli.values import Code


@dataclass(frozen=True, slots=True)
class OneCode:
    """One of these codes: `single`, `scale`, `search`."""

    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class SeveralCodes:
    """Some of these codes: `multiple`."""

    codes: tuple[Code, ...]
    exclusive: frozenset[Code] = frozenset()
    """The codes that can't be combined with others. With one of them, `least` doesn't apply."""
    least: int = 1
    most: int | None = None
    """None if all of them can be chosen."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number: `number`."""

    ranges: NumberRanges = (NumberRange(),)
    """The numbers that are accepted, as far as that doesn't depend on other answers."""
    decimals: int = 0
    special: tuple[float, ...] = ()
    """Numbers that are also accepted outside of the ranges."""

    @property
    def low(self) -> float | None:
        """The lowest number; None if there is no limit, or if it depends on other answers."""
        return find_limits(self.ranges)[0]

    @property
    def high(self) -> float | None:
        """The highest number; None if there is no limit, or if it depends on other answers."""
        return find_limits(self.ranges)[1]


@dataclass(frozen=True, slots=True)
class Day:
    """A date: `date`."""

    low: date | None = None
    """The earliest date; None if there is no limit, or if it depends on other answers or on
    today."""
    high: date | None = None
    """The latest date; None if there is no limit, or if it depends on other answers or on today."""
    is_partial: bool = False
    """A month and year, or a year, is also accepted."""


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day: `time`."""


@dataclass(frozen=True, slots=True)
class AnyText:
    """A text that isn't chosen from a list: `text`, `verbatim`."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that nobody is asked for: `split`, `draw`, `lookup`, what a group picks."""

    codes: tuple[Code, ...] = ()
    """The codes it can have. Empty if they come from its source: a sample column, a roster's
    turns."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing, because the item is only spoken: `read`, `handover`, `end`."""


RespondentAnswers: TypeAlias = OneCode | SeveralCodes | Amount | Day | TimeOfDay | AnyText
"""What a respondent can answer."""
PossibleAnswers: TypeAlias = RespondentAnswers | Computed | NoAnswer

ANY_TEXT: Final = AnyText()
NO_ANSWER: Final = NoAnswer()
