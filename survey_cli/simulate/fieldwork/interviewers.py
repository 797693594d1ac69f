"""How does an invented interviewer spend a shift at a real station? Cases are taken, dialled, talked with and keyed, as a
person does it with the keys; every wait is a moment that is given to whoever keeps the clock.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from survey_cli.engine.events import Rejection
from survey_cli.entries import Prompt, Read
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.plan.people import Interviewer
from survey_cli.sessions.interview.interview_session import Desk
from survey_cli.sessions.station.station import Station
from survey_cli.sessions.station.station_protocol import Away, Idle, Keeper, OnCase, Unclear
from survey_cli.simulate.fieldwork.households import Answer, Household
from survey_cli.simulate.interviews.respondents import TRIES, Habits

Moments: TypeAlias = Iterator[datetime]
"""When something is done next."""

RINGS: Final[dict[Answer, int]] = {
    "somebody": 12,
    "no_answer": 30,
    "busy": 8,
    "machine": 25,
    "disconnected": 12,
    "fax": 8,
    "wrong_number": 35,
}
"""Seconds from dialling until it is known what it comes to; a wrong number talks."""
LOOKS: Final = (8, 25)
"""Seconds on a case before it is dialled."""
KEYS: Final = 4
"""Seconds to key an outcome."""
TALKS: Final = (20, 90)
"""Seconds with somebody before an interview, or instead of one."""
MESSAGE: Final = 25
"""Seconds to leave a message."""
BREAKS: Final = timedelta(hours=2)
"""A pause after so long."""
PAUSE: Final = timedelta(minutes=15)
LOOKS_AGAIN: Final = timedelta(minutes=5)
"""While nobody can be called, others may give something back sooner than it was said."""
AT_LEAST: Final = timedelta(seconds=10)
DAYS_AHEAD: Final = 5
"""Appointments are made for today or one of the next days."""
KEEPERS: Final[tuple[tuple[Keeper, ...], tuple[int, ...]]] = (("anyone", "me_first", "me"), (70, 20, 10))
UNWILLING: Final = frozenset(
    {
        "refusal_soft",
        "refusal_hard",
        "refusal_household_soft",
        "refusal_household_hard",
        "callback",
        "appointment",
        "not_eligible",
    }
)
"""Ends that somebody who belongs to the survey and agreed to be interviewed now does not come to: what led there is
answered otherwise."""
CHANGES_MIND: Final = 30
"""Times that this is tried at one end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedDown:
    """A deed that the desk did not do."""

    at: datetime
    by: str
    case: str
    deed: str
    why: str


@dataclass(slots=True, kw_only=True)
class Worked:
    """What one interviewer did, as their stations counted it."""

    login: str
    shifts: int = 0
    on_duty: timedelta = timedelta()
    on_cases: timedelta = timedelta()
    calls: int = 0
    completes: int = 0
    turned_down: list[TurnedDown] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What interviewers share: the clock, the people they call, the study's hours."""

    clock: Callable[[], datetime]
    house: Callable[[str, int], Household]
    """The people of a case, that has so many numbers."""
    calendar: Calendar
    zone: ZoneInfo
    """Of the stations."""
    habits: Habits
    seconds: float
    """For one item of an interview, on average."""


class Colleague:
    """One invented interviewer."""

    def __init__(self, who: Interviewer, world: World, dice: Random) -> None:
        self.who = who
        self.worked = Worked(login=who.login)
        self._world = world
        self._dice = dice

    def _in(self, seconds: float) -> datetime:
        return self._world.clock() + timedelta(seconds=seconds)

    def _between(self, span: tuple[int, int]) -> datetime:
        return self._in(self._dice.uniform(*span))

    def _did(self, station: Station, deed: str, came: object) -> bool:
        """Whether it was done; what was not is remembered."""
        if not isinstance(came, Rejection):
            return True
        view = station.view()
        key = view.key if isinstance(view, OnCase) else ""
        self.worked.turned_down.append(
            TurnedDown(at=self._world.clock(), by=self.who.login, case=key, deed=deed, why=came.why)
        )
        return False

    # a shift

    def shift(self, station: Station, until: datetime) -> Moments:
        """Sit down, call until the shift ends, and leave; a call that goes on is finished first."""
        clock, began = self._world.clock, self._world.clock()
        self.worked.shifts += 1
        self._did(station, "start", station.start())
        rested, before = began, station.tally()
        while clock() < until or not self._did(station, "leave", station.leave()):
            view = station.view()
            if clock() - rested >= BREAKS and not _engaged(view):
                if self._did(station, "pause", station.pause()):
                    yield clock() + PAUSE
                    self._did(station, "go_on", station.go_on())
                rested = clock()
                continue
            match view:
                case OnCase():
                    yield from self._case(station, view)
                case Idle(next_at=next_at):
                    ahead = LOOKS_AGAIN if next_at is None else min(LOOKS_AGAIN, next_at - clock())
                    yield min(clock() + max(AT_LEAST, ahead), max(until, clock() + AT_LEAST))
                    station.beat()
                case Away():
                    self._did(station, "go_on", station.go_on())
        tally = station.tally()
        self.worked.on_duty += clock() - began
        self.worked.on_cases += tally.talking
        self.worked.calls += tally.calls - before.calls
        self.worked.completes += tally.done - before.done

    # a case

    def _case(self, station: Station, view: OnCase) -> Moments:
        if view.pending == "time":
            yield from self._promise(station, view)
        elif view.pending or view.dialled:
            # the terminal died in the middle of a call
            yield self._in(KEYS)
            self._did(station, "record", station.record("callback" if view.interview else "no_answer"))
        else:
            yield self._between(LOOKS)
            yield from self._call(station, view)

    def _call(self, station: Station, view: OnCase) -> Moments:
        said = station.dial()
        if not self._did(station, "dial", said):
            yield self._in(KEYS)
            self._did(station, "finish", station.finish())
            return
        house = self._world.house(view.key, len(view.numbers))
        number = next((n.position for n in view.numbers if n.current), 0)
        there = self._world.clock().astimezone(view.there.tzinfo if view.there else None)
        answer = house.answer(number, there)
        yield self._in(RINGS[answer])
        match answer:
            case "somebody":
                yield from self._talk(station, view, house)
            case "machine":
                yield from self._machine(station, view)
            case _:
                yield from self._keyed(station, answer)

    def _keyed(self, station: Station, outcome: str, *, language: str = "") -> Moments:
        yield self._in(KEYS)
        self._did(station, f"record {outcome}", station.record(outcome, language=language))

    def _machine(self, station: Station, view: OnCase) -> Moments:
        message = next((said for said in view.scripts if said.id == "voicemail" and not said.used), None)
        if message is None:
            yield from self._keyed(station, "machine")
            return
        yield self._in(MESSAGE)
        self._did(station, "spoke", station.spoke(message.id))
        yield from self._keyed(station, "machine_left")

    def _talk(self, station: Station, view: OnCase, house: Household) -> Moments:
        yield self._between(TALKS)
        match house.says(self.who):
            case "interview":
                yield from self._interview(station, view, house)
            case "appointment":
                yield from self._promise(station, view)
            case "language":
                yield from self._keyed(station, "language", language=house.language)
            case outcome:
                yield from self._keyed(station, outcome)

    def _promise(self, station: Station, view: OnCase) -> Moments:
        """Agree on a time at which they can be called and somebody sits here."""
        yield self._in(20)
        there = view.there
        world = self._world
        wall = free_time(world.calendar, world.zone, there, self._dice) if there is not None else None
        if wall is not None and there is not None:
            text = f"{wall:%Y-%m-%d %H:%M}"
            found = station.read_time(text)
            reading = 1 if isinstance(found, Unclear) and found.choices else 0
            [keeper] = self._dice.choices(*KEEPERS)
            booked = station.book(text, reading=reading, keeper=keeper)
            if self._did(station, f"book {text}", booked):
                house = self._world.house(view.key, len(view.numbers))
                house.promised = wall
                return
        yield from self._keyed(station, "callback")

    # an interview

    def _interview(self, station: Station, view: OnCase, house: Household) -> Moments:
        desk = station.interview()
        if not self._did(station, "interview", desk) or not isinstance(desk, Desk):
            yield from self._keyed(station, "callback")
            return
        prompt = desk.prompt()
        if prompt is not None and house.language in prompt.languages and house.language != prompt.language:
            desk.speak(house.language)
        left = house.patience()
        while (prompt := desk.prompt()) is not None:
            yield self._in(self._dice.uniform(0.3, 1.7) * self._world.seconds)
            if left == 0:
                self._did(station, "stop", self._hung_up(desk))
                break
            left -= 1
            if not self._answered(desk, prompt):
                self._did(station, "stop", desk.stop("break_off"))
        self._did(station, "came back", station.came_back())

    def _hung_up(self, desk: Desk) -> Rejection | None:
        """The interview is cut short: for an appointment, a callback, or the interviewer says it afterwards."""
        how = self._dice.choice(("appointment", "callback", ""))
        return desk.stop(how) if how else desk.suspend()

    def _answered(self, desk: Desk, prompt: Prompt) -> bool:
        """Answer the prompt, whatever tries that takes; False where nobody could, or they hang up."""
        habits, dice = self._world.habits, self._dice
        if prompt.ending in UNWILLING and self._otherwise(desk):
            return True
        if dice.random() < habits.break_off:
            return False
        for tries in range(TRIES):
            asked = desk.prompt()
            if asked is None or asked.place != prompt.place:
                return True
            if asked.query is not None and (dice.random() < habits.confirm or tries > TRIES // 2):
                done = desk.confirm()
            elif isinstance(asked.entry, Read):
                done = desk.reply("")
            elif asked.declines and (dice.random() < habits.decline or tries > TRIES - 5):
                done = desk.decline(dice.choice(asked.declines).id)
            else:
                done = _invented(desk, dice)
            if done is None and desk.prompt() is not None and _stays(desk, prompt):
                continue
            if done is None:
                return True
        return False

    def _otherwise(self, desk: Desk) -> bool:
        """Whether the answers that led to an unwilling end could be given otherwise."""
        for _ in range(CHANGES_MIND):
            if desk.back() is not None:
                return False
            done = _invented(desk, self._dice)
            asked = desk.prompt()
            if done is None and asked is not None and asked.query is not None:
                desk.confirm()
                asked = desk.prompt()
            if asked is None or asked.ending not in UNWILLING:
                return True
        return False


def free_time(calendar: Calendar, zone: ZoneInfo, there: datetime, dice: Random) -> datetime | None:
    """A quarter of an hour on a respondent's clock, on which it is `there` now, within the study's hours there and at the
    stations, whose `zone` it is; None where none was found."""
    for _ in range(CHANGES_MIND):
        day = there.date() + timedelta(days=dice.randrange(DAYS_AHEAD))
        hours = calendar.hours_of(day)
        if hours is None or calendar.closed_on(day):
            continue
        minute = dice.randrange(hours.start, hours.end, 15)
        wall = datetime.combine(day, time(), there.tzinfo) + timedelta(minutes=minute)
        if wall > there + timedelta(minutes=5) and calendar.opening((zone.key,), wall).open:
            return wall
    return None


def _engaged(view: object) -> bool:
    return isinstance(view, OnCase) and (view.dialled or view.pending != "")


def _stays(desk: Desk, before: Prompt) -> bool:
    """A warning came up at the same place."""
    asked = desk.prompt()
    return asked is not None and asked.place == before.place and asked.query is not None


def _invented(desk: Desk, dice: Random) -> Rejection | None:
    """An answer that the item itself makes up."""
    machine = desk.interview.machine
    stop = machine.here
    if stop is None or not stop.leaf.question.asks:
        return desk.reply("")
    return desk.reply(stop.leaf.question.invent(machine.walk.asking(stop, machine.language), dice))
