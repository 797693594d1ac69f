"""Assumptions: what conditions can be if one item is declined, not asked, or has an answer."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.instrument.amounts import AmountReading, make_amount_comparison
from survey_cli.instrument.compiled.requirements import Requirement
from survey_cli.instrument.expressions.alternatives import list_replaced_kinds
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS, find_constant
from survey_cli.instrument.expressions.parsing import StrictChoice
from survey_cli.instrument.expressions.three_valued_logic import (
    COMPARE,
    logical_not,
    make_comparison,
)
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.values import Code, Missing

TRUE: Final = 1
FALSE: Final = 2
UNKNOWN: Final = 4
"""Truth values of a condition; sets of them are joined by `|`."""
NOT_TRUE: Final = FALSE | UNKNOWN
_TRUE_OR_FALSE: Final = TRUE | FALSE
_MAX_DEPTH: Final = 20
"""How deeply computes of computes are followed."""
_STRICT: Final = frozenset(
    (
        "keyed",
        "sum",
        "mean",
        "min",
        "max",
        "round",
        "length",
        "contains",
        "first",
        "rank",
        "years_between",
        "months_between",
        "days_between",
    )
)
"""Functions whose value is missing if that of an argument is."""


def negate_truths(truths: int) -> int:
    """Return the truth values of `not` over an operand with these truth values."""
    negated = truths & UNKNOWN
    if truths & FALSE:
        negated |= TRUE
    if truths & TRUE:
        negated |= FALSE
    return negated


class SupposedAnswer(NamedTuple):
    """An assumed answer to one item; everything else is assumed to have some answer."""

    item: str
    declined: str = ""
    """The decline, if it was declined; `not_asked` if it was not asked."""
    code: Code | None = None
    """The code, if one is assumed."""
    amounts: AmountReading | None = None
    """How the amount of that code is read; None if it is the code."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """Truth values of conditions under one assumed answer."""

    answer: SupposedAnswer
    computes: Mapping[str, Compute]

    def evaluate(self, node: ast.expr, depth: int = 0) -> int:
        """Return all possible truth values of a condition: TRUE, FALSE, UNKNOWN, joined by `|`."""
        match node:
            case ast.BoolOp(op=op, values=values):
                operands = [self.evaluate(value, depth) for value in values]
                return _combine(operands, conjunction=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negate_truths(self.evaluate(operand, depth))
            case ast.Compare(left=left, ops=ops, comparators=rights):
                links = zip((left, *rights), ops, rights, strict=False)
                compared = [self._evaluate_comparison(*link, depth) for link in links]
                return _combine(compared, conjunction=True)
            case ast.Call(
                func=ast.Name(id="answered" | "declined" | "dk" | "refused" as function),
                args=[item],
            ):
                return self._evaluate_state(function, item, depth)
            case ast.IfExp():
                return self._evaluate_choice(node, depth, self.evaluate)
            case ast.Name(id=name) if self._is_followed(name, depth):
                return self.evaluate(self._get_calculation(name), depth + 1)
            case _:
                return self.evaluate_value(node, depth)

    def evaluate_value(self, node: ast.expr, depth: int = 0) -> int:
        """Return whether a term can have a value (TRUE, FALSE), or be missing (UNKNOWN)."""
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name == self.answer.item:
                return UNKNOWN if self.answer.declined else _TRUE_OR_FALSE
            case ast.Name(id=name) | ast.Attribute(attr=name) if self._is_followed(name, depth):
                return self.evaluate_value(self._get_calculation(name), depth + 1)
            case ast.BinOp(left=left, right=right):
                return self._evaluate_operands([left, right], depth)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.evaluate_value(operand, depth)
            case ast.Call(func=ast.Name(id="count"), args=[ast.Name() as several]):
                return self.evaluate_value(several, depth)
            case ast.Call(func=ast.Name(id=function), args=args) if function in _STRICT:
                return self._evaluate_operands(args, depth)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp():
                return self.evaluate(node, depth)
            case ast.IfExp():
                return self._evaluate_choice(node, depth, self.evaluate_value)
            case ast.Call(func=ast.Name(id="default"), args=[value, otherwise, *_]):
                return self._evaluate_replacement(node, value, otherwise, depth)
            case ast.Call(func=ast.Name(id="first_answered"), args=args):
                return self._evaluate_first_answered(args, depth)
            case _:
                return _TRUE_OR_FALSE  # every other item is assumed to have an answer

    def _evaluate_choice(
        self, node: ast.IfExp, depth: int, evaluate: Callable[[ast.expr, int], int]
    ) -> int:
        """Evaluate `a if condition else b` as what its parts are: conditions, or terms."""
        tested = self.evaluate(node.test, depth)
        truths = 0
        leads_to_second = NOT_TRUE
        if isinstance(node, StrictChoice):
            leads_to_second = FALSE
            truths |= tested & UNKNOWN
        if tested & TRUE:
            truths |= evaluate(node.body, depth)
        if tested & leads_to_second:
            truths |= evaluate(node.orelse, depth)
        return truths

    def _evaluate_replacement(
        self, call: ast.Call, value: ast.expr, otherwise: ast.expr, depth: int
    ) -> int:
        """Return whether `default(value, otherwise, dk)` can have a value, or be missing."""
        truths = self.evaluate_value(value, depth)
        if truths & UNKNOWN and self.answer.declined in list_replaced_kinds(call.args):
            truths &= ~UNKNOWN
            truths |= self.evaluate_value(otherwise, depth)
        return truths

    def _evaluate_first_answered(self, arguments: list[ast.expr], depth: int) -> int:
        """Return whether `first_answered(a, b)` can have a value, or be missing."""
        truths = 0
        for argument in arguments:
            value = self.evaluate_value(argument, depth)
            truths |= value & _TRUE_OR_FALSE
            if not value & UNKNOWN:
                return truths
        return truths | UNKNOWN

    def _is_followed(self, name: str, depth: int) -> bool:
        """Return whether a name is a compute whose calculation is evaluated in its place."""
        return name in self.computes and depth < _MAX_DEPTH

    def _get_calculation(self, name: str) -> ast.expr:
        """Return the calculation of a compute, in the default language if it has several."""
        return next(iter(self.computes[name].conditions.values())).tree

    def _evaluate_operands(self, nodes: list[ast.expr], depth: int) -> int:
        values = [self.evaluate_value(node, depth) for node in nodes]
        truths = 0
        if all(value & _TRUE_OR_FALSE for value in values):
            truths |= _TRUE_OR_FALSE
        if any(value & UNKNOWN for value in values):
            truths |= UNKNOWN
        return truths

    def evaluate_requirements(self, requirements: tuple[Requirement, ...]) -> int:
        """Return whether all of these are met: TRUE, FALSE, or UNKNOWN if one is unknown."""
        met = [self._evaluate_requirement(requirement) for requirement in requirements]
        return _combine(met, conjunction=True)

    def _evaluate_requirement(self, requirement: Requirement) -> int:
        truths = self.evaluate(requirement.condition.tree)
        if requirement.key == "ask_if":
            return truths

        # `unless` is met if its condition is false, and also if it is unknown.
        met = 0
        if truths & TRUE:
            met |= FALSE
        if truths & NOT_TRUE:
            met |= TRUE
        return met

    def _evaluate_comparison(
        self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int
    ) -> int:
        if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple):
            is_listed = self._evaluate_listed(left, right, depth)
            return negate_truths(is_listed) if isinstance(op, ast.NotIn) else is_listed

        code = self.answer.code
        if code is not None and self._is_assumed_item(left) and type(op) in COMPARISON_SIGNS:
            value = find_constant(right)
            if type(value) is type(code):
                return self._compare_code(code, COMPARISON_SIGNS[type(op)], value)
        return self._evaluate_operands([left, right], depth)

    def _compare_code(self, code: Code, sign: str, value: Code) -> int:
        """Return whether the assumed code fulfills a comparison with a constant."""
        amounts = self.answer.amounts
        holds: object
        if amounts is None:
            holds = COMPARE[sign](code, value)
        elif sign in ("==", "!="):
            holds = amounts.make_equation(value)(code)
            if sign == "!=":
                holds = logical_not(holds)
        else:
            compare = make_amount_comparison(sign, make_comparison(sign))
            holds = compare(amounts.read(code), value)

        if isinstance(holds, Missing):
            return UNKNOWN
        return TRUE if holds else FALSE

    def _evaluate_listed(self, left: ast.expr, right: ast.List | ast.Tuple, depth: int) -> int:
        """Return whether a term is one of the values of a list."""
        declined = self.answer.declined
        if self._is_assumed_item(left) and declined:
            # A list may name declines: `consent in [2, refused]` is true for a refusal.
            is_named = any(
                isinstance(part, ast.Name) and part.id == declined for part in right.elts
            )
            return TRUE if is_named else UNKNOWN

        if self._is_assumed_item(left) and self.answer.code is not None:
            is_listed = any(find_constant(part) == self.answer.code for part in right.elts)
            return TRUE if is_listed else FALSE
        return self.evaluate_value(left, depth)

    def _is_assumed_item(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == self.answer.item

    def _evaluate_state(self, function: str, item: ast.expr, depth: int) -> int:
        """Return whether an item is answered, was declined, or was declined in one way."""
        if not self._is_assumed_item(item):
            is_missing = self.evaluate_value(item, depth) == UNKNOWN
            return FALSE if function == "answered" and is_missing else _TRUE_OR_FALSE

        declined = self.answer.declined
        if function == "answered":
            is_true = not declined
        elif function == "declined":
            is_true = declined not in ("", "not_asked")
        else:
            is_true = function == declined
        return TRUE if is_true else FALSE


def _combine(operands: list[int], *, conjunction: bool) -> int:
    """Return the possible truth values of `and` or `or` over operands with these."""
    # One operand with the deciding value decides. The other value needs all operands.
    if conjunction:
        deciding = FALSE
        other = TRUE
    else:
        deciding = TRUE
        other = FALSE

    joined = other
    for truths in operands:
        either = joined | truths
        result = either & deciding
        may_stay_undecided = joined & ~deciding and truths & ~deciding
        if either & UNKNOWN and may_stay_undecided:
            result |= UNKNOWN
        if joined & other and truths & other:
            result |= other
        joined = result
    return joined
