"""Comparison of the conditions of two versions: whether they hold for the same answers, proved on both questionnaires."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.proof.clauses import TRUE
from survey_cli.proof.clauses import Literal as ClauseLiteral
from survey_cli.proof.goals import Goal, Witness
from survey_cli.proof.verdicts import Prover

Reading: TypeAlias = Literal["true", "not true", "false", "at least"]
"""What matters of a condition: where it is true, is not true, is false; of a number of turns, where it has this turn."""
Verdict: TypeAlias = Literal["same", "different", "undecided"]
Moment: TypeAlias = Literal["reached", "asked", "answered"]
ConditionPart: TypeAlias = tuple[Condition, Reading]
"""A condition, and what matters of it."""


class Comparison(NamedTuple):
    """The result of a comparison."""

    verdict: Verdict
    holds_in_new: bool = True
    """Whether the conditions of the newer version hold for the example, and those of the older don't."""
    example: Witness | None = None
    """Answers for which only one of the two holds."""
    inputs: Sequence[str] = ()
    """The items and sample columns that the conditions depend on."""


class ConditionComparer:
    """Comparison of conditions of two versions on the routes of both."""

    def __init__(self, old: Instrument, new: Instrument, today: date, renamed: Mapping[str, str]) -> None:
        self.instruments = (old, new)
        self.today = today
        self.names: tuple[Mapping[str, str], ...] = ({new_name: name for name, new_name in renamed.items()}, renamed)
        """For each side, the names of the other version that it has under another name."""
        self._trees: dict[tuple[int, int], tuple[Condition, ast.expr]] = {}

    @cached_property
    def _provers(self) -> list[Prover]:
        return [Prover(instrument, self.today) for instrument in self.instruments]

    def compare(
        self, versions: Sequence[Sequence[ConditionPart]], owners: Sequence[str], moment: Moment, roster: str | None
    ) -> Comparison:
        """Compare where all parts of each version hold, at the moment at which its owner is reached, asked or answered.

        It is the same only if it is so on the routes of both versions, in every turn of the roster.
        """
        conditions = [condition for parts in versions for condition, _ in parts]
        decided = True
        for index in (1, 0):
            if not all(self._knows(index, condition) for condition in conditions):
                decided = False
                continue
            group = self.instruments[index].groups.get(roster or "")
            for turn in range(1, group.maximum + 1) if isinstance(group, Roster) else (None,):
                turns = {group.id: turn} if group is not None and turn is not None else {}
                where = self._find_moment(index, owners[index], moment, turn)
                old, new = (
                    self._provers[index].model.clauses.all_of([self._encode(index, part, turns) for part in parts])
                    for parts in versions
                )
                found = self._find_example(index, where, old, new)
                if found is not None and not any(self._is_open(index, condition) for condition in conditions):
                    inputs = sorted({name for condition in conditions for name in self._list_inputs(index, condition)})
                    return found._replace(inputs=inputs)
                decided = decided and found is None
        return Comparison("same" if decided else "undecided")

    def _find_example(
        self, index: int, where: ClauseLiteral, old: ClauseLiteral, new: ClauseLiteral
    ) -> Comparison | None:
        all_of = self._provers[index].model.clauses.all_of
        goals = {Goal("fires", "new"): [all_of([where, new, -old])], Goal("fires", "old"): [all_of([where, old, -new])]}
        for goal, witness in self._provers[index].settle(goals, batch=1).possible.items():
            return Comparison("different", goal.name == "new", witness)
        return None

    def _knows(self, index: int, condition: Condition) -> bool:
        """Return whether a side has every name of a condition, in the same roster as the other."""
        this, other = self.instruments[index], self.instruments[1 - index]
        for name in condition.names:
            own = self.names[index].get(name, name)
            rosters = {item.roster for item in (this.items.get(own), other.items.get(name)) if item is not None}
            if len(rosters) > 1 or not any(own in names for names in (this.items, this.sample, this.computes)):
                return False
        return True

    def _find_moment(self, index: int, owner: str, moment: Moment, turn: int | None) -> ClauseLiteral:
        for position in self._provers[index].model.positions:
            if position.place.item == owner and position.place.turn in (None, turn):
                if moment == "answered" and position.cell is not None:
                    return position.cell.answered
                return position.reached if moment == "reached" else position.asked
        return TRUE

    def _encode(self, index: int, part: ConditionPart, turns: Mapping[str, int]) -> ClauseLiteral:
        condition, reading = part
        tree, encoder = self._find_tree(index, condition), self._provers[index].model.encoder
        if reading == "at least":
            return encoder.compare_term(tree, encoder.find_term(tree, {}), ">=", next(iter(turns.values()))).true
        truth = encoder.encode(tree, turns)
        return {"true": truth.true, "not true": -truth.true, "false": truth.false}[reading]

    def _find_tree(self, index: int, condition: Condition) -> ast.expr:
        """Find the tree of a condition with the names of a side; it is kept, since the encoder knows it by identity."""
        key = (index, id(condition))
        if key not in self._trees:
            renamed, tree = self.names[index], condition.tree
            if condition.names & renamed.keys():
                tree = deepcopy(tree)
                for node in ast.walk(tree):
                    for name in ("id", "attr"):
                        if getattr(node, name, None) in renamed:
                            setattr(node, name, renamed[getattr(node, name)])
            self._trees[key] = condition, tree
        return self._trees[key][1]

    def _list_inputs(self, index: int, condition: Condition) -> Iterator[str]:
        """Yield the items and sample columns that a condition depends on."""
        for name in condition.names:
            own = self.names[index].get(name, name)
            compute = self.instruments[index].computes.get(own)
            if compute is None:
                yield own
            else:
                for inner in compute.conditions.values():
                    yield from self._list_inputs(index, inner)

    def _is_open(self, index: int, condition: Condition) -> bool:
        """Return whether clauses leave a part of a condition open, or don't relate it to the day of the interview."""
        tree, computes = self._find_tree(index, condition), self.instruments[index].computes
        return (
            self._provers[index].model.encoder.is_open(tree)
            or "today()" in ast.unparse(tree)
            or any(
                self._is_open(index, inner)
                for name in condition.names & computes.keys()
                for inner in computes[name].conditions.values()
            )
        )
