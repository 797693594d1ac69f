"""Coding of open answers: what is to be coded, by whom; suggestions; each coding stored as an event; agreement."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from json import loads
from math import log
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.engine.events import AnswerCoded, CodingRole, EventStamp, compute_text_digest
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.results.agreement import CodeSet, CodingAgreement, measure_agreement
from survey_cli.search_lists import split_words
from survey_cli.services.data import code_frames
from survey_cli.services.data.export_options import ExportOptions, OriginFilter
from survey_cli.services.data.table_query import query_table
from survey_cli.services.run_on_study import Request, convert_to_study_time, open_requested
from survey_cli.store import JournalUpdate, OfficeUpdate
from survey_cli.study.open_study import OpenStudy, check_supervisor
from survey_cli.table.columns import find_personal_names
from survey_cli.values import ADMIN_COLUMNS, Place, normalize_verbatim

STATION: Final = "office"
CODABLE: Final = ("ended", "stopped")
"""Statuses of interviews whose answers are coded: a station may be writing to any other."""
BATCH_SIZE: Final = 200
"""Codings in one commit, for which an interviewer's answer waits some milliseconds."""
MIN_SIMILARITY: Final = 0.25
MAX_SUGGESTIONS: Final = 3
STEM: Final = 5
"""Letters by which words are compared: `work`, `worker` and `working` have four in common, `hours` and `hour` too."""


@dataclass(slots=True)
class OpenAnswer:
    """One open answer, with its codings that apply to the present text."""

    interview: str
    case: str
    place: Place
    text: str
    codings: dict[CodingRole, AnswerCoded]
    seq: int
    """The number of the last event of its interview when it was read."""


AnswerGroup: TypeAlias = Sequence[OpenAnswer]
"""Equal answers, which are coded together."""


class CodingSession:
    """One coder's work on the open answers of an item. The caller closes the study."""

    def __init__(
        self, study: OpenStudy, item: str, role: CodingRole, share: float, origin: OriginFilter
    ) -> None:
        known = code_frames.list_open_items(study.instrument)
        if item not in known:
            remedy = suggest_nearest(
                item, known, otherwise=f"its open items are {', '.join(known) or '(none)'}"
            )
            raise UserError(study.path, f"there is no open item {item!r}", remedy)
        if item in find_personal_names(study.instrument):
            check_supervisor(study, f"code {item}, which is personal")
        self.study, self.item, self.role, self.share, self.origin = study, item, role, share, origin
        self.wording = render_placeholders(
            study.instrument.items[item].text.get_source_text(study.instrument.language)
        )
        self._undo: list[list[tuple[OpenAnswer, AnswerCoded | None]]] = []
        self.load()

    def load(self, text: str = "") -> None:
        """Load all answers and their codings as of now, and go to those with a text, else to the first to be coded."""
        self.refresh_frame()
        groups: dict[tuple[object, ...], list[OpenAnswer]] = {}
        for answer in load_open_answers(self.study, self.item, self.origin):
            if self._is_selected(answer):
                key = normalize_verbatim(answer.text), answer.place.turn
                codes = [
                    (role, c.codes, c.note)
                    for role, c in answer.codings.items()
                    if self.role in ("final", role)
                ]
                groups.setdefault((*key, *codes), []).append(answer)
        # the most frequent ones first, then similar ones near each other
        self.groups = sorted(
            groups.values(), key=lambda group: (-len(group), group[0].text.casefold())
        )
        counts = Counter(word for group in self.groups for word in _stem(group[0].text))
        self._rarity = {word: log(1 + len(self.groups) / count) for word, count in counts.items()}
        """How much a word counts: the rarer it is among the answers, the more."""
        self.at = 0
        self.skip(0)
        self.at = next(
            (at for at, group in enumerate(self.groups) if group[0].text == text), self.at
        )

    def _is_selected(self, answer: OpenAnswer) -> bool:
        """Return whether an answer is coded in this role."""
        first, second = answer.codings.get("first"), answer.codings.get("second")
        if self.role == "second":
            return _draw(answer) < self.share and (
                first is None or first.stamp.by != self.study.who.login
            )
        return self.role == "first" or (
            bool(first and second) and _get_codes(first) != _get_codes(second)
        )

    # What is shown

    @property
    def group(self) -> AnswerGroup | None:
        """The answers that are shown; None past the last ones."""
        return self.groups[self.at] if self.at < len(self.groups) else None

    def find_coding(self, group: AnswerGroup | None) -> AnswerCoded | None:
        """Return the coding of these answers."""
        return group[0].codings.get(self.role) if group is not None else None

    def get_label(self, code: int) -> str:
        """Return the label of a code."""
        spec = self.frame.codes.get(code)
        return (
            str(spec.label.get(self.study.instrument.language))
            if spec is not None
            else f"code {code}"
        )

    def describe(self, codes: Sequence[int]) -> str:
        """Return codes with their labels."""
        return ", ".join(f"{code} {self.get_label(code)}" for code in codes) or "unclear"

    def describe_group(self) -> list[str]:
        """Return what is known of the answers that are shown: their cases, their number, their codings."""
        group = self.group or ()
        cases = [answer.case for answer in group if answer.case]
        lines = (
            [f"case{'s' * (len(cases) > 1)} {', '.join(cases[:3])}{' …' * (len(cases) > 3)}"]
            if cases
            else []
        )
        if len(group) > 1:
            lines = [" · ".join([*lines, f"{len(group)} equal answers, coded together"])]
        for role, coding in group[0].codings.items() if group else ():
            if self.role in ("final", role):
                whose = (
                    f"{role} coder, {coding.stamp.by}"
                    if self.role == "final"
                    else f"coded by {coding.stamp.by}"
                )
                note = f" ({coding.note})" if coding.note else ""
                lines.append(f"{whose}: {self.describe(coding.codes or ())}{note}")
        return lines

    def count(self) -> tuple[int, int]:
        """Return how many answers are coded, and how many there are."""
        done = sum(len(group) for group in self.groups if self.find_coding(group))
        return done, sum(map(len, self.groups))

    def count_codes(self) -> Counter[int]:
        """Count the answers with each code."""
        return Counter(
            code
            for group in self.groups
            for code in _get_codes(self.find_coding(group))
            for _ in group
        )

    def suggest(self) -> list[tuple[tuple[int, ...], str]]:
        """Suggest the codes of the most similar answers that this coder sees, and of examples, each with its text."""
        if self.group is None or self.role == "final":
            return []
        words, best = _stem(self.group[0].text), dict[tuple[int, ...], tuple[float, str]]()
        given = (
            (self.find_coding(group), group[0].text)
            for group in self.groups
            if group is not self.group
        )
        coded = [(coding.codes or (), text) for coding, text in given if coding is not None]
        coded += [((code,), self.get_label(code)) for code in self.frame.codes]
        coded += [
            ((code,), str(spec.examples))
            for code, spec in self.frame.codes.items()
            if spec.examples
        ]
        for codes, text in coded:
            if codes and not words.isdisjoint(others := _stem(text)):
                each = words & others, words | others
                shared, either = (
                    sum(self._rarity.get(word, 1.0) for word in some) for some in each
                )
                best[codes] = max(
                    best.get(codes, (0.0, "")), (2 * shared / (shared + either), text)
                )
        ranked = sorted(best, key=best.__getitem__, reverse=True)[:MAX_SUGGESTIONS]
        return [(codes, best[codes][1]) for codes in ranked if best[codes][0] >= MIN_SIMILARITY]

    # What the coder does

    def move(self, by: int) -> None:
        """Go to the answers before or after these."""
        self.at = min(max(self.at + by, 0), len(self.groups))

    def skip(self, by: int = 1) -> None:
        """Go to the next answers that are not coded, from the first again after the last ones."""
        count = len(self.groups)
        order = ((self.at + by + n) % count for n in range(count))
        self.at = next((at for at in order if self.find_coding(self.groups[at]) is None), count)

    def add_code(self, label: str) -> int:
        """Add a code to the frame."""
        code = code_frames.add_code(self.study.path, self.study.instrument, self.item, label)
        self.refresh_frame()
        return code

    def refresh_frame(self) -> None:
        """Read the frame, to which another coder may have added a code."""
        self.frame = code_frames.read_frame(self.study.path, self.study.instrument, self.item)

    def code(self, codes: Sequence[int], note: str = "") -> str:
        """Give the answers that are shown these codes; none: they are unclear. Returns why some could not be coded."""
        group = self.group
        assert group is not None
        self._undo.append([(answer, answer.codings.get(self.role)) for answer in group])
        if left := self._write([(answer, tuple(sorted(codes)), note) for answer in group]):
            self.load(group[0].text)
        else:
            self.skip()
        return left

    def undo(self) -> str:
        """Take back the last coding of this session: the one before it counts again. Returns why that is not possible."""
        if not self._undo:
            return "nothing was coded in this session"
        before = self._undo.pop()
        left = self._write(
            [(a, c.codes, c.note) if c is not None else (a, None, "") for a, c in before]
        )
        self.load(before[0][0].text)
        return left

    def _write(self, codings: Sequence[tuple[OpenAnswer, tuple[int, ...] | None, str]]) -> str:
        """Store codings of different interviews, some in one commit. Returns why others were left."""
        reasons = Counter[str]()
        for start in range(0, len(codings), BATCH_SIZE):
            updates = [
                self._build_update(*coding) for coding in codings[start : start + BATCH_SIZE]
            ]
            left = self.study.store.interviews.append_from_office(
                [update for update in updates if update is not None]
            )
            for (answer, *_), update in zip(codings[start:], updates, strict=False):
                if update is None or answer.interview in left:
                    reasons[
                        left.get(
                            answer.interview, "somebody has written to the interview meanwhile"
                        )
                    ] += 1
                    continue
                event = update.journal.events[0]
                answer.codings.pop(self.role, None)
                if isinstance(event, AnswerCoded) and event.codes is not None:
                    answer.codings[self.role] = event
        return "; ".join(f"{count} not coded: {why}" for why, count in reasons.items())

    def _build_update(
        self, answer: OpenAnswer, codes: tuple[int, ...] | None, note: str
    ) -> OfficeUpdate | None:
        """Build the event of one coding; None where the answer may have changed, or another coder has coded it."""
        row = self.study.store.interviews.find_row(answer.interview)
        journal, login = (
            self.study.store.interviews.read_journal(answer.interview),
            self.study.who.login,
        )
        if row is None or row.last_seq != len(journal):
            return None
        for event in journal[answer.seq :]:
            if not isinstance(event, AnswerCoded) or (
                (event.place, event.role) == (answer.place, self.role) and event.stamp.by != login
            ):
                return None
        at = max(convert_to_study_time(self.study.store, datetime.now(UTC)), journal[-1].stamp.at)
        digest = compute_text_digest(answer.text)
        coded = AnswerCoded(
            EventStamp(at, login, STATION), answer.place, codes, digest, self.role, note
        )
        state = row.status, row.at_item, row.answered, row.outcome
        return OfficeUpdate(JournalUpdate(row.id, row.last_seq + 1, (coded,), *state), row)


def _get_codes(coding: AnswerCoded | None) -> frozenset[int]:
    return frozenset(coding.codes or ()) if coding is not None else frozenset()


@lru_cache(maxsize=65_536)
def _stem(text: str) -> frozenset[str]:
    """Return the words of a text by which it is compared, each cut to its beginning."""
    return frozenset(word[:STEM] for word in split_words(text))


def _draw(answer: OpenAnswer) -> float:
    """Draw a number from 0 to 1 for an answer, each time the same one."""
    return (
        int.from_bytes(sha256(f"{answer.place} {answer.interview}".encode()).digest()[:8]) / 2**64
    )


def load_open_answers(
    study: OpenStudy, item: str, origin: OriginFilter = "real"
) -> list[OpenAnswer]:
    """Load the open answers to an item in finished interviews, with the codings that are of their present texts."""
    options = ExportOptions(
        origin=origin, personal=frozenset({item}) & find_personal_names(study.instrument)
    )
    with study.store.read_transaction():
        table = query_table(study, options).table
        codings = code_frames.load_codings(study, item)
        seqs = {row.id: row.last_seq for row in study.store.interviews.list_rows()}
        columns, answers = code_frames.find_text_columns(table, item), []
        for texts in table.iterate_texts():
            interview, case, status = (
                loads(texts[ADMIN_COLUMNS.index(f"interview_{n}")])
                for n in ("id", "case", "status")
            )
            for turn, at in columns.items():
                text = code_frames.read_open_text([texts[position] for position in at])
                if text and status in CODABLE:
                    roles = code_frames.select_valid(codings.get((interview, turn), {}), text)
                    answers.append(
                        OpenAnswer(interview, case, Place(item, turn), text, roles, seqs[interview])
                    )
        return answers


@contextmanager
def open_coding(
    request: Request,
    item: str,
    *,
    role: CodingRole = "first",
    share: float = 1,
    origin: OriginFilter = "real",
) -> Iterator[CodingSession]:
    """Context manager in which an item's answers are coded. Raises UserError."""
    with open_requested(
        request, "settle disagreements of coders" if role == "final" else ""
    ) as study:
        yield CodingSession(study, item, role, share, origin)


class AgreementResult(NamedTuple):
    """The agreement of two coders, and the answers on which they differ."""

    distance: Literal["nominal", "MASI"]
    labels: Mapping[int, str]
    agreement: CodingAgreement
    disagreements: Sequence[OpenAnswer]


def compare_codings(
    request: Request, item: str, *, origin: OriginFilter = "real"
) -> AgreementResult:
    """Measure the agreement on the answers that two coders have coded. Raises UserError.

    Equal answers are coded at once, so that they are one decision of each coder. They count once, or once for each
    pair of decisions if some of them were coded again.
    """
    with open_coding(request, item, origin=origin) as session:
        answers: list[OpenAnswer] = []
        pairs: list[tuple[CodeSet, CodeSet]] = []
        for group in session.groups:
            decisions: dict[tuple[CodeSet, CodeSet], OpenAnswer] = {}
            for answer in group:
                if {"first", "second"} <= answer.codings.keys():
                    first = _get_codes(answer.codings["first"])
                    second = _get_codes(answer.codings["second"])
                    decisions.setdefault((first, second), answer)
            pairs += decisions.keys()
            answers += decisions.values()
        if not pairs:
            remedy = f"another coder begins with: survey code {request.path} {item} --second 20%"
            raise UserError(
                session.study.where, f"no answer to {item} was coded by two coders", remedy
            )
        agreement = measure_agreement(pairs, multiple=session.frame.multiple)
        labels = {code.code: session.get_label(code.code) for code in agreement.by_code}
        differing = [
            answer
            for answer, (first, second) in zip(answers, pairs, strict=True)
            if first != second
        ]
        return AgreementResult(
            "MASI" if session.frame.multiple else "nominal", labels, agreement, differing
        )
