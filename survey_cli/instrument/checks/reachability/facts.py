"""Constraint solver for conditions: what each variable can be if a condition has a given truth value.

Where it can't decide, it narrows nothing: what it calls impossible is impossible.
"""

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from typing import Any, Final, TypeAlias

from survey_cli.instrument.checks.reachability import variables
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.expressions.comparisons import (
    COMPARISON_SIGNS,
    MIRRORED_SIGNS,
    OPPOSITE_SIGNS,
    find_constant,
)
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, to_nfc

FactKey: TypeAlias = str | tuple[str, Any]
"""A variable; or a multiple and one of its codes, whose domain is chosen (True) or not (False)."""
Possibility: TypeAlias = Mapping[FactKey, variables.Domain]
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
_NO_VALUES: Final[variables.Values] = frozenset()


class ConditionSolver:
    """Solver for the conditions of one draft: narrows the domains of its variables under assumptions."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self.draft = draft
        self.variables = variables.VariableTable(draft)
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
            if not variable.domain.missing or not isinstance(condition.tree, ast.Compare) or "[" in condition.text:
                return True
            if not constrained and condition.text.count(name) == 1:
                return False
        elif not isinstance(condition.tree, ast.BoolOp | ast.Compare):
            return True
        text = condition.text
        for name in names:
            links = self.variables.find_linked_names(name)
            if text.count(name) > 1 or len(links) > variables.MAX_LINKS or not constrained.isdisjoint(links):
                return True
            constrained |= links
        return False

    def assume_all(self, requirements: tuple[variables.Requirement, ...], facts: Facts) -> Facts:
        """Return the facts under which all of these requirements are met."""
        for requirement in requirements:
            facts = self.assume(requirement.condition, requirement.truths, facts)
        return facts

    def assume_not_all(self, requirements: tuple[variables.Requirement, ...], facts: Facts) -> Facts:
        """Return the facts under which at least one of these requirements is not met."""
        return _unite_facts([self.assume(n.condition, variables.ANY_TRUTH ^ n.truths, facts) for n in requirements])

    def assume(self, condition: Condition, truths: int, facts: Facts) -> Facts:
        """Return the facts under which the condition has one of `truths`: true, not true, false or not false."""
        self._steps_left = MAX_STEPS
        return self._assume(condition.tree, truths, facts)

    def _assume(self, node: ast.expr, truths: int, facts: Facts) -> Facts:
        if not facts:
            return facts
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._assume_junction(values, truths, facts, conjunction=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._assume(operand, variables.negate_truths(truths), facts)
            case ast.Compare(left=left, ops=ops, comparators=comparators) if len(ops) > 1:
                sides = [left, *comparators]
                links = [ast.Compare(sides[i], [op], [sides[i + 1]]) for i, op in enumerate(ops)]
                return self._assume_junction(links, truths, facts, conjunction=True)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                then = self._assume(body, truths, self._assume(test, variables.TRUE, facts))
                return _unite_facts([then, self._assume(orelse, truths, self._assume(test, variables.NOT_TRUE, facts))])
            case ast.Name(id=name):
                return self._assume_flag(name, truths, facts)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._assume_comparison(left, op, right, truths, facts)
            case ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)]):
                return self._assume_state(function, name, truths, facts)
            case _:
                return facts

    def _assume_junction(
        self, parts: list[ast.expr] | list[ast.Compare], truths: int, facts: Facts, *, conjunction: bool
    ) -> Facts:
        # an `and` is not true if one operand is not, and not false if no operand is; an `or` the other way round
        if truths & (variables.FALSE if conjunction else variables.TRUE):
            return _unite_facts([self._assume(part, truths, facts) for part in parts])
        for part in parts:
            facts = self._assume(part, truths, facts)
        return facts

    def _assume_flag(self, name: str, truths: int, facts: Facts) -> Facts:
        variable = self.variables.find(name)
        if variable is None or variable.kind != "flag":
            return facts
        compute = self.draft.computes.get(name)
        if compute is not None and self._depth < variables.MAX_DEPTH:
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
            yes, no = variables.Domain(values), variables.Domain(_NO_VALUES, missing)
        else:
            matching = missing - variables.NOT_ASKED_KINDS if function == "declined" else missing & {function}
            yes, no = variables.Domain(_NO_VALUES, matching), variables.Domain(values, missing - matching)
        empty = variables.Domain(_NO_VALUES)
        allowed = variables.unite_domains(
            yes if truths & variables.TRUE else empty, no if truths & variables.FALSE else empty
        )
        return self._narrow(name, allowed, facts, variable)

    def _assume_comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr, truths: int, facts: Facts) -> Facts:
        sign = COMPARISON_SIGNS.get(type(op))
        if sign is None:
            return self._assume_membership(left, right, truths, facts, negated=isinstance(op, ast.NotIn))
        if find_constant(left) is not None:
            left, sign, right = right, MIRRORED_SIGNS[sign], left
        value = find_constant(right)
        if isinstance(left, ast.Name) and value is not None:
            return self._assume_constant_comparison(left.id, sign, value, truths, facts)
        if not truths & variables.UNKNOWN:
            for name in (*_list_operands(left), *_list_operands(right)):
                facts = self.assume_answered(name, facts)
        return facts

    def assume_answered(self, name: str, facts: Facts) -> Facts:
        """Return the facts under which the variable has an answer."""
        variable = self.variables.find(name)
        return (
            facts if variable is None else self._narrow(name, variables.Domain(variable.domain.values), facts, variable)
        )

    def _assume_constant_comparison(self, name: str, sign: str, value: Any, truths: int, facts: Facts) -> Facts:
        """Assume a truth value of a comparison of a variable with a constant."""
        variable = self.variables.find(name)
        if variable is None:
            return facts
        values = variable.domain.values
        if variable.kind in ("any", "several"):
            return self.assume_answered(name, facts) if not truths & variables.UNKNOWN else facts
        if variable.kind == "number":
            if not isinstance(value, int | float):
                return facts
            values = variables.build_comparison_ranges(sign, value) if truths & variables.TRUE else ()
            values += variables.build_comparison_ranges(OPPOSITE_SIGNS[sign], value) if truths & variables.FALSE else ()
        else:
            holds, value = COMPARE[sign], to_nfc(value)
            try:
                values = frozenset(
                    v for v in values if truths & (variables.TRUE if holds(to_nfc(v), value) else variables.FALSE)
                )
            except TypeError:  # a text ordered against a number
                return facts
        return self._narrow(name, variables.Domain(values, _list_missing_kinds(variable, truths)), facts, variable)

    def _assume_membership(self, left: ast.expr, right: ast.expr, truths: int, facts: Facts, *, negated: bool) -> Facts:
        if negated:
            truths = variables.negate_truths(truths)
        match left, right:
            case ast.Name(id=name), ast.List(elts=elts) | ast.Tuple(elts=elts):
                return self._assume_in_list(name, elts, truths, facts)
            case _, ast.Name(id=name) if (code := find_constant(left)) is not None:
                return self._assume_in_multiple(name, code, truths, facts)
            case _:
                return facts

    def _assume_in_list(self, name: str, elements: list[ast.expr], truths: int, facts: Facts) -> Facts:
        """Assume a truth value of `q in [1, 2, dk]`."""
        variable = self.variables.find(name)
        if variable is None or variable.kind == "several":
            return facts
        declines = frozenset(e.id for e in elements if isinstance(e, ast.Name))
        listed = [to_nfc(value) for e in elements if (value := find_constant(e)) is not None]
        allowed, missing = variable.domain
        kept = missing & declines if truths & variables.TRUE else variables.NO_MISSING
        kept |= missing - declines if truths & variables.UNKNOWN else variables.NO_MISSING
        if variable.kind == "number":
            numbers = [value for value in listed if isinstance(value, int | float)]
            allowed = variables.build_ranges_of(numbers) if truths & variables.TRUE else ()
            allowed += variables.build_ranges_without(numbers) if truths & variables.FALSE else ()
        elif variable.kind != "any":
            allowed = frozenset(
                v for v in allowed if truths & (variables.TRUE if to_nfc(v) in listed else variables.FALSE)
            )
        return self._narrow(name, variables.Domain(allowed, kept), facts, variable)

    def _assume_in_multiple(self, name: str, code: Any, truths: int, facts: Facts) -> Facts:
        """Assume a truth value of `'tv' in media`."""
        variable = self.variables.find(name)
        if variable is None or variable.kind != "several":
            return facts
        if not truths & variables.UNKNOWN:
            facts = self.assume_answered(name, facts)
        flag = variables.VariableInfo(variables.Domain(frozenset((True, False)), variable.domain.missing), "flag")
        return self._narrow((name, to_nfc(code)), _build_flag_domain(variable, truths), facts, flag)

    def _narrow(self, key: FactKey, allowed: variables.Domain, facts: Facts, variable: variables.VariableInfo) -> Facts:
        """Return the facts under which the variable is in `allowed`."""
        self._steps_left -= len(facts)
        self._total_steps_left -= len(facts)
        if self._steps_left < 0 or self._total_steps_left < 0:
            return facts
        alternatives: list[Facts] = []
        for possibility in facts:
            before = possibility.get(key, variable.domain)
            after = variables.intersect_domains(before, allowed, whole_numbers=variable.is_whole)
            if after == before and key in possibility:
                alternatives.append((possibility,))
            elif after.values or after.missing:
                alternatives.append(self._update(possibility, key, before, after, variable))
        return _unite_facts(alternatives)

    def _update(
        self,
        possibility: Possibility,
        key: FactKey,
        before: variables.Domain,
        after: variables.Domain,
        variable: variables.VariableInfo,
    ) -> Facts:
        if (after != variable.domain and len(possibility) < MAX_KEYS) or key in possibility:
            possibility = {**possibility, key: after}
        known_now = variables.NOT_ASKED_KINDS.isdisjoint(after.missing) and not variables.NOT_ASKED_KINDS.isdisjoint(
            before.missing
        )
        if not (known_now and self._follows_requirements and variable.is_asked and self._depth < variables.MAX_DEPTH):
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


def _build_flag_domain(variable: variables.VariableInfo, truths: int) -> variables.Domain:
    values = frozenset(t for t in (True, False) if truths & (variables.TRUE if t else variables.FALSE))
    return variables.Domain(values, _list_missing_kinds(variable, truths))


def _list_missing_kinds(variable: variables.VariableInfo, truths: int) -> frozenset[str]:
    return variable.domain.missing if truths & variables.UNKNOWN else variables.NO_MISSING


def _list_operands(node: ast.expr) -> list[str]:
    """List the variables without which this has no value."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.BinOp(left=left, right=right):
            return [*_list_operands(left), *_list_operands(right)]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _list_operands(operand)
        case _:
            return []


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
    return ({key: reduce(variables.unite_domains, [possibility[key] for possibility in distinct]) for key in shared},)
