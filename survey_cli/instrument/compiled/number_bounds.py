"""Bounds of numbers: the lowest and highest value that an item or a calculation is meant to have.

They are for messages and for the codes of declines, not for proofs: a difference of two amounts
(`people - children`) is taken for an amount too, although the answers may contradict each other.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
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


def find_item_bounds(source: NumberSource, question: NumericItem, depth: int = 0) -> NumberBounds:
    """Return the bounds of a number's answers, without its options, which may lie outside."""
    low: float = -inf
    high: float = inf
    if question.lowest is not None:
        low = question.lowest
    if question.highest is not None:
        high = question.highest
    if isinstance(question.min, str):
        low = max(low, _find_limit_bounds(source, question, "min", depth).low)
    if isinstance(question.max, str):
        high = min(high, _find_limit_bounds(source, question, "max", depth).high)
    return NumberBounds(low, high)


def find_item_ranges(source: NumberSource, question: NumericItem) -> NumberRanges:
    """Return the ranges of a number's answers, without its options, which may lie outside."""
    bounds = find_item_bounds(source, question)
    return clip_ranges(question.ranges, bounds.low, bounds.high)


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


def _find_limit_bounds(
    source: NumberSource, question: NumericItem, key: str, depth: int
) -> NumberBounds:
    item = source.items.get(str(question.id))
    limit = item.limits.get(key) if item is not None else None
    if limit is None:  # it has a mistake, which is reported
        return NOT_NEGATIVE
    return find_bounds(source, limit.condition.tree, depth + 1)


def find_bounds(source: NumberSource, tree: ast.expr, depth: int = 0) -> NumberBounds:
    """Return the bounds of a calculation. What can't be decided is taken for any number from 0."""
    if depth > _MAX_DEPTH:
        return NOT_NEGATIVE
    match tree:
        case ast.Constant(value=int() | float() as value):
            return NumberBounds(value, value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _find_name_bounds(source, name, depth)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            bounds = find_bounds(source, operand, depth + 1)
            return NumberBounds(-bounds.high, -bounds.low)
        case ast.BinOp(left=left, op=op, right=right):
            left_bounds = find_bounds(source, left, depth + 1)
            right_bounds = find_bounds(source, right, depth + 1)
            return _combine(op, left_bounds, right_bounds)
        case ast.IfExp(body=body, orelse=orelse):
            return _unite([find_bounds(source, part, depth + 1) for part in (body, orelse)])
        case ast.Call(func=ast.Name(id=function), args=arguments) if arguments:
            if function == "default":
                arguments = arguments[:2]  # what follows are kinds of missing values
            bounds_of_arguments = [find_bounds(source, part, depth + 1) for part in arguments]
            return _find_call_bounds(function, bounds_of_arguments)
        case _:
            return NOT_NEGATIVE


def _find_name_bounds(source: NumberSource, name: str, depth: int) -> NumberBounds:
    compute = source.computes.get(name)
    if compute is not None:
        calculation = next(iter(compute.conditions.values()))
        return find_bounds(source, calculation.tree, depth + 1)

    item = source.items.get(name)
    if item is None:
        return NOT_NEGATIVE
    if isinstance(item.question, NumericItem):
        bounds = find_item_bounds(source, item.question, depth + 1)
        special = _list_code_bounds(item.question.options, item.amounts)
        return _unite([bounds, *special])
    if isinstance(item.question, CodedItem):
        codes = [option.code for option in item.options if isinstance(option.code, int)]
        bounds_of_codes = _list_code_bounds(codes, item.amounts)
        if bounds_of_codes:
            return _unite(bounds_of_codes)
    return NOT_NEGATIVE


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


_OPERATIONS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    # not rounded, since a bound may be infinite
    ast.FloorDiv: lambda a, b: a / b,
}


def _combine(op: ast.operator, left: NumberBounds, right: NumberBounds) -> NumberBounds:
    """Return the bounds of a sum, a difference, a product, a quotient or a remainder."""
    if isinstance(op, ast.Mod) and right.low > 0:
        return NumberBounds(0, right.high)
    operation = _OPERATIONS.get(type(op))
    may_divide_by_zero = isinstance(op, ast.Div | ast.FloorDiv) and right.contains(0)
    if operation is None or may_divide_by_zero:
        return NumberBounds(min(left.low, 0), inf)

    if isinstance(op, ast.Sub):
        low = left.low - right.high
        if left.low >= 0 and right.low >= 0:
            low = max(low, 0)  # a difference of two amounts is taken for an amount
        return NumberBounds(low, left.high - right.low)

    corners = [operation(a, b) for a in left for b in right]
    numbers = [0 if isnan(corner) else corner for corner in corners]  # 0 times infinity
    return NumberBounds(min(numbers), max(numbers))


def _find_call_bounds(function: str, arguments: list[NumberBounds]) -> NumberBounds:
    """Return the bounds of a function's result."""
    lowest = min(bounds.low for bounds in arguments)
    match function:
        case "min":
            return NumberBounds(lowest, min(bounds.high for bounds in arguments))
        case (
            "max"
            | "mean"
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
