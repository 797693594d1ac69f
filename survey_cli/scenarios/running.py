"""Scenarios, and their runs: the interview through the engine, and everything that happened on the way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import islice
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
from survey_cli.instrument.schema.items.possible_answers import AnyText
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem
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
    """Something the interviewer does: goes back, or corrects answers."""

    at: Place | None = None
    """Where it is done. None: at the end, before the interview is closed."""
    back: int = 0
    """So many places back."""
    correct: Mapping[Place, str] = NO_ANSWERS
    """Answers given instead of earlier ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An interview in advance."""

    today: date
    name: str = ""
    sample: Mapping[str, Value | Missing] = field(default_factory=dict)
    seed: int | None = None
    """None: the first one that gives the answers of splits and draws."""
    language: str = ""
    """Empty: the first of the questionnaire."""
    interviewer: str = "Pat"
    answers: Mapping[Place, str] = field(default_factory=dict)
    """As typed: `34`, `1 3`, `97 Fanta`, `.dk`. Those of splits and draws are conditions on the seed, those of quotas
    the state of the quota cell, which is open if left out."""
    fallback: Mapping[Place, str] = field(default_factory=dict)
    """Answers that apply to a place that `answers` leave out, and need not be asked."""
    fills_others: bool = False
    """Whether everything else is answered with the first answer that is accepted."""
    steps: tuple[ScenarioStep, ...] = ()


MAX_RUNS: Final = 100
"""How many seeds are tried for one that leads where it should."""
MAX_SEEDS: Final = 100_000
"""How many seeds are tried for one that gives the arms of splits."""
INVENTED_ANSWERS: Final = 40
"""How many answers are tried at an item that the scenario leaves out, after the first ones."""


@dataclass(slots=True)
class ScenarioRun:
    """What a scenario led to."""

    interview: Interview
    seed: int
    outcome: str = ""
    """The outcome at the end of the route; empty where it was not reached."""
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
    """Run a scenario with its seed, or with the first one that gives its splits, its draws and an accepted run.

    Returns the first run where none is accepted.
    """
    first: ScenarioRun | None = None
    for seed in islice(_iterate_seeds(instrument, scenario), MAX_RUNS):
        run = _Runner(instrument, scenario, seed).run()
        if not run.differs and accept(run):
            return run
        first = first or run
    return first if first is not None else _Runner(instrument, scenario, 1).run()


def _iterate_seeds(instrument: Instrument, scenario: Scenario) -> Iterator[int]:
    """Yield the seeds that give the arms of the scenario's splits."""
    if scenario.seed is not None or not depends_on_seed(instrument):
        yield scenario.seed or 1
        return
    splits = [
        (place, arm, {str(name): share for name, share in item.question.arms.items()})
        for place, arm in scenario.answers.items()
        if (item := instrument.items.get(place.item)) is not None
        and isinstance(item.question, SplitItem)
    ]
    for seed in range(1, MAX_SEEDS if splits else MAX_RUNS + 1):
        if all(
            choose_arm(arms, seed=seed, key=place.item, turn=place.turn) == arm
            for place, arm, arms in splits
        ):
            yield seed


def depends_on_seed(instrument: Instrument) -> bool:
    """Return whether the route depends on the seed."""
    draws = any(
        isinstance(item.question, SplitItem | DrawItem | PickItem)
        for item in instrument.items.values()
    )
    return draws or any(group.order != "written" for group in instrument.groups.values())


class _Runner:
    """One interview of a scenario."""

    def __init__(self, instrument: Instrument, scenario: Scenario, seed: int) -> None:
        self.instrument, self.scenario = instrument, scenario
        self.answers = {**scenario.fallback, **scenario.answers}
        self.steps = list(scenario.steps)
        self.stamp = events.EventStamp(datetime.combine(scenario.today, time(12), UTC), "scenario")
        session = events.SessionContext(
            scenario.interviewer, "morning", scenario.language or instrument.language
        )
        of_case = "1001", scenario.today, session
        start = events.InterviewStarted(
            self.stamp, instrument.hash, seed, *of_case, sample=dict(scenario.sample)
        )
        self.result = ScenarioRun(Interview.begin(instrument, start), seed)

    def run(self) -> ScenarioRun:
        """Answer until the end, or until there is no answer or it is refused."""
        while self._take_step() or self._answer():
            pass
        return self.result

    def _take_step(self) -> bool:
        """Take the step of the interviewer that is due here; returns whether there was one."""
        interview = self.result.interview
        at_end = interview.is_at_end or bool(interview.ending)
        due = next(
            (s for s in self.steps if (s.at == interview.place if s.at is not None else at_end)),
            None,
        )
        if due is None or self.result.outcome:
            return False
        self.steps.remove(due)
        return self._go_back(due.back) if due.back else self._correct(due)

    def _go_back(self, places: int) -> bool:
        for _ in range(places):
            if (place := prompts.find_previous_place(self.result.interview)) is not None:
                self._apply(events.PositionMoved(self.stamp, place), place)
        return True

    def _correct(self, step: ScenarioStep) -> bool:
        self.answers |= step.correct
        for place in step.correct:
            if not (
                self._apply(events.PositionMoved(self.stamp, place, jump=True), place)
                and self._answer()
            ):
                return False
        return True

    def _answer(self) -> bool:
        """Answer what is asked now; returns whether the interview goes on."""
        result, interview = self.result, self.result.interview
        machine = interview.machine
        if (stop := machine.current_stop) is None:
            result.outcome = interview.ending
            return False
        if machine.query is not None:
            if (prompt := prompts.build_prompt(interview)) is not None and prompt.query is not None:
                result.warnings.setdefault(stop.place, []).append(to_plain_text(prompt.query.text))
            return self._apply(
                events.QueryConfirmed(self.stamp, stop.place, machine.query), stop.place
            )
        if isinstance(stop.item.question, ComputedItem):
            return self._compute(stop)
        if (prompt := prompts.build_prompt(interview)) is not None:
            parts = (to_plain_text(prompt.intro), to_plain_text(prompt.text))
            result.texts[stop.place] = "\n".join(part for part in parts if part)
            filled = set(stop.item.text.iterate_names()).difference(
                machine.walk.known.unfilled or ()
            )
            result.seen |= {Goal("filled", stop.item.id, name) for name in filled}
        if not stop.item.question.expects_answer:
            return self._apply(events.QuestionAnswered(self.stamp, stop.place), stop.place)
        text = self.answers.get(stop.place)
        first = self._find_first(stop) if self.scenario.fills_others else None
        event = self._parse(stop.item, text) if text is not None else first
        if event is None:
            result.unanswered = stop.place
            return False
        if text is not None and event == first:
            result.redundant.add(stop.place)
        return self._apply(event, stop.place)

    def _parse(self, item: CompiledItem, text: str) -> events.InterviewEvent | Rejection:
        """Return the event of an answer: a decline is written `.dk`."""
        kind = text.removeprefix(".")
        answers = item.question.describe_answers(item)
        may_be_text = isinstance(answers, AnyText) and kind not in self.instrument.declines
        if kind != text and not may_be_text:
            return prompts.build_decline(self.result.interview, kind, self.stamp)
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
        declines = (
            events.QuestionDeclined(self.stamp, stop.place, decline.id)
            for decline in stop.item.declines
        )
        return next(declines, None)

    def _iterate_replies(self, stop: RouteStop) -> Iterator[Reply]:
        """Yield answers to an item: the first options, the lowest number, today; then invented ones."""
        question = stop.item.question
        context = self.result.interview.machine.walk.build_item_context(
            stop, self.result.interview.language
        )
        entry = question.build_entry(context)
        match question:
            case NumberItem():
                yield ExactText(str(question.find_limit(context, "min") or 0))
            case DateItem():
                yield self.scenario.today.isoformat()
        if isinstance(entry, PickEntry):
            options = entry.options
            combinable = [option for option in options if not option.exclusive]
            several = (
                [combinable[: entry.min_count]] if entry.several and entry.min_count > 1 else []
            )
            for chosen in (*several, *([option] for option in options)):
                words = {option.code: "something else" for option in chosen if option.specify}
                yield PickReply(tuple(option.code for option in chosen), words)
        rng = Random(str(stop.place))
        yield from (question.invent(context, rng) for _ in range(INVENTED_ANSWERS))

    def _compute(self, stop: RouteStop) -> bool:
        """Record what the computer answers."""
        value, pool_size = self.result.interview.compute_answer()
        wanted = self.answers.get(stop.place)
        if is_looked_up := isinstance(stop.item.question, LookupItem):
            value = value if value is not None else wanted or "open"
        elif wanted is not None:
            given = f".{value.kind}" if isinstance(value, Missing) else str(value)
            if given != wanted:
                self.result.differs = True
                self.result.rejections[stop.place] = f"the computer gives {given}, not {wanted}"
                return False
        assert value is not None
        if not is_looked_up or wanted in (None, "open"):
            self.result.redundant.add(stop.place)
        return self._apply(
            events.ValueComputed(self.stamp, stop.place, value, pool_size), stop.place
        )

    def _apply(self, event: events.InterviewEvent | Rejection, place: Place) -> bool:
        """Apply an event; returns whether it was accepted."""
        interview = self.result.interview
        if isinstance(event, events.QuestionAnswered) and event.value is not None:
            self.result.seen |= self._observe_checks(interview, event.value)
        after = event if isinstance(event, Rejection) else interview.step(event)
        if isinstance(after, Rejection):
            self.result.rejections[place] = after.why
            return False
        self.result.interview = after
        return True

    def _observe_checks(self, interview: Interview, value: Any) -> set[Goal]:
        """Return which checks of the current item fire on an answer, and which do not."""
        machine = interview.machine
        if (stop := machine.current_stop) is None or not stop.item.checks:
            return set()

        seen = set()
        with machine.walk.suppose(stop, value) as known:
            for number, check in enumerate(stop.item.checks):
                kind: GoalKind = "fires" if check.fires(known) else "passes"
                seen.add(Goal(kind, stop.item.id, number))
        return seen
