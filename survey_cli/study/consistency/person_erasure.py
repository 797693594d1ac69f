"""Erasure and anonymization of a person's data: history and contact, then each interview, then the file's free pages.

An interrupted erasure is completed by repeating it. Who may erase, and whether a retention period is over, is decided
elsewhere.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.engine import erasure as in_interviews
from survey_cli.engine.events import AnswersErased as ErasedInterview
from survey_cli.engine.events import EventStamp, InterviewEvent
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.engine.machine import InterviewStatus
from survey_cli.fieldwork.case import erasure as in_cases
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.case.events import CaseAnonymized, CaseErased, HistoryEntry
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_if_readable
from survey_cli.outcomes import WITHDRAWN
from survey_cli.problems import UserError
from survey_cli.store import InterviewOrigin, InterviewRow, Snapshot, Store
from survey_cli.store.cases.case_records import LeaseLost
from survey_cli.study.open_study import OpenStudy
from survey_cli.table import build_columns, build_row
from survey_cli.table.personal import find_personal_names
from survey_cli.values import NOT_ASKED, Cell

PERSON_ORIGINS: Final[tuple[InterviewOrigin, ...]] = ("real", "practice")
"""Origins of interviews with a person."""
STATION: Final = "office"
MAX_TRIES: Final = 5
"""Attempts, as stations may write to an interview between reading and writing."""
SCRUB_SETTING: Final = "scrub owed"
"""The setting with the time since when erased text may still be in the file."""
FINISH_REMEDY: Final = "survey privacy erase --unfinished sees to it"
KEPT_ROLES: Final = frozenset(
    {"weight", "frame", "replicate", "zone", "country", "region", "language", "priority", "key"}
)
"""Roles of sample columns whose values are kept, because they identify nobody."""
CODED_TYPES: Final = frozenset({"single", "split"})
"""Types of sample columns whose values are kept, so that rates by them stay correct."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureResult:
    """Result of an erasure."""

    key: str
    case: bool = False
    """The texts of the case's history were erased now."""
    interviews: int = 0
    """Number of journals whose texts were erased now."""
    scrubbed: bool = True
    """No erased text is left in the files of the database. False where somebody was reading: this is still to be done."""
    unreadable: int = 0
    """Number of interviews that could not be replayed and are unchanged."""


def list_kept_columns(instrument: Instrument) -> frozenset[str]:
    """The sample columns whose values are kept when a case is erased."""
    return frozenset(
        name
        for name, column in instrument.sample.items()
        if not column.is_personal and (column.type in CODED_TYPES or column.role in KEPT_ROLES)
    )


def erase_person(study: OpenStudy, key: str, *, at: datetime, by: str, why: str) -> ErasureResult:
    """Everything that could tell who this case is, and all that was answered. Its events, times and code stay, so that it
    counts as it did; `why` stays too. Nothing happens twice. Raises StoreError.
    """
    if not _is_known(study, key):
        raise UserError(study.where, f"there is no case {key!r}", f"survey case list {study.path} lists them")
    _check_not_claimed(study, key)
    _require_scrub(study.store, at)
    case = _erase_case(study, key, at=at, by=by, why=why)
    rows = list_person_interviews(study.store, key)
    interviews = _erase_interviews(study.store, study.instrument, rows, at=at, by=by, why=why)
    return ErasureResult(key=key, case=case, interviews=interviews, scrubbed=scrub_database(study.store))


def erase_answers(
    store: Store,
    instrument: Instrument,
    key: str,
    *,
    at: datetime,
    by: str,
    why: str,
    origins: Collection[InterviewOrigin] = PERSON_ORIGINS,
) -> int:
    """Erase all that a case answered in interviews of these origins, and nothing else: whoever withdraws consent at the
    telephone wants that at once. Returns how many interviews lost answers now. The file's bytes are owed, as stations
    need not wait for that: see `clean`. Raises StoreError.
    """
    rows = [row for row in list_person_interviews(store, key) if row.origin in origins and has_answers(store, row)]
    # Where every journal is erased, only a count of answers is left.
    if any(not is_erased(store.interviews.read_journal(row.id)) for row in rows):
        _require_scrub(store, at)
    return _erase_interviews(store, instrument, rows, at=at, by=by, why=why)


def anonymize_person(study: OpenStudy, key: str, *, at: datetime, by: str, why: str) -> ErasureResult:
    """Who a case is, and what was noted of it; the other answers and sample columns stay. The file's bytes are owed: see
    `clean`. Raises StoreError.
    """
    _check_not_claimed(study, key)
    _require_scrub(study.store, at)
    # its interviews first: a case that says its names are gone has no others
    done = [_anonymize_interview(study, one, at=at, by=by, why=why) for one in list_person_interviews(study.store, key)]
    history = study.store.cases.queries.read_history(key)
    named = bool(history) and (
        not Case.from_history(key, history).anonymized or study.store.cases.queries.find_contact(key) is not None
    )
    if named:
        left = [in_cases.erase_content(entry, columns=None) for entry in history]
        tombstone = HistoryEntry(max(at, history[-1].at), by, STATION, CaseAnonymized(why))
        _rewrite_history(study, key, [*left, tombstone], at)
    return ErasureResult(key=key, case=named, interviews=done.count(True), scrubbed=False, unreadable=done.count(None))


def scrub_database(store: Store) -> bool:
    """Have nothing that was erased left in the file's bytes; False where somebody reads meanwhile: then it is owed, and
    `survey db verify` says so. Raises StoreError.
    """
    owed = store.settings.read(SCRUB_SETTING)
    if not owed:
        return True
    if not store.maintenance.scrub():
        return False
    if store.settings.read(SCRUB_SETTING) == owed:  # else another erasure has begun meanwhile, and sees to its own
        store.settings.write(SCRUB_SETTING, "")
    return True


def list_unfinished(store: Store) -> list[str]:
    """What of erasing is still to be done, one sentence for each. Raises StoreError."""
    found = []
    if store.settings.read(SCRUB_SETTING):
        found.append(f"what was erased may still be read in the file's free pages — {FINISH_REMEDY}")
    for key, whole in _iterate_half_erased(store):
        what = "was erased" if whole else "withdrew consent"
        found.append(f"case {key} {what}, and not all of it is gone — {FINISH_REMEDY}")
    return found


def finish_erasures(study: OpenStudy, *, at: datetime, by: str) -> ErasureResult:
    """Whatever `list_unfinished` tells of. Raises StoreError."""
    done = 0
    for key, whole in list(_iterate_half_erased(study.store)):
        if whole:
            reasons = [
                e.event.why for e in study.store.cases.queries.read_history(key) if isinstance(e.event, CaseErased)
            ]
            done += erase_person(study, key, at=at, by=by, why=reasons[-1] if reasons else "erased").interviews
        else:
            done += erase_answers(study.store, study.instrument, key, at=at, by=by, why=WITHDRAWN)
    return ErasureResult(key="", interviews=done, scrubbed=scrub_database(study.store))


def _iterate_half_erased(store: Store) -> Iterator[tuple[str, bool]]:
    """Cases that were erased (True), or whose respondent withdrew consent, and of which something is left."""
    found: dict[str, bool] = {}
    for row in store.cases.queries.iterate_rows(status="done"):
        if row.why != "erased" and row.outcome != WITHDRAWN:
            continue
        interviews = list_person_interviews(store, row.key)
        answers = any(not is_erased(store.interviews.read_journal(interview.id)) for interview in interviews)
        if answers or (row.why == "erased" and store.cases.queries.find_contact(row.key) is not None):
            found[row.key] = row.why == "erased"
    for one in store.interviews.list_rows(origin="real"):
        if one.case not in found and one.outcome == WITHDRAWN and not is_erased(store.interviews.read_journal(one.id)):
            found[one.case] = False
    yield from found.items()


def list_person_interviews(store: Store, key: str) -> list[InterviewRow]:
    """The interviews of a case that somebody gave: not invented ones."""
    return [row for row in store.interviews.list_rows(case=key) if row.origin in PERSON_ORIGINS] if key else []


def has_answers(store: Store, row: InterviewRow) -> bool:
    """Whether answers, or their count, are left of an interview."""
    return bool(row.answered) or not is_erased(store.interviews.read_journal(row.id))


def is_erased(journal: Sequence[InterviewEvent]) -> bool:
    """Whether nothing of what was answered is left in a journal."""
    last = journal[-1] if journal else None
    return last is None or (isinstance(last, ErasedInterview) and last.remaining is None)


def is_reduced(journal: Sequence[InterviewEvent]) -> bool:
    """Whether something left a journal: all of it, or what tells who it was."""
    return bool(journal) and isinstance(journal[-1], ErasedInterview)


def _is_known(study: OpenStudy, key: str) -> bool:
    return study.store.cases.queries.find_row(key) is not None or bool(list_person_interviews(study.store, key))


def _check_not_claimed(study: OpenStudy, key: str) -> None:
    row = study.store.cases.queries.find_row(key)
    if row is None or row.holder is None:
        return
    what = f"{row.holder.by} has it at station {row.holder.station}"
    raise UserError(f"case {key}", what, f"wait, or take it away: survey case free {study.path} '{key}'")


def _require_scrub(store: Store, at: datetime) -> None:
    store.settings.write(SCRUB_SETTING, at.isoformat())


# the case


def _erase_case(study: OpenStudy, key: str, *, at: datetime, by: str, why: str) -> bool:
    """Whether its history lost words now."""
    history = study.store.cases.queries.read_history(key)
    if not history:
        return False
    left = [in_cases.erase_content(entry, columns=list_kept_columns(study.instrument)) for entry in history]
    case = Case.from_history(key, history)
    if case.erased and left == history and study.store.cases.queries.find_contact(key) is None:
        return False
    tombstone = HistoryEntry(max(at, history[-1].at), by, STATION, CaseErased(why))
    _rewrite_history(study, key, [*left, tombstone], at)
    return True


def _rewrite_history(study: OpenStudy, key: str, entries: list[HistoryEntry], at: datetime) -> None:
    after = Case.from_history(key, entries)
    stands = schedule_case(after, study.plan, max(at, entries[-1].at))
    lost = study.store.cases.erase(key, seq=len(entries) - 1, entries=entries, queue_position=stands)
    if isinstance(lost, LeaseLost):
        _check_not_claimed(study, key)
    elif lost is not None:
        raise UserError(f"case {key}", f"{lost.by} wrote to it meanwhile", "give the command again")
    else:
        _drop_quota_places(study, after)


def _drop_quota_places(study: OpenStudy, case: Case) -> None:
    """An interview that does not count as complete holds no place in the quotas."""
    if case.interview and code_case(case, study.plan).code != "1.1":
        study.store.cases.quotas.drop(case.interview)


# its interviews


def _erase_interviews(
    store: Store, newest: Instrument, rows: Sequence[InterviewRow], *, at: datetime, by: str, why: str
) -> int:
    """How many lost words now."""
    done = 0
    for row in rows:
        instrument = _load_instrument(store, newest, row)
        kept: Collection[str] = list_kept_columns(instrument) if instrument is not None else ()
        for _ in range(MAX_TRIES):
            journal = store.interviews.read_journal(row.id)
            left = [in_interviews.erase_content(event, sample=kept) for event in journal]
            whole = is_erased(journal) and left == journal
            if whole and not row.answered:
                break
            stamp = EventStamp(max(at, journal[-1].stamp.at), by, STATION)
            events = left if whole else [*left, ErasedInterview(stamp, why)]
            if _write_journal(store, row, events, instrument, ("ended", WITHDRAWN)):
                done += not whole
                break
        else:
            raise UserError(f"case {row.case}", "somebody is interviewing it", "end that, then erase it again")
    return done


def _anonymize_interview(study: OpenStudy, row: InterviewRow, *, at: datetime, by: str, why: str) -> bool | None:
    """Whether an interview lost now what tells who it is; None where it cannot be followed."""
    instrument = _load_instrument(study.store, study.instrument, row)
    journal = study.store.interviews.read_journal(row.id)
    if not journal or is_reduced(journal):
        return False
    if instrument is None:
        return None
    names = find_personal_names(instrument)
    left = [in_interviews.remove_identifiers(event, names=names) for event in journal]
    if left == journal:
        return False
    stays = _select_kept_cells(instrument, journal)
    if stays is None:
        return None
    stamp = EventStamp(max(at, journal[-1].stamp.at), by, STATION)
    return _write_journal(study.store, row, [*left, ErasedInterview(stamp, why, stays)], instrument, None)


def _select_kept_cells(instrument: Instrument, journal: Sequence[InterviewEvent]) -> dict[str, Cell] | None:
    """By column, the data that tell nobody who it was; None where the journal cannot be followed."""
    try:
        row = build_row(Interview.replay(instrument, journal))
    except ValueError:
        return None
    described = zip(build_columns(instrument), row, strict=True)
    return {v.name: cell for v, cell in described if not v.personal and cell != NOT_ASKED}


def _write_journal(
    store: Store,
    row: InterviewRow,
    events: Sequence[InterviewEvent],
    instrument: Instrument | None,
    stands: tuple[InterviewStatus, str] | None,
) -> bool:
    """Keep the journal as it reads from now on, and the data that are left; False where somebody wrote meanwhile."""
    try:
        store.interviews.erase(row.id, events, new_status=stands)
    except ValueError:
        return False
    if instrument is not None:
        left = build_row(Interview.replay(instrument, events))
        store.data.write_snapshot(row.id, Snapshot(len(events), str(RULES_VERSION), left), instrument=row.instrument)
    return True


def _load_instrument(store: Store, newest: Instrument, row: InterviewRow) -> Instrument | None:
    """As the interview was begun; None where its text cannot be had any more."""
    if row.instrument == newest.hash:
        return newest
    return rebuild_if_readable(store.data.find_instrument_texts(row.instrument), row.instrument)
