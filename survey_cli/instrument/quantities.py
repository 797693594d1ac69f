"""Amounts in units that the respondent chooses: which number is keyed for each of them.

The first digits of a keyed number say the unit, and the others the amount: 107 is 7 per day, and
207 is 7 per week. The digits of a unit in parts are those parts: 511 is 5 feet 11 inches.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final, NamedTuple

from survey_cli.instrument.number_ranges import NumberRange, NumberRanges, contain, merge_ranges

MAX_DIGITS: Final = 9
"""The most digits of a keyed number, all of which every format stores exactly."""
MAX_DIGITS_OF_PARTS: Final = 5
"""The most digits of a unit in parts. The numbers of its last part are listed range by range."""


class UnitPart(NamedTuple):
    """A part of a unit: the feet or the inches."""

    name: str
    size: int
    """How many of the last part it is: a foot is 12 inches."""
    most: int | None = None
    """The highest number of it; None for the first part, which the range limits."""

    @property
    def digits(self) -> int:
        """The number of its digits; 0 for the first part, which has the digits that are left."""
        return 0 if self.most is None else len(str(self.most))


@dataclass(frozen=True)
class QuantityUnit:
    """A unit with the numbers that are keyed for it.

    Times per week, keyed as 201 to 299, and a height of 3 feet to 7 feet 11, keyed as 300 to 711:

        QuantityUnit("week", (NumberRange(1, 99),), Fraction(1), key=2)
        feet = (UnitPart("ft", 12), UnitPart("in", 1, most=11))
        QuantityUnit("feet", (NumberRange(300, 711),), Fraction("2.54"), parts=feet)
    """

    name: str
    written: NumberRanges
    """The digits that may follow its key, as the range is written in the file."""
    times: Fraction
    """How many of the main unit it is."""
    key: int | None = None
    """Its first digits; None if all digits are the amount."""
    parts: tuple[UnitPart, ...] = ()
    filled_digits: int = 0
    """How many digits are keyed after the key at least, filled with zeros: 2 for 107."""

    @cached_property
    def digits(self) -> int:
        """The number of digits after the key."""
        return max(len(str(int(self.written[-1].high))), self.filled_digits)

    @cached_property
    def offset(self) -> int:
        """The keyed number of the amount 0."""
        if self.key is None:
            return 0
        return int(self.key * 10**self.digits)

    @cached_property
    def keyed(self) -> NumberRanges:
        """The numbers that can be keyed for it."""
        ranges = [
            NumberRange(self.offset + low, self.offset + high)
            for low, high in self._iterate_valid()
        ]
        return merge_ranges(ranges, 0)

    def _iterate_valid(self) -> Iterator[NumberRange]:
        """Yield the ranges of digits in which no part is more than it can be.

        Of 300 to 711 in feet and inches they are 300 to 311, 400 to 411, and so on: 312 would be 3
        feet 12.
        """
        if not self.parts:
            yield from self.written
            return

        # in each step, only the last part counts up: 300 to 399
        last = self.parts[-1]
        assert last.most is not None  # only the first part has no highest number
        step = 10**last.digits
        for low, high in self.written:
            first_start = int(low) // step * step
            for start in range(first_start, int(high) + 1, step):
                if self.find_excess(self.split(start)) is not None:
                    continue
                valid_low = max(int(low), start)
                valid_high = min(int(high), start + last.most)
                if valid_low <= valid_high:
                    yield NumberRange(valid_low, valid_high)

    def split(self, digits: int) -> tuple[int, ...]:
        """Split the digits after the key into the numbers of the parts: 511 into 5 and 11."""
        numbers = []
        # from the right: what is left of the others is the first part's
        for part in reversed(self.parts[1:]):
            digits, number = divmod(digits, 10**part.digits)
            numbers.append(number)
        return (digits, *reversed(numbers))

    def join(self, numbers: Sequence[int]) -> int:
        """Return the digits after the key for the numbers of the parts."""
        digits = numbers[0]
        for part, number in zip(self.parts[1:], numbers[1:], strict=True):
            digits = digits * 10**part.digits + number
        return digits

    def find_excess(self, numbers: Sequence[int]) -> UnitPart | None:
        """Find the first part whose number is too high: the 13 of 5 feet 13."""
        for part, number in zip(self.parts, numbers, strict=True):
            if part.most is not None and number > part.most:
                return part
        return None

    def contains(self, keyed: float) -> bool:
        """Return whether a keyed number is an amount in this unit."""
        return contain(self.keyed, keyed) and keyed == int(keyed)

    def count(self, keyed: int) -> int:
        """Return the amount in this unit, of parts in the last of them: 511 is 71 inches."""
        digits = keyed - self.offset
        if not self.parts:
            return digits
        total = 0
        for part, number in zip(self.parts, self.split(digits), strict=True):
            total += part.size * number
        return total

    def find_first_amount(self) -> int:
        """Find the keyed number of the lowest amount above 0; that of 0 if there is no other."""
        for low, high in self.keyed:
            for keyed in range(int(low), int(high) + 1):
                if self.count(keyed) > 0:
                    return keyed
        return self.offset

    def compose(self, amount: int) -> int:
        """Return the number that is keyed for an amount in this unit, as `count` returns it."""
        if not self.parts:
            return self.offset + amount
        numbers = []
        for part in self.parts:
            number, amount = divmod(amount, part.size)
            numbers.append(number)
        return self.offset + self.join(numbers)

    def convert(self, keyed: int) -> int | float:
        """Return the amount in the main unit: the nearest number to the exact fraction."""
        amount = self.count(keyed) * self.times
        if amount.denominator == 1:
            return int(amount)
        return float(amount)


class Quantity:
    """The units of one question."""

    def __init__(self, units: Sequence[QuantityUnit]) -> None:
        self.units = tuple(units)
        """In the order in which they are written."""

    @cached_property
    def keyed(self) -> NumberRanges:
        """The numbers that can be keyed, whatever the unit."""
        return merge_ranges([one for unit in self.units for one in unit.keyed], 0)

    @property
    def is_whole(self) -> bool:
        """Whether every amount is a whole number of the main unit."""
        return all(unit.times.denominator == 1 for unit in self.units)

    def find_unit(self, keyed: float) -> QuantityUnit | None:
        """Find the unit of a keyed number; None if it is no amount."""
        for unit in self.units:
            if unit.contains(keyed):
                return unit
        return None

    def find_meant_unit(self, keyed: int) -> QuantityUnit | None:
        """Find the unit whose key and digits a number has, although it is out of range."""
        for unit in self.units:
            if unit.key is not None and keyed // 10**unit.digits == unit.key:
                return unit
        for unit in self.units:
            if unit.key is None and unit.digits == len(str(keyed)):
                return unit
        return None

    def convert(self, keyed: int) -> int | float:
        """Return the amount of a keyed number in the main unit. A number without a unit is itself.

        Only a questionnaire with errors, or an answer of another version, can have such a number.
        """
        unit = self.find_unit(keyed)
        if unit is None:
            return keyed
        return unit.convert(keyed)

    def find_keyed(self, sign: str, amount: float) -> NumberRanges:
        """Find the keyed numbers for which a comparison with an amount in the main unit is true.

        Within a unit, a higher number is a higher amount, so that bisection finds them.
        """
        found: list[NumberRange] = []
        for unit in self.units:
            for low, high in unit.keyed:
                numbers = range(int(low), int(high) + 1)
                lower_count = bisect_left(numbers, amount, key=unit.convert)
                at_most_count = bisect_right(numbers, amount, key=unit.convert)
                for start, end in _list_slices(sign, lower_count, at_most_count, len(numbers)):
                    if start < end:
                        found.append(NumberRange(numbers[start], numbers[end - 1]))
        return merge_ranges(found, 0)


def _list_slices(
    sign: str, lower_count: int, at_most_count: int, count: int
) -> list[tuple[int, int]]:
    """List the slices of rising amounts for which a comparison with a constant is true.

    `lower_count` of the amounts are lower than the constant, and `at_most_count` at most as high.
    """
    match sign:
        case "<":
            return [(0, lower_count)]
        case "<=":
            return [(0, at_most_count)]
        case ">":
            return [(at_most_count, count)]
        case ">=":
            return [(lower_count, count)]
        case "==":
            return [(lower_count, at_most_count)]
        case _:
            return [(0, lower_count), (at_most_count, count)]
