"""Checks of the route: ends that a respondent who declines passes.

For each item that an end depends on and that may be declined, the route after that end is followed
for a respondent who declined, up to another end that certainly applies or to the next question. All
other items are taken to be answered. An interview doesn't start with such an end, so this is
decided without the solver.
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
from survey_cli.instrument.expressions.parsing import shorten, write_expression
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

    @property
    def is_end(self) -> bool:
        return isinstance(self.item.question, EndItem)


class _OuterGroup(NamedTuple):
    """A group around an item, and how many questions came before the group."""

    group: ItemGroup
    asked_before: int


class _RouteBuilder:
    """The items on the route in written order, and the number of questions so far."""

    def __init__(self) -> None:
        self.route: list[_RouteItem] = []
        self._asked_count = 0

    def add_group(self, group: ItemGroup, around: tuple[_OuterGroup, ...] = ()) -> None:
        for child in group.children:
            if isinstance(child, ItemGroup):
                self.add_group(child, (*around, _OuterGroup(child, self._asked_count)))
            else:
                self._add_item(child, around)

    def _add_item(self, item: CompiledItem, around: tuple[_OuterGroup, ...]) -> None:
        outer = [list_requirements(outer_group.group) for outer_group in around]
        own = list_requirements(item)
        if isinstance(item.question, EndItem):
            # The condition of a group that asks nothing before its end counts as the end's own.
            for outer_group in reversed(around):
                if own and self._asked_count > outer_group.asked_before:
                    break
                own = (*outer.pop(), *own)

        if _asks_somebody(item):
            self._asked_count += 1
        counts = tuple(
            group.count.tree
            for group, _ in around
            if isinstance(group, Roster) and group.count is not None
        )
        self.route.append(_RouteItem(item, tuple(chain.from_iterable(outer)), own, counts))


def _asks_somebody(item: CompiledItem) -> bool:
    return item.question.expects_answer and item.question.by is None and not item.after_hangup


def _list_route(root: ItemGroup) -> list[_RouteItem]:
    """List every item on the route, in written order."""
    builder = _RouteBuilder()
    builder.add_group(root)
    return builder.route


def decline_passes_end(draft: InstrumentDraft) -> Iterator[Problem]:
    """A respondent who declines a question is interviewed, although other answers lead to an `end`.

        - {id: consent, type: single, options: {1: "Yes", 2: "No"}, text: May I ask …?}
        - {id: no_consent, type: end, ask_if: consent == 2, outcome: refusal_soft}

    After a refusal at `consent` the condition is unknown, and an unknown `ask_if` does not apply.
    Write `unless: consent == 1`, which also stops everybody who has not clearly said yes, or
    `declines: []` at the item. If these respondents are to be interviewed, write
    `ask_if: answered(consent) and consent == 2`.
    """
    if draft.root is None or draft.lost:
        return
    route = _list_route(draft.root)
    uses = {id(use.condition): use for use in draft.uses if use.condition is not None}
    for name, end_indexes in _list_ends(draft, route).items():
        item = draft.items.get(name)
        if item is None or not item.question.expects_answer:
            continue
        for passed, declines in _group_declines(draft, route, end_indexes, item).items():
            end = route[passed.end_index]
            requirement = _find_deciding_requirement(draft, end, name)
            condition = shorten(requirement.condition.text)
            what = (
                f"{requirement.key}: {condition} is unknown if {name} is declined "
                f"({join_words(declines, 'or')}): this end does not apply, "
                f"and the interview continues{passed.onward}"
            )
            use = uses.get(id(requirement.condition))
            if use is not None:
                place = (use.where, max(1, use.length))
            else:
                place = (end.item.question.find_position("id"), len(end.item.id))
            ends = [route[index] for index in end_indexes]
            remedy = _write_remedy(draft, item, ends, requirement)
            yield report("decline-passes-end", place, end.item.id, what, remedy)


def _list_ends(draft: InstrumentDraft, route: list[_RouteItem]) -> dict[str, list[int]]:
    """List the ends that depend on each item, as indexes on the route; without completed ones."""
    ends: dict[str, list[int]] = {}
    for index, route_item in enumerate(route):
        question = route_item.item.question
        if isinstance(question, EndItem) and str(question.outcome) != "complete":
            for name in _find_inputs(draft, route_item.own_requirements):
                ends.setdefault(name, []).append(index)
    return ends


class _PassedEnd(NamedTuple):
    """The last end that a declining respondent passes, and how the interview continues."""

    end_index: int
    """Of the end, on the route."""
    onward: str


class _DecliningRespondent:
    """A respondent who declined one item and answered all others, on the way along the route."""

    def __init__(self, draft: InstrumentDraft, answer: SupposedAnswer) -> None:
        self.declined = Assumption(answer, draft.computes)
        self._answered = Assumption(SupposedAnswer(answer.item), draft.computes)

    def passes(self, end: _RouteItem) -> bool:
        """Return whether the end is passed because of the decline, and applies to some answer."""
        own = end.own_requirements
        may_be_unknown = self.declined.evaluate_requirements(own) & UNKNOWN
        if not may_be_unknown or not self._answered.evaluate_requirements(own) & TRUE:
            return False
        return bool(self.declined.evaluate_requirements(end.outer_requirements) & TRUE)

    def ends_at(self, end: _RouteItem) -> bool:
        """Return whether the end certainly applies."""
        return self.declined.evaluate_requirements(end.requirements) == TRUE

    def find_first_passed(self, route: list[_RouteItem], ends: list[int]) -> int | None:
        """Find the first of these ends that is passed; None if one before it applies."""
        for index in ends:
            if self.ends_at(route[index]):
                return None
            if self.passes(route[index]):
                return index
        return None


def _group_declines(
    draft: InstrumentDraft, route: list[_RouteItem], ends: list[int], item: CompiledItem
) -> dict[_PassedEnd, list[str]]:
    """Group an item's declines by the end that is passed after them."""
    declines: dict[_PassedEnd, list[str]] = {}
    for decline in item.declines:
        passed = _follow(draft, route, ends, SupposedAnswer(item.id, decline.id))
        if passed is not None:
            text = str(decline.text.get(draft.language)).lower()
            declines.setdefault(passed, []).append(text)
    return declines


def _find_deciding_requirement(draft: InstrumentDraft, end: _RouteItem, name: str) -> Requirement:
    """Find the innermost requirement of an end that depends on an item."""
    for requirement in reversed(end.own_requirements):
        if name in _find_inputs(draft, (requirement,)):
            return requirement
    return end.own_requirements[-1]


def _find_inputs(draft: InstrumentDraft, requirements: tuple[Requirement, ...]) -> dict[str, None]:
    """Find the items that these conditions depend on, also through computes, in order."""
    names = (name for requirement in requirements for name in sorted(requirement.condition.names))
    return find_inputs(names, draft.computes)


def _follow(
    draft: InstrumentDraft, route: list[_RouteItem], ends: list[int], answer: SupposedAnswer
) -> _PassedEnd | None:
    """Find the last end passed before the interview continues; None if it ends."""
    respondent = _DecliningRespondent(draft, answer)
    declined = respondent.declined
    passed = respondent.find_first_passed(route, ends)
    if passed is None:
        return None

    for index in range(passed + 1, len(route)):
        route_item = route[index]
        if any(declined.evaluate_value(count) == UNKNOWN for count in route_item.roster_counts):
            continue  # without a number of turns, the roster has none
        if route_item.is_end:
            if respondent.ends_at(route_item):
                return None
            if index in ends and respondent.passes(route_item):
                passed = index
        elif _asks_somebody(route_item.item):
            reached = declined.evaluate_requirements(route_item.requirements)
            if reached == TRUE and _is_asked_explicitly(route_item, answer.item):
                return None  # the questionnaire says here what respondents who declined are asked
            if reached & TRUE:
                return _PassedEnd(passed, f" with {route_item.item.id}")
    return _PassedEnd(passed, " to its end, and counts as complete")


def _is_asked_explicitly(route_item: _RouteItem, name: str) -> bool:
    """Return whether an `ask_if` of an item on the route names the item that was declined."""
    for requirement in route_item.requirements:
        if requirement.key == "ask_if" and name in requirement.condition.names:
            return True
    return False


def _write_remedy(
    draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem], requirement: Requirement
) -> str:
    instead = _write_explicit_condition(item, requirement)
    others = f"or declines: [] at {item.id}; if they are to be interviewed, {instead}"
    if requirement.key != "ask_if":
        return f"write a condition that is true for respondents who decline, {others}"

    condition = _write_continue_condition(draft, item, ends, requirement)
    if not condition:
        condition = "with the condition for continuing"
    return f"write unless: {condition} instead, {others}"


def _write_explicit_condition(item: CompiledItem, requirement: Requirement) -> str:
    """Write how the end says that respondents who decline are interviewed."""
    tree = requirement.condition.tree
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or):
        # The other operands still end the interview.
        return (
            f"write answered({item.id}) and … in the part of the condition that is about {item.id}"
        )
    text = requirement.condition.text
    if isinstance(tree, ast.BoolOp | ast.IfExp):
        text = f"({text})"
    return f"ask_if: answered({item.id}) and {text}"


def _write_continue_condition(
    draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem], requirement: Requirement
) -> str:
    """Write the condition under which the interview continues, for `unless`; empty if unknown."""
    codes = _list_continuing_codes(draft, item, ends)
    if len(codes) == 1:
        return f"{item.id} == {codes[0]}"
    if codes:
        return f"{item.id} in [{', '.join(codes)}]"

    if len(ends) > 1:
        return ""
    match requirement.condition.tree:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISON_SIGNS:
            opposite = OPPOSITE_SIGNS[COMPARISON_SIGNS[type(op)]]
            return f"{write_expression(left)} {opposite} {write_expression(right)}"
        case _:
            return ""


def _list_continuing_codes(
    draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem]
) -> list[str]:
    """List the codes of an item after which no end applies; none if ends depend on other items."""
    for end in ends:
        names = {name for own in end.own_requirements for name in own.condition.names}
        if names != {item.id}:
            return []

    codes: list[str] = []
    for option in item.options:
        answer = SupposedAnswer(item.id, code=option.code, amounts=item.amounts)
        assumption = Assumption(answer, draft.computes)
        truths = [assumption.evaluate_requirements(end.own_requirements) for end in ends]
        if all(truth == FALSE for truth in truths):
            codes.append(repr(option.code))
    return codes
