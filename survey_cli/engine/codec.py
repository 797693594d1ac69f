"""JSON encoding of interview events and of data rows: strict, compact, the same text for equal events.

It opens no file: whoever stores a journal receives the text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from json import JSONDecoder, JSONEncoder
from typing import Any, Final, NamedTuple, NoReturn, assert_never

from survey_cli.engine.events import (
    AnswerKept,
    AnswersErased,
    EventStamp,
    InterviewEnded,
    InterviewEvent,
    InterviewMigrated,
    InterviewResumed,
    InterviewStarted,
    InterviewStopped,
    InterviewSuspended,
    LanguageChanged,
    NoteWritten,
    PositionMoved,
    QueryConfirmed,
    QuestionAnswered,
    QuestionDeclined,
    SessionContext,
    ValueComputed,
)
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Place, Storage, Value, get_missing


class EventDecodeError(ValueError):
    """The text is no event, or one that only a newer version understands. The message says which part."""


class UnknownEventError(EventDecodeError):
    """The text is an event of a kind that this version does not know."""


class JournalRecord(NamedTuple):
    """An event as a row of the journal: columns that every event has, and the rest as one JSON object."""

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
    """Encode with readable letters; half a surrogate pair, which no file can hold as a letter, is escaped."""
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
    """Return an aware time as ISO text in UTC with microseconds. Raises ValueError without a zone."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"{at} names no zone")
        at = at.astimezone(UTC)
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
    return [[code, words[code]] for code in sorted(words, key=lambda code: (isinstance(code, str), code))]


def _decode_specify_texts(encoded: Any) -> dict[Code, str]:
    words: dict[Code, str] = {}
    for pair in encoded if isinstance(encoded, list) else [encoded]:
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str)):
            raise EventDecodeError(f"{pair!r} is no code with words")
        words[_decode_code(pair[0])] = pair[1]
    return words


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


def _encode_details(event: InterviewEvent) -> tuple[str, Place | None, dict[str, object]]:  # noqa: C901 - one branch per kind
    """Return the event's kind, its place and all other fields; empty and false ones are left out."""
    match event:
        case QuestionAnswered(_, place, value, words):
            details: dict[str, object] = {} if value is None else {"value": _encode_value(value)}
            if words:
                details["words"] = _encode_specify_texts(words)
            return "answered", place, details
        case AnswerKept(_, place):
            return "kept", place, {}
        case QuestionDeclined(_, place, decline):
            return "declined", place, {"decline": decline}
        case ValueComputed(_, place, value, pool_size):
            return "lookedup", place, {"value": _encode_value(value)} | ({"of": pool_size} if pool_size else {})
        case PositionMoved(_, place, jump):
            return "wentto", place, {"jump": True} if jump else {}
        case QueryConfirmed(_, place, check, reason):
            return "confirmed", place, {"check": check} | ({"reason": reason} if reason else {})
        case NoteWritten(_, place, text, replaces):
            return "noted", place, {"text": text} | ({"replaces": replaces} if replaces else {})
        case InterviewStarted():
            details = {
                "instrument": event.instrument,
                "seed": event.seed,
                "case": event.case,
                "today": event.today.isoformat(),
                "sitting": _encode_session(event.session),
            }
            if event.rules != 1:
                details["rules"] = event.rules
            if event.attributes:
                details["attributes"] = dict(sorted(event.attributes.items()))
            if event.sample:
                details["sample"] = {name: _encode_value(event.sample[name]) for name in sorted(event.sample)}
            return "began", None, details
        case InterviewResumed(_, session, reopen):
            return "resumed", None, {"sitting": _encode_session(session)} | ({"reopen": True} if reopen else {})
        case LanguageChanged(_, language):
            return "language", None, {"language": language}
        case InterviewSuspended(_, outcome):
            return "suspended", None, {"outcome": outcome} if outcome else {}
        case InterviewStopped(_, outcome):
            return "stopped", None, {"outcome": outcome}
        case InterviewEnded(_, outcome):
            return "ended", None, {"outcome": outcome}
        case InterviewMigrated(_, instrument, dropped, lapsed, confirmed):
            details = {"instrument": instrument}
            details |= {"dropped": [str(place) for place in dropped]} if dropped else {}
            details |= {"lapsed": [str(place) for place in lapsed]} if lapsed else {}
            details |= {"confirmed": [[str(place), *rest] for place, *rest in confirmed]} if confirmed else {}
            return "migrated", None, details
        case AnswersErased(_, why, remaining):
            details = {"why": why}
            if remaining is not None:
                details["left"] = {name: _encode_value(remaining[name]) for name in sorted(remaining)}
            return "erased", None, details
        case _:
            assert_never(event)


def _encode_session(session: SessionContext) -> dict[str, str]:
    return {"interviewer": session.interviewer, "daypart": session.daypart, "language": session.language}


class _FieldReader:
    """The fields of an encoded event, taken one by one.

    A missing field, one of another type and one left over raise EventDecodeError.
    """

    def __init__(self, kind: str, encoded: Any) -> None:
        if not isinstance(encoded, dict):
            raise EventDecodeError(f"{kind}: {encoded!r} is no object")
        self.kind = kind
        self.remaining: dict[str, Any] = encoded

    def take_text(self, name: str, default: str | None = None) -> str:
        value = self.remaining.pop(name, default)
        if not isinstance(value, str):
            raise EventDecodeError(f"{self.kind}: {name} should be a text and is {value!r}")
        return value

    def take_int(self, name: str, default: int | None = None) -> int:
        value = self.remaining.pop(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise EventDecodeError(f"{self.kind}: {name} should be a whole number and is {value!r}")
        return value

    def take_bool(self, name: str) -> bool:
        value = self.remaining.pop(name, False)
        if not isinstance(value, bool):
            raise EventDecodeError(f"{self.kind}: {name} should be true or false and is {value!r}")
        return value

    def take_date(self, name: str) -> date:
        text = self.take_text(name)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise EventDecodeError(f"{self.kind}: {name} should be a day and is {text[:40]!r}") from None

    def take_session(self) -> SessionContext:
        inner = _FieldReader(f"{self.kind}: sitting", self.remaining.pop("sitting", None))
        session = SessionContext(
            inner.take_text("interviewer"), inner.take_text("daypart"), inner.take_text("language")
        )
        inner.check_empty()
        return session

    def take_cells(self, name: str) -> dict[str, Value | Missing]:
        encoded = self.remaining.pop(name, {})
        if not isinstance(encoded, dict):
            raise EventDecodeError(f"{self.kind}: {name} should be an object and is {encoded!r}")
        return {name: _decode_value(value) for name, value in encoded.items()}

    def take_list(self, name: str) -> list[Any]:
        value = self.remaining.pop(name, [])
        if not isinstance(value, list):
            raise EventDecodeError(f"{self.kind}: {name} should be a list and is {value!r}")
        return value

    def check_empty(self) -> None:
        if self.remaining:
            raise EventDecodeError(f"{self.kind}: unknown fields: {', '.join(self.remaining)}")


def _build_event(kind: str, place: Place | None, stamp: EventStamp, fields: _FieldReader) -> InterviewEvent:  # noqa: C901 - one branch per kind
    if place is not None:
        match kind:
            case "answered":
                value = fields.remaining.pop("value", None)
                answer = None if value is None else _decode_value(value)
                if isinstance(answer, Missing):
                    raise EventDecodeError(f"answered: {answer!r} is no answer")
                words = fields.remaining.pop("words", None)
                return (
                    QuestionAnswered(stamp, place, answer)
                    if words is None
                    else QuestionAnswered(stamp, place, answer, _decode_specify_texts(words))
                )
            case "kept":
                return AnswerKept(stamp, place)
            case "declined":
                return QuestionDeclined(stamp, place, fields.take_text("decline"))
            case "lookedup":
                return ValueComputed(
                    stamp, place, _decode_value(fields.remaining.pop("value", None)), fields.take_int("of", 0)
                )
            case "wentto":
                return PositionMoved(stamp, place, fields.take_bool("jump"))
            case "confirmed":
                return QueryConfirmed(stamp, place, fields.take_int("check"), fields.take_text("reason", ""))
            case "noted":
                return NoteWritten(stamp, place, fields.take_text("text"), fields.take_int("replaces", 0))
    else:
        match kind:
            case "began":
                return InterviewStarted(
                    stamp,
                    fields.take_text("instrument"),
                    fields.take_int("seed"),
                    fields.take_text("case"),
                    fields.take_date("today"),
                    fields.take_session(),
                    fields.take_cells("sample"),
                    {name: str(value) for name, value in fields.take_cells("attributes").items()},
                    fields.take_int("rules", 1),
                )
            case "resumed":
                return InterviewResumed(stamp, fields.take_session(), fields.take_bool("reopen"))
            case "language":
                return LanguageChanged(stamp, fields.take_text("language"))
            case "suspended":
                return InterviewSuspended(stamp, fields.take_text("outcome", ""))
            case "stopped":
                return InterviewStopped(stamp, fields.take_text("outcome"))
            case "ended":
                return InterviewEnded(stamp, fields.take_text("outcome"))
            case "migrated":
                return InterviewMigrated(
                    stamp,
                    fields.take_text("instrument"),
                    tuple(map(_decode_place, fields.take_list("dropped"))),
                    tuple(map(_decode_place, fields.take_list("lapsed"))),
                    tuple(map(_decode_confirmed_query, fields.take_list("confirmed"))),
                )
            case "erased":
                why = fields.take_text("why")
                return AnswersErased(stamp, why, fields.take_cells("left") if "left" in fields.remaining else None)
    raise UnknownEventError(f"{kind[:40]!r}{'' if place is None else f' at {place}'} is no known event")


def encode_record(event: InterviewEvent) -> JournalRecord:
    """Encode an event as a row of the journal. Raises ValueError for a time without a zone and for NaN."""
    stamp = event.stamp
    at = encode_timestamp(stamp.at)
    if isinstance(event, QuestionAnswered) and type(event.value) is int and not event.specify_texts:
        # nine rows in ten: built directly, this takes a third of the time
        return JournalRecord("answered", *event.place, f'{{"value":{event.value}}}', at, stamp.by, stamp.station)
    kind, place, details = _encode_details(event)
    item, turn = (None, None) if place is None else place
    return JournalRecord(kind, item, turn, _encode_json(details) if details else "{}", at, stamp.by, stamp.station)


def decode_record(record: tuple[Any, ...]) -> InterviewEvent:
    """Decode a row of the journal, with the columns of `JournalRecord`. Raises EventDecodeError."""
    kind, item, turn, payload, at, by, station = record
    place = None if item is None else Place(item, turn)
    stamp = EventStamp(decode_timestamp(at), by, station)
    if kind == "answered" and place is not None and (code := _WHOLE_NUMBER.fullmatch(payload)):
        return QuestionAnswered(stamp, place, int(code[1]))
    fields = _FieldReader(kind, _decode_json(payload, what=kind))
    event = _build_event(kind, place, stamp, fields)
    fields.check_empty()
    return event


# Rows of data as JSON arrays


def encode_cells(cells: Sequence[Cell]) -> str:
    """Encode a row as a JSON array in the order of its columns.

    Cells not asked are null, other missing values `{"missing": …}`, dates and times ISO text (the column's storage says
    which).
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
    """Make a function that decodes rows of these columns. It raises EventDecodeError for any other text."""
    date_columns = tuple(column for column, storage in enumerate(storages) if storage == "date")
    time_columns = tuple(column for column, storage in enumerate(storages) if storage == "time")
    width = len(storages)

    def read(text: str) -> tuple[Cell, ...]:
        try:
            cells = _CELLS.decode(text)
            if not isinstance(cells, list) or len(cells) != width:
                raise EventDecodeError(f"a row of {width} columns was expected, not {text[:40]!r}")
            for column in date_columns:
                if isinstance(cells[column], str):
                    cells[column] = date.fromisoformat(cells[column])
            for column in time_columns:
                if isinstance(cells[column], str):
                    cells[column] = time.fromisoformat(cells[column])
        except EventDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise EventDecodeError(f"not a row of data ({error}): {text[:40]!r}") from None
        if "null" in text:
            cells = [NOT_ASKED if cell is None else cell for cell in cells]
        if "[" in text[1:]:
            cells = [tuple(map(_decode_code, cell)) if isinstance(cell, list) else cell for cell in cells]
        return tuple(cells)

    return read
