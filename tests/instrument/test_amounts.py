"""Amounts and codes: what conditions and calculations make of codes that count as numbers, stand for several or none."""

from functools import cache
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.editions import accept_edition
from support.known_values import make_known
from support.report_tables import Report
from survey_cli.instrument.amounts import Interval, compare_intervals
from survey_cli.instrument.analysis import read_analysis
from survey_cli.instrument.checks.all_checks import CheckResult, check_instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.three_valued_logic import COMPARE
from survey_cli.instrument.number_ranges import count_decimals
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import select_errors
from survey_cli.revisions.meaning_changes import iterate_changes
from survey_cli.table.columns import build_columns
from survey_cli.table.versions import find_plain_columns
from survey_cli.values import DK, NO_AMOUNT, NOT_ASKED, NOT_REACHED, REFUSED, Cell

QUESTIONNAIRE = """\
instrument: amounts
title: Amounts
edition: 2
compute:
  result: "{expression}"
  inner: 1
scales:
  agree: {{1: Disagree, 2: Neither, 3: Agree, 9: {{text: No opinion, missing: true, read: false}}}}
items:
  - id: days
    type: number
    text: On how many days?
    max: 30
    options: {{88: {{text: None, value: 0}}, 777: {{text: It varies, missing: true}}}}
  - {{id: age, type: number, text: How old?, max: 96, options: {{97: {{text: 97 or older, at_least: 97}}}}}}
  - {{id: good, type: scale, scale: agree, text: Is it good?}}
  - {{id: nice, type: scale, scale: agree, text: Is it nice?}}
  - id: visits
    type: single
    text: How often?
    options:
      1: {{text: Never, value: 0}}
      2: {{text: Once or twice, value: 1.5}}
      3: {{text: Three times or more, at_least: 3}}
      9: {{text: It varies, missing: true}}
  - {{id: spots, type: multiple, text: Which?, options: {{1: A, 2: B, 3: C}}}}
  - id: person
    type: roster
    count: 3
    max: 3
    items:
      - {{id: years, type: number, text: How old?, max: 96, options: {{97: {{text: 97+, at_least: 97}}}}}}
"""


@cache
def check(expression: str) -> CheckResult:
    with accept_edition():
        return check_instrument(load_source_text(QUESTIONNAIRE.format(expression=expression)))


def understand(expression: str) -> Condition:
    checked = check(expression)
    assert checked.compiled is not None, checked.problems
    [condition] = checked.compiled.computes["result"].conditions.values()
    return condition


def list_errors(expression: str) -> list[str]:
    return [f"{p.rule}: {p.what} — {p.remedy}" for p in select_errors(check(expression).problems)]


PEOPLE = {("years", 1): 30, ("years", 2): 97, ("years", 3): 20}

RESULTS: list[tuple[str, dict[Any, Cell], object]] = [
    # the code of an amount
    ("days >= 15", {"days": 88}, False),
    ("days >= 15", {"days": 20}, True),
    ("days == 0", {"days": 88}, True),
    ("days in [0, 1]", {"days": 88}, True),
    ("days not in [0, 1]", {"days": 88}, False),
    ("days != 0", {"days": 88}, False),
    ("15 <= days", {"days": 88}, False),
    ("keyed(days) == 88", {"days": 88}, True),
    ("keyed(days) > 30", {"days": 88}, True),
    ("days + 1", {"days": 88}, 1),
    ("days", {"days": 88}, 0),
    ("keyed(days)", {"days": 88}, 88),
    ("days", {"days": DK}, DK),
    ("answered(days)", {"days": 88}, True),
    ("days < 15", {"days": REFUSED}, REFUSED),
    ("days < 15", {}, NOT_REACHED),
    ("sum(days, age)", {"days": 88, "age": 5}, 5),
    ("'often' if days > 20 else 'seldom'", {"days": 88}, "seldom"),
    # a code without an amount
    ("days < 15", {"days": 777}, NO_AMOUNT),
    ("days > 15", {"days": 777}, NO_AMOUNT),
    ("not (days > 15)", {"days": 777}, NO_AMOUNT),
    ("days == 777", {"days": 777}, True),
    ("days == 777", {"days": 5}, False),
    ("days == 777", {"days": 88}, False),
    ("days != 777", {"days": 777}, False),
    ("days in [777, 5]", {"days": 777}, True),
    ("days in [5, dk]", {"days": DK}, True),
    ("days == 5", {"days": 777}, False),
    ("answered(days)", {"days": 777}, True),
    ("declined(days)", {"days": 777}, False),
    ("days * 2", {"days": 777}, NO_AMOUNT),
    ("round(days / 7, 1)", {"days": 777}, NO_AMOUNT),
    ("days", {"days": 777}, NO_AMOUNT),
    ("sum_answered(days, age)", {"days": 777, "age": 5}, 5),
    ("mean(days, age)", {"days": 777, "age": DK}, DK),
    ("default(days, 0)", {"days": 777}, NO_AMOUNT),
    ("default(days, 0, no_amount)", {"days": 777}, 0),
    ("default(days, 0, no_amount)", {"days": NOT_ASKED}, 0),
    ("count(days > 15, days == 777)", {"days": 777}, 1),
    ("days == age", {"days": 777, "age": 20}, NO_AMOUNT),
    ("'often' if days > 20 else 'seldom'", {"days": 777}, NO_AMOUNT),
    # scales
    ("good > 2", {"good": 9}, NO_AMOUNT),
    ("good > 2", {"good": 3}, True),
    ("good == 9", {"good": 9}, True),
    ("good == 3", {"good": 9}, False),
    ("good in [1, 9]", {"good": 9}, True),
    ("good not in [1, 2]", {"good": 9}, True),
    ("good == nice", {"good": 9, "nice": 9}, True),
    ("good < nice", {"good": 1, "nice": 9}, NO_AMOUNT),
    ("good + nice", {"good": 1, "nice": 9}, NO_AMOUNT),
    ("mean_answered(good, nice)", {"good": 1, "nice": 9}, 1.0),
    ("-good", {"good": 9}, NO_AMOUNT),
    # a code is a code until something is calculated with it
    ("good", {"good": 9}, 9),
    ("first_answered(good, nice)", {"good": DK, "nice": 9}, 9),
    ("good if inner == 1 else nice", {"good": 9, "inner": 1}, 9),
    ("(good if inner == 1 else nice) > 2", {"good": 9, "inner": 1}, NO_AMOUNT),
    ("good if inner == 1 else 0", {"good": 9, "inner": 1}, NO_AMOUNT),
    ("good in spots", {"good": 1, "spots": (1, 2)}, True),
    # intervals
    ("age >= 65", {"age": 97}, True),
    ("age < 65", {"age": 97}, False),
    ("age >= 98", {"age": 97}, NO_AMOUNT),
    ("age >= 97", {"age": 97}, True),
    ("age > 97", {"age": 97}, NO_AMOUNT),
    ("100 > age", {"age": 97}, NO_AMOUNT),
    ("age == 97", {"age": 97}, True),
    ("age != 97", {"age": 97}, False),
    ("age == 99", {"age": 97}, NO_AMOUNT),
    ("age == 50", {"age": 97}, False),
    ("age in [50, 51]", {"age": 97}, False),
    ("age in [50, 99]", {"age": 97}, NO_AMOUNT),
    ("age > days", {"age": 97, "days": 88}, True),
    ("days >= age", {"age": 97, "days": 30}, False),
    ("age", {"age": 97}, NO_AMOUNT),
    ("keyed(age)", {"age": 97}, 97),
    ("age + 1", {"age": 97}, NO_AMOUNT),
    ("18 <= age <= 64", {"age": 97}, False),
    # codes of a single that count as numbers
    ("visits", {"visits": 2}, 1.5),
    ("visits < 2", {"visits": 2}, True),
    ("visits >= 2", {"visits": 3}, True),
    ("visits > 3", {"visits": 3}, NO_AMOUNT),
    ("visits == 0", {"visits": 1}, True),
    ("visits > 1", {"visits": 9}, NO_AMOUNT),
    ("visits == 9", {"visits": 9}, True),
    ("keyed(visits) == 2", {"visits": 2}, True),
    # rosters
    ("count(person.years >= 65)", PEOPLE, 1),
    ("person[2].years > 20", PEOPLE, True),
    ("keyed(person[2].years)", PEOPLE, 97),
    ("max(person.years)", PEOPLE, NO_AMOUNT),
    ("max_answered(person.years)", PEOPLE, 30),
    ("count(keyed(person.years) == 97)", PEOPLE, 1),
    ("count(answered(person.years))", PEOPLE, 3),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "answers", "result"), RESULTS)
def test_what_a_condition_makes_of_codes(
    expression: str, answers: dict[Any, Cell], result: object
) -> None:
    known = make_known(answers, {"person": (1, 2, 3)})
    found = understand(expression).evaluate(known)
    assert found == result
    assert type(found) is type(result)


def test_unknown_of_a_table_replaces_an_answer_without_an_amount() -> None:
    table = "{when: [[days < 5, 1]], else: 2, unknown: 9}"
    source = QUESTIONNAIRE.replace('"{expression}"', "{expression}").format(expression=table)
    with accept_edition():
        checked = check_instrument(load_source_text(source))
    assert checked.compiled is not None, checked.problems
    [condition] = checked.compiled.computes["result"].conditions.values()
    values = [condition.evaluate(make_known({"days": cell})) for cell in (88, 20, 777, DK)]
    assert values == [1, 2, 9, 9]


def test_declines_by_width_leave_out_what_an_option_counts_as() -> None:
    source = """
instrument: width
title: Width
edition: 2
defaults: {declines: by_width}
items:
  - {id: beds, type: single, text: Beds?, options: {1: None, 2: {text: A week's, value: 7}}}
  - {id: days, type: number, text: Days?, range: 1 to 5, options: {8: {text: More, value: 9}}}
"""
    with accept_edition():
        checked = check_instrument(load_source_text(source))
    assert checked.instrument is not None, checked.problems
    for item in checked.instrument.items.values():
        assert [decline.code for decline in item.declines] == [77, 99]


def test_no_decline_has_the_code_of_a_negative_amount() -> None:
    source = """
instrument: debts
title: Debts
edition: 2
items:
  - {id: debt, type: single, text: Debts?, options: {1: None, 2: {text: Some, value: -9}}}
"""
    with accept_edition():
        [error] = select_errors(check_instrument(load_source_text(source)).problems)
    assert error.what == "the code of 'Refused' (-9) is also the value: of 'Some'"


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        (
            "days == 88",
            "code-with-value: compute: 88 counts as 0 — write keyed(days) == 88, or days == 0",
        ),
        (
            "88 != days",
            "code-with-value: compute: 88 counts as 0 — write keyed(days) != 88, or days != 0",
        ),
        (
            "days in [88, 99]",
            "code-with-value: compute: 88 counts as 0 — write keyed(days) == 88, or days == 0",
        ),
        (
            "visits == 2",
            "code-with-value: compute: 2 counts as 1.5 — write keyed(visits) == 2, or visits == 1.5",
        ),
    ],
)
def test_the_code_of_an_amount_is_no_amount(expression: str, error: str) -> None:
    assert list_errors(expression) == [error]


def test_only_what_can_be_without_an_amount_is_known_to_be() -> None:
    """The data offer `no_amount` for a compute only if it can happen."""
    for expression, may_lack in [
        ("days", True), ("age + 1", True), ("good > 2", True), ("good", False), ("good == 9", False),
        ("keyed(age)", False), ("answered(days)", False), ("count(days > 5)", False), ("spots", False),
        ("default(days, 0, no_amount)", False), ("days == 777", False), ("sum_answered(days, age)", True),
    ]:  # fmt: skip
        assert understand(expression).result_type.may_lack_amount is may_lack, expression


NUMBERS = """\
instrument: t
title: T
edition: 2
compute: {{amount: "{calculation}"}}
items:
  - {{id: days, type: number, text: On how many days?, max: 30, options: {{{options}}}}}
  - {{id: why, type: text, text: Why?, ask_if: {condition}}}
"""


@pytest.mark.parametrize(
    ("options", "condition", "calculation", "said"),
    [
        ("88: None", "days >= 15", "1",
         "! 7:47 why: ask_if: 88 (None) also fulfills days >= 15 — write 88: {text: None, value: 0} [unsaid-amount]"),
        ("30: 30 or more", "days >= 5", "1",
         "! 7:47 why: ask_if: 30 (30 or more) counts as 30 in days >= 5 — "
         "write 30: {text: 30 or more, at_least: 30} [unsaid-amount]"),
        ("77: Varies, 88: None", "answered(days)", "days * 2",
         "! 4:20 amount: compute: 77 (Varies) and 88 (None) count as 77 or 88 in days * 2 — "
         "add value:, missing: or at_least: to 77 and 88 [unsaid-amount]"),
        # nothing takes the code for a number
        ("77: Varies", "days == 77", "1",
         "? 6:74 days: 77 (Varies) doesn't say what its amount is — "
         "add value:, missing: or at_least: to 77 [unsaid-amount]"),
        ("77: Varies", "days >= 15 and days != 77", "1",
         "? 6:74 days: 77 (Varies) doesn't say what its amount is — "
         "add value:, missing: or at_least: to 77 [unsaid-amount]"),
        # it says so
        ("'77': {text: Varies, missing: true}", "days >= 15", "days * 2", ""),
        ("30: {text: Every day, value: 30}", "days == 30", "days * 2", ""),
        ("88: {text: None, value: 0}", "days >= 15", "days",
         "? 6:74 days: 88 (None) counts as 0, and 0 can be keyed too — "
         "write min: 1, if it isn't meant to be keyed [value-keyed-too]"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("edition_2")
def test_an_option_of_a_number_says_what_its_amount_is(
    options: str, condition: str, calculation: str, said: str
) -> None:
    text = NUMBERS.format(options=options, condition=condition, calculation=calculation)
    problems = [
        f"{'!' if p.severity == 'error' else '?'} {p.where.line}:{p.where.column} "
        f"{p.who}: {p.what} — {p.remedy} [{p.rule}]"
        for p in check_instrument(load_source_text(text)).problems
        if p.rule in ("counted-code", "unsaid-amount", "value-keyed-too", "never-true")
    ]
    assert problems == [said] * bool(said)


def test_a_range_that_has_the_amount_of_an_option_is_written_anew() -> None:
    text = """\
instrument: x
edition: 2
title: X
items:
  - {id: days, type: number, range: 0 to 30, text: Days, options: {88: {text: None, value: 0}}}
"""
    problems = check_instrument(load_source_text(text)).problems
    [problem] = [one for one in problems if one.rule == "value-keyed-too"]
    assert problem.remedy == "write 1 to 30 in range:, if it isn't meant to be keyed"


def test_the_data_have_the_amount_and_what_was_keyed() -> None:
    instrument = check("days * 2").compiled
    assert instrument is not None
    columns = {variable.name: variable for variable in build_columns(instrument)}
    names = [name for name in columns if not name.startswith(("person", "years", "spots"))]
    assert names == [
        "days", "days_keyed", "age", "good", "nice", "visits", "visits_keyed", "result", "inner"
    ]  # fmt: skip
    assert columns["days"].labels == {777: "It varies"}
    assert columns["days_keyed"].labels == {88: "None", 777: "It varies"}
    assert columns["days"].user_missing == columns["days_keyed"].user_missing == (777,)
    assert columns["age"].labels == {97: "97 or older"}
    assert (columns["visits"].storage, columns["visits"].decimals) == ("decimal", 1)
    assert columns["visits"].labels == {3: "Three times or more", 9: "It varies"}
    assert columns["result"].declines["no_amount"] == (-5, "No amount")
    in_spanish = {variable.name: variable for variable in build_columns(instrument, "es")}
    assert in_spanish["result"].declines["no_amount"] == (-5, "Sin cantidad")
    assert "no_amount" not in columns["inner"].declines

    days, age, visits = (instrument.items[name] for name in ("days", "age", "visits"))
    assert days.question.build_cells(days, 88, {}) == (0, 88)
    assert days.question.build_cells(days, 777, {}) == (777, 777)
    assert days.question.build_missing_cells(days, DK) == (DK, DK)
    assert age.question.build_cells(age, 97, {}) == (97,)
    assert visits.question.build_cells(visits, 2, {}) == (1.5, 2)
    # what a later calculation reads from the data is what was keyed
    plain = find_plain_columns(instrument)
    assert list(columns)[plain["days"][0]] == "days_keyed"


@pytest.mark.parametrize(
    ("number", "decimals"), [(3, 0), (3.0, 0), (0.25, 2), (-1.5, 1), (0.00001, 5), (1e16, 0)]
)
def test_decimals_are_those_that_a_number_has(number: float, decimals: int) -> None:
    assert count_decimals(number) == decimals


@pytest.mark.usefixtures("edition_2")
def test_a_very_small_amount_has_a_column_with_decimals() -> None:
    options = "88: {text: A trace, value: 0.00001}"
    text = NUMBERS.format(options=options, condition="days == 1", calculation="1")
    instrument = check_instrument(load_source_text(text)).compiled
    assert instrument is not None
    [days] = [variable for variable in build_columns(instrument) if variable.name == "days"]
    assert (days.storage, days.decimals) == ("decimal", 5)


def test_a_changed_amount_is_a_change_of_meaning() -> None:
    old = check("1").compiled
    text = QUESTIONNAIRE.format(expression="1").replace("at_least: 97", "at_least: 98")
    with accept_edition():
        new = check_instrument(
            load_source_text(text.replace("value: 0}, 777", "value: 1}, 777"))
        ).compiled
    assert old is not None
    assert new is not None
    found = [
        (change.item, change.what, change.needs_own_column) for change in iterate_changes(old, new)
    ]
    assert found == [
        ("days", "code 88 counted as 0 and counts as 1", True),
        ("age", "code 97 counted as 97 or more and counts as 98 or more", False),
        ("years", "code 97 counted as 97 or more and counts as 98 or more", False),
    ]  # fmt: skip


@pytest.mark.usefixtures("edition_2")
def test_means_say_what_is_open_and_leave_out_what_has_no_amount() -> None:
    items = QUESTIONNAIRE.partition("items:")[2].replace("{{", "{").replace("}}", "}")
    head = QUESTIONNAIRE.partition("compute:")[0]
    lists = "scales:" + QUESTIONNAIRE.partition("scales:")[2].partition("items:")[0]
    text = head + lists.replace("{{", "{").replace("}}", "}") + "items:" + items
    answers: list[dict[str, Cell]] = [
        {"days": 0, "age": 20, "good": 1, "visits_keyed": 1},
        {"days": 4, "age": 97, "good": 9, "visits_keyed": 2},
        {"days": 777, "age": 97, "good": 3, "visits_keyed": 9},
    ]
    report = Report(text, answers)
    found = {}
    for name in ("days", "age", "good", "visits"):
        [summary] = report[name].summaries
        found[name] = (summary.count_text, summary.mean_text, summary.median_text)
    assert found == {
        "days": ("2", "2.00", "2"),
        "age": ("3", "at least 71.33", "97 or older"),
        "good": ("2", "2.00", "2"),
        "visits": ("2", "0.75", "0.75"),
    }


@pytest.mark.usefixtures("edition_2")
def test_ranges_of_an_analysis_file_contain_whole_intervals() -> None:
    instrument = check("1").compiled
    assert instrument is not None
    analysis = """\
variables:
  group: {bands: {of: age, values: {young: ..64, old: 65..}}}
  very: {bands: {of: age, values: {young: ..29, to 120: 30..120}}}
  often: {bands: {of: days, values: {never: 0..0, some: 1..30, varies: 777..777}}}
"""
    read, problems = read_analysis(load_source_text(analysis, "a.analysis.yaml"), instrument)
    assert select_errors(problems) == []
    computes = read.instrument.computes

    def compute(name: str, **answers: Cell) -> Cell:
        [condition] = computes[name].conditions.values()
        return condition.evaluate(make_known(answers))

    assert compute("group", age=97) == 2
    assert compute("very", age=97) == NO_AMOUNT
    assert [compute("often", days=days) for days in (88, 5, 777, DK)] == [1, 2, 3, DK]


ENDS = st.sampled_from([-inf, 0, 1, 2, 3, inf])
INTERVALS = st.builds(Interval, ENDS, ENDS, st.booleans()).filter(
    lambda one: one.low < one.high or (one.low == one.high and one.includes_high and abs(one.low) < inf)
)  # fmt: skip


def list_amounts(interval: Interval) -> list[float]:
    """Amounts in it: those at its ends, beside them, and far away."""
    amounts = [end + step for end in (0, 1, 2, 3) for step in (-0.25, 0, 0.25)]
    return [
        amount
        for amount in [-9.0, *amounts, 9.0]
        if interval.low <= amount < interval.high or (amount == interval.high and interval.includes_high)
    ]  # fmt: skip


@given(INTERVALS, st.sampled_from(sorted(COMPARE)), INTERVALS)
def test_intervals_are_compared_as_all_their_amounts_are(
    left: Interval, sign: str, right: Interval
) -> None:
    results = {
        COMPARE[sign](a, b) for a in list_amounts(left) for b in list_amounts(right)
    }  # fmt: skip
    expected = results.pop() if len(results) == 1 else None
    assert compare_intervals(left, sign, right) is expected


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("{5: {text: A, value: 1, at_least: 5}}", "value: 5 also has at_least:"),
        ("{5: {text: A, value: 1, missing: true}}", "value: 5 has missing: true"),
        ("{5: {text: A, at_least: 6, at_most: 5}}", "at_least: 6 is more than at_most: 5"),
        ("{5: {text: A, at_least: 6, at_most: 9}}", ""),
    ],
)
@pytest.mark.usefixtures("edition_2")
def test_an_option_has_one_amount(options: str, error: str) -> None:
    text = QUESTIONNAIRE.format(expression="1").replace(
        "{97: {text: 97 or older, at_least: 97}}", options
    )
    found = select_errors(check_instrument(load_source_text(text)).problems)
    assert [p.rule for p in found] == ["option-amount"] * bool(error)
    assert all(p.what.startswith(error) for p in found)


@pytest.mark.usefixtures("edition_2")
def test_no_decline_has_the_code_that_an_option_counts_as() -> None:
    text = """
instrument: t
title: T
edition: 2
declines: {dk: {code: 7, text: Don't know, key: d}}
items:
  - {id: visits, type: number, range: 100 to 200, options: {300: {text: Some, value: 7}}, text: A}
  - {id: often, type: single, options: {1: {text: Daily, value: 7}, 2: Rarely}, text: B}
"""
    found = select_errors(check_instrument(load_source_text(text)).problems)
    assert [(p.rule, p.who) for p in found] == [
        ("decline-code", "visits"),
        ("decline-code", "often"),
    ]
    assert "is also the value: of 'Some'" in found[0].what


def test_an_amount_needs_the_second_edition() -> None:
    """In the first one `missing: true` means what it always did, and other keys are refused."""
    text = QUESTIONNAIRE.format(expression="good > 2").replace("edition: 2\n", "")
    problems = select_errors(check_instrument(load_source_text(text)).problems)
    assert {problem.rule for problem in problems} == {"needs-edition"}
    assert {problem.who for problem in problems} == {"days", "age", "visits", "years"}

    before, _ = text.split("items:\n", 1)
    good = "items:\n  - {id: good, type: scale, scale: agree, text: Is it good?}\n"
    checked = check_instrument(load_source_text(before + good))
    assert checked.compiled is not None, checked.problems
    [condition] = checked.compiled.computes["result"].conditions.values()
    assert condition.evaluate(make_known({"good": 9})) is True
