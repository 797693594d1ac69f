"""Conversion of a sample file's rows into case events and contacts. Nothing is stored here."""

from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

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


def assign_positions(case: SampleCase, stored: Contact | None = None) -> list[int]:
    """Return the position of each of the case's numbers in its history; a stored number keeps its own."""
    positions = {number.e164 or number.written: number.position for number in (stored.numbers if stored else ())}
    last = max(positions.values(), default=0)
    for number in case.numbers:
        text = _get_number_text(number)
        if text not in positions:
            last += 1
            positions[text] = last
    return [positions[_get_number_text(number)] for number in case.numbers]


def _get_number_text(number: SampleNumber) -> str:
    return number.read.e164 if isinstance(number.read, ParsedNumber) else number.read.written


def build_sample_event(case: SampleCase, instrument: Instrument, stored: Contact | None = None) -> CaseSampled:
    """Return the event with the case's sample values that do not identify anybody."""
    return CaseSampled(
        columns=_select_values(case, instrument, personal=False),
        numbers=tuple(
            NumberFacts(position, number.read.line, number.read.zones)
            if isinstance(number.read, ParsedNumber)
            else NumberFacts(position)
            for position, number in zip(assign_positions(case, stored), case.numbers, strict=True)
        ),
        zone=case.zone,
        language=case.language,
        priority=case.priority,
        weight=case.weight,
        frame=case.frame,
        replicate=case.replicate,
    )


def build_update_event(
    case: SampleCase,
    instrument: Instrument,
    *,
    before: fieldwork.Case,
    stored: Contact | None,
    columns: Collection[str],
) -> CaseSampled:
    """Return the event for a case that is stored already.

    Columns missing in the file keep their values; an empty cell clears the value.
    """
    event = build_sample_event(case, instrument, stored)
    stored_values: dict[str, Any] = {
        "zone": before.zone, "language": before.sampled_language, "weight": before.weight,
        "priority": before.priority, "frame": before.frame, "replicate": before.replicate,
    }  # fmt: skip
    unchanged = {role: v for role, v in stored_values.items() if find_column(instrument, role) not in columns}
    return event._replace(columns=_merge_values(before.columns, event.columns, columns), **unchanged)


def iterate_number_marks(
    case: SampleCase, listed: Collection[str], stored: Contact | None = None
) -> Iterator[CaseEvent]:
    """Iterate over marks for new numbers that cannot be read, and for those on the do-not-call list."""
    positions = {number.position for number in (stored.numbers if stored else ())}
    for position, number in zip(assign_positions(case, stored), case.numbers, strict=True):
        if isinstance(number.read, ParsedNumber):
            if number.read.e164 in listed:
                yield NumberMarked(position, "never_call", "on the list")
        elif position not in positions:
            yield NumberMarked(position, "dead", number.read.why)


def build_contact(
    case: SampleCase, instrument: Instrument, *, link: str, stored: Contact | None = None, columns: Collection[str] = ()
) -> Contact:
    """Return the case's identifying data.

    For a stored contact only these columns change, and numbers missing in the file stay.
    """
    values = _select_values(case, instrument, personal=True)
    if stored is not None:
        values = _merge_values(stored.columns, values, columns)
    name_column = find_column(instrument, "name")
    numbers = {number.position: number for number in (stored.numbers if stored else ())}
    for position, number in zip(assign_positions(case, stored), case.numbers, strict=True):
        numbers[position] = _build_contact_number(position, number, instrument)
    return Contact(
        link=link,
        name=str(values.get(name_column, "")) if name_column else "",
        columns=values,
        numbers=tuple(numbers[position] for position in sorted(numbers)),
    )


def _build_contact_number(position: int, number: SampleNumber, instrument: Instrument) -> ContactNumber:
    read = number.read
    if not isinstance(read, ParsedNumber):
        return ContactNumber(position, read.written, "", read.written)
    is_domestic = (find_country(instrument) or read.country) == read.country
    display = read.national if is_domestic else read.international
    return ContactNumber(position, read.written, read.e164, display, read.extension)


def _select_values(case: SampleCase, instrument: Instrument, *, personal: bool) -> dict[str, Value]:
    """Return the case's non-missing values, personal ones or others. The key is in neither."""
    return {
        name: value
        for name, value in case.values.items()
        if instrument.sample[name].is_personal == personal
        and instrument.sample[name].role != "key"
        and not isinstance(value, Missing)
    }


def _merge_values(before: Mapping[str, Value], new: Mapping[str, Value], columns: Collection[str]) -> dict[str, Value]:
    unchanged = {name: value for name, value in before.items() if name not in columns}
    return {**unchanged, **{name: value for name, value in new.items() if name in columns or name not in before}}


def compute_fingerprint(case: SampleCase) -> str:
    """Return a short digest of the row; an equal one means that nothing has changed."""
    values = sorted((name, repr(value)) for name, value in case.values.items())
    return blake2b(repr(values).encode(), digest_size=8).hexdigest()
