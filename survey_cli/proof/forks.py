"""Forks: consecutive items or sections whose conditions speak of the same variables, and goals about their branches.

Conditions that all branches have in common are the fork's own. Where a branch has others, they are compared with those
of the other branches in each range of the variable.
"""

import ast
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, Roster
from survey_cli.instrument.expressions.comparisons import find_constant
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.proof.cells import FALSE, Cell, Literal, MultipleCell, OrderedCell, TextCell
from survey_cli.proof.conditions import Term
from survey_cli.proof.goals import Goal, Verdicts
from survey_cli.proof.route import RouteModel, RoutePosition

MAX_CODES: Final = 12
"""How many values a variable may have to be looked at one by one; with more, ranges of its values are."""

Coverage: TypeAlias = Mapping[int, frozenset[int]]
"""The branches that are asked in each range."""
Parts: TypeAlias = Mapping[tuple[str, str], ast.expr]
"""The parts of a condition that must all hold, by key and text."""


class Fork(NamedTuple):
    """Branches between which answers to some variables decide."""

    branches: Sequence[Sequence[CompiledNode]]
    """The nodes of each branch, which have the same condition."""
    common: Parts
    own: Sequence[Parts]
    """What each branch requires beyond that."""
    names: frozenset[str]
    """The variables of these."""

    @property
    def name(self) -> str:
        return self.branches[0][0].id

    @property
    def mentions_declines(self) -> bool:
        """Whether a branch says what happens after a decline."""
        states = ("answered", "declined", "dk", "refused")
        return any(
            (isinstance(node, ast.Call) and getattr(node.func, "id", "") in states)
            or (
                isinstance(node, ast.List | ast.Tuple)
                and any(isinstance(element, ast.Name) for element in node.elts)
            )
            for node in self.walk()
        )

    @property
    def negates(self) -> bool:
        """Whether a branch is for everything but some values."""
        return any(isinstance(node, ast.NotEq | ast.NotIn | ast.Not) for node in self.walk())

    def walk(self) -> Iterator[ast.AST]:
        """Yield every node of what the branches require of their own."""
        return chain.from_iterable(ast.walk(tree) for parts in self.own for tree in parts.values())


class ValueRange(NamedTuple):
    """Values of a fork's variable that its conditions may tell from others."""

    low: Any
    """The constant that they begin at, or just after; None if there is none."""
    high: Any
    is_one: bool
    """It is one value."""
    literals: Sequence[Literal]
    """Where the variable has such a value: one for each turn of a roster."""

    def describe(self, name: str, last: "ValueRange") -> str:
        """Describe the values from here to another range, as a designer writes them: `age = 18`, `18 < age <= 65`."""
        if isinstance(self.low, bool):
            return f"{name} is {str(self.low).lower()}"
        if self is last and self.is_one:
            return f"{name} = {self.low}"
        before = ""
        if self.low is not None:
            sign = "<=" if self.is_one else "<"
            before = f"{self.low} {sign} "
        after = ""
        if last.high is not None:
            sign = "<=" if last.is_one else "<"
            after = f" {sign} {last.high}"
        return f"{before}{name}{after}"


class ForkFinding(NamedTuple):
    """Something about the branches of a fork that may not be intended."""

    rule: str
    what: Sequence[Any]
    """The ranges concerned, as text; or the declines, each with its item."""
    goal: Goal
    """What shows it."""
    is_certain: bool = False
    """It is hardly intended."""
    branches: Sequence[int] = ()
    """The branches concerned."""


def find_forks(instrument: Instrument) -> list[Fork]:
    """Find the forks of an instrument, in written order."""
    forks: list[Fork] = []
    for group in (instrument.root, *instrument.groups.values()):
        run: list[tuple[list[CompiledNode], Parts]] = []
        is_after_branch = False
        for node in (*group.children, None):
            parts = _split(node) if node is not None else {}
            if is_after_branch and _is_always_asked(node):
                is_after_branch = False  # one item for everybody may come between two branches
                continue
            is_after_branch = bool(parts)
            same = next((nodes for nodes, other in run if other.keys() == parts.keys()), None)
            if node is not None and same is not None and parts:
                same.append(node)
            elif node is None or not parts or _find_names(run, parts) is None:
                if len(run) > 1:
                    forks.append(_build_fork(run))
                run = [([node], parts)] if node is not None and parts else []
            else:
                run.append(([node], parts))
    return forks


def _is_always_asked(node: CompiledNode | None) -> bool:
    """Return whether this is an item without a condition, other than an `end`."""
    if not isinstance(node, CompiledItem) or isinstance(node.question, EndItem):
        return False
    return node.ask_if is None and node.unless is None


def _split(node: CompiledNode) -> Parts:
    """Return the parts of a node's conditions; none if it does not branch off."""
    parts: dict[tuple[str, str], ast.expr] = {}
    if isinstance(node, CompiledItem) and isinstance(node.question, EndItem):
        return parts
    if node.ask_if is not None:
        tree = node.ask_if.tree
        for part in (
            tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
        ):
            parts["ask_if", ast.unparse(part)] = part
    if node.unless is not None:
        parts["unless", ast.unparse(node.unless.tree)] = node.unless.tree
    return parts


def _find_names(
    run: Sequence[tuple[Sequence[CompiledNode], Parts]], parts: Parts
) -> frozenset[str] | None:
    """Return the variables between whose values a run of branches and one more decide; None if these differ."""
    everything = [*(other for _, other in run), parts]
    common = frozenset.intersection(*map(frozenset, everything))
    names = {
        frozenset(_list_names(tree for key, tree in each.items() if key not in common))
        for each in everything
    }
    return next(iter(names)) if run and len(names) == 1 and names != {frozenset()} else None


def _list_names(trees: Iterable[ast.expr]) -> Iterator[str]:
    for tree in trees:
        functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        listed = {
            id(e)
            for node in ast.walk(tree)
            if isinstance(node, ast.List | ast.Tuple)
            for e in node.elts
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and id(node) not in functions | listed:
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr


def _build_fork(run: Sequence[tuple[Sequence[CompiledNode], Parts]]) -> Fork:
    common = frozenset.intersection(*(frozenset(parts) for _, parts in run))
    own = [{key: tree for key, tree in parts.items() if key not in common} for _, parts in run]
    shared = {key: run[0][1][key] for key in common}
    return Fork([nodes for nodes, _ in run], shared, own, frozenset(_list_names(own[0].values())))


class ForkModel:
    """A fork on the route: goals about its branches."""

    def __init__(self, model: RouteModel, fork: Fork) -> None:
        self.fork, self.model = fork, model
        self.goals: dict[Goal, list[Literal]] = {}
        self.positions = [model.positions_by_node[nodes[0].id] for nodes in fork.branches]
        self.branches = range(len(self.positions))
        self.reached = [self._find_reached(position) for position in self.positions[0]]
        self.ranges = self._list_ranges()
        self.declines = dict(self._iterate_declines())
        all_of, any_of, find_known = (
            model.clauses.all_of,
            model.clauses.any_of,
            model.encoder.find_known,
        )
        terms = [
            [model.find_term(name, p.turns) or [] for name in fork.names] for p in self.positions[0]
        ]
        self._add(
            "left",
            None,
            [all_of([any_of(map(find_known, term)) for term in each]) for each in terms],
        )
        for number, value_range in enumerate(self.ranges):
            for branch, at in enumerate(self.positions):
                asked = [position.asked for position in at]
                self._add_each("taken", (number, branch), value_range.literals, asked)
                self._add_each(
                    "left", (number, branch), value_range.literals, [-literal for literal in asked]
                )
        for decline, literals in self.declines.items():
            self._add("hole", decline, literals)

    def _find_reached(self, position: RoutePosition) -> Literal:
        parts = [position.reached]
        for (key, _), tree in self.fork.common.items():
            true = self.model.encoder.encode(tree, position.turns).true
            parts.append(true if key == "ask_if" else -true)
        return self.model.clauses.all_of(parts)

    def _add(self, kind: Any, detail: Any, literals: Sequence[Literal]) -> None:
        """Add a goal that no branch is asked although something holds."""
        none = [
            self.model.clauses.all_of([-at[turn].asked for at in self.positions])
            for turn in range(len(literals))
        ]
        self._add_each(kind, detail, literals, none)

    def _add_each(
        self, kind: Any, detail: Any, literals: Sequence[Literal], others: Sequence[Literal]
    ) -> None:
        found = [
            self.model.clauses.all_of(each)
            for each in zip(self.reached, literals, others, strict=True)
        ]
        self.goals[Goal(kind, self.fork.name, detail)] = found

    # What the variable can be

    def _list_ranges(self) -> list[ValueRange]:
        if len(self.fork.names) != 1:
            return []
        (name,) = self.fork.names
        terms = [self.model.find_term(name, position.turns) or [] for position in self.positions[0]]
        leaves = [alternative.leaf for term in terms for alternative in term]
        if not leaves or any(isinstance(leaf, MultipleCell | TextCell) for leaf in leaves):
            return []
        if not any(isinstance(leaf, OrderedCell) for leaf in leaves):
            values = [self.model.encoder.collect_values(term) or {} for term in terms]
            codes = list(dict.fromkeys(chain.from_iterable(values)))
            if len(codes) <= MAX_CODES:
                return [
                    ValueRange(code, code, True, [each.get(code, FALSE) for each in values])
                    for code in codes
                ]
        return list(self._iterate_ranges(name, terms))

    def _iterate_ranges(self, name: str, terms: Sequence[Term]) -> Iterator[ValueRange]:
        """Yield the ranges between the constants that the conditions name, and these constants."""
        found = {find_constant(node) for node in self.fork.walk() if isinstance(node, ast.expr)}
        numbers = sorted(c for c in found if isinstance(c, int | float) and not isinstance(c, bool))
        constants: list[Any] = [*numbers] or sorted(
            (c for c in found if isinstance(c, str)), key=lambda c: c.zfill(5)
        )
        compare, all_of, node = (
            self.model.encoder.compare_term,
            self.model.clauses.all_of,
            ast.Name(name),
        )

        def hold(*comparisons: tuple[str, Any]) -> list[Literal]:
            return [
                all_of([compare(node, term, *each).true for each in comparisons]) for term in terms
            ]

        if not constants:
            return
        yield ValueRange(None, constants[0], False, hold(("<", constants[0])))
        for constant, after in zip(constants, [*constants[1:], None], strict=True):
            yield ValueRange(constant, constant, True, hold(("==", constant)))
            above = (">", constant)
            yield ValueRange(
                constant, after, False, hold(above) if after is None else hold(above, ("<", after))
            )

    def _iterate_declines(self) -> Iterator[tuple[tuple[str, str], list[Literal]]]:
        """Yield each decline of the items behind the variables, and where it is given."""
        items = self.model.instrument.items
        for name in sorted(find_inputs(self.model.instrument, self.fork.names) & items.keys()):
            terms = [
                self.model.find_term(name, position.turns) or [] for position in self.positions[0]
            ]
            cells = [
                next((leaf.declines for _, leaf in term if isinstance(leaf, Cell)), {})
                for term in terms
            ]
            for decline in items[name].declines:
                yield (name, decline.id), [declines.get(decline.id, FALSE) for declines in cells]

    # What the verdicts say

    def judge(self, verdicts: Verdicts) -> Iterator["ForkFinding"]:
        """Yield the gaps and overlaps between the branches, and the declines after which none is asked."""
        possible, name = verdicts.possible, self.fork.name
        coverage = self._find_coverage(possible)
        if coverage is None or not self.goals.keys().isdisjoint(verdicts.undecided):
            return
        outer = self._list_outer(coverage)
        if self.ranges and len(outer) < 2:
            return  # one branch, and others within it
        if Goal("left", name) not in possible and not self.fork.mentions_declines:
            holes = [
                decline for decline in self.declines if Goal("hole", name, decline) in possible
            ]
            if holes:
                yield ForkFinding(
                    "decline-hole",
                    holes,
                    Goal("hole", name, holes[0]),
                    True,
                    outer or self.branches,
                )
        counts = {
            number: sum(branch in taken for branch in outer) for number, taken in coverage.items()
        }
        blocks = [
            [*block] for _, block in groupby(counts, key=lambda number: min(counts[number], 2))
        ]
        if all(self.ranges[number].is_one for number in counts):
            blocks = [[n for n in counts if min(counts[n], 2) == count] for count in (0, 1, 2)]
        for block in filter(None, blocks):
            yield from self._judge_block(block, blocks, counts, outer, coverage)

    def _list_outer(self, coverage: Coverage) -> list[int]:
        """List the branches of which exactly one should be asked: those that are within no other one, or hold none."""
        values = [
            frozenset(n for n, taken in coverage.items() if branch in taken)
            for branch in self.branches
        ]
        partial = [own if len(own) < len(coverage) else frozenset() for own in values]
        values = partial if sum(map(bool, partial)) > 1 else values
        sets = dict.fromkeys(own for own in values if own)
        outer = [values.index(own) for own in sets if not any(own < other for other in sets)]
        inner = [values.index(own) for own in sets if not any(own > other for other in sets)]
        if len(outer) > 1 and _count_deviations(coverage, inner) < _count_deviations(
            coverage, outer
        ):
            return inner  # a branch that is asked of several others is none of them
        return outer

    def _judge_block(
        self,
        block: list[int],
        blocks: list[list[int]],
        counts: Mapping[int, int],
        outer: list[int],
        coverage: Coverage,
    ) -> Iterator["ForkFinding"]:
        """Yield what is to be said of ranges in which as many branches are asked."""
        name, variable, start = self.fork.name, min(self.fork.names), block[0]
        ordered = not all(self.ranges[number].is_one for number in counts)
        first, last, count = self.ranges[start], self.ranges[block[-1]], counts[start]
        is_single = len(block) == 1 and first.is_one
        texts = [first.describe(variable, last)]
        if not ordered:
            texts = [
                self.ranges[number].describe(variable, self.ranges[number]) for number in block
            ]
            if len(block) * 2 >= len(counts) + (count > 0):
                return  # most values: this is no fork
        if count == 0:
            inside = start != blocks[0][0] and block[-1] != blocks[-1][-1]
            is_odd = (
                is_single and (len(outer) > 2 or self.fork.negates) and not self._is_special(start)
            )
            yield ForkFinding(
                "filter-gap",
                texts,
                Goal("left", name, (start, 0)),
                inside if ordered else is_odd,
                outer,
            )
        elif count > 1:
            both = [branch for branch in outer if branch in coverage[start]]
            others = {count for number, count in counts.items() if count != 1}
            certain = is_single or (ordered and len(outer) > 2 and others == {count})
            yield ForkFinding(
                "filter-overlap", texts, Goal("taken", name, (start, both[0])), certain, both
            )

    def _find_coverage(self, possible: Container[Goal]) -> dict[int, frozenset[int]] | None:
        """Return the branches asked in each range that there is; None if a range decides nothing."""
        coverage: dict[int, frozenset[int]] = {}
        for number in range(len(self.ranges)):
            taken, left = (
                {
                    branch
                    for branch in self.branches
                    if Goal(kind, self.fork.name, (number, branch)) in possible
                }
                for kind in ("taken", "left")
            )
            if taken & left:
                return None
            if taken or left:
                coverage[number] = frozenset(taken)
        return coverage

    def _is_special(self, number: int) -> bool:
        """Return whether nobody may be expected to ask anything after this option: None of these, Other."""
        (name,) = self.fork.names
        item = self.model.instrument.items.get(name)
        options = item.options if item is not None else ()
        return any(
            option.code == self.ranges[number].low
            and (option.missing or option.exclusive or option.specify or not option.read)
            for option in options
        )


def _count_deviations(coverage: Coverage, branches: Collection[int]) -> int:
    """Count the ranges in which not exactly one of these branches is asked."""
    return sum(len(taken.intersection(branches)) != 1 for taken in coverage.values())


def find_inputs(instrument: Instrument, names: Iterable[str]) -> set[str]:
    """Find the items and sample columns behind names, also through computes and the numbers of turns."""
    pending, inputs = list(names), set[str]()
    while pending:
        name = pending.pop()
        if name in inputs:
            continue
        inputs.add(name)
        if (compute := instrument.computes.get(name)) is not None:
            pending += [n for condition in compute.conditions.values() for n in condition.names]
        item = instrument.items.get(name)
        roster = instrument.groups.get(item.roster or "") if item is not None else None
        if isinstance(roster, Roster):
            pending += [
                *(roster.count.names if roster.count else ()),
                *([roster.each.id] if roster.each else ()),
            ]
    return inputs


def build_fork_models(model: RouteModel) -> list[ForkModel]:
    """Build the forks of a route."""
    positions = model.positions_by_node
    return [
        ForkModel(model, fork)
        for fork in find_forks(model.instrument)
        if all(nodes[0].id in positions for nodes in fork.branches)
        and len({len(positions[nodes[0].id]) for nodes in fork.branches}) == 1
    ]
