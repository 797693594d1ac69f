"""Import of a sample: the file is compared with stored cases, and stored as a whole or not at all.

A dry run returns what would happen.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, TypeVar

from survey_cli.fieldwork.case import case as fieldwork
from survey_cli.fieldwork.case.events import (
    SAMPLE_STATION,
    CaseEvent,
    CaseReleased,
    CaseSampled,
    HistoryEntry,
    NumberFacts,
    NumberMarked,
)
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.permissions import Action
from survey_cli.problems import Position, Problem, UserError
from survey_cli.samples.cases.columns import find_column, find_country, list_columns
from survey_cli.samples.cases.import_preview import ImportPreview, preview_import
from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import (
    SampleCase,
    SampleFile,
    SampleNumber,
    compute_row_digest,
    read_sample,
)
from survey_cli.services.cases.case_actions import parse_replicates
from survey_cli.services.run_on_study import (
    ProgressCallback,
    ProgressReporter,
    Request,
    open_requested,
)
from survey_cli.store import Store
from survey_cli.store.backends.address import is_server_address
from survey_cli.store.cases.case_records import CaseUpdate, Contact, ContactNumber, NewCase
from survey_cli.store.database_location import has_database, locate_database
from survey_cli.store.do_not_call import FILE_NAME, DoNotCallList
from survey_cli.study.consistency.interview_outcomes import select_places
from survey_cli.study.consistency.upkeep import rebuild_queue, refresh_queue
from survey_cli.study.location import find_people_file
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import Cell, Missing, Value
from survey_cli.wording import join_words

T = TypeVar("T")
MAX_NAMED_COLUMNS: Final = 8
"""A supervisor's task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file is imported."""

    file: str
    sheet: str | None = None
    encoding: str | None = None
    update: bool = False
    """Give cases that are stored already the file's values."""
    dry_run: bool = False
    """Report what would happen, and change nothing."""
    release: str = ""
    """Replicates to release at once: `1-2`."""
    rng: Random
    """Source of contact links, which must be unpredictable."""
    pause: Callable[[], None] | None = None
    """Called between two commits."""
    progress: ProgressCallback | None = None
    """Receives the number of cases done and the total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import did, or in a dry run would do."""

    where: str
    summary: ImportPreview
    hidden: frozenset[str]
    """Personal columns, whose values must not be shown."""
    problems: tuple[Problem, ...]
    """Warnings, by line."""
    added: int
    released: int
    """New cases whose replicate, if any, is released."""
    updated: int
    busy: tuple[str, ...]
    """Cases that were not updated because a station has them."""
    nameless: tuple[str, ...]
    """Cases in the file that were erased or anonymized; none of their data are stored again."""


class ExistingCases(NamedTuple):
    """What is stored about the cases of a study, by key."""

    values: dict[str, dict[str, Cell]]
    """The sample values of every case, including personal columns."""
    nameless: frozenset[str]
    """Cases whose identity was removed for good."""
    located_counts: dict[str, int]
    """How many numbers of each case have zones.

    It is 0 if an earlier release imported the case with the zone of the study only.
    """


class _SampleToImport(NamedTuple):
    options: ImportOptions
    sample: SampleFile
    summary: ImportPreview
    listed: Collection[str]
    """Numbers on the do-not-call list."""
    new: list[SampleCase]
    released: frozenset[str]
    nameless: tuple[str, ...]
    """Cases in the file that were erased or anonymized."""
    located: frozenset[str]
    """Cases for which the file has more numbers with zones than are stored."""


def import_sample(request: Request, options: ImportOptions) -> ImportResult | list[Problem]:
    """Import the cases of a file.

    Importing the same file again changes nothing. If one of the file's problems is an error, it
    returns the problems, stores nothing and creates no database. Raises UserError.
    """
    new_location = _locate_new_database(request)
    first = request
    if new_location:
        # The file is read with a database in memory, so that a rejected file leaves no database.
        people = request.people or find_people_file(request.path, new_location)
        first = replace(request, db=":memory:", people=people)

    with (
        open_requested(first, Action.IMPORT_SAMPLE, create=bool(new_location)) as opened,
        _open_list(opened, new_location) as do_not_call,
    ):
        study = replace(opened, where=new_location or opened.where, do_not_call=do_not_call)
        to_import = _read_sample_file(study, options)
        if isinstance(to_import, list):
            return to_import
        if options.dry_run or not new_location:
            return _apply_import(study, to_import)

    with open_requested(request, Action.IMPORT_SAMPLE, create=True) as study:
        return _apply_import(study, to_import)


def _locate_new_database(request: Request) -> str:
    """Return the location of the database if it doesn't exist yet; otherwise an empty string."""
    instrument = open_instrument(request.path)
    where = locate_database(request.path, instrument.id, request.db)
    if has_database(where):
        return ""
    return where


def _open_list(study: OpenStudy, future_location: str) -> AbstractContextManager[DoNotCallList]:
    """Return the do-not-call list at the study's future location, if it has one, else its own."""
    if not future_location:
        return nullcontext(study.do_not_call)

    file = Path(future_location).with_name(FILE_NAME)
    if is_server_address(future_location) or file.is_file():
        return DoNotCallList.open_beside(future_location)
    return nullcontext(study.do_not_call)


def _read_sample_file(study: OpenStudy, options: ImportOptions) -> _SampleToImport | list[Problem]:
    study.store.cases.imports.finish()
    existing = load_existing_cases(study.store, study.instrument)
    nameless = existing.nameless
    sample = read_sample(
        options.file,
        study.instrument,
        sheet=options.sheet,
        encoding=options.encoding,
        existing=existing.values,
    )
    if isinstance(sample, list):
        return sample
    missing_numbers = _find_missing_numbers(study, sample, existing.values)
    if missing_numbers:
        return missing_numbers

    skipped = tuple(case.key for case in sample.cases if case.key in nameless)
    sample = sample._replace(cases=tuple(case for case in sample.cases if case.key not in nameless))
    stored = {key: values for key, values in existing.values.items() if key not in nameless}

    numbers = {number.e164 for case in sample.cases for number in case.dialable_numbers}
    listed = study.do_not_call.select_listed(numbers)
    summary = preview_import(
        sample, existing=stored, is_listed=lambda number: number.e164 in listed
    )
    released: frozenset[str] = frozenset()
    if options.release:
        replicates = {replicate for replicate in summary.replicates if replicate}
        released = parse_replicates(options.release, replicates, where=options.file)

    new = [case for case in sample.cases if case.key not in stored]
    located = frozenset(
        case.key
        for case in sample.cases
        if _count_located(case.dialable_numbers) > existing.located_counts.get(case.key, 0)
    )
    return _SampleToImport(options, sample, summary, listed, new, released, skipped, located)


def _count_located(numbers: Collection[ParsedNumber]) -> int:
    return sum(bool(number.zones) for number in numbers)


def _find_missing_numbers(
    study: OpenStudy, sample: SampleFile, stored: Collection[str]
) -> list[Problem]:
    """Return the problems of a file in which no case can be called, such as one of exported data.

    An update of stored cases needs no numbers.
    """
    columns = study.instrument.sample
    phones = list_columns(columns, "phone")
    has_number = any(case.dialable_numbers for case in sample.cases)
    is_update = all(case.key in stored for case in sample.cases)
    if not phones or has_number or is_update:
        return []

    where = Position(sample.file)
    what = "no case has a telephone number that can be dialed"
    if any(phone in sample.columns for phone in phones):
        # The warnings say what is wrong with each number.
        remedy = f"correct the numbers in {join_words(phones)}"
        return [*sample.problems, Problem("no-number", where, "", what, remedy)]

    # The warnings would only say of every column and row that this is another file.
    expected = join_words(columns, most=MAX_NAMED_COLUMNS)
    found = join_words(sample.headings, most=MAX_NAMED_COLUMNS)
    remedy = (
        f"import a file with the columns {expected}; the numbers are read from {join_words(phones)}"
    )
    return [Problem("no-number", where, "", f"{what}; the columns of the file are {found}", remedy)]


def _apply_import(study: OpenStudy, to_import: _SampleToImport) -> ImportResult:
    """Store what was read, unless it is a dry run. Raises UserError."""
    options = to_import.options
    added = 0
    updated = 0
    busy: list[str] = []
    if not options.dry_run:
        rebuild_queue(study, study.at, pause=options.pause)
        if to_import.new:
            added = _add_cases(study, to_import)
        if options.update:
            refresh_queue(study.store, study.plan, study.at)
            updated, busy = _update_cases(study, to_import)

    columns = study.instrument.sample.items()
    released = [
        case for case in to_import.new if not case.replicate or case.replicate in to_import.released
    ]
    return ImportResult(
        where=study.where,
        summary=to_import.summary,
        hidden=frozenset(name for name, column in columns if column.is_personal),
        problems=to_import.sample.problems,
        added=added,
        released=len(released),
        updated=updated,
        busy=tuple(busy),
        nameless=to_import.nameless,
    )


def _add_cases(study: OpenStudy, to_import: _SampleToImport) -> int:
    """Store the new cases, and return how many there are. Raises UserError."""
    options = to_import.options
    reporter = ProgressReporter(options.progress, len(to_import.new))
    cases = reporter(_build_cases(study, to_import))
    import_id = f"{options.rng.getrandbits(64):016x}"
    try:
        return study.store.cases.imports.add(
            cases,
            import_id=import_id,
            at=study.at,
            by=study.who.login,
            file=options.file,
            pause=options.pause,
        )
    except ValueError as duplicate:
        # Another import has added a case since the file was compared with what is stored.
        what = f"{duplicate}, so nothing was imported"
        remedy = "import again to see which cases are new"
        raise UserError(study.where, what, remedy) from duplicate


def _build_cases(study: OpenStudy, to_import: _SampleToImport) -> Iterator[NewCase]:
    """Yield the new cases with their histories, places in the queue and contacts."""
    for case in to_import.new:
        events: list[CaseEvent] = [build_sample_event(case, study.instrument)]
        if case.replicate in to_import.released:
            events.append(CaseReleased())
        events += iterate_number_marks(case, to_import.listed)
        entries = _make_entries(study, events)

        sampled = fieldwork.Case.from_history(case.key, entries)
        link = _draw_link(to_import.options)
        yield NewCase(
            key=case.key,
            entries=entries,
            queue_position=schedule_case(sampled, study.plan, study.at),
            contact=build_contact(case, study.instrument, link=link),
            fingerprint=compute_row_digest(case.values),
        )


def _make_entries(study: OpenStudy, events: Iterable[CaseEvent]) -> list[HistoryEntry]:
    return [HistoryEntry(study.at, study.who.login, SAMPLE_STATION, event) for event in events]


def _draw_link(options: ImportOptions) -> str:
    """Draw the identifier that links a case with its contact."""
    return f"{options.rng.getrandbits(128):032x}"


def _update_cases(study: OpenStudy, to_import: _SampleToImport) -> tuple[int, list[str]]:
    """Give changed cases the file's values; calls and answers stay.

    Returns how many were updated, and the cases that were skipped because a station has them.
    """
    cases = study.store.cases
    progress = to_import.options.progress
    changed = {change.case for change in to_import.summary.changes} | to_import.located
    count = 0
    busy: list[str] = []
    for case in to_import.sample.cases:
        if case.key not in changed:
            continue
        before = fieldwork.Case.from_history(case.key, cases.queries.read_history(case.key))
        if before.anonymized:
            # It was erased while the file was being read.
            continue

        update = _build_update(study, to_import, case, before)
        if cases.update(update) is None:
            count += 1
        else:
            busy.append(case.key)
        if progress is not None:
            progress(count + len(busy), len(changed))
    return count, busy


def _build_update(
    study: OpenStudy, to_import: _SampleToImport, case: SampleCase, before: fieldwork.Case
) -> CaseUpdate:
    """Build the update of a stored case to the values of the file."""
    instrument = study.instrument
    columns = to_import.sample.columns
    contact = study.store.cases.queries.find_contact(case.key)
    events: list[CaseEvent] = [build_update_event(case, instrument, before, contact, columns)]
    events += iterate_number_marks(case, to_import.listed, contact)
    entries = _make_entries(study, events)

    after = before
    for entry in entries:
        after = after.apply(entry)
    position = schedule_case(after, study.plan, study.at)
    if contact is not None:
        link = contact.link
    else:
        link = _draw_link(to_import.options)
    return CaseUpdate(
        case.key,
        seq=before.seq,
        entries=entries,
        queue_position=position,
        places=select_places(after, study.plan, position),
        contact=build_contact(case, instrument, link=link, stored=contact, columns=columns),
        fingerprint=compute_row_digest(case.values),
    )


def load_existing_cases(store: Store, instrument: Instrument) -> ExistingCases:
    """Load what is stored about all cases."""
    personal = {key: contact.columns for key, contact in store.cases.queries.iterate_contacts()}
    keys = list_columns(instrument.sample, "key")
    values: dict[str, dict[str, Cell]] = {}
    nameless: set[str] = set()
    located_counts: dict[str, int] = {}
    for key, history in store.cases.queries.iterate_histories():
        case = fieldwork.Case.from_history(key, history)
        values[key] = {**dict.fromkeys(keys, key), **case.columns, **personal.get(key, {})}
        located_counts[key] = sum(bool(number.zones) for number in case.numbers)
        if case.anonymized:
            nameless.add(key)
    return ExistingCases(values, frozenset(nameless), located_counts)


def assign_positions(case: SampleCase, stored: Contact | None = None) -> list[int]:
    """Return the position of each of the case's numbers in its history.

    A stored number keeps its own. Others follow the last one.
    """
    positions = {number.e164 or number.written: number.position for number in _list_numbers(stored)}
    last = max(positions.values(), default=0)
    for number in case.numbers:
        text = _get_number_text(number)
        if text not in positions:
            last += 1
            positions[text] = last
    return [positions[_get_number_text(number)] for number in case.numbers]


def _list_numbers(stored: Contact | None) -> Sequence[ContactNumber]:
    """Return the numbers of a stored contact; none if nothing is stored."""
    return stored.numbers if stored is not None else ()


def _get_number_text(number: SampleNumber) -> str:
    """Return the text by which a number is recognized: as it is dialed, or as it is written."""
    if isinstance(number.read, ParsedNumber):
        return number.read.e164
    return number.read.written


def build_sample_event(
    case: SampleCase, instrument: Instrument, stored: Contact | None = None
) -> CaseSampled:
    """Return the event with the case's sample values that identify nobody."""
    numbers = []
    for position, number in zip(assign_positions(case, stored), case.numbers, strict=True):
        if isinstance(number.read, ParsedNumber):
            numbers.append(NumberFacts(position, number.read.line, number.read.zones))
        else:
            numbers.append(NumberFacts(position))
    return CaseSampled(
        _select_values(case, instrument, personal=False),
        tuple(numbers),
        zone=case.zone,
        language=case.language,
        weight=case.weight,
        priority=case.priority,
        frame=case.frame,
        replicate=case.replicate,
    )


def build_update_event(
    case: SampleCase,
    instrument: Instrument,
    before: fieldwork.Case,
    stored: Contact | None,
    columns: Collection[str],
) -> CaseSampled:
    """Return the event for a case that is stored already.

    Columns missing in the file keep their values; an empty cell clears the value.
    """
    event = build_sample_event(case, instrument, stored)

    def choose(role: str, new: T, kept: T) -> T:
        return new if find_column(instrument, role) in columns else kept

    return event._replace(
        columns=_merge_values(before.columns, event.columns, columns),
        zone=choose("zone", event.zone, before.zone),
        # The language of the sample, and not the one that the respondent asked for since.
        language=choose("language", event.language, before.sampled_language),
        weight=choose("weight", event.weight, before.weight),
        priority=choose("priority", event.priority, before.priority),
        frame=choose("frame", event.frame, before.frame),
        replicate=choose("replicate", event.replicate, before.replicate),
    )


def iterate_number_marks(
    case: SampleCase, listed: Collection[str], stored: Contact | None = None
) -> Iterator[CaseEvent]:
    """Yield marks for new numbers that can't be read, and for those on the do-not-call list."""
    known = {number.position for number in _list_numbers(stored)}
    for position, number in zip(assign_positions(case, stored), case.numbers, strict=True):
        if isinstance(number.read, ParsedNumber):
            if number.read.e164 in listed:
                yield NumberMarked(position, "never_call", "on the list")
        elif position not in known:
            yield NumberMarked(position, "dead", number.read.why)


def build_contact(
    case: SampleCase,
    instrument: Instrument,
    *,
    link: str,
    stored: Contact | None = None,
    columns: Collection[str] = (),
) -> Contact:
    """Return the case's identifying data.

    For a stored contact only these columns change, and numbers missing in the file stay.
    """
    values = _select_values(case, instrument, personal=True)
    if stored is not None:
        values = _merge_values(stored.columns, values, columns)

    numbers = {number.position: number for number in _list_numbers(stored)}
    for position, number in zip(assign_positions(case, stored), case.numbers, strict=True):
        numbers[position] = _build_contact_number(position, number, instrument)
    ordered = tuple(numbers[position] for position in sorted(numbers))

    name_column = find_column(instrument, "name")
    name = str(values.get(name_column, "")) if name_column else ""
    return Contact(link=link, name=name, columns=values, numbers=ordered)


def _build_contact_number(
    position: int, number: SampleNumber, instrument: Instrument
) -> ContactNumber:
    read = number.read
    if not isinstance(read, ParsedNumber):
        return ContactNumber(position, read.written, "", read.written)

    is_domestic = (find_country(instrument) or read.country) == read.country
    display = read.national if is_domestic else read.international
    return ContactNumber(position, read.written, read.e164, display, read.extension)


def _select_values(case: SampleCase, instrument: Instrument, *, personal: bool) -> dict[str, Value]:
    """Return the case's non-missing values, personal ones or others. The key is in neither."""
    selected = {}
    for name, value in case.values.items():
        column = instrument.sample.get(name)
        if column is None or column.role == "key" or isinstance(value, Missing):
            continue
        if column.is_personal == personal:
            selected[name] = value
    return selected


def _merge_values(
    before: Mapping[str, Value], new: Mapping[str, Value], columns: Collection[str]
) -> dict[str, Value]:
    """Return the values before, with the new ones of these columns, and of any that had none.

    A column that is in the file and has no new value is cleared.
    """
    kept = {name: value for name, value in before.items() if name not in columns}
    taken = {name: v for name, v in new.items() if name in columns or name not in before}
    return kept | taken
