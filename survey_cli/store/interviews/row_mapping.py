"""Mapping between rows of interviews, instruments and variables and their database columns, with digests of rows."""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.store.interviews.records import InterviewRow
from survey_cli.store.interviews.statements import VARIABLE_COLUMNS
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


def _keep(value: Any) -> Any:
    return value


_VARIABLE_CODECS: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    # Pairs, not an object, as `8` and `"8"` are different codes.
    "labels": (lambda labels: _encode_json(list(labels.items())), lambda text: dict(json.loads(text))),
    "user_missing": (_encode_json, lambda text: tuple(json.loads(text))),
    "declines": (
        lambda declines: _encode_json({name: list(decline) for name, decline in declines.items()}),
        lambda text: {decline: (code, words) for decline, (code, words) in json.loads(text).items()},
    ),
    "option": (
        lambda option: None if option is None else _encode_json(option),
        lambda text: None if text is None else json.loads(text),
    ),
    "personal": (int, bool),
}
"""How the fields of a variable that are not stored as they are become a column, and a column the field."""
_VARIABLE_FIELDS: Final = tuple(
    (name, *_VARIABLE_CODECS.get(name, (_keep, _keep))) for name in VARIABLE_COLUMNS.split(", ")
)


def encode_variable(variable: Variable) -> tuple[str | int | None, ...]:
    """Encode a variable in the order of `statements.VARIABLE_COLUMNS`."""
    return tuple(encode(getattr(variable, name)) for name, encode, _ in _VARIABLE_FIELDS)


def decode_variable(row: Sequence[Any]) -> Variable:
    """Decode a row with the columns of `statements.VARIABLE_COLUMNS`."""
    return Variable(**{name: decode(column) for (name, _, decode), column in zip(_VARIABLE_FIELDS, row, strict=True)})


def compute_digest(columns: Sequence[object]) -> str:
    """Return the digest of some columns in their order, 32 hexadecimal digits.

    It reveals damage and manual edits. It does not protect against deliberate ones, as anybody can compute it.
    """
    return sha256("\0".join(map(str, columns)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
