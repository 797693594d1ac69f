"""Findings of the proof: verdicts as problems, with positions, reasons and remedies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from survey_cli.instrument.checks.source_items import locate_definition, report
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.compiled.requirements import Requirement, list_requirements
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import find_node
from survey_cli.problems import Problem, Severity
from survey_cli.proof.cells import Literal
from survey_cli.proof.forks import ForkModel, find_inputs
from survey_cli.proof.goals import FillUse, Goal, GoalKind, Verdicts, Witness
from survey_cli.proof.route import RoutePosition
from survey_cli.proof.silent_choice_words import describe_silent_choice
from survey_cli.proof.silent_choices import ComputeReaders, SilentChoice, select_silent_choices
from survey_cli.proof.verdicts import Prover
from survey_cli.values import Missing
from survey_cli.wording import join_words

MAX_SHOWN: Final = 6
"""How many answers of a witness are shown."""
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
_STATEMENTS: Final[Mapping[GoalKind, str]] = {
    "asked": "it is asked",
    "skipped": "it is skipped",
    "unknown": "its condition is unknown",
    "offered": "the option {} is offered",
    "fires": "check {} fires",
    "passes": "check {} is passed",
    "counted": "an interview counts in the cell {}",
}


DEAD_END_REMEDY: Final = "change one of the conditions: nobody is asked what follows"


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
        self.instrument, self.positions = (
            self.prover.model.instrument,
            self.prover.model.positions_by_node,
        )
        groups = (self.instrument.root, *self.instrument.groups.values())
        self._parents = {child.id: group for group in groups for child in group.children}
        uses = self.draft.uses
        self._uses: dict[int, NameUse] = {
            id(use.condition): use for use in uses if use.condition is not None
        }
        self._impossible = frozenset(self.verdicts.impossible)
        self._blocked = False
        """Something was found after which nobody continues."""

    def list_findings(self) -> list[ProofFinding]:
        """List the findings."""
        return [
            *self._list_settled(),
            *(finding for fork in self.forks for finding in self._describe_fork(fork)),
            *self._list_empty_cells(),
            *self._list_unfilled(),
            *self._list_silent_choices(),
            *self._list_undecided(),
        ]

    def _list_settled(self) -> Iterator[ProofFinding]:
        """Yield what is never or always so, unless a check has said it of the condition."""
        stated = {(p.who, p.where, p.length) for p in self.known if p.rule in STATED_RULES}
        for positions in self.positions.values():
            for finding in self._check_node(positions[0].node):
                problem = finding.problem
                is_stated = (problem.who, problem.where, problem.length) in stated
                if problem.severity == "error" or not is_stated:
                    yield finding

    def list_possible(self) -> Iterator[ProofFinding]:
        """Yield what is possible as information."""
        for goal in self.verdicts.possible:
            if goal.kind in _STATEMENTS:
                what = f"possible: {_state(goal)}"
                yield ProofFinding(
                    self._make_problem("possible", goal.name, what, severity="info"), goal
                )

    def keep_others(self, findings: Iterable[ProofFinding]) -> list[Problem]:
        """Return the problems found without the proof, except those that it decides."""
        settled = {use.where for use in self.fills if use.goal not in self.verdicts.undecided}
        holes = {
            finding.problem.who for finding in findings if finding.problem.rule == "decline-hole"
        }
        forks = [model.fork for model in self.forks if model.fork.name in holes]
        explained = {node.id for fork in forks for nodes in fork.branches for node in nodes}

        def is_decided(problem: Problem) -> bool:
            is_settled = problem.rule == "unsure-fill" and problem.where in settled
            is_explained = problem.rule == "unsure-negation" and problem.who in explained
            return is_settled or is_explained

        return [problem for problem in self.known if not is_decided(problem)]

    # Items, options and checks

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
        position = self.positions[item.id][0]
        is_shared = item.scale is not None or item.options_source is not None
        for option in item.options:
            if option.ask_if is None:
                continue
            truth = self.prover.model.encoder.encode(option.ask_if.tree, position.turns)
            requirement = Requirement(option.ask_if, item.id, "ask_if")
            if Goal("offered", item.id, option.code) in self._impossible:
                settled = SettledCondition(item, requirement, False, truth.true)
                what = f"so the option {option.code} is never offered"
                yield self._describe("never-offered", settled, what)
            elif Goal("withheld", item.id, option.code) in self._impossible and not is_shared:
                settled = SettledCondition(item, requirement, True, -truth.true)
                what = f"so the option {option.code} is always offered"
                yield self._describe("always-offered", settled, what)

        # what the solver can't decide is reported too, without an example
        goal = Goal("optionless", item.id)
        may_lack_options = item.options_conditional and goal not in self._impossible
        if may_lack_options and item.options_source is None:
            what = "every option has an ask_if: if none of them is true, this item is not asked"
            yield ProofFinding(self._make_problem("no-option", item.id, what), goal)

    def _check_checks(self, item: CompiledItem) -> Iterator[ProofFinding]:
        """Yield the checks that never fire, and those that no answer passes."""
        position = self.positions[item.id][0]
        for number, check in enumerate(item.checks):
            passes = Goal("passes", item.id, number) not in self._impossible
            fires = Goal("fires", item.id, number) not in self._impossible
            if passes == fires:
                continue
            truth = self.prover.model.encoder.encode(check.condition.tree, position.turns)
            key = "confirm" if check.aloud else "expect"
            requirement = Requirement(check.condition, item.id, key)
            # a check that is read aloud fires if its condition is true, another one if it is false
            is_always_true = passes != check.aloud
            impossible = truth.false if is_always_true else truth.true
            settled = SettledCondition(item, requirement, is_always_true, impossible)
            if passes and check.aloud:
                yield self._describe("check-never-fires", settled, "so it is never read")
            elif passes:
                yield self._describe("check-never-fires", settled, "so the check has no effect")
            elif check.soft:
                yield self._describe(
                    "check-never-passes", settled, "so it comes after every answer"
                )
            else:
                self._blocked = True
                what = "so no answer is accepted"
                yield self._describe("check-never-passes", settled, what, severity="error")

    def _explain_never_asked(self, node: CompiledNode) -> Iterator[ProofFinding]:
        requirements = list_requirements(node)
        named = [name for requirement in requirements for name in requirement.condition.names]
        if any(Goal("asked", n) in self._impossible for n in find_inputs(self.instrument, named)):
            return  # it follows from what was found at that item
        positions = self.positions[node.id]
        coming = [each for each in positions if not self.prover.is_excluded(each.reached)]
        if not coming:
            if not self._blocked and self._parents.get(node.id) is self.instrument.root:
                self._blocked = True
                yield ProofFinding(self._make_problem("never-asked", node.id, "nobody gets here"))
            return

        position = coming[0]
        by_key = {requirement.key: requirement for requirement in requirements}
        what = "so nothing in it is ever asked"
        if isinstance(node, CompiledItem):
            what = "so it is never asked"
        lacks_options = (
            isinstance(node, CompiledItem)
            and node.options_conditional
            and not self.prover.is_excluded(position.due)
        )
        is_ask_if = "ask_if" in by_key and (
            "unless" not in by_key
            or self.prover.is_excluded(position.reached, position.ask_if.true)
        )
        if lacks_options:
            what = "no option can be offered here"
            yield ProofFinding(self._make_problem("never-asked", node.id, what))
        elif is_ask_if:
            settled = SettledCondition(node, by_key["ask_if"], False, position.ask_if.true)
            yield self._describe("never-asked", settled, what)
        elif "unless" in by_key:
            settled = SettledCondition(node, by_key["unless"], True, -position.unless.true)
            yield self._describe("never-asked", settled, what)
        else:
            yield ProofFinding(self._make_problem("never-asked", node.id, "nobody gets here"))

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
        reasons = self._find_reasons(settled)
        because = f": {join_words(reasons, most=3)}" if reasons else ""
        always = "is always true" if settled.truth else "can never be true"
        text = f"{key}: {shorten(condition.text)} {always} here, {what}{because}"
        use = self._uses.get(id(condition))
        return ProofFinding(self._make_problem(rule, owner, text, remedy, use, severity))

    def _find_reasons(self, settled: SettledCondition) -> list[str]:
        """Describe the conditions because of which a condition is settled."""
        node, requirement, _, impossible = settled
        reasons = dict(self._iterate_reasons(node, requirement))
        excluding = self.prover.find_reasons(impossible, list(reasons))
        needed = [reasons[literal] for literal in excluding or ()]
        if not needed:
            # it follows from when the items are asked that the condition names
            needed = [*self._list_reasons_of_names(requirement.condition)]
        others = [r for r in needed if r.requirement.condition is not requirement.condition]
        return [self._describe_reason(reason) for reason in dict.fromkeys(others)]

    def _iterate_reasons(
        self, node: CompiledNode, requirement: Requirement
    ) -> Iterator[tuple[Literal, Reason]]:
        """Yield what must hold for the interview to come to a condition, with its literal."""
        around = set(self._list_around(node))
        positions = self.prover.model.positions
        own = self.positions[node.id][0]
        for position in positions[: positions.index(own)]:
            before = position.node
            requirements = list_requirements(before)
            is_end = isinstance(before, CompiledItem) and isinstance(before.question, EndItem)
            if is_end and requirements:
                yield -position.asked, Reason(requirements[-1], is_end=True)
            if before.id in around:
                for each in requirements:
                    yield _find_met(position, each), Reason(each)
        for each in list_requirements(node):
            if each.condition is requirement.condition:
                break
            yield _find_met(own, each), Reason(each)

    def _list_reasons_of_names(self, condition: Condition) -> Iterator[Reason]:
        """Yield the conditions of the items that this one names, and of the groups around these."""
        inputs = find_inputs(self.instrument, condition.names) & self.instrument.items.keys()
        for name in sorted(inputs):
            for each in (name, *self._list_around(self.instrument.items[name])):
                if each in self.positions:
                    for requirement in list_requirements(self.positions[each][0].node):
                        yield Reason(requirement)

    def _describe_reason(self, reason: Reason) -> str:
        """Describe a reason in words, with the position of its condition."""
        condition, owner, key = reason.requirement
        use = self._uses.get(id(condition))
        text = shorten(condition.text)
        if use is not None:
            text += f" (at {use.where})"
        if reason.is_end:
            return f"{owner} ends the interview {'if' if key == 'ask_if' else 'unless'} {text}"
        if key == "ask_if":
            return f"{owner} is asked only if {text}"
        return f"{owner} is not asked if {text}"

    def _list_around(self, node: CompiledNode) -> Iterator[str]:
        """Yield the groups around a node."""
        group = self._parents.get(node.id)
        while group is not None and group is not self.instrument.root:
            yield group.id
            group = self._parents.get(group.id)

    # Forks, quotas, texts, and what is undecided

    def _describe_fork(self, model: ForkModel) -> Iterator[ProofFinding]:
        branches = model.fork.branches
        first = branches[0][0]
        use = self._uses.get(id(first.ask_if or first.unless))
        for rule, what, goal, is_certain, concerned in model.judge(self.verdicts):
            names = [branches[branch][0].id for branch in concerned]
            none = (
                f"neither {names[0]} nor {names[1]}"
                if len(names) == 2
                else f"none of {join_words(names, most=5)}"
            )
            remedy = ""
            if rule == "decline-hole":
                item, labels = what[0][0], _list_declines(self.instrument)
                kinds = join_words([labels[kind] for name, kind in what if name == item], "or")
                text = (
                    f"after {kinds} at {item}, {none} is asked, although every other answer leads "
                    "to one of them"
                )
                remedy = (
                    f"add declined({item}) to one condition; if it is intended, write "
                    f"answered({item}) and …"
                )
            else:
                asked = (
                    f"{none} is" if rule == "filter-gap" else f"both {names[0]} and {names[1]} are"
                )
                text = f"if {join_words(what, 'or', most=4)}, {asked} asked"
            severity: Severity = "warning" if is_certain else "info"
            yield ProofFinding(
                self._make_problem(rule, first.id, text, remedy, use=use, severity=severity), goal
            )

    def _list_empty_cells(self) -> Iterator[ProofFinding]:
        quotas = {str(quota.id): quota for quota in self.instrument.document.quotas}
        for kind, name, cell in self.verdicts.impossible:
            if kind == "counted":
                node = find_node(quotas[name]._node, "targets", cell) if cell else None
                where = node.where if node is not None else quotas[name].find_position("id")
                what = f"no complete interview can count in {f'the cell {cell}' if cell else 'it'}"
                problem = self._make_problem("empty-quota-cell", name, what, severity="error")
                yield ProofFinding(replace(problem, where=where))

    def _list_unfilled(self) -> Iterator[ProofFinding]:
        for use in self.fills:
            if use.goal in self.verdicts.possible:
                what = f"{use.text} may have no value when this is read"
                remedy = f"write {use.text[:-1]}|alternative words}}"
                yield ProofFinding(
                    report(
                        "unfilled", (use.where, len(use.text)), use.owner, what, remedy, "warning"
                    ),
                    use.goal,
                )

    def _list_silent_choices(self) -> Iterator[ProofFinding]:
        readers = ComputeReaders(self.draft)
        for found in select_silent_choices(self.choices, self.verdicts):
            yield ProofFinding(describe_silent_choice(self.draft, readers, found), found.goal)

    def _list_undecided(self) -> Iterator[ProofFinding]:
        questions: dict[str, dict[str, None]] = {}
        for goal in self.verdicts.undecided:
            if goal.kind in _STATEMENTS and goal.kind != "unknown":
                questions.setdefault(goal.name, {})[f"whether {_state(goal)}"] = None
            elif goal.kind in ("taken", "left", "hole"):
                question = "whether there is a gap or an overlap among the branches that begin here"
                questions.setdefault(goal.name, {})[question] = None
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
        quota = next((quota for quota in self.draft.document.quotas if quota.id == name), None)
        where = (
            quota.find_position("id") if quota is not None else locate_definition(self.draft, name)
        )
        at = (use.where, max(1, use.length)) if use is not None else (where, max(1, len(name)))
        return report(rule, at, name, what, remedy or _REMEDIES.get(rule, ""), severity)


def _find_met(position: RoutePosition, requirement: Requirement) -> Literal:
    """Return where a requirement of a position is met."""
    if requirement.key == "ask_if":
        return position.ask_if.true
    return -position.unless.true


def _state(goal: Goal) -> str:
    """State what a goal is about."""
    return _STATEMENTS[goal.kind].format(
        goal.detail + 1 if goal.kind in ("fires", "passes") else goal.detail
    )


def _list_declines(instrument: Instrument) -> dict[str, str]:
    return {
        name: str(d.text.get(instrument.language)).lower()
        for name, d in instrument.declines.items()
    }


def describe_witness(instrument: Instrument, witness: Witness, goal: Goal) -> str:
    """Return the answers that lead to a goal and that conditions on the way name: `age = 17`."""
    names: set[str] = set()
    further = {goal.name}
    if goal.kind in ("unfilled", "hole", "silent"):
        further |= find_inputs(instrument, [goal.detail[0]])
    while not further <= names:
        names |= further
        nodes = [
            node
            for name in names
            if (node := instrument.items.get(name) or instrument.groups.get(name))
        ]
        conditions = [
            requirement.condition for node in nodes for requirement in list_requirements(node)
        ]
        further = find_inputs(
            instrument, (name for condition in conditions for name in condition.names)
        )
    if goal.kind not in ("fires", "passes"):
        names.discard(goal.name)
    given = {**witness.sample, **{str(place): value for place, value in witness.answers.items()}}
    declines, texts = _list_declines(instrument), []
    for name, value in given.items():
        if name.partition("#")[0] in names:
            shown = f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)
            if isinstance(value, Missing):
                shown = declines.get(value.kind, value.kind.replace("_", " "))
            texts.append(f"{name} = {shown}")
    return ", ".join(texts[-MAX_SHOWN:])
