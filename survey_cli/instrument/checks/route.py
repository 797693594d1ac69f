"""Checks of the route: what is asked before what, and the places of ends, draws, lookups and handovers."""

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
from survey_cli.instrument.compiled.draft import (
    GroupStep,
    InstrumentDraft,
    NameUse,
    Symbol,
    SymbolKind,
)
from survey_cli.instrument.compiled.model import Roster, find_inputs
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
            if symbol is not None and symbol.index >= use.before:
                yield _report_later(draft, use, symbol, locate(use, name))
            elif symbol is None and name in draft.symbol_table.groups:
                group_at, _, last, _ = draft.symbol_table.groups[name]
                if last >= use.before and not any(
                    step.group == name for step in use.path
                ):  # inside, see elsewhere
                    what = f"{use.key}: {name} (at {group_at}) comes later than {use.owner}"
                    yield report(
                        "later",
                        locate(use, name),
                        use.owner,
                        what,
                        f"move {use.owner} after {name}",
                    )


def _make_locator(draft: InstrumentDraft) -> Callable[[NameUse, str], tuple[Position, int]]:
    """Return a function that locates a name within a use; the texts are indexed at its first call."""

    @cache
    def texts() -> dict[tuple[str, Position], list[YamlScalar]]:
        return {
            (owner, t.source.where): [w for _, w in t.source.iterate_languages()]
            for owner, t in draft.templates
        }

    def place(use: NameUse, name: str) -> tuple[Position, int]:
        if use.condition is not None:
            return locate_use(name, use.condition, use.where)
        for scalar in texts().get((use.owner, use.where), ()):
            at, fill = find_fill(scalar, name)
            if fill:
                return scalar.find_position(at), len(fill)
        return use.where, len(name)

    return place


def _report_later(draft: InstrumentDraft, use: NameUse, symbol: Symbol, at: Place) -> Problem:
    owner, name = use.owner, symbol.id
    if name == owner:
        what = f"{use.key}: {name} refers to itself, and has no answer yet when this is evaluated"
        remedy = "use an earlier item; a rule for the answer itself belongs under checks:"
    elif symbol.kind is SymbolKind.COMPUTE:
        latest = max(_list_inputs(draft, name), key=lambda n: n.index, default=None)
        of = (
            f", because it depends on {latest.id} (at {latest.where})" if latest is not None else ""
        )
        what = f"{use.key}: the compute {name} (at {symbol.where}) is known only later{of}"
        remedy = f"move {owner} after that" if latest is not None else f"move {owner} down"
        if latest is not None and any(step.shuffled for step in latest.path):
            remedy = (
                f"move {owner} after the group that contains {latest.id}, whose order is random"
            )
    else:
        inside = any(step.group == owner for step in symbol.path)
        how = f"is part of {owner}" if inside else "is asked later"
        what = f"{use.key}: {name} (at {symbol.where}) {how}, so there is no answer yet"
        remedy = f"move {name} before {owner}, or use an earlier item"
        remedy = f"use something asked before {owner}" if inside else remedy
    return report("later", at, owner, what, remedy)


def _list_inputs(draft: InstrumentDraft, compute: str) -> list[Symbol]:
    """List the items a compute depends on, also through other computes."""
    symbols = [draft.symbols.get(name) for name in find_inputs([compute], draft.computes)]
    return [
        symbol for symbol in symbols if symbol is not None and symbol.kind is not SymbolKind.COMPUTE
    ]


def drawn_order(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition or text refers to something in the same shuffled group, which may come before or after it.

    It also can't refer to something in the same group with `pick`, which may not be asked.

        - {id: s, type: section, order: random, items: [{id: a, …}, {id: b, ask_if: a == 1, …}]}

    Move one of them out of the group, put both into a section of their own inside it, or give the
    one that is asked first `anchor: true` and write it first in the group.
    """
    locate = _make_locator(draft)
    for use in draft.uses:
        for name in use.names if any(step.shuffled for step in use.path) else ():
            symbol = draft.symbols.get(name)
            if symbol is None or symbol.index >= use.before:
                continue
            own, other = _find_fork(use.path, symbol.path)
            if (
                own is None
                or other is None
                or _is_always_before(draft, own.group, other.child, own.child)
            ):
                continue
            group = draft.groups.get(own.group)
            why, so = "whose order is random", f"so it may come after {use.owner}"
            if group is not None and group.pick is not None:
                why, so = "of which only some are picked", "so it may not be asked"
            what = f"{use.key}: {name} (at {symbol.where}) is in the same group {own.group}, {why}, {so}"
            remedy = f"move {name} or {use.owner} out of {own.group}, or put both into a section inside it"
            yield report("drawn-order", locate(use, name), use.owner, what, remedy)


def _find_fork(
    own_path: tuple[GroupStep, ...], other_path: tuple[GroupStep, ...]
) -> tuple[GroupStep, GroupStep] | tuple[None, None]:
    """Find the steps where two paths separate within a shuffled group; None if they do not."""
    for own, other in zip(own_path, other_path, strict=False):
        if own != other:
            return (own, other) if own.group == other.group and own.shuffled else (None, None)
    return None, None


def _is_always_before(draft: InstrumentDraft, group: str, first: int, second: int) -> bool:
    """Return whether anchors keep one child of a shuffled group before another in every order."""
    shuffled = draft.groups.get(group)
    if shuffled is None or first > second or shuffled.pick is not None:
        return False
    anchored = [child.anchor for child in shuffled.children]
    return all(anchored[: first + 1]) or all(anchored[second:])


def is_always_last(draft: InstrumentDraft, path: tuple[GroupStep, ...]) -> bool:
    """Return whether an item comes last in each of its shuffled groups, whatever the order."""
    groups = [(draft.groups.get(step.group), step.child) for step in path if step.shuffled]
    return all(
        group is None or all(c.anchor for c in group.children[child:]) for group, child in groups
    )


HANGUP: Final = "hangup"
INTERVIEWER: Final = "interviewer"


def unreachable(draft: InstrumentDraft) -> Iterator[Problem]:
    """Items follow an `end` that has no condition. They are never asked.

        - {id: bye, type: end, outcome: complete}
        - {id: age, type: number, …}     never reached

    Give the `end` an `ask_if` or `unless`, or move it to the end.
    """
    yield from _find_unreachable(draft.document.items)[0]


def _find_unreachable(items: Sequence[AnyItem]) -> tuple[list[Problem], EndItem | None]:
    """Find the problems in a list, and the item in it that always ends the interview, if there is one."""
    problems: list[Problem] = []
    for at, item in enumerate(items):
        ending: EndItem | None = item if isinstance(item, EndItem) else None
        if isinstance(item, RosterItem) or (
            isinstance(item, SectionItem) and item.order == "written"
        ):
            inner_problems, ending = _find_unreachable(item.items)
            problems.extend(inner_problems)
        if (
            ending is None
            or isinstance(item, RosterItem)
            or item.ask_if is not None
            or item.unless is not None
        ):
            continue
        if following := items[at + 1 :]:
            first = following[0].id
            others = f" and {len(following) - 1} more" if len(following) > 1 else ""
            what = f"{first}{others} can't be reached: {ending.id} (at {ending.id.where}) always ends the interview"
            remedy = f"give {ending.id} an ask_if or unless, or move it down"
            problems.append(report("unreachable", first, first, what, remedy))
        return problems, ending
    return problems, None


def end_in_order(draft: InstrumentDraft) -> Iterator[Problem]:
    """An `end` is in a group with random order, so that chance decides what is asked before it.

        - {id: s, type: section, order: random, items: [{id: a, …}, {id: out, type: end, ask_if: …, …}]}

    Move the `end` after the group, or anchor it as its last item.
    """
    for name, item in draft.items.items():
        symbol = draft.symbols.get(name)
        if not isinstance(item.question, EndItem | HandoverItem) or symbol is None:
            continue
        if not is_always_last(draft, symbol.path):
            group = next(step.group for step in symbol.path if step.shuffled)
            kind = item.question.type
            what = f"this {kind} is in {group}, whose order is random, so chance decides what comes before it"
            yield report(
                "end-in-order", (symbol.where, len(name)), name, what, f"move it after {group}"
            )


def nested_roster(draft: InstrumentDraft) -> Iterator[Problem]:
    """A roster is inside another roster. The data have one column per turn, and a turn can't have turns of its own.

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
        if isinstance(item, RosterItem | SectionItem):
            yield from _iterate_in_rosters(
                item.items, str(item.id) if isinstance(item, RosterItem) else outer
            )


def in_roster(draft: InstrumentDraft) -> Iterator[Problem]:
    """A `draw`, a `handover`, or a section with `after: hangup` is inside a roster.

        - {id: person, type: roster, …, items: [{id: who, type: draw, from: person}]}

    A draw is made from all turns: move it after the roster.
    """
    for item, outer in _iterate_in_rosters(draft.document.items):
        hangup = isinstance(item, SectionItem) and item.after is not None
        if hangup or isinstance(item, DrawItem | HandoverItem):
            kind = "section with after: hangup" if hangup else item.type
            what = f"a {kind} can't be inside the roster {outer}"
            yield report("in-roster", item.id, item.id, what, f"move it after {outer}")


def bad_lookup(draft: InstrumentDraft) -> Iterator[Problem]:
    """A lookup does not say what to look up, or names a quota or sample column that does not exist.

        - {id: room, type: lookup, quota: region_kind}     open, full or outside
        - {id: kind_now, type: lookup, sample: kind}

    Exactly one of `quota:` (one under `quotas:`) and `sample:` (one under `sample:`) is required.
    """
    quotas = [str(quota.id) for quota in draft.document.quotas]
    known = {
        "quota": ("quota", quotas),
        "sample": ("sample column", list(map(str, draft.document.sample))),
    }
    for item in iterate_items(draft, LookupItem):
        if (item.quota is None) == (item.sample is None):
            what = "a lookup needs either quota: or sample:"
            yield report("bad-lookup", item.id, item.id, what, "give exactly one of them")
            continue
        key, name = ("quota", item.quota) if item.quota is not None else ("sample", item.sample)
        kind, names = known[key]
        if str(name) not in names and str(name) not in draft.lost:
            where = "quotas:" if key == "quota" else "sample:"
            near = suggest_nearest(str(name), names, otherwise=f"define it under {where}")
            yield report(
                "bad-lookup",
                find_value(item, key),
                item.id,
                f"{key}: there is no {kind} {str(name)!r}",
                near,
            )


def bad_by(draft: InstrumentDraft) -> Iterator[Problem]:
    """`by:` and `after:` have one possible value each: `by: interviewer`, and on a section `after: hangup`."""
    for item in iterate_items(draft, QuestionItem, SectionItem):
        if isinstance(item, DrawItem):
            continue  # its `by` is the method of selection
        key, value, only, when = (
            "by",
            getattr(item, "by", None),
            INTERVIEWER,
            " if no respondent is asked",
        )
        if isinstance(item, SectionItem):
            key, value, only, when = "after", item.after, HANGUP, ""
        if value is not None and value != only:
            remedy = f"write {key}: {only}{when}, or remove it"
            yield report(
                "bad-by",
                find_value(item, key),
                item.id,
                f"{key}: {str(value)!r} is not allowed here",
                remedy,
            )


def hangup_not_last(draft: InstrumentDraft) -> Iterator[Problem]:
    """A section with `after: hangup` is followed by questions, but the respondent has hung up.

        - {id: notes, type: section, after: hangup, items: […]}     belongs at the end

    Move the section to the end.
    """
    items = draft.document.items
    for at, item in enumerate(items):
        if not isinstance(item, SectionItem):
            continue
        following = [
            i for i in items[at + 1 :] if not (isinstance(i, SectionItem) and i.after == HANGUP)
        ]
        if item.after == HANGUP and following:
            what = f"the respondent has hung up, but {following[0].id} comes after it"
            yield report(
                "hangup-not-last",
                find_value(item, "after"),
                item.id,
                what,
                "move it to the end",
                "warning",
            )
        yield from _check_nested_hangup(item)


def _check_nested_hangup(section: SectionItem) -> Iterator[Problem]:
    for item in section.items:
        if isinstance(item, SectionItem):
            if item.after == HANGUP and section.after != HANGUP:
                what, remedy = (
                    f"a section with after: hangup is inside {section.id}",
                    "move it to the end of the items",
                )
                yield report(
                    "hangup-not-last", find_value(item, "after"), item.id, what, remedy, "warning"
                )
            yield from _check_nested_hangup(item)


def empty_group(draft: InstrumentDraft) -> Iterator[Problem]:
    """A section, battery or roster is empty, or the file has no items."""
    if draft.lost:
        return
    if not draft.document.items:
        where, what = draft.document.find_position("items"), "items: there is nothing to ask"
        yield report("empty-group", where, "", what, "write the items, each with id and type")
    for item in iterate_items(draft, BatteryItem, SectionItem, RosterItem):
        key = "statements" if isinstance(item, BatteryItem) else "items"
        if not getattr(item, key):
            what = f"{key}: this {item.type} is empty"
            yield report(
                "empty-group",
                find_key(item._node, key),
                item.id,
                what,
                "fill it, or remove it",
                "warning",
            )


def idle_condition(draft: InstrumentDraft) -> Iterator[Problem]:
    """A draw's `using:` goes with `by: youngest` or `by: next_birthday`; it has no effect on a random draw."""
    for item in iterate_items(draft, DrawItem):
        if item.by == "random" and item.using is not None:
            remedy = "write by: youngest or by: next_birthday, or remove it"
            what = "using: has no effect on a random draw"
            yield report(
                "idle-condition", find_value(item, "using"), item.id, what, remedy, "warning"
            )


def bad_pick(draft: InstrumentDraft) -> Iterator[Problem]:
    """A `pick` asks for more than the group has, or its turns can't be picked.

        - {id: brands, type: battery, pick: 3, statements: {…}}     of 3 statements or fewer, all are asked
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
        count, available = item.pick.count, len(group.pick.question.names)
        what = remedy = ""
        if count < 1 or count > available:
            things = {"battery": "statements", "section": "items", "roster": "turns"}[item.type]
            what = f"pick: {count} of {available} {things}"
            remedy = f"write 1 to {available}, or remove pick: to ask all of them"
        elif isinstance(group, Roster) and group.until is not None:
            what, remedy = (
                "pick: the turns are not known before they are asked",
                "use count: or each:, or a draw",
            )
        elif (
            isinstance(group, Roster)
            and item.pick.by == "least_filled"
            and group.sources[-1].each is None
        ):
            what = "by: turn 1 is somebody else in each interview, so that none can be least filled"
            remedy = "pick at random, or use each: and a multiple"
        if what:
            yield report("bad-pick", item.find_position("pick"), item.id, what, remedy)
