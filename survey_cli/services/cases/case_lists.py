"""Lists of cases, one case with its history, the next cases in the queue, and why one case may or may not be called.

Names and numbers are included only for those who may see them. The rules and the order of calling are those of the
fieldwork package.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from survey_cli.fieldwork.appointments.appointment import find_open_appointment
from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.fieldwork.calendar.zones import to_wall_time
from survey_cli.fieldwork.case.case import Case, list_call_zones
from survey_cli.fieldwork.case.events import AppointmentMade, HistoryEntry
from survey_cli.fieldwork.plan.plan import Interviewer, Plan
from survey_cli.fieldwork.queue.call_order import CALLABLE, CALLABLE_NOW, CallOrder
from survey_cli.fieldwork.queue.calling_rules import (
    ClaimContext,
    CriteriaRule,
    check_rules,
    find_next_time,
)
from survey_cli.fieldwork.queue.scheduling import ClaimCriteria, parse_criteria
from survey_cli.instrument.expressions.known import Known
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.fieldwork import case_histories
from survey_cli.reports.fieldwork import cases as case_reports
from survey_cli.reports.fieldwork.case_histories import (
    describe_appointment_owner,
    describe_event,
    describe_outcome,
)
from survey_cli.reports.fieldwork.cases import (
    CallabilityReport,
    DeferredLine,
    QueueLine,
    QueueReport,
)
from survey_cli.reports.fieldwork.status import STATUS_DESCRIPTIONS, build_cells
from survey_cli.samples.cases.columns import iterate_labeled_values
from survey_cli.services.conditions import parse_sample_condition
from survey_cli.services.run_on_study import find_case, on_study
from survey_cli.store.access_log import Access
from survey_cli.store.backends.errors import UndecodableTextError
from survey_cli.store.cases.case_records import CaseRow, Contact
from survey_cli.study.account_names import format_author
from survey_cli.study.consistency.stored_queue import list_next_rows
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import read_pause
from survey_cli.values import Cell, Missing
from survey_cli.wording import Words, format_quantity

STATUSES: Final = ("unreleased", "ready", "waiting", "held", "leased", "done")
SHOWN_ROLES: Final = ("key", "phone", "name", "zone", "language", "replicate")
"""Roles of sample columns that a case's sheet shows elsewhere."""
MAX_SINGLE_LOOKUPS: Final = 200
"""Up to this number, names are read one by one; above it, all contacts are read."""

MAX_OF_INTEREST: Final = 200
"""Cases in a list of those that are of interest."""


class CaseFilter(NamedTuple):
    """Filter for a list of cases; all given criteria must hold."""

    status: str = ""
    outcome: str = ""
    code: str = ""
    find: str = ""
    """Part of the key, the name or a number."""
    where: str = ""
    """A condition over the sample columns."""
    limit: int | None = None


@on_study()
def list_cases(study: OpenStudy, case_filter: CaseFilter) -> case_reports.CaseList:
    """List the cases in the order of the sample.

    A text that cannot be decoded does not keep other cases from being listed.
    """
    try:
        return _build_case_list(study, case_filter)
    except UndecodableTextError as problem:
        with study.store.tolerate_undecodable():
            return replace(_build_case_list(study, case_filter), damage=str(problem))


def _build_case_list(study: OpenStudy, case_filter: CaseFilter) -> case_reports.CaseList:
    cases = study.store.cases
    if case_filter.status and case_filter.status not in STATUSES:
        remedy = suggest_nearest(
            case_filter.status, STATUSES, otherwise=f"use one of {', '.join(STATUSES)}"
        )
        raise UserError("--status", f"{case_filter.status!r} is not a status", remedy)
    if case_filter.outcome and case_filter.outcome not in study.plan.outcomes:
        remedy = suggest_nearest(
            case_filter.outcome, study.plan.outcomes, otherwise="survey explain lists them"
        )
        raise UserError("--outcome", f"there is no outcome {case_filter.outcome!r}", remedy)
    if case_filter.find and not study.who.supervises:
        raise UserError(
            "--find", "only supervisors may search names and numbers", "give the case's key"
        )
    keys = _select_keys(study, case_filter)
    columns = {name: getattr(case_filter, name) or None for name in ("status", "code", "outcome")}
    rows = cases.queries.iterate_rows(limit=case_filter.limit if keys is None else None, **columns)
    selected = list(
        islice((row for row in rows if keys is None or row.key in keys), case_filter.limit)
    )
    if names := _load_names(study, selected):
        listed = format_quantity(len(selected), "case")
        study.store.access_log.record(Access.CONTACTS, listed, at=study.at, by=study.who.login)
    lines, total = (
        tuple(build_case_line(row, names.get(row.key, "")) for row in selected),
        cases.counts.count_cases(),
    )
    return case_reports.CaseList(
        where=study.where, lines=lines, total=total, names_shown=study.who.supervises
    )


@on_study()
def list_cases_of_interest(study: OpenStudy, text: str) -> tuple[case_reports.CaseLine, ...]:
    """List the cases whose key, name or number contains a text; only supervisors search names and numbers.

    Without a text, list the cases that wait for a supervisor, then those at stations, those changed last, and the first
    of the sample.
    """
    queries = study.store.cases.queries
    if not text:
        held, leased, first = (
            queries.iterate_rows(status=status, limit=MAX_OF_INTEREST)
            for status in ("held", "leased", None)
        )
        rows = [*held, *leased, *queries.list_latest_rows(limit=MAX_OF_INTEREST), *first]
    elif study.who.supervises:
        rows = [match.row for match in queries.search(text, limit=MAX_OF_INTEREST)]
    else:
        rows = [row] if (row := queries.find_row(text)) is not None else []
    rows = list({row.key: row for row in rows}.values())[:MAX_OF_INTEREST]
    names = _load_names(study, rows)
    return tuple(build_case_line(row, names.get(row.key, "")) for row in rows)


def _select_keys(study: OpenStudy, case_filter: CaseFilter) -> set[str] | None:
    """Return the keys that `find` and `where` select; None for all."""
    keys: set[str] | None = None
    if case_filter.find:
        keys = {match.row.key for match in study.store.cases.queries.search(case_filter.find)}
    if not case_filter.where:
        return keys
    condition = parse_sample_condition(study.instrument, case_filter.where)
    hidden = {
        n for n, column in study.instrument.sample.items() if column.is_personal
    } & condition.names
    if hidden and not study.who.supervises:
        what = f"{min(hidden)} is personal, and only supervisors may see it"
        raise UserError("--where", what, "remove it from the condition")
    values = _iterate_sample_values(study, personal=bool(hidden))
    matching = {key for key, columns in values if condition.evaluate(Known(columns)) is True}
    return matching if keys is None else keys & matching


def _iterate_sample_values(
    study: OpenStudy, *, personal: bool
) -> Iterator[tuple[str, dict[str, Cell]]]:
    """Iterate over the key and sample values of every case."""
    unset: dict[str, Cell] = dict.fromkeys(study.instrument.sample, Missing("not_asked"))
    key_columns = [n for n, column in study.instrument.sample.items() if column.role == "key"]
    contacts = dict(study.store.cases.queries.iterate_contacts()) if personal else {}
    for key, history in study.store.cases.queries.iterate_histories():
        columns = {
            **unset,
            **dict.fromkeys(key_columns, key),
            **Case.from_history(key, history).columns,
        }
        yield key, {**columns, **contacts[key].columns} if key in contacts else columns


def _load_names(study: OpenStudy, rows: list[CaseRow]) -> dict[str, str]:
    """Return the names of these cases, as far as the account may see them."""
    if not study.who.supervises:
        return {}
    cases = study.store.cases
    if len(rows) <= MAX_SINGLE_LOOKUPS:
        return {
            row.key: contact.name
            for row in rows
            if (contact := cases.queries.find_contact(row.key)) is not None
        }
    return {key: contact.name for key, contact in cases.queries.iterate_contacts()}


def build_case_line(row: CaseRow, name: str) -> case_reports.CaseLine:
    """Return one line of the list of cases."""
    position = row.position
    with_whom = ""
    if row.holder is not None:
        with_whom = f"{row.holder.by} at {row.holder.station}"
    return case_reports.CaseLine(
        key=row.key,
        status=row.status,
        replicate=row.replicate,
        frame=row.frame,
        seq=row.seq,
        code=position.code,
        outcome=position.outcome,
        attempts=position.attempts,
        why=str(position.reason.words),
        promised_at=position.promised_at,
        owner=position.owner,
        name=name,
        due_at=position.due_at if row.status == "waiting" else None,
        with_whom=with_whom,
    )


@on_study()
def load_case(study: OpenStudy, key: str) -> case_reports.CaseSheet | case_reports.UnsampledCase:
    """Return one case with its whole history; of a case that is not in the sample, its interviews."""
    if study.store.cases.queries.find_row(key) is None:
        interviews = tuple(_iterate_interview_lines(study, key))
        if interviews:
            return case_reports.UnsampledCase(key, interviews)
    return _build_case_sheet(study, key)


@on_study()
def load_case_sheet(study: OpenStudy, key: str) -> case_reports.CaseSheet:
    """Return one case with its whole history."""
    return _build_case_sheet(study, key)


def _build_case_sheet(study: OpenStudy, key: str) -> case_reports.CaseSheet:
    cases, plan, row = study.store.cases, study.plan, find_case(study, key)
    history = cases.queries.read_history(key)
    case = Case.from_history(key, history)
    contact = (cases.queries.find_contact(key) if study.who.supervises else None) or Contact(
        link=""
    )
    if contact.link:
        study.store.access_log.record(
            Access.CONTACT, f"case {key}", at=study.at, by=study.who.login
        )
    zones, values = (
        list_call_zones(case, case.next_number, plan),
        {**contact.columns, **case.columns},
    )
    appointment, known = (
        find_open_appointment(case, plan),
        plan.quotas.list_known_cells(case.columns),
    )
    owner = describe_appointment_owner(appointment) if appointment else ""
    return case_reports.CaseSheet(
        line=build_case_line(row, contact.name),
        zone=zones[0] if zones else "",
        language=case.language,
        columns=tuple(iterate_labeled_values(study.instrument, values, without=SHOWN_ROLES)),
        numbers=_build_number_lines(case, contact),
        appointment=f"{case_histories.format_appointment_time(appointment)} there ({owner})"
        if appointment
        else "",
        interviews=tuple(_iterate_interview_lines(study, key)),
        cells=tuple(
            line for line in build_cells(cases.quotas.read_fill(), plan) if line.cell in known
        ),
        history=tuple(iterate_history_lines(study, key, history)),
    )


def _build_number_lines(case: Case, contact: Contact) -> tuple[case_reports.NumberLine, ...]:
    display_texts = {n.position: n.display for n in contact.numbers}
    upcoming = case.next_number
    numbers = ((n, display_texts.get(n.position, "")) for n in case.numbers)
    return tuple(
        case_reports.NumberLine(n.position, text, n.line, n.state, n == upcoming)
        for n, text in numbers
    )


def _iterate_interview_lines(study: OpenStudy, key: str) -> Iterator[case_reports.InterviewLine]:
    reviews = study.store.interviews.read_reviews()
    for r in study.store.interviews.list_rows(case=key):
        review = reviews.get(r.id)
        texts: tuple[str, ...] = ()
        if review is not None:
            reason = review.reason if study.who.supervises else ""
            texts = (review.verdict, reason)
        state = r.number, r.origin, r.status, r.outcome, r.at_item, r.answered
        yield case_reports.InterviewLine(
            *state, r.began_at, r.updated_at, r.is_erased, ": ".join(filter(None, texts))
        )


def iterate_history_lines(
    study: OpenStudy, key: str, history: list[HistoryEntry]
) -> Iterator[case_reports.CaseHistoryLine]:
    """Yield the history as text. Notes and contact names, which could identify the person, are for supervisors."""
    accounts, show_notes = study.store.cases.queries.list_accounts(key), study.who.supervises
    case = Case(key=key)
    for seq, (entry, account) in enumerate(zip(history, accounts, strict=False), start=1):
        event = entry.event
        if isinstance(event, AppointmentMade) and not show_notes:
            event = event._replace(person="")
        what, note = describe_event(event, case, study.plan)
        by = format_author(entry.by, account)
        yield case_reports.CaseHistoryLine(
            seq, entry.at, what, by, entry.station, note if show_notes else ""
        )
        case = case.apply(entry)


EXTRA_CASES: Final = 50
"""Cases read beyond the requested number, since the rules exclude some."""


@on_study()
def explain_case(
    study: OpenStudy, key: str, *, at: datetime, interviewer: str = ""
) -> CallabilityReport:
    """Explain, rule by rule, whether a case may be called at a given time by an interviewer.

    Where none is named, it is by any suitable one.
    """
    who = study.people.require(interviewer) if interviewer else study.who
    return _explain_row(study, find_case(study, key), who, at)


def _explain_row(
    study: OpenStudy, row: CaseRow, who: Interviewer, at: datetime
) -> CallabilityReport:
    cases = study.store.cases
    plan = study.plan
    case = Case.from_history(row.key, cases.queries.read_history(row.key))
    contact = cases.queries.find_contact(row.key) or Contact(link="")
    dialable = [number.e164 for number in contact.numbers if number.e164]
    lease_holder = ""
    if row.holder is not None:
        lease_holder = f"{row.holder.by} at station {row.holder.station}"
    context = ClaimContext(
        at=at,
        who=who,
        people=study.people,
        full_cells=plan.quotas.list_full_cells(cases.quotas.read_fill()),
        lease_holder=lease_holder,
        on_do_not_call_list=study.is_on_do_not_call_list(dialable),
        pause=_describe_pause(study, at),
    )
    zones = list_call_zones(case, case.next_number, plan)
    return CallabilityReport(
        line=build_case_line(row, contact.name if study.who.supervises else ""),
        at=at,
        who=who.login,
        zone=zones[0] if zones else "",
        verdicts=tuple(check_rules(case, plan, context)),
        next_at=find_next_time(case, plan, context),
    )


def _describe_pause(study: OpenStudy, at: datetime) -> Words | None:
    """Return why the study is paused, in this computer's time zone; None while it runs."""
    pause = read_pause(study.store)
    if pause is None:
        return None
    return Words(pause.describe(pause.since.astimezone(), at.astimezone()))


@on_study()
def list_queue(study: OpenStudy, *, limit: int, interviewer: str = "") -> QueueReport:
    """Return the next cases in the order in which they would be claimed now, and those that are due but excluded."""
    who = study.people.require(interviewer) if interviewer else study.who
    cases, plan, at = study.store.cases, study.plan, study.at
    order = CallOrder.for_interviewer(
        plan, people=study.people, who=who, at=at, fill=cases.quotas.read_fill()
    )
    lines: list[QueueLine] = []
    deferred: list[DeferredLine] = []
    for row in list_next_rows(study.store, order, limit=limit + EXTRA_CASES):
        if len(lines) == limit:
            break
        report = _explain_row(study, row, who, at)
        if report.is_allowed:
            case = Case.from_history(row.key, cases.queries.read_history(row.key))
            reason = _explain_position(case, row, plan, order)
            lines.append(QueueLine(len(lines) + 1, row.key, report.line.name, report.zone, reason))
        else:
            refusal = next(verdict for verdict in report.verdicts if not verdict.allows)
            deferred.append(
                DeferredLine(
                    row.key,
                    report.zone,
                    str(refusal.explanation),
                    refusal.until or report.next_at,
                )
            )
    return QueueReport(
        where=study.where,
        at=at,
        who=who.login,
        lines=tuple(lines),
        turned_down=tuple(deferred),
        closed=tuple(_iterate_closed_lines(study, order)),
        status_counts=tuple(_iterate_state_counts(study, order)),
    )


def _iterate_state_counts(study: OpenStudy, order: CallOrder) -> Iterator[tuple[int, str]]:
    """Yield the number of cases in each state, and what the state means for this interviewer."""
    for status, cases in _count_by_state(study, order):
        if status in CALLABLE:
            yield cases, CALLABLE_NOW.name
        else:
            yield cases, STATUS_DESCRIPTIONS[status]


def _count_by_state(study: OpenStudy, order: CallOrder) -> Iterator[tuple[str, int]]:
    """Return the number of cases in each state, for this interviewer, in the order of the status report."""
    sums: Counter[str] = Counter()
    for group in study.store.cases.counts.count_groups(order.at):
        status = group.status
        if group.bucket:
            status = order.classify_group(group, [order.who])
        sums[status] += group.cases
    return ((status, sums[status]) for status in STATUS_DESCRIPTIONS if sums[status])


def _iterate_closed_lines(study: OpenStudy, order: CallOrder) -> Iterator[DeferredLine]:
    """Yield groups of cases that cannot be called now, those that open first before the others."""
    lines: list[DeferredLine] = []
    for head in study.store.cases.queries.list_queue_heads():
        criteria = parse_criteria(head.bucket)
        obstacle = order.find_lasting_obstacle(criteria)
        if obstacle is None and _waits_for_owner(study, order, criteria, head.bucket):
            obstacle = CriteriaRule.OWNER
        if obstacle is None:
            continue

        reason = str(order.describe_obstacle(criteria, obstacle))
        opens_at = None
        if order.suits(criteria):
            opens_at = order.find_opening(criteria, order.at)
        zone = criteria.zones[0] if criteria.zones else ""
        lines += [
            DeferredLine(row.key, zone, reason, opens_at)
            for row in study.store.cases.queries.list_queue([head.bucket], limit=1)
        ]
    # those that never open come last
    yield from sorted(
        lines, key=lambda line: (line.opens_at is None, line.opens_at or order.at, line.key)
    )


def _waits_for_owner(study: OpenStudy, order: CallOrder, bucket: ClaimCriteria, text: str) -> bool:
    cutoff, queries = order.find_appointment_cutoff(bucket), study.store.cases.queries
    return (
        cutoff is not None
        and queries.find_appointment_head(text, appointment_before=cutoff) is None
    )


def _explain_position(case: Case, row: CaseRow, plan: Plan, order: CallOrder) -> str:
    """Return the reasons for a case's position in the queue as a short text."""
    priority = order.rank_case(parse_criteria(row.position.bucket), row.position.rank)
    appointment, last = find_open_appointment(case, plan), case.last_call
    parts = []
    if priority.order == "1" and appointment is not None:
        owner = describe_appointment_owner(appointment)
        parts.append(
            f"appointment {case_histories.format_appointment_time(appointment)} there ({owner})"
        )
    elif priority.order == "2":
        parts.append("its interview was interrupted")
    elif priority.quota_fill < 1000:
        parts.append(f"its quota is {priority.quota_fill // 10}% filled")
    if priority.deferred:
        parts.append(f"{' or '.join(parse_criteria(row.position.bucket).prefers)} was tried least")
    if case.priority and priority.order not in "12":
        parts.append(f"priority {case.priority}")
    if last is None:
        parts.append("never called")
    else:
        when = _format_day(case, plan, last.at)
        parts.append(
            f"attempt {row.position.attempts + 1}, last {describe_outcome(last.outcome, plan)} on {when}"
        )
    return ", ".join(parts)


def _format_day(case: Case, plan: Plan, at: datetime) -> str:
    zones = list_call_zones(case, case.next_number, plan)
    wall = to_wall_time(zones[0], at) if zones else at
    return f"{format_short_day(wall.date())} {wall:%H:%M}"
