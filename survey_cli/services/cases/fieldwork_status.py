"""Status of a study's fieldwork: reads its positions and histories, and builds the report."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.fieldwork.calendar.zones import find_midnight, to_wall_time
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.activity import ActivityName, count_activity
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.help_calls import HelpCall
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.fieldwork.queue.quota_holds import find_release_time
from survey_cli.fieldwork.queue.scheduling import ClaimCriteria, parse_criteria
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.outcomes import WITHDRAWN
from survey_cli.permissions import Action
from survey_cli.problems import StoreError, UserError
from survey_cli.reports.fieldwork import status as status_report
from survey_cli.reports.fieldwork.pace import PACE_DAYS
from survey_cli.services.cases.floor import load_help_calls, load_people_at_work
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

RULES_CHANGE_SHOWN: Final = timedelta(days=7)
"""The time for which the status says that the rules have changed."""


class InterviewTarget(NamedTuple):
    """The number of interviews to conduct."""

    interviews: int | None
    source: str
    """Where the number comes from."""


def load_fieldwork_status(
    request: Request,
    *,
    since: str = "",
    zone: tzinfo | None = None,
    action: Action = Action.READ_STATUS,
) -> status_report.FieldworkStatus:
    """Build the status of the fieldwork, for this action.

    Activity is counted from `since`, as typed; a day means its beginning. `zone` is the time zone
    of dates; None means the computer's.
    """
    start = None
    if since:
        start = parse_start_time(since, request.at, zone, option="--since")
    return run_on_study(
        request,
        partial(_build_status, start=start, zone=zone, people=request.people),
        action=action,
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
    """Read what the report needs, and build it."""
    at = study.at
    counts = study.store.cases.counts
    queries = study.store.cases.queries
    case_counts = counts.count_by_outcome()
    if not case_counts:
        remedy = f"import them: survey sample import {study.path} cases.csv"
        raise UserError(study.where, "there are no cases yet", remedy)

    day_began = find_midnight(at, lambda time: time.astimezone(zone))
    # A supervisor's account may replace many stored numbers by their sum.
    may_fold = study.who.may(Action.CORRECT_OUTCOMES) and not study.store.read_only
    totals = counts.read_activity(fold_at=at if may_fold else None)
    activity = totals if start is None else _count_since(study, start.at)
    pace_since = at - timedelta(days=PACE_DAYS)
    recent = counts.read_recent_activity(pace_since, kind="completes")
    fill = study.store.cases.quotas.read_fill()
    target = find_interview_target(study)
    last_backup = study.store.maintenance.find_last_backup()
    paused = ""
    pause = read_pause(study.store)
    if pause is not None:
        paused = pause.describe(pause.since.astimezone(zone), at.astimezone(zone))
    at_work = {}
    help_calls: tuple[HelpCall, ...] = ()
    if study.who.may(Action.SEE_WHO_IS_AT_WORK):
        help_calls = load_help_calls(study, at)
        at_work = {person.login: person for person in load_people_at_work(study, at)}

    # The name of an activity is a tuple: its kind, and what else it is counted by.
    status_input = status_report.StatusInput(
        at=at,
        day_began=day_began,
        since=start.at if start is not None else None,
        case_counts=case_counts,
        activity=activity,
        today=counts.read_recent_activity(day_began),
        completes={quarter: numbers["completes",] for quarter, numbers in recent.items()},
        completes_by_cell=study.store.cases.quotas.count_taken(pace_since),
        last_entries=queries.list_last_entries(),
        at_work=at_work,
        help_calls=help_calls,
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
        paused=paused,
        held_places=_find_held_places(study, fill, zone),
        rules_changed=_find_rules_change(study, zone),
        withdrawn=_list_withdrawn(study, case_counts),
    )

    instrument = study.instrument
    title = render_placeholders(str(instrument.title.get(instrument.language)))
    period = f"since {start.text}" if start is not None else "since the beginning"
    status = status_report.build_fieldwork_status(
        status_input,
        study.plan,
        study.people,
        study.who,
        study=(instrument.id, title),
        as_of=describe_now(at, zone).text,
        period=period,
    )
    in_use = describe_files(study.path, study.where, people=people)
    future = tuple(list_future_entries(study.store, at))
    return replace(status, in_use=in_use, future=future)


def _count_listed(study: OpenStudy) -> int:
    """Count the entries of the do-not-call list; 0 if this account may not read it."""
    with suppress(StoreError):
        return study.do_not_call.count()
    return 0


def _list_withdrawn(
    study: OpenStudy, case_counts: Sequence[tuple[str, str, str, int]]
) -> list[str]:
    """List the cases that withdrew consent and still have a name, a number or an answer.

    Interviewers don't see them.
    """
    if not study.who.may(Action.ERASE):
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
        case = Case.from_history(key, history)
        for (_, name), number in count_activity(case, study.plan, since=since).items():
            activity[name] += number
    return activity


def find_interview_target(study: StudyRecords) -> InterviewTarget:
    """Return the number of interviews to conduct, and where it comes from.

    It is the study's target; else the most that its hard quotas allow; else the total of its soft
    quotas; else the size of the population, all of which is to be interviewed; else None. Nothing
    that was done in the field changes it.
    """
    stated = study.instrument.document.study
    if stated.target:
        return InterviewTarget(stated.target, "study.target")

    for soft in (False, True):
        limit = study.plan.quotas.find_limit(soft=soft)
        if limit is not None:
            source = f"{pluralize(len(limit.quotas), 'quota')} {join_words(limit.quotas)}"
            return InterviewTarget(limit.interviews, source)

    if stated.size:
        return InterviewTarget(stated.size, "study.size")
    return InterviewTarget(None, "")


def _build_appointment_line(
    row: CaseRow, at: datetime, zone: tzinfo | None
) -> status_report.AppointmentLine:
    position = row.position
    starts = position.promised_at or at
    ends = position.promised_until or at
    criteria = parse_criteria(position.bucket) if position.bucket else ClaimCriteria()

    respondent_zone = ""
    respondent_time = ""
    if criteria.zones:
        respondent_zone = criteria.zones[0]
        wall = to_wall_time(respondent_zone, starts)
        respondent_time = f"{format_short_day(wall.date())} {wall:%H:%M}"

    state: status_report.DueState = "later"
    if ends < at:
        state = "missed"
    elif starts <= at:
        state = "due"
    elif starts.astimezone(zone).date() == at.astimezone(zone).date():
        state = "today"
    return status_report.AppointmentLine(
        row.key,
        state,
        starts.astimezone(zone),
        ends.astimezone(zone),
        respondent_time,
        respondent_zone,
        position.owner,
        criteria.language,
        row.seq,
    )


def _iterate_lease_lines(
    study: OpenStudy, zone: tzinfo | None
) -> Iterator[status_report.LeaseLine]:
    """Yield the cases at stations."""
    queries = study.store.cases.queries
    for row in queries.list_leased_rows():
        holder = row.holder
        if holder is None:
            continue
        since = None
        for entry in queries.read_history(row.key):
            if isinstance(entry.event, events.CaseClaimed):
                since = entry.at.astimezone(zone)
        until = holder.until.astimezone(zone)
        yield status_report.LeaseLine(row.key, holder.by, holder.station, since, until, row.seq)


def _iterate_held_lines(
    study: OpenStudy, zone: tzinfo | None
) -> Iterator[status_report.HeldCaseLine]:
    """Yield the cases that wait for a supervisor. Notes are for supervisors."""
    queries = study.store.cases.queries
    shows_notes = study.who.may(Action.SEE_CONTACTS)
    for row in queries.iterate_rows(status="held"):
        note = find_last_note(queries.read_history(row.key)) if shows_notes else ""
        reason = str(row.position.reason.words)
        updated_at = row.updated_at.astimezone(zone)
        yield status_report.HeldCaseLine(row.key, reason, note, updated_at)


def _find_held_places(
    study: OpenStudy, fill: Mapping[str, CellFill], zone: tzinfo | None
) -> status_report.HeldPlaces | None:
    """Find the places of suspended interviews that close cells; None if there are none."""
    quotas = study.plan.quotas
    # Cells that would be open without the places of interviews that aren't complete yet.
    closed_by_held = quotas.list_full_cells(fill) - quotas.list_reached_cells(fill)
    if not closed_by_held:
        return None

    queries = study.store.cases.queries
    cells_by_case: dict[str, list[str]] = {}
    for place in queries.list_held_places(study.at):
        if place.cell in closed_by_held and not place.at_station:
            cells_by_case.setdefault(place.case, []).append(place.cell)

    places = 0
    left_times = []
    release_times = []
    for key, cells in cells_by_case.items():
        case = Case.from_history(key, queries.read_history(key))
        released_at = find_release_time(case, study.plan)
        if case.interview_left_at is not None and released_at is not None:
            places += len(cells)
            left_times.append(case.interview_left_at.astimezone(zone))
            release_times.append(released_at.astimezone(zone))
    if not left_times:
        return None
    return status_report.HeldPlaces(places, min(left_times), min(release_times), max(release_times))


def _find_rules_change(study: OpenStudy, zone: tzinfo | None) -> date | None:
    """Return when a newer edition of the rules derived the queue again; None if not lately."""
    changed_at = find_rules_change(study.store)
    if changed_at is None or study.at - changed_at > RULES_CHANGE_SHOWN:
        return None
    return changed_at.astimezone(zone).date()


def find_last_note(history: Sequence[events.HistoryEntry]) -> str:
    """Return the last note on a case, of a call or of its own; empty if there isn't one."""
    for entry in reversed(history):
        match entry.event:
            case events.CaseNoteWritten(text=text) if text:
                return text
            case events.OutcomeRecorded(note=text) | events.OutcomeOverridden(note=text) if text:
                return text
    return ""
