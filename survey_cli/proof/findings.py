"""Findings of the proof: verdicts as problems, with positions, reasons and remedies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from survey_cli.instrument.checks.compute_readers import ComputeReaders
from survey_cli.instrument.checks.source_items import locate_definition, report
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import CompiledNode
from survey_cli.instrument.compiled.requirements import Requirement, list_requirements
from survey_cli.instrument.editions import STRICT_CHOICES_EDITION
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.schema.items.question import (
    CompiledCheck,
    CompiledItem,
    CompiledOption,
)
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import find_node
from survey_cli.problems import Position, Problem, Severity
from survey_cli.proof.fork_findings import ForkFinding, judge_fork
from survey_cli.proof.fork_models import ForkModel
from survey_cli.proof.forks import Fork, find_route_inputs
from survey_cli.proof.goals import FillUse, Goal, GoalKind, Verdicts
from survey_cli.proof.idle_rows import iterate_idle_rows
from survey_cli.proof.reasons import ReasonFinder, SettledCondition
from survey_cli.proof.route import RoutePosition
from survey_cli.proof.silent_choice_words import describe_silent_choice
from survey_cli.proof.silent_choices import SilentChoice, select_silent_choices
from survey_cli.proof.table_gaps import iterate_gaps
from survey_cli.proof.verdicts import Prover
from survey_cli.proof.witness_words import label_declines
from survey_cli.wording import join_words

STATED_RULES: Final = frozenset(("never-true", "constant-condition", "compared-with-itself"))
"""Rules of the checks about a condition by itself. What follows from it is not reported again."""
_REMEDIES: Final[Mapping[str, str]] = {
    "never-asked": "change one of the conditions, or remove it",
    "always-asked": "remove it if that is intended, or change one of the conditions",
    "never-offered": "change one of the conditions, or remove the option",
    "always-offered": "remove it, or change one of the conditions",
    "no-option": (
        "add an option without ask_if (as None of these), or give the item an ask_if that "
        "guarantees one"
    ),
    "check-never-passes": "correct the condition",
    "check-never-fires": "change the condition, or remove it",
    "filter-gap": "change one of the conditions, or add an item for the others",
    "filter-overlap": "change one of the conditions if only one of them is meant",
    "empty-quota-cell": "change the conditions of the ends, or write 0 as its target",
    "undecided": "write scenarios for it, and run them with survey test",
}
DEAD_END_REMEDY: Final = "change one of the conditions: nobody is asked what follows"
_STATEMENTS: Final[Mapping[GoalKind, str]] = {
    "asked": "it is asked",
    "skipped": "it is skipped",
    "unknown": "its condition is unknown",
    "offered": "the option {} is offered",
    "fires": "check {} fires",
    "passes": "check {} is passed",
    "counted": "an interview counts in the cell {}",
}


class ProofFinding(NamedTuple):
    """A problem, and the goal that shows it."""

    problem: Problem
    goal: Goal | None = None


@dataclass(eq=False)
class ProofReport:
    """Everything that the proof found about one instrument."""

    draft: InstrumentDraft
    prover: Prover
    verdicts: Verdicts
    forks: Sequence[ForkModel]
    fills: Sequence[FillUse]
    choices: Sequence[SilentChoice]
    known: Sequence[Problem]
    """The problems found without the proof."""

    def __post_init__(self) -> None:
        self.instrument = self.prover.model.instrument
        self.positions = self.prover.model.positions_by_node
        self._uses: dict[int, NameUse] = {
            id(use.condition): use for use in self.draft.uses if use.condition is not None
        }
        self._reasons = ReasonFinder(self.prover, self._uses)
        self._impossible = frozenset(self.verdicts.impossible)
        self._blocked = False
        """Something was found after which nobody continues."""

    def list_findings(self) -> list[ProofFinding]:
        """List the findings."""
        findings = list(self._list_settled())
        for model in self.forks:
            judged = judge_fork(model, self.verdicts)
            findings += [self._describe_fork(model.fork, found) for found in judged]
        findings += self._list_empty_cells()
        findings += self._list_unfilled()
        findings += self._list_silent_choices()
        findings += [ProofFinding(*gap) for gap in iterate_gaps(self.draft, self.verdicts)]
        findings += [ProofFinding(row) for row in iterate_idle_rows(self.draft, self.prover)]
        findings += self._list_undecided()
        return findings

    def list_possible(self) -> Iterator[ProofFinding]:
        """Yield what is possible as information."""
        for goal in self.verdicts.possible:
            if goal.kind in _STATEMENTS:
                what = f"possible: {_state(goal)}"
                problem = self._make_problem("possible", goal.name, what, severity="info")
                yield ProofFinding(problem, goal)

    def keep_others(self, findings: Iterable[ProofFinding]) -> list[Problem]:
        """Return the problems found without the proof, except those that it decides."""
        settled = {use.where for use in self.fills if use.goal not in self.verdicts.undecided}
        problems = [finding.problem for finding in findings]
        holes = {problem.who for problem in problems if problem.rule == "decline-hole"}
        forks = [model.fork for model in self.forks if model.fork.name in holes]
        explained = {node.id for fork in forks for nodes in fork.branches for node in nodes}

        def is_decided(problem: Problem) -> bool:
            if problem.rule == "unsure-fill":
                return problem.where in settled
            return problem.rule == "unsure-negation" and problem.who in explained

        return [problem for problem in self.known if not is_decided(problem)]

    # Items, options and checks

    def _list_settled(self) -> Iterator[ProofFinding]:
        """Yield what is never or always so, unless a check has said it of the condition."""
        stated = {(p.who, p.where, p.length) for p in self.known if p.rule in STATED_RULES}
        for positions in self.positions.values():
            for finding in self._check_node(positions[0].node):
                problem = finding.problem
                is_stated = (problem.who, problem.where, problem.length) in stated
                if problem.severity == "error" or not is_stated:
                    yield finding

    def _check_node(self, node: CompiledNode) -> Iterator[ProofFinding]:
        if Goal("asked", node.id) in self._impossible:
            yield from self._explain_never_asked(node)
            return
        yield from self._list_needless(node)
        if isinstance(node, CompiledItem):
            yield from self._check_options(node)
            yield from self._check_checks(node)

    def _list_needless(self, node: CompiledNode) -> Iterator[ProofFinding]:
        """Yield the conditions of a node that never keep it from being asked."""
        position = self.positions[node.id][0]
        is_end = isinstance(node, CompiledItem) and isinstance(node.question, EndItem)
        is_dead_end = is_end and Goal("skipped", node.id) in self._impossible
        for requirement in list_requirements(node):
            if Goal("kept", node.id, requirement.key) not in self._impossible:
                continue
            is_always_true = requirement.key == "ask_if"
            impossible = -position.ask_if.true if is_always_true else position.unless.true
            settled = SettledCondition(node, requirement, is_always_true, impossible)
            if is_dead_end:
                yield self._describe_dead_end(settled)
                return  # its other condition has no effect either
            yield self._describe("always-asked", settled, "so the filter has no effect")

    def _describe_dead_end(self, settled: SettledCondition) -> ProofFinding:
        """Describe the condition of an `end` after which nobody continues."""
        self._blocked = True
        what = "so nobody continues after this end"
        if self._is_followed_by_questions(settled.node):
            return self._describe("always-asked", settled, what, DEAD_END_REMEDY, "error")
        return self._describe("always-asked", settled, what)

    def _is_followed_by_questions(self, end: CompiledNode) -> bool:
        """Return whether questions follow an `end`, so that it is a mistake if nobody continues."""
        if not isinstance(end, CompiledItem) or end.roster is not None:
            return False
        names = list(self.instrument.items)
        following = names[names.index(end.id) + 1 :]
        return any(self.instrument.items[name].question.expects_answer for name in following)

    def _check_options(self, item: CompiledItem) -> Iterator[ProofFinding]:
        """Yield the options that are never offered, and those that are always offered."""
        for option in item.options:
            yield from self._check_option(item, option)

        # what the solver can't decide is reported too, without an example
        goal = Goal("optionless", item.id)
        may_lack_options = item.options_conditional and goal not in self._impossible
        if may_lack_options and item.options_source is None:
            what = "every option has an ask_if: if none of them is true, this item is not asked"
            yield ProofFinding(self._make_problem("no-option", item.id, what), goal)

    def _check_option(self, item: CompiledItem, option: CompiledOption) -> Iterator[ProofFinding]:
        if option.ask_if is None:
            return
        turns = self.positions[item.id][0].turns
        truth = self.prover.model.encoder.encode(option.ask_if.tree, turns)
        requirement = Requirement(option.ask_if, item.id, "ask_if")
        # a shared list is the same at every item, so that its options are not needless here
        is_shared = item.scale is not None or item.options_source is not None
        if Goal("offered", item.id, option.code) in self._impossible:
            settled = SettledCondition(item, requirement, False, truth.true)
            what = f"so the option {option.code} is never offered"
            yield self._describe("never-offered", settled, what)
        elif Goal("withheld", item.id, option.code) in self._impossible and not is_shared:
            settled = SettledCondition(item, requirement, True, -truth.true)
            what = f"so the option {option.code} is always offered"
            yield self._describe("always-offered", settled, what)

    def _check_checks(self, item: CompiledItem) -> Iterator[ProofFinding]:
        """Yield the checks that never fire, and those that no answer passes."""
        position = self.positions[item.id][0]
        for number, check in enumerate(item.checks):
            never_fires = Goal("fires", item.id, number) in self._impossible
            never_passes = Goal("passes", item.id, number) in self._impossible
            # with both, the item is never answered
            if never_fires == never_passes:
                continue

            # a check that is read aloud fires if its condition is true, another one if it is false
            if check.aloud:
                key = "confirm"
                is_always_true = never_passes
            else:
                key = "expect"
                is_always_true = never_fires
            truth = self.prover.model.encoder.encode(check.condition.tree, position.turns)
            impossible = truth.false if is_always_true else truth.true
            requirement = Requirement(check.condition, item.id, key)
            settled = SettledCondition(item, requirement, is_always_true, impossible)
            if never_fires:
                yield self._describe_check_without_effect(check, settled)
            else:
                yield self._describe_check_never_passed(check, settled)

    def _describe_check_without_effect(
        self, check: CompiledCheck, settled: SettledCondition
    ) -> ProofFinding:
        if check.aloud:
            return self._describe("check-never-fires", settled, "so it is never read")
        return self._describe("check-never-fires", settled, "so the check has no effect")

    def _describe_check_never_passed(
        self, check: CompiledCheck, settled: SettledCondition
    ) -> ProofFinding:
        if check.soft:
            what = "so it comes after every answer"
            return self._describe("check-never-passes", settled, what)

        # no interview gets past a hard check that no answer passes
        self._blocked = True
        what = "so no answer is accepted"
        return self._describe("check-never-passes", settled, what, severity="error")

    def _explain_never_asked(self, node: CompiledNode) -> Iterator[ProofFinding]:
        """Yield why an item or group is never asked, unless what was found before explains it."""
        requirements = list_requirements(node)
        named = [name for requirement in requirements for name in requirement.condition.names]
        inputs = find_route_inputs(self.instrument, named)
        if any(Goal("asked", name) in self._impossible for name in inputs):
            return  # it follows from what was found at that item

        positions = self.positions[node.id]
        coming = [each for each in positions if not self.prover.is_excluded(each.reached)]
        if coming:
            yield self._describe_never_asked(node, coming[0], requirements)
            return

        # the first one after which nobody continues is told, and nothing within a group
        is_in_root = self._reasons.parents.get(node.id) is self.instrument.root
        if is_in_root and not self._blocked:
            self._blocked = True
            yield self._describe_unreached(node)

    def _describe_never_asked(
        self, node: CompiledNode, position: RoutePosition, requirements: Sequence[Requirement]
    ) -> ProofFinding:
        """Describe why a node is never asked although interviews come to this position."""
        what = "so nothing in it is ever asked"
        if isinstance(node, CompiledItem):
            what = "so it is never asked"
            if node.options_conditional and not self.prover.is_excluded(position.due):
                no_option = "no option can be offered here"
                return ProofFinding(self._make_problem("never-asked", node.id, no_option))

        by_key = {requirement.key: requirement for requirement in requirements}
        ask_if = by_key.get("ask_if")
        unless = by_key.get("unless")
        # of two conditions, `ask_if` is the cause only if it is never true by itself
        if ask_if is not None and unless is not None:
            is_cause = self.prover.is_excluded(position.reached, position.ask_if.true)
            if not is_cause:
                ask_if = None

        if ask_if is not None:
            settled = SettledCondition(node, ask_if, False, position.ask_if.true)
            return self._describe("never-asked", settled, what)
        if unless is not None:
            settled = SettledCondition(node, unless, True, -position.unless.true)
            return self._describe("never-asked", settled, what)
        return self._describe_unreached(node)

    def _describe_unreached(self, node: CompiledNode) -> ProofFinding:
        return ProofFinding(self._make_problem("never-asked", node.id, "nobody gets here"))

    def _describe(
        self,
        rule: str,
        settled: SettledCondition,
        what: str,
        remedy: str = "",
        severity: Severity = "warning",
    ) -> ProofFinding:
        """Describe a condition that is always or never true: what follows, and why."""
        condition, owner, key = settled.requirement
        always = "is always true" if settled.truth else "can never be true"
        text = f"{key}: {shorten(condition.text)} {always} here, {what}"
        reasons = self._reasons.describe_reasons(settled)
        if reasons:
            text += f": {join_words(reasons, most=3)}"
        use = self._uses.get(id(condition))
        return ProofFinding(self._make_problem(rule, owner, text, remedy, use, severity))

    # Forks

    def _describe_fork(self, fork: Fork, found: ForkFinding) -> ProofFinding:
        names = [fork.branches[branch][0].id for branch in found.branches]
        none = f"none of {join_words(names, most=5)}"
        if len(names) == 2:
            none = f"neither {names[0]} nor {names[1]}"
        remedy = ""
        if found.declines:
            text, remedy = self._describe_hole(found, none)
        else:
            asked = f"both {names[0]} and {names[1]} are"
            if found.rule == "filter-gap":
                asked = f"{none} is"
            text = f"if {join_words(found.ranges, 'or', most=4)}, {asked} asked"

        first = fork.branches[0][0]
        use = self._uses.get(id(first.ask_if or first.unless))
        severity: Severity = "warning" if found.is_certain else "info"
        problem = self._make_problem(found.rule, first.id, text, remedy, use, severity)
        return ProofFinding(problem, found.goal)

    def _describe_hole(self, found: ForkFinding, none: str) -> tuple[str, str]:
        """Describe declines after which no branch is asked, and the remedy."""
        labels = label_declines(self.instrument)
        item, _ = found.declines[0]
        kinds = join_words([labels[kind] for name, kind in found.declines if name == item], "or")
        text = (
            f"after {kinds} at {item}, {none} is asked, although every other answer leads "
            "to one of them"
        )
        remedy = (
            f"add declined({item}) to one condition; if it is intended, write "
            f"answered({item}) and …"
        )
        return text, remedy

    # Quotas, texts, calculations, and what is undecided

    def _list_empty_cells(self) -> Iterator[ProofFinding]:
        quotas = {str(quota.id): quota for quota in self.instrument.document.quotas}
        for kind, name, quota_cell in self.verdicts.impossible:
            if kind != "counted":
                continue
            where = quotas[name].find_position("id")
            counted_in = "it"
            if quota_cell:
                counted_in = f"the cell {quota_cell}"
                node = find_node(quotas[name]._node, "targets", quota_cell)
                if node is not None:
                    where = node.where
            what = f"no complete interview can count in {counted_in}"
            problem = self._make_problem("empty-quota-cell", name, what, severity="error")
            yield ProofFinding(replace(problem, where=where))

    def _list_unfilled(self) -> Iterator[ProofFinding]:
        for use in self.fills:
            if use.goal not in self.verdicts.possible:
                continue
            what = f"{use.text} may have no value when this is read"
            remedy = f"write {use.text[:-1]}|alternative words}}"
            at = (use.where, len(use.text))
            severity: Severity = "warning"
            if self._is_strict_calculation(use.fill.key):
                severity = "error"
            problem = report("unfilled", at, use.owner, what, remedy, severity)
            yield ProofFinding(problem, use.goal)

    def _is_strict_calculation(self, name: str) -> bool:
        """Return whether a calculation has no value where an earlier edition gave it one."""
        is_strict = self.instrument.edition >= STRICT_CHOICES_EDITION
        return is_strict and name in self.instrument.computes

    def _list_silent_choices(self) -> Iterator[ProofFinding]:
        readers = ComputeReaders(self.draft)
        for found in select_silent_choices(self.choices, self.verdicts):
            yield ProofFinding(describe_silent_choice(self.draft, readers, found), found.goal)

    def _list_undecided(self) -> Iterator[ProofFinding]:
        questions: dict[str, dict[str, None]] = {}
        stopped: dict[str, dict[str, None]] = {}
        for goal in self.verdicts.undecided:
            if goal.kind in _STATEMENTS and goal.kind != "unknown":
                question = f"whether {_state(goal)}"
            elif goal.kind in ("taken", "not_taken", "hole"):
                question = "whether there is a gap or an overlap among the branches that begin here"
            else:
                continue

            # the check is told once, instead of everything that comes after it
            check_owner = self.verdicts.stopped_at.get(goal, "")
            if check_owner and check_owner != goal.name:
                name = self.instrument.find_written_name(goal.name)
                stopped.setdefault(check_owner, {})[name] = None
                continue
            questions.setdefault(goal.name, {})[question] = None

        for name, others in stopped.items():
            question = f"what comes after its hard check, at {join_words(list(others), most=4)}"
            questions.setdefault(name, {})[question] = None

        for name, texts in questions.items():
            what = f"not decided: {join_words(list(texts), most=4)}"
            yield ProofFinding(self._make_problem("undecided", name, what, severity="info"))

    def _make_problem(
        self,
        rule: str,
        name: str,
        what: str,
        remedy: str = "",
        use: NameUse | None = None,
        severity: Severity = "warning",
    ) -> Problem:
        """Make a problem at a use of names, or otherwise at the definition of an item or quota."""
        name = self.instrument.find_written_name(name)
        if use is not None:
            at = (use.where, max(1, use.length))
        else:
            at = (self._locate(name), max(1, len(name)))
        return report(rule, at, name, what, remedy or _REMEDIES.get(rule, ""), severity)

    def _locate(self, name: str) -> Position:
        for quota in self.draft.document.quotas:
            if quota.id == name:
                return quota.find_position("id")
        return locate_definition(self.draft, name)


def _state(goal: Goal) -> str:
    """State what a goal is about."""
    detail = goal.detail
    if goal.kind in ("fires", "passes"):
        detail += 1  # users count checks from 1
    if goal.kind == "counted" and not detail:
        return "an interview counts in it"
    return _STATEMENTS[goal.kind].format(detail)
