"""Checks of the route: items, options and checks that nobody can reach.

Items are visited in order with everything that must hold at each of them: the conditions around it, and the ends
before it that have not ended the interview.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, NamedTuple, cast

from survey_cli.instrument.checks.condition_values import get_never_true_conditions
from survey_cli.instrument.checks.reachability.facts import NO_CONSTRAINTS, ConditionSolver, Facts
from survey_cli.instrument.checks.reachability.variables import (
    ANY_TRUTH,
    FALSE,
    NOT_TRUE,
    TRUE,
    Requirement,
    list_requirements,
)
from survey_cli.instrument.checks.route import is_always_last
from survey_cli.instrument.checks.source_items import report
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse, once_per_draft
from survey_cli.instrument.compiled.model import CompiledNode, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.problems import Problem
from survey_cli.wording import MAX_LISTED, join_words

MAX_REASONS: Final = (0, 30, 8)
"""How many candidate reasons are tried on their own (index 1) and in pairs (index 2)."""
MAX_KEPT_REASONS: Final = 100
"""How many reasons are kept along the route: the latest ones."""


class Reason(NamedTuple):
    """One thing that must hold for a position to be reached."""

    requirements: tuple[Requirement, ...]
    is_end: bool = False
    """It is an `end` that did not end the interview: not all of its requirements were met."""


class RouteConstraints(NamedTuple):
    """What must hold at one position of the route."""

    facts: Facts = NO_CONSTRAINTS
    reasons: tuple[Reason, ...] = ()


class ReachabilityFinding(NamedTuple):
    """A condition that can't have the truth value it would need, and why."""

    rule: str
    condition: Condition
    key: str
    what: str
    remedy: str
    impossible_truths: int
    """Truth values that it never has at its position."""
    reasons: tuple[Reason, ...]
    """Empty if the condition alone is sufficient."""


@dataclass(slots=True)
class _ReachabilityAnalysis:
    """Traversal of the route of one draft."""

    draft: InstrumentDraft
    solver: ConditionSolver
    findings: list[ReachabilityFinding] = field(default_factory=list)
    items_without_options: list[CompiledItem] = field(default_factory=list)
    """Items for which it can happen that no option is offered."""

    def walk_group(
        self, nodes: Sequence[CompiledNode], constraints: RouteConstraints, *, shuffled: bool, roster: bool
    ) -> list[Reason]:
        """Walk the nodes of a group and return the ends in it that were passed, as its own end sees them."""
        passed: list[Reason] = []
        for node in nodes:
            if not constraints.facts:
                break  # nobody gets here, which has been reported
            new_ends = self._walk_node(node, constraints, roster)
            passed += new_ends
            if not shuffled:
                for reason in new_ends:
                    constraints = self._continue_after(reason, constraints)
        return passed

    def _continue_after(self, reason: Reason, constraints: RouteConstraints) -> RouteConstraints:
        facts = self.solver.assume_not_all(reason.requirements, constraints.facts)
        return RouteConstraints(facts, (*constraints.reasons, reason)[-MAX_KEPT_REASONS:])

    def _walk_node(self, node: CompiledNode, constraints: RouteConstraints, roster: bool) -> list[Reason]:
        requirements = list_requirements(node)
        if isinstance(node, CompiledItem) and not self._is_relevant(node, requirements, constraints):
            return []
        inner_constraints = self._enter(node, requirements, constraints)
        if inner_constraints is None:
            self.solver.unreached.update([node.id] if isinstance(node, CompiledItem) else [n.id for n in node.items])
            return []
        if isinstance(node, CompiledItem):
            self._check_item(node, inner_constraints)
            return [] if roster else self._list_passed_ends(node, requirements)
        is_roster = isinstance(node, Roster)
        shuffled = node.order != "written"
        passed = self.walk_group(node.children, inner_constraints, shuffled=shuffled, roster=roster or is_roster)
        if is_roster or _has_broken_condition(node):
            return []
        return [reason._replace(requirements=(*requirements, *reason.requirements)) for reason in passed]

    def _is_relevant(
        self, item: CompiledItem, requirements: tuple[Requirement, ...], constraints: RouteConstraints
    ) -> bool:
        """Return whether an item can yield a finding or a constraint."""
        if item.checks or (item.options_vary and item.scale is None) or item.options_conditional:
            return True
        if isinstance(item.question, EndItem):
            return True
        if not requirements:
            return False
        return len(requirements) > 1 or self.solver.may_settle(requirements[0].condition, constraints.facts)

    def _list_passed_ends(self, item: CompiledItem, requirements: tuple[Requirement, ...]) -> list[Reason]:
        """Return an `end` that was passed, as the reason that not all of its conditions were met."""
        if not isinstance(item.question, EndItem) or _has_broken_condition(item) or item.id not in self.draft.symbols:
            return []
        return (
            [Reason(requirements, is_end=True)] if is_always_last(self.draft, self.draft.symbols[item.id].path) else []
        )

    def _enter(
        self, node: CompiledNode, requirements: tuple[Requirement, ...], constraints: RouteConstraints
    ) -> RouteConstraints | None:
        """Return the constraints inside a node; None if nobody gets there."""
        for requirement in requirements:
            condition, truths = requirement.condition, requirement.truths
            facts = self.solver.assume(condition, truths, constraints.facts)
            if not facts:
                self._report_impossible(node, requirement, constraints)
                return None
            if not self._is_possible(condition, ANY_TRUTH ^ truths, constraints):
                self._report_needless(node, requirement, constraints)
            constraints = RouteConstraints(facts, (*constraints.reasons, Reason((requirement,)))[-MAX_KEPT_REASONS:])
        return constraints

    def _is_possible(self, condition: Condition, truths: int, constraints: RouteConstraints) -> bool:
        solver = self.solver
        return not solver.may_settle(condition, constraints.facts) or bool(
            solver.assume(condition, truths, constraints.facts)
        )

    def _report_impossible(self, node: CompiledNode, requirement: Requirement, constraints: RouteConstraints) -> None:
        what = "so it is never reached" if isinstance(node, CompiledItem) else "so nothing in it is ever reached"
        holds = "can never be true" if requirement.key == "ask_if" else "is always true"
        remedy = f"change one of the conditions, or remove {node.id}"
        self.add_finding(
            "never-reached",
            requirement.condition,
            requirement.key,
            f"{holds} here, {what}",
            remedy,
            requirement.truths,
            constraints,
        )

    def _report_needless(self, node: CompiledNode, requirement: Requirement, constraints: RouteConstraints) -> None:
        what = "is always true here" if requirement.key == "ask_if" else "can never be true here"
        remedy = "remove it, or change one of the conditions"
        if isinstance(node, CompiledItem) and isinstance(node.question, EndItem) and len(list_requirements(node)) == 1:
            what += ", so nobody continues after this end"
            remedy = "remove it if that is intended, or change one of the conditions"
        self.add_finding(
            "needless-condition",
            requirement.condition,
            requirement.key,
            what,
            remedy,
            ANY_TRUTH ^ requirement.truths,
            constraints,
        )

    def _check_item(self, item: CompiledItem, constraints: RouteConstraints) -> None:
        """Check the conditions of an item's options, and of its checks once it is answered."""
        for option in item.options if item.scale is None and item.options_source is None else ():
            condition = option.ask_if
            if condition is None:
                continue
            if not self._is_possible(condition, TRUE, constraints):
                what = f"can never be true here, so the option {option.code} is never offered"
                remedy = "change one of the conditions, or remove the option"
                self.add_finding("never-reached", condition, "ask_if", what, remedy, TRUE, constraints)
            elif not self._is_possible(condition, NOT_TRUE, constraints):
                remedy = "remove it, or change one of the conditions"
                self.add_finding(
                    "needless-condition", condition, "ask_if", "is always true here", remedy, NOT_TRUE, constraints
                )
        facts = constraints.facts
        for option in item.options if item.options_conditional else ():
            facts = self.solver.assume(cast(Condition, option.ask_if), NOT_TRUE, facts)
        if item.options_conditional and item.options_source is None and facts:
            self.items_without_options.append(item)
        if not item.checks:
            return
        constraints = constraints._replace(facts=self.solver.assume_answered(item.id, constraints.facts))
        for check in item.checks:
            condition, remedy = check.condition, "change the condition, or remove it"
            if check.aloud and not self._is_possible(condition, TRUE, constraints):
                what = "can never be true here, so it is never read"
                self.add_finding("never-reached", condition, "confirm", what, remedy, TRUE, constraints)
            elif not check.aloud and not self._is_possible(condition, FALSE, constraints):
                self.add_finding(
                    "needless-condition", condition, "expect", "is never false here", remedy, FALSE, constraints
                )

    def add_finding(
        self,
        rule: str,
        condition: Condition,
        key: str,
        what: str,
        remedy: str,
        impossible_truths: int,
        constraints: RouteConstraints,
    ) -> None:
        reasons = self._find_reasons(condition, impossible_truths, constraints)
        self.findings.append(
            ReachabilityFinding(
                rule=rule,
                condition=condition,
                key=key,
                what=what,
                remedy=remedy,
                impossible_truths=impossible_truths,
                reasons=reasons,
            )
        )

    def _find_reasons(self, condition: Condition, truths: int, constraints: RouteConstraints) -> tuple[Reason, ...]:
        """Find the smallest sufficient set of reasons; the latest three around it if no pair is sufficient."""
        solver = self.solver
        candidates = list(constraints.reasons)
        names = set(condition.names)
        for _ in range(2):
            for name in sorted(names):
                variable = solver.variables.find(name)
                if variable is not None and variable.is_asked:
                    candidates += [
                        Reason((requirement,)) for requirement in solver.variables.list_requirements_of(name)
                    ]
            names |= {
                n for reason in candidates for requirement in reason.requirements for n in requirement.condition.names
            }
        own_names = condition.names
        candidates = sorted(
            dict.fromkeys(candidates), key=lambda r: own_names.isdisjoint(r.requirements[-1].condition.names)
        )
        with solver.ignore_requirements():
            for count in (0, 1, 2):
                for subset in combinations(candidates[: MAX_REASONS[count]], count):
                    facts = solver.assume(condition, truths, NO_CONSTRAINTS)
                    for reason in subset:
                        facts = _apply_reason(solver, reason, facts)
                    if not facts:
                        return subset
        return constraints.reasons[-3:]


def _apply_reason(solver: ConditionSolver, reason: Reason, facts: Facts) -> Facts:
    return (
        solver.assume_not_all(reason.requirements, facts)
        if reason.is_end
        else solver.assume_all(reason.requirements, facts)
    )


def _has_broken_condition(node: CompiledNode) -> bool:
    """Return whether one of its conditions could not be compiled."""
    spec = node.question if isinstance(node, CompiledItem) else node.spec
    return spec is not None and (
        (spec.ask_if is not None and node.ask_if is None) or (spec.unless is not None and node.unless is None)
    )


@once_per_draft
def analyze_route(draft: InstrumentDraft) -> tuple[Sequence[ReachabilityFinding], Sequence[CompiledItem]]:
    """Analyze the route; returns the findings, and the items for which it can happen that no option is offered."""
    analysis = _ReachabilityAnalysis(draft, ConditionSolver(draft))
    if draft.root is not None:
        analysis.walk_group(draft.root.children, RouteConstraints(), shuffled=False, roster=False)
    return analysis.findings, analysis.items_without_options


def never_reached(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition can't be true at its position, because of other conditions.

    They are those of the sections around it, of the items that it names, and of the ends before it.

        - {id: b, type: section, ask_if: "q2 in [2, 3]", items: [{id: q7, ask_if: q2 == 1, …}]}
        - {id: stop, type: end, unless: consent == 1}
        - {id: why, type: verbatim, ask_if: consent == 2, …}     after the end: it is never asked

    Move the item, or change one of the conditions; the problem names all of them.
    """
    yield from _report_findings(draft, "never-reached")


def needless_condition(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition is always true at its position, because of other conditions. It has no effect.

        - {id: stop, type: end, unless: consent == 1}
        - {id: age, type: number, ask_if: consent == 1, …}     consent is always 1 here

    Remove it, or correct it if something else was meant.
    """
    yield from _report_findings(draft, "needless-condition")


def no_option(draft: InstrumentDraft) -> Iterator[Problem]:
    """Every option of a question has an `ask_if`. If none of them is true, the question is not asked.

        options:
          1: {text: By car, ask_if: car == 1}
          2: {text: By train, ask_if: station == 1}

    If that is intended, give the item an `ask_if` that says so; otherwise add an option that is always offered.
    """
    for item in analyze_route(draft)[1]:
        what = "every option has an ask_if: if none of them is true, this item is not asked"
        remedy = "add an option without ask_if (as None of these), or give the item an ask_if that guarantees one"
        yield report("no-option", (draft.symbols[item.id].where, len(item.id)), item.id, what, remedy, "warning")


def _report_findings(draft: InstrumentDraft, rule: str) -> Iterator[Problem]:
    findings = [f for f in analyze_route(draft)[0] if f.rule == rule]
    if not findings:
        return
    uses = {id(use.condition): use for use in draft.uses if use.condition is not None}
    reported = get_never_true_conditions(draft)
    for finding in findings:
        use = uses.get(id(finding.condition))
        if use is None or (not finding.reasons and id(finding.condition) in reported):
            continue
        why = [describe_reason(reason, uses) for reason in finding.reasons]
        because = f": {join_words(why, most=MAX_LISTED)}" if why else ", whatever the answers are"
        what = f"{finding.key}: {shorten(finding.condition.text)} {finding.what}{because}"
        yield report(rule, (use.where, max(1, use.length)), use.owner, what, finding.remedy, "warning")


def describe_reason(reason: Reason, uses: Mapping[int, NameUse]) -> str:
    """Describe a reason in words, with the position of its condition."""
    requirement = reason.requirements[-1]
    use = uses.get(id(requirement.condition))
    text = shorten(requirement.condition.text) + (f" (at {use.where})" if use is not None else "")
    if reason.is_end:
        return f"{requirement.owner} ends the interview {'if' if requirement.key == 'ask_if' else 'unless'} {text}"
    return (
        f"{requirement.owner} is asked only if {text}"
        if requirement.key == "ask_if"
        else f"{requirement.owner} is not asked if {text}"
    )
