"""Fieldwork status: progress, cases, outcomes, quotas, appointments, calls and interviewers; no rates of a sample."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.plan.plan import CellFill, Interviewer, People, Plan
from survey_cli.fieldwork.queue.call_order import CallOrder, CaseGroup
from survey_cli.fieldwork.queue.scheduling import FINAL_REFUSALS, REFUSAL_OUTCOMES
from survey_cli.fieldwork.rates.dispositions import UncountableCode, find_disposition, find_group
from survey_cli.reports.fieldwork.call_sessions import NO_TIME, CallRecord, CallSession, CaseSessions
from survey_cli.reports.fieldwork.disposition_counts import find_study_groups

STATUS_DESCRIPTIONS: Final = {
    "done": "not called again",
    "leased": "at a station now",
    "callable": "may be called now",
    "restricted": "may be called now, but only by some: language, skill, appointment",
    "hours": "outside calling hours",
    "part": "waiting for a part of the day",
    "delay": "waiting for the minimum time since the last call",
    "appointment": "waiting for an appointment",
    "quota": "parked: a quota cell is full",
    "held": "waiting for a supervisor",
    "unreleased": "the replicate is not released",
}
"""Descriptions of the statuses, in the order in which they are shown."""
SMALL_BASE: Final = 20
"""A share of fewer contacts is marked, because one contact more or less would change it by over five points."""
NEVER_CALLED: Final = "never called"
NO_DAYPART: Final = "no part of the day"
DueState: TypeAlias = Literal["missed", "due", "today", "later"]


class Progress(NamedTuple):
    """Progress toward the target."""

    complete: int
    partial: int
    today: int
    """Interviews completed today, on the viewer's clock."""
    target: int | None = None
    target_of: str = ""
    """Source of the target: `quota region_kind`, `study.size`."""


class StatusLine(NamedTuple):
    """Number of cases with one status, and its description."""

    status: str
    what: str
    cases: int


class OutcomeLine(NamedTuple):
    """Cases by the last outcome."""

    outcome: str
    name: str
    cases: int
    done: int
    """Cases that are not called again."""


class CodeLine(NamedTuple):
    """Cases that are not called again, by their code."""

    code: str
    name: str
    group: str
    """The code's group; empty where it has none."""
    cases: int


class QuotaCellLine(NamedTuple):
    """One quota cell."""

    cell: str
    taken: int
    held: int
    """Places reserved for interviews in progress."""
    target: int
    soft: bool
    closed: bool


class AppointmentLine(NamedTuple):
    """An appointment, with its times on the viewer's clock."""

    key: str
    state: DueState
    starts: datetime
    ends: datetime
    respondent_time: str
    """The start on the respondent's clock: `Thu 26 Nov 15:00`."""
    zone: str
    owner: str
    """The interviewer who keeps it; empty where anybody may."""


class DaypartLine(NamedTuple):
    """Call sessions with a dialed number, by the part of the respondent's day in which they began."""

    daypart: str
    attempts: int
    reached: int
    """Sessions in which somebody answered."""


@dataclass(slots=True, kw_only=True)
class InterviewerStatusLine:
    """Activity of one interviewer in the period, added up call by call."""

    name: str = ""
    complete: int = 0
    partial: int = 0
    refusals: int = 0
    calls: int = 0
    """Number of dialed calls."""
    on_cases: timedelta = NO_TIME
    """Time from the claim of cases to their release, without sessions that continue."""
    lengths: list[timedelta] = field(default_factory=list)
    """Lengths of the completed interviews."""

    @property
    def conclusive_contacts(self) -> int:
        """The base of the share of refusals: contacts with an interview, a partial interview or a refusal."""
        return self.complete + self.partial + self.refusals

    @property
    def calls_per_hour(self) -> float | None:
        """Calls per hour on cases; None for less than an hour."""
        hours = self.on_cases / timedelta(hours=1)
        return self.calls / hours if hours >= 1 else None

    @property
    def mean_length(self) -> timedelta | None:
        """Mean length of the completed interviews; None where there are none."""
        return sum(self.lengths, NO_TIME) / len(self.lengths) if self.lengths else None


class LengthLine(NamedTuple):
    """Lengths of completed interviews: from the first question to the outcome, all sessions added up."""

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
    """Telephone numbers that are not called again."""

    dead: int
    do_not_call: int
    """Numbers on the do-not-call list."""
    cases: int
    """Number of cases with such a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInput:
    """The data of the report, as of one point in time."""

    at: datetime
    day_began: datetime
    """Start of the day on the viewer's clock."""
    since: datetime | None
    """Start of the period; earlier sessions are excluded. None counts all."""
    case_counts: Sequence[tuple[str, str, str, int]]
    """Number of cases by status, outcome and code: (status, outcome, code, cases)."""
    case_groups: Sequence[CaseGroup] = ()
    """All cases, grouped by what decides whether they may be called now."""
    fill: Mapping[str, CellFill] = field(default_factory=dict)
    target: int | None = None
    target_of: str = ""
    appointments: tuple[AppointmentLine, ...] = ()
    """Open appointments, by the time at which they end."""
    leases: tuple[LeaseLine, ...] = ()
    held: tuple[HeldCaseLine, ...] = ()
    backed_up: datetime | None = None
    """Time of the last backup on the viewer's clock; None where there is none."""
    paused: str = ""
    """By whom, since when and why the study is paused; empty while it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldworkStatus:
    """The whole report."""

    title: str
    """The study and the time of the report."""
    in_use: str = ""
    """Full paths of the database and the list of people."""
    future: tuple[str, ...] = ()
    """One sentence per interview or case with entries dated in the future."""
    period: str
    """The period of attempts, interviewers and lengths, as text."""
    progress: Progress
    cases: int
    statuses: tuple[StatusLine, ...]
    outcomes: tuple[OutcomeLine, ...]
    codes: tuple[CodeLine, ...]
    cells: tuple[QuotaCellLine, ...]
    dayparts: tuple[DaypartLine, ...]
    people: tuple[InterviewerStatusLine, ...]
    lengths: LengthLine | None
    numbers: NumberTotals
    data: StatusInput
    """The data, with interviewers named as the viewer may see them."""


def build_fieldwork_status(
    data: StatusInput,
    cases: Iterable[CaseSessions],
    plan: Plan,
    people: People,
    viewer: Interviewer,
    *,
    title: str,
    period: str,
) -> FieldworkStatus:
    """Build the report; a viewer who is not a supervisor sees colleagues by their pseudonyms."""
    activity = _ActivityCounter(data, plan)
    for case in cases:
        activity.add(case)
    by_code = _sum_by_name((code, number) for _, _, code, number in data.case_counts)
    logins = sorted({*activity.people, *(lease.who for lease in data.leases)})
    names = {
        login: _name_interviewer(login, people, viewer) or f"interviewer {number}"
        for number, login in enumerate(logins, start=1)
    }
    owners = [names.get(line.owner) or _name_interviewer(line.owner, people, viewer) for line in data.appointments]
    appointments = tuple(line._replace(owner=o) for line, o in zip(data.appointments, owners, strict=True))
    leases = tuple(lease._replace(who=names[lease.who]) for lease in data.leases)
    return FieldworkStatus(
        title=title,
        period=period,
        progress=Progress(by_code["1.1"], by_code["1.2"], activity.today, data.target, data.target_of),
        cases=by_code.total(),
        statuses=_build_statuses(data, plan, people, viewer),
        outcomes=_build_outcomes(data, plan),
        codes=_build_codes(data, plan),
        cells=_build_cells(data, plan),
        dayparts=activity.build_dayparts(),
        people=activity.build_interviewer_lines(names),
        lengths=activity.build_lengths(),
        numbers=NumberTotals(activity.dead, activity.do_not_call, activity.blocked_number_cases),
        data=replace(data, appointments=appointments, leases=leases),
    )


def _name_interviewer(login: str, people: People, viewer: Interviewer) -> str:
    """Return the name of an interviewer as this viewer may see it; empty where it has none.

    Supervisors see logins, and everybody sees their own. Others are shown by pseudonym.
    """
    if viewer.supervises or login in ("", viewer.login):
        return login
    person = people.interviewers.get(login)
    return person.pseudonym if person is not None else ""


def _sum_by_name(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for name, number in pairs:
        sums[name] += number
    return sums


def _build_statuses(data: StatusInput, plan: Plan, people: People, viewer: Interviewer) -> tuple[StatusLine, ...]:
    """Count cases by status; those of the queue by who may call them now, or why nobody may."""
    staff = tuple(people.interviewers.values()) or (viewer,)
    order = CallOrder.for_interviewer(plan, people=people, who=viewer, at=data.at, fill=data.fill)
    cases = _sum_by_name(
        (order.classify_group(group, staff) if group.bucket else group.status, group.cases)
        for group in data.case_groups
    )
    return tuple(
        StatusLine(status, what, cases[status]) for status, what in STATUS_DESCRIPTIONS.items() if status in cases
    )


def _build_outcomes(data: StatusInput, plan: Plan) -> tuple[OutcomeLine, ...]:
    """Count released cases by outcome, in the plan's order; cases that were never called come first."""
    released = [counts for counts in data.case_counts if counts[0] != "unreleased" or counts[1]]
    cases = _sum_by_name((outcome, number) for _, outcome, _, number in released)
    done = _sum_by_name((outcome, number) for status, outcome, _, number in released if status == "done")
    names = {outcome: definition.name for outcome, definition in plan.outcomes.items()}
    order = {outcome: position for position, outcome in enumerate(("", *plan.outcomes))}
    return tuple(
        OutcomeLine(outcome, names.get(outcome) or outcome or NEVER_CALLED, cases[outcome], done[outcome])
        for outcome in sorted(cases, key=lambda outcome: (order.get(outcome, len(order)), outcome))
    )


def _build_codes(data: StatusInput, plan: Plan) -> tuple[CodeLine, ...]:
    cases = _sum_by_name((code, number) for status, _, code, number in data.case_counts if status == "done")
    own_groups, lines = find_study_groups(plan), []
    for code, number in sorted(cases.items()):
        disposition = find_disposition(code)
        group = find_group(code, frame=plan.frame, overrides=own_groups)
        name, group_text = disposition.name if disposition else "", "" if isinstance(group, UncountableCode) else group
        lines.append(CodeLine(code, name, group_text, number))
    return tuple(lines)


def _build_cells(data: StatusInput, plan: Plan) -> tuple[QuotaCellLine, ...]:
    full = plan.quotas.list_full_cells(data.fill)
    return tuple(
        QuotaCellLine(name, fill.completes, fill.reserved, cell.target, cell.soft, name in full)
        for name, cell in plan.quotas.cells.items()
        for fill in (data.fill.get(name, CellFill()),)
    )


class _ActivityCounter:
    """Totals of the activity in the period, added up case by case."""

    def __init__(self, data: StatusInput, plan: Plan) -> None:
        self.people: dict[str, InterviewerStatusLine] = {}
        self.today = self.dead = self.do_not_call = self.blocked_number_cases = 0
        self._dayparts: dict[str, list[int]] = {}
        self._data = data
        self._plan = plan
        outcomes = plan.outcomes.values()
        self._base_outcomes = {outcome.id: outcome.like or outcome.id for outcome in outcomes}
        self._reached = {outcome.id for outcome in outcomes if outcome.moment != "before"}

    def add(self, case: CaseSessions) -> None:
        """Add the sessions and numbers of one case."""
        since = self._data.since
        for session in case.sessions:
            if since is None or session.began >= since:
                self._add_session(session, case)
            self.today += sum(call.code == "1.1" and call.at >= self._data.day_began for call in session.calls)
        states = list(case.number_states.values())
        self.dead += states.count("dead")
        self.do_not_call += states.count("never_call")
        self.blocked_number_cases += "dead" in states or "never_call" in states

    def _add_session(self, session: CallSession, case: CaseSessions) -> None:
        person = self.people.setdefault(session.by, InterviewerStatusLine())
        person.on_cases += session.length
        dialed = reached = False
        for call in session.calls:
            if call.number:
                person.calls += 1
                dialed = True
                reached = reached or call.outcome in self._reached
            self._count_outcome(call, person)
            if call.code == "1.1" and session.interview in case.interview_lengths:
                person.lengths.append(case.interview_lengths[session.interview])
        if dialed:
            part = self._plan.calendar.find_daypart(session.zones, session.began)
            counts = self._dayparts.setdefault(part, [0, 0])
            counts[0] += 1
            counts[1] += reached

    def _count_outcome(self, call: CallRecord, person: InterviewerStatusLine) -> None:
        """Count the outcome for its interviewer; an interview that was broken off counts as a refusal."""
        outcome = self._base_outcomes.get(call.outcome, "")
        if call.code == "1.1":
            person.complete += 1
        elif call.code == "1.2":
            person.partial += 1
        elif outcome in REFUSAL_OUTCOMES or outcome in FINAL_REFUSALS:
            person.refusals += 1

    def build_interviewer_lines(self, names: Mapping[str, str]) -> tuple[InterviewerStatusLine, ...]:
        """Build a line per interviewer, in the order of logins."""
        return tuple(replace(person, name=names[login]) for login, person in sorted(self.people.items()))

    def build_lengths(self) -> LengthLine | None:
        """Summarize the lengths of completed interviews; None where there are none."""
        lengths = sorted(length for person in self.people.values() for length in person.lengths)
        if not lengths:
            return None
        middle = timedelta(seconds=median(length.total_seconds() for length in lengths))
        return LengthLine(len(lengths), middle, lengths[0], lengths[-1])

    def build_dayparts(self) -> tuple[DaypartLine, ...]:
        """Build a line per part of the day with calls, in the calendar's order."""
        named = list(dict.fromkeys(part.name for part in self._plan.calendar.parts))
        order = [*named, *(part for part in sorted(self._dayparts) if part not in named)]
        return tuple(DaypartLine(part or NO_DAYPART, *self._dayparts[part]) for part in order if part in self._dayparts)
