"""Amounts in a unit that the respondent chooses: what is typed, keyed, compared, stored and reported by `check`."""

import re
from functools import cache

import pytest

from support.editions import accept_edition
from support.known_values import make_known
from support.scenario import STAMP, feature
from survey_cli.engine.prompts import parse_reply
from survey_cli.entries import LineEntry, Rejection, find_by_beginning
from survey_cli.instrument.checks.all_checks import CheckResult, check_instrument
from survey_cli.instrument.expressions.three_valued_logic import COMPARE
from survey_cli.instrument.number_ranges import NumberRange, contain
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.source.load import load_source_text
from survey_cli.instrument.texts.number_text import NumberRejection
from survey_cli.instrument.texts.quantity_text import read_quantity
from survey_cli.problems import select_errors
from survey_cli.table.columns import build_columns
from survey_cli.values import DK, NO_AMOUNT, REFUSED, Cell

QUESTIONNAIRE = """\
instrument: quantities
title: Quantities
edition: 2
languages: [en, de]
compute:
  result: "{expression}"
items:
  - id: fruit
    type: quantity
    text: {{en: How often?, de: Wie oft?}}
    main_unit: week
    in:
      day: {{key: 1, times: 7, range: 1 to 99, text: {{en: per day, de: am Tag}}}}
      week: {{key: 2, range: 1 to 99, text: {{en: per week, de: in der Woche}}}}
      month: {{key: 3, times: 12/52, range: 1 to 99, text: {{en: per month, de: im Monat}}}}
    options:
      300: {{text: {{en: Less often, de: Seltener}}, value: 0.1}}
      555: {{text: {{en: Never, de: Nie}}, value: 0}}
      888: {{text: {{en: It varies, de: Verschieden}}, missing: true}}
    declines: {{dk: 777, refused: 999}}
  - id: height
    type: quantity
    text: {{en: How tall?, de: Wie groß?}}
    main_unit: cm
    in:
      feet: {{parts: {{ft: 12, in: 1}}, times: 2.54, range: 300 to 711}}
      cm: {{key: 9, range: 90 to 250}}
    declines: by_width
"""


@cache
def check(expression: str = "fruit") -> CheckResult:
    with accept_edition():
        return check_instrument(load_source_text(QUESTIONNAIRE.format(expression=expression)))


def find_item(name: str) -> QuantityItem:
    compiled = check().compiled
    assert compiled is not None, check().problems
    question = compiled.items[name].question
    assert isinstance(question, QuantityItem)
    return question


def read(name: str, typed: str, language: str = "en") -> int | NumberRejection:
    item = find_item(name)
    return read_quantity(typed, language, item.quantity, item.list_words(language))


@pytest.mark.parametrize(
    ("name", "typed", "keyed", "words"),
    [
        ("fruit", "107", 107, "7 per day"),
        ("fruit", "0107", 107, "7 per day"),
        ("fruit", "7 per week", 207, "7 per week"),
        ("fruit", "7w", 207, "7 per week"),
        ("fruit", "7/Month", 307, "7 per month"),
        ("height", "511", 511, "5 ft 11 in"),
        ("height", "5'11\"", 511, "5 ft 11 in"),
        ("height", "5 11", 511, "5 ft 11 in"),
        ("height", "5 ft", 500, "5 ft"),
        ("height", "71 in", 511, "5 ft 11 in"),
        ("height", "180 cm", 9180, "180 cm"),
        ("height", "9180", 9180, "180 cm"),
    ],
)
def test_what_is_typed_is_a_keyed_number(name: str, typed: str, keyed: int, words: str) -> None:
    assert read(name, typed) == keyed
    assert find_item(name).format_amount(keyed, "en") == words
    assert read(name, words) == keyed, "the echo can be typed"


def test_words_are_those_of_the_language() -> None:
    assert read("fruit", "7 am tag", "de") == 107
    assert find_item("fruit").format_amount(307, "de") == "7 im Monat"
    assert isinstance(read("fruit", "7 per day", "de"), NumberRejection)


@pytest.mark.parametrize(
    ("name", "typed", "why", "values"),
    [
        ("fruit", "7", "7: in which unit?", (107, 207, 307)),
        ("fruit", "17", "17: in which unit?", (107, 117, 217, 317)),
        ("fruit", "3 per", "3 per: in which unit?", (103, 203, 303)),
        ("fruit", "200", "0 per week is less than 1 per week", ()),
        ("fruit", "120 per week", "120 per week is more than 99 per week", ()),
        ("fruit", "450", "450 is not 101 to 199, 201 to 299 or 301 to 399", ()),
        (
            "fruit",
            "1.5 per week",
            "whole numbers only: 1 to 99 per day, 1 to 99 per week or 1 to 99 per month",
            (),
        ),
        ("fruit", "7 x", "7 x: after the number write per day, per week or per month", ()),
        ("height", "5'13", "13 in is more than 11", ()),
        ("height", "513", "13 in is more than 11", ()),
        ("height", "8'2", "8 ft 2 in is more than 7 ft 11 in", ()),
        ("height", "180", "180: 180 cm?", (9180,)),
        ("height", "71", "71: which amount?", (701, 511)),
        ("height", "59", "59: which amount?", (509, 411)),
        ("height", "6", "6: 6 ft?", (600,)),
        ("height", "95", "95: in which unit?", (711, 9095)),
        ("height", "5.5", "whole numbers only: 5 ft 6 in is typed as 5'6 or 506", ()),
        ("height", "5.9 ft", "whole numbers only: 5 ft 6 in is typed as 5'6 or 506", ()),
        ("height", "1.75", "whole numbers only: 3 ft to 7 ft 11 in or 90 to 250 cm", ()),
        ("height", "9080", "80 cm is less than 90 cm", ()),
    ],
)
def test_what_is_no_amount_is_explained(
    name: str, typed: str, why: str, values: tuple[int, ...]
) -> None:
    assert read(name, typed) == NumberRejection(why, values)


@pytest.mark.parametrize(
    ("expression", "fruit", "height", "result"),
    [
        ("fruit", 107, 9180, 49),
        ("fruit", 207, 9180, 7),
        ("fruit == 3", 313, 9180, True),  # 13 * 12/52 is exactly 3
        ("fruit", 300, 9180, 0.1),
        ("fruit", 888, 9180, NO_AMOUNT),
        ("fruit == 888", 888, 9180, True),
        ("fruit", DK, 9180, DK),
        ("keyed(fruit)", 107, 9180, 107),
        ("keyed(fruit) == 555", 555, 9180, True),
        ("height", 207, 511, 180.34),
        ("height > 180", 207, 9180, False),
        ("fruit + height", 207, 9180, 187),
        ("answered(fruit)", 888, 9180, True),
    ],
)
def test_conditions_read_the_amount(
    expression: str, fruit: Cell, height: Cell, result: object
) -> None:
    compiled = check(expression).compiled
    assert compiled is not None, check(expression).problems
    [condition] = compiled.computes["result"].conditions.values()
    assert condition.evaluate(make_known({"fruit": fruit, "height": height})) == result


def test_a_code_that_counts_as_an_amount_is_not_compared_as_one() -> None:
    errors = select_errors(check("fruit == 555").problems)
    assert [problem.what for problem in errors] == ["compute: 555 counts as 0"]


@pytest.mark.parametrize("name", ["fruit", "height"])
def test_numbers_for_a_comparison_are_those_that_fulfill_it(name: str) -> None:
    quantity = find_item(name).quantity
    numbers = [n for low, high in quantity.keyed for n in range(int(low), int(high) + 1)]
    amounts = {keyed: quantity.convert(keyed) for keyed in numbers}
    for constant in (0, 1, 3, 3.5, 7, 21, 100, 180.34, 693, 1000, *list(amounts.values())[::37]):
        for sign, compare in COMPARE.items():
            found = quantity.find_keyed(sign, constant)
            for keyed, amount in amounts.items():
                assert contain(found, keyed) == compare(amount, constant), (keyed, sign, constant)


def test_columns_have_the_amount_the_answer_and_the_number() -> None:
    assert feature("quantity", "2 per day", "5'11").row == {
        "fruit": 14,
        "fruit_amount": 2,
        "fruit_unit": 1,
        "fruit_keyed": 102,
        "height": 180.34,
        "height_amount": 71,
        "height_unit": 1,
        "height_keyed": 511,
    }
    compiled = check().compiled
    assert compiled is not None
    columns = {column.name: column for column in build_columns(compiled)}
    assert columns["fruit"].label == "How often? (per week)"
    assert columns["fruit_unit"].labels == {1: "per day", 2: "per week", 3: "per month"}
    assert columns["height_unit"].labels == {1: "in", 2: "cm"}
    assert columns["fruit_keyed"].labels == {300: "Less often", 555: "Never", 888: "It varies"}
    assert columns["fruit_keyed"].user_missing == (888,)
    assert {columns[name].storage for name in ("fruit", "height")} == {"decimal"}

    lacking = [name for name, column in columns.items() if "no_amount" in column.declines]
    assert lacking == ["fruit", "fruit_amount", "fruit_unit", "result"]
    assert columns["fruit_unit"].declines["no_amount"] == (-5, "No amount")
    item = compiled.items["fruit"]
    assert item.question.build_cells(item, 300, {}) == (0.1, NO_AMOUNT, NO_AMOUNT, 300)
    assert item.question.build_cells(item, 888, {}) == (NO_AMOUNT, NO_AMOUNT, NO_AMOUNT, 888)


def test_an_interview_asks_by_amounts() -> None:
    daily = feature("quantity", "1 per day", "9180")
    assert daily.place == "daily"
    assert daily.words == "You eat fruit 1 per day, so at least once a day."
    in_feet = feature("quantity", "6 per week", "5'11")
    assert in_feet.place == "in_feet"
    assert in_feet.words == "That is 180 centimeters."
    assert in_feet.keys("").place == "tall"
    assert feature("quantity", "777", "9999").data == {"fruit": DK, "height": REFUSED}


def test_the_units_are_shown_with_their_digits() -> None:
    entry = feature("quantity").asked.entry
    assert isinstance(entry, LineEntry)
    assert entry.forms == (
        ("1..", "1 to 20 per day"),
        ("2..", "1 to 99 per week"),
        ("3..", "1 to 99 per month"),
    )


def test_a_unit_is_chosen_by_its_words() -> None:
    interview = feature("quantity").interview
    rejection = parse_reply(interview, "3", STAMP)
    assert isinstance(rejection, Rejection)
    named = [meaning.names for meaning in rejection.meanings]
    chosen = [find_by_beginning(named, typed) for typed in ("d", "W", "month", "per", "x", "")]
    assert chosen == [0, 1, 2, None, None, None]


def test_the_example_is_no_amount_of_0() -> None:
    question, _ = check_week("key: 1, range: 0 to 99")
    assert question is not None
    assert question.quantity.units[0].find_first_amount() == 101
    only_zero, _ = check_week("key: 1, range: 0 to 0, digits: 2")
    assert only_zero is not None
    assert only_zero.quantity.units[0].find_first_amount() == 100, "there is no other"


MISTAKES = [
    (
        "key: 2",
        "key: 1",
        "101 is 1 per day, and also 1 per week — give week another key:, or change its range:",
    ),
    (
        "300: {{text",
        "310: {{text",
        "310 is 'Less often', and also 10 per month — change the code, or the range: of month",
    ),
    (
        "dk: 777",
        "dk: 377",
        'the code of "Don\'t know" (377) is also the number that is keyed for 77 per month',
    ),
    (
        "dk: 777",
        "dk: 70",
        'the code of "Don\'t know" (70) is also an amount in the column in the main unit: 70 per week',
    ),
    ("main_unit: week", "main_unit: weeks", "did you mean 'week'?"),
    ("times: 7, ", "", "day: times: is missing"),
    ("times: 12/52", "times: twelve", "times: 'twelve' is not a number"),
    ("times: 12/52", "times: 0", "times: 0 is not more than 0"),
    ("key: 9, ", "key: 0, ", "key: 0 can't be the first digits of a number"),
    ("{{ft: 12, in: 1}}", "{{ft: 12, in: 5}}", "parts: in is the last, and counts as 1, not 5"),
    ("{{ft: 12, in: 1}}", "{{in: 1, ft: 12}}", "parts: ft is the last, and counts as 1, not 12"),
    ("300 to 711", "300 to 775", "range: 775 has 75 in, and there are at most 11"),
    ("range: 90 to 250", "range: 90.5 to 250", "range: 90.5 can't be keyed"),
    (", missing: true", "", "888: its amount is missing"),
    (", value: 0.1", ", at_most: 1", "300: an option of a quantity is one amount, or none"),
    ("en: per day", "en: per week", "day and week have the same words: per week"),
]


@pytest.mark.parametrize(("written", "instead", "what"), MISTAKES)
def test_check_names_what_is_wrong(written: str, instead: str, what: str) -> None:
    assert written in QUESTIONNAIRE
    text = QUESTIONNAIRE.replace(written, instead, 1).format(expression="fruit")
    with accept_edition():
        errors = select_errors(check_instrument(load_source_text(text)).problems)
    assert [what in str(problem) for problem in errors] == [True], errors


TIMES = """
instrument: times
title: Times
edition: 2
items:
  - id: fruit
    type: quantity
    text: How often?
    main_unit: week
    in: {{week: {{{week}, text: per week}}, month: {{key: 2, times: 12/52, range: 1 to 99}}}}
    declines: by_width
"""


def check_week(week: str) -> tuple[QuantityItem | None, list[str]]:
    """Return the quantity with this unit, and its problems."""
    checked = check_instrument(load_source_text(TIMES.format(week=week)))
    problems = [problem.what for problem in checked.problems]
    if checked.instrument is None:
        return None, problems
    question = checked.instrument.items["fruit"].question
    assert isinstance(question, QuantityItem)
    return question, problems


def test_digits_after_a_key_are_filled_with_zeros() -> None:
    question, problems = check_week("key: 1, range: 1 to 7, digits: 2")
    assert question is not None
    assert not problems
    week = question.quantity.units[0]
    assert week.keyed == (NumberRange(101, 107),)
    assert [week.count(keyed) for keyed in (101, 105)] == [1, 5]
    assert question.quantity.find_meant_unit(108) is week
    assert question.describe_units().startswith("1.. week")
    words = question.list_words("en")
    assert read_quantity("105", "en", question.quantity, words) == 105
    assert read_quantity("5 per week", "en", question.quantity, words) == 105
    asked = read_quantity("15", "en", question.quantity, words)
    assert isinstance(asked, NumberRejection)
    assert asked.values == (105, 215)


@pytest.mark.parametrize(
    ("week", "problem"),
    [
        ("key: 1, range: 1 to 120, digits: 2", "digits: 120 has 3 digits"),
        ("range: 1 to 7, digits: 2", "digits: without a key:, zeros before an amount mean nothing"),
        ("key: 1, range: 1 to 7, digits: 0", "digits: 0 digits can't be keyed"),
        ("key: 1, range: 1 to 7, digits: 99", "digits: 99 digits can't be keyed"),
        (
            "key: 1, range: 101 to 107",
            "range: the key 1 is no part of the range: 101 to 107 is keyed as 1101 to 1107",
        ),
        ("key: 20, range: 1 to 7, digits: 1", "201 is 1 per week, and also 1 month"),
        ("key: 1, range: 1 to 150", ""),
        ("key: 1, range: 0 to 99", ""),
    ],
)
def test_a_key_and_its_digits_are_checked(week: str, problem: str) -> None:
    _, problems = check_week(week)
    assert problems == [problem] * bool(problem)


def test_declines_by_width_are_in_no_column() -> None:
    compiled = check().compiled
    assert compiled is not None
    codes = {decline.id: decline.code for decline in compiled.items["height"].declines}
    assert codes == {"dk": 7777, "refused": 9999}
    assert not re.search("decline", str(check().problems))
