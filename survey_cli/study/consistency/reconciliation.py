"""Agreement between interviews and their cases: a finished interview's case holds its outcome.

Both are written in one transaction. Databases of earlier versions, which wrote them in two, are brought into agreement
when the study is opened; `survey verify` reports what disagrees all the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from survey_cli.engine import prompts
from survey_cli.engine.events import Ended, Event, Rejection, Suspended
from survey_cli.engine.interview import VERSION, Interview
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import (
    Called,
    Claimed,
    Closed,
    Corrected,
    Dialled,
    Entry,
    Erased,
    Interviewing,
    Reopened,
    Returned,
)
from survey_cli.fieldwork.plan.known_outcomes import outcome_table
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.rules import standing
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.outcomes import WITHDRAWN, Outcome
from survey_cli.store import InterviewRow, Snapshot, Store, StoreError
from survey_cli.store.cases.case_records import CaseUpdate
from survey_cli.study.consistency.follow_up import tasks_after
from survey_cli.study.consistency.interview_outcomes import (
    interview_events,
    settled_cells,
)
from survey_cli.study.consistency.person_erasure import has_answers
from survey_cli.table import cells

COMPARED: Final = "interviews compared with cases"
"""The setting that says that every finished interview was once compared with its case."""


def reconcile(store: Store, plan: Plan, at: datetime) -> Iterator[str]:
    """Give cases the outcome of their finished interviews where they lack it; yields a sentence for each. All of them are
    looked at once in a database's life, later only those that a station still has. Raises StoreError."""
    cases = store.cases
    whole = cases.setting(COMPARED) is None
    found = [
        row for id in cases.closed_interviews(leased=not whole) if (row := store.interview(id)) is not None
    ]
    for row in found:
        if done := _record(store, plan, row, at):
            yield done
    if whole:
        with suppress(StoreError):  # who may not write settings leaves that to whoever may
            cases.owe(_unerased(store, plan))
            cases.keep_setting(COMPARED, at.isoformat())


def _unerased(store: Store, plan: Plan) -> Iterator[str]:
    """The tasks for interviews whose respondent withdrew consent and of which answers, or their count, are left."""
    for row in store.interviews(origin="real"):
        outcome = plan.outcomes.get(row.outcome)
        withdrawn = outcome is not None and outcome.kind == WITHDRAWN
        if withdrawn and row.case and has_answers(store, row):
            yield from tasks_after(plan.outcomes[WITHDRAWN], row.case, sampled=False)


def reconcile_lapsed(store: Store, plan: Plan, keys: Iterable[str], at: datetime) -> None:
    """The same for cases whose lease has just run out. Nobody is left to finish their interviews: one that stood at the
    text of an `end` has ended so, and one that was suspended with an outcome is called again. Raises StoreError."""
    for key in keys:
        last = max(store.interviews(case=key, origin="real"), key=lambda row: row.number, default=None)
        if last is not None and (last.outcome or last.status == "open"):
            _record(store, plan, last, at)


def reconcile_returned(store: Store, plan: Plan, key: str, at: datetime) -> str:
    """The same for a case to which its station comes back after being cut off, where the `end` has a final outcome; what
    was recorded, in words. Raises StoreError."""
    last = max(store.interviews(case=key, origin="real"), key=lambda row: row.number, default=None)
    interview = _replayed(store, last) if last is not None and last.status == "open" else None
    if last is None or interview is None:
        return ""
    closed, _ = _ended(interview, plan)
    if closed.status != "ended" or not _record(store, plan, last, at):
        return ""
    return (
        f"{key}: ended as {plan.outcomes[closed.outcome].name.lower()}; its closing words were on the screen "
        "when this station was cut off"
    )


def disagreements(store: Store) -> Iterator[str]:
    """A sentence for each finished interview whose case does not hold its outcome. Raises StoreError."""
    for id in store.cases.closed_interviews(leased=False):
        row = store.interview(id)
        if row is not None and _lacks(store.cases.history(row.case), row):
            yield (
                f"case {row.case}: its interview {row.id[:8]} is finished ({row.outcome}), and the case does not say so "
                "— opening the study for writing (survey status FILE) records it"
            )


def _lacks(history: Sequence[Entry], row: InterviewRow) -> bool:
    """Whether the history of a case lacks the outcome that its newest interview came to. What a supervisor ruled since,
    and a correction that changed no outcome, stand."""
    begun = [n for n, e in enumerate(history) if e.event == Interviewing(row.id)]
    since = [entry.event for entry in history[begun[-1] if begun else 0 :]]
    if any(isinstance(event, Corrected | Reopened | Erased) for event in since):
        return False
    case = Case.of(row.case, history)
    if row.outcome == WITHDRAWN and case.blocked:
        return False
    if any(isinstance(e, Called) and (e.outcome == row.outcome or row.status == "suspended") for e in since):
        return False
    before = any(isinstance(e.event, Called) and e.event.outcome == row.outcome for e in history)
    return not (before and Returned("given back") in since)


def _record(store: Store, plan: Plan, row: InterviewRow, at: datetime) -> str:
    """Write the outcome to the case, dated at the interview's end and signed by its interviewer; what was done, in words.
    Empty where nothing was lacking, or another station is calling the case now."""
    history = store.cases.history(row.case)
    case_row = store.cases.row(row.case)
    begun = [n for n, e in enumerate(history) if e.event == Interviewing(row.id)]
    after = history[begun[-1] :] if begun else history
    if case_row is None or (
        case_row.held is not None and any(isinstance(e.event, Claimed) for e in after[1:])
    ):
        return ""
    if row.status != "open" and not _lacks(history, row):
        return ""
    interview = _replayed(store, row)
    if interview is None:
        return ""
    interview, added = _ended(interview, plan) if row.status == "open" else (interview, ())
    outcome = plan.outcomes.get(interview.outcome) or outcome_table(interview.instrument).get(
        interview.outcome
    )
    if outcome is None:
        return ""
    if interview.status == "suspended" and plan.delays.get(outcome.id) == "appointment":
        outcome = plan.outcomes["callback"]
    update = _update(history, interview, outcome, row, plan, at)
    if not added:
        written: object = store.cases.update(update)
    else:
        written = store.append(
            row.id,
            seq=row.last_seq + 1,
            event=added[0],
            then=added[1:],
            status=interview.status,
            at_item=str(interview.place or ""),
            answered=interview.answered,
            outcome=interview.outcome,
            case=update,
            snapshot=Snapshot(interview.seq, str(VERSION), cells(interview)),
            instrument=row.instrument,
        )
    if written is not None:
        return ""
    ended = f"{row.updated_at:%d %b %H:%M} UTC ({outcome.name.lower()})"
    return f"case {row.case}: its interview ended on {ended}, and the case did not say so: it is recorded now"


def _replayed(store: Store, row: InterviewRow) -> Interview | None:
    """The interview; None where it cannot be followed, which `survey verify` tells."""
    texts = store.instrument_texts(row.instrument)
    instrument = rebuild_instrument(texts, row.instrument) if texts is not None else None
    if not isinstance(instrument, Instrument):
        return None
    try:
        return Interview.replay(instrument, store.journal(row.id))
    except ValueError:
        return None


def _ended(interview: Interview, plan: Plan) -> tuple[Interview, tuple[Event, ...]]:
    """An open interview that stood at the text of an `end`, with the events that close it there; none elsewhere."""
    if not interview.at_end:
        return interview, ()
    stamp = interview.events[-1].stamp
    read = prompts.entry(interview, "", stamp)
    after = read if isinstance(read, Rejection) else interview.step(read)
    if isinstance(read, Rejection) or isinstance(after, Rejection):
        return interview, ()
    outcome = plan.outcomes.get(after.ending)
    end = (Suspended if outcome is not None and outcome.temporary else Ended)(stamp, after.ending)
    closed = after.step(end)
    return (closed, (read, end)) if not isinstance(closed, Rejection) else (interview, ())


def _update(
    history: Sequence[Entry],
    interview: Interview,
    outcome: Outcome,
    row: InterviewRow,
    plan: Plan,
    at: datetime,
) -> CaseUpdate:
    """What the case receives."""
    case = Case.of(row.case, history)
    events = (*interview_events(interview, outcome, plan, number=_number(history, case)), Closed())
    moment, station = max(row.updated_at, history[-1].at), interview.events[-1].stamp.station
    entries = [
        Entry(moment, row.by, station, event, f"{row.id}:{row.last_seq}:{number}")
        for number, event in enumerate(events)
    ]
    for entry in entries:
        case = case.after(entry)
    stands = standing(case, plan, max(at, moment))
    cells_taken = settled_cells(case, plan, stands, interview)
    return CaseUpdate(
        row.case,
        len(history),
        entries,
        stands,
        force=True,
        release=True,
        interview=row.id if cells_taken is not None else "",
        cells=cells_taken or (),
        owed=tasks_after(outcome, row.case),
    )


def _number(history: Sequence[Entry], case: Case) -> int:
    """The telephone number that was dialed for the interview; where none was, the one that a station shows, as it writes
    that too."""
    for entry in reversed(history):
        if isinstance(entry.event, Dialled):
            return entry.event.number
        if isinstance(entry.event, Called | Claimed):
            break
    return case.next_number.position if case.next_number is not None else 0
