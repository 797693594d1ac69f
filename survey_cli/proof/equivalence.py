"""Comparison of the conditions of two versions: whether they hold for the same answers.

It is proved on the questionnaires of both, since a condition may name answers that only one of them
makes impossible.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from functools import cached_property
from typing import Literal, TypeAlias

from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import write_expression
from survey_cli.proof.clauses import TRUE
from survey_cli.proof.clauses import Literal as ClauseLiteral
from survey_cli.proof.goals import Comparison, Goal, Verdicts, Witness, WitnessValue
from survey_cli.proof.terms import NO_TURNS, Turns
from survey_cli.proof.verdicts import Prover
from survey_cli.values import NOT_ASKED, Place

Reading: TypeAlias = Literal["true", "not true", "false", "at least"]
"""What matters of a condition: that it is true, not true, or false; of a number of turns, that it
is at least the turn where it is compared."""
Moment: TypeAlias = Literal["reached", "asked", "answered"]
"""When a condition is evaluated: its owner is reached, asked or answered."""
ConditionPart: TypeAlias = tuple[Condition, Reading]
"""A condition, and what matters of it."""
Versions: TypeAlias = Sequence[Sequence[ConditionPart]]
"""The parts of the conditions of the older and the newer version."""


class ConditionComparer:
    """Comparison of conditions of two versions on the routes of both."""

    def __init__(
        self, old: Instrument, new: Instrument, today: date, renamed: Mapping[str, str]
    ) -> None:
        new_to_old = {new_name: old_name for old_name, new_name in renamed.items()}
        self._old = _Side(old, today, new_to_old)
        self._new = _Side(new, today, renamed)

    def compare(
        self,
        versions: Versions,
        owners: Sequence[str],
        moment: Moment,
        roster: str | None,
        *,
        at_once: bool,
    ) -> Comparison:
        """Compare whether all parts of each version hold when its owner is reached or answered.

        It is the same only if it is so on the routes of both versions, in every turn of the roster.
        `at_once` says that all conditions are evaluated at the same time, so that `elapsed()` has
        one value.
        """
        old_owner, new_owner = owners
        written = [condition for parts in versions for condition, _ in parts]
        decided = True
        for side, other, owner in (
            (self._new, self._old, new_owner),
            (self._old, self._new, old_owner),
        ):
            if not all(side.knows(condition, other) for condition in written):
                decided = False
                continue

            conditions = [part for condition in written for part in side.expand(condition)]
            for turn in side.list_turns(roster):
                verdicts = side.find_differences(versions, owner, moment, roster, turn, at_once)
                is_open = any(side.is_open(condition, at_once) for condition in conditions)
                if verdicts.possible and not is_open:
                    goal, witness = next(iter(verdicts.possible.items()))
                    names = {side.get_name(name) for each in conditions for name in each.names}
                    example = side.read_example(names, witness, turn)
                    return Comparison(
                        decided=True, holds_in_new=goal.name == "new", example=example
                    )
                decided = decided and not verdicts.possible and not verdicts.undecided
        return Comparison(is_same=decided, decided=decided)


class _Side:
    """One of the two versions, on whose route the conditions of both are compared."""

    def __init__(self, instrument: Instrument, today: date, names: Mapping[str, str]) -> None:
        self.instrument = instrument
        self.today = today
        self.names = names
        """The names that are others in the other version, each with the name here."""
        self._trees: dict[tuple[int, bool], tuple[Condition, ast.expr]] = {}
        self._minutes = ast.Call(ast.Name("elapsed"), [], [])

    @cached_property
    def _prover(self) -> Prover:
        return Prover(self.instrument, self.today)

    def get_name(self, name: str) -> str:
        """Return the name here of what either version calls so."""
        return self.names.get(name, name)

    def knows(self, condition: Condition, other: "_Side") -> bool:
        """Return whether every name of a condition exists here, in the same roster as there."""
        instrument = self.instrument
        known = instrument.items.keys() | instrument.sample.keys() | instrument.computes.keys()
        for name in condition.names:
            own = self.get_name(name)
            items = (instrument.items.get(own), other.instrument.items.get(name))
            rosters = {item.roster for item in items if item is not None}
            is_known = own.startswith("interviewer.") or own in known
            if len(rosters) > 1 or not is_known:
                return False
        return True

    def expand(self, condition: Condition) -> Iterator[Condition]:
        """Yield a condition and the calculations that it names."""
        yield condition
        computes = self.instrument.computes
        for name in condition.names & computes.keys():
            for inner in computes[name].conditions.values():
                yield from self.expand(inner)

    def list_turns(self, roster: str | None) -> Sequence[int | None]:
        """List the turns of a roster; one that is None outside of rosters."""
        group = self.instrument.groups.get(roster or "")
        if isinstance(group, Roster):
            return range(1, group.maximum + 1)
        return (None,)

    def find_differences(
        self,
        versions: Versions,
        owner: str,
        moment: Moment,
        roster: str | None,
        turn: int | None,
        at_once: bool,
    ) -> Verdicts:
        """Look for answers for which only one version holds: goals are named for that one."""
        turns: Turns = NO_TURNS
        if roster is not None and turn is not None:
            turns = {roster: turn}
        there = self._find_moment(owner, moment, turn)
        old_literals, new_literals = (
            [self._encode(part, turns, at_once) for part in parts] for parts in versions
        )
        all_of = self._prover.model.clauses.all_of
        old = all_of(old_literals)
        new = all_of(new_literals)
        goals = {
            Goal("differs", "new"): [all_of([there, new, -old])],
            Goal("differs", "old"): [all_of([there, old, -new])],
        }
        return self._prover.settle(goals, batch=1)

    def _find_moment(self, owner: str, moment: Moment, turn: int | None) -> ClauseLiteral:
        """Return the literal that the owner of a condition is reached, asked or answered."""
        for position in self._prover.model.positions:
            if position.place.item != owner or position.place.turn not in (None, turn):
                continue
            if moment == "reached":
                return position.reached
            if moment == "answered" and position.cell is not None:
                return position.cell.answered
            return position.asked
        return TRUE

    def _encode(self, part: ConditionPart, turns: Turns, at_once: bool) -> ClauseLiteral:
        condition, reading = part
        tree = self._find_tree(condition, at_once)
        encoder = self._prover.model.encoder
        if reading == "at least":
            [turn] = turns.values()
            term = encoder.find_number(tree, NO_TURNS)
            return encoder.compare_term(tree, term, ">=", turn).true
        truth = encoder.encode(tree, turns)
        match reading:
            case "true":
                return truth.true
            case "not true":
                return -truth.true
            case "false":
                return truth.false

    def _find_tree(self, condition: Condition, at_once: bool) -> ast.expr:
        """Find the tree of a condition with the names of this side.

        Both are kept: the encoder knows a tree by its identity, and this knows a condition so.
        """
        key = (id(condition), at_once)
        if key not in self._trees:
            minutes = self._minutes if at_once else None
            tree = _Adaptation(self.names, minutes).visit(deepcopy(condition.tree))
            self._trees[key] = condition, tree
        _, tree = self._trees[key]
        return tree

    def is_open(self, condition: Condition, at_once: bool) -> bool:
        """Return whether clauses leave a part open, or don't relate it to the time."""
        text = write_expression(condition.tree)
        if "today()" in text or ("elapsed()" in text and not at_once):
            return True
        tree = self._find_tree(condition, at_once)
        return self._prover.model.encoder.open_parts.contain_part_of(tree)

    def read_example(
        self, names: Iterable[str], witness: Witness, turn: int | None
    ) -> dict[str, WitnessValue]:
        """Return the values of names in a turn of a roster, without what has many values there."""
        values = dict(witness.sample)
        for name in names:
            item = self.instrument.items.get(name)
            if item is None:
                continue
            if item.roster is None:
                values[name] = witness.answers.get(Place(name), NOT_ASKED)
            elif turn is not None:
                values[name] = witness.answers.get(Place(name, turn), NOT_ASKED)
        return {name: values[name] for name in sorted(names) if name in values}


class _Adaptation(ast.NodeTransformer):
    """Replacement of names, and of each `elapsed()` by one node, which stands for one value."""

    def __init__(self, names: Mapping[str, str], minutes: ast.expr | None) -> None:
        self.names = names
        self.minutes = minutes

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.names.get(node.id, node.id))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Attribute(self.visit(node.value), self.names.get(node.attr, node.attr))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self.minutes is not None and write_expression(node) == "elapsed()":
            return self.minutes
        return self.generic_visit(node)
