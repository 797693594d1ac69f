"""Coding of open answers: which are to be coded, suggestions, stored codings, and agreement.

Each coding is an event in the journal of its interview.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from math import log
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.engine.events import AnswerCoded, CodingRole, EventStamp, compute_text_digest
from survey_cli.fieldwork.case.events import OFFICE_STATION
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.permissions import Action
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.results.agreement import CodeSet, CodingAgreement, measure_agreement
from survey_cli.search_lists import split_words
from survey_cli.services.data import code_frames
from survey_cli.services.data.export_options import ExportOptions, OriginFilter
from survey_cli.services.data.table_query import query_table
from survey_cli.services.run_on_study import Request, convert_to_study_time, open_requested
from survey_cli.store import JournalUpdate, OfficeUpdate
from survey_cli.study.open_study import OpenStudy, check_study_may
from survey_cli.table.columns import find_personal_names
from survey_cli.values import ADMIN_COLUMNS, Place, normalize_verbatim

CODABLE: Final = ("ended", "stopped")
"""Statuses of interviews whose answers are coded: a station may be writing to any other."""
BATCH_SIZE: Final = 200
"""Codings in one commit, for which an interviewer's answer waits some milliseconds."""
MIN_SIMILARITY: Final = 0.25
MAX_SUGGESTIONS: Final = 3
STEM: Final = 5
"""Letters by which words are compared.

`work`, `worker` and `working` have four in common, and so have `hours` and `hour`.
"""
MAX_CASES_SHOWN: Final = 3


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


class _NewCoding(NamedTuple):
    """A coding that is to be stored."""

    answer: OpenAnswer
    codes: tuple[int, ...] | None
    """Empty if the answer is unclear; None takes the coding back."""
    note: str


class _WordWeights:
    """Weights of the words in answers, by which texts are compared."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = Counter(word for text in texts for word in _stem(text))
        # The rarer a word is among the answers, the more it counts.
        self._weights = {word: log(1 + len(texts) / count) for word, count in counts.items()}

    def compare(self, words: Set[str], others: Set[str]) -> float:
        """Return how similar two sets of words are, from 0 to 1."""
        shared = self._sum_weights(words & others)
        if not shared:
            return 0.0
        either = self._sum_weights(words | others)
        # Dice's coefficient: the weights of the two sets add up to shared + either.
        return 2 * shared / (shared + either)

    def _sum_weights(self, words: Set[str]) -> float:
        # A word that is in no answer is one of a label or an example.
        return sum(self._weights.get(word, 1.0) for word in words)


class CodingSession:
    """One coder's work on the open answers of an item. The caller closes the study."""

    def __init__(
        self, study: OpenStudy, item: str, role: CodingRole, share: float, origin: OriginFilter
    ) -> None:
        """Load the answers.

        Raises UserError if the item is not open, or personal and the account not a supervisor's.
        """
        known = code_frames.list_open_items(study.instrument)
        if item not in known:
            otherwise = f"its open items are {', '.join(known) or '(none)'}"
            remedy = suggest_nearest(item, known, otherwise=otherwise)
            raise UserError(study.path, f"there is no open item {item!r}", remedy)
        if item in find_personal_names(study.instrument):
            check_study_may(study, Action.CODE_PERSONAL)

        self.study = study
        self.item = item
        self.role = role
        self.share = share
        """The part of the answers that the second coder codes, from 0 to 1."""
        self.origin = origin
        text = study.instrument.items[item].text
        self.wording = render_placeholders(text.get_source_text(study.instrument.language))
        self._undo: list[list[tuple[OpenAnswer, AnswerCoded | None]]] = []
        """For each coding of this session, its answers with the coding that they had before."""
        self.load()

    def load(self, text: str = "") -> None:
        """Load all answers and their codings as of now.

        Then go to the answers with this text, or to the first ones that are not coded.
        """
        self.refresh_frame()
        groups: dict[tuple[object, ...], list[OpenAnswer]] = {}
        for answer in load_open_answers(self.study, self.item, self.origin):
            if self._is_selected(answer):
                groups.setdefault(self._build_group_key(answer), []).append(answer)

        # The most frequent ones first, then similar ones near each other.
        self.groups = sorted(
            groups.values(), key=lambda group: (-len(group), group[0].text.casefold())
        )
        self._word_weights = _WordWeights([group[0].text for group in self.groups])

        self.position = 0
        self.skip(0)
        for position, group in enumerate(self.groups):
            if group[0].text == text:
                self.position = position
                break

    def _build_group_key(self, answer: OpenAnswer) -> tuple[object, ...]:
        """Build what answers have in common that are coded together."""
        codings = []
        for role, coding in answer.codings.items():
            if self._shows(role):
                codings.append((role, coding.codes, coding.note))
        return (normalize_verbatim(answer.text), answer.place.turn, *codings)

    def _shows(self, role: CodingRole) -> bool:
        """Return whether codings in a role are shown: one's own, or both when they are settled."""
        return self.role in ("final", role)

    def _is_selected(self, answer: OpenAnswer) -> bool:
        """Return whether an answer is coded in this role."""
        first = answer.codings.get("first")
        second = answer.codings.get("second")
        match self.role:
            case "first":
                return True
            case "second":
                # Agreement is measured between different people.
                is_own = first is not None and first.stamp.by == self.study.who.login
                return _draw(answer) < self.share and not is_own
            case "final":
                if first is None or second is None:
                    return False
                return _get_codes(first) != _get_codes(second)

    # ── what is shown ──

    @property
    def group(self) -> AnswerGroup | None:
        """The answers that are shown; None after the last ones."""
        if self.position < len(self.groups):
            return self.groups[self.position]
        return None

    def find_coding(self, group: AnswerGroup | None) -> AnswerCoded | None:
        """Return the coding of these answers in this role."""
        return group[0].codings.get(self.role) if group is not None else None

    def get_label(self, code: int) -> str:
        """Return the label of a code."""
        spec = self.frame.codes.get(code)
        if spec is None:
            return f"code {code}"
        return str(spec.label.get(self.study.instrument.language))

    def describe(self, codes: Sequence[int]) -> str:
        """Return codes with their labels."""
        return ", ".join(f"{code} {self.get_label(code)}" for code in codes) or "unclear"

    def describe_group(self) -> list[str]:
        """Return what is known of the answers shown: their cases, their number, their codings."""
        group = self.group
        if group is None:
            return []

        facts = []
        cases = [answer.case for answer in group if answer.case]
        if cases:
            noun = "case" if len(cases) == 1 else "cases"
            more = " …" if len(cases) > MAX_CASES_SHOWN else ""
            facts.append(f"{noun} {', '.join(cases[:MAX_CASES_SHOWN])}{more}")
        if len(group) > 1:
            facts.append(f"{len(group)} equal answers, coded together")
        lines = [" · ".join(facts)] if facts else []

        for role, coding in group[0].codings.items():
            if not self._shows(role):
                continue
            coder = f"coded by {coding.stamp.by}"
            if self.role == "final":
                coder = f"{role} coder, {coding.stamp.by}"
            note = f" ({coding.note})" if coding.note else ""
            lines.append(f"{coder}: {self.describe(coding.codes or ())}{note}")
        return lines

    def count(self) -> tuple[int, int]:
        """Return how many answers are coded, and how many there are."""
        done = sum(len(group) for group in self.groups if self.find_coding(group) is not None)
        return done, sum(len(group) for group in self.groups)

    def count_codes(self) -> Counter[int]:
        """Count the answers with each code."""
        counts: Counter[int] = Counter()
        for group in self.groups:
            for code in _get_codes(self.find_coding(group)):
                counts[code] += len(group)
        return counts

    def suggest(self) -> list[tuple[tuple[int, ...], str]]:
        """Suggest codes with the text that they are suggested for, the most similar text first.

        They are those of similar answers that this coder has coded, of labels, and of examples.
        """
        if self.group is None or self.role == "final":
            return []

        words = _stem(self.group[0].text)
        best: dict[tuple[int, ...], tuple[float, str]] = {}
        for codes, text in self._iterate_coded_texts():
            similarity = self._word_weights.compare(words, _stem(text))
            if codes and similarity:
                best[codes] = max(best.get(codes, (0.0, "")), (similarity, text))

        ranked = sorted(best.items(), key=lambda entry: entry[1], reverse=True)
        suggestions = []
        for codes, (similarity, text) in ranked[:MAX_SUGGESTIONS]:
            if similarity >= MIN_SIMILARITY:
                suggestions.append((codes, text))
        return suggestions

    def _iterate_coded_texts(self) -> Iterator[tuple[tuple[int, ...], str]]:
        """Yield the texts of other answers, of labels and of examples, with their codes."""
        for group in self.groups:
            coding = self.find_coding(group)
            if coding is not None and group is not self.group:
                yield coding.codes or (), group[0].text
        for code in self.frame.codes:
            yield (code,), self.get_label(code)
        for code, spec in self.frame.codes.items():
            if spec.examples:
                yield (code,), str(spec.examples)

    # ── what the coder does ──

    def move(self, by: int) -> None:
        """Go to the answers before or after these."""
        self.position = min(max(self.position + by, 0), len(self.groups))

    def skip(self, by: int = 1) -> None:
        """Go to the next answers that are not coded; after the last ones, from the first again.

        If all are coded, go to the end.
        """
        count = len(self.groups)
        for steps in range(count):
            position = (self.position + by + steps) % count
            if self.find_coding(self.groups[position]) is None:
                self.position = position
                return
        self.position = count

    def add_code(self, label: str) -> int:
        """Add a code to the frame, and return it."""
        code = code_frames.add_code(self.study.path, self.study.instrument, self.item, label)
        self.refresh_frame()
        return code

    def refresh_frame(self) -> None:
        """Read the frame, to which another coder may have added a code."""
        self.frame = code_frames.read_frame(self.study.path, self.study.instrument, self.item)

    def code(self, codes: Sequence[int], note: str = "") -> str:
        """Give the answers that are shown these codes; without any, they are unclear.

        Returns why some could not be coded; empty if all were.
        """
        group = self.group
        assert group is not None
        self._undo.append([(answer, answer.codings.get(self.role)) for answer in group])
        given = tuple(sorted(codes))
        failure = self._store([_NewCoding(answer, given, note) for answer in group])
        if failure:
            self.load(group[0].text)
        else:
            self.skip()
        return failure

    def undo(self) -> str:
        """Take back the last coding of this session: the one before it counts again.

        Returns why that is not possible; empty if it was done.
        """
        if not self._undo:
            return "nothing was coded in this session"

        coded = self._undo.pop()
        codings = []
        for answer, before in coded:
            if before is None:
                codings.append(_NewCoding(answer, None, ""))
            else:
                codings.append(_NewCoding(answer, before.codes, before.note))
        failure = self._store(codings)

        first, _ = coded[0]
        self.load(first.text)
        return failure

    def _store(self, codings: Sequence[_NewCoding]) -> str:
        """Store codings of different interviews, some in one commit.

        Returns why others were not stored; empty if all were.
        """
        reasons: Counter[str] = Counter()
        for start in range(0, len(codings), BATCH_SIZE):
            batch = codings[start : start + BATCH_SIZE]
            updates = [self._build_update(coding) for coding in batch]
            rejected = self.study.store.interviews.append_from_office(
                [update for update in updates if update is not None]
            )
            for (answer, _, _), update in zip(batch, updates, strict=True):
                if update is None:
                    reasons["somebody has written to the interview meanwhile"] += 1
                elif answer.interview in rejected:
                    reasons[rejected[answer.interview]] += 1
                else:
                    self._note_stored(answer, update)
        return "; ".join(f"{count} not coded: {why}" for why, count in reasons.items())

    def _note_stored(self, answer: OpenAnswer, update: OfficeUpdate) -> None:
        """Give an answer the coding that was stored."""
        event = update.journal.events[0]
        answer.codings.pop(self.role, None)
        if isinstance(event, AnswerCoded) and event.codes is not None:
            answer.codings[self.role] = event

    def _build_update(self, coding: _NewCoding) -> OfficeUpdate | None:
        """Build the event of one coding.

        None if the answer may have changed, or another coder has coded it.
        """
        answer, codes, note = coding
        login = self.study.who.login
        row = self.study.store.interviews.find_row(answer.interview)
        journal = self.study.store.interviews.read_journal(answer.interview)
        if row is None or row.last_seq != len(journal):
            return None

        for event in journal[answer.seq :]:
            if not isinstance(event, AnswerCoded):
                return None
            is_same_coding = event.place == answer.place and event.role == self.role
            if is_same_coding and event.stamp.by != login:
                return None

        now = convert_to_study_time(self.study.store, datetime.now(UTC))
        # The events of a journal are in the order of their times, whatever this clock says.
        stamp = EventStamp(max(now, journal[-1].stamp.at), login, OFFICE_STATION)
        digest = compute_text_digest(answer.text)
        coded = AnswerCoded(stamp, answer.place, codes, digest, self.role, note)
        update = JournalUpdate(
            row.id,
            seq=row.last_seq + 1,
            events=(coded,),
            status=row.status,
            at_item=row.at_item,
            answered=row.answered,
            outcome=row.outcome,
        )
        return OfficeUpdate(update, row)


def _get_codes(coding: AnswerCoded | None) -> frozenset[int]:
    """Return the codes of a coding; none if there is no coding, or the answer is unclear."""
    if coding is None:
        return frozenset()
    return frozenset(coding.codes or ())


@lru_cache(maxsize=65_536)
def _stem(text: str) -> frozenset[str]:
    """Return the words of a text by which it is compared, each cut to its beginning."""
    return frozenset(word[:STEM] for word in split_words(text))


def _draw(answer: OpenAnswer) -> float:
    """Draw a number from 0 to 1 for an answer, which is the same every time."""
    digest = sha256(f"{answer.place} {answer.interview}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def load_open_answers(
    study: OpenStudy, item: str, origin: OriginFilter = "real"
) -> list[OpenAnswer]:
    """Load the open answers to an item in finished interviews.

    They have the codings that are of their present texts.
    """
    personal = frozenset({item}) & find_personal_names(study.instrument)
    options = ExportOptions(origin=origin, personal=personal)
    with study.store.read_transaction():
        table = query_table(study, options).table
        codings = code_frames.load_codings(study, item)
        seqs = {row.id: row.last_seq for row in study.store.interviews.list_rows()}
        columns = code_frames.find_text_columns(table, item)

        answers = []
        for texts in table.iterate_texts():
            interview = _read_admin_cell(texts, "interview_id")
            if _read_admin_cell(texts, "interview_status") not in CODABLE:
                continue
            case = _read_admin_cell(texts, "interview_case")
            for turn, positions in columns.items():
                text = code_frames.read_open_text([texts[position] for position in positions])
                if not text:
                    continue
                roles = code_frames.select_valid(codings.get((interview, turn), {}), text)
                place = Place(item, turn)
                answers.append(OpenAnswer(interview, case, place, text, roles, seqs[interview]))
        return answers


def _read_admin_cell(texts: Sequence[str], name: str) -> str:
    """Read a cell of an administrative column from the stored texts of a row."""
    return str(json.loads(texts[ADMIN_COLUMNS.index(name)]))


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
    action = Action.CODE_ANSWERS
    if role == "final":
        action = Action.SETTLE_CODINGS
    with open_requested(request, action) as study:
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

    Equal answers are coded at once, so that they are one decision of each coder. They count once,
    or once for each pair of decisions if some of them were coded again.
    """
    with open_coding(request, item, origin=origin) as session:
        answers: list[OpenAnswer] = []
        pairs: list[tuple[CodeSet, CodeSet]] = []
        for group in session.groups:
            decisions: dict[tuple[CodeSet, CodeSet], OpenAnswer] = {}
            for answer in group:
                if "first" in answer.codings and "second" in answer.codings:
                    first = _get_codes(answer.codings["first"])
                    second = _get_codes(answer.codings["second"])
                    decisions.setdefault((first, second), answer)
            pairs += decisions.keys()
            answers += decisions.values()
        if not pairs:
            what = f"no answer to {item} was coded by two coders"
            remedy = f"another coder begins with: survey code {request.path} {item} --second 20%"
            raise UserError(session.study.where, what, remedy)

        is_multiple = session.frame.multiple
        agreement = measure_agreement(pairs, multiple=is_multiple)
        labels = {code.code: session.get_label(code.code) for code in agreement.by_code}
        disagreements = []
        for answer, (first, second) in zip(answers, pairs, strict=True):
            if first != second:
                disagreements.append(answer)
        distance: Literal["nominal", "MASI"] = "MASI" if is_multiple else "nominal"
        return AgreementResult(distance, labels, agreement, disagreements)
