"""Analysis base: the complete interviews, those that count as partial, and notes on filters."""

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
from survey_cli.values import UNCODED, Variable

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
    """The interviews to report on, with their numbers by completeness, field dates and lengths."""

    plan: Plan
    selection: InterviewSelection
    overrides: Mapping[str, str]
    """Codes of supervisors' corrections, by interview."""
    interviews: int = 0
    """Number of the selected interviews."""
    complete: int = 0
    partial: int = 0
    """Partial interviews; 0 if only complete ones are selected."""
    left_out: int = 0
    """Interviews that are not selected."""
    whole: int = 0
    """Complete and partial interviews, even if partial ones are not selected."""
    _starts: list[str] = field(default_factory=list)
    """First and last start of the selected interviews conducted with this program, as stored."""
    _imported_starts: Counter[str] = field(default_factory=Counter)
    # In quotes: the class array has no type parameters at run time before Python 3.12.
    _lengths: "dict[int, array[int]]" = field(
        default_factory=lambda: defaultdict(lambda: array("I"))
    )
    """Lengths of interviews: by whole spans of ten seconds, the further microseconds."""

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
            # Nobody knows how an imported interview was conducted, or how long it took.
            if origins[origin] == "imported":
                self._imported_starts[start] += 1
                continue
            self._starts.append(start)
            length = (_parse_timestamp(end) - _parse_timestamp(start)) // _MICROSECOND
            if length >= 0:
                self._lengths[length // _SPAN].append(length % _SPAN)
        if self._starts:
            self._starts = [min(self._starts), max(self._starts)]
        return selected

    def find_period(self) -> tuple[datetime, datetime] | None:
        """Return the first and the last known start; None if none is known.

        Interviews imported without a time have that of the import, the same to the second for all.
        """
        starts = list(self._starts)
        for text, count in self._imported_starts.items():
            is_time_of_import = count > 1 and _parse_timestamp(text).time() != NOON
            if not is_time_of_import:
                starts.append(text)
        if not starts:
            return None
        return _parse_timestamp(min(starts)), _parse_timestamp(max(starts))

    def compute_median_length(self) -> Fraction | None:
        """Return the median in seconds of the interviews that were conducted with this program."""
        last = sum(map(len, self._lengths.values())) - 1
        if last < 0:
            return None

        # Sorting all lengths at once would need memory for every interview.
        lengths = (
            spans * _SPAN + rest
            for spans in sorted(self._lengths)
            for rest, number in sorted(Counter(self._lengths[spans]).items())
            for _ in range(number)
        )
        first_middle = last // 2
        last_middle = first_middle + last % 2
        middle = islice(lengths, first_middle, last_middle + 1)
        return Fraction(median(middle)) / 10**6


_KIND_OF_CODE: Final = {"1.1": "complete", "1.2": "partial"}
"""Kinds of interviews by the beginning of AAPOR's code."""


def _parse_timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text.strip('"'))


def _classify_interviews(
    answers: AnswerColumns, plan: Plan, overrides: Mapping[str, str]
) -> list[str]:
    """Return for each interview whether it is `complete`, `partial` or neither, which is empty.

    An interview is complete if it ended with the outcome complete or stopped after
    `complete_from:`, and partial if it stopped after `partial_from:`. `overrides` maps interviews
    to the codes of supervisors' corrections, which take precedence.
    """
    complete_outcomes = {
        outcome.id for outcome in plan.outcomes.values() if "complete" in (outcome.id, outcome.like)
    }
    statuses = answers.read_cells("interview_status")
    outcomes = answers.read_cells("interview_outcome")
    columns = zip(
        answers.columns["interview_status"],
        answers.columns["interview_outcome"],
        _flag_passed(answers, plan.complete_from),
        _flag_passed(answers, plan.partial_from),
        strict=True,
    )
    kinds: list[str] = []
    for status, outcome, is_past_complete, is_past_partial in columns:
        if statuses[status] == "ended":
            is_complete = outcomes[outcome] in complete_outcomes
            is_partial = False
        else:
            is_complete = is_past_complete
            is_partial = is_past_partial
        if is_complete:
            kinds.append("complete")
        elif is_partial:
            kinds.append("partial")
        else:
            kinds.append("")

    if overrides:
        ids = answers.read_cells("interview_id")
        for i, text in enumerate(answers.columns["interview_id"]):
            code = overrides.get(str(ids[text]))
            if code is not None:
                kinds[i] = _KIND_OF_CODE.get(code[:3], "")
    return kinds


def _flag_passed(answers: AnswerColumns, point: CompletionPoint | None) -> list[bool]:
    """Return for each interview whether its route has gone past the point.

    An item is passed unless its answer is missing as `not_reached`. A share is one of the items on
    the route.
    """
    if point is None:
        return [False] * answers.interviews
    # Personal answers are stored apart from the data, and codes are given after the interview.
    variables = [
        variable
        for variable in answers.variables.values()
        if variable.role == "answer"
        and not (variable.personal or UNCODED.kind in variable.declines)
    ]
    if point.share is not None:
        return _flag_share_answered(answers, variables, point.share)

    for variable in variables:
        if variable.item == point.item:
            cells = answers.read_cells(variable.name)
            reached = {
                text: get_missing_kind(cell) != "not_reached" for text, cell in cells.items()
            }
            return [reached[text] for text in answers.columns[variable.name]]
    return [False] * answers.interviews


def _flag_share_answered(
    answers: AnswerColumns, variables: Sequence[Variable], share: Fraction
) -> list[bool]:
    """Return for each interview whether this share of the items on its route is answered."""
    # The first column of an item tells whether it was answered.
    first_columns = {
        (variable.item, variable.turn): variable.name for variable in reversed(variables)
    }
    asked = [0] * answers.interviews
    answered = [0] * answers.interviews
    for name in first_columns.values():
        missing_kinds = {
            text: get_missing_kind(cell) for text, cell in answers.read_cells(name).items()
        }
        for i, text in enumerate(answers.columns[name]):
            asked[i] += missing_kinds[text] != "not_asked"
            answered[i] += missing_kinds[text] == ""
    return [
        of_interview > 0 and count >= share * of_interview
        for of_interview, count in zip(asked, answered, strict=True)
    ]


WHOLE_STUDY_NOTE: Final = "of the whole study, not only of the interviews that are reported on"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """The filters of a report; empty if it has none."""

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
            note = translate(
                "Only interviews for which this is true: {condition} — {n} of {all}.",
                condition=self.where,
                n=f"{base.interviews:,}",
                all=f"{self.total:,}",
            )
            notes.append(note)
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
