"""Erasure of a person's data: history and contact, interviews, then the file's free pages.

Repeating an interrupted erasure completes it. The privacy services decide who may erase, and
whether a retention period is over.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.engine import erasure as journal_erasure
from survey_cli.engine.events import AnswersErased, EventStamp, InterviewEvent, find_erasure
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import InterviewStatus
from survey_cli.fieldwork.case import codec
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import (
    OFFICE_STATION,
    CaseAnonymized,
    CaseErased,
    HistoryEntry,
)
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_if_readable
from survey_cli.outcomes import WITHDRAWN
from survey_cli.problems import UserError
from survey_cli.store import InterviewOrigin, InterviewRow, Snapshot, Store
from survey_cli.store.cases.case_records import LeaseLost
from survey_cli.study.open_study import OpenStudy, make_busy_error
from survey_cli.table.columns import build_columns, build_row, find_personal_names
from survey_cli.values import NOT_ASKED

PERSON_ORIGINS: Final[tuple[InterviewOrigin, ...]] = ("real", "imported", "practice")
"""Origins of interviews with a person."""
"""The name in place of a station in the events that an erasure writes."""
MAX_TRIES: Final = 5
"""How often a write is tried: a station may write to an interview between reading and writing."""
SCRUB_SETTING: Final = "scrub owed"
"""The setting with the time since which erased text may still be in the file."""
FINISH_REMEDY: Final = "finish it: survey privacy erase FILE --unfinished"
KEPT_ROLES: Final = frozenset(
    {"weight", "frame", "replicate", "zone", "country", "region", "language", "priority", "key"}
    | {"stratum", "psu", "fpc", "replicate_weight"}
)
"""Roles of sample columns whose values are kept, because they identify nobody."""
CODED_TYPES: Final = frozenset({"single", "split"})
"""Types of sample columns whose values are kept, so that rates by them stay correct."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureResult:
    """Result of an erasure."""

    case: bool = False
    """Whether the texts of the case's history were erased by this call."""
    interviews: int = 0
    """Number of journals whose texts were erased by this call."""
    scrubbed: bool = True
    """Whether no erased text is left in the files of the database. False if another program was
    reading them."""
    unreadable: int = 0
    """Number of interviews that could not be replayed and are unchanged."""


def list_kept_columns(instrument: Instrument) -> frozenset[str]:
    """Return the sample columns whose values are kept when a case is erased."""
    kept = set()
    for name, column in instrument.sample.items():
        is_harmless = column.type in CODED_TYPES or column.role in KEPT_ROLES
        if is_harmless and not column.is_personal:
            kept.add(name)
    return frozenset(kept)


def erase_person(study: OpenStudy, key: str, *, why: str, scrub: bool = True) -> ErasureResult:
    """Erase everything that could identify the person of a case, and every answer.

    The events of its history stay with their times and code, so that it counts as before; so does
    `why`. Repeating the erasure changes nothing. Without `scrub`, `scrub_database` still has to
    remove it from the file's free pages. Raises UserError, also if a station has the case or it is
    being interviewed.
    """
    _check_not_claimed(study, key)
    _note_pending_scrub(study.store, study.at)
    has_erased_case = _erase_case(study, key, why)
    rows = list_person_interviews(study.store, key)
    interviews = _erase_interviews(
        study.store, study.instrument, rows, at=study.at, by=study.who.login, why=why
    )
    scrubbed = scrub and scrub_database(study.store)
    return ErasureResult(case=has_erased_case, interviews=interviews, scrubbed=scrubbed)


def erase_answers(
    store: Store,
    instrument: Instrument,
    key: str,
    *,
    at: datetime,
    by: str,
    origins: Collection[InterviewOrigin] = PERSON_ORIGINS,
    only: Collection[str] | None = None,
) -> int:
    """Erase only a case's answers, in interviews of these origins, as a withdrawal requires.

    With `only`, answers of other interviews are kept. Returns the number of interviews that lost
    answers by this call. `scrub_database` then still has to remove them from the file's free pages;
    stations need not wait for that. Raises StoreError.
    """
    rows = []
    for row in list_person_interviews(store, key):
        is_selected = row.origin in origins and (only is None or row.id in only)
        if is_selected and has_answers(store, row):
            rows.append(row)
    # if every journal is erased, only a count of answers is left, and nothing is to be scrubbed
    if any(not is_erased(store.interviews.read_journal(row.id)) for row in rows):
        _note_pending_scrub(store, at)
    return _erase_interviews(store, instrument, rows, at=at, by=by, why=WITHDRAWN)


def anonymize_person(study: OpenStudy, key: str, *, why: str) -> ErasureResult:
    """Remove what identifies the person of a case, and the notes on it.

    Other answers and sample columns stay.

    `scrub_database` then still has to remove it from the file's free pages. Raises UserError.
    """
    _check_not_claimed(study, key)
    _note_pending_scrub(study.store, study.at)
    # interviews first: a case marked as anonymized must have no others left
    results = [
        _anonymize_interview(study, row, why) for row in list_person_interviews(study.store, key)
    ]

    history = study.store.cases.queries.read_history(key)
    has_identity = bool(history) and _has_identity(study.store, key, history)
    if has_identity:
        entries = [codec.erase_content(entry, columns=None) for entry in history]
        _rewrite_history(study, key, entries, CaseAnonymized(why))
    return ErasureResult(
        case=has_identity,
        scrubbed=False,
        interviews=results.count(True),
        unreadable=results.count(None),
    )


def _has_identity(store: Store, key: str, history: Sequence[HistoryEntry]) -> bool:
    """Return whether something that identifies the person of a case is left in the case."""
    if not Case.from_history(key, history).anonymized:
        return True
    return store.cases.queries.find_contact(key) is not None


def scrub_database(store: Store) -> bool:
    """Remove erased text from the free pages of the database's files.

    Returns False if another program was reading meanwhile, or if only the owner of a server's
    tables may do it: it remains to be done, and `survey db verify` reports it. Raises StoreError.
    """
    since = store.settings.read(SCRUB_SETTING)
    if not since:
        return True
    if not store.maintenance.scrub():
        return False
    # another value: another erasure has begun, which scrubs again
    if store.settings.read(SCRUB_SETTING) == since:
        store.settings.write(SCRUB_SETTING, "")
    return True


def describe_pending_scrub(store: Store) -> str:
    """Return a sentence if the database's files may still hold erased text, else an empty text.

    Raises StoreError.
    """
    if not store.settings.read(SCRUB_SETTING):
        return ""
    return f"erased text may still be in free pages of the database — {FINISH_REMEDY}"


def list_person_interviews(store: Store, key: str) -> list[InterviewRow]:
    """Return the interviews of a case that were conducted with a person, not simulated."""
    # an empty key would select the interviews without a case
    if not key:
        return []
    return [row for row in store.interviews.list_rows(case=key) if row.origin in PERSON_ORIGINS]


def has_answers(store: Store, row: InterviewRow) -> bool:
    """Return whether answers, or their count, are left of an interview."""
    return bool(row.answered) or not is_erased(store.interviews.read_journal(row.id))


def is_erased(journal: Sequence[InterviewEvent]) -> bool:
    """Return whether no answer is left in a journal."""
    if not journal:
        return True
    erasure = find_erasure(journal)
    return erasure is not None and erasure.remaining is None


def _check_not_claimed(study: OpenStudy, key: str) -> None:
    """Check that no station has the case. Raises UserError."""
    row = study.store.cases.queries.find_row(key)
    if row is not None and row.holder is not None:
        raise make_busy_error(study, key, row.holder)


def _note_pending_scrub(store: Store, at: datetime) -> None:
    """Store that erased text may be in the file from now on, until it is scrubbed."""
    store.settings.write(SCRUB_SETTING, at.isoformat())


def _erase_case(study: OpenStudy, key: str, why: str) -> bool:
    """Erase the texts of a case's history; returns whether any were left to erase."""
    history = study.store.cases.queries.read_history(key)
    if not history:
        return False
    kept_columns = list_kept_columns(study.instrument)
    entries = [codec.erase_content(entry, columns=kept_columns) for entry in history]
    was_erased = Case.from_history(key, history).erased and entries == history
    if was_erased and study.store.cases.queries.find_contact(key) is None:
        return False
    _rewrite_history(study, key, entries, CaseErased(why))
    return True


def _rewrite_history(
    study: OpenStudy, key: str, kept: Sequence[HistoryEntry], tombstone: CaseErased | CaseAnonymized
) -> None:
    """Replace a case's history by what is kept of it, and an event that says so."""
    at = max(study.at, kept[-1].at)
    entries = [*kept, HistoryEntry(at, study.who.login, OFFICE_STATION, tombstone)]
    case = Case.from_history(key, entries)
    position = schedule_case(case, study.plan, at)
    conflict = study.store.cases.erase(
        key, seq=len(entries) - 1, entries=entries, queue_position=position
    )

    where = f"case {key}"
    if isinstance(conflict, LeaseLost):
        if conflict.holder is not None:
            raise make_busy_error(study, key, conflict.holder)
        raise UserError(where, "a station claimed it in the meantime", "run the command again")
    if conflict is not None:
        what = f"{conflict.by} changed it in the meantime"
        raise UserError(where, what, "run the command again")
    # only complete interviews keep their quota places
    if case.interview and position.code != "1.1":
        study.store.cases.quotas.drop(case.interview)


def _erase_interviews(
    store: Store,
    newest: Instrument,
    rows: Sequence[InterviewRow],
    *,
    at: datetime,
    by: str,
    why: str,
) -> int:
    """Erase the answers of interviews; returns how many journals lost text by this call."""
    count = 0
    for row in rows:
        instrument = load_version(store, newest, row)
        columns: Collection[str] = ()
        if instrument is not None:
            columns = list_kept_columns(instrument)

        for _ in range(MAX_TRIES):
            journal = store.interviews.read_journal(row.id)
            events = [
                journal_erasure.erase_content(event, kept_columns=columns) for event in journal
            ]
            erased_before = is_erased(journal) and events == journal
            if erased_before and not row.answered:
                break
            # of an erased journal only the count of answers is left: the row is written once more
            if not erased_before:
                stamp = EventStamp(max(at, journal[-1].stamp.at), by, OFFICE_STATION)
                events.append(AnswersErased(stamp, why))
            if _write_journal(store, row, events, instrument, ("ended", WITHDRAWN)):
                count += not erased_before
                break
        else:
            remedy = "end that interview, then erase the case again"
            raise UserError(f"case {row.case}", "somebody is interviewing it", remedy)
    return count


def _anonymize_interview(study: OpenStudy, row: InterviewRow, why: str) -> bool | None:
    """Remove what identifies the person from an interview.

    Returns whether anything was removed by this call; None if the interview cannot be replayed.
    """
    instrument = load_version(study.store, study.instrument, row)
    journal = study.store.interviews.read_journal(row.id)
    if not journal or find_erasure(journal) is not None:
        return False
    if instrument is None:
        return None
    names = find_personal_names(instrument)
    events = [journal_erasure.remove_identifiers(event, names=names) for event in journal]
    if events == journal:
        return False
    try:
        cells = build_row(Interview.replay(instrument, journal))
    except ValueError:
        return None

    # the row as it was: what depends on the removed answers can't be derived again
    remaining = {}
    for column, cell in zip(build_columns(instrument), cells, strict=True):
        if not column.personal and cell != NOT_ASKED:
            remaining[column.name] = cell
    stamp = EventStamp(max(study.at, journal[-1].stamp.at), study.who.login, OFFICE_STATION)
    events.append(AnswersErased(stamp, why, remaining))
    return _write_journal(study.store, row, events, instrument, None)


def _write_journal(
    store: Store,
    row: InterviewRow,
    events: Sequence[InterviewEvent],
    instrument: Instrument | None,
    new_status: tuple[InterviewStatus, str] | None,
) -> bool:
    """Replace the journal and the data derived from it.

    Returns False if a station wrote meanwhile.
    """
    try:
        store.interviews.erase(row.id, events, new_status=new_status)
    except ValueError:
        return False
    if instrument is not None:
        snapshot = Snapshot.from_interview(Interview.replay(instrument, events))
        store.data.write_snapshot(row.id, snapshot, instrument=row.instrument)
    return True


def load_version(store: Store, newest: Instrument, row: InterviewRow) -> Instrument | None:
    """Return the version with which the interview was begun.

    None if its text is no longer readable.
    """
    if row.instrument == newest.hash:
        return newest
    return rebuild_if_readable(store.data.read_stored_text(row.instrument))
