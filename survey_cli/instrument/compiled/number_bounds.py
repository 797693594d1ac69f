"""Bounds of numbers: the lowest and highest value that an item or a calculation is meant to have.

They are for messages and for the codes of declines, not for proofs.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isnan
from typing import Final, NamedTuple, Protocol

from survey_cli.instrument.amounts import AmountReading
from survey_cli.instrument.number_ranges import NumberRanges, clip_ranges
from survey_cli.instrument.schema.items.coded import CodedItem
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.schema.items.typed import DurationItem, NumericItem
from survey_cli.values import Missing

_MAX_DEPTH: Final = 10
"""How deeply limits of limits and computes of computes are followed."""


class NumberSource(Protocol):
    """What names are looked up in: a draft, or a compiled questionnaire.

    find_bounds(instrument, ast.parse("hours * 52", mode="eval").body)
    """

    @property
    def items(self) -> Mapping[str, CompiledItem]: ...

    @property
    def computes(self) -> Mapping[str, Compute]: ...


class NumberBounds(NamedTuple):
    """The lowest and the highest value that a number can have, if it has one."""

    low: float
    high: float

    def contains(self, value: float) -> bool:
        return self.low <= value <= self.high


NOT_NEGATIVE: Final = NumberBounds(0, inf)
"""What a number is taken for if the questionnaire doesn't say: `min:` is 0 by default, too."""


def find_item_bounds(source: NumberSource, question: NumericItem) -> NumberBounds:
    """Return the bounds of a number's answers, without its options, which may lie outside."""
    return _BoundsFinder(source).find_of_item(question)


def find_item_ranges(source: NumberSource, question: NumericItem) -> NumberRanges:
    """Return the ranges of a number's answers, without its options, which may lie outside."""
    bounds = find_item_bounds(source, question)
    return clip_ranges(question.ranges, bounds.low, bounds.high)


def find_bounds(
    source: NumberSource, tree: ast.expr, *, has_negative_differences: bool = False
) -> NumberBounds:
    """Return the bounds of a calculation. What can't be decided is taken for any number from 0.

    So is a difference of two amounts (`people - children`), although the answers may contradict
    each other. With `has_negative_differences` it has the bounds that follow from theirs.
    """
    finder = _BoundsFinder(source, has_negative_differences=has_negative_differences)
    return finder.find_of_calculation(tree)


def describe_accepted(question: NumericItem) -> str:
    """Describe which numbers are accepted, for the designer: `0 to 30`, `1 to people - 1`."""
    calculated = {}
    if isinstance(question.min, str):
        calculated["min"] = str(question.min)
    if isinstance(question.max, str):
        calculated["max"] = str(question.max)
    if isinstance(question, DurationItem):
        return question.describe_ranges(calculated, partial(question.write_number, language="en"))
    return question.describe_ranges(calculated, str)


_OPERATIONS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    # not rounded, since a bound may be infinite
    ast.FloorDiv: lambda a, b: a / b,
}


@dataclass(frozen=True, slots=True)
class _BoundsFinder:
    """The bounds of names and calculations of a questionnaire, found by following them.

    `depth` is the number of limits and calculations that were followed so far.
    """

    source: NumberSource
    has_negative_differences: bool = False

    def find_of_item(self, question: NumericItem, depth: int = 0) -> NumberBounds:
        low: float = -inf
        high: float = inf
        if question.lowest is not None:
            low = question.lowest
        if question.highest is not None:
            high = question.highest
        if isinstance(question.min, str):
            low = max(low, self._find_of_limit(question, "min", depth).low)
        if isinstance(question.max, str):
            high = min(high, self._find_of_limit(question, "max", depth).high)
        return NumberBounds(low, high)

    def _find_of_limit(self, question: NumericItem, key: str, depth: int) -> NumberBounds:
        item = self.source.items.get(str(question.id))
        limit = item.limits.get(key) if item is not None else None
        if limit is None:  # it has a mistake, which is reported
            return NOT_NEGATIVE
        return self.find_of_calculation(limit.condition.tree, depth + 1)

    def find_of_calculation(self, tree: ast.expr, depth: int = 0) -> NumberBounds:
        if depth > _MAX_DEPTH:
            return NOT_NEGATIVE
        match tree:
            case ast.Constant(value=int() | float() as value):
                return NumberBounds(value, value)
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return self._find_of_name(name, depth)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                bounds = self.find_of_calculation(operand, depth + 1)
                return NumberBounds(-bounds.high, -bounds.low)
            case ast.BinOp(left=left, op=op, right=right):
                left_bounds = self.find_of_calculation(left, depth + 1)
                right_bounds = self.find_of_calculation(right, depth + 1)
                return self._combine(op, left_bounds, right_bounds)
            case ast.IfExp(body=body, orelse=orelse):
                parts = (body, orelse)
                return _unite([self.find_of_calculation(part, depth + 1) for part in parts])
            case ast.Call(func=ast.Name(id=function), args=arguments) if arguments:
                if function == "default":
                    arguments = arguments[:2]  # what follows are kinds of missing values
                bounds_of_arguments = [
                    self.find_of_calculation(part, depth + 1) for part in arguments
                ]
                return _find_call_bounds(function, bounds_of_arguments)
            case _:
                return NOT_NEGATIVE

    def _find_of_name(self, name: str, depth: int) -> NumberBounds:
        compute = self.source.computes.get(name)
        if compute is not None:
            calculation = next(iter(compute.conditions.values()))
            return self.find_of_calculation(calculation.tree, depth + 1)

        item = self.source.items.get(name)
        if item is None:
            return NOT_NEGATIVE
        if isinstance(item.question, NumericItem):
            bounds = self.find_of_item(item.question, depth + 1)
            special = _list_code_bounds(item.question.options, item.amounts)
            return _unite([bounds, *special])
        if isinstance(item.question, CodedItem):
            codes = [option.code for option in item.options if isinstance(option.code, int)]
            bounds_of_codes = _list_code_bounds(codes, item.amounts)
            if bounds_of_codes:
                return _unite(bounds_of_codes)
        return NOT_NEGATIVE

    def _combine(self, op: ast.operator, left: NumberBounds, right: NumberBounds) -> NumberBounds:
        """Return the bounds of a sum, a difference, a product, a quotient or a remainder."""
        if isinstance(op, ast.Mod) and right.low > 0:
            return NumberBounds(0, right.high)
        operation = _OPERATIONS.get(type(op))
        may_divide_by_zero = isinstance(op, ast.Div | ast.FloorDiv) and right.contains(0)
        if operation is None or may_divide_by_zero:
            return NumberBounds(min(left.low, 0), inf)

        if isinstance(op, ast.Sub):
            low = left.low - right.high
            are_amounts = left.low >= 0 and right.low >= 0
            if are_amounts and not self.has_negative_differences:
                low = max(low, 0)
            return NumberBounds(low, left.high - right.low)

        corners = [operation(a, b) for a in left for b in right]
        numbers = [0 if isnan(corner) else corner for corner in corners]  # 0 times infinity
        return NumberBounds(min(numbers), max(numbers))


def _list_code_bounds(codes: Iterable[int], amounts: AmountReading | None) -> list[NumberBounds]:
    """List the bounds of the numbers that codes count as in calculations."""
    found = []
    for code in codes:
        amount: float | Missing = code
        if amounts is not None:
            amount = amounts.read_number(code)
        if not isinstance(amount, Missing):
            found.append(NumberBounds(amount, amount))
    return found


def _unite(several: Sequence[NumberBounds]) -> NumberBounds:
    lowest = min(bounds.low for bounds in several)
    highest = max(bounds.high for bounds in several)
    return NumberBounds(lowest, highest)


def _find_call_bounds(function: str, arguments: list[NumberBounds]) -> NumberBounds:
    """Return the bounds of a function's result."""
    lowest = min(bounds.low for bounds in arguments)
    match function:
        case "min":
            return NumberBounds(lowest, min(bounds.high for bounds in arguments))
        case "max":
            highest = max(bounds.high for bounds in arguments)
            return NumberBounds(max(bounds.low for bounds in arguments), highest)
        case (
            "mean"
            | "mean_answered"
            | "min_answered"
            | "max_answered"
            | "first_answered"
            | "default"
        ):
            return _unite(arguments)
        case "round":
            return arguments[0]
        case "sum" | "sum_answered":
            # A list, as in `sum(person.age)`, has any number of values.
            return NumberBounds(-inf if lowest < 0 else 0, inf)
        case _:
            return NOT_NEGATIVE
