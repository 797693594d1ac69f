"""Coverage: what can happen in a questionnaire, what happens in a run, replays of witnesses."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from functools import cached_property
from random import Random
from types import MappingProxyType
from typing import Any, Final

from survey_cli.engine.computed_answers import compute_answer
from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.known import NOTHING_KNOWN, Known
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.groups import BracketSection
from survey_cli.instrument.schema.items.possible_answers import AnyText
from survey_cli.instrument.schema.items.question import CompiledItem, ItemContext, QuestionItem
from survey_cli.instrument.schema.items.unasked_items import (
    ComputedItem,
    DrawItem,
    EndItem,
    LookupItem,
    PickItem,
)
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.problems import Position
from survey_cli.proof.goals import FillUse, Goal, GoalKind, Witness
from survey_cli.proof.table_gaps import is_in_gap
from survey_cli.scenarios.running import Scenario, ScenarioRun, run_scenario
from survey_cli.values import Code, Missing, Value

SEEN_KINDS: Final[frozenset[GoalKind]] = frozenset(
    (
        *("asked", "skipped", "kept", "unknown", "offered", "withheld", "optionless"),
        *("fires", "passes", "unfilled"),
    )
)
"""Goals that a walk notes when they happen."""


class ObservedWalk(RouteWalk):
    """A walk that notes everything that it decides."""

    seen: set[Goal]

    def _is_asked(self, node: CompiledNode, group: ItemGroup, turn: int | None) -> Any:
        on_route = super()._is_asked(node, group, turn)
        kind: GoalKind = "asked" if on_route is True else "skipped"
        self.seen.add(Goal(kind, node.id))

        is_due = self._note_conditions(node)
        if is_due and isinstance(node, CompiledItem) and node.options_conditional:
            self._note_options(node)
        return on_route

    def _note_conditions(self, node: CompiledNode) -> bool:
        """Note whether the conditions of a node hold; returns whether they let it be asked."""
        is_due = True
        if node.ask_if is not None:
            truth = node.ask_if.evaluate(self.known)
            if isinstance(truth, Missing):
                self.seen.add(Goal("unknown", node.id))
            if truth is not True:
                self.seen.add(Goal("kept", node.id, "ask_if"))
                is_due = False

        if node.unless is not None:
            truth = node.unless.evaluate(self.known)
            if isinstance(truth, Missing):
                self.seen.add(Goal("unknown", node.id))
            if truth is True and is_due:
                self.seen.add(Goal("kept", node.id, "unless"))
                is_due = False

        return is_due

    def _note_options(self, item: CompiledItem) -> None:
        """Note if none of the options is offered; all of them have conditions."""
        conditions = [option.ask_if for option in item.options if option.ask_if is not None]
        if not any(condition.evaluate(self.known) is True for condition in conditions):
            self.seen.add(Goal("optionless", item.id))

    def note_item(self, item: CompiledItem) -> None:
        """Note that an item is asked, and which of its options are offered."""
        self.seen.add(Goal("asked", item.id))
        for option in item.options:
            if option.ask_if is None:
                continue
            is_offered = option.ask_if.evaluate(self.known) is True
            kind: GoalKind = "offered" if is_offered else "withheld"
            self.seen.add(Goal(kind, item.id, option.code))


def observe(run: ScenarioRun) -> frozenset[Goal]:
    """Return everything that a run covers."""
    start = run.interview.start
    machine = run.interview.machine
    walk = ObservedWalk(
        run.interview.instrument, start.seed, machine.build_known(), rules=start.rules
    )
    walk.seen = set(run.seen)

    stops = machine.walk.stops
    for stop in stops:
        walk.advance()
        walk.note_item(stop.item)
        answer = machine.recorded_answers.get(stop.place)
        if answer is not None:
            walk.record_answer(stop, answer.cell)

    # notes what was skipped after the last stop; the walk never goes past an end item
    ended_early = bool(stops) and isinstance(stops[-1].item.question, EndItem)
    if machine.walk.finished and not ended_early:
        walk.advance()

    return frozenset(walk.seen)


def list_coverage(instrument: Instrument) -> list[Goal]:
    """List everything that scenarios can cover, in written order."""
    return list(dict.fromkeys(_iterate_goals(instrument.root.children)))


def _iterate_goals(nodes: Iterable[CompiledNode]) -> Iterator[Goal]:
    for node in nodes:
        yield Goal("asked", node.id)
        if node.ask_if is not None or node.unless is not None:
            yield Goal("skipped", node.id)
            yield Goal("unknown", node.id)

        if isinstance(node, ItemGroup) and isinstance(node.spec, BracketSection):
            continue  # which of its steps are asked is no choice of the designer
        if isinstance(node, ItemGroup):
            yield from _iterate_goals(node.children)
            if isinstance(node, Roster) and node.until is not None:
                yield Goal("asked", node.until.id)
            continue

        for option in node.options:
            if option.ask_if is not None:
                yield Goal("offered", node.id, option.code)
        yield from (Goal("filled", node.id, name) for name in node.text.iterate_names())
        if node.question.expects_answer:
            for number in range(len(node.checks)):
                yield Goal("fires", node.id, number)
                yield Goal("passes", node.id, number)


def _is_conditional(instrument: Instrument, name: str) -> bool:
    node = instrument.items.get(name) or instrument.groups[name]
    return node.ask_if is not None or node.unless is not None


def _is_end(instrument: Instrument, name: str) -> bool:
    item = instrument.items.get(name)
    return item is not None and isinstance(item.question, EndItem)


KINDS: Final[Mapping[str, Callable[[Instrument, Goal], bool]]] = {
    "items": lambda i, g: g.kind == "asked" and g.name in i.items and not _is_end(i, g.name),
    "ends": lambda i, g: g.kind == "asked" and _is_end(i, g.name),
    "conditions true": lambda i, g: g.kind == "asked" and _is_conditional(i, g.name),
    "conditions not true": lambda _, g: g.kind == "skipped",
    "conditions unknown": lambda _, g: g.kind == "unknown",
    "options with a condition": lambda _, g: g.kind == "offered",
    "checks that fire": lambda _, g: g.kind == "fires",
    "checks that pass": lambda _, g: g.kind == "passes",
    "fills": lambda _, g: g.kind == "filled",
}
"""What is counted, by name."""

_DESCRIPTIONS: Final = {
    "asked": ("{name} is asked", "{name} is never asked"),
    "skipped": ("{name} is not asked", "{name} is always asked"),
    "unknown": ("the condition of {name} is unknown", "the condition of {name} is never unknown"),
    "offered": ("{name} offers option {detail}", "{name} never offers option {detail}"),
    "fires": ("check {detail} of {name} fires", "check {detail} of {name} never fires"),
    "passes": ("check {detail} of {name} passes", "check {detail} of {name} never passes"),
    "filled": ("{name} is read with {detail}", "{name} is never read with {detail}"),
}


def describe_goal(instrument: Instrument, goal: Goal, *, negated: bool = False) -> str:
    """Describe what happens; if `negated`, what never happens."""
    detail = goal.detail
    if goal.kind in ("fires", "passes"):  # people count checks from 1
        detail = goal.detail + 1
    name = instrument.find_written_name(goal.name)
    return _DESCRIPTIONS[goal.kind][negated].format(name=name, detail=detail)


def locate_goal(instrument: Instrument, goal: Goal) -> Position:
    """Return the position in the questionnaire of what a goal is about."""
    node = instrument.items.get(goal.name) or instrument.groups[goal.name]
    spec = node.question if isinstance(node, CompiledItem) else node.spec
    if spec is None:
        return Position("")

    if goal.kind in ("fires", "passes") and isinstance(spec, QuestionItem):
        parts: list[SpecModel] = [*spec.checks, *spec.confirm]
        written: SpecModel = spec
        if goal.detail < len(parts):
            written = parts[goal.detail]
        return written.find_position()

    if goal.kind == "filled":
        key = "text"
    elif goal.kind not in ("skipped", "unknown"):
        key = "id"
    elif node.ask_if is not None:
        key = "ask_if"
    else:
        key = "unless"
    return spec.find_position(key)


NO_FILLS: Final[Mapping[str, Sequence[FillUse]]] = MappingProxyType({})


def replay_witness(
    instrument: Instrument, witness: Witness, *, fills_others: bool = False
) -> tuple[Scenario, ScenarioRun, bool]:
    """Return a witness as a scenario, its run, and whether the engine asks what the witness says.

    The seed is one that gives the splits, draws and picks of the witness. The order of places may
    differ.
    """
    scenario = replace(build_scenario(instrument, witness), fills_others=fills_others)
    picked = {
        item.id
        for group in instrument.groups.values()
        if group.pick is not None
        for item in group.items
    }
    drawn = [
        place
        for place in witness.answers
        if isinstance(instrument.items[place.item].question, DrawItem)
    ]

    def is_drawn(run: ScenarioRun) -> bool:
        answers = run.interview.machine.recorded_answers
        for place in drawn:
            if place not in answers or answers[place].cell != witness.answers[place]:
                return False

        different_places = {*run.route}.symmetric_difference(witness.route)
        return not any(place.item in picked for place in different_places)

    run = run_scenario(instrument, scenario, is_drawn)
    has_same_route = {*run.route} == {*witness.route}
    is_confirmed = has_same_route and run.unanswered is None and not run.differs
    return scenario, run, is_confirmed


def build_scenario(instrument: Instrument, witness: Witness) -> Scenario:
    """Return the scenario with the answers and sample values of a witness."""
    answers = {}
    for place, value in witness.answers.items():
        item = instrument.items[place.item]
        if not isinstance(item.question, DrawItem | PickItem):  # its seed is found by the route
            answers[place] = format_typed(item, value, instrument.language)

    sample = _read_sample(instrument, witness)
    return Scenario(today=witness.today, sample=sample, answers=answers)


def _read_sample(instrument: Instrument, witness: Witness) -> dict[str, Value | Missing]:
    """Return the sample values of a witness, with dates and times instead of numbers."""
    return {
        name: to_calendar(instrument.sample[name].type, value)
        for name, value in witness.sample.items()
    }


def format_typed(item: CompiledItem, value: Any, language: str) -> str:
    """Return an answer as it is typed: a decline as `.dk`."""
    if isinstance(value, Missing):
        return f".{value.kind}"

    question = item.question
    value = to_calendar(question.condition_type, value)
    if isinstance(question.describe_answers(item), AnyText):
        context = ItemContext(item=item, known=NOTHING_KNOWN, language=language)
        if question.why_invalid(context, value):  # a pattern, which the witness doesn't know
            value = question.invent(context, Random(1))

    codes = value if isinstance(value, tuple) else (value,)
    words: Mapping[Any, str] = {
        o.code: "other" for o in item.options if o.specify and o.code in codes
    }
    return question.format_as_typed(value, words, language)


def to_calendar(kind: str, value: Any) -> Value | Missing:
    """Convert the number of a date or a time of day."""
    if isinstance(value, Missing) or kind not in ("date", "time") or not isinstance(value, int):
        return value  # type: ignore[no-any-return]  # a witness has values of any type
    if kind == "date":
        return date.fromordinal(max(value, 1))
    return time(value // 60, value % 60)


class WitnessWalk(ObservedWalk):
    """The walk with a witness: its answers, and its results of splits, draws and lookups."""

    def __init__(
        self,
        instrument: Instrument,
        witness: Witness,
        fills: Mapping[str, Sequence[FillUse]] = NO_FILLS,
    ) -> None:
        sample = _read_sample(instrument, witness)
        super().__init__(instrument, 1, Known(sample, today=witness.today, unfilled={}))
        self.witness = witness
        self._fills = fills
        self.seen = set()
        self.rejection = ""
        """Why an answer is not valid. The walk ends there."""
        self.stopped_at = ""
        """The item whose hard check its answer doesn't pass. The walk ends there, too."""
        self._introduced = {
            id(group.intro): group
            for group in instrument.groups.values()
            if group.intro is not None
        }

        stop = self.advance()
        while stop is not None and self._answer(stop):
            stop = self.advance()

    @cached_property
    def follows_witness(self) -> bool:
        """Whether exactly the items of the witness are asked."""
        return not self.rejection and {stop.place for stop in self.stops} == set(self.witness.route)

    def shows(self, goal: Goal) -> bool:
        """Return whether a goal that the witness should show is reached."""
        if goal.kind in SEEN_KINDS:
            return goal in self.seen
        if goal.kind == "gap" and not is_in_gap(self.instrument, goal.name, self.known):
            return False
        return self.follows_witness

    def _answer(self, stop: RouteStop) -> bool:
        """Record the answer of the witness; returns whether the walk goes on."""
        self.note_item(stop.item)
        self._note_fills(stop)

        question = stop.item.question
        if question.expects_answer:
            return self._record_given(stop)
        if isinstance(question, EndItem):
            return False
        if isinstance(question, LookupItem) and question.sample is not None:
            return self._record(stop, self.known.value(str(question.sample)))
        if isinstance(question, BracketResultItem):
            value, _ = compute_answer(self, stop)
            assert value is not None
            return self._record(stop, value)
        if isinstance(question, ComputedItem):
            return self._record_given(stop)
        self.record_answer(stop, None)
        return True

    def _record_given(self, stop: RouteStop) -> bool:
        """Record what the witness says; returns whether it has an answer that the item accepts."""
        if stop.place not in self.witness.answers:
            self.rejection = f"{stop.place}: the witness has no answer"
            return False

        given = self.witness.answers[stop.place]
        value = to_calendar(stop.item.question.condition_type, given)
        if not isinstance(value, Missing):
            reason = self._why_invalid(stop, value)
            if reason:
                self.rejection = f"{stop.place}: {value}: {reason}"
                return False
        return self._record(stop, value)

    def _why_invalid(self, stop: RouteStop, value: Value) -> str:
        """Return why an item doesn't accept an answer; empty if it does, or if none is given."""
        question = stop.item.question
        if not question.expects_answer:
            return ""
        if isinstance(question.describe_answers(stop.item), AnyText):
            return ""  # the text of a witness stands for any text, whatever its pattern
        context = self.build_item_context(stop, self.instrument.language)
        return question.why_invalid(context, value)

    def _record(self, stop: RouteStop, value: Value | Missing) -> bool:
        """Record a value and which checks fire on it; returns whether it passes all hard checks."""
        self.record_answer(stop, value)
        checks = stop.item.checks
        if isinstance(value, Missing) or not checks:
            return True

        fired: set[int] = set()
        for number, check in enumerate(checks):
            if check.fires(self.known):
                fired.add(number)
                self.seen.add(Goal("fires", stop.item.id, number))
            else:
                self.seen.add(Goal("passes", stop.item.id, number))
        self._note_fills(stop, fired)
        is_stopped = not all(checks[number].soft for number in fired)
        if is_stopped:
            self.stopped_at = stop.item.id
        return not is_stopped

    def _note_fills(self, stop: RouteStop, fired: set[int] | None = None) -> None:
        """Note the fills without a value in what is read at a stop, or by the checks that fired."""
        if not self._fills:
            return
        groups = [self._introduced[id(intro)] for intro in stop.intros if fired is None]
        names = [*(group.id for group in groups), stop.item.id]
        uses = [use for name in names for use in self._fills.get(name, ())]
        if not uses:
            return

        offered: set[Code] = set()
        if stop.item.options:
            offered = {option.code for option in self.list_options(stop)}
        for use in uses:
            if fired is None:
                is_read = use.check is None
            else:
                is_read = use.check in fired
            is_shown = use.option is None or use.option in offered
            if is_read and is_shown and use.is_missing(self.known):
                self.seen.add(use.goal)
