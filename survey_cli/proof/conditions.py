"""Conditions as literals: the truth of every part of an expression over cells."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import inf
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from survey_cli.instrument.expressions.comparisons import (
    ARITHMETIC_SIGNS,
    COMPARISON_SIGNS,
    find_constant,
    list_operands,
)
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.expressions.three_valued_logic import MIRRORED_SIGNS, make_arithmetic
from survey_cli.proof.cells import (
    FALSE,
    TRUE,
    UNKNOWN,
    Cell,
    Clauses,
    Literal,
    MultipleCell,
    OrderedCell,
    Truth,
)
from survey_cli.values import Missing

Turns: TypeAlias = Mapping[str, int]
"""The turn of each roster that an expression is evaluated in."""

MAX_ORDERED: Final = 40
"""Of how many options the order of mention is followed; of more it is left open."""
MAX_PAIRS: Final = 2_500
"""How many pairs of values are compared one by one; more are left open."""
MAX_SUM_PAIRS: Final = 30_000
"""How many pairs of values one calculation may combine, such as a sum of three percentages."""
MAX_ALL_SUM_PAIRS: Final = 400_000
"""How many pairs all calculations with more than `MAX_PAIRS` may combine together."""
MAX_VALUES: Final = 400
"""How many values a calculated number may have; one with more is left open."""


Values: TypeAlias = Mapping[Any, Literal]
"""Values that exclude one another, each with its literal; where none holds there is no value."""
Leaf: TypeAlias = Cell | Values
"""A variable, or a constant or calculated value: each value that it can have, with its literal."""


class Alternative(NamedTuple):
    """One thing that a term can be, and where it is that."""

    guard: Literal
    leaf: Leaf


Term: TypeAlias = list[Alternative]
"""Alternatives that exclude one another; where no guard holds it is missing."""


class Surroundings(Protocol):
    """What an expression finds around it."""

    @property
    def day(self) -> Cell:
        """The day of the interview."""

    def compare_with_day(self, cell: Cell) -> tuple[Literal, Literal]:
        """Return where the date in a cell is before and after the day of the interview."""

    def find_term(self, name: str, turns: Turns) -> Term | None:
        """Return the variable of this name; None if it is a roster's and `turns` does not say which turn."""

    def find_roster(self, name: str) -> str | None:
        """Return the roster that a variable belongs to."""

    def list_turns(self, roster: str) -> tuple[Literal, list[Literal]]:
        """Return where the number of turns is known, and where each turn exists."""


NO_TURNS: Final[Turns] = MappingProxyType({})
_OPPOSITES: Final = {">=": "<", "<=": ">", "!=": "=="}


class ConditionEncoder:
    """Encoder of expressions over the cells of one questionnaire."""

    def __init__(self, clauses: Clauses, surroundings: Surroundings) -> None:
        self.clauses = clauses
        self.surroundings = surroundings
        self._truths: dict[tuple[Any, ...], Truth] = {}
        self._sum_pairs_left = MAX_ALL_SUM_PAIRS
        self._open: dict[tuple[str, tuple[tuple[str, int], ...]], Cell] = {}
        self._open_truths: dict[
            tuple[str, tuple[tuple[str, int], ...]], tuple[Literal, Literal]
        ] = {}

    # Truth

    def encode(self, node: ast.expr, turns: Turns) -> Truth:
        """Return where the expression is true, and where it is false."""
        key = (id(node), tuple(sorted(turns.items())))
        truth = self._truths.get(key)
        if truth is None:
            truth = self._truths[key] = self._encode(node, turns)
        return truth

    def _encode(self, node: ast.expr, turns: Turns) -> Truth:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self.encode(value, turns) for value in values]
                return self._all(parts) if isinstance(op, ast.And) else self._any(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _negate(self.encode(operand, turns))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [left, *comparators]
                return self._all(
                    [
                        self._encode_link(node, sides[i], op, sides[i + 1], turns)
                        for i, op in enumerate(ops)
                    ]
                )
            case ast.Call(func=ast.Name(id=name), args=[argument]) if (
                FUNCTIONS[name].argument_kind == "item"
            ):
                return self._encode_state(name, argument, turns)
            case _:
                return self._collect(
                    self.find_term(node, turns), lambda leaf: self._read_truth(node, leaf, turns)
                )

    def _read_truth(self, node: ast.expr, leaf: Leaf, turns: Turns) -> Truth:
        values = _list_values(leaf)
        if values is None:
            return self._leave_truth_open(node, turns)
        return Truth(values.get(True, FALSE), values.get(False, FALSE))

    def _all(self, parts: list[Truth]) -> Truth:
        true, false = zip(*parts, strict=True)
        return Truth(self.clauses.all_of(true), self.clauses.any_of(false))

    def _any(self, parts: list[Truth]) -> Truth:
        return _negate(self._all([_negate(part) for part in parts]))

    def _collect(self, term: Term, read: Callable[[Leaf], Truth]) -> Truth:
        """Return the truth of something that depends on which alternative a term is."""
        return self._choose([(guard, read(leaf)) for guard, leaf in term])

    def _choose(self, truths: list[tuple[Literal, Truth]]) -> Truth:
        """Return the truth of that of which the guard holds."""
        any_of, all_of = self.clauses.any_of, self.clauses.all_of
        true, false = (
            any_of([all_of([guard, truth[side]]) for guard, truth in truths]) for side in (0, 1)
        )
        return Truth(true, false)

    def _encode_state(self, function: str, argument: ast.expr, turns: Turns) -> Truth:
        """Encode `answered(q)`, `declined(q)`, `dk(q)` or `refused(q)`, which are never unknown."""
        holds: list[Literal] = []
        for guard, leaf in self.find_term(argument, turns):
            if function == "answered":
                holds.append(self.find_known(Alternative(guard, leaf)))
            elif isinstance(leaf, Cell):
                kinds = (
                    leaf.declines if function == "declined" else leaf.declines.keys() & {function}
                )
                holds += [self.clauses.all_of([guard, leaf.declines[kind]]) for kind in kinds]
        true = self.clauses.any_of(holds)
        return Truth(true, -true)

    def _encode_link(
        self, node: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr, turns: Turns
    ) -> Truth:
        sign = COMPARISON_SIGNS.get(type(op))
        if sign is not None:
            lefts, rights = self.find_term(left, turns), self.find_term(right, turns)
            return self._collect(
                lefts,
                lambda one: self._collect(
                    rights, lambda other: self._compare(node, one, sign, other, turns)
                ),
            )
        truth = self._encode_membership(node, left, right, turns)
        return _negate(truth) if isinstance(op, ast.NotIn) else truth

    def _encode_membership(
        self, node: ast.expr, left: ast.expr, right: ast.expr, turns: Turns
    ) -> Truth:
        if isinstance(right, ast.List | ast.Tuple):
            kinds = {element.id for element in right.elts if isinstance(element, ast.Name)}
            values = [
                value for element in right.elts if (value := find_constant(element)) is not None
            ]
            term = self.find_term(left, turns)
            return self._collect(
                term, lambda leaf: self._find_in_list(node, leaf, values, kinds, turns)
            )
        code = find_constant(left)
        if code is None:
            return self._leave_truth_open(node, turns)
        term = self.find_term(right, turns)
        return self._collect(
            term, lambda leaf: leaf.contains(code) if isinstance(leaf, MultipleCell) else UNKNOWN
        )

    def _find_in_list(
        self, node: ast.expr, leaf: Leaf, values: list[Any], kinds: set[str], turns: Turns
    ) -> Truth:
        equal = [self._compare(node, leaf, "==", {value: TRUE}, turns) for value in values]
        declined: list[Literal] = []
        is_known = TRUE
        if isinstance(leaf, Cell):
            declined = [leaf.declines[kind] for kind in kinds & leaf.declines.keys()]
            is_known = leaf.answered
        found = self._any(equal) if equal else Truth(FALSE, is_known)
        return Truth(self.clauses.any_of([found.true, *declined]), found.false)

    # Comparison

    def _compare(self, node: ast.expr, left: Leaf, sign: str, right: Leaf, turns: Turns) -> Truth:
        day = self.surroundings.day
        if isinstance(left, MultipleCell) or isinstance(right, MultipleCell):
            return self._leave_truth_open(node, turns)
        if (
            isinstance(right, Cell)
            and right is not day
            and (left is day or not isinstance(left, Cell))
        ):
            left, sign, right = right, MIRRORED_SIGNS[sign], left
        if isinstance(left, type(day)) and right is day:
            before, after = self.surroundings.compare_with_day(left)
            either = self.clauses.any_of([before, after])
            signs = {
                "<": before,
                ">": after,
                "<=": -after,
                ">=": -before,
                "!=": either,
                "==": -either,
            }
            return left.settle(signs[sign])
        rights = _list_values(right)
        if isinstance(left, Cell) and rights is not None and len(rights) == 1:
            return self._compare_with_cell(left, sign, rights)
        lefts = _list_values(left)
        if lefts is not None and rights is not None and len(lefts) * len(rights) <= MAX_PAIRS:
            return self.clauses.compare(lefts, sign, rights)
        if lefts is not None and isinstance(right, Cell):
            return self._compare_with_cell(right, MIRRORED_SIGNS[sign], lefts)
        if rights is not None and isinstance(left, Cell):
            return self._compare_with_cell(left, sign, rights)
        return self._leave_truth_open(node, turns)

    def _compare_with_cell(self, cell: Cell, sign: str, values: Values) -> Truth:
        """Compare a cell of many values with few."""
        return self._choose(
            [(literal, cell.compare(sign, value)) for value, literal in values.items()]
        )

    def compare_term(
        self, node: ast.expr, term: Term, sign: str, value: Any, turns: Turns = NO_TURNS
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
                return self._leave_open(node, turns) if term is None else term
            case ast.Attribute(value=ast.Name(id="interviewer"), attr=name):
                return self._find(f"interviewer.{name}", turns)
            case ast.Attribute(value=ast.Name(id=roster), attr=name) if roster in turns:
                return self._find(name, turns)
            case ast.Attribute(
                value=ast.Subscript(value=ast.Name(id=roster), slice=index), attr=name
            ):
                return self._find_turn(roster, name, index, turns)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                truth = self.encode(test, turns).true
                return [
                    *self._guard(truth, self.find_term(body, turns)),
                    *self._guard(-truth, self.find_term(orelse, turns)),
                ]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC_SIGNS:
                return self._calculate(
                    node, [left, right], make_arithmetic(ARITHMETIC_SIGNS[type(op)]), turns
                )
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._calculate(
                    node, [ast.Constant(0), operand], make_arithmetic("-"), turns
                )
            case ast.Call(func=ast.Name(id="today")):
                return [Alternative(TRUE, self.surroundings.day)]
            case ast.Call(func=ast.Name(id="elapsed")):
                return self._find_minutes(node, turns)
            case ast.Call(func=ast.Name(id=name), args=arguments) if (
                FUNCTIONS[name].argument_kind != "item"
            ):
                return self._call(node, name, arguments, turns)
            case ast.Call() | ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                true, false = self.encode(node, turns)
                return [Alternative(TRUE, {True: true, False: false})]
            case _:
                return self._leave_open(node, turns)

    def _find_minutes(self, node: ast.expr, turns: Turns) -> Term:
        """Return the minutes at one use of `elapsed()`: any number, whatever it is at another."""
        key = (f"elapsed {id(node)}", tuple(sorted(turns.items())))
        minutes = self._open.get(key)
        if not isinstance(minutes, OrderedCell):
            minutes = self._open[key] = OrderedCell(self.clauses, TRUE, (), whole=True)
            minutes.restrict([(0, inf)])
            minutes.require_answer()
        return [Alternative(TRUE, minutes)]

    def _find(self, name: str, turns: Turns) -> Term:
        term = self.surroundings.find_term(name, turns)
        assert term is not None
        return term

    def _find_turn(self, roster: str, name: str, index: ast.expr, turns: Turns) -> Term:
        term: Term = []
        for turn, exists in enumerate(self.surroundings.list_turns(roster)[1], 1):
            is_this = self.compare_term(index, self.find_term(index, turns), "==", turn, turns).true
            guard = self.clauses.all_of([is_this, exists])
            if guard != FALSE:
                term += self._guard(guard, self._find(name, {**turns, roster: turn}))
        return term

    def _guard(self, guard: Literal, term: Term) -> Term:
        guarded = [Alternative(self.clauses.all_of([guard, own]), leaf) for own, leaf in term]
        return [alternative for alternative in guarded if alternative.guard != FALSE]

    def collect_values(self, term: Term) -> Values | None:
        """Return the values of all alternatives together; None where there are too many."""
        values: dict[Any, list[Literal]] = {}
        for guard, leaf in term:
            own = _list_values(leaf)
            if own is None or len(values) + len(own) > MAX_VALUES:
                return None
            for value, literal in own.items():
                values.setdefault(value, []).append(self.clauses.all_of([guard, literal]))
        return {value: self.clauses.any_of(literals) for value, literals in values.items()}

    def _calculate(
        self,
        node: ast.expr,
        operands: list[ast.expr],
        operation: Callable[[Any, Any], Any],
        turns: Turns,
    ) -> Term:
        """Return the result of an operation on two terms; missing where one is."""
        sets = [self.collect_values(self.find_term(operand, turns)) for operand in operands]
        return self._make_term(node, turns, self._reduce(sets, operation))

    def _make_term(
        self, node: ast.expr, turns: Turns, values: Values | None, known: Iterable[Literal] = ()
    ) -> Term:
        """Return a term with these values where it is known; what has too many is left open."""
        return (
            self._leave_open(node, turns)
            if values is None
            else [Alternative(self.clauses.all_of(known), values)]
        )

    def _reduce(
        self, sets: Sequence[Values | None], operation: Callable[[Any, Any], Any]
    ) -> Values | None:
        """Combine values one by one; None where there are too many."""
        total = sets[0] if sets else {0: TRUE}
        for values in sets[1:]:
            if total is None or values is None or not self._may_combine(len(total) * len(values)):
                return None
            results: dict[Any, list[Literal]] = {}
            for (one, one_literal), (other, other_literal) in product(
                total.items(), values.items()
            ):
                result = operation(one, other)
                if not isinstance(result, Missing):
                    results.setdefault(result, []).append(
                        self.clauses.all_of([one_literal, other_literal])
                    )
            total = {result: self.clauses.any_of(literals) for result, literals in results.items()}
        return total

    def _may_combine(self, pairs: int) -> bool:
        """Return whether so many pairs of values may be combined; many only for some sums."""
        if pairs <= MAX_PAIRS:
            return True
        if pairs > MAX_SUM_PAIRS or pairs > self._sum_pairs_left:
            return False
        self._sum_pairs_left -= pairs
        return True

    # Functions

    def _call(self, node: ast.Call, name: str, arguments: list[ast.expr], turns: Turns) -> Term:
        match name:
            case "count" if (
                len(arguments) == 1
                and (several := self._find_multiple(arguments[0], turns)) is not None
            ):
                guard, cell = several
                return self._count(node, turns, cell.chosen.values(), [guard, cell.answered])
            case "count":
                parts = list(self._iterate_elements(arguments, turns))
                truths = [
                    self.clauses.all_of([exists, self.encode(part, at).true])
                    for exists, part, at in parts
                ]
                return self._count(node, turns, truths, self._list_known(arguments, turns))
            case "first" | "rank" if (
                several := self._find_multiple(arguments[0], turns)
            ) is not None:
                return self._find_mention(node, several, turns)
            case "sum" | "min" | "max":
                return self._fold(node, name, arguments, turns)
            case _:
                return self._leave_open(node, turns)

    def _count(
        self, node: ast.expr, turns: Turns, truths: Iterable[Literal], known: Iterable[Literal]
    ) -> Term:
        values = self._reduce([{1: truth, 0: -truth} for truth in truths], make_arithmetic("+"))
        return self._make_term(node, turns, values, known)

    def _find_mention(
        self, node: ast.Call, several: tuple[Literal, MultipleCell], turns: Turns
    ) -> Term:
        """Return the code that was mentioned first, or the position of a constant code."""
        guard, cell = several
        if len(cell.chosen) > MAX_ORDERED:
            return self._leave_open(node, turns)
        order = cell.order()
        values = {code: own[0] for code, own in order.items()}
        if len(node.args) > 1:
            values = dict(enumerate(order.get(find_constant(node.args[1]), []), 1))
        return [Alternative(guard, values)]

    def _find_multiple(self, node: ast.expr, turns: Turns) -> tuple[Literal, MultipleCell] | None:
        if isinstance(node, ast.Name | ast.Attribute) and not self._find_list(node, turns):
            match self.find_term(node, turns):
                case [Alternative(guard, MultipleCell() as cell)]:
                    return guard, cell
        return None

    def _find_list(self, node: ast.expr, turns: Turns) -> str | None:
        """Return the roster over whose turns an argument is a list; None if it is one value."""
        for part in ast.walk(node):
            match part:
                case ast.Attribute(value=ast.Name(id=roster)) if roster != "interviewer":
                    return roster
                case ast.Name(id=name) if (
                    own := self.surroundings.find_roster(name)
                ) and own not in turns:
                    return own
        return None

    def _iterate_elements(
        self, arguments: list[ast.expr], turns: Turns
    ) -> Iterator[tuple[Literal, ast.expr, Turns]]:
        """Yield where each element of a list exists, its expression, and the turns it is evaluated in."""
        for argument in arguments:
            roster = self._find_list(argument, turns)
            if roster is None:
                yield TRUE, argument, turns
            else:
                for turn, exists in enumerate(self.surroundings.list_turns(roster)[1], 1):
                    yield exists, argument, {**turns, roster: turn}

    def _fold(self, node: ast.Call, name: str, arguments: list[ast.expr], turns: Turns) -> Term:
        """Fold a list of values into one; missing where one of them is."""
        if name != "sum" and any(self._find_list(argument, turns) for argument in arguments):
            return self._leave_open(node, turns)
        sets: list[Values] = []
        for exists, part, at in self._iterate_elements(arguments, turns):
            values = self.collect_values(self.find_term(part, at))
            if values is None:
                return self._leave_open(node, turns)
            if exists != TRUE:  # a turn that does not exist adds nothing
                present = {
                    value: self.clauses.all_of([exists, literal])
                    for value, literal in values.items()
                }
                values = {**present, 0: self.clauses.any_of([-exists, present.get(0, FALSE)])}
            sets.append(values)
        operations: dict[str, Callable[[Any, Any], Any]] = {
            "sum": make_arithmetic("+"),
            "min": min,
            "max": max,
        }
        return self._make_term(
            node, turns, self._reduce(sets, operations[name]), self._list_known(arguments, turns)
        )

    def _list_known(self, arguments: list[ast.expr], turns: Turns) -> list[Literal]:
        """List where the number of turns of each roster in a list is known."""
        return [
            self.surroundings.list_turns(roster)[0]
            for a in arguments
            if (roster := self._find_list(a, turns))
        ]

    # What clauses can't express

    def is_open(self, node: ast.expr) -> bool:
        """Return whether a part of an encoded expression was left open."""
        texts = {text for text, _ in (*self._open, *self._open_truths)}
        return any(
            _normalize(part)[0] in texts for part in ast.walk(node) if isinstance(part, ast.expr)
        )

    def _leave_truth_open(self, node: ast.expr, turns: Turns) -> Truth:
        """Return a truth that may be anything where its operands are answered."""
        known = self.clauses.all_of(self._list_needed(node, turns))
        text, is_negated = _normalize(node)
        key = (text, tuple(sorted(turns.items())))
        if key not in self._open_truths:
            # it may be unknown all the same
            self._open_truths[key] = self.clauses.make_variable(), self.clauses.make_variable()
        literal, settled = self._open_truths[key]
        truth = Truth(*(self.clauses.all_of([known, settled, sign * literal]) for sign in (1, -1)))
        return _negate(truth) if is_negated else truth

    def _leave_open(self, node: ast.expr, turns: Turns) -> Term:
        """Return a number that may be anything where its operands are answered."""
        key = (ast.unparse(node), tuple(sorted(turns.items())))
        cell = self._open.get(key)
        if cell is None:
            asked = self.clauses.all_of(self._list_needed(node, turns))
            cell = self._open[key] = OrderedCell(self.clauses, asked, (), whole=False)
        return [Alternative(TRUE, cell)]

    def _list_needed(self, node: ast.expr, turns: Turns) -> list[Literal]:
        """List what must hold for an expression to have a value: its operands are answered."""
        terms = [self.surroundings.find_term(name, turns) for name in list_operands(node)]
        return [
            self.clauses.any_of(map(self.find_known, term)) for term in terms if term is not None
        ]

    def find_known(self, alternative: Alternative) -> Literal:
        """Return where a term is this alternative and has a value."""
        guard, leaf = alternative
        known = leaf.answered if isinstance(leaf, Cell) else self.clauses.any_of(leaf.values())
        return self.clauses.all_of([guard, known])


def _list_values(leaf: Leaf) -> Values | None:
    return leaf.list_values() if isinstance(leaf, Cell) else leaf


def _negate(truth: Truth) -> Truth:
    return Truth(truth.false, truth.true)


def _normalize(node: ast.expr) -> tuple[str, bool]:
    """Return an expression as text, the same for `a < b`, `b > a` and `a >= b`, and whether it is its opposite."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if sign := COMPARISON_SIGNS.get(
            type(op)
        ):
            first, second = ast.unparse(left), ast.unparse(right)
            if first > second:
                first, second, sign = second, first, MIRRORED_SIGNS[sign]
            return f"{first} {_OPPOSITES.get(sign, sign)} {second}", sign in _OPPOSITES
        case _:
            return ast.unparse(node), False
