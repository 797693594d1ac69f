"""How does what is known of a person leave a study? History and contact first, then every interview, then the bytes of
the file; what was broken off is finished by asking again.

Who may ask for it, and whether a time is over, is known elsewhere.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.engine import erasure as in_interviews
from survey_cli.engine.events import Erased as ErasedInterview
from survey_cli.engine.events import Event, Stamp
from survey_cli.engine.interview import VERSION, Interview
from survey_cli.fieldwork.case import erasure as in_cases
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import coded
from survey_cli.fieldwork.case.events import Anonymised, Entry, Erased
from survey_cli.fieldwork.queue.rules import standing
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.outcomes import WITHDRAWN
from survey_cli.problems import UserError
from survey_cli.store import InterviewRow, Origin, Snapshot, Status, Store
from survey_cli.store.cases.case_records import LeaseLost
from survey_cli.study.open_study import Study
from survey_cli.table import cells, columns
from survey_cli.table.personal import personal_names
from survey_cli.values import NOT_ASKED, Cell

PERSONS: Final[tuple[Origin, ...]] = ("real", "practice")
"""Origins of interviews that somebody gave."""
STATION: Final = "office"
TRIES: Final = 5
"""Stations may write to an interview between our reading and our writing."""
OWED: Final = "scrub owed"
"""The setting that says since when words may still be in the bytes of the file."""
FINISH: Final = "survey erase --unfinished sees to it"
STAYING: Final = frozenset(
    {"weight", "frame", "replicate", "zone", "country", "region", "language", "priority", "key"}
)
"""What a sample column may be to the fieldwork so that its value stays: no text that tells who it is."""
CODED: Final = frozenset({"single", "split"})
"""Types of sample columns whose values stay, so that rates by them hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What left a study."""

    key: str
    case: bool = False
    """The history of a case lost its words now."""
    interviews: int = 0
    """So many journals did."""
    clean: bool = True
    """Nothing of it is in the bytes of the database any more. False: somebody was reading meanwhile, and this is owed."""
    stuck: int = 0
    """Interviews that could not be followed: they are as they were."""


def staying(instrument: Instrument) -> frozenset[str]:
    """The sample columns whose values stay once a case is erased."""
    return frozenset(
        name
        for name, column in instrument.sample.items()
        if not column.is_personal and (column.type in CODED or column.role in STAYING)
    )


def erase(study: Study, key: str, *, at: datetime, by: str, why: str) -> Erasure | UserError:
    """Everything that could tell who this case is, and all that was answered. Its events, times and code stay, so that it
    counts as it did; `why` stays too. Nothing happens twice. Raises StoreError."""
    if not _known(study, key):
        return UserError(study.where, f"there is no case {key!r}", f"survey cases {study.path} lists them")
    if (trouble := _at_a_station(study, key)) is not None:
        return trouble
    _owe(study.store, at)
    case = _erase_case(study, key, at=at, by=by, why=why)
    if isinstance(case, UserError):
        return case
    rows = persons(study.store, key)
    interviews = _erase_interviews(study.store, study.instrument, rows, at=at, by=by, why=why)
    if isinstance(interviews, UserError):
        return interviews
    return Erasure(key=key, case=case, interviews=interviews, clean=clean(study.store))


def erase_answers(
    store: Store,
    instrument: Instrument,
    key: str,
    *,
    at: datetime,
    by: str,
    why: str,
    origins: Collection[Origin] = PERSONS,
) -> int | UserError:
    """Erase all that a case answered in interviews of these origins, and nothing else: whoever withdraws consent at the
    telephone wants that at once. Returns how many interviews lost answers now. The file's bytes are owed, as stations
    need not wait for that: see `clean`. Raises StoreError."""
    rows = [row for row in persons(store, key) if row.origin in origins and has_answers(store, row)]
    if any(not erased(store.journal(row.id)) for row in rows):  # else nothing but a count of answers is left
        _owe(store, at)
    return _erase_interviews(store, instrument, rows, at=at, by=by, why=why)


def anonymise(study: Study, key: str, *, at: datetime, by: str, why: str) -> Erasure | UserError:
    """Who a case is, and what was noted of it; the other answers and sample columns stay. The file's bytes are owed: see
    `clean`. Raises StoreError."""
    if (trouble := _at_a_station(study, key)) is not None:
        return trouble
    _owe(study.store, at)
    # its interviews first: a case that says its names are gone has no others
    done = [_nameless(study, one, at=at, by=by, why=why) for one in persons(study.store, key)]
    history = study.store.cases.history(key)
    named = bool(history) and (
        not Case.of(key, history).nameless or study.store.cases.contact(key) is not None
    )
    if named:
        left = [in_cases.blank(entry, columns=None) for entry in history]
        tombstone = Entry(max(at, history[-1].at), by, STATION, Anonymised(why))
        if (trouble := _rewrite(study, key, [*left, tombstone], at)) is not None:
            return trouble
    return Erasure(key=key, case=named, interviews=done.count(True), clean=False, stuck=done.count(None))


def clean(store: Store) -> bool:
    """Have nothing that was erased left in the file's bytes; False where somebody reads meanwhile: then it is owed, and
    `survey verify` says so. Raises StoreError."""
    owed = store.cases.setting(OWED)
    if not owed:
        return True
    if not store.scrub():
        return False
    if store.cases.setting(OWED) == owed:  # else another erasure has begun meanwhile, and sees to its own
        store.cases.keep_setting(OWED, "")
    return True


def unfinished(store: Store) -> list[str]:
    """What of erasing is still to be done, one sentence for each. Raises StoreError."""
    found = []
    if store.cases.setting(OWED):
        found.append(f"what was erased may still be read in the file's free pages — {FINISH}")
    for key, whole in _halves(store):
        what = "was erased" if whole else "withdrew consent"
        found.append(f"case {key} {what}, and not all of it is gone — {FINISH}")
    return found


def finish(study: Study, *, at: datetime, by: str) -> Erasure | UserError:
    """Whatever `unfinished` tells of. Raises StoreError."""
    done = 0
    for key, whole in list(_halves(study.store)):
        made: Erasure | int | UserError
        if whole:
            reasons = [e.event.why for e in study.store.cases.history(key) if isinstance(e.event, Erased)]
            made = erase(study, key, at=at, by=by, why=reasons[-1] if reasons else "erased")
        else:
            made = erase_answers(study.store, study.instrument, key, at=at, by=by, why=WITHDRAWN)
        if isinstance(made, UserError):
            return made
        done += made if isinstance(made, int) else made.interviews
    return Erasure(key="", interviews=done, clean=clean(study.store))


def _halves(store: Store) -> Iterator[tuple[str, bool]]:
    """Cases that were erased (True), or whose respondent withdrew consent, and of which something is left."""
    found: dict[str, bool] = {}
    for row in store.cases.rows(status="done"):
        if row.why != "erased" and row.outcome != WITHDRAWN:
            continue
        answers = any(not erased(store.journal(one.id)) for one in persons(store, row.key))
        if answers or (row.why == "erased" and store.cases.contact(row.key) is not None):
            found[row.key] = row.why == "erased"
    for one in store.interviews(origin="real"):
        if one.case not in found and one.outcome == WITHDRAWN and not erased(store.journal(one.id)):
            found[one.case] = False
    yield from found.items()


def persons(store: Store, key: str) -> list[InterviewRow]:
    """The interviews of a case that somebody gave: not invented ones."""
    return [row for row in store.interviews(case=key) if row.origin in PERSONS] if key else []


def has_answers(store: Store, row: InterviewRow) -> bool:
    """Whether answers, or their count, are left of an interview."""
    return bool(row.answered) or not erased(store.journal(row.id))


def erased(journal: Sequence[Event]) -> bool:
    """Whether nothing of what was answered is left in a journal."""
    last = journal[-1] if journal else None
    return last is None or (isinstance(last, ErasedInterview) and last.left is None)


def reduced(journal: Sequence[Event]) -> bool:
    """Whether something left a journal: all of it, or what tells who it was."""
    return bool(journal) and isinstance(journal[-1], ErasedInterview)


def _known(study: Study, key: str) -> bool:
    return study.store.cases.row(key) is not None or bool(persons(study.store, key))


def _at_a_station(study: Study, key: str) -> UserError | None:
    row = study.store.cases.row(key)
    if row is None or row.held is None:
        return None
    what = f"{row.held.by} has it at station {row.held.station}"
    return UserError(f"case {key}", what, f"wait, or take it away: survey free {study.path} '{key}'")


def _owe(store: Store, at: datetime) -> None:
    store.cases.keep_setting(OWED, at.isoformat())


# the case


def _erase_case(study: Study, key: str, *, at: datetime, by: str, why: str) -> bool | UserError:
    """Whether its history lost words now."""
    history = study.store.cases.history(key)
    if not history:
        return False
    left = [in_cases.blank(entry, columns=staying(study.instrument)) for entry in history]
    case = Case.of(key, history)
    if case.erased and left == history and study.store.cases.contact(key) is None:
        return False
    tombstone = Entry(max(at, history[-1].at), by, STATION, Erased(why))
    return _rewrite(study, key, [*left, tombstone], at) or True


def _rewrite(study: Study, key: str, entries: list[Entry], at: datetime) -> UserError | None:
    after = Case.of(key, entries)
    stands = standing(after, study.plan, max(at, entries[-1].at))
    lost = study.store.cases.erase(key, seq=len(entries) - 1, entries=entries, standing=stands)
    if isinstance(lost, LeaseLost):
        return _at_a_station(study, key)
    if lost is not None:
        return UserError(f"case {key}", f"{lost.by} wrote to it meanwhile", "give the command again")
    _give_place_back(study, after)
    return None


def _give_place_back(study: Study, case: Case) -> None:
    """An interview that does not count as complete holds no place in the quotas."""
    if case.interview and coded(case, study.plan).code != "1.1":
        study.store.cases.drop(case.interview)


# its interviews


def _erase_interviews(
    store: Store,
    newest: Instrument,
    rows: Sequence[InterviewRow],
    *,
    at: datetime,
    by: str,
    why: str,
) -> int | UserError:
    """How many lost words now."""
    done = 0
    for row in rows:
        instrument = _instrument(store, newest, row)
        kept: Collection[str] = staying(instrument) if instrument is not None else ()
        for _ in range(TRIES):
            journal = store.journal(row.id)
            left = [in_interviews.blank(event, sample=kept) for event in journal]
            whole = erased(journal) and left == journal
            if whole and not row.answered:
                break
            stamp = Stamp(max(at, journal[-1].stamp.at), by, STATION)
            events = left if whole else [*left, ErasedInterview(stamp, why)]
            if _kept(store, row, events, instrument, ("ended", WITHDRAWN)):
                done += not whole
                break
        else:
            return UserError(
                f"case {row.case}", "somebody is interviewing it", "end that, then erase it again"
            )
    return done


def _nameless(study: Study, row: InterviewRow, *, at: datetime, by: str, why: str) -> bool | None:
    """Whether an interview lost now what tells who it is; None where it cannot be followed."""
    instrument = _instrument(study.store, study.instrument, row)
    journal = study.store.journal(row.id)
    if not journal or reduced(journal):
        return False
    if instrument is None:
        return None
    names = personal_names(instrument)
    left = [in_interviews.nameless(event, names=names) for event in journal]
    if left == journal:
        return False
    stays = _stays(instrument, journal)
    if stays is None:
        return None
    stamp = Stamp(max(at, journal[-1].stamp.at), by, STATION)
    return _kept(study.store, row, [*left, ErasedInterview(stamp, why, stays)], instrument, None)


def _stays(instrument: Instrument, journal: Sequence[Event]) -> dict[str, Cell] | None:
    """By column, the data that tell nobody who it was; None where the journal cannot be followed."""
    try:
        row = cells(Interview.replay(instrument, journal))
    except ValueError:
        return None
    described = zip(columns(instrument), row, strict=True)
    return {v.name: cell for v, cell in described if not v.personal and cell != NOT_ASKED}


def _kept(
    store: Store,
    row: InterviewRow,
    events: Sequence[Event],
    instrument: Instrument | None,
    stands: tuple[Status, str] | None,
) -> bool:
    """Keep the journal as it reads from now on, and the data that are left; False where somebody wrote meanwhile."""
    try:
        store.erase_interview(row.id, events, stands=stands)
    except ValueError:
        return False
    if instrument is not None:
        left = cells(Interview.replay(instrument, events))
        store.keep_snapshot(row.id, Snapshot(len(events), str(VERSION), left), instrument=row.instrument)
    return True


def _instrument(store: Store, newest: Instrument, row: InterviewRow) -> Instrument | None:
    """As the interview was begun; None where its text cannot be had any more."""
    if row.instrument == newest.hash:
        return newest
    texts = store.instrument_texts(row.instrument)
    found = rebuild_instrument(texts, row.instrument) if texts is not None else None
    return found if isinstance(found, Instrument) else None
