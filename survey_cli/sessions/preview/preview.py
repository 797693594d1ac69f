"""Preview of a questionnaire that follows its file.

The preview reads the file again when it is saved, and carries over the answers that still fit.
Nothing is stored.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias

from survey_cli.engine.events import EventStamp, InterviewStarted, NoteWritten, SessionContext
from survey_cli.engine.interview import Interview
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.fieldwork.plan.outcome_table import build_outcome_table
from survey_cli.instrument.checks.all_checks import CheckResult, check_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.place_names import name_place
from survey_cli.instrument.source.load import InstrumentSource, load_source, load_source_text
from survey_cli.problems import Position, Problem, UserError, suggest_nearest
from survey_cli.samples.cases.columns import find_column
from survey_cli.sessions.interview import case_values
from survey_cli.sessions.interview.start_interview import Clock, daypart, utc_now
from survey_cli.sessions.preview import preview_session
from survey_cli.sessions.preview.background_proof import BackgroundProof
from survey_cli.sessions.preview.preview_session import AnswerMigration, PreviewSession
from survey_cli.store.backends import account
from survey_cli.values import NOT_ASKED, Missing, Place, Value
from survey_cli.wording import format_quantity

FileSignature: TypeAlias = tuple[tuple[int, ...] | None, ...]

CASE_KEY: Final = "1001"
CLOCK_TICK: Final = timedelta(milliseconds=50)
"""A file changed this shortly before a reading may change again within one tick of its clock."""
CLOCK_SKEW: Final = timedelta(seconds=2)
"""How far the clock of the machine that holds the file may be ahead of this one's."""
_INCLUDE: Final = re.compile(r"\b(?:include|list):[ \t]*['\"]?([^'\"#,}\n]+)")
_EMPTY_INSTRUMENT: Final = (
    Path(__file__).with_name("empty_instrument.yaml").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOptions:
    """How a preview starts."""

    seed: int = 1
    language: str = ""
    at: str = ""
    """The item, or its turn (`age#2`), to start at."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Sample columns by name, as typed; the others are invented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewState:
    """The questionnaire's file and its interview, at the last reading."""

    session: "PreviewSession"
    """The interview; if the file is broken, as it was before."""
    file: str
    problems: tuple[Problem, ...]
    read_line: Callable[[Position], str]
    """Returns the line of text at a problem's position."""
    broken: bool
    """The file has errors: nothing can be asked."""
    remark: str = ""
    """What happened to the interview, in one line."""


class Preview:
    """Follows one file, and carries the interview over when it changes."""

    def __init__(self, file: str, options: PreviewOptions, clock: Clock = utc_now) -> None:
        self._file = file
        self._options = options
        self._clock = clock
        self._signature_seen: FileSignature = ()
        """The files' signature when they were last read."""
        self._content: object = None
        self._is_too_young = False
        """The files had only just changed: the next call reads them whatever their times say."""
        self._broken_at: FileSignature | None = None
        """Errors were found and are not shown yet: the file may be half saved."""
        self._names: frozenset[str] = frozenset()
        self._is_empty = True
        self._unproved: CheckResult | None = None
        """What was read last, until its proof begins."""
        self._own_problems: tuple[Problem, ...] = ()
        """Problems of the preview itself: its options don't fit the file."""
        self._proof: BackgroundProof | None = None
        self.review_before_end = False
        """Set before `open` by an interface that shows the closing review, for all sessions."""
        instrument = check_instrument(load_source_text(_EMPTY_INSTRUMENT)).instrument
        assert instrument is not None
        session = self._build_fresh_session(instrument)
        self._state = PreviewState(
            session=session, file=file, problems=(), read_line=lambda _: "", broken=True
        )

    def open(self) -> PreviewState:
        """Read the file for the first time.

        Raises UserError if the file is missing or the options do not fit it. A broken file is shown
        with its problems.
        """
        source = self._read()
        result = check_instrument(source)
        if source.tree is None and any(p.rule == "no-file" for p in result.problems):
            problem = result.problems[0]
            raise UserError(str(problem.where), problem.what, problem.remedy)
        if result.instrument is not None:
            self._check_options(result.instrument)
        return self._show_checked(result, source)

    def reload(self) -> PreviewState | None:
        """Return the new state if the file has changed, else None.

        It is called five times a second; a call without a change costs microseconds.
        """
        has_pending_errors = self._broken_at is not None
        is_same_file = self._read_signatures() == self._signature_seen and not self._is_too_young
        if is_same_file and not has_pending_errors:
            return None

        content = self._content
        source = self._read()
        if self._content == content and not has_pending_errors:
            return None

        result = check_instrument(source)
        is_newly_broken = result.instrument is None and not self._state.broken
        if is_newly_broken and self._broken_at != self._signature_seen:
            # the editor may have saved only half of it: the next call decides
            self._broken_at = self._signature_seen
            return None
        self._broken_at = None
        return self._show_checked(result, source)

    def take_findings(self) -> PreviewState | None:
        """Return the state with the findings of the proof, once; None until it has new ones.

        It is called as often as `reload`, and never waits. The first call after a reading begins
        the proof, so that the question is on the screen before.
        """
        if self._unproved is not None:
            self._proof = BackgroundProof(self._unproved, self._clock().date())
            self._unproved = None
        if self._proof is None:
            return None

        try:
            found = self._proof.take()
        except Exception:
            self._proof = None
            raise
        if found is None:
            return None
        self._proof = None
        problems = (*self._own_problems, *found)
        if problems == self._state.problems:
            return None
        self._state = replace(self._state, problems=problems, remark="")
        return self._state

    def close(self) -> None:
        """End the proof."""
        if self._proof is not None:
            self._proof.end()

    def restart(self) -> PreviewState:
        """Start over at the first item, without answers."""
        instrument = self._state.session.interview.instrument
        return self._show(self._build_fresh_session(instrument), remark="started over")

    def _read_signatures(self) -> FileSignature:
        """Read the signature of the file and of all files that it names."""
        return tuple(_read_signature(name) for name in sorted(self._names | {self._file}))

    def _read(self) -> InstrumentSource:
        """Read the file and the files that it includes."""
        at = self._clock()
        before = self._read_signatures()
        source = load_source(self._file)

        # files that are named but can't be read are followed too: they may be written later
        folder = Path(self._file).parent
        names = {str(folder / name) for name in list(source.texts)[1:]}
        for name, text in source.texts.items():
            for included in _INCLUDE.findall(text):
                names.add(str(folder / Path(name).parent / included.strip()))
        self._names = frozenset(names)
        self._signature_seen = self._read_signatures()
        self._content = (source.digest, source.problems)

        times = [signature[0] for signature in self._signature_seen if signature is not None]
        newest = max(times, default=0) / 1e9
        is_young = (at - CLOCK_TICK).timestamp() < newest < (at + CLOCK_SKEW).timestamp()
        # signatures of different files can't be compared
        has_as_many_files = len(before) == len(self._signature_seen)
        changed_meanwhile = has_as_many_files and before != self._signature_seen
        self._is_too_young = is_young or changed_meanwhile
        return source

    def _show_checked(self, result: CheckResult, source: InstrumentSource) -> PreviewState:
        """Show what was read: the interview carried over, or the problems."""
        instrument = result.instrument
        self._own_problems = ()
        try:
            if instrument is not None:
                self._check_options(instrument)
        except UserError as error:
            problem = Problem("preview", Position(error.where), "", error.what, error.remedy)
            self._own_problems = (problem,)
            instrument = None
        problems = (*self._own_problems, *result.problems)
        self._prove_later(result)
        if instrument is None:
            return self._show(
                self._state.session, problems=problems, read_line=source.find_line, broken=True
            )
        session, remark = self._carry_over(instrument)
        self._is_empty = False
        return self._show(
            session, problems=problems, read_line=source.find_line, broken=False, remark=remark
        )

    def _prove_later(self, result: CheckResult) -> None:
        """Abandon the proof of the version before, and note the new one if it can be proved."""
        if self._proof is not None:
            self._proof.abandon()
            self._proof = None
        self._unproved = None
        if result.compiled is not None:
            self._unproved = result

    def _show(self, session: PreviewSession, *, remark: str = "", **file: Any) -> PreviewState:
        """Show this interview; `file` is what has changed of the file's state."""
        self._state = replace(self._state, session=session, remark=remark, **file)
        return self._state

    def _carry_over(self, instrument: Instrument) -> tuple[PreviewSession, str]:
        """Carry the interview over to the new version; returns it, and what happened to it."""
        if self._is_empty:
            return self._begin_first(instrument)

        before = self._state.session
        old = before.interview
        given_answers = before.given_answers()
        place = None
        if old.status == "open":
            place = old.place
        language = instrument.language
        if old.language in instrument.languages:
            language = old.language
        begin = self._build_start(instrument, language)
        began = begin(before.variant)

        # to the place of before or the nearest that the route still has, else to the first open one
        targets = _list_targets(old.instrument, instrument, place)
        migration: AnswerMigration | None = None
        carry_over = partial(
            preview_session.carry_over, instrument, began, given_answers, stamp=began.stamp
        )
        for target in targets:
            rng = Random(f"{self._options.seed}/{target}")
            migration = carry_over(to=target, rng=rng, jump=old.machine.returning)
            if migration.reached:
                break
        if migration is None or not migration.reached:
            migration = carry_over(to=None, rng=Random(self._options.seed))

        selected_answers = preview_session.select_answers(migration, migration.invented)
        invented_answers = {**before.invented_answers(), **selected_answers}
        interview = _copy_notes(old, migration.interview)
        session = self._build_session(interview, begin, given_answers, invented_answers)
        return session, _describe_change(place, migration, session.interview)

    def _begin_first(self, instrument: Instrument) -> tuple[PreviewSession, str]:
        """Start the interview of the first version that can be asked, at the item of `--at`."""
        session = self._build_fresh_session(instrument)
        remarks = []
        if self._options.at:
            rejection = session.jump(parse_place(self._options.at))
            remarks.append(session.remark if rejection is None else rejection.why)
            # said once, with the state: not again at the next key
            session.remark = ""

        for name, column in instrument.sample.items():
            if name not in self._options.columns and column.role is None:
                remarks.append(f"the case is invented: --set {name}=… sets a sample column")
                break
        return session, "; ".join(remark for remark in remarks if remark)

    def _build_fresh_session(self, instrument: Instrument) -> PreviewSession:
        """Start a new interview at its first item."""
        begin = self._build_start(instrument, self._choose_language(instrument))
        return self._build_session(Interview.begin(instrument, begin(0)), begin, {}, {})

    def _build_session(
        self,
        interview: Interview,
        begin: Callable[[int], InterviewStarted],
        given_answers: Mapping[Place, RecordedAnswer],
        invented_answers: Mapping[Place, RecordedAnswer],
    ) -> PreviewSession:
        sample = interview.start.sample
        session = PreviewSession(
            interview=interview,
            outcomes=build_outcome_table(interview.instrument),
            by=interview.start.stamp.by,
            clock=self._clock,
            zone=preview_session.find_usable_zone(interview.instrument, sample),
            respondent=str(sample.get(find_column(interview.instrument, "name") or "") or ""),
            begin=begin,
            seed=self._options.seed,
            keyed=given_answers,
            inventions=invented_answers,
            review_before_end=self.review_before_end,
        )
        session.advance()
        return session

    def _check_options(self, instrument: Instrument) -> None:
        """Check that the preview can start with these options; later the file may change freely."""
        if not self._is_empty:
            return
        sample = case_values.parse_sample_values(instrument, CASE_KEY, self._options.columns)
        case_values.find_zone(instrument, sample)
        case_values.resolve_language(instrument, self._options.language, sample)
        at = self._options.at
        item = parse_place(at).item
        if at and item not in instrument.items:
            remedy = suggest_nearest(
                item, instrument.items, otherwise="use the id of an item of the file"
            )
            raise UserError(f"--at {at}", "there is no such item", remedy)

    def _choose_language(self, instrument: Instrument) -> str:
        """Choose the language to start in."""
        sample = self._build_sample(instrument, 0)
        try:
            return case_values.resolve_language(instrument, self._options.language, sample)
        except UserError:
            return instrument.language

    def _build_start(
        self, instrument: Instrument, language: str
    ) -> Callable[[int], InterviewStarted]:
        """Build the function that starts an interview: of this case with 0, else of another one."""
        by = account.read_account()

        def begin(variant: int) -> InterviewStarted:
            sample = self._build_sample(instrument, variant)
            at = self._clock()
            local = at.astimezone(preview_session.find_usable_zone(instrument, sample))
            key = find_column(instrument, "key")
            return InterviewStarted(
                EventStamp(at, by, preview_session.STATION),
                instrument=instrument.hash,
                seed=self._options.seed + variant,
                case=str(sample[key]) if key else CASE_KEY,
                today=local.date(),
                session=SessionContext(by, daypart(local.hour), language),
                sample=sample,
            )

        return begin

    def _build_sample(self, instrument: Instrument, variant: int) -> dict[str, Value | Missing]:
        """Build the sample values: the given ones if they are valid, otherwise invented ones."""
        values: dict[str, Value | Missing] = {}
        for name, column in instrument.sample.items():
            rng = Random(f"{self._options.seed}/{variant}/{name}")
            text = self._options.columns.get(name, "").strip()
            if column.role == "key":
                values[name] = text or CASE_KEY
                continue
            value: Value | Missing = NOT_ASKED
            if text:
                try:
                    typed = {name: text}
                    value = case_values.parse_sample_values(instrument, CASE_KEY, typed)[name]
                except UserError:
                    # the file changed since the options were checked: the column has other values
                    value = NOT_ASKED
            if value is NOT_ASKED:
                value = case_values.invent_sample_value(instrument, name, column, rng)
            values[name] = value
        return values


def _copy_notes(old: Interview, interview: Interview) -> Interview:
    """Return the new interview, which is open, with the notes of the old one.

    A note stays even if its item is gone: the item may come back.
    """
    for note in old.notes:
        after = interview.step(NoteWritten(interview.start.stamp, note.place, note.text))
        assert isinstance(after, Interview)  # an open interview accepts a note at any place
        interview = after
    return interview


def parse_place(text: str) -> Place:
    """Parse a place, or only its item if the turn is no number."""
    try:
        return Place.parse(text.strip())
    except ValueError:
        return Place(text.partition("#")[0].strip())


def _list_targets(old: Instrument, new: Instrument, place: Place | None) -> list[Place]:
    """List the places to move to after a change: the earlier place, then the nearest ones."""
    if place is None:
        return []
    near = preview_session.list_neighbors(old.items, new.items, place.item)
    items = near[: preview_session.MAX_PLACES_NAMED]
    if place.item in new.items:
        items.insert(0, place.item)

    places = []
    for item in items:
        turn = None
        if new.items[item].roster:
            turn = place.turn or 1
        places.append(Place(item, turn))
    # the roster may have fewer turns than before
    first_turns = [Place(p.item, 1) for p in places if p.turn not in (None, 1)]
    return places + first_turns


def _read_signature(name: str) -> tuple[int, ...] | None:
    """Read what every editor changes when it saves a file; None if the file doesn't exist."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _describe_change(place: Place | None, migration: AnswerMigration, new: Interview) -> str:
    """Describe what happened to the interview when the file changed, in one line."""
    given_count = 0
    for answered_place, answer in new.machine.recorded_answers.items():
        if answered_place not in migration.invented and answer.cell is not None:
            given_count += 1
    parts = [f"file read again: {format_quantity(given_count, 'answer')} kept"]
    if place is not None and new.place != place:
        why = "is no longer asked"
        if place.item not in new.instrument.items:
            why = "was removed"
        where = "the interview is at its end"
        if new.place is not None:
            where = f"now at {name_place(new.instrument, new.place).words}"
        parts.append(f"{name_place(new.instrument, place).words} {why}: {where}")
    elif place is None and new.place is not None:
        now = name_place(new.instrument, new.place).words
        parts.append(f"now at {now}, which has no answer")
    parts += preview_session.describe_migration(migration)
    return "; ".join(parts)
