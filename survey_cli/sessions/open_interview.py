"""Open an interview without a station: questionnaire, database, case and interview, in this order.

An imported case is claimed for the interview and receives its outcome.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias
from uuid import uuid4

from survey_cli.instrument.compiled.model import Instrument, find_labels
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.instrument.texts.number_text import get_separators
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import (
    ColumnReader,
    InvalidValue,
    clean_text,
    make_role_reader,
)
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
from survey_cli.study.account_names import check_own_name
from survey_cli.study.location import locate_people_file
from survey_cli.study.versions import find_version_in_force

ROLE_LABELS: Final = {
    "phone": "Telephone number",
    "name": "Name",
    "zone": "Time zone",
    "country": "Country",
    "region": "Region",
    "language": "Language of the interview",
    "consent": "May be dialed by machine",
    "weight": "Weight",
    "priority": "Priority",
    "frame": "Sample frame",
    "replicate": "Replicate",
    "stratum": "Stratum",
    "psu": "Primary sampling unit",
    "fpc": "Size of the stratum in the population",
    "replicate_weight": "Replicate weight",
}
"""Names of columns without a label, in the question for their value."""
ROLE_EXAMPLES: Final = {
    "phone": "such as 202 555 0100",
    "zone": "such as America/Chicago",
    "country": "two letters, such as US",
    "region": "with its country, such as DE-BY",
    "consent": "yes or no",
}
TYPE_EXAMPLES: Final = {"number": "a number", "date": "a date, such as 2026-11-24", "text": "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRequest:
    """A sample column that a new interview needs a value for."""

    name: str
    label: str
    expected: str
    """What can be typed: `1 Main Street, 2 Riverside`, `such as America/Chicago`."""
    read: ColumnReader

    def why_invalid(self, text: str) -> str:
        """Return why this is no value of the column, or an empty text if it is one."""
        value = self.read(text)
        if isinstance(value, InvalidValue):
            return f"{value.what} — {value.remedy}"
        return ""


AskColumns: TypeAlias = Callable[[tuple[ColumnRequest, ...]], Mapping[str, str]]
"""Asks for sample columns of a new case and returns what was typed, by the column's name."""


def list_column_requests(
    instrument: Instrument, known: Collection[str]
) -> tuple[ColumnRequest, ...]:
    """List the sample columns of a new case that aren't known yet."""
    decimal_comma = get_separators(instrument.language).decimal == ","
    requests = []
    for name, column in instrument.sample.items():
        if name in known or column.role == "key" or column.type == "split":
            continue
        request = ColumnRequest(
            name=name,
            label=_label_column(instrument, name, column),
            expected=_describe_expected(instrument, name, column),
            read=make_role_reader(instrument, column, decimal_comma=decimal_comma),
        )
        requests.append(request)
    return tuple(requests)


def _label_column(instrument: Instrument, name: str, column: SampleColumn) -> str:
    if column.label:
        return str(column.label.get(instrument.language))
    return ROLE_LABELS.get(column.role or "", name)


def _describe_expected(instrument: Instrument, name: str, column: SampleColumn) -> str:
    labels = find_labels(instrument, name, instrument.language)
    if labels:
        choices = []
        for code, text in labels.items():
            # a column may list its codes without labels: `West`, not `West West`
            is_labeled = str(code) != text
            choices.append(f"{code} {text}" if is_labeled else text)
        return ", ".join(choices)

    if column.role == "language":
        return ", ".join(instrument.languages)
    return ROLE_EXAMPLES.get(column.role or "", TYPE_EXAMPLES.get(column.type, ""))


def check_questionnaire(path: str | Path, db: str | None) -> None:
    """Raise UserError for an error of the questionnaire or its database, before any question."""
    instrument = open_instrument(str(path))
    store = open_existing_store(locate_database(path, instrument.id, db))
    if store is not None:
        store.close()


def create_database(path: str | Path) -> None:
    """Create the database of a questionnaire, if it has none yet. Raises UserError."""
    instrument = open_instrument(str(path))
    open_store(locate_database(path, instrument.id, None), create=True).close()


def start_or_resume(
    path: str | Path,
    options: StartOptions,
    *,
    ask_columns: AskColumns | None = None,
    clock: Clock | None = None,
    store: Store | None = None,
) -> InterviewSession:
    """Open everything and start or resume the case's interview.

    `ask_columns` is called for a new interview of a case that isn't in the sample, if `options`
    leave columns out. `clock` and `store` are for tests; otherwise they are the study's.
    """
    options = replace(options, case=clean_text(options.case))
    if not options.case:
        raise UserError(str(path), "no case was given", "give the case's key with --case")

    database = _StudyDatabase(path, options.db, given=store)
    try:
        instrument = open_instrument(str(path), is_in_use=database.has_interviews)
    except UserError:
        database.close()
        session = _resume_stored_version(path, options, clock)
        if session is None:
            raise
        return session

    where = locate_database(path, instrument.id, options.db)
    opened = database.open_for_writing(where)
    try:
        check_role(opened, practice=options.practice)
        if not options.practice:
            check_clock(opened, where, options, clock)
            if opened.has_case(options.case):
                opened.close()
                return _start_sampled_case(path, options, clock)
        return _start_unsampled_case(
            path, instrument, options, opened, where, ask_columns=ask_columns, clock=clock
        )
    # BaseException: the interviewer may leave a question for a column with Ctrl+C or Ctrl+D
    except BaseException:
        database.close()
        raise


class _StudyDatabase:
    """The study's database, opened when it is first needed. One that is given isn't closed."""

    def __init__(self, path: str | Path, db: str | None, *, given: Store | None) -> None:
        self._path = path
        self._db = db
        self._given = given
        self._opened = given

    def has_interviews(self, instrument: Instrument) -> bool:
        """Whether interviews have this version; it opens the database, but creates none."""
        if self._opened is None:
            where = locate_database(self._path, instrument.id, self._db)
            self._opened = open_existing_store(where)
        return self._opened is not None and self._opened.data.has_interviews(instrument.hash)

    def open_for_writing(self, where: str) -> Store:
        """Return the database, created if it is missing. Raises UserError if it is read-only."""
        if self._opened is not None and self._opened.read_only:
            # opening it for writing raises an error that says why it can't be written
            self._opened.close()
            self._opened = None
        if self._opened is None:
            self._opened = open_store(where, create=True)
        return self._opened

    def close(self) -> None:
        """Close the database if it was opened here."""
        if self._given is None and self._opened is not None:
            self._opened.close()


def _start_unsampled_case(
    path: str | Path,
    instrument: Instrument,
    options: StartOptions,
    store: Store,
    where: str,
    *,
    ask_columns: AskColumns | None,
    clock: Clock | None,
) -> InterviewSession:
    """Start or resume the interview of a case that isn't in the sample, or of a practice case."""
    identified = _identify_interviewer(path, instrument.id, options, store)
    version = find_version_in_force(store, instrument, str(path))
    identified = replace(identified, version_notice=version.notice)
    clock = clock or store.clock or utc_now
    starter = InterviewStarter(store=store, where=where, options=identified, clock=clock)

    if ask_columns is not None and starter.begins_interview():
        requests = list_column_requests(version.instrument, options.columns)
        if requests:
            columns = {**options.columns, **ask_columns(requests)}
            starter = replace(starter, options=replace(identified, columns=columns))
    return starter.start_or_resume(version.instrument)


def _start_sampled_case(
    path: str | Path, options: StartOptions, clock: Clock | None
) -> InterviewSession:
    """Claim the imported case, so that no other station calls it, and start its interview."""
    # imported here: they take time to import, and an interview without a sample doesn't need them
    from survey_cli.sessions.case.case_claim import start_single_case
    from survey_cli.study.open_study import check_study_may, open_study

    study = open_study(path, db=options.db, by=options.interviewer)
    station = resolve_station_name(options.station)
    clock = clock or study.store.clock or utc_now
    try:
        check_study_may(study, Action.CONDUCT_INTERVIEWS)
        return start_single_case(study, options, station=station, clock=clock, token=uuid4().hex)
    except UserError:
        study.close()
        raise


def _identify_interviewer(
    path: str | Path, instrument: str, options: StartOptions, store: Store
) -> StartOptions:
    """Return the options with the interviewer's name; a practice interview takes any name."""
    where = locate_database(path, instrument, options.db)
    people_path = locate_people_file(path, where)
    if options.practice:
        _check_may_practice(path, where, options.interviewer.strip() or store.account)
    if options.practice or people_path is None or not people_path.is_file():
        name = options.interviewer.strip() or store.account
        if name != store.account:
            check_own_name(name, store)
        return replace(options, interviewer=name)
    from survey_cli.study.open_study import identify, load_people
    from survey_cli.study.permissions import check_may

    people = load_people(path, where, None)
    interviewer = identify(options.interviewer, store.account, people, people, people_path)
    check_may(interviewer, Action.CONDUCT_INTERVIEWS, people)
    return replace(options, interviewer=interviewer.login, attributes=interviewer.attributes)


def _check_may_practice(path: str | Path, where: str, name: str) -> None:
    """Check that a person may practice, if the list has the name. Raises UserError."""
    # imported here: most interviews don't need it
    from survey_cli.study.open_study import load_people
    from survey_cli.study.permissions import check_may

    people = load_people(path, where, None)
    person = people.find(name)
    if person is not None:
        check_may(person, Action.PRACTICE, people)


def _resume_stored_version(
    path: str | Path, options: StartOptions, clock: Clock | None
) -> InterviewSession | None:
    """Resume a suspended interview although the questionnaire's file is missing or has errors now.

    Returns None if the case has no such interview. An imported case isn't resumed either: the file
    says how it is called and what its outcome means.
    """
    where = locate_database(path, Path(path).stem, options.db)
    if options.reopen:
        return None
    try:
        store = open_existing_store(where)
    except UserError:
        # the caller reports the error of the questionnaire, which comes first
        return None
    if store is None:
        return None

    session: InterviewSession | None = None
    try:
        last = store.interviews.find_last(options.case, origin_of(options.practice))
        is_sampled = not options.practice and store.has_case(options.case)
        is_unfinished = last is not None and last.status in ("open", "suspended")
        if last is not None and is_unfinished and not is_sampled:
            identified = _identify_interviewer(path, Path(path).stem, options, store)
            clock = clock or store.clock or utc_now
            starter = InterviewStarter(store=store, where=where, options=identified, clock=clock)
            session = starter.resume(None, last)
    finally:
        if session is None:
            store.close()
    return session
