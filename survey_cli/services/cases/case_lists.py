"""Lists of cases, one case with its history, the queue, and why a case may or may not be called.

Names and numbers are included only for those who may see them. The rules and the order of calling
are those of the package `fieldwork`.
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
from survey_cli.permissions import Action, format_permitted
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
from survey_cli.samples.cases.columns import iterate_labeled_values, list_columns
from survey_cli.services.conditions import parse_sample_condition
from survey_cli.services.run_on_study import find_case, on_study
from survey_cli.store.access_log import Access
from survey_cli.store.backends.errors import UndecodableTextError
from survey_cli.store.cases.case_records import CaseRow, Contact
from survey_cli.study.account_names import format_author
from survey_cli.study.consistency.stored_queue import list_next_rows
from survey_cli.study.open_study import OpenStudy, check_study_may
from survey_cli.study.pause import read_pause
from survey_cli.values import Cell, Missing
from survey_cli.wording import Words, format_quantity

STATUSES: Final = ("unreleased", "ready", "waiting", "held", "leased", "done")
SHOWN_ROLES: Final = ("key", "phone", "name", "zone", "language", "replicate")
"""Roles of sample columns that a case's sheet shows elsewhere."""
MAX_SINGLE_LOOKUPS: Final = 200
"""Up to this number, names are read one by one; above it, all contacts are read."""
MAX_OF_INTEREST: Final = 200
"""The most cases in a list of those that are of interest."""
EXTRA_CASES: Final = 50
"""Cases read beyond the requested number, since the rules exclude some."""


class CaseFilter(NamedTuple):
    """Which cases to list: those for which all of these hold. An empty text selects all."""

    status: str = ""
    outcome: str = ""
    code: str = ""
    find: str = ""
    """Part of the key, the name or a number."""
    where: str = ""
    """A condition over the sample columns."""
    limit: int | None = None


@on_study(Action.SEE_CASES)
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
    _check_filter(study, case_filter)
    cases = study.store.cases
    keys = _select_keys(study, case_filter)
    rows = cases.queries.iterate_rows(
        status=case_filter.status or None,
        code=case_filter.code or None,
        outcome=case_filter.outcome or None,
        limit=case_filter.limit if keys is None else None,
    )
    if keys is not None:
        rows = (row for row in rows if row.key in keys)
    selected = list(islice(rows, case_filter.limit))

    names = _load_names(study, selected)
    if names:
        listed = format_quantity(len(selected), "case")
        study.store.access_log.record(Access.CONTACTS, listed, at=study.at, by=study.who.login)
    return case_reports.CaseList(
        where=study.where,
        lines=tuple(build_case_line(row, names.get(row.key, "")) for row in selected),
        total=cases.counts.count_cases(),
        names_shown=study.who.may(Action.SEE_CONTACTS),
    )


def _check_filter(study: OpenStudy, case_filter: CaseFilter) -> None:
    """Check that a filter names what the study has. Raises UserError."""
    status = case_filter.status
    if status and status not in STATUSES:
        otherwise = f"use one of {', '.join(STATUSES)}"
        remedy = suggest_nearest(status, STATUSES, otherwise=otherwise)
        raise UserError("--status", f"{status!r} is not a status", remedy)

    outcome = case_filter.outcome
    if outcome and outcome not in study.plan.outcomes:
        otherwise = "survey explain lists them"
        remedy = suggest_nearest(outcome, study.plan.outcomes, otherwise=otherwise)
        raise UserError("--outcome", f"there is no outcome {outcome!r}", remedy)

    if case_filter.find:
        check_study_may(study, Action.SEE_CONTACTS)


@on_study(Action.SEE_CASES)
def list_cases_of_interest(study: OpenStudy, text: str) -> tuple[case_reports.CaseLine, ...]:
    """List the cases whose key, name or number contains a text.

    Only supervisors search names and numbers; for others, the text is a key. Without a text, list
    the cases that wait for a supervisor, then those at stations, those changed last, and the first
    of the sample.
    """
    queries = study.store.cases.queries
    rows: list[CaseRow] = []
    if not text:
        rows += queries.iterate_rows(status="held", limit=MAX_OF_INTEREST)
        rows += queries.iterate_rows(status="leased", limit=MAX_OF_INTEREST)
        rows += queries.list_latest_rows(limit=MAX_OF_INTEREST)
        rows += queries.iterate_rows(limit=MAX_OF_INTEREST)
    elif study.who.may(Action.SEE_CONTACTS):
        rows += [match.row for match in queries.search(text, limit=MAX_OF_INTEREST)]
    else:
        row = queries.find_row(text)
        if row is not None:
            rows.append(row)

    distinct = {row.key: row for row in rows}
    rows = list(distinct.values())[:MAX_OF_INTEREST]
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
    sample = study.instrument.sample
    personal = condition.names & {name for name, column in sample.items() if column.is_personal}
    if personal and not study.who.may(Action.SEE_CONTACTS):
        what = f"{min(personal)} is personal, and only {format_permitted(Action.SEE_CONTACTS)} may"
        what += f" {Action.SEE_CONTACTS.value}"
        raise UserError("--where", what, "remove it from the condition")

    matching = set()
    for key, values in _iterate_sample_values(study, personal=bool(personal)):
        # The condition may be unknown, which is no match.
        if condition.evaluate(Known(values)) is True:
            matching.add(key)
    return matching if keys is None else keys & matching


def _iterate_sample_values(
    study: OpenStudy, *, personal: bool
) -> Iterator[tuple[str, dict[str, Cell]]]:
    """Iterate over the key and sample values of every case."""
    sample = study.instrument.sample
    queries = study.store.cases.queries
    key_columns = list_columns(sample, "key")
    contacts = dict(queries.iterate_contacts()) if personal else {}
    for key, history in queries.iterate_histories():
        values: dict[str, Cell] = dict.fromkeys(sample, Missing("not_asked"))
        values.update(dict.fromkeys(key_columns, key))
        values.update(Case.from_history(key, history).columns)
        if key in contacts:
            values.update(contacts[key].columns)
        yield key, values


def _load_names(study: OpenStudy, rows: list[CaseRow]) -> dict[str, str]:
    """Load the names of these cases that the account may see, by key."""
    if not study.who.may(Action.SEE_CONTACTS):
        return {}

    queries = study.store.cases.queries
    if len(rows) > MAX_SINGLE_LOOKUPS:
        return {key: contact.name for key, contact in queries.iterate_contacts()}

    names = {}
    for row in rows:
        contact = queries.find_contact(row.key)
        if contact is not None:
            names[row.key] = contact.name
    return names


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


@on_study(Action.SEE_CASES)
def load_case(study: OpenStudy, key: str) -> case_reports.CaseSheet | case_reports.UnsampledCase:
    """Return one case with its whole history.

    Of a case that is not in the sample, return its interviews.
    """
    if study.store.cases.queries.find_row(key) is None:
        interviews = tuple(_iterate_interview_lines(study, key))
        if interviews:
            return case_reports.UnsampledCase(key, interviews)
    return _build_case_sheet(study, key)


@on_study(Action.SEE_CASES)
def load_case_sheet(study: OpenStudy, key: str) -> case_reports.CaseSheet:
    """Return one case with its whole history."""
    return _build_case_sheet(study, key)


def _build_case_sheet(study: OpenStudy, key: str) -> case_reports.CaseSheet:
    row = find_case(study, key)
    cases = study.store.cases
    plan = study.plan
    history = cases.queries.read_history(key)
    case = Case.from_history(key, history)
    contact = None
    if study.who.may(Action.SEE_CONTACTS):
        contact = cases.queries.find_contact(key)
    if contact is None:
        contact = Contact(link="")
    elif contact.link:
        study.store.access_log.record(
            Access.CONTACT, f"case {key}", at=study.at, by=study.who.login
        )

    zones = list_call_zones(case, case.next_number, plan)
    columns = {**contact.columns, **case.columns}
    known_cells = plan.quotas.list_known_cells(case.columns)
    cells = build_cells(cases.quotas.read_fill(), plan)
    appointment = find_open_appointment(case, plan)
    return case_reports.CaseSheet(
        line=build_case_line(row, contact.name),
        zone=zones[0] if zones else "",
        language=case.language,
        columns=tuple(iterate_labeled_values(study.instrument, columns, without=SHOWN_ROLES)),
        numbers=_build_number_lines(case, contact),
        appointment=_describe_appointment(appointment) if appointment is not None else "",
        interviews=tuple(_iterate_interview_lines(study, key)),
        cells=tuple(line for line in cells if line.cell in known_cells),
        history=tuple(iterate_history_lines(study, key, history)),
    )


def _describe_appointment(appointment: AppointmentMade) -> str:
    """Return the time of an appointment, in the respondent's time zone, and its owner."""
    owner = describe_appointment_owner(appointment)
    return f"{case_histories.format_appointment_time(appointment)} there ({owner})"


def _build_number_lines(case: Case, contact: Contact) -> tuple[case_reports.NumberLine, ...]:
    display_texts = {number.position: number.display for number in contact.numbers}
    lines = []
    for number in case.numbers:
        line = case_reports.NumberLine(
            position=number.position,
            shown=display_texts.get(number.position, ""),
            line=number.line,
            state=number.state,
            next=number == case.next_number,
        )
        lines.append(line)
    return tuple(lines)


def _iterate_interview_lines(study: OpenStudy, key: str) -> Iterator[case_reports.InterviewLine]:
    """Yield the interviews with a case. The reason of a review is for supervisors."""
    reviews = study.store.interviews.read_reviews()
    for row in study.store.interviews.list_rows(case=key):
        review = reviews.get(row.id)
        review_text = ""
        if review is not None:
            review_text = review.verdict
            if review.reason and study.who.may(Action.SEE_CONTACTS):
                review_text = f"{review.verdict}: {review.reason}"
        yield case_reports.InterviewLine(
            number=row.number,
            origin=row.origin,
            status=row.status,
            outcome=row.outcome,
            at_item=row.at_item,
            answered=row.answered,
            began_at=row.began_at,
            updated_at=row.updated_at,
            erased=row.is_erased,
            review=review_text,
        )


def iterate_history_lines(
    study: OpenStudy, key: str, history: list[HistoryEntry]
) -> Iterator[case_reports.CaseHistoryLine]:
    """Yield the history as text.

    Notes and the names of contacts, which could identify the person, are for supervisors.
    """
    accounts = study.store.cases.queries.list_accounts(key)
    shows_notes = study.who.may(Action.SEE_CONTACTS)
    case = Case(key=key)
    # A station may add an event between the two queries: the history may be shorter.
    for seq, (entry, account) in enumerate(zip(history, accounts, strict=False), start=1):
        event = entry.event
        if isinstance(event, AppointmentMade) and not shows_notes:
            event = event._replace(person="")
        what, note = describe_event(event, case, study.plan)
        if not shows_notes:
            note = ""
        by = format_author(entry.by, account)
        yield case_reports.CaseHistoryLine(seq, entry.at, what, by, entry.station, note)
        case = case.apply(entry)


@on_study(Action.SEE_CASES)
def explain_case(
    study: OpenStudy, key: str, *, at: datetime, interviewer: str = ""
) -> CallabilityReport:
    """Explain, rule by rule, whether a case may be called at a given time.

    `interviewer` is who would call it; without a name it is the person who asks.
    """
    who = study.people.require(interviewer) if interviewer else study.who
    row = find_case(study, key)
    case = Case.from_history(key, study.store.cases.queries.read_history(key))
    return _explain_row(study, row, case, who, at)


def _explain_row(
    study: OpenStudy, row: CaseRow, case: Case, who: Interviewer, at: datetime
) -> CallabilityReport:
    cases = study.store.cases
    plan = study.plan
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
        line=build_case_line(row, contact.name if study.who.may(Action.SEE_CONTACTS) else ""),
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


@on_study(Action.SEE_CASES)
def list_queue(study: OpenStudy, *, limit: int, interviewer: str = "") -> QueueReport:
    """Return the next cases in the order of claiming, and those that are due but excluded."""
    who = study.people.require(interviewer) if interviewer else study.who
    cases = study.store.cases
    at = study.at
    order = CallOrder.for_interviewer(
        study.plan, people=study.people, who=who, at=at, fill=cases.quotas.read_fill()
    )
    lines: list[QueueLine] = []
    deferred: list[DeferredLine] = []
    for row in list_next_rows(study.store, order, limit=limit + EXTRA_CASES):
        if len(lines) == limit:
            break
        case = Case.from_history(row.key, cases.queries.read_history(row.key))
        report = _explain_row(study, row, case, who, at)
        if report.is_allowed:
            reason = _explain_position(case, row, study.plan, order)
            lines.append(QueueLine(len(lines) + 1, row.key, report.line.name, report.zone, reason))
        else:
            refusal = next(verdict for verdict in report.verdicts if not verdict.allows)
            opens_at = refusal.until or report.next_at
            deferred.append(DeferredLine(row.key, report.zone, str(refusal.explanation), opens_at))
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
    """Yield the number of cases in each state, and what the state means for this interviewer.

    The states come in the order of the status report.
    """
    sums: Counter[str] = Counter()
    for group in study.store.cases.counts.count_groups(order.at):
        status = group.status
        if group.bucket:
            status = order.classify_group(group, [order.who])
        sums[status] += group.cases

    for status, description in STATUS_DESCRIPTIONS.items():
        if sums[status]:
            yield sums[status], CALLABLE_NOW.name if status in CALLABLE else description


def _iterate_closed_lines(study: OpenStudy, order: CallOrder) -> Iterator[DeferredLine]:
    """Yield the first case of each group that can't be called now, in the order of opening."""
    queries = study.store.cases.queries
    lines: list[DeferredLine] = []
    for head in queries.list_queue_heads():
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
        first = queries.list_queue([head.bucket], limit=1)
        lines += [DeferredLine(row.key, zone, reason, opens_at) for row in first]

    # Those that never open come last.
    yield from sorted(
        lines, key=lambda line: (line.opens_at is None, line.opens_at or order.at, line.key)
    )


def _waits_for_owner(study: OpenStudy, order: CallOrder, bucket: ClaimCriteria, text: str) -> bool:
    """Return whether all cases of a bucket have appointments that only their owners may keep."""
    cutoff = order.find_appointment_cutoff(bucket)
    if cutoff is None:
        return False
    queries = study.store.cases.queries
    return queries.find_appointment_head(text, appointment_before=cutoff) is None


def _explain_position(case: Case, row: CaseRow, plan: Plan, order: CallOrder) -> str:
    """Return the reasons for a case's position in the queue as a short text."""
    criteria = parse_criteria(row.position.bucket)
    rank = order.rank_case(criteria, row.position.rank)
    appointment = find_open_appointment(case, plan)
    parts = []
    if rank.order == "1" and appointment is not None:
        parts.append(f"appointment {_describe_appointment(appointment)}")
    elif rank.order == "2":
        parts.append("its interview was interrupted")
    elif rank.quota_fill < 1000:
        parts.append(f"its quota is {rank.quota_fill // 10}% filled")
    if rank.deferred:
        parts.append(f"{' or '.join(criteria.prefers)} was tried least")
    # Appointments and interrupted interviews come before all priorities.
    if case.priority and rank.order not in "12":
        parts.append(f"priority {case.priority}")

    last = case.last_call
    if last is None:
        parts.append("never called")
    else:
        attempt = row.position.attempts + 1
        outcome = describe_outcome(last.outcome, plan)
        when = _format_day(case, plan, last.at)
        parts.append(f"attempt {attempt}, last {outcome} on {when}")
    return ", ".join(parts)


def _format_day(case: Case, plan: Plan, at: datetime) -> str:
    """Return a day and a time where the next number is."""
    zones = list_call_zones(case, case.next_number, plan)
    wall = to_wall_time(zones[0], at) if zones else at
    return f"{format_short_day(wall.date())} {wall:%H:%M}"
