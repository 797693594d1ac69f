"""Starting and resuming the interview of a case in an open store."""

import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from uuid import uuid4

from survey_cli.engine.events import EventStamp, InterviewResumed, InterviewStarted, SessionContext
from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.plan.known_outcomes import build_outcome_table
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument, rebuild_instrument
from survey_cli.outcomes import WITHDRAWN, Outcome
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import build_labels, clean_text
from survey_cli.sessions.interview.case_values import (
    build_language_error,
    find_zone,
    parse_sample_values,
    resolve_language,
    resolve_zone,
)
from survey_cli.sessions.interview.interview_session import (
    NO_CASE_LINK,
    CaseLink,
    InterviewSession,
    NoCaseLink,
)
from survey_cli.store import (
    InstrumentRow,
    InterviewConflict,
    InterviewOrigin,
    InterviewRow,
    Store,
    StoreError,
)
from survey_cli.store.database_location import locate_database, open_existing_store, open_store
from survey_cli.study.clock import accept_clock, find_clock_doubt
from survey_cli.study.location import locate_people_file
from survey_cli.study.published_version import find_version_in_force
from survey_cli.study.version_changes import check_may_begin
from survey_cli.values import Missing, Value

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """Who sits down to interview whom, and where it is kept."""

    case: str
    interviewer: str = ""
    """The account where it is not said."""
    language: str = ""
    db: str | None = None
    practice: bool = False
    reopen: bool = False
    """Correct an interview that had ended."""
    again: bool = False
    """Another interview of a case whose last one is finished; one that is not is resumed all the same."""
    station: str = ""
    """The host's name where it is not said."""
    clock_is_right: bool = False
    """Somebody says so, whatever the newest entry's date is."""
    version_notice: str = ""
    """What to tell of the questionnaire's version."""
    seed: int | None = None
    id: str = ""
    """What a new interview is kept under; thrown where it is not said."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Sample columns by name, as typed."""
    sample_values: Mapping[str, Value | Missing] | None = None
    """All sample columns of a case that was imported, typed; then `columns` is not read."""
    link: CaseLink | None = None
    """To the case, where it came with a sample."""
    zone: str = ""
    """The respondent's, where a case is called; empty where the sample or the study is to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRequest:
    """A sample column that a new interview wants."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...] = ()
    """Code and label, where it is coded."""


def list_column_requests(
    path: str | Path, *, db: str | None, case: str, practice: bool
) -> tuple[ColumnRequest, ...] | UserError:
    """The sample columns to ask for before a new interview of this case; none where the case has an interview."""
    case = clean_text(case)
    instrument = open_instrument(str(path))
    if isinstance(instrument, UserError):
        return instrument
    store = open_existing_store(locate_database(path, instrument.id, db))
    if isinstance(store, UserError):
        return store
    if store is not None:
        with store:
            try:
                if case and store.list_interviews(case=case, origin=_origin(practice)):
                    return ()
            except StoreError as problem:
                return _convert_error(problem)
    return tuple(
        ColumnRequest(
            name=name,
            label=str(column.label.get(instrument.language)) if column.label else name,
            options=tuple((str(c), t) for c, t in build_labels(instrument, column).items()),
        )
        for name, column in instrument.sample.items()
        if column.role != "key" and column.type != "split"
    )


def _origin(practice: bool) -> InterviewOrigin:
    return "practice" if practice else "real"


def _convert_error(problem: StoreError) -> UserError:
    return UserError(problem.where, problem.what, problem.remedy)


def utc_now() -> datetime:
    """The moment, aware, in UTC."""
    return datetime.now(UTC)


def start_or_resume(
    path: str | Path, seating: StartOptions, *, clock: Clock | None = None, store: Store | None = None
) -> InterviewSession | UserError:
    """Open everything and begin or resume the case's interview. `clock` and `store` are for tests; they are the study's
    otherwise."""
    instrument = open_instrument(str(path))
    case = clean_text(seating.case)
    if isinstance(instrument, UserError):
        return (_resume_stored_version(path, case, seating, clock) if case else None) or instrument
    if not case:
        return UserError(str(path), "no case was named", "give the case's key with --case")
    where = locate_database(path, instrument.id, seating.db)
    opened = store or open_store(where, create=True)
    if isinstance(opened, UserError):
        return opened
    try:
        if not seating.practice and (doubted := check_clock(opened, where, seating, clock)) is not None:
            opened.close()
            return doubted
        sampled = not seating.practice and opened.has_case(case)
        if sampled:
            return _start_sampled_case(path, seating, clock, opened)
        known = _identify_interviewer(path, instrument.id, seating, opened)
        if isinstance(known, UserError):
            opened.close()
            return known
        version = find_version_in_force(opened, instrument, str(path))
        if isinstance(version, UserError):
            opened.close()
            return version
        instrument, seating = version.instrument, replace(known, version_notice=version.notice)
        found = start_or_resume_in_store(
            instrument, opened, where, case, seating, clock or opened.clock or utc_now
        )
    except StoreError as problem:
        found = _convert_error(problem)
    if isinstance(found, UserError) and store is None:
        opened.close()
    return found


def check_clock(store: Store, where: str, seating: StartOptions, clock: Clock | None) -> UserError | None:
    """Why this computer's clock can't be believed, unless somebody says that it is right. Raises StoreError."""
    at = (clock or utc_now)()
    if seating.clock_is_right:
        accept_clock(store, at)
        return None
    return find_clock_doubt(store, where, at)


def _start_sampled_case(
    path: str | Path, seating: StartOptions, clock: Clock | None, opened: Store
) -> InterviewSession | UserError:
    """The case was imported: nobody else may call it meanwhile, and it is told what came of the interview."""
    from survey_cli.sessions.open_interview import start_sampled_case
    from survey_cli.sessions.station.open_station import build_queue
    from survey_cli.study.open_study import open_study

    opened.close()
    study = open_study(path, db=seating.db, by=seating.interviewer)
    if isinstance(study, UserError):
        return study
    try:
        found = start_sampled_case(
            study,
            seating,
            build_queue(study, seating.station),
            clock or study.store.clock or utc_now,
            uuid4().hex,
        )
    except StoreError as problem:
        found = _convert_error(problem)
    if isinstance(found, UserError):
        study.close()
    return found


def _identify_interviewer(
    path: str | Path, instrument: str, seating: StartOptions, store: Store
) -> StartOptions | UserError:
    """With the name of whoever interviews; in a practice interview anybody may be named."""
    where = locate_database(path, instrument, seating.db)
    own = locate_people_file(path, where)
    if seating.practice or own is None or not own.is_file():
        return replace(seating, interviewer=seating.interviewer.strip() or store.account)
    from survey_cli.study.identity import identify
    from survey_cli.study.open_study import load_people

    listed = load_people(path, where, None)
    if isinstance(listed, UserError):
        return listed
    who = identify(seating.interviewer, store.account, listed, listed)
    return who if isinstance(who, UserError) else replace(seating, interviewer=who.login)


def _resume_stored_version(
    path: str | Path, case: str, seating: StartOptions, clock: Clock | None
) -> InterviewSession | UserError | None:
    """Where the file is gone or has problems now, a suspended interview goes on all the same; None where there is none,
    or its case came with a sample: the file says how that is called, and what its outcome means."""
    where = locate_database(path, Path(path).stem, seating.db)
    store = None if seating.reopen else open_existing_store(where)
    if store is None or isinstance(store, UserError):
        return None
    found: InterviewSession | UserError | None = None
    try:
        earlier = store.list_interviews(case=case, origin=_origin(seating.practice))
        last = max(earlier, key=lambda row: row.number, default=None)
        sampled = not seating.practice and store.has_case(case)
        if last is not None and last.status in ("open", "suspended") and not sampled:
            known = _identify_interviewer(path, Path(path).stem, seating, store)
            if isinstance(known, UserError):
                store.close()
                return known
            seating = known
            found = _resume(None, store, where, case, last, seating, clock or store.clock or utc_now)
    except StoreError as problem:
        found = _convert_error(problem)
    if not isinstance(found, InterviewSession):
        store.close()
    return found


def start_or_resume_in_store(
    instrument: Instrument, store: Store, where: str, case: str, seating: StartOptions, clock: Clock
) -> InterviewSession | UserError:
    """The case's interview begun, or resumed, in a store that is open. Raises StoreError."""
    earlier = sorted(
        store.list_interviews(case=case, origin=_origin(seating.practice)), key=lambda r: r.number
    )
    last = earlier[-1] if earlier else None
    if last is None or (seating.again and last.status in ("ended", "stopped")):
        if seating.reopen:
            return UserError(
                case, "this case has no finished interview to reopen", "leave --reopen out to begin one"
            )
        why = None if seating.practice else check_may_begin(store, instrument)
        if why is not None:
            return why
        return _start(instrument, store, where, case, (last.number if last else 0) + 1, seating, clock)
    if last.status in ("ended", "stopped") and not seating.reopen:
        outcome = build_outcome_table(instrument).get(last.outcome)
        said = f" ({outcome.name.lower()})" if outcome else ""
        return UserError(
            case,
            f"its interview is finished{said}",
            "--reopen corrects it, --again begins a second one",
        )
    return _resume(instrument, store, where, case, last, seating, clock)


def _start(
    instrument: Instrument,
    store: Store,
    where: str,
    case: str,
    number: int,
    seating: StartOptions,
    clock: Clock,
) -> InterviewSession | UserError:
    sample = (
        seating.sample_values
        if seating.sample_values is not None
        else parse_sample_values(instrument, case, seating.columns)
    )
    if isinstance(sample, UserError):
        return sample
    zone = resolve_zone(instrument, sample, seating.zone)
    if isinstance(zone, UserError):
        return zone
    language = resolve_language(instrument, seating.language, sample)
    if isinstance(language, UserError):
        return language
    at = clock()
    by, station = _get_interviewer_and_station(seating)
    there = at.astimezone(zone)
    began = InterviewStarted(
        EventStamp(at, by, station),
        instrument=instrument.hash,
        seed=seating.seed if seating.seed is not None else secrets.randbits(63),
        case=case,
        today=there.date(),
        session=SessionContext(by, daypart(there.hour), language),
        sample=sample,
    )
    interview = Interview.begin(instrument, began)
    store.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=at))
    id = seating.id or str(uuid4())
    link = seating.link or NO_CASE_LINK
    taken = store.start_interview(
        InterviewRow(
            id=id,
            case=case,
            instrument=instrument.hash,
            began_at=at,
            by=by,
            updated_at=at,
            origin=_origin(seating.practice),
            number=number,
            at_item=str(interview.place or ""),
        ),
        began,
        case=link.build_start_update(id),
    )
    if taken is not None and not isinstance(taken, InterviewConflict):
        return UserError(case, taken.message, "choose another case")
    if taken is not None:
        return UserError(
            case, f"{taken.by} has just begun this interview at {taken.station}", "choose another case"
        )
    link.handle_commit(id, None)
    notice = " ".join(filter(None, (_find_version_warning(instrument, store), seating.version_notice)))
    return _build_session(store, where, id, interview, seating, clock, zone, notice)


def _resume(
    newest: Instrument | None,
    store: Store,
    where: str,
    case: str,
    row: InterviewRow,
    seating: StartOptions,
    clock: Clock,
) -> InterviewSession | UserError:
    texts = store.find_instrument_texts(row.instrument) or {}
    same = newest is not None and row.instrument == newest.hash
    instrument = newest if newest is not None and same else rebuild_instrument(texts, row.instrument)
    if isinstance(instrument, UserError):
        return instrument
    try:
        interview = Interview.replay(instrument, store.read_journal(row.id))
    except ValueError as error:
        return UserError(case, f"its journal cannot be followed ({error})", "`survey db verify` tells more")
    zone = resolve_zone(instrument, interview.start.sample, seating.zone)
    if isinstance(zone, UserError):
        return zone
    language = seating.language or interview.language
    if language not in instrument.languages:
        return build_language_error(instrument, language)
    at = max(clock(), row.updated_at)
    by, station = _get_interviewer_and_station(seating)
    there = at.astimezone(zone)
    event = InterviewResumed(
        EventStamp(at, by, station), SessionContext(by, daypart(there.hour), language), reopen=seating.reopen
    )
    before = interview.place
    after = interview.step(event)
    if isinstance(after, Rejection):
        return UserError(case, after.why)
    link = seating.link or NO_CASE_LINK
    taken = store.append_event(
        row.id,
        seq=after.seq,
        event=event,
        status=after.status,
        at_item=str(after.place or ""),
        answered=after.answer_count,
        fence=link.fence(),
        case=link.build_start_update(row.id),
    )
    if taken is not None and not isinstance(taken, InterviewConflict):
        return UserError(case, taken.message, "choose another case")
    if taken is not None:
        return UserError(case, f"{taken.by} is in this interview at {taken.station}", "choose another case")
    link.handle_commit(row.id, None)
    when = row.updated_at.astimezone(zone)
    stood = f"at {before or after.place or 'its end'}"
    version = f", version {instrument.version}" if instrument.version else ""
    how = "reopened for correction" if seating.reopen else "resumed"
    notice = f"Case {case} was {row.status} {stood}, {when:%d %b %H:%M}{version}: {how}."
    if newest is None:
        notice += (
            " The questionnaire's file is missing or has problems now; this interview goes on as it began."
        )
    elif not same:
        notice += " The questionnaire has changed since; this interview goes on as it began."
    return _build_session(store, where, row.id, after, seating, clock, zone, notice)


def _build_session(
    store: Store,
    where: str,
    id: str,
    interview: Interview,
    seating: StartOptions,
    clock: Clock,
    zone: tzinfo,
    notice: str,
) -> InterviewSession | UserError:
    by, station = _get_interviewer_and_station(seating)
    instrument = interview.instrument
    named = next((n for n, c in instrument.sample.items() if c.role == "name"), None)
    name = interview.start.sample.get(named) if named else None
    desk = InterviewSession(
        store=store,
        id=id,
        interview=interview,
        outcomes=build_outcome_table(instrument),
        clock=clock,
        by=by,
        station=station,
        zone=zone if find_zone(instrument, interview.start.sample, seating.zone) is not None else None,
        respondent=name if isinstance(name, str) and name else interview.start.case,
        notice=notice,
        practice=seating.practice,
        kept_in=where,
        link=seating.link
        or UnsampledCaseLink(store, instrument, clock, by, _origin(seating.practice), interview.start.case),
    )
    why = desk.advance()
    return UserError(seating.case, why.why) if why is not None else desk


class UnsampledCaseLink(NoCaseLink):
    """The link of an interview whose case came with no sample: answers are erased where consent is withdrawn."""

    def __init__(
        self, store: Store, instrument: Instrument, clock: Clock, by: str, origin: InterviewOrigin, key: str
    ) -> None:
        self._store, self._instrument, self._clock = store, instrument, clock
        self._by, self._origin, self._key = by, origin, key

    def list_tasks(self, outcome: Outcome | None) -> tuple[str, ...]:
        if outcome is None or outcome.kind != WITHDRAWN:
            return ()
        from survey_cli.study.consistency.follow_up import (
            build_follow_up_tasks,  # rare, and an interview begins sooner without it
        )

        return build_follow_up_tasks(outcome, self._key, self._origin, sampled=False)

    def handle_commit(self, id: str, outcome: Outcome | None) -> str:
        if not self.list_tasks(outcome):
            return ""
        from survey_cli.study.consistency.follow_up import do_follow_up_tasks

        at, by = self._clock(), self._by
        try:
            return "; ".join(
                do_follow_up_tasks(self._store, self._instrument, None, at=at, by=by, key=self._key)
            )
        except StoreError as problem:
            return f"the answers are not erased yet: {problem.what} — {problem.remedy}"


def _find_version_warning(instrument: Instrument, store: Store) -> str:
    """A warning where the file was edited under the same version label."""
    same = [
        r
        for r in store.list_instruments()
        if r.id == instrument.id and r.version == instrument.version and r.hash != instrument.hash
    ]
    if not same or not instrument.version:
        return ""
    return f"The questionnaire has changed since earlier interviews, but still says version {instrument.version}."


def daypart(hour: int) -> str:
    """As one greets: morning to noon, afternoon to five, evening."""
    return "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"


def _get_interviewer_and_station(seating: StartOptions) -> tuple[str, str]:
    return seating.interviewer, seating.station.strip() or socket.gethostname()
