"""Simulated respondents: what their case brings, and what they answer, decline, confirm and correct, and when."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeAlias

from survey_cli.engine import events, prompts
from survey_cli.engine.computed_answers import compute_answer
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Machine
from survey_cli.engine.route import RouteStop
from survey_cli.entries import PickReply, Rejection, Reply
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, EndItem
from survey_cli.outcomes import OUTCOMES
from survey_cli.sessions.interview.case_values import invent_sample_value
from survey_cli.values import Code, Missing, Value

STATION: Final = "simulated"
EVENT_INTERVALS: Final = tuple(timedelta(seconds=seconds) for seconds in range(2, 16))
"""Times between an event and the next."""
ENTRY_ATTEMPTS: Final = 60
"""Entries tried at one item before the respondent declines, or breaks off where declining is not permitted."""
REQUALIFY_ATTEMPTS: Final = 40
"""How often the answers that led to a screening end are changed before the end is accepted."""

AnswerShares: TypeAlias = Mapping[str, Mapping[Code, float]]
"""By item, the share of each code or decline; the remainder is invented."""
QuotaLookup: TypeAlias = Callable[[Machine, RouteStop], str]
"""Returns what the journal alone does not determine: `open`, `full`, `outside`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Chances of each behavior of simulated respondents, between 0 and 1 per item."""

    decline: float = 0.04
    back: float = 0.02
    """Going back to the previous item to correct it."""
    confirm: float = 0.7
    """Confirming at a warning; otherwise the answer is changed."""
    break_off: float = 0.0
    """Hanging up."""
    qualify: float = 0.0
    """Share of those screened out by their answers who change them so that they qualify."""
    shares: AnswerShares = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SimulatedInterview:
    """One simulated interview, and the item at which it got stuck, as no invented answer passed its checks."""

    interview: Interview
    stuck: str = ""


def simulate_interviews(
    instrument: Instrument, *, count: int, seed: int, start: datetime, habits: Habits | None = None
) -> Iterator[SimulatedInterview]:
    """Simulate interviews, the same ones for the same seed. `start` is when the first begins."""
    rng = Random(seed)
    habits = habits or Habits()
    for number in range(1, count + 1):
        yield _simulate_interview(instrument, f"simulated {number}", rng, start + timedelta(minutes=number), habits)


def _simulate_interview(
    instrument: Instrument, case: str, rng: Random, start: datetime, habits: Habits
) -> SimulatedInterview:
    language = instrument.language if rng.random() < 0.6 else rng.choice(instrument.languages)
    began = events.InterviewStarted(
        events.EventStamp(start, STATION, STATION),
        instrument=instrument.hash,
        seed=rng.getrandbits(62),
        case=case,
        today=start.date(),
        session=events.SessionContext(STATION, rng.choice(("morning", "afternoon", "evening")), language),
        sample=_invent_sample(instrument, case, rng),
    )
    respondent = Respondent(instrument, began, rng, habits)
    respondent.answer()
    return SimulatedInterview(Interview.from_machine(respondent.machine), respondent.stuck)


def _always_open(*_: object) -> str:
    return "open"


class Respondent:
    """One simulated respondent in one interview."""

    def __init__(
        self,
        instrument: Instrument,
        began: events.InterviewStarted,
        rng: Random,
        habits: Habits,
        *,
        lookup: QuotaLookup = _always_open,
    ) -> None:
        self.machine = Machine.begin(instrument, began)
        self.stuck = ""
        """The item whose checks no invented answer passed."""
        self._instrument = instrument
        self._rng = rng
        self._habits = habits
        self._lookup = lookup
        self._at = began.stamp.at
        self._will_qualify: bool | None = None
        """Drawn when the first screening end is reached."""
        self._requalify_attempts = REQUALIFY_ATTEMPTS

    def answer(self, most: int = -1) -> None:
        """Answer until the interview closes, or until `most` items were asked; below 0: without limit."""
        patience, rng = 0, self._rng
        while self.machine.status == "open" and most:
            machine = self.machine
            self._at += EVENT_INTERVALS[int(rng.random() * len(EVENT_INTERVALS))]
            stop = machine.current_stop
            if stop is not None and self._requalify(stop):
                continue
            event = self._choose_event(machine, stop, events.EventStamp(self._at, STATION, STATION), patience)
            if isinstance(event, Rejection) or machine.apply(event) is not None:
                patience += 1
                if patience > ENTRY_ATTEMPTS:
                    self.stuck = str(stop.place) if stop is not None else ""
                    machine.apply(events.InterviewStopped(events.EventStamp(self._at, STATION, STATION), "break_off"))
                    break
            else:
                after = machine.current_stop
                same = after is not None and stop is not None and after.place == stop.place
                patience = patience + 1 if same else 0
                most -= not same and stop is not None and stop.item.question.expects_answer

    def _choose_event(
        self, machine: Machine, stop: RouteStop | None, stamp: events.EventStamp, patience: int
    ) -> events.InterviewEvent | Rejection:
        """Choose what happens next."""
        habits, rng = self._habits, self._rng
        if stop is None:
            outcome = OUTCOMES.get(machine.ending)
            return (events.InterviewSuspended if outcome is not None and outcome.temporary else events.InterviewEnded)(
                stamp, machine.ending
            )
        question, place = stop.item.question, stop.place
        if isinstance(question, ComputedItem):
            value, of = compute_answer(machine.walk, stop)
            return events.ValueComputed(stamp, place, self._lookup(machine, stop) if value is None else value, of)
        if not question.expects_answer:
            return events.QuestionAnswered(stamp, place)
        if machine.query is not None and (rng.random() < habits.confirm or patience > ENTRY_ATTEMPTS // 2):
            return events.QueryConfirmed(stamp, place, machine.query)
        draw = rng.random()
        if draw < habits.break_off:
            return events.InterviewStopped(stamp, "break_off")
        if draw < habits.break_off + habits.back and not patience:
            stops = machine.walk.stops
            before = machine.find_previous_index(len(stops) - 1)
            if before is not None:
                return events.PositionMoved(stamp, stops[before].place)
        context = machine.walk.build_item_context(stop, machine.language)
        reply: Reply | None = None
        if (shares := habits.shares.get(stop.item.id)) and patience < ENTRY_ATTEMPTS // 2:
            chosen = _draw_answer(shares, stop.item, rng)
            if isinstance(chosen, str) and any(d.id == chosen for d in stop.item.declines):
                return events.QuestionDeclined(stamp, place, chosen)
            reply = _build_reply(chosen, stop.item)
        else:
            declines = stop.item.declines
            if declines and (rng.random() < habits.decline or patience > ENTRY_ATTEMPTS - 5):
                return events.QuestionDeclined(stamp, place, rng.choice(declines).id)
        return prompts.parse_reply_at(machine, stop, reply or question.invent(context, rng), stamp)

    # qualifying

    def _requalify(self, stop: RouteStop) -> bool:
        """At a screening end: whether the respondent goes back and changes the answers that led there.

        The first answers are then forgotten.
        """
        question = stop.item.question
        if (
            not isinstance(question, EndItem)
            or not self._habits.qualify
            or not _is_screening_outcome(str(question.outcome))
        ):
            return False
        if self._will_qualify is None:
            self._will_qualify = self._rng.random() < self._habits.qualify
        if not self._will_qualify or not self._requalify_attempts:
            return False
        rules = (stop.item.ask_if, stop.item.unless)
        names = {name for rule in rules if rule is not None for name in rule.names}
        deciding_items = names & self._instrument.items.keys()
        led_here = [
            number
            for number, event in enumerate(self.machine.events)
            if isinstance(event, events.QuestionAnswered | events.QuestionDeclined)
            and self._instrument.items[event.place.item].question.expects_answer
            and event.place.item not in self._habits.shares
            and (event.place.item in deciding_items or not deciding_items)
        ]
        if not led_here:
            return False
        self._requalify_attempts -= 1
        self._go_back(led_here[-1])
        return True

    def _go_back(self, number: int) -> None:
        """Restore the interview as it was before the event of this number."""
        began, *line = self.machine.events[:number]
        assert isinstance(began, events.InterviewStarted)
        self.machine = Machine.begin(self._instrument, began)
        for event in line:
            self.machine.apply(event)


def _is_screening_outcome(outcome: str) -> bool:
    """Whether an end with this outcome screens a respondent out because of an answer."""
    row = OUTCOMES.get(outcome)
    return (row.like or row.id if row is not None else outcome) not in ("complete", "quota_full")


def _draw_answer(shares: Mapping[Code, float], item: CompiledItem, rng: Random) -> Code | tuple[Code, ...] | None:
    """Draw the code, the codes of a multiple, or the decline; None: the answer is invented."""
    if isinstance(item.question, MultipleItem):
        return tuple(code for code, share in shares.items() if rng.random() < share) or None
    draw = rng.random()
    for code, share in shares.items():
        draw -= share
        if draw < 0:
            return code
    return None


def _build_reply(chosen: Code | tuple[Code, ...] | None, item: CompiledItem) -> Reply | None:
    """Build the reply as an interface sends it: codes, or a number as it is typed."""
    if chosen is None or not item.options:
        return None if chosen is None else str(chosen)
    codes = chosen if isinstance(chosen, tuple) else (chosen,)
    words = {o.code: "something else" for o in item.options if o.specify and o.code in codes}
    return PickReply(codes, words or events.NO_SPECIFY_TEXTS)


def _invent_sample(instrument: Instrument, case: str, rng: Random) -> Mapping[str, Value | Missing]:
    """Invent the sample values of a case."""
    return {
        name: case if column.role == "key" else invent_sample_value(instrument, name, column, rng)
        for name, column in instrument.sample.items()
    }
