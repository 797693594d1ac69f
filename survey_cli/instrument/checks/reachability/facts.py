"""What follows for each variable from what a condition is worth? Goes through a condition's tree and narrows what the
variables it names can be. Where it can't tell it narrows nothing, so that what it calls impossible is impossible.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from survey_cli.instrument.checks.reachability.domains import (
    NONE_GONE,
    UNASKED,
    Cells,
    Values,
    among,
    beside,
    but,
    join,
    meet,
)
from survey_cli.instrument.checks.reachability.variables import (
    DEEPEST,
    EITHER,
    FALSE,
    MOST_LINKS,
    NOT_TRUE,
    TRUE,
    UNKNOWN,
    Needed,
    Subject,
    Subjects,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.expressions.comparisons import SIGNS, TURNED, constant_of
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, nfc

Key: TypeAlias = str | tuple[str, Any]
"""A variable; or a multiple and one of its codes, which is chosen (True) or not (False)."""
World: TypeAlias = Mapping[Key, Cells]
"""One way in which things can be: what each variable can be that is not simply anything."""
Facts: TypeAlias = tuple[World, ...]
"""The ways in which things can be; none where it is impossible."""
ANYHOW: Final[Facts] = ({},)
MOST_WORLDS: Final = 6
"""More ways are taken as one, which knows what all of them know."""
MOST_KEYS: Final = 64
"""Variables that one way tells of; what is learned of more is let go."""
MOST_STEPS: Final = 50
"""So often is something narrowed for one condition; the rest of it is let go."""
STEPS_AN_ITEM: Final = 20
"""So often is something narrowed for all conditions of a file, by its items: far more than are needed where not every
condition hangs on several others. What is beyond is let go."""
_NO_VALUES: Final[Values] = frozenset()


class Knowing:
    """What is known of a draft's variables, and what follows from conditions."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self.draft = draft
        self.subject = Subjects(draft)
        self.unreached: set[str] = set()
        """Items that were found to be never asked."""
        self._follows = True
        self._depth = 0
        self._left = 0
        self._left_in_all = 5000 + STEPS_AN_ITEM * len(draft.leaves)

    @contextmanager
    def without_following(self) -> Iterator[None]:
        """Here an item that must have been asked tells nothing of what its own conditions need; and what is tried here
        is not counted."""
        left, self._follows = self._left_in_all, False
        try:
            yield
        finally:
            self._left_in_all, self._follows = left, True

    def settles(self, condition: Condition, facts: Facts) -> bool:
        """Whether the condition could be settled here: alone, by what the facts tell of its variables, or since they
        depend on one another. Quick: a condition of which it says no need not be looked at."""
        names, told = condition.names, _told_of(facts) | self.unreached
        if len(names) == 1:
            (name,) = names
            subject = self.subject(name)
            if subject is None:
                return False
            if not subject.base.gone or not isinstance(condition.tree, ast.Compare) or "[" in condition.text:
                return True
            if not told and condition.text.count(name) == 1:
                return False
        elif not isinstance(condition.tree, ast.BoolOp | ast.Compare):
            return True
        text = condition.text
        for name in names:
            links = self.subject.linked(name)
            if text.count(name) > 1 or len(links) > MOST_LINKS or not told.isdisjoint(links):
                return True
            told |= links
        return False

    def given(self, needs: tuple[Needed, ...], facts: Facts) -> Facts:
        """The ways in which all of these are worth what they must be."""
        for need in needs:
            facts = self.assumed(need.condition, need.worth, facts)
        return facts

    def unless_all(self, needs: tuple[Needed, ...], facts: Facts) -> Facts:
        """The ways in which one of these at least is not worth that."""
        return _together([self.assumed(n.condition, EITHER ^ n.worth, facts) for n in needs])

    def assumed(self, condition: Condition, worth: int, facts: Facts) -> Facts:
        """The ways in which the condition is worth one of `worth`: true, not true, false or not false."""
        self._left = MOST_STEPS
        return self._assumed(condition.tree, worth, facts)

    def _assumed(self, node: ast.expr, worth: int, facts: Facts) -> Facts:
        if not facts:
            return facts
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._joined(values, worth, facts, conjunction=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                turned = (worth & UNKNOWN) | (TRUE if worth & FALSE else 0) | (FALSE if worth & TRUE else 0)
                return self._assumed(operand, turned, facts)
            case ast.Compare(left=left, ops=ops, comparators=comparators) if len(ops) > 1:
                sides = [left, *comparators]
                links = [ast.Compare(sides[i], [op], [sides[i + 1]]) for i, op in enumerate(ops)]
                return self._joined(links, worth, facts, conjunction=True)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                then = self._assumed(body, worth, self._assumed(test, TRUE, facts))
                return _together([then, self._assumed(orelse, worth, self._assumed(test, NOT_TRUE, facts))])
            case ast.Name(id=name):
                return self._flag(name, worth, facts)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(left, op, right, worth, facts)
            case ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)]):
                return self._state(function, name, worth, facts)
            case _:
                return facts

    def _joined(
        self, parts: list[ast.expr] | list[ast.Compare], worth: int, facts: Facts, *, conjunction: bool
    ) -> Facts:
        # an `and` is not true where one part is not, and not false where no part is; an `or` the other way round
        if worth & (FALSE if conjunction else TRUE):
            return _together([self._assumed(part, worth, facts) for part in parts])
        for part in parts:
            facts = self._assumed(part, worth, facts)
        return facts

    def _flag(self, name: str, worth: int, facts: Facts) -> Facts:
        subject = self.subject(name)
        if subject is None or subject.kind != "flag":
            return facts
        compute = self.draft.computes.get(name)
        if compute is not None and self._depth < DEEPEST:
            first = next(iter(compute.conditions.values()))
            self._depth += 1
            facts = self._assumed(first.tree, worth, facts)
            self._depth -= 1
        values = frozenset(t for t in (True, False) if worth & (TRUE if t else FALSE))
        return self._narrowed(name, Cells(values, _gone(subject, worth)), facts, subject)

    def _state(self, function: str, name: str, worth: int, facts: Facts) -> Facts:
        """`answered(q)` and its like, which are never unknown."""
        subject = self.subject(name)
        if subject is None or function not in ("answered", "dk", "refused", "declined"):
            return facts
        gone = subject.base.gone
        of = gone - UNASKED if function == "declined" else gone & {function}
        yes = Cells(subject.base.values) if function == "answered" else Cells(_NO_VALUES, of)
        no = Cells(_NO_VALUES, gone) if function == "answered" else Cells(subject.base.values, gone - of)
        empty = Cells(_NO_VALUES)
        wanted = join(yes if worth & TRUE else empty, no if worth & FALSE else empty)
        return self._narrowed(name, wanted, facts, subject)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr, worth: int, facts: Facts) -> Facts:
        sign = SIGNS.get(type(op))
        if sign is None:
            return self._within(left, right, worth, facts, negated=isinstance(op, ast.NotIn))
        if constant_of(left) is not None:
            left, sign, right = right, TURNED[sign], left
        value = constant_of(right)
        if isinstance(left, ast.Name) and value is not None:
            return self._against(left.id, sign, value, worth, facts)
        if not worth & UNKNOWN:
            for name in (*_operands(left), *_operands(right)):
                facts = self.answered(name, facts)
        return facts

    def answered(self, name: str, facts: Facts) -> Facts:
        """The ways in which this has an answer."""
        subject = self.subject(name)
        return facts if subject is None else self._narrowed(name, Cells(subject.base.values), facts, subject)

    def _against(self, name: str, sign: str, value: Any, worth: int, facts: Facts) -> Facts:
        """A variable compared with a constant."""
        subject = self.subject(name)
        if subject is None:
            return facts
        if subject.kind in ("any", "several"):
            return self.answered(name, facts) if not worth & UNKNOWN else facts
        if subject.kind == "number":
            if not isinstance(value, int | float):
                return facts
            opposite = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}[sign]
            spans = (*(beside(sign, value) if worth & TRUE else ()),)
            spans += beside(opposite, value) if worth & FALSE else ()
            return self._narrowed(name, Cells(spans, _gone(subject, worth)), facts, subject)
        holds, value = COMPARE[sign], nfc(value)
        return self._chosen(name, lambda code: bool(holds(nfc(code), value)), worth, facts, subject)

    def _chosen(
        self, name: str, holds: Callable[[Any], bool], worth: int, facts: Facts, subject: Subject
    ) -> Facts:
        """A variable of few values, each of which holds or does not."""
        assert isinstance(subject.base.values, frozenset)
        try:
            values = frozenset(v for v in subject.base.values if worth & (TRUE if holds(v) else FALSE))
        except TypeError:  # a text put in order with a number
            return facts
        return self._narrowed(name, Cells(values, _gone(subject, worth)), facts, subject)

    def _within(self, left: ast.expr, right: ast.expr, worth: int, facts: Facts, *, negated: bool) -> Facts:
        if negated:
            worth = (worth & UNKNOWN) | (TRUE if worth & FALSE else 0) | (FALSE if worth & TRUE else 0)
        match left, right:
            case ast.Name(id=name), ast.List(elts=elts) | ast.Tuple(elts=elts):
                return self._listed(name, elts, worth, facts)
            case _, ast.Name(id=name) if (code := constant_of(left)) is not None:
                return self._includes(name, code, worth, facts)
            case _:
                return facts

    def _listed(self, name: str, elements: list[ast.expr], worth: int, facts: Facts) -> Facts:
        """`q in [1, 2, dk]`."""
        subject = self.subject(name)
        if subject is None or subject.kind == "several":
            return facts
        declines = frozenset(e.id for e in elements if isinstance(e, ast.Name))
        values = [value for e in elements if (value := constant_of(e)) is not None]
        gone = subject.base.gone & declines if worth & TRUE else NONE_GONE
        gone |= subject.base.gone - declines if worth & UNKNOWN else NONE_GONE
        wanted: Values
        if subject.kind == "any":
            wanted = subject.base.values
        elif subject.kind == "number":
            numbers = [value for value in values if isinstance(value, int | float)]
            spans = among(numbers) if worth & TRUE else ()
            wanted = (*spans, *(but(numbers) if worth & FALSE else ()))
        else:
            assert isinstance(subject.base.values, frozenset)
            said = [nfc(value) for value in values]
            wanted = frozenset(v for v in subject.base.values if worth & (TRUE if nfc(v) in said else FALSE))
        return self._narrowed(name, Cells(wanted, gone), facts, subject)

    def _includes(self, name: str, code: Any, worth: int, facts: Facts) -> Facts:
        """`'tv' in media`."""
        subject = self.subject(name)
        if subject is None or subject.kind != "several":
            return facts
        if not worth & UNKNOWN:
            facts = self.answered(name, facts)
        base = Subject(Cells(frozenset((True, False)), subject.base.gone), "flag")
        values = frozenset(t for t in (True, False) if worth & (TRUE if t else FALSE))
        return self._narrowed((name, nfc(code)), Cells(values, _gone(subject, worth)), facts, base)

    def _narrowed(self, key: Key, wanted: Cells, facts: Facts, subject: Subject) -> Facts:
        """The ways in which the variable is among `wanted`."""
        self._left -= len(facts)
        self._left_in_all -= len(facts)
        if self._left < 0 or self._left_in_all < 0:
            return facts
        ways: list[Facts] = []
        for world in facts:
            before = world.get(key, subject.base)
            after = meet(before, wanted, whole=subject.whole)
            if not after.some:
                continue
            if after == before and key in world:
                ways.append((world,))
                continue
            ways.append(self._with(world, key, before, after, subject))
        return _together(ways)

    def _with(self, world: World, key: Key, before: Cells, after: Cells, subject: Subject) -> Facts:
        if (after != subject.base and len(world) < MOST_KEYS) or key in world:
            world = {**world, key: after}
        known_now = UNASKED.isdisjoint(after.gone) and not UNASKED.isdisjoint(before.gone)
        if not (known_now and self._follows and subject.asked and self._depth < DEEPEST):
            return (world,)
        assert isinstance(key, str)
        self._depth += 1
        facts: Facts = (world,)
        for need in self.subject.way_to(key):
            facts = self._assumed(need.condition.tree, need.worth, facts)
        self._depth -= 1
        return facts


def _told_of(facts: Facts) -> set[str]:
    """The variables that the facts tell of."""
    if facts == ANYHOW:
        return set()
    return {key if isinstance(key, str) else key[0] for world in facts for key in world}


def _gone(subject: Subject, worth: int) -> frozenset[str]:
    return subject.base.gone if worth & UNKNOWN else NONE_GONE


def _operands(node: ast.expr) -> list[str]:
    """The variables without which this has no value."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.BinOp(left=left, right=right):
            return [*_operands(left), *_operands(right)]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _operands(operand)
        case _:
            return []


def _together(ways: list[Facts]) -> Facts:
    """All of these ways: as one that knows what all know, where they are many."""
    worlds = [world for facts in ways for world in facts]
    if len(worlds) <= 1:
        return tuple(worlds)
    few: list[World] = []
    for world in worlds:
        if not world:
            return ANYHOW
        if world not in few:
            few.append(world)
    if len(few) <= MOST_WORLDS:
        return tuple(few)
    shared = set(few[0]).intersection(*few[1:])
    merged: dict[Key, Cells] = {}
    for key in shared:
        cells = few[0][key]
        for world in few[1:]:
            cells = join(cells, world[key])
        merged[key] = cells
    return (merged,)
