"""Reasons: the conditions because of which another one is always true, or never."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from survey_cli.instrument.compiled.draft import NameUse
from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.compiled.requirements import Requirement, list_requirements
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.proof.clauses import Literal
from survey_cli.proof.forks import find_route_inputs
from survey_cli.proof.route import RoutePosition
from survey_cli.proof.verdicts import Prover


class Reason(NamedTuple):
    """One thing that must hold for the interview to come to a position."""

    requirement: Requirement
    is_end: bool = False
    """It is the condition of an `end` that did not end the interview."""


class SettledCondition(NamedTuple):
    """A condition that is always true, or never, whenever the interview evaluates it."""

    node: CompiledNode
    requirement: Requirement
    """The condition, with the key that it is written under."""
    truth: bool
    """It is always true."""
    impossible: Literal
    """What would have to be true for it to be otherwise."""


class ReasonFinder:
    """Finder of the reasons of settled conditions, in words."""

    def __init__(self, prover: Prover, uses: Mapping[int, NameUse]) -> None:
        self.prover = prover
        self.uses = uses
        """For each condition, by its identity, how the questionnaire uses it."""
        self.instrument: Instrument = prover.model.instrument
        self.positions = prover.model.positions_by_node
        groups = (self.instrument.root, *self.instrument.groups.values())
        self.parents = {child.id: group for group in groups for child in group.children}

    def describe_reasons(self, settled: SettledCondition) -> list[str]:
        """Describe the conditions because of which a condition is settled."""
        reasons = dict(self._iterate_reasons(settled))
        excluding = self.prover.find_reasons(settled.impossible, list(reasons))
        condition = settled.requirement.condition
        needed = [reasons[literal] for literal in excluding or ()]
        if not needed:
            # it follows from when the items are asked that the condition names
            needed = list(self._iterate_reasons_of_names(condition))
        others = [reason for reason in needed if reason.requirement.condition is not condition]
        return [self._describe_reason(reason) for reason in dict.fromkeys(others)]

    def _iterate_reasons(self, settled: SettledCondition) -> Iterator[tuple[Literal, Reason]]:
        """Yield what must hold for the interview to come to a condition, with its literal."""
        node = settled.node
        around = set(self._iterate_around(node))
        own = self.positions[node.id][0]
        for position in self.prover.model.positions:
            if position is own:
                break
            before = position.node
            requirements = list_requirements(before)
            is_end = isinstance(before, CompiledItem) and isinstance(before.question, EndItem)
            if is_end and requirements:
                yield -position.asked, Reason(requirements[-1], is_end=True)
            if before.id in around:
                for requirement in requirements:
                    yield _find_met(position, requirement), Reason(requirement)

        # of its own conditions, those that are evaluated before this one
        for requirement in list_requirements(node):
            if requirement.condition is settled.requirement.condition:
                break
            yield _find_met(own, requirement), Reason(requirement)

    def _iterate_reasons_of_names(self, condition: Condition) -> Iterator[Reason]:
        """Yield the conditions of the items that this one names, and of the groups around these."""
        items = self.instrument.items
        inputs = find_route_inputs(self.instrument, condition.names) & items.keys()
        for name in sorted(inputs):
            for node_id in (name, *self._iterate_around(items[name])):
                if node_id in self.positions:
                    node = self.positions[node_id][0].node
                    for requirement in list_requirements(node):
                        yield Reason(requirement)

    def _iterate_around(self, node: CompiledNode) -> Iterator[str]:
        """Yield the groups around a node."""
        group = self.parents.get(node.id)
        while group is not None and group is not self.instrument.root:
            yield group.id
            group = self.parents.get(group.id)

    def _describe_reason(self, reason: Reason) -> str:
        """Describe a reason in words, with the position of its condition."""
        condition, owner, key = reason.requirement
        use = self.uses.get(id(condition))
        text = shorten(condition.text)
        if use is not None:
            text += f" (at {use.where})"
        if reason.is_end:
            word = "if" if key == "ask_if" else "unless"
            return f"{owner} ends the interview {word} {text}"
        if key == "ask_if":
            return f"{owner} is asked only if {text}"
        return f"{owner} is not asked if {text}"


def _find_met(position: RoutePosition, requirement: Requirement) -> Literal:
    """Return the literal that a requirement of a position is met."""
    if requirement.key == "ask_if":
        return position.ask_if.true
    return -position.unless.true
