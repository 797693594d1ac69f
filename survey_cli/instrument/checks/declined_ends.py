"""Checks of the route: ends that a respondent who declines passes.

For each item that an end depends on and that may be declined, the route after that end is followed
for a respondent who declined, up to another end that certainly applies or to the next question. All
other items are taken to be answered. An interview doesn't start with such an end, so this is decided
without the solver.
"""

import ast
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from survey_cli.instrument.checks.assumptions import (
    FALSE,
    TRUE,
    UNKNOWN,
    Assumption,
    SupposedAnswer,
)
from survey_cli.instrument.checks.source_items import report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import ItemGroup, Roster, find_inputs
from survey_cli.instrument.compiled.requirements import Requirement, list_requirements
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS, OPPOSITE_SIGNS
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.problems import Problem
from survey_cli.wording import join_words


class _RouteItem(NamedTuple):
    """One item on the route, with the requirements of the groups around it and its own."""

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
            around, own = (
                [list_requirements(outer) for outer, _ in groups],
                list_requirements(child),
            )
            for _, asked_before in reversed(groups) if isinstance(child.question, EndItem) else ():
                if own and asked_count > asked_before:
                    break
                own = (*around.pop(), *own)
            asked_count += _asks_somebody(child)
            counts = tuple(
                g.count.tree for g, _ in groups if isinstance(g, Roster) and g.count is not None
            )
            route.append(_RouteItem(child, tuple(chain.from_iterable(around)), own, counts))

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
    for at, (item, _, own_requirements, _) in enumerate(route):
        if isinstance(item.question, EndItem) and str(item.question.outcome) != "complete":
            for name in _find_inputs(draft, own_requirements):
                ends.setdefault(name, []).append(at)
    uses = {id(use.condition): use for use in draft.uses if use.condition is not None}
    for name, end_indexes in ends.items():
        compiled = draft.items.get(name)
        if compiled is None or not compiled.question.expects_answer:
            continue
        passed: dict[tuple[int, str], list[str]] = {}
        for decline in compiled.declines:
            passed_end = _follow(draft, route, end_indexes, SupposedAnswer(name, decline.id))
            if passed_end is not None:
                passed.setdefault(passed_end, []).append(
                    str(decline.text.get(draft.language)).lower()
                )
        for (at, onward), kinds in passed.items():
            end = route[at]
            about = (n for n in reversed(end.own_requirements) if name in _find_inputs(draft, (n,)))
            requirement = next(about, end.own_requirements[-1])
            use = uses.get(id(requirement.condition))
            what = (
                f"{requirement.key}: {shorten(requirement.condition.text)} is unknown if {name} is declined "
                f"({join_words(kinds, 'or')}): this end does not apply, and the interview continues{onward}"
            )
            place = (end.item.question.find_position("id"), len(end.item.id))
            place = (use.where, max(1, use.length)) if use is not None else place
            remedy = _write_remedy(draft, compiled, [route[i] for i in end_indexes], requirement)
            yield report("decline-passes-end", place, end.item.id, what, remedy)


def _find_inputs(draft: InstrumentDraft, requirements: tuple[Requirement, ...]) -> dict[str, None]:
    """Find the items that these conditions depend on, also through computes, in order."""
    names = (name for requirement in requirements for name in sorted(requirement.condition.names))
    return find_inputs(names, draft.computes)


def _follow(
    draft: InstrumentDraft, route: list[_RouteItem], ends: list[int], answer: SupposedAnswer
) -> tuple[int, str] | None:
    """Find the last end passed before the interview continues, and how it does; None if it ends."""
    declined = Assumption(answer, draft.computes)
    answered = Assumption(SupposedAnswer(answer.item), draft.computes)

    def passes_by(route_item: _RouteItem) -> bool:
        own = route_item.own_requirements
        undecided = (
            declined.evaluate_requirements(own) & UNKNOWN
            and answered.evaluate_requirements(own) & TRUE
        )
        return bool(
            undecided and declined.evaluate_requirements(route_item.outer_requirements) & TRUE
        )

    def applies(route_item: _RouteItem) -> bool:
        return declined.evaluate_requirements(route_item.requirements) == TRUE

    passed = next(
        (index for index in ends if passes_by(route[index]) or applies(route[index])), None
    )
    if passed is None or applies(route[passed]):
        return None
    for index in range(passed + 1, len(route)):
        route_item = route[index]
        if any(declined.evaluate_value(count) == UNKNOWN for count in route_item.roster_counts):
            continue
        if isinstance(route_item.item.question, EndItem):
            if applies(route_item):
                return None
            passed = index if index in ends and passes_by(route_item) else passed
        elif _asks_somebody(route_item.item):
            reached = declined.evaluate_requirements(route_item.requirements)
            explicit = [
                n
                for n in route_item.requirements
                if n.key == "ask_if" and answer.item in n.condition.names
            ]
            if explicit and reached == TRUE:
                return None  # the questionnaire says here what respondents who declined are asked
            if reached & TRUE:
                return passed, f" with {route_item.item.id}"
    return passed, " to its end, and counts as complete"


def _write_remedy(
    draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem], requirement: Requirement
) -> str:
    tree, text = requirement.condition.tree, requirement.condition.text
    text = f"({text})" if isinstance(tree, ast.BoolOp | ast.IfExp) else text
    instead = f"ask_if: answered({item.id}) and {text}"
    if isinstance(tree, ast.BoolOp) and isinstance(
        tree.op, ast.Or
    ):  # the other operands still end the interview
        instead = (
            f"write answered({item.id}) and … in the part of the condition that is about {item.id}"
        )
    others = f"or declines: [] at {item.id}; if they are to be interviewed, {instead}"
    if requirement.key != "ask_if":
        return f"write a condition that is true for respondents who decline, {others}"
    continue_condition = _write_continue_condition(draft, item, ends, requirement)
    return f"write unless: {continue_condition or 'with the condition for continuing'} instead, {others}"


def _write_continue_condition(
    draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem], requirement: Requirement
) -> str:
    """Write the condition under which the interview continues, for `unless`."""
    own = [end.own_requirements for end in ends]
    if all(
        frozenset[str]().union(*(r.condition.names for r in requirements)) == {item.id}
        for requirements in own
    ):
        codes = []
        for option in item.options:
            assumption = Assumption(SupposedAnswer(item.id, code=option.code), draft.computes)
            if all(assumption.evaluate_requirements(requirements) == FALSE for requirements in own):
                codes.append(repr(option.code))
        if codes:
            return (
                f"{item.id} == {codes[0]}"
                if len(codes) == 1
                else f"{item.id} in [{', '.join(codes)}]"
            )
    match requirement.condition.tree:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if (
            type(op) in COMPARISON_SIGNS and len(ends) == 1
        ):
            return f"{ast.unparse(left)} {OPPOSITE_SIGNS[COMPARISON_SIGNS[type(op)]]} {ast.unparse(right)}"
        case _:
            return ""
