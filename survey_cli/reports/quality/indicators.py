"""Indicators of how an interview was conducted: counted in its answers, its events and its times."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from json import dumps, loads
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from survey_cli.engine import events
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import VerbatimItem
from survey_cli.reports.quality.comparison import Indicator
from survey_cli.table.paradata import count_read_words
from survey_cli.values import Place, Variable

WORDS_PER_SECOND: Final = 4.5
"""Nobody reads a question aloud faster."""
MAX_COMPARED: Final = 100
"""Earlier interviews with which an interview is compared."""


_ROWS: Final = loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
INDICATORS: Final = {name: Indicator(*row) for name, row in _ROWS.items()}


class AnswerLayout:
    """The columns of answers by what is counted in them; each interview is a list of cells as stored."""

    def __init__(self, instrument: Instrument, variables: Sequence[Variable]) -> None:
        self.columns = [
            n for n, v in enumerate(variables) if v.role == "answer" and v.item in instrument.items
        ]
        """The columns that are compared between interviews."""
        seen = {(variables[n].item, variables[n].turn): n for n in reversed(self.columns)}
        self._places = sorted(seen.values())
        """The first column of each question."""
        self._verbatims = [
            n
            for n in self._places
            if isinstance(self._find_question(instrument, variables[n]), OPEN)
        ]
        """The columns of open answers."""
        self._names = [variable.name for variable in variables]
        self._scales: dict[int, tuple[str, str, str]] = {}
        """By column, the lowest and the highest point of its scale and the one in the middle, which may be missing."""
        self._pairs: list[tuple[int, int]] = []
        """Columns of neighboring statements on one scale."""
        previous: tuple[int | None, list[str], int] = None, [], 0
        for n in self._places:
            variable, item = variables[n], instrument.items.get(variables[n].item)
            options = item.options if item is not None and variable.measure == "ordinal" else ()
            points = [
                dumps(o.code, ensure_ascii=False) for o in options if o.read and not o.missing
            ]
            if len(points) > 2:
                middle = points[len(points) // 2] if len(points) % 2 else ""
                self._scales[n] = points[0], points[-1], middle
                if previous[:2] == (variable.turn, points):
                    self._pairs.append((previous[2], n))
            previous = variable.turn, points, n

    @staticmethod
    def _find_question(instrument: Instrument, variable: Variable) -> object:
        item = instrument.items.get(variable.item)
        return item.question if item is not None else None

    def list_verbatims(self, cells: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the open answers of an interview, each with the name of its column."""
        for n in self._verbatims:
            if cells[n].startswith('"'):
                yield self._names[n], loads(cells[n])

    def count_answers(self, cells: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Count the indicators that are in the answers of one interview."""
        asked = [cell for n in self._places if (cell := cells[n]) != "null"]
        refused = asked.count('{"missing":"refused"}')
        declined = sum(cell[0] == "{" for cell in asked)
        unreached = asked.count('{"missing":"not_reached"}')
        points = [(cells[n], scale) for n, scale in self._scales.items() if cells[n][0] not in "n{"]
        pairs = [
            (cells[a], cells[b])
            for a, b in self._pairs
            if cells[a][0] not in "n{" and cells[b][0] not in "n{"
        ]
        middles = [cell == scale[2] for cell, scale in points if scale[2]]
        count = len(asked) - unreached
        return {
            "same": (sum(a == b for a, b in pairs), len(pairs)),
            "dont_know": (declined - refused - unreached, count),
            "refused": (refused, count),
            "extreme": (sum(cell in scale[:2] for cell, scale in points), len(points)),
            "middle": (sum(middles), len(middles)),
            "asked": (count, 1),
        }

    def make_signature(self, cells: Sequence[str]) -> bytes:
        """Return a byte per column: 0 where it was not asked, equal ones for equal answers."""
        return bytes([_hash_cell(cells[n]) for n in self.columns])


@lru_cache(maxsize=65_536)
def _hash_cell(cell: str) -> int:
    return 0 if cell == "null" else crc32(cell.encode()) % 255 + 1


def count_events(
    instrument: Instrument, journal: Sequence[events.InterviewEvent]
) -> tuple[str, dict[str, tuple[int, int]]]:
    """Return the language in which an interview began, and count the indicators in its events up to its first end."""
    language, seen = instrument.language, set[Place]()
    fast = timed = back = warnings = 0
    since: datetime | None = None
    previous: CompiledItem | None = None
    for event in journal:
        at, item = event.stamp.at, instrument.items.get(getattr(event, "place", _NOWHERE).item)
        match event:
            case events.InterviewStarted(session=session):
                language = session.language
            case events.QuestionAnswered(place=place) | events.QuestionDeclined(place=place) if (
                place not in seen
            ):
                seen.add(place)
                words = count_read_words(item, previous, language) if item is not None else 0
                if words and since is not None:
                    timed += 1
                    fast += (at - since).total_seconds() * WORDS_PER_SECOND < words
                previous = item
            case events.PositionMoved():
                back += 1
            case events.QueryConfirmed(check=check):
                warnings += (
                    item is None or check >= len(item.checks) or not item.checks[check].aloud
                )
            case events.NoteWritten() | events.LanguageChanged():
                continue  # the item is the same as before
            case events.InterviewEnded():
                break
            case events.InterviewSuspended() | events.InterviewStopped():
                since = None
                continue
        since = at
    count = len(seen)
    return language, {"fast": (fast, timed), "back": (back, count), "warnings": (warnings, count)}


_NOWHERE: Final = Place("")


OPEN: Final = (VerbatimItem,)
"""Types of open answers. Short texts, such as a city, may be equal in many interviews."""
MIN_VERBATIM: Final = 8
"""Shorter open answers, such as `nothing`, may well be equal."""


class EarlierVerbatims:
    """Open answers of each interviewer so far, by question."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()

    def count(self, interviewer: str, answers: Iterable[tuple[str, str]]) -> tuple[int, int]:
        """Count the open answers of an interview that the interviewer has keyed before, and all of them.

        `answers` are questions and texts.
        """
        repeated = total = 0
        for question, text in answers:
            words = " ".join(text.casefold().split())
            if len(words) < MIN_VERBATIM:
                continue
            total += 1
            repeated += (interviewer, question, words) in self._seen
            self._seen.add((interviewer, question, words))
        return repeated, total


class AlikePair(NamedTuple):
    """Two interviews of one interviewer."""

    case: str
    earlier: str
    equal: int
    """The number of columns with equal answers."""
    of: int


class EarlierInterviews:
    """The latest interviews, with which the next ones are compared."""

    def __init__(self) -> None:
        self._latest: dict[Hashable, deque[tuple[str, int]]] = {}
        self._own: dict[Hashable, deque[tuple[str, int]]] = {}
        self.pairs: dict[str, list[AlikePair]] = {}
        """The most similar pairs of each interviewer."""

    def compare(
        self, interviewer: str, group: Hashable, case: str, signature: bytes
    ) -> tuple[int, int]:
        """Compare an interview with earlier ones of its group, and add it to them.

        Returns by how many equal answers the most similar one of the interviewer exceeds the most similar one of as
        many by others, and the number of answers.
        """
        own = self._own.setdefault((interviewer, group), deque(maxlen=MAX_COMPARED))
        latest = self._latest.setdefault(group, deque(maxlen=2 * MAX_COMPARED))
        width, answers = len(signature), int.from_bytes(signature)
        answered = width - signature.count(0)

        def count_equal(other: int) -> int:
            equal = (answers ^ other).to_bytes(width).count(0)
            return equal - (answers | other).to_bytes(width).count(
                0
            )  # without what neither was asked

        others = [other for who, other in latest if who != interviewer][-len(own) :] if own else []
        mine = [(count_equal(other), earlier) for earlier, other in list(own)]
        if mine:
            equal, earlier = max(mine)
            pairs = [*self.pairs.get(interviewer, ()), AlikePair(case, earlier, equal, answered)]
            self.pairs[interviewer] = sorted(pairs, key=lambda pair: -pair.equal / max(pair.of, 1))[
                :3
            ]
        nearest = max((equal for equal, _ in mine[-len(others) :]), default=0) if others else 0
        excess = nearest - max(map(count_equal, others), default=nearest)
        own.append((case, answers))
        latest.append((interviewer, answers))
        return excess, answered if others else 0
