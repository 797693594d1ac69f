"""Constraint solver for conditions: what each variable can be if a condition has a given truth value.

Where it can't decide, it narrows nothing: a domain may be too large, never too small. What it calls impossible is
impossible.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, reduce
from itertools import pairwise
from math import ceil, floor, inf, isinf
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.draft import InstrumentDraft, Symbol, list_declines
from survey_cli.instrument.compiled.model import ItemGroup
from survey_cli.instrument.expressions import comparisons
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS, to_nfc
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
    return Domain(
        _intersect_values(left.values, right.values, whole_numbers), left.missing & right.missing
    )


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
    return tuple([NumberRange(a, b, True, True) for a, b in pairwise([-inf, *points, inf])])


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
    """The variables of a draft, collected on demand: each function computes a result once."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self.draft = draft
        self._default_missing = frozenset(
            (*NOT_ASKED_KINDS, *list_declines(draft.document), "another")
        )
        self.find = cache(self._find)
        self.list_requirements_of = cache(self._list_requirements_of)
        self.find_linked_names = cache(self._find_linked_names)

    def _find(self, name: str) -> VariableInfo | None:
        """Return what is known about a name; None if it is not a variable."""
        symbol = self.draft.symbols.get(name)
        return self._build_info(symbol) if symbol is not None else None

    def _build_info(self, symbol: Symbol) -> VariableInfo:
        item, value_type, question = (
            self.draft.items.get(symbol.id),
            symbol.value_type,
            symbol.question,
        )
        missing, is_asked = self._default_missing, False
        if (
            item is not None
            and question is not None
            and question.expects_answer
            and item.question.expects_answer
        ):
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
            values = (
                NumberRange(lowest, highest),
                *(NumberRange(code, code) for code in question.options),
            )
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
        if item.options_conditional:  # it is not asked where no option is offered
            return True
        for step in symbol.path:
            spec = self.draft.groups[step.group].spec if step.group in self.draft.groups else None
            if step.group and (spec is None or spec.ask_if is not None or spec.unless is not None):
                return True
            if symbol.id in (statements := getattr(spec, "statements", {})):
                return statements[symbol.id].ask_if is not None
        return False

    def _list_requirements_of(self, name: str) -> tuple[Requirement, ...]:
        """List the requirements that were met if this item was asked: its own and those of the groups around it."""
        groups = [self.draft.groups.get(step.group) for step in self.draft.symbols[name].path]
        nodes = (*groups, self.draft.items[name])
        return tuple(r for node in nodes if node is not None for r in list_requirements(node))

    def _find_linked_names(self, name: str) -> frozenset[str]:
        """Find the variables that are constrained if this one has an answer, including itself."""
        linked, newest = {name}, {name}
        for _ in range(MAX_DEPTH):
            newest = {
                other for new in newest for c in self._list_conditions(new) for other in c.names
            } - linked
            linked |= newest
            if not newest or len(linked) > MAX_LINKS:
                break
        return frozenset(linked)

    def _list_conditions(self, name: str) -> list[Condition]:
        """List the conditions that decide whether this has an answer, or those of the compute."""
        variable, compute = self.find(name), self.draft.computes.get(name)
        if compute is not None:
            return list(compute.conditions.values())
        is_asked = variable is not None and variable.is_asked
        return (
            [requirement.condition for requirement in self.list_requirements_of(name)]
            if is_asked
            else []
        )


FactKey: TypeAlias = str | tuple[str, Any]
"""A variable; or a multiple and one of its codes, whose domain is chosen (True) or not (False)."""
Possibility: TypeAlias = Mapping[FactKey, Domain]
"""One combination of domains: those of the variables that are constrained at all."""
Facts: TypeAlias = tuple[Possibility, ...]
"""The alternative possibilities; empty if the assumptions contradict each other."""
NO_CONSTRAINTS: Final[Facts] = ({},)
MAX_POSSIBILITIES: Final = 6
"""More possibilities than this are merged into one, which holds what all of them have in common."""
MAX_KEYS: Final = 64
"""Constrained variables in one possibility; constraints on further ones are dropped."""
MAX_STEPS: Final = 50
"""How often a domain is narrowed for one condition; the rest of the condition is ignored."""
STEPS_PER_ITEM: Final = 20
"""How often a domain is narrowed for all conditions of a file, per item.

It is far more than needed unless every condition depends on several others. Beyond it nothing is narrowed."""
_NO_VALUES: Final[Values] = frozenset()


class ConditionSolver:
    """Solver for the conditions of one draft: narrows the domains of its variables under assumptions."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self.draft = draft
        self.variables = VariableTable(draft)
        self.unreached: set[str] = set()
        """Items that are never asked, as found so far."""
        self._follows_requirements = True
        self._depth = 0
        self._steps_left = 0
        self._total_steps_left = 5000 + STEPS_PER_ITEM * len(draft.items)

    @contextmanager
    def ignore_requirements(self) -> Iterator[None]:
        """Ignore the conditions of items that must have been asked, and don't count the steps."""
        left, self._follows_requirements = self._total_steps_left, False
        try:
            yield
        finally:
            self._total_steps_left, self._follows_requirements = left, True

    def may_settle(self, condition: Condition, facts: Facts) -> bool:
        """Return whether the condition may have a fixed truth value under these facts.

        This is a quick test: if it returns False, the condition need not be examined. A condition may be settled by
        itself, by what the facts say about its variables, or because these depend on one another.
        """
        names, constrained = condition.names, _list_constrained_names(facts) | self.unreached
        if len(names) == 1:
            (name,) = names
            variable = self.variables.find(name)
            if variable is None:
                return False
            if (
                not variable.domain.missing
                or not isinstance(condition.tree, ast.Compare)
                or "[" in condition.text
            ):
                return True
            if not constrained and condition.text.count(name) == 1:
                return False
        elif not isinstance(condition.tree, ast.BoolOp | ast.Compare):
            return True
        text = condition.text
        for name in names:
            links = self.variables.find_linked_names(name)
            if text.count(name) > 1 or len(links) > MAX_LINKS or not constrained.isdisjoint(links):
                return True
            constrained |= links
        return False

    def assume_all(self, requirements: tuple[Requirement, ...], facts: Facts) -> Facts:
        """Return the facts under which all of these requirements are met."""
        for requirement in requirements:
            facts = self.assume(requirement.condition, requirement.truths, facts)
        return facts

    def assume_not_all(self, requirements: tuple[Requirement, ...], facts: Facts) -> Facts:
        """Return the facts under which at least one of these requirements is not met."""
        return _unite_facts(
            [self.assume(n.condition, ANY_TRUTH ^ n.truths, facts) for n in requirements]
        )

    def assume(self, condition: Condition, truths: int, facts: Facts) -> Facts:
        """Return the facts under which the condition has one of `truths`: true, not true, false or not false."""
        return self.assume_tree(condition.tree, truths, facts)

    def assume_tree(self, tree: ast.expr, truths: int, facts: Facts) -> Facts:
        """Return the facts under which a part of a condition has one of these truth values."""
        self._steps_left = MAX_STEPS
        return self._assume(tree, truths, facts)

    def _assume(self, node: ast.expr, truths: int, facts: Facts) -> Facts:
        if not facts:
            return facts
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._assume_junction(
                    values, truths, facts, conjunction=isinstance(op, ast.And)
                )
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._assume(operand, negate_truths(truths), facts)
            case ast.Compare(left=left, ops=ops, comparators=comparators) if len(ops) > 1:
                sides = [left, *comparators]
                links = [ast.Compare(sides[i], [op], [sides[i + 1]]) for i, op in enumerate(ops)]
                return self._assume_junction(links, truths, facts, conjunction=True)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                then = self._assume(body, truths, self._assume(test, TRUE, facts))
                return _unite_facts(
                    [then, self._assume(orelse, truths, self._assume(test, NOT_TRUE, facts))]
                )
            case ast.Name(id=name):
                return self._assume_flag(name, truths, facts)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._assume_comparison(left, op, right, truths, facts)
            case ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)]):
                return self._assume_state(function, name, truths, facts)
            case _:
                return facts

    def _assume_junction(
        self, parts: Sequence[ast.expr], truths: int, facts: Facts, *, conjunction: bool
    ) -> Facts:
        # an `and` is not true if one operand is not, and not false if no operand is; an `or` the other way round
        if truths & (FALSE if conjunction else TRUE):
            return _unite_facts([self._assume(part, truths, facts) for part in parts])
        for part in parts:
            facts = self._assume(part, truths, facts)
        return facts

    def _assume_flag(self, name: str, truths: int, facts: Facts) -> Facts:
        variable = self.variables.find(name)
        if variable is None or variable.kind != "flag":
            return facts
        compute = self.draft.computes.get(name)
        if compute is not None and self._depth < MAX_DEPTH:
            self._depth += 1
            facts = self._assume(next(iter(compute.conditions.values())).tree, truths, facts)
            self._depth -= 1
        return self._narrow(name, _build_flag_domain(variable, truths), facts, variable)

    def _assume_state(self, function: str, name: str, truths: int, facts: Facts) -> Facts:
        """Assume a truth value of `answered(q)`, `declined(q)`, `dk(q)` or `refused(q)`, which are never unknown."""
        variable = self.variables.find(name)
        if variable is None or function not in ("answered", "dk", "refused", "declined"):
            return facts
        values, missing = variable.domain
        if function == "answered":
            yes, no = Domain(values), Domain(_NO_VALUES, missing)
        else:
            matching = missing - NOT_ASKED_KINDS if function == "declined" else missing & {function}
            yes, no = Domain(_NO_VALUES, matching), Domain(values, missing - matching)
        empty = Domain(_NO_VALUES)
        allowed = unite_domains(yes if truths & TRUE else empty, no if truths & FALSE else empty)
        return self._narrow(name, allowed, facts, variable)

    def _assume_comparison(
        self, left: ast.expr, op: ast.cmpop, right: ast.expr, truths: int, facts: Facts
    ) -> Facts:
        sign = comparisons.COMPARISON_SIGNS.get(type(op))
        if sign is None:
            return self._assume_membership(
                left, right, truths, facts, negated=isinstance(op, ast.NotIn)
            )
        if comparisons.find_constant(left) is not None:
            left, sign, right = right, MIRRORED_SIGNS[sign], left
        value = comparisons.find_constant(right)
        if isinstance(left, ast.Name) and value is not None:
            return self._assume_constant_comparison(left.id, sign, value, truths, facts)
        if not truths & UNKNOWN:
            for name in (*comparisons.list_operands(left), *comparisons.list_operands(right)):
                facts = self.assume_answered(name, facts)
        return facts

    def assume_answered(self, name: str, facts: Facts) -> Facts:
        """Return the facts under which the variable has an answer."""
        variable = self.variables.find(name)
        return (
            facts
            if variable is None
            else self._narrow(name, Domain(variable.domain.values), facts, variable)
        )

    def _assume_constant_comparison(
        self, name: str, sign: str, value: Any, truths: int, facts: Facts
    ) -> Facts:
        """Assume a truth value of a comparison of a variable with a constant."""
        variable = self.variables.find(name)
        if variable is None:
            return facts
        values = variable.domain.values
        if variable.kind in ("any", "several"):
            return self.assume_answered(name, facts) if not truths & UNKNOWN else facts
        if variable.kind == "number":
            if not isinstance(value, int | float):
                return facts
            values = build_comparison_ranges(sign, value) if truths & TRUE else ()
            values += (
                build_comparison_ranges(comparisons.OPPOSITE_SIGNS[sign], value)
                if truths & FALSE
                else ()
            )
        else:
            holds, value = COMPARE[sign], to_nfc(value)
            try:
                values = frozenset(
                    v for v in values if truths & (TRUE if holds(to_nfc(v), value) else FALSE)
                )
            except TypeError:  # a text ordered against a number
                return facts
        return self._narrow(
            name, Domain(values, _list_missing_kinds(variable, truths)), facts, variable
        )

    def _assume_membership(
        self, left: ast.expr, right: ast.expr, truths: int, facts: Facts, *, negated: bool
    ) -> Facts:
        if negated:
            truths = negate_truths(truths)
        match left, right:
            case ast.Name(id=name), ast.List(elts=elts) | ast.Tuple(elts=elts):
                return self._assume_in_list(name, elts, truths, facts)
            case _, ast.Name(id=name) if (code := comparisons.find_constant(left)) is not None:
                return self._assume_in_multiple(name, code, truths, facts)
            case _:
                return facts

    def _assume_in_list(
        self, name: str, elements: list[ast.expr], truths: int, facts: Facts
    ) -> Facts:
        """Assume a truth value of `q in [1, 2, dk]`."""
        variable = self.variables.find(name)
        if variable is None or variable.kind == "several":
            return facts
        declines = frozenset(e.id for e in elements if isinstance(e, ast.Name))
        listed = [
            to_nfc(value) for e in elements if (value := comparisons.find_constant(e)) is not None
        ]
        allowed, missing = variable.domain
        kept = missing & declines if truths & TRUE else NO_MISSING
        kept |= missing - declines if truths & UNKNOWN else NO_MISSING
        if variable.kind == "number":
            numbers = [value for value in listed if isinstance(value, int | float)]
            allowed = build_ranges_of(numbers) if truths & TRUE else ()
            allowed += build_ranges_without(numbers) if truths & FALSE else ()
        elif variable.kind != "any":
            allowed = frozenset(
                v for v in allowed if truths & (TRUE if to_nfc(v) in listed else FALSE)
            )
        return self._narrow(name, Domain(allowed, kept), facts, variable)

    def _assume_in_multiple(self, name: str, code: Any, truths: int, facts: Facts) -> Facts:
        """Assume a truth value of `'tv' in media`."""
        variable = self.variables.find(name)
        if variable is None or variable.kind != "several":
            return facts
        if not truths & UNKNOWN:
            facts = self.assume_answered(name, facts)
        flag = VariableInfo(Domain(frozenset((True, False)), variable.domain.missing), "flag")
        return self._narrow((name, to_nfc(code)), _build_flag_domain(variable, truths), facts, flag)

    def _narrow(self, key: FactKey, allowed: Domain, facts: Facts, variable: VariableInfo) -> Facts:
        """Return the facts under which the variable is in `allowed`."""
        self._steps_left -= len(facts)
        self._total_steps_left -= len(facts)
        if self._steps_left < 0 or self._total_steps_left < 0:
            return facts
        alternatives: list[Facts] = []
        for possibility in facts:
            before = possibility.get(key, variable.domain)
            after = intersect_domains(before, allowed, whole_numbers=variable.is_whole)
            if after == before and key in possibility:
                alternatives.append((possibility,))
            elif after.values or after.missing:
                alternatives.append(self._update(possibility, key, before, after, variable))
        return _unite_facts(alternatives)

    def _update(
        self,
        possibility: Possibility,
        key: FactKey,
        before: Domain,
        after: Domain,
        variable: VariableInfo,
    ) -> Facts:
        if (after != variable.domain and len(possibility) < MAX_KEYS) or key in possibility:
            possibility = {**possibility, key: after}
        known_now = NOT_ASKED_KINDS.isdisjoint(after.missing) and not NOT_ASKED_KINDS.isdisjoint(
            before.missing
        )
        if not (
            known_now
            and self._follows_requirements
            and variable.is_asked
            and self._depth < MAX_DEPTH
        ):
            return (possibility,)
        assert isinstance(key, str)
        self._depth += 1
        facts: Facts = (possibility,)
        for requirement in self.variables.list_requirements_of(key):
            facts = self._assume(requirement.condition.tree, requirement.truths, facts)
        self._depth -= 1
        return facts


def _list_constrained_names(facts: Facts) -> set[str]:
    """Return the variables that the facts constrain."""
    if facts == NO_CONSTRAINTS:
        return set()
    return {key if isinstance(key, str) else key[0] for possibility in facts for key in possibility}


def _build_flag_domain(variable: VariableInfo, truths: int) -> Domain:
    values = frozenset(t for t in (True, False) if truths & (TRUE if t else FALSE))
    return Domain(values, _list_missing_kinds(variable, truths))


def _list_missing_kinds(variable: VariableInfo, truths: int) -> frozenset[str]:
    return variable.domain.missing if truths & UNKNOWN else NO_MISSING


def _unite_facts(alternatives: list[Facts]) -> Facts:
    """Unite possibilities; too many are merged into one that holds what all have in common."""
    possibilities = [possibility for facts in alternatives for possibility in facts]
    distinct: list[Possibility] = []
    for possibility in possibilities:
        if not possibility:
            return NO_CONSTRAINTS
        if possibility not in distinct:
            distinct.append(possibility)
    if len(distinct) <= MAX_POSSIBILITIES:
        return tuple(distinct)
    shared = set(distinct[0]).intersection(*distinct[1:])
    return (
        {
            key: reduce(unite_domains, [possibility[key] for possibility in distinct])
            for key in shared
        },
    )
