"""Mapping between cases, history entries and contacts and their database columns."""

import json
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from functools import reduce
from typing import Any, Final

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.case.codec import decode_case_event, decode_value, encode_case_event
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.store.cases.case_records import CaseRow, Contact, ContactNumber, Lease, LeaseHolder
from survey_cli.values import Value

SPELLINGS: Final = (
    *((mark, "'") for mark in "’‘ʼ`"), ("ł", "l"), ("ø", "o"), ("đ", "d"), ("ð", "d"), ("ı", "i"), ("æ", "a"), ("œ", "o"),
    ("aa", "a"), ("ae", "a"), ("oe", "o"), ("ue", "u"),
)  # fmt: skip
"""Spellings that a search takes for the same: Łukasz and Lukasz, Müller (stored as muller) and Mueller, O’Brien and
O'Brien. Each is replaced in this order."""


def _decode_optional_time(text: str | None) -> datetime | None:
    return None if text is None else decode_timestamp(text)


def encode_queue_position(position: QueuePosition) -> tuple[str | int | None, ...]:
    """Encode a queue position in the order of `case_statements.POSITION_COLUMNS`."""
    return tuple(encode_timestamp(value) if isinstance(value, datetime) else value for value in position)


def encode_lease(lease: Lease) -> tuple[str, str, str, str]:
    """Encode a lease: token, interviewer, station, end."""
    return lease.token, lease.by, lease.station, encode_timestamp(lease.until)


def decode_case_row(row: Sequence[Any]) -> CaseRow:
    """Decode a row with the columns of `case_statements.ROW_COLUMNS`."""
    key, ordinal, seq, position_seq, status, was, due_at, *position, promised_at, promised_until, owner = row[:16]
    by, station, until, frame, replicate, mark, updated_at = row[16:]
    return CaseRow._make(
        (
            *(key, ordinal, seq, position_seq, was if status == "arriving" else status, was),
            *(_decode_optional_time(due_at), *position),
            *(_decode_optional_time(promised_at), _decode_optional_time(promised_until), owner),
            *(None if until is None else LeaseHolder(by, station, decode_timestamp(until)), frame, replicate, mark),
            decode_timestamp(updated_at),
        )
    )


def encode_entry(entry: HistoryEntry) -> tuple[str, str, str, str, str, str]:
    """Encode an entry: kind, payload, at, by, station, key."""
    kind, payload = encode_case_event(entry.event)
    return kind, payload, encode_timestamp(entry.at), entry.by, entry.station, entry.key


def decode_entry(row: Sequence[Any]) -> HistoryEntry:
    """Decode an entry from the columns that `encode_entry` returns."""
    kind, payload, at, by, station, key = row
    return HistoryEntry(decode_timestamp(at), by, station, decode_case_event(kind, payload), key)


def encode_contact(contact: Contact) -> tuple[str, str, str, str]:
    """Encode a contact: its link, all of it as JSON, and what is searched: digits of its numbers, folded words."""
    details = json.dumps(
        {
            "name": contact.name,
            "columns": {name: _encode_column_value(value) for name, value in contact.columns.items()},
            "numbers": [list(number) for number in contact.numbers],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    words = [contact.name, *(value for value in contact.columns.values() if isinstance(value, str))]
    digits = " ".join(extract_digits(number.e164) for number in contact.numbers)
    return contact.link, details, digits, "\n".join(fold_text(word) for word in words if word)


def decode_contact(link: str, details: str) -> Contact:
    """Decode a contact from its link and its JSON."""
    fields = json.loads(details)
    return Contact(
        link=link,
        name=fields["name"],
        columns={name: decode_value(value) for name, value in fields["columns"].items()},
        numbers=tuple(ContactNumber(*number) for number in fields["numbers"]),
    )


def extract_digits(text: str) -> str:
    """Return the digits of a text as ASCII digits."""
    digits = "".join(filter(str.isdecimal, text))
    return digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)


def fold_text(text: str) -> str:
    """Return a text in the form in which texts are compared: lower case, without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def unify_spelling(folded_text: str) -> str:
    """Return a folded text with each of the `SPELLINGS` replaced."""
    return reduce(lambda text, pair: text.replace(*pair), SPELLINGS, folded_text)


def _encode_column_value(value: Value) -> object:
    match value:
        case datetime():
            raise TypeError(f"a sample column is a date or a time, not both: {value}")
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case _:
            return value
