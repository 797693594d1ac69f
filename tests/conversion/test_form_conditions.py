"""Expressions of XLSForm as conditions that are true of the same answers, empty values included."""

import pytest

from survey_cli.conversion.model.expressions import Expression, UnsupportedError
from survey_cli.conversion.questionnaire.builder import QuestionnaireBuilder
from survey_cli.conversion.questionnaire.conditions import Translator, split_condition
from survey_cli.conversion.xlsform.meaning import MeaningReader
from survey_cli.conversion.xlsform.reader import build_form
from survey_cli.conversion.xlsform.sheets import SheetRow
from survey_cli.conversion.xlsform.xpath import parse_xpath

SURVEY = [
    ("integer", "a"),
    ("select_one yn", "b"),
    ("select_one words", "w"),
    ("select_multiple words", "m"),
    ("text", "t"),
    ("date", "d"),
    ("begin repeat", "r"),
    ("integer", "x"),
    ("end repeat", ""),
    ("integer", "z"),
    ("text", "s", "${a} > 1"),
    ("note", "later"),
]
CHOICES = [
    ("yn", "1", "Yes"),
    ("yn", "0", "No"),
    ("yn", "-99", "Don't know"),
    ("words", "u", "U"),
    ("words", "v", "V"),
]


def read(xpath: str) -> Expression:
    return MeaningReader({}).read(parse_xpath(xpath))


@pytest.fixture
def translator() -> Translator:
    rows = [
        SheetRow(n, {("type", ""): kind, ("name", ""): name, ("relevant", ""): "".join(relevant)})
        for n, (kind, name, *relevant) in enumerate(SURVEY, 2)
    ]
    choices = [
        SheetRow(n, {("list_name", ""): listed, ("name", ""): code, ("label", ""): text})
        for n, (listed, code, text) in enumerate(CHOICES, 2)
    ]
    builder = QuestionnaireBuilder(build_form({"survey": rows, "choices": choices}, "form"), {})
    builder.build()
    builder.translator.item = builder.form.items["later"]
    return builder.translator


@pytest.mark.parametrize(
    ("xpath", "ask_if", "unless"),
    [
        ("${a} > 5", "a > 5", ""),
        ("${b} = '1'", "b == 1", ""),
        ("${b} != '1'", "", "b == 1"),
        ("not(selected(${b}, '1'))", "", "b == 1"),
        ("${b} = '-99'", "dk(b)", ""),
        ("${b} < 1", "dk(b) or b < 1", ""),
        ("${w} = 'u' or ${w} = 'v'", "w in [1, 2]", ""),
        ("${w} = 'no such choice'", "false", ""),
        ("selected(${m}, 'u') and not(selected(${m}, 'v'))", "1 in m", "2 in m"),
        ("${m} = 'u'", "1 in m and count(m) == 1", ""),
        ("count-selected(${m}) > 1", "count(m) > 1", ""),
        ("count-selected(${m}) < 2", "not answered(m) or count(m) < 2", ""),
        ("${t} = ''", "", "answered(t)"),
        ("${t} != null", "answered(t)", ""),
        ("string-length(${t}) > 3", "length(t) > 3", ""),
        ("${a} != ${z}", "answered(a) or answered(z)", "a == z"),
        ("${a} = ${z}", "(not answered(a) and not answered(z)) or a == z", ""),
        (
            "(${b} != 1 or ${a} > 2) and ${t} = 'x'",
            "(not answered(b) or b != 1 or a > 2) and t == 'x'",
            "",
        ),
        ("${d} <= today()", "d <= today()", ""),
        ("sum(${x}) > 10", "sum(r.x) > 10", ""),
        ("indexed-repeat(${x}, ${r}, 2) = 1", "r[2].x == 1", ""),
        (
            "if(${a} > 1, ${b} = 1, ${b} = 0)",
            "(a > 1 and b == 1) or ((not answered(a) or a <= 1) and b == 0)",
            "",
        ),
        ("int((today() - ${d}) div 365.25) >= 18", "years_between(d, today()) >= 18", ""),
        ("coalesce(${a}, ${z}) = 4", "(a if answered(a) else z) == 4", ""),
        ("/form/a = 3", "a == 3", ""),
        ("true()", "", ""),
        ("selected(join(' ', ${x}), '3')", "count(r.x == 3) > 0", ""),
        ("count-selected(join(' ', ${x})) > 1", "count(answered(r.x)) > 1", ""),
        ("concat('a', ${b}) = 'a1'", "b == 1", ""),
        ("concat(${b}, ${w}) = '1u'", "b == 1 and w == 1", ""),
        ("concat(${t}, ${a}) != ''", "answered(t) or answered(a)", ""),
        ("relevant(${s})", "answered(s) or declined(s)", ""),
        ("relevant(${a})", "", ""),
    ],
)
def test_conditions(translator: Translator, xpath: str, ask_if: str, unless: str) -> None:
    assert split_condition(translator, read(xpath)) == (ask_if, unless)


@pytest.mark.parametrize(
    ("xpath", "why"),
    [
        ("${x} = 1", "x is in a repeat"),
        ("${nobody} = 1", "no answer"),
        ("regex(${t}, '[a-z]+')", r"no counterpart of regex\(\)"),
        ("${t} < 3", "no order"),
        ("concat(${t}, 'a') = 'xa'", "only texts and codes can be joined"),
        ("${a} = ", "incomplete"),
        ("(${a} = 1", "brackets"),
        ("${a} = 1 ; 2", "not understood"),
        ("-'text' < ${a}", "needs numbers"),
    ],
)
def test_what_has_no_counterpart_says_why(translator: Translator, xpath: str, why: str) -> None:
    with pytest.raises(UnsupportedError, match=why):
        split_condition(translator, read(xpath))


def test_a_question_that_comes_later_is_no_condition(translator: Translator) -> None:
    translator.item = translator.form.items["a"]
    with pytest.raises(UnsupportedError, match=r"asked later \(row 11\)"):
        split_condition(translator, read("${z} = 1"))
