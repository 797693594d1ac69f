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
from survey_cli.table import build_row

COMPARED_SETTING: Final = "interviews compared with cases"
"""The setting that says that every finished interview was once compared with its case."""


def reconcile(store: Store, plan: Plan, at: datetime) -> Iterator[str]:
    """Give cases the outcome of their finished interviews where they lack it; yields a sentence for each. All of them are
    looked at once in a database's life, later only those that a station still has. Raises StoreError.
    """
    cases = store.cases
    whole = store.settings.read(COMPARED_SETTING) is None
    found = [
        row
        for id in cases.queries.list_closed_interviews(leased=not whole)
        if (row := store.interviews.find_row(id)) is not None
    ]
    for row in found:
        if done := _record(store, plan, row, at):
            yield done
    if whole:
        with suppress(StoreError):  # who may not write settings leaves that to whoever may
            cases.follow_up_tasks.add(_iterate_erase_tasks(store, plan))
            store.settings.write(COMPARED_SETTING, at.isoformat())


def _iterate_erase_tasks(store: Store, plan: Plan) -> Iterator[str]:
    """The tasks for interviews whose respondent withdrew consent and of which answers, or their count, are left."""
    for row in store.interviews.list_rows(origin="real"):
        outcome = plan.outcomes.get(row.outcome)
        withdrawn = outcome is not None and outcome.kind == WITHDRAWN
        if withdrawn and row.case and has_answers(store, row):
            yield from build_follow_up_tasks(plan.outcomes[WITHDRAWN], row.case, sampled=False)


def reconcile_lapsed(store: Store, plan: Plan, keys: Iterable[str], at: datetime) -> None:
    """The same for cases whose lease has just run out. Nobody is left to finish their interviews: one that stood at the
    text of an `end` has ended so, and one that was suspended with an outcome is called again. Raises StoreError.
    """
    for key in keys:
        last = max(store.interviews.list_rows(case=key, origin="real"), key=lambda row: row.number, default=None)
        if last is not None and (last.outcome or last.status == "open"):
            _record(store, plan, last, at)


def reconcile_returned(store: Store, plan: Plan, key: str, at: datetime) -> str:
    """The same for a case to which its station comes back after being cut off, where the `end` has a final outcome; what
    was recorded, in words. Raises StoreError.
    """
    last = max(store.interviews.list_rows(case=key, origin="real"), key=lambda row: row.number, default=None)
    interview = _replay(store, last) if last is not None and last.status == "open" else None
    if last is None or interview is None:
        return ""
    closed, _ = _end_at_closing_text(interview, plan)
    if closed.status != "ended" or not _record(store, plan, last, at):
        return ""
    return (
        f"{key}: ended as {plan.outcomes[closed.outcome].name.lower()}; its closing words were on the screen "
        "when this station was cut off"
    )


def find_disagreements(store: Store) -> Iterator[str]:
    """A sentence for each finished interview whose case does not hold its outcome. Raises StoreError."""
    for id in store.cases.queries.list_closed_interviews(leased=False):
        row = store.interviews.find_row(id)
        if row is not None and _lacks_outcome(store.cases.queries.read_history(row.case), row):
            yield (
                f"case {row.case}: its interview {row.id[:8]} is finished ({row.outcome}), and the case does not say so "
                "— opening the study for writing (survey status FILE) records it"
            )


def _lacks_outcome(history: Sequence[HistoryEntry], row: InterviewRow) -> bool:
    """Whether the history of a case lacks the outcome that its newest interview came to. What a supervisor ruled since,
    and a correction that changed no outcome, stand.
    """
    begun = [n for n, e in enumerate(history) if e.event == InterviewOpened(row.id)]
    since = [entry.event for entry in history[begun[-1] if begun else 0 :]]
    if any(isinstance(event, OutcomeOverridden | CaseReopened | CaseErased) for event in since):
        return False
    case = Case.from_history(row.case, history)
    if row.outcome == WITHDRAWN and case.do_not_call:
        return False
    if any(isinstance(e, OutcomeRecorded) and (e.outcome == row.outcome or row.status == "suspended") for e in since):
        return False
    before = any(isinstance(e.event, OutcomeRecorded) and e.event.outcome == row.outcome for e in history)
    return not (before and CaseReturned("given back") in since)


def _record(store: Store, plan: Plan, row: InterviewRow, at: datetime) -> str:
    """Write the outcome to the case, dated at the interview's end and signed by its interviewer; what was done, in words.
    Empty where nothing was lacking, or another station is calling the case now.
    """
    history = store.cases.queries.read_history(row.case)
    case_row = store.cases.queries.find_row(row.case)
    begun = [n for n, e in enumerate(history) if e.event == InterviewOpened(row.id)]
    after = history[begun[-1] :] if begun else history
    if case_row is None or (case_row.holder is not None and any(isinstance(e.event, CaseClaimed) for e in after[1:])):
        return ""
    if row.status != "open" and not _lacks_outcome(history, row):
        return ""
    interview = _replay(store, row)
    if interview is None:
        return ""
    interview, added = _end_at_closing_text(interview, plan) if row.status == "open" else (interview, ())
    outcome = plan.outcomes.get(interview.outcome) or build_outcome_table(interview.instrument).get(interview.outcome)
    if outcome is None:
        return ""
    if interview.status == "suspended" and plan.delays.get(outcome.id) == "appointment":
        outcome = plan.outcomes["callback"]
    update = _build_update(history, interview, outcome, row, plan, at)
    if not added:
        written: object = store.cases.update(update)
    else:
        written = store.interviews.append(
            JournalUpdate(
                row.id,
                row.last_seq + 1,
                added,
                status=interview.status,
                at_item=str(interview.place or ""),
                answered=interview.answer_count,
                outcome=interview.outcome,
                case=update,
                snapshot=Snapshot(interview.seq, str(RULES_VERSION), build_row(interview)),
                instrument=row.instrument,
            )
        )
    if written is not None:
        return ""
    ended = f"{row.updated_at:%d %b %H:%M} UTC ({outcome.name.lower()})"
    return f"case {row.case}: its interview ended on {ended}, and the case did not say so: it is recorded now"


def _replay(store: Store, row: InterviewRow) -> Interview | None:
    """The interview; None where it cannot be followed, which `survey db verify` tells."""
    instrument = rebuild_if_readable(store.data.find_instrument_texts(row.instrument), row.instrument)
    if instrument is None:
        return None
    try:
        return Interview.replay(instrument, store.interviews.read_journal(row.id))
    except ValueError:
        return None


def _end_at_closing_text(interview: Interview, plan: Plan) -> tuple[Interview, tuple[InterviewEvent, ...]]:
    """An open interview that stood at the text of an `end`, with the events that close it there; none elsewhere."""
    if not interview.is_at_end:
        return interview, ()
    stamp = interview.events[-1].stamp
    read = prompts.parse_reply(interview, "", stamp)
    after = read if isinstance(read, Rejection) else interview.step(read)
    if isinstance(read, Rejection) or isinstance(after, Rejection):
        return interview, ()
    outcome = plan.outcomes.get(after.ending)
    end = (InterviewSuspended if outcome is not None and outcome.temporary else InterviewEnded)(stamp, after.ending)
    closed = after.step(end)
    return (closed, (read, end)) if not isinstance(closed, Rejection) else (interview, ())


def _build_update(
    history: Sequence[HistoryEntry], interview: Interview, outcome: Outcome, row: InterviewRow, plan: Plan, at: datetime
) -> CaseUpdate:
    """What the case receives."""
    case = Case.from_history(row.case, history)
    events = (
        *derive_interview_events(interview, outcome, plan, number=_find_dialed_number(history, case)),
        AttemptClosed(),
    )
    moment, station = max(row.updated_at, history[-1].at), interview.events[-1].stamp.station
    entries = [
        HistoryEntry(moment, row.by, station, event, f"{row.id}:{row.last_seq}:{number}")
        for number, event in enumerate(events)
    ]
    for entry in entries:
        case = case.apply(entry)
    stands = schedule_case(case, plan, max(at, moment))
    cells_taken = select_quota_cells(case, plan, stands, interview)
    return CaseUpdate(
        row.case,
        len(history),
        entries,
        stands,
        force=True,
        release=True,
        interview=row.id if cells_taken is not None else "",
        cells=cells_taken or (),
        follow_up_tasks=build_follow_up_tasks(outcome, row.case),
    )


def _find_dialed_number(history: Sequence[HistoryEntry], case: Case) -> int:
    """The telephone number that was dialed for the interview; where none was, the one that a station shows, as it writes
    that too.
    """
    for entry in reversed(history):
        if isinstance(entry.event, NumberDialed):
            return entry.event.number
        if isinstance(entry.event, OutcomeRecorded | CaseClaimed):
            break
    return case.next_number.position if case.next_number is not None else 0
