"""Interview weights: base weights, optionally raked, design effect and effective size."""

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
    """`weights from 0.63 to 2.50`; empty if they would disclose a small count."""
    notes: tuple[str, ...] = ()
    """Notes on convergence, values without a target and trimming."""
    margins: tuple[tuple[str, str, str, str, str], ...] = ()
    """Of each raked value: variable, value, percentage before, percentage after, target; `[c]`
    if it is hidden."""


class RakingMargin(NamedTuple):
    """One variable with the value of each interview, and the target share of each value."""

    name: str
    values: tuple[str, ...]
    value_by_interview: Sequence[int]
    """Position in `values` for each interview; -1 for no value, whose share is not changed."""
    targets: Mapping[int, Fraction]
    """Target share of each value, by its position; the sum is 1."""


class Raking(NamedTuple):
    """How weights were raked, on which their variance depends."""

    margins: tuple[RakingMargin, ...]
    start: Sequence[float]
    """The weights before raking."""
    trim: float | None


class InterviewWeights(NamedTuple):
    """Weights that add up to the number of interviews, and their summary."""

    weights: tuple[Fraction, ...]
    weighting: WeightingSummary
    start_sum: Fraction
    """What the weights add up to before they are raked or scaled."""
    units: Fraction | None = None
    """The number of units of the population that the interviews stand for.

    None if the weights don't tell it: a mean of 1, weights by draws only, targets in percent.
    """
    raking: Raking | None = None
    """None if the weights aren't raked."""


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

    Each margin in turn is scaled to its targets until none is further off than `tolerance` (W. E.
    Deming and F. F. Stephan, Annals of Mathematical Statistics 11, 1940). With `trim`, weights
    above that many times the mean, or below one over it, are trimmed after each round. Interviews
    without a value of a margin keep their share under the start weights.

    A target can't be reached if nobody has its value: see `find_unreachable`. Raises ValueError if
    no weight is above 0, or one is negative.
    """
    n = len(start)
    total = fsum(start)
    if not n or total <= 0 or min(start) < 0:
        raise ValueError("raking needs start weights that are not negative, and one above 0")
    weights = array("d", (weight * n / total for weight in start))
    all_targets = [_compute_targets(margin, weights) for margin in margins]
    distance = _measure_distance(margins, all_targets, weights)

    trimmed: set[int] = set()
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
            weights = _trim_weights(weights, trim, trimmed)
        # Scaling to one margin, and trimming, move the shares of the margins before.
        distance = _measure_distance(margins, all_targets, weights)

    scale = n / fsum(weights)
    return RakingResult(
        weights=array("d", (weight * scale for weight in weights)),
        rounds=rounds_run,
        converged=distance <= tolerance,
        distance=distance,
        trimmed=len(trimmed),
    )


def _trim_weights(weights: Sequence[float], most: float, trimmed: set[int]) -> "array[float]":
    """Limit weights with a mean of 1, from 1/most to `most`, and scale them to that mean again.

    Adds the positions of limited weights to `trimmed`.
    """
    least = 1 / most
    limited = []
    for i, weight in enumerate(weights):
        # A weight of 0 leaves the interview out, whatever the limits.
        if weight > most:
            trimmed.add(i)
            limited.append(most)
        elif 0 < weight < least:
            trimmed.add(i)
            limited.append(least)
        else:
            limited.append(weight)
    scale = len(limited) / fsum(limited)
    return array("d", (weight * scale for weight in limited))


def find_unreachable(margin: RakingMargin) -> list[str]:
    """Return the values that have a target and no interview."""
    present = set(margin.value_by_interview)
    return [
        margin.values[value]
        for value, share in margin.targets.items()
        if share > 0 and value not in present
    ]


def _compute_targets(margin: RakingMargin, weights: Sequence[float]) -> dict[int, float]:
    """Return the target shares of the values that occur; -1 keeps the share that it has."""
    sums = _sum_weights(margin, weights)
    present = {value: float(share) for value, share in margin.targets.items() if value in sums}
    unchanged: dict[int, float] = {}
    if -1 in sums:
        unchanged[-1] = sums[-1] / fsum(weights)
    # A target without an interview leaves its share to the others. If nobody has any of the values,
    # there is nothing to divide.
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
    """Return the weights in a sample column, one per interview.

    Raises UserError for a missing or negative weight.
    """
    weight_by_text: dict[str, Fraction] = {}
    for text, cell in answers.read_cells(column).items():
        weight = None
        if isinstance(cell, int | float) or (isinstance(cell, str) and DECIMAL.match(cell)):
            weight = Fraction(str(cell))
        if weight is None or weight < 0:
            what = f"the weight is {str(cell)!r}"
            if isinstance(cell, Missing):
                what = "there is no weight"
            number = format_quantity(list(answers.columns[column]).count(text), "interview")
            remedy = (
                "give every case a weight, 0 or more, "
                f"or report on --where '{column} > 0', or --unweighted"
            )
            raise UserError(column, f"{what} in {number}", remedy)
        weight_by_text[text] = weight

    weights = [weight_by_text[text] for text in answers.columns[column]]
    if weights and not any(weights):
        remedy = "give cases the weights they were selected with"
        raise UserError(column, "all weights are 0", remedy)
    return weights


def multiply_pool_sizes(answers: AnswerColumns, columns: Sequence[str]) -> list[int]:
    """Return how many units each interview's was drawn from, multiplied over the columns.

    The factor of a column is 1 if nothing was drawn.
    """
    sizes = [1] * answers.interviews
    for column in columns:
        factors = {}
        for text, cell in answers.read_cells(column).items():
            factors[text] = 1
            if isinstance(cell, int) and cell > 0:
                factors[text] = cell
        texts = answers.columns[column]
        sizes = [size * factors[text] for size, text in zip(sizes, texts, strict=True)]
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
    """Compute weights from a sample column, from targets, or by raking the one to the others.

    `draws` are columns with the number of units of which one was drawn. Weights are multiplied by
    them. The summary hides the shares of values that fewer than `threshold` interviews have. Raises
    UserError for invalid weights or targets.
    """
    start = [Fraction(1)] * answers.interviews
    steps = []
    if column:
        start = read_base_weights(answers, column)
        steps.append(translate("base weights of {column}", column=column))
    if not answers.interviews:
        remedy = "interview somebody first, or use --origin simulated"
        raise UserError("weights", "there are no interviews to weight", remedy)

    # One of n units has the probability 1/n to be drawn, and so stands for n of them.
    if draws:
        sizes = multiply_pool_sizes(answers, draws)
        start = [weight * size for weight, size in zip(start, sizes, strict=True)]
        text = "weights by how many each was drawn from ({draws})"
        steps.append(translate(text, draws=", ".join(draws)))
    start_sum = sum(start, Fraction(0))
    if not targets:
        weights = _scale(start)
        return InterviewWeights(
            weights=weights,
            weighting=_summarize_weights(weights, steps),
            start_sum=start_sum,
            units=_find_represented_units(column, start_sum, answers.interviews),
        )

    margins = _build_margins(answers, targets)
    limit = float(trim) if trim else None
    start_floats = array("d", map(float, start))
    raked = rake(margins, start_floats, trim=limit)
    # Raking is computed in floats. From here on, weights are fractions, whose sums are exact.
    rounded = {weight: _round_weight(weight) for weight in set(raked.weights)}
    weights = _scale([rounded[weight] for weight in raked.weights])

    names = ", ".join(margin.name for margin in margins)
    rounds = translate_quantity(raked.rounds, "round")
    steps.append(translate("raked to {variables} in {rounds}", variables=names, rounds=rounds))

    notes = _describe_raking(raked, margins, threshold)
    if trim:
        trimmed = translate_quantity(raked.trimmed, "weight")
        notes.append(translate("raking-trimmed", times=format_decimal(trim, 1), weights=trimmed))
    rows = _build_margin_rows(margins, start, weights, threshold)
    summary = _summarize_weights(weights, steps, notes=tuple(notes), margins=tuple(rows))
    return InterviewWeights(
        weights=weights,
        weighting=summary,
        start_sum=start_sum,
        units=_sum_targets(targets, answers.interviews),
        raking=Raking(tuple(margins), start_floats, limit),
    )


def _find_represented_units(column: str, start_sum: Fraction, interviews: int) -> Fraction | None:
    """Return what the weights of a column add up to, if they are numbers of units.

    Weights with a mean of 1 were scaled to the interviews, and say nothing of the population.
    """
    is_scaled = abs(start_sum / interviews - 1) < SHARE_TOLERANCE
    if not column or is_scaled:
        return None
    return start_sum


def _sum_targets(targets: Sequence[RakingTarget], interviews: int) -> Fraction | None:
    """Return the sum of the targets of each variable, if they are numbers of units.

    Shares add up to 1 or 100, and numbers of units to the same sum for each variable, which is that
    of a population of at least as many units as there are interviews.
    """
    sums: defaultdict[str, Fraction] = defaultdict(Fraction)
    for target in targets:
        sums[target.variable] += target.share
    whole = next(iter(sums.values()))
    is_percent = abs(whole / 100 - 1) < SHARE_TOLERANCE
    is_same = all(abs(other / whole - 1) < SHARE_TOLERANCE for other in sums.values())
    if is_percent or not is_same or whole < interviews:
        return None
    return whole


def _describe_raking(
    raked: RakingResult, margins: Sequence[RakingMargin], threshold: int
) -> list[str]:
    """Build notes on targets that were not reached, and on interviews without a value."""
    notes = []
    if not raked.converged:
        points = format_decimal(Fraction(raked.distance) * 100, 2)
        notes.append(translate("raking-unconverged", points=points))
    for margin in margins:
        notes += [
            translate("raking-empty", variable=margin.name, value=value)
            for value in find_unreachable(margin)
        ]
        without = margin.value_by_interview.count(-1)
        if without:
            interviews = translate("interviews")
            # With a threshold, their number would reveal small counts beside it.
            if threshold < 2:
                interviews = translate_quantity(without, "interview")
            notes.append(translate("raking-missing", variable=margin.name, interviews=interviews))
    return notes


def _build_margins(answers: AnswerColumns, targets: Sequence[RakingTarget]) -> list[RakingMargin]:
    """Return a margin per variable, with the value of each interview.

    Raises UserError for invalid targets.
    """
    margins = []
    for name in dict.fromkeys(target.variable for target in targets):
        own_targets = [target for target in targets if target.variable == name]
        variable = answers.variables.get(name)
        if variable is None:
            nearest = suggest_nearest(name, answers.variables)
            raise UserError("--rake", f"there is no variable {name!r}", nearest)
        cells = answers.read_cells(name)
        shares = [target.share for target in own_targets]
        _check_values(variable, own_targets, cells)
        _check_shares(name, shares)
        positions = {
            text: _find_target(cell, own_targets, variable) for text, cell in cells.items()
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


def _find_target(cell: Cell, targets: Sequence[RakingTarget], variable: Variable) -> int:
    """Return the position of the target for a cell; -1 if it has none."""
    for position, target in enumerate(targets):
        if _matches(cell, target.value, variable):
            return position
    return -1


def _check_shares(name: str, shares: Sequence[Fraction]) -> None:
    """Raise UserError for invalid shares of one variable.

    Shares add up to 1, and numbers of units to any sum.
    """
    total = sum(shares, Fraction(0))
    remedy = "give a share for each value"
    if total <= 0:
        raise UserError("--rake", f"the targets of {name} add up to 0", remedy)
    if len(shares) == 1:
        raise UserError("--rake", f"{name} has a target for only one value", remedy)
    are_shares = max(shares) <= 1 and any(share.denominator > 1 for share in shares)
    if are_shares and abs(total - 1) > SHARE_TOLERANCE:
        what = f"the shares of {name} add up to {format_decimal(total, 3)}"
        raise UserError("--rake", what, f"{remedy}: together 1")


def _check_values(
    variable: Variable, targets: Sequence[RakingTarget], cells: Mapping[str, Cell]
) -> None:
    """Raise UserError for a value that the variable does not have.

    Without labels, nobody knows all values: only one that is close to another is refused.
    """
    present = {str(cell) for cell in cells.values() if not isinstance(cell, Missing)}
    all_values = (*cells.values(), *variable.labels)
    for target in targets:
        if any(_matches(cell, target.value, variable) for cell in all_values):
            continue
        what = f"{variable.name} has no value {target.value!r}"
        if variable.labels:
            known = sorted(
                label if str(code) == label else f"{code} ({label})"
                for code, label in variable.labels.items()
            )
            raise UserError("--rake", what, f"its values are {', '.join(known)}")
        without_target = present - {other.value for other in targets}
        near = suggest_nearest(target.value, without_target)
        if near:
            raise UserError("--rake", what, near)


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
    floats = array("d", map(float, weights))
    n = len(floats)
    squares = fsum(weight * weight for weight in floats)
    # (Σw)²/Σw² (L. Kish, Survey Sampling, 1965)
    effective_size = fsum(floats) ** 2 / squares

    weight_range = ""
    # The extreme weights may be those of values whose shares are hidden.
    has_hidden = any(HIDDEN_MARK in margin for margin in margins)
    if not has_hidden:
        weight_range = translate(
            "weights from {low} to {high}", low=f"{min(floats):.2f}", high=f"{max(floats):.2f}"
        )
    return WeightingSummary(
        description=translate(
            "{steps}, scaled to the {n} interviews", steps=", ".join(steps), n=f"{n:,}"
        ),
        interviews=n,
        effective_size=effective_size,
        # n·Σw²/(Σw)² = 1 + cv²
        design_effect=n / effective_size,
        range_text=weight_range,
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
        # The interviews without a value come first: they are a part of the whole as well, and
        # could otherwise be subtracted.
        sizes = [positions.count(position) for position in range(-1, len(margin.values))]
        hidden = find_hidden_parts(sizes, threshold)
        for i, value in enumerate(margin.values):
            before = format_decimal(_compute_share(start, positions, i) * 100, 1)
            after = format_decimal(_compute_share(end, positions, i) * 100, 1)
            target = format_decimal(margin.targets[i] * 100, 1)
            if i + 1 in hidden:
                before = HIDDEN_MARK
                after = HIDDEN_MARK
            rows.append((margin.name, value, before, after, target))
    return rows


def _compute_share(weights: Sequence[Fraction], positions: Sequence[int], value: int) -> Fraction:
    """Return the share of the interviews with a value in the sum of the weights."""
    with_value = Fraction(0)
    for weight, position in zip(weights, positions, strict=True):
        if position == value:
            with_value += weight
    return with_value / sum(weights, Fraction(0))
