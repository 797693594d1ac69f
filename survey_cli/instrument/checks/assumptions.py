"""Assumptions: what conditions can be if one item is declined, not asked, or has an answer."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.requirements import Requirement
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS, find_constant
from survey_cli.instrument.expressions.three_valued_logic import COMPARE
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.values import Code

TRUE: Final = 1
FALSE: Final = 2
UNKNOWN: Final = 4
"""Truth values of a condition; sets of them are joined by `|`."""
NOT_TRUE: Final = FALSE | UNKNOWN
_TRUE_OR_FALSE: Final = TRUE | FALSE
_MAX_DEPTH: Final = 20
"""How deeply computes of computes are followed."""
_STRICT: Final = (
    "sum mean min max round length contains first rank years_between months_between days_between"
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


@dataclass(frozen=True, slots=True)
class Assumption:
    """Truth values of conditions under one assumed answer."""

    answer: SupposedAnswer
    computes: Mapping[str, Compute]

    def evaluate(self, node: ast.expr, depth: int = 0) -> int:
        """Return all possible truth values of a condition: TRUE, FALSE, UNKNOWN, joined by `|`."""
        match node:
            case ast.BoolOp(op=op, values=values):
                return _combine(
                    [self.evaluate(v, depth) for v in values], conjunction=isinstance(op, ast.And)
                )
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negate_truths(self.evaluate(operand, depth))
            case ast.Compare(left=left, ops=ops, comparators=rights):
                links = zip((left, *rights), ops, rights, strict=False)
                return _combine(
                    [self._evaluate_comparison(*link, depth) for link in links], conjunction=True
                )
            case ast.Call(
                func=ast.Name(id="answered" | "declined" | "dk" | "refused" as function),
                args=[item],
            ):
                return self._evaluate_state(function, item, depth)
            case _:
                return self._evaluate_either(node, depth, self.evaluate)

    def evaluate_value(self, node: ast.expr, depth: int = 0) -> int:
        """Return whether a term can have a value (TRUE, FALSE), or be missing (UNKNOWN)."""
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name == self.answer.item:
                return UNKNOWN if self.answer.declined else _TRUE_OR_FALSE
            case ast.Attribute(attr=name):
                return self._evaluate_either(ast.Name(name), depth, self.evaluate_value)
            case ast.BinOp(left=left, right=right):
                return self._evaluate_operands([left, right], depth)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.evaluate_value(operand, depth)
            case ast.Call(func=ast.Name(id="count"), args=[ast.Name() as several]):
                return self.evaluate_value(several, depth)
            case ast.Call(func=ast.Name(id=function), args=args) if function in _STRICT.split():
                return self._evaluate_operands(args, depth)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp():
                return self.evaluate(node, depth)
            case _:
                return self._evaluate_either(node, depth, self.evaluate_value)

    def _evaluate_either(
        self, node: ast.expr, depth: int, evaluate: Callable[[ast.expr, int], int]
    ) -> int:
        """Evaluate a choice or a compute as what its parts are: conditions, or terms."""
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                tested = self.evaluate(test, depth)
                then = evaluate(body, depth) if tested & TRUE else 0
                return then | (evaluate(orelse, depth) if tested & NOT_TRUE else 0)
            case ast.Name(id=name) if (
                compute := self.computes.get(name)
            ) is not None and depth < _MAX_DEPTH:
                return evaluate(next(iter(compute.conditions.values())).tree, depth + 1)
            case _:
                return (
                    _TRUE_OR_FALSE
                    if evaluate == self.evaluate_value
                    else self.evaluate_value(node, depth)
                )

    def _evaluate_operands(self, nodes: list[ast.expr], depth: int) -> int:
        values = [self.evaluate_value(node, depth) for node in nodes]
        known = _TRUE_OR_FALSE if all(value & _TRUE_OR_FALSE for value in values) else 0
        return known | (UNKNOWN if any(value & UNKNOWN for value in values) else 0)

    def evaluate_requirements(self, requirements: tuple[Requirement, ...]) -> int:
        """Return whether all of these are met: TRUE, FALSE, or UNKNOWN if one is unknown."""
        truths = [
            (self.evaluate(requirement.condition.tree), requirement.key)
            for requirement in requirements
        ]
        met = [
            each
            if key == "ask_if"
            else (FALSE if each & TRUE else 0) | (TRUE if each & NOT_TRUE else 0)
            for each, key in truths
        ]
        return _combine(met, conjunction=True)

    def _evaluate_comparison(
        self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int
    ) -> int:
        declined, code = self.answer.declined, self.answer.code
        is_assumed_item = isinstance(left, ast.Name) and left.id == self.answer.item
        value = find_constant(right)
        if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple):
            truths = self.evaluate_value(left, depth)
            if is_assumed_item and declined:
                is_listed = any(isinstance(e, ast.Name) and e.id == declined for e in right.elts)
                truths = TRUE if is_listed else UNKNOWN
            elif is_assumed_item and code is not None:
                truths = TRUE if any(find_constant(e) == code for e in right.elts) else FALSE
            return negate_truths(truths) if isinstance(op, ast.NotIn) else truths
        if (
            is_assumed_item
            and code is not None
            and type(op) in COMPARISON_SIGNS
            and type(value) is type(code)
        ):
            return TRUE if COMPARE[COMPARISON_SIGNS[type(op)]](code, value) else FALSE
        return self._evaluate_operands([left, right], depth)

    def _evaluate_state(self, function: str, item: ast.expr, depth: int) -> int:
        declined = self.answer.declined
        if not (isinstance(item, ast.Name) and item.id == self.answer.item):
            return (
                FALSE
                if function == "answered" and self.evaluate_value(item, depth) == UNKNOWN
                else _TRUE_OR_FALSE
            )
        if function == "answered":
            return FALSE if declined else TRUE
        if function == "declined":
            return TRUE if declined not in ("", "not_asked") else FALSE
        return TRUE if function == declined else FALSE


def _combine(operands: list[int], *, conjunction: bool) -> int:
    """Return the possible truth values of `and` or `or` over operands with these."""
    decides, other = (FALSE, TRUE) if conjunction else (TRUE, FALSE)
    joined = other
    for truths in operands:
        some = (joined | truths) & decides
        some |= (
            UNKNOWN
            if (joined | truths) & UNKNOWN and joined & ~decides and truths & ~decides
            else 0
        )
        joined = some | (other if joined & other and truths & other else 0)
    return joined
