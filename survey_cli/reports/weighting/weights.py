"""Interview weights: base weights of the sample, optionally raked, with design effect and effective size.

It reads no file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Final

from survey_cli.instrument.source.scalars import DECIMAL
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.disclosure.suppression import find_hidden_parts
from survey_cli.reports.rounding import HIDDEN_MARK, format_decimal
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.reports.weighting.raking import RakingMargin, find_unreachable, rake
from survey_cli.reports.weighting.weighting_model import WeightingSummary
from survey_cli.values import Cell, Missing, Variable
from survey_cli.wording import format_quantity

WEIGHT_PRECISION: Final = 1_000_000_000
SHARE_TOLERANCE: Final = Fraction(1, 100)
"""How far rounded shares may be from adding up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RakingTarget:
    """The share that one value of a variable has in the population."""

    variable: str
    value: str
    """Its code or its label."""
    share: Fraction
    """Or a number of units: they are scaled to add up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewWeights:
    """Weights that add up to the number of interviews, and their summary."""

    weights: tuple[Fraction, ...]
    weighting: WeightingSummary


def read_base_weights(answers: AnswerColumns, column: str) -> list[Fraction]:
    """The weights that the sample brings."""
    cells = answers.read_cells(column)
    read: dict[str, Fraction] = {}
    for text, cell in cells.items():
        weight = _parse_weight(cell)
        if weight is None or weight < 0:
            said = "is missing" if isinstance(cell, Missing) else f"is {cell!r}"
            raise UserError(
                column, f"the weight of an interview {said}", "give every case a weight that is not negative"
            )
        read[text] = weight
    weights = [read[text] for text in answers.columns[column]]
    if weights and not any(weights):
        raise UserError(column, "all weights are 0", "give cases the weights they were selected with")
    return weights


def _parse_weight(cell: Cell) -> Fraction | None:
    match cell:
        case int():
            return Fraction(cell)
        case float():
            return Fraction(repr(cell))
        case str() if DECIMAL.match(cell):
            return Fraction(cell)
        case _:
            return None


def compute_weights(
    answers: AnswerColumns,
    *,
    column: str = "",
    targets: Sequence[RakingTarget] = (),
    trim: Fraction | None = None,
    threshold: int = 0,
) -> InterviewWeights:
    """Compute weights from a sample column, from targets, or from both.

    The weights of the column are the start. Shares of values that fewer than `threshold` interviews have are hidden.
    """
    n = answers.interviews
    start = [Fraction(1)] * n if not column else read_base_weights(answers, column)
    if not n:
        raise UserError("weights", "there are no interviews to weight", "interview somebody first")
    how = [f"base weights of {column}"] if column else []
    if not targets:
        weights = _scale(start)
        return InterviewWeights(weights=weights, weighting=_summarize_weights(weights, how=", ".join(how)))
    margins = build_margins(answers, targets)
    found = rake(margins, [float(weight) for weight in start], trim=float(trim) if trim else None)
    weights = _scale([Fraction(round(weight * WEIGHT_PRECISION), WEIGHT_PRECISION) for weight in found.weights])
    names = ", ".join(margin.name for margin in margins)
    how.append(f"raked to {names} in {format_quantity(found.rounds, 'round')}")
    notes = []
    if not found.converged:
        notes.append(
            f"Raking did not converge: a share is still {format_decimal(Fraction(found.distance) * 100, 2)} points off"
            " its target. Targets may contradict each other, or trimming may be too strict."
        )
    for margin in margins:
        notes += [
            f"{margin.name}: nobody of {value} was interviewed; the other targets share its part."
            for value in find_unreachable(margin)
        ]
        without = sum(v == -1 for v in margin.value_by_interview)
        if without:  # how many would tell of small counts beside it
            told = format_quantity(without, "interview") if threshold < 2 else "interviews"
            notes.append(f"{margin.name}: {told} without a value that has a target: their share stays.")
    if trim:
        notes.append(
            f"Trimmed at {format_decimal(trim, 1)} times the mean and one over it: "
            f"{format_quantity(found.trimmed, 'weight')} cut."
        )
    return InterviewWeights(
        weights=weights,
        weighting=_summarize_weights(
            weights,
            how=", ".join(how),
            notes=tuple(notes),
            margins=tuple(_build_margin_rows(margins, start, weights, threshold)),
        ),
    )


def build_margins(answers: AnswerColumns, targets: Sequence[RakingTarget]) -> list[RakingMargin]:
    """The targets by variable, with where each interview stands."""
    by_name: dict[str, list[RakingTarget]] = {}
    for target in targets:
        by_name.setdefault(target.variable, []).append(target)
    made = []
    for name, wanted in by_name.items():
        variable = answers.variables.get(name)
        if variable is None:
            raise UserError("--rake", f"there is no variable {name!r}", suggest_nearest(name, answers.variables))
        total = sum((target.share for target in wanted), Fraction(0))
        cells = answers.read_cells(name)
        place: dict[str, int] = {}
        for text, cell in cells.items():
            place[text] = next((i for i, target in enumerate(wanted) if _matches(cell, target.value, variable)), -1)
        shares = [target.share for target in wanted]
        _check_values(variable, wanted, cells)
        _check_shares(name, shares)
        made.append(
            RakingMargin(
                name=name,
                values=tuple(_find_label(target.value, variable) for target in wanted),
                value_by_interview=[place[text] for text in answers.columns[name]],
                targets={i: target.share / total for i, target in enumerate(wanted)},
            )
        )
    return made


def _check_shares(name: str, shares: Sequence[Fraction]) -> None:
    """What cannot be meant by the shares of one variable. Shares of 1 add up to 1; numbers of units to anything."""
    total, remedy = sum(shares, Fraction(0)), "give each value its share"
    if total <= 0:
        raise UserError("--rake", f"the targets of {name} add up to nothing", remedy)
    if len(shares) == 1:
        raise UserError("--rake", f"{name} has a target for one value alone", remedy)
    parts = max(shares) <= 1 and any(share.denominator > 1 for share in shares)
    if parts and abs(total - 1) > SHARE_TOLERANCE:
        raise UserError("--rake", f"the shares of {name} add up to {format_decimal(total, 3)}", f"{remedy}: together 1")


def _check_values(variable: Variable, wanted: Sequence[RakingTarget], cells: Mapping[str, Cell]) -> None:
    """A target's value that the variable does not have; of one without labels, one that looks like a slip."""
    there = {str(cell) for cell in cells.values() if not isinstance(cell, Missing)}
    for target in wanted:
        if any(_matches(cell, target.value, variable) for cell in (*cells.values(), *variable.labels)):
            continue
        what = f"{variable.name} has no value {target.value!r}"
        if variable.labels:
            known = sorted(_format_code(code, label) for code, label in variable.labels.items())
            raise UserError("--rake", what, f"it has {', '.join(known)}")
        untaken = there - {other.value for other in wanted}
        if near := suggest_nearest(target.value, untaken):
            raise UserError("--rake", what, near)


def _find_label(value: str, variable: Variable) -> str:
    """What a code means; a label, or a value without one, is itself."""
    return next((label for code, label in variable.labels.items() if str(code) == value), value)


def _format_code(code: object, label: str) -> str:
    return label if str(code) == label else f"{code} ({label})"


def _matches(cell: Cell, value: str, variable: Variable) -> bool:
    if isinstance(cell, Missing):
        return False
    if str(cell) == value:
        return True
    return isinstance(cell, int | str) and variable.labels.get(cell) == value


def _scale(weights: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """With a mean of exactly 1, but for what is finer than a thousand-millionth."""
    total = sum(weights, Fraction(0))
    factor = len(weights) / total
    if factor == 1:
        return tuple(weights)
    scaled: dict[Fraction, Fraction] = {}
    for weight in weights:
        if weight not in scaled:
            scaled[weight] = Fraction(round(weight * factor * WEIGHT_PRECISION), WEIGHT_PRECISION)
    return tuple(scaled[weight] for weight in weights)


def _summarize_weights(
    weights: Sequence[Fraction],
    *,
    how: str,
    notes: tuple[str, ...] = (),
    margins: tuple[tuple[str, str, str, str, str], ...] = (),
) -> WeightingSummary:
    floats = [float(weight) for weight in weights]
    total, squares, n = fsum(floats), fsum(w * w for w in floats), len(floats)
    effective = total**2 / squares
    return WeightingSummary(
        description=f"{how}, scaled to the {n:,} interviews",
        interviews=n,
        effective_size=effective,
        design_effect=n / effective,
        range_text=""
        if any(HIDDEN_MARK in margin for margin in margins)
        else f"weights from {min(floats):.2f} to {max(floats):.2f}",
        notes=notes,
        margins=margins,
    )


def _build_margin_rows(
    margins: Sequence[RakingMargin], start: Sequence[Fraction], end: Sequence[Fraction], threshold: int
) -> list[tuple[str, str, str, str, str]]:
    told = []
    for margin in margins:
        before, after = _compute_shares(margin, start), _compute_shares(margin, end)
        places = [-1, *range(len(margin.values))]
        hidden = {places[i] for i in find_hidden_parts([margin.value_by_interview.count(v) for v in places], threshold)}
        told += [
            (
                margin.name,
                value,
                HIDDEN_MARK if i in hidden else _format_share(before.get(i)),
                HIDDEN_MARK if i in hidden else _format_share(after.get(i)),
                _format_share(margin.targets[i]),
            )
            for i, value in enumerate(margin.values)
        ]
    return told


def _compute_shares(margin: RakingMargin, weights: Sequence[Fraction]) -> Mapping[int, Fraction]:
    sums: dict[int, Fraction] = {}
    for weight, v in zip(weights, margin.value_by_interview, strict=True):
        sums[v] = sums.get(v, Fraction(0)) + weight
    total = sum(sums.values(), Fraction(0))
    return {v: held / total for v, held in sums.items()}


def _format_share(share: Fraction | None) -> str:
    return format_decimal((share or Fraction(0)) * 100, 1)
