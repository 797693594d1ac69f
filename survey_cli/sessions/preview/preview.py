"""Preview of a questionnaire that follows its file.

The file is read again when it is saved, and answers that still fit are carried over. Nothing is stored.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from survey_cli.engine.events import EventStamp, InterviewStarted, SessionContext
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import RecordedAnswer
from survey_cli.instrument.checks import CheckResult, check_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import InstrumentSource, load_source, load_source_text
from survey_cli.problems import Position, Problem, UserError, suggest_nearest
from survey_cli.samples.cases.columns import find_key_column
from survey_cli.sessions.interview.case_values import (
    invent_sample_value,
    parse_sample_values,
    resolve_language,
    resolve_zone,
)
from survey_cli.sessions.interview.start_interview import Clock, daypart, utc_now
from survey_cli.sessions.preview.answer_migration import AnswerMigration, carry_over, list_neighbors
from survey_cli.sessions.preview.preview_session import (
    MAX_PLACES_NAMED,
    STATION,
    PreviewSession,
    format_places,
    select_answers,
)
from survey_cli.study.identity import read_login_name
from survey_cli.values import NOT_ASKED, Missing, Place, Value

FileSignature: TypeAlias = tuple[tuple[int, ...] | None, ...]

CASE_KEY: Final = "1001"
CLOCK_TICK: Final = timedelta(milliseconds=50)
"""A file changed so shortly before it was read may have been changed again within one tick of its clock."""
CLOCK_SKEW: Final = timedelta(seconds=2)
"""How far another machine's clock, on whose disk the file lies, may be ahead of ours."""
_INCLUDE: Final = re.compile(r"\binclude:[ \t]*['\"]?([^'\"#,}\n]+)")
_EMPTY_INSTRUMENT: Final = """\
instrument: nothing
title: Preview
items:
  - {id: nothing, type: read, text: There is nothing to show yet.}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOptions:
    """How a preview begins."""

    seed: int = 1
    language: str = ""
    at: str = ""
    """The item, or turn of it (`age#2`), to stand at."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Sample columns by name, as typed; the others are invented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewState:
    """What the file has come to."""

    session: "PreviewSession"
    """The interview as it goes on; where the file is broken, as it stood before."""
    file: str
    problems: tuple[Problem, ...]
    read_line: Callable[[Position], str]
    """The line of text at a problem's place."""
    broken: bool
    """There are errors: nothing can be asked."""
    remark: str = ""
    """What became of the interview, in one line."""


# ── following the file ─────────────────────────────────────────────────────────────────────────────────────


class Preview:
    """One file being followed, and the interview it has come to."""

    def __init__(self, file: str, beginning: PreviewOptions, clock: Clock = utc_now) -> None:
        self._file = file
        self._options = beginning
        self._clock = clock
        self._signature_seen: FileSignature = ()
        """What the files were when they were last read."""
        self._content: object = None
        self._is_too_young = False
        """They had only just changed: the next look reads them whatever their times say."""
        self._broken_at: FileSignature | None = None
        """Errors were found and are not shown yet: the file may be half saved."""
        self._names: frozenset[str] = frozenset()
        self._is_empty = True
        instrument = check_instrument(load_source_text(_EMPTY_INSTRUMENT)).instrument
        assert instrument is not None
        self._state = PreviewState(
            session=self._build_fresh_session(instrument, {}),
            file=file,
            problems=(),
            read_line=lambda _: "",
            broken=True,
        )

    def open(self) -> PreviewState | UserError:
        """The first look. A UserError where the file is not there, or what was wanted does not fit it; where it is there
        and broken, its problems."""
        source = self._read()
        found = check_instrument(source)
        if source.tree is None and any(p.rule == "no-file" for p in found.problems):
            first = found.problems[0]
            return UserError(str(first.where), first.what, first.remedy)
        if found.instrument is not None and (trouble := self._check_options(found.instrument)) is not None:
            return trouble
        return self._show_checked(found, source)

    def reload(self) -> PreviewState | None:
        """What the file has come to since the last look; None where nothing changed. Meant to be called five times a
        second: a look costs microseconds."""
        seen = self._signature()
        if seen == self._signature_seen and not self._is_too_young and self._broken_at is None:
            return None
        content, before = self._content, self._state
        source = self._read()
        if self._content == content and self._broken_at is None:
            return None
        found = check_instrument(source)
        if found.instrument is None and not before.broken and self._broken_at != self._signature_seen:
            self._broken_at = self._signature_seen  # half saved, perhaps: the next look decides
            return None
        self._broken_at = None
        return self._show_checked(found, source)

    def restart(self) -> PreviewState:
        """The same file, from its first item, everything answered forgotten."""
        instrument = self._state.session.interview.instrument
        return self._show(self._build_fresh_session(instrument, {}), said="started over")

    # looking

    def _signature(self) -> FileSignature:
        return tuple(_read_signature(name) for name in sorted(self._names | {self._file}))

    def _read(self) -> InstrumentSource:
        at = self._clock()
        before = self._signature()
        source = load_source(self._file)
        folder = Path(self._file).parent
        names = {str(folder / name) for name in list(source.texts)[1:]}
        for name, text in source.texts.items():
            names |= {str(folder / Path(name).parent / m.strip()) for m in _INCLUDE.findall(text)}
        self._names = frozenset(names)
        self._signature_seen = self._signature()
        self._content = (source.digest, source.problems)
        newest = max((s[0] for s in self._signature_seen if s is not None), default=0) / 1e9
        young = (at - CLOCK_TICK).timestamp() < newest < (at + CLOCK_SKEW).timestamp()
        self._is_too_young = young or (
            len(before) == len(self._signature_seen) and before != self._signature_seen
        )
        return source

    # the interview

    def _show_checked(self, found: CheckResult, source: InstrumentSource) -> PreviewState:
        """Show what was read: the interview carried over, or the problems."""
        instrument, problems = found.instrument, found.problems
        trouble = self._check_options(instrument) if instrument is not None else None
        if trouble is not None:
            told = Problem("preview", Position(trouble.where), "", trouble.what, trouble.remedy)
            problems, instrument = (told, *problems), None
        if instrument is None:
            return self._show(self._state.session, problems=problems, line=source.find_line, broken=True)
        desk, said = self._carry_over(instrument)
        self._is_empty = False
        return self._show(desk, problems=problems, line=source.find_line, broken=False, said=said)

    def _show(
        self,
        desk: PreviewSession,
        *,
        problems: tuple[Problem, ...] | None = None,
        line: Callable[[Position], str] | None = None,
        broken: bool | None = None,
        said: str = "",
    ) -> PreviewState:
        old = self._state
        self._state = PreviewState(
            session=desk,
            file=self._file,
            problems=old.problems if problems is None else problems,
            read_line=old.read_line if line is None else line,
            broken=old.broken if broken is None else broken,
            remark=said,
        )
        return self._state

    def _carry_over(self, instrument: Instrument) -> tuple[PreviewSession, str]:
        """The interview on the new version, standing where it stood, and what became of it."""
        if self._is_empty:
            desk = self._build_fresh_session(instrument, {})
            invented = [
                n for n, c in instrument.sample.items() if n not in self._options.columns and c.role is None
            ]
            told = f"the case is invented: --set {invented[0]}=… says what it brings" if invented else ""
            if not self._options.at:
                return desk, told
            refused = desk.jump(parse_place(self._options.at))
            said, desk.remark = refused.why if refused is not None else desk.remark, ""
            return desk, "; ".join(part for part in (said, told) if part)
        before = self._state.session
        old, given = before.interview, before.given_answers()
        place = old.place if old.status == "open" else None
        language = old.language if old.language in instrument.languages else instrument.language
        begin = self._build_start(instrument, language)
        began = begin(before.variant)
        targets = _list_targets(old.instrument, instrument, place)
        found: AnswerMigration | None = None
        for target in targets:
            dice = Random(f"{self._options.seed}/{target}")
            found = carry_over(
                instrument,
                began,
                given,
                to=target,
                stamp=began.stamp,
                dice=dice,
                jump=old.machine.returning,
            )
            if found.reached:
                break
        if found is None or not found.reached:
            dice = Random(self._options.seed)
            found = carry_over(instrument, began, given, to=None, stamp=began.stamp, dice=dice)
        nobodys = {**before.invented_answers(), **select_answers(found, found.invented)}
        desk = self._build_session(found.interview, begin, given, nobodys)
        return desk, _describe_change(old, place, found, desk.interview)

    def _build_fresh_session(
        self, instrument: Instrument, given: Mapping[Place, RecordedAnswer]
    ) -> PreviewSession:
        """A new interview at its first item."""
        begin = self._build_start(instrument, self._choose_language(instrument))
        return self._build_session(Interview.begin(instrument, begin(0)), begin, given, {})

    def _build_session(
        self,
        interview: Interview,
        begin: Callable[[int], InterviewStarted],
        given: Mapping[Place, RecordedAnswer],
        invented: Mapping[Place, RecordedAnswer],
    ) -> PreviewSession:
        desk = PreviewSession(
            interview,
            begin=begin,
            clock=self._clock,
            given=given,
            invented=invented,
            seed=self._options.seed,
        )
        desk.advance()
        return desk

    # the case

    def _check_options(self, instrument: Instrument) -> UserError | None:
        """Why the preview cannot begin as it was asked to; afterwards the file may change as it likes."""
        if not self._is_empty:
            return None
        sample = parse_sample_values(instrument, CASE_KEY, self._options.columns)
        if isinstance(sample, UserError):
            return sample
        zone = resolve_zone(instrument, sample)
        if isinstance(zone, UserError):
            return zone
        language = resolve_language(instrument, self._options.language, sample)
        if isinstance(language, UserError):
            return language
        at = self._options.at
        if at and parse_place(at).item not in instrument.leaves:
            remedy = suggest_nearest(
                parse_place(at).item, instrument.leaves, otherwise="name an item of the file"
            )
            return UserError(f"--at {at}", "there is no such item", remedy)
        return None

    def _choose_language(self, instrument: Instrument) -> str:
        """The language to begin in."""
        sample = self._build_sample(instrument, 0)
        language = resolve_language(instrument, self._options.language, sample)
        return language if isinstance(language, str) else instrument.language

    def _build_start(self, instrument: Instrument, language: str) -> Callable[[int], InterviewStarted]:
        """How an interview of this case begins; with a number other than 0, one of another case."""
        by = read_login_name()

        def begin(variant: int) -> InterviewStarted:
            sample = self._build_sample(instrument, variant)
            zone = resolve_zone(instrument, sample)
            at = self._clock()
            there = at.astimezone(None if isinstance(zone, UserError) else zone)
            key = find_key_column(instrument)
            return InterviewStarted(
                EventStamp(at, by, STATION),
                instrument=instrument.hash,
                seed=self._options.seed + variant,
                case=str(sample[key]) if key else CASE_KEY,
                today=there.date(),
                session=SessionContext(by, daypart(there.hour), language),
                sample=sample,
            )

        return begin

    def _build_sample(self, instrument: Instrument, variant: int) -> dict[str, Value | Missing]:
        """What the case brings: what was said where it fits, the rest invented."""
        made: dict[str, Value | Missing] = {}
        for name, column in instrument.sample.items():
            dice = Random(f"{self._options.seed}/{variant}/{name}")
            typed = self._options.columns.get(name, "").strip()
            if column.role == "key":
                made[name] = typed or CASE_KEY
                continue
            said = parse_sample_values(instrument, CASE_KEY, {name: typed}) if typed else {}
            value = NOT_ASKED if isinstance(said, UserError) else said.get(name, NOT_ASKED)
            made[name] = invent_sample_value(instrument, name, column, dice) if value is NOT_ASKED else value
        return made


def parse_place(text: str) -> Place:
    """The place that is meant; an item alone where the turn is no number."""
    try:
        return Place.parse(text.strip())
    except ValueError:
        return Place(text.partition("#")[0].strip())


def _list_targets(old: Instrument, new: Instrument, place: Place | None) -> list[Place]:
    """Where to stand after a change, the place where one stood first, then what is nearest to it."""
    if place is None:
        return []
    near = list_neighbors(old.leaves, new.leaves, place.item)[:MAX_PLACES_NAMED]
    items = [place.item] * (place.item in new.leaves) + near
    found = [Place(item, (place.turn or 1) if new.leaves[item].roster else None) for item in items]
    return [*found, *(Place(p.item, 1) for p in found if p.turn not in (None, 1))]


def _read_signature(name: str) -> tuple[int, ...] | None:
    """What changes when a file is saved, however an editor does it; None where there is no file."""
    try:
        found = os.stat(name)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _describe_change(old: Interview, place: Place | None, found: AnswerMigration, now: Interview) -> str:
    """What became of the interview when the file changed, in one line."""
    own = sum(h.cell is not None for p, h in now.machine.recorded_answers.items() if p not in found.invented)
    parts = [f"saved and read again: {own} answer{'' if own == 1 else 's'} kept"]
    if place is not None and now.place != place:
        why = "is gone" if place.item not in now.instrument.leaves else "is not asked now"
        where = f"standing at {now.place}" if now.place is not None else "the interview is at its end"
        parts.append(f"{place} {why}: {where}")
    elif place is None and now.status == "open" and now.place is not None and old.status != "open":
        parts.append(f"standing at {now.place}, which is open")
    if found.invented:
        parts.append(f"invented: {format_places(found.invented)}")
    if found.rejected:
        parts.append(f"no longer fits: {format_places(found.rejected)}")
    return "; ".join(parts)
