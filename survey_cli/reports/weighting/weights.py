"""Interview weights: base weights of the sample, optionally raked, with design effect and effective size."""

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import fsum
from typing import Final, NamedTuple

from survey_cli.instrument.source.scalars import DECIMAL
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.disclosure.suppression import find_hidden_parts
from survey_cli.reports.rounding import HIDDEN_MARK, format_decimal
from survey_cli.reports.texts import translate, translate_quantity
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.values import Cell, Missing, Variable
from survey_cli.wording import format_quantity

WEIGHT_PRECISION: Final = 1_000_000_000
"""Weights are rounded to multiples of one over this."""
SHARE_TOLERANCE: Final = Fraction(1, 100)
"""The largest difference from 1 in the sum of rounded shares."""
TOLERANCE: Final = 1e-6
"""The largest distance of a share from its target at which the target counts as reached."""
MAX_ROUNDS: Final = 200


class RakingTarget(NamedTuple):
    """The share of one value of a variable in the population."""

    variable: str
    value: str
    """Code or label of the value."""
    share: Fraction
    """The share, or a number of units; shares are scaled to a sum of 1."""


class WeightingSummary(NamedTuple):
    """Description of the weights, with their figures."""

    description: str
    """How the weights were computed, as a phrase."""
    interviews: int
    effective_size: float
    """Kish's effective number of interviews, (Σw)²/Σw²."""
    design_effect: float
    """1 + cv² of the weights."""
    range_text: str
    """`weights from 0.63 to 2.50`; empty where they would disclose a small count."""
    notes: tuple[str, ...] = ()
    """Notes on convergence, values without a target and trimming."""
    margins: tuple[tuple[str, str, str, str, str], ...] = ()
    """Of each raked value: variable, value, percentage before, percentage after, target; `[c]` where it is hidden."""


class InterviewWeights(NamedTuple):
    """Weights that add up to the number of interviews, and their summary."""

    weights: tuple[Fraction, ...]
    weighting: WeightingSummary


class RakingMargin(NamedTuple):
    """One variable with the value of each interview, and the target share of each value."""

    name: str
    values: tuple[str, ...]
    value_by_interview: Sequence[int]
    """Position in `values` for each interview; -1 for no value, whose share is not changed."""
    targets: Mapping[int, Fraction]
    """Target share of each value, by its position; the sum is 1."""


class RakingResult(NamedTuple):
    """The result of raking."""

    weights: Sequence[float]
    """Weights with a mean of 1."""
    rounds: int
    converged: bool
    distance: float
    """The largest distance of a share from its target at the end."""
    trimmed: int = 0
    """Number of weights that were trimmed."""


def rake(
    margins: Sequence[RakingMargin],
    start: Sequence[float],
    *,
    trim: float | None = None,
    tolerance: float = TOLERANCE,
    rounds: int = MAX_ROUNDS,
) -> RakingResult:
    """Rake the weights `start` (base weights, or ones) until each margin has its targets.

    Each margin in turn is scaled to its targets until none is further off than `tolerance` (W. E. Deming and F. F.
    Stephan, Annals of Mathematical Statistics 11, 1940). With `trim`, weights above that many times the mean, or below
    one over it, are trimmed after each round. Interviews without a value of a margin keep their share under the start
    weights.

    A target whose value nobody has cannot be reached: see `find_unreachable`. Raises ValueError where no weight is
    above 0, or one is negative.
    """
    total = fsum(start)
    n = len(start)
    if not n or total <= 0 or min(start) < 0:
        raise ValueError("raking needs start weights that are not negative, and one above 0")
    weights = array("d", (weight * n / total for weight in start))
    all_targets = [_compute_targets(margin, weights) for margin in margins]
    trimmed: set[int] = set()
    distance = _measure_distance(margins, all_targets, weights)
    rounds_run = 0
    while distance > tolerance and rounds_run < rounds:
        rounds_run += 1
        for margin, targets in zip(margins, all_targets, strict=True):
            sums = _sum_weights(margin, weights)
            factors = {
                value: targets[value] * n / weight if weight > 0 else 1.0
                for value, weight in sums.items()
            }
            rows = zip(weights, margin.value_by_interview, strict=True)
            weights = array("d", (weight * factors[value] for weight, value in rows))
        if trim is not None:
            trimmed |= {
                i for i, weight in enumerate(weights) if weight > trim or 0 < weight < 1 / trim
            }
            limited = [
                min(max(weight, 1 / trim), trim) if weight > 0 else weight for weight in weights
            ]
            scale = n / fsum(limited)
            weights = array("d", (weight * scale for weight in limited))
        distance = _measure_distance(margins, all_targets, weights)
    scale = n / fsum(weights)
    return RakingResult(
        weights=array("d", (weight * scale for weight in weights)),
        rounds=rounds_run,
        converged=distance <= tolerance,
        distance=distance,
        trimmed=len(trimmed),
    )


def find_unreachable(margin: RakingMargin) -> list[str]:
    """Return the values that have a target and no interview."""
    present = set(margin.value_by_interview)
    return [
        margin.values[value]
        for value, share in margin.targets.items()
        if share > 0 and value not in present
    ]


def _compute_targets(margin: RakingMargin, weights: Sequence[float]) -> dict[int, float]:
    """Return the target shares of the values present, and of -1 the share that it has."""
    sums, total = _sum_weights(margin, weights), fsum(weights)
    present = {value: float(share) for value, share in margin.targets.items() if value in sums}
    unchanged = {-1: sums[-1] / total} if -1 in sums else {}
    scale = (1 - sum(unchanged.values())) / (sum(present.values()) or 1)
    return {value: share * scale for value, share in present.items()} | unchanged


def _sum_weights(margin: RakingMargin, weights: Sequence[float]) -> dict[int, float]:
    by_value: defaultdict[int, array[float]] = defaultdict(lambda: array("d"))
    for weight, value in zip(weights, margin.value_by_interview, strict=True):
        by_value[value].append(weight)
    return {value: fsum(several) for value, several in by_value.items()}


def _measure_distance(
    margins: Sequence[RakingMargin],
    all_targets: Sequence[Mapping[int, float]],
    weights: Sequence[float],
) -> float:
    total = fsum(weights)
    distances = [
        abs(weight / total - targets.get(value, 0.0))
        for margin, targets in zip(margins, all_targets, strict=True)
        for value, weight in _sum_weights(margin, weights).items()
    ]
    return max(distances, default=0.0)


def read_base_weights(answers: AnswerColumns, column: str) -> list[Fraction]:
    """Return the weights in a sample column, one per interview. Raises UserError for a missing or negative weight."""
    weight_by_text: dict[str, Fraction] = {}
    for text, cell in answers.read_cells(column).items():
        is_number = isinstance(cell, int | float) or (isinstance(cell, str) and DECIMAL.match(cell))
        weight = Fraction(str(cell)) if is_number else None
        if weight is None or weight < 0:
            number = format_quantity(list(answers.columns[column]).count(text), "interview")
            what = (
                "there is no weight"
                if isinstance(cell, Missing)
                else f"the weight is {str(cell)!r}"
            )
            remedy = f"give every case a weight, 0 or more, or report on --where '{column} > 0', or --unweighted"
            raise UserError(column, f"{what} in {number}", remedy)
        weight_by_text[text] = weight
    weights = [weight_by_text[text] for text in answers.columns[column]]
    if weights and not any(weights):
        raise UserError(
            column, "all weights are 0", "give cases the weights they were selected with"
        )
    return weights


def multiply_pool_sizes(answers: AnswerColumns, columns: Sequence[str]) -> list[int]:
    """Return how many units each interview's was drawn from, multiplied over the columns; 1 where none was drawn."""
    sizes = [1] * answers.interviews
    for column in columns:
        cells = answers.read_cells(column)
        by_text = {
            text: cell if isinstance(cell, int) and cell > 0 else 1 for text, cell in cells.items()
        }
        sizes = [
            size * by_text[text] for size, text in zip(sizes, answers.columns[column], strict=True)
        ]
    return sizes


def compute_weights(
    answers: AnswerColumns,
    *,
    column: str = "",
    draws: Sequence[str] = (),
    targets: Sequence[RakingTarget] = (),
    trim: Fraction | None = None,
    threshold: int = 0,
) -> InterviewWeights:
    """Compute weights from a sample column, from targets, or by raking the column's weights to the targets.

    `draws` are columns with the number of units of which one was drawn, by which weights are multiplied. The summary
    hides the shares of values that fewer than `threshold` interviews have. Raises UserError for invalid weights or
    targets.
    """
    n = answers.interviews
    start = [Fraction(1)] * n if not column else read_base_weights(answers, column)
    if not n:
        raise UserError("weights", "there are no interviews to weight", "interview somebody first")
    steps = [translate("base weights of {column}", column=column)] if column else []
    if draws:
        start = [
            weight * size
            for weight, size in zip(start, multiply_pool_sizes(answers, draws), strict=True)
        ]
        text = "weights by how many each was drawn from ({draws})"
        steps.append(translate(text, draws=", ".join(draws)))
    if not targets:
        weights = _scale(start)
        return InterviewWeights(weights=weights, weighting=_summarize_weights(weights, steps))
    margins = _build_margins(answers, targets)
    raked = rake(margins, array("d", map(float, start)), trim=float(trim) if trim else None)
    rounded = {weight: _round_weight(weight) for weight in set(raked.weights)}
    weights = _scale([rounded[weight] for weight in raked.weights])
    names = ", ".join(margin.name for margin in margins)
    rounds = translate_quantity(raked.rounds, "round")
    steps.append(translate("raked to {variables} in {rounds}", variables=names, rounds=rounds))
    notes = []
    if not raked.converged:
        notes.append(
            translate(
                "raking-unconverged", points=format_decimal(Fraction(raked.distance) * 100, 2)
            )
        )
    for margin in margins:
        notes += [
            translate("raking-empty", variable=margin.name, value=value)
            for value in find_unreachable(margin)
        ]
        without = margin.value_by_interview.count(-1)
        if without:  # their number would reveal small counts beside it
            interviews = (
                translate_quantity(without, "interview")
                if threshold < 2
                else translate("interviews")
            )
            notes.append(translate("raking-missing", variable=margin.name, interviews=interviews))
    if trim:
        trimmed = translate_quantity(raked.trimmed, "weight")
        notes.append(translate("raking-trimmed", times=format_decimal(trim, 1), weights=trimmed))
    rows = _build_margin_rows(margins, start, weights, threshold)
    summary = _summarize_weights(weights, steps, notes=tuple(notes), margins=tuple(rows))
    return InterviewWeights(weights=weights, weighting=summary)


def _build_margins(answers: AnswerColumns, targets: Sequence[RakingTarget]) -> list[RakingMargin]:
    """Return a margin per variable, with the value of each interview. Raises UserError for invalid targets."""
    margins = []
    for name in dict.fromkeys(target.variable for target in targets):
        own_targets = [target for target in targets if target.variable == name]
        variable = answers.variables.get(name)
        if variable is None:
            raise UserError(
                "--rake", f"there is no variable {name!r}", suggest_nearest(name, answers.variables)
            )
        cells = answers.read_cells(name)
        shares = [target.share for target in own_targets]
        _check_values(variable, own_targets, cells)
        _check_shares(name, shares)
        positions = {
            text: next(
                (
                    i
                    for i, target in enumerate(own_targets)
                    if _matches(cell, target.value, variable)
                ),
                -1,
            )
            for text, cell in cells.items()
        }
        total = sum(shares, Fraction(0))
        labels = {str(code): label for code, label in variable.labels.items()}
        margins.append(
            RakingMargin(
                name=name,
                values=tuple(labels.get(target.value, target.value) for target in own_targets),
                value_by_interview=array("i", map(positions.__getitem__, answers.columns[name])),
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
        raise UserError(
            "--rake",
            f"the shares of {name} add up to {format_decimal(total, 3)}",
            f"{remedy}: together 1",
        )


def _check_values(
    variable: Variable, targets: Sequence[RakingTarget], cells: Mapping[str, Cell]
) -> None:
    """Raise UserError for a value that the variable does not have; without labels, only where it is close to another."""
    present = {str(cell) for cell in cells.values() if not isinstance(cell, Missing)}
    for target in targets:
        if any(
            _matches(cell, target.value, variable) for cell in (*cells.values(), *variable.labels)
        ):
            continue
        what = f"{variable.name} has no value {target.value!r}"
        if variable.labels:
            known = sorted(
                label if str(code) == label else f"{code} ({label})"
                for code, label in variable.labels.items()
            )
            raise UserError("--rake", what, f"its values are {', '.join(known)}")
        without_target = present - {other.value for other in targets}
        if near := suggest_nearest(target.value, without_target):
            raise UserError("--rake", what, near)


def _matches(cell: Cell, value: str, variable: Variable) -> bool:
    if isinstance(cell, Missing):
        return False
    return str(cell) == value or (
        isinstance(cell, int | str) and variable.labels.get(cell) == value
    )


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
    floats = array("d", map(float, weights))
    total, squares, n = fsum(floats), fsum(weight * weight for weight in floats), len(floats)
    effective = total**2 / squares
    has_hidden = any(HIDDEN_MARK in margin for margin in margins)
    low, high = (f"{limit:.2f}" for limit in (min(floats), max(floats)))
    return WeightingSummary(
        description=translate(
            "{steps}, scaled to the {n} interviews", steps=", ".join(steps), n=f"{n:,}"
        ),
        interviews=n,
        effective_size=effective,
        design_effect=n / effective,
        range_text=""
        if has_hidden
        else translate("weights from {low} to {high}", low=low, high=high),
        notes=notes,
        margins=margins,
    )


def _build_margin_rows(
    margins: Sequence[RakingMargin],
    start: Sequence[Fraction],
    end: Sequence[Fraction],
    threshold: int,
) -> list[tuple[str, str, str, str, str]]:
    """Build a row per value: variable, value, percentage before, percentage after, target."""
    rows = []
    for margin in margins:
        positions = margin.value_by_interview
        sizes = [positions.count(position) for position in range(-1, len(margin.values))]
        hidden = find_hidden_parts(sizes, threshold)
        for i, value in enumerate(margin.values):
            shares = [
                sum(
                    (
                        weight
                        for weight, position in zip(weights, positions, strict=True)
                        if position == i
                    ),
                    Fraction(0),
                )
                / sum(weights, Fraction(0))
                for weights in (start, end)
            ]
            before, after, target = (
                format_decimal(share * 100, 1) for share in (*shares, margin.targets[i])
            )
            if i + 1 in hidden:
                before = after = HIDDEN_MARK
            rows.append((margin.name, value, before, after, target))
    return rows
