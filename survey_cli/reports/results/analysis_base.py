"""Analysis base: the complete interviews, and those that broke off late enough to count as partial; notes on filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.plan.plan import CompletionPoint, Plan
from survey_cli.reports.results.questions import get_missing_kind
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.values import UNCODED

InterviewSelection: TypeAlias = Literal["complete", "partial", "all"]
"""The interviews to report on; `partial` selects complete and partial ones."""
NO_OVERRIDES: Final[Mapping[str, str]] = MappingProxyType({})


class AnalysisBase(NamedTuple):
    """Selected interviews of a table, and the number of interviews by completeness."""

    rows: Sequence[int]
    """Positions of the selected interviews."""
    complete: int
    partial: int
    """Partial interviews; 0 where only complete ones are selected."""
    others: int
    """Selected interviews that are neither complete nor partial."""
    left_out: int
    """Interviews that are not selected."""


def select_interviews(
    answers: AnswerColumns, plan: Plan, selection: InterviewSelection, overrides: Mapping[str, str] = NO_OVERRIDES
) -> AnalysisBase:
    """Select the interviews to report on.

    An interview is complete if it ended with the outcome complete or stopped after `complete_from:`, and partial if it
    stopped after `partial_from:`. `overrides` maps interviews to the codes of supervisors' corrections, which take
    precedence. An item is passed where its answer is not missing as `not_reached`; a share refers to the items on the
    route.
    """
    complete_outcomes = {outcome.id for outcome in plan.outcomes.values() if "complete" in (outcome.id, outcome.like)}
    statuses, outcomes = answers.read_cells("interview_status"), answers.read_cells("interview_outcome")
    passed = [_flag_passed(answers, point) for point in (plan.complete_from, plan.partial_from)]
    kinds: list[str] = []
    columns = zip(answers.columns["interview_status"], answers.columns["interview_outcome"], *passed, strict=True)
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
    selected = {"complete": ("complete",), "partial": ("complete", "partial"), "all": ("complete", "partial", "")}
    rows: Sequence[int] = range(len(kinds))
    if not set(kinds).issubset(selected[selection]):
        rows = [i for i, kind in enumerate(kinds) if kind in selected[selection]]
    return AnalysisBase(
        rows=rows,
        complete=kinds.count("complete"),
        partial=kinds.count("partial") if selection != "complete" else 0,
        others=kinds.count("") if selection == "all" else 0,
        left_out=len(kinds) - len(rows),
    )


def _flag_passed(answers: AnswerColumns, point: CompletionPoint | None) -> list[bool]:
    """Return for each interview whether its route has gone past the point."""
    if point is None:
        return [False] * answers.interviews
    variables = [
        v for v in answers.variables.values() if v.role == "answer" and not (v.personal or UNCODED.kind in v.declines)
    ]
    if point.share is None:
        name = next((variable.name for variable in variables if variable.item == point.item), None)
        if name is None:
            return [False] * answers.interviews
        cells = answers.read_cells(name)
        reached = {text: get_missing_kind(cell) != "not_reached" for text, cell in cells.items()}
        return [reached[text] for text in answers.columns[name]]
    first_columns: dict[tuple[str, int | None], str] = {}
    for variable in variables:
        first_columns.setdefault((variable.item, variable.turn), variable.name)
    asked, answered = [0] * answers.interviews, [0] * answers.interviews
    for name in first_columns.values():
        missing_kinds = {text: get_missing_kind(cell) for text, cell in answers.read_cells(name).items()}
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
            notes.append(translate(text, condition=self.where, n=f"{len(base.rows):,}", all=f"{self.total:,}"))
        if self.selection == "complete":
            text = "Only complete interviews; {n} that were started are left out."
            if not base.left_out:
                text = "Only complete interviews."
            notes.append(translate(text, n=f"{base.left_out:,}"))
        elif self.selection == "all":
            notes.append(translate("All interviews, including those that broke off early."))
        if self.as_of:
            notes.append(translate("As of {time}: later interviews and answers are left out.", time=self.as_of))
        if self.items:
            text = "Only {shown} of {all} items: {items}."
            notes.append(translate(text, shown=f"{shown:,}", all=f"{listed:,}", items=", ".join(self.items)))
        return tuple(notes)
