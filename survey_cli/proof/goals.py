"""Goals: what may be possible in a questionnaire, and witnesses: answers that lead there.

A goal is a question such as "can q5 be asked?". Its literals are the ways in which the answer can
be yes: one for each place. A verdict is what the solver says of it, and a possible goal has a
witness.
"""

import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.draft import compile_external_condition
from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.texts.templates import Template, TextFill, find_fill
from survey_cli.problems import Position
from survey_cli.proof.amount_cells import to_keyed
from survey_cli.proof.cells import Constant
from survey_cli.proof.clauses import FALSE, Literal
from survey_cli.proof.route import RouteModel, RoutePosition
from survey_cli.proof.terms import NO_TURNS, find_known
from survey_cli.values import Code, Missing, Place

RETRIES: Final = 12
"""How often another witness is looked for if one doesn't lead where it should."""

GoalKind: TypeAlias = typing.Literal[
    "asked", "skipped", "unknown", "offered", "fires", "passes",
    "unfilled", "counted", "taken", "not_taken", "hole", "filled", "silent",
    "kept", "withheld", "optionless", "differs", "gap",
]  # fmt: skip
"""What may be possible.

- `asked`: an item is asked.
- `skipped`: the interview comes to it, and it is not asked.
- `kept`: the interview comes to it, and one of its conditions keeps it from being asked.
- `unknown`: its condition is neither true nor false there.
- `offered`, `withheld`: it is asked, and an option is offered, or not.
- `optionless`: its conditions hold, and none of its options is offered.
- `fires`, `passes`: a check does, on an answer.
- `unfilled`: a text is read, and a fill in it has no value.
- `filled`: a text is read, and a fill in it has a value. This is not proved.
- `counted`: a complete interview counts in a quota cell.
- `taken`, `not_taken`: a branch of a fork is asked or not asked, in a range of the variable.
- `hole`: no branch is asked after a decline.
- `silent`: a choice `x if condition else y` gives `y` although its condition is unknown.
- `gap`: every condition of a table without `else` is false.
- `differs`: of the conditions of two versions, only those of one hold.
"""


class Goal(NamedTuple):
    """Something that may or may not be possible."""

    kind: GoalKind
    name: str
    """The item, group or quota; of a fork the first of its items."""
    detail: Any = None
    """What identifies it among those of its kind and name, which decides on the type.

    For example: the option's code, the number of the check from 0, the quota cell.
    """


GoalLiterals: TypeAlias = Mapping[Goal, Sequence[Literal]]
"""Goals, each with the literals of which one must be true."""
WitnessValue: TypeAlias = Constant | tuple[Code, ...] | Missing
"""A value in a witness. A date or a time of day is the number of the day or of the minute."""


@dataclass(frozen=True, slots=True)
class Witness:
    """An interview that shows that goals are possible: its sample values and answers."""

    sample: Mapping[str, WitnessValue]
    answers: Mapping[Place, WitnessValue]
    route: tuple[Place, ...]
    """The items that are asked, in order."""
    today: date
    """The day of the interview."""


@dataclass(slots=True)
class Verdicts:
    """What is possible, with a witness, and what is not."""

    possible: dict[Goal, Witness] = field(default_factory=dict)
    impossible: list[Goal] = field(default_factory=list)
    undecided: list[Goal] = field(default_factory=list)
    """What is too hard for the solver, or possible only for it: no witness leads there."""
    stopped_at: dict[Goal, str] = field(default_factory=dict)
    """For what no witness leads to: the item whose hard check stopped the last one, if one did."""


class Comparison(NamedTuple):
    """The result of a comparison of conditions of two versions."""

    is_same: bool = False
    decided: bool = False
    holds_in_new: bool = True
    """Whether those of the newer version hold for the example, and those of the older don't."""
    example: Mapping[str, WitnessValue] = MappingProxyType({})
    """Answers and sample values for which only one of the two holds."""


# Fills without a value


class FillUse(NamedTuple):
    """A fill in a text of an item or group, without other words for a missing value."""

    owner: str
    fill: TextFill
    where: Position
    text: str
    """The fill as written."""
    check: int | None = None
    """The number of the check whose message contains it."""
    option: Code | None = None
    """The option whose text contains it."""

    @property
    def goal(self) -> Goal:
        """The goal that it is read without a value."""
        return Goal("unfilled", self.owner, (self.fill.key, self.where))

    def is_missing(self, known: Known) -> bool:
        """Return whether it has no value at this point of an interview."""
        turn = self.fill.turn
        if turn == "here":
            turn = known.turn
        return isinstance(known.value(self.fill.key, turn), Missing)


class _ReadText(NamedTuple):
    """A text of an item or group, and when it is read: always, or by a check, or for an option."""

    text: Template | None
    check: int | None = None
    option: Code | None = None


def list_fill_uses(node: CompiledNode, instrument: Instrument) -> list[FillUse]:
    """List the fills of a node's texts whose value the route decides."""
    uses: dict[Goal, FillUse] = {}
    for read in _list_texts(node):
        if read.text is None or len(read.text.static_words) == len(read.text.runs):
            continue  # no language of it has a fill
        for use in _iterate_uses(node.id, read, read.text, instrument):
            uses[use.goal] = use
    return list(uses.values())


def _list_texts(node: CompiledNode) -> list[_ReadText]:
    if not isinstance(node, CompiledItem):
        return [_ReadText(node.intro)]
    always = (node.text, node.instruction, node.probe, node.help, node.ask_for)
    texts = [_ReadText(text) for text in always]
    for number, check in enumerate(node.checks):
        texts += [_ReadText(text, check=number) for text in (check.say, check.otherwise)]
    for option in node.options:
        texts += [_ReadText(text, option=option.code) for text in (option.text, option.note)]
    return texts


def _iterate_uses(
    owner: str, read: _ReadText, template: Template, instrument: Instrument
) -> Iterator[FillUse]:
    for language, runs in template.runs.items():
        scalar = template.source.by_language.get(language) or template.source.get(language)
        for parts, _ in runs:
            for fill in parts:
                if isinstance(fill, TextFill) and _is_decided_by_route(fill, instrument):
                    at, text = find_fill(scalar, fill.key)
                    where = scalar.find_position(at)
                    yield FillUse(owner, fill, where, text, read.check, read.option)


def _is_decided_by_route(fill: TextFill, instrument: Instrument) -> bool:
    """Return whether the route decides if a fill has a value, which no other words replace."""
    if fill.variable is None or fill.otherwise is not None:
        return False
    compute = instrument.computes.get(fill.key)
    # the model knows the value of a compute in the first language only
    return compute is None or len(compute.conditions) == 1


def list_fill_goals(model: RouteModel) -> tuple[dict[Goal, list[Literal]], list[FillUse]]:
    """List the goals that a text is read while a fill in it has no value, and the fills.

    The sample is taken to be complete.
    """
    goals: dict[Goal, list[Literal]] = {}
    clauses = model.clauses
    sample_is_complete = clauses.all_of([cell.answered for cell in model.sample.values()])
    instrument = model.instrument
    nodes: list[CompiledNode] = [*instrument.groups.values(), *instrument.items.values()]
    uses = {node.id: list_fill_uses(node, instrument) for node in nodes}
    asked_in: dict[Place, list[Literal]] = {}
    for position in model.positions:
        asked_in.setdefault(position.place, []).append(position.asked)

    for position in model.positions:
        for use in uses.get(position.node.id, ()):
            read = _find_read(model, position, use, asked_in)
            term = model.find_term(use.fill.key, _find_turns(position, use.fill))
            if term is None:
                continue
            known = find_known(clauses, term)
            unfilled = clauses.all_of([read, sample_is_complete, -known])
            goals.setdefault(use.goal, []).append(unfilled)
    encoded = [use for own in uses.values() for use in own if use.goal in goals]
    return goals, encoded


def _find_turns(position: RoutePosition, fill: TextFill) -> Mapping[str, int]:
    """Return the turns in which a fill is read: those of its position, or the one that it names."""
    roster = fill.variable.roster if fill.variable is not None else None
    if isinstance(fill.turn, int) and roster is not None:
        return {roster: fill.turn}
    return position.turns


def _find_read(
    model: RouteModel,
    position: RoutePosition,
    use: FillUse,
    asked_in: Mapping[Place, Iterable[Literal]],
) -> Literal:
    """Return the literal that the text with this fill is read at a position."""
    node = position.node
    clauses = model.clauses
    if not isinstance(node, CompiledItem):
        # an introduction is read before the first item that is asked
        below: list[Literal] = []
        for item in node.items:
            turn = position.place.turn if item.roster else None
            below += asked_in.get(Place(item.id, turn), ())
        return clauses.all_of([position.asked, clauses.any_of(below)])
    if use.check is not None:
        if use.check < len(position.fires):
            return position.fires[use.check]
        return FALSE
    if use.option is not None and use.option in position.offered:
        return clauses.all_of([position.asked, position.offered[use.option]])
    return position.asked


# Quotas


def list_quota_goals(model: RouteModel) -> dict[Goal, list[Literal]]:
    """List the goals that a complete interview counts in a quota cell."""
    goals: dict[Goal, list[Literal]] = {}
    for quota in model.instrument.document.quotas:
        parts = [model.completed]
        if quota.where is not None:
            condition, _ = compile_external_condition(
                model.instrument, str(quota.where), who=str(quota.id)
            )
            if condition is None:
                continue
            parts.append(model.encode_generated(condition.tree, NO_TURNS).true)

        for quota_cell, target in quota.targets.items() or [("", quota.target)]:
            if target == 0:
                continue
            texts = str(quota_cell).split("/")
            codes = [
                _find_code(model, str(name), text)
                for name, text in zip(quota.by, texts, strict=False)
            ]
            counted = model.clauses.all_of([*parts, *codes])
            goals[Goal("counted", str(quota.id), str(quota_cell))] = [counted]
    return goals


def _find_code(model: RouteModel, name: str, code: str) -> Literal:
    """Return the literal that a variable has the value that a quota cell's name contains."""
    term = to_keyed(model.find_term(name, NO_TURNS) or [])
    values = model.encoder.calculator.collect_values(term)
    if values is None:
        return model.clauses.make_variable()  # too many to list: left open
    by_text = {_format_code(value): literal for value, literal in values.items()}
    return by_text.get(code.strip(), FALSE)


def _format_code(value: Constant) -> str:
    """Format a code as the name of a quota cell does: a truth value as 1 or 0."""
    if isinstance(value, bool):
        return str(int(value))
    return str(value)
