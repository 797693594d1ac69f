"""Analysis base: complete interviews, and those that broke off late enough to count as partial.

The others are counted and left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from survey_cli.fieldwork.plan.plan import CompletionPoint, Plan
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.values import Missing

InterviewSelection: TypeAlias = Literal["complete", "partial", "all"]
"""`partial`: complete and partial ones."""
NO_OVERRIDES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisBase:
    """Positions of interviews in a table."""

    rows: tuple[int, ...]
    complete: int
    partial: int
    others: int
    """Of those that are included, neither."""
    left_out: int


def select_interviews(
    answers: AnswerColumns, plan: Plan, which: InterviewSelection, ruled: Mapping[str, str] = NO_OVERRIDES
) -> AnalysisBase:
    """Select the interviews to report on.

    An interview is complete if it ended with the outcome complete or stopped after `complete_from:`, and partial if it
    stopped after `partial_from:`. `overrides` maps interviews to the codes of supervisors' corrections, which take
    precedence. An item is passed where its answer is not missing as `not_reached`; a share refers to the items on the
    route.
    """
    completed = {outcome.id for outcome in plan.outcomes.values() if "complete" in (outcome.id, outcome.like)}
    statuses, outcomes = answers.read_cells("interview_status"), answers.read_cells("interview_outcome")
    passed = [_flag_passed(answers, point) for point in (plan.complete_from, plan.partial_from)]
    kinds: list[str] = []
    columns = zip(answers.columns["interview_status"], answers.columns["interview_outcome"], *passed, strict=True)
    for status, outcome, past_complete, past_partial in columns:
        if statuses[status] == "ended":
            kinds.append("complete" if outcomes[outcome] in completed else "")
        else:
            kinds.append("complete" if past_complete else "partial" if past_partial else "")
    if ruled:
        ids = answers.read_cells("interview_id")
        for i, id in enumerate(answers.columns["interview_id"]):
            if (code := ruled.get(str(ids[id]))) is not None:
                kinds[i] = {"1.1": "complete", "1.2": "partial"}.get(code[:3], "")
    wanted = {"complete": ("complete",), "partial": ("complete", "partial"), "all": ("complete", "partial", "")}
    rows = tuple(i for i, kind in enumerate(kinds) if kind in wanted[which])
    return AnalysisBase(
        rows=rows,
        complete=kinds.count("complete"),
        partial=kinds.count("partial") if which != "complete" else 0,
        others=kinds.count("") if which == "all" else 0,
        left_out=len(kinds) - len(rows),
    )


def _flag_passed(answers: AnswerColumns, point: CompletionPoint | None) -> list[bool]:
    """By interview whether the route has gone past the point."""
    if point is None:
        return [False] * answers.interviews
    names = [v.name for v in answers.variables.values() if v.role == "answer" and not v.personal]
    if point.share is None:
        own = next((name for name in names if answers.variables[name].item == point.item), None)
        if own is None:
            return [False] * answers.interviews
        cells = answers.read_cells(own)
        reached = {text: _get_missing_kind(cell) != "not_reached" for text, cell in cells.items()}
        return [reached[text] for text in answers.columns[own]]
    asked, answered = [0] * answers.interviews, [0] * answers.interviews
    for name in _select_first_columns(answers, names):
        kinds = {text: _get_missing_kind(cell) for text, cell in answers.read_cells(name).items()}
        for i, text in enumerate(answers.columns[name]):
            asked[i] += kinds[text] != "not_asked"
            answered[i] += kinds[text] == ""
    return [a > 0 and b >= point.share * a for a, b in zip(asked, answered, strict=True)]


def _select_first_columns(answers: AnswerColumns, names: list[str]) -> list[str]:
    """The first column of each item at each turn."""
    first: dict[tuple[str, int | None], str] = {}
    for name in names:
        variable = answers.variables[name]
        first.setdefault((variable.item, variable.turn), name)
    return list(first.values())


def _get_missing_kind(cell: object) -> str:
    return cell.kind if isinstance(cell, Missing) else ""
