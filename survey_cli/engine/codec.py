"""JSON encoding of interview events and of data rows: strict, compact, the same text for equal events.

It opens no file: whoever stores a journal receives the text.
"""

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
    """The text is no event, or one that only a newer program understands. The message says which part."""


class JournalRecord(NamedTuple):
    """An event as a line of the journal: what every event has in columns, the rest as one JSON object."""

    kind: str
    """One of `EVENT_KINDS`."""
    item: str | None
    """The place, for the events that have one."""
    turn: int | None
    payload: str
    at: str
    """ISO 8601 in UTC with microseconds: `2000-06-01T18:04:05.000000Z`; sorts as it reads."""
    by: str
    station: str


def _reject_constant(name: str) -> NoReturn:
    raise EventDecodeError(f"{name} is no number")


_COMPACT: Final = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ESCAPED: Final = JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_READER: Final = JSONDecoder(parse_constant=_reject_constant)


def _encode_json(written: object) -> str:
    """Readable letters; half a surrogate pair, which no file can hold as a letter, as its escape."""
    text = _COMPACT.encode(written)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _ESCAPED.encode(written)
    return text


def _decode_json(text: str, *, what: str) -> Any:
    try:
        return _READER.decode(text)
    except EventDecodeError:
        raise
    except (ValueError, RecursionError):
        raise EventDecodeError(f"{what} is not JSON: {text[:40]!r}") from None


# Moments


def encode_timestamp(at: datetime) -> str:
    """A moment with a zone as ISO text in UTC with microseconds. Raises ValueError where it names no zone."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"{at} names no zone")
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def decode_timestamp(text: str) -> datetime:
    """The moment that is written so. Raises Unreadable."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is UTC:
            return at
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise EventDecodeError(f"{text[:40]!r} is no moment in UTC")


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
            raise TypeError(f"an answer is a day or an hour, not both: {value}")
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case _:
            assert_never(value)


def _decode_code(written: Any) -> Code:
    if isinstance(written, str) or (isinstance(written, int) and not isinstance(written, bool)):
        return written
    raise EventDecodeError(f"{written!r} is no code")


def _decode_value(written: Any) -> Value | Missing:
    if isinstance(written, (int, float, str)) and not isinstance(written, bool):
        return written
    if isinstance(written, list):
        return tuple(_decode_code(code) for code in written)
    if isinstance(written, dict) and len(written) == 1:
        [(tag, text)] = written.items()
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
    raise EventDecodeError(f"{written!r} is no answer")


def _encode_specify_texts(words: Mapping[Code, str]) -> list[list[Code]]:
    """Pairs and not an object: `8` and `"8"` are two codes."""
    return [[code, words[code]] for code in sorted(words, key=lambda code: (isinstance(code, str), code))]


def _decode_specify_texts(written: Any) -> dict[Code, str]:
    words: dict[Code, str] = {}
    for pair in written if isinstance(written, list) else [written]:
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str)):
            raise EventDecodeError(f"{pair!r} is no code with words")
        words[_decode_code(pair[0])] = pair[1]
    return words


# Events


def _encode_details(event: InterviewEvent) -> tuple[str, Place | None, dict[str, object]]:
    """Kind, place and what else the event says; what is empty or false is left out."""
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
        case ValueComputed(_, place, value, of):
            return "lookedup", place, {"value": _encode_value(value)} | ({"of": of} if of else {})
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
            if event.sample:
                details["sample"] = {name: _encode_value(event.sample[name]) for name in sorted(event.sample)}
            return "began", None, details
        case InterviewResumed(_, sitting, reopen):
            return (
                "resumed",
                None,
                {"sitting": _encode_session(sitting)} | ({"reopen": True} if reopen else {}),
            )
        case LanguageChanged(_, language):
            return "language", None, {"language": language}
        case InterviewSuspended(_, outcome):
            return "suspended", None, {"outcome": outcome} if outcome else {}
        case InterviewStopped(_, outcome):
            return "stopped", None, {"outcome": outcome}
        case InterviewEnded(_, outcome):
            return "ended", None, {"outcome": outcome}
        case AnswersErased(_, why, left):
            details = {"why": why}
            if left is not None:
                details["left"] = {name: _encode_value(left[name]) for name in sorted(left)}
            return "erased", None, details
        case _:
            assert_never(event)


def _encode_session(sitting: SessionContext) -> dict[str, str]:
    return {"interviewer": sitting.interviewer, "daypart": sitting.daypart, "language": sitting.language}


class _FieldReader:
    """What an event says, taken out piece by piece. A piece missing, of another kind or left over is told."""

    def __init__(self, kind: str, written: Any) -> None:
        if not isinstance(written, dict):
            raise EventDecodeError(f"{kind}: {written!r} is no object")
        self.kind = kind
        self.remaining: dict[str, Any] = written

    def take_text(self, name: str, otherwise: str | None = None) -> str:
        found = self.remaining.pop(name, otherwise)
        if not isinstance(found, str):
            raise EventDecodeError(f"{self.kind}: {name} should be a text and is {found!r}")
        return found

    def take_int(self, name: str, otherwise: int | None = None) -> int:
        found = self.remaining.pop(name, otherwise)
        if not isinstance(found, int) or isinstance(found, bool):
            raise EventDecodeError(f"{self.kind}: {name} should be a whole number and is {found!r}")
        return found

    def take_bool(self, name: str) -> bool:
        found = self.remaining.pop(name, False)
        if not isinstance(found, bool):
            raise EventDecodeError(f"{self.kind}: {name} should be true or false and is {found!r}")
        return found

    def take_date(self, name: str) -> date:
        text = self.take_text(name)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise EventDecodeError(f"{self.kind}: {name} should be a day and is {text[:40]!r}") from None

    def take_session(self) -> SessionContext:
        inner = _FieldReader(f"{self.kind}: sitting", self.remaining.pop("sitting", None))
        sitting = SessionContext(
            inner.take_text("interviewer"), inner.take_text("daypart"), inner.take_text("language")
        )
        inner.check_empty()
        return sitting

    def take_cells(self, name: str) -> dict[str, Value | Missing]:
        found = self.remaining.pop(name, {})
        if not isinstance(found, dict):
            raise EventDecodeError(f"{self.kind}: {name} should be an object and is {found!r}")
        return {name: _decode_value(value) for name, value in found.items()}

    def check_empty(self) -> None:
        if self.remaining:
            raise EventDecodeError(f"{self.kind}: {', '.join(self.remaining)}: not known here")


def _build_event(kind: str, place: Place | None, stamp: EventStamp, says: _FieldReader) -> InterviewEvent:
    if place is not None:
        match kind:
            case "answered":
                value = says.remaining.pop("value", None)
                answer = None if value is None else _decode_value(value)
                if isinstance(answer, Missing):
                    raise EventDecodeError(f"answered: {answer!r} is no answer")
                words = says.remaining.pop("words", None)
                return (
                    QuestionAnswered(stamp, place, answer)
                    if words is None
                    else QuestionAnswered(stamp, place, answer, _decode_specify_texts(words))
                )
            case "kept":
                return AnswerKept(stamp, place)
            case "declined":
                return QuestionDeclined(stamp, place, says.take_text("decline"))
            case "lookedup":
                return ValueComputed(
                    stamp, place, _decode_value(says.remaining.pop("value", None)), says.take_int("of", 0)
                )
            case "wentto":
                return PositionMoved(stamp, place, says.take_bool("jump"))
            case "confirmed":
                return QueryConfirmed(stamp, place, says.take_int("check"), says.take_text("reason", ""))
            case "noted":
                return NoteWritten(stamp, place, says.take_text("text"), says.take_int("replaces", 0))
    else:
        match kind:
            case "began":
                return InterviewStarted(
                    stamp,
                    says.take_text("instrument"),
                    says.take_int("seed"),
                    says.take_text("case"),
                    says.take_date("today"),
                    says.take_session(),
                    says.take_cells("sample"),
                    says.take_int("rules", 1),
                )
            case "resumed":
                return InterviewResumed(stamp, says.take_session(), says.take_bool("reopen"))
            case "language":
                return LanguageChanged(stamp, says.take_text("language"))
            case "suspended":
                return InterviewSuspended(stamp, says.take_text("outcome", ""))
            case "stopped":
                return InterviewStopped(stamp, says.take_text("outcome"))
            case "ended":
                return InterviewEnded(stamp, says.take_text("outcome"))
            case "erased":
                why, left = says.take_text("why"), "left" in says.remaining
                return AnswersErased(stamp, why, says.take_cells("left") if left else None)
    raise EventDecodeError(f"{kind[:40]!r}{'' if place is None else f' at {place}'} is no event known here")


def encode_record(event: InterviewEvent) -> JournalRecord:
    """The event as a line of the journal. Raises ValueError for a moment without a zone and for NaN."""
    stamp = event.stamp
    at = encode_timestamp(stamp.at)
    if isinstance(event, QuestionAnswered) and type(event.value) is int and not event.specify_texts:
        # nine lines of ten: written by hand this takes a third of the time
        return JournalRecord(
            "answered", *event.place, f'{{"value":{event.value}}}', at, stamp.by, stamp.station
        )
    kind, place, details = _encode_details(event)
    item, turn = (None, None) if place is None else place
    return JournalRecord(
        kind, item, turn, _encode_json(details) if details else "{}", at, stamp.by, stamp.station
    )


def decode_record(line: JournalRecord) -> InterviewEvent:
    """The event that stands in a line of the journal. Raises Unreadable."""
    place = None if line.item is None else Place(line.item, line.turn)
    says = _FieldReader(line.kind, _decode_json(line.payload, what=line.kind))
    event = _build_event(line.kind, place, EventStamp(decode_timestamp(line.at), line.by, line.station), says)
    says.check_empty()
    return event


def encode_event(event: InterviewEvent) -> str:
    """The event as one line of JSON."""
    kind, place, details = _encode_details(event)
    whole: dict[str, object] = {"kind": kind, "at": encode_timestamp(event.stamp.at), "by": event.stamp.by}
    if event.stamp.station:
        whole["station"] = event.stamp.station
    if place is not None:
        whole["item"] = place.item
        if place.turn is not None:
            whole["turn"] = place.turn
    return _encode_json(whole | details)


def decode_event(text: str) -> InterviewEvent:
    """The event that `encode` wrote. Raises Unreadable."""
    says = _FieldReader("event", _decode_json(text, what="the event"))
    kind = says.kind = says.take_text("kind")
    stamp = EventStamp(
        decode_timestamp(says.take_text("at")), says.take_text("by"), says.take_text("station", "")
    )
    place: Place | None = None
    if "item" in says.remaining:
        place = Place(says.take_text("item"), says.take_int("turn") if "turn" in says.remaining else None)
    event = _build_event(kind, place, stamp, says)
    says.check_empty()
    return event


# Snapshots: a row of the data as one JSON array


def encode_cells(cells: Sequence[Cell]) -> str:
    """A row as a JSON array in the order of its columns: null where not asked, `{"missing": …}` for other
    absences, days and hours as ISO text (the column's storage says which they are)."""
    return _encode_json([cell if type(cell) in _PLAIN else _encode_cell(cell) for cell in cells])


_PLAIN: Final = frozenset((int, str, float))


def _encode_cell(cell: Cell) -> object:
    if cell == NOT_ASKED:
        return None
    if isinstance(cell, (date, time)) and not isinstance(cell, datetime):
        return cell.isoformat()
    return _encode_value(cell)


def _decode_missing(written: dict[str, Any]) -> Missing:
    kind = written.get("missing")
    if isinstance(kind, str) and len(written) == 1:
        return get_missing(kind)
    found = _decode_value(written)
    if isinstance(found, Missing):
        return found
    raise EventDecodeError(f"{written!r} is no cell")


_CELLS: Final = JSONDecoder(object_hook=_decode_missing, parse_constant=_reject_constant)


def make_row_reader(storages: Sequence[Storage]) -> Callable[[str], tuple[Cell, ...]]:
    """A function that reads rows of these columns. It raises Unreadable for a row that isn't one."""
    days = tuple(column for column, storage in enumerate(storages) if storage == "date")
    hours = tuple(column for column, storage in enumerate(storages) if storage == "time")
    width = len(storages)

    def read(text: str) -> tuple[Cell, ...]:
        try:
            cells = _CELLS.decode(text)
            if not isinstance(cells, list) or len(cells) != width:
                raise EventDecodeError(f"a row of {width} columns was expected, not {text[:40]!r}")
            for column in days:
                if isinstance(cells[column], str):
                    cells[column] = date.fromisoformat(cells[column])
            for column in hours:
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
