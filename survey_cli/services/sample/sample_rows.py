"""Conversion of a sample file's rows into case events and contacts. Nothing is stored here."""

from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

from survey_cli.fieldwork.case import case as fieldwork
from survey_cli.fieldwork.case.events import CaseEvent, CaseSampled, NumberFacts, NumberMarked
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.samples.cases.columns import find_column, find_country
from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import SampleCase, SampleNumber
from survey_cli.store import Store
from survey_cli.store.cases.case_records import Contact, ContactNumber
from survey_cli.values import Cell, Missing, Value


class ExistingCases(NamedTuple):
    """The cases that a study has before an import."""

    values: dict[str, dict[str, Cell]]
    """Their sample values by key, including personal columns."""
    nameless: frozenset[str]
    """Cases whose identity was removed for good."""
    located: dict[str, int]
    """How many numbers of each case have zones; none where an earlier release imported them with the study's zone
    alone."""


def load_existing_cases(store: Store, instrument: Instrument) -> ExistingCases:
    """Load what is stored about every case."""
    personal = {key: contact.columns for key, contact in store.cases.queries.iterate_contacts()}
    keys = [name for name, column in instrument.sample.items() if column.role == "key"]
    values: dict[str, dict[str, Cell]] = {}
    nameless: set[str] = set()
    located: dict[str, int] = {}
    for key, history in store.cases.queries.iterate_histories():
        case = fieldwork.Case.from_history(key, history)
        values[key] = {**dict.fromkeys(keys, key), **case.columns, **personal.get(key, {})}
        if case.anonymized:
            nameless.add(key)
        located[key] = sum(bool(number.zones) for number in case.numbers)
    return ExistingCases(values, frozenset(nameless), located)


def assign_positions(case: SampleCase, kept: Contact | None = None) -> list[int]:
    """The position of each of the case's numbers in its history: a number that is stored already keeps its own."""
    known = {number.e164 or number.written: number.position for number in (kept.numbers if kept else ())}
    free = max(known.values(), default=0)
    found = []
    for number in case.numbers:
        said = _get_number_text(number)
        if said not in known:
            free += 1
            known[said] = free
        found.append(known[said])
    return found


def _get_number_text(number: SampleNumber) -> str:
    return number.read.e164 if isinstance(number.read, ParsedNumber) else number.read.written


def build_sample_event(case: SampleCase, instrument: Instrument, kept: Contact | None = None) -> CaseSampled:
    """The event with the case's sample values that do not identify anybody."""
    return CaseSampled(
        columns=_select_values(case, instrument, hidden=False),
        numbers=tuple(
            NumberFacts(position, number.read.line, number.read.zones)
            if isinstance(number.read, ParsedNumber)
            else NumberFacts(position)
            for position, number in zip(assign_positions(case, kept), case.numbers, strict=True)
        ),
        zone=case.zone,
        language=case.language,
        priority=case.priority,
        weight=case.weight,
        frame=case.frame,
        replicate=case.replicate,
    )


def build_update_event(
    case: SampleCase, instrument: Instrument, *, before: fieldwork.Case, kept: Contact | None, columns: Collection[str]
) -> CaseSampled:
    """The event for a case that is stored already.

    Columns missing in the file keep their values; an empty cell clears the value.
    """
    brought = build_sample_event(case, instrument, kept)
    silent = {
        role for role in ("zone", "language", "weight", "priority", "frame", "replicate")
        if find_column(instrument, role) not in columns
    }  # fmt: skip
    return brought._replace(
        columns=_merge_values(before.columns, brought.columns, columns),
        zone=before.zone if "zone" in silent else brought.zone,
        language=before.sampled_language if "language" in silent else brought.language,
        weight=before.weight if "weight" in silent else brought.weight,
        priority=before.priority if "priority" in silent else brought.priority,
        frame=before.frame if "frame" in silent else brought.frame,
        replicate=before.replicate if "replicate" in silent else brought.replicate,
    )


def iterate_number_marks(case: SampleCase, listed: Collection[str], kept: Contact | None = None) -> Iterator[CaseEvent]:
    """Iterate over marks for new numbers that cannot be read, and for those on the do-not-call list."""
    known = {number.position for number in (kept.numbers if kept else ())}
    for position, number in zip(assign_positions(case, kept), case.numbers, strict=True):
        if isinstance(number.read, ParsedNumber):
            if number.read.e164 in listed:
                yield NumberMarked(position, "never_call", "on the list")
        elif position not in known:
            yield NumberMarked(position, "dead", number.read.why)


def build_contact(
    case: SampleCase, instrument: Instrument, *, link: str, kept: Contact | None = None, columns: Collection[str] = ()
) -> Contact:
    """The case's identifying data.

    For a stored contact only these columns change, and numbers missing in the file stay.
    """
    values = _select_values(case, instrument, hidden=True)
    if kept is not None:
        values = _merge_values(kept.columns, values, columns)
    named = find_column(instrument, "name")
    numbers = {number.position: number for number in (kept.numbers if kept else ())}
    for position, number in zip(assign_positions(case, kept), case.numbers, strict=True):
        numbers[position] = _build_contact_number(position, number, instrument)
    return Contact(
        link=link,
        name=str(values.get(named, "")) if named else "",
        columns=values,
        numbers=tuple(numbers[position] for position in sorted(numbers)),
    )


def _build_contact_number(position: int, number: SampleNumber, instrument: Instrument) -> ContactNumber:
    read = number.read
    if not isinstance(read, ParsedNumber):
        return ContactNumber(position, read.written, "", read.written)
    at_home = (find_country(instrument) or read.country) == read.country
    shown = read.national if at_home else read.international
    return ContactNumber(position, read.written, read.e164, shown, read.extension)


def _select_values(case: SampleCase, instrument: Instrument, *, hidden: bool) -> dict[str, Value]:
    """The case's non-missing values, personal ones or others. The key is in neither."""
    return {
        name: value
        for name, value in case.values.items()
        if instrument.sample[name].is_personal == hidden
        and instrument.sample[name].role != "key"
        and not isinstance(value, Missing)
    }


def _merge_values(
    before: Mapping[str, Value], brought: Mapping[str, Value], columns: Collection[str]
) -> dict[str, Value]:
    stands = {name: value for name, value in before.items() if name not in columns}
    return {**stands, **{name: value for name, value in brought.items() if name in columns or name not in before}}


def compute_fingerprint(case: SampleCase) -> str:
    """A short digest of the row; an equal one means that nothing has changed."""
    said = sorted((name, repr(value)) for name, value in case.values.items())
    return blake2b(repr(said).encode(), digest_size=8).hexdigest()
