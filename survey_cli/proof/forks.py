"""Forks: consecutive items or sections whose conditions speak of the same variables.

Conditions that all branches have in common are the fork's own. If a branch has others, they are
compared with those of the other branches in each range of the variable.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, Roster
from survey_cli.instrument.expressions.functions import STATE_FUNCTIONS
from survey_cli.instrument.expressions.parsing import write_expression
from survey_cli.instrument.schema.items.groups import BracketSection
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem


class ForkPart(NamedTuple):
    """A part of a condition that must hold with the others."""

    tree: ast.expr
    names: frozenset[str]
    """The variables that it names."""


Parts: TypeAlias = Mapping[tuple[str, str], ForkPart]
"""The parts of a node's conditions, by key (`ask_if` or `unless`) and text."""


class Branch(NamedTuple):
    """Nodes that have the same conditions."""

    nodes: list[CompiledNode]
    parts: Parts


class Fork(NamedTuple):
    """Branches between which answers to some variables decide."""

    branches: Sequence[Sequence[CompiledNode]]
    """The nodes of each branch, which have the same condition."""
    common: Parts
    """What all branches require."""
    own: Sequence[Parts]
    """What each branch requires beyond that."""
    names: frozenset[str]
    """The variables that decide."""

    @property
    def name(self) -> str:
        """The first node of the first branch."""
        return self.branches[0][0].id

    @property
    def mentions_declines(self) -> bool:
        """Whether a branch says what happens after a decline."""
        return any(_names_decline(node) for node in self.walk())

    @property
    def negates(self) -> bool:
        """Whether a branch is for everything but some values."""
        return any(isinstance(node, ast.NotEq | ast.NotIn | ast.Not) for node in self.walk())

    def walk(self) -> Iterator[ast.AST]:
        """Yield every node of what the branches require of their own."""
        for parts in self.own:
            for part in parts.values():
                yield from ast.walk(part.tree)


def _names_decline(node: ast.AST) -> bool:
    """Return whether this is `declined(q)` and the like, or a list with the name of a decline."""
    match node:
        case ast.Call(func=ast.Name(id=function)):
            return function in STATE_FUNCTIONS
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return any(isinstance(element, ast.Name) for element in elements)
        case _:
            return False


def find_forks(instrument: Instrument) -> list[Fork]:
    """Find the forks of an instrument, in written order."""
    forks: list[Fork] = []
    for group in (instrument.root, *instrument.groups.values()):
        if isinstance(group.spec, BracketSection):
            continue  # how its steps lead to each other is no choice of the designer
        forks += _iterate_forks(group.children)
    return forks


def _iterate_forks(nodes: Iterable[CompiledNode]) -> Iterator[Fork]:
    run: list[Branch] = []
    is_after_branch = False
    for node in nodes:
        if is_after_branch and _is_always_asked(node):
            # one item for all respondents may come between two branches
            is_after_branch = False
            continue

        parts = _split(node)
        is_after_branch = bool(parts)
        same = _find_same(run, parts)
        if same is not None:
            same.nodes.append(node)
        elif _continues(run, parts):
            run.append(Branch([node], parts))
        else:
            if len(run) > 1:
                yield _build_fork(run)
            run = [Branch([node], parts)] if parts else []
    if len(run) > 1:
        yield _build_fork(run)


def _is_always_asked(node: CompiledNode) -> bool:
    """Return whether this is an item without a condition, other than an `end`."""
    if not isinstance(node, CompiledItem) or isinstance(node.question, EndItem):
        return False
    return node.ask_if is None and node.unless is None


def _split(node: CompiledNode) -> Parts:
    """Return the parts of a node's conditions; none if it does not branch off."""
    if isinstance(node, CompiledItem) and isinstance(node.question, EndItem):
        return {}
    parts: dict[tuple[str, str], ForkPart] = {}
    if node.ask_if is not None:
        for tree in _list_conjuncts(node.ask_if.tree):
            parts["ask_if", write_expression(tree)] = _make_part(tree)
    if node.unless is not None:
        tree = node.unless.tree
        parts["unless", write_expression(tree)] = _make_part(tree)
    return parts


def _list_conjuncts(tree: ast.expr) -> list[ast.expr]:
    """List the parts of `a and b`; another condition is one part."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return tree.values
    return [tree]


def _make_part(tree: ast.expr) -> ForkPart:
    return ForkPart(tree, frozenset(_iterate_names(tree)))


def _iterate_names(tree: ast.expr) -> Iterator[str]:
    """Yield the variables in an expression: other names are functions and declines."""
    nodes = list(ast.walk(tree))
    others: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Call):
            others.add(id(node.func))
        elif isinstance(node, ast.List | ast.Tuple):
            others.update(map(id, node.elts))
    for node in nodes:
        if isinstance(node, ast.Name) and id(node) not in others:
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _find_same(run: Sequence[Branch], parts: Parts) -> Branch | None:
    """Find the branch of a run that has the same conditions."""
    for branch in run:
        if branch.parts.keys() == parts.keys():
            return branch
    return None


def _continues(run: Sequence[Branch], parts: Parts) -> bool:
    """Return whether the same variables decide on one more branch as on those of a run."""
    if not run or not parts:
        return False
    all_parts = [*(branch.parts for branch in run), parts]
    common = frozenset.intersection(*map(frozenset, all_parts))
    deciding = {_unite_names(each, common) for each in all_parts}
    return len(deciding) == 1 and deciding != {frozenset()}


def _unite_names(parts: Parts, common: frozenset[tuple[str, str]]) -> frozenset[str]:
    """Return the variables of the parts that are not common to all branches."""
    own = [part.names for key, part in parts.items() if key not in common]
    return frozenset[str]().union(*own)


def _build_fork(run: Sequence[Branch]) -> Fork:
    common = frozenset.intersection(*(frozenset(branch.parts) for branch in run))
    shared = {key: run[0].parts[key] for key in common}
    own = [{key: part for key, part in branch.parts.items() if key not in common} for branch in run]
    names = _unite_names(run[0].parts, common)
    return Fork([branch.nodes for branch in run], shared, own, names)


def find_route_inputs(instrument: Instrument, names: Iterable[str]) -> set[str]:
    """Find the items and sample columns behind names.

    They are found through computes, and through what the number of turns of a roster depends on.
    """
    pending = list(names)
    inputs: set[str] = set()
    while pending:
        name = pending.pop()
        if name in inputs:
            continue
        inputs.add(name)

        compute = instrument.computes.get(name)
        if compute is not None:
            for condition in compute.conditions.values():
                pending += condition.names
        item = instrument.items.get(name)
        if item is None or item.roster is None:
            continue
        roster = instrument.groups[item.roster]
        if isinstance(roster, Roster):
            if roster.count is not None:
                pending += roster.count.names
            if roster.each is not None:
                pending.append(roster.each.id)
    return inputs
