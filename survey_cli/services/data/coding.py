"""Coding of open answers: what is to be coded, by whom; suggestions; each coding stored as an event; agreement."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from json import loads
from math import log
from typing import Final, Literal, NamedTuple

from survey_cli.engine.events import AnswerCoded, CodingRole, EventStamp, compute_text_digest
from survey_cli.instrument.schema.code_frame import FrameCodeSpec
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.results.agreement import CodingAgreement, measure_agreement
from survey_cli.search_lists import split_words
from survey_cli.services.data.code_frames import (
    add_code,
    find_text_columns,
    list_open_items,
    load_codings,
    read_frame,
    read_open_text,
    select_valid,
)
from survey_cli.services.data.export_options import ExportOptions, OriginFilter
from survey_cli.services.data.table_query import query_table
from survey_cli.services.run_on_study import Request, convert_to_study_time
from survey_cli.store import JournalUpdate, OfficeUpdate
from survey_cli.study.open_study import OpenStudy, check_supervisor, open_study
from survey_cli.table.columns import find_personal_names
from survey_cli.values import Place

STATION: Final = "office"
CODABLE: Final = ('"ended"', '"stopped"')
"""Stored statuses of interviews whose answers are coded: a station may be writing to any other."""
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


@dataclass(slots=True)
class AnswerGroup:
    """Equal answers, which are coded together."""

    answers: list[OpenAnswer]

    @property
    def text(self) -> str:
        return self.answers[0].text

    def find_coding(self, role: CodingRole) -> AnswerCoded | None:
        """Return the coding of these answers in a role."""
        return self.answers[0].codings.get(role)


class Suggestion(NamedTuple):
    """Codes of a similar answer."""

    codes: tuple[int, ...]
    text: str


class CodingSession:
    """One coder's work on the open answers of an item. The caller closes the study."""

    def __init__(
        self,
        study: OpenStudy,
        item: str,
        *,
        role: CodingRole = "first",
        share: float = 1,
        origin: OriginFilter = "real",
    ) -> None:
        known = list_open_items(study.instrument)
        if item not in known:
            remedy = suggest_nearest(item, known, otherwise=f"its open items are {', '.join(known) or '(none)'}")
            raise UserError(study.path, f"there is no open item {item!r}", remedy)
        if item in find_personal_names(study.instrument):
            check_supervisor(study, f"code {item}, which is personal")
        self.study, self.item, self.role, self.share, self.origin = study, item, role, share, origin
        compiled = study.instrument.items[item]
        self.wording = render_placeholders(compiled.text.get_source_text(study.instrument.language))
        self.frame = read_frame(study.path, study.instrument, item)
        self._undo: list[list[tuple[OpenAnswer, AnswerCoded | None]]] = []
        self.load()

    def load(self) -> None:
        """Load all answers and their codings, as of now."""
        self.groups = self._group(self._select(load_open_answers(self.study, self.item, self.origin)))
        self.at = 0
        self.skip(0)

    def _select(self, answers: Sequence[OpenAnswer]) -> Iterator[OpenAnswer]:
        """Yield the answers that are coded in this role."""
        own = self.study.who.login
        for answer in answers:
            first, second = answer.codings.get("first"), answer.codings.get("second")
            if self.role == "second":
                if _draw(answer) < self.share and (first is None or first.stamp.by != own):
                    yield answer
            elif self.role == "first" or (first and second and set(first.codes or ()) != set(second.codes or ())):
                yield answer

    def _group(self, answers: Iterator[OpenAnswer]) -> list[AnswerGroup]:
        """Group equal answers, the most frequent first and then by the alphabet, so that similar ones are near."""
        groups: dict[tuple[object, ...], AnswerGroup] = {}
        for answer in answers:
            text = " ".join(answer.text.casefold().split()).rstrip(".!;, ")
            roles: tuple[CodingRole, ...] = ("first", "second", "final") if self.role == "final" else (self.role,)
            codes = (coding and (coding.codes, coding.note) for coding in map(answer.codings.get, roles))
            groups.setdefault((text, *codes), AnswerGroup([])).answers.append(answer)
        return sorted(groups.values(), key=lambda group: (-len(group.answers), group.text.casefold()))

    # What is shown

    @property
    def group(self) -> AnswerGroup | None:
        """The answers that are shown; None past the last ones."""
        return self.groups[self.at] if self.at < len(self.groups) else None

    @property
    def codes(self) -> Mapping[int, FrameCodeSpec]:
        return self.frame.codes

    def get_label(self, code: int) -> str:
        """Return the label of a code."""
        spec = self.codes.get(code)
        return str(spec.label.get(self.study.instrument.language)) if spec is not None else f"code {code}"

    def count(self) -> tuple[int, int]:
        """Return how many answers are coded, and how many there are."""
        done = sum(len(group.answers) for group in self.groups if group.find_coding(self.role))
        return done, sum(len(group.answers) for group in self.groups)

    def count_codes(self) -> Counter[int]:
        """Count the answers with each code."""
        counts: Counter[int] = Counter()
        for group in self.groups:
            coding = group.find_coding(self.role)
            counts.update(dict.fromkeys(coding.codes or (), len(group.answers)) if coding is not None else {})
        return counts

    @cached_property
    def _rarity(self) -> Mapping[str, float]:
        """How much a word counts: the rarer it is among the answers, the more."""
        counts = Counter(word for group in self.groups for word in _stem(group.text))
        return {word: log(1 + len(self.groups) / count) for word, count in counts.items()}

    def suggest(self) -> list[Suggestion]:
        """Suggest the codes of the most similar answers that this coder sees, and of examples in the frame."""
        if self.group is None:
            return []
        words, best = _stem(self.group.text), dict[tuple[int, ...], tuple[float, str]]()
        coded = [
            (coding.codes, group.text)
            for group in self.groups
            if group is not self.group and (coding := group.find_coding(self.role)) and coding.codes
        ]
        coded += [((code,), self.get_label(code)) for code in self.codes]
        coded += [((code,), str(spec.examples)) for code, spec in self.codes.items() if spec.examples]
        for codes, text in coded:
            others = _stem(text)
            shared, either = (sum(self._rarity.get(w, 1.0) for w in each) for each in (words & others, words | others))
            if shared and (similarity := 2 * shared / (shared + either)) >= max(
                MIN_SIMILARITY, best.get(codes, (0.0,))[0]
            ):
                best[codes] = similarity, text
        ranked = sorted(best, key=lambda codes: -best[codes][0])[:MAX_SUGGESTIONS]
        return [Suggestion(codes, best[codes][1]) for codes in ranked]

    # What the coder does

    def move(self, by: int) -> None:
        """Go to the answers before or after these."""
        self.at = min(max(self.at + by, 0), len(self.groups))

    def skip(self, by: int = 1) -> None:
        """Go to the next answers that are not coded, from the first again after the last ones."""
        count = len(self.groups)
        order = [(self.at + by + n) % count for n in range(count)]
        self.at = next((at for at in order if self.groups[at].find_coding(self.role) is None), count)

    def add_code(self, label: str) -> int:
        """Add a code to the frame."""
        code = add_code(self.study.path, self.study.instrument, self.item, label)
        self.refresh_frame()
        return code

    def refresh_frame(self) -> None:
        """Read the frame again, to which another coder may have added a code."""
        self.frame = read_frame(self.study.path, self.study.instrument, self.item)

    def code(self, codes: Sequence[int], note: str = "") -> str:
        """Give the answers that are shown these codes; none: they are unclear. Returns why some could not be coded."""
        group = self.group
        assert group is not None
        before = [(answer, answer.codings.get(self.role)) for answer in group.answers]
        left = self._write([(answer, tuple(sorted(codes)), note) for answer in group.answers])
        self._undo.append(before)
        if left:
            text = group.text
            self.load()
            self.at = next((at for at, other in enumerate(self.groups) if other.text == text), self.at)
        else:
            self.skip()
        return left

    def undo(self) -> str:
        """Take back the last coding of this session: the one before it counts again. Returns why that is not possible."""
        if not self._undo:
            return "nothing was coded in this session"
        before = self._undo.pop()
        answers = {(a.interview, a.place): a for group in self.groups for a in group.answers}
        codings = [(answers.get((a.interview, a.place), a), coding) for a, coding in before]
        left = self._write([(a, c.codes, c.note) if c is not None else (a, None, "") for a, c in codings])
        text = before[0][0].text
        if left:
            self.load()
        self.at = next((at for at, group in enumerate(self.groups) if group.text == text), self.at)
        return left

    def _write(self, codings: Sequence[tuple[OpenAnswer, tuple[int, ...] | None, str]]) -> str:
        """Store codings, some in one commit. Returns why others were left."""
        left = Counter[str]()
        while codings:
            batch: dict[str, tuple[OpenAnswer, tuple[int, ...] | None, str]] = {}
            for coding in codings:
                if len(batch) < BATCH_SIZE:
                    batch.setdefault(coding[0].interview, coding)
            codings = [coding for coding in codings if batch.get(coding[0].interview) is not coding]
            built = [(answer, self._build_update(answer, codes, note)) for answer, codes, note in batch.values()]
            updates = [update for _, update in built if not isinstance(update, str)]
            not_written = self.study.store.interviews.append_from_office(updates) if updates else {}
            for answer, update in built:
                if isinstance(update, str) or answer.interview in not_written:
                    left[update if isinstance(update, str) else not_written[answer.interview]] += 1
                    continue
                event = update.journal.events[0]
                assert isinstance(event, AnswerCoded)
                answer.codings.pop(self.role, None)
                answer.codings |= {self.role: event} if event.codes is not None else {}
        return "; ".join(f"{count} not coded: {why}" for why, count in left.items())

    def _build_update(self, answer: OpenAnswer, codes: tuple[int, ...] | None, note: str) -> OfficeUpdate | str:
        """Build the event of one coding; returns why it can't be written."""
        store = self.study.store.interviews
        row, journal = store.find_row(answer.interview), store.read_journal(answer.interview)
        later = journal[answer.seq :]
        if row is None or row.last_seq != len(journal) or not all(isinstance(event, AnswerCoded) for event in later):
            return "the interview was continued or erased meanwhile"
        own = answer.place, self.role, self.study.who.login
        for event in later:
            if isinstance(event, AnswerCoded) and (event.place, event.role) == own[:2] and event.stamp.by != own[2]:
                return f"{event.stamp.by} has coded it meanwhile"
        at = max(convert_to_study_time(self.study.store, datetime.now(UTC)), journal[-1].stamp.at)
        digest = compute_text_digest(answer.text)
        coded = AnswerCoded(EventStamp(at, self.study.who.login, STATION), answer.place, codes, digest, self.role, note)
        state = row.status, row.at_item, row.answered, row.outcome
        return OfficeUpdate(JournalUpdate(row.id, row.last_seq + 1, (coded,), *state), row)


@lru_cache(maxsize=65_536)
def _stem(text: str) -> frozenset[str]:
    """Return the words of a text by which it is compared, each cut to its beginning."""
    return frozenset(word[:STEM] for word in split_words(text))


def _draw(answer: OpenAnswer) -> float:
    """Draw a number from 0 to 1 for an answer, each time the same one."""
    return int.from_bytes(sha256(f"{answer.place} {answer.interview}".encode()).digest()[:8]) / 2**64


def load_open_answers(study: OpenStudy, item: str, origin: OriginFilter = "real") -> list[OpenAnswer]:
    """Load the open answers to an item in finished interviews, with the codings that are of their present texts."""
    options = ExportOptions(origin=origin, personal=frozenset({item}) & find_personal_names(study.instrument))
    with study.store.read_transaction():
        table = query_table(study, options).table
        codings = load_codings(study, item)
        seqs = {row.id: row.last_seq for row in study.store.interviews.list_rows()}
        names = [variable.name for variable in table.variables]
        columns, status, case = (
            find_text_columns(table, item),
            *map(names.index, ("interview_status", "interview_case")),
        )
        answers = []
        for texts in table.iterate_texts():
            interview = texts[0][1:-1]
            for turn, at in columns.items():
                text = read_open_text([texts[position] for position in at])
                if text and texts[status] in CODABLE:
                    roles = select_valid(codings.get((interview, turn), {}), text)
                    place = Place(item, turn)
                    answers.append(OpenAnswer(interview, loads(texts[case]), place, text, roles, seqs[interview]))
        return answers


@contextmanager
def open_coding(
    request: Request, item: str, *, role: CodingRole = "first", share: float = 1, origin: OriginFilter = "real"
) -> Iterator[CodingSession]:
    """Context manager in which an item's answers are coded. Raises UserError."""
    with open_study(request.path, db=request.db, by=request.by, people=request.people) as study:
        if role == "final":
            check_supervisor(study, "settle disagreements of coders")
        yield CodingSession(study, item, role=role, share=share, origin=origin)


class GivenCodes(NamedTuple):
    """The codes of one coder; none where the answer is unclear."""

    codes: tuple[int, ...]
    by: str
    note: str


class Disagreement(NamedTuple):
    """An answer with different codes, and the decision, where there is one."""

    case: str
    text: str
    first: GivenCodes
    second: GivenCodes
    final: GivenCodes | None


class AgreementResult(NamedTuple):
    """The agreement of two coders, and the answers on which they differ."""

    distance: Literal["nominal", "MASI"]
    labels: Mapping[int, str]
    agreement: CodingAgreement
    disagreements: Sequence[Disagreement]


def compare_codings(request: Request, item: str, *, origin: OriginFilter = "real") -> AgreementResult:
    """Measure the agreement on the answers that two coders have coded. Raises UserError."""
    with open_coding(request, item, origin=origin) as session:
        pairs, disagreements = [], []
        for answer in (answer for group in session.groups for answer in group.answers):
            given = {role: GivenCodes(c.codes or (), c.stamp.by, c.note) for role, c in answer.codings.items()}
            if {"first", "second"} <= given.keys():
                first, second = given["first"], given["second"]
                pairs.append((frozenset(first.codes), frozenset(second.codes)))
                if pairs[-1][0] != pairs[-1][1]:
                    disagreements.append(Disagreement(answer.case, answer.text, first, second, given.get("final")))
        if not pairs:
            remedy = f"another coder begins with: survey code {request.path} {item} --second 20%"
            raise UserError(session.study.where, f"no answer to {item} was coded by two coders", remedy)
        agreement = measure_agreement(pairs, multiple=session.frame.multiple)
        labels = {code.code: session.get_label(code.code) for code in agreement.by_code}
        return AgreementResult("MASI" if session.frame.multiple else "nominal", labels, agreement, disagreements)
