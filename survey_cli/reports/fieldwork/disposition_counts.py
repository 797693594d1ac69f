"""Disposition counts of a study at a moment, by frame and by a sample column.

Histories are coded one by one and added up. Rates are computed elsewhere.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final, NamedTuple

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseReleased,
    CaseReturned,
    CaseSampled,
    HistoryEntry,
    InterviewOpened,
    NumberFacts,
    OutcomeOverridden,
)
from survey_cli.fieldwork.plan.people import People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.fieldwork.rates.counts import DispositionCounts, ExactNumber
from survey_cli.fieldwork.rates.dispositions import DispositionGroup, UncountableCode, find_group
from survey_cli.outcomes import OUTCOMES
from survey_cli.values import Value

NO_FRAME: Final = "no frame"
NO_VALUE: Final = "no value"


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionOptions:
    """Which cases are counted, and how."""

    at: datetime
    """Histories reach to this moment."""
    by: str = ""
    """The sample column that the frames are divided by."""
    labels: Mapping[Value, str] = field(default_factory=dict)
    """Its codes' labels, in order."""
    weighted: bool = False
    """Each case counts as its base weight."""
    finished_only: bool = False
    """Cases that may still be called are left out."""
    excluded_interviews: Collection[str] = frozenset()
    """Interviews that are practice or invented: what came to pass in their sittings does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCounts:
    """One frame, or the part of it with one value of the column."""

    frame: str
    by: str
    counts: DispositionCounts
    """Cases, or sums of base weights."""
    cases: int
    """How many cases these are."""
    open_cases: int
    """Cases that may still be called; where only finished ones are added up, those that are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDispositions:
    """All cases of a sample."""

    frames: tuple[FrameCounts, ...]
    parts: tuple[FrameCounts, ...]
    """By frame, then by value; empty where no column divides them."""
    unreleased: int
    """Cases of replicates that are not in the field: no part of the sample yet."""
    uncountable: tuple[tuple[str, UncountableCode], ...]
    """Cases (by their keys) whose code is in no group, with the reason."""
    excluded_sessions: int
    """Sittings that were left out since their interview was practice or invented."""


class _RunningCount:
    """Running counts of one frame or part."""

    __slots__ = ("cases", "groups", "open_cases")

    def __init__(self) -> None:
        self.groups: dict[DispositionGroup, ExactNumber] = {}
        self.cases = 0
        self.open_cases = 0


class _CaseState(NamedTuple):
    """The state of one case, as far as it is counted."""

    released: bool
    code: str
    open: bool
    frame: str
    weight: str
    columns: Mapping[str, Value]


class _CaseStateReader:
    """The states of cases at a moment.

    Cases that came with the sample and were never called have the same state if they share zone and numbers. Only one
    of them is read, since a sample may have a million.
    """

    def __init__(self, plan: Plan, people: People | None, at: datetime) -> None:
        self._plan = plan
        self._people = people
        self._at = at
        self._uncalled: dict[tuple[str, tuple[object, object], tuple[NumberFacts, ...], bool], _CaseState] = {}

    def __call__(self, key: str, history: Sequence[HistoryEntry]) -> _CaseState:
        sampled = history[0].event if len(history) == 1 else None
        if not isinstance(sampled, CaseSampled):
            return self._read_state(key, history)
        where = (sampled.columns.get(self._plan.country_column), sampled.columns.get(self._plan.region_column))
        alike = (sampled.zone, where, sampled.numbers, bool(sampled.replicate))
        if alike not in self._uncalled:
            self._uncalled[alike] = self._read_state(key, history)
        return self._uncalled[alike]._replace(frame=sampled.frame, weight=sampled.weight, columns=sampled.columns)

    def _read_state(self, key: str, history: Sequence[HistoryEntry]) -> _CaseState:
        case = Case.from_history(key, history)
        return _CaseState(
            released=case.released,
            code=code_case(case, self._plan, self._people).code,
            open=schedule_case(case, self._plan, self._at).status != "done",
            frame=case.frame,
            weight=case.weight,
            columns=case.columns,
        )


def count_dispositions(
    histories: Iterable[tuple[str, Sequence[HistoryEntry]]],
    plan: Plan,
    people: People | None,
    wanted: DispositionOptions,
) -> StudyDispositions:
    """Count every released case in the group of its code, as if the field closed at that moment.

    A case is open unless it is final, at its limits, or past the end of the study.
    """
    sums: dict[tuple[str, str], _RunningCount] = {}
    own, groups = find_study_groups(plan), dict[str, DispositionGroup | UncountableCode]()
    uncounted: list[tuple[str, UncountableCode]] = []
    left_out: Counter[str] = Counter()
    stands = _CaseStateReader(plan, people, wanted.at)
    for key, history in histories:
        if wanted.excluded_interviews:
            real = remove_sessions(history, wanted.excluded_interviews)
            left_out["unreal"] += _count_interviews(history) - _count_interviews(real)
            history = real
        stood = stands(key, history)
        if not stood.released:
            left_out["unreleased"] += 1
            continue
        if stood.code not in groups:
            groups[stood.code] = find_group(stood.code, frame=plan.frame, overrides=own)
        group = groups[stood.code]
        if isinstance(group, UncountableCode):
            uncounted.append((key, group))
            continue
        weight: ExactNumber = Fraction(stood.weight) if wanted.weighted and stood.weight else 1
        value = _find_value_label(stood.columns, wanted) if wanted.by else ""
        for part in {(stood.frame, ""), (stood.frame, value)}:
            found = sums.setdefault(part, _RunningCount())
            found.open_cases += stood.open
            if not (stood.open and wanted.finished_only):
                found.cases += 1
                found.groups[group] = found.groups.get(group, 0) + weight
    frames = sorted({frame for frame, _ in sums})
    several = any(frames)
    values = _sort_values({value for _, value in sums if value}, wanted)
    return StudyDispositions(
        frames=tuple(_build_frame_counts(frame, "", sums, several=several) for frame in frames),
        parts=tuple(
            _build_frame_counts(frame, value, sums, several=several)
            for frame in frames
            for value in values
            if (frame, value) in sums
        ),
        unreleased=left_out["unreleased"],
        uncountable=tuple(uncounted),
        excluded_sessions=left_out["unreal"],
    )


def _build_frame_counts(
    frame: str, by: str, sums: Mapping[tuple[str, str], _RunningCount], *, several: bool
) -> FrameCounts:
    found = sums[frame, by]
    return FrameCounts(
        frame=frame or (NO_FRAME if several else ""),
        by=by,
        counts=DispositionCounts.from_groups(found.groups),
        cases=found.cases,
        open_cases=found.open_cases,
    )


def _find_value_label(columns: Mapping[str, Value], wanted: DispositionOptions) -> str:
    value = columns.get(wanted.by)
    if value is None or value == "":
        return NO_VALUE
    return wanted.labels.get(value) or str(value)


def _sort_values(values: Collection[str], wanted: DispositionOptions) -> list[str]:
    """Labels as the options are written, then the others; whoever has no value comes last."""
    written = {label: number for number, label in enumerate(wanted.labels.values())}
    return sorted(values, key=lambda v: (v == NO_VALUE, written.get(v, len(written)), _make_sort_key(v)))


def _make_sort_key(text: str) -> tuple[float, str]:
    return (float(text), "") if text.isdecimal() else (float("inf"), text)


def find_study_groups(plan: Plan) -> dict[str, DispositionGroup]:
    """Return the groups of codes that a study adds with outcomes of its own.

    The group is that of the outcome that it behaves like.
    """
    found: dict[str, DispositionGroup] = {}
    for row in plan.outcomes.values():
        like = OUTCOMES.get(row.like)
        code = row.listed if plan.eligibility_known else row.rdd
        if like is None or not isinstance(find_group(code, frame=plan.frame), UncountableCode):
            continue
        group = find_group(like.listed if plan.eligibility_known else like.rdd, frame=plan.frame)
        if code[:1].isdecimal() and not isinstance(group, UncountableCode):
            found[code] = group
    return found


def _count_interviews(history: Iterable[HistoryEntry]) -> int:
    return sum(isinstance(entry.event, InterviewOpened) for entry in history)


def remove_sessions(history: Sequence[HistoryEntry], interviews: Collection[str]) -> list[HistoryEntry]:
    """Remove the sessions of these interviews from a history, as if nobody had called then."""
    kept: list[HistoryEntry] = []
    sitting: list[HistoryEntry] = []
    unreal = False
    for entry in history:
        event = entry.event
        if isinstance(event, CaseClaimed):
            kept += _select_remaining(sitting, unreal=unreal)
            sitting, unreal = [], False
        sitting.append(entry)
        unreal = unreal or (isinstance(event, InterviewOpened) and event.interview in interviews)
        if isinstance(event, AttemptClosed | CaseReturned):
            kept += _select_remaining(sitting, unreal=unreal)
            sitting, unreal = [], False
    return kept + _select_remaining(sitting, unreal=unreal)


def _select_remaining(sitting: list[HistoryEntry], *, unreal: bool) -> list[HistoryEntry]:
    """What the sample and the supervisor brought meanwhile is no part of a sitting."""
    return [e for e in sitting if not unreal or isinstance(e.event, CaseSampled | CaseReleased | OutcomeOverridden)]
