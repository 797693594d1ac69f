"""Comparison of an interviewer's counts with comparable interviews: expectation, p value, flag.

Interviews are exchangeable within a group (the case mix). If an interviewer's interviews were drawn
anew from those of their groups again and again, the mean, the variance and the skewness of the sums
would be those computed here: no drawing is needed. Only sums are kept, so that memory does not grow
with the interviews.
"""

from collections.abc import Hashable, Mapping, Sequence
from math import copysign, log, sqrt
from operator import add
from statistics import NormalDist
from typing import Final, Literal, NamedTuple, TypeAlias

Counts: TypeAlias = Mapping[str, tuple[int, int]]
"""The counts of one interview: by indicator what is counted, and of how many."""

LEVEL: Final = 0.05
"""The probability, for all comparisons together, that an interviewer is flagged by chance."""
MIN_INTERVIEWS: Final = 5
"""With fewer, an interviewer is not compared; all of them are drawn for review."""
_CLIP: Final = 1.5
_CLIPPED_VARIANCE: Final = 0.7784655
"""The mean of the squares of standard normal deviations that are clipped at `_CLIP`."""
_EFFICIENCY: Final = 0.7
"""Degrees of freedom per interviewer of a variance that is estimated from clipped deviations."""
_ROUNDS: Final = 12
_NORMAL: Final = NormalDist()


class Indicator(NamedTuple):
    """An indicator, and what a deviation means."""

    label: str
    """The heading of its values."""
    high: str
    """What a rate above the expected one means; empty if it means nothing."""
    low: str
    kind: Literal["share", "mean", "excess"] = "share"
    """Whether its rates are shares, numbers per interview, or differences of shares."""
    most: float | None = None
    """A share above it is flagged whatever those of others are; None if only comparison can
    tell."""


_Sums: TypeAlias = list[int]
"""Sums over interviews of the products of n (what is counted) and d (of how many): see
`_multiply`."""


def _multiply(n: int, d: int) -> tuple[int, ...]:
    return 1, n, d, n * n, n * d, d * d, n * n * n, n * n * d, n * d * d, d * d * d


def _compute_rate(sums: Sequence[int]) -> float:
    return sums[1] / sums[2] if sums[2] else 0.0


def compute_draw_moments(sums: Sequence[int], count: int) -> tuple[float, float]:
    """Compute the variance and the third moment of the sum of n − rate · d over drawn interviews.

    `count` interviews are drawn from those of the sums, and none is drawn twice.
    """
    total, _, _, nn, nd, dd, nnn, nnd, ndd, ddd = sums
    rate = _compute_rate(sums)
    if total <= max(count, 2):
        return 0.0, 0.0
    variance = max(nn - 2 * rate * nd + rate**2 * dd, 0.0) / total
    third = (nnn - 3 * rate * nnd + 3 * rate**2 * ndd - rate**3 * ddd) / total
    factor = count * (total - count) / (total - 1)
    return variance * factor, third * factor * (total - 2 * count) / (total - 2)


class IndicatorResult(NamedTuple):
    """One indicator of one interviewer."""

    indicator: str
    observed: float
    expected: float
    """The rate that the same number of comparable interviews of a usual interviewer has on
    average."""
    low: float
    high: float
    """The range in which 95 % of interviewers are by chance and by the usual differences between
    them."""
    of: int
    """The number of which the rates are."""
    p: float | None
    """None if the interviewer or all others have too few interviews, or none is comparable."""
    adjusted: float | None = None
    """The p value corrected for the number of comparisons."""
    flagged: bool = False


class _Deviation(NamedTuple):
    """The deviation of one interviewer's rate from the rate of the same case mix."""

    observed: float
    of: int
    deviation: float
    error: float
    """Its standard deviation by chance."""
    skewness: float
    is_compared: bool


MIN_BASE: Final = 20
"""A share of fewer is not held against the limit of its indicator."""


class InterviewerComparison:
    """Counts of all interviews by interviewer and group, and their assessment."""

    def __init__(self, indicators: Mapping[str, Indicator]) -> None:
        self._indicators = indicators
        self._groups: dict[Hashable, dict[str, _Sums]] = {}
        self._own: dict[str, dict[Hashable, dict[str, _Sums]]] = {}

    def add(self, interviewer: str, group: Hashable, counts: Counts) -> None:
        """Add one interview."""
        empty = dict.fromkeys(self._indicators, [0] * 10)
        whole = self._groups.setdefault(group, empty)
        own = self._own.setdefault(interviewer, {}).setdefault(group, empty.copy())
        for indicator in self._indicators:
            products = _multiply(*counts[indicator])
            whole[indicator] = list(map(add, whole[indicator], products))
            own[indicator] = list(map(add, own[indicator], products[:3]))

    def count_interviews(self, interviewer: str) -> int:
        return sum(next(iter(sums.values()))[0] for sums in self._own[interviewer].values())

    def assess(self) -> dict[str, list[IndicatorResult]]:
        """Compare all interviewers in all indicators."""
        results: dict[str, list[IndicatorResult]] = {
            interviewer: [] for interviewer in sorted(self._own)
        }
        for name, indicator in self._indicators.items():
            deviations = {interviewer: self._measure(interviewer, name) for interviewer in results}
            compared = [d for d in deviations.values() if d.is_compared]
            # With only one, nobody knows how much interviewers usually differ.
            if len(compared) == 1:
                deviations = {who: d._replace(is_compared=False) for who, d in deviations.items()}
            usual = _estimate_usual(compared)
            for interviewer, found in deviations.items():
                results[interviewer].append(_judge(name, indicator, found, usual))
        return self._flag_absolute(_adjust(results))

    def _flag_absolute(
        self, results: Mapping[str, list[IndicatorResult]]
    ) -> dict[str, list[IndicatorResult]]:
        """Flag shares above the limit of their indicator, even those of the only interviewer."""
        flagged: dict[str, list[IndicatorResult]] = {}
        for interviewer, own in results.items():
            is_judged = self.count_interviews(interviewer) >= MIN_INTERVIEWS
            flagged[interviewer] = []
            for result in own:
                if is_judged and self._exceeds(result):
                    result = result._replace(flagged=True)
                flagged[interviewer].append(result)
        return flagged

    def _exceeds(self, result: IndicatorResult) -> bool:
        most = self._indicators[result.indicator].most
        return most is not None and result.of >= MIN_BASE and result.observed > most

    def _measure(self, interviewer: str, indicator: str) -> _Deviation:
        total = 0
        of = 0
        deviation = 0.0
        variance = 0.0
        third = 0.0
        for group, own in self._own[interviewer].items():
            count, n, d = own[indicator]
            whole = self._groups[group][indicator]
            total += n
            of += d
            deviation += n - _compute_rate(whole) * d
            more_variance, more_third = compute_draw_moments(whole, count)
            variance += more_variance
            third += more_third

        has_enough = self.count_interviews(interviewer) >= MIN_INTERVIEWS
        base = max(of, 1)
        return _Deviation(
            observed=total / base,
            of=of,
            deviation=deviation / base,
            error=sqrt(variance) / base,
            skewness=third / variance**1.5 if variance > 0 else 0.0,
            is_compared=variance > 0 and of > 0 and has_enough,
        )


def _estimate_usual(deviations: Sequence[_Deviation]) -> tuple[float, float, float]:
    """Estimate the usual deviation, the variance between interviewers, and its degrees of freedom.

    The variance is that beyond chance. Deviations far from the others count only in part, so that a
    falsifier does not become the rule.
    """
    center = 0.0
    spread = 0.0
    rounds = _ROUNDS if len(deviations) > 1 else 0
    for _ in range(rounds):
        spread = _estimate_spread(deviations, center)
        sum_of_clipped = 0.0
        sum_of_weights = 0.0
        for each in deviations:
            weight = 1 / (each.error**2 + spread)
            standardized = (each.deviation - center) * sqrt(weight)
            sum_of_clipped += sqrt(weight) * max(-_CLIP, min(_CLIP, standardized))
            sum_of_weights += weight
        center += sum_of_clipped / sum_of_weights
    freedom = _EFFICIENCY * max(len(deviations) - 1, 1)
    return center, spread, freedom


def _estimate_spread(deviations: Sequence[_Deviation], center: float) -> float:
    """Return the variance between interviewers that explains their clipped squared deviations.

    Chance explains a part of these.
    """

    def excess(spread: float) -> float:
        squares = (
            min((d.deviation - center) ** 2 / (d.error**2 + spread), _CLIP**2) for d in deviations
        )
        return sum(squares) - _CLIPPED_VARIANCE * (len(deviations) - 1)

    if excess(0) <= 0:
        return 0.0
    low = 0.0
    high = sum((d.deviation - center) ** 2 for d in deviations)
    for _ in range(40):
        middle = (low + high) / 2
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    return high


def _judge(
    name: str, indicator: Indicator, found: _Deviation, usual: tuple[float, float, float]
) -> IndicatorResult:
    """Compare a rate with the usual one."""
    center, spread, freedom = usual
    error = sqrt(found.error**2 + spread)
    expected = found.observed - found.deviation + center
    p: float | None = None
    if found.is_compared:
        skewness = found.skewness * (found.error / error) ** 3
        # The shares of interviewers differ as in a beta distribution.
        if indicator.kind == "share" and 0 < expected < 1:
            third = 2 * spread**2 * (1 - 2 * expected) / (expected * (1 - expected))
            skewness += third / error**3
        z = _to_normal((found.deviation - center) / error, skewness)
        if spread:
            z = _from_student(z, freedom * (error**2 / spread) ** 2)

        above = _NORMAL.cdf(-z)
        below = _NORMAL.cdf(z)
        if indicator.high and indicator.low:
            p = min(1.0, 2 * min(above, below))
        elif indicator.high:
            p = above
        else:
            p = below
    return IndicatorResult(
        indicator=name,
        observed=found.observed,
        expected=expected,
        low=expected - 1.96 * error,
        high=expected + 1.96 * error,
        of=found.of,
        p=p,
    )


def _to_normal(x: float, skewness: float) -> float:
    """Convert a standardized deviation of a skewed distribution to a normal one.

    The distribution is Pearson's III, and the method that of Wilson and Hilferty.
    """
    if abs(skewness) < 1e-6:
        return x
    base = max(skewness * x / 2 + 1, 0.0)
    return 6 / skewness * (float(base ** (1 / 3)) - 1) + skewness / 6


def _from_student(t: float, freedom: float) -> float:
    """Convert a deviation with Student's distribution to a normal one, by Wallace."""
    z = sqrt(freedom * log(1 + t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return copysign(z, t)


def _adjust(results: Mapping[str, list[IndicatorResult]]) -> dict[str, list[IndicatorResult]]:
    """Correct the p values for the number of comparisons, by Holm."""
    ranked = sorted(r.p for own in results.values() for r in own if r.p is not None)
    adjusted: dict[float, float] = {}
    most = 0.0
    for index, p in enumerate(ranked):
        most = max(most, min(1.0, p * (len(ranked) - index)))
        # Equal p values have the adjusted value of the first of them.
        adjusted.setdefault(p, most)

    corrected: dict[str, list[IndicatorResult]] = {}
    for name, own in results.items():
        corrected[name] = []
        for result in own:
            if result.p is not None:
                is_flagged = adjusted[result.p] <= LEVEL
                result = result._replace(adjusted=adjusted[result.p], flagged=is_flagged)
            corrected[name].append(result)
    return corrected
