"""Checks of numbers, ranges and patterns: those of questions, rosters and splits."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

from survey_cli.instrument.checks.source_items import find_key, find_value, iterate_items, report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.countries import find_date_order
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem, ScaleItem, SingleItem
from survey_cli.instrument.schema.items.groups import BatteryItem, RosterItem
from survey_cli.instrument.schema.items.question import CompiledItem, QuestionItem
from survey_cli.instrument.schema.items.typed import DateItem, NumberFields, NumberItem, TextItem
from survey_cli.instrument.schema.items.unasked_items import SplitItem
from survey_cli.instrument.source.nodes import find_node, locate_name
from survey_cli.instrument.source.scalars import DECIMAL
from survey_cli.problems import Problem, Severity
from survey_cli.values import Code, DateOrder
from survey_cli.wording import join_words, pluralize

READINGS: Final[dict[DateOrder, str]] = {"dmy": "3 April", "mdy": "4 March"}
"""What `3/4` means in each order."""
MAX_DECIMALS: Final = 6
MAX_TURNS: Final = 999
"""Each turn has its own columns in the data."""
_REGEX: Final = re.compile(r"\\[dwsDWS]|\[[^\]]*-[^\]]*\]|\{\d+(,\d*)?\}|\.\*|^\^|\$$")


def empty_range(draft: InstrumentDraft) -> Iterator[Problem]:
    """The minimum exceeds the maximum, so that no answer is valid.

        - {id: hours, type: number, min: 10, max: 1, …}     → min: 1, max: 10

    Write the lower number, or the earlier date, under `min:`.
    """
    batteries = [
        (str(b.id), b.answer) for b in iterate_items(draft, BatteryItem) if b.answer is not None
    ]
    for who, item in [
        *((str(i.id), i) for i in iterate_items(draft, NumberItem, DateItem, MultipleItem)),
        *batteries,
    ]:
        low, high = item.min, item.max
        if (
            low is None
            or high is None
            or isinstance(low, str)
            or isinstance(high, str)
            or low <= high
        ):
            continue
        note, remedy, things = (
            "",
            "swap them",
            "date" if isinstance(item, DateItem) else "number of answers",
        )
        if isinstance(item, NumberFields):
            things = "number"
            if not (item._node and "min" in item._node):
                note, remedy = " (0 by default)", "write min: too, below max"
        what = f"min is {low}{note}, and max is {high}: no {things} is valid"
        yield report("empty-range", find_value(item, "max"), who, what, remedy)


def bad_total(draft: InstrumentDraft) -> Iterator[Problem]:
    """The answers of a battery can't add up to its `total`, or are not numbers.

        answer: {type: number, max: 20}      with `total: 100` and three statements, at most 60 are reached

    A `total` needs `answer: {type: number}`. Change the total, or `min` and `max` of the answer.
    What is asked depends on no other statement of the battery, because the last one must be known.
    """
    for item in iterate_items(draft, BatteryItem):
        if item.total is None:
            continue
        if item.answer is None:
            if (
                item.scale or item.options or item.from_ is not None
            ):  # otherwise it is reported already
                what, remedy = (
                    "total: the answers are no numbers",
                    "write answer: {type: number}, or remove total:",
                )
                yield report("bad-total", item.total, item.id, what, remedy)
            continue
        for name, statement in item.statements.items():
            compiled = draft.items.get(str(name))
            names = (
                compiled.ask_if.names
                if compiled is not None and compiled.ask_if is not None
                else ()
            )
            if other := next((n for n in map(str, item.statements) if n in names), None):
                what = f"{name} is asked depending on {other}, so that it is not known which statement is the last"
                remedy = "ask it outside of the battery"
                yield report("bad-total", find_value(statement, "ask_if"), item.id, what, remedy)
        if not DECIMAL.match(item.total) or item.answer.options:
            continue
        count, total = len(item.statements), float(item.total)
        may_skip = any(statement.ask_if is not None for statement in item.statements.values())
        for limit, word in ((item.answer.max, "most"), (item.answer.min, "least")):
            if limit is None or isinstance(limit, str) or (word == "least" and may_skip):
                continue
            reached = limit * count
            if reached < total if word == "most" else reached > total:
                what = f"{count} answers of at {word} {limit} add up to at {word} {reached}, not to {item.total}"
                yield report(
                    "bad-total", item.total, item.id, what, "change the total, or min and max"
                )


def bad_range(draft: InstrumentDraft) -> Iterator[Problem]:
    """A number is impossible here: more answers than options, negative decimals, a roster without turns.

        - {id: media, type: multiple, min: 5, options: {1: TV, 2: Radio}, …}     → min: 1
        - {id: weight, type: number, decimals: 9, …}                             → decimals: 2
        - {id: person, type: roster, max: 0, …}                                  → max: 10

    A multiple has at most as many answers as options, a number 0 to 6 decimals, a roster 1 to 999
    turns.
    """
    for several in iterate_items(draft, MultipleItem):
        yield from _check_answer_limits(draft, several)
    for number in iterate_items(draft, NumberItem):
        if not 0 <= number.decimals <= MAX_DECIMALS:
            what = f"decimals: {number.decimals} is not between 0 and {MAX_DECIMALS}"
            remedy = "write the number of decimal places"
            yield report("bad-range", find_value(number, "decimals"), number.id, what, remedy)
            continue
        for key, value in (("min", number.min), ("max", number.max)):
            if isinstance(value, float) and round(value, number.decimals) != value:
                decimals = f"{number.decimals or 'no'} {pluralize(number.decimals, 'decimal')}"
                what = f"{key}: {value} can't be keyed: answers have {decimals}"
                places = len(str(value).partition(".")[2])
                yield report(
                    "bad-range",
                    find_value(number, key),
                    number.id,
                    what,
                    f"write decimals: {places}",
                )
    for roster in iterate_items(draft, RosterItem):
        if "max" not in roster.model_fields_set and not roster.max:
            where = locate_name(roster.id)
            yield report(
                "missing-key", where, roster.id, "a roster needs the key 'max'", "add `max: …`"
            )
        elif not 1 <= roster.max <= MAX_TURNS:
            what = f"max: {roster.max} is not between 1 and {MAX_TURNS}"
            remedy = "write the maximum number of turns: each has its own columns in the data"
            yield report("bad-range", find_value(roster, "max"), roster.id, what, remedy)


def _check_answer_limits(draft: InstrumentDraft, item: MultipleItem) -> Iterator[Problem]:
    symbol = draft.symbols.get(str(item.id))
    offered = len(symbol.options) if symbol is not None else 0
    if not offered or (0 <= item.min <= 1 and item.max is None):
        return
    for key, value in (("min", item.min), ("max", item.max)):
        if value is None or (key == "min" and item.max is not None and item.min > item.max):
            continue
        if value > offered:
            what = f"{key}: {value} answers, but only {offered} options are offered"
            yield report(
                "bad-range", find_value(item, key), item.id, what, f"write at most {offered}"
            )
        elif value < (0 if key == "min" else 1):
            what = f"{key}: there can't be {value} answers"
            yield report("bad-range", find_value(item, key), item.id, what, "write 1 or more")


def roster_turns(draft: InstrumentDraft) -> Iterator[Problem]:
    """A roster does not define its turns, or defines them twice; or `max` is less than the options of `each`.

        - {id: person, type: roster, max: 8, count: hh_size, items: […]}

    Exactly one of `count:` (how many), `each:` (a multiple's answers) and `until:` (another one?)
    is required. Whatever `count:` or `each:` produce beyond `max` has no turn. An exclusive option
    ("None of these") comes last, and `max` leaves it out. A roster over another one (`each:
    person`) takes its `max` from there, and can visit some of its turns (`where: age >= 15`).
    """
    for item in iterate_items(draft, RosterItem):
        given_keys = [key for key in ("count", "each", "until") if getattr(item, key) is not None]
        if not given_keys:
            what = "a roster needs count:, each: or until: for its number of turns"
            yield report("roster-turns", item.id, item.id, what, "give exactly one of them")
        elif len(given_keys) > 1:
            what = f"a roster can't have both {join_words([f'{key}:' for key in given_keys])}"
            yield report(
                "roster-turns",
                find_key(item._node, given_keys[1]),
                item.id,
                what,
                "give exactly one of them",
            )
        group = draft.groups.get(str(item.id))
        over = group.over if isinstance(group, Roster) else None
        if item.where is not None and over is None:
            what = "where: selects turns of another roster"
            remedy = "write each: and the roster, or ask_if: for a condition"
            yield report("roster-turns", find_key(item._node, "where"), item.id, what, remedy)
        at = find_value(item, "max")
        if over is not None and item.max < over.maximum:
            what = f"max: {item.max} turns, but {over.id} has up to {over.maximum}, and they keep their numbers"
            yield report("roster-turns", at, item.id, what, "remove max:")
        if isinstance(group, Roster) and group.count is not None:
            yield from _check_count(draft, item, group.count.tree)
        if isinstance(group, Roster) and group.each is not None and item.max >= 1:
            yield from _check_each(item, group, group.each)


def _check_each(item: RosterItem, roster: Roster, each: CompiledItem) -> Iterator[Problem]:
    """Warn if options that can be chosen with others have no turn, or exclusive ones have one."""
    combined = sum(not option.exclusive for option in each.options)
    asked = next((option for option in each.options[: item.max] if option.exclusive), None)
    if asked is not None and not any(
        each.id in guard.names for guard in (roster.ask_if, roster.unless) if guard
    ):
        what = f"max: {item.max} turns, so that {each.id} {asked.code} has one, which is exclusive"
        remedy = f"write it as the last option, and max: {combined}; or unless: {asked.code!r} in {each.id}"
    elif item.max < combined:
        what = f"max: {item.max} turns, but {each.id} has {combined} options"
        remedy = "the last options would have no turn: raise max, or leave it if that is intended"
    else:
        return
    yield report("roster-turns", find_value(item, "max"), item.id, what, remedy, "warning")


def _check_count(draft: InstrumentDraft, item: RosterItem, count: ast.expr) -> Iterator[Problem]:
    """Warn if the count can exceed the maximum of turns."""
    most, of = _find_maximum(draft, count)
    if item.max < 1 or (most is not None and most <= item.max):
        return
    up_to = "any number" if most is None else f"up to {most}"
    what = (
        f"max: {item.max} turns, but {of} can be {up_to}"
        if of
        else f"max: {item.max} turns, but count: {most}"
    )
    remedy = f"give {of} a max: or a check" if of and most is None else "raise max"
    remedy = (
        f"those beyond the maximum would have no turn: {remedy}, or leave it if that is intended"
    )
    yield report("roster-turns", find_value(item, "max"), item.id, what, remedy, "warning")


def _find_maximum(draft: InstrumentDraft, tree: ast.expr) -> tuple[float | None, str]:
    """Find the maximum of a count (None: no limit) and the item it comes from; 0 if that is unknown."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
        return tree.value, ""
    item = draft.items.get(tree.id) if isinstance(tree, ast.Name) else None
    if (
        item is None
        or item.limits
        or not isinstance(question := item.question, CodedItem | NumberItem)
    ):
        return 0, ""
    if isinstance(question, CodedItem):
        return max(
            (o.code for o in item.options if isinstance(o.code, int) and not o.missing), default=0
        ), item.id
    bounds = [question.highest] if question.highest is not None else []
    for check in item.checks:
        match check.condition.tree:
            case ast.Compare(
                ast.Name(name), [ast.LtE() | ast.Lt()], [ast.Constant(int() as bound)]
            ) if name == item.id and not check.aloud and not check.soft:
                bounds.append(bound)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp():
                return 0, ""  # another kind of rule, which may limit it
    return min(bounds, default=None), item.id


def bad_arms(draft: InstrumentDraft) -> Iterator[Problem]:
    """A split has no arm, only one, or an arm whose share is not positive.

        - {id: version, type: split, arms: {a: 1, b: 1}}     half of the interviews each

    Each arm's share is a whole number of 1 or more.
    """
    splits: list[tuple[str, SplitItem | SampleColumn]]
    splits = [(str(item.id), item) for item in iterate_items(draft, SplitItem)]
    splits += [
        (str(name), column)
        for name, column in draft.document.sample.items()
        if column.type == "split"
    ]
    for who, part in splits:
        where, _ = find_value(part, "arms", "type")
        if not part.arms:
            yield report(
                "bad-arms", where, who, "the split has no arms", "write arms: {a: 1, b: 1}"
            )
        elif len(part.arms) == 1:
            what = "the split has only one arm, so everybody is in it"
            yield report("bad-arms", where, who, what, "add an arm", "warning")
        for name, share in part.arms.items():
            if share <= 0:
                node = find_node(part._node, "arms", str(name))
                at = (node.where if node is not None else where, len(str(share)))
                yield report(
                    "bad-arms",
                    at,
                    who,
                    f"the share of the arm {str(name)!r} is {share}",
                    "write 1 or more",
                )


def unknown_net(draft: InstrumentDraft) -> Iterator[Problem]:
    """A net combines codes that the list does not have.

        nets: {Agree: [1, 2], Disagree: [3, 7]}     there is no 7

    A net lists codes of its own item.
    """
    for item in iterate_items(draft, QuestionItem):
        codes = [str(code) for code in _list_codes(draft, item)] if item.nets else []
        for net, members in item.nets.items():
            for index, member in enumerate(members):
                if str(member) not in codes:
                    node = find_node(item._node, "nets", str(net), index)
                    where = node.where if node is not None else item.find_position("nets")
                    has = (
                        f"the codes are {join_words(codes, most=12)}"
                        if codes
                        else "it has no codes"
                    )
                    what = f"nets: {str(net)!r} contains the code {member}, which {item.id} does not have"
                    yield report("unknown-net", (where, len(member)), item.id, what, has)


def _list_codes(draft: InstrumentDraft, item: QuestionItem) -> Iterable[Code]:
    if isinstance(item, NumberItem):
        return item.options
    names = map(str, item.statements) if isinstance(item, BatteryItem) else (str(item.id),)
    return next((draft.symbols[name].options for name in names if name in draft.symbols), ())


def bad_pattern(draft: InstrumentDraft) -> Iterator[Problem]:
    r"""A pattern is not written in `9`, `A` and `X`.

        pattern: "\\d{5}"     → "99999"

    `9` means a digit, `A` a letter, `X` either; anything else means itself.
    """
    for item in iterate_items(draft, TextItem):
        if item.pattern is None:
            continue
        severity: Severity = "warning"
        if item.like is not None:
            what, severity = (
                f"pattern: and like: {item.like} both say what the text must be",
                "error",
            )
            remedy = "remove one of them"
        elif _REGEX.search(item.pattern):
            what = f"pattern: {str(item.pattern)!r} looks like a regular expression, but is read literally"
            remedy = "write 9 for a digit, A for a letter, X for either: 99999"
        elif not any(letter in "9AX" for letter in item.pattern):
            what = f"pattern: only {str(item.pattern)!r} itself would be accepted"
            remedy = "write 9 for a digit, A for a letter"
        else:
            continue
        yield report("bad-pattern", find_value(item, "pattern"), item.id, what, remedy, severity)


def mixed_date_orders(draft: InstrumentDraft) -> Iterator[Problem]:
    """Dates of one study are typed in two orders: `3/4/2026` is March in one place, and April in another.

    Appointments are typed in the order of the country: the month first in the United States. An
    item reads dates in the same order if `typed_as:` is left out.

        fieldwork: {country: US}
        items:
          - {id: moved, type: date, text: When did you move here?}
    """
    fieldwork = draft.document.fieldwork
    country = str(fieldwork.country or "").upper() if fieldwork is not None else ""
    usual = find_date_order(country)
    elsewhere = f"appointments in {country}"
    for item in iterate_items(draft, DateItem):
        if usual is None:
            usual = item.order
            elsewhere = str(item.id)
        if item.order != usual:
            what = f"typed_as: {item.order} reads 3/4 as {READINGS[item.order]}, but {elsewhere} as {READINGS[usual]}"
            at = find_value(item, "typed_as")
            yield report(
                "mixed-date-orders", at, item.id, what, f"write typed_as: {usual}", "warning"
            )


def idle_labels(draft: InstrumentDraft) -> Iterator[Problem]:
    """`labels:`, `or:` or `exclusive:` has no effect here.

    Labels belong to a scale with `from:` and `to:`, `or:` to an item with options, `exclusive:` to
    a multiple.

        - {id: sat, type: scale, from: 0, to: 10, labels: {0: Not at all, 10: Completely}, …}
    """
    for item in iterate_items(draft, QuestionItem):
        if isinstance(item, ScaleItem | BatteryItem) and item.labels and item.from_ is None:
            what = "labels: requires from: and to:, but the options have their own texts"
            yield report(
                "idle-labels",
                find_key(item._node, "labels"),
                item.id,
                what,
                "remove them",
                "warning",
            )
        elif isinstance(item, SingleItem | ScaleItem) and isinstance(item.options, dict):
            for code, option in item.options.items():
                if option.exclusive:
                    at = (
                        find_value(option, "exclusive")
                        if option._node
                        else item.find_position("options")
                    )
                    what = f"exclusive: option {code} is chosen alone anyway, like every option of a {item.type}"
                    yield report("idle-labels", at, item.id, what, "remove it", "warning")
        if item.or_ is not None and not isinstance(item, CodedItem | BatteryItem):
            what = "or: joins the options in {options}, but the text has no {options}"
            yield report(
                "idle-labels", find_key(item._node, "or"), item.id, what, "remove it", "warning"
            )
