"""Agreement of two coders: percentage, Cohen's kappa, Krippendorff's alpha.

An answer with several codes is one set of codes; codes taken one by one are given or not given.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from fractions import Fraction
from itertools import chain, combinations
from typing import NamedTuple, TypeAlias, TypeVar

Value = TypeVar("Value", bound=Hashable)
CodeSet: TypeAlias = frozenset[int]


class CodeAgreement(NamedTuple):
    """Agreement on one code."""

    code: int
    first: int
    """Answers to which the first coder gave it."""
    second: int
    both: int
    kappa: float | None


class CodingAgreement(NamedTuple):
    """Agreement of two coders."""

    answers: int
    """Different answers that both have coded."""
    equal: int
    """Answers with the same codes."""
    kappa: float | None
    """Cohen's kappa, in which each set of codes is a category; None if both gave only one."""
    alpha: float | None
    """Krippendorff's alpha: nominal, or with the MASI distance if an answer may have several
    codes."""
    by_code: tuple[CodeAgreement, ...]


def measure_agreement(
    pairs: Sequence[tuple[CodeSet, CodeSet]], *, multiple: bool
) -> CodingAgreement:
    """Measure the agreement on answers that have the codes of both coders.

    An unclear answer has no code.
    """
    codes = sorted(set(chain.from_iterable(chain.from_iterable(pairs))))
    by_code = []
    for code in codes:
        given = [(code in first, code in second) for first, second in pairs]
        by_code.append(
            CodeAgreement(
                code=code,
                first=sum(by_first for by_first, _ in given),
                second=sum(by_second for _, by_second in given),
                both=sum(by_first and by_second for by_first, by_second in given),
                kappa=compute_kappa(given),
            )
        )

    measure_distance = measure_masi_distance if multiple else measure_nominal_distance
    return CodingAgreement(
        answers=len(pairs),
        equal=sum(first == second for first, second in pairs),
        kappa=compute_kappa(pairs),
        alpha=compute_alpha(pairs, measure_distance),
        by_code=tuple(by_code),
    )


def compute_kappa(pairs: Sequence[tuple[Value, Value]]) -> float | None:
    """Compute Cohen's kappa (1960)."""
    count = len(pairs)
    first = Counter(a for a, _ in pairs)
    second = Counter(b for _, b in pairs)
    expected = sum(number * second[value] for value, number in first.items())
    if not pairs or expected == count * count:
        return None

    by_chance = Fraction(expected, count * count)
    observed = Fraction(sum(a == b for a, b in pairs), count)
    return float((observed - by_chance) / (1 - by_chance))


def compute_alpha(
    units: Sequence[Collection[Value]], measure_distance: Callable[[Value, Value], Fraction]
) -> float | None:
    """Compute Krippendorff's alpha; None if all values are the same.

    A unit has the values of its coders. Units with fewer than two values are left out.
    """
    units = [unit for unit in units if len(unit) > 1]
    values = Counter(chain.from_iterable(units))
    count = values.total()

    observed = Fraction(0)
    for unit in units:
        distances = sum(measure_distance(a, b) for a, b in combinations(unit, 2))
        observed += Fraction(distances) / (len(unit) - 1)

    expected = Fraction(0)
    for a, b in combinations(values, 2):
        expected += values[a] * values[b] * measure_distance(a, b)
    if not expected:
        return None
    return float(1 - (count - 1) * observed / expected)


def measure_nominal_distance(a: Hashable, b: Hashable) -> Fraction:
    """Return 0 for equal values, 1 for different ones."""
    return Fraction(a != b)


def measure_masi_distance(a: CodeSet, b: CodeSet) -> Fraction:
    """Return the MASI distance of two sets (Passonneau 2006).

    It is 1 less Jaccard's index, which is weighted: by 1 for equal sets, 2/3 if one contains the
    other, 1/3 if they overlap, and 0 if they don't.
    """
    if a == b:
        return Fraction(0)
    is_contained = a < b or b < a
    weight = Fraction(2 if is_contained else 1, 3)
    return 1 - weight * Fraction(len(a & b), len(a | b))
