"""Withdrawals of consent: which answers may be erased at once, and which wait for a supervisor.

An erasure can't be undone, so it follows from facts that only an entitled account can have written.
On a server, the server writes the account into each event. Whoever records a withdrawal in a call
may have erased what the same account has asked and never completed. A supervisor's correction
erases everything. All other answers are kept until a supervisor gives the command, which shows what
it will erase and asks.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from survey_cli.engine.events import InterviewEnded, InterviewStopped
from survey_cli.engine.machine import COMPLETE
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import (
    CaseClaimed,
    CaseErased,
    OutcomeOverridden,
    OutcomeRecorded,
    OutcomeRevoked,
)
from survey_cli.fieldwork.plan.outcome_table import build_outcome_table
from survey_cli.fieldwork.queue.reasons import ReasonKind
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import WITHDRAWN
from survey_cli.store import InterviewRow, Store
from survey_cli.study.consistency.person_erasure import (
    FINISH_REMEDY,
    ErasureResult,
    erase_answers,
    erase_person,
    has_answers,
    is_erased,
    list_person_interviews,
    scrub_database,
)
from survey_cli.study.open_study import OpenStudy

WAITING_MESSAGE: Final = (
    "case {key} withdrew consent: {what} for a supervisor — survey privacy erase FILE '{key}'"
    " erases the person, and another outcome (survey case outcome) keeps the answers"
)


class Withdrawal(NamedTuple):
    """A withdrawal of consent that is in force, and the interviews that still have answers."""

    key: str
    at_once: Sequence[InterviewRow]
    """Interviews whose answers may be erased without asking a supervisor."""
    waiting: Sequence[InterviewRow]
    """Interviews whose answers a supervisor may erase."""

    @property
    def message(self) -> str:
        """What waits, as a sentence for a supervisor."""
        complete = [row for row in self.waiting if row.outcome == COMPLETE]
        what = "a complete interview waits" if complete else "an interview waits"
        return WAITING_MESSAGE.format(key=self.key, what=what)


class _Record(NamedTuple):
    """Who recorded a withdrawal."""

    account: str
    by_supervisor: bool = False
    """Whether it is a correction, which interviewers' accounts can't write."""


class _History(NamedTuple):
    """What the history of a case says about consent."""

    record: _Record | None = None
    is_overruled: bool = False
    """Whether a supervisor has given the case another outcome since, or the interviewer revoked it
    at once."""


def find_withdrawal(store: Store, instrument: Instrument, key: str) -> Withdrawal | None:
    """Find the withdrawal of consent that is in force in a case.

    None if there isn't one. `key` may also be that of interviews whose case was not imported.
    Raises StoreError.
    """
    outcomes = _list_withdrawal_outcomes(instrument)
    history = _read_history(store, key, outcomes)
    if history.is_overruled:
        return None
    rows = list_person_interviews(store, key)
    records = [record for row in rows for record in _iterate_records(store, row, outcomes)]
    if history.record is not None:
        records.append(history.record)
    if not records:
        return None

    at_once: list[InterviewRow] = []
    waiting: list[InterviewRow] = []
    for row in rows:
        if not has_answers(store, row):
            continue
        if row.origin == "practice" or any(_may_erase(store, row, record) for record in records):
            at_once.append(row)
        else:
            waiting.append(row)
    return Withdrawal(key, at_once, waiting)


def is_own_withdrawal(store: Store, instrument: Instrument, key: str) -> bool:
    """Return whether this account has recorded the withdrawal that is in force in a case.

    Raises StoreError.
    """
    record = _read_history(store, key, _list_withdrawal_outcomes(instrument)).record
    return record is not None and record.account == store.account


def _list_withdrawal_outcomes(instrument: Instrument) -> frozenset[str]:
    """Return the outcomes that say that consent was withdrawn."""
    own = {
        outcome.id
        for outcome in build_outcome_table(instrument).values()
        if outcome.kind == WITHDRAWN
    }
    return frozenset(own | {WITHDRAWN})


def _iterate_records(
    store: Store, row: InterviewRow, outcomes: Collection[str]
) -> Iterator[_Record]:
    """Yield who ended an interview with a withdrawal."""
    journal = store.interviews.read_journal(row.id)
    for event, account in zip(journal, store.interviews.list_accounts(row.id), strict=True):
        if isinstance(event, InterviewEnded | InterviewStopped) and event.outcome in outcomes:
            yield _Record(account)


def _read_history(store: Store, key: str, outcomes: Collection[str]) -> _History:
    """Read who recorded a withdrawal in the history of a case, and whether it is still in force."""
    found = _History()
    is_same_attempt = False
    entries = store.cases.queries.read_history(key)
    for entry, account in zip(entries, store.cases.queries.list_accounts(key), strict=True):
        match entry.event:
            case OutcomeRecorded(outcome=outcome) if outcome in outcomes:
                found = _History(_Record(account))
                is_same_attempt = True
            case OutcomeOverridden(outcome=outcome) if outcome in outcomes:
                found = _History(_Record(account, by_supervisor=True))
            case OutcomeOverridden():
                found = _History(is_overruled=True)
            case OutcomeRevoked() if is_same_attempt:
                found = _History(is_overruled=True)
            case CaseClaimed():
                is_same_attempt = False
            case _:
                pass
    return found


def _may_erase(store: Store, row: InterviewRow, record: _Record) -> bool:
    """Whether the answers of an interview may be erased because of this record alone."""
    if record.by_supervisor:
        return True
    journal = store.interviews.read_journal(row.id)
    was_complete = any(
        isinstance(event, InterviewEnded) and event.outcome == COMPLETE for event in journal
    )
    return not was_complete and set(store.interviews.list_accounts(row.id)) == {record.account}


# erasures that are unfinished


def list_unfinished(store: Store, instrument: Instrument) -> list[str]:
    """Return a sentence for each erasure that was interrupted. Raises StoreError."""
    erased = [
        f"case {key} was erased, but some of its data are left — {FINISH_REMEDY}"
        for key in _iterate_half_erased(store)
    ]
    withdrawn = [
        f"case {withdrawal.key} withdrew consent, but some of its data are left — {FINISH_REMEDY}"
        for withdrawal in _iterate_withdrawals(store, instrument)
        if withdrawal.at_once
    ]
    return erased + withdrawn


def list_waiting(store: Store, instrument: Instrument) -> list[str]:
    """Return a sentence for each withdrawal whose answers wait for a supervisor.

    Raises StoreError.
    """
    return [
        withdrawal.message
        for withdrawal in _iterate_withdrawals(store, instrument)
        if withdrawal.waiting
    ]


def finish_erasures(study: OpenStudy) -> ErasureResult:
    """Finish every erasure that `list_unfinished` lists. Raises UserError."""
    store = study.store
    interviews = 0
    for key in list(_iterate_half_erased(store)):
        history = store.cases.queries.read_history(key)
        reasons = [entry.event.why for entry in history if isinstance(entry.event, CaseErased)]
        why = reasons[-1] if reasons else "erased"
        interviews += erase_person(study, key, why=why).interviews
    for withdrawal in list(_iterate_withdrawals(store, study.instrument)):
        only = {row.id for row in withdrawal.at_once}
        interviews += erase_answers(
            store, study.instrument, withdrawal.key, at=study.at, by=study.who.login, only=only
        )
    return ErasureResult(interviews=interviews, scrubbed=scrub_database(store))


def _iterate_half_erased(store: Store) -> Iterator[str]:
    """Yield the cases that were erased and of which data are left."""
    queries = store.cases.queries
    for row in queries.iterate_rows(status="done"):
        if row.position.reason.kind is not ReasonKind.ERASED:
            continue
        # an outcome of the study may be named like this reason: only the history tells, and few
        # cases are read
        if not Case.from_history(row.key, queries.read_history(row.key)).erased:
            continue

        has_remaining_answers = any(
            not is_erased(store.interviews.read_journal(interview.id))
            for interview in list_person_interviews(store, row.key)
        )
        # an interviewer's account on a server reads only the contacts of cases that it has claimed
        has_contact = store.connector.supervises and queries.find_contact(row.key) is not None
        if has_remaining_answers or has_contact:
            yield row.key


def _iterate_withdrawals(store: Store, instrument: Instrument) -> Iterator[Withdrawal]:
    """Yield the withdrawals of consent after which answers are left."""
    outcomes = _list_withdrawal_outcomes(instrument)
    keys: list[str] = []
    for outcome in sorted(outcomes):
        rows = store.cases.queries.iterate_rows(status="done", outcome=outcome)
        keys += [row.key for row in rows]
    for interview in store.interviews.list_rows(origin="real"):
        if interview.outcome in outcomes and interview.case:
            keys.append(interview.case)
    # once for each case, in this order
    for key in dict.fromkeys(keys):
        withdrawal = find_withdrawal(store, instrument, key)
        if withdrawal is not None and (withdrawal.at_once or withdrawal.waiting):
            yield withdrawal
