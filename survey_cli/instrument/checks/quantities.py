"""Checks of quantities: their units, and that no keyed number has two meanings."""

from collections.abc import Iterator, Sequence

from survey_cli.instrument.checks.source_items import (
    Place,
    find_key,
    find_value,
    iterate_items,
    report,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.number_ranges import intersect
from survey_cli.instrument.quantities import MAX_DIGITS, MAX_DIGITS_OF_PARTS, QuantityUnit
from survey_cli.instrument.schema.items.quantity import QuantityItem, UnitSpec
from survey_cli.instrument.source.nodes import find_node, locate_name
from survey_cli.instrument.texts.quantity_text import UnitWords
from survey_cli.problems import Problem, suggest_nearest
from survey_cli.wording import join_words


def bad_quantity(draft: InstrumentDraft) -> Iterator[Problem]:
    """The units of a quantity are incomplete, or can't be keyed as they are written.

        main_unit: week
        in: {week: {key: 1, range: 1 to 99}, month: {key: 2, range: 1 to 99, times: 12/52}}

    `main_unit:` names one of the units, and all others need `times:`. A key is 1 or more,
    and is no part of the range: 101 to 107 is `key: 1, range: 1 to 7, digits: 2`.

        parts: {ft: 12, in: 1}

    The parts of a unit begin with the largest, each is several times the next, and the last is 1.
    The ends of their `range:` are written as they are keyed: `300 to 711`. An option says which
    amount it counts as (`value: 0`), or that it has none (`missing: true`).
    """
    for item in iterate_items(draft, QuantityItem):
        yield from _check_main_unit(item)
        for name, unit in item.in_.items():
            yield from _check_unit(item, str(name), unit)
        yield from _check_options(item)


def _check_main_unit(item: QuantityItem) -> Iterator[Problem]:
    """Check that the main unit is one of the units, and what the others are in it."""
    names = [str(name) for name in item.in_]
    if not names:
        what = "a quantity needs one unit or more"
        example = "write in: {week: {key: 1, range: 1 to 99}}"
        yield report("bad-quantity", find_key(item._node, "in"), item.id, what, example)
        return
    if item.main_unit not in names:
        what = f"main_unit: {str(item.main_unit)!r} is not one of the units"
        remedy = suggest_nearest(
            item.main_unit, names, otherwise=f"write {join_words(names, 'or')}"
        )
        yield report("bad-quantity", item.main_unit, item.id, what, remedy)
        return

    for name, unit in item.in_.items():
        if name == item.main_unit:
            if unit.times is not None and unit.times != 1:
                what = f"times: {name} is the main unit, and counts as 1"
                place = find_value(unit, "times")
                yield report("bad-quantity", place, item.id, what, "remove times:")
        elif unit.times is None:
            what = f"{name}: times: is missing"
            remedy = f"write how many of {item.main_unit} it is: a number, or 12/52"
            yield report("bad-quantity", locate_name(name), item.id, what, remedy)


def _check_unit(item: QuantityItem, name: str, unit: UnitSpec) -> Iterator[Problem]:
    """Check the key and the range of a unit."""
    if unit.key is not None and unit.key < 1:
        what = f"key: {unit.key} can't be the first digits of a number"
        yield report("bad-quantity", find_value(unit, "key"), item.id, what, "write 1 or more")
    yield from _check_digits(item, unit)
    if unit.parts is None:
        yield from _check_key_in_range(item, name, unit)
        return

    built = unit.build(name)
    place = find_value(unit, "range")
    if built.digits > MAX_DIGITS_OF_PARTS:
        what = f"range: more than {MAX_DIGITS_OF_PARTS} digits of parts"
        yield report("bad-quantity", place, item.id, what, "use larger units")
        return
    for one in built.written:
        for end in one:
            numbers = built.split(int(end))
            excess = built.find_excess(numbers)
            if excess is None:
                continue
            number = numbers[built.parts.index(excess)]
            what = (
                f"range: {int(end)} has {number} {excess.name}, and there are at most {excess.most}"
            )
            remedy = "write both ends as they are keyed: 300 to 711"
            yield report("bad-quantity", place, item.id, what, remedy)


def _check_digits(item: QuantityItem, unit: UnitSpec) -> Iterator[Problem]:
    """Check that `digits:` has a key before it, and room for the highest amount."""
    if unit.digits is None:
        return
    place = find_value(unit, "digits")
    high = int(max(one.high for one in unit.range))
    needed = len(str(high))
    if unit.key is None:
        what = "digits: without a key:, zeros before an amount mean nothing"
        yield report("bad-quantity", place, item.id, what, "write a key: too, or remove digits:")
    elif unit.digits < needed:
        what = f"digits: {high} has {needed} digits"
        yield report("bad-quantity", place, item.id, what, f"write digits: {needed}, or more")
    elif len(str(unit.key)) + unit.digits > MAX_DIGITS:
        what = f"digits: numbers would have more than {MAX_DIGITS} digits"
        yield report("bad-quantity", place, item.id, what, "write fewer")


def _check_key_in_range(item: QuantityItem, name: str, unit: UnitSpec) -> Iterator[Problem]:
    """Check that the range isn't written with the key: `key: 1, range: 101 to 107`."""
    key = str(unit.key)
    for low, high in unit.range:
        low_digits = str(int(low))
        high_digits = str(int(high))
        rest = high_digits[len(key) :]
        is_same_width = len(low_digits) == len(high_digits)
        begins_with_key = low_digits.startswith(key) and high_digits.startswith(key)
        if unit.key is None or not rest or not is_same_width or not begins_with_key:
            continue

        keyed = unit.build(name).keyed
        what = (
            f"range: the key {key} is no part of the range: {low_digits} to {high_digits} is "
            f"keyed as {int(keyed[0].low)} to {int(keyed[-1].high)}"
        )
        least = int(low_digits[len(key) :])
        remedy = f"write range: {least} to {int(rest)}"
        if len(str(int(rest))) < len(rest):
            remedy += f", digits: {len(rest)}"
        remedy += f", if {low_digits} is to be keyed"
        place = find_value(unit, "range")
        yield report("bad-quantity", place, item.id, what, remedy, "warning")


def _check_options(item: QuantityItem) -> Iterator[Problem]:
    """Check that each option says what its amount is."""
    node = find_node(item._node, "options")
    for code, option in item.options.items():
        if option.at_least is not None or option.at_most is not None:
            what = f"{code}: an option of a quantity is one amount, or none"
            remedy = "write value: with the amount, or missing: true"
            yield report("bad-quantity", find_key(node, code), item.id, what, remedy)
        elif option.value is None and not option.missing:
            what = f"{code}: its amount is missing"
            remedy = f"write value: with the amount in {item.main_unit}, or missing: true"
            yield report("bad-quantity", find_key(node, code), item.id, what, remedy)


def ambiguous_quantity(draft: InstrumentDraft) -> Iterator[Problem]:
    """A number that is keyed for a quantity has two meanings.

        in: {lb: {range: 50 to 400}, kg: {range: 20 to 200}}      150 is pounds and kilograms

    Give one of the units another `key:`, or change its `range:`. A code of an option can't be an
    amount in any unit, and two units can't have the same words.
    """
    for item in iterate_items(draft, QuantityItem):
        words = item.list_words(draft.language)
        readable = [one for one in words if _is_readable(one.unit)]
        yield from _check_units(draft, item, readable)
        yield from _check_codes(draft, item, readable)
        yield from _check_words(item, words)


def _is_readable(unit: QuantityUnit) -> bool:
    """Return whether the keyed numbers of a unit can be listed, so that they can be compared."""
    return not unit.parts or unit.digits <= MAX_DIGITS_OF_PARTS


def _check_units(
    draft: InstrumentDraft, item: QuantityItem, words: Sequence[UnitWords]
) -> Iterator[Problem]:
    """Check that no number is an amount in two units."""
    for index, first in enumerate(words):
        for second in words[index + 1 :]:
            common = intersect(first.unit.keyed, second.unit.keyed)
            if not common:
                continue
            keyed = int(common[0].low)
            one = first.format(keyed, draft.language)
            other = second.format(keyed, draft.language)
            what = f"{keyed} is {one}, and also {other}"
            remedy = f"give {second.unit.name} another key:, or change its range:"
            yield report("ambiguous-quantity", _locate_unit(item, second), item.id, what, remedy)


def _check_codes(
    draft: InstrumentDraft, item: QuantityItem, words: Sequence[UnitWords]
) -> Iterator[Problem]:
    """Check that no code of an option is an amount."""
    node = find_node(item._node, "options")
    for code, option in item.options.items():
        for one in words:
            if one.unit.contains(code):
                label = str(option.text.get(draft.language))
                what = f"{code} is {label!r}, and also {one.format(code, draft.language)}"
                remedy = f"change the code, or the range: of {one.unit.name}"
                place = find_key(node, code)
                yield report("ambiguous-quantity", place, item.id, what, remedy)


def _check_words(item: QuantityItem, words: Sequence[UnitWords]) -> Iterator[Problem]:
    """Check that the interviewer can tell the units apart."""
    seen: dict[tuple[str, tuple[str, ...]], str] = {}
    for one in words:
        key: tuple[str, tuple[str, ...]] = (one.text.casefold(), ())
        if one.unit.parts:
            key = ("", one.part_texts)
        first = seen.setdefault(key, one.unit.name)
        if first != one.unit.name:
            what = f"{first} and {one.unit.name} have the same words: {one.find_label()}"
            place = _locate_unit(item, one)
            yield report("ambiguous-quantity", place, item.id, what, "change one of them")


def _locate_unit(item: QuantityItem, words: UnitWords) -> Place:
    """Locate the name of a unit."""
    return find_key(find_node(item._node, "in"), words.unit.name)
