"""Checks of the route: what is asked before what, and where ends, draws and lookups may be."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Final

from survey_cli.instrument.checks.source_items import (
    Place,
    find_key,
    find_value,
    iterate_items,
    report,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import Roster, find_inputs
from survey_cli.instrument.compiled.symbols import GroupStep, Symbol, SymbolKind
from survey_cli.instrument.expressions.conditions import locate_use
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.schema.items.unasked_items import (
    DrawItem,
    EndItem,
    HandoverItem,
    LookupItem,
    PickItem,
)
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.instrument.texts.templates import find_fill
from survey_cli.problems import Position, Problem, suggest_nearest


def later(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition or text refers to something that is asked only later, or to the item itself.

        - {id: q3, ask_if: q7 == 1, …}     q7 comes after q3 and has no answer yet
        - {id: q1, ask_if: q1 == 2, …}     q1 has no answer before it is asked

    Move the item up, or refer to an earlier one. A compute can be used after its last input. A
    check can refer to its own item.
    """
    locate = _make_locator(draft)
    for use in draft.uses:
        for name in use.names:
            symbol = draft.symbols.get(name)
            if symbol is not None:
                if symbol.index >= use.before:
                    yield _report_later(draft, use, symbol, locate(use, name))
            elif name in draft.symbol_table.groups:
                group_at, last = draft.symbol_table.groups[name]
                is_inside = any(step.group == name for step in use.path)
                if last >= use.before and not is_inside:  # another check reports what is inside
                    what = f"{use.key}: {name} (at {group_at}) comes later than {use.owner}"
                    remedy = f"move {use.owner} after {name}"
                    yield report("later", locate(use, name), use.owner, what, remedy)


def _make_locator(draft: InstrumentDraft) -> Callable[[NameUse, str], tuple[Position, int]]:
    """Return a function that locates a name in a use; the texts are indexed at its first call."""

    @cache
    def index_texts() -> dict[tuple[str, Position], list[YamlScalar]]:
        return {
            (owner, template.source.where): [
                scalar for _, scalar in template.source.iterate_languages()
            ]
            for owner, template in draft.templates
        }

    def locate(use: NameUse, name: str) -> tuple[Position, int]:
        if use.condition is not None:
            return locate_use(name, use.condition, use.where)
        for scalar in index_texts().get((use.owner, use.where), ()):
            at, fill = find_fill(scalar, name)
            if fill:
                return scalar.find_position(at), len(fill)
        return use.where, len(name)

    return locate


def _report_later(draft: InstrumentDraft, use: NameUse, symbol: Symbol, at: Place) -> Problem:
    owner = use.owner
    name = symbol.id
    if name == owner:
        what = f"{use.key}: {name} refers to itself, and has no answer yet when this is evaluated"
        remedy = "use an earlier item; a rule for the answer itself belongs under checks:"
    elif symbol.kind is SymbolKind.COMPUTE:
        what = f"{use.key}: the compute {name} (at {symbol.where}) is known only later"
        latest = max(_list_inputs(draft, name), key=lambda item: item.index, default=None)
        if latest is None:
            remedy = f"move {owner} down"
        else:
            what += f", because it depends on {latest.id} (at {latest.where})"
            remedy = _write_move(owner, latest)
    elif any(step.group == owner for step in symbol.path):
        is_part = f"is part of {owner}"
        what = f"{use.key}: {name} (at {symbol.where}) {is_part}, so there is no answer yet"
        remedy = f"use something asked before {owner}"
    else:
        what = f"{use.key}: {name} (at {symbol.where}) is asked later, so there is no answer yet"
        remedy = f"move {name} before {owner}, or use an earlier item"
    return report("later", at, owner, what, remedy)


def _write_move(owner: str, latest: Symbol) -> str:
    """Write where an item must be moved that depends on another one."""
    if any(step.shuffled for step in latest.path):
        return f"move {owner} after the group that contains {latest.id}, whose order is random"
    return f"move {owner} after that"


def _list_inputs(draft: InstrumentDraft, compute: str) -> list[Symbol]:
    """List the items a compute depends on, also through other computes."""
    symbols = [draft.symbols.get(name) for name in find_inputs([compute], draft.computes)]
    return [
        symbol for symbol in symbols if symbol is not None and symbol.kind is not SymbolKind.COMPUTE
    ]


def drawn_order(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition or text refers to something in its own shuffled group, which may come after it.

    It also can't refer to something in the same group with `pick`, which may not be asked.

        - {id: s, type: section, order: random, items: [{id: a, …}, {id: b, ask_if: a == 1, …}]}

    Move one of them out of the group, put both into a section of their own inside it, or give the
    one that is asked first `anchor: true` and write it first in the group.
    """
    locate = _make_locator(draft)
    for use in draft.uses:
        if not any(step.shuffled for step in use.path):
            continue
        for name in use.names:
            symbol = draft.symbols.get(name)
            if symbol is None or symbol.index >= use.before:
                continue
            fork = _find_fork(use.path, symbol.path)
            if fork is None:
                continue
            own, other = fork
            if _is_always_before(draft, own.group, other.child, own.child):
                continue
            group = draft.groups.get(own.group)
            if group is not None and group.pick is not None:
                why = "of which only some are picked, so it may not be asked"
            else:
                why = f"whose order is random, so it may come after {use.owner}"
            in_group = f"is in the same group {own.group}, {why}"
            what = f"{use.key}: {name} (at {symbol.where}) {in_group}"
            both = "put both into a section inside it"
            remedy = f"move {name} or {use.owner} out of {own.group}, or {both}"
            yield report("drawn-order", locate(use, name), use.owner, what, remedy)


def _find_fork(
    own_path: tuple[GroupStep, ...], other_path: tuple[GroupStep, ...]
) -> tuple[GroupStep, GroupStep] | None:
    """Find the steps at which two paths separate within a shuffled group; None if they don't."""
    for own, other in zip(own_path, other_path, strict=False):
        if own != other:
            is_shuffled = own.group == other.group and own.shuffled
            return (own, other) if is_shuffled else None
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
        group = draft.groups.get(step.group) if step.shuffled else None
        if group is None:
            continue
        if not all(child.anchor for child in group.children[step.child :]):
            return False
    return True


HANGUP: Final = "hangup"
INTERVIEWER: Final = "interviewer"


def unreachable(draft: InstrumentDraft) -> Iterator[Problem]:
    """Items follow an `end` that has no condition. They are never asked.

        - {id: bye, type: end, outcome: complete}
        - {id: age, type: number, …}     never reached

    Give the `end` an `ask_if` or `unless`, or move it to the end.
    """
    problems, _ = _find_unreachable(draft.document.items)
    yield from problems


def _find_unreachable(items: Sequence[AnyItem]) -> tuple[list[Problem], EndItem | None]:
    """Find the problems in a list, and its item that always ends the interview, if it has one."""
    problems: list[Problem] = []
    for at, item in enumerate(items):
        ending: EndItem | None = None
        if isinstance(item, EndItem):
            ending = item
        elif isinstance(item, RosterItem):
            # A roster may have no turn, so that an end in it doesn't always apply.
            inner_problems, _ = _find_unreachable(item.items)
            problems.extend(inner_problems)
        elif isinstance(item, SectionItem) and item.order == "written":
            inner_problems, ending = _find_unreachable(item.items)
            problems.extend(inner_problems)

        has_condition = item.ask_if is not None or item.unless is not None
        if ending is None or has_condition:
            continue
        following = items[at + 1 :]
        if following:
            problems.append(_report_unreachable(following, ending))
        return problems, ending
    return problems, None


def _report_unreachable(following: Sequence[AnyItem], ending: EndItem) -> Problem:
    first = following[0].id
    others = f" and {len(following) - 1} more" if len(following) > 1 else ""
    end = f"{ending.id} (at {ending.id.where})"
    what = f"{first}{others} can't be reached: {end} always ends the interview"
    remedy = f"give {ending.id} an ask_if or unless, or move it down"
    return report("unreachable", first, first, what, remedy)


def end_in_order(draft: InstrumentDraft) -> Iterator[Problem]:
    """An `end` is in a group with random order, so that chance decides what is asked before it.

        - id: s
          type: section
          order: random
          items: [{id: a, …}, {id: out, type: end, ask_if: …, …}]

    Move the `end` after the group, or anchor it as its last item.
    """
    for name, item in draft.items.items():
        symbol = draft.symbols.get(name)
        if not isinstance(item.question, EndItem | HandoverItem) or symbol is None:
            continue
        if not is_always_last(draft, symbol.path):
            group = next(step.group for step in symbol.path if step.shuffled)
            chance = f"is in {group}, whose order is random, so chance decides what comes before it"
            what = f"this {item.question.type} {chance}"
            place = (symbol.where, len(name))
            yield report("end-in-order", place, name, what, f"move it after {group}")


def nested_roster(draft: InstrumentDraft) -> Iterator[Problem]:
    """A roster is inside another roster. Its turns would have no columns of their own in the data.

    Ask the inner items without a roster (first, second, …), or move the inner roster after the
    outer one.
    """
    for item, outer in _iterate_in_rosters(draft.document.items):
        if isinstance(item, RosterItem):
            what = f"this roster is inside the roster {outer}"
            yield report("nested-roster", item.id, item.id, what, f"move it after {outer}")


def _iterate_in_rosters(items: Sequence[AnyItem], outer: str = "") -> Iterator[tuple[AnyItem, str]]:
    """Yield every item and group that is inside a roster, with the roster."""
    for item in items:
        if outer:
            yield item, outer
        if isinstance(item, RosterItem):
            yield from _iterate_in_rosters(item.items, str(item.id))
        elif isinstance(item, SectionItem):
            yield from _iterate_in_rosters(item.items, outer)


def in_roster(draft: InstrumentDraft) -> Iterator[Problem]:
    """A `draw`, a `handover`, or a section with `after: hangup` is inside a roster.

        - {id: person, type: roster, …, items: [{id: who, type: draw, from: person}]}

    A draw is made from all turns: move it after the roster.
    """
    for item, outer in _iterate_in_rosters(draft.document.items):
        if isinstance(item, SectionItem) and item.after is not None:
            kind = "section with after: hangup"
        elif isinstance(item, DrawItem) and item.numbers is not None:
            continue
        elif isinstance(item, DrawItem | HandoverItem):
            kind = item.type
        else:
            continue
        what = f"a {kind} can't be inside the roster {outer}"
        yield report("in-roster", item.id, item.id, what, f"move it after {outer}")


def bad_lookup(draft: InstrumentDraft) -> Iterator[Problem]:
    """A lookup does not say what to look up, or names a quota or sample column that does not exist.

        - {id: room, type: lookup, quota: region_kind}     open, full or outside
        - {id: kind_now, type: lookup, sample: kind}

    Exactly one of `quota:` (one under `quotas:`) and `sample:` (one under `sample:`) is required.
    """
    quotas = [str(quota.id) for quota in draft.document.quotas]
    columns = [str(name) for name in draft.document.sample]
    for item in iterate_items(draft, LookupItem):
        if item.quota is not None and item.sample is None:
            key = "quota"
            name = str(item.quota)
            kind = "quota"
            names = quotas
            otherwise = "define it under quotas:"
        elif item.sample is not None and item.quota is None:
            key = "sample"
            name = str(item.sample)
            kind = "sample column"
            names = columns
            otherwise = "define it under sample:"
        else:
            what = "a lookup needs either quota: or sample:"
            yield report("bad-lookup", item.id, item.id, what, "give exactly one of them")
            continue
        if name not in names and name not in draft.lost:
            what = f"{key}: there is no {kind} {name!r}"
            remedy = suggest_nearest(name, names, otherwise=otherwise)
            yield report("bad-lookup", find_value(item, key), item.id, what, remedy)


def bad_by(draft: InstrumentDraft) -> Iterator[Problem]:
    """A `by:` is not `interviewer`, or an `after:` on a section is not `hangup`.

    They have one possible value each.
    """
    for item in iterate_items(draft, QuestionItem, SectionItem):
        if isinstance(item, DrawItem):
            continue  # its `by` is the method of selection
        if isinstance(item, SectionItem):
            key = "after"
            value = item.after
            only = HANGUP
            remedy = f"write after: {HANGUP}, or remove it"
        else:
            key = "by"
            value = getattr(item, "by", None)
            only = INTERVIEWER
            remedy = f"write by: {INTERVIEWER} if no respondent is asked, or remove it"
        if value is not None and value != only:
            what = f"{key}: {str(value)!r} is not allowed here"
            yield report("bad-by", find_value(item, key), item.id, what, remedy)


def hangup_not_last(draft: InstrumentDraft) -> Iterator[Problem]:
    """A section with `after: hangup` is followed by questions, but the respondent has hung up.

        - {id: notes, type: section, after: hangup, items: […]}     belongs at the end

    Move the section to the end.
    """
    items = draft.document.items
    for at, item in enumerate(items):
        if not isinstance(item, SectionItem):
            continue
        following = [other for other in items[at + 1 :] if not _is_after_hangup(other)]
        if following and _is_after_hangup(item):
            what = f"the respondent has hung up, but {following[0].id} comes after it"
            place = find_value(item, "after")
            yield report("hangup-not-last", place, item.id, what, "move it to the end", "warning")
        yield from _check_nested_hangup(item)


def _is_after_hangup(item: AnyItem) -> bool:
    return isinstance(item, SectionItem) and item.after == HANGUP


def _check_nested_hangup(section: SectionItem) -> Iterator[Problem]:
    for item in section.items:
        if isinstance(item, SectionItem):
            if item.after == HANGUP and section.after != HANGUP:
                place = find_value(item, "after")
                what = f"a section with after: hangup is inside {section.id}"
                remedy = "move it to the end of the items"
                yield report("hangup-not-last", place, item.id, what, remedy, "warning")
            yield from _check_nested_hangup(item)


def empty_group(draft: InstrumentDraft) -> Iterator[Problem]:
    """A section, battery or roster is empty, or the file has no items."""
    if draft.lost:
        return
    if not draft.document.items:
        where = draft.document.find_position("items")
        what = "items: there is nothing to ask"
        yield report("empty-group", where, "", what, "write the items, each with id and type")
    for item in iterate_items(draft, BatteryItem, SectionItem, RosterItem):
        key = "statements" if isinstance(item, BatteryItem) else "items"
        if not getattr(item, key):
            place = find_key(item._node, key)
            what = f"{key}: this {item.type} is empty"
            yield report("empty-group", place, item.id, what, "fill it, or remove it", "warning")


def idle_condition(draft: InstrumentDraft) -> Iterator[Problem]:
    """A random draw has `using:`, which has no effect on it.

    It goes with `by: youngest` or `by: next_birthday`.
    """
    for item in iterate_items(draft, DrawItem):
        is_random_turn = item.by == "random" and item.numbers is None
        if is_random_turn and item.using is not None:
            place = find_value(item, "using")
            what = "using: has no effect on a random draw"
            remedy = "write by: youngest or by: next_birthday, or remove it"
            yield report("idle-condition", place, item.id, what, remedy, "warning")


_PICKED: Final = {"battery": "statements", "section": "items", "roster": "turns"}
"""What a group with `pick` has, by its type."""


def bad_pick(draft: InstrumentDraft) -> Iterator[Problem]:
    """A `pick` asks for more than the group has, or its turns can't be picked.

        - {id: brands, type: battery, pick: 3, statements: {…}}     of 3 or fewer, all are asked
        - {id: trip, type: roster, until: Any other trip?, pick: 2, …}

    The turns of a roster with `until` are not known beforehand. `by: least_filled` compares
    interviews, so that the turns of a roster must mean the same in each of them: those of `each:`
    and a multiple, not persons.
    """
    for item in iterate_items(draft, BatteryItem, SectionItem, RosterItem):
        group = draft.groups.get(str(item.id))
        if item.pick is None or group is None or group.pick is None:
            continue
        assert isinstance(group.pick.question, PickItem)
        count = item.pick.count
        available = len(group.pick.question.names)
        if count < 1 or count > available:
            what = f"pick: {count} of {available} {_PICKED[item.type]}"
            remedy = f"write 1 to {available}, or remove pick: to ask all of them"
        elif not isinstance(group, Roster):
            continue
        elif group.until is not None:
            what = "pick: the turns are not known before they are asked"
            remedy = "use count: or each:, or a draw"
        elif item.pick.by == "least_filled" and group.sources[-1].each is None:
            what = "by: turn 1 is somebody else in each interview, so that none can be least filled"
            remedy = "pick at random, or use each: and a multiple"
        else:
            continue
        yield report("bad-pick", item.find_position("pick"), item.id, what, remedy)
