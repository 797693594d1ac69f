"""Conditions as literals: when every part of an expression is true, and when it is false."""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import product
from typing import Final, TypeAlias

from survey_cli.instrument.amounts import compare_intervals
from survey_cli.instrument.expressions.alternatives import list_replaced_kinds
from survey_cli.instrument.expressions.comparisons import (
    ARITHMETIC_SIGNS,
    COMPARISON_SIGNS,
    find_constant,
)
from survey_cli.instrument.expressions.functions import STATE_FUNCTIONS
from survey_cli.instrument.expressions.parsing import StrictChoice
from survey_cli.instrument.expressions.three_valued_logic import MIRRORED_SIGNS, make_arithmetic
from survey_cli.proof.amount_cells import (
    AmountCell,
    AmountForm,
    are_codes,
    list_full_amounts,
    reads_amounts,
    to_keyed,
    to_number,
    to_numbers,
)
from survey_cli.proof.cells import Cell, CodedCell, Constant, MultipleCell, compare_values
from survey_cli.proof.clauses import FALSE, TRUE, UNKNOWN, Clauses, Literal, Truth, negate
from survey_cli.proof.open_parts import OpenParts
from survey_cli.proof.terms import (
    MAX_PAIRS,
    NO_TURNS,
    Alternative,
    Calculator,
    Leaf,
    Operand,
    Operation,
    Surroundings,
    Term,
    Turns,
    Values,
    find_known,
    guard_term,
    list_values,
)
from survey_cli.values import NO_AMOUNT

MAX_ORDERED: Final = 40
"""The order of mention is encoded of up to so many options; of more it is left open."""
_NUMBER: Final = "as_number"
"""A function that no questionnaire can name: what its argument is as a number."""
_OPERATIONS: Final[dict[str, Operation]] = {"sum": make_arithmetic("+"), "min": min, "max": max}

_Key: TypeAlias = tuple[int, tuple[tuple[str, int], ...]]
"""The identity of a node, and its turns."""


class ConditionEncoder:
    """Encoder of expressions over the cells of one questionnaire.

    `encode` returns what a condition is, `find_term` what any other expression is. A node is known
    by its identity: whoever makes one must keep it.
    """

    def __init__(self, clauses: Clauses, surroundings: Surroundings) -> None:
        self.clauses = clauses
        self.surroundings = surroundings
        self.calculator = Calculator(clauses)
        self.open_parts = OpenParts(clauses, surroundings)
        self._truths: dict[_Key, Truth] = {}

    # Conditions

    def encode(self, node: ast.expr, turns: Turns) -> Truth:
        """Return when the expression is true, and when it is false."""
        key = (id(node), tuple(sorted(turns.items())))
        truth = self._truths.get(key)
        if truth is None:
            truth = self._encode(node, turns)
            self._truths[key] = truth
        return truth

    def _encode(self, node: ast.expr, turns: Turns) -> Truth:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return self._all([self.encode(value, turns) for value in values])
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._any([self.encode(value, turns) for value in values])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negate(self.encode(operand, turns))
            case ast.Compare():
                return self._all(self._encode_links(node, turns))
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name in STATE_FUNCTIONS:
                return self._encode_state(name, argument, turns)
            case _:
                term = self.find_term(node, turns)
                return self._collect(term, lambda leaf: self._read_truth(node, leaf, turns))

    def _read_truth(self, node: ast.expr, leaf: Leaf, turns: Turns) -> Truth:
        values = list_values(leaf)
        if values is None:
            return self.open_parts.make_truth(node, turns)
        return Truth(values.get(True, FALSE), values.get(False, FALSE))

    def _all(self, parts: Sequence[Truth]) -> Truth:
        true = self.clauses.all_of([part.true for part in parts])
        false = self.clauses.any_of([part.false for part in parts])
        return Truth(true, false)

    def _any(self, parts: Sequence[Truth]) -> Truth:
        return negate(self._all([negate(part) for part in parts]))

    def _collect(self, term: Term, read: Callable[[Leaf], Truth]) -> Truth:
        """Return the truth of something that depends on which alternative a term is."""
        return self._choose([(guard, read(leaf)) for guard, leaf in term])

    def _choose(self, truths: Sequence[tuple[Literal, Truth]]) -> Truth:
        """Return the truth whose guard holds."""
        all_of = self.clauses.all_of
        true = self.clauses.any_of([all_of([guard, truth.true]) for guard, truth in truths])
        false = self.clauses.any_of([all_of([guard, truth.false]) for guard, truth in truths])
        return Truth(true, false)

    def _encode_state(self, function: str, argument: ast.expr, turns: Turns) -> Truth:
        """Encode `answered(q)`, `declined(q)`, `dk(q)` or `refused(q)`, which are never unknown."""
        term = to_keyed(self.find_term(argument, turns))
        if function == "answered":
            true = find_known(self.clauses, term)
            return Truth(true, -true)

        declined: list[Literal] = []
        for guard, leaf in term:
            if isinstance(leaf, Cell):
                kinds: Set[str] = leaf.declines.keys()
                if function != "declined":
                    kinds = kinds & {function}
                declined += [self.clauses.all_of([guard, leaf.declines[kind]]) for kind in kinds]
        true = self.clauses.any_of(declined)
        return Truth(true, -true)

    # Comparisons

    def _encode_links(self, node: ast.Compare, turns: Turns) -> list[Truth]:
        """Encode the comparisons of a chain such as `18 <= age < 65`, which must all hold."""
        truths = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            truths.append(self._encode_link(node, left, op, right, turns))
            left = right
        return truths

    def _encode_link(
        self, node: ast.Compare, left: ast.expr, op: ast.cmpop, right: ast.expr, turns: Turns
    ) -> Truth:
        sign = COMPARISON_SIGNS.get(type(op))
        if sign is None:
            truth = self._encode_membership(node, left, right, turns)
            if isinstance(op, ast.NotIn):
                return negate(truth)
            return truth

        left_term = self.find_term(left, turns)
        right_term = self.find_term(right, turns)
        has_constant = find_constant(left) is not None or find_constant(right) is not None
        compare = self._compare
        if not has_constant and reads_amounts([left_term, right_term]):
            compare = self._compare_amounts
        truths = []
        for guard, leaf in left_term:
            own = [
                (own_guard, compare(node, leaf, sign, other, turns))
                for own_guard, other in right_term
            ]
            truths.append((guard, self._choose(own)))
        return self._choose(truths)

    def _compare_amounts(
        self, node: ast.expr, left: Leaf, sign: str, right: Leaf, turns: Turns
    ) -> Truth:
        """Compare two leaves that are no constants, of which one may be read as an amount."""
        leaves = (left, right)
        cells = [leaf for leaf in leaves if isinstance(leaf, AmountCell)]
        are_coded = all(_is_coded(leaf) for leaf in leaves)
        if are_coded and sign in ("==", "!="):
            keyed = [leaf.keyed if isinstance(leaf, AmountCell) else leaf for leaf in leaves]
            return self._compare(node, keyed[0], sign, keyed[1], turns)

        is_interval = [cell.has_intervals and cell.form is not AmountForm.NUMBER for cell in cells]
        if any(is_interval):
            truth = self._compare_full_amounts(left, sign, right)
            if truth is None:
                return self.open_parts.make_truth(node, turns)
            return truth
        return self._compare(node, to_number(left), sign, to_number(right), turns)

    def _compare_full_amounts(self, left: Leaf, sign: str, right: Leaf) -> Truth | None:
        """Compare every amount on the left with every one on the right; None if there are too many.

        It is unknown for intervals that overlap, and for an answer without an amount.
        """
        lefts = list_full_amounts(left)
        rights = list_full_amounts(right)
        if lefts is None or rights is None or len(lefts) * len(rights) > MAX_PAIRS:
            return None

        true: list[Literal] = []
        false: list[Literal] = []
        for (left_amount, is_left), (right_amount, is_right) in product(lefts, rights):
            holds = compare_intervals(left_amount, sign, right_amount)
            both = self.clauses.all_of([is_left, is_right])
            if holds is True:
                true.append(both)
            elif holds is False:
                false.append(both)
        return Truth(self.clauses.any_of(true), self.clauses.any_of(false))

    def _encode_membership(
        self, node: ast.expr, left: ast.expr, right: ast.expr, turns: Turns
    ) -> Truth:
        """Encode `q in [1, 2, dk]`, or `1 in q` of an item with several answers."""
        if isinstance(right, ast.List | ast.Tuple):
            constants = [find_constant(element) for element in right.elts]
            values = [value for value in constants if value is not None]
            kinds = {element.id for element in right.elts if isinstance(element, ast.Name)}
            listed = self.find_term(left, turns)
            return self._collect(
                listed, lambda leaf: self._find_in_list(node, leaf, values, kinds, turns)
            )

        code = find_constant(left)
        if code is None:
            return self.open_parts.make_truth(node, turns)

        def contains(leaf: Leaf) -> Truth:
            if isinstance(leaf, MultipleCell):
                return leaf.contains(code)
            return UNKNOWN

        return self._collect(self.find_term(right, turns), contains)

    def _find_in_list(
        self, node: ast.expr, leaf: Leaf, values: Sequence[Constant], kinds: set[str], turns: Turns
    ) -> Truth:
        equal = [self._compare(node, leaf, "==", {value: TRUE}, turns) for value in values]
        declined: list[Literal] = []
        is_known = TRUE
        if isinstance(leaf, Cell):
            declined = [leaf.declines[kind] for kind in kinds & leaf.declines.keys()]
            is_known = leaf.known
        found = Truth(FALSE, is_known)
        if equal:
            found = self._any(equal)
        return Truth(self.clauses.any_of([found.true, *declined]), found.false)

    def _compare(self, node: ast.expr, left: Leaf, sign: str, right: Leaf, turns: Turns) -> Truth:
        """Compare two leaves. What can't be expressed is the open part `node`."""
        if isinstance(left, MultipleCell) or isinstance(right, MultipleCell):
            return self.open_parts.make_truth(node, turns)

        # a cell comes to the left, and the day of the interview to the right of another date
        if self._is_answer(right) and not self._is_answer(left):
            left, right = right, left
            sign = MIRRORED_SIGNS[sign]
        day = self.surroundings.day
        if isinstance(left, type(day)) and right is day:
            return self._compare_with_day(left, sign)

        # one constant, which is by far the most frequent, needs a literal for one bound
        rights = list_values(right)
        if isinstance(left, Cell) and rights is not None and len(rights) == 1:
            return self._compare_with_cell(left, sign, rights)

        # after that case, since a number has a literal for each value from now on
        lefts = list_values(left)
        if lefts is not None and rights is not None and len(lefts) * len(rights) <= MAX_PAIRS:
            return compare_values(self.clauses, lefts, sign, rights)

        # a cell with too many values is compared with each value of the other side
        if lefts is not None and isinstance(right, Cell):
            return self._compare_with_cell(right, MIRRORED_SIGNS[sign], lefts)
        if rights is not None and isinstance(left, Cell):
            return self._compare_with_cell(left, sign, rights)
        return self.open_parts.make_truth(node, turns)

    def _is_answer(self, leaf: Leaf) -> bool:
        """Return whether a leaf is a cell other than the day of the interview."""
        return isinstance(leaf, Cell) and leaf is not self.surroundings.day

    def _compare_with_day(self, cell: Cell, sign: str) -> Truth:
        """Compare a date with the day of the interview, which is as unknown as the date."""
        before, after = self.surroundings.compare_with_day(cell)
        differs = self.clauses.any_of([before, after])
        literals = {
            "<": before,
            ">": after,
            "<=": -after,
            ">=": -before,
            "!=": differs,
            "==": -differs,
        }
        return cell.settle(literals[sign])

    def _compare_with_cell(self, cell: Cell, sign: str, values: Values) -> Truth:
        """Compare a cell with each of some values."""
        truths = [(literal, cell.compare(sign, value)) for value, literal in values.items()]
        return self._choose(truths)

    def compare_term(
        self, node: ast.expr, term: Term, sign: str, value: Constant, turns: Turns = NO_TURNS
    ) -> Truth:
        """Compare a term with a constant."""
        return self._collect(
            term, lambda leaf: self._compare(node, leaf, sign, {value: TRUE}, turns)
        )

    # Terms

    def find_term(self, node: ast.expr, turns: Turns) -> Term:
        """Return what an expression can be."""
        constant = find_constant(node)
        if constant is not None:
            return [Alternative(TRUE, {constant: TRUE})]
        match node:
            case ast.Name(id=name):
                term = self.surroundings.find_term(name, turns)
                if term is None:
                    return self.open_parts.make_number(node, turns)
                return term
            case ast.Attribute(value=ast.Name(id="interviewer"), attr=name):
                return self._find_walked(f"interviewer.{name}", turns)
            case ast.Attribute(value=ast.Name(id=roster), attr=name) if roster in turns:
                return self._find_walked(name, turns)
            case ast.Attribute(
                value=ast.Subscript(value=ast.Name(id=roster), slice=index), attr=name
            ):
                return self._find_in_turn(roster, name, index, turns)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                tested = self.encode(test, turns)
                leads_to_second = -tested.true
                if isinstance(node, StrictChoice):
                    leads_to_second = tested.false
                values = [self.find_term(value, turns) for value in (body, orelse)]
                then, otherwise = self._find_calculated(node, values, turns)
                return [
                    *guard_term(self.clauses, tested.true, then),
                    *guard_term(self.clauses, leads_to_second, otherwise),
                ]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC_SIGNS:
                return self._calculate(node, left, ARITHMETIC_SIGNS[type(op)], right, turns)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._calculate(node, ast.Constant(0), "-", operand, turns)
            case ast.Call(func=ast.Name(id="today")):
                return [Alternative(TRUE, self.surroundings.day)]
            case ast.Call(func=ast.Name(id="elapsed")):
                return self.open_parts.make_minutes(node, turns)
            case ast.Call(func=ast.Name(id=name)) if name not in STATE_FUNCTIONS:
                return self._call(node, name, turns)
            case ast.Call() | ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                truth = self.encode(node, turns)
                return [Alternative(TRUE, {True: truth.true, False: truth.false})]
            case _:
                return self.open_parts.make_number(node, turns)

    def _find_calculated(
        self, node: ast.expr, terms: Sequence[Term], turns: Turns
    ) -> Sequence[Term]:
        """Return what a calculation takes several terms for, of which its value is one.

        Codes stay codes. Of anything else only the amount is left.
        """
        if not reads_amounts(terms):
            return terms
        is_code = are_codes(terms)
        if is_code:
            return terms
        if is_code is None:
            return [self.open_parts.make_number(node, turns) for _ in terms]
        return [to_numbers(term) for term in terms]

    def find_calculated(self, node: ast.expr) -> Term:
        """Return what a calculation of the questionnaire can be."""
        [term] = self._find_calculated(node, [self.find_term(node, NO_TURNS)], NO_TURNS)
        return term

    def find_number(self, node: ast.expr, turns: Turns) -> Term:
        """Return what an expression can be if only a number counts."""
        return to_numbers(self.find_term(node, turns))

    def mark_number(self, node: ast.expr, turns: Turns) -> ast.expr:
        """Return an expression of which only a number counts, such as a limit."""
        if not reads_amounts([self.find_term(node, turns)]):
            return node
        return ast.Call(ast.Name(_NUMBER), [node], [])

    def _find_walked(self, name: str, turns: Turns) -> Term:
        """Return a variable whose turn is known, so that it is always found."""
        term = self.surroundings.find_term(name, turns)
        assert term is not None
        return term

    def _find_in_turn(self, roster: str, name: str, index: ast.expr, turns: Turns) -> Term:
        """Return what `roster[index].name` can be: one alternative for each turn."""
        term: Term = []
        _, present = self.surroundings.list_turns(roster)
        index_term = self.find_term(index, turns)
        for turn, exists in enumerate(present, 1):
            is_this = self.compare_term(index, index_term, "==", turn, turns).true
            guard = self.clauses.all_of([is_this, exists])
            if guard != FALSE:
                own = self._find_walked(name, {**turns, roster: turn})
                term += guard_term(self.clauses, guard, own)
        return term

    def _calculate(
        self, node: ast.expr, left: ast.expr, sign: str, right: ast.expr, turns: Turns
    ) -> Term:
        """Return the result of an operation on two terms; it is missing if one of them is."""
        operands: list[Operand] = []
        for part in (left, right):
            found = self.calculator.collect_operand(self.find_number(part, turns))
            if found is None:
                return self.open_parts.make_number(node, turns)
            operands.append(found)

        listed = [operand.values for operand in operands]
        values = self.calculator.combine(listed, make_arithmetic(sign))
        others = [operand.is_other for operand in operands]
        return self._make_term(node, turns, values, others=others)

    def _make_term(
        self,
        node: ast.expr,
        turns: Turns,
        values: Values | None,
        known: Iterable[Literal] = (),
        others: Iterable[Literal] = (),
    ) -> Term:
        """Return a term with these values if it is known; what has too many is left open.

        It is also left open if an operand is another number than those that were combined.
        """
        if values is None:
            return self.open_parts.make_number(node, turns)
        has_other = self.clauses.any_of(others)
        is_listed = self.clauses.all_of([*known, -has_other])
        if has_other == FALSE:
            return [Alternative(is_listed, values)]
        open_number = self.open_parts.make_number(node, turns)
        is_open = self.clauses.all_of([*known, has_other])
        return [Alternative(is_listed, values), *guard_term(self.clauses, is_open, open_number)]

    # Functions

    def _call(self, node: ast.Call, name: str, turns: Turns) -> Term:
        match name:
            case _ if name == _NUMBER:
                return self.find_number(node.args[0], turns)
            case "keyed":
                return to_keyed(self.find_term(node.args[0], turns))
            case "count":
                return self._encode_count(node, turns)
            case "first" | "rank":
                return self._find_mention(node, turns)
            case "sum" | "min" | "max":
                return self._fold(node, name, turns)
            case "first_answered":
                return self._find_first_answered(node, turns)
            case "default":
                return self._replace_missing(node, turns)
            case _:
                return self.open_parts.make_number(node, turns)

    def _encode_count(self, node: ast.Call, turns: Turns) -> Term:
        """Encode how many codes of an item are chosen, or how many of several conditions hold."""
        several = None
        if len(node.args) == 1:
            several = self._find_multiple(node.args[0], turns)
        if several is not None:
            guard, cell = several
            return self._add_up(node, turns, cell.chosen.values(), [guard, cell.answered])

        holds = []
        for exists, part, own_turns in self._iterate_elements(node.args, turns):
            is_true = self.encode(part, own_turns).true
            holds.append(self.clauses.all_of([exists, is_true]))
        return self._add_up(node, turns, holds, self._list_known_turns(node.args, turns))

    def _add_up(
        self, node: ast.expr, turns: Turns, literals: Iterable[Literal], known: Iterable[Literal]
    ) -> Term:
        """Return how many of these literals are true."""
        summands: list[Values] = [{1: literal, 0: -literal} for literal in literals]
        values = self.calculator.combine(summands, _OPERATIONS["sum"])
        return self._make_term(node, turns, values, known)

    def _find_mention(self, node: ast.Call, turns: Turns) -> Term:
        """Return the code that was mentioned first, or the position of a constant code."""
        several = self._find_multiple(node.args[0], turns)
        if several is None:
            return self.open_parts.make_number(node, turns)
        guard, cell = several
        if len(cell.chosen) > MAX_ORDERED:
            return self.open_parts.make_number(node, turns)

        order = cell.order()
        if len(node.args) == 1:
            return [Alternative(guard, {code: own[0] for code, own in order.items()})]
        own_positions = order.get(find_constant(node.args[1]), [])
        return [Alternative(guard, dict(enumerate(own_positions, 1)))]

    def _find_first_answered(self, node: ast.Call, turns: Turns) -> Term:
        """Return the first of several values that is known."""
        if any(self._find_list(argument, turns) for argument in node.args):
            return self.open_parts.make_number(node, turns)
        term: Term = []
        all_before_missing = TRUE
        terms = [self.find_term(argument, turns) for argument in node.args]
        for own in self._find_calculated(node, terms, turns):
            term += guard_term(self.clauses, all_before_missing, own)
            is_missing = -find_known(self.clauses, own)
            all_before_missing = self.clauses.all_of([all_before_missing, is_missing])
        return term

    def _replace_missing(self, node: ast.Call, turns: Turns) -> Term:
        """Return `default(value, otherwise, dk)`: a variable, or what replaces it if it is missing.

        Of a calculation that is missing it isn't known in which way, so that it is left open.
        """
        terms = [self.find_term(argument, turns) for argument in node.args[:2]]
        value, otherwise = self._find_calculated(node, terms, turns)
        match value:
            case [Alternative(guard, Cell() as cell)] if cell is not self.surroundings.day:
                pass
            case _:
                return self.open_parts.make_number(node, turns)

        kinds = list_replaced_kinds(node.args)
        kept_missing = [literal for kind, literal in cell.declines.items() if kind not in kinds]
        has_value = cell.answered
        if NO_AMOUNT.kind in kinds:
            has_value = cell.known
        is_replaced = [-has_value, *[-literal for literal in kept_missing]]
        return [
            *value,
            *guard_term(self.clauses, self.clauses.all_of([guard, *is_replaced]), otherwise),
        ]

    def _find_multiple(self, node: ast.expr, turns: Turns) -> tuple[Literal, MultipleCell] | None:
        """Return the item with several answers that an argument is, and its guard."""
        if not isinstance(node, ast.Name | ast.Attribute) or self._find_list(node, turns):
            return None
        match self.find_term(node, turns):
            case [Alternative(guard, MultipleCell() as cell)]:
                return guard, cell
            case _:
                return None

    def _find_list(self, node: ast.expr, turns: Turns) -> str | None:
        """Return the roster over whose turns an argument is a list; None if it is one value."""
        for part in ast.walk(node):
            match part:
                case ast.Attribute(value=ast.Name(id=roster)) if roster != "interviewer":
                    return roster
                case ast.Name(id=name):
                    own = self.surroundings.find_roster(name)
                    if own is not None and own not in turns:
                        return own
        return None

    def _iterate_elements(
        self, arguments: Sequence[ast.expr], turns: Turns
    ) -> Iterator[tuple[Literal, ast.expr, Turns]]:
        """Yield for each element of a list that it exists, its expression, and its turns."""
        for argument in arguments:
            roster = self._find_list(argument, turns)
            if roster is None:
                yield TRUE, argument, turns
                continue
            _, present = self.surroundings.list_turns(roster)
            for turn, exists in enumerate(present, 1):
                yield exists, argument, {**turns, roster: turn}

    def _fold(self, node: ast.Call, name: str, turns: Turns) -> Term:
        """Fold a list of values into one; it is missing if one of them is."""
        has_list = any(self._find_list(argument, turns) for argument in node.args)
        if name != "sum" and has_list:
            return self.open_parts.make_number(node, turns)

        operands: list[Values] = []
        others: list[Literal] = []
        for exists, part, own_turns in self._iterate_elements(node.args, turns):
            operand = self.calculator.collect_operand(self.find_number(part, own_turns))
            if operand is None:
                return self.open_parts.make_number(node, turns)
            operands.append(self._make_summand(exists, operand.values))
            others.append(self.clauses.all_of([exists, operand.is_other]))
        total = self.calculator.combine(operands, _OPERATIONS[name])
        known = self._list_known_turns(node.args, turns)
        return self._make_term(node, turns, total, known, others)

    def _make_summand(self, exists: Literal, values: Values) -> Values:
        """Return what a turn adds to a sum: nothing if it doesn't exist."""
        if exists == TRUE:
            return values
        all_of = self.clauses.all_of
        present = {value: all_of([exists, literal]) for value, literal in values.items()}
        adds_nothing = self.clauses.any_of([-exists, present.get(0, FALSE)])
        return {**present, 0: adds_nothing}

    def _list_known_turns(self, arguments: Sequence[ast.expr], turns: Turns) -> list[Literal]:
        """List for each roster in a list that its number of turns is known."""
        known = []
        for argument in arguments:
            roster = self._find_list(argument, turns)
            if roster is not None:
                is_known, _ = self.surroundings.list_turns(roster)
                known.append(is_known)
        return known


def _is_coded(leaf: Leaf) -> bool:
    """Return whether a leaf is the code of an option."""
    if isinstance(leaf, AmountCell):
        return leaf.form is AmountForm.CODE
    return isinstance(leaf, CodedCell)
