"""The next cases in the queue, and the explanation why one case may or may not be called.

The rules and the order are those of the fieldwork package.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from survey_cli.fieldwork.appointments.due_times import find_open_appointment
from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.fieldwork.calendar.zones import to_wall_time
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.locations import list_call_zones
from survey_cli.fieldwork.plan.people import Interviewer
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.call_order import CallOrder
from survey_cli.fieldwork.queue.queue_position import ClaimCriteria, parse_criteria
from survey_cli.fieldwork.queue.rules import ClaimContext, check_rules, find_next_time
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.case_histories import (
    describe_appointment_owner,
    describe_outcome,
    format_appointment_time,
)
from survey_cli.reports.fieldwork.cases import CallabilityReport, DeferredLine, QueueLine, QueueReport
from survey_cli.reports.fieldwork.status import STATUS_DESCRIPTIONS
from survey_cli.services.cases.case_lists import build_case_line
from survey_cli.services.run_on_study import make_unknown_case_error, on_study
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.consistency.upkeep import list_next_rows
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import read_pause

EXTRA_CASES: Final = 50
"""Cases read beyond the requested number, since the rules exclude some."""


@on_study()
def explain_case(study: OpenStudy, key: str, *, at: datetime, interviewer: str = "") -> CallabilityReport:
    """Explain, rule by rule, whether a case may be called at a given time by an interviewer.

    Where none is named, it is by any suitable one.
    """
    who, row = _find_interviewer(study, interviewer), study.store.cases.queries.find_row(key)
    if row is None:
        raise make_unknown_case_error(study, key)
    return _explain_row(study, row, who, at)


def _find_interviewer(study: OpenStudy, login: str) -> Interviewer:
    """Return the interviewer from whose point of view the queue is shown."""
    if not login:
        return study.who
    if (interviewer := study.people.find(login)) is not None:
        return interviewer
    raise UserError(login, "is not on the study's list of people", f"survey study people {study.path} lists them")


def _explain_row(study: OpenStudy, row: CaseRow, who: Interviewer, at: datetime) -> CallabilityReport:
    cases, plan = study.store.cases, study.plan
    case = Case.from_history(row.key, cases.queries.read_history(row.key))
    contact = cases.queries.find_contact(row.key)
    numbers = contact.numbers if contact is not None else ()
    pause = read_pause(study.store)
    context = ClaimContext(
        at=at,
        who=who,
        people=study.people,
        full_cells=plan.quotas.list_full_cells(cases.quotas.read_fill()),
        lease_holder=f"{row.holder.by} at station {row.holder.station}" if row.holder is not None else "",
        on_do_not_call_list=study.is_on_do_not_call_list([n.e164 for n in numbers if n.e164]),
        pause_reason=pause.describe(pause.since.astimezone(), at.astimezone()) if pause is not None else "",
    )
    zones = list_call_zones(case, case.next_number, plan)
    return CallabilityReport(
        line=build_case_line(row, contact.name if contact is not None and study.who.supervises else ""),
        at=at,
        who=who.login,
        zone=zones[0] if zones else "",
        verdicts=tuple(check_rules(case, plan, context)),
        next_at=find_next_time(case, plan, context),
    )


@on_study()
def list_queue(study: OpenStudy, *, limit: int, interviewer: str = "") -> QueueReport:
    """Return the next cases in the order in which they would be claimed now, and those that are due but excluded."""
    who, cases, plan, at = _find_interviewer(study, interviewer), study.store.cases, study.plan, study.at
    order = CallOrder.for_interviewer(plan, people=study.people, who=who, at=at, fill=cases.quotas.read_fill())
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
            deferred.append(DeferredLine(row.key, report.zone, refusal.explanation, refusal.until or report.next_at))
    return QueueReport(
        where=study.where,
        at=at,
        who=who.login,
        lines=tuple(lines),
        turned_down=tuple(deferred),
        closed=tuple(_iterate_closed_lines(study, order)),
        status_counts=tuple((cases, STATUS_DESCRIPTIONS[status]) for status, cases in _count_by_state(study, order)),
    )


def _count_by_state(study: OpenStudy, order: CallOrder) -> Iterator[tuple[str, int]]:
    """Return the number of cases in each state, for this interviewer, in the order of the status report."""
    sums: Counter[str] = Counter()
    for group in study.store.cases.queries.count_groups(order.at):
        sums[order.classify_group(group, [order.who]) if group.bucket else group.status] += group.cases
    return ((status, sums[status]) for status in STATUS_DESCRIPTIONS if sums[status])


def _iterate_closed_lines(study: OpenStudy, order: CallOrder) -> Iterator[DeferredLine]:
    """Groups of cases that cannot be called now, those that open first before the others."""
    lines: list[DeferredLine] = []
    for head in study.store.cases.queries.list_queue_heads():
        bucket = parse_criteria(head.bucket)
        reason = order.explain_closed(bucket)
        if not reason and not _waits_for_owner(study, order, bucket, head.bucket):
            continue
        for row in study.store.cases.queries.list_queue([head.bucket], limit=1):
            opens = order.find_opening(bucket, order.at) if order.suits(bucket) else None
            zone = bucket.zones[0] if bucket.zones else ""
            lines.append(DeferredLine(row.key, zone, reason or f"the appointment is with {bucket.owner}", opens))
    yield from sorted(lines, key=lambda line: (line.opens_at is None, line.opens_at or order.at, line.key))


def _waits_for_owner(study: OpenStudy, order: CallOrder, bucket: ClaimCriteria, text: str) -> bool:
    cutoff, queries = order.find_appointment_cutoff(bucket), study.store.cases.queries
    return cutoff is not None and queries.find_appointment_head(text, appointment_before=cutoff) is None


def _explain_position(case: Case, row: CaseRow, plan: Plan, order: CallOrder) -> str:
    """Return the reasons for a case's position in the queue as a short text."""
    priority = order.rank_case(parse_criteria(row.bucket), row.rank)
    appointment, last = find_open_appointment(case, plan), case.last_call
    parts = []
    if priority.order == "1" and appointment is not None:
        owner = describe_appointment_owner(appointment)
        parts.append(f"appointment {format_appointment_time(appointment)} there ({owner})")
    elif priority.order == "2":
        parts.append("its interview was interrupted")
    elif priority.quota_fill < 1000:
        parts.append(f"its quota is {priority.quota_fill // 10}% filled")
    if priority.deferred:
        parts.append(f"{' or '.join(parse_criteria(row.bucket).prefers)} was tried least")
    if case.priority and priority.order not in "12":
        parts.append(f"priority {case.priority}")
    if last is None:
        parts.append("never called")
    else:
        when = _format_day(case, plan, last.at)
        parts.append(f"attempt {row.attempts + 1}, last {describe_outcome(last.outcome, plan)} on {when}")
    return ", ".join(parts)


def _format_day(case: Case, plan: Plan, at: datetime) -> str:
    zones = list_call_zones(case, case.next_number, plan)
    wall = to_wall_time(zones[0], at) if zones else at
    return f"{format_short_day(wall.date())} {wall:%H:%M}"
