"""Simulated fieldwork, audited: random studies on a clock that jumps, called by simulated interviewers whose terminals
die. Every call, appointment, quota place and history is checked against rules that are written here anew.

    PYTHONPATH=tests .venv/bin/python -m support.audited_fieldwork --minutes 10    as many studies as there is time for
    PYTHONPATH=tests .venv/bin/python -m support.audited_fieldwork --seed 4711 --studies 1    one of them again
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from heapq import heapify
from itertools import count, pairwise
from pathlib import Path
from random import Random
from time import monotonic
from zoneinfo import ZoneInfo

import holidays

from support.rates_both_ways import compare_rates
from support.station_simulation import AgendaEntry, StationSimulation
from support.stored_cases import count_by
from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.case import Attempt, Case
from survey_cli.fieldwork.case.case import NumberRecord as CalledNumber
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.case.events import (
    EVENT_KINDS,
    AppointmentMade,
    AttemptClosed,
    CaseClaimed,
    CaseReleased,
    CaseReturned,
    HistoryEntry,
    InterviewOpened,
    NumberDialed,
    OutcomeRecorded,
)
from survey_cli.fieldwork.plan.plan import CellFill, Interviewer, People, Plan
from survey_cli.fieldwork.queue.calling_rules import ClaimContext, is_allowed
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.outcomes import OUTCOMES
from survey_cli.permissions import StaffRole
from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import SampleCase as SampleCase
from survey_cli.samples.cases.sample_file import SampleNumber
from survey_cli.services.database.administration import verify_store
from survey_cli.services.simulated_study import (
    SimulatedStudyOptions,
    load_simulation_cases,
    open_simulated_study,
)
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import IdleView
from survey_cli.simulate.fieldwork.behavior import FieldworkSettings, Propensities
from survey_cli.simulate.fieldwork.model import FieldworkModel, FieldworkStart
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.consistency.upkeep import refresh_queue
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import NOT_ASKED

WORLDS = (
    (
        "US",
        ("America/Chicago", "America/New_York", "America/Los_Angeles", "America/Phoenix"),
        date(2026, 10, 29),
    ),
    ("US", ("America/Chicago", "America/Denver", "America/New_York"), date(2027, 3, 11)),
    ("US", ("America/Chicago", "Pacific/Honolulu", "America/New_York"), date(2026, 11, 23)),
    ("DE", ("Europe/Berlin", "Europe/London", "Atlantic/Azores"), date(2026, 10, 22)),
    ("DE", ("Europe/Berlin",), date(2027, 3, 25)),
    ("AU", ("Australia/Sydney", "Australia/Lord_Howe", "Australia/Brisbane"), date(2026, 10, 1)),
    ("AU", ("Australia/Adelaide", "Australia/Perth", "Australia/Sydney"), date(2027, 4, 1)),
    ("CL", ("America/Santiago", "Pacific/Easter"), date(2026, 9, 3)),
    ("NZ", ("Pacific/Auckland", "Pacific/Chatham"), date(2026, 9, 24)),
)
"""Country, zones, and a day before clocks change, or before holidays."""
BANDS = {
    ("DE", 4): (540, 1260), ("DE", 5): (600, 1200), ("DE", 6): (600, 1080),
    ("AU", 4): (540, 1200), ("AU", 5): (540, 1020), ("AU", 6): (540, 1020),
}  # fmt: skip
"""Where nobody is called before the one minute or after the other: on workdays (4) and the weekend; else 8 to 21."""
HARD = {"refusal_hard", "refusal_household_hard", "never_call", "withdrawn"}
OVER = HARD | {"complete", "not_eligible", "quota_full", "unable", "away", "dead"}
REFUSED = HARD | {"refusal_soft", "refusal_household_soft", "hangup_intro", "break_off"}
PARTS = {
    "usual": None,
    "two": {"day": ("08:00", "17:00"), "evening": ("17:00", "21:00")},
    "three": {
        "morning": ("08:00", "12:00"),
        "afternoon": ("12:00", "17:00"),
        "evening": ("17:00", "21:00"),
    },
}


RATES_COMPARED = 0.002
"""Share of the steps of a simulation after which rates are computed in both ways."""


class Broken(AssertionError):
    """Something that must hold did not."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One study that nobody planned, with its rules as plain values."""

    seed: int
    country: str
    zones: tuple[str, ...]
    zone: str
    hours: dict[int, tuple[int, int]]
    """By day of the week, minutes."""
    closed: frozenset[date]
    starts: date
    ends: date
    total: int
    per_day: int | None
    per_part: int | None
    parts: str
    refusals: int
    converter: bool
    delays: dict[str, timedelta]
    lease: int
    targets: dict[str, int]
    """Of the quota by sex, which a lookup asks for."""
    answer_target: int | None
    """Of a quota over an answer that no lookup asks for."""
    pair_target: int | None
    """Of each cell of a quota over the sample and an answer."""
    kind_target: int | None
    staff: tuple[Interviewer, ...]
    listed: bool
    days: int
    cases: int
    chances: Propensities
    crashes: float
    """The chance, at each deed, that a terminal dies."""

    @classmethod
    def of(cls, seed: int) -> "Planned":
        dice, more = Random(f"plan {seed}"), Random(f"quotas {seed}")
        country, zones, begins = dice.choice(WORLDS)
        opens, closes = dice.choice(((540, 1230), (600, 1200), (480, 1260), (540, 1020)))
        hours = dict.fromkeys(range(5), (opens, closes))
        if dice.random() < 0.6:
            hours[5] = (600, 1020)
        if dice.random() < 0.3:
            hours[6] = (720, 1080)
        days = dice.randint(4, 12)
        starts = begins + timedelta(days=dice.randint(0, 2))
        listed = dice.random() < 0.6
        staff = tuple(
            Interviewer(
                login=f"i{n}",
                languages=frozenset(dice.choice((("en",), ("es",), ("en", "es"), ("en", "es"))))
                if listed
                else frozenset(),
                skills=frozenset({"converter"}) if dice.random() < 0.5 and listed else frozenset(),
                role=StaffRole.INTERVIEWER if listed else StaffRole.SUPERVISOR,
            )
            for n in range(1, dice.randint(1, 4) + 1)
        )
        return cls(
            seed=seed,
            country=country,
            zones=zones,
            zone=zones[0],
            hours=hours,
            closed=frozenset(
                starts + timedelta(days=n) for n in range(days) if dice.random() < 0.08
            ),
            starts=starts,
            ends=starts + timedelta(days=days if dice.random() < 0.5 else days - 2),
            total=dice.choice((2, 4, 8, 12)),
            per_day=dice.choice((None, 1, 2, 3)),
            per_part=dice.choice((None, None, 1, 2)),
            parts=dice.choice(tuple(PARTS)),
            refusals=dice.choice((1, 2, 3)),
            converter=dice.random() < 0.4,
            delays={
                "no_answer": timedelta(hours=dice.choice((1, 3))),
                "machine": timedelta(hours=dice.choice((1, 6))),
                "busy": timedelta(minutes=dice.choice((10, 20))),
                "refusal_soft": timedelta(days=dice.choice((1, 2))),
                "callback": timedelta(hours=dice.choice((4, 24))),
            },
            lease=dice.choice((5, 20)),
            targets={"1": dice.randint(2, 9), "2": dice.randint(2, 9)},
            kind_target=(kind := dice.choice((None, None, 4))),
            answer_target=more.choice((None, 2, 4)),
            pair_target=more.choice((None, 2, 3)) if kind is None else None,
            staff=staff,
            listed=listed,
            days=days,
            cases=dice.randint(10, 60),
            chances=Propensities(
                contact=dice.choice((0.15, 0.3, 0.5)),
                refuse=dice.choice((0.1, 0.3)),
                call_again=dice.choice((0.2, 0.5)),
                keep_appointment=dice.choice((0.3, 0.8)),
                interrupt=dice.choice((0.0, 0.15)),
            ),
            crashes=dice.choice((0.0, 0.004, 0.02)),
        )

    def text(self) -> str:
        """The instrument."""
        names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        hours = ", ".join(
            f'{names[d]}: "{_clock(a)}-{_clock(b)}"' for d, (a, b) in self.hours.items()
        )
        attempts = [f"total: {self.total}"]
        attempts += [f"per_day: {self.per_day}"] if self.per_day else []
        attempts += [f"per_daypart: {self.per_part}"] if self.per_part else []
        parts = PARTS[self.parts]
        said = ", ".join(f'{n}: "{a}-{b}"' for n, (a, b) in parts.items()) if parts else ""
        delays = ", ".join(
            f"{id}: {int(d.total_seconds() // 60)}m" for id, d in self.delays.items()
        )
        by = ", by: converter" if self.converter else ""
        kinds = (
            f"  - {{id: kinds, where: kind == 1, target: {self.kind_target}}}\n"
            if self.kind_target
            else ""
        )
        if self.answer_target:
            kinds += f"  - {{id: low, where: a <= 5, target: {self.answer_target}}}\n"
        if self.pair_target:
            pairs = ", ".join(f"{kind}/{sex}: {self.pair_target}" for kind in "12" for sex in "12")
            kinds += f"  - {{id: pairs, by: [kind, sex], targets: {{{pairs}}}}}\n"
        return f"""
instrument: fieldwork
title: Soak
languages: [en, es]
sample:
  unit: {{type: text, role: key}}
  kind: {{type: single, options: {{1: A, 2: B}}}}
  replicate: {{type: text, role: replicate}}
  clock: {{type: text, role: zone}}
items:
  - {{id: hello, type: read, text: "Good {{daypart}}, this is {{interviewer}} calling for the Institute."}}
  - {{id: consent, type: single, text: May I?, options: {{1: "Yes", 2: "No"}}, declines: []}}
  - {{id: no, type: end, unless: consent == 1, outcome: refusal_soft, text: Bye}}
  - {{id: sex, type: single, text: Sex?, options: {{1: F, 2: M}}, declines: []}}
  - {{id: place, type: lookup, quota: sexes}}
  - {{id: full, type: end, ask_if: "place == 'full'", outcome: quota_full, text: Bye}}
  - {{id: a, type: scale, from: 0, to: 10, text: First?}}
  - {{id: b, type: number, max: 9, text: Second?}}
  - {{id: c, type: multiple, text: Third?, options: {{1: X, 2: Y, 3: Z}}}}
  - {{id: d, type: text, text: Fourth?}}
fieldwork:
  frame: list
  country: {self.country}
  zone: {self.zone}
  hours: {{{hours}}}
  closed: [{", ".join(map(str, sorted(self.closed)))}]
  starts: {self.starts}
  ends: {self.ends}
  lease: {self.lease}m
  attempts: {{{", ".join(attempts)}}}
  refusals: {{max: {self.refusals}{by}}}
  spread: {("off", "prefer", "wait")[self.seed % 3]}
  delays: {{{delays}}}
  {f"dayparts: {{{said}}}" if said else "holidays: true"}
  scripts: {{voicemail: {{text: We call again., once: true}}}}
quotas:
  - {{id: sexes, by: [sex], targets: {{1: {self.targets["1"]}, 2: {self.targets["2"]}}}}}
{kinds}"""

    def sample(self) -> list[SampleCase]:
        dice = Random(f"sample {self.seed}")
        cases = []
        for n in range(1, self.cases + 1):
            own = dice.choice(self.zones) if dice.random() < 0.7 else ""
            doubtful = tuple(dice.sample(self.zones, min(2, len(self.zones))))
            numbers = tuple(
                SampleNumber("", _number(f"{n}-{m}", () if own else doubtful))
                for m in range(dice.choice((1, 1, 2, 3)))
            )
            values = {
                "unit": f"c{n}", "kind": dice.choice((1, 2)), "replicate": dice.choice(("1", "1", "2")),
                "clock": own or NOT_ASKED,
            }  # fmt: skip
            cases.append(
                SampleCase(
                    key=f"c{n}", line=n, values=values, numbers=numbers, zone=own,
                    language=dice.choice(("", "", "en", "es")), replicate=str(values["replicate"]),
                )
            )  # fmt: skip
        return cases

    # its rules, said again

    def zones_of(self, case: Case, number: CalledNumber | None) -> tuple[str, ...]:
        """The case's own zone; else the study's, where it may be the number's; else all that are."""
        if case.columns.get("clock"):
            return (str(case.columns["clock"]),)
        may = number.zones if number is not None else ()
        days = (datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 7, 15, 12, tzinfo=UTC))
        walls = {
            z: [f"{at.astimezone(ZoneInfo(z)):%d %H:%M}" for at in days] for z in (*may, self.zone)
        }
        if len(may) == 1 or (may and walls[self.zone] not in [walls[zone] for zone in may]):
            return tuple(may)
        return (self.zone,)

    def open(self, zones: tuple[str, ...], at: datetime) -> str:
        """Why nobody there may be called; empty where they may."""
        for zone in zones:
            wall = at.astimezone(ZoneInfo(zone))
            day, minute = wall.date(), wall.hour * 60 + wall.minute
            span = self.hours.get(day.weekday())
            first, last = BANDS.get((self.country, max(4, day.weekday())), (480, 1260))
            if span is None or not max(first, span[0]) <= minute < min(last, span[1]):
                return f"{wall:%a %H:%M} in {zone}"
            if day in self.closed or not self.starts <= day <= self.ends:
                return f"{day} in {zone}"
            if day in _holidays(self.country, day.year):
                return f"holiday {day} in {zone}"
        return "" if zones else "no zone"

    def part(self, zone: str, at: datetime) -> str:
        wall = at.astimezone(ZoneInfo(zone))
        parts = PARTS[self.parts]
        if parts is None:
            return "weekend" if wall.weekday() > 4 else "evening" if wall.hour >= 17 else "day"
        return next((n for n, (a, b) in parts.items() if a <= f"{wall:%H:%M}" < b), "")


@cache
def _holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _number(text: str, zones: tuple[str, ...]) -> ParsedNumber:
    digits = "".join(f"{int(part):05}" for part in text.split("-"))
    return ParsedNumber(
        written=text, e164=f"+999{digits}", national=text, international=text, extension="", line="unknown",
        zones=zones, country="",
    )  # fmt: skip


class Watched(StationSimulation):
    """The field of such a study, looked at after every deed, its terminals dying now and then."""

    def __init__(self, study: OpenStudy, planned: Planned) -> None:
        self.planned = planned
        self.stations: dict[int, StationSession] = {}
        self.shown: dict[int, str] = {}
        self.fate = Random(f"fate {planned.seed}")
        self._looks = Random(f"rates {planned.seed}")
        self.crashed = self.idle_moments = 0
        self.half_done: dict[int, tuple[str, str]] = {}
        self._known: dict[str, tuple[int, Case, list[HistoryEntry]]] = {}
        super().__init__(
            study,
            planned.staff,
            FieldworkSettings(
                starts=planned.starts,
                days=planned.days,
                seed=planned.seed,
                zone=ZoneInfo(planned.zone),
                propensities=planned.chances,
            ),
        )

    def open_station(self, number: int) -> StationSession:
        station = self.stations[number] = super().open_station(number)
        return station

    def step(self) -> bool:
        number = self.agenda[0].number if self.agenda else -1
        more = super().step()
        if number in self.stations:
            self._look(number, self.stations[number])
        if self._looks.random() < RATES_COMPARED:
            compare_rates(self.study, self.at)
        if more and self.agenda and self.fate.random() < self.planned.crashes:
            self._crash()
        return more

    def _crash(self) -> None:
        """A terminal dies: what was begun at it is left as it stands. Its interviewer is back soon, or the next day."""
        turn = self.fate.choice(self.agenda)
        self.agenda.remove(turn)
        turn.action_times.close()
        station = self.stations.pop(turn.number, None)
        at_hand = station._cases.at_hand if station is not None else None
        self.half_done.pop(turn.number, None)
        back = self.at + timedelta(minutes=self.fate.choice((1, 4, 30, 180, 1440)))
        if at_hand is not None:
            self.half_done[turn.number] = (at_hand.key, at_hand.claimed.token)
        self.agenda.append(AgendaEntry(back, turn.number, self.iterate_shifts(turn.number)))
        heapify(self.agenda)
        self.crashed += 1

    def _look(self, number: int, station: StationSession) -> None:
        at_hand = station._cases.at_hand
        here = at_hand.claimed if at_hand is not None else None
        key = f"{here.case.key} {here.token}" if here is not None else ""
        new, self.shown[number] = key and key != self.shown.get(number), key
        who = self.interviewers[number].who
        if (
            here is None
            and isinstance(station.look().view, IdleView)
            and self._on_duty(number)
            and self.fate.random() < 0.5
        ):
            self.idle_moments += 1
            self._nobody_waits(station, who)
        elif here is not None and new:
            died_on = self.half_done.pop(number, None)
            if died_on is not None and died_on[0] == here.case.key and here.row.status == "leased":
                self._said_plainly(station, here.notice, died_on)
            if not here.notice and here.row.position.rank[:1] != "1":
                self._no_promise_waits(who, but=here.case.key)

    def _on_duty(self, number: int) -> bool:
        """Its shift goes on: somebody who has left takes nothing."""
        return any(
            t.number == number and t.at - self.at < timedelta(minutes=6) for t in self.agenda
        )

    def _said_plainly(self, station: StationSession, notice: str, died_on: tuple[str, str]) -> None:
        row = self.study.store.cases.queries.find_row(died_on[0])
        if (
            row is not None
            and not notice
            and row.holder is not None
            and row.holder.station == station.station
        ):
            lapsed = [
                e.event
                for e in self.study.store.cases.queries.read_history(died_on[0])
                if e.event == CaseReturned("lapsed")
            ]
            if not lapsed:
                raise Broken(
                    f"{died_on[0]} came back to a station that died on it, and nothing is said"
                )

    def _cases(self) -> Iterator[tuple[CaseRow, Case, list[HistoryEntry]]]:
        """Every case as it stands; what was replayed before is not replayed again."""
        cases = self.study.store.cases
        for row in cases.queries.iterate_rows():
            known = self._known.get(row.key)
            if known is None or known[0] != row.seq:
                entries = cases.queries.read_history(row.key)
                known = self._known[row.key] = (
                    row.seq,
                    Case.from_history(row.key, entries),
                    entries,
                )
            yield row, known[1], known[2]

    def _nobody_waits(self, station: StationSession, who: Interviewer) -> None:
        """Where it is said that nobody can be called, nobody can."""
        plan, claimant = (
            self.study.plan,
            ClaimContext(
                at=self.at,
                who=who,
                people=self.study.people,
                full_cells=self.study.plan.quotas.list_full_cells(
                    self.study.store.cases.quotas.read_fill()
                ),
            ),
        )
        for row, case, _ in self._cases():
            if row.status in ("leased", "done") or row.key in station._studies.current.skipped:
                continue
            if is_allowed(case, plan, claimant):
                raise Broken(
                    f"{row.key} may be called ({row.status}), and {who.login} is told that nobody can"
                )
        self._no_promise_waits(who, passed=station._studies.current.skipped)

    def _no_promise_waits(
        self, who: Interviewer, *, but: str = "", passed: Collection[str] = frozenset()
    ) -> None:
        """No promise is due that this interviewer could keep now."""
        for row, case, entries in self._cases():
            if case.appointment is None or row.key == but or row.key in passed:
                continue
            due = due_promise(case, entries, self.planned, self.at, who)
            if due is not None:
                raise Broken(
                    f"{row.key} was promised a call at {due.start}, and {who.login} calls somebody else, or nobody"
                )


def moment(promised: AppointmentMade, wall: str) -> datetime:
    """A wall time of a promise, as a moment; one that is never shown is the end of the gap."""
    zone = ZoneInfo(promised.zone)
    there = datetime.fromisoformat(wall).replace(fold=promised.fold, tzinfo=zone)
    return there.astimezone(UTC)


def due_promise(
    case: Case, entries: list[HistoryEntry], planned: Planned, at: datetime, who: Interviewer
) -> AppointmentMade | None:
    """A promise of a case that nobody has, that is due, and that `who` may keep at this moment."""
    made: HistoryEntry | None = None
    held = hopeless = released = False
    for entry in entries:
        match entry.event:
            case CaseClaimed():
                held = True
            case AttemptClosed() | CaseReturned():
                held = False
            case AppointmentMade():
                made = entry
            case OutcomeRecorded(outcome=outcome):
                hopeless = hopeless or outcome in OVER
                if made is not None and entry.at >= made.at and outcome != "appointment":
                    starts = moment(made.event, made.event.start)
                    if (
                        entry.at >= starts - timedelta(minutes=15)
                        or OUTCOMES[outcome].moment != "before"
                    ):
                        made = None
            case CaseReleased():
                released = True
    if (
        made is None
        or held
        or hopeless
        or not released
        or case.open_attempt is not None
        or not case.live_numbers
    ):
        return None
    promised: AppointmentMade = made.event
    starts = moment(promised, promised.start)
    number = case.next_number
    places = planned.zones_of(case, number)
    refused = sum(
        call.outcome in REFUSED and call.code not in ("1.1", "1.2") for call in case.calls
    )
    # Quota places of a suspended interview are given back after a day, and at once after a refusal.
    left_at = case.interview_left_at
    keeps_place = (
        case.interrupted
        and not refused
        and left_at is not None
        and at < left_at + timedelta(days=1)
    )
    if (
        at < starts
        or planned.open(places, at)
        or len(case.counted_attempts) > planned.total
        or refused >= planned.refusals
        or (promised.policy == "me" and promised.owner != who.login)
        or (
            promised.policy == "me_first"
            and promised.owner != who.login
            and at < starts + timedelta(minutes=15)
        )
        or not who.speaks(case.language)
        or (planned.kind_target is not None and case.columns.get("kind") == 1 and not keeps_place)
    ):
        return None
    return promised


# afterwards: every case's history


def audit(field: Watched) -> Counter[str]:
    """Look at all that was written. Gives counts of what there was to look at."""
    study, planned, seen = field.study, field.planned, Counter[str]()
    refresh_queue(study.store, study.plan, field.at)
    compare_rates(study, field.at)
    for key, entries in study.store.cases.queries.iterate_histories():
        case = _history(key, entries, planned, study.people, seen)
        row = study.store.cases.queries.find_row(key)
        _stands(key, case, row, study.plan, field.at)
    _places(study, planned, seen)
    for colleague in field.interviewers:
        for denied in colleague.rejected:
            seen[f"turned down: {denied.action.split()[0]}"] += 1
            if (
                "another station" not in denied.why
                and not denied.why.startswith("not now: ")
                and denied.action != "start"
            ):
                raise Broken(f"{denied}")
    return seen


def _history(
    key: str, entries: Sequence[HistoryEntry], planned: Planned, people: People, seen: Counter[str]
) -> Case:
    """All that was written of one case."""
    for one, other in pairwise(entries):
        if other.at < one.at:
            raise Broken(f"{key}: history runs backwards at {other.at}")
    case = Case(key=key)
    for entry in entries:
        seen[EVENT_KINDS[type(entry.event)]] += 1
        _one_station(key, case, entry)
        if isinstance(entry.event, NumberDialed):
            _dial(key, case, entry, planned, people)
        if entry.event == CaseReturned("lapsed"):
            _nothing_was_forgotten(key, case, entry)
        case = case.apply(entry)
    return case


def _nothing_was_forgotten(key: str, case: Case, entry: HistoryEntry) -> None:
    """A station that stopped left no call without an outcome."""
    sitting = case.open_attempt
    if sitting is not None and (sitting.dialed or case.interview_open):
        raise Broken(
            f"{key}: the call of {sitting.by} at {sitting.station} has no outcome at {entry.at}"
        )


def modeled(seed: int, folder: Path) -> tuple[FieldworkModel, Counter[str]]:
    """The study of this seed in the model that has no stations, each of its calls audited. Raises Broken."""
    planned = Planned.of(seed)
    file = folder / f"study_{seed}.yaml"
    file.write_text(planned.text())
    made = open_instrument(str(file))
    assert isinstance(made, Instrument), made
    people = People(interviewers={p.login: p for p in planned.staff} if planned.listed else {})
    at = datetime.combine(planned.starts, datetime.min.time(), UTC) - timedelta(days=1)
    wish = SimulatedStudyOptions(
        path=str(file), at=at, invented=planned.sample(), people=people, released={"1"}
    )
    cases = load_simulation_cases(wish, made)
    assert isinstance(cases, list), cases
    days = FieldworkSettings(
        starts=planned.starts,
        days=planned.days,
        seed=seed,
        zone=ZoneInfo(planned.zone),
        propensities=planned.chances,
    )
    plan = Plan.from_instrument(made)
    model, seen = (
        FieldworkModel(FieldworkStart(made, plan, people, cases), planned.staff, days),
        Counter[str](),
    )
    model.run()
    try:
        for key, entries in model.histories.items():
            _history(key, entries, planned, people, seen)
    except Broken as broken:
        raise Broken(f"seed {seed}: {broken}") from None
    for id, cell in plan.quotas.cells.items():
        if model.fill.get(id, CellFill()).completes > cell.target:
            raise Broken(f"seed {seed}: cell {id} has {model.fill[id].completes} of {cell.target}")
    return model, seen


def _one_station(key: str, case: Case, entry: HistoryEntry) -> None:
    """Nobody writes to a case that somebody else has."""
    sitting = case.open_attempt
    if isinstance(entry.event, CaseClaimed):
        if sitting is not None and (sitting.by, sitting.station) != (entry.by, entry.station):
            raise Broken(f"{key}: {entry.by} took it from {sitting.by} at {entry.at}")
        return
    if isinstance(
        entry.event,
        NumberDialed | OutcomeRecorded | AttemptClosed | AppointmentMade | InterviewOpened,
    ):
        if sitting is None:
            raise Broken(
                f"{key}: {EVENT_KINDS[type(entry.event)]} at {entry.at}, and nobody has the case"
            )
        if (sitting.by, sitting.station) != (entry.by, entry.station):
            raise Broken(f"{key}: {entry.by} writes to {sitting.by}'s case at {entry.at}")


def _dial(key: str, case: Case, entry: HistoryEntry, planned: Planned, people: People) -> None:
    at, number = entry.at, case.find_number(entry.event.number)
    where = f"{key} dialled by {entry.by} at {at}"
    if number is None or number.state != "live":
        raise Broken(f"{where}: the number is not live")
    if why := planned.open(planned.zones_of(case, number), at):
        raise Broken(f"{where}: {why}")
    if not case.released:
        raise Broken(f"{where}: its replicate is not released")
    ended = [c.outcome for c in case.calls if c.outcome in OVER]
    if ended:
        raise Broken(f"{where}: it was {ended[0]} before")
    refused = sum(
        call.outcome in REFUSED and call.code not in ("1.1", "1.2") for call in case.calls
    )
    if refused >= planned.refusals:
        raise Broken(f"{where}: refused {refused} times")
    sitting = case.open_attempt
    if sitting is not None and sitting.calls:
        return  # another number in the same sitting
    began = sitting.started_at if sitting is not None else at
    promise = _promise_of(case, began)
    who = people.find(entry.by) or Interviewer(login=entry.by)
    if not who.speaks(case.language):
        raise Broken(f"{where}: wants {case.language}")
    skilled = [one for one in people.interviewers.values() if "converter" in one.skills]
    if (
        refused
        and planned.converter
        and skilled
        and promise is None
        and "converter" not in who.skills
        and people.interviewers
    ):
        raise Broken(f"{where}: wants a converter")
    before = case.counted_attempts
    if len(before) >= planned.total + (promise is not None):
        raise Broken(f"{where}: it was called {len(before)} times")
    if promise is not None:
        if promise.policy == "me" and promise.owner != entry.by:
            raise Broken(f"{where}: promised by {promise.owner} alone")
        early = began < moment(promise, promise.start) + timedelta(minutes=15)
        if promise.policy == "me_first" and promise.owner != entry.by and early:
            raise Broken(f"{where}: {promise.owner} first")
        if began < moment(promise, promise.start):
            raise Broken(f"{where}: promised for {promise.start} {promise.zone}")
        return
    zones = planned.zones_of(case, case.next_number)
    if planned.per_day is not None:
        for zone in zones:
            day = began.astimezone(ZoneInfo(zone)).date()
            made = sum(a.started_at.astimezone(ZoneInfo(zone)).date() == day for a in before)
            redial = bool(case.attempts) and case.attempts[-1].is_busy
            if made >= planned.per_day and not redial:
                raise Broken(f"{where}: called {made} times on {day}")
    if planned.per_part is not None:
        part = planned.part(zones[0], began)
        made = sum(planned.part(zones[0], a.started_at) == part for a in before)
        if made >= planned.per_part:
            raise Broken(f"{where}: called {made} times in the {part}")
    if case.attempts:
        _rested(where, case, case.attempts[-1], began, planned)


def _promise_of(case: Case, at: datetime) -> AppointmentMade | None:
    """The promise that this sitting keeps, or that stands while it begins."""
    booking = case.appointment
    if booking is None:
        return None
    starts = moment(booking.details, booking.details.start)
    for call in case.calls:
        if call.at < booking.at or call.outcome == "appointment":
            continue
        if OUTCOMES[call.outcome].moment != "before" or call.at >= starts - timedelta(minutes=15):
            return None
    return booking.details


def _rested(where: str, case: Case, last: Attempt, began: datetime, planned: Planned) -> None:
    """The delay after the last attempt is over."""
    missed = case.appointment is not None and not any(
        c.at > case.appointment.at
        and OUTCOMES[c.outcome].moment != "before"
        and c.outcome != "appointment"
        for c in case.calls
    )
    for call in last.calls:
        delay = planned.delays.get(call.outcome, timedelta())
        if missed:
            delay = min(delay, timedelta(minutes=30))
        ended = last.ended_at or call.at
        spoken_later = any(
            c.at > call.at and OUTCOMES[c.outcome].moment != "before" for c in last.calls
        )
        if began < ended + delay and not spoken_later:
            raise Broken(f"{where}: {began - ended} after {call.outcome}, not {delay}")


def _stands(key: str, case: Case, row: CaseRow | None, plan: Plan, at: datetime) -> None:
    """The row is what the history comes to."""
    assert row is not None
    if row.position.code != code_case(case, plan).code:
        raise Broken(
            f"{key}: kept as {row.position.code}, and its history is {code_case(case, plan).code}"
        )
    found = schedule_case(case, plan, at)
    if row.holder is not None:
        raise Broken(f"{key}: {row.holder.station} has it still")
    for name in ("outcome", "attempts", "promised_at", "promised_until", "owner"):
        kept, replayed = getattr(row.position, name), getattr(found, name)
        if kept != replayed:
            raise Broken(f"{key}: {name} is kept as {kept}, and its history is {replayed}")
    if row.position.status != found.status:
        raise Broken(
            f"{key}: kept as {row.position.status} ({row.position.reason.words}), and its history is {found.status} "
            f"({found.reason.words})"
        )


def _places(study: OpenStudy, planned: Planned, seen: Counter[str]) -> None:
    """Quotas: nobody more than is wanted, and the counts are those of the journals."""
    store, instrument = study.store, study.instrument
    taken: Counter[str] = Counter()
    wait: Counter[str] = Counter()
    complete = 0
    for row in store.interviews.list_rows(origin="real"):
        interview = Interview.replay(instrument, store.interviews.read_journal(row.id))
        if (interview.status, interview.outcome) != (row.status, row.outcome):
            raise Broken(
                f"interview of {row.case}: kept as {row.status}, replayed {interview.status}"
            )
        case = Case.from_history(row.case, store.cases.queries.read_history(row.case))
        cells = study.plan.quotas.list_counted_cells(interview.evaluate_route().known)
        kept_row = store.cases.queries.find_row(row.case)
        if kept_row is not None and (
            kept_row.position.status != "done"
            or "nobody is called after" in str(kept_row.position.reason.words)
        ):
            wait.update(cells)
        if code_case(case, study.plan).code == "1.1" and row.status == "ended":
            complete += 1
            taken.update(cells)
    fill = store.cases.quotas.read_fill()
    for id, cell in study.plan.quotas.cells.items():
        if taken[id] > cell.target:
            raise Broken(f"cell {id}: {taken[id]} completes of {cell.target}")
        if id in fill and fill[id].reserved > wait[id]:
            raise Broken(
                f"cell {id}: {fill[id].reserved} places are held, and {wait[id]} interviews wait to be gone on with"
            )
        kept = fill[id].completes if id in fill else 0
        if kept != taken[id]:
            raise Broken(f"cell {id}: {kept} are counted, and the journals have {taken[id]}")
    done = count_by(store, "code").get("1.1", 0)
    if complete != done:
        raise Broken(f"{done} cases are complete, and {complete} interviews")
    seen["complete"] += done


# one study, and many


def field_of(seed: int, folder: Path) -> Watched:
    """The study of this seed, ready for its first day."""
    planned = Planned.of(seed)
    file = folder / f"study_{seed}.yaml"
    file.write_text(planned.text())
    people = None
    people = People(interviewers={p.login: p for p in planned.staff} if planned.listed else {})
    made = open_instrument(str(file))
    assert isinstance(made, Instrument), made
    study = open_simulated_study(
        SimulatedStudyOptions(
            path=str(file),
            at=datetime.combine(planned.starts, datetime.min.time(), UTC) - timedelta(days=1),
            invented=planned.sample(),
            people=people,
            released={"1"},
        ),
        Random(f"links {seed}"),
    )
    assert isinstance(study, OpenStudy), study
    return Watched(study, planned)


def run(seed: int, folder: Path) -> tuple[Watched, Counter[str]]:
    """One study from its first day to its last, audited. Raises Broken, which names the seed."""
    field = field_of(seed, folder)
    try:
        field.run()
        with field.study as study:
            seen = audit(field)
            if found := verify_store(study.where, study.store, study.instrument).findings:
                raise Broken(f"verification: {found[0]} ({len(found)} findings)")
            return field, seen
    except Broken as broken:
        raise Broken(f"seed {seed}: {broken}") from None


def audit_studies(seeds: Iterator[int], *, minutes: float, studies: int) -> int:
    """Studies until the time is over, each at stations and in the model; gives how many broke."""
    began, days, calls, broken, done, modeled_calls = monotonic(), 0, 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            if done == studies or (minutes and monotonic() - began > minutes * 60):
                break
            try:
                field, seen = run(seed, Path(folder))
                calls += seen["called"]
                modeled_calls += modeled(seed, Path(folder))[1]["called"]
                days += field.planned.days
            except Exception as error:
                broken += 1
                print(f"seed {seed}: {type(error).__name__}: {error}")
            done += 1
    took = monotonic() - began
    print(
        f"{done} studies, {days} days, {calls:,} calls and {modeled_calls:,} in the model, {took:.0f} s: "
        f"{broken} broken"
    )
    return broken


def main() -> int:
    wish = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    wish.add_argument("--seed", type=int, default=1)
    wish.add_argument("--studies", type=int, default=-1)
    wish.add_argument("--minutes", type=float, default=0)
    given = wish.parse_args()
    if given.studies < 0 and not given.minutes:
        given.studies = 20
    return (
        1 if audit_studies(count(given.seed), minutes=given.minutes, studies=given.studies) else 0
    )


if __name__ == "__main__":
    sys.exit(main())
