"""Mapping between cases, history entries and contacts and their database columns."""

import json
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.case.codec import decode_case_event, decode_value, encode_case_event
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.store.cases.case_records import CaseRow, Contact, ContactNumber, Lease, LeaseHolder
from survey_cli.values import Value


def _encode_optional_time(at: datetime | None) -> str | None:
    return None if at is None else encode_timestamp(at)


def _decode_optional_time(text: str | None) -> datetime | None:
    return None if text is None else decode_timestamp(text)


def encode_queue_position(standing: QueuePosition) -> tuple[str | int | None, ...]:
    """In the order of `case_statements.STANDING_COLUMNS`."""
    return (
        standing.status,
        _encode_optional_time(standing.due_at),
        standing.bucket,
        standing.rank,
        standing.code,
        standing.outcome,
        standing.attempts,
        standing.why,
        _encode_optional_time(standing.promised_at),
        _encode_optional_time(standing.promised_until),
        standing.owner,
    )


def encode_lease(lease: Lease) -> tuple[str, str, str, str]:
    return lease.token, lease.by, lease.station, encode_timestamp(lease.until)


def decode_case_row(row: Sequence[Any]) -> CaseRow:
    """In the order of `case_statements.ROW_COLUMNS`."""
    (
        (key, ordinal, seq, stood, status, was, due_at, bucket, rank, code, outcome, attempts, why),
        (promised_at, promised_until, owner, by, station, until, frame, replicate, mark, updated_at),
    ) = row[:13], row[13:]
    return CaseRow(
        key=key,
        ordinal=ordinal,
        seq=seq,
        position_seq=stood,
        status=was if status == "arriving" else status,
        status_after_lease=was,
        due_at=_decode_optional_time(due_at),
        bucket=bucket,
        rank=rank,
        code=code,
        outcome=outcome,
        attempts=attempts,
        why=why,
        promised_at=_decode_optional_time(promised_at),
        promised_until=_decode_optional_time(promised_until),
        owner=owner,
        holder=None if until is None else LeaseHolder(by, station, decode_timestamp(until)),
        frame=frame,
        replicate=replicate,
        fingerprint=mark,
        updated_at=decode_timestamp(updated_at),
    )


def encode_entry(entry: HistoryEntry) -> tuple[str, str, str, str, str, str]:
    """Kind, payload, at, by, station, key."""
    kind, payload = encode_case_event(entry.event)
    return kind, payload, encode_timestamp(entry.at), entry.by, entry.station, entry.key


def decode_entry(row: Sequence[Any]) -> HistoryEntry:
    kind, payload, at, by, station, key = row
    return HistoryEntry(decode_timestamp(at), by, station, decode_case_event(kind, payload), key)


def encode_contact(contact: Contact) -> tuple[str, str, str, str]:
    """The link, everything as JSON, and what is looked through: the digits of the numbers, folded words."""
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
    found = json.loads(details)
    return Contact(
        link=link,
        name=found["name"],
        columns={name: decode_value(written) for name, written in found["columns"].items()},
        numbers=tuple(ContactNumber(*number) for number in found["numbers"]),
    )


def extract_digits(text: str) -> str:
    """Its digits, in their plain form."""
    found = "".join(filter(str.isdecimal, text))
    return found if found.isascii() else "".join(str(int(digit)) for digit in found)


def fold_text(text: str) -> str:
    """A text as it is compared: small letters without accents."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in bare if not unicodedata.combining(c))


def _encode_column_value(value: Value) -> object:
    match value:
        case datetime():
            raise TypeError(f"a sample column is a day or an hour, not both: {value}")
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case _:
            return value
