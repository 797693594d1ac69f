"""Checks of the route: unreachable items, and the places of ends, draws, lookups and handovers."""

from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.instrument.checks.route.references import is_always_last
from survey_cli.instrument.checks.source_items import iterate_items
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.schema.items.unasked_items import DrawItem, EndItem, HandoverItem, LookupItem, PickItem
from survey_cli.instrument.source.nodes import locate_key, locate_name
from survey_cli.problems import Problem, suggest_nearest
from survey_cli.wording import join_words

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
        if isinstance(item, SectionItem | RosterItem):
            if isinstance(item, SectionItem) and item.order != "written":
                continue
            inner_problems, ending = _find_unreachable(item.items)
            problems.extend(inner_problems)
            if isinstance(item, RosterItem):
                continue
        if ending is None or item.ask_if is not None or item.unless is not None:
            continue
        following = items[at + 1 :]
        if following:
            first = str(following[0].id)
            others = f" and {len(following) - 1} more" if len(following) > 1 else ""
            what = f"{first}{others} can't be reached: {ending.id} (at {ending.id.where}) always ends the interview"
            remedy = f"give {ending.id} an ask_if or unless, or move it down"
            problems.append(Problem("unreachable", following[0].id.where, first, what, remedy, length=len(first)))
        return problems, ending
    return problems, None


def end_in_order(draft: InstrumentDraft) -> Iterator[Problem]:
    """An `end` is in a group with random order, so that chance decides what is asked before it.

        - {id: s, type: section, order: random, items: [{id: a, …}, {id: out, type: end, ask_if: …, …}]}

    Move the `end` after the group, or anchor it as its last item.
    """
    for name, item in draft.items.items():
        if not isinstance(item.question, EndItem | HandoverItem) or name not in draft.symbols:
            continue
        symbol = draft.symbols[name]
        if is_always_last(draft, symbol.path):
            continue
        group = next(step.group for step in symbol.path if step.shuffled)
        kind = item.question.type
        what = f"this {kind} is in {group}, whose order is random, so chance decides what comes before it"
        yield Problem("end-in-order", symbol.where, name, what, f"move it after {group}", length=len(name))


def nested_roster(draft: InstrumentDraft) -> Iterator[Problem]:
    """A roster is inside another roster. The data have one column per turn, and a turn can't have turns of its own.

    Ask the inner items without a roster (first, second, …), or move the inner roster after the outer one.
    """

    def below(items: Sequence[AnyItem], outer: str) -> Iterator[Problem]:
        for item in items:
            if isinstance(item, RosterItem):
                if outer:
                    what = f"this roster is inside the roster {outer}"
                    remedy = f"move it after {outer}"
                    yield Problem(
                        "nested-roster", locate_name(item.id), str(item.id), what, remedy, length=len(item.id)
                    )
                yield from below(item.items, str(item.id))
            elif isinstance(item, SectionItem):
                yield from below(item.items, outer)

    yield from below(draft.document.items, "")


def in_roster(draft: InstrumentDraft) -> Iterator[Problem]:
    """A `draw`, a `handover`, or a section with `after: hangup` is inside a roster.

        - {id: person, type: roster, …, items: [{id: who, type: draw, from: person}]}

    A draw is made from all turns: move it after the roster.
    """

    def below(items: Sequence[AnyItem], outer: str) -> Iterator[Problem]:
        for item in items:
            if isinstance(item, RosterItem):
                yield from below(item.items, str(item.id))
                continue
            if isinstance(item, SectionItem):
                yield from below(item.items, outer)
            hangup = isinstance(item, SectionItem) and item.after is not None
            if outer and (hangup or isinstance(item, DrawItem | HandoverItem)):
                kind = "section with after: hangup" if hangup else item.type
                what = f"a {kind} can't be inside the roster {outer}"
                yield Problem(
                    "in-roster", locate_name(item.id), str(item.id), what, f"move it after {outer}", length=len(item.id)
                )

    yield from below(draft.document.items, "")


def bad_lookup(draft: InstrumentDraft) -> Iterator[Problem]:
    """A lookup does not say what to look up, or names a quota or sample column that does not exist.

        - {id: room, type: lookup, quota: region_kind}     open, full or outside
        - {id: kind_now, type: lookup, sample: kind}

    Exactly one of `quota:` (one under `quotas:`) and `sample:` (one under `sample:`) is required.
    """
    quotas = [str(quota.id) for quota in draft.document.quotas]
    columns = list(map(str, draft.document.sample))
    for item in iterate_items(draft, LookupItem):
        who = str(item.id)
        if (item.quota is None) == (item.sample is None):
            what = "a lookup needs either quota: or sample:"
            yield Problem("bad-lookup", locate_name(item.id), who, what, "give exactly one of them", length=len(who))
            continue
        for key, name, known in (("quota", item.quota, quotas), ("sample", item.sample, columns)):
            if name is not None and str(name) not in known and str(name) not in draft.lost:
                kind = "quota" if key == "quota" else "sample column"
                where = "quotas:" if key == "quota" else "sample:"
                near = suggest_nearest(name, known, otherwise=f"define it under {where}")
                yield Problem(
                    "bad-lookup",
                    item.find_position(key),
                    who,
                    f"{key}: there is no {kind} {str(name)!r}",
                    near,
                    length=len(name),
                )


def bad_by(draft: InstrumentDraft) -> Iterator[Problem]:
    """`by:` and `after:` have one possible value each: `by: interviewer`, and on a section `after: hangup`."""
    for item in iterate_items(draft, QuestionItem, SectionItem):
        if isinstance(item, DrawItem):
            continue  # its `by` is the method of selection
        if isinstance(item, QuestionItem) and item.by is not None and item.by != INTERVIEWER:
            what = f"by: {str(item.by)!r} is not allowed here"
            remedy = "write by: interviewer if no respondent is asked, or remove it"
            yield Problem("bad-by", item.find_position("by"), str(item.id), what, remedy, length=len(item.by))
        elif isinstance(item, SectionItem) and item.after is not None and item.after != HANGUP:
            what = f"after: {str(item.after)!r} is not allowed here"
            remedy = "write after: hangup, or remove it"
            yield Problem("bad-by", item.find_position("after"), str(item.id), what, remedy, length=len(item.after))


def hangup_not_last(draft: InstrumentDraft) -> Iterator[Problem]:
    """A section with `after: hangup` is followed by questions, but the respondent has hung up.

        - {id: notes, type: section, after: hangup, items: […]}     belongs at the end

    Move the section to the end.
    """
    items = draft.document.items
    for at, item in enumerate(items):
        if isinstance(item, SectionItem):
            if item.after == HANGUP:
                following = [i for i in items[at + 1 :] if not (isinstance(i, SectionItem) and i.after == HANGUP)]
                if following:
                    what = f"the respondent has hung up, but {following[0].id} comes after it"
                    yield Problem(
                        "hangup-not-last",
                        item.find_position("after"),
                        str(item.id),
                        what,
                        "move it to the end",
                        "warning",
                        len(HANGUP),
                    )
            yield from _check_nested_hangup(item)


def _check_nested_hangup(section: SectionItem) -> Iterator[Problem]:
    for item in section.items:
        if isinstance(item, SectionItem):
            if item.after == HANGUP and section.after != HANGUP:
                what = f"a section with after: hangup is inside {section.id}"
                remedy = "move it to the end of the items"
                yield Problem(
                    "hangup-not-last", item.find_position("after"), str(item.id), what, remedy, "warning", len(HANGUP)
                )
            yield from _check_nested_hangup(item)


def empty_group(draft: InstrumentDraft) -> Iterator[Problem]:
    """A section, battery or roster is empty, or the file has no items."""
    if not draft.document.items and not draft.lost:
        where = draft.document.find_position("items")
        yield Problem(
            "empty-group", where, "", "items: there is nothing to ask", "write the items, each with id and type"
        )
    for item in iterate_items(draft, BatteryItem, SectionItem, RosterItem):
        key = "statements" if isinstance(item, BatteryItem) else "items"
        if not getattr(item, key) and not draft.lost:
            what = f"{key}: this {item.type} is empty"
            where = locate_key(item._node, key)
            yield Problem("empty-group", where, str(item.id), what, "fill it, or remove it", "warning", len(key))


def idle_condition(draft: InstrumentDraft) -> Iterator[Problem]:
    """A draw's `using:` goes with `by: youngest` or `by: next_birthday`; it has no effect on a random draw."""
    for item in iterate_items(draft, DrawItem):
        if item.by == "random" and item.using is not None:
            what = "using: has no effect on a random draw"
            ways = join_words(["by: youngest", "by: next_birthday"], "or")
            yield Problem(
                "idle-condition",
                item.find_position("using"),
                str(item.id),
                what,
                f"write {ways}, or remove it",
                "warning",
                len(item.using),
            )


def bad_pick(draft: InstrumentDraft) -> Iterator[Problem]:
    """A `pick` asks for more than the group has, or its turns can't be picked.

        - {id: brands, type: battery, pick: 3, statements: {…}}     of 3 statements or fewer, all are asked
        - {id: trip, type: roster, until: Any other trip?, pick: 2, …}

    The turns of a roster with `until` are not known beforehand. `by: least_filled` compares interviews, so that the turns
    of a roster must mean the same in each of them: those of `each:` and a multiple, not persons.
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
            what, remedy = "pick: the turns are not known before they are asked", "use count: or each:, or a draw"
        elif isinstance(group, Roster) and item.pick.by == "least_filled" and group.sources[-1].each is None:
            what = "by: turn 1 is somebody else in each interview, so that none can be least filled"
            remedy = "pick at random, or use each: and a multiple"
        if what:
            yield Problem("bad-pick", item.find_position("pick"), str(item.id), what, remedy)
