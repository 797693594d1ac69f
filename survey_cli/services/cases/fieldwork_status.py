"""Status of a study's fieldwork: updates the queue, reads positions and histories, builds the report."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.fieldwork.calendar.zones import to_wall_time
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.activity import ActivityName, count_activity
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.fieldwork.queue.quota_holds import find_release_time
from survey_cli.fieldwork.queue.scheduling import ClaimCriteria, parse_criteria
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.outcomes import WITHDRAWN
from survey_cli.problems import StoreError, UserError
from survey_cli.reports.fieldwork import status as status_report
from survey_cli.reports.fieldwork.pace import PACE_DAYS
from survey_cli.services.cases.floor import load_people_at_work
from survey_cli.services.date_options import RequestedTime, describe_now, parse_start_time
from survey_cli.services.output_files import DocumentWriter, publish_document
from survey_cli.services.report.response_rates import compute_live_rates
from survey_cli.services.run_on_study import Request, run_on_study
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.clock import list_future_entries
from survey_cli.study.consistency.upkeep import find_rules_change
from survey_cli.study.consistency.withdrawals import find_withdrawal
from survey_cli.study.location import describe_files
from survey_cli.study.open_study import OpenStudy, StudyRecords
from survey_cli.study.pause import read_pause
from survey_cli.wording import join_words, pluralize


class InterviewTarget(NamedTuple):
    """The number of interviews to conduct."""

    interviews: int | None
    source: str
    """Where the number comes from."""


def load_fieldwork_status(
    request: Request, *, since: str = "", zone: tzinfo | None = None
) -> status_report.FieldworkStatus:
    """Build the status of the fieldwork.

    Activity is counted from `since`, as typed; a day means its beginning. `zone` is the time zone of dates, the
    computer's where it is None.
    """
    start = parse_start_time(since, request.at, zone, option="--since") if since else None
    return run_on_study(
        request, partial(_build_status, start=start, zone=zone, people=request.people)
    )


def publish_status(
    request: Request, to: str, *, force: bool, since: str = "", zone: tzinfo | None = None
) -> None:
    """Write the status as a page for the client, without persons. Raises UserError."""
    build = partial(load_fieldwork_status, request, since=since, zone=zone)
    writers = {".html": DocumentWriter(text=_render_page)}
    publish_document(build, to, writers, refusal="the status cannot be written as {}", force=force)


def _render_page(status: status_report.FieldworkStatus) -> str:
    from survey_cli.documents.report.status_page import render_status_html

    return render_status_html(status)


def _build_status(
    study: OpenStudy, *, start: RequestedTime | None, zone: tzinfo | None, people: str | None
) -> status_report.FieldworkStatus:
    at, counts, queries = study.at, study.store.cases.counts, study.store.cases.queries
    if not (case_counts := counts.count_by_outcome()):
        what = "there are no cases yet"
        raise UserError(
            study.where, what, f"import them: survey sample import {study.path} cases.csv"
        )
    local = at.astimezone(zone)
    midnight = datetime.combine(local.date(), time.min)
    day_began = midnight.astimezone() if zone is None else midnight.replace(tzinfo=zone)
    target, last_backup = find_interview_target(study), study.store.maintenance.find_last_backup()
    may_fold = study.who.supervises and not study.store.read_only
    pause, totals = read_pause(study.store), counts.read_activity(fold_at=at if may_fold else None)
    pace_since = at - timedelta(days=PACE_DAYS)
    recent = counts.read_recent_activity(pace_since, kind="completes")
    fill = study.store.cases.quotas.read_fill()
    status_input = status_report.StatusInput(
        at=at,
        day_began=day_began,
        since=start.at if start is not None else None,
        case_counts=case_counts,
        activity=totals if start is None else _count_since(study, start.at),
        today=counts.read_recent_activity(day_began),
        completes={quarter: activity["completes",] for quarter, activity in recent.items()},
        completes_by_cell=study.store.cases.quotas.count_taken(pace_since),
        last_entries=queries.list_last_entries(),
        at_work={person.login: person for person in load_people_at_work(study, at)}
        if study.who.supervises
        else {},
        numbers=status_report.NumberTotals(
            dead=totals["dead",],
            do_not_call=totals["never_call",],
            cases=totals["blocked",],
            listed=_count_listed(study),
            erased=totals["erased",],
        ),
        case_groups=counts.count_groups(at),
        rates=compute_live_rates(study, at),
        fill=fill,
        target=target.interviews,
        target_of=target.source,
        appointments=tuple(
            _build_appointment_line(row, at, zone) for row in queries.list_appointments()
        ),
        leases=tuple(_iterate_lease_lines(study, zone)),
        held=tuple(_iterate_held_lines(study, zone)),
        backed_up=last_backup.astimezone(zone) if last_backup is not None else None,
        paused=pause.describe(pause.since.astimezone(zone), local) if pause is not None else "",
        held_places=_find_held_places(study, fill, zone),
        rules_changed=_find_rules_change(study, zone),
        withdrawn=_list_withdrawn(study, case_counts),
    )
    instrument = study.instrument
    names = instrument.id, render_placeholders(str(instrument.title.get(instrument.language)))
    period = f"since {start.text}" if start is not None else "since the beginning"
    status = status_report.build_fieldwork_status(
        status_input,
        study.plan,
        study.people,
        study.who,
        study=names,
        as_of=describe_now(at, zone).text,
        period=period,
    )
    in_use, future = (
        describe_files(study.path, study.where, people=people),
        list_future_entries(study.store, at),
    )
    return replace(status, in_use=in_use, future=tuple(future))


def _count_listed(study: OpenStudy) -> int:
    """Count the entries of the do-not-call list; 0 if this account may not read it."""
    with suppress(StoreError):
        return study.do_not_call.count()
    return 0


def _list_withdrawn(
    study: OpenStudy, case_counts: Sequence[tuple[str, str, str, int]]
) -> list[str]:
    """List the cases that withdrew consent and of which a name, a number or an answer is still stored.

    Interviewers don't see them.
    """
    if not (study.who.supervises and study.store.connector.supervises):
        return []
    if not any(outcome == WITHDRAWN for _, outcome, _, _ in case_counts):
        return []
    queries = study.store.cases.queries
    keys = []
    for row in queries.iterate_rows(status="done", outcome=WITHDRAWN):
        withdrawal = find_withdrawal(study.store, study.instrument, row.key)
        has_waiting = withdrawal is not None and len(withdrawal.waiting) > 0
        if has_waiting or queries.find_contact(row.key) is not None:
            keys.append(row.key)
    return keys


def _count_since(study: OpenStudy, since: datetime) -> Counter[ActivityName]:
    """Count the activity of call sessions that began at that time or later."""
    activity: Counter[ActivityName] = Counter()
    for key, history in study.store.cases.queries.iterate_changed_histories(since):
        for (_, name), number in count_activity(
            Case.from_history(key, history), study.plan, since=since
        ).items():
            activity[name] += number
    return activity


def find_interview_target(study: StudyRecords) -> InterviewTarget:
    """Return the number of interviews to conduct, and where it comes from: it follows from the plan alone.

    It is the study's target; else the most that its hard quotas allow; else the total of its soft quotas; else the size
    of the population, all of which is to be interviewed; else none.
    """
    stated = study.instrument.document.study
    if stated.target:
        return InterviewTarget(stated.target, "study.target")
    for soft in (False, True):
        limit = study.plan.quotas.find_limit(soft=soft)
        if limit is not None:
            names = join_words(limit.quotas)
            return InterviewTarget(
                limit.interviews, f"{pluralize(len(limit.quotas), 'quota')} {names}"
            )
    size = stated.size or None
    return InterviewTarget(size, "study.size" if size else "")


def _build_appointment_line(
    row: CaseRow, at: datetime, zone: tzinfo | None
) -> status_report.AppointmentLine:
    starts, ends = row.position.promised_at or at, row.position.promised_until or at
    criteria = parse_criteria(row.position.bucket) if row.position.bucket else ClaimCriteria()
    zones, respondent_time = criteria.zones, ""
    if zones:
        wall = to_wall_time(zones[0], starts)
        respondent_time = f"{format_short_day(wall.date())} {wall:%H:%M}"
    is_today = starts.astimezone(zone).date() == at.astimezone(zone).date()
    state: status_report.DueState = "today" if is_today else "later"
    if ends < at:
        state = "missed"
    elif starts <= at:
        state = "due"
    times = (
        starts.astimezone(zone),
        ends.astimezone(zone),
        respondent_time,
        zones[0] if zones else "",
    )
    return status_report.AppointmentLine(
        row.key, state, *times, row.position.owner, criteria.language, row.seq
    )


def _iterate_lease_lines(
    study: OpenStudy, zone: tzinfo | None
) -> Iterator[status_report.LeaseLine]:
    cases = study.store.cases
    for row in cases.queries.list_leased_rows():
        if row.holder is None:
            continue
        history = cases.queries.read_history(row.key)
        claimed = [
            entry.at.astimezone(zone)
            for entry in history
            if isinstance(entry.event, events.CaseClaimed)
        ]
        since, until, holder = (
            claimed[-1] if claimed else None,
            row.holder.until.astimezone(zone),
            row.holder,
        )
        yield status_report.LeaseLine(row.key, holder.by, holder.station, since, until, row.seq)


def _iterate_held_lines(
    study: OpenStudy, zone: tzinfo | None
) -> Iterator[status_report.HeldCaseLine]:
    for row in study.store.cases.queries.iterate_rows(status="held"):
        history = study.store.cases.queries.read_history(row.key)
        note = find_last_note(history) if study.who.supervises else ""
        yield status_report.HeldCaseLine(
            row.key,
            str(row.position.reason.words),
            note,
            row.updated_at.astimezone(zone),
        )


def _find_held_places(
    study: OpenStudy, fill: Mapping[str, CellFill], zone: tzinfo | None
) -> status_report.HeldPlaces | None:
    """Find the places of suspended interviews that close cells; None if there are none."""
    full = study.plan.quotas.list_full_cells(fill) - study.plan.quotas.list_reached_cells(fill)
    if not full:
        return None
    cells_by_case: dict[str, list[str]] = {}
    for place in study.store.cases.queries.list_held_places(study.at):
        if place.cell in full and not place.at_station:
            cells_by_case.setdefault(place.case, []).append(place.cell)
    places = 0
    times = list[tuple[datetime, datetime]]()
    for key, cells in cells_by_case.items():
        case = Case.from_history(key, study.store.cases.queries.read_history(key))
        released_at = find_release_time(case, study.plan)
        if case.interview_left_at is not None and released_at is not None:
            places += len(cells)
            times.append((case.interview_left_at.astimezone(zone), released_at.astimezone(zone)))
    if not times:
        return None
    since = min(left for left, _ in times)
    releases = [released for _, released in times]
    return status_report.HeldPlaces(places, since, min(releases), max(releases))


RULES_CHANGE_SHOWN: Final = timedelta(days=7)
"""The time for which the status says that the rules have changed."""


def _find_rules_change(study: OpenStudy, zone: tzinfo | None) -> date | None:
    """Return when the queue was derived again by a newer edition of the rules; None if not lately."""
    changed_at = find_rules_change(study.store)
    if changed_at is None or study.at - changed_at > RULES_CHANGE_SHOWN:
        return None
    return changed_at.astimezone(zone).date()


def find_last_note(history: Sequence[events.HistoryEntry]) -> str:
    """Return the last note, with a call or separate."""
    for entry in reversed(history):
        match entry.event:
            case events.CaseNoteWritten(text=text) if text:
                return text
            case events.OutcomeRecorded(note=text) | events.OutcomeOverridden(note=text) if text:
                return text
    return ""
