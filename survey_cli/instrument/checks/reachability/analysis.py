"""Checks of the route: items, options and checks that nobody can reach.

Items are visited in order with everything that must hold at each of them: the conditions around it, and the ends
before it that have not ended the interview.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, NamedTuple

from survey_cli.instrument.checks.condition_values import get_never_true_conditions
from survey_cli.instrument.checks.reachability.facts import (
    ANY_TRUTH,
    FALSE,
    NO_CONSTRAINTS,
    NOT_TRUE,
    TRUE,
    ConditionSolver,
    Facts,
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
from survey_cli.problems import Problem, Severity
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

    def add(self, facts: Facts, reason: Reason) -> "RouteConstraints":
        """Return the constraints after one more thing that must hold, with the facts that follow."""
        return RouteConstraints(facts, (*self.reasons, reason)[-MAX_KEPT_REASONS:])


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
    severity: Severity = "warning"


@dataclass(slots=True)
class _ReachabilityAnalysis:
    """Traversal of the route of one draft."""

    draft: InstrumentDraft
    solver: ConditionSolver
    findings: list[ReachabilityFinding] = field(default_factory=list)
    items_without_options: list[CompiledItem] = field(default_factory=list)
    """Items for which it can happen that no option is offered."""

    def walk_group(
        self,
        nodes: Sequence[CompiledNode],
        constraints: RouteConstraints,
        *,
        shuffled: bool,
        roster: bool,
    ) -> list[Reason]:
        """Walk the nodes of a group and return the ends in it that were passed, as its own end sees them."""
        passed: list[Reason] = []
        for node in nodes:
            if not constraints.facts:
                break  # nobody gets here, which has been reported
            new_ends = self._walk_node(node, constraints, roster)
            passed += new_ends
            for reason in new_ends if not shuffled else ():
                facts = self.solver.assume_not_all(reason.requirements, constraints.facts)
                constraints = constraints.add(facts, reason)
        return passed

    def _walk_node(
        self, node: CompiledNode, constraints: RouteConstraints, roster: bool
    ) -> list[Reason]:
        requirements = list_requirements(node)
        if isinstance(node, CompiledItem) and not self._is_relevant(
            node, requirements, constraints.facts
        ):
            return []
        inner_constraints = self._enter(node, requirements, constraints)
        if inner_constraints is None:
            self.solver.unreached.update(
                [node.id] if isinstance(node, CompiledItem) else [n.id for n in node.items]
            )
            return []
        if isinstance(node, CompiledItem):
            self._check_item(node, inner_constraints)
            return [] if roster else self._list_passed_ends(node, requirements)
        is_roster = isinstance(node, Roster)
        shuffled = node.order != "written"
        passed = self.walk_group(
            node.children, inner_constraints, shuffled=shuffled, roster=roster or is_roster
        )
        if is_roster or _has_broken_condition(node):
            return []
        return [
            reason._replace(requirements=(*requirements, *reason.requirements)) for reason in passed
        ]

    def _is_relevant(
        self, item: CompiledItem, requirements: tuple[Requirement, ...], facts: Facts
    ) -> bool:
        """Return whether an item can yield a finding or a constraint."""
        has_conditions = (
            item.checks or (item.options_vary and item.scale is None) or item.options_conditional
        )
        if has_conditions or isinstance(item.question, EndItem) or len(requirements) > 1:
            return True
        return any(
            self.solver.may_settle(requirement.condition, facts) for requirement in requirements
        )

    def _list_passed_ends(
        self, item: CompiledItem, requirements: tuple[Requirement, ...]
    ) -> list[Reason]:
        """Return an `end` that was passed, as the reason that not all of its conditions were met."""
        symbol = self.draft.symbols.get(item.id)
        if symbol is None or not isinstance(item.question, EndItem) or _has_broken_condition(item):
            return []
        return (
            [Reason(requirements, is_end=True)] if is_always_last(self.draft, symbol.path) else []
        )

    def _enter(
        self,
        node: CompiledNode,
        requirements: tuple[Requirement, ...],
        constraints: RouteConstraints,
    ) -> RouteConstraints | None:
        """Return the constraints inside a node; None if nobody gets there."""
        is_item = isinstance(node, CompiledItem)
        for requirement in requirements:
            condition, truths, _, key = requirement
            facts = self.solver.assume(condition, truths, constraints.facts)
            if not facts:
                holds = "can never be true" if key == "ask_if" else "is always true"
                what = f"{holds} here, {'so it is never reached' if is_item else 'so nothing in it is ever reached'}"
                remedy = f"change one of the conditions, or remove {node.id}"
                self.add_finding("never-reached", condition, key, truths, constraints, what, remedy)
                return None
            if not self._is_possible(condition, ANY_TRUTH ^ truths, constraints):
                what = "is always true here" if key == "ask_if" else "can never be true here"
                remedy = "remove it, or change one of the conditions"
                if (
                    isinstance(node, CompiledItem)
                    and isinstance(node.question, EndItem)
                    and len(requirements) == 1
                ):
                    what += ", so nobody continues after this end"
                    remedy = "remove it if that is intended, or change one of the conditions"
                self.add_finding(
                    "needless-condition",
                    condition,
                    key,
                    ANY_TRUTH ^ truths,
                    constraints,
                    what,
                    remedy,
                )
                if is_passed_by_nobody(self.draft, node):
                    remedy = "change one of the conditions: nobody is asked what follows"
                    self.findings[-1] = self.findings[-1]._replace(severity="error", remedy=remedy)
            constraints = constraints.add(facts, Reason((requirement,)))
        return constraints

    def _is_possible(
        self, condition: Condition, truths: int, constraints: RouteConstraints
    ) -> bool:
        facts = constraints.facts
        return not self.solver.may_settle(condition, facts) or bool(
            self.solver.assume(condition, truths, facts)
        )

    def _check_item(self, item: CompiledItem, constraints: RouteConstraints) -> None:
        """Check the conditions of an item's options, and of its checks once it is answered."""
        facts = constraints.facts
        for option in item.options:
            condition = option.ask_if
            if condition is None:
                continue
            if item.options_conditional:
                facts = self.solver.assume(condition, NOT_TRUE, facts)
            if item.scale is not None or item.options_source is not None:
                continue
            if not self._is_possible(condition, TRUE, constraints):
                what = f"can never be true here, so the option {option.code} is never offered"
                remedy = "change one of the conditions, or remove the option"
                self.add_finding(
                    "never-reached", condition, "ask_if", TRUE, constraints, what, remedy
                )
            elif not self._is_possible(condition, NOT_TRUE, constraints):
                what, remedy = "is always true here", "remove it, or change one of the conditions"
                self.add_finding(
                    "needless-condition", condition, "ask_if", NOT_TRUE, constraints, what, remedy
                )
        if item.options_conditional and item.options_source is None and facts:
            self.items_without_options.append(item)
        if item.checks:
            constraints = constraints._replace(
                facts=self.solver.assume_answered(item.id, constraints.facts)
            )
        for check in item.checks:
            condition, remedy = check.condition, "change the condition, or remove it"
            if check.aloud and not self._is_possible(condition, TRUE, constraints):
                what = "can never be true here, so it is never read"
                self.add_finding(
                    "never-reached", condition, "confirm", TRUE, constraints, what, remedy
                )
            elif not check.aloud and not self._is_possible(condition, FALSE, constraints):
                what = "is never false here"
                self.add_finding(
                    "needless-condition", condition, "expect", FALSE, constraints, what, remedy
                )

    def add_finding(
        self,
        rule: str,
        condition: Condition,
        key: str,
        truths: int,
        at: RouteConstraints,
        what: str,
        remedy: str,
    ) -> None:
        """Add a finding about a condition that never has these truth values, with what follows and the remedy."""
        reasons = self._find_reasons(condition, truths, at)
        self.findings.append(
            ReachabilityFinding(rule, condition, key, what, remedy, truths, reasons)
        )

    def _find_reasons(
        self, condition: Condition, truths: int, constraints: RouteConstraints
    ) -> tuple[Reason, ...]:
        """Find the smallest sufficient set of reasons; the latest three around it if no pair is sufficient."""
        solver, variables = self.solver, self.solver.variables
        candidates = list(constraints.reasons)
        own_names = condition.names
        names = set(own_names)
        for _ in range(2):
            for name in sorted(names):
                if (variable := variables.find(name)) is not None and variable.is_asked:
                    candidates += [
                        Reason((requirement,))
                        for requirement in variables.list_requirements_of(name)
                    ]
            names |= {
                name
                for reason in candidates
                for r in reason.requirements
                for name in r.condition.names
            }
        candidates = list(dict.fromkeys(candidates))
        candidates.sort(
            key=lambda reason: own_names.isdisjoint(reason.requirements[-1].condition.names)
        )
        with solver.ignore_requirements():
            for count in (0, 1, 2):
                for subset in combinations(candidates[: MAX_REASONS[count]], count):
                    facts = solver.assume(condition, truths, NO_CONSTRAINTS)
                    for reason in subset:
                        apply = solver.assume_not_all if reason.is_end else solver.assume_all
                        facts = apply(reason.requirements, facts)
                    if not facts:
                        return subset
        return constraints.reasons[-3:]


def _has_broken_condition(node: CompiledNode) -> bool:
    """Return whether one of its conditions could not be compiled."""
    spec = node.question if isinstance(node, CompiledItem) else node.spec
    return spec is not None and (
        (spec.ask_if is not None and node.ask_if is None)
        or (spec.unless is not None and node.unless is None)
    )


@once_per_draft
def analyze_route(
    draft: InstrumentDraft,
) -> tuple[Sequence[ReachabilityFinding], Sequence[CompiledItem]]:
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

    Remove it, or correct it if something else was meant. It is an error at an `end` that questions follow, because nobody
    is asked them.
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
        yield report(
            "no-option",
            (draft.symbols[item.id].where, len(item.id)),
            item.id,
            what,
            remedy,
            "warning",
        )


def is_passed_by_nobody(draft: InstrumentDraft, node: CompiledNode) -> bool:
    """Return whether questions follow an `end`, so that it is a mistake if nobody continues after it."""
    if (
        not isinstance(node, CompiledItem)
        or not isinstance(node.question, EndItem)
        or node.roster is not None
    ):
        return False
    names = list(draft.items)
    following = names[names.index(node.id) + 1 :]
    return any(draft.items[name].question.expects_answer for name in following)


def _report_findings(draft: InstrumentDraft, rule: str) -> Iterator[Problem]:
    findings = [f for f in analyze_route(draft)[0] if f.rule == rule]
    uses = {id(use.condition): use for use in draft.uses if findings and use.condition is not None}
    reported = get_never_true_conditions(draft)
    for finding in findings:
        use = uses.get(id(finding.condition))
        is_new = (
            finding.reasons or finding.severity == "error" or id(finding.condition) not in reported
        )
        if use is not None and is_new:
            why = join_words(
                [describe_reason(reason, uses) for reason in finding.reasons], most=MAX_LISTED
            )
            because = f": {why}" if why else ", whatever the answers are"
            what = f"{finding.key}: {shorten(finding.condition.text)} {finding.what}{because}"
            yield report(
                rule,
                (use.where, max(1, use.length)),
                use.owner,
                what,
                finding.remedy,
                finding.severity,
            )


def describe_reason(reason: Reason, uses: Mapping[int, NameUse]) -> str:
    """Describe a reason in words, with the position of its condition."""
    condition, _, owner, key = reason.requirements[-1]
    use = uses.get(id(condition))
    text = shorten(condition.text) + (f" (at {use.where})" if use is not None else "")
    if reason.is_end:
        return f"{owner} ends the interview {'if' if key == 'ask_if' else 'unless'} {text}"
    return (
        f"{owner} is asked only if {text}" if key == "ask_if" else f"{owner} is not asked if {text}"
    )
