"""Simulated respondents: their cases, answers and times; and what a run of interviews finds.

Findings are items that nobody reaches, options that nobody chooses, and the numbers of questions.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, NamedTuple, TypeAlias

from survey_cli.engine import events, prompts
from survey_cli.engine.computed_answers import compute_answer
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import COMPLETE, Machine
from survey_cli.engine.route import RouteStop
from survey_cli.entries import PickReply, Rejection, Reply
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.possible_answers import SeveralCodes
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, EndItem
from survey_cli.outcomes import OUTCOMES
from survey_cli.sessions.interview.case_values import invent_sample_value
from survey_cli.sessions.interview.mentioned_values import list_mentioned_values
from survey_cli.values import Code, Missing, Value

STATION: Final = "simulated"
EVENT_INTERVALS: Final = tuple(timedelta(seconds=seconds) for seconds in range(2, 16))
"""Times between an event and the next."""
ENTRY_ATTEMPTS: Final = 60
"""Entries tried at one item before the respondent declines, or breaks off where declining is not
permitted."""
UNGUIDED_ATTEMPTS: Final = ENTRY_ATTEMPTS // 3
"""Entries tried at one item before the values that its checks mention are tried as well."""
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


class SimulatedInterview(NamedTuple):
    """A simulated interview, and the item where it got stuck if no answer passed its checks."""

    interview: Interview
    stuck: str = ""


def simulate_interviews(
    instrument: Instrument, *, count: int, seed: int, start: datetime, habits: Habits
) -> Iterator[SimulatedInterview]:
    """Simulate interviews, the same ones for the same seed. `start` is when the first begins."""
    rng = Random(seed)
    for number in range(1, count + 1):
        case = f"simulated {number}"
        at = start + timedelta(minutes=number)
        # the draws below come in this order: another one would be another interview for the same
        # seed
        language = instrument.language
        if rng.random() >= 0.6:
            language = rng.choice(instrument.languages)
        interview_seed = rng.getrandbits(62)
        time_of_day = rng.choice(("morning", "afternoon", "evening"))
        sample: dict[str, Value | Missing] = {}
        for name, column in instrument.sample.items():
            if column.role == "key":
                sample[name] = case
            else:
                sample[name] = invent_sample_value(instrument, name, column, rng)
        began = events.InterviewStarted(
            events.EventStamp(at, STATION, STATION),
            instrument=instrument.hash,
            seed=interview_seed,
            case=case,
            today=at.date(),
            session=events.SessionContext(STATION, time_of_day, language),
            sample=sample,
        )
        respondent = Respondent(instrument, began, rng, habits)
        respondent.answer()
        yield SimulatedInterview(Interview(respondent.machine), respondent.stuck)


class Respondent:
    """One simulated respondent in one interview."""

    def __init__(
        self,
        instrument: Instrument,
        began: events.InterviewStarted,
        rng: Random,
        habits: Habits,
        *,
        lookup: QuotaLookup = lambda *_: "open",
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
        """Answer until the interview closes, or until `most` items were asked.

        Below 0, the number is not limited.
        """
        failures = 0
        while self.machine.status == "open" and most:
            machine = self.machine
            self._at += EVENT_INTERVALS[int(self._rng.random() * len(EVENT_INTERVALS))]
            stop = machine.current_stop
            if stop is not None and self._requalify(stop):
                continue

            stamp = events.EventStamp(self._at, STATION, STATION)
            event = self._choose_event(machine, stop, stamp, failures)
            if isinstance(event, Rejection) or machine.apply(event) is not None:
                failures += 1
                if failures > ENTRY_ATTEMPTS:
                    self.stuck = "" if stop is None else str(stop.place)
                    machine.apply(events.InterviewStopped(stamp, "break_off"))
                    break
                continue

            after = machine.current_stop
            is_same_place = after is not None and stop is not None and after.place == stop.place
            if is_same_place:
                # a warning asks for the answer again
                failures += 1
                continue
            failures = 0
            if stop is not None and stop.item.question.expects_answer:
                most -= 1

    def _choose_event(
        self, machine: Machine, stop: RouteStop | None, stamp: events.EventStamp, failures: int
    ) -> events.InterviewEvent | Rejection:
        """Choose what happens next.

        `failures` entries were refused or warned about at this item.
        """
        habits = self._habits
        rng = self._rng
        if stop is None:
            outcome = OUTCOMES.get(machine.ending)
            if outcome is not None and outcome.temporary:
                return events.InterviewSuspended(stamp, machine.ending)
            return events.InterviewEnded(stamp, machine.ending)

        question = stop.item.question
        place = stop.place
        if isinstance(question, ComputedItem):
            value, of = compute_answer(machine.walk, stop)
            if value is None:
                value = self._lookup(machine, stop)
            return events.ValueComputed(stamp, place, value, of)
        if not question.expects_answer:
            return events.QuestionAnswered(stamp, place)
        if machine.query is not None:
            confirms = rng.random() < habits.confirm
            if confirms or failures > ENTRY_ATTEMPTS // 2:
                return events.QueryConfirmed(stamp, place, machine.query)

        draw = rng.random()
        if draw < habits.break_off:
            return events.InterviewStopped(stamp, "break_off")
        if draw < habits.break_off + habits.back and not failures:
            stops = machine.walk.stops
            before = machine.find_previous_index(len(stops) - 1)
            if before is not None:
                return events.PositionMoved(stamp, stops[before].place)
        return self._answer_question(machine, stop, stamp, failures)

    def _answer_question(
        self, machine: Machine, stop: RouteStop, stamp: events.EventStamp, failures: int
    ) -> events.InterviewEvent | Rejection:
        """Answer as the shares of the item say, or with an invented answer."""
        rng = self._rng
        context = machine.walk.build_item_context(stop, machine.language)
        declines = stop.item.declines
        shares = self._habits.shares.get(stop.item.id)
        reply: Reply | None = None
        # answers by shares that fail again and again are replaced by invented ones
        if shares and failures < ENTRY_ATTEMPTS // 2:
            chosen = _draw_answer(shares, stop.item, rng)
            if isinstance(chosen, str) and any(decline.id == chosen for decline in declines):
                return events.QuestionDeclined(stamp, stop.place, chosen)
            reply = _build_reply(chosen, stop.item)
        elif declines:
            declines_now = rng.random() < self._habits.decline
            if declines_now or failures > ENTRY_ATTEMPTS - 5:
                return events.QuestionDeclined(stamp, stop.place, rng.choice(declines).id)

        if reply is None:
            reply = stop.item.question.invent(context, rng)
            # no name that is invented is one of six codes, which a check may require of a text
            mentioned: list[str] = []
            if failures > UNGUIDED_ATTEMPTS:
                mentioned = _list_checked_values(stop.item, self._at.date())
            if mentioned and rng.random() < 0.7:
                reply = rng.choice(mentioned)
        return prompts.parse_reply_at(machine, stop, reply, stamp)

    # qualifying

    def _requalify(self, stop: RouteStop) -> bool:
        """Return whether a respondent at a screening end changes the answers that led there.

        The first answers are then forgotten.
        """
        question = stop.item.question
        if not isinstance(question, EndItem) or not self._habits.qualify:
            return False
        # no answer screened the respondent out
        if _find_kind(str(question.outcome)) in ("complete", "quota_full"):
            return False
        if self._will_qualify is None:
            self._will_qualify = self._rng.random() < self._habits.qualify
        if not self._will_qualify or not self._requalify_attempts:
            return False
        rules = (stop.item.ask_if, stop.item.unless)
        names = {name for rule in rules if rule is not None for name in rule.names}
        deciding_items = names & self._instrument.items.keys()
        last_answer = self._find_last_answer(deciding_items)
        if last_answer is None:
            return False

        self._requalify_attempts -= 1
        began, *before = self.machine.events[:last_answer]
        assert isinstance(began, events.InterviewStarted)
        self.machine = Machine.begin(self._instrument, began)
        for event in before:
            self.machine.apply(event)
        return True

    def _find_last_answer(self, deciding_items: Collection[str]) -> int | None:
        """Return the number of the last answer to one of these items, or to any if there are none.

        Answers by given shares stay: they are what is simulated.
        """
        last = None
        for number, event in enumerate(self.machine.events):
            if not isinstance(event, events.QuestionAnswered | events.QuestionDeclined):
                continue
            item = event.place.item
            is_asked = self._instrument.items[item].question.expects_answer
            may_change = is_asked and item not in self._habits.shares
            if may_change and (not deciding_items or item in deciding_items):
                last = number
        return last


def _list_checked_values(item: CompiledItem, today: date) -> list[str]:
    """List the values that the checks of an item mention; for `today()`, the days around it."""
    values: dict[str, None] = {}
    for check in item.checks:
        values |= dict.fromkeys(list_mentioned_values(check.condition.tree))
        if "today()" in check.condition.text:
            days = [today + timedelta(days=difference) for difference in (-1, 0, 1)]
            values |= dict.fromkeys(day.isoformat() for day in days)
    return list(values)


def _find_kind(outcome: str) -> str:
    """Return the outcome that this one behaves like; itself if the table doesn't have it."""
    row = OUTCOMES.get(outcome)
    if row is None:
        return outcome
    return row.like or row.id


def _draw_answer(
    shares: Mapping[Code, float], item: CompiledItem, rng: Random
) -> Code | tuple[Code, ...] | None:
    """Draw the code, the codes of a multiple, or the decline; None if the answer is invented."""
    if isinstance(item.question.describe_answers(item), SeveralCodes):
        codes = tuple(code for code, share in shares.items() if rng.random() < share)
        return codes or None
    draw = rng.random()
    for code, share in shares.items():
        draw -= share
        if draw < 0:
            return code
    return None


def _build_reply(chosen: Code | tuple[Code, ...] | None, item: CompiledItem) -> Reply | None:
    """Build the reply as an interface sends it: codes, or a number as it is typed."""
    if chosen is None:
        return None
    if not item.options:
        return str(chosen)
    codes = chosen if isinstance(chosen, tuple) else (chosen,)
    specify_texts = {
        option.code: "something else"
        for option in item.options
        if option.specify and option.code in codes
    }
    return PickReply(codes, specify_texts or events.NO_SPECIFY_TEXTS)


BATCH_SIZE = 500
"""Number of interviews passed to `keep` at a time."""


@dataclass(slots=True)
class InterviewLengths:
    """How many questions were asked in one interview."""

    interviews: int = 0
    questions: int = 0
    """In all interviews."""
    shortest: int = 0
    longest: int = 0
    shortest_seed: int = 0
    longest_seed: int = 0

    def add(self, questions: int, seed: int) -> None:
        """Add one interview."""
        if not self.interviews or questions < self.shortest:
            self.shortest = questions
            self.shortest_seed = seed
        if not self.interviews or questions > self.longest:
            self.longest = questions
            self.longest_seed = seed
        self.interviews += 1
        self.questions += questions


@dataclass(slots=True)
class SimulationFindings:
    """Counts over simulated interviews."""

    instrument: Instrument
    interviews: int = 0
    reach_counts: Counter[str] = field(default_factory=Counter)
    choice_counts: Counter[tuple[str, Code]] = field(default_factory=Counter)
    outcome_counts: Counter[str] = field(default_factory=Counter)
    stuck_counts: Counter[str] = field(default_factory=Counter)
    """Items whose checks no invented answer passed."""
    complete: InterviewLengths = field(default_factory=InterviewLengths)
    """Of complete interviews."""
    others: InterviewLengths = field(default_factory=InterviewLengths)
    """Of interviews that ended otherwise: screened out, refused, broken off."""

    def count(self, interview: Interview, stuck: str = "") -> None:
        """Count one interview."""
        self.interviews += 1
        answers = interview.evaluate_route().answers
        for item in {item for item, _ in answers}:
            self.reach_counts[item] += 1

        questions = 0
        for (item, _), recorded in answers.items():
            questions += self.instrument.items[item].question.expects_answer
            cell = recorded.cell
            if isinstance(cell, int | str):
                self.choice_counts[item, cell] += 1
            elif isinstance(cell, tuple):
                for code in cell:
                    self.choice_counts[item, code] += 1

        outcome = interview.outcome or interview.status
        self.outcome_counts[outcome] += 1
        if stuck:
            self.stuck_counts[stuck] += 1
        lengths = self.complete if outcome == COMPLETE else self.others
        lengths.add(questions, interview.start.seed)

    def list_unreached_items(self) -> tuple[CompiledItem, ...]:
        """List the items that were never asked, in written order."""
        return tuple(item for item in self._iterate_items() if not self.reach_counts[item.id])

    def _iterate_items(self) -> Iterator[CompiledItem]:
        """Yield the items that are written; of a bracket only the first result."""
        for item in self.instrument.items.values():
            if item.bracket in ("", item.id):
                yield item

    def list_unchosen_options(self) -> tuple[tuple[CompiledItem, tuple[Code, ...]], ...]:
        """List items that were asked, with the options that were never chosen."""
        found = []
        for item in self._iterate_items():
            if not self.reach_counts[item.id]:
                continue
            codes = [option.code for option in item.options]
            unchosen = tuple(code for code in codes if not self.choice_counts[item.id, code])
            if unchosen:
                found.append((item, unchosen))
        return tuple(found)


def run_simulation(
    instrument: Instrument,
    *,
    count: int,
    seed: int,
    start: datetime,
    habits: Habits,
    keep: Callable[[list[Interview]], None] | None = None,
    progress: Callable[[int], None] | None = None,
    completes: int = 0,
) -> SimulationFindings:
    """Simulate interviews and return their findings.

    With `completes`, it simulates until that many are complete, at most `count`. `progress`
    receives after each batch how many are done.
    """
    findings = SimulationFindings(instrument)
    batch: list[Interview] = []
    for invented in simulate_interviews(
        instrument, count=count, seed=seed, start=start, habits=habits
    ):
        findings.count(invented.interview, invented.stuck)
        batch.append(invented.interview)
        has_completes = 0 < completes <= findings.complete.interviews

        # `count` is the most, whether or not enough are complete
        is_last = has_completes or findings.interviews == count
        if is_last or len(batch) == BATCH_SIZE:
            if keep is not None:
                keep(batch)
            batch.clear()
            if progress is not None:
                done = findings.interviews
                if completes:
                    done = findings.complete.interviews
                progress(done)
        if is_last:
            break
    return findings
