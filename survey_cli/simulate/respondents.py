"""Inventing one interview: what the case brings, what is answered, declined, doubted and corrected, when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from survey_cli.desk.case import invented_column
from survey_cli.engine import prompts
from survey_cli.engine.events import (
    Answered,
    Began,
    Confirmed,
    Declined,
    Ended,
    Event,
    LookedUp,
    Rejected,
    Sitting,
    Stamp,
    Stopped,
    Suspended,
    WentTo,
)
from survey_cli.engine.interview import Interview
from survey_cli.instrument.items.quiet import Computed
from survey_cli.instrument.program import Instrument
from survey_cli.outcomes import OUTCOMES
from survey_cli.values import Missing, Value

STATION: Final = "simulated"
TRIES: Final = 60
"""Entries tried at one item before the respondent declines, or breaks off where that is not permitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often invented people do what: each a chance between 0 and 1, at each item."""

    decline: float = 0.04
    back: float = 0.02
    """Going back to the item before, to correct it."""
    confirm: float = 0.7
    """At a warning: it is so. Otherwise the answer is changed."""
    break_off: float = 0.0
    """Hanging up, at each item."""


@dataclass(frozen=True, slots=True)
class Invented:
    """One invented interview, and where it got stuck, if it did: an item whose checks no invented answer passed."""

    interview: Interview
    stuck: str = ""


def simulated(
    instrument: Instrument,
    *,
    count: int,
    seed: int,
    start: datetime,
    habits: Habits | None = None,
) -> Iterator[Invented]:
    """So many invented interviews, the same ones for the same seed. `start` is when the first begins."""
    dice = Random(seed)
    habits = habits or Habits()
    for number in range(1, count + 1):
        yield _interview(instrument, f"simulated {number}", dice, start + timedelta(minutes=number), habits)


def _interview(instrument: Instrument, case: str, dice: Random, start: datetime, habits: Habits) -> Invented:
    language = instrument.language if dice.random() < 0.6 else dice.choice(instrument.languages)
    stamp = Stamp(start, STATION, STATION)
    began = Began(
        stamp,
        instrument=instrument.hash,
        seed=dice.getrandbits(62),
        case=case,
        today=start.date(),
        sitting=Sitting(STATION, dice.choice(("morning", "afternoon", "evening")), language),
        sample=_sample(instrument, case, dice),
    )
    interview = Interview.begin(instrument, began)
    patience = 0
    while interview.status == "open":
        start += timedelta(seconds=dice.randint(2, 15))
        event = _event(interview, dice, Stamp(start, STATION, STATION), habits, patience)
        after = interview.step(event) if not isinstance(event, Rejected) else event
        if isinstance(after, Rejected):
            patience += 1
            if patience > TRIES:
                stuck = str(interview.place)
                stopped = interview.step(Stopped(stamp, "break_off"))
                return Invented(interview if isinstance(stopped, Rejected) else stopped, stuck)
            continue
        patience = 0 if after.place != interview.place else patience + 1
        interview = after
    return Invented(interview)


def _event(
    interview: Interview, dice: Random, stamp: Stamp, habits: Habits, patience: int
) -> Event | Rejected:
    """What happens next."""
    if ending := interview.ending:
        outcome = OUTCOMES.get(ending)
        return (Suspended if outcome is not None and outcome.temporary else Ended)(stamp, ending)
    machine = interview.machine
    stop = machine.here
    assert stop is not None
    question, place = stop.leaf.question, stop.place
    if isinstance(question, Computed):
        value, of = interview.looks_up()
        return LookedUp(stamp, place, "open" if value is None else value, of)
    if not question.asks:
        return Answered(stamp, place)
    if machine.query is not None and (dice.random() < habits.confirm or patience > TRIES // 2):
        return Confirmed(stamp, place, machine.query)
    lot = dice.random()
    if lot < habits.break_off:
        return Stopped(stamp, "break_off")
    if lot < habits.break_off + habits.back and not patience:
        before = prompts.before(interview)
        if before is not None:
            return WentTo(stamp, before)
    declines = stop.leaf.declines
    if declines and (dice.random() < habits.decline or patience > TRIES - 5):
        return Declined(stamp, place, dice.choice(declines).id)
    return prompts.entry(interview, question.invent(machine.walk.asking(stop, machine.language), dice), stamp)


def _sample(instrument: Instrument, case: str, dice: Random) -> Mapping[str, Value | Missing]:
    """What an invented case brings."""
    return {
        name: case if column.role == "key" else invented_column(instrument, name, column, dice)
        for name, column in instrument.sample.items()
    }
