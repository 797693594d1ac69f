"""Variables of an instrument before any answer: domains, the conditions each is asked under, and linked variables.

It evaluates no condition. A domain may be too large, never too small.
"""

from itertools import pairwise
from math import ceil, floor, inf, isinf
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import ItemGroup
from survey_cli.instrument.compiled.symbols import Symbol, list_declines
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumberItem

MAX_RANGES: Final = 16
"""More ranges than this are replaced by one that contains them all."""
NO_MISSING: Final[frozenset[str]] = frozenset()
NOT_ASKED_KINDS: Final = frozenset(("not_asked", "not_reached"))


class NumberRange(NamedTuple):
    """The numbers from `low` to `high`; an open end is excluded."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


Values: TypeAlias = frozenset[Any] | tuple[NumberRange, ...]
ALL_NUMBERS: Final = (NumberRange(-inf, inf),)
ANY_ANSWER: Final[Values] = frozenset(("an answer",))
"""Stands for all answers of a variable whose values are not distinguished."""


class Domain(NamedTuple):
    """What a variable can be: an answer among `values`, or missing in one of the ways in `missing`."""

    values: Values
    missing: frozenset[str] = NO_MISSING


def intersect_domains(left: Domain, right: Domain, *, whole_numbers: bool) -> Domain:
    """Return what is in both; with `whole_numbers`, numbers have no decimals."""
    return Domain(_intersect_values(left.values, right.values, whole_numbers), left.missing & right.missing)


def unite_domains(left: Domain, right: Domain) -> Domain:
    """Return what is in either."""
    values: Values
    if not left.values or not right.values:
        values = left.values or right.values
    elif isinstance(left.values, frozenset) and isinstance(right.values, frozenset):
        values = left.values | right.values
    elif isinstance(left.values, tuple) and isinstance(right.values, tuple):
        values = _limit_ranges(tuple(dict.fromkeys((*left.values, *right.values))))
    else:
        raise TypeError("values of unlike kinds")
    return Domain(values, left.missing | right.missing)


def _intersect_values(left: Values, right: Values, whole_numbers: bool) -> Values:
    if isinstance(left, frozenset) and isinstance(right, frozenset):
        return left & right
    if isinstance(left, tuple) and isinstance(right, tuple):
        ranges = [_intersect_ranges(a, b, whole_numbers) for a in left for b in right]
        return _limit_ranges(tuple([each for each in ranges if each is not None]))
    if not left or not right:
        return ()
    raise TypeError("values of unlike kinds")


def _intersect_ranges(a: NumberRange, b: NumberRange, whole_numbers: bool) -> NumberRange | None:
    low, low_open = max((a.low, a.low_open), (b.low, b.low_open))
    high, closed = min((a.high, not a.high_open), (b.high, not b.high_open))
    if whole_numbers:
        if not isinf(low):
            low, low_open = (floor(low) + 1 if low_open else ceil(low)), False
        if not isinf(high):
            high, closed = (floor(high) if closed else ceil(high) - 1), True
    if low > high or (low == high and (low_open or not closed)):
        return None
    return NumberRange(low, high, low_open, not closed)


def _limit_ranges(ranges: tuple[NumberRange, ...]) -> tuple[NumberRange, ...]:
    if len(ranges) <= MAX_RANGES:
        return ranges
    return (NumberRange(min(s.low for s in ranges), max(s.high for s in ranges)),)


def build_comparison_ranges(sign: str, value: float) -> tuple[NumberRange, ...]:
    """Return the numbers for which `sign value` holds."""
    match sign:
        case "==":
            return (NumberRange(value, value),)
        case "!=":
            return NumberRange(-inf, value, False, True), NumberRange(value, inf, True, False)
        case "<" | "<=":
            return (NumberRange(-inf, value, False, sign == "<"),)
        case _:
            return (NumberRange(value, inf, sign == ">", False),)


def build_ranges_of(values: list[float]) -> tuple[NumberRange, ...]:
    """Return these numbers and no others."""
    return _limit_ranges(tuple([NumberRange(value, value) for value in sorted(set(values))]))


def build_ranges_without(values: list[float]) -> tuple[NumberRange, ...]:
    """Return all numbers except these."""
    points = sorted(set(values))
    if len(points) >= MAX_RANGES:
        return ALL_NUMBERS
    edges = [-inf, *points, inf]
    return tuple([NumberRange(a, b, True, True) for a, b in pairwise(edges)])


TRUE, FALSE, UNKNOWN = 1, 2, 4
"""Truth values of a condition; sets of them are joined by `|`."""
NOT_TRUE: Final = FALSE | UNKNOWN
ANY_TRUTH: Final = TRUE | FALSE | UNKNOWN
MAX_DEPTH: Final = 4
"""How deeply conditions of conditions are followed."""
MAX_LINKS: Final = 30
"""How many linked variables are collected; more count as all."""


def negate_truths(truths: int) -> int:
    """Return the truth values of `not` over an operand with these truth values."""
    return (truths & UNKNOWN) | (TRUE if truths & FALSE else 0) | (FALSE if truths & TRUE else 0)


class Requirement(NamedTuple):
    """A condition on an item or group, and the truth values it must have for the node to be reached."""

    condition: Condition
    truths: int
    owner: str
    key: str
    """`ask_if` or `unless`."""


class VariableInfo(NamedTuple):
    """What is known about a variable everywhere."""

    domain: Domain
    kind: str
    """`codes`, `number`, `several`, `flag`, or `any`."""
    is_whole: bool = False
    """It is a number without decimals."""
    is_asked: bool = False
    """It belongs to an item: it has an answer or a decline if its conditions held, and otherwise neither."""


def list_requirements(node: CompiledItem | ItemGroup) -> tuple[Requirement, ...]:
    """List the requirements of an item or group."""
    requirements = []
    if node.ask_if is not None:
        requirements.append(Requirement(node.ask_if, TRUE, node.id, "ask_if"))
    if node.unless is not None:
        requirements.append(Requirement(node.unless, NOT_TRUE, node.id, "unless"))
    return tuple(requirements)


class VariableTable:
    """The variables of a draft, collected on demand."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self.draft = draft
        self._default_missing = frozenset((*NOT_ASKED_KINDS, *list_declines(draft.document), "another"))
        self._variables: dict[str, VariableInfo] = {}
        self._requirements: dict[str, tuple[Requirement, ...]] = {}
        self._links: dict[str, frozenset[str]] = {}

    def find(self, name: str) -> VariableInfo | None:
        """Return what is known about a name; None if it is not a variable."""
        info = self._variables.get(name)
        if info is None:
            symbol = self.draft.symbols.get(name)
            if symbol is None:
                return None
            info = self._variables[name] = self._build_info(symbol)
        return info

    def _build_info(self, symbol: Symbol) -> VariableInfo:
        item, value_type, question = self.draft.items.get(symbol.id), symbol.value_type, symbol.question
        missing, is_asked = self._default_missing, False
        if item is not None and question is not None and question.expects_answer and item.question.expects_answer:
            not_asked = NOT_ASKED_KINDS if self._may_be_skipped(symbol, item) else NO_MISSING
            missing, is_asked = not_asked.union(decline.id for decline in item.declines), True
        kind, values, is_whole = "any", ANY_ANSWER, False
        if value_type.type == "code" and value_type.codes:
            kind, values = "codes", frozenset(value_type.codes)
        elif value_type.type == "codes" and value_type.codes:
            kind = "several"
        elif value_type.type == "flag":
            kind, values = "flag", frozenset((True, False))
        elif isinstance(question, NumberItem) and is_asked:
            lowest = -inf if question.lowest is None else question.lowest
            highest = inf if question.highest is None else question.highest
            values = (NumberRange(lowest, highest), *(NumberRange(code, code) for code in question.options))
            kind, is_whole = "number", not question.decimals
        elif value_type.type in ("number", "draw"):
            kind, values = "number", ALL_NUMBERS
        return VariableInfo(Domain(values, missing), kind, is_whole, is_asked)

    def _may_be_skipped(self, symbol: Symbol, item: CompiledItem) -> bool:
        """Return whether the item can be skipped according to the file, where an invalid condition counts too."""
        question = item.question
        if symbol.value_type.roster is not None or any(step.shuffled for step in symbol.path):
            return True
        if item.ask_if is not None or question.ask_if is not None or question.unless is not None:
            return True
        for step in symbol.path:
            spec = self.draft.groups[step.group].spec if step.group in self.draft.groups else None
            if step.group and (spec is None or spec.ask_if is not None or spec.unless is not None):
                return True
            if symbol.id in (statements := getattr(spec, "statements", {})):
                return statements[symbol.id].ask_if is not None
        return False

    def list_requirements_of(self, name: str) -> tuple[Requirement, ...]:
        """List the requirements that were met if this item was asked: its own and those of the groups around it."""
        requirements = self._requirements.get(name)
        if requirements is None:
            groups = [self.draft.groups.get(step.group) for step in self.draft.symbols[name].path]
            nodes = (*groups, self.draft.items[name])
            requirements = tuple(r for node in nodes if node is not None for r in list_requirements(node))
            self._requirements[name] = requirements
        return requirements

    def find_linked_names(self, name: str) -> frozenset[str]:
        """Find the variables that are constrained if this one has an answer, including itself."""
        if name not in self._links:
            linked, newest = {name}, {name}
            for _ in range(MAX_DEPTH):
                newest = {other for new in newest for c in self._list_conditions(new) for other in c.names} - linked
                linked |= newest
                if not newest or len(linked) > MAX_LINKS:
                    break
            self._links[name] = frozenset(linked)
        return self._links[name]

    def _list_conditions(self, name: str) -> list[Condition]:
        """List the conditions that decide whether this has an answer, or those of the compute."""
        variable, compute = self.find(name), self.draft.computes.get(name)
        if compute is not None:
            return list(compute.conditions.values())
        is_asked = variable is not None and variable.is_asked
        return [requirement.condition for requirement in self.list_requirements_of(name)] if is_asked else []
