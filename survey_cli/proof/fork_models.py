"""Forks on the route: the ranges of their variables, and goals about their branches."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Final, NamedTuple, TypeAlias

from survey_cli.instrument.expressions.comparisons import find_constant
from survey_cli.proof.amount_cells import AmountCell
from survey_cli.proof.cells import Cell, Constant, MultipleCell, OrderedCell, TextCell
from survey_cli.proof.clauses import FALSE, Literal
from survey_cli.proof.forks import Fork, find_forks, find_route_inputs
from survey_cli.proof.goals import Goal, GoalKind
from survey_cli.proof.route import RouteModel, RoutePosition
from survey_cli.proof.terms import Leaf, Term, find_known

MAX_CODES: Final = 12
"""A variable with up to so many values is looked at value by value, another one by ranges."""

Decline: TypeAlias = tuple[str, str]
"""An item, and a decline that it offers."""


class ValueRange(NamedTuple):
    """Values of a fork's variable that its conditions may tell from others."""

    low: Constant | None
    """The constant that they begin at, or just after; None if there is none."""
    high: Constant | None
    is_one: bool
    """It is one value."""
    literals: Sequence[Literal]
    """That the variable has such a value: one literal for each turn of a roster."""

    def describe(self, name: str, last: "ValueRange") -> str:
        """Describe the values from here to another range, as designers write: `18 < age <= 65`."""
        if isinstance(self.low, bool):
            return f"{name} is {str(self.low).lower()}"
        if self is last and self.is_one:
            value = "''" if self.low == "" else self.low
            return f"{name} = {value}"
        before = ""
        if self.low is not None:
            sign = "<=" if self.is_one else "<"
            before = f"{self.low} {sign} "
        after = ""
        if last.high is not None:
            sign = "<=" if last.is_one else "<"
            after = f" {sign} {last.high}"
        return f"{before}{name}{after}"


class ForkModel:
    """A fork on the route.

    Its goals say

    - which branch can be asked, or not asked, in which range of the variable (`taken`, `not_taken`
      with the numbers of range and branch);
    - whether none can be asked although all variables have a value (`not_taken` without a detail);
    - whether none can be asked after a decline (`hole`).
    """

    def __init__(self, route: RouteModel, fork: Fork) -> None:
        self.fork = fork
        self.route = route
        self.goals: dict[Goal, list[Literal]] = {}
        self.positions = [route.positions_by_node[nodes[0].id] for nodes in fork.branches]
        """For each branch, the position of its first node in each turn."""
        self.branches = range(len(self.positions))
        self.reached = [self._find_reached(position) for position in self.positions[0]]
        """For each turn, that the interview comes to the fork."""
        self.ranges = self._list_ranges()
        self.declines = dict(self._iterate_declines())
        self._add_goals()

    def _find_reached(self, position: RoutePosition) -> Literal:
        parts = [position.reached]
        for (key, _), part in self.fork.common.items():
            true = self.route.encoder.encode(part.tree, position.turns).true
            parts.append(true if key == "ask_if" else -true)
        return self.route.clauses.all_of(parts)

    # Goals

    def _add_goals(self) -> None:
        terms_by_turn = [
            [self._find_term(name, position) for name in self.fork.names]
            for position in self.positions[0]
        ]
        all_known = [self._find_all_known(terms) for terms in terms_by_turn]
        self._add_unasked("not_taken", None, all_known)

        for number, value_range in enumerate(self.ranges):
            for branch, positions in enumerate(self.positions):
                asked = [position.asked for position in positions]
                not_asked = [-literal for literal in asked]
                self._add("taken", (number, branch), value_range.literals, asked)
                self._add("not_taken", (number, branch), value_range.literals, not_asked)
        for decline, literals in self.declines.items():
            self._add_unasked("hole", decline, literals)

    def _find_all_known(self, terms: Sequence[Term]) -> Literal:
        clauses = self.route.clauses
        return clauses.all_of([find_known(clauses, term) for term in terms])

    def _add_unasked(self, kind: GoalKind, detail: object, literals: Sequence[Literal]) -> None:
        """Add a goal that something holds in a turn, and no branch is asked there."""
        none_asked = [
            self.route.clauses.all_of([-positions[turn].asked for positions in self.positions])
            for turn in range(len(literals))
        ]
        self._add(kind, detail, literals, none_asked)

    def _add(
        self, kind: GoalKind, detail: object, literals: Sequence[Literal], others: Sequence[Literal]
    ) -> None:
        """Add a goal that the fork is reached, and both literals of a turn hold."""
        self.goals[Goal(kind, self.fork.name, detail)] = [
            self.route.clauses.all_of(parts)
            for parts in zip(self.reached, literals, others, strict=True)
        ]

    # What the variable can be

    def _find_term(self, name: str, position: RoutePosition) -> Term:
        return self.route.find_term(name, position.turns) or []

    def _list_ranges(self) -> list[ValueRange]:
        if len(self.fork.names) != 1:
            return []
        (name,) = self.fork.names
        terms = [self._find_term(name, position) for position in self.positions[0]]
        leaves = [alternative.leaf for term in terms for alternative in term]
        if not leaves or any(isinstance(leaf, MultipleCell | TextCell) for leaf in leaves):
            return []

        if not any(_is_ordered(leaf) for leaf in leaves):
            calculator = self.route.encoder.calculator
            values = [calculator.collect_values(term) or {} for term in terms]
            codes = list(dict.fromkeys(chain.from_iterable(values)))
            if len(codes) <= MAX_CODES:
                return [
                    ValueRange(code, code, True, [own.get(code, FALSE) for own in values])
                    for code in codes
                ]
        return list(self._iterate_ranges(name, terms))

    def _iterate_ranges(self, name: str, terms: Sequence[Term]) -> Iterator[ValueRange]:
        """Yield the ranges between the constants that the conditions name, and these constants."""
        encoder = self.route.encoder
        node = ast.Name(name)

        def hold(*comparisons: tuple[str, Constant]) -> list[Literal]:
            """Return for each turn that all these comparisons of the variable are true."""
            return [
                self.route.clauses.all_of(
                    [encoder.compare_term(node, term, *each).true for each in comparisons]
                )
                for term in terms
            ]

        constants = self._list_constants()
        if not constants:
            return
        yield ValueRange(None, constants[0], False, hold(("<", constants[0])))
        for constant, following in pairwise(constants):
            yield ValueRange(constant, constant, True, hold(("==", constant)))
            between = hold((">", constant), ("<", following))
            yield ValueRange(constant, following, False, between)
        last = constants[-1]
        yield ValueRange(last, last, True, hold(("==", last)))
        yield ValueRange(last, None, False, hold((">", last)))

    def _list_constants(self) -> Sequence[Constant]:
        """List the numbers that the conditions name, in order; or the texts, dates and times."""
        expressions = [node for node in self.fork.walk() if isinstance(node, ast.expr)]
        found = {find_constant(node) for node in expressions}
        numbers = [c for c in found if isinstance(c, int | float) and not isinstance(c, bool)]
        if numbers:
            return sorted(numbers)
        texts = [c for c in found if isinstance(c, str)]
        return sorted(texts, key=lambda text: text.zfill(5))  # 9:30 comes before 10:00

    def _iterate_declines(self) -> Iterator[tuple[Decline, list[Literal]]]:
        """Yield each decline of the items behind the variables, with a literal for each turn."""
        items = self.route.instrument.items
        names = find_route_inputs(self.route.instrument, self.fork.names) & items.keys()
        for name in sorted(names):
            terms = [self._find_term(name, position) for position in self.positions[0]]
            declines_by_turn = [_find_declines(term) for term in terms]
            for decline in items[name].declines:
                literals = [declines.get(decline.id, FALSE) for declines in declines_by_turn]
                yield (name, decline.id), literals


def _is_ordered(leaf: Leaf) -> bool:
    """Return whether a leaf is a number, whose values aren't listed."""
    if isinstance(leaf, AmountCell):
        leaf = leaf.keyed
    return isinstance(leaf, OrderedCell)


def _find_declines(term: Term) -> Mapping[str, Literal]:
    """Return the declines of the first variable that a term can be."""
    for _, leaf in term:
        if isinstance(leaf, Cell):
            return leaf.declines
    return {}


def build_fork_models(route: RouteModel) -> list[ForkModel]:
    """Build the forks of a route whose branches are all on it, in the same turns."""
    positions = route.positions_by_node
    models = []
    for fork in find_forks(route.instrument):
        first_nodes = [nodes[0].id for nodes in fork.branches]
        if not all(name in positions for name in first_nodes):
            continue
        turn_counts = {len(positions[name]) for name in first_nodes}
        if len(turn_counts) == 1:
            models.append(ForkModel(route, fork))
    return models
