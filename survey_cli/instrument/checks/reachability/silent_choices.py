"""Checks of conditions: choices `x if condition else y` that give `y` although the condition is unknown."""

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from survey_cli.instrument.checks.reachability.assumptions import Assumption, SupposedAnswer
from survey_cli.instrument.checks.reachability.facts import (
    FALSE,
    NO_CONSTRAINTS,
    NOT_TRUE,
    TRUE,
    UNKNOWN,
    ConditionSolver,
    Facts,
    Requirement,
    list_requirements,
)
from survey_cli.instrument.checks.source_items import report
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse, once_per_draft
from survey_cli.instrument.compiled.model import find_inputs
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.expression_checker import shift_position
from survey_cli.instrument.expressions.parsing import ParsedExpression, parse_expression, shorten
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.problems import Position, Problem
from survey_cli.wording import join_words

_KEYS: Final = ("compute", "min", "max", "count", "total")
"""Where a choice has a value. In conditions such as `(0 if q1 == 1 else 1) == 1` it is written on purpose."""
_NOT_ASKED: Final = "not_asked"
_MAX_READERS: Final = 6
_KNOWN: Final = TRUE | FALSE

Step: TypeAlias = tuple[ast.expr, int]
"""A test on the way to a choice, and the truth values that lead there."""


class _Choice(NamedTuple):
    """A choice within a calculation, whose test may be unknown."""

    node: ast.IfExp
    path: tuple[Step, ...]
    value: ast.expr
    """What it then gives."""


class SilentChoice(NamedTuple):
    """A choice that gives a value although its test is unknown."""

    problem: Problem
    name: str
    """The compute, or the item whose limit it is."""
    key: str
    item: str
    """The item because of which the test is unknown."""
    path: tuple[Step, ...]
    """The tests that lead to it."""
    test: ast.expr
    read_at: tuple[str, ...]
    """The items where its value is read, if it matters only there; empty for a variable of the data."""


class _Readers:
    """What reads each compute, also through other computes. It is looked up for those that are reported only."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self._direct: dict[str, list[NameUse]] = {}
        for use in draft.uses:
            for name in use.names & draft.computes.keys():
                self._direct.setdefault(name, []).append(use)

    def find(self, compute: str) -> tuple[list[NameUse], set[str]]:
        """Return the uses outside of computes, and the computes that depend on this one, with itself."""
        uses: list[NameUse] = []
        waiting = [compute]
        dependent = {compute}
        for name in waiting:
            for use in self._direct.get(name, ()):
                if use.key != "compute":
                    uses.append(use)
                elif use.owner not in dependent:
                    dependent.add(use.owner)
                    waiting.append(use.owner)
        return uses, dependent


def silent_else(draft: InstrumentDraft) -> Iterator[Problem]:
    """A calculation gives the value after `else` to respondents of whom its condition is not known.

        compute: {bracket: 1 if income < 25000 else 2}     after a refusal, bracket is 2

    Somebody who refused, didn't know or wasn't asked is then counted, asked or told as if the condition were false. Give
    these respondents a value of their own, `9 if not answered(income) else 1 if income < 25000 else 2`, or say that they
    are meant too: `1 if answered(income) and income < 25000 else 2`.

    Nothing is reported if the calculation has no value for them anyway (`0 if days == 88 else days`). A text that is only
    filled in is reported if it can be read then.
    """
    for choice in list_silent_choices(draft):
        yield choice.problem


@once_per_draft
def list_silent_choices(draft: InstrumentDraft) -> list[SilentChoice]:
    """List the first such choice of each compute, and of each limit."""
    uses = [
        use
        for use in draft.uses
        if use.key in _KEYS and use.condition is not None and " if " in use.condition.text
    ]
    if not uses or draft.lost:
        return []
    solver = ConditionSolver(draft)
    readers = _Readers(draft)
    found: dict[tuple[str, str], SilentChoice] = {}
    for use in uses:
        if (use.owner, use.key) not in found:
            choice = _check_use(draft, solver, use, readers)
            if choice is not None:
                found[use.owner, use.key] = choice
    return list(found.values())


def _check_use(
    draft: InstrumentDraft, solver: ConditionSolver, use: NameUse, readers: _Readers
) -> SilentChoice | None:
    assert use.condition is not None
    read_at: list[NameUse] = []
    if use.key != "compute":
        starts = {use.owner: _assume_reached(draft, solver, use)}
    else:
        read_at = _list_fills(readers, use)
        starts = {each.owner: _assume_reached(draft, solver, each) for each in read_at} or {
            "": NO_CONSTRAINTS
        }

    kinds: dict[str, None] = {}
    first: tuple[str, _Choice] | None = None
    reached: dict[str, None] = {}
    for item in find_inputs(sorted(use.condition.names), draft.computes):
        for kind in _list_missing_kinds(draft, solver, item):
            if first is not None and first[0] != item:
                break
            assumption = Assumption(SupposedAnswer(item, declined=kind), draft.computes)
            for choice in _find_silent(assumption, use.condition.tree, ()):
                possible = [
                    owner
                    for owner, facts in starts.items()
                    if facts and _is_possible(solver, item, kind, choice, facts)
                ]
                if possible and (first is None or choice.node is first[1].node):
                    first = first or (item, choice)
                    kinds[kind] = None
                    reached |= dict.fromkeys(possible)
    if first is None:
        return None
    item, choice = first
    problem = _describe(draft, use, item, list(kinds), choice, readers)
    read = tuple(owner for owner in reached if owner)
    return SilentChoice(problem, use.owner, use.key, item, choice.path, choice.node.test, read)


# What may be unknown


def _list_missing_kinds(draft: InstrumentDraft, solver: ConditionSolver, name: str) -> list[str]:
    """List how an item can be without an answer. Items of rosters are left out: they are read over all turns."""
    symbol = draft.symbols.get(name)
    variable = solver.variables.find(name)
    if (
        symbol is None
        or variable is None
        or not variable.is_asked
        or symbol.value_type.roster is not None
    ):
        return []
    missing = variable.domain.missing
    kinds = [decline.id for decline in draft.items[name].declines if decline.id in missing]
    if _NOT_ASKED in missing and solver.variables.list_requirements_of(name):
        kinds.append(_NOT_ASKED)
    return kinds


def _find_silent(
    assumption: Assumption, node: ast.expr, path: tuple[Step, ...]
) -> Iterator[_Choice]:
    """Yield the choices that give a value although their test is unknown."""
    if not isinstance(node, ast.IfExp):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _find_silent(assumption, child, path)
        return
    tested = assumption.evaluate(node.test)
    if tested & UNKNOWN and _gives_value(assumption, node.orelse):
        yield _Choice(node, path, _find_value(assumption, node.orelse))
    if tested & TRUE:
        yield from _find_silent(assumption, node.body, (*path, (node.test, TRUE)))
    if tested & ~TRUE:
        yield from _find_silent(assumption, node.orelse, (*path, (node.test, NOT_TRUE)))


def _gives_value(assumption: Assumption, node: ast.expr) -> bool:
    """Return whether what comes after an `else` has a value that nothing in it gives on purpose."""
    match node:
        case ast.Constant(value=""):
            return False
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=0)):
            return False  # written for a missing value
        case ast.IfExp(test=test, body=body, orelse=orelse):
            tested = assumption.evaluate(test)
            if tested in (TRUE, FALSE) and _tests_state(test, assumption.answer.item):
                return False
            body_counts = bool(tested & TRUE) and _gives_value(assumption, body)
            return body_counts or (bool(tested & ~TRUE) and _gives_value(assumption, orelse))
        case _:
            return bool(assumption.evaluate_value(node) & _KNOWN)


def _find_value(assumption: Assumption, node: ast.expr) -> ast.expr:
    """Return the last `else` of a chain of choices, as far as their tests are unknown too."""
    while isinstance(node, ast.IfExp) and assumption.evaluate(node.test) == UNKNOWN:
        node = node.orelse
    return node


def _tests_state(test: ast.expr, item: str) -> bool:
    """Return whether a condition asks whether an item has an answer: `answered(q)`, `q in [dk]`."""
    return any(isinstance(node, ast.Name) and node.id == item for node in ast.walk(test))


def _is_possible(
    solver: ConditionSolver, item: str, kind: str, choice: _Choice, facts: Facts
) -> bool:
    """Return whether an interview may come to a choice while its item is missing in this way, and its value is known."""
    if kind == _NOT_ASKED:
        facts = solver.assume_not_all(solver.variables.list_requirements_of(item), facts)
    missing = ast.UnaryOp(ast.Not(), ast.Call(ast.Name("answered"), [ast.Name(item)], []))
    if kind in ("dk", "refused"):
        missing = ast.Call(ast.Name(kind), [ast.Name(item)], [])  # type: ignore[assignment]  # a condition too
    for tree, truths in ((missing, TRUE), *choice.path, (choice.node.test, UNKNOWN)):
        facts = solver.assume_tree(tree, truths, facts)
    if not any(isinstance(node, ast.IfExp | ast.Call) for node in ast.walk(choice.value)):
        for node in ast.walk(choice.value):
            if isinstance(node, ast.Name):
                facts = solver.assume_answered(node.id, facts)
    return bool(facts)


# Where the value is read


def _list_fills(readers: _Readers, use: NameUse) -> list[NameUse]:
    """List where a compute is filled in, if it is a text that has no other purpose."""
    assert use.condition is not None
    uses, _ = readers.find(use.owner)
    is_wording = use.condition.result_type.type == "text" and all(
        each.condition is None for each in uses
    )
    return uses if is_wording else []


def _assume_reached(draft: InstrumentDraft, solver: ConditionSolver, use: NameUse) -> Facts:
    """Return the facts under which an interview comes to the item, or the group, of a use."""
    nodes = [draft.groups.get(step.group) for step in use.path]
    requirements: list[Requirement] = []
    for node in (*nodes, draft.groups.get(use.owner), draft.items.get(use.owner)):
        if node is not None:
            requirements += list_requirements(node)
    return solver.assume_all(tuple(requirements), NO_CONSTRAINTS)


def _describe_readers(draft: InstrumentDraft, name: str, readers: _Readers) -> str:
    """Name the fills, conditions, limits, quotas and ends that read a compute."""
    listed: dict[str, None] = {}
    uses, dependent = readers.find(name)
    for use in uses:
        item = draft.items.get(use.owner)
        if item is not None and isinstance(item.question, EndItem):
            listed[f"the end {use.owner}"] = None
        elif use.condition is None:
            listed[f"the text of {use.owner}"] = None
        else:
            listed[f"{use.key} of {use.owner}"] = None
    for quota in draft.document.quotas:
        words = [*map(str, quota.by), *re.findall(r"\w+", str(quota.where or ""))]
        if not dependent.isdisjoint(words):
            listed[f"the quota {quota.id}"] = None
    return join_words(listed, most=_MAX_READERS)


# The message


def _describe(
    draft: InstrumentDraft,
    use: NameUse,
    item: str,
    kinds: list[str],
    choice: _Choice,
    readers: _Readers,
) -> Problem:
    condition = use.condition
    assert condition is not None
    labels = {
        decline.id: str(decline.text.get(draft.language)).lower()
        for decline in draft.items[item].declines
    }
    ways = []
    declined = [labels[kind] for kind in kinds if kind in labels]
    if declined:
        ways.append(f"after {join_words(declined, 'or')} at {item}")
    if _NOT_ASKED in kinds:
        ways.append(f"or if {'it' if ways else item} is not asked")
    test, _, _ = _get_source(condition, choice.node.test)
    otherwise, _, _ = _get_source(condition, choice.value)
    subject = use.owner if use.key == "compute" else f"{use.key} of {use.owner}"
    what = f"{', '.join(ways).removeprefix('or ')}, {shorten(test)} is unknown, and {subject} is {shorten(otherwise)}"
    read_by = _describe_readers(draft, use.owner, readers) if use.key == "compute" else ""
    if read_by:
        what += f", which is read by {read_by}"

    guard = f"answered({item})"
    guarded = f"({test})" if isinstance(choice.node.test, ast.BoolOp | ast.IfExp) else test
    remedy = f"write … if not {guard} else {shorten(condition.text)} for a value of their own"
    if not isinstance(choice.node.orelse, ast.IfExp):
        remedy += f", or {guard} and {shorten(guarded)} if this is meant"
    _, at, length = _get_source(condition, choice.node.test)
    where: Position = shift_position(use.where, condition.text, at)
    return report("silent-else", (where, max(1, length)), use.owner, what, remedy, "warning")


def _get_source(condition: Condition, node: ast.expr) -> tuple[str, int, int]:
    """Return a part of a condition as written, its offset and its length."""
    parsed = parse_expression(condition.text)
    assert isinstance(parsed, ParsedExpression)
    at, length = parsed.locate(node)
    return " ".join(condition.text[at : at + length].split()), at, length
