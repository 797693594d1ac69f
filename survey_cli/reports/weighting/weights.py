"""Interview weights: base weights of the sample, optionally raked, with design effect and effective size."""

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
"""Weights are rounded to multiples of one over this."""
SHARE_TOLERANCE: Final = Fraction(1, 100)
"""The largest difference from 1 in the sum of rounded shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RakingTarget:
    """The share of one value of a variable in the population."""

    variable: str
    value: str
    """Code or label of the value."""
    share: Fraction
    """The share, or a number of units; shares are scaled to a sum of 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewWeights:
    """Weights that add up to the number of interviews, and their summary."""

    weights: tuple[Fraction, ...]
    weighting: WeightingSummary


def read_base_weights(answers: AnswerColumns, column: str) -> list[Fraction]:
    """Return the weights in a sample column, one per interview. Raises UserError for a missing or negative weight."""
    weight_by_text: dict[str, Fraction] = {}
    for text, cell in answers.read_cells(column).items():
        weight = _parse_weight(cell)
        if weight is None or weight < 0:
            what = f"the weight of an interview is {'missing' if isinstance(cell, Missing) else repr(cell)}"
            raise UserError(column, what, "give every case a weight that is not negative")
        weight_by_text[text] = weight
    weights = [weight_by_text[text] for text in answers.columns[column]]
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
    """Compute weights from a sample column, from targets, or by raking the column's weights to the targets.

    The summary hides the shares of values that fewer than `threshold` interviews have. Raises UserError for invalid
    weights or targets.
    """
    n = answers.interviews
    start = [Fraction(1)] * n if not column else read_base_weights(answers, column)
    if not n:
        raise UserError("weights", "there are no interviews to weight", "interview somebody first")
    steps = [f"base weights of {column}"] if column else []
    if not targets:
        weights = _scale(start)
        return InterviewWeights(weights=weights, weighting=_summarize_weights(weights, steps))
    margins = _build_margins(answers, targets)
    raked = rake(margins, [float(weight) for weight in start], trim=float(trim) if trim else None)
    weights = _scale(list(map(_round_weight, raked.weights)))
    names = ", ".join(margin.name for margin in margins)
    steps.append(f"raked to {names} in {format_quantity(raked.rounds, 'round')}")
    notes = []
    if not raked.converged:
        notes.append(
            f"Raking did not converge: a share is still {format_decimal(Fraction(raked.distance) * 100, 2)} points off"
            " its target. Targets may contradict each other, or trimming may be too strict."
        )
    for margin in margins:
        notes += [
            f"{margin.name}: nobody in {value} was interviewed; its share is divided among the other targets."
            for value in find_unreachable(margin)
        ]
        without = margin.value_by_interview.count(-1)
        if without:  # their number would reveal small counts beside it
            interviews = format_quantity(without, "interview") if threshold < 2 else "interviews"
            notes.append(f"{margin.name}: {interviews} without a value that has a target: their share is unchanged.")
    if trim:
        trimmed = format_quantity(raked.trimmed, "weight")
        notes.append(
            f"Trimmed to between {format_decimal(trim, 1)} times the mean and the mean divided by it: {trimmed} cut."
        )
    rows = _build_margin_rows(margins, start, weights, threshold)
    summary = _summarize_weights(weights, steps, notes=tuple(notes), margins=tuple(rows))
    return InterviewWeights(weights=weights, weighting=summary)


def _build_margins(answers: AnswerColumns, targets: Sequence[RakingTarget]) -> list[RakingMargin]:
    """Return a margin per variable, with the value of each interview. Raises UserError for invalid targets."""
    by_name: dict[str, list[RakingTarget]] = {}
    for target in targets:
        by_name.setdefault(target.variable, []).append(target)
    margins = []
    for name, own_targets in by_name.items():
        variable = answers.variables.get(name)
        if variable is None:
            raise UserError("--rake", f"there is no variable {name!r}", suggest_nearest(name, answers.variables))
        cells = answers.read_cells(name)
        shares = [target.share for target in own_targets]
        _check_values(variable, own_targets, cells)
        _check_shares(name, shares)
        positions = {
            text: next((i for i, target in enumerate(own_targets) if _matches(cell, target.value, variable)), -1)
            for text, cell in cells.items()
        }
        total = sum(shares, Fraction(0))
        margins.append(
            RakingMargin(
                name=name,
                values=tuple(_find_label(target.value, variable) for target in own_targets),
                value_by_interview=[positions[text] for text in answers.columns[name]],
                targets={i: share / total for i, share in enumerate(shares)},
            )
        )
    return margins


def _check_shares(name: str, shares: Sequence[Fraction]) -> None:
    """Raise UserError for invalid shares of one variable. Shares add up to 1; numbers of units to any sum."""
    total, remedy = sum(shares, Fraction(0)), "give a share for each value"
    if total <= 0:
        raise UserError("--rake", f"the targets of {name} add up to 0", remedy)
    if len(shares) == 1:
        raise UserError("--rake", f"{name} has a target for only one value", remedy)
    parts = max(shares) <= 1 and any(share.denominator > 1 for share in shares)
    if parts and abs(total - 1) > SHARE_TOLERANCE:
        raise UserError("--rake", f"the shares of {name} add up to {format_decimal(total, 3)}", f"{remedy}: together 1")


def _check_values(variable: Variable, targets: Sequence[RakingTarget], cells: Mapping[str, Cell]) -> None:
    """Raise UserError for a value that the variable does not have; without labels, only where it is close to another."""
    present = {str(cell) for cell in cells.values() if not isinstance(cell, Missing)}
    for target in targets:
        if any(_matches(cell, target.value, variable) for cell in (*cells.values(), *variable.labels)):
            continue
        what = f"{variable.name} has no value {target.value!r}"
        if variable.labels:
            known = sorted(_format_code(code, label) for code, label in variable.labels.items())
            raise UserError("--rake", what, f"its values are {', '.join(known)}")
        without_target = present - {other.value for other in targets}
        if near := suggest_nearest(target.value, without_target):
            raise UserError("--rake", what, near)


def _find_label(value: str, variable: Variable) -> str:
    """Return the label of a code; a label, or a value without one, is its own label."""
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
    """Scale weights to a mean of 1, exact to `WEIGHT_PRECISION`."""
    factor = len(weights) / sum(weights, Fraction(0))
    if factor == 1:
        return tuple(weights)
    scaled = {weight: _round_weight(weight * factor) for weight in set(weights)}
    return tuple(scaled[weight] for weight in weights)


def _round_weight(weight: Fraction | float) -> Fraction:
    return Fraction(round(weight * WEIGHT_PRECISION), WEIGHT_PRECISION)


def _summarize_weights(
    weights: Sequence[Fraction],
    steps: Sequence[str],
    *,
    notes: tuple[str, ...] = (),
    margins: tuple[tuple[str, str, str, str, str], ...] = (),
) -> WeightingSummary:
    floats = [float(weight) for weight in weights]
    total, squares, n = fsum(floats), fsum(weight * weight for weight in floats), len(floats)
    effective = total**2 / squares
    has_hidden = any(HIDDEN_MARK in margin for margin in margins)
    return WeightingSummary(
        description=f"{', '.join(steps)}, scaled to the {n:,} interviews",
        interviews=n,
        effective_size=effective,
        design_effect=n / effective,
        range_text="" if has_hidden else f"weights from {min(floats):.2f} to {max(floats):.2f}",
        notes=notes,
        margins=margins,
    )


def _build_margin_rows(
    margins: Sequence[RakingMargin], start: Sequence[Fraction], end: Sequence[Fraction], threshold: int
) -> list[tuple[str, str, str, str, str]]:
    """Build a row per value: variable, value, percentage before, percentage after, target."""
    rows = []
    for margin in margins:
        before, after = _compute_shares(margin, start), _compute_shares(margin, end)
        positions = [-1, *range(len(margin.values))]
        sizes = [margin.value_by_interview.count(position) for position in positions]
        hidden = {positions[i] for i in find_hidden_parts(sizes, threshold)}
        rows += [
            (
                margin.name,
                value,
                HIDDEN_MARK if i in hidden else _format_share(before.get(i)),
                HIDDEN_MARK if i in hidden else _format_share(after.get(i)),
                _format_share(margin.targets[i]),
            )
            for i, value in enumerate(margin.values)
        ]
    return rows


def _compute_shares(margin: RakingMargin, weights: Sequence[Fraction]) -> Mapping[int, Fraction]:
    sums: dict[int, Fraction] = {}
    for weight, value in zip(weights, margin.value_by_interview, strict=True):
        sums[value] = sums.get(value, Fraction(0)) + weight
    total = sum(sums.values(), Fraction(0))
    return {value: weight / total for value, weight in sums.items()}


def _format_share(share: Fraction | None) -> str:
    return format_decimal((share or Fraction(0)) * 100, 1)
