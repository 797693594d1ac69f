"""Inventing one interview: what the case brings, what is answered, declined, doubted and corrected, when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from survey_cli.desk.case import invented_column
from survey_cli.engine import prompts
from survey_cli.engine.draws import looked_up
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
from survey_cli.engine.machine import Machine
from survey_cli.engine.route import Stop
from survey_cli.instrument.items.quiet import Computed
from survey_cli.instrument.program import Instrument
from survey_cli.outcomes import OUTCOMES
from survey_cli.values import Missing, Value

STATION: Final = "simulated"
PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in range(2, 16))
"""Between an event and the next."""
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
    machine = Machine.begin(instrument, began)
    patience, stuck = 0, ""
    while machine.status == "open":
        start += PAUSES[int(dice.random() * len(PAUSES))]
        stop = machine.here
        event = _event(machine, stop, dice, Stamp(start, STATION, STATION), habits, patience)
        if isinstance(event, Rejected) or machine.take(event) is not None:
            patience += 1
            if patience > TRIES:
                stuck = str(stop.place) if stop is not None else ""
                machine.take(Stopped(stamp, "break_off"))
                break
        else:
            after = machine.here
            same = after is not None and stop is not None and after.place == stop.place
            patience = patience + 1 if same else 0
    return Invented(Interview.of(machine), stuck)


def _event(
    machine: Machine, stop: Stop | None, dice: Random, stamp: Stamp, habits: Habits, patience: int
) -> Event | Rejected:
    """What happens next."""
    if stop is None:
        outcome = OUTCOMES.get(machine.ending)
        return (Suspended if outcome is not None and outcome.temporary else Ended)(stamp, machine.ending)
    question, place = stop.leaf.question, stop.place
    if isinstance(question, Computed):
        value, of = looked_up(machine.walk, stop)
        return LookedUp(stamp, place, "open" if value is None else value, of)
    if not question.asks:
        return Answered(stamp, place)
    if machine.query is not None and (dice.random() < habits.confirm or patience > TRIES // 2):
        return Confirmed(stamp, place, machine.query)
    lot = dice.random()
    if lot < habits.break_off:
        return Stopped(stamp, "break_off")
    if lot < habits.break_off + habits.back and not patience:
        stops = machine.walk.stops
        before = machine.before(len(stops) - 1)
        if before is not None:
            return WentTo(stamp, stops[before].place)
    declines = stop.leaf.declines
    if declines and (dice.random() < habits.decline or patience > TRIES - 5):
        return Declined(stamp, place, dice.choice(declines).id)
    reply = question.invent(machine.walk.asking(stop, machine.language), dice)
    return prompts.entered(machine, stop, reply, stamp)


def _sample(instrument: Instrument, case: str, dice: Random) -> Mapping[str, Value | Missing]:
    """What an invented case brings."""
    return {
        name: case if column.role == "key" else invented_column(instrument, name, column, dice)
        for name, column in instrument.sample.items()
    }
