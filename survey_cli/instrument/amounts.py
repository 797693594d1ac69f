"""Amounts: what a keyed number or code means as a quantity.

An option's own code is known, but its amount may not be. The 88 of "None" is the amount 0, the 888
of "It varies" has none, and the 97 of "97 or older" is an interval. What is stored is always what
was keyed: an amount is read from it when a condition, a calculation or a column needs one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, TypeAlias

from survey_cli.values import NO_AMOUNT, NOT_ASKED, Code, Missing


@dataclass(frozen=True, slots=True)
class Interval:
    """All amounts from a lowest to a highest one; infinite if there is no such limit.

    `Interval(low=97)` is 97 or more, `Interval(high=1)` is 1 or less, and `Interval(25000, 35000,
    includes_high=False)` a bracket of incomes.
    """

    low: float = -inf
    """The lowest amount, which always belongs to it."""
    high: float = inf
    includes_high: bool = True
    """Whether the highest amount belongs to it."""

    @property
    def is_one_number(self) -> bool:
        """Whether it contains only one amount."""
        return self.low == self.high

    def may_be(self, amount: float) -> bool:
        """Return whether it contains an amount, so that the answer may be exactly that."""
        point = Interval(amount, amount)
        return not self.is_below(point) and not point.is_below(self)

    def is_below(self, other: "Interval") -> bool:
        """Return whether every amount in it is less than every amount in the other."""
        if self.includes_high:
            return self.high < other.low
        return self.high <= other.low

    def is_at_most(self, other: "Interval") -> bool:
        """Return whether every amount in it is at most as high as every amount in the other."""
        return self.high <= other.low


Amount: TypeAlias = int | float | Interval | Missing
"""What an answer is as a quantity: a number, an interval, or `NO_AMOUNT`."""


def compare_intervals(left: Interval, sign: str, right: Interval) -> bool | None:
    """Compare two intervals: None if it depends on which of their amounts the answers are."""
    match sign:
        case ">":
            return compare_intervals(right, "<", left)
        case ">=":
            return compare_intervals(right, "<=", left)
        case "!=":
            is_equal = compare_intervals(left, "==", right)
            if is_equal is None:
                return None
            return not is_equal
        case "<":
            holds = left.is_below(right)
            fails = right.is_at_most(left)
        case "<=":
            holds = left.is_at_most(right)
            fails = right.is_below(left)
        case _:
            # equal for certain: both contain nothing but the same number
            holds = left.is_one_number and right.is_one_number and left.low == right.low
            fails = left.is_below(right) or right.is_below(left)
    if holds:
        return True
    if fails:
        return False
    return None


def to_interval(amount: float | Interval) -> Interval:
    """Return a number as the interval that contains only it."""
    if isinstance(amount, Interval):
        return amount
    return Interval(amount, amount)


@dataclass(frozen=True, slots=True, eq=False)
class AmountReading:
    """How the amount of one item is read from what was keyed.

    Days with `options: {88: {text: None, value: 0}, 888: {text: It varies, missing: true}}`, and an
    age with `97: {text: 97 or older, at_least: 97}`:

        AmountReading({88: 0, 888: NO_AMOUNT})
        AmountReading({97: Interval(low=97)})

    A bracket, whose codes are all intervals, and a number of times per week (1…) or per month (2…),
    whose amount is a function of the number that was keyed:

        AmountReading({1: Interval(high=10_000, includes_high=False), 2: Interval(low=10_000)})

        def count_per_week(keyed: int) -> float:
            unit, times = divmod(keyed, 100)
            return times if unit == 1 else times * 12 / 52

        AmountReading({555: 0}, count_per_week)

    The reading of a name is its `ValueType.amounts`: conditions, calculations and the proof use it
    from there. It receives no missing values.
    """

    by_code: Mapping[Code, Amount]
    """The amounts of codes that aren't amounts themselves."""
    convert: Callable[[Any], int | float] | None = None
    """Reads the amount of any other answer; None if that is an amount itself."""
    find_keyed: Callable[[str, float], Iterable[tuple[float, float]]] | None = None
    """Finds the ranges of answers whose converted amount fulfills a comparison, such as `<` and 7.

    The proof needs it if there are too many answers to try each of them."""

    def read(self, keyed: Any) -> Any:
        """Return the amount of what was keyed. A missing value stays what it is."""
        if keyed.__class__ is Missing:
            return keyed
        amount = self.by_code.get(keyed)
        if amount is not None:
            return amount
        if self.convert is not None:
            return self.convert(keyed)
        return keyed

    def read_number(self, keyed: Any) -> Any:
        """Return the amount if it is one number; an interval is `NO_AMOUNT` to a calculation."""
        amount = self.read(keyed)
        if amount.__class__ is Interval:
            return NO_AMOUNT
        return amount

    def read_bracket(self, keyed: Any, low: Any, high: Any, exact: Any = NOT_ASKED) -> Any:
        """Return the amount of a bracket as exactly as it is known.

        `keyed` is the code of its interval, `low` and `high` are the limits that the answered steps
        leave, and `exact` is the amount that the respondent named. Each may be missing. If no step
        was answered, the result is `keyed`, which is missing then.
        """
        if exact.__class__ is not Missing:
            return exact
        is_one_interval = keyed.__class__ is not Missing
        was_asked = low.__class__ is not Missing
        if is_one_interval or not was_asked:
            return self.read(keyed)

        # a decline ended the steps: what was answered before it counts
        has_high = high.__class__ is not Missing
        if has_high:
            return Interval(low, high, includes_high=False)
        lowest = min(amount.low for amount in self.by_code.values() if isinstance(amount, Interval))
        has_answered_step = low != lowest
        if has_answered_step:
            return Interval(low, includes_high=False)
        return keyed

    def make_equation(self, constant: Any) -> Callable[[Any], Any]:
        """Make a test whether an answer is a constant of a condition.

        The constant is an amount, unless it is a code that counts as no number: `days == 888` is
        known, and so is `age == 97` after "97 or older". (`check` refuses a code that counts as
        another number, as in `days == 88`.)
        """
        is_code = constant in self.by_code and constant not in self.values
        read = self.read

        def equals(keyed: Any) -> Any:
            if keyed.__class__ is Missing:
                return keyed
            if is_code:
                return keyed == constant

            amount = read(keyed)
            if amount.__class__ is Missing:
                return False  # an answer without an amount is no number
            if amount.__class__ is not Interval:
                return amount == constant
            if amount.may_be(constant):
                return NO_AMOUNT
            return False

        return equals

    @property
    def values(self) -> Mapping[Code, int | float]:
        """The codes that count as a number, each with that number: 88 with 0."""
        return {
            code: amount for code, amount in self.by_code.items() if isinstance(amount, int | float)
        }

    @property
    def has_numbers(self) -> bool:
        """Whether some answers count as a number other than the one that was keyed."""
        return self.convert is not None or bool(self.values)

    @property
    def may_lack_amount(self) -> bool:
        """Whether the amount of some answers is no number, so that it can't be calculated with."""
        return len(self.values) < len(self.by_code)


def merge_amounts(
    lists: Iterable[tuple[Iterable[Any], AmountReading | None]],
) -> Mapping[Any, Amount] | None:
    """Merge the amounts of several lists of codes; None if a code has two amounts.

    Each list is given with the reading of its codes, or None if they are amounts themselves.
    """
    merged: dict[Any, Amount] = {}
    for codes, reading in lists:
        for code in codes:
            amount = code if reading is None else reading.read(code)
            if merged.setdefault(code, amount) != amount:
                return None
    return merged


def make_amount_comparison(
    sign: str, compare_numbers: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    """Make a comparison of two amounts. It is `NO_AMOUNT` if an interval leaves it open.

    `compare_numbers` makes all comparisons without an interval, or with a missing value.
    """

    def compare(left: Any, right: Any) -> Any:
        has_interval = left.__class__ is Interval or right.__class__ is Interval
        has_missing = left.__class__ is Missing or right.__class__ is Missing
        if has_missing or not has_interval:
            return compare_numbers(left, right)
        holds = compare_intervals(to_interval(left), sign, to_interval(right))
        if holds is None:
            return NO_AMOUNT
        return holds

    return compare
