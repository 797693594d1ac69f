"""Fieldwork status: progress, cases, outcomes, quotas, appointments, calls and interviewers.

It computes no rates of a sample (see `rates`) and loads nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import CellFill
from survey_cli.fieldwork.queue.call_order import CallOrder, CaseGroup
from survey_cli.fieldwork.queue.scheduling import FINAL_REFUSALS, REFUSAL_OUTCOMES
from survey_cli.fieldwork.rates.dispositions import DispositionGroup, UncountableCode, find_disposition, find_group
from survey_cli.reports.fieldwork.call_sessions import NO_TIME, CallRecord, CallSession, CaseSessions
from survey_cli.reports.fieldwork.disposition_counts import find_study_groups

STATUS_DESCRIPTIONS: Final = {
    "done": "called no more",
    "leased": "at a station now",
    "callable": "may be called now",
    "restricted": "now, but only by some: language, skill, appointment",
    "hours": "outside calling hours",
    "part": "waiting for a part of the day",
    "delay": "waiting for the least time after the last call",
    "appointment": "waiting for an appointment",
    "quota": "parked: a quota cell is full",
    "held": "a supervisor must do something first",
    "unreleased": "the replicate is not in the field",
}
"""In the order they are shown."""
SMALL_BASE: Final = 20
"""A share of fewer is shown, and marked: one talk more or less would change it by over five points."""
NEVER_CALLED: Final = "never called"
NO_DAYPART: Final = "no part of the day"
DueState: TypeAlias = Literal["missed", "due", "today", "later"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress toward the target."""

    complete: int
    partial: int
    today: int
    """Interviews completed since this day began here."""
    target: int | None = None
    target_of: str = ""
    """What says so: `quota region_kind`, `study.size`."""


class StatusLine(NamedTuple):
    status: str
    what: str
    cases: int


class OutcomeLine(NamedTuple):
    """Cases by the outcome that was keyed last."""

    outcome: str
    name: str
    cases: int
    done: int
    """Those of them that are called no more."""


class CodeLine(NamedTuple):
    """Cases that are called no more, by their code."""

    code: str
    name: str
    group: str
    """Empty where the code is in none."""
    cases: int


class QuotaCellLine(NamedTuple):
    cell: str
    taken: int
    held: int
    target: int
    soft: bool
    closed: bool


class AppointmentLine(NamedTuple):
    """An appointment; moments are on the clock of whoever asks."""

    key: str
    state: DueState
    starts: datetime
    ends: datetime
    respondent_time: str
    """The beginning on the respondent's clock: `Thu 26 Nov 15:00`."""
    zone: str
    owner: str
    """Empty: anybody's."""


class DaypartLine(NamedTuple):
    """Call sessions with a dialed number, by the part of the respondent's day in which they began."""

    daypart: str
    attempts: int
    reached: int
    """In how many of them somebody answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerStatusLine:
    """One interviewer."""

    name: str
    complete: int
    partial: int
    refusals: int
    calls: int
    """Calls that were dialed."""
    on_cases: timedelta
    """From the claim of a case to its release; sessions that continue are left out."""
    lengths: tuple[timedelta, ...]
    """Of the interviews they completed."""

    @property
    def conclusive_contacts(self) -> int:
        """What a share of refusals is of: talks that ended in an interview, part of one, or a refusal."""
        return self.complete + self.partial + self.refusals

    @property
    def calls_per_hour(self) -> float | None:
        """Calls in each hour on cases; None for less than an hour."""
        hours = self.on_cases / timedelta(hours=1)
        return self.calls / hours if hours >= 1 else None

    @property
    def mean_length(self) -> timedelta | None:
        return sum(self.lengths, NO_TIME) / len(self.lengths) if self.lengths else None


class LengthLine(NamedTuple):
    """Interviews that were completed: from the first question to the outcome, sittings added up."""

    interviews: int
    median: timedelta
    shortest: timedelta
    longest: timedelta


class LeaseLine(NamedTuple):
    """A case at a station."""

    key: str
    who: str
    station: str
    since: datetime | None
    until: datetime


class HeldCaseLine(NamedTuple):
    """A case that waits for a supervisor."""

    key: str
    why: str
    note: str
    since: datetime


class NumberTotals(NamedTuple):
    """Telephone numbers that are not called any more."""

    dead: int
    never_call: int
    cases: int
    """How many cases they belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInput:
    """The data of the report, loaded at one moment."""

    at: datetime
    day_began: datetime
    """When this day began here."""
    since: datetime | None
    """Sittings that began earlier are left out; None: all are counted."""
    case_counts: Sequence[tuple[str, str, str, int]]
    """Status, outcome, code, and how many cases."""
    case_groups: Sequence[CaseGroup] = ()
    """All cases, by what decides whether they may be called now."""
    fill: Mapping[str, CellFill] = field(default_factory=dict)
    target: int | None = None
    target_of: str = ""
    appointments: tuple[AppointmentLine, ...] = ()
    """Soonest end first."""
    leases: tuple[LeaseLine, ...] = ()
    held: tuple[HeldCaseLine, ...] = ()
    backed_up: datetime | None = None
    """When the database was last copied, on the clock of whoever asks; None: never yet."""
    paused: str = ""
    """By whom the study is paused, since when and what for; empty while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldworkStatus:
    """The whole report."""

    title: str
    """Whose it is, and of when."""
    in_use: str = ""
    """The database and the list of people, by their whole paths."""
    future: tuple[str, ...] = ()
    """A sentence for each interview and case with entries dated in the future."""
    paused: str
    """By whom the study is paused, since when and what for; empty while it runs."""
    period: str
    """Of which time attempts, interviewers and lengths are."""
    progress: Progress
    cases: int
    statuses: tuple[StatusLine, ...]
    outcomes: tuple[OutcomeLine, ...]
    codes: tuple[CodeLine, ...]
    cells: tuple[QuotaCellLine, ...]
    appointments: tuple[AppointmentLine, ...]
    dayparts: tuple[DaypartLine, ...]
    people: tuple[InterviewerStatusLine, ...]
    lengths: LengthLine | None
    leases: tuple[LeaseLine, ...]
    held: tuple[HeldCaseLine, ...]
    numbers: NumberTotals
    backed_up: datetime | None


def build_fieldwork_status(
    found: StatusInput,
    sats: Iterable[CaseSessions],
    plan: Plan,
    people: People,
    viewer: Interviewer,
    *,
    title: str,
    period: str,
) -> FieldworkStatus:
    """The report of these cases. Who is no supervisor sees colleagues under their pseudonyms."""
    read = _ActivityCounter(found, plan)
    for sat in sats:
        read.add(sat)
    by_code = _sum_by_name((code, n) for _, _, code, n in found.case_counts)
    named = name_interviewers(sorted({*read.people, *(lease.who for lease in found.leases)}), people, viewer)
    lengths = sorted(length for person in read.people.values() for length in person.lengths)
    middle = timedelta(seconds=median(length.total_seconds() for length in lengths)) if lengths else NO_TIME
    return FieldworkStatus(
        title=title,
        paused=found.paused,
        period=period,
        progress=Progress(
            complete=by_code.get("1.1", 0),
            partial=by_code.get("1.2", 0),
            today=read.today,
            target=found.target,
            target_of=found.target_of,
        ),
        cases=sum(by_code.values()),
        statuses=_build_statuses(found, plan, people, viewer),
        outcomes=_build_outcomes(found, plan),
        codes=_build_codes(found, plan),
        cells=_build_cells(found, plan),
        appointments=tuple(
            p._replace(owner=named.get(p.owner) or _name_interviewer(p.owner, people, viewer))
            for p in found.appointments
        ),
        dayparts=read.build_dayparts(),
        people=tuple(
            InterviewerStatusLine(
                name=named[login],
                complete=one.complete,
                partial=one.partial,
                refusals=one.refusals,
                calls=one.calls,
                on_cases=one.on_cases,
                lengths=tuple(one.lengths),
            )
            for login, one in sorted(read.people.items())
        ),
        lengths=LengthLine(len(lengths), middle, lengths[0], lengths[-1]) if lengths else None,
        leases=tuple(lease._replace(who=named[lease.who]) for lease in found.leases),
        held=found.held,
        numbers=NumberTotals(read.dead, read.never_call, read.blocked_number_cases),
        backed_up=found.backed_up,
    )


def name_interviewers(logins: Sequence[str], people: People, viewer: Interviewer) -> dict[str, str]:
    """Return the name of each interviewer as this viewer may see it.

    Supervisors see logins, and everybody sees their own. Others are shown by pseudonym, or by number where there is
    none.
    """
    return {
        login: _name_interviewer(login, people, viewer) or f"interviewer {number}"
        for number, login in enumerate(logins, start=1)
    }


def _name_interviewer(login: str, people: People, viewer: Interviewer) -> str:
    if viewer.supervises or login in ("", viewer.login):
        return login
    one = people.interviewers.get(login)
    return one.pseudonym if one is not None else ""


def _sum_by_name(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, number in pairs:
        sums[name] = sums.get(name, 0) + number
    return sums


def _build_statuses(found: StatusInput, plan: Plan, people: People, viewer: Interviewer) -> tuple[StatusLine, ...]:
    """Where all cases stand; those of the queue by whether all who are listed may call them now, or why not."""
    staff = tuple(people.interviewers.values()) or (viewer,)
    turns = CallOrder.for_interviewer(plan, people=people, who=viewer, at=found.at, fill=found.fill)
    sums = _sum_by_name((turns.classify_group(g, staff) if g.bucket else g.status, g.cases) for g in found.case_groups)
    return tuple(StatusLine(s, what, sums[s]) for s, what in STATUS_DESCRIPTIONS.items() if s in sums)


def _build_outcomes(found: StatusInput, plan: Plan) -> tuple[OutcomeLine, ...]:
    """By the table's order, the study's own behind; cases that nobody called come first."""
    alive = [kind for kind in found.case_counts if kind[0] != "unreleased" or kind[1]]
    cases = _sum_by_name((outcome, n) for _, outcome, _, n in alive)
    done = _sum_by_name((outcome, n) for status, outcome, _, n in alive if status == "done")
    order = {id: place for place, id in enumerate(("", *plan.outcomes))}
    return tuple(
        OutcomeLine(o, _name_outcome(o, plan), cases[o], done.get(o, 0))
        for o in sorted(cases, key=lambda o: (order.get(o, len(order)), o))
    )


def _name_outcome(outcome: str, plan: Plan) -> str:
    row = plan.outcomes.get(outcome)
    return row.name if row is not None else outcome or NEVER_CALLED


def _build_codes(found: StatusInput, plan: Plan) -> tuple[CodeLine, ...]:
    sums = _sum_by_name((code, n) for status, _, code, n in found.case_counts if status == "done")
    own = find_study_groups(plan)
    lines = []
    for code in sorted(sums):
        row = find_disposition(code)
        group: DispositionGroup | UncountableCode = find_group(code, frame=plan.frame, overrides=own)
        lines.append(
            CodeLine(code, row.name if row else "", "" if isinstance(group, UncountableCode) else group, sums[code])
        )
    return tuple(lines)


def _build_cells(found: StatusInput, plan: Plan) -> tuple[QuotaCellLine, ...]:
    full = plan.quotas.list_full_cells(found.fill)
    return tuple(
        QuotaCellLine(id, fill.completes, fill.reserved, cell.target, cell.soft, id in full)
        for id, cell in plan.quotas.cells.items()
        for fill in (found.fill.get(id, CellFill()),)
    )


class _InterviewerTotals:
    """Totals of one interviewer in the period."""

    __slots__ = ("calls", "complete", "lengths", "on_cases", "partial", "refusals")

    def __init__(self) -> None:
        self.complete = self.partial = self.refusals = self.calls = 0
        self.on_cases = NO_TIME
        self.lengths: list[timedelta] = []


class _ActivityCounter:
    """Activity in the period, added up session by session."""

    def __init__(self, found: StatusInput, plan: Plan) -> None:
        self.people: dict[str, _InterviewerTotals] = {}
        self.today = self.dead = self.never_call = self.blocked_number_cases = 0
        self._dayparts: dict[str, list[int]] = {}
        self._found = found
        self._plan = plan
        rows = plan.outcomes.values()
        self._base_outcomes = {row.id: row.like or row.id for row in rows}
        self._reached = {row.id for row in rows if row.moment != "before"}

    def add(self, sat: CaseSessions) -> None:
        """One case more."""
        since = self._found.since
        for sitting in sat.sessions:
            if since is None or sitting.began >= since:
                self._add_session(sitting, sat)
            self.today += sum(call.code == "1.1" and call.at >= self._found.day_began for call in sitting.calls)
        if sat.number_states:
            states = list(sat.number_states.values())
            dead, never = states.count("dead"), states.count("never_call")
            self.dead += dead
            self.never_call += never
            self.blocked_number_cases += bool(dead or never)

    def _add_session(self, sitting: CallSession, sat: CaseSessions) -> None:
        person = self.people.get(sitting.by) or self.people.setdefault(sitting.by, _InterviewerTotals())
        person.on_cases += sitting.length
        dialed = reached = False
        for call in sitting.calls:
            if call.number:
                person.calls += 1
                dialed = True
                reached = reached or call.outcome in self._reached
            self._count_outcome(call, person)
            if call.code == "1.1" and sitting.interview in sat.interview_lengths:
                person.lengths.append(sat.interview_lengths[sitting.interview])
        if dialed:
            part = self._plan.calendar.find_daypart(sitting.zones, sitting.began)
            counts = self._dayparts.setdefault(part, [0, 0])
            counts[0] += 1
            counts[1] += reached

    def _count_outcome(self, call: CallRecord, person: _InterviewerTotals) -> None:
        kind = self._base_outcomes.get(call.outcome, "")
        if call.code == "1.1":
            person.complete += 1
        elif call.code == "1.2":
            person.partial += 1
        elif kind in REFUSAL_OUTCOMES or kind in FINAL_REFUSALS:
            # an interview that was begun and broken off is a refusal too, whatever it is called
            person.refusals += 1

    def build_dayparts(self) -> tuple[DaypartLine, ...]:
        named = list(dict.fromkeys(part.name for part in self._plan.calendar.parts))
        order = [*named, *(part for part in sorted(self._dayparts) if part not in named)]
        return tuple(DaypartLine(part or NO_DAYPART, *self._dayparts[part]) for part in order if part in self._dayparts)
