"""Parts of expressions that clauses can't express, and that are therefore left open.

The solver may give such a part any value. So it never excludes what can happen, and may propose an
interview that can't: the engine finds that out when it replays the witness.
"""

import ast
from math import inf
from typing import Final, TypeAlias

from survey_cli.instrument.expressions.comparisons import (
    COMPARISON_SIGNS,
    OPPOSITE_SIGNS,
    list_operands,
)
from survey_cli.instrument.expressions.parsing import write_expression
from survey_cli.instrument.expressions.three_valued_logic import MIRRORED_SIGNS
from survey_cli.proof.cells import OrderedCell
from survey_cli.proof.clauses import TRUE, Clauses, Literal, Truth, negate
from survey_cli.proof.terms import Alternative, Surroundings, Term, Turns, find_known

_PLAIN_SIGNS: Final = ("<", ">", "==")
"""The signs that stay. Each other one is written as the opposite of one of these."""

_Key: TypeAlias = tuple[str, tuple[tuple[str, int], ...]]
"""The text of an open part, and its turns."""


class OpenParts:
    """The open parts of one questionnaire. The same text in the same turns is the same part."""

    def __init__(self, clauses: Clauses, surroundings: Surroundings) -> None:
        self.clauses = clauses
        self.surroundings = surroundings
        self._numbers: dict[_Key, OrderedCell] = {}
        self._truths: dict[_Key, tuple[Literal, Literal]] = {}

    def contain_part_of(self, node: ast.expr) -> bool:
        """Return whether a part of this expression was left open."""
        texts = {text for text, _ in (*self._numbers, *self._truths)}
        parts = [part for part in ast.walk(node) if isinstance(part, ast.expr)]
        return any(_normalize(part)[0] in texts for part in parts)

    def make_truth(self, node: ast.expr, turns: Turns) -> Truth:
        """Return a truth that may be anything if its operands are answered."""
        known = self.clauses.all_of(self._list_needed(node, turns))
        text, is_negated = _normalize(node)
        key = _make_key(text, turns)
        if key not in self._truths:
            # two variables: it may be unknown although its operands are answered
            is_true = self.clauses.make_variable()
            is_settled = self.clauses.make_variable()
            self._truths[key] = is_true, is_settled
        is_true, is_settled = self._truths[key]

        true = self.clauses.all_of([known, is_settled, is_true])
        false = self.clauses.all_of([known, is_settled, -is_true])
        truth = Truth(true, false)
        if is_negated:
            return negate(truth)
        return truth

    def make_number(self, node: ast.expr, turns: Turns) -> Term:
        """Return a number that may be anything if its operands are answered."""
        key = _make_key(write_expression(node), turns)
        number = self._numbers.get(key)
        if number is None:
            asked = self.clauses.all_of(self._list_needed(node, turns))
            number = OrderedCell(self.clauses, asked, (), whole=False)
            self._numbers[key] = number
        return [Alternative(TRUE, number)]

    def make_minutes(self, node: ast.expr, turns: Turns) -> Term:
        """Return the minutes at one use of `elapsed()`.

        They may be any number, whatever they are at another use, which is evaluated later.
        """
        key = _make_key(f"elapsed {id(node)}", turns)
        minutes = self._numbers.get(key)
        if minutes is None:
            minutes = OrderedCell(self.clauses, TRUE, (), whole=True)
            minutes.restrict([(0, inf)])
            minutes.require_answer()
            self._numbers[key] = minutes
        return [Alternative(TRUE, minutes)]

    def _list_needed(self, node: ast.expr, turns: Turns) -> list[Literal]:
        """List what must hold for an expression to have a value: its operands are answered."""
        terms = [self.surroundings.find_term(name, turns) for name in list_operands(node)]
        return [find_known(self.clauses, term) for term in terms if term is not None]


def _make_key(text: str, turns: Turns) -> _Key:
    return text, tuple(sorted(turns.items()))


def _normalize(node: ast.expr) -> tuple[str, bool]:
    """Return an expression as text, and whether the text is its opposite.

    The text is the same for `a < b`, `b > a` and `a >= b`, of which the last is the opposite.
    """
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return write_expression(node), False
    sign = COMPARISON_SIGNS.get(type(node.ops[0]))
    if sign is None:
        return write_expression(node), False

    first = write_expression(node.left)
    second = write_expression(node.comparators[0])
    if first > second:
        first, second = second, first
        sign = MIRRORED_SIGNS[sign]
    is_negated = sign not in _PLAIN_SIGNS
    if is_negated:
        sign = OPPOSITE_SIGNS[sign]
    return f"{first} {sign} {second}", is_negated
