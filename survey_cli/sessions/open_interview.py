"""Interviews opened without a station: the questionnaire, the database, the case and its interview, in that order.

A case that was imported is claimed for the interview and receives its outcome.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from survey_cli.instrument.compiled.model import Instrument, find_labels
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import ColumnReader, InvalidValue, clean_text, make_role_reader
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import (
    Clock,
    InterviewStarter,
    StartOptions,
    check_clock,
    check_role,
    origin_of,
    resolve_station_name,
    utc_now,
)
from survey_cli.store import Store
from survey_cli.store.database_location import locate_database, open_existing_store, open_store
from survey_cli.study.location import locate_people_file
from survey_cli.study.versions import find_version_in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRequest:
    """A sample column whose value is needed for a new interview."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...] = ()
    """Code and label of each option, where the column is coded."""
    read: ColumnReader

    def why_invalid(self, text: str) -> str:
        """Return why this is no value of the column; empty where it is one."""
        value = self.read(text)
        return f"{value.what} — {value.remedy}" if isinstance(value, InvalidValue) else ""


def list_column_requests(path: str | Path, *, db: str | None, case: str, practice: bool) -> tuple[ColumnRequest, ...]:
    """List the sample columns to ask for before a new interview of this case; none where the case has an interview."""
    case = clean_text(case)
    instrument = open_instrument(str(path))
    store = open_existing_store(locate_database(path, instrument.id, db))
    if store is not None:
        with store:
            if case and store.interviews.list_rows(case=case, origin=origin_of(practice)):
                return ()
    return tuple(
        ColumnRequest(
            name=name,
            label=str(column.label.get(instrument.language)) if column.label else name,
            options=tuple((str(c), t) for c, t in find_labels(instrument, name, instrument.language).items()),
            read=make_role_reader(instrument, column),
        )
        for name, column in instrument.sample.items()
        if column.role != "key" and column.type != "split"
    )


def start_or_resume(
    path: str | Path, options: StartOptions, *, clock: Clock | None = None, store: Store | None = None
) -> InterviewSession:
    """Open everything and start or resume the case's interview.

    `clock` and `store` are for tests; otherwise they are the study's.
    """
    options = replace(options, case=clean_text(options.case))
    if not options.case:
        raise UserError(str(path), "no case was given", "give the case's key with --case")
    opened = store

    def is_in_use(instrument: Instrument) -> bool:
        nonlocal opened
        opened = opened or open_existing_store(locate_database(path, instrument.id, options.db))
        return opened is not None and opened.data.has_interviews(instrument.hash)

    try:
        instrument = open_instrument(str(path), is_in_use=is_in_use)
    except UserError:
        if store is None and opened is not None:
            opened.close()
        session = _resume_stored_version(path, options, clock)
        if session is None:
            raise
        return session
    where = locate_database(path, instrument.id, options.db)
    if opened is not None and opened.read_only:  # opening it to write says why that can't be done
        opened.close()
        opened = None
    opened = opened or open_store(where, create=True)
    try:
        check_role(opened)
        if not options.practice:
            check_clock(opened, where, options, clock)
            if opened.has_case(options.case):
                opened.close()
                return _start_sampled_case(path, options, clock)
        identified = _identify_interviewer(path, instrument.id, options, opened)
        version = find_version_in_force(opened, instrument, str(path))
        identified, clock = replace(identified, version_notice=version.notice), clock or opened.clock or utc_now
        starter = InterviewStarter(store=opened, where=where, options=identified, clock=clock)
        return starter.start_or_resume(version.instrument)
    except UserError:
        if store is None:
            opened.close()
        raise


def _start_sampled_case(path: str | Path, options: StartOptions, clock: Clock | None) -> InterviewSession:
    """Claim the imported case, so that nobody else calls it meanwhile, and start its interview."""
    # these take time to import, and an interview without a sample starts sooner without them
    from survey_cli.sessions.case.case_claim import start_single_case
    from survey_cli.study.open_study import open_study

    study = open_study(path, db=options.db, by=options.interviewer)
    station, clock = resolve_station_name(options.station), clock or study.store.clock or utc_now
    try:
        return start_single_case(study, options, station=station, clock=clock, token=uuid4().hex)
    except UserError:
        study.close()
        raise


def _identify_interviewer(path: str | Path, instrument: str, options: StartOptions, store: Store) -> StartOptions:
    """Return the options with the interviewer's name; in a practice interview any name may be given."""
    where = locate_database(path, instrument, options.db)
    people_path = locate_people_file(path, where)
    if options.practice or people_path is None or not people_path.is_file():
        return replace(options, interviewer=options.interviewer.strip() or store.account)
    from survey_cli.study.open_study import identify, load_people

    people = load_people(path, where, None)
    interviewer = identify(options.interviewer, store.account, people, people)
    return replace(options, interviewer=interviewer.login, attributes=interviewer.attributes)


def _resume_stored_version(path: str | Path, options: StartOptions, clock: Clock | None) -> InterviewSession | None:
    """Resume a suspended interview although the questionnaire's file is missing or has errors now.

    Returns None where there is no such interview, or where its case was imported: the file says how that case is called
    and what its outcome means.
    """
    where = locate_database(path, Path(path).stem, options.db)
    try:
        store = None if options.reopen else open_existing_store(where)
    except UserError:
        return None
    if store is None:
        return None
    session: InterviewSession | None = None
    try:
        last = store.interviews.find_last(options.case, origin_of(options.practice))
        sampled = not options.practice and store.has_case(options.case)
        if last is not None and last.status in ("open", "suspended") and not sampled:
            identified = _identify_interviewer(path, Path(path).stem, options, store)
            clock = clock or store.clock or utc_now
            session = InterviewStarter(store=store, where=where, options=identified, clock=clock).resume(None, last)
    finally:
        if session is None:
            store.close()
    return session
