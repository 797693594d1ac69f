"""The most interviews that quotas allow, by their cells and the codes that respondents can have.

A quota without `where` limits all interviews to the sum of its cells. Quotas that together apply to
everybody, as one for men and one for women, limit them to the sum of all their cells. The smallest
of these sums is the limit. It is an upper limit: cells that exclude each other can leave less.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from math import prod
from typing import Final, NamedTuple

from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.expression_checker import ValueType
from survey_cli.instrument.expressions.known import Known
from survey_cli.values import Missing, Value

MAX_COMBINATIONS: Final = 10_000
"""With more combinations of codes, each quota is looked at on its own."""
MAX_TOGETHER: Final = 4
"""The most quotas that are looked at together."""


class QuotaRule(NamedTuple):
    """What a quota counts, and the places in its cells."""

    id: str
    where: Condition | None
    by: tuple[str, ...]
    places: Mapping[str, int]
    """Places by the codes of a cell, joined by `/`. A quota with one cell has an empty key."""

    @property
    def all_places(self) -> int:
        """The places of all its cells."""
        return sum(self.places.values())

    def list_inputs(self) -> frozenset[str]:
        """Return the variables that determine the cell."""
        inputs = frozenset(self.by)
        return inputs | self.where.names if self.where is not None else inputs


class QuotaLimit(NamedTuple):
    """The most interviews that quotas allow, and the quotas that set this limit."""

    interviews: int
    quotas: tuple[str, ...]


def list_codes(value_types: Mapping[str, ValueType]) -> dict[str, Sequence[Value]]:
    """Return the codes of each variable whose codes are known. A flag is true or false."""
    codes: dict[str, Sequence[Value]] = {}
    for name, value_type in value_types.items():
        has_one_code = value_type.type != "codes" and value_type.roster is None
        if value_type.type == "flag":
            codes[name] = (False, True)
        elif value_type.codes is not None and has_one_code:
            codes[name] = sorted(value_type.codes, key=str)
    return codes


def join_codes(values: Iterable[Value]) -> str:
    """Return codes as targets name a cell: `Central/1`. A flag is 1 or 0."""
    return "/".join(str(int(value)) if isinstance(value, bool) else str(value) for value in values)


def find_limit(
    quotas: Sequence[QuotaRule], codes: Mapping[str, Sequence[Value]]
) -> QuotaLimit | None:
    """Return the smallest limit; None if there are respondents whom no quota limits.

    `codes` are the codes of the variables for which they are known. A quota by another variable,
    such as a text column of the sample, is taken to have a cell for everybody. Respondents who
    decline a deciding question are not considered.
    """
    limits: list[QuotaLimit] = []
    known: list[QuotaRule] = []
    for quota in quotas:
        if quota.list_inputs() <= codes.keys():
            known.append(quota)
        elif quota.where is None:
            limits.append(QuotaLimit(quota.all_places, (quota.id,)))

    for group in _group_quotas(known, codes):
        limit = _find_known_limit(group, codes)
        if limit is not None:
            limits.append(limit)
    return min(limits, default=None)


def _group_quotas(
    quotas: Sequence[QuotaRule], codes: Mapping[str, Sequence[Value]]
) -> list[list[QuotaRule]]:
    """Return the quotas as one group, or one by one if their codes have too many combinations."""
    if _count_combinations(_list_inputs(quotas), codes) <= MAX_COMBINATIONS:
        return [list(quotas)]
    return [
        [quota]
        for quota in quotas
        if _count_combinations(quota.list_inputs(), codes) <= MAX_COMBINATIONS
    ]


def _list_inputs(quotas: Sequence[QuotaRule]) -> list[str]:
    names = {name for quota in quotas for name in quota.list_inputs()}
    return sorted(names)


def _count_combinations(names: Iterable[str], codes: Mapping[str, Sequence[Value]]) -> int:
    return prod(len(codes[name]) for name in names)


def _find_known_limit(
    quotas: Sequence[QuotaRule], codes: Mapping[str, Sequence[Value]]
) -> QuotaLimit | None:
    """Return the smallest sum of quotas in which every combination of codes has a cell."""
    names = _list_inputs(quotas)
    combined = [
        dict(zip(names, values, strict=True))
        for values in product(*(codes[name] for name in names))
    ]
    # Sets of combinations are numbers with one bit for each: thousands of unions are made of them.
    everybody = (1 << len(combined)) - 1
    covered = {quota.id: _find_covered(quota, combined) for quota in quotas}

    limits = []
    for size in range(1, MAX_TOGETHER + 1):
        for together in combinations(quotas, size):
            covered_together = 0
            for quota in together:
                covered_together |= covered[quota.id]
            if covered_together == everybody:
                places = sum(quota.all_places for quota in together)
                limits.append(QuotaLimit(places, tuple(quota.id for quota in together)))
    # of equal limits, that of the fewest quotas
    return min(limits, default=None, key=lambda limit: (limit.interviews, len(limit.quotas)))


def _find_covered(quota: QuotaRule, combined: Sequence[Mapping[str, Value]]) -> int:
    """Return the combinations of codes for which the quota has a cell, one bit for each."""
    covered = 0
    for number, values in enumerate(combined):
        if _has_cell(quota, values):
            covered |= 1 << number
    return covered


def _has_cell(quota: QuotaRule, values: Mapping[str, Value]) -> bool:
    if quota.where is not None:
        applies = quota.where.evaluate(Known(dict(values)))
        if not applies or isinstance(applies, Missing):
            return False
    return join_codes(values[name] for name in quota.by) in quota.places
