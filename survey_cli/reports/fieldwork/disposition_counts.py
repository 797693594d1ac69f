"""Disposition counts of a study at a point in time, by frame and by a sample column."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final, NamedTuple

from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import NOT_SCREENED_CODE
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import count_refusals, schedule_case
from survey_cli.fieldwork.rates.dispositions import (
    QUOTA_FILLED_CODE,
    DispositionGroup,
    UncountableCode,
    find_group,
)
from survey_cli.fieldwork.rates.rates import DispositionCounts, ExactNumber
from survey_cli.outcomes import OUTCOMES
from survey_cli.values import Value

NO_FRAME: Final = "no frame"
NO_VALUE_LABEL: Final = "no value"


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionOptions:
    """Options of the count."""

    at: datetime
    """The time to which histories reach."""
    by: str = ""
    """The sample column that divides the frames."""
    labels: Mapping[Value, str] = field(default_factory=dict)
    """Labels of the column's codes, in order."""
    weighted: bool = False
    """Count each case by its base weight."""
    finished_only: bool = False
    """Exclude cases that may still be called."""
    excluded_interviews: Collection[str] = frozenset()
    """Practice and simulated interviews, whose sessions are not counted."""


@dataclass(slots=True, kw_only=True)
class FrameCounts:
    """One frame, or the part of it with one value of the column, added up case by case."""

    frame: str
    by: str
    groups: dict[DispositionGroup, ExactNumber] = field(default_factory=dict)
    """Numbers of cases, or sums of base weights."""
    cases: int = 0
    """Number of counted cases."""
    open_cases: int = 0
    """Cases that may still be called, counted or not."""
    quota_full: ExactNumber = 0
    """The part of NE that a full quota turned away (4.80)."""
    unscreened: int = 0
    """Cases with a conversation, and none that came as far as the screening (3.21)."""
    unscreened_refusals: int = 0
    """Those in which somebody refused; 0 if only live counts are known."""

    def add(
        self, state: "CountedState", group: DispositionGroup, cases: int, weight: ExactNumber
    ) -> None:
        """Count so many cases in the same state."""
        self.cases += cases
        self.groups[group] = self.groups.get(group, 0) + cases * weight
        if state.code == QUOTA_FILLED_CODE:
            self.quota_full += cases * weight
        if state.code == NOT_SCREENED_CODE:
            self.unscreened += cases
        if state.refused:
            self.unscreened_refusals += cases

    @property
    def counts(self) -> DispositionCounts:
        return DispositionCounts.from_groups(self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDispositions:
    """Counts of all cases of a sample."""

    frames: tuple[FrameCounts, ...]
    parts: tuple[FrameCounts, ...]
    """Parts by frame, then by value; empty if no column divides the frames."""
    unreleased: int
    """Cases of replicates that are not released, which are not part of the sample yet."""
    uncountable: tuple[tuple[str, UncountableCode], ...]
    """Keys of cases whose code is in no group, with the reason."""
    excluded_sessions: int
    """Sessions that are excluded because their interview is practice or simulated."""


class CountedState(NamedTuple):
    """The properties of a case that decide how it is counted."""

    released: bool
    code: str
    open: bool
    frame: str
    refused: bool = False
    """Somebody refused before the screening."""
    weight: str = ""
    columns: Mapping[str, Value] = events.NO_COLUMNS


def _read_state(
    key: str, history: Sequence[HistoryEntry], plan: Plan, at: datetime
) -> CountedState:
    """Derive how a case is counted at a point in time."""
    case = Case.from_history(key, history)
    position = schedule_case(case, plan, at)
    return CountedState(
        released=case.released,
        code=position.code,
        open=position.status != "done",
        frame=case.frame,
        refused=position.code == NOT_SCREENED_CODE and count_refusals(case.calls, plan) > 0,
        weight=case.weight,
        columns=case.columns,
    )


def count_dispositions(
    histories: Iterable[tuple[str, Sequence[HistoryEntry]]],
    plan: Plan,
    options: DispositionOptions,
    settled: Iterable[tuple[CountedState, int]] = (),
) -> StudyDispositions:
    """Count every released case in the group of its code, as if the field closed at that time.

    A case is open unless it is final, at its limits, or past the end of the study. `settled` are
    numbers of further cases, which need no history. Their keys are empty if their code is in no
    group.
    """
    sums: dict[tuple[str, str], FrameCounts] = {}
    own_groups = find_study_groups(plan)
    groups: dict[str, DispositionGroup | UncountableCode] = {}
    uncountable: list[tuple[str, UncountableCode]] = []
    unreleased = excluded_sessions = 0

    def iterate_states() -> Iterator[tuple[str, CountedState, int]]:
        nonlocal excluded_sessions
        for state, cases in settled:
            yield "", state, cases
        for key, history in histories:
            if options.excluded_interviews:
                remaining = remove_sessions(history, options.excluded_interviews)
                excluded_sessions += _count_interviews(history) - _count_interviews(remaining)
                history = remaining
            yield key, _read_state(key, history, plan, options.at), 1

    for key, state, cases in iterate_states():
        if not state.released:
            unreleased += cases
            continue
        if state.code not in groups:
            groups[state.code] = find_group(state.code, frame=plan.frame, overrides=own_groups)
        group = groups[state.code]
        if isinstance(group, UncountableCode):
            uncountable.append((key, group))
            continue
        weight: ExactNumber = Fraction(state.weight) if options.weighted and state.weight else 1
        value = _find_value_label(state.columns, options) if options.by else ""
        for part in {(state.frame, ""), (state.frame, value)}:
            count = sums.setdefault(part, FrameCounts(frame=part[0], by=part[1]))
            if state.open:
                count.open_cases += cases
            if not (state.open and options.finished_only):
                count.add(state, group, cases, weight)

    frames = sorted({frame for frame, _ in sums})
    values = _sort_values({value for _, value in sums if value}, options)
    if any(frames) and "" in frames:
        for part, count in sums.items():
            count.frame = part[0] or NO_FRAME
    return StudyDispositions(
        frames=tuple(sums[frame, ""] for frame in frames),
        parts=tuple(
            sums[frame, value] for frame in frames for value in values if (frame, value) in sums
        ),
        unreleased=unreleased,
        uncountable=tuple(uncountable),
        excluded_sessions=excluded_sessions,
    )


def _find_value_label(columns: Mapping[str, Value], options: DispositionOptions) -> str:
    value = columns.get(options.by)
    if value is None or value == "":
        return NO_VALUE_LABEL
    return options.labels.get(value) or str(value)


def _sort_values(values: Collection[str], options: DispositionOptions) -> list[str]:
    """Sort labels in the questionnaire's order, then other values; `NO_VALUE_LABEL` comes last."""
    order = {label: position for position, label in enumerate(options.labels.values())}

    def rank(text: str) -> tuple[bool, int, float, str]:
        number = float("inf")
        if text.isdecimal():
            number = float(text)
            text_rank = ""
        else:
            text_rank = text
        return text == NO_VALUE_LABEL, order.get(text, len(order)), number, text_rank

    return sorted(values, key=rank)


def find_study_groups(plan: Plan) -> dict[str, DispositionGroup]:
    """Return the groups of codes that a study adds with outcomes of its own.

    The group is that of the outcome that it behaves like.
    """
    groups: dict[str, DispositionGroup] = {}
    for outcome in plan.outcomes.values():
        like = OUTCOMES.get(outcome.like)
        code = outcome.listed if plan.eligibility_known else outcome.rdd
        is_new_code = isinstance(find_group(code, frame=plan.frame), UncountableCode)
        if like is None or not is_new_code:
            continue
        code_of_like = like.listed if plan.eligibility_known else like.rdd
        group = find_group(code_of_like, frame=plan.frame)
        if code[:1].isdecimal() and not isinstance(group, UncountableCode):
            groups[code] = group
    return groups


def _count_interviews(history: Iterable[HistoryEntry]) -> int:
    return sum(isinstance(entry.event, events.InterviewOpened) for entry in history)


def remove_sessions(
    history: Sequence[HistoryEntry], interviews: Collection[str]
) -> list[HistoryEntry]:
    """Remove the sessions of these interviews from a history, as if nobody had called then.

    Imports, releases and corrections by a supervisor during a session are not part of it, and stay.
    """
    kept = events.CaseSampled | events.CaseReleased | events.OutcomeOverridden
    sessions: list[list[HistoryEntry]] = [[]]
    for entry in history:
        if isinstance(entry.event, events.CaseClaimed):
            sessions.append([])
        sessions[-1].append(entry)
        if isinstance(entry.event, events.AttemptClosed | events.CaseReturned):
            sessions.append([])
    remaining: list[HistoryEntry] = []
    for session in sessions:
        conducted = {
            entry.event.interview
            for entry in session
            if isinstance(entry.event, events.InterviewOpened)
        }
        if conducted.isdisjoint(interviews):
            remaining += session
        else:
            remaining += [entry for entry in session if isinstance(entry.event, kept)]
    return remaining
