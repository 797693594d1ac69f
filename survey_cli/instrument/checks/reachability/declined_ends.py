"""Ends that somebody who declines passes by: where `ask_if` is unknown, nobody is turned away.

For each item that an end depends on and that may be declined, the route behind that end is followed as it is for
somebody who declined: to another end that certainly applies, or to the next question.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.instrument.checks.code_positions import spoken_list
from survey_cli.instrument.checks.reachability.variables import FALSE, NOT_TRUE, TRUE, UNKNOWN, Needed, needed
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import ItemGroup, Roster
from survey_cli.instrument.expressions.comparisons import SIGNS, constant_of
from survey_cli.instrument.expressions.parsing import shortened
from survey_cli.instrument.expressions.three_valued_logic import COMPARE
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.problems import Problem
from survey_cli.values import Code

_EITHER: Final = TRUE | FALSE
_DEEPEST: Final = 20
"""Computes of computes that are followed."""
_MISSING_IF_A_PART_IS: Final = frozenset(("sum", "mean", "min", "max", "round", "length", "years_between"))
_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class _Answer(NamedTuple):
    """What is supposed of one item; of everything else that it is answered somehow."""

    item: str
    declined: str = ""
    """The decline that was given, if one was."""
    code: Code | None = None
    """The code that was given, if that is supposed."""


@dataclass(frozen=True, slots=True)
class _Assumption:
    """What conditions can be worth under one supposed answer."""

    answer: _Answer
    computes: Mapping[str, Compute]

    def worth(self, node: ast.expr, depth: int = 0) -> int:
        """All that a condition can be worth: true, false, unknown, together by `|`."""
        match node:
            case ast.BoolOp(op=op, values=values):
                return _combine([self.worth(v, depth) for v in values], conjunction=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _negate(self.worth(operand, depth))
            case ast.Compare(left=left, ops=ops, comparators=rights) if len(ops) > 1:
                sides = [left, *rights]
                links = [ast.Compare(sides[i], [op], [sides[i + 1]]) for i, op in enumerate(ops)]
                return _combine([self.worth(link, depth) for link in links], conjunction=True)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compare(left, op, right, depth)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                tested = self.worth(test, depth)
                then = self.worth(body, depth) if tested & TRUE else 0
                return then | (self.worth(orelse, depth) if tested & NOT_TRUE else 0)
            case ast.Call(func=ast.Name(id="answered" | "declined" | "dk" | "refused" as asked), args=[item]):
                return self._state(asked, item, depth)
            case ast.Name(id=name) if (tree := self._tree_of_compute(name)) is not None and depth < _DEEPEST:
                return self.worth(tree, depth + 1)
            case _:
                return self.value(node, depth)

    def value(self, node: ast.expr, depth: int = 0) -> int:
        """Whether a part can have a value (true or false), and can be missing because the item was declined (unknown)."""
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if name == self.answer.item:
                    return UNKNOWN if self.answer.declined else _EITHER
                tree = self._tree_of_compute(name)
                return self.value(tree, depth + 1) if tree is not None and depth < _DEEPEST else _EITHER
            case ast.BinOp(left=left, right=right):
                return self._all_values([left, right], depth)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.value(operand, depth)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                tested = self.worth(test, depth)
                then = self.value(body, depth) if tested & TRUE else 0
                return then | (self.value(orelse, depth) if tested & NOT_TRUE else 0)
            case ast.Call(func=ast.Name(id="count"), args=[ast.Name() as several]):
                return self.value(several, depth)
            case ast.Call(func=ast.Name(id=function), args=args) if function in _MISSING_IF_A_PART_IS:
                return self._all_values(args, depth)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp():
                return self.worth(node, depth)
            case _:
                return _EITHER

    def _all_values(self, nodes: list[ast.expr], depth: int) -> int:
        values = [self.value(node, depth) for node in nodes]
        missing = any(value & UNKNOWN for value in values)
        return (UNKNOWN if missing else 0) | (_EITHER if all(value & _EITHER for value in values) else 0)

    def met(self, needs: tuple[Needed, ...]) -> int:
        """Whether all of these are met: true, false, or unknown where one is not met for being unknown."""
        return _combine([self._met(need) for need in needs], conjunction=True)

    def _met(self, need: Needed) -> int:
        worth = self.worth(need.condition.tree)
        if need.key == "ask_if":
            return worth
        return (FALSE if worth & TRUE else 0) | (TRUE if worth & NOT_TRUE else 0)

    def _tree_of_compute(self, name: str) -> ast.expr | None:
        compute = self.computes.get(name)
        return next(iter(compute.conditions.values())).tree if compute is not None else None

    def _compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int) -> int:
        declined, code = self.answer.declined, self.answer.code
        mine = isinstance(left, ast.Name) and left.id == self.answer.item
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple):
                return self._all_values([left, right], depth)
            if mine and declined:
                listed = any(isinstance(e, ast.Name) and e.id == declined for e in right.elts)
                worth = TRUE if listed else UNKNOWN
            elif mine and code is not None:
                worth = TRUE if any(constant_of(e) == code for e in right.elts) else FALSE
            else:
                worth = self._all_values([left], depth)
            return _negate(worth) if isinstance(op, ast.NotIn) else worth
        value = constant_of(right)
        if mine and code is not None and value is not None and type(value) is type(code):
            return TRUE if COMPARE[SIGNS[type(op)]](code, value) else FALSE
        return self._all_values([left, right], depth)

    def _state(self, asked: str, item: ast.expr, depth: int) -> int:
        declined = self.answer.declined
        if not (isinstance(item, ast.Name) and item.id == self.answer.item):
            return FALSE if asked == "answered" and self.value(item, depth) == UNKNOWN else _EITHER
        if asked == "answered":
            return FALSE if declined else TRUE
        return TRUE if declined and asked in ("declined", declined) else FALSE


def _combine(worths: list[int], *, conjunction: bool) -> int:
    """What `and`, or `or`, can be worth of parts that can be worth these."""
    decides, other = (FALSE, TRUE) if conjunction else (TRUE, FALSE)
    joined = other
    for worth in worths:
        some = (joined | worth) & decides
        some |= UNKNOWN if (joined | worth) & UNKNOWN and joined & ~decides and worth & ~decides else 0
        joined = some | (other if joined & other and worth & other else 0)
    return joined


def _negate(worth: int) -> int:
    return (worth & UNKNOWN) | (TRUE if worth & FALSE else 0) | (FALSE if worth & TRUE else 0)


class _RouteItem(NamedTuple):
    """One leaf on the route: what must hold for anybody to come to the groups around it, and to itself."""

    leaf: CompiledItem
    around: tuple[Needed, ...]
    own: tuple[Needed, ...]
    """Of an end: what decides whether it applies."""
    counts: tuple[ast.expr, ...]
    """How many turns the roster around it has."""

    @property
    def needs(self) -> tuple[Needed, ...]:
        return (*self.around, *self.own)


def _asks_somebody(leaf: CompiledItem) -> bool:
    return leaf.question.asks and leaf.question.by is None and not leaf.after_hangup


def _list_route(root: ItemGroup) -> list[_RouteItem]:
    """Every leaf on the route, in written order. A group that asks nothing before its end decides with it."""
    found: list[_RouteItem] = []
    asked = 0

    def walk(group: ItemGroup, groups: tuple[tuple[ItemGroup, int], ...]) -> None:
        nonlocal asked
        for child in group.children:
            if isinstance(child, ItemGroup):
                walk(child, (*groups, (child, asked)))
                continue
            around, own = [needed(outer) for outer, _ in groups], needed(child)
            if isinstance(child.question, EndItem):
                for _, asked_before in reversed(groups):
                    if own and asked > asked_before:
                        break
                    own = (*around.pop(), *own)
            asked += _asks_somebody(child)
            counts = tuple(g.count.tree for g, _ in groups if isinstance(g, Roster) and g.count is not None)
            found.append(_RouteItem(child, tuple(n for needs in around for n in needs), own, counts))

    walk(root, ())
    return found


def decline_passes_end(draft: InstrumentDraft) -> Iterator[Problem]:
    """Whoever declines an item passes an `end` that other answers to the item lead to, and is interviewed.

        - {id: consent, type: single, options: {1: "Yes", 2: "No"}, text: May I ask you some questions?}
        - {id: no_consent, type: end, ask_if: consent == 2, outcome: refusal_soft}

    After a refusal at `consent` the condition is unknown, and an `ask_if` that is unknown does not apply. Write
    `unless: consent == 1`, which also stops everybody who has not clearly said yes, or `declines: []` at the item.
    If they are to be interviewed, say so: `ask_if: answered(consent) and consent == 2`.
    """
    if draft.root is None or draft.lost:
        return
    places = _list_route(draft.root)
    ends: dict[str, list[int]] = {}
    for at, place in enumerate(places):
        if isinstance(place.leaf.question, EndItem) and str(place.leaf.question.outcome) != "complete":
            for name in _find_inputs(draft, place.own):
                ends.setdefault(name, []).append(at)
    uses = {id(use.condition): use for use in draft.uses if use.condition is not None}
    for name, own_ends in ends.items():
        item = draft.leaves.get(name)
        if item is None or not item.question.asks:
            continue
        passed: dict[tuple[int, str], list[str]] = {}
        for decline in item.declines:
            found = _follow(draft, places, own_ends, _Answer(name, decline.id))
            if found is not None:
                said = str(decline.text.get(str(draft.document.languages[0]))).lower()
                passed.setdefault(found, []).append(said)
        for (at, onward), kinds in passed.items():
            end = places[at]
            need = next((n for n in reversed(end.own) if name in _find_inputs(draft, (n,))), end.own[-1])
            use = uses.get(id(need.condition))
            what = (
                f"{need.key}: {shortened(need.condition.text)} is unknown where {name} is declined "
                f"({spoken_list(kinds, joint='or')}): this end does not apply, and the interview goes on{onward}"
            )
            where = use.where if use is not None else end.leaf.question.find_position("id")
            remedy = _write_remedy(draft, item, [places[i] for i in own_ends], end, need)
            length = max(1, use.length) if use is not None else len(end.leaf.id)
            yield Problem("decline-passes-end", where, end.leaf.id, what, remedy, length=length)


def _find_inputs(draft: InstrumentDraft, needs: tuple[Needed, ...]) -> dict[str, None]:
    """The items that these conditions depend on, through computes, in order."""
    waiting = [name for need in needs for name in sorted(need.condition.names)]
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop(0)
        compute = draft.computes.get(name)
        if name not in found and compute is not None:
            waiting += [n for c in compute.conditions.values() for n in sorted(c.names)]
        found.setdefault(name)
    return found


def _follow(
    draft: InstrumentDraft, places: list[_RouteItem], ends: list[int], answer: _Answer
) -> tuple[int, str] | None:
    """The last end that is passed before the interview goes on, and with what it goes on; None where it does not."""
    declined, answered = (
        _Assumption(answer, draft.computes),
        _Assumption(_Answer(answer.item), draft.computes),
    )

    def passes_by(place: _RouteItem) -> bool:
        undecided = declined.met(place.own) & UNKNOWN and answered.met(place.own) & TRUE
        return bool(undecided and declined.met(place.around) & TRUE)

    passed = next(
        (at for at in ends if passes_by(places[at]) or declined.met(places[at].needs) == TRUE), None
    )
    if passed is None or declined.met(places[passed].needs) == TRUE:
        return None
    mine = frozenset(ends)
    for at in range(passed + 1, len(places)):
        place = places[at]
        if any(declined.value(count) == UNKNOWN for count in place.counts):
            continue
        if isinstance(place.leaf.question, EndItem):
            if declined.met(place.needs) == TRUE:
                return None
            passed = at if at in mine and passes_by(place) else passed
        elif _asks_somebody(place.leaf) and (reached := declined.met(place.needs)) & TRUE:
            wanted = [n for n in place.needs if n.key == "ask_if" and answer.item in n.condition.names]
            if wanted and reached == TRUE:
                return None  # what is asked of those who declined is written here
            return passed, f" with {place.leaf.id}"
    return passed, " to its end, and counts as complete"


def _write_remedy(
    draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem], end: _RouteItem, need: Needed
) -> str:
    others = f"or declines: [] at {item.id}; if they are to be interviewed, "
    tree = need.condition.tree
    if isinstance(tree, ast.BoolOp) and isinstance(
        tree.op, ast.Or
    ):  # its other parts still end the interview
        others += f"write answered({item.id}) and … in that part of the condition which is about {item.id}"
    else:
        others += f"ask_if: answered({item.id}) and {_bracket(need)}"
    if need.key != "ask_if":
        return f"write the condition such that it holds of whoever declines, {others}"
    going_on = _condition_to_go_on(draft, item, ends, need)
    if not going_on:
        return f"write what must hold to go on, as unless: in its place, {others}"
    return f"write unless: {going_on} in its place, {others}"


def _bracket(need: Needed) -> str:
    text = need.condition.text
    return f"({text})" if isinstance(need.condition.tree, ast.BoolOp | ast.IfExp) else text


def _condition_to_go_on(
    draft: InstrumentDraft, item: CompiledItem, ends: list[_RouteItem], need: Needed
) -> str:
    """The condition under which the interview goes on, for `unless`."""
    if all(place.own and {n for m in place.own for n in m.condition.names} == {item.id} for place in ends):
        codes = [
            option.code
            for option in item.options
            if all(
                _Assumption(_Answer(item.id, code=option.code), draft.computes).met(p.own) == FALSE
                for p in ends
            )
        ]
        if codes:
            listed = ", ".join(map(repr, codes))
            return f"{item.id} == {listed}" if len(codes) == 1 else f"{item.id} in [{listed}]"
    match need.condition.tree:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in SIGNS and len(ends) == 1:
            return f"{ast.unparse(left)} {_OPPOSITE[SIGNS[type(op)]]} {ast.unparse(right)}"
        case _:
            return ""
