"""Checks of numbers, ranges and patterns: those of questions, rosters and splits."""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

from survey_cli.instrument.checks.source_items import (
    Place,
    find_key,
    find_value,
    iterate_items,
    report,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.countries import find_date_order
from survey_cli.instrument.durations import DurationUnit
from survey_cli.instrument.number_ranges import NumberRange, count_decimals
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem, ScaleItem, SingleItem
from survey_cli.instrument.schema.items.groups import BatteryItem, RosterItem
from survey_cli.instrument.schema.items.question import CompiledItem, QuestionItem
from survey_cli.instrument.schema.items.typed import (
    LIMIT_KEYS,
    DateItem,
    DurationItem,
    NumberFields,
    NumberItem,
    NumericItem,
    RangeFields,
    TextItem,
)
from survey_cli.instrument.schema.items.unasked_items import SplitItem
from survey_cli.instrument.source.nodes import YamlList, YamlScalar, find_node, locate_name
from survey_cli.instrument.source.scalars import DECIMAL
from survey_cli.problems import Problem, Severity
from survey_cli.values import Code, DateOrder
from survey_cli.wording import format_quantity, join_words, pluralize

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
    items = iterate_items(draft, NumericItem, DateItem, MultipleItem)
    ranges: list[tuple[str, Any]] = [(str(item.id), item) for item in items]
    batteries = iterate_items(draft, BatteryItem)
    ranges += [(str(item.id), item.answer) for item in batteries if item.answer is not None]

    for who, item in ranges:
        low = item.min
        high = item.max
        if isinstance(item, RangeFields) and item.range is not None:
            continue  # `_check_ranges` says that it has no fixed limits, too
        if low is None or high is None:
            continue
        if isinstance(low, str) or isinstance(high, str):
            continue  # calculations, which depend on answers
        if low <= high:
            continue

        note = ""
        remedy = "swap them"
        if isinstance(item, RangeFields):
            things = "number"
            is_min_written = item._node and "min" in item._node
            if not is_min_written:
                note = " (0 by default)"
                remedy = "write min: too, below max"
        elif isinstance(item, DateItem):
            things = "date"
        else:
            things = "number of answers"
        what = f"min is {low}{note}, and max is {high}: no {things} is valid"
        yield report("empty-range", find_value(item, "max"), who, what, remedy)


def bad_total(draft: InstrumentDraft) -> Iterator[Problem]:
    """The answers of a battery can't add up to its `total`, or are not numbers.

        answer: {type: number, max: 20}      with `total: 100` and three statements, at most 60

    A `total` needs `answer: {type: number}`. Change the total, or `min` and `max` of the answer.
    What is asked depends on no other statement of the battery, because the last one must be known.
    """
    for item in iterate_items(draft, BatteryItem):
        if item.total is None:
            continue
        if item.answer is not None:
            yield from _check_statement_conditions(draft, item)
            yield from _check_total(item, item.total, item.answer)
        elif item.scale or item.options or item.from_ is not None:
            # A battery without any kind of answer is reported already.
            what = "total: the answers are no numbers"
            remedy = "write answer: {type: number}, or remove total:"
            yield report("bad-total", item.total, item.id, what, remedy)


def _check_statement_conditions(draft: InstrumentDraft, item: BatteryItem) -> Iterator[Problem]:
    """Check that no statement of a battery with a total depends on another statement."""
    statements = [str(name) for name in item.statements]
    for name, statement in item.statements.items():
        compiled = draft.items.get(str(name))
        if compiled is None or compiled.ask_if is None:
            continue
        others = [other for other in statements if other in compiled.ask_if.names]
        if others:
            depends = f"{name} is asked depending on {others[0]}"
            what = f"{depends}, so that it is not known which statement is the last"
            place = find_value(statement, "ask_if")
            yield report("bad-total", place, item.id, what, "ask it outside of the battery")


def _check_total(item: BatteryItem, written: YamlScalar, answer: NumberFields) -> Iterator[Problem]:
    """Check that the answers of a battery can add up to its total."""
    if not DECIMAL.match(written) or answer.options:
        return
    total = float(written)
    count = len(item.statements)
    remedy = "change the total, or min and max"
    if answer.highest is not None:
        most = answer.highest * count
        if most < total:
            limit = f"{format_quantity(count, 'answer')} of at most {answer.highest}"
            what = f"{limit} add up to at most {most}, not to {written}"
            yield report("bad-total", written, item.id, what, remedy)

    # A statement that isn't asked adds nothing, not even the lowest number.
    may_skip = any(statement.ask_if is not None for statement in item.statements.values())
    if answer.lowest is not None and not may_skip:
        least = answer.lowest * count
        if least > total:
            limit = f"{format_quantity(count, 'answer')} of at least {answer.lowest}"
            what = f"{limit} add up to at least {least}, not to {written}"
            yield report("bad-total", written, item.id, what, remedy)


def bad_range(draft: InstrumentDraft) -> Iterator[Problem]:
    """A number is impossible: more answers than options, negative decimals, a roster without turns.

        - {id: media, type: multiple, min: 5, options: {1: TV, 2: Radio}, …}     → min: 1
        - {id: weight, type: number, decimals: 9, …}                             → decimals: 2
        - {id: days, type: number, range: [1 to 7, 5 to 31], …}                  → range: 1 to 31
        - {id: person, type: roster, max: 0, …}                                  → max: 10

    A multiple has at most as many answers as options, a number 0 to 6 decimals, a roster 1 to 999
    turns. Ranges don't overlap, and stand instead of a fixed `min` and `max`.
    """
    for several in iterate_items(draft, MultipleItem):
        yield from _check_answer_limits(draft, several)
    for number in iterate_items(draft, NumberItem):
        yield from _check_decimals(number, number.id)
        yield from _check_ranges(number, number.id)
    for duration in iterate_items(draft, DurationItem):
        yield from _check_whole_units(duration)
        yield from _check_ranges(duration, duration.id)
    for battery in iterate_items(draft, BatteryItem):
        if battery.answer is not None:
            yield from _check_decimals(battery.answer, battery.id)
            yield from _check_ranges(battery.answer, battery.id)
    for roster in iterate_items(draft, RosterItem):
        if "max" not in roster.model_fields_set and not roster.max:
            where = locate_name(roster.id)
            what = "a roster needs the key 'max'"
            yield report("missing-key", where, roster.id, what, "add `max: …`")
        elif not 1 <= roster.max <= MAX_TURNS:
            place = find_value(roster, "max")
            what = f"max: {roster.max} is not between 1 and {MAX_TURNS}"
            remedy = "write the maximum number of turns: each has its own columns in the data"
            yield report("bad-range", place, roster.id, what, remedy)


def _check_whole_units(item: DurationItem) -> Iterator[Problem]:
    """Check that the limits of a length of time are whole numbers of its unit."""
    for key, value in _list_limits(item):
        if isinstance(value, float):
            node = find_node(item._node, key)
            limit = str(node) if isinstance(node, YamlScalar) else f"{value:.4g}"
            what = f"{key}: {limit} can't be keyed: answers are whole {item.unit.value}"
            smaller = _SMALLER_UNITS.get(item.unit, DurationUnit.SECONDS)
            remedy = f"write unit: {smaller.value}, or whole {item.unit.value}"
            yield report("bad-range", find_value(item, key), item.id, what, remedy)


_SMALLER_UNITS: Final = {
    DurationUnit.DAYS: DurationUnit.HOURS,
    DurationUnit.HOURS: DurationUnit.MINUTES,
}


def _check_ranges(number: RangeFields, who: YamlScalar) -> Iterator[Problem]:
    """Check that `range:` names ranges that don't overlap, and comes without fixed limits."""
    if number.range is None:
        return

    written = find_node(number._node, "range")
    places: list[Place] = []
    for index in range(len(number.range)):
        node = written[index] if isinstance(written, YamlList) else written
        if isinstance(node, YamlScalar):
            places.append((node.where, len(node)))
        else:
            places.append(who)

    if all(low == high for low, high in number.range):
        numbers = [low for low, _ in number.range]
        what = f"range: {join_words(numbers)} {pluralize(len(numbers), 'is', 'are')} no range"
        remedy = f"write {min(numbers)} to {max(numbers)}"
        if len(numbers) == 1:
            remedy = f"write 0 to {numbers[0]}"
        yield report("bad-range", places[0], who, what, f"{remedy}; for a choice, type: single")
    for one, place in zip(number.range, places, strict=True):
        if one.low > one.high:  # only of lengths of time, whose unit is known here
            what = f"range: no number is in {_format_range(one)}"
            yield report("empty-range", place, who, what, "write the shorter time first")
    in_order = sorted(zip(number.range, places, strict=True), key=lambda pair: pair[0])
    for (before, _), (after, place) in pairwise(in_order):
        if after.low <= before.high:
            what = f"range: {_format_range(after)} overlaps with {_format_range(before)}"
            joined = NumberRange(before.low, max(before.high, after.high))
            remedy = f"write {_format_range(joined)}"
            yield report("bad-range", place, who, what, remedy)

    for key in LIMIT_KEYS:
        limit = getattr(number, key)
        is_written = number._node is not None and key in number._node
        if is_written and not isinstance(limit, str):
            what = f"range: and {key}: {limit} both say which numbers are accepted"
            yield report("bad-range", find_key(number._node, key), who, what, f"remove {key}:")


def _list_limits(number: RangeFields) -> list[tuple[str, object]]:
    """List the limits of a number, each with the key under which it is written."""
    limits: list[tuple[str, object]] = [("min", number.min), ("max", number.max)]
    for one in number.range or ():
        limits += [("range", one.low), ("range", one.high)]
    return limits


def _format_range(one: NumberRange) -> str:
    return f"{one.low} to {one.high}"


def _check_decimals(number: NumberFields, who: YamlScalar) -> Iterator[Problem]:
    """Check the decimals of a number, and that its limits don't have more of them."""
    if not 0 <= number.decimals <= MAX_DECIMALS:
        place = find_value(number, "decimals")
        what = f"decimals: {number.decimals} is not between 0 and {MAX_DECIMALS}"
        yield report("bad-range", place, who, what, "write the number of decimal places")
        return
    for key, value in _list_limits(number):
        if isinstance(value, float) and round(value, number.decimals) != value:
            decimals = f"{number.decimals or 'no'} {pluralize(number.decimals, 'decimal')}"
            what = f"{key}: {value} can't be keyed: answers have {decimals}"
            remedy = f"write decimals: {count_decimals(value)}"
            yield report("bad-range", find_value(number, key), who, what, remedy)


def _check_answer_limits(draft: InstrumentDraft, item: MultipleItem) -> Iterator[Problem]:
    """Check how many answers a multiple requires and allows."""
    symbol = draft.symbols.get(str(item.id))
    offered = len(symbol.options) if symbol is not None else 0
    if not offered:
        return
    is_range_empty = item.max is not None and item.min > item.max  # which is reported as such
    if not is_range_empty:
        yield from _check_answer_limit(item, "min", item.min, 0, offered)
    if item.max is not None:
        yield from _check_answer_limit(item, "max", item.max, 1, offered)


def _check_answer_limit(
    item: MultipleItem, key: str, value: int, least: int, offered: int
) -> Iterator[Problem]:
    if value > offered:
        options = f"{format_quantity(offered, 'option')} {pluralize(offered, 'is', 'are')}"
        what = f"{key}: {format_quantity(value, 'answer')}, but only {options} offered"
        remedy = f"write at most {offered}"
    elif value < least:
        what = f"{key}: there can't be {value} answers"
        remedy = "write 1 or more"
    else:
        return
    yield report("bad-range", find_value(item, key), item.id, what, remedy)


def roster_turns(draft: InstrumentDraft) -> Iterator[Problem]:
    """A roster does not define its turns, or defines them twice; or `each` has more than `max`.

        - {id: person, type: roster, max: 8, count: hh_size, items: […]}

    Exactly one of `count:` (how many), `each:` (a multiple's answers) and `until:` (another one?)
    is required. Whatever `count:` or `each:` produce beyond `max` has no turn. An exclusive option
    ("None of these") comes last, and `max` leaves it out. A roster over another one
    (`each: person`) takes its `max` from there, and can visit some of its turns
    (`where: age >= 15`).
    """
    for item in iterate_items(draft, RosterItem):
        yield from _check_source_of_turns(item)
        group = draft.groups.get(str(item.id))
        roster = group if isinstance(group, Roster) else None
        over = roster.over if roster is not None else None
        if item.where is not None and over is None:
            what = "where: selects turns of another roster"
            remedy = "write each: and the roster, or ask_if: for a condition"
            yield report("roster-turns", find_key(item._node, "where"), item.id, what, remedy)
        if over is not None and item.max < over.maximum:
            turns = f"max: {format_quantity(item.max, 'turn')}"
            what = f"{turns}, but {over.id} has up to {over.maximum}, and they keep their numbers"
            yield report("roster-turns", find_value(item, "max"), item.id, what, "remove max:")
        if roster is not None and roster.count is not None:
            yield from _check_count(draft, item, roster.count.tree)
        if roster is not None and roster.each is not None and item.max >= 1:
            yield from _check_each(item, roster, roster.each)


def _check_source_of_turns(item: RosterItem) -> Iterator[Problem]:
    """Check that exactly one key says how many turns a roster has."""
    given = [key for key in ("count", "each", "until") if getattr(item, key) is not None]
    remedy = "give exactly one of them"
    if not given:
        what = "a roster needs count:, each: or until: for its number of turns"
        yield report("roster-turns", item.id, item.id, what, remedy)
    elif len(given) > 1:
        what = f"a roster can't have both {join_words([f'{key}:' for key in given])}"
        yield report("roster-turns", find_key(item._node, given[1]), item.id, what, remedy)


def _check_each(item: RosterItem, roster: Roster, each: CompiledItem) -> Iterator[Problem]:
    """Warn if options that can be chosen with others have no turn, or exclusive ones have one."""
    combined = sum(not option.exclusive for option in each.options)
    exclusive = [option for option in each.options[: item.max] if option.exclusive]
    turns = f"max: {format_quantity(item.max, 'turn')}"
    if exclusive and not _names_item(roster, each.id):
        code = exclusive[0].code
        what = f"{turns}, so that {each.id} {code} has one, which is exclusive"
        last = f"write it as the last option, and max: {combined}"
        remedy = f"{last}; or unless: {code!r} in {each.id}"
    elif item.max < combined:
        what = f"{turns}, but {each.id} has {format_quantity(combined, 'option')}"
        remedy = "the last options would have no turn: raise max, or leave it if that is intended"
    else:
        return
    yield report("roster-turns", find_value(item, "max"), item.id, what, remedy, "warning")


def _names_item(roster: Roster, name: str) -> bool:
    """Return whether a roster is asked depending on an item."""
    conditions = [roster.ask_if, roster.unless]
    return any(condition and name in condition.names for condition in conditions)


def _check_count(draft: InstrumentDraft, item: RosterItem, count: ast.expr) -> Iterator[Problem]:
    """Warn if the count can exceed the maximum of turns."""
    most, name = _find_maximum(draft, count)
    if item.max < 1 or (most is not None and most <= item.max):
        return
    advice = "raise max"
    turns = f"max: {format_quantity(item.max, 'turn')}"
    if not name:
        what = f"{turns}, but count: {most}"
    elif most is not None:
        what = f"{turns}, but {name} can be up to {most}"
    else:
        what = f"{turns}, but {name} can be any number"
        advice = f"give {name} a max: or a check"
    no_turn = "those beyond the maximum would have no turn"
    remedy = f"{no_turn}: {advice}, or leave it if that is intended"
    yield report("roster-turns", find_value(item, "max"), item.id, what, remedy, "warning")


def _find_maximum(draft: InstrumentDraft, tree: ast.expr) -> tuple[float | None, str]:
    """Find the most that a count can be, and the item it comes from.

    None means that it has no limit. It is 0 if that is unknown, so that nothing is reported.
    """
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
        return tree.value, ""
    item = draft.items.get(tree.id) if isinstance(tree, ast.Name) else None
    if item is None or item.limits:
        return 0, ""

    question = item.question
    if isinstance(question, CodedItem):
        codes = [
            option.code
            for option in item.options
            if isinstance(option.code, int) and not option.missing
        ]
        return max(codes, default=0), item.id
    if not isinstance(question, NumericItem):
        return 0, ""

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
    columns = draft.document.sample.items()
    splits += [(str(name), column) for name, column in columns if column.type == "split"]

    for who, part in splits:
        where, _ = find_value(part, "arms", "type")
        if not part.arms:
            what = "the split has no arms"
            yield report("bad-arms", where, who, what, "write arms: {a: 1, b: 1}")
        elif len(part.arms) == 1:
            what = "the split has only one arm, so everybody is in it"
            yield report("bad-arms", where, who, what, "add an arm", "warning")
        for name, share in part.arms.items():
            if share <= 0:
                node = find_node(part._node, "arms", str(name))
                place = (node.where if node is not None else where, len(str(share)))
                what = f"the share of the arm {str(name)!r} is {share}"
                yield report("bad-arms", place, who, what, "write 1 or more")


def unknown_net(draft: InstrumentDraft) -> Iterator[Problem]:
    """A net combines codes that the list does not have.

        nets: {Agree: [1, 2], Disagree: [3, 7]}     there is no 7

    A net lists codes of its own item.
    """
    for item in iterate_items(draft, QuestionItem):
        if not item.nets:
            continue
        codes = [str(code) for code in _list_codes(draft, item)]
        remedy = f"the codes are {join_words(codes, most=12)}" if codes else "it has no codes"
        for net, members in item.nets.items():
            for index, member in enumerate(members):
                if str(member) in codes:
                    continue
                node = find_node(item._node, "nets", str(net), index)
                where = node.where if node is not None else item.find_position("nets")
                contains = f"{str(net)!r} contains the code {member}"
                what = f"nets: {contains}, which {item.id} does not have"
                yield report("unknown-net", (where, len(member)), item.id, what, remedy)


def _list_codes(draft: InstrumentDraft, item: QuestionItem) -> Iterable[Code]:
    """List the codes that an item, or the first statement of a battery, can have."""
    if isinstance(item, NumericItem):
        return item.options
    names = list(map(str, item.statements)) if isinstance(item, BatteryItem) else [str(item.id)]
    for name in names:
        if name in draft.symbols:
            return draft.symbols[name].options
    return ()


def bad_pattern(draft: InstrumentDraft) -> Iterator[Problem]:
    r"""A pattern is not written in `9`, `A` and `X`.

        pattern: "\\d{5}"     → "99999"

    `9` means a digit, `A` a letter, `X` either; anything else means itself.
    """
    for item in iterate_items(draft, TextItem):
        if item.pattern is None:
            continue
        pattern = repr(str(item.pattern))
        severity: Severity = "warning"
        if item.like is not None:
            severity = "error"
            what = f"pattern: and like: {item.like} both say what the text must be"
            remedy = "remove one of them"
        elif _REGEX.search(item.pattern):
            what = f"pattern: {pattern} looks like a regular expression, but is read literally"
            remedy = "write 9 for a digit, A for a letter, X for either: 99999"
        elif not any(letter in "9AX" for letter in item.pattern):
            what = f"pattern: only {pattern} itself would be accepted"
            remedy = "write 9 for a digit, A for a letter"
        else:
            continue
        yield report("bad-pattern", find_value(item, "pattern"), item.id, what, remedy, severity)


def mixed_date_orders(draft: InstrumentDraft) -> Iterator[Problem]:
    """Dates of one study are typed in two orders: `3/4/2026` is in March here, and in April there.

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
            readings = f"reads 3/4 as {READINGS[item.order]}, but {elsewhere} as {READINGS[usual]}"
            what = f"typed_as: {item.order} {readings}"
            place = find_value(item, "typed_as")
            remedy = f"write typed_as: {usual}"
            yield report("mixed-date-orders", place, item.id, what, remedy, "warning")


def idle_labels(draft: InstrumentDraft) -> Iterator[Problem]:
    """`labels:`, `or:` or `exclusive:` has no effect here.

    Labels belong to a scale with `from:` and `to:`, `or:` to an item with options, `exclusive:` to
    a multiple.

        - {id: sat, type: scale, from: 0, to: 10, labels: {0: Not at all, 10: Completely}, …}
    """
    for item in iterate_items(draft, QuestionItem):
        if isinstance(item, ScaleItem | BatteryItem) and item.labels and item.from_ is None:
            what = "labels: requires from: and to:, but the options have their own texts"
            place = find_key(item._node, "labels")
            yield report("idle-labels", place, item.id, what, "remove them", "warning")
        elif isinstance(item, SingleItem | ScaleItem) and isinstance(item.options, dict):
            for code, option in item.options.items():
                if option.exclusive:
                    at: Place = item.find_position("options")
                    if option._node:
                        at = find_value(option, "exclusive")
                    alone = f"option {code} is chosen alone anyway"
                    what = f"exclusive: {alone}, like every option of a {item.type}"
                    yield report("idle-labels", at, item.id, what, "remove it", "warning")
        if item.or_ is not None and not isinstance(item, CodedItem | BatteryItem):
            what = "or: joins the options in {options}, but the text has no {options}"
            yield report(
                "idle-labels", find_key(item._node, "or"), item.id, what, "remove it", "warning"
            )
