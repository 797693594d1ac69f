"""Cells of brackets: the number of an interval, which is compared as an amount."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from survey_cli.proof.cells import Cell, CodedCell, Constant
from survey_cli.proof.clauses import Clauses, Literal, Truth, negate
from survey_cli.proof.terms import Values
from survey_cli.values import Code


class BracketLimits(NamedTuple):
    """What says the amount of a bracket more exactly than its interval."""

    exact: Cell | None
    """The amount that the respondent named. None if nobody can name it."""
    low: Values
    """The lower limit that the answered steps leave; it belongs to the interval."""
    high: Values
    """The upper limit, which doesn't belong to it. It has no value if there is none."""


class BracketCell(CodedCell):
    """The interval of a bracket. Only `==` and `!=` compare its code.

    `<` and `>` compare the amount that was named, or else the limits of what is left.
    """

    def __init__(
        self,
        clauses: Clauses,
        asked: Literal,
        declines: Iterable[str],
        codes: Iterable[Code],
        find_limits: Callable[[], BracketLimits],
        lowest: float,
    ) -> None:
        super().__init__(clauses, asked, declines, codes)
        self._find_limits = find_limits
        """A function, since the limits are computed after the interval."""
        self._lowest = lowest
        """The lowest amount that any answer can have."""

    def compare(self, sign: str, value: Constant) -> Truth:
        if sign in ("==", "!=") or isinstance(value, str | bool):
            return super().compare(sign, value)

        limits = self._find_limits()
        by_limits = self._compare_limits(sign, value, limits)
        if limits.exact is None:
            return by_limits

        by_amount = limits.exact.compare(sign, value)
        all_of = self.clauses.all_of
        is_unnamed = -limits.exact.answered
        true = self.clauses.any_of([by_amount.true, all_of([is_unnamed, by_limits.true])])
        false = self.clauses.any_of([by_amount.false, all_of([is_unnamed, by_limits.false])])
        return Truth(true, false)

    def _compare_limits(self, sign: str, value: float, limits: BracketLimits) -> Truth:
        """Compare the interval between the limits: known if all its amounts agree."""
        if sign == ">":
            return negate(self._compare_limits("<=", value, limits))
        if sign == ">=":
            return negate(self._compare_limits("<", value, limits))

        any_of = self.clauses.any_of
        # the upper limit isn't in the interval, so that `<` and `<=` hold up to it
        is_below = any_of(_select(limits.high, lambda high: high <= value))
        if sign == "<":
            is_above = any_of(_select(limits.low, lambda low: low >= value))
        else:
            is_above = any_of(_select(limits.low, lambda low: low > value))

        # a lower limit that every answer has says nothing: no step was answered
        is_limited = any_of([*limits.high.values(), *_select(limits.low, self._is_limit)])
        return Truth(is_below, self.clauses.all_of([is_above, is_limited]))

    def _is_limit(self, low: float) -> bool:
        return low > self._lowest


def _select(values: Values, holds: Callable[[float], bool]) -> list[Literal]:
    """Return the literals of the values for which something holds."""
    return [
        literal
        for value, literal in values.items()
        if isinstance(value, int | float) and holds(value)
    ]
