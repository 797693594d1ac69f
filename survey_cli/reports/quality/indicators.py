"""Indicators of how an interview was conducted, from its answers, events and times."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from json import dumps, loads
from typing import Final, NamedTuple
from zlib import crc32

from survey_cli.engine import events
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import VerbatimItem
from survey_cli.reports.quality.comparison import Indicator
from survey_cli.table.paradata import count_read_words
from survey_cli.table.table import NOT_ASKED_TEXT
from survey_cli.values import Place, Variable

WORDS_PER_SECOND: Final = 4.5
"""Nobody reads a question aloud faster."""
MAX_COMPARED: Final = 100
"""Earlier interviews with which an interview is compared."""


INDICATORS: Final = {
    "fast": Indicator(
        label="faster than read",
        high="answers keyed faster than the question can be read",
        low="",
        kind="share",
        most=0.5,
    ),
    "same": Indicator(
        label="same in a row",
        high="the same answer to statement after statement",
        low="rarely the same answer twice",
        kind="share",
        most=0.95,
    ),
    "dont_know": Indicator(
        label="don't know",
        high="many don't knows",
        low="few don't knows",
    ),
    "refused": Indicator(
        label="refused",
        high="many refusals of questions",
        low="few refusals of questions",
    ),
    "back": Indicator(
        label="went back",
        high="often went back",
        low="rarely went back",
    ),
    "warnings": Indicator(
        label="warnings accepted",
        high="many accepted warnings",
        low="few accepted warnings",
    ),
    "extreme": Indicator(
        label="ends of scales",
        high="many answers at the ends of scales",
        low="few answers at the ends of scales",
    ),
    "middle": Indicator(
        label="middle of scales",
        high="many answers in the middle",
        low="few answers in the middle of scales",
    ),
    "asked": Indicator(
        label="questions asked",
        high="",
        low="few questions asked per interview",
        kind="mean",
    ),
    "verbatim": Indicator(
        label="same verbatim",
        high="the same words in open answers of several interviews",
        low="",
        kind="share",
        most=0.5,
    ),
    "alike": Indicator(
        label="like own earlier",
        high="more like own earlier interviews than like those of others",
        low="",
        kind="excess",
    ),
}


class AnswerLayout:
    """The columns of answers by what is counted in them. An interview is a list of cells."""

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
        """By column, the lowest and the highest point of its scale, and the middle one or
        nothing."""
        self._pairs: list[tuple[int, int]] = []
        """Columns of neighboring statements on one scale."""
        self._find_scales(instrument, variables)

    def _find_scales(self, instrument: Instrument, variables: Sequence[Variable]) -> None:
        """Find the columns with a scale, and the neighbors with the same one."""
        previous: tuple[int | None, list[str]] = (None, [])
        previous_column = 0
        for n in self._places:
            variable = variables[n]
            item = instrument.items.get(variable.item)
            points: list[str] = []
            if item is not None and variable.measure == "ordinal":
                points = [
                    dumps(option.code, ensure_ascii=False)
                    for option in item.options
                    if option.read and not option.missing
                ]
            if len(points) > 2:
                middle = points[len(points) // 2] if len(points) % 2 else ""
                self._scales[n] = (points[0], points[-1], middle)
                if previous == (variable.turn, points):
                    self._pairs.append((previous_column, n))
            previous = (variable.turn, points)
            previous_column = n

    @staticmethod
    def _find_question(instrument: Instrument, variable: Variable) -> object:
        item = instrument.items.get(variable.item)
        return item.question if item is not None else None

    def list_verbatims(self, cells: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the open answers of an interview with the names of their columns."""
        for n in self._verbatims:
            if cells[n].startswith('"'):
                yield self._names[n], loads(cells[n])

    def count_answers(self, cells: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Count the indicators that are in the answers of one interview."""
        asked = [cells[n] for n in self._places if cells[n] != NOT_ASKED_TEXT]
        refused = asked.count('{"missing":"refused"}')
        missing = sum(cell.startswith("{") for cell in asked)
        unreached = asked.count('{"missing":"not_reached"}')
        count = len(asked) - unreached

        points = [(cells[n], scale) for n, scale in self._scales.items() if _is_answer(cells[n])]
        extremes = sum(cell in (low, high) for cell, (low, high, _) in points)
        has_middle = [(cell, middle) for cell, (_, _, middle) in points if middle]
        middles = sum(cell == middle for cell, middle in has_middle)
        pairs = [
            (cells[a], cells[b])
            for a, b in self._pairs
            if _is_answer(cells[a]) and _is_answer(cells[b])
        ]
        return {
            "same": (sum(a == b for a, b in pairs), len(pairs)),
            "dont_know": (missing - refused - unreached, count),
            "refused": (refused, count),
            "extreme": (extremes, len(points)),
            "middle": (middles, len(has_middle)),
            "asked": (count, 1),
        }

    def make_signature(self, cells: Sequence[str]) -> bytes:
        """Return a byte per column: 0 if it was not asked, and equal ones for equal answers."""
        return bytes([_hash_cell(cells[n]) for n in self.columns])


@lru_cache(maxsize=65_536)
def _hash_cell(cell: str) -> int:
    if cell == NOT_ASKED_TEXT:
        return 0
    return crc32(cell.encode()) % 255 + 1


def _is_answer(cell: str) -> bool:
    """Return whether a stored cell is an answer. Missing values are objects, or null."""
    return not cell.startswith(("n", "{"))


def count_events(
    instrument: Instrument, journal: Sequence[events.InterviewEvent]
) -> tuple[str, dict[str, tuple[int, int]]]:
    """Return the language in which an interview began, and the indicators in its events.

    Events after its first end don't count.
    """
    language = instrument.language
    seen = set[Place]()
    fast = 0
    timed = 0
    back = 0
    warnings = 0
    since: datetime | None = None
    previous: CompiledItem | None = None
    for event in journal:
        at = event.stamp.at
        item = instrument.items.get(getattr(event, "place", _NOWHERE).item)
        match event:
            case events.InterviewStarted(session=session):
                language = session.language
            case events.QuestionAnswered(place=place) | events.QuestionDeclined(place=place) if (
                place not in seen
            ):
                seen.add(place)
                words = 0
                if item is not None:
                    words = count_read_words(item, previous, language)
                if words and since is not None:
                    timed += 1
                    fast += (at - since).total_seconds() * WORDS_PER_SECOND < words
                previous = item
            case events.PositionMoved():
                back += 1
            case events.QueryConfirmed(check=check):
                # A check that is read aloud is a question, and no warning.
                is_aloud = (
                    item is not None and check < len(item.checks) and item.checks[check].aloud
                )
                warnings += not is_aloud
            case events.NoteWritten() | events.LanguageChanged():
                # The item is the same as before.
                continue
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
        """Count the open answers that the interviewer has keyed before, and all of them.

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


MAX_PAIRS: Final = 3
"""Pairs of similar interviews that are kept of an interviewer."""


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

        Returns by how many equal answers the most similar one of the interviewer exceeds the most
        similar one of as many by others, and the number of answers.
        """
        own = self._own.setdefault((interviewer, group), deque(maxlen=MAX_COMPARED))
        latest = self._latest.setdefault(group, deque(maxlen=2 * MAX_COMPARED))
        width = len(signature)
        answered = width - signature.count(0)
        # As one number, all bytes are compared at once.
        answers = int.from_bytes(signature)

        def count_equal(other: int) -> int:
            equal = (answers ^ other).to_bytes(width).count(0)
            asked_of_neither = (answers | other).to_bytes(width).count(0)
            return equal - asked_of_neither

        own_equal = [count_equal(other) for _, other in own]
        if own:
            equal, earlier = max(zip(own_equal, (case for case, _ in own), strict=True))
            pairs = [*self.pairs.get(interviewer, ()), AlikePair(case, earlier, equal, answered)]
            pairs.sort(key=lambda pair: -pair.equal / max(pair.of, 1))
            self.pairs[interviewer] = pairs[:MAX_PAIRS]

        excess = 0
        others = [other for who, other in latest if who != interviewer]
        compared = min(len(own), len(others))
        if compared:
            nearest_own = max(own_equal[-compared:])
            nearest_other = max(count_equal(other) for other in others[-compared:])
            excess = nearest_own - nearest_other
        own.append((case, answers))
        latest.append((interviewer, answers))
        return excess, answered if compared else 0
