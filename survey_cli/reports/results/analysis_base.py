"""Analysis base: the complete interviews, and those that broke off late enough to count as partial; notes on filters."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import compress, islice
from statistics import median
from typing import Final, Literal, TypeAlias

from survey_cli.fieldwork.plan.plan import CompletionPoint, Plan
from survey_cli.reports.results.questions import get_missing_kind
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.table.columns import NOON
from survey_cli.values import UNCODED

InterviewSelection: TypeAlias = Literal["complete", "partial", "all"]
"""The interviews to report on; `partial` selects complete and partial ones."""
_SELECTED: Final = {
    "complete": ("complete",),
    "partial": ("complete", "partial"),
    "all": ("complete", "partial", ""),
}
"""The kinds of interviews in each selection."""
_MICROSECOND: Final = timedelta(microseconds=1)
_SPAN: Final = 10**7
"""Microseconds in ten seconds."""


@dataclass(slots=True)
class AnalysisBase:
    """The interviews to report on: which they are, their numbers by completeness, their field dates and lengths."""

    plan: Plan
    selection: InterviewSelection
    overrides: Mapping[str, str]
    """Codes of supervisors' corrections, by interview."""
    interviews: int = 0
    """Number of the selected interviews."""
    complete: int = 0
    partial: int = 0
    """Partial interviews; 0 where only complete ones are selected."""
    left_out: int = 0
    """Interviews that are not selected."""
    whole: int = 0
    """Complete and partial interviews, also where partial ones are not selected."""
    _starts: list[str] = field(default_factory=list)
    """The first and the last start of selected interviews that were conducted with this program, as stored."""
    _imported_starts: Counter[str] = field(default_factory=Counter)
    # In quotes: the class array has no type parameters at run time before Python 3.12.
    _lengths: "dict[int, array[int]]" = field(
        default_factory=lambda: defaultdict(lambda: array("I"))
    )
    """By whole spans of ten seconds in an interview's length, the further microseconds of each interview."""

    def select(self, answers: AnswerColumns) -> Sequence[bool]:
        """Count further interviews; return which of them are selected."""
        kinds = _classify_interviews(answers, self.plan, self.overrides)
        selected = [kind in _SELECTED[self.selection] for kind in kinds]
        counts = Counter(compress(kinds, selected))
        self.interviews += counts.total()
        self.complete += counts["complete"]
        self.partial += counts["partial"]
        self.left_out += selected.count(False)
        self.whole += len(kinds) - kinds.count("")
        origins = answers.read_cells("interview_origin")
        columns = [
            answers.columns[name]
            for name in ("interview_origin", "interview_began", "interview_updated")
        ]
        for origin, start, end in compress(zip(*columns, strict=True), selected):
            if origins[origin] == "imported":  # how it was conducted is not known
                self._imported_starts[start] += 1
                continue
            self._starts.append(start)
            length = (_parse_timestamp(end) - _parse_timestamp(start)) // _MICROSECOND
            if length >= 0:
                self._lengths[length // _SPAN].append(length % _SPAN)
        self._starts = [min(self._starts), max(self._starts)] if self._starts else []
        return selected

    def find_period(self) -> tuple[datetime, datetime] | None:
        """Return the first and the last start, as far as starts are known.

        Imported interviews of which the file had no time have that of the import, to the second the same in all of them.
        """
        imported = (
            text
            for text, n in self._imported_starts.items()
            if n < 2 or _parse_timestamp(text).time() == NOON
        )
        starts = [*self._starts, *imported]
        return (_parse_timestamp(min(starts)), _parse_timestamp(max(starts))) if starts else None

    def compute_median_length(self) -> Fraction | None:
        """Return the median in seconds of the interviews that were conducted with this program."""
        last = sum(map(len, self._lengths.values())) - 1
        if last < 0:
            return None
        lengths = (
            spans * _SPAN + rest
            for spans in sorted(self._lengths)
            for rest, number in sorted(Counter(self._lengths[spans]).items())
            for _ in range(number)
        )
        return Fraction(median(islice(lengths, last // 2, last // 2 + 1 + last % 2))) / 10**6


def _parse_timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text.strip('"'))


def _classify_interviews(
    answers: AnswerColumns, plan: Plan, overrides: Mapping[str, str]
) -> list[str]:
    """Return for each interview whether it is `complete`, `partial` or neither, which is empty.

    An interview is complete if it ended with the outcome complete or stopped after `complete_from:`, and partial if it
    stopped after `partial_from:`. `overrides` maps interviews to the codes of supervisors' corrections, which take
    precedence. An item is passed where its answer is not missing as `not_reached`; a share refers to the items on the
    route.
    """
    complete_outcomes = {
        outcome.id for outcome in plan.outcomes.values() if "complete" in (outcome.id, outcome.like)
    }
    statuses, outcomes = (
        answers.read_cells("interview_status"),
        answers.read_cells("interview_outcome"),
    )
    passed = [_flag_passed(answers, point) for point in (plan.complete_from, plan.partial_from)]
    kinds: list[str] = []
    columns = zip(
        answers.columns["interview_status"],
        answers.columns["interview_outcome"],
        *passed,
        strict=True,
    )
    for status, outcome, past_complete, past_partial in columns:
        if statuses[status] == "ended":
            kinds.append("complete" if outcomes[outcome] in complete_outcomes else "")
        else:
            kinds.append("complete" if past_complete else "partial" if past_partial else "")
    if overrides:
        ids = answers.read_cells("interview_id")
        for i, text in enumerate(answers.columns["interview_id"]):
            if (code := overrides.get(str(ids[text]))) is not None:
                kinds[i] = {"1.1": "complete", "1.2": "partial"}.get(code[:3], "")
    return kinds


def _flag_passed(answers: AnswerColumns, point: CompletionPoint | None) -> list[bool]:
    """Return for each interview whether its route has gone past the point."""
    if point is None:
        return [False] * answers.interviews
    variables = [
        v
        for v in answers.variables.values()
        if v.role == "answer" and not (v.personal or UNCODED.kind in v.declines)
    ]
    if point.share is None:
        name = next((variable.name for variable in variables if variable.item == point.item), None)
        if name is None:
            return [False] * answers.interviews
        cells = answers.read_cells(name)
        reached = {text: get_missing_kind(cell) != "not_reached" for text, cell in cells.items()}
        return [reached[text] for text in answers.columns[name]]
    first_columns = {
        (variable.item, variable.turn): variable.name for variable in reversed(variables)
    }
    asked, answered = [0] * answers.interviews, [0] * answers.interviews
    for name in first_columns.values():
        missing_kinds = {
            text: get_missing_kind(cell) for text, cell in answers.read_cells(name).items()
        }
        for i, text in enumerate(answers.columns[name]):
            asked[i] += missing_kinds[text] != "not_asked"
            answered[i] += missing_kinds[text] == ""
    return [a > 0 and b >= point.share * a for a, b in zip(asked, answered, strict=True)]


WHOLE_STUDY_NOTE: Final = "of the whole study, not only of the interviews that are reported on"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """The filters of a report; empty where there are none."""

    where: str = ""
    """The condition that the reported interviews meet, as it is written."""
    total: int = 0
    """Number of interviews without the condition."""
    selection: InterviewSelection = "partial"
    as_of: str = ""
    """A past date and time, as text."""
    items: Sequence[str] = ()
    """Names of the requested items."""

    def describe(self, base: AnalysisBase, shown: int, listed: int) -> tuple[str, ...]:
        """Return one sentence per filter; `shown` of `listed` items are in the report."""
        notes: list[str] = []
        if self.where:
            text = "Only interviews for which this is true: {condition} — {n} of {all}."
            notes.append(
                translate(
                    text, condition=self.where, n=f"{base.interviews:,}", all=f"{self.total:,}"
                )
            )
        if self.selection == "complete":
            text = "Only complete interviews; {n} that were started are left out."
            if not base.left_out:
                text = "Only complete interviews."
            notes.append(translate(text, n=f"{base.left_out:,}"))
        elif self.selection == "all":
            notes.append(translate("All interviews, including those that broke off early."))
        if self.as_of:
            notes.append(
                translate(
                    "As of {time}: later interviews and answers are left out.", time=self.as_of
                )
            )
        if self.items:
            text = "Only {shown} of {all} items: {items}."
            notes.append(
                translate(text, shown=f"{shown:,}", all=f"{listed:,}", items=", ".join(self.items))
            )
        return tuple(notes)
