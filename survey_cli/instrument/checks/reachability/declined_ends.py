"""Checks of the route: ends that a respondent who declines passes.

For each item that an end depends on and that may be declined, the route after that end is followed for a respondent
who declined, up to another end that certainly applies or to the next question.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.instrument.checks.reachability.variables import (
    FALSE,
    NOT_TRUE,
    TRUE,
    UNKNOWN,
    Requirement,
    list_requirements,
    negate_truths,
)
from survey_cli.instrument.checks.source_items import report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import ItemGroup, Roster
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS, OPPOSITE_SIGNS, find_constant
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.expressions.three_valued_logic import COMPARE
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.problems import Problem
from survey_cli.values import Code
from survey_cli.wording import join_words

_TRUE_OR_FALSE: Final = TRUE | FALSE
_MAX_DEPTH: Final = 20
"""How deeply computes of computes are followed."""
_STRICT_FUNCTIONS: Final = frozenset(
    (
        *("sum", "mean", "min", "max", "round", "length", "contains", "first", "rank"),
        *("years_between", "months_between", "days_between"),
    )
)


class _SupposedAnswer(NamedTuple):
    """An assumed answer to one item; everything else is assumed to have some answer."""

    item: str
    declined: str = ""
    """The decline, if it was declined."""
    code: Code | None = None
    """The code, if one is assumed."""


@dataclass(frozen=True, slots=True)
class _Assumption:
    """Truth values of conditions under one assumed answer."""

    answer: _SupposedAnswer
    computes: Mapping[str, Compute]

    def evaluate(self, node: ast.expr, depth: int = 0) -> int:
        """Return all possible truth values of a condition: TRUE, FALSE, UNKNOWN, joined by `|`."""
        match node:
            case ast.BoolOp(op=op, values=values):
                return _combine([self.evaluate(v, depth) for v in values], conjunction=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negate_truths(self.evaluate(operand, depth))
            case ast.Compare(left=left, ops=ops, comparators=rights) if len(ops) > 1:
                sides = [left, *rights]
                links = [ast.Compare(sides[i], [op], [sides[i + 1]]) for i, op in enumerate(ops)]
                return _combine([self.evaluate(link, depth) for link in links], conjunction=True)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._evaluate_comparison(left, op, right, depth)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                tested = self.evaluate(test, depth)
                then = self.evaluate(body, depth) if tested & TRUE else 0
                return then | (self.evaluate(orelse, depth) if tested & NOT_TRUE else 0)
            case ast.Call(func=ast.Name(id="answered" | "declined" | "dk" | "refused" as function), args=[item]):
                return self._evaluate_state(function, item, depth)
            case ast.Name(id=name) if (tree := self._find_compute_tree(name)) is not None and depth < _MAX_DEPTH:
                return self.evaluate(tree, depth + 1)
            case _:
                return self.evaluate_value(node, depth)

    def evaluate_value(self, node: ast.expr, depth: int = 0) -> int:
        """Return whether a term can have a value (TRUE, FALSE) or be missing since the item was declined (UNKNOWN)."""
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if name == self.answer.item:
                    return UNKNOWN if self.answer.declined else _TRUE_OR_FALSE
                tree = self._find_compute_tree(name)
                return (
                    self.evaluate_value(tree, depth + 1) if tree is not None and depth < _MAX_DEPTH else _TRUE_OR_FALSE
                )
            case ast.BinOp(left=left, right=right):
                return self._evaluate_operands([left, right], depth)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.evaluate_value(operand, depth)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                tested = self.evaluate(test, depth)
                then = self.evaluate_value(body, depth) if tested & TRUE else 0
                return then | (self.evaluate_value(orelse, depth) if tested & NOT_TRUE else 0)
            case ast.Call(func=ast.Name(id="count"), args=[ast.Name() as several]):
                return self.evaluate_value(several, depth)
            case ast.Call(func=ast.Name(id=function), args=args) if function in _STRICT_FUNCTIONS:
                return self._evaluate_operands(args, depth)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp():
                return self.evaluate(node, depth)
            case _:
                return _TRUE_OR_FALSE

    def _evaluate_operands(self, nodes: list[ast.expr], depth: int) -> int:
        values = [self.evaluate_value(node, depth) for node in nodes]
        missing = any(value & UNKNOWN for value in values)
        return (UNKNOWN if missing else 0) | (_TRUE_OR_FALSE if all(value & _TRUE_OR_FALSE for value in values) else 0)

    def evaluate_requirements(self, requirements: tuple[Requirement, ...]) -> int:
        """Return whether all of these are met: TRUE, FALSE, or UNKNOWN if one is not met because it is unknown."""
        return _combine([self._evaluate_requirement(requirement) for requirement in requirements], conjunction=True)

    def _evaluate_requirement(self, requirement: Requirement) -> int:
        truths = self.evaluate(requirement.condition.tree)
        if requirement.key == "ask_if":
            return truths
        return (FALSE if truths & TRUE else 0) | (TRUE if truths & NOT_TRUE else 0)

    def _find_compute_tree(self, name: str) -> ast.expr | None:
        compute = self.computes.get(name)
        return next(iter(compute.conditions.values())).tree if compute is not None else None

    def _evaluate_comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int) -> int:
        declined, code = self.answer.declined, self.answer.code
        is_assumed_item = isinstance(left, ast.Name) and left.id == self.answer.item
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple):
                return self._evaluate_operands([left, right], depth)
            if is_assumed_item and declined:
                is_listed = any(isinstance(e, ast.Name) and e.id == declined for e in right.elts)
                truths = TRUE if is_listed else UNKNOWN
            elif is_assumed_item and code is not None:
                truths = TRUE if any(find_constant(e) == code for e in right.elts) else FALSE
            else:
                truths = self._evaluate_operands([left], depth)
            return negate_truths(truths) if isinstance(op, ast.NotIn) else truths
        value = find_constant(right)
        if is_assumed_item and code is not None and value is not None and type(value) is type(code):
            return TRUE if COMPARE[COMPARISON_SIGNS[type(op)]](code, value) else FALSE
        return self._evaluate_operands([left, right], depth)

    def _evaluate_state(self, function: str, item: ast.expr, depth: int) -> int:
        declined = self.answer.declined
        if not (isinstance(item, ast.Name) and item.id == self.answer.item):
            return FALSE if function == "answered" and self.evaluate_value(item, depth) == UNKNOWN else _TRUE_OR_FALSE
        if function == "answered":
            return FALSE if declined else TRUE
        return TRUE if declined and function in ("declined", declined) else FALSE


def _combine(operands: list[int], *, conjunction: bool) -> int:
    """Return the possible truth values of `and` or `or` over operands with these possible truth values."""
    decides, other = (FALSE, TRUE) if conjunction else (TRUE, FALSE)
    joined = other
    for truths in operands:
        some = (joined | truths) & decides
        some |= UNKNOWN if (joined | truths) & UNKNOWN and joined & ~decides and truths & ~decides else 0
        joined = some | (other if joined & other and truths & other else 0)
    return joined


class _RouteItem(NamedTuple):
    """One item on the route: what must hold for anybody to get to the groups around it, and to the item itself."""

    item: CompiledItem
    outer_requirements: tuple[Requirement, ...]
    own_requirements: tuple[Requirement, ...]
    """For an end: what decides whether it applies."""
    roster_counts: tuple[ast.expr, ...]
    """The number of turns of the rosters around it."""

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        return (*self.outer_requirements, *self.own_requirements)


def _asks_somebody(item: CompiledItem) -> bool:
    return item.question.expects_answer and item.question.by is None and not item.after_hangup


def _list_route(root: ItemGroup) -> list[_RouteItem]:
    """List every item on the route, in written order.

    The condition of a group that asks nothing before its end counts as the end's own.
    """
    route: list[_RouteItem] = []
    asked_count = 0

    def walk(group: ItemGroup, groups: tuple[tuple[ItemGroup, int], ...]) -> None:
        nonlocal asked_count
        for child in group.children:
            if isinstance(child, ItemGroup):
                walk(child, (*groups, (child, asked_count)))
                continue
            around, own_requirements = ([list_requirements(outer) for outer, _ in groups], list_requirements(child))
            if isinstance(child.question, EndItem):
                for _, asked_before in reversed(groups):
                    if own_requirements and asked_count > asked_before:
                        break
                    own_requirements = (*around.pop(), *own_requirements)
            asked_count += _asks_somebody(child)
            counts = tuple(g.count.tree for g, _ in groups if isinstance(g, Roster) and g.count is not None)
            route.append(
                _RouteItem(child, tuple(n for requirements in around for n in requirements), own_requirements, counts)
            )

    walk(root, ())
    return route


def decline_passes_end(draft: InstrumentDraft) -> Iterator[Problem]:
    """A respondent who declines a question is interviewed, although other answers to it lead to an `end`.

        - {id: consent, type: single, options: {1: "Yes", 2: "No"}, text: May I ask you some questions?}
        - {id: no_consent, type: end, ask_if: consent == 2, outcome: refusal_soft}

    After a refusal at `consent` the condition is unknown, and an unknown `ask_if` does not apply. Write
    `unless: consent == 1`, which also stops everybody who has not clearly said yes, or `declines: []` at the item.
    If these respondents are to be interviewed, write `ask_if: answered(consent) and consent == 2`.
    """
    if draft.root is None or draft.lost:
        return
    route = _list_route(draft.root)
    ends: dict[str, list[int]] = {}
    for at, route_item in enumerate(route):
        if isinstance(route_item.item.question, EndItem) and str(route_item.item.question.outcome) != "complete":
            for name in _find_inputs(draft, route_item.own_requirements):
                ends.setdefault(name, []).append(at)
    uses = {id(use.condition): use for use in draft.uses if use.condition is not None}
    for name, end_indexes in ends.items():
        item = draft.items.get(name)
        if item is None or not item.question.expects_answer:
            continue
        passed: dict[tuple[int, str], list[str]] = {}
        for decline in item.declines:
            passed_end = _follow(draft, route, end_indexes, _SupposedAnswer(name, decline.id))
            if passed_end is not None:
                label = str(decline.text.get(draft.language)).lower()
                passed.setdefault(passed_end, []).append(label)
        for (at, onward), kinds in passed.items():
            end = route[at]
            requirement = next(
                (n for n in reversed(end.own_requirements) if name in _find_inputs(draft, (n,))),
                end.own_requirements[-1],
            )
            use = uses.get(id(requirement.condition))
            what = (
                f"{requirement.key}: {shorten(requirement.condition.text)} is unknown if {name} is declined "
                f"({join_words(kinds, 'or')}): this end does not apply, and the interview continues{onward}"
            )
            where = use.where if use is not None else end.item.question.find_position("id")
            remedy = _write_remedy(draft, item, [route[i] for i in end_indexes], requirement)
            length = max(1, use.length) if use is not None else len(end.item.id)
            yield report("decline-passes-end", (where, length), end.item.id, what, remedy)


def _find_inputs(draft: InstrumentDraft, requirements: tuple[Requirement, ...]) -> dict[str, None]:
    """Find the items that these conditions depend on, also through computes, in order."""
    pending = [name for requirement in requirements for name in sorted(requirement.condition.names)]
    inputs: dict[str, None] = {}
    while pending:
        name = pending.pop(0)
        compute = draft.computes.get(name)
        if name not in inputs and compute is not None:
            pending += [n for c in compute.conditions.values() for n in sorted(c.names)]
        inputs.setdefault(name)
    return inputs


def _follow(
    draft: InstrumentDraft, route: list[_RouteItem], ends: list[int], answer: _SupposedAnswer
) -> tuple[int, str] | None:
    """Find the last end passed before the interview continues, and what it continues with; None if it does not."""
    declined, answered = (
        _Assumption(answer, draft.computes),
        _Assumption(_SupposedAnswer(answer.item), draft.computes),
    )

    def passes_by(route_item: _RouteItem) -> bool:
        undecided = (
            declined.evaluate_requirements(route_item.own_requirements) & UNKNOWN
            and answered.evaluate_requirements(route_item.own_requirements) & TRUE
        )
        return bool(undecided and declined.evaluate_requirements(route_item.outer_requirements) & TRUE)

    passed = next(
        (
            index
            for index in ends
            if passes_by(route[index]) or declined.evaluate_requirements(route[index].requirements) == TRUE
        ),
        None,
    )
    if passed is None or declined.evaluate_requirements(route[passed].requirements) == TRUE:
        return None
    is_assumed_item = frozenset(ends)
    for index in range(passed + 1, len(route)):
        route_item = route[index]
        if any(declined.evaluate_value(count) == UNKNOWN for count in route_item.roster_counts):
            continue
        if isinstance(route_item.item.question, EndItem):
            if declined.evaluate_requirements(route_item.requirements) == TRUE:
                return None
            passed = index if index in is_assumed_item and passes_by(route_item) else passed
        elif (
            _asks_somebody(route_item.item)
            and (reached := declined.evaluate_requirements(route_item.requirements)) & TRUE
        ):
            explicit = [n for n in route_item.requirements if n.key == "ask_if" and answer.item in n.condition.names]
            if explicit and reached == TRUE:
                return None  # the questionnaire says here what respondents who declined are asked
            return passed, f" with {route_item.item.id}"
    return passed, " to its end, and counts as complete"


def _write_remedy(draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem], requirement: Requirement) -> str:
    others = f"or declines: [] at {item.id}; if they are to be interviewed, "
    tree = requirement.condition.tree
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or):  # the other operands still end the interview
        others += f"write answered({item.id}) and … in the part of the condition that is about {item.id}"
    else:
        others += f"ask_if: answered({item.id}) and {_bracket(requirement)}"
    if requirement.key != "ask_if":
        return f"write a condition that is true for respondents who decline, {others}"
    continue_condition = _write_continue_condition(draft, item, ends, requirement)
    if not continue_condition:
        return f"write unless: with the condition for continuing instead, {others}"
    return f"write unless: {continue_condition} instead, {others}"


def _bracket(requirement: Requirement) -> str:
    text = requirement.condition.text
    return f"({text})" if isinstance(requirement.condition.tree, ast.BoolOp | ast.IfExp) else text


def _write_continue_condition(
    draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem], requirement: Requirement
) -> str:
    """Write the condition under which the interview continues, for `unless`."""
    if all(
        route_item.own_requirements and {n for m in route_item.own_requirements for n in m.condition.names} == {item.id}
        for route_item in ends
    ):
        codes = [
            option.code
            for option in item.options
            if all(
                _Assumption(_SupposedAnswer(item.id, code=option.code), draft.computes).evaluate_requirements(
                    p.own_requirements
                )
                == FALSE
                for p in ends
            )
        ]
        if codes:
            listed = ", ".join(map(repr, codes))
            return f"{item.id} == {listed}" if len(codes) == 1 else f"{item.id} in [{listed}]"
    match requirement.condition.tree:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISON_SIGNS and len(ends) == 1:
            return f"{ast.unparse(left)} {OPPOSITE_SIGNS[COMPARISON_SIGNS[type(op)]]} {ast.unparse(right)}"
        case _:
            return ""
