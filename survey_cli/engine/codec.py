"""JSON encoding of interview events and of data rows.

It is strict and compact, and equal events have the same text.

It opens no file: whoever stores a journal receives the text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from json import JSONDecoder, JSONEncoder
from typing import Any, Final, NamedTuple, NoReturn, assert_never, get_args

from survey_cli.engine import events
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Place, Storage, Value, get_missing


class EventDecodeError(ValueError):
    """The text is no event, or one that only a newer version understands.

    The message says which part.
    """


class UnknownEventError(EventDecodeError):
    """The text is an event of a kind that this version does not know."""


class JournalRecord(NamedTuple):
    """An event as a row of the journal: the columns of all events, and the rest as JSON."""

    kind: str
    """One of `EVENT_KINDS`."""
    item: str | None
    """The item of the place, for events that have a place."""
    turn: int | None
    payload: str
    at: str
    """ISO 8601 in UTC with microseconds: `2000-06-01T18:04:05.000000Z`; sorts chronologically."""
    by: str
    station: str


def _reject_constant(name: str) -> NoReturn:
    raise EventDecodeError(f"{name} is no number")


_COMPACT: Final = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ESCAPED: Final = JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_WHOLE_NUMBER: Final = re.compile(r'\{"value":(0|[1-9][0-9]*)\}')
"""The payload of nine rows in ten, which is read without a decoder of JSON."""
_READER: Final = JSONDecoder(parse_constant=_reject_constant)


def _encode_json(value: object) -> str:
    """Encode with readable letters.

    Half of a surrogate pair is escaped, because no file can hold it as a letter.
    """
    text = _COMPACT.encode(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _ESCAPED.encode(value)
    return text


def _decode_json(text: str, *, what: str) -> Any:
    try:
        return _READER.decode(text)
    except EventDecodeError:
        raise
    except (ValueError, RecursionError):
        raise EventDecodeError(f"{what} is not JSON: {text[:40]!r}") from None


# Timestamps


def encode_timestamp(at: datetime) -> str:
    """Return a time as ISO text in UTC with microseconds. Raises ValueError without a zone."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"{at} names no zone")
        at = at.astimezone(UTC)
    return _format_utc(at)


@lru_cache(maxsize=64)
def _format_utc(at: datetime) -> str:
    """Return a time in UTC as text; all events of an imported interview have the same."""
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def decode_timestamp(text: str) -> datetime:
    """Parse a timestamp. Raises EventDecodeError."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is UTC:
            return at
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise EventDecodeError(f"{text[:40]!r} is no date and time with a zone")


# Values


def _encode_value(value: Cell) -> object:
    match value:
        case int():
            return int(value)
        case float() | str():
            return value
        case tuple():
            return list(value)
        case Missing():
            return {"missing": value.kind}
        case datetime():
            raise TypeError(f"an answer is a date or a time, not both: {value}")
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case _:
            assert_never(value)


def _decode_code(encoded: Any) -> Code:
    if isinstance(encoded, str) or (isinstance(encoded, int) and not isinstance(encoded, bool)):
        return encoded
    raise EventDecodeError(f"{encoded!r} is no code")


def _decode_value(encoded: Any) -> Value | Missing:
    if isinstance(encoded, (int, float, str)) and not isinstance(encoded, bool):
        return encoded
    if isinstance(encoded, list):
        return tuple(_decode_code(code) for code in encoded)
    if isinstance(encoded, dict) and len(encoded) == 1:
        [(tag, text)] = encoded.items()
        if isinstance(text, str):
            try:
                match tag:
                    case "missing":
                        return get_missing(text)
                    case "date":
                        return date.fromisoformat(text)
                    case "time":
                        return time.fromisoformat(text)
            except ValueError:
                pass
    raise EventDecodeError(f"{encoded!r} is no answer")


def _encode_specify_texts(words: Mapping[Code, str]) -> list[list[Code]]:
    """Encode texts as pairs, not as an object: `8` and `"8"` are two codes."""
    return [
        [code, words[code]]
        for code in sorted(words, key=lambda code: (isinstance(code, str), code))
    ]


def _decode_specify_texts(encoded: Any) -> dict[Code, str]:
    texts: dict[Code, str] = {}
    pairs = encoded if isinstance(encoded, list) else [encoded]
    for pair in pairs:
        match pair:
            case [code, str(text)]:
                texts[_decode_code(code)] = text
            case _:
                raise EventDecodeError(f"{pair!r} is no code with words")
    return texts


def _decode_place(encoded: Any) -> Place:
    try:
        return Place.parse(encoded)
    except (ValueError, AttributeError):
        raise EventDecodeError(f"{encoded!r} is no place") from None


def _decode_confirmed_query(encoded: Any) -> tuple[Place, int, tuple[str, ...]]:
    match encoded:
        case [place, int(check), [*inputs]] if all(isinstance(text, str) for text in inputs):
            return _decode_place(place), check, tuple(inputs)
    raise EventDecodeError(f"{encoded!r} is no confirmed query")


# Events


class _Field(NamedTuple):
    """A field of an encoded event."""

    name: str
    attribute: str
    """Its name in the event."""
    encode: Callable[[Any], object]
    decode: Callable[[Any], Any]
    """Raises EventDecodeError."""
    absent: Any
    """The value that isn't stored, and is assumed if the field is absent; `...` if none is."""


def _expect_kind(kind: type) -> Callable[[Any], Any]:
    def decode(value: Any) -> Any:
        if type(value) is not kind:
            raise EventDecodeError(f"{value!r} should be {_WORDS[kind]}")
        return value

    return decode


_WORDS: Final = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
_read_text = _expect_kind(str)
_read_int = _expect_kind(int)
_read_list = _expect_kind(list)
_read_object = _expect_kind(dict)


def _encode_named_cells(cells: Mapping[str, Cell]) -> object:
    return {name: _encode_value(cells[name]) for name in sorted(cells)}


def _decode_named_cells(encoded: Any) -> object:
    return {name: _decode_value(value) for name, value in _read_object(encoded).items()}


def _decode_answer(encoded: Any) -> Value | None:
    value = None if encoded is None else _decode_value(encoded)
    if isinstance(value, Missing):
        raise EventDecodeError(f"{value!r} is no answer")
    return value


def _decode_date(encoded: Any) -> date:
    try:
        return date.fromisoformat(_read_text(encoded))
    except ValueError:
        raise EventDecodeError(f"{encoded!r} should be a day") from None


def _decode_session(encoded: Any) -> events.SessionContext:
    if _read_object(encoded).keys() != set(events.SessionContext._fields):
        raise EventDecodeError(f"{encoded!r} is no session")
    return events.SessionContext(**{name: _read_text(text) for name, text in encoded.items()})


def _expect_one_of(words: tuple[str, ...], what: str) -> Callable[[Any], str]:
    def decode(encoded: Any) -> str:
        if encoded not in words:
            raise EventDecodeError(f"{encoded!r} is no {what}")
        return str(encoded)

    return decode


def _read_list_of(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda encoded: tuple(map(decode, _read_list(encoded)))


_CODECS: Final[Mapping[str, tuple[Callable[[Any], object], Callable[[Any], Any]]]] = {
    "value": (_encode_value, _decode_value),
    "specify_texts": (_encode_specify_texts, _decode_specify_texts),
    "today": (date.isoformat, _decode_date),
    "session": (events.SessionContext._asdict, _decode_session),
    "attributes": (
        lambda own: dict(sorted(own.items())),
        lambda encoded: {name: str(value) for name, value in _read_object(encoded).items()},
    ),
    "sample": (_encode_named_cells, _decode_named_cells),
    "remaining": (_encode_named_cells, _decode_named_cells),
    "dropped": (lambda places: [*map(str, places)], _read_list_of(_decode_place)),
    "lapsed": (lambda places: [*map(str, places)], _read_list_of(_decode_place)),
    "confirmed": (
        lambda queries: [[str(place), *query] for place, *query in queries],
        _read_list_of(_decode_confirmed_query),
    ),
    "codes": (list, _read_list_of(_read_int)),
    "role": (str, _expect_one_of(get_args(events.CodingRole), "coder's role")),
    "verdict": (str, _expect_one_of(get_args(events.ReviewVerdict), "verdict")),
}
"""How fields other than texts, whole numbers and truth values are stored and read."""
_STORED_NAMES: Final = {
    "specify_texts": "words",
    "pool_size": "of",
    "session": "sitting",
    "remaining": "left",
}
"""The names under which fields are stored, if the program has others for them."""
_ABSENT: Final = {(events.InterviewStarted, "rules"): 1, (events.AnswerCoded, "codes"): None}
"""Values that are left out although they are not the defaults.

The first interviews were stored before the field `rules` existed."""


def _list_fields(event: type[Any]) -> tuple[_Field, ...]:
    """List the fields of an event as they are stored, in order, without its stamp and its place."""
    fields = []
    for attribute in event._fields:
        if attribute in ("stamp", "place"):
            continue

        kind = event.__annotations__[attribute]
        encode, decode = _CODECS.get(attribute, (kind, _expect_kind(kind)))
        # what was answered is never missing, but a computed value can be
        if event is events.QuestionAnswered and attribute == "value":
            decode = _decode_answer

        default = event._field_defaults.get(attribute, ...)
        absent = _ABSENT.get((event, attribute), default)
        name = _STORED_NAMES.get(attribute, attribute)
        fields.append(_Field(name, attribute, encode, decode, absent))
    return tuple(fields)


_FIELDS: Final = {event: _list_fields(event) for event in events.EVENT_KINDS}
_KINDS: Final = {
    (kind, "place" in event._fields): event for event, kind in events.EVENT_KINDS.items()
}


def _build_event(
    kind: str, place: Place | None, stamp: events.EventStamp, encoded: Any
) -> events.InterviewEvent:
    event_type = _KINDS.get((kind, place is not None))
    if event_type is None:
        where = f" at {place}" if place is not None else ""
        raise UnknownEventError(f"{kind[:40]!r}{where} is no known event")
    if not isinstance(encoded, dict):
        raise EventDecodeError(f"{kind}: {encoded!r} is no object")

    values: dict[str, Any] = {"stamp": stamp}
    if place is not None:
        values["place"] = place
    for name, attribute, _, decode, absent in _FIELDS[event_type]:
        if name in encoded:
            try:
                values[attribute] = decode(encoded.pop(name))
            except EventDecodeError as error:
                raise EventDecodeError(f"{kind}: {name}: {error}") from None
        elif absent is ...:
            raise EventDecodeError(f"{kind}: {name} is missing")
        else:
            values[attribute] = absent

    if encoded:
        raise EventDecodeError(f"{kind}: unknown fields: {', '.join(encoded)}")
    # the class comes from a table of events
    return event_type(**values)  # type: ignore[no-any-return]


def encode_record(event: events.InterviewEvent) -> JournalRecord:
    """Encode an event as a row of the journal.

    Raises ValueError for a time without a zone and for NaN.
    """
    stamp = event.stamp
    at = encode_timestamp(stamp.at)

    # nine rows in ten: built directly, this takes a third of the time
    if (
        isinstance(event, events.QuestionAnswered)
        and type(event.value) is int
        and not event.specify_texts
    ):
        payload = f'{{"value":{event.value}}}'
        return JournalRecord("answered", *event.place, payload, at, stamp.by, stamp.station)

    details = {}
    for field in _FIELDS[type(event)]:
        value = getattr(event, field.attribute)
        if value != field.absent:
            details[field.name] = field.encode(value)
    item, turn = getattr(event, "place", (None, None))
    payload = _encode_json(details) if details else "{}"
    return JournalRecord(
        events.EVENT_KINDS[type(event)], item, turn, payload, at, stamp.by, stamp.station
    )


def decode_record(record: tuple[Any, ...]) -> events.InterviewEvent:
    """Decode a row of the journal, with the columns of `JournalRecord`. Raises EventDecodeError."""
    kind, item, turn, payload, at, by, station = record
    place = None if item is None else Place(item, turn)
    stamp = events.EventStamp(decode_timestamp(at), by, station)
    if kind == "answered" and place is not None:
        code = _WHOLE_NUMBER.fullmatch(payload)
        if code is not None:
            return events.QuestionAnswered(stamp, place, int(code[1]))
    return _build_event(kind, place, stamp, _decode_json(payload, what=kind))


# Rows of data as JSON arrays


def encode_cells(cells: Sequence[Cell]) -> str:
    """Encode a row as a JSON array in the order of its columns.

    Cells not asked are null, other missing values `{"missing": …}`. Dates and times are ISO text;
    the storage of the column tells them from texts.
    """
    return _encode_json([cell if type(cell) in _PLAIN else _encode_cell(cell) for cell in cells])


_PLAIN: Final = frozenset((int, str, float))


def _encode_cell(cell: Cell) -> object:
    if cell == NOT_ASKED:
        return None
    if isinstance(cell, (date, time)) and not isinstance(cell, datetime):
        return cell.isoformat()
    return _encode_value(cell)


def _decode_missing(encoded: dict[str, Any]) -> Missing:
    kind = encoded.get("missing")
    if isinstance(kind, str) and len(encoded) == 1:
        return get_missing(kind)
    value = _decode_value(encoded)
    if isinstance(value, Missing):
        return value
    raise EventDecodeError(f"{encoded!r} is no cell")


_CELLS: Final = JSONDecoder(object_hook=_decode_missing, parse_constant=_reject_constant)


def make_row_reader(storages: Sequence[Storage]) -> Callable[[str], tuple[Cell, ...]]:
    """Make a function that decodes rows of these columns.

    It raises EventDecodeError for any other text.
    """
    kinds: dict[Storage, type[date | time]] = {"date": date, "time": time}
    columns = [
        (column, kinds[storage]) for column, storage in enumerate(storages) if storage in kinds
    ]
    width = len(storages)

    def read(text: str) -> tuple[Cell, ...]:
        try:
            cells = _CELLS.decode(text)
            if not isinstance(cells, list) or len(cells) != width:
                raise EventDecodeError(f"a row of {width} columns was expected, not {text[:40]!r}")
            for column, kind in columns:
                if isinstance(cells[column], str):
                    cells[column] = kind.fromisoformat(cells[column])
        except EventDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise EventDecodeError(f"not a row of data ({error}): {text[:40]!r}") from None
        # most rows have neither missing cells nor lists: a search of the text is faster than a loop
        if "null" in text:
            cells = [NOT_ASKED if cell is None else cell for cell in cells]
        if "[" in text[1:]:
            cells = [
                tuple(map(_decode_code, cell)) if isinstance(cell, list) else cell for cell in cells
            ]
        return tuple(cells)

    return read
