"""Upkeep of a study: reconciles interviews with cases, and keeps the queue up to date.

A finished interview and the outcome of its case are written in one transaction. Databases of
earlier versions, which wrote them in two, are reconciled when the study is opened; `survey db
verify` reports any remaining disagreement.

- `rebuild_queue` runs when a study is opened. It begins with `repair`, which reconciles, and then
  schedules all cases if the plan has changed.
- `refresh_queue` runs before claims. It schedules only the cases to which something has happened
  without a station: an expired lease, a quota place that lapsed, a time that has come.
- `end_expired_leases` is the part of it that finishes the calls of stations that stopped:
  `reconcile_lapsed` records interviews that had nothing left to ask, `record_lost_call` the rest.
- `reconcile_returned` does the same if the station itself comes back to its case.
- `update_positions` schedules the given cases again, for all of these.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from survey_cli.engine import prompts
from survey_cli.engine.events import InterviewEnded, InterviewEvent, InterviewSuspended
from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_waiting_interview, is_known_eligible
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseReturned,
    HistoryEntry,
    OutcomeRecorded,
)
from survey_cli.fieldwork.plan.outcome_table import build_outcome_table
from survey_cli.fieldwork.plan.plan import QUEUE_RULES_EDITION, Plan
from survey_cli.fieldwork.queue.quota_holds import keeps_places
from survey_cli.fieldwork.queue.scheduling import (
    QueuePosition,
    has_time_left,
    parse_criteria,
    schedule_case,
)
from survey_cli.instrument.open_instrument import rebuild_if_readable
from survey_cli.outcomes import LOST, WITHDRAWN, Outcome
from survey_cli.problems import StoreError
from survey_cli.store import InterviewRow, JournalUpdate, Store
from survey_cli.store.cases.case_records import CaseUpdate
from survey_cli.study.consistency import interview_outcomes
from survey_cli.study.consistency.person_erasure import has_answers, scrub_database
from survey_cli.study.open_study import OpenStudy

COMPARED_SETTING: Final = "interviews compared with cases"
"""The setting that says that every finished interview was once compared with its case."""


def reconcile(store: Store, plan: Plan, at: datetime) -> Iterator[str]:
    """Record the outcomes of finished interviews whose cases lack them; yields a sentence for each.

    All interviews are compared once in a database's life, afterwards only those of cases that a
    station has. Raises StoreError.
    """
    cases = store.cases
    compare_all = store.settings.read(COMPARED_SETTING) is None
    for interview in list(cases.queries.list_closed_interviews(leased=not compare_all)):
        row = store.interviews.find_row(interview)
        if row is None:
            continue
        sentence = _record_outcome(store, plan, row, at)
        if sentence is not None:
            yield sentence
    if compare_all:
        # an account that may not write settings leaves it to one that may
        with suppress(StoreError):
            store.settings.add_tasks(_iterate_erase_tasks(store, plan))
            store.settings.write(COMPARED_SETTING, at.isoformat())


def _iterate_erase_tasks(store: Store, plan: Plan) -> Iterator[str]:
    """Yield tasks for interviews with withdrawn consent that still have answers or a count."""
    for row in store.interviews.list_rows(origin="real"):
        outcome = plan.outcomes.get(row.outcome)
        withdrawn = outcome is not None and outcome.kind == WITHDRAWN
        if withdrawn and row.case and has_answers(store, row):
            yield from interview_outcomes.build_follow_up_tasks(
                plan.outcomes[WITHDRAWN], row.case, sampled=False
            )


def reconcile_lapsed(store: Store, plan: Plan, keys: Iterable[str], at: datetime) -> None:
    """Record the outcomes of the interviews of cases whose lease ends, and release the cases.

    Nobody is left to finish these interviews: one that was at the text of an `end` item or at its
    closing review has ended there, and the case of one that was suspended with an outcome is called
    again. The outcome belongs to the attempt in which the interview was conducted; a later attempt,
    in which it was not resumed, has no part in it. What is still open then was lost with the
    station: see `record_lost_call`. Raises StoreError.
    """
    for key in keys:
        last = store.interviews.find_last(key)
        if last is not None and (last.outcome or last.status == "open"):
            _record_outcome(store, plan, last, at)


def record_lost_call(store: Store, plan: Plan, key: str, at: datetime, *, if_expired: bool) -> None:
    """Record the outcome `lost` for the open call of a case whose station stopped.

    A number was dialed, or an interview was open, and no outcome was keyed. The outcome is dated at
    the last thing that was stored of the call, and has the names of the person and the station that
    made it. How far the interview came decides its code. With `if_expired` the lease ends with it,
    unless the station has renewed it since; otherwise the caller ends it. Raises StoreError.
    """
    row = store.cases.queries.find_row(key)
    if row is None or row.holder is None:
        return
    history = store.cases.queries.read_history(key)
    case = Case.from_history(key, history)
    attempt = case.open_attempt
    if attempt is None or not (attempt.dialed or case.interview_open):
        return

    ended_at = history[-1].at
    code = ""
    eligible = False
    last = store.interviews.find_last(key)
    if case.interview_open and last is not None:
        interview = replay_stored(store, last)
        if interview is not None:
            ended_at = max(ended_at, last.updated_at)
            progress = interview_outcomes.measure_progress(interview)
            code = code_waiting_interview(progress, plan)
            eligible = is_known_eligible(progress, plan)

    call = OutcomeRecorded(
        outcome=LOST,
        number=attempt.dialed or _find_dialed_number(history, case),
        code=code,
        eligible=eligible,
        person=case.interview_open,
        interrupted=case.has_unfinished_interview,
    )
    entries = [HistoryEntry(ended_at, attempt.by, attempt.station, call)]
    if if_expired:
        lapsed_at = max(ended_at, row.holder.until)
        entries.append(HistoryEntry(lapsed_at, attempt.by, attempt.station, CaseReturned("lapsed")))
    position = schedule_case(_apply_all(case, entries), plan, max(at, ended_at))
    update = CaseUpdate(
        key,
        len(history),
        entries,
        position,
        force=True,
        release=if_expired,
        if_expired_at=at if if_expired else None,
    )
    # refused if the station came back, or another program records it now
    store.cases.update(update)


def _apply_all(case: Case, entries: Iterable[HistoryEntry]) -> Case:
    """Return the case after these events."""
    for entry in entries:
        case = case.apply(entry)
    return case


def reconcile_returned(store: Store, plan: Plan, key: str, at: datetime) -> str:
    """Record the outcome of the open interview of a case whose station returns after being cut off.

    This applies if the interview was at the text of an `end` item with a final outcome, or at its
    closing review. Returns a sentence that says what was recorded; empty if nothing was. Raises
    StoreError.
    """
    last = store.interviews.find_last(key)
    if last is None or last.status != "open":
        return ""
    interview = replay_stored(store, last)
    if interview is None:
        return ""
    closed, _ = _close_if_answered(store, plan, last, interview, at)
    if closed.status != "ended" or _record_outcome(store, plan, last, at) is None:
        return ""
    outcome = plan.outcomes[closed.outcome].name.lower()
    shown = "closing review was" if interview.is_answered else "closing words were"
    why = f"its {shown} on the screen when this station was interrupted"
    return f"{key}: recorded as {outcome}, because {why}"


def find_disagreements(store: Store) -> Iterator[str]:
    """Yield a sentence for each finished interview whose case lacks its outcome.

    Raises StoreError.
    """
    for interview in store.cases.queries.list_closed_interviews(leased=False):
        row = store.interviews.find_row(interview)
        if row is not None and _lacks_outcome(store.cases.queries.read_history(row.case), row):
            finished = f"its interview {row.id[:8]} is finished ({row.outcome})"
            what = f"{finished}, but its history lacks the outcome"
            yield f"case {row.case}: {what} — run survey status FILE to record it"


def _lacks_outcome(history: Sequence[HistoryEntry], row: InterviewRow) -> bool:
    """Return whether the history of a case lacks the outcome of its newest interview.

    A supervisor's later decision, and a correction that changed no outcome, are left as they are.
    """
    since = [entry.event for entry in _select_since_opening(history, row)]
    decisions = (case_events.OutcomeOverridden, case_events.CaseReopened, case_events.CaseErased)
    if any(isinstance(event, decisions) for event in since):
        return False
    case = Case.from_history(row.case, history)
    if row.outcome == WITHDRAWN and case.do_not_call:
        return False
    recorded_since = [event.outcome for event in since if isinstance(event, OutcomeRecorded)]
    if row.outcome in recorded_since:
        return False
    # whatever was keyed is the outcome of a suspended interview
    if recorded_since and row.status == "suspended":
        return False

    # a correction that changed no outcome: the case was given back without another call
    recorded = [entry.event for entry in history if isinstance(entry.event, OutcomeRecorded)]
    was_recorded_before = any(call.outcome == row.outcome for call in recorded)
    return not (was_recorded_before and case_events.CaseReturned("given back") in since)


def _select_since_opening(
    history: Sequence[HistoryEntry], row: InterviewRow
) -> Sequence[HistoryEntry]:
    """Return the history from the last opening of an interview on.

    All of it if it was never opened.
    """
    opening = case_events.InterviewOpened(row.id)
    last_opening = 0
    for index, entry in enumerate(history):
        if entry.event == opening:
            last_opening = index
    return history[last_opening:]


def _record_outcome(store: Store, plan: Plan, row: InterviewRow, at: datetime) -> str | None:
    """Add an interview's outcome to the history of its case, in the name of its interviewer.

    An open interview that had nothing left to ask is closed with it. Returns a sentence that says
    what was recorded; None if nothing was lacking, or another station is calling the case now.
    """
    history = store.cases.queries.read_history(row.case)
    case_row = store.cases.queries.find_row(row.case)
    if case_row is None:
        return None
    after_opening = _select_since_opening(history, row)[1:]
    was_claimed_since = any(isinstance(entry.event, CaseClaimed) for entry in after_opening)
    if case_row.holder is not None and was_claimed_since:
        return None
    if row.status != "open" and not _lacks_outcome(history, row):
        return None

    interview = replay_stored(store, row)
    if interview is None:
        return None
    closing_events: tuple[InterviewEvent, ...] = ()
    if row.status == "open":
        interview, closing_events = _close_if_answered(store, plan, row, interview, at)
    # an open interview that was not closed has no outcome
    outcome = _find_case_outcome(interview, plan)
    if outcome is None:
        return None

    update = _build_update(history, interview, outcome, row, plan, at)
    if not closing_events:
        conflict: object = store.cases.update(update)
    else:
        journal = JournalUpdate.from_interview(
            row.id, interview, closing_events, closed=True, case=update
        )
        conflict = store.interviews.append(journal)
    if conflict is not None:
        return None
    ended = f"{row.updated_at:%d %b %H:%M} UTC ({outcome.name.lower()})"
    return f"case {row.case}: its interview ended on {ended}, and the outcome is now in its history"


def _find_case_outcome(interview: Interview, plan: Plan) -> Outcome | None:
    """Return the outcome that an interview gives its case; None if it has none that is known."""
    outcome = plan.outcomes.get(interview.outcome)
    if outcome is None:
        # an outcome of an earlier version of the questionnaire
        outcome = build_outcome_table(interview.instrument).get(interview.outcome)
    if outcome is None:
        return None
    # nobody is left to agree on a time, and an appointment has no delay of its own
    if interview.status == "suspended" and plan.delays.get(outcome.id) == "appointment":
        return plan.outcomes["callback"]
    return outcome


def replay_stored(store: Store, row: InterviewRow) -> Interview | None:
    """Return the interview; None if it cannot be replayed, which `survey db verify` reports."""
    instrument = rebuild_if_readable(store.data.read_stored_text(row.instrument))
    if instrument is None:
        return None
    try:
        return Interview.replay(instrument, store.interviews.read_journal(row.id))
    except ValueError:
        return None


def _close_if_answered(
    store: Store, plan: Plan, row: InterviewRow, interview: Interview, at: datetime
) -> tuple[Interview, tuple[InterviewEvent, ...]]:
    """Return an open interview closed if nothing was left to ask, with the events that close it.

    This is so at the text of its `end` item and at its closing review. Otherwise, and if a quota
    cell of the respondent is full, it is returned unchanged, without events. Raises StoreError.
    """
    stamp = interview.last_stamp
    events: list[InterviewEvent] = []
    answered = interview
    if interview.is_at_end:
        reply = prompts.parse_reply(interview, "", stamp)
        if isinstance(reply, Rejection):
            return interview, ()
        stepped = interview.step(reply)
        if isinstance(stepped, Rejection):
            return interview, ()
        events.append(reply)
        answered = stepped
    elif not interview.is_answered or not _reserve_places(store, plan, row, interview, at):
        return interview, ()

    outcome = plan.outcomes.get(answered.ending)
    end: InterviewEvent = InterviewEnded(stamp, answered.ending)
    if outcome is not None and outcome.temporary:
        end = InterviewSuspended(stamp, answered.ending)
    closed = answered.step(end)
    if isinstance(closed, Rejection):
        return interview, ()
    return closed, (*events, end)


def _reserve_places(
    store: Store, plan: Plan, row: InterviewRow, interview: Interview, at: datetime
) -> bool:
    """Reserve the quota places of an answered interview; returns whether no cell was full.

    Raises StoreError.
    """
    reservations = interview_outcomes.QuotaReservations(store=store, plan=plan, clock=lambda: at)
    _, full_cell = reservations.reserve_cells(row.id, interview, frozenset())
    return not full_cell


def _build_update(
    history: Sequence[HistoryEntry],
    interview: Interview,
    outcome: Outcome,
    row: InterviewRow,
    plan: Plan,
    at: datetime,
) -> CaseUpdate:
    """Return the update that records the outcome in the case."""
    case = Case.from_history(row.case, history)
    number = _find_dialed_number(history, case)
    events = interview_outcomes.derive_interview_events(interview, outcome, plan, number=number)

    ended_at = max(row.updated_at, history[-1].at)
    station = interview.events[-1].stamp.station
    entries = []
    for index, event in enumerate((*events, AttemptClosed())):
        # with these keys, the same entries are never written twice
        key = f"{row.id}:{row.last_seq}:{index}"
        entries.append(HistoryEntry(ended_at, row.by, station, event, key))

    case = _apply_all(case, entries)
    position = schedule_case(case, plan, max(at, ended_at))
    return CaseUpdate(
        row.case,
        len(history),
        entries,
        position,
        force=True,
        release=True,
        places=interview_outcomes.select_places(case, plan, position, interview),
        follow_up_tasks=interview_outcomes.build_follow_up_tasks(outcome, row.case),
    )


def _find_dialed_number(history: Sequence[HistoryEntry], case: Case) -> int:
    """Return the position of the number dialed for the interview.

    If none was dialed it is that of the number a station shows, which a station would write too.
    """
    for entry in reversed(history):
        if isinstance(entry.event, case_events.NumberDialed):
            return entry.event.number
        if isinstance(entry.event, OutcomeRecorded | CaseClaimed):
            break
    number = case.next_number
    return 0 if number is None else number.position


def refresh_queue(store: Store, plan: Plan, at: datetime) -> None:
    """Put every case into the queue that belongs there at this time.

    These are cases

    - whose leases expired, or whose suspended interview gives back its quota places
    - that changed since they were scheduled, or were scheduled by the rules of an earlier version
    - that waited until now
    - for a part of the day that doesn't occur again before the study's end

    If there are very many of a kind, some are updated, and the next refresh continues. Raises
    StoreError.
    """
    cases = store.cases
    end_expired_leases(store, plan, at)
    release_lapsed_places(store, plan, at)

    # stale: an event came after the position was computed. The list is limited, and is read until
    # nothing is left
    stale = cases.queries.list_stale_rows()
    while stale:
        # other stations are updating them if none was written
        if not update_positions(store, plan, [row.key for row in stale], at):
            break
        stale = cases.queries.list_stale_rows()
    # outdated: the position was computed by the rules of an earlier version
    _update_outdated_positions(store, plan, at)
    cases.queue_due_cases(at)

    if plan.calendar.ends is None:
        return
    for head in cases.queries.list_queue_heads():
        if not has_time_left(parse_criteria(head.bucket), plan, at):
            ended = cases.queries.list_queue([head.bucket])
            update_positions(store, plan, [row.key for row in ended], at)


def end_expired_leases(store: Store, plan: Plan, at: datetime) -> None:
    """Record the outcomes of calls whose stations stopped, and end all expired leases.

    An interview that had nothing left to ask has its own outcome; any other call is lost. Raises
    StoreError.
    """
    expired = store.cases.queries.list_expired_leases(at)
    if expired:
        reconcile_lapsed(store, plan, expired, at)
        for key in expired:
            record_lost_call(store, plan, key, at, if_expired=True)
        store.cases.expire_leases(at)


def update_positions(store: Store, plan: Plan, keys: Iterable[str], at: datetime) -> int:
    """Schedule these cases again, unless stations have them.

    Returns how many. Raises StoreError.
    """
    histories = ((key, store.cases.queries.read_history(key)) for key in keys)
    return _schedule_histories(store, plan, histories, at)


def _schedule_histories(
    store: Store,
    plan: Plan,
    histories: Iterable[tuple[str, list[HistoryEntry]]],
    at: datetime,
    *,
    pause: Callable[[], None] | None = None,
) -> int:
    """Schedule the cases with these histories; returns how many positions were written.

    Interviews that no longer keep their quota places give them back: their case is done, or their
    respondent refused.
    """
    given_up: list[tuple[str, str, int]] = []

    # the store reads and writes positions in portions, so that a million are never in memory
    def iterate_positions() -> Iterator[tuple[str, int, QueuePosition]]:
        for key, history in histories:
            case = Case.from_history(key, history)
            position = schedule_case(case, plan, at)
            if case.interview and position.code != "1.1":
                is_kept = position.status != "done" and keeps_places(case, plan, at)
                if not is_kept:
                    given_up.append((key, case.interview, case.seq))
            yield key, case.seq, position

    count = store.cases.update_queue_positions(iterate_positions(), pause=pause)
    if plan.quotas.quotas:
        for key, interview, seq in given_up:
            store.cases.release_places(key, interview, seq)
    return count


def _update_outdated_positions(store: Store, plan: Plan, at: datetime) -> None:
    """Schedule cases again that a station of an earlier version has scheduled by its own rules.

    Raises StoreError.
    """
    outdated = store.cases.queries.list_outdated_rows()
    if not outdated:
        return
    # otherwise the whole queue is about to be built again, or an earlier version has just built it
    is_built = store.settings.read(PLAN_SETTING) == plan.fingerprint
    if is_built:
        update_positions(store, plan, (row.key for row in outdated), at)


def release_lapsed_places(store: Store, plan: Plan, at: datetime) -> None:
    """Give back the quota places of interviews left longer ago than the plan's `quota_hold`.

    Their cases are scheduled again: without a place, they wait while one of their cells is full.
    Raises StoreError.
    """
    if not plan.quotas.quotas:
        return
    released = set[str]()
    # a place can't lapse earlier than this time after it was received
    for place in store.cases.queries.list_held_places(at - plan.quota_hold):
        if place.at_station or place.case in released:
            continue
        history = store.cases.queries.read_history(place.case)
        case = Case.from_history(place.case, history)
        is_current = place.interview == case.interview
        if is_current and keeps_places(case, plan, at):
            continue
        if store.cases.release_places(place.case, place.interview, case.seq):
            released.add(place.case)
    if released:
        update_positions(store, plan, sorted(released), at)


PLAN_SETTING: Final = "plan"
"""The setting with the fingerprint of the plan by which the queue was built; with a start time
during a rebuild."""
RULES_SETTING: Final = "queue rules"
"""The setting with the edition of the rules by which the queue was built, and the time if an
earlier edition had built it before."""
REBUILD_TIMEOUT: Final = timedelta(minutes=15)
"""Time after which a rebuild that another process began counts as abandoned; a million cases take
some minutes."""


def repair(study: OpenStudy, at: datetime) -> None:
    """Reconcile interviews with cases, and do the open follow-up tasks.

    `study.repairs` receives a sentence for what was done and what could not be done; in a database
    opened for reading, for what would be done. Erased text is removed from the file's free pages
    only after the first comparison, because rewriting the file makes every station wait.
    """
    if study.store.read_only:
        study.repairs.extend(find_disagreements(study.store))
        study.repairs.extend(interview_outcomes.describe_open_tasks(study.store, study.instrument))
        return
    try:
        compared_before = study.store.settings.read(COMPARED_SETTING) is not None
        study.repairs.extend(reconcile(study.store, study.plan, at))
        study.repairs.extend(interview_outcomes.follow_up(study, "", at))
        if not compared_before and study.store.settings.read(COMPARED_SETTING) is not None:
            scrub_database(study.store)
    except StoreError as problem:
        what = f"{problem.what}: the case histories could not be reconciled"
        study.repairs.append(f"{what} — {problem.remedy}")


def rebuild_queue(
    study: OpenStudy,
    at: datetime,
    *,
    pause: Callable[[], None] | None = None,
    yielding: bool = False,
) -> int:
    """Repair the study, store its quota targets, and reschedule all cases if the plan has changed.

    With `yielding`, a rebuild that another process began within `REBUILD_TIMEOUT` is left to it,
    because every claim applies the rules once more. On a server it is left to supervisors. Returns
    the number of cases whose position was written. Raises StoreError.
    """
    repair(study, at)
    cases = study.store.cases
    cases.quotas.write_targets(
        {cell_id: cell.target for cell_id, cell in study.plan.quotas.cells.items()}
    )
    stored_plan = study.store.settings.read(PLAN_SETTING) or ""
    fingerprint, _, since = stored_plan.partition(" ")
    if fingerprint == study.plan.fingerprint:
        is_built = not since
        if is_built or (yielding and _is_recent(since, at)):
            return 0
    if not study.store.connector.supervises:
        return 0

    study.store.settings.write(PLAN_SETTING, f"{study.plan.fingerprint} {at.isoformat()}")
    count = _schedule_histories(
        study.store, study.plan, cases.queries.iterate_histories(), at, pause=pause
    )
    _record_rules(study.store, at, is_first=not fingerprint)
    study.store.settings.write(PLAN_SETTING, study.plan.fingerprint)
    return count


def _is_recent(since: str, at: datetime) -> bool:
    """Return whether a rebuild that began then may still go on."""
    return abs(at - datetime.fromisoformat(since)) < REBUILD_TIMEOUT


def derive_queue_again(study: OpenStudy, at: datetime) -> int:
    """Schedule all cases again from their histories, whether or not the plan has changed.

    It is the remedy if rows were altered from outside. Returns the number of cases whose position
    was written. Raises StoreError.
    """
    study.store.settings.write(PLAN_SETTING, "")
    return rebuild_queue(study, at)


def _record_rules(store: Store, at: datetime, *, is_first: bool) -> None:
    """Record the edition of the rules that just built the queue, and when it replaced another."""
    edition = str(QUEUE_RULES_EDITION)
    stored_rules = store.settings.read(RULES_SETTING) or ""
    stored_edition, _, _ = stored_rules.partition(" ")
    if stored_edition == edition:
        return
    changed_at = "" if is_first else at.isoformat()
    store.settings.write(RULES_SETTING, f"{edition} {changed_at}")


def find_rules_change(store: Store) -> datetime | None:
    """Return when the present rules replaced those of an earlier version.

    None if the queue was built by no others.
    """
    stored_rules = store.settings.read(RULES_SETTING) or ""
    _, _, changed_at = stored_rules.partition(" ")
    if not changed_at:
        return None
    return datetime.fromisoformat(changed_at)
