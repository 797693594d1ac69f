"""Comparison of the conditions of two versions: whether they hold for the same answers, proved on both questionnaires."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from functools import cached_property
from typing import Any, Literal, TypeAlias

from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.proof.cells import TRUE
from survey_cli.proof.cells import Literal as ClauseLiteral
from survey_cli.proof.goals import Comparison, Goal, Verdicts, Witness
from survey_cli.proof.verdicts import Prover
from survey_cli.values import NOT_ASKED, Place

Reading: TypeAlias = Literal["true", "not true", "false", "at least"]
"""What matters of a condition: where it is true, is not true, is false; of a number of turns, where it has this turn."""
Moment: TypeAlias = Literal["reached", "asked", "answered"]
ConditionPart: TypeAlias = tuple[Condition, Reading]
"""A condition, and what matters of it."""
Versions: TypeAlias = Sequence[Sequence[ConditionPart]]
"""The parts of the conditions of the older and the newer version."""


class ConditionComparer:
    """Comparison of conditions of two versions on the routes of both."""

    def __init__(
        self, old: Instrument, new: Instrument, today: date, renamed: Mapping[str, str]
    ) -> None:
        self.instruments = (old, new)
        self.today = today
        self.names: tuple[Mapping[str, str], ...] = (
            {new_name: name for name, new_name in renamed.items()},
            renamed,
        )
        """For each side, the names of the other version that it has under another name."""
        self._trees: dict[tuple[int, int, bool], tuple[Condition, ast.expr]] = {}
        self._minutes = ast.Call(ast.Name("elapsed"), [], [])

    @cached_property
    def _provers(self) -> list[Prover]:
        return [Prover(instrument, self.today) for instrument in self.instruments]

    def compare(
        self,
        versions: Versions,
        owners: Sequence[str],
        moment: Moment,
        roster: str | None,
        *,
        at_once: bool,
    ) -> Comparison:
        """Compare where all parts of each version hold, at the moment at which its owner is reached, asked or answered.

        It is the same only if it is so on the routes of both versions, in every turn of the roster. `at_once` tells that
        all conditions are evaluated at the same time, so that `elapsed()` has one value.
        """
        written = [condition for parts in versions for condition, _ in parts]
        decided = True
        for index in (1, 0):
            if not all(self._knows(index, condition) for condition in written):
                decided = False
                continue
            conditions = [part for condition in written for part in self._expand(index, condition)]
            group = self.instruments[index].groups.get(roster or "")
            for turn in range(1, group.maximum + 1) if isinstance(group, Roster) else (None,):
                turns = {group.id: turn} if group is not None and turn is not None else {}
                where = self._find_moment(index, owners[index], moment, turn)
                literals = [
                    [self._encode(index, part, turns, at_once) for part in parts]
                    for parts in versions
                ]
                verdicts = self._find_examples(index, where, *literals)
                is_open = any(self._is_open(index, condition, at_once) for condition in conditions)
                if verdicts.possible and not is_open:
                    names = {
                        self.names[index].get(name, name)
                        for each in conditions
                        for name in each.names
                    }
                    goal, witness = next(iter(verdicts.possible.items()))
                    example = self._read_example(index, names, witness, turn)
                    return Comparison(
                        decided=True, holds_in_new=goal.name == "new", example=example
                    )
                decided = decided and not verdicts.possible and not verdicts.undecided
        return Comparison(is_same=decided, decided=decided)

    def _find_examples(
        self,
        index: int,
        where: ClauseLiteral,
        olds: Sequence[ClauseLiteral],
        news: Sequence[ClauseLiteral],
    ) -> Verdicts:
        """Look for answers for which only one of the two holds: goals named for the one that does."""
        all_of = self._provers[index].model.clauses.all_of
        old = all_of(olds)
        new = all_of(news)
        goals = {
            Goal("fires", "new"): [all_of([where, new, -old])],
            Goal("fires", "old"): [all_of([where, old, -new])],
        }
        return self._provers[index].settle(goals, batch=1)

    def _read_example(
        self, index: int, names: Iterable[str], witness: Witness, turn: int | None
    ) -> dict[str, Any]:
        """Return the values that these names have in a turn of a roster; what has many values is left out."""
        items, values = self.instruments[index].items, dict(witness.sample)
        for name in names:
            if name in items and (items[name].roster is None or turn is not None):
                place = Place(name, turn if items[name].roster is not None else None)
                values[name] = witness.answers.get(place, NOT_ASKED)
        return {name: values[name] for name in sorted(names) if name in values}

    def _knows(self, index: int, condition: Condition) -> bool:
        """Return whether a side has every name of a condition, in the same roster as the other."""
        this, other = self.instruments[index], self.instruments[1 - index]
        for name in condition.names:
            own = self.names[index].get(name, name)
            rosters = {
                item.roster
                for item in (this.items.get(own), other.items.get(name))
                if item is not None
            }
            is_known = own.startswith("interviewer.") or own in {
                **this.items,
                **this.sample,
                **this.computes,
            }
            if len(rosters) > 1 or not is_known:
                return False
        return True

    def _find_moment(
        self, index: int, owner: str, moment: Moment, turn: int | None
    ) -> ClauseLiteral:
        for position in self._provers[index].model.positions:
            if position.place.item == owner and position.place.turn in (None, turn):
                if moment == "answered" and position.cell is not None:
                    return position.cell.answered
                return position.reached if moment == "reached" else position.asked
        return TRUE

    def _encode(
        self, index: int, part: ConditionPart, turns: Mapping[str, int], at_once: bool
    ) -> ClauseLiteral:
        condition, reading = part
        tree, encoder = (
            self._find_tree(index, condition, at_once),
            self._provers[index].model.encoder,
        )
        if reading == "at least":
            return encoder.compare_term(
                tree, encoder.find_term(tree, {}), ">=", next(iter(turns.values()))
            ).true
        truth = encoder.encode(tree, turns)
        return {"true": truth.true, "not true": -truth.true, "false": truth.false}[reading]

    def _find_tree(self, index: int, condition: Condition, at_once: bool) -> ast.expr:
        """Find the tree of a condition with the names of a side; it is kept, since the encoder knows it by identity."""
        key = (index, id(condition), at_once)
        if key not in self._trees:
            minutes = self._minutes if at_once else None
            tree = _Adaptation(self.names[index], minutes).visit(deepcopy(condition.tree))
            self._trees[key] = condition, tree
        return self._trees[key][1]

    def _expand(self, index: int, condition: Condition) -> Iterator[Condition]:
        """Yield a condition and the calculations that it names."""
        yield condition
        computes = self.instruments[index].computes
        for name in condition.names & computes.keys():
            for inner in computes[name].conditions.values():
                yield from self._expand(index, inner)

    def _is_open(self, index: int, condition: Condition, at_once: bool) -> bool:
        """Return whether clauses leave a part of a condition open, or don't relate it to the time of the interview."""
        tree, text = self._find_tree(index, condition, at_once), ast.unparse(condition.tree)
        is_timed = "today()" in text or ("elapsed()" in text and not at_once)
        return is_timed or self._provers[index].model.encoder.is_open(tree)


class _Adaptation(ast.NodeTransformer):
    """Replacement of names, and of each `elapsed()` by one node, which stands for one value."""

    def __init__(self, names: Mapping[str, str], minutes: ast.expr | None) -> None:
        self.names, self.minutes = names, minutes

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.names.get(node.id, node.id))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Attribute(self.visit(node.value), self.names.get(node.attr, node.attr))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return (
            self.minutes
            if self.minutes and ast.unparse(node) == "elapsed()"
            else self.generic_visit(node)
        )
