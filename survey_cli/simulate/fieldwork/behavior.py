"""Behavior of simulated people: when households can be reached, and how interviewers work.

Each household is drawn from the seed and the case's key alone, independently of the others. The
propensities are assumed, or measured from a study's own calls if there are enough of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from statistics import fmean
from typing import Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.calendar.zones import to_wall_time
from survey_cli.fieldwork.case.case import Case, list_call_zones
from survey_cli.fieldwork.case.disposition_coding import classify_outcome, is_contact
from survey_cli.fieldwork.case.events import AppointmentPolicy, HistoryEntry
from survey_cli.fieldwork.plan.plan import Interviewer, Plan
from survey_cli.fieldwork.rates.dispositions import SampleFrame
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import HARD_REFUSALS, REFUSAL_OUTCOMES
from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import SampleCase, SampleNumber
from survey_cli.sessions.interview.case_values import invent_sample_value
from survey_cli.simulate.interviews.respondents import Habits
from survey_cli.values import Missing, Value

WeekPart: TypeAlias = Literal["day", "evening", "weekend"]
DialResult: TypeAlias = Literal[
    "somebody", "no_answer", "busy", "machine", "disconnected", "fax", "wrong_number"
]
"""The result of dialing a number before anything is said."""
Exclusion: TypeAlias = Literal["", "unable", "away"]
"""Why the household can't be interviewed; empty if it can."""

HOUSEHOLD_PATTERN: Final[dict[WeekPart, float]] = {"day": 0.7, "evening": 1.4, "weekend": 1.1}
OFFICE_PATTERN: Final[dict[WeekPart, float]] = {"day": 1.3, "evening": 0.15, "weekend": 0.1}
"""Relative chance of an answer by part of the week, at a household and at an office. Invented."""
DEAD_NUMBERS: Final[tuple[tuple[float, DialResult], ...]] = (
    (0.06, "disconnected"),
    (0.07, "fax"),
    (0.09, "wrong_number"),
)
"""Cumulative shares of numbers."""
BUSY_SHARE: Final = 0.04
"""Share of calls."""
MACHINE_SHARE: Final = 0.4
MACHINE_ANSWER_SHARE: Final = 0.7
MAX_PATIENCE: Final = 30
"""The highest number of items after which a respondent has to go."""
UNABLE_SHARE: Final = 0.01
AWAY_SHARE: Final = 0.02
"""Shares of people."""
OTHER_LANGUAGE_SHARE: Final = 0.1
"""Share of people who want another language of the instrument."""
APPOINTMENT_TOLERANCE: Final = timedelta(hours=1)
"""How far from the appointment's time the respondent is there, or is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Propensities:
    """Assumptions about simulated people: shares between 0 and 1."""

    contact: float = 0.25
    """A call to a good number is answered by a person, on average over the week."""
    refuse: float = 0.2
    """A person refuses, per conversation."""
    hard_refusal: float = 0.25
    """Of refusals, those that are final."""
    call_again: float = 0.25
    """A person who does not refuse asks to be called again."""
    appointment: float = 0.6
    """Share of those who name a time."""
    keep_appointment: float = 0.75
    """A person who named a time answers at that time."""
    eligible: float = 0.95
    """People who are eligible."""
    interrupt: float = 0.02
    """An interview is interrupted and resumed later."""


@dataclass(slots=True)
class Household:
    """The people who answer the telephone of one case."""

    rng: Random
    """Used only by calls to this household, so that other calls change nothing."""
    propensities: Propensities
    contact_chances: dict[WeekPart, float]
    """The chance that somebody answers, by part of the week."""
    dead_numbers: dict[int, DialResult]
    """Numbers that reach nobody or the wrong person, by position."""
    has_machine: bool
    refuse: float
    language: str
    """The language they need; empty for any."""
    is_eligible: bool
    exclusion: Exclusion
    appointment: datetime | None = None
    """The time at which they agreed to be called."""

    @classmethod
    def draw(
        cls,
        case: Case,
        plan: Plan,
        languages: tuple[str, ...],
        propensities: Propensities,
        seed: int,
    ) -> "Household":
        """Draw the people of a case; the same ones for the same seed and key.

        Whoever was called before and never reached is likelier to be out again. Numbers that were
        called are good.
        """
        rng = Random(f"{seed}\0{case.key}")
        pattern = choose_pattern(plan.frame)
        answered = sum(is_contact(call, plan) for call in case.calls)
        called_numbers = {call.number for call in case.calls}

        # The draws below come in this order: another one would be another sample for the same seed.
        # Some are nearly never in, a few nearly always: a gamma of mean 1.
        expected = propensities.contact * len(case.calls)
        reachability = rng.gammavariate(1.5 + answered, 1 / (1.5 + expected))
        exclusion_draw = rng.random()
        other_languages = [code for code in languages[1:] if rng.random() < OTHER_LANGUAGE_SHARE]
        dead_numbers = dict(_draw_dead_numbers(len(case.numbers), rng))
        has_machine = rng.random() < MACHINE_SHARE
        refuse = min(1.0, propensities.refuse * rng.gammavariate(2, 0.5))
        is_eligible = rng.random() < propensities.eligible

        contact_chances = {}
        for part, share in pattern.items():
            contact_chances[part] = min(0.95, propensities.contact * reachability * share)
        exclusion: Exclusion = ""
        if exclusion_draw < UNABLE_SHARE:
            exclusion = "unable"
        elif exclusion_draw < UNABLE_SHARE + AWAY_SHARE:
            exclusion = "away"
        return cls(
            rng=rng,
            propensities=propensities,
            contact_chances=contact_chances,
            dead_numbers={
                position: result
                for position, result in dead_numbers.items()
                if position not in called_numbers
            },
            has_machine=has_machine,
            refuse=refuse,
            language=other_languages[0] if other_languages else "",
            is_eligible=is_eligible,
            exclusion=exclusion,
        )

    def answer_call(self, position: int, local_time: datetime) -> DialResult:
        """Draw the result of dialing this number, at this time on their clock."""
        if position in self.dead_numbers:
            return self.dead_numbers[position]
        chance = self.contact_chances[find_week_part(local_time)]
        if self._expects_call(local_time):
            chance = self.propensities.keep_appointment
        draw = self.rng.random()
        if draw < chance:
            return "somebody"
        if draw > 1 - BUSY_SHARE:
            return "busy"
        if self.has_machine and self.rng.random() < MACHINE_ANSWER_SHARE:
            return "machine"
        return "no_answer"

    def _expects_call(self, local_time: datetime) -> bool:
        """Return whether this is about the time of their appointment."""
        if self.appointment is None:
            return False
        return abs(local_time - self.appointment) <= APPOINTMENT_TOLERANCE

    def choose_response(self, who: Interviewer) -> str:
        """Choose the response to the interviewer: `interview`, `appointment` or an outcome."""
        propensities, rng = self.propensities, self.rng
        if self.language and not who.speaks(self.language):
            return "language"
        if self.exclusion:
            return self.exclusion
        if rng.random() < self.refuse:
            return "refusal_hard" if rng.random() < propensities.hard_refusal else "refusal_soft"
        if not self.is_eligible:
            return "not_eligible"
        if rng.random() < propensities.call_again and self.appointment is None:
            return "appointment" if rng.random() < propensities.appointment else "callback"
        return "interview"

    def draw_patience(self) -> int:
        """Draw after how many items they have to go; below zero for never."""
        if self.rng.random() < self.propensities.interrupt:
            return self.rng.randrange(1, MAX_PATIENCE)
        return -1


def find_week_part(local_time: datetime) -> WeekPart:
    """Find the part of the week at a time on a respondent's clock."""
    if local_time.weekday() > 4:
        return "weekend"
    if local_time.hour >= 17:
        return "evening"
    return "day"


def choose_pattern(frame: SampleFrame) -> dict[WeekPart, float]:
    """Choose the relative chances of an answer by part of the week."""
    return OFFICE_PATTERN if frame == "establishment" else HOUSEHOLD_PATTERN


def _draw_dead_numbers(numbers: int, rng: Random) -> Iterator[tuple[int, DialResult]]:
    """Yield the positions of numbers that reach nobody, and what is heard there."""
    for position in range(1, numbers + 1):
        draw = rng.random()
        for cumulative_share, result in DEAD_NUMBERS:
            if draw < cumulative_share:
                yield position, result
                break


UNINVENTED_ROLES: Final = frozenset(
    {"phone", "priority", "weight", "replicate", "frame", "fpc", "replicate_weight"}
)
"""Roles of sample columns that are left out of invented cases."""


def invent_cases(instrument: Instrument, count: int, zone: str, rng: Random) -> list[SampleCase]:
    """Invent cases with one number each, in this time zone."""
    cases = []
    for number in range(1, count + 1):
        key = f"invented {number}"
        values: dict[str, Value | Missing] = {}
        for name, column in instrument.sample.items():
            if column.role == "key":
                values[name] = key
            elif column.role not in UNINVENTED_ROLES:
                values[name] = invent_sample_value(instrument, name, column, rng)
        telephone = ParsedNumber(
            key, f"+999{number:010}", national=key, international=key, zones=(zone,)
        )
        numbers = (SampleNumber("", telephone),)
        cases.append(SampleCase(key=key, line=0, values=values, numbers=numbers, zone=zone))
    return cases


ActionTimes: TypeAlias = Iterator[datetime]
"""Times of the next actions."""

DIAL_SECONDS: Final[dict[DialResult, int]] = {
    "somebody": 12,
    "no_answer": 30,
    "busy": 8,
    "machine": 25,
    "disconnected": 12,
    "fax": 8,
    "wrong_number": 35,
}
"""Seconds from dialing to the result; a wrong number talks."""
LOOK_SECONDS: Final = (8, 25)
"""Seconds on a case before it is dialed."""
KEY_SECONDS: Final = 4
"""Seconds to enter an outcome."""
TALK_SECONDS: Final = (20, 90)
"""Seconds of conversation before an interview, or instead of one."""
MESSAGE_SECONDS: Final = 25
"""Seconds to leave a message."""
BREAK_INTERVAL: Final = timedelta(hours=2)
"""Time between breaks."""
BREAK_LENGTH: Final = timedelta(minutes=15)
RETRY_INTERVAL: Final = timedelta(minutes=5)
"""While no case can be called, others may return one sooner than expected."""
MIN_WAIT: Final = timedelta(seconds=10)
APPOINTMENT_DAYS: Final = 5
"""Appointments are made for today or one of the next days."""
CALL_AGAIN_OUTCOMES: Final = frozenset({"callback", "appointment"})
OWNER_POLICY_WEIGHTS: Final[tuple[tuple[AppointmentPolicy, ...], tuple[int, ...]]] = (
    ("anyone", "me_first", "me"),
    (70, 20, 10),
)
UNWILLING_OUTCOMES: Final = (
    HARD_REFUSALS | CALL_AGAIN_OUTCOMES | {"refusal_soft", "refusal_household_soft", "not_eligible"}
)
"""Ends that a willing, eligible respondent does not reach: the answers that led there are
changed."""
SHIFT_MINUTES: Final = 6 * 60
"""Longest shift in minutes; on a longer day, one shift starts it and the next ends it."""
ITEM_SECONDS: Final = 12.0
CHANGE_ATTEMPTS: Final = 30
"""How often the answers before one end are changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldworkSettings:
    """What is simulated."""

    starts: date
    days: int
    """Calendar days."""
    seed: int = 1
    zone: ZoneInfo
    """The time zone of the stations."""
    propensities: Propensities = field(default_factory=Propensities)
    habits: Habits = field(default_factory=Habits)
    item_seconds: float = ITEM_SECONDS
    """Average seconds per item of an interview."""


def find_free_time(
    calendar: Calendar, zone: ZoneInfo, local_time: datetime, rng: Random
) -> datetime | None:
    """Find a quarter of an hour within the study's hours, at the respondent's and at the stations.

    `local_time` is now on the respondent's clock, `zone` is that of the stations. None if none
    was found.
    """
    for _ in range(CHANGE_ATTEMPTS):
        day = local_time.date() + timedelta(days=rng.randrange(APPOINTMENT_DAYS))
        hours = calendar.find_hours(day)
        if hours is None or calendar.is_closed_day(day):
            continue
        minute = rng.randrange(hours.start, hours.end, 15)
        at = datetime.combine(day, time(), local_time.tzinfo) + timedelta(minutes=minute)
        is_later = at > local_time + timedelta(minutes=5)
        if is_later and calendar.find_opening((zone.key,), at).open:
            return at
    return None


MIN_CALLS: Final = 200
"""From this many calls on, the contact propensity is measured."""
MIN_CONVERSATIONS: Final = 50
MIN_INTERVIEWS: Final = 10
BAD_NUMBER_OUTCOMES: Final = frozenset({"disconnected", "fax", "wrong_number"})
"""Outcomes of numbers that reach nobody in the sample; they are drawn separately."""


class MeasuredPropensities(NamedTuple):
    """The assumptions of a simulation, and the source of each."""

    propensities: Propensities
    length: timedelta | None
    """Average length of a complete interview; None if there are too few."""
    basis: tuple[str, ...]


def measure_propensities(
    histories: Iterable[tuple[str, Sequence[HistoryEntry]]], plan: Plan, *, sampled: bool = False
) -> MeasuredPropensities:
    """Measure the propensities in the calls of these histories.

    The usual ones if the calls are too few.

    `sampled` says that the histories are a sample of the study's.
    """
    source = "in a sample of this study's cases" if sampled else "in this study"
    counts = _count_calls(histories, plan)
    propensities = Propensities()
    basis = []

    call_count = counts.outcomes.total()
    conversations = counts.count(_list_contact_outcomes(plan))
    if call_count >= MIN_CALLS and counts.expected_contacts:
        contact = min(0.95, conversations / counts.expected_contacts)
        propensities = replace(propensities, contact=contact)
        of_calls = f"of {call_count:,} calls {source}"
        basis.append(f"a person answers {contact:.0%} of calls ({of_calls})")
    else:
        basis.append(f"a person answers {propensities.contact:.0%} of calls (assumed)")

    if conversations >= MIN_CONVERSATIONS:
        propensities = _measure_conversations(counts, conversations, propensities)
        of_contacts = f"of {conversations:,} contacts {source}"
        basis.append(f"{propensities.refuse:.0%} of contacts refuse ({of_contacts})")
    else:
        refuse = f"{propensities.refuse:.0%} of contacts refuse"
        basis.append(f"{refuse}, {propensities.eligible:.0%} are eligible (assumed)")
    kept = f"{propensities.keep_appointment:.0%}"
    basis.append(f"an appointment is kept {kept} of the time (assumed)")

    mean_length = None
    if len(counts.lengths) >= MIN_INTERVIEWS:
        mean_seconds = fmean(length.total_seconds() for length in counts.lengths)
        mean_length = timedelta(seconds=mean_seconds)
        minutes = mean_length.total_seconds() / 60
        of_interviews = f"of {len(counts.lengths):,} {source}"
        basis.append(f"an interview takes {minutes:.1f} minutes ({of_interviews})")
    return MeasuredPropensities(propensities, mean_length, tuple(basis))


class _CallCounts(NamedTuple):
    """What calls came to."""

    outcomes: Counter[str]
    """Calls by the outcome of the table that they had, or behaved like."""
    expected_contacts: float
    """Calls to good numbers, each weighted with the relative chance of an answer at its time."""
    lengths: list[timedelta]
    """Lengths of interviews."""

    def count(self, outcomes: Iterable[str]) -> int:
        """Count the calls with one of these outcomes."""
        return sum(self.outcomes[outcome] for outcome in outcomes)


def _count_calls(
    histories: Iterable[tuple[str, Sequence[HistoryEntry]]], plan: Plan
) -> _CallCounts:
    outcomes: Counter[str] = Counter()
    expected = 0.0
    lengths = []
    pattern = choose_pattern(plan.frame)
    for key, history in histories:
        case = Case.from_history(key, history)

        for call in case.calls:
            outcome = classify_outcome(call, plan)
            outcomes[outcome] += 1
            if call.number and outcome not in BAD_NUMBER_OUTCOMES:
                zones = list_call_zones(case, case.find_number(call.number), plan)
                if zones:
                    expected += pattern[find_week_part(to_wall_time(zones[0], call.at))]
                else:
                    expected += 1.0
            if call.interview_time is not None:
                lengths.append(call.interview_time)
    return _CallCounts(outcomes, expected, lengths)


def _list_contact_outcomes(plan: Plan) -> frozenset[str]:
    """Return the outcomes after which a person was reached, at a number of the sample."""
    contacts = {id for id, row in plan.outcomes.items() if row.moment != "before"}
    return frozenset(contacts - BAD_NUMBER_OUTCOMES)


def _measure_conversations(
    counts: _CallCounts, conversations: int, usual: Propensities
) -> Propensities:
    """Measure what people say; the usual shares if there is nothing to measure them in."""
    refused = counts.count(REFUSAL_OUTCOMES)
    again = counts.count(CALL_AGAIN_OUTCOMES)
    willing = conversations - refused
    measured = replace(usual, refuse=refused / conversations)
    if refused:
        measured = replace(measured, hard_refusal=counts.count(HARD_REFUSALS) / refused)
    if willing > 0:
        measured = replace(
            measured,
            call_again=again / willing,
            eligible=1 - counts.outcomes["not_eligible"] / willing,
        )
    if again:
        measured = replace(measured, appointment=counts.outcomes["appointment"] / again)
    return measured
