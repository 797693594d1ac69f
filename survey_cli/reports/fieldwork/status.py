"""Fieldwork status: progress, cases, quotas, appointments, people, what needs attention.

It has no rates of a sample.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.fieldwork.case.activity import UNRELEASED
from survey_cli.fieldwork.help_calls import HelpCall
from survey_cli.fieldwork.plan.plan import CellFill, Interviewer, People, Plan
from survey_cli.fieldwork.queue.call_order import CALLABLE, CallOrder, CaseGroup
from survey_cli.fieldwork.rates.dispositions import UncountableCode, find_disposition, find_group
from survey_cli.fieldwork.shifts import PersonAtWork
from survey_cli.figures import NamedFigure
from survey_cli.permissions import Action
from survey_cli.reports.fieldwork.disposition_counts import find_study_groups
from survey_cli.reports.fieldwork.pace import Pace, PaceInput, build_pace
from survey_cli.reports.fieldwork.rates import RateColumn
from survey_cli.wording import format_quantity, join_first

STATUS_DESCRIPTIONS: Final = {
    "done": "not called again",
    "leased": "at a station now",
    "by_all": "callable now, by every interviewer",
    "by_some": "callable now, but only by some: language, skill, appointment",
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
"""A share of fewer contacts is marked, because one contact more or less would change it by over
five points."""
NEVER_CALLED: Final = "never called"
NO_DAYPART: Final = "no part of the day"
MAX_CELLS: Final = 3
"""Full quota cells that are named."""
BACKUP_AGE: Final = timedelta(days=1)
"""A backup older than that needs attention."""
DueState: TypeAlias = Literal["missed", "due", "today", "later"]


COMPLETE: Final = NamedFigure(
    "complete",
    "Cases with the AAPOR code 1.1 now. A complete interview that a supervisor corrects, or whose"
    " respondent withdraws consent, is none. One that was erased on request remains one, since the"
    " interview took place, but its answers are in no export: the number of such interviews stands"
    " beside it.",
    "status, board, client's page, rates (I), export of cases",
)
PARTIAL: Final = NamedFigure(
    "partial",
    "Cases with the AAPOR code 1.2 now, also while the interview waits to be resumed.",
    "status, board, client's page, rates (P), export of cases",
)
AT_STATIONS: Final = NamedFigure(
    "at stations",
    "Cases that a station has now, until they are released or the lease of a silent station ends.",
    "status, board, client's page",
)
WAITING: Final = NamedFigure(
    "waiting",
    "Cases that are called later: outside calling hours, before a part of the day, the minimum time"
    " since the last call, or an appointment.",
    "board",
)
PARKED: Final = NamedFigure(
    "parked",
    "Cases that nobody calls until somebody acts or a quota reopens: in a full quota cell,"
    " referred to a supervisor, or in a replicate that is not released.",
    "board",
)
DONE: Final = NamedFigure(
    "done", "Cases that are not called again.", "status, board, client's page, export of cases"
)
DEAD_NUMBERS: Final = NamedFigure(
    "dead numbers", "Numbers of the sample that do not work or belong to somebody else.", "status"
)
CLOSED_NUMBERS: Final = NamedFigure(
    "closed by do-not-call",
    "Numbers of the sample that this study no longer calls, because the respondent asked for it or"
    " because a station found them on the do-not-call list.",
    "status",
)
LISTED_NUMBERS: Final = NamedFigure(
    "on the do-not-call list",
    "Entries of the list that all studies of the folder or server share. Stations look in it"
    " before each call, so that a number is never dialed once it is listed.",
    "status, survey do-not-call count",
)
STATUSES_WAITING: Final = frozenset({"hours", "part", "delay", "appointment"})
STATUSES_PARKED: Final = frozenset({"quota", "held", "unreleased"})


class Progress(NamedTuple):
    """Progress toward the target."""

    complete: int
    partial: int
    today: int
    """Interviews completed today, on the viewer's clock."""
    target: int | None = None
    target_of: str = ""
    """Source of the target: `study.target`, `quota region_kind`, `study.size`."""
    yesterday: int = 0
    """Interviews completed yesterday, on the viewer's clock."""


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
    """The code's group; empty if it has none."""
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
    label: str


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
    """The interviewer who keeps it; empty if anybody may."""
    language: str = ""
    """The language in which the respondent is called; empty: any."""
    seq: int = 0
    """Number of the case's events."""


class DaypartLine(NamedTuple):
    """Call sessions with a dialed number, by the part of the respondent's day."""

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
    """Mean length of the completed interviews; None if there are none."""

    @property
    def conclusive_contacts(self) -> int:
        """The base of the share of refusals: contacts with an interview or a refusal."""
        return self.complete + self.partial + self.refusals

    @property
    def calls_per_hour(self) -> float | None:
        """Calls per hour on cases; None for less than an hour."""
        hours = self.on_cases / timedelta(hours=1)
        if hours < 1:
            return None
        return self.calls / hours


class HourLine(NamedTuple):
    """Interviews completed in one hour of today, on the viewer's clock."""

    began: datetime
    complete: int


class PersonLine(NamedTuple):
    """An interviewer today."""

    work: InterviewerStatusLine
    case: "LeaseLine | None"
    """The case that the interviewer has now."""
    on_cases: float | None
    """See `SHARE_ON_CASES`; None if no sign-on of today is known."""
    idle: timedelta | None
    """Time since the last entry, if it is among the latest; None with a case, on a break, or
    off."""
    at_work: PersonAtWork | None
    """None if the station recorded no sign-on."""


class LengthLine(NamedTuple):
    """Lengths of completed interviews, from the first question to the outcome."""

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
    seq: int
    """Number of the case's events."""


class HeldCaseLine(NamedTuple):
    """A case that waits for a supervisor."""

    key: str
    why: str
    note: str
    since: datetime


class HeldPlaces(NamedTuple):
    """Quota places that suspended interviews hold in cells that are closed because of them."""

    places: int
    since: datetime
    """When the interview was left that was left first."""
    released_from: datetime
    """When the first place is given back."""
    released_until: datetime
    """When the last one is given back."""

    def describe(self) -> str:
        """Return `12 quota places are held by suspended interviews, the oldest since …`."""
        if self.places == 1:
            since = _format_moment(self.since)
            released = _format_moment(self.released_until)
            held = f"1 quota place is held by a suspended interview since {since}"
            return f"{held}; it is given back on {released}"
        since = _format_moment(self.since)
        first = _format_moment(self.released_from)
        last = _format_moment(self.released_until)
        held = f"{self.places:,} quota places are held by suspended interviews"
        return f"{held}, the oldest since {since}; they are given back from {first} to {last}"


def _format_moment(at: datetime) -> str:
    """Format a date and time as `Mon 30 Nov 14:03`."""
    return f"{format_short_day(at.date())} {at:%H:%M}"


class NumberTotals(NamedTuple):
    """Telephone numbers that are not called again."""

    dead: int
    do_not_call: int
    """Numbers that are closed by do-not-call."""
    cases: int
    """Number of cases with such a number."""
    listed: int = 0
    """Entries of the do-not-call list, which all studies share."""
    erased: int = 0
    """Complete interviews whose person was erased."""


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
    today: Mapping[datetime, Mapping[tuple[str | int, ...], int]] = field(default_factory=dict)
    """What interviewers have done today, by quarter of an hour."""
    completes: Mapping[datetime, int] = field(default_factory=dict)
    """Complete interviews of the last `PACE_DAYS`, by quarter of an hour."""
    completes_by_cell: Mapping[str, int] = field(default_factory=dict)
    """Complete interviews of these days in each quota cell."""
    last_entries: Mapping[str, datetime] = field(default_factory=dict)
    """The time of each interviewer's last entry, among the latest."""
    at_work: Mapping[str, PersonAtWork] = field(default_factory=dict)
    """Everybody who has signed on."""
    help_calls: tuple[HelpCall, ...] = ()
    """Calls for help from stations, answered ones too."""
    numbers: NumberTotals
    case_counts: Sequence[tuple[str, str, str, int]]
    """Number of cases by status, outcome and code: (status, outcome, code, cases)."""
    case_groups: Sequence[CaseGroup] = ()
    """All cases, grouped by what decides whether they may be called now."""
    rates: tuple[RateColumn, ...] = ()
    """The rates of each frame; empty if no case is released, or if a code is in no group."""
    fill: Mapping[str, CellFill] = field(default_factory=dict)
    target: int | None = None
    target_of: str = ""
    appointments: tuple[AppointmentLine, ...] = ()
    """Open appointments, by the time at which they end."""
    leases: tuple[LeaseLine, ...] = ()
    held: tuple[HeldCaseLine, ...] = ()
    backed_up: datetime | None = None
    """Time of the last backup on the viewer's clock; None if there is none."""
    paused: str = ""
    """By whom, since when and why the study is paused; empty while it is not."""
    held_places: HeldPlaces | None = None
    """Places in cells that are closed, with too few complete interviews; None if there are none."""
    rules_changed: date | None = None
    """When codes and places were derived again by the rules of a newer version; None if not
    lately."""
    withdrawn: Sequence[str] = ()
    """Cases that withdrew consent and of which a name, a number or an answer is still stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldworkStatus:
    """The whole report."""

    study: str
    """The id of the questionnaire."""
    study_title: str
    as_of: str
    """The time of the report, as text."""
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
    hours: tuple[HourLine, ...]
    """The hours of today since the first call."""
    pace: Pace | None
    """None if no interview was completed in the last days."""
    people_today: tuple[PersonLine, ...]
    alerts: tuple[str, ...]
    """What needs attention, one sentence each."""
    lengths: LengthLine | None
    numbers: NumberTotals
    data: StatusInput
    """The data, with interviewers named as the viewer may see them."""

    def count_cases(self, statuses: Collection[str]) -> int:
        """Count the cases with one of these statuses."""
        return sum(line.cases for line in self.statuses if line.status in statuses)

    @property
    def callable_now(self) -> int:
        """See `CALLABLE_NOW`."""
        return self.count_cases(CALLABLE)


def build_fieldwork_status(
    data: StatusInput,
    plan: Plan,
    people: People,
    viewer: Interviewer,
    *,
    study: tuple[str, str],
    as_of: str,
    period: str,
) -> FieldworkStatus:
    """Build the report of a study with this id and title.

    A viewer who may not see who is at work sees colleagues by their pseudonyms.
    """
    active = _list_people(data.activity)
    names = _name_everybody(data, active, people, viewer)
    # Leases keep their logins for now: the lines of people look for them.
    people_today = _build_people_today(data, names)
    data = _name_in_lines(data, names, people, viewer)

    by_code = _sum_by_name((code, number) for _, _, code, number in data.case_counts)
    hours = _build_hours(data)
    progress = Progress(
        complete=by_code["1.1"],
        partial=by_code["1.2"],
        today=sum(hour.complete for hour in hours),
        target=data.target,
        target_of=data.target_of,
        yesterday=_count_yesterday(data),
    )
    statuses = _build_statuses(data, plan, people, viewer)
    cells = build_cells(data.fill, plan)
    return FieldworkStatus(
        study=study[0],
        study_title=study[1],
        as_of=as_of,
        period=period,
        progress=progress,
        cases=by_code.total(),
        statuses=statuses,
        outcomes=_build_outcomes(data, plan),
        codes=_build_codes(data, plan),
        cells=cells,
        dayparts=_build_dayparts(data, plan),
        people=tuple(
            build_interviewer_line(names[login], login, data.activity) for login in active
        ),
        hours=hours,
        pace=_build_pace(data, plan, progress),
        people_today=people_today,
        alerts=tuple(_iterate_alerts(data, plan, statuses, cells)),
        lengths=_build_lengths(data),
        numbers=data.numbers,
        data=data,
    )


def _name_everybody(
    data: StatusInput, active: Sequence[str], people: People, viewer: Interviewer
) -> dict[str, str]:
    """Return the name of everybody in the report, by login, as the viewer may see it."""
    logins = {*active, *_list_people(*data.today.values()), *data.at_work}
    logins.update(lease.who for lease in data.leases)
    names = {}
    for number, login in enumerate(sorted(logins), start=1):
        name = _name_interviewer(login, people, viewer)
        # Without a pseudonym, a login is still not shown.
        names[login] = name or f"interviewer {number}"
    return names


def _name_in_lines(
    data: StatusInput, names: Mapping[str, str], people: People, viewer: Interviewer
) -> StatusInput:
    """Return the data with names instead of logins in appointments and leases."""
    appointments = []
    for line in data.appointments:
        # The owner may have done nothing in the period, and then has no number.
        owner = names.get(line.owner) or _name_interviewer(line.owner, people, viewer)
        appointments.append(line._replace(owner=owner))
    leases = tuple(lease._replace(who=names[lease.who]) for lease in data.leases)
    return replace(data, appointments=tuple(appointments), leases=leases)


def _list_people(*activities: Mapping[tuple[str | int, ...], int]) -> list[str]:
    """List the logins in the names of activities, sorted.

    A name has a login in second place, unless it is that of a sum for all.
    """
    logins = set()
    for activity in activities:
        for name in activity:
            has_login = len(name) > 1 and name[0] != UNRELEASED
            if has_login:
                logins.add(str(name[1]))
    return sorted(logins)


def _name_interviewer(login: str, people: People, viewer: Interviewer) -> str:
    """Return the name of an interviewer as this viewer may see it; empty if it has none.

    Supervisors and shift leaders see logins, and interviewers see their own. Others are shown by
    pseudonym.
    """
    if viewer.may(Action.SEE_WHO_IS_AT_WORK) or login in ("", viewer.login):
        return login
    person = people.interviewers.get(login)
    if person is None:
        return ""
    return person.pseudonym


def _sum_by_name(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for name, number in pairs:
        sums[name] += number
    return sums


def _build_statuses(
    data: StatusInput, plan: Plan, people: People, viewer: Interviewer
) -> tuple[StatusLine, ...]:
    """Count cases by status; those of the queue by who may call them now, or why nobody may."""
    staff = tuple(people.iterate_callers()) or (viewer,)
    order = CallOrder.for_interviewer(plan, people=people, who=viewer, at=data.at, fill=data.fill)
    cases: Counter[str] = Counter()
    for group in data.case_groups:
        status = group.status
        # Only cases of the queue are in a bucket.
        if group.bucket:
            status = order.classify_group(group, staff)
        cases[status] += group.cases
    return tuple(
        StatusLine(status, what, cases[status])
        for status, what in STATUS_DESCRIPTIONS.items()
        if status in cases
    )


def _build_outcomes(data: StatusInput, plan: Plan) -> tuple[OutcomeLine, ...]:
    """Count released cases by outcome, in the plan's order, first those that were never called."""
    released = [counts for counts in data.case_counts if counts[0] != "unreleased" or counts[1]]
    cases = _sum_by_name((outcome, number) for _, outcome, _, number in released)
    done = _sum_by_name(
        (outcome, number) for status, outcome, _, number in released if status == "done"
    )
    names = {outcome: definition.name for outcome, definition in plan.outcomes.items()}
    order = {outcome: position for position, outcome in enumerate(("", *plan.outcomes))}

    def rank(outcome: str) -> tuple[int, str]:
        # Outcomes that the plan no longer has come last.
        return order.get(outcome, len(order)), outcome

    lines = []
    for outcome in sorted(cases, key=rank):
        name = names.get(outcome) or outcome or NEVER_CALLED
        lines.append(OutcomeLine(outcome, name, cases[outcome], done[outcome]))
    return tuple(lines)


def _build_codes(data: StatusInput, plan: Plan) -> tuple[CodeLine, ...]:
    cases = _sum_by_name(
        (code, number) for status, _, code, number in data.case_counts if status == "done"
    )
    own_groups = find_study_groups(plan)
    lines = []
    for code, number in sorted(cases.items()):
        disposition = find_disposition(code)
        name = disposition.name if disposition else ""
        group = find_group(code, frame=plan.frame, overrides=own_groups)
        group_text = "" if isinstance(group, UncountableCode) else group
        lines.append(CodeLine(code, name, group_text, number))
    return tuple(lines)


def build_cells(fill: Mapping[str, CellFill], plan: Plan) -> tuple[QuotaCellLine, ...]:
    """Build a line for each quota cell."""
    full = plan.quotas.list_full_cells(fill)
    lines = []
    for name, cell in plan.quotas.cells.items():
        own_fill = fill.get(name, CellFill())
        lines.append(
            QuotaCellLine(
                cell=name,
                taken=own_fill.completes,
                held=own_fill.reserved,
                target=cell.target,
                soft=cell.soft,
                closed=name in full,
                label=cell.label,
            )
        )
    return tuple(lines)


def build_interviewer_line(
    name: str, login: str, activity: Mapping[tuple[str | int, ...], int]
) -> InterviewerStatusLine:
    """Build the line of one interviewer, under the name by which the viewer sees this login."""
    sums: Counter[str] = Counter()
    length_of_all = 0
    for (kind, *by), number in activity.items():
        if by[:1] == [login]:
            sums[str(kind)] += number
            if kind == "lengths":
                length_of_all += int(by[1]) * number
    mean_length = None
    if sums["lengths"]:
        mean_length = timedelta(seconds=length_of_all / sums["lengths"])
    return InterviewerStatusLine(
        name=name,
        on_cases=timedelta(seconds=sums["seconds"]),
        mean_length=mean_length,
        complete=sums["complete"],
        partial=sums["partial"],
        refusals=sums["refusals"],
        calls=sums["calls"],
        sessions=sums["sessions"],
        reached=sums["reached"],
    )


def _build_hours(data: StatusInput) -> tuple[HourLine, ...]:
    """Build a line for each hour of today from the first with a call to the present one."""
    # In UTC, because a day on which clocks change has 23 or 25 hours.
    hour = timedelta(hours=1)
    began = data.day_began.astimezone(UTC)
    sums: Counter[int] = Counter()
    for quarter, activity in data.today.items():
        sums[(quarter - began) // hour] += activity.get(("completes",), 0)
    if not sums:
        return ()

    present = (data.at.astimezone(UTC) - began) // hour
    zone = data.day_began.tzinfo
    return tuple(
        HourLine((began + n * hour).astimezone(zone), sums[n])
        for n in range(min(sums), present + 1)
    )


def _count_yesterday(data: StatusInput) -> int:
    """Count the interviews completed on the day before, on the viewer's clock."""
    zone = data.day_began.tzinfo
    yesterday = data.day_began.astimezone(zone).date() - timedelta(days=1)
    return sum(
        number
        for quarter, number in data.completes.items()
        if quarter.astimezone(zone).date() == yesterday
    )


def _build_pace(data: StatusInput, plan: Plan, progress: Progress) -> Pace | None:
    pace_input = PaceInput(
        now=data.at.astimezone(data.day_began.tzinfo),
        complete=progress.complete,
        target=progress.target,
        completes=data.completes,
        completes_by_cell=data.completes_by_cell,
        fill=data.fill,
    )
    return build_pace(pace_input, plan.quotas, plan.calendar.ends)


def _build_people_today(data: StatusInput, names: Mapping[str, str]) -> tuple[PersonLine, ...]:
    """Build a line for everybody who has called today, has a case or has signed on."""
    activity: Counter[tuple[str | int, ...]] = Counter()

    has_called: set[str] = set()
    for numbers in data.today.values():
        activity.update(numbers)
        has_called.update(_list_people(numbers))
    held = {lease.who: lease for lease in data.leases}

    lines = []
    for login in sorted({*has_called, *held, *data.at_work}, key=lambda login: names[login]):
        work = build_interviewer_line(names[login], login, activity)
        lease = held.get(login)
        shift = data.at_work.get(login)

        on_cases = None
        if shift is not None and shift.working:
            on_cases = min(shift.on_cases / shift.working, 1.0)

        is_free = lease is None and (shift is None or shift.is_calling)
        idle = None
        if is_free and login in data.last_entries:
            idle = data.at - data.last_entries[login]

        case = None
        if lease is not None:
            case = lease._replace(who=names[login])
        lines.append(PersonLine(work, case, on_cases, idle, shift))
    return tuple(lines)


def _iterate_alerts(
    data: StatusInput, plan: Plan, statuses: Sequence[StatusLine], cells: Sequence[QuotaCellLine]
) -> Iterator[str]:
    """Yield what needs attention, in the order of urgency."""
    yield from _iterate_help_calls(data)
    # The work stands still, or a respondent waits.
    if data.paused:
        yield data.paused
    cases = {line.status: line.cases for line in statuses}
    if not cases.keys() & (CALLABLE | {"leased", "hours"}):
        yield "no case can be called now"
    missed = sum(appointment.state == "missed" for appointment in data.appointments)
    if missed:
        yield f"{format_quantity(missed, 'appointment')} missed"
    if data.held:
        yield f"{format_quantity(len(data.held), 'case')} waiting for a supervisor"

    if data.withdrawn:
        cases_stored = format_quantity(len(data.withdrawn), "case")
        keys = join_first(list(data.withdrawn), MAX_CELLS)
        command = "survey privacy erase FILE CASE"
        yield f"{cases_stored} withdrew consent and can be erased ({command}): {keys}"
    # A station renews its lease: what has passed of the lease is the time since its last sign.
    for lease in data.leases:
        silent = plan.lease - (lease.until - data.at)
        if silent > plan.lease / 2:
            minutes = format_quantity(round(silent / timedelta(minutes=1)), "minute")
            yield f"no sign of {lease.who} at {lease.station} for {minutes}"
    full = [cell.label for cell in cells if cell.closed and cell.taken >= cell.target]
    if full:
        yield f"{format_quantity(len(full), 'quota cell')} full: {join_first(full, MAX_CELLS)}"
    closed = [cell.label for cell in cells if cell.closed and cell.taken < cell.target]
    if closed:
        count = format_quantity(len(closed), "quota cell")
        names = join_first(closed, MAX_CELLS)
        yield f"{count} closed by places of unfinished interviews: {names}"
    yield from _iterate_limit_alerts(data, plan)
    if data.held_places is not None:
        yield data.held_places.describe()
    if data.backed_up is None:
        yield "no backup yet"
    elif data.at - data.backed_up > BACKUP_AGE:
        yield f"the last backup is from {data.backed_up:%Y-%m-%d %H:%M}"
    if data.rules_changed is not None:
        when = format_short_day(data.rules_changed)
        text = f"codes and quota places were derived again by the rules of this version on {when}"
        yield f"{text}: rates and quotas may differ from earlier reports"


def _iterate_help_calls(data: StatusInput) -> Iterator[str]:
    """Yield who waits for help, often with a respondent on the line."""
    for call in data.help_calls:
        if call.is_open:
            yield call.describe(lambda at: at.astimezone(data.day_began.tzinfo))


def _iterate_limit_alerts(data: StatusInput, plan: Plan) -> Iterator[str]:
    """Yield that the quotas allow no further interview, or too few for the target."""
    limit = plan.quotas.find_limit(data.fill)
    if limit is None:
        return
    complete = sum(number for _, _, code, number in data.case_counts if code == "1.1")
    most = complete + limit.interviews
    if not limit.interviews:
        yield "the quotas allow no more interviews: whoever is reached is turned away"
    if data.target is not None and most < data.target:
        yield f"the target of {data.target:,} can't be reached: the quotas allow {most:,}"


def _build_lengths(data: StatusInput) -> LengthLine | None:
    """Summarize the lengths of completed interviews; None if there are none."""
    lengths: Counter[int] = Counter()
    for (kind, *by), number in data.activity.items():
        if kind == "lengths":
            lengths[int(by[1])] += number
    total = lengths.total()
    if not total:
        return None

    seconds = sorted(lengths)
    up_to = list(accumulate(lengths[length] for length in seconds))
    # The median of an even number of interviews is the mean of the two in the middle.
    lower_middle = seconds[bisect_right(up_to, (total - 1) // 2)]
    upper_middle = seconds[bisect_right(up_to, total // 2)]
    return LengthLine(
        total,
        timedelta(seconds=(lower_middle + upper_middle) / 2),
        timedelta(seconds=seconds[0]),
        timedelta(seconds=seconds[-1]),
    )


def _build_dayparts(data: StatusInput, plan: Plan) -> tuple[DaypartLine, ...]:
    """Build a line per part of the day with calls, in the calendar's order."""
    sums: dict[str, Counter[str]] = {}
    for (kind, *by), number in data.activity.items():
        if kind in ("sessions", "reached"):
            sums.setdefault(str(by[1]), Counter())[str(kind)] += number
    named = list(dict.fromkeys(part.name for part in plan.calendar.parts))
    order = [*named, *(part for part in sorted(sums) if part not in named)]
    return tuple(
        DaypartLine(part or NO_DAYPART, sums[part]["sessions"], sums[part]["reached"])
        for part in order
        if part in sums
    )
