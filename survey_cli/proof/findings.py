"""Findings of the proof: verdicts as problems of a questionnaire, with positions, reasons and remedies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from survey_cli.instrument.checks.reachability.analysis import (
    Reason,
    describe_reason,
    is_passed_by_nobody,
)
from survey_cli.instrument.checks.reachability.facts import Requirement, list_requirements
from survey_cli.instrument.checks.reachability.silent_choices import SilentChoice
from survey_cli.instrument.checks.source_items import locate_definition, report
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import find_node
from survey_cli.problems import Problem, Severity
from survey_cli.proof.cells import TRUE, Literal
from survey_cli.proof.forks import ForkModel, find_inputs
from survey_cli.proof.goals import FillUse, Goal, GoalKind, Verdicts, Witness
from survey_cli.proof.silent_choices import get_goal
from survey_cli.proof.verdicts import Prover
from survey_cli.values import Missing
from survey_cli.wording import join_words

MAX_SHOWN: Final = 6
"""How many answers of a witness are shown."""
REPLACED_RULES: Final = frozenset(("never-reached", "needless-condition"))
"""Rules of `survey check` that the proof decides better."""
STATED_RULES: Final = frozenset(("never-true", "constant-condition", "compared-with-itself"))
"""Rules of `survey check` about a condition by itself. What follows from them is not reported again."""
_REMEDIES: Final[Mapping[str, str]] = {
    "never-asked": "change one of the conditions, or remove it",
    "always-asked": "remove it if that is intended, or change one of the conditions",
    "never-offered": "change one of the conditions, or remove the option",
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
        stated = {(p.who, p.where, p.length) for p in self.known if p.rule in STATED_RULES}
        findings = [
            found for at in self.positions.values() for found in self._check_node(at[0].node)
        ]
        return [
            *(
                f
                for f in findings
                if (f.problem.who, f.problem.where, f.problem.length) not in stated
            ),
            *(finding for fork in self.forks for finding in self._describe_fork(fork)),
            *self._list_empty_cells(),
            *self._list_unfilled(),
            *self._list_silent_choices(),
            *self._list_undecided(),
        ]

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
        undecided = [
            choice.problem for choice in self.choices if get_goal(choice) in self.verdicts.undecided
        ]
        holes = {
            finding.problem.who for finding in findings if finding.problem.rule == "decline-hole"
        }
        forks = [model.fork for model in self.forks if model.fork.name in holes]
        explained = {node.id for fork in forks for nodes in fork.branches for node in nodes}

        def is_decided(problem: Problem) -> bool:
            is_settled = problem.rule == "unsure-fill" and problem.where in settled
            is_explained = problem.rule == "unsure-negation" and problem.who in explained
            if problem.rule == "silent-else":
                return problem not in undecided
            return problem.rule in REPLACED_RULES or is_settled or is_explained

        return [problem for problem in self.known if not is_decided(problem)]

    # Items, options and checks

    def _check_node(self, node: CompiledNode) -> Iterator[ProofFinding]:
        if Goal("asked", node.id) in self._impossible:
            yield from self._explain_never_asked(node)
            return
        position = self.positions[node.id][0]
        if Goal("skipped", node.id) in self._impossible:
            is_end = isinstance(node, CompiledItem) and isinstance(node.question, EndItem)
            self._blocked |= is_end
            what = "so nobody continues after this end" if is_end else "so the filter has no effect"
            for requirement in list_requirements(node)[:1]:
                literal = (
                    -position.ask_if.true if requirement.key == "ask_if" else position.unless.true
                )
                yield self._describe(
                    "always-asked", node, requirement, requirement.key == "ask_if", what, literal
                )
        for option in node.options if isinstance(node, CompiledItem) else ():
            if (
                option.ask_if is not None
                and Goal("offered", node.id, option.code) in self._impossible
            ):
                literal = self.prover.model.encoder.encode(option.ask_if.tree, position.turns).true
                what = f"so the option {option.code} is never offered"
                requirement = Requirement(option.ask_if, 0, node.id, "ask_if")
                yield self._describe("never-offered", node, requirement, False, what, literal)
        for number, check in enumerate(node.checks if isinstance(node, CompiledItem) else ()):
            passes, fires = (
                Goal(kind, node.id, number) not in self._impossible for kind in ("passes", "fires")
            )
            if passes == fires:
                continue
            rule = "check-never-fires" if passes else "check-never-passes"
            what = "so it is never read" if check.aloud else "so the check has no effect"
            if not passes:
                self._blocked |= not check.soft
                what = (
                    "so it comes after every answer" if check.soft else "so no answer is accepted"
                )
            requirement = Requirement(
                check.condition, 0, node.id, "confirm" if check.aloud else "expect"
            )
            accepts_nothing = not passes and not check.soft
            yield self._describe(
                rule,
                node,
                requirement,
                passes != check.aloud,
                what,
                accepts_nothing=accepts_nothing,
            )

    def _explain_never_asked(self, node: CompiledNode) -> Iterator[ProofFinding]:
        requirements = list_requirements(node)
        names = find_inputs(
            self.instrument, (name for r in requirements for name in r.condition.names)
        )
        if any(Goal("asked", name) in self._impossible for name in names):
            return  # it follows from what was found at that item
        if all(self.prover.is_excluded(position.reached) for position in self.positions[node.id]):
            if not self._blocked and self._parents.get(node.id) is self.instrument.root:
                self._blocked = True
                yield ProofFinding(self._make_problem("never-asked", node.id, "nobody gets here"))
            return
        position = self.positions[node.id][0]
        by_key = {requirement.key: requirement for requirement in requirements}
        what = (
            "so it is never asked"
            if isinstance(node, CompiledItem)
            else "so nothing in it is ever asked"
        )
        is_unless_needed = not self.prover.is_excluded(position.reached, position.ask_if.true)
        if "unless" in by_key and is_unless_needed:
            yield self._describe(
                "never-asked", node, by_key["unless"], True, what, -position.unless.true
            )
        elif "ask_if" in by_key:
            yield self._describe(
                "never-asked", node, by_key["ask_if"], False, what, position.ask_if.true
            )
        else:
            yield ProofFinding(
                self._make_problem("never-asked", node.id, "no option can be offered here")
            )

    def _describe(
        self,
        rule: str,
        node: CompiledNode,
        requirement: Requirement,
        truth: bool,
        what: str,
        never: Literal = TRUE,
        *,
        accepts_nothing: bool = False,
    ) -> ProofFinding:
        """Describe a condition that is always or never true: what follows, and why it can't be otherwise."""
        condition, _, _, key = requirement
        use = self._uses.get(id(condition))
        is_dead_end = rule == "always-asked" and is_passed_by_nobody(self.draft, node)
        severity: Severity = "error" if accepts_nothing or is_dead_end else "warning"
        for problem in self.known:
            if use is not None and problem.where == use.where and problem.rule in REPLACED_RULES:
                return ProofFinding(replace(problem, rule=rule, severity=severity))
        reasons = self._find_reasons(node, condition, never) if never != TRUE else []
        because = f": {join_words(reasons, most=3)}" if reasons else ""
        always = "is always true" if truth else "can never be true"
        text = f"{key}: {shorten(condition.text)} {always} here, {what}{because}"
        return ProofFinding(self._make_problem(rule, node.id, text, use=use, severity=severity))

    def _find_reasons(
        self, node: CompiledNode, condition: Condition, impossible: Literal
    ) -> list[str]:
        """Describe the conditions because of which a literal can't be true."""
        reasons: dict[Literal, Reason] = {}
        around, positions = set(self._list_around(node)), self.prover.model.positions
        for position in positions[: positions.index(self.positions[node.id][0])]:
            before = position.node
            if isinstance(before, CompiledItem) and isinstance(before.question, EndItem):
                reasons[-position.asked] = Reason(list_requirements(before)[-1:], is_end=True)
            for requirement in list_requirements(before) if before.id in around else ():
                truth = (
                    position.ask_if.true if requirement.key == "ask_if" else -position.unless.true
                )
                reasons.setdefault(truth, Reason((requirement,)))
        needed = [
            reasons[reason] for reason in self.prover.find_reasons(impossible, list(reasons)) or ()
        ]
        if not needed:  # it follows from when the items are asked that the condition names
            inputs = sorted(
                find_inputs(self.instrument, condition.names) & self.instrument.items.keys()
            )
            nodes = dict.fromkeys(
                name for i in inputs for name in (i, *self._list_around(self.instrument.items[i]))
            )
            needed = [
                Reason((r,))
                for name in nodes
                for r in list_requirements(self.positions[name][0].node)
            ]
        return [describe_reason(reason, self._uses) for reason in needed if reason.requirements]

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
                text = f"after {kinds} at {item}, {none} is asked, although every other answer leads to one of them"
                remedy = f"add declined({item}) to one condition; if it is intended, write answered({item}) and …"
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
        for choice in self.choices:
            goal = get_goal(choice)
            if goal in self.verdicts.possible:
                yield ProofFinding(choice.problem, goal)

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
    """Return the answers that lead to a goal, as far as conditions on the way there name them: `age = 17`."""
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
