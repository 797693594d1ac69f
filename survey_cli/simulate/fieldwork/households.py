"""Simulated households: when they can be reached and what they say.

Each is drawn from the seed and the case's key alone, independently of the others.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.fieldwork.rates.dispositions import SampleFrame
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import SampleCase, SampleNumber
from survey_cli.sessions.interview.case_values import invent_sample_value

WeekPart: TypeAlias = Literal["day", "evening", "weekend"]
DialResult: TypeAlias = Literal["somebody", "no_answer", "busy", "machine", "disconnected", "fax", "wrong_number"]
"""The result of dialing a number before anything is said."""

HOUSEHOLD_PATTERN: Final[dict[WeekPart, float]] = {"day": 0.7, "evening": 1.4, "weekend": 1.1}
OFFICE_PATTERN: Final[dict[WeekPart, float]] = {"day": 1.3, "evening": 0.15, "weekend": 0.1}
"""Relative chance of an answer by part of the week, at a household and at an office. Invented."""
DISCONNECTED_SHARE: Final = 0.06
FAX_SHARE: Final = 0.01
WRONG_NUMBER_SHARE: Final = 0.02
"""Shares of numbers."""
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


class EarlierCalls(NamedTuple):
    """Calls to a case before the simulation begins."""

    calls: int = 0
    answered: int = 0
    rang: Collection[int] = ()
    """Positions of the numbers that were called: they are good."""


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
    """The language they need; empty: any."""
    is_eligible: bool
    exclusion: Literal["", "unable", "away"]
    appointment: datetime | None = None
    """The time at which they agreed to be called."""

    @classmethod
    def draw(
        cls,
        key: str,
        numbers: int,
        *,
        seed: int,
        propensities: Propensities,
        frame: SampleFrame,
        languages: tuple[str, ...],
        earlier: "EarlierCalls | None" = None,
    ) -> "Household":
        """Draw the people of a case; the same ones for the same seed and key.

        Whoever was called before and never reached is likelier to be out again.
        """
        earlier = earlier or EarlierCalls()
        rng = Random(f"{seed}\0{key}")
        pattern = choose_pattern(frame)
        # some are nearly never in, a few nearly always: a gamma of mean 1
        reachability = rng.gammavariate(1.5 + earlier.answered, 1 / (1.5 + propensities.contact * earlier.calls))
        draw = rng.random()
        others = [code for code in languages[1:] if rng.random() < OTHER_LANGUAGE_SHARE]
        return cls(
            rng=rng,
            propensities=propensities,
            contact_chances={
                part: min(0.95, propensities.contact * reachability * share) for part, share in pattern.items()
            },
            dead_numbers={
                position: why for position, why in _draw_dead_numbers(numbers, rng) if position not in earlier.rang
            },
            has_machine=rng.random() < MACHINE_SHARE,
            refuse=min(1.0, propensities.refuse * rng.gammavariate(2, 0.5)),
            language=others[0] if others else "",
            is_eligible=rng.random() < propensities.eligible,
            exclusion="unable" if draw < UNABLE_SHARE else "away" if draw < UNABLE_SHARE + AWAY_SHARE else "",
        )

    def answer_call(self, position: int, local_time: datetime) -> DialResult:
        """Draw the result of dialing this number, at this time on their clock."""
        if position in self.dead_numbers:
            return self.dead_numbers[position]
        draw = self.rng.random()
        if draw < self._find_contact_chance(local_time):
            return "somebody"
        if draw > 1 - BUSY_SHARE:
            return "busy"
        return "machine" if self.has_machine and self.rng.random() < MACHINE_ANSWER_SHARE else "no_answer"

    def _find_contact_chance(self, local_time: datetime) -> float:
        if self.appointment is not None and abs(local_time - self.appointment) <= APPOINTMENT_TOLERANCE:
            return self.propensities.keep_appointment
        return self.contact_chances[find_week_part(local_time)]

    def choose_response(self, who: Interviewer) -> str:
        """Choose the response to this interviewer: `interview`, `appointment`, or another outcome."""
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
        """Draw after how many items they have to go; below zero: never."""
        return self.rng.randrange(1, MAX_PATIENCE) if self.rng.random() < self.propensities.interrupt else -1


def find_week_part(local_time: datetime) -> WeekPart:
    """Find the part of the week at a time on a respondent's clock."""
    return "weekend" if local_time.weekday() > 4 else "evening" if local_time.hour >= 17 else "day"


def choose_pattern(frame: SampleFrame) -> dict[WeekPart, float]:
    """Choose the relative chances of an answer by part of the week."""
    return OFFICE_PATTERN if frame == "establishment" else HOUSEHOLD_PATTERN


def _draw_dead_numbers(numbers: int, rng: Random) -> Iterator[tuple[int, DialResult]]:
    for position in range(1, numbers + 1):
        draw = rng.random()
        if draw < DISCONNECTED_SHARE:
            yield position, "disconnected"
        elif draw < DISCONNECTED_SHARE + FAX_SHARE:
            yield position, "fax"
        elif draw < DISCONNECTED_SHARE + FAX_SHARE + WRONG_NUMBER_SHARE:
            yield position, "wrong_number"


def invent_cases(instrument: Instrument, count: int, zone: str, rng: Random) -> list[SampleCase]:
    """Invent cases with one number each, in this time zone."""
    cases = []
    for number in range(1, count + 1):
        key = f"invented {number}"
        values = {
            name: key if column.role == "key" else invent_sample_value(instrument, name, column, rng)
            for name, column in instrument.sample.items()
            if column.role not in ("phone", "priority", "weight", "replicate", "frame", "fpc", "replicate_weight")
        }
        telephone = ParsedNumber(
            written=key,
            e164=f"+999{number:010}",
            national=key,
            international=key,
            extension="",
            line="unknown",
            zones=(zone,),
            country="",
        )
        cases.append(SampleCase(key=key, line=0, values=values, numbers=(SampleNumber("", telephone),), zone=zone))
    return cases
