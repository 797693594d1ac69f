"""Scenarios, and their runs: the interview through the engine, and what happened on the way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import islice
from math import isinf
from random import Random
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from survey_cli.engine import events, prompts
from survey_cli.engine.interview import Interview
from survey_cli.engine.order import choose_arm
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.engine.route import RouteStop
from survey_cli.entries import ExactText, PickEntry, PickReply, Rejection, Reply, to_plain_text
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.brackets import BracketStepItem
from survey_cli.instrument.schema.items.possible_answers import AnyText
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import DateItem, NumericItem
from survey_cli.instrument.schema.items.unasked_items import (
    ComputedItem,
    DrawItem,
    LookupItem,
    PickItem,
    SplitItem,
)
from survey_cli.proof.goals import Goal, GoalKind
from survey_cli.values import Missing, Place, Value

NO_ANSWERS: Mapping[Place, str] = MappingProxyType({})


class ScenarioStep(NamedTuple):
    """One action of the interviewer: going back, or correcting answers."""

    at: Place | None = None
    """The place of the action. None means at the end, before the interview is closed."""
    back: int = 0
    """How many places the interviewer goes back."""
    correct: Mapping[Place, str] = NO_ANSWERS
    """Answers given instead of earlier ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An interview that is written down in advance."""

    today: date
    name: str = ""
    sample: Mapping[str, Value | Missing] = field(default_factory=dict)
    seed: int | None = None
    """None means the first one that gives the answers of splits and draws."""
    language: str = ""
    """If it is empty, the first language of the questionnaire is used."""
    interviewer: str = "Pat"
    answers: Mapping[Place, str] = field(default_factory=dict)
    """As typed: `34`, `1 3`, `97 Fanta`, `.dk`. Those of splits and draws are conditions on the
    seed, those of quotas the state of the quota cell, which is open if left out."""
    fallback: Mapping[Place, str] = field(default_factory=dict)
    """Answers that apply to a place that `answers` leave out, and need not be asked."""
    fills_others: bool = False
    """Whether everything else is answered with the first answer that is accepted."""
    steps: tuple[ScenarioStep, ...] = ()


MAX_RUNS: Final = 100
"""How many seeds are tried for a run that is accepted."""
MAX_SEEDS: Final = 100_000
"""How many seeds are tried for one that gives the arms of splits."""
INVENTED_ANSWERS: Final = 40
"""How many answers are tried at an item that the scenario leaves out, after the first ones."""


@dataclass(slots=True)
class ScenarioRun:
    """The result of running a scenario."""

    interview: Interview
    seed: int
    outcome: str = ""
    """The outcome at the end of the route; empty if the end was not reached."""
    unanswered: Place | None = None
    """The place at which it stopped, since the scenario has no answer to it."""
    rejections: dict[Place, str] = field(default_factory=dict)
    """Why the engine refused an answer. The interview goes no further."""
    warnings: dict[Place, list[str]] = field(default_factory=dict)
    """Queries about an answer, which was kept: soft checks and read-backs."""
    texts: dict[Place, str] = field(default_factory=dict)
    """What was read aloud, with introductions, at the last visit."""
    seen: set[Goal] = field(default_factory=set)
    """Checks that fired or passed, and fills that had a value."""
    redundant: set[Place] = field(default_factory=set)
    """Places whose answer would also have been given if the scenario left it out."""
    differs: bool = False
    """A split or draw did not give the answer that the scenario has."""

    @property
    def route(self) -> tuple[Place, ...]:
        """The places that were asked or computed, in order, up to where it ended or stopped."""
        return tuple(stop.place for stop in self.interview.machine.walk.stops)


def run_scenario(
    instrument: Instrument,
    scenario: Scenario,
    accept: Callable[[ScenarioRun], bool] = lambda _: True,
) -> ScenarioRun:
    """Run a scenario with its seed, or with the first one that gives its splits and draws.

    `accept` may ask for more of the run. Returns the first run if none is accepted.
    """
    first: ScenarioRun | None = None
    for seed in islice(_iterate_seeds(instrument, scenario), MAX_RUNS):
        run = _Runner(instrument, scenario, seed).run()
        if not run.differs and accept(run):
            return run
        if first is None:
            first = run
    if first is None:  # no seed gives the arms of its splits
        first = _Runner(instrument, scenario, 1).run()
    return first


def _iterate_seeds(instrument: Instrument, scenario: Scenario) -> Iterator[int]:
    """Yield the seeds that give the arms of the scenario's splits."""
    if scenario.seed is not None or not depends_on_seed(instrument):
        yield scenario.seed or 1
        return

    splits = []
    for place, arm in scenario.answers.items():
        item = instrument.items.get(place.item)
        if item is not None and isinstance(item.question, SplitItem):
            shares = {str(name): share for name, share in item.question.arms.items()}
            splits.append((place, arm, shares))

    # arms depend only on the seed and cost no interview, so that many more seeds can be tried
    seeds = range(1, MAX_SEEDS if splits else MAX_RUNS + 1)
    for seed in seeds:
        is_given = all(
            choose_arm(shares, seed=seed, key=place.item, turn=place.turn) == arm
            for place, arm, shares in splits
        )
        if is_given:
            yield seed


def depends_on_seed(instrument: Instrument) -> bool:
    """Return whether the route depends on the seed."""
    for item in instrument.items.values():
        if isinstance(item.question, SplitItem | DrawItem | PickItem):
            return True
    return any(group.order != "written" for group in instrument.groups.values())


class _Runner:
    """One interview of a scenario."""

    def __init__(self, instrument: Instrument, scenario: Scenario, seed: int) -> None:
        self.instrument = instrument
        self.scenario = scenario
        self.answers = {**scenario.fallback, **scenario.answers}
        self.steps = list(scenario.steps)
        noon = datetime.combine(scenario.today, time(12), UTC)
        self.stamp = events.EventStamp(noon, "scenario")
        language = scenario.language or instrument.language
        start = events.InterviewStarted(
            self.stamp,
            instrument.hash,
            seed,
            "1001",
            scenario.today,
            events.SessionContext(scenario.interviewer, "morning", language),
            sample=dict(scenario.sample),
        )
        self.result = ScenarioRun(Interview.begin(instrument, start), seed)

    def run(self) -> ScenarioRun:
        """Answer until the end, or until there is no answer or it is refused."""
        while self._take_step() or self._answer():
            pass
        return self.result

    def _take_step(self) -> bool:
        """Take the step that is due here; returns whether the interview goes on after it."""
        step = self._find_step()
        if step is None or self.result.outcome:
            return False
        self.steps.remove(step)
        if step.back:
            return self._go_back(step.back)
        return self._correct(step)

    def _find_step(self) -> ScenarioStep | None:
        interview = self.result.interview
        is_at_end = interview.is_at_end or bool(interview.ending)
        for step in self.steps:
            if step.at is None:
                is_due = is_at_end
            else:
                is_due = step.at == interview.place
            if is_due:
                return step
        return None

    def _go_back(self, places: int) -> bool:
        for _ in range(places):
            place = prompts.find_previous_place(self.result.interview)
            if place is not None:
                self._apply(events.PositionMoved(self.stamp, place), place)
        return True

    def _correct(self, step: ScenarioStep) -> bool:
        self.answers |= step.correct
        for place in step.correct:
            jump = events.PositionMoved(self.stamp, place, jump=True)
            if not self._apply(jump, place) or not self._answer():
                return False
        return True

    def _answer(self) -> bool:
        """Answer what is asked now; returns whether the interview goes on."""
        interview = self.result.interview
        machine = interview.machine
        stop = machine.current_stop
        if stop is None:
            self.result.outcome = interview.ending
            return False

        if machine.query is not None:
            self._note_warning(stop)
            confirmation = events.QueryConfirmed(self.stamp, stop.place, machine.query)
            return self._apply(confirmation, stop.place)
        if isinstance(stop.item.question, ComputedItem):
            return self._compute(stop)

        self._note_text(stop)
        if not stop.item.question.expects_answer:
            return self._apply(events.QuestionAnswered(self.stamp, stop.place), stop.place)
        return self._answer_question(stop)

    def _answer_question(self, stop: RouteStop) -> bool:
        """Give the answer of the scenario or, if `fills_others`, the first that is accepted."""
        text = self.answers.get(stop.place)
        # an empty text is an answer: nothing is chosen
        if text is None:
            text = self._find_step_answer(stop)
        first: events.InterviewEvent | None = None
        if self.scenario.fills_others:
            first = self._find_first(stop)

        event: events.InterviewEvent | Rejection | None = first
        if text is not None:
            event = self._parse(stop.item, text)
        if event is None:
            self.result.unanswered = stop.place
            return False
        if text is not None and event == first:
            self.result.redundant.add(stop.place)
        return self._apply(event, stop.place)

    def _find_step_answer(self, stop: RouteStop) -> str | None:
        """Find the answer to a step of a bracket whose result the scenario says."""
        question = stop.item.question
        if not isinstance(question, BracketStepItem):
            return None
        wanted = self.answers.get(Place(question.bracket, stop.place.turn))
        if wanted is None or not wanted.isdecimal():
            return wanted  # a decline ends the steps at once
        return str(question.find_answer(int(wanted)))

    def _note_warning(self, stop: RouteStop) -> None:
        """Note the query about the answer."""
        prompt = prompts.build_prompt(self.result.interview)
        if prompt is not None and prompt.query is not None:
            text = to_plain_text(prompt.query.text)
            self.result.warnings.setdefault(stop.place, []).append(text)

    def _note_text(self, stop: RouteStop) -> None:
        """Note what is read aloud, and which fills have a value."""
        interview = self.result.interview
        prompt = prompts.build_prompt(interview)
        if prompt is None:
            return

        parts = (to_plain_text(prompt.intro), to_plain_text(prompt.text))
        self.result.texts[stop.place] = "\n".join(part for part in parts if part)

        unfilled = interview.machine.walk.known.unfilled or {}
        for name in stop.item.text.iterate_names():
            if name not in unfilled:
                self.result.seen.add(Goal("filled", stop.item.id, name))

    def _parse(self, item: CompiledItem, text: str) -> events.InterviewEvent | Rejection:
        """Return the event of an answer as typed; `.dk` is a decline."""
        kind = text.removeprefix(".")
        answers = item.question.describe_answers(item)
        may_be_text = isinstance(answers, AnyText) and kind not in self.instrument.declines
        if kind != text and not may_be_text:
            return prompts.build_decline(self.result.interview, kind, self.stamp)
        decline = item.find_typed_decline(text)
        if decline is not None:
            return prompts.build_decline(self.result.interview, decline.id, self.stamp)
        return prompts.parse_reply(self.result.interview, ExactText(text), self.stamp)

    def _find_first(
        self, stop: RouteStop
    ) -> events.QuestionAnswered | events.QuestionDeclined | None:
        """Return the first answer that is accepted here, or else the first decline."""
        interview = self.result.interview
        for reply in self._iterate_replies(stop):
            event = prompts.parse_reply(interview, reply, self.stamp)
            if isinstance(event, events.QuestionAnswered):
                answer = RecordedAnswer(event.value, event.specify_texts)
                if interview.machine.find_mistake(stop, answer) is None:
                    return event
        for decline in stop.item.declines:
            return events.QuestionDeclined(self.stamp, stop.place, decline.id)
        return None

    def _iterate_replies(self, stop: RouteStop) -> Iterator[Reply]:
        """Yield answers to an item: the first options, the lowest number, today; then others."""
        question = stop.item.question
        interview = self.result.interview
        context = interview.machine.walk.build_item_context(stop, interview.language)
        entry = question.build_entry(context)
        match question:
            case NumericItem():
                for low, _ in question.find_ranges(context):
                    if isinf(low):
                        low = 0
                    yield ExactText(str(low))
            case QuantityItem(quantity=quantity):
                for low, _ in quantity.keyed:
                    yield ExactText(str(int(low)))
            case DateItem():
                yield self.scenario.today.isoformat()

        if isinstance(entry, PickEntry):
            yield from _iterate_picks(entry)

        rng = Random(str(stop.place))
        for _ in range(INVENTED_ANSWERS):
            yield question.invent(context, rng)

    def _compute(self, stop: RouteStop) -> bool:
        """Record the answer that the computer gives."""
        value, pool_size = self.result.interview.compute_answer()
        wanted = self.answers.get(stop.place)
        if isinstance(stop.item.question, LookupItem):
            if value is None:
                value = wanted or "open"
            is_redundant = wanted in (None, "open")
        else:
            given = str(value)
            if isinstance(value, Missing):
                given = f".{value.kind}"
            if wanted is not None and given != wanted:
                self.result.differs = True
                self.result.rejections[stop.place] = f"the computer gives {given}, not {wanted}"
                return False
            is_redundant = True

        assert value is not None
        if is_redundant:
            self.result.redundant.add(stop.place)
        event = events.ValueComputed(self.stamp, stop.place, value, pool_size)
        return self._apply(event, stop.place)

    def _apply(self, event: events.InterviewEvent | Rejection, place: Place) -> bool:
        """Apply an event; returns whether it was accepted."""
        interview = self.result.interview
        if isinstance(event, events.QuestionAnswered) and event.value is not None:
            self.result.seen |= self._observe_checks(interview, event.value)

        after: Interview | Rejection
        if isinstance(event, Rejection):
            after = event
        else:
            after = interview.step(event)
        if isinstance(after, Rejection):
            self.result.rejections[place] = after.why
            return False

        self.result.interview = after
        return True

    def _observe_checks(self, interview: Interview, value: Any) -> set[Goal]:
        """Return which checks of the current item fire on an answer, and which do not."""
        machine = interview.machine
        stop = machine.current_stop
        if stop is None or not stop.item.checks:
            return set()

        # checks read the answer, which is not recorded yet: record it, and undo that afterwards
        known = machine.walk.known
        change_count = known.change_count
        machine.walk.record_answer(stop, value)
        seen = set()
        for number, check in enumerate(stop.item.checks):
            kind: GoalKind = "fires" if check.fires(known) else "passes"
            seen.add(Goal(kind, stop.item.id, number))
        known.undo_changes(change_count)
        return seen


def _iterate_picks(entry: PickEntry) -> Iterator[PickReply]:
    """Yield the fewest options that may be chosen together, then every single option."""
    choices = [[option] for option in entry.options]
    if entry.several and entry.min_count > 1:
        combinable = [option for option in entry.options if not option.exclusive]
        choices.insert(0, combinable[: entry.min_count])
    for chosen in choices:
        words = {option.code: "something else" for option in chosen if option.specify}
        yield PickReply(tuple(option.code for option in chosen), words)
