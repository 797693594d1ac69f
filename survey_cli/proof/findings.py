"""Findings of the proof: verdicts as problems of a questionnaire, with positions, reasons and remedies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from survey_cli.instrument.checks.reachability.analysis import Reason, describe_reason
from survey_cli.instrument.checks.reachability.variables import Requirement, list_requirements
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import find_node
from survey_cli.problems import Position, Problem, Severity
from survey_cli.proof.clauses import Literal
from survey_cli.proof.forks import ForkModel
from survey_cli.proof.goals import Goal, GoalKind, Verdicts, Witness
from survey_cli.proof.route import RoutePosition
from survey_cli.proof.text_goals import FillUse
from survey_cli.proof.verdicts import Prover
from survey_cli.values import Missing
from survey_cli.wording import join_words

MAX_SHOWN: Final = 6
"""How many answers of a witness are shown."""
REPLACED_RULES: Final = frozenset(("never-reached", "needless-condition"))
"""Rules of `survey check` that the proof decides better."""
STATED_RULES: Final = frozenset(("never-true", "constant-condition", "compared-with-itself"))
"""Rules of `survey check` about a condition by itself. What follows from them is not reported again."""
_QUESTIONS: Final[Mapping[GoalKind, str]] = {
    "asked": "whether it can be asked",
    "skipped": "whether it can be skipped",
    "offered": "whether each option can be offered",
    "fires": "whether each check can fire",
    "passes": "whether each check can be passed",
    "counted": "whether each cell can be filled",
    "taken": "which of the branches that begin here is asked when",
    "hole": "whether a decline leads to none of the branches that begin here",
}
_STATEMENTS: Final[Mapping[GoalKind, str]] = {
    "asked": "it can be asked",
    "skipped": "it can be skipped",
    "unknown": "its condition can be unknown",
    "offered": "the option {} can be offered",
    "fires": "check {} can fire",
    "passes": "check {} can be passed",
    "counted": "an interview can count in the cell {}",
}


class ProofFinding(NamedTuple):
    """A problem, and the goal that shows it."""

    problem: Problem
    goal: Goal | None = None


class ProofReport:
    """Everything that the proof found about one instrument."""

    def __init__(
        self,
        draft: InstrumentDraft,
        prover: Prover,
        verdicts: Verdicts,
        forks: Sequence[ForkModel],
        fills: Sequence[FillUse],
        known: Iterable[Problem],
    ) -> None:
        self.draft, self.prover, self.verdicts, self.forks, self.fills = draft, prover, verdicts, forks, fills
        self.instrument = prover.model.instrument
        self.positions: dict[str, list[RoutePosition]] = {}
        for position in prover.model.positions:
            self.positions.setdefault(position.node.id, []).append(position)
        self._parents = {
            child.id: group
            for group in (self.instrument.root, *self.instrument.groups.values())
            for child in group.children
        }
        self._uses: dict[int, NameUse] = {id(use.condition): use for use in draft.uses if use.condition is not None}
        self._known = tuple(known)
        self._reasons_known = {problem.where: problem for problem in self._known if problem.rule in REPLACED_RULES}
        self._impossible = frozenset(verdicts.impossible)
        self._blocked = False
        """Something was found after which nobody continues."""

    def list_findings(self) -> list[ProofFinding]:
        """List the findings in written order."""
        findings = [
            finding
            for positions in self.positions.values()
            for finding in self._check_node(positions[0].node)
            if not self._is_stated(finding.problem)
        ]
        findings += [finding for fork in self.forks for finding in self._describe_fork(fork)]
        findings += self._list_empty_cells()
        findings += self._list_unfilled()
        findings += self._list_undecided()
        return findings

    def list_possible(self) -> Iterator[ProofFinding]:
        """Yield what is possible as information."""
        for goal in self.verdicts.possible:
            if goal.kind in _STATEMENTS:
                number = goal.detail + 1 if goal.kind in ("fires", "passes") else goal.detail
                what = _STATEMENTS[goal.kind].format(number)
                yield ProofFinding(self._make_problem("possible", goal.name, what, "", severity="info"), goal)

    def keep_others(self, problems: Iterable[Problem], findings: Iterable[ProofFinding]) -> list[Problem]:
        """Return the problems found without the proof, except those that it decides."""
        settled = {use.where for use in self.fills if use.goal not in self.verdicts.undecided}
        forks = {fork.fork.name: fork.fork for fork in self.forks}
        explained = {
            node.id
            for finding in findings
            if finding.problem.rule == "decline-hole"
            for nodes in forks[finding.problem.who].branches
            for node in nodes
        }
        return [
            problem
            for problem in problems
            if problem.rule not in REPLACED_RULES
            and not (problem.rule == "unsure-fill" and problem.where in settled)
            and not (problem.rule == "unsure-negation" and problem.who in explained)
        ]

    def _is_stated(self, finding: Problem) -> bool:
        """Return whether a problem found without the proof says the same of the condition."""
        return any(
            problem.rule in STATED_RULES
            and problem.who == finding.who
            and (problem.where, problem.length) == (finding.where, finding.length)
            for problem in self._known
        )

    # Items, options and checks

    def _check_node(self, node: CompiledNode) -> Iterator[ProofFinding]:
        impossible, at = self._impossible, self.positions[node.id]
        if Goal("asked", node.id) in impossible:
            reached = next((position for position in at if self.prover.is_possible(position.reached)), None)
            names = {name for requirement in list_requirements(node) for name in requirement.condition.names}
            if any(Goal("asked", name) in impossible for name in _find_inputs(self.instrument, names)):
                return  # it follows from what was found at that item
            if reached is not None:
                yield self._describe_never_asked(node, reached)
            elif not self._blocked and self._parents[node.id] is self.instrument.root:
                self._blocked = True
                yield ProofFinding(
                    self._make_problem("never-asked", node.id, "nobody gets here", "change an end or a check before it")
                )
            return
        if Goal("skipped", node.id) in impossible:
            yield self._describe_always_asked(node, at[0])
        if not isinstance(node, CompiledItem):
            return
        for option in node.options:
            if option.ask_if is not None and Goal("offered", node.id, option.code) in impossible:
                truth = self.prover.model.encoder.encode(option.ask_if.tree, at[0].turns).true
                what = f"can never be true here, so the option {option.code} is never offered"
                remedy = "change one of the conditions, or remove the option"
                yield self._describe("never-offered", node, option.ask_if, "ask_if", what, remedy, at[0], truth)
        for number, check in enumerate(node.checks):
            key = "confirm" if check.aloud else "expect"
            if Goal("passes", node.id, number) in impossible and Goal("fires", node.id, number) not in impossible:
                self._blocked |= not check.soft
                what = "is always true here, so it is read after every answer" if check.aloud else (
                    "is never true here, so the warning comes after every answer" if check.soft
                    else "is never true here, so no answer is accepted"
                )  # fmt: skip
                severity: Severity = "warning" if check.soft else "error"
                yield self._describe(
                    "check-never-passes", node, check.condition, key, what, "correct it", severity=severity
                )
            elif Goal("fires", node.id, number) in impossible and Goal("passes", node.id, number) not in impossible:
                what = "can never be true here, so it is never read" if check.aloud else "is never false here"
                remedy = "change the condition, or remove it"
                yield self._describe("check-never-fires", node, check.condition, key, what, remedy)

    def _describe_never_asked(self, node: CompiledNode, position: RoutePosition) -> ProofFinding:
        what = "so it is never asked" if isinstance(node, CompiledItem) else "so nothing in it is ever asked"
        remedy = f"change one of the conditions, or remove {node.id}"
        asked = self.prover.is_possible(position.reached, position.ask_if.true)
        if node.ask_if is not None and (not asked or node.unless is None):
            text = f"can never be true here, {what}"
            return self._describe(
                "never-asked", node, node.ask_if, "ask_if", text, remedy, position, position.ask_if.true
            )
        if node.unless is not None:
            text = f"is always true here, {what}"
            return self._describe(
                "never-asked", node, node.unless, "unless", text, remedy, position, -position.unless.true
            )
        return ProofFinding(self._make_problem("never-asked", node.id, "no option can be offered here", remedy))

    def _describe_always_asked(self, node: CompiledNode, position: RoutePosition) -> ProofFinding:
        is_end = isinstance(node, CompiledItem) and isinstance(node.question, EndItem)
        after = ", so nobody continues after this end" if is_end else ", so the filter has no effect"
        self._blocked |= is_end
        remedy = "remove it if that is intended, or change one of the conditions"
        if node.ask_if is not None:
            what, literal = f"is always true here{after}", -position.ask_if.true
            return self._describe("always-asked", node, node.ask_if, "ask_if", what, remedy, position, literal)
        assert node.unless is not None
        what, literal = f"can never be true here{after}", position.unless.true
        return self._describe("always-asked", node, node.unless, "unless", what, remedy, position, literal)

    def _describe(
        self,
        rule: str,
        node: CompiledNode,
        condition: Condition,
        key: str,
        what: str,
        remedy: str,
        position: RoutePosition | None = None,
        impossible: Literal | None = None,
        *,
        severity: Severity = "warning",
    ) -> ProofFinding:
        """Describe a condition that can't be what it would have to be, and why."""
        use = self._uses.get(id(condition))
        known = self._reasons_known.get(use.where) if use is not None else None
        if known is not None:
            return ProofFinding(replace(known, rule=rule, severity=severity))
        reasons = (
            self._find_reasons(node, condition, position, impossible) if impossible is not None and position else []
        )
        because = f": {join_words(reasons, most=3)}" if reasons else ""
        text = f"{key}: {shorten(condition.text)} {what}{because}"
        return ProofFinding(self._make_problem(rule, node.id, text, remedy, use=use, severity=severity))

    def _find_reasons(
        self, node: CompiledNode, condition: Condition, position: RoutePosition, literal: Literal
    ) -> list[str]:
        """Describe the conditions because of which a literal can't be true."""
        reasons: dict[Literal, Reason] = {}
        for before in self.prover.model.positions:
            if before is position:
                break
            ends = isinstance(before.node, CompiledItem) and isinstance(before.node.question, EndItem)
            requirements = list_requirements(before.node)
            if ends and requirements:
                reasons[-before.asked] = Reason(requirements[-1:], is_end=True)
        group = self._parents.get(node.id)
        while group is not None and group is not self.instrument.root:
            for requirement in list_requirements(group):
                around = next(
                    (p for p in self.positions[group.id] if p.place.turn in (None, position.place.turn)), None
                )
                if around is not None:
                    truth = around.ask_if.true if requirement.key == "ask_if" else -around.unless.true
                    reasons[truth] = Reason((requirement,))
            group = self._parents.get(group.id)
        core = self.prover.find_reasons(literal, list(reasons)) or []
        found = [reasons[each] for each in core]
        if not found:
            found = [Reason((requirement,)) for requirement in self._list_requirements_of(condition)]
        return [describe_reason(reason, self._uses) for reason in found]

    def _list_requirements_of(self, condition: Condition) -> list[Requirement]:
        """List under which conditions the items that a condition names are asked."""
        requirements: list[Requirement] = []
        for name in sorted(_find_inputs(self.instrument, condition.names)):
            node: CompiledNode | None = self.instrument.items.get(name)
            while node is not None and node is not self.instrument.root:
                requirements += list_requirements(node)
                node = self._parents.get(node.id)
        return list(dict.fromkeys(requirements))

    # Forks

    def _describe_fork(self, model: ForkModel) -> Iterator[ProofFinding]:
        use = self._find_use(model.fork.branches[0][0])
        for finding in model.judge(self.verdicts):
            names = [model.fork.branches[branch][0].id for branch in finding.branches]
            none = f"neither {names[0]} nor {names[1]}" if len(names) == 2 else f"none of {join_words(names, most=5)}"
            if finding.rule == "decline-hole":
                item = finding.what[0][0]
                labels = {
                    d.id: str(d.text.get(self.draft.language)).lower() for d in self.instrument.items[item].declines
                }
                kinds = join_words([labels[kind] for name, kind in finding.what if name == item], "or")
                what = f"after {kinds} at {item}, {none} is asked, although every other answer leads to one of them"
                remedy = (
                    f"add declined({item}) to one of the conditions; if it is intended, write answered({item}) and …"
                )
            elif finding.rule == "filter-gap":
                what = f"if {join_words(finding.what, 'or', most=4)}, {none} is asked"
                remedy = "change one of the conditions, or add an item for the others"
            else:
                what = f"if {join_words(finding.what, 'or', most=4)}, both {names[0]} and {names[1]} are asked"
                remedy = "change one of the conditions if only one of them is meant"
            severity: Severity = "warning" if finding.is_certain else "info"
            problem = self._make_problem(finding.rule, model.fork.name, what, remedy, use=use, severity=severity)
            yield ProofFinding(problem, finding.goal)

    def _find_use(self, node: CompiledNode) -> NameUse | None:
        return self._uses.get(id(node.ask_if or node.unless))

    # Quotas, texts, and what is undecided

    def _list_empty_cells(self) -> Iterator[ProofFinding]:
        for quota in self.instrument.document.quotas:
            for cell in quota.targets or ("",):
                if Goal("counted", str(quota.id), str(cell)) not in self._impossible:
                    continue
                node = find_node(quota._node, "targets", str(cell)) if cell else None
                what = f"no complete interview can count in {f'the cell {cell}' if cell else 'it'}"
                remedy = "change the conditions of the ends, or write 0 as its target"
                where = node.where if node is not None else quota.find_position("id")
                yield ProofFinding(Problem("empty-quota-cell", where, str(quota.id), what, remedy, "error"))

    def _list_unfilled(self) -> Iterator[ProofFinding]:
        for use in self.fills:
            if use.goal in self.verdicts.possible:
                what = f"{use.text} may have no value when this is read"
                remedy = f"write {use.text[:-1]}|alternative words}}"
                yield ProofFinding(
                    Problem("unfilled", use.where, use.owner, what, remedy, "warning", len(use.text)), use.goal
                )

    def _list_undecided(self) -> Iterator[ProofFinding]:
        questions: dict[str, list[str]] = {}
        for goal in self.verdicts.undecided:
            text = _QUESTIONS.get("taken" if goal.kind == "left" else goal.kind, "")
            if text and text not in questions.setdefault(goal.name, []):
                questions[goal.name].append(text)
        for name, texts in questions.items():
            if texts:
                what = f"{join_words(texts)} is not decided"
                remedy = "write scenarios for it, and run them with survey test"
                yield ProofFinding(self._make_problem("undecided", name, what, remedy, severity="info"))

    def _make_problem(
        self,
        rule: str,
        name: str,
        what: str,
        remedy: str,
        *,
        use: NameUse | None = None,
        severity: Severity = "warning",
    ) -> Problem:
        symbol = self.draft.symbols.get(name)
        where = Position(self.draft.document.instrument.where.file)
        if use is not None:
            where = use.where
        elif symbol is not None:
            where = symbol.where
        elif name in self.draft.symbol_table.groups:
            where = self.draft.symbol_table.groups[name][0]
        return Problem(rule, where, name, what, remedy, severity, max(1, use.length if use is not None else len(name)))


def _find_inputs(instrument: Instrument, names: Iterable[str]) -> set[str]:
    """Find the items and sample columns behind names, also through computes and the numbers of turns."""
    pending, inputs = list(names), set[str]()
    while pending:
        name = pending.pop()
        compute, item = instrument.computes.get(name), instrument.items.get(name)
        if name not in inputs and compute is not None:
            pending += [n for condition in compute.conditions.values() for n in condition.names]
        if name not in inputs and item is not None and item.roster is not None:
            roster = instrument.groups[item.roster]
            assert isinstance(roster, Roster)
            pending += [*(roster.count.names if roster.count else ()), *([roster.each.id] if roster.each else ())]
        inputs.add(name)
    return inputs


def describe_witness(instrument: Instrument, witness: Witness, goal: Goal) -> str:
    """Return the answers that lead to a goal, as far as conditions on the way there name them: `age = 17`."""
    names = {goal.name}
    if goal.kind in ("unfilled", "hole"):
        names |= _find_inputs(instrument, [goal.detail[0]])
    for _ in range(len(instrument.items)):
        nodes = [node for name in names if (node := instrument.items.get(name) or instrument.groups.get(name))]
        further = _find_inputs(
            instrument, (n for node in nodes for r in list_requirements(node) for n in r.condition.names)
        )
        if further <= names:
            break
        names |= further
    if goal.kind not in ("fires", "passes"):
        names.discard(goal.name)
    given = {**witness.sample, **{str(place): value for place, value in witness.answers.items()}}
    shown = [(name, value) for name, value in given.items() if name.partition("#")[0] in names]
    declines = {name: str(d.text.get(instrument.language)).lower() for name, d in instrument.declines.items()}
    texts = [f"{name} = {_format_value(value, declines)}" for name, value in shown]
    return ", ".join(texts[-MAX_SHOWN:])


def _format_value(value: Any, declines: Mapping[str, str]) -> str:
    if isinstance(value, Missing):
        return declines.get(value.kind, value.kind.replace("_", " "))
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)
