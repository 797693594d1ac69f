"""Problems of conditions that mean nothing or are easily misread: where, what, and what to do."""

import pytest

from support.condition_names import HERE, IN_PERSON, SCOPE, said
from survey_cli.instrument.expressions.conditions import ExpectedKind, compile_condition
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.problems import Position

# Problems: text, column, length, what is found, what to do about it.

SLIPS = [
    ("q1 = 1", 13, 1, "a single = is not a comparison", "write =="),
    ("q1 == 1 && q2 == 1", 18, 2, "&& is not part", "write and"),
    ("q1 == 1 || q2 == 1", 18, 2, "|| is not part", "write or"),
    ("!adult", 10, 1, "! alone", "write not"),
    ("q1 <> 1", 13, 2, "<> is not part", "write !="),
    ("q1 => 1", 13, 2, "=> is in the wrong order", "write >="),
    ("q1 =< 1", 13, 2, "=< is in the wrong order", "write <="),
    ("q1 ≥ 1", 13, 1, "≥ is not part", "write >="),
    ("“tv” in media", 10, 1, "typographic quote", 'write a straight one: "'),
    ("‘tv’ in media", 10, 1, "typographic quote", "write a straight one: '"),
    ("q1 == 1 AND q2 == 1", 18, 3, "AND is written in capitals", "write and"),
    ("q1 == 1 OR q2 == 1", 18, 2, "OR is written in capitals", "write or"),
    ("q1 between 1 and 3", 13, 7, "'between' is not part", "1 <= q1 <= 5"),
    ("q1 == 01", 16, 2, "01 begins with a zero", "write 1, or '01' in quotes"),
    ("q1 == 00", 16, 2, "00 begins with a zero", "write 0"),
    ("hours > 01.5", 18, 4, "01.5 begins with a zero", "write 1.5"),
    ("hours > 1e5", 18, 3, "1e5 is not an ordinary number", "write digits"),
    ("hours > 0x10", 18, 4, "0x10 is not an ordinary number", "write digits"),
    ("hours > 1_000", 18, 5, "1_000 is not an ordinary number", "1000"),
    ("hours > 1,5", 10, 11, "a comma outside a list", "1.5"),
    ("q1 == 1and q2 == 1", 16, 4, "1and runs into the word after it", "1 and"),
    ("(q1 == 1", 10, 1, "this ( is never closed", "write )"),
    ("q1 in [1, 2", 16, 1, "this [ is never closed", "write ]"),
    ("q1 == 1)", 17, 1, "this ) has no opening bracket", "remove it"),
    ("q1 in [1, 2)", 21, 1, "a [ is closed here by )", "write ]"),
    ("name == 'a", 18, 1, "starts a text that is never closed", "write '"),
    ("q1 == 1 and", 18, 3, "something is missing after and", "write what follows"),
    ("== 1", 10, 2, "something is missing before ==", "write what comes first"),
    ("q1 == 1 q2 == 2", 18, 2, "there is nothing between 1 and q2", "write and, or"),
    ("q1 if q2 == 1", 13, 2, "this if has no else", "a if condition else b"),
    ("if q1 == 1 then 1 else 2", 21, 4, "'then' is not part", "a if condition else b"),
    ("q1 == 1 # only men", 18, 1, "# would hide the rest", "remove it"),
    ("${q1} == 1", 10, 1, "$ is not part", "q1, not ${q1}"),
    ("{q1} == 1", 10, 1, "{ is not part", "q1, not {q1}"),
    ("région == 1", 10, 6, "'région' contains letters that names can't have", "put a text in quotes"),
    ("q1 == 1\u200b", 17, 1, "U+200B, zero width space", "remove it"),
    ("q1 == 1\x00", 17, 1, "U+0000", "remove it"),
    ("name == 'a\\'b'", 20, 1, "a backslash", "remove it"), ("name == 'a\\d'", 20, 1, "a backslash", "remove it"),
    ("q1 is 1", 10, 7, "'is' is not part", "write =="),
    ("hours ** 2 > 4", 10, 10, "** is not part", "a * a"),
    ("hours > 50%", 20, 1, "% is the remainder", "0.5"),
    ("hours > 50% and q1 == 1", 20, 1, "% is the remainder", "0.5"),
    ("[q1]", 10, 4, "a list can't be used on its own", "q1 in [1, 2]"),
    ("name == f'a'", 18, 4, "an f before a text", "write the text alone"),
    ("name == b'a'", 18, 4, "neither a number nor a text", "between quotes"),
    ("media == 'tv' 'radio'", 19, 12, "is not one text", "separated by commas"),
    ("name == '''a'''", 18, 7, "is not one text", "one text between two quotes"),
    ("adult == True", 19, 4, "True is not part", "write adult, or not adult"),
    ("q1 == None", 16, 4, "None is not part", "answered(q1)"),
    ("(lambda: 1) == 1", 11, 9, "is not part of a condition", "is written like"),
    ("[x for x in media]", 10, 18, "is not part of a condition", "is written like"),
    ("class == 1", 10, 5, "'class' can't be used in a condition", "write the item's id"),
]  # fmt: skip

MEANINGS = [
    ("regoin == 'north'", "unknown-name", 10, 6, "'regoin' is not a variable", "did you mean 'region'?"),
    ("q1 == 1 and zzz == 2", "unknown-name", 22, 3, "'zzz' is not a variable", "use an item"),
    ("true", "unknown-name", 10, 4, "true is not part", "remove the key"),
    ("cuont(media) > 1", "unknown-function", 10, 5, "no function 'cuont'",
     "did you mean count(condition, …) or count(multiple)?"),
    ("ANSWERED(q1)", "unknown-function", 10, 8, "no function 'ANSWERED'", "lower case: answered(item)"),
    ("NOT(adult)", "unknown-function", 10, 3, "no function 'NOT'", "write not"),
    ("selected(media, 'tv')", "unknown-function", 10, 8, "no function 'selected'", "'tv' in media"),
    ("na(q1)", "unknown-function", 10, 2, "no function 'na'", "q1 in [na]"),
    ("frobnicate(q1)", "unknown-function", 10, 10, "no function", "the functions are answered, dk"),
    ("adult(1)", "unknown-function", 10, 5, "adult is an item", "write adult alone"),
    ("answered(q1, q2)", "wrong-arguments", 10, 16, "answered takes 1 argument, not 2", "answered(item)"),
    ("round() == 1", "wrong-arguments", 10, 7, "round takes 1 or 2 arguments, not 0", "round(number, digits)"),
    ("today(1) == visit", "wrong-arguments", 10, 8, "today takes no argument, not 1", "write today()"),
    ("count() > 1", "wrong-arguments", 10, 7, "count takes at least 1 argument, not 0", "count(multiple)"),
    ("round(hours, digits=1) > 1", "wrong-arguments", 10, 22, "by position", "round(number, digits)"),
    ("count(*media) > 1", "wrong-arguments", 10, 13, "by position", "count(multiple)"),
    ("round(hours, days) > 1", "wrong-arguments", 23, 4, "whole number from 0 to 10", "round(a / b, 1)"),
    ("default(hours, 0, never) > 1", "wrong-arguments", 28, 5, "never is not a kind", "dk, refused"),
    ("default(hours, 0, 'dk') > 1", "wrong-arguments", 28, 4, "'dk' is not a kind", "dk, refused"),
    ("first_answered(hours, 'no') == 1", "unlike-kinds", 10, 27, "hours is a number, but 'no'", "same kind"),
    ("first_answered(hours) == 1", "one-value", 25, 5, "hours is one value", "first_answered(value"),
    ("answered(q1 == 1)", "wrong-arguments", 19, 7, "requires an item, but q1 == 1 is not one", "answered(q1)"),
    ("length(q1) > 1", "wrong-arguments", 17, 2, "counts characters", "length(text)"),
    ("years_between(born, hours) > 1", "wrong-arguments", 30, 5, "hours is a number", "years_between(date, date)"),
    ("today == visit", "wrong-arguments", 10, 5, "without its parentheses", "write today()"),
    ("region == north", "bare-code", 20, 5, "north is a code of region", "write 'north'"),
    ("region in [North]", "bare-code", 21, 5, "North is a code of region", "write 'north'"),
    ("north == region", "bare-code", 10, 5, "north is a code of region", "write 'north'"),
    ("q1 == agree", "unknown-name", 16, 5, "neither a variable nor a code of q1", "codes are 1, 2, 3"),
    ("name == smith", "unknown-name", 18, 5, "not a variable", "in quotes if it is a text: 'smith'"),
    ("q1 == 9", "unknown-code", 16, 1, "q1 has no code 9: its codes are 1, 2, 3, 4, 5", "add the option"),
    ("q1 != 9", "unknown-code", 16, 1, "q1 has no code 9", "use one of these"),
    ("q1 in [1, 7]", "unknown-code", 20, 1, "q1 has no code 7", "use one of these"),
    ("q1 not in [-1]", "unknown-code", 21, 2, "q1 has no code -1", "use one of these"),
    ("region == 'nort'", "unknown-code", 20, 6, "no code 'nort'", "did you mean 'north'?"),
    ("'tele' in media", "unknown-code", 10, 6, "media has no code 'tele'", "use one of these"),
    ("person[1].sex == 3", "unknown-code", 27, 1, "sex has no code 3: its codes are 1, 2", "use one of these"),
    ("q1 == '1'", "unlike-kinds", 16, 3, "the codes of q1 are numbers", "write 1, without quotes"),
    ("zip == 10", "unlike-kinds", 17, 2, "text codes, but 10 is a number", "its codes are '010', '020'"),
    ("hours > '18'", "unlike-kinds", 18, 4, "hours is a number, but '18' is a text", "write 18, without quotes"),
    ("name == 3", "unlike-kinds", 18, 1, "name is a text, but 3 is a number", "in quotes: '3'"),
    ("hours == name", "unlike-kinds", 10, 13, "hours is a number, but name is a text", "the same kind"),
    ("born == '5 May'", "unlike-kinds", 18, 7, "born is a date", "'2024-01-05'"),
    ("born > '2024-02-30'", "unlike-kinds", 17, 12, "born is a date", "'2024-01-05'"),
    ("at > '9:30'", "unlike-kinds", 15, 6, "at is a time of day", "'09:30'"),
    ("adult == 3", "unlike-kinds", 19, 1, "adult is true or false already", "write it alone"),
    ("region > 'a'", "unknown-code", 19, 3, "no code 'a'", "use one of these"),
    ("name > 'a'", "no-order", 10, 10, "name is a text, which > cannot order", "compare with =="),
    ("media == 'tv'", "multiple-compared", 10, 13, "media is a multiple", "write 'tv' in media"),
    ("media != 'tv'", "multiple-compared", 10, 13, "media is a multiple", "write 'tv' not in media"),
    ("media in ['tv', 'web']", "multiple-compared", 10, 22, "a multiple", "'tv' in media or 'web' in media"),
    ("media >= 2", "multiple-compared", 10, 10, "a multiple", "write count(media) >= 2"),
    ("age < media", "multiple-compared", 10, 11, "a multiple", "write count(media) > age"),
    ("q1 == dk", "decline-compared", 16, 2, "not a value", "write dk(q1), or q1 in [dk]"),
    ("q1 == na", "decline-compared", 16, 2, "not a value", "write q1 in [na]"),
    ("q1", "not-a-truth", 10, 2, "q1 is an item with number codes", "write answered(q1), or q1 == 1"),
    ("hours", "not-a-truth", 10, 5, "hours is a number", "answered(hours), or hours > 0"),
    ("name", "not-a-truth", 10, 4, "name is a text", "answered(name)"),
    ("media", "not-a-truth", 10, 5, "media is a multiple", "count(media) >= 1"),
    ("not q1", "not-a-truth", 14, 2, "q1 is an item", "answered(q1)"),
    ("q1 == 1 or 2", "not-a-truth", 21, 1, "2 is used where", "repeat the item: q1 == 2"),
    ("'q1 == 1'", "not-a-truth", 10, 9, "is used where", "remove the quotes"),
    ("count(q1) > 1", "not-a-truth", 16, 2, "count requires conditions", "count(answered(q1))"),
    ("name + nick == 'ab'", "not-a-number", 10, 11, "does not join texts", "fills"),
    ("born + 1 == visit", "not-a-number", 10, 4, "born is a date", "years_between(start, end)"),
    ("(q1 == 1) + 1 == 2", "not-a-number", 11, 7, "true or false", "write count(q1 == 1)"),
    ("media + 1 == 2", "not-a-number", 10, 5, "a multiple", "count(media)"),
    ("sum(name, nick) > 1", "not-a-number", 14, 4, "sum requires numbers", "use a number"),
    ("min(q1, born) > 1", "unlike-kinds", 10, 13, "values of the same kind", "the same kind"),
    ("age > 3", "list-as-value", 10, 3, "once for each turn of person",
     "write count(person.age > 3) >= 1, or person[1].age > 3"),
    ("person.age > 3", "list-as-value", 10, 10, "age is asked once for each turn", "count(person.age > 3) >= 1"),
    ("person", "roster-as-value", 10, 6, "person is a roster", "person[1].age"),
    ("person[1] == 2", "roster-as-value", 10, 9, "is a turn, not an item", "person[1].item"),
    ("person[0].age > 1", "condition-syntax", 17, 1, "no turn 0", "counted from 1"),
    ("person.agee > 1", "unknown-name", 10, 11, "the roster person has no item 'agee'", "did you mean 'age'?"),
    ("persn.age > 1", "unknown-name", 10, 5, "'persn' is not a roster", "did you mean 'person'?"),
    ("q1.age > 1", "unknown-name", 10, 2, "q1 is an item and has no parts", "write q1 alone"),
    ("media[1] == 'tv'", "condition-syntax", 10, 8, "media[1] is not part", "person[1].age"),
    ("3 in person.age", "not-a-list", 15, 10, "a list over the turns", "count(person.age == 3) >= 1"),
    ("1 in q1", "not-a-list", 15, 2, "not a list", "write q1 == 1"),
    ("count(person.age == make) > 1", "unlike-lists", 16, 18, "different rosters", "each of them separately"),
    ("sum(hours) > 1", "one-value", 14, 5, "hours is one value", "sum(number, number, …)"),
    ("q1 in []", "constant-condition", 10, 8, "an empty list", "write the codes"),
    ("q1 in [kind]", "item-in-list", 17, 4, "kind is an item", "q1 == kind"),
    ("q1 in [1 + 1]", "item-in-list", 17, 5, "1 + 1 is not a code", "list numbers"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "column", "length", "what", "remedy"), SLIPS, ids=[row[0] for row in SLIPS]
)
def test_a_slip_is_shown_where_it_stands_and_what_to_write(
    text: str, column: int, length: int, what: str, remedy: str
) -> None:
    condition, problems = compile_condition(text, SCOPE, where=HERE, who="q7")
    assert condition is None
    assert [problem.rule for problem in problems] == ["condition-syntax"]
    [problem] = problems
    assert (problem.where, problem.length) == (Position("a.yaml", 3, column), length)
    assert what in problem.what
    assert remedy in problem.remedy
    assert str(problem).startswith(f"a.yaml:3:{column}: q7: ")


@pytest.mark.parametrize(
    ("text", "rule", "column", "length", "what", "remedy"), MEANINGS, ids=[r[0] for r in MEANINGS]
)
def test_what_means_nothing_is_said_once(
    text: str, rule: str, column: int, length: int, what: str, remedy: str
) -> None:
    condition, problems = compile_condition(text, SCOPE, where=HERE, who="q7")
    assert condition is None
    errors = [problem for problem in problems if problem.severity == "error"]
    assert [problem.rule for problem in errors] == [rule]
    [problem] = errors
    assert (problem.where, problem.length) == (Position("a.yaml", 3, column), length)
    assert what in problem.what
    assert remedy in problem.remedy


def test_all_problems_of_a_condition_are_said_in_one_go() -> None:
    problems = said("q1 == 9 and regoin == 'north' and hours > '3'")
    assert [problem.rule for problem in problems] == [
        "unknown-code",
        "unknown-name",
        "unlike-kinds",
    ]


WARNED = [
    (
        "default(hours, 0, not_reached) > 1",
        "default-not-reached",
        10,
        "breaks off before hours gets 0",
        "remove not_reached",
    ),
    (
        "q1 != 3",
        "unsure-negation",
        10,
        "refusal at q1",
        "q1 in [1, 2, 4, 5, dk, refused, na] if they count",
    ),
    ("q1 not in [1, 3]", "unsure-negation", 10, "refusal at q1", "q1 in [2, 4, 5] if not"),
    ("hours != 3", "unsure-negation", 10, "refusal at hours", "hours != 3 or declined(hours)"),
    (
        "not hours == 3",
        "unsure-negation",
        10,
        "refusal at hours",
        "answered(hours) and not hours == 3",
    ),
    ("not (q1 == 1 or q2 == 1)", "unsure-negation", 10, "refusal at q1 or q2", "answered(q1)"),
    ("'tv' not in media", "unsure-negation", 10, "refusal at media", "declined(media)"),
    (
        "q1 == 1 and q2 == 2 or kind == 1",
        "and-or-without-brackets",
        10,
        "binds",
        "(q1 == 1 and q2 == 2)",
    ),
    (
        "kind == 1 or q1 == 1 and q2 == 2",
        "and-or-without-brackets",
        23,
        "binds",
        "(q1 == 1 and q2 == 2)",
    ),
    ("q1 == q1", "compared-with-itself", 10, "q1 is compared with itself", "use the other item"),
    ("1 == 1", "constant-condition", 10, "always true", "use an item"),
    ("kind == 1 or 'a' == 'b'", "constant-condition", 23, "always false", "use an item"),
    (
        "q1 > 5",
        "constant-condition",
        10,
        "never true: the codes of q1 are 1, 2, 3, 4, 5",
        "one of these",
    ),
    ("q1 >= 0", "constant-condition", 10, "true for every answer", "answered(q1)"),
]


@pytest.mark.parametrize(
    ("text", "rule", "column", "what", "remedy"), WARNED, ids=[row[0] for row in WARNED]
)
def test_what_is_easily_meant_otherwise_is_a_warning(
    text: str, rule: str, column: int, what: str, remedy: str
) -> None:
    condition, problems = compile_condition(text, SCOPE, where=HERE, who="q7")
    assert condition is not None
    assert [(problem.severity, problem.rule, problem.where.column) for problem in problems] == [
        ("warning", rule, column)
    ]
    assert what in problems[0].what
    assert remedy in problems[0].remedy


@pytest.mark.parametrize(
    "text",
    [
        "kind != 1",
        "not answered(q1)",
        "answered(q1) and q1 != 3",
        "q1 != 3 or declined(q1)",
        "q1 not in [3, dk]",
        "(q1 == 1 and q2 == 2) or kind == 1",
        "(q1 == 1) and (kind == 2 or q2 == 1)",
        "count(not q1 == 1, kind == 2) > 1 and answered(q1)",
        "q1 >= 3",
        "hours > -5",
    ],
)
def test_what_is_plainly_meant_is_no_warning(text: str) -> None:
    assert not said(text)


def test_in_a_roster_counting_one_turn_is_pointed_out() -> None:
    [problem] = said("count(sex == 2) == 1", scope=IN_PERSON)
    assert problem.rule == "one-value"
    assert problem.severity == "warning"
    assert "write person.sex for all turns" in problem.remedy
    [problem] = said("sum(age) > 40", scope=IN_PERSON)
    assert problem.severity == "error"
    assert "write sum(person.age) for all turns" in problem.remedy


@pytest.mark.parametrize(
    ("text", "wants", "rule"),
    [
        ("name", "number", "not-a-number"),
        ("q1 == 1", "number", "not-a-number"),
        ("person.age", "value", "list-as-value"),
        ("person.age", "number", "list-as-value"),
        ("q1", "list", "one-value"),
        ("1", "truth", "not-a-truth"),
    ],
)
def test_a_place_says_what_it_wants(text: str, wants: ExpectedKind, rule: str) -> None:
    assert [problem.rule for problem in said(text, wants=wants)] == [rule]


def test_the_caret_stands_in_the_file() -> None:
    def column(text: str) -> int:
        return compile_condition(text, SCOPE, where=HERE, who="q7")[1][0].where.column

    assert column(YamlScalar("  q1 = 1", HERE, plain=True)) == 15
    assert column(YamlScalar("q1 = 1", HERE)) == 14  # a quote stands before it
    assert column("name == 'é' or q1 = 1") == 28
    assert column("name == 'ééé' or region == north") == 37
    assert column("name == 'a'\n or q1 = 1") == 10  # several lines: where the text begins
    [problem] = compile_condition("q1 = 1", SCOPE, where=Position("a.yaml"), who="")[1]
    assert str(problem) == "a.yaml: a single = is not a comparison — write == for 'is the same as'"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "q1 == 1 or " * 300 + "q1 == 1",
        "(" * 1999,
        "not " * 400 + "adult",
        "-" * 1900 + "1 == 1",
        "q1 in [" + "1," * 450 + "1]",
        "1" + " + 1" * 100 + " == 1",
        "hours > " + "9" * 400,
    ],
    ids=lambda text: text[:12],
)
def test_what_is_too_much_or_nothing_is_a_problem(text: str) -> None:
    condition, problems = compile_condition(text, SCOPE, where=HERE, who="q7")
    assert condition is None
    assert len(problems) == 1
    assert problems[0].rule in ("empty-condition", "condition-too-large", "condition-syntax")
    assert len(str(problems[0])) < 300
