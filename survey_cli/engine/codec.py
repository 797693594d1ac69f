"""How is an event written down and read back equal? As strict, compact JSON, the same text for equal events.

It never says what an event does, and never opens a file: whoever keeps a journal is handed the text.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from json import JSONDecoder, JSONEncoder
from typing import Any, Final, NamedTuple, NoReturn, assert_never

from survey_cli.engine.events import (
    Answered,
    Began,
    Confirmed,
    Declined,
    Ended,
    Erased,
    Event,
    Kept,
    Language,
    LookedUp,
    Noted,
    Resumed,
    Sitting,
    Stamp,
    Stopped,
    Suspended,
    WentTo,
)
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Place, Storage, Value, missing


class Unreadable(ValueError):
    """The text is no event, or one that only a newer program understands. The message says which part."""


class Entered(NamedTuple):
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


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is no number")


_COMPACT: Final = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ESCAPED: Final = JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_READER: Final = JSONDecoder(parse_constant=_no_constant)


def _json(written: object) -> str:
    """Readable letters; half a surrogate pair, which no file can hold as a letter, as its escape."""
    text = _COMPACT.encode(written)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _ESCAPED.encode(written)
    return text


def _read(text: str, *, what: str) -> Any:
    try:
        return _READER.decode(text)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable(f"{what} is not JSON: {text[:40]!r}") from None


# Moments


def encode_moment(at: datetime) -> str:
    """A moment with a zone as ISO text in UTC with microseconds. Raises ValueError where it names no zone."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"{at} names no zone")
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


def decode_moment(text: str) -> datetime:
    """The moment that is written so. Raises Unreadable."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is UTC:
            return at
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unreadable(f"{text[:40]!r} is no moment in UTC")


# Values


def _from_value(value: Cell) -> object:
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


def _to_code(written: Any) -> Code:
    if isinstance(written, str) or (isinstance(written, int) and not isinstance(written, bool)):
        return written
    raise Unreadable(f"{written!r} is no code")


def _to_value(written: Any) -> Value | Missing:
    if isinstance(written, (int, float, str)) and not isinstance(written, bool):
        return written
    if isinstance(written, list):
        return tuple(_to_code(code) for code in written)
    if isinstance(written, dict) and len(written) == 1:
        [(tag, text)] = written.items()
        if isinstance(text, str):
            try:
                match tag:
                    case "missing":
                        return missing(text)
                    case "date":
                        return date.fromisoformat(text)
                    case "time":
                        return time.fromisoformat(text)
            except ValueError:
                pass
    raise Unreadable(f"{written!r} is no answer")


def _from_words(words: Mapping[Code, str]) -> list[list[Code]]:
    """Pairs and not an object: `8` and `"8"` are two codes."""
    return [[code, words[code]] for code in sorted(words, key=lambda code: (isinstance(code, str), code))]


def _to_words(written: Any) -> dict[Code, str]:
    words: dict[Code, str] = {}
    for pair in written if isinstance(written, list) else [written]:
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str)):
            raise Unreadable(f"{pair!r} is no code with words")
        words[_to_code(pair[0])] = pair[1]
    return words


# Events


def _details(event: Event) -> tuple[str, Place | None, dict[str, object]]:
    """Kind, place and what else the event says; what is empty or false is left out."""
    match event:
        case Answered(_, place, value, words):
            details: dict[str, object] = {} if value is None else {"value": _from_value(value)}
            if words:
                details["words"] = _from_words(words)
            return "answered", place, details
        case Kept(_, place):
            return "kept", place, {}
        case Declined(_, place, decline):
            return "declined", place, {"decline": decline}
        case LookedUp(_, place, value, of):
            return "lookedup", place, {"value": _from_value(value)} | ({"of": of} if of else {})
        case WentTo(_, place, jump):
            return "wentto", place, {"jump": True} if jump else {}
        case Confirmed(_, place, check, reason):
            return "confirmed", place, {"check": check} | ({"reason": reason} if reason else {})
        case Noted(_, place, text, replaces):
            return "noted", place, {"text": text} | ({"replaces": replaces} if replaces else {})
        case Began():
            details = {
                "instrument": event.instrument,
                "seed": event.seed,
                "case": event.case,
                "today": event.today.isoformat(),
                "sitting": _from_sitting(event.sitting),
            }
            if event.rules != 1:
                details["rules"] = event.rules
            if event.sample:
                details["sample"] = {name: _from_value(event.sample[name]) for name in sorted(event.sample)}
            return "began", None, details
        case Resumed(_, sitting, reopen):
            return "resumed", None, {"sitting": _from_sitting(sitting)} | ({"reopen": True} if reopen else {})
        case Language(_, language):
            return "language", None, {"language": language}
        case Suspended(_, outcome):
            return "suspended", None, {"outcome": outcome} if outcome else {}
        case Stopped(_, outcome):
            return "stopped", None, {"outcome": outcome}
        case Ended(_, outcome):
            return "ended", None, {"outcome": outcome}
        case Erased(_, why, left):
            details = {"why": why}
            if left is not None:
                details["left"] = {name: _from_value(left[name]) for name in sorted(left)}
            return "erased", None, details
        case _:
            assert_never(event)


def _from_sitting(sitting: Sitting) -> dict[str, str]:
    return {"interviewer": sitting.interviewer, "daypart": sitting.daypart, "language": sitting.language}


class _Details:
    """What an event says, taken out piece by piece. A piece missing, of another kind or left over is told."""

    def __init__(self, kind: str, written: Any) -> None:
        if not isinstance(written, dict):
            raise Unreadable(f"{kind}: {written!r} is no object")
        self.kind = kind
        self.left: dict[str, Any] = written

    def text(self, name: str, otherwise: str | None = None) -> str:
        found = self.left.pop(name, otherwise)
        if not isinstance(found, str):
            raise Unreadable(f"{self.kind}: {name} should be a text and is {found!r}")
        return found

    def whole(self, name: str, otherwise: int | None = None) -> int:
        found = self.left.pop(name, otherwise)
        if not isinstance(found, int) or isinstance(found, bool):
            raise Unreadable(f"{self.kind}: {name} should be a whole number and is {found!r}")
        return found

    def flag(self, name: str) -> bool:
        found = self.left.pop(name, False)
        if not isinstance(found, bool):
            raise Unreadable(f"{self.kind}: {name} should be true or false and is {found!r}")
        return found

    def day(self, name: str) -> date:
        text = self.text(name)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Unreadable(f"{self.kind}: {name} should be a day and is {text[:40]!r}") from None

    def sitting(self) -> Sitting:
        inner = _Details(f"{self.kind}: sitting", self.left.pop("sitting", None))
        sitting = Sitting(inner.text("interviewer"), inner.text("daypart"), inner.text("language"))
        inner.end()
        return sitting

    def cells(self, name: str) -> dict[str, Value | Missing]:
        found = self.left.pop(name, {})
        if not isinstance(found, dict):
            raise Unreadable(f"{self.kind}: {name} should be an object and is {found!r}")
        return {name: _to_value(value) for name, value in found.items()}

    def end(self) -> None:
        if self.left:
            raise Unreadable(f"{self.kind}: {', '.join(self.left)}: not known here")


def _event(kind: str, place: Place | None, stamp: Stamp, says: _Details) -> Event:
    if place is not None:
        match kind:
            case "answered":
                value = says.left.pop("value", None)
                answer = None if value is None else _to_value(value)
                if isinstance(answer, Missing):
                    raise Unreadable(f"answered: {answer!r} is no answer")
                words = says.left.pop("words", None)
                return (
                    Answered(stamp, place, answer)
                    if words is None
                    else Answered(stamp, place, answer, _to_words(words))
                )
            case "kept":
                return Kept(stamp, place)
            case "declined":
                return Declined(stamp, place, says.text("decline"))
            case "lookedup":
                return LookedUp(stamp, place, _to_value(says.left.pop("value", None)), says.whole("of", 0))
            case "wentto":
                return WentTo(stamp, place, says.flag("jump"))
            case "confirmed":
                return Confirmed(stamp, place, says.whole("check"), says.text("reason", ""))
            case "noted":
                return Noted(stamp, place, says.text("text"), says.whole("replaces", 0))
    else:
        match kind:
            case "began":
                return Began(
                    stamp,
                    says.text("instrument"),
                    says.whole("seed"),
                    says.text("case"),
                    says.day("today"),
                    says.sitting(),
                    says.cells("sample"),
                    says.whole("rules", 1),
                )
            case "resumed":
                return Resumed(stamp, says.sitting(), says.flag("reopen"))
            case "language":
                return Language(stamp, says.text("language"))
            case "suspended":
                return Suspended(stamp, says.text("outcome", ""))
            case "stopped":
                return Stopped(stamp, says.text("outcome"))
            case "ended":
                return Ended(stamp, says.text("outcome"))
            case "erased":
                why, left = says.text("why"), "left" in says.left
                return Erased(stamp, why, says.cells("left") if left else None)
    raise Unreadable(f"{kind[:40]!r}{'' if place is None else f' at {place}'} is no event known here")


def encode_line(event: Event) -> Entered:
    """The event as a line of the journal. Raises ValueError for a moment without a zone and for NaN."""
    stamp = event.stamp
    at = encode_moment(stamp.at)
    if isinstance(event, Answered) and type(event.value) is int and not event.words:
        # nine lines of ten: written by hand this takes a third of the time
        return Entered("answered", *event.place, f'{{"value":{event.value}}}', at, stamp.by, stamp.station)
    kind, place, details = _details(event)
    item, turn = (None, None) if place is None else place
    return Entered(kind, item, turn, _json(details) if details else "{}", at, stamp.by, stamp.station)


def decode_line(line: Entered) -> Event:
    """The event that stands in a line of the journal. Raises Unreadable."""
    place = None if line.item is None else Place(line.item, line.turn)
    says = _Details(line.kind, _read(line.payload, what=line.kind))
    event = _event(line.kind, place, Stamp(decode_moment(line.at), line.by, line.station), says)
    says.end()
    return event


def encode(event: Event) -> str:
    """The event as one line of JSON."""
    kind, place, details = _details(event)
    whole: dict[str, object] = {"kind": kind, "at": encode_moment(event.stamp.at), "by": event.stamp.by}
    if event.stamp.station:
        whole["station"] = event.stamp.station
    if place is not None:
        whole["item"] = place.item
        if place.turn is not None:
            whole["turn"] = place.turn
    return _json(whole | details)


def decode(text: str) -> Event:
    """The event that `encode` wrote. Raises Unreadable."""
    says = _Details("event", _read(text, what="the event"))
    kind = says.kind = says.text("kind")
    stamp = Stamp(decode_moment(says.text("at")), says.text("by"), says.text("station", ""))
    place: Place | None = None
    if "item" in says.left:
        place = Place(says.text("item"), says.whole("turn") if "turn" in says.left else None)
    event = _event(kind, place, stamp, says)
    says.end()
    return event


# Snapshots: a row of the data as one JSON array


def encode_cells(cells: Sequence[Cell]) -> str:
    """A row as a JSON array in the order of its columns: null where not asked, `{"missing": …}` for other
    absences, days and hours as ISO text (the column's storage says which they are)."""
    return _json([cell if type(cell) in _PLAIN else _from_cell(cell) for cell in cells])


_PLAIN: Final = frozenset((int, str, float))


def _from_cell(cell: Cell) -> object:
    if cell == NOT_ASKED:
        return None
    if isinstance(cell, (date, time)) and not isinstance(cell, datetime):
        return cell.isoformat()
    return _from_value(cell)


def _absent(written: dict[str, Any]) -> Missing:
    kind = written.get("missing")
    if isinstance(kind, str) and len(written) == 1:
        return missing(kind)
    found = _to_value(written)
    if isinstance(found, Missing):
        return found
    raise Unreadable(f"{written!r} is no cell")


_CELLS: Final = JSONDecoder(object_hook=_absent, parse_constant=_no_constant)


def cells_reader(storages: Sequence[Storage]) -> Callable[[str], tuple[Cell, ...]]:
    """A function that reads rows of these columns. It raises Unreadable for a row that isn't one."""
    days = tuple(column for column, storage in enumerate(storages) if storage == "date")
    hours = tuple(column for column, storage in enumerate(storages) if storage == "time")
    width = len(storages)

    def read(text: str) -> tuple[Cell, ...]:
        try:
            cells = _CELLS.decode(text)
            if not isinstance(cells, list) or len(cells) != width:
                raise Unreadable(f"a row of {width} columns was expected, not {text[:40]!r}")
            for column in days:
                if isinstance(cells[column], str):
                    cells[column] = date.fromisoformat(cells[column])
            for column in hours:
                if isinstance(cells[column], str):
                    cells[column] = time.fromisoformat(cells[column])
        except Unreadable:
            raise
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"not a row of data ({error}): {text[:40]!r}") from None
        if "null" in text:
            cells = [NOT_ASKED if cell is None else cell for cell in cells]
        if "[" in text[1:]:
            cells = [tuple(map(_to_code, cell)) if isinstance(cell, list) else cell for cell in cells]
        return tuple(cells)

    return read
