"""Fieldwork status: progress, cases, outcomes, quotas, appointments, calls and interviewers; no rates of a sample."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.plan.plan import CellFill, Interviewer, People, Plan
from survey_cli.fieldwork.queue.call_order import CallOrder, CaseGroup
from survey_cli.fieldwork.rates.dispositions import UncountableCode, find_disposition, find_group
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


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerStatusLine:
    """Activity of one interviewer in the period."""

    name: str = ""
    complete: int = 0
    partial: int = 0
    refusals: int = 0
    calls: int = 0
    """Number of dialed calls."""
    sessions: int = 0
    """Sessions with a dialed number."""
    reached: int = 0
    """Those in which somebody answered."""
    on_cases: timedelta = timedelta()
    """Time from the claim of cases to their release, without sessions that continue."""
    mean_length: timedelta | None = None
    """Mean length of the completed interviews; None where there are none."""

    @property
    def conclusive_contacts(self) -> int:
        """The base of the share of refusals: contacts with an interview, a partial interview or a refusal."""
        return self.complete + self.partial + self.refusals

    @property
    def calls_per_hour(self) -> float | None:
        """Calls per hour on cases; None for less than an hour."""
        hours = self.on_cases / timedelta(hours=1)
        return self.calls / hours if hours >= 1 else None


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
    activity: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)
    """What interviewers have done in the period, by the names of `fieldwork.case.activity`."""
    completed_today: int = 0
    numbers: NumberTotals
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
    plan: Plan,
    people: People,
    viewer: Interviewer,
    *,
    title: str,
    period: str,
) -> FieldworkStatus:
    """Build the report; a viewer who is not a supervisor sees colleagues by their pseudonyms."""
    by_code = _sum_by_name((code, number) for _, _, code, number in data.case_counts)
    active = sorted({str(name[1]) for name in data.activity if len(name) > 1})
    logins = sorted({*active, *(lease.who for lease in data.leases)})
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
        progress=Progress(by_code["1.1"], by_code["1.2"], data.completed_today, data.target, data.target_of),
        cases=by_code.total(),
        statuses=_build_statuses(data, plan, people, viewer),
        outcomes=_build_outcomes(data, plan),
        codes=_build_codes(data, plan),
        cells=_build_cells(data, plan),
        dayparts=_build_dayparts(data, plan),
        people=tuple(build_interviewer_line(names[login], login, data.activity) for login in active),
        lengths=_build_lengths(data),
        numbers=data.numbers,
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


def build_interviewer_line(
    name: str, login: str, activity: Mapping[tuple[str | int, ...], int]
) -> InterviewerStatusLine:
    """Build the line of one interviewer, under the name by which the viewer sees this login."""
    sums: Counter[str] = Counter()
    seconds = 0
    for (kind, *by), number in activity.items():
        if by[:1] == [login]:
            sums[str(kind)] += number
            seconds += int(by[1]) * number if kind == "lengths" else 0
    return InterviewerStatusLine(
        name=name,
        on_cases=timedelta(seconds=sums["seconds"]),
        mean_length=timedelta(seconds=seconds / sums["lengths"]) if sums["lengths"] else None,
        **{kind: sums[kind] for kind in ("complete", "partial", "refusals", "calls", "sessions", "reached")},
    )


def _build_lengths(data: StatusInput) -> LengthLine | None:
    """Summarize the lengths of completed interviews; None where there are none."""
    lengths: Counter[int] = Counter()
    for (kind, *by), number in data.activity.items():
        if kind == "lengths":
            lengths[int(by[1])] += number
    if not (total := lengths.total()):
        return None
    seconds = sorted(lengths)
    up_to = list(accumulate(lengths[length] for length in seconds))
    middles = [seconds[bisect_right(up_to, place)] for place in ((total - 1) // 2, total // 2)]
    return LengthLine(total, *(timedelta(seconds=s) for s in (sum(middles) / 2, seconds[0], seconds[-1])))


def _build_dayparts(data: StatusInput, plan: Plan) -> tuple[DaypartLine, ...]:
    """Build a line per part of the day with calls, in the calendar's order."""
    sums: dict[str, Counter[str]] = {}
    for (kind, *by), number in data.activity.items():
        if kind in ("sessions", "reached"):
            sums.setdefault(str(by[1]), Counter())[str(kind)] += number
    named = list(dict.fromkeys(part.name for part in plan.calendar.parts))
    order = [*named, *(part for part in sorted(sums) if part not in named)]
    return tuple(
        DaypartLine(part or NO_DAYPART, sums[part]["sessions"], sums[part]["reached"]) for part in order if part in sums
    )
