"""The most interviews that quotas allow, by their cells and by the codes that respondents can have.

A quota without `where` limits all interviews to the sum of its cells, and quotas that together apply to everybody limit
them to the sum of all their cells: men and women, each with a quota. The smallest of these sums is the limit. It is an
upper limit: cells that exclude each other can leave less.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import combinations, product
from math import prod
from operator import or_
from typing import Final, NamedTuple

from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.expression_checker import ValueType
from survey_cli.instrument.expressions.known import Known
from survey_cli.values import Missing, Value

MAX_COMBINATIONS: Final = 10_000
"""With more combinations of codes, each quota is looked at on its own."""
MAX_TOGETHER: Final = 4
"""So many quotas are looked at together."""


class QuotaRule(NamedTuple):
    """What a quota counts, and the places in its cells."""

    id: str
    where: Condition | None
    by: tuple[str, ...]
    places: Mapping[str, int]
    """Places by the codes of a cell, joined by `/`; of a quota with one cell the only key is an empty text."""

    def list_inputs(self) -> frozenset[str]:
        """Return the variables that determine the cell."""
        return frozenset(self.by) | (self.where.names if self.where is not None else frozenset())


class QuotaLimit(NamedTuple):
    """The most interviews that quotas allow, and the quotas that say so."""

    interviews: int
    quotas: tuple[str, ...]


def list_codes(value_types: Mapping[str, ValueType]) -> dict[str, Sequence[Value]]:
    """Return the codes of each variable of which they are known; a flag is true or false."""
    codes: dict[str, Sequence[Value]] = {}
    for name, value_type in value_types.items():
        if value_type.type == "flag":
            codes[name] = (False, True)
        elif (
            value_type.codes is not None
            and value_type.type != "codes"
            and value_type.roster is None
        ):
            codes[name] = sorted(value_type.codes, key=str)
    return codes


def join_codes(values: Iterable[Value]) -> str:
    """Return codes as targets name a cell: `Central/1`. A flag is 1 or 0."""
    return "/".join(str(int(value)) if isinstance(value, bool) else str(value) for value in values)


def find_limit(
    quotas: Sequence[QuotaRule], codes: Mapping[str, Sequence[Value]]
) -> QuotaLimit | None:
    """Return the smallest limit; None if there are respondents whom no quota limits.

    `codes` are the codes of the variables for which they are known. A quota by another variable, such as a text column of
    the sample, is taken to have a cell for everybody. Nobody who declines a deciding question is considered.
    """
    limits: list[QuotaLimit] = []
    known: list[QuotaRule] = []
    for quota in quotas:
        if quota.list_inputs() <= codes.keys():
            known.append(quota)
        elif quota.where is None:
            limits.append(QuotaLimit(sum(quota.places.values()), (quota.id,)))
    for group in _group_quotas(known, codes):
        limit = _find_known_limit(group, codes)
        if limit is not None:
            limits.append(limit)
    return min(limits, default=None)


def _group_quotas(
    quotas: Sequence[QuotaRule], codes: Mapping[str, Sequence[Value]]
) -> list[list[QuotaRule]]:
    """Return the quotas as one group, or one by one if there are too many combinations of their codes."""
    names = {name for quota in quotas for name in quota.list_inputs()}
    if prod(len(codes[name]) for name in names) <= MAX_COMBINATIONS:
        return [list(quotas)]
    return [
        [quota]
        for quota in quotas
        if prod(len(codes[name]) for name in quota.list_inputs()) <= MAX_COMBINATIONS
    ]


def _find_known_limit(
    quotas: Sequence[QuotaRule], codes: Mapping[str, Sequence[Value]]
) -> QuotaLimit | None:
    """Return the smallest sum of quotas in which every combination of codes has a cell."""
    names = sorted({name for quota in quotas for name in quota.list_inputs()})
    combined = [
        dict(zip(names, values, strict=True))
        for values in product(*(codes[name] for name in names))
    ]
    everybody = (1 << len(combined)) - 1
    # one bit for each combination of codes to which the quota applies
    covered = {quota.id: _find_covered(quota, combined) for quota in quotas}
    limits = []
    for size in range(1, MAX_TOGETHER + 1):
        for together in combinations(quotas, size):
            if reduce(or_, (covered[quota.id] for quota in together)) == everybody:
                places = sum(sum(quota.places.values()) for quota in together)
                limits.append(QuotaLimit(places, tuple(quota.id for quota in together)))
    return min(limits, default=None, key=lambda limit: (limit.interviews, len(limit.quotas)))


def _find_covered(quota: QuotaRule, combined: Sequence[Mapping[str, Value]]) -> int:
    covered = 0
    for number, values in enumerate(combined):
        applies = True if quota.where is None else quota.where.evaluate(Known(dict(values)))
        cell = join_codes(values[name] for name in quota.by)
        if applies and not isinstance(applies, Missing) and cell in quota.places:
            covered |= 1 << number
    return covered
