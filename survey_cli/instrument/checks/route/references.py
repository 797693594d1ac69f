"""Checks of the route: whatever a condition or text refers to is asked before it."""

from collections.abc import Callable, Iterator
from functools import cache

from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.symbols import GroupStep, Symbol
from survey_cli.instrument.expressions.conditions import locate_use
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.instrument.texts.templates import find_fill
from survey_cli.problems import Position, Problem


def later(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition or text refers to something that is asked only later, or to the item itself.

        - {id: q3, ask_if: q7 == 1, …}     q7 comes after q3 and has no answer yet
        - {id: q1, ask_if: q1 == 2, …}     q1 has no answer before it is asked

    Move the item up, or refer to an earlier one. A compute can be used after its last input. A check can
    refer to its own item.
    """
    locate = _make_locator(draft)
    for use in draft.uses:
        for name in use.names:
            symbol = draft.symbols.get(name)
            if symbol is not None:
                if symbol.index < use.before:
                    continue
                yield _report_later(draft, use, symbol, *locate(use, name))
            elif name in draft.symbol_table.groups:
                group_at, _, last, _ = draft.symbol_table.groups[name]
                if last < use.before or any(step.group == name for step in use.path):
                    continue  # settled, or inside of it, which is reported elsewhere
                where, length = locate(use, name)
                what = f"{use.key}: {name} (at {group_at}) comes later than {use.owner}"
                yield Problem("later", where, use.owner, what, f"move {use.owner} after {name}", length=length)


def _make_locator(draft: InstrumentDraft) -> Callable[[NameUse, str], tuple[Position, int]]:
    """Return a function that locates a name within a use; the texts are indexed at its first call."""

    @cache
    def texts() -> dict[tuple[str, Position], list[YamlScalar]]:
        return {(owner, t.source.where): [w for _, w in t.source.iterate_languages()] for owner, t in draft.templates}

    def place(use: NameUse, name: str) -> tuple[Position, int]:
        if use.condition is not None:
            return locate_use(name, use.condition, use.where)
        for scalar in texts().get((use.owner, use.where), ()):
            at = find_fill(scalar, name)
            if at >= 0:
                end = scalar.find("}", at)
                return scalar.find_position(at), max(1, end - at + 1)
        return use.where, len(name)

    return place


def _report_later(draft: InstrumentDraft, use: NameUse, symbol: Symbol, where: Position, length: int) -> Problem:
    owner, name = use.owner, symbol.id
    if name == owner:
        what = f"{use.key}: {name} refers to itself, and has no answer yet when this is evaluated"
        remedy = "use an earlier item; a rule for the answer itself belongs under checks:"
    elif symbol.kind == "compute":
        inputs = _list_inputs(draft, name)
        latest = max(inputs, key=lambda n: n.index, default=None)
        of = f", because it depends on {latest.id} (at {latest.where})" if latest is not None else ""
        what = f"{use.key}: the compute {name} (at {symbol.where}) is known only later{of}"
        remedy = f"move {owner} after that" if latest is not None else f"move {owner} down"
        if latest is not None and any(step.shuffled for step in latest.path):
            remedy = f"move {owner} after the group that contains {latest.id}, whose order is random"
    else:
        inside = any(step.group == owner for step in symbol.path)
        how = f"is part of {owner}" if inside else "is asked later"
        what = f"{use.key}: {name} (at {symbol.where}) {how}, so there is no answer yet"
        remedy = (
            f"use something asked before {owner}" if inside else f"move {name} before {owner}, or use an earlier item"
        )
    return Problem("later", where, owner, what, remedy, length=length)


def _list_inputs(draft: InstrumentDraft, compute: str) -> list[Symbol]:
    """List the items a compute depends on, also through other computes."""
    inputs: dict[str, Symbol] = {}
    waiting = [compute]
    while waiting:
        name = waiting.pop()
        for condition in draft.computes[name].conditions.values() if name in draft.computes else ():
            for need in condition.names:
                symbol = draft.symbols.get(need)
                if symbol is not None and need not in inputs:
                    inputs[need] = symbol
                    waiting.append(need)
    return [n for n in inputs.values() if n.kind != "compute"]


def drawn_order(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition or text refers to something in the same shuffled group, which may come before or after it.

    It also can't refer to something in the same group with `pick`, which may not be asked.

        - {id: s, type: section, order: random, items: [{id: a, …}, {id: b, ask_if: a == 1, …}]}

    Move one of them out of the group, put both into a section of their own inside it, or give the one that
    is asked first `anchor: true` and write it first in the group.
    """
    locate = _make_locator(draft)
    for use in draft.uses:
        if not any(step.shuffled for step in use.path):
            continue
        for name in use.names:
            symbol = draft.symbols.get(name)
            if symbol is None or symbol.index >= use.before:
                continue
            step = _find_fork(use.path, symbol.path)
            if step is None or _is_always_before(draft, step[0].group, step[1].child, step[0].child):
                continue
            where, length = locate(use, name)
            group = draft.groups.get(step[0].group)
            picked = group is not None and group.pick is not None
            why = "of which only some are picked" if picked else "whose order is random"
            so = "so it may not be asked" if picked else f"so it may come after {use.owner}"
            what = f"{use.key}: {name} (at {symbol.where}) is in the same group {step[0].group}, {why}, {so}"
            remedy = f"move {name} or {use.owner} out of {step[0].group}, or put both into a section inside it"
            yield Problem("drawn-order", where, use.owner, what, remedy, length=length)


def _find_fork(
    own_path: tuple[GroupStep, ...], other_path: tuple[GroupStep, ...]
) -> tuple[GroupStep, GroupStep] | None:
    """Find the steps where two paths separate within a shuffled group; None if they do not."""
    for own_step, other_step in zip(own_path, other_path, strict=False):
        if own_step.group != other_step.group:
            return None
        if own_step.child != other_step.child:
            return (own_step, other_step) if own_step.shuffled else None
    return None


def _is_always_before(draft: InstrumentDraft, group: str, first: int, second: int) -> bool:
    """Return whether anchors keep one child of a shuffled group before another in every order."""
    shuffled = draft.groups.get(group)
    if shuffled is None or first > second or shuffled.pick is not None:
        return False
    anchored = [child.anchor for child in shuffled.children]
    return all(anchored[: first + 1]) or all(anchored[second:])


def is_always_last(draft: InstrumentDraft, path: tuple[GroupStep, ...]) -> bool:
    """Return whether an item comes last in each of its shuffled groups, whatever the order."""
    for step in path:
        group = draft.groups.get(step.group)
        if step.shuffled and group is not None and not all(c.anchor for c in group.children[step.child :]):
            return False
    return True
