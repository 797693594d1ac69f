"""Choices `x if condition else y` that give `y` although the condition is unknown.

The candidates are found in each calculation by supposing that one item has no answer. Whether an
interview can come to one, with its value read, is a goal of the proof.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from survey_cli.instrument.checks import assumptions
from survey_cli.instrument.checks.assumptions import Assumption, SupposedAnswer
from survey_cli.instrument.checks.compute_readers import ComputeReaders
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import CompiledNode, find_inputs
from survey_cli.instrument.compiled.requirements import list_requirements
from survey_cli.instrument.expressions.parsing import StrictChoice
from survey_cli.proof.cells import Cell
from survey_cli.proof.clauses import Literal
from survey_cli.proof.goals import Goal, Verdicts
from survey_cli.proof.route import RouteModel
from survey_cli.proof.terms import NO_TURNS, Term, Turns, find_known
from survey_cli.values import NOT_ASKED

_KEYS: Final = ("compute", "min", "max", "count", "total")
"""The keys under which a choice has a value. In conditions such as `(0 if q1 == 1 else 1) == 1` it
is written on purpose."""

Step: TypeAlias = tuple[ast.expr, int]
"""A test on the way to a choice, and the truth values of `assumptions` that lead there."""


class SilentChoice(NamedTuple):
    """A choice in a calculation, and an item without which its test is unknown."""

    use: NameUse
    """The calculation."""
    item: str
    missing: str
    """How the item is without an answer: the decline, or `not_asked`."""
    node: ast.IfExp
    path: tuple[Step, ...]
    """The tests that lead to it."""
    value: ast.expr
    """What it then gives."""
    read_at: tuple[str, ...]
    """The items where its value is read, if it matters only there; empty for a variable of the
    data."""

    @property
    def goal(self) -> Goal:
        """The goal that an interview has its value although its test is unknown."""
        place = (self.node.lineno, self.node.col_offset)
        return Goal("silent", self.use.owner, (self.item, self.use.key, self.missing, place))


# Candidates


def list_silent_choices(draft: InstrumentDraft) -> list[SilentChoice]:
    """List the choices that may be silent: in the order of calculations, and of items in each."""
    readers = ComputeReaders(draft)
    choices: list[SilentChoice] = []
    for use in draft.uses:
        condition = use.condition
        if use.key not in _KEYS or condition is None or " if " not in condition.text:
            continue
        read_at = tuple(dict.fromkeys(_list_fills(readers, use)))
        for item in find_inputs(sorted(condition.names), draft.computes):
            for missing in _list_missing_kinds(draft, item):
                assumption = Assumption(SupposedAnswer(item, declined=missing), draft.computes)
                choices += [
                    SilentChoice(use, item, missing, node, path, value, read_at)
                    for node, path, value in _find_silent(assumption, condition.tree, ())
                ]
    return choices


def _list_fills(readers: ComputeReaders, use: NameUse) -> Iterator[str]:
    """Yield the items that a compute is filled in at, if it is a text without another purpose."""
    if use.key != "compute" or use.condition is None:
        return
    uses, _ = readers.find(use.owner)
    is_text = use.condition.result_type.type == "text"
    if is_text and all(each.condition is None for each in uses):
        for each in uses:
            yield each.owner


def _list_missing_kinds(draft: InstrumentDraft, name: str) -> list[str]:
    """List how an item can be without an answer.

    Items of rosters are left out: they are read over all turns.
    """
    item = draft.items.get(name)
    if item is None or item.roster is not None or not item.question.expects_answer:
        return []
    kinds = [decline.id for decline in item.declines]
    groups = [draft.groups.get(step.group) for step in draft.symbols[name].path]
    nodes: list[CompiledNode] = [item]
    nodes += [group for group in groups if group is not None]
    if any(list_requirements(node) for node in nodes):
        kinds.append(NOT_ASKED.kind)
    return kinds


def _find_silent(
    assumption: Assumption, node: ast.expr, path: tuple[Step, ...]
) -> Iterator[tuple[ast.IfExp, tuple[Step, ...], ast.expr]]:
    """Yield the choices that give a value although their test is unknown.

    Each comes with the tests that lead to it, and with the value that it gives.
    """
    if not isinstance(node, ast.IfExp):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _find_silent(assumption, child, path)
        return
    tested = assumption.evaluate(node.test)
    leads_to_second = assumptions.NOT_TRUE
    if isinstance(node, StrictChoice):
        leads_to_second = assumptions.FALSE
    elif tested & assumptions.UNKNOWN and _gives_value(assumption, node.orelse):
        yield node, path, _find_value(assumption, node.orelse)

    # there may be further choices in both of its values
    if tested & assumptions.TRUE:
        step = (node.test, assumptions.TRUE)
        yield from _find_silent(assumption, node.body, (*path, step))
    if tested & leads_to_second:
        step = (node.test, leads_to_second)
        yield from _find_silent(assumption, node.orelse, (*path, step))


def _gives_value(assumption: Assumption, node: ast.expr) -> bool:
    """Return whether what follows an `else` has a value under the assumption.

    It has none if it was written for a missing answer, which is then no accident.
    """
    match node:
        case ast.Constant(value=""):
            return False  # written for nothing to be read
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=0)):
            return False  # written for a missing value
        case ast.IfExp(test=test, body=body, orelse=orelse):
            tested = assumption.evaluate(test)
            is_decided = tested in (assumptions.TRUE, assumptions.FALSE)
            # a test that is decided without the item's answer asks whether it has one
            if is_decided and _names_item(test, assumption.answer.item):
                return False
            if tested & assumptions.TRUE and _gives_value(assumption, body):
                return True
            return bool(tested & assumptions.NOT_TRUE) and _gives_value(assumption, orelse)
        case _:
            value = assumption.evaluate_value(node)
            return bool(value & (assumptions.TRUE | assumptions.FALSE))


def _find_value(assumption: Assumption, node: ast.expr) -> ast.expr:
    """Return the last `else` of a chain of choices whose tests are unknown too."""
    while isinstance(node, ast.IfExp) and assumption.evaluate(node.test) == assumptions.UNKNOWN:
        node = node.orelse
    return node


def _names_item(test: ast.expr, item: str) -> bool:
    """Return whether a condition names an item: `answered(q)`, `q in [dk]`."""
    return any(isinstance(node, ast.Name) and node.id == item for node in ast.walk(test))


# Goals


def list_silent_goals(
    model: RouteModel, choices: Iterable[SilentChoice]
) -> dict[Goal, list[Literal]]:
    """List the goals of choices with their literals: one for each place where the value matters."""
    return {
        choice.goal: [
            _encode_choice(model, choice, matters, turns)
            for matters, turns in _list_places(model, choice)
        ]
        for choice in choices
    }


def _encode_choice(
    model: RouteModel, choice: SilentChoice, matters: Literal, turns: Turns
) -> Literal:
    """Return the literal that the value matters, and is given although the test is unknown."""
    parts = [matters, _encode_missing(model, choice, turns)]
    for tree, truths in choice.path:
        truth = model.encoder.encode(tree, turns)
        if truths == assumptions.TRUE:
            parts.append(truth.true)
        elif truths == assumptions.FALSE:
            parts.append(truth.false)
        else:
            parts.append(-truth.true)
    test = model.encoder.encode(choice.node.test, turns)
    parts += [-test.true, -test.false]

    # the value itself is known, unless it is a choice or a function that may do without
    nodes = list(ast.walk(choice.value))
    if not any(isinstance(node, ast.IfExp | ast.Call) for node in nodes):
        for name in [node.id for node in nodes if isinstance(node, ast.Name)]:
            term: Term = model.find_term(name, turns) or []
            parts.append(find_known(model.clauses, term))
    return model.clauses.all_of(parts)


def _encode_missing(model: RouteModel, choice: SilentChoice, turns: Turns) -> Literal:
    """Return the literal that the item of a choice is without an answer in its way."""
    term: Term = model.find_term(choice.item, turns) or []
    cells = [leaf for _, leaf in term if isinstance(leaf, Cell)]
    if choice.missing != NOT_ASKED.kind:
        declined = [
            cell.declines[choice.missing] for cell in cells if choice.missing in cell.declines
        ]
        return model.clauses.any_of(declined)
    states = [state for cell in cells for state in (cell.answered, *cell.declines.values())]
    return model.clauses.all_of([-state for state in states])


def _list_places(model: RouteModel, choice: SilentChoice) -> Iterator[tuple[Literal, Turns]]:
    """Yield that the value of a choice matters, with the turns there: it is read, or stored.

    What is stored matters in a complete interview, and in one that comes to the item: an interview
    that ends because of the value is not complete.
    """
    owner = choice.use.owner
    if choice.use.key == "compute" and not choice.read_at:
        reached = [position.reached for position in model.positions_by_node.get(choice.item, ())]
        yield model.clauses.any_of([model.completed, *reached]), NO_TURNS
        return
    for name in choice.read_at or (owner,):
        for position in model.positions_by_node.get(name, ()):
            yield position.asked, position.turns


# What was found


class FoundChoice(NamedTuple):
    """The first silent choice of a calculation, and how its item can be without an answer."""

    choice: SilentChoice
    kinds: Sequence[str]
    """The declines, and `not_asked`."""
    goal: Goal
    """What shows it; or what the solver can't decide."""


def select_silent_choices(
    choices: Iterable[SilentChoice], verdicts: Verdicts
) -> Iterator[FoundChoice]:
    """Yield the first choice of each compute, and of each limit, that isn't impossible."""
    impossible = set(verdicts.impossible)
    first: dict[tuple[str, str], list[SilentChoice]] = {}
    for choice in choices:
        if choice.goal in impossible:
            continue
        same = first.setdefault((choice.use.owner, choice.use.key), [choice])
        is_same = choice.item == same[0].item and choice.node is same[0].node
        if is_same and choice is not same[0]:
            same.append(choice)
    for same in first.values():
        kinds = dict.fromkeys(choice.missing for choice in same)
        shown = [choice.goal for choice in same if choice.goal in verdicts.possible]
        goal = shown[0] if shown else same[0].goal
        yield FoundChoice(same[0], list(kinds), goal)
