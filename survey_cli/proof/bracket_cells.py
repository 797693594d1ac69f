"""Cells of brackets: the number of an interval, which is compared as an amount."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from survey_cli.proof.cells import Cell, CodedCell, Constant
from survey_cli.proof.clauses import Clauses, Literal, Truth, negate
from survey_cli.proof.terms import Values
from survey_cli.values import Code


class BracketLimits(NamedTuple):
    """What says the amount of a bracket more exactly than its interval."""

    exact: Cell
    low: Values
    high: Values


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
        """The limits are computed after the interval."""
        self._lowest = lowest

    def compare(self, sign: str, value: Constant) -> Truth:
        if sign in ("==", "!=") or isinstance(value, str | bool):
            return super().compare(sign, value)

        limits = self._find_limits()
        named = limits.exact.compare(sign, value)
        left = self._compare_limits(sign, value, limits)
        all_of = self.clauses.all_of
        unnamed = -limits.exact.answered
        true = self.clauses.any_of([named.true, all_of([unnamed, left.true])])
        false = self.clauses.any_of([named.false, all_of([unnamed, left.false])])
        return Truth(true, false)

    def _compare_limits(self, sign: str, value: float, limits: BracketLimits) -> Truth:
        """Compare what the steps have left: known if it is the same for all amounts."""
        if sign in (">", ">="):
            opposite = "<=" if sign == ">" else "<"
            return negate(self._compare_limits(opposite, value, limits))

        any_of = self.clauses.any_of
        # the upper limit isn't in the interval, so that `<` and `<=` hold up to it
        is_below = any_of(_select(limits.high, lambda high: high <= value))
        if sign == "<":
            is_above = any_of(_select(limits.low, lambda low: low >= value))
        else:
            is_above = any_of(_select(limits.low, lambda low: low > value))

        # if nothing is known, the lowest amount says nothing either
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
