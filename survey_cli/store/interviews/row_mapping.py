"""Mapping between rows of interviews, instruments and variables and their database columns, with digests of rows."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.store.interviews.records import InterviewRow
from survey_cli.values import Variable


def _encode_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode_texts(texts: Mapping[str, str]) -> str:
    """Encode the texts of files as JSON. A file name that is not UTF-8 is escaped, and decoded as the same name."""
    text = _encode_json(dict(texts))
    return text if _is_encodable(text) else json.dumps(dict(texts))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode_texts(text: str) -> dict[str, str]:
    """Decode the texts of files from JSON."""
    texts: dict[str, str] = json.loads(text)
    return texts


def encode_interview(row: InterviewRow) -> tuple[str | int, ...]:
    """Encode the row of an interview in the order of `statements.INTERVIEW_COLUMNS`."""
    return (
        row.id,
        row.case,
        row.instrument,
        encode_timestamp(row.began_at),
        row.by,
        encode_timestamp(row.updated_at),
        *row[6:],
    )


def encode_interview_head(row: InterviewRow) -> tuple[str | int, ...]:
    """Encode the columns of an interview that an export has, in the order of `records.ExportRow`."""
    began_at, updated_at = encode_timestamp(row.began_at), encode_timestamp(row.updated_at)
    return row.id, row.case, row.number, row.origin, row.status, row.outcome, began_at, updated_at, row.by


def decode_interview(row: Sequence[Any]) -> InterviewRow:
    """Decode a row with the columns of `statements.INTERVIEW_COLUMNS`."""
    interview, case, instrument, began_at, by, updated_at, *rest = row
    return InterviewRow(
        interview, case, instrument, decode_timestamp(began_at), by, decode_timestamp(updated_at), *rest
    )


def encode_variable(variable: Variable) -> tuple[str | int | None, ...]:
    """Encode a variable. Labels become pairs, not an object, as `8` and `"8"` are different codes."""
    return (
        variable.name,
        variable.label,
        variable.storage,
        variable.measure,
        variable.decimals,
        _encode_json(list(variable.labels.items())),
        _encode_json(variable.user_missing),
        _encode_json({name: list(decline) for name, decline in variable.declines.items()}),
        variable.wording,
        variable.item,
        variable.turn,
        None if variable.option is None else _encode_json(variable.option),
        variable.role,
        int(variable.personal),
    )


def decode_variable(row: Sequence[Any]) -> Variable:
    """Decode a row with the columns of `statements.VARIABLE_COLUMNS`."""
    (
        name,
        label,
        storage,
        measure,
        decimals,
        labels,
        user_missing,
        declines,
        wording,
        item,
        turn,
        option,
        role,
        personal,
    ) = row
    return Variable(
        name=name,
        label=label,
        storage=storage,
        measure=measure,
        decimals=decimals,
        labels=dict(json.loads(labels)),
        user_missing=tuple(json.loads(user_missing)),
        declines={decline: (code, text) for decline, (code, text) in json.loads(declines).items()},
        wording=wording,
        item=item,
        turn=turn,
        option=None if option is None else json.loads(option),
        role=role,
        personal=bool(personal),
    )


def compute_digest(columns: Sequence[object]) -> str:
    """Return the digest of some columns in their order, 32 hexadecimal digits.

    It reveals damage and manual edits. It does not protect against deliberate ones, as anybody can compute it.
    """
    return sha256("\0".join(map(str, columns)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
