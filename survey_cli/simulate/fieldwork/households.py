"""Whom does an interviewer reach, when, and what do they say? Invented people: at home by parts of the week, willing or
not, each from the seed and the case's key alone, whatever happens around them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal, TypeAlias

from survey_cli.fieldwork.plan.people import Interviewer
from survey_cli.fieldwork.plan.plan import Frame
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.samples.cases.phone_numbers import Number
from survey_cli.samples.cases.sample_file import Case, CaseNumber
from survey_cli.sessions.interview.case_values import invented_column

Part: TypeAlias = Literal["day", "evening", "weekend"]
Answer: TypeAlias = Literal["somebody", "no_answer", "busy", "machine", "disconnected", "fax", "wrong_number"]
"""What a number that is dialled comes to before anything is said."""

AT_HOME: Final[dict[Part, float]] = {"day": 0.7, "evening": 1.4, "weekend": 1.1}
AT_WORK: Final[dict[Part, float]] = {"day": 1.3, "evening": 0.15, "weekend": 0.1}
"""How much likelier than on average somebody answers, at a household and at an office. Invented."""
DISCONNECTED: Final = 0.06
FAX: Final = 0.01
WRONG: Final = 0.02
"""Shares of numbers."""
BUSY: Final = 0.04
"""Share of calls."""
HAS_MACHINE: Final = 0.4
MACHINE_ANSWERS: Final = 0.7
LONGEST: Final = 30
"""Items after which, at most, somebody who has to go goes."""
UNABLE: Final = 0.01
AWAY: Final = 0.02
"""Shares of people."""
OTHER_LANGUAGE: Final = 0.1
"""Share of people who want another language of the instrument."""
PROMISED_WITHIN: Final = timedelta(hours=1)
"""Somebody who promised to be there is, or is not, so long after the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What is taken for granted of invented people: shares between 0 and 1."""

    contact: float = 0.25
    """A call to a good number is answered by somebody, on average over the week."""
    refuse: float = 0.2
    """Somebody who is spoken with refuses, in each talk."""
    hard: float = 0.25
    """Of refusals, those that are final."""
    later: float = 0.25
    """Somebody who does not refuse wants to be called again."""
    promised: float = 0.6
    """Of those, the ones who name a time."""
    kept: float = 0.75
    """Whoever named a time answers then."""
    eligible: float = 0.95
    """People who belong to the survey."""
    cut: float = 0.02
    """An interview has to be gone on with another time."""


@dataclass(slots=True)
class Household:
    """Who answers the telephone of one case."""

    dice: Random
    """Thrown as they are called; nobody else's calls come between."""
    chances: Chances
    home: dict[Part, float]
    """The chance that somebody answers."""
    dead: dict[int, Answer]
    """Numbers, by position, that lead to nobody or to somebody else."""
    machine: bool
    refuse: float
    language: str
    """The language they want; empty for whichever."""
    eligible: bool
    unfit: Literal["", "unable", "away"]
    promised: datetime | None = None
    """When they said they would be there."""

    @classmethod
    def of(
        cls,
        key: str,
        numbers: int,
        *,
        seed: int,
        chances: Chances,
        frame: Frame,
        languages: tuple[str, ...],
        calls: int = 0,
        answered: int = 0,
        rang: Collection[int] = (),
    ) -> "Household":
        """The people of a case; the same ones for the same seed and key. Of those who were called already, so many
        `calls` were `answered`, and these numbers `rang`: whoever was never in is likelier to be out again."""
        dice = Random(f"{seed}\0{key}")
        pattern = pattern_of(frame)
        # some are nearly never in, a few nearly always: a gamma of mean 1
        own = dice.gammavariate(1.5 + answered, 1 / (1.5 + chances.contact * calls))
        lot = dice.random()
        others = [code for code in languages[1:] if dice.random() < OTHER_LANGUAGE]
        return cls(
            dice=dice,
            chances=chances,
            home={part: min(0.95, chances.contact * own * share) for part, share in pattern.items()},
            dead={position: why for position, why in _dead(numbers, dice) if position not in rang},
            machine=dice.random() < HAS_MACHINE,
            refuse=min(1.0, chances.refuse * dice.gammavariate(2, 0.5)),
            language=others[0] if others else "",
            eligible=dice.random() < chances.eligible,
            unfit="unable" if lot < UNABLE else "away" if lot < UNABLE + AWAY else "",
        )

    def answer(self, position: int, there: datetime) -> Answer:
        """What dialling this number comes to, at this time on their clock."""
        if position in self.dead:
            return self.dead[position]
        lot = self.dice.random()
        if lot < self._chance(there):
            return "somebody"
        if lot > 1 - BUSY:
            return "busy"
        return "machine" if self.machine and self.dice.random() < MACHINE_ANSWERS else "no_answer"

    def _chance(self, there: datetime) -> float:
        if self.promised is not None and abs(there - self.promised) <= PROMISED_WITHIN:
            return self.chances.kept
        return self.home[part_of(there)]

    def says(self, who: Interviewer) -> str:
        """What whoever answers says to this interviewer: `interview`, `appointment`, or another outcome."""
        chances, dice = self.chances, self.dice
        if self.language and not who.speaks(self.language):
            return "language"
        if self.unfit:
            return self.unfit
        if dice.random() < self.refuse:
            return "refusal_hard" if dice.random() < chances.hard else "refusal_soft"
        if not self.eligible:
            return "not_eligible"
        if dice.random() < chances.later and self.promised is None:
            return "appointment" if dice.random() < chances.promised else "callback"
        return "interview"

    def patience(self) -> int:
        """After how many items they have to go; below zero: never."""
        return self.dice.randrange(1, LONGEST) if self.dice.random() < self.chances.cut else -1


def part_of(there: datetime) -> Part:
    """The part of the week at a time on a respondent's clock."""
    return "weekend" if there.weekday() > 4 else "evening" if there.hour >= 17 else "day"


def pattern_of(frame: Frame) -> dict[Part, float]:
    """How much likelier than on average somebody answers, by the part of the week."""
    return AT_WORK if frame == "establishment" else AT_HOME


def _dead(numbers: int, dice: Random) -> Iterator[tuple[int, Answer]]:
    for position in range(1, numbers + 1):
        lot = dice.random()
        if lot < DISCONNECTED:
            yield position, "disconnected"
        elif lot < DISCONNECTED + FAX:
            yield position, "fax"
        elif lot < DISCONNECTED + FAX + WRONG:
            yield position, "wrong_number"


def invented_cases(instrument: Instrument, count: int, zone: str, dice: Random) -> list[Case]:
    """So many cases of a sample that nobody drew, with one number each, in this zone."""
    cases = []
    for number in range(1, count + 1):
        key = f"invented {number}"
        values = {
            name: key if column.role == "key" else invented_column(instrument, name, column, dice)
            for name, column in instrument.sample.items()
            if column.role not in ("phone", "priority", "weight", "replicate", "frame")
        }
        telephone = Number(
            written=key,
            e164=f"+999{number:010}",
            national=key,
            international=key,
            extension="",
            line="unknown",
            zones=(zone,),
            country="",
        )
        cases.append(Case(key=key, line=0, values=values, numbers=(CaseNumber("", telephone),), zone=zone))
    return cases
