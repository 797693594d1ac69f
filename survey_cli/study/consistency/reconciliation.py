"""Reconciliation of interviews and cases: a finished interview's case has its outcome.

Both are written in one transaction. Databases of earlier versions, which wrote them in two, are reconciled when the
study is opened; `survey db verify` reports any remaining disagreement.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from survey_cli.engine import prompts
from survey_cli.engine.events import InterviewEnded, InterviewEvent, InterviewSuspended
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseErased,
    CaseReopened,
    CaseReturned,
    HistoryEntry,
    InterviewOpened,
    NumberDialed,
    OutcomeOverridden,
    OutcomeRecorded,
)
from survey_cli.fieldwork.plan.known_outcomes import build_outcome_table
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.open_instrument import rebuild_if_readable
from survey_cli.outcomes import WITHDRAWN, Outcome
from survey_cli.problems import StoreError
from survey_cli.store import InterviewRow, JournalUpdate, Snapshot, Store
from survey_cli.store.cases.case_records import CaseUpdate
from survey_cli.study.consistency.follow_up import build_follow_up_tasks
from survey_cli.study.consistency.interview_outcomes import derive_interview_events, select_quota_cells
from survey_cli.study.consistency.person_erasure import has_answers
from survey_cli.study.consistency.quota_reservations import QuotaReservations
from survey_cli.table.columns import build_row

COMPARED_SETTING: Final = "interviews compared with cases"
"""The setting that says that every finished interview was once compared with its case."""


def reconcile(store: Store, plan: Plan, at: datetime) -> Iterator[str]:
    """Record the outcomes of finished interviews whose cases lack them; yields a sentence for each.

    All interviews are compared once in a database's life, afterwards only those of cases that a station has. Raises
    StoreError.
    """
    cases = store.cases
    compare_all = store.settings.read(COMPARED_SETTING) is None
    rows = [
        row
        for interview in cases.queries.list_closed_interviews(leased=not compare_all)
        if (row := store.interviews.find_row(interview)) is not None
    ]
    for row in rows:
        if sentence := _record(store, plan, row, at):
            yield sentence
    if compare_all:
        with suppress(StoreError):  # an account that may not write settings leaves it to one that may
            cases.follow_up_tasks.add(_iterate_erase_tasks(store, plan))
            store.settings.write(COMPARED_SETTING, at.isoformat())


def _iterate_erase_tasks(store: Store, plan: Plan) -> Iterator[str]:
    """Yield tasks for interviews whose respondent withdrew consent and of which answers, or their count, are left."""
    for row in store.interviews.list_rows(origin="real"):
        outcome = plan.outcomes.get(row.outcome)
        withdrawn = outcome is not None and outcome.kind == WITHDRAWN
        if withdrawn and row.case and has_answers(store, row):
            yield from build_follow_up_tasks(plan.outcomes[WITHDRAWN], row.case, sampled=False)


def reconcile_lapsed(store: Store, plan: Plan, keys: Iterable[str], at: datetime) -> None:
    """Record the outcomes of the interviews of cases whose lease has just expired.

    Nobody is left to finish these interviews: one that was at the text of an `end` item or at its closing review has
    ended there, and the case of one that was suspended with an outcome is called again. Raises StoreError.
    """
    for key in keys:
        last = _find_last_interview(store, key)
        if last is not None and (last.outcome or last.status == "open"):
            _record(store, plan, last, at)


def reconcile_returned(store: Store, plan: Plan, key: str, at: datetime) -> str:
    """Record the outcome of the open interview of a case whose station returns after being cut off.

    This applies where the interview was at the text of an `end` item with a final outcome, or at its closing review.
    Returns a sentence that says what was recorded, empty where nothing was. Raises StoreError.
    """
    last = _find_last_interview(store, key)
    if last is None or last.status != "open" or (interview := _replay(store, last)) is None:
        return ""
    shown = "closing review was" if interview.is_answered else "closing words were"
    closed, _ = _end_where_answered(store, plan, last, interview, at)
    if closed.status != "ended" or not _record(store, plan, last, at):
        return ""
    return (
        f"{key}: recorded as {plan.outcomes[closed.outcome].name.lower()}, because its {shown} on the screen "
        "when this station was interrupted"
    )


def _find_last_interview(store: Store, key: str) -> InterviewRow | None:
    return max(store.interviews.list_rows(case=key, origin="real"), key=lambda row: row.number, default=None)


def find_disagreements(store: Store) -> Iterator[str]:
    """Yield a sentence for each finished interview whose case lacks its outcome. Raises StoreError."""
    for interview in store.cases.queries.list_closed_interviews(leased=False):
        row = store.interviews.find_row(interview)
        if row is not None and _lacks_outcome(store.cases.queries.read_history(row.case), row):
            yield (
                f"case {row.case}: its interview {row.id[:8]} is finished ({row.outcome}), but its history lacks the"
                " outcome — run survey status FILE to record it"
            )


def _lacks_outcome(history: Sequence[HistoryEntry], row: InterviewRow) -> bool:
    """Return whether the history of a case lacks the outcome of its newest interview.

    A supervisor's later decision, and a correction that changed no outcome, are left as they are.
    """
    since = [entry.event for entry in _select_since_opening(history, row)]
    if any(isinstance(event, OutcomeOverridden | CaseReopened | CaseErased) for event in since):
        return False
    case = Case.from_history(row.case, history)
    if row.outcome == WITHDRAWN and case.do_not_call:
        return False
    if any(isinstance(e, OutcomeRecorded) and (e.outcome == row.outcome or row.status == "suspended") for e in since):
        return False
    before = any(isinstance(e.event, OutcomeRecorded) and e.event.outcome == row.outcome for e in history)
    return not (before and CaseReturned("given back") in since)


def _select_since_opening(history: Sequence[HistoryEntry], row: InterviewRow) -> Sequence[HistoryEntry]:
    """Return the history from the last opening of an interview on; all of it where it was never opened."""
    openings = [index for index, entry in enumerate(history) if entry.event == InterviewOpened(row.id)]
    return history[openings[-1] if openings else 0 :]


def _record(store: Store, plan: Plan, row: InterviewRow, at: datetime) -> str:
    """Write the outcome to the case, with the time of the interview's end and its interviewer's name.

    Returns a sentence that says so; empty where nothing was lacking, or another station is calling the case now.
    """
    history = store.cases.queries.read_history(row.case)
    case_row = store.cases.queries.find_row(row.case)
    since = _select_since_opening(history, row)
    if case_row is None or (case_row.holder is not None and any(isinstance(e.event, CaseClaimed) for e in since[1:])):
        return ""
    if row.status != "open" and not _lacks_outcome(history, row):
        return ""
    interview = _replay(store, row)
    if interview is None:
        return ""
    closing_events: tuple[InterviewEvent, ...] = ()
    if row.status == "open":
        interview, closing_events = _end_where_answered(store, plan, row, interview, at)
    outcome = plan.outcomes.get(interview.outcome) or build_outcome_table(interview.instrument).get(interview.outcome)
    if outcome is None:
        return ""
    if interview.status == "suspended" and plan.delays.get(outcome.id) == "appointment":
        outcome = plan.outcomes["callback"]
    update = _build_update(history, interview, outcome, row, plan, at)
    if not closing_events:
        conflict: object = store.cases.update(update)
    else:
        conflict = store.interviews.append(
            JournalUpdate(
                row.id,
                row.last_seq + 1,
                closing_events,
                status=interview.status,
                at_item=str(interview.place or ""),
                answered=interview.answer_count,
                outcome=interview.outcome,
                case=update,
                snapshot=Snapshot(interview.seq, str(RULES_VERSION), build_row(interview)),
                instrument=row.instrument,
            )
        )
    if conflict is not None:
        return ""
    ended = f"{row.updated_at:%d %b %H:%M} UTC ({outcome.name.lower()})"
    return f"case {row.case}: its interview ended on {ended}, and the outcome is now in its history"


def _replay(store: Store, row: InterviewRow) -> Interview | None:
    """Return the interview; None where it cannot be replayed, which `survey db verify` reports."""
    instrument = rebuild_if_readable(store.data.find_instrument_texts(row.instrument), row.instrument)
    if instrument is None:
        return None
    try:
        return Interview.replay(instrument, store.interviews.read_journal(row.id))
    except ValueError:
        return None


def _end_where_answered(
    store: Store, plan: Plan, row: InterviewRow, interview: Interview, at: datetime
) -> tuple[Interview, tuple[InterviewEvent, ...]]:
    """Return an open interview closed where nothing was left to ask, with the events that do so.

    This is so at the text of its `end` item and at its closing review. Elsewhere, and where a quota cell of the
    respondent is full, it is returned unchanged, without events. Raises StoreError.
    """
    stamp, events, after = interview.last_stamp, list[InterviewEvent](), interview
    if interview.is_at_end:
        reply = prompts.parse_reply(interview, "", stamp)
        if isinstance(reply, Rejection) or isinstance(answered := interview.step(reply), Rejection):
            return interview, ()
        events, after = [reply], answered
    elif not interview.is_answered or _is_quota_full(store, plan, row, interview, at):
        return interview, ()
    outcome = plan.outcomes.get(after.ending)
    end = (InterviewSuspended if outcome is not None and outcome.temporary else InterviewEnded)(stamp, after.ending)
    closed = after.step(end)
    return (closed, (*events, end)) if not isinstance(closed, Rejection) else (interview, ())


def _is_quota_full(store: Store, plan: Plan, row: InterviewRow, interview: Interview, at: datetime) -> bool:
    """Return whether a quota cell of an answered interview is full, so that it has no place there. Raises StoreError."""
    _, full_cell = QuotaReservations(store=store, plan=plan, clock=lambda: at).reserve_cells(
        row.id, interview, frozenset()
    )
    return full_cell != ""


def _build_update(
    history: Sequence[HistoryEntry], interview: Interview, outcome: Outcome, row: InterviewRow, plan: Plan, at: datetime
) -> CaseUpdate:
    """Return the update that records the outcome in the case."""
    case = Case.from_history(row.case, history)
    events = (
        *derive_interview_events(interview, outcome, plan, number=_find_dialed_number(history, case)),
        AttemptClosed(),
    )
    ended_at, station = max(row.updated_at, history[-1].at), interview.events[-1].stamp.station
    entries = [
        HistoryEntry(ended_at, row.by, station, event, f"{row.id}:{row.last_seq}:{number}")
        for number, event in enumerate(events)
    ]
    for entry in entries:
        case = case.apply(entry)
    position = schedule_case(case, plan, max(at, ended_at))
    cells = select_quota_cells(case, plan, position, interview)
    return CaseUpdate(
        row.case,
        len(history),
        entries,
        position,
        force=True,
        release=True,
        interview=row.id if cells is not None else "",
        cells=cells or (),
        follow_up_tasks=build_follow_up_tasks(outcome, row.case),
    )


def _find_dialed_number(history: Sequence[HistoryEntry], case: Case) -> int:
    """Return the position of the number dialed for the interview.

    Where none was dialed it is that of the number a station shows, which a station would write too.
    """
    for entry in reversed(history):
        if isinstance(entry.event, NumberDialed):
            return entry.event.number
        if isinstance(entry.event, OutcomeRecorded | CaseClaimed):
            break
    return case.next_number.position if case.next_number is not None else 0
