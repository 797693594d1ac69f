"""Goals: what may be possible in a questionnaire, and witnesses: answers that lead there."""

import typing
from collections.abc import Iterator, Mapping
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
from survey_cli.proof.cells import FALSE, Literal
from survey_cli.proof.route import RouteModel, RoutePosition
from survey_cli.values import Code, Missing, Place

RETRIES: Final = 12
"""How often another witness is looked for where one does not lead where it should."""

GoalKind: TypeAlias = typing.Literal[
    "asked", "skipped", "unknown", "offered", "fires", "passes",
    "unfilled", "counted", "taken", "left", "hole", "filled", "silent",
    "kept", "withheld", "optionless",
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
- `taken`, `left`: a branch of a fork is asked or not asked, in a range of the variable.
- `hole`: no branch is asked after a decline.
- `silent`: a choice `x if condition else y` gives `y` although its condition is unknown.
"""


class Goal(NamedTuple):
    """Something that may or may not be possible."""

    kind: GoalKind
    name: str
    """The item, group or quota; of a fork the first of its items."""
    detail: Any = None
    """What identifies it: the option's code, the number of the check from 0, the quota cell."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Answers and sample values that lead somewhere."""

    sample: Mapping[str, Any]
    answers: Mapping[Place, Any]
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
    """What clauses call possible, but no witness of which leads there."""


class Comparison(NamedTuple):
    """The result of a comparison of conditions of two versions."""

    is_same: bool = False
    decided: bool = False
    holds_in_new: bool = True
    """Whether those of the newer version hold for the example, and those of the older don't."""
    example: Mapping[str, Any] = MappingProxyType({})
    """Answers and sample values for which only one of the two holds."""


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
        return Goal("unfilled", self.owner, (self.fill.key, self.where))

    def is_missing(self, known: Known) -> bool:
        """Return whether it has no value at this point of an interview."""
        turn = known.turn if self.fill.turn == "here" else self.fill.turn
        return isinstance(known.value(self.fill.key, turn), Missing)


def list_fill_uses(node: CompiledNode, instrument: Instrument) -> list[FillUse]:
    """List the fills of a node's texts whose value the route decides."""
    texts: list[tuple[Template | None, int | None, Code | None]] = []
    if isinstance(node, CompiledItem):
        texts += [
            (text, None, None)
            for text in (node.text, node.instruction, node.probe, node.help, node.ask_for)
        ]
        texts += [
            (text, n, None)
            for n, check in enumerate(node.checks)
            for text in (check.say, check.otherwise)
        ]
        texts += [
            (text, None, option.code)
            for option in node.options
            for text in (option.text, option.note)
        ]
    else:
        texts.append((node.intro, None, None))
    uses = {
        use.goal: use
        for text, check, option in texts
        if text is not None and len(text.static_words) < len(text.runs)
        for use in _iterate_uses(node.id, text, instrument, check, option)
    }
    return list(uses.values())


def _iterate_uses(
    owner: str, template: Template, instrument: Instrument, check: int | None, option: Code | None
) -> Iterator[FillUse]:
    for language, runs in template.runs.items():
        scalar = template.source.by_language.get(language) or template.source.get(language)
        for fill in (part for parts, _ in runs for part in parts if isinstance(part, TextFill)):
            compute = instrument.computes.get(fill.key)
            if (
                fill.variable is None
                or fill.otherwise is not None
                or (compute and len(compute.conditions) > 1)
            ):
                continue
            at, text = find_fill(scalar, fill.key)
            yield FillUse(owner, fill, scalar.find_position(at), text, check, option)


def list_fill_goals(model: RouteModel) -> tuple[dict[Goal, list[Literal]], list[FillUse]]:
    """List the goals that a text is read while a fill in it has no value, and the fills.

    The sample is taken to be complete.
    """
    goals: dict[Goal, list[Literal]] = {}
    clauses = model.clauses
    sampled = clauses.all_of([cell.answered for cell in model.sample.values()])
    nodes: list[CompiledNode] = [
        *model.instrument.groups.values(),
        *model.instrument.items.values(),
    ]
    uses = {node.id: list_fill_uses(node, model.instrument) for node in nodes}
    asked_in: dict[tuple[str, int | None], list[Literal]] = {}
    for position in model.positions:
        asked_in.setdefault(position.place, []).append(position.asked)
    for position in model.positions:
        for use in uses.get(position.node.id, ()):
            turns, roster = (
                position.turns,
                use.fill.variable.roster if use.fill.variable is not None else None,
            )
            if isinstance(use.fill.turn, int) and roster is not None:
                turns = {roster: use.fill.turn}
            read, term = (
                _find_read(model, position, use, asked_in),
                model.find_term(use.fill.key, turns),
            )
            if term is not None:
                known = clauses.any_of(
                    [model.encoder.find_known(alternative) for alternative in term]
                )
                goals.setdefault(use.goal, []).append(clauses.all_of([read, sampled, -known]))
    return goals, [use for each in uses.values() for use in each if use.goal in goals]


def _find_read(
    model: RouteModel,
    position: RoutePosition,
    use: FillUse,
    asked_in: Mapping[tuple[str, int | None], list[Literal]],
) -> Literal:
    node, clauses = position.node, model.clauses
    if not isinstance(node, CompiledItem):  # an introduction is read before the first item
        places = [(item.id, position.place.turn if item.roster else None) for item in node.items]
        below = [literal for place in places for literal in asked_in.get(place, ())]
        return clauses.all_of([position.asked, clauses.any_of(below)])
    if use.check is not None:
        return position.fires[use.check] if use.check < len(position.fires) else FALSE
    return clauses.all_of([position.asked, position.offered.get(use.option, position.asked)])


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
            parts.append(model.encode_kept(condition.tree, {}).true)
        for cell, target in quota.targets.items() or [("", quota.target)]:
            if target != 0:
                codes = [
                    _find_code(model, str(n), c)
                    for n, c in zip(quota.by, str(cell).split("/"), strict=False)
                ]
                goals[Goal("counted", str(quota.id), str(cell))] = [
                    model.clauses.all_of([*parts, *codes])
                ]
    return goals


def _find_code(model: RouteModel, name: str, code: str) -> Literal:
    """Return where a variable has the value that a cell's name names."""
    values = model.encoder.collect_values(model.find_term(name, {}) or [])
    if values is None:
        return model.clauses.make_variable()  # too many to list: left open
    texts = {
        str(int(value)) if isinstance(value, bool) else str(value): literal
        for value, literal in values.items()
    }
    return texts.get(code.strip(), FALSE)
