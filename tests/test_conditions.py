"""What does a condition mean, and what is said of one that means nothing? A table of each, and two properties:
truth agrees with an independent Kleene evaluator, and no text whatever raises.
"""

import unicodedata
from datetime import date, time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from survey_cli.instrument.conditions import (
    Condition,
    Known,
    Scope,
    Wants,
    compile_condition,
    read_names,
    use_of,
)
from survey_cli.instrument.functions import FUNCTIONS
from survey_cli.instrument.wording import words
from survey_cli.instrument.written import Written
from survey_cli.problems import Position, Problem
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Code, Missing, missing

HERE = Position("a.yaml", 3, 10)
AGREE = frozenset({1, 2, 3, 4, 5})
CAFE = unicodedata.normalize("NFD", "café")

NAMES = {
    "q1": Known("code", AGREE, declinable=True),
    "q2": Known("code", AGREE, declinable=True),
    "q3": Known("code", AGREE, declinable=True),
    "kind": Known("code", frozenset({1, 2})),
    "region": Known("code", frozenset({"north", "south", "x1"}), declinable=True),
    "place": Known("code", frozenset({CAFE, "bar"})),
    "brought": Known("code"),
    "zip": Known("code", frozenset({"010", "020"})),
    "media": Known("codes", frozenset({"tv", "radio", "web"}), declinable=True),
    "uses": Known("codes", frozenset({1, 2, 3})),
    "hours": Known("number", declinable=True),
    "days": Known("number"),
    "name": Known("text", declinable=True),
    "nick": Known("text"),
    "born": Known("date", declinable=True),
    "visit": Known("date"),
    "at": Known("time"),
    "adult": Known("flag"),
    "youngest": Known("draw"),
    "age": Known("number", declinable=True, roster="person"),
    "sex": Known("code", frozenset({1, 2}), declinable=True, roster="person"),
    "has": Known("codes", frozenset({"dog", "cat"}), roster="person"),
    "make": Known("number", roster="car"),
}
SCOPE = Scope(names=NAMES, rosters=frozenset({"person", "car"}), declines=("dk", "refused", "na"))
IN_PERSON = Scope(names=NAMES, rosters=SCOPE.rosters, declines=SCOPE.declines, inside="person")
NA = missing("na")


def understood(text: str, *, scope: Scope = SCOPE, wants: Wants = "truth") -> Condition:
    condition, problems = compile_condition(text, scope, where=HERE, who="q7", wants=wants)
    assert condition is not None, [str(problem) for problem in problems]
    return condition


def said(text: str, *, scope: Scope = SCOPE, wants: Wants = "truth") -> tuple[Problem, ...]:
    return compile_condition(text, scope, where=HERE, who="q7", wants=wants)[1]


def value(text: str, env: dict[Any, Any], *, scope: Scope = SCOPE) -> Any:
    return understood(text, scope=scope, wants="value").evaluate(env)


def same(left: object, right: object) -> bool:
    """Equal, and of one type: True is not 1, and 2 is not 2.0."""
    return left == right and type(left) is type(right)


TRUTHS: list[tuple[str, dict[Any, Any], object]] = [
    ("q2 in [3, 4]", {"q2": 3}, True),
    ("q2 in [3, 4]", {"q2": 1}, False),
    ("q2 in (3, 4)", {"q2": 4}, True),
    ("q2 in [3, 4]", {"q2": DK}, DK),
    ("q2 in [3, 4]", {}, NOT_REACHED),
    ("q2 not in [3, 4]", {"q2": 1}, True),
    ("q2 not in [3, 4]", {"q2": REFUSED}, REFUSED),
    ("q1 == 1", {"q1": 1}, True),
    ("q1 == 1", {"q1": NOT_ASKED}, NOT_ASKED),
    ("1 == q1", {"q1": 1}, True),
    ("3 > q1", {"q1": 1}, True),
    ("3 <= q1", {"q1": 1}, False),
    ("q1 != 1", {"q1": 2}, True),
    ("q1 != 1", {"q1": DK}, DK),
    ("q1 < q2", {"q1": 1, "q2": 2}, True),
    ("q1 == q2", {"q1": DK, "q2": REFUSED}, REFUSED),
    ("q1 == q2", {"q1": NOT_ASKED, "q2": REFUSED}, NOT_ASKED),
    ("q1 == q2", {"q1": NA, "q2": DK}, DK),
    ("q1 == q2", {"q1": NA, "q2": 1}, NA),
    ("hours >= 0.5", {"hours": 0.5}, True),
    ("hours > -1", {"hours": 0}, True),
    ("hours == 3", {"hours": 3.0}, True),
    # a list with declines
    ("q1 in [3, dk, refused]", {"q1": 3}, True),
    ("q1 in [3, dk, refused]", {"q1": DK}, True),
    ("q1 in [3, dk]", {"q1": REFUSED}, REFUSED),
    ("q1 in [3, dk]", {"q1": NOT_ASKED}, NOT_ASKED),
    ("q1 in [dk]", {"q1": 1}, False),
    ("q1 in [na]", {"q1": NA}, True),
    ("q1 not in [3, dk]", {"q1": DK}, False),
    ("q1 not in [3, dk]", {"q1": 1}, True),
    ("q1 not in [3, dk]", {"q1": REFUSED}, REFUSED),
    # and, or, not, chains, if
    ("q1 == 1 and q2 == 2", {"q1": 2, "q2": DK}, False),
    ("q1 == 1 and q2 == 2", {"q1": DK, "q2": 1}, False),
    ("q1 == 1 and q2 == 2", {"q1": 1, "q2": DK}, DK),
    ("q1 == 1 and q2 == 2", {"q1": DK, "q2": NOT_ASKED}, NOT_ASKED),
    ("q1 == 1 or q2 == 2", {"q1": DK, "q2": 2}, True),
    ("q1 == 1 or q2 == 2", {"q1": 1, "q2": DK}, True),
    ("q1 == 1 or q2 == 2", {"q1": 3, "q2": DK}, DK),
    ("q1 == 1 or q2 == 2 or q3 == 3", {"q1": DK, "q2": REFUSED, "q3": 1}, REFUSED),
    ("q1 == 1 and q2 == 2 and q3 == 3", {"q1": DK, "q2": REFUSED, "q3": 1}, False),
    ("not q1 == 1", {"q1": 1}, False),
    ("not q1 == 1", {"q1": DK}, DK),
    ("1 < hours <= 5", {"hours": 5}, True),
    ("1 < hours <= 5", {"hours": 6}, False),
    ("1 < hours < days", {"hours": 0, "days": DK}, False),
    ("1 < hours < days", {"hours": 2, "days": DK}, DK),
    ("q1 == 1 if kind == 1 else q2 == 1", {"kind": 1, "q1": 1, "q2": 2}, True),
    ("q1 == 1 if kind == 1 else q2 == 1", {"kind": DK, "q1": 1, "q2": 2}, False),
    ("adult", {"adult": True}, True),
    ("adult", {"adult": 0}, False),
    ("adult", {"adult": DK}, DK),
    ("not adult", {"adult": True}, False),
    ("adult == 1", {"adult": True}, True),
    ("adult == (kind == 1)", {"adult": False, "kind": 2}, True),
    # the state of an answer is always known
    ("answered(q1)", {"q1": 1}, True),
    ("answered(q1)", {"q1": DK}, False),
    ("answered(q1)", {}, False),
    ("answered(media)", {"media": ("tv",)}, True),
    ("not answered(q1)", {"q1": DK}, True),
    ("dk(q1)", {"q1": DK}, True),
    ("dk(q1)", {"q1": REFUSED}, False),
    ("refused(q1)", {"q1": REFUSED}, True),
    ("declined(q1)", {"q1": NA}, True),
    ("declined(q1)", {"q1": NOT_ASKED}, False),
    ("declined(q1)", {}, False),
    ("answered(q1) and q1 != 3", {"q1": DK}, False),
    ("declined(q1) or q1 != 3", {"q1": DK}, True),
    # multiples
    ("'tv' in media", {"media": ("radio", "tv")}, True),
    ("'tv' in media", {"media": ("radio",)}, False),
    ("'tv' in media", {"media": DK}, DK),
    ("'tv' not in media", {"media": ("radio",)}, True),
    ("q1 in uses", {"q1": 2, "uses": (1, 2)}, True),
    ("count(media) >= 2", {"media": ("tv", "radio")}, True),
    ("count(media) >= 2", {"media": DK}, DK),
    # texts, dates, times
    ("region == 'north'", {"region": "north"}, True),
    ('region == "north"', {"region": "south"}, False),
    ("region in ['north', 'x1']", {"region": "x1"}, True),
    ("name == 'José'", {"name": unicodedata.normalize("NFD", "José")}, True),
    ("name in ['José']", {"name": unicodedata.normalize("NFD", "José")}, True),
    ("name == nick", {"name": CAFE, "nick": "café"}, True),
    ("place == 'café'", {"place": CAFE}, True),
    ("name == 'JOSÉ'", {"name": "José"}, False),
    ("name == ''", {"name": ""}, True),
    ("zip == '010'", {"zip": "010"}, True),
    ("born < '2000-01-01'", {"born": date(1999, 12, 31)}, True),
    ("'2000-01-01' <= born", {"born": date(1999, 12, 31)}, False),
    ("born in ['2000-02-29']", {"born": date(2000, 2, 29)}, True),
    ("at >= '09:30'", {"at": time(9, 30)}, True),
    ("born == visit", {"born": date(2000, 1, 1), "visit": date(2000, 1, 1)}, True),
    ("visit < today()", {"visit": date(2024, 1, 1), "#today": date(2024, 1, 2)}, True),
    # what a sample brought may be of either kind
    ("brought == 'a'", {"brought": "a"}, True),
    ("brought >= 3", {"brought": "a"}, NOT_ASKED),
    ("q1\n  == 1\n", {"q1": 1}, True),
]


@pytest.mark.parametrize(
    ("text", "env", "result"), TRUTHS, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_truth(text: str, env: dict[Any, Any], result: object) -> None:
    assert same(understood(text).evaluate(env), result)


VALUES: list[tuple[str, dict[Any, Any], object]] = [
    ("hours + 1", {"hours": 2}, 3),
    ("hours - days * 2", {"hours": 9, "days": 2}, 5),
    ("(hours - days) * 2", {"hours": 9, "days": 2}, 14),
    ("hours / 2", {"hours": 3}, 1.5),
    ("-hours", {"hours": 3}, -3),
    ("+hours", {"hours": 3}, 3),
    ("hours / days", {"hours": 3, "days": 0}, NOT_ASKED),
    ("hours + days", {"hours": REFUSED, "days": DK}, REFUSED),
    ("-hours", {"hours": DK}, DK),
    ("q1 + q2", {"q1": 2, "q2": 3}, 5),
    ("hours * hours", {"hours": 1e200}, NOT_ASKED),
    ("hours * hours", {"hours": 2**40}, NOT_ASKED),
    ("'chief' if kind == 1 else 'director'", {"kind": 1}, "chief"),
    ("'chief' if kind == 1 else 'director'", {"kind": DK}, "director"),
    ("hours if kind == 1 else 0", {"kind": 1, "hours": DK}, DK),
    ("q1", {"q1": 4}, 4),
    ("media", {"media": ("tv",)}, ("tv",)),
    ("hours >= 18", {"hours": DK}, DK),
    ("count(q1 == 1, q2 == 1, kind == 1)", {"q1": 1, "q2": DK, "kind": 1}, 2),
    ("count(media) + 1", {"media": ("tv", "web")}, 3),
    ("sum(q1, q2)", {"q1": 1, "q2": 4}, 5),
    ("sum(q1, q2)", {"q1": 1, "q2": DK}, DK),
    ("sum_answered(q1, q2)", {"q1": 1, "q2": DK}, 1),
    ("sum_answered(q1, q2)", {"q1": NOT_ASKED, "q2": DK}, NOT_ASKED),
    ("mean(q1, q2)", {"q1": 1, "q2": 4}, 2.5),
    ("mean(q1, q2)", {"q1": 1}, NOT_REACHED),
    ("mean_answered(q1, q2)", {"q1": DK, "q2": 4}, 4.0),
    ("min(q1, q2, 3)", {"q1": 4, "q2": 5}, 3),
    ("max(q1, q2)", {"q1": 4, "q2": REFUSED}, REFUSED),
    ("max(born, visit)", {"born": date(2000, 1, 1), "visit": date(2001, 1, 1)}, date(2001, 1, 1)),
    ("round(hours)", {"hours": 2.5}, 3),
    ("round(hours)", {"hours": -2.5}, -3),
    ("round(hours)", {"hours": 7}, 7),
    ("round(hours, 2)", {"hours": 2.675}, 2.68),
    ("round(hours, 1)", {"hours": DK}, DK),
    ("length(name)", {"name": "José"}, 4),
    ("length(name)", {"name": unicodedata.normalize("NFD", "José")}, 4),
    ("length(name)", {"name": DK}, DK),
    ("years_between(born, visit)", {"born": date(2000, 5, 2), "visit": date(2018, 5, 1)}, 17),
    ("years_between(born, visit)", {"born": date(2000, 5, 2), "visit": date(2018, 5, 2)}, 18),
    ("years_between(born, visit)", {"born": date(2000, 2, 29), "visit": date(2018, 2, 28)}, 17),
    ("years_between(born, visit)", {"born": date(2000, 2, 29), "visit": date(2018, 3, 1)}, 18),
    ("years_between(born, visit)", {"born": date(2018, 5, 1), "visit": date(2000, 5, 2)}, -17),
    ("years_between(born, '2020-01-01')", {"born": date(2000, 1, 1)}, 20),
    ("years_between(born, today())", {"born": DK, "#today": date(2024, 1, 1)}, DK),
    ("today()", {"#today": date(2024, 1, 1)}, date(2024, 1, 1)),
]


@pytest.mark.parametrize(
    ("text", "env", "result"), VALUES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_value(text: str, env: dict[Any, Any], result: object) -> None:
    assert same(value(text, env), result)


FAMILY = {
    "#person": (1, 2, 4), ("age", 1): 40, ("age", 2): 17, ("age", 4): DK,
    ("sex", 1): 1, ("sex", 2): 2, ("sex", 4): 2,
    ("has", 1): ("dog",), ("has", 2): ("dog", "cat"), ("has", 4): (),
    "youngest": 2, "#car": (), "days": 18,
}  # fmt: skip

OUTSIDE = [
    ("count(person.age >= 18)", 1),
    ("count(age >= 18)", 1),
    ("count(age >= 18 and sex == 1)", 1),
    ("count(not age >= 18)", 1),
    ("count(17 <= age < 41)", 2),
    ("count(person.age < days)", 1),
    ("count(age in [17, 40])", 2),
    ("count(age in [17, dk])", 2),
    ("count('dog' in person.has)", 2),
    ("count(answered(person.age))", 2),
    ("count(dk(age))", 1),
    ("count(person.sex == 2, days == 18)", 3),
    ("count((1 if sex == 2 else 2) == 2)", 1),
    ("sum(person.age)", DK),
    ("sum_answered(person.age)", 57),
    ("mean_answered(age)", 28.5),
    ("max(sex)", 2),
    ("sum(sex * 10 - 1)", 47),
    ("min(round(person.sex / 2))", 1),
    ("person[1].age", 40),
    ("person[4].age", DK),
    ("person[3].age", NOT_ASKED),
    ("person[youngest].age", 17),
    ("person[1].age - person[2].age", 23),
    ("count(car.make > 1)", 0),
    ("sum(car.make)", 0),
    ("mean(car.make)", NOT_ASKED),
    ("max(car.make)", NOT_ASKED),
]


@pytest.mark.parametrize(("text", "result"), OUTSIDE)
def test_outside_its_roster_an_item_is_a_list(text: str, result: object) -> None:
    assert same(value(text, FAMILY), result)


@pytest.mark.parametrize(
    "text", ["count(person.age >= 18)", "sum(person.sex)", "person[1].age", "max(person.age)"]
)
def test_a_roster_that_was_not_reached_leaves_its_lists_missing(text: str) -> None:
    assert value(text, {}) == NOT_REACHED
    assert value(text, {"#person": NOT_ASKED}) == NOT_ASKED


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("age", 17),
        ("age + days", 35),
        ("sex == 2", True),
        ("'cat' in has", True),
        ("person[1].age - age", 23),
        ("count(person.age > age)", 1),
    ],
)
def test_inside_its_roster_an_item_is_this_turns(text: str, result: object) -> None:
    env = FAMILY | {"#turn": 2}
    condition = understood(text, scope=IN_PERSON, wants="value")
    assert same(condition.evaluate(env), result)
    assert condition.turns


def test_a_condition_says_what_it_reads_and_gives() -> None:
    condition = understood("count(person.age >= 18) > 1 and person[youngest].sex == kind")
    assert condition.names == {"age", "youngest", "sex", "kind"}
    assert not condition.turns
    assert condition.gives == Known("flag", declinable=True)
    assert understood("q1", wants="value").gives == Known("code", AGREE, declinable=True)
    assert understood("'a' if kind == 1 else 'b'", wants="value").gives == Known("text")
    assert understood("count(media)", wants="number").gives == Known("number", declinable=True)
    assert understood("count(person.age > 3)", wants="number").gives == Known("number")
    assert understood("max(born, visit)", wants="value").gives.type == "date"
    assert understood("person.age", wants="list").evaluate(FAMILY) == (40, 17, DK)
    assert understood("media", wants="list").gives.type == "codes"


def test_equal_texts_give_equal_conditions() -> None:
    assert understood("q1 == 1") == understood("q1 == 1")
    assert understood("q1 == 1") != understood("q1 == 2")


def test_names_are_read_from_any_text() -> None:
    assert read_names("count(person.age >= 18) and q1 in [dk, 'tv'] or not q2") == {
        "person",
        "age",
        "q1",
        "dk",
        "q2",
    }
    assert read_names("q1 = ( 'q3' && q2") == {"q1", "q2"}


def test_the_place_where_a_name_is_used() -> None:
    assert use_of("q2", understood("q1 == 1 and q2 == 1"), HERE) == (Position("a.yaml", 3, 22), 2)
    assert use_of("age", understood("count(person.age > 1) > 1"), HERE)[0] == Position("a.yaml", 3, 16)
    assert use_of("q3", understood("q1 == 1"), HERE) == (HERE, 1)


# Problems: text, column, length, what is found, what to do about it.

SLIPS = [
    ("q1 = 1", 13, 1, "one = does not compare", "write =="),
    ("q1 == 1 && q2 == 1", 18, 2, "&& is not part", "write and"),
    ("q1 == 1 || q2 == 1", 18, 2, "|| is not part", "write or"),
    ("!adult", 10, 1, "! alone", "write not"),
    ("q1 <> 1", 13, 2, "<> is not part", "write !="),
    ("q1 => 1", 13, 2, "=> is the wrong way round", "write >="),
    ("q1 =< 1", 13, 2, "=< is the wrong way round", "write <="),
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
    ("q1 == 1)", 17, 1, "this ) closes nothing", "take it out"),
    ("q1 in [1, 2)", 21, 1, "a [ is closed here by )", "write ]"),
    ("name == 'a", 18, 1, "opens a text that is never closed", "write '"),
    ("q1 == 1 and", 18, 3, "something is missing after and", "write what follows"),
    ("== 1", 10, 2, "something is missing before ==", "write what comes first"),
    ("q1 == 1 q2 == 2", 18, 2, "nothing joins 1 and q2", "write and, or"),
    ("q1 if q2 == 1", 13, 2, "this if has no else", "a if condition else b"),
    ("if q1 == 1 then 1 else 2", 21, 4, "'then' is not part", "a if condition else b"),
    ("q1 == 1 # only men", 18, 1, "# would hide the rest", "take it out"),
    ("${q1} == 1", 10, 1, "$ is not part", "q1, not ${q1}"),
    ("{q1} == 1", 10, 1, "{ is not part", "q1, not {q1}"),
    ("région == 1", 10, 6, "'région' has letters that no name has", "put a text in quotes"),
    ("q1 == 1\u200b", 17, 1, "U+200B, zero width space", "take it out"),
    ("q1 == 1\x00", 17, 1, "U+0000", "take it out"),
    ("name == 'a\\'b'", 20, 1, "a backslash", "take it out"), ("name == 'a\\d'", 20, 1, "a backslash", "take it out"),
    ("q1 is 1", 10, 7, "'is' is not part", "write =="),
    ("hours ** 2 > 4", 10, 10, "** is not part", "a * a"),
    ("hours % 2 == 1", 10, 9, "% is not part", "0.5"),
    ("hours // 2 == 1", 10, 10, "// is not part", "round"),
    ("[q1]", 10, 4, "a list stands here alone", "q1 in [1, 2]"),
    ("name == f'a'", 18, 4, "an f before a text", "write the text alone"),
    ("name == b'a'", 18, 4, "neither a number nor a text", "between quotes"),
    ("media == 'tv' 'radio'", 19, 12, "is not one text", "a comma goes between"),
    ("name == '''a'''", 18, 7, "is not one text", "one text between two quotes"),
    ("adult == True", 19, 4, "True is not part", "write adult, or not adult"),
    ("q1 == None", 16, 4, "None is not part", "answered(q1)"),
    ("(lambda: 1) == 1", 11, 9, "is not part of a condition", "is written like"),
    ("[x for x in media]", 10, 18, "is not part of a condition", "is written like"),
    ("class == 1", 10, 5, "'class' cannot stand in a condition", "write the item's id"),
]  # fmt: skip

MEANINGS = [
    ("regoin == 'north'", "unknown-name", 10, 6, "'regoin' is not a variable", "did you mean 'region'?"),
    ("q1 == 1 and zzz == 2", "unknown-name", 22, 3, "'zzz' is not a variable", "name an item"),
    ("true", "unknown-name", 10, 4, "true is not part", "leave the key out"),
    ("cuont(media) > 1", "unknown-function", 10, 5, "no function 'cuont'",
     "did you mean count(truth, …) or count(multiple)?"),
    ("ANSWERED(q1)", "unknown-function", 10, 8, "no function 'ANSWERED'", "small letters: answered(item)"),
    ("NOT(adult)", "unknown-function", 10, 3, "no function 'NOT'", "write not"),
    ("selected(media, 'tv')", "unknown-function", 10, 8, "no function 'selected'", "'tv' in media"),
    ("na(q1)", "unknown-function", 10, 2, "no function 'na'", "q1 in [na]"),
    ("frobnicate(q1)", "unknown-function", 10, 10, "no function", "the functions are answered, dk"),
    ("adult(1)", "unknown-function", 10, 5, "adult is an item", "write adult alone"),
    ("answered(q1, q2)", "wrong-arguments", 10, 16, "answered takes 1 argument, not 2", "answered(item)"),
    ("round() == 1", "wrong-arguments", 10, 7, "round takes 1 or 2 arguments, not 0", "round(number, digits)"),
    ("today(1) == visit", "wrong-arguments", 10, 8, "today takes no argument, not 1", "write today()"),
    ("count() > 1", "wrong-arguments", 10, 7, "count takes at least 1 argument, not 0", "count(multiple)"),
    ("round(hours, digits=1) > 1", "wrong-arguments", 10, 22, "plainly", "round(number, digits)"),
    ("count(*media) > 1", "wrong-arguments", 10, 13, "plainly", "count(multiple)"),
    ("round(hours, days) > 1", "wrong-arguments", 23, 4, "whole number from 0 to 10", "round(a / b, 1)"),
    ("answered(q1 == 1)", "wrong-arguments", 19, 7, "asks about an item, and q1 == 1 is none", "answered(q1)"),
    ("length(q1) > 1", "wrong-arguments", 17, 2, "counts characters", "length(text)"),
    ("years_between(born, hours) > 1", "wrong-arguments", 30, 5, "hours is a number", "years_between(date, date)"),
    ("today == visit", "wrong-arguments", 10, 5, "without its brackets", "write today()"),
    ("region == north", "bare-code", 20, 5, "north is a code of region", "write 'north'"),
    ("region in [North]", "bare-code", 21, 5, "North is a code of region", "write 'north'"),
    ("north == region", "bare-code", 10, 5, "north is a code of region", "write 'north'"),
    ("q1 == agree", "unknown-name", 16, 5, "neither a variable nor a code of q1", "codes are 1, 2, 3"),
    ("name == smith", "unknown-name", 18, 5, "not a variable", "in quotes if it is a text: 'smith'"),
    ("q1 == 9", "unknown-code", 16, 1, "q1 has no code 9: its codes are 1, 2, 3, 4, 5", "add the option"),
    ("q1 != 9", "unknown-code", 16, 1, "q1 has no code 9", "name one of these"),
    ("q1 in [1, 7]", "unknown-code", 20, 1, "q1 has no code 7", "name one of these"),
    ("q1 not in [-1]", "unknown-code", 21, 2, "q1 has no code -1", "name one of these"),
    ("region == 'nort'", "unknown-code", 20, 6, "no code 'nort'", "did you mean 'north'?"),
    ("'tele' in media", "unknown-code", 10, 6, "media has no code 'tele'", "name one of these"),
    ("person[1].sex == 3", "unknown-code", 27, 1, "sex has no code 3: its codes are 1, 2", "name one of these"),
    ("q1 == '1'", "unlike-kinds", 16, 3, "the codes of q1 are numbers", "write 1, without quotes"),
    ("zip == 10", "unlike-kinds", 17, 2, "text codes, but 10 is a number", "its codes are '010', '020'"),
    ("hours > '18'", "unlike-kinds", 18, 4, "hours is a number, but '18' is a text", "write 18, without quotes"),
    ("name == 3", "unlike-kinds", 18, 1, "name is a text, but 3 is a number", "in quotes: '3'"),
    ("hours == name", "unlike-kinds", 10, 13, "hours is a number, but name is a text", "one kind"),
    ("born == '5 May'", "unlike-kinds", 18, 7, "born is a date", "'2024-01-05'"),
    ("born > '2024-02-30'", "unlike-kinds", 17, 12, "born is a date", "'2024-01-05'"),
    ("at > '9:30'", "unlike-kinds", 15, 6, "at is a time of day", "'09:30'"),
    ("adult == 3", "unlike-kinds", 19, 1, "adult is true or false already", "write it alone"),
    ("region > 'a'", "unknown-code", 19, 3, "no code 'a'", "name one of these"),
    ("name > 'a'", "no-order", 10, 10, "name is a text, which > cannot put in order", "compare with =="),
    ("media == 'tv'", "multiple-compared", 10, 13, "media is a multiple", "say 'tv' in media"),
    ("media != 'tv'", "multiple-compared", 10, 13, "media is a multiple", "say 'tv' not in media"),
    ("media in ['tv', 'web']", "multiple-compared", 10, 22, "a multiple", "'tv' in media or 'web' in media"),
    ("media >= 2", "multiple-compared", 10, 10, "a multiple", "say count(media) >= 2"),
    ("q1 == dk", "decline-compared", 16, 2, "not a value", "say dk(q1), or q1 in [dk]"),
    ("q1 == na", "decline-compared", 16, 2, "not a value", "say q1 in [na]"),
    ("q1", "not-a-truth", 10, 2, "q1 is an item with number codes", "say answered(q1), or q1 == 1"),
    ("hours", "not-a-truth", 10, 5, "hours is a number", "answered(hours), or hours > 0"),
    ("name", "not-a-truth", 10, 4, "name is a text", "answered(name)"),
    ("media", "not-a-truth", 10, 5, "media is a multiple", "count(media) >= 1"),
    ("not q1", "not-a-truth", 14, 2, "q1 is an item", "answered(q1)"),
    ("q1 == 1 or 2", "not-a-truth", 21, 1, "2 stands here", "repeat the item: q1 == 2"),
    ("'q1 == 1'", "not-a-truth", 10, 9, "stands here", "take the quotes away"),
    ("count(q1) > 1", "not-a-truth", 16, 2, "count counts what is true", "count(answered(q1))"),
    ("name + nick == 'ab'", "not-a-number", 10, 11, "does not join texts", "fills"),
    ("born + 1 == visit", "not-a-number", 10, 4, "born is a date", "years_between(start, end)"),
    ("(q1 == 1) + 1 == 2", "not-a-number", 11, 7, "true or false", "say count(q1 == 1)"),
    ("media + 1 == 2", "not-a-number", 10, 5, "a multiple", "count(media)"),
    ("sum(name, nick) > 1", "not-a-number", 14, 4, "sum works on numbers", "name a number"),
    ("min(q1, born) > 1", "unlike-kinds", 10, 13, "values of one kind", "one kind"),
    ("age > 3", "list-as-value", 10, 3, "once for each turn of person",
     "say count(person.age > 3) >= 1, or person[1].age > 3"),
    ("person.age > 3", "list-as-value", 10, 10, "age is asked once for each turn", "count(person.age > 3) >= 1"),
    ("person", "roster-as-value", 10, 6, "person is a roster", "person[1].age"),
    ("person[1] == 2", "roster-as-value", 10, 9, "is a turn, not an item", "person[1].item"),
    ("person[0].age > 1", "condition-syntax", 17, 1, "no turn 0", "counted from 1"),
    ("person.agee > 1", "unknown-name", 10, 11, "the roster person has no item 'agee'", "did you mean 'age'?"),
    ("persn.age > 1", "unknown-name", 10, 5, "'persn' is not a roster", "did you mean 'person'?"),
    ("q1.age > 1", "unknown-name", 10, 2, "q1 is an item and has no parts", "write q1 alone"),
    ("media[1] == 'tv'", "condition-syntax", 10, 8, "media[1] is not part", "person[1].age"),
    ("3 in person.age", "not-a-list", 15, 10, "a list over the turns", "count(person.age == 3) >= 1"),
    ("1 in q1", "not-a-list", 15, 2, "not a list", "say q1 == 1"),
    ("count(person.age == make) > 1", "unlike-lists", 16, 18, "different rosters stand together here (car and person)", "each for itself"),
    ("sum(hours) > 1", "one-value", 14, 5, "hours is one value", "sum(number, number, …)"),
    ("q1 in []", "constant-condition", 10, 8, "an empty list", "write the codes"),
    ("q1 in [kind]", "item-in-list", 17, 4, "kind is an item", "q1 == kind"),
    ("q1 in [1 + 1]", "item-in-list", 17, 5, "1 + 1 is no code", "list numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "length", "what", "remedy"), SLIPS, ids=[row[0] for row in SLIPS])
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
    assert [problem.rule for problem in problems] == ["unknown-code", "unknown-name", "unlike-kinds"]


WARNED = [
    ("q1 != 3", "unsure-negation", 10, "refusal at q1", "q1 in [1, 2, 4, 5, dk, refused, na] if they count"),
    ("q1 not in [1, 3]", "unsure-negation", 10, "refusal at q1", "q1 in [2, 4, 5] if not"),
    ("hours != 3", "unsure-negation", 10, "refusal at hours", "hours != 3 or declined(hours)"),
    ("not hours == 3", "unsure-negation", 10, "refusal at hours", "answered(hours) and not hours == 3"),
    ("not (q1 == 1 or q2 == 1)", "unsure-negation", 10, "refusal at q1 or q2", "answered(q1)"),
    ("'tv' not in media", "unsure-negation", 10, "refusal at media", "declined(media)"),
    ("q1 == 1 and q2 == 2 or kind == 1", "and-or-without-brackets", 10, "binds", "(q1 == 1 and q2 == 2)"),
    ("kind == 1 or q1 == 1 and q2 == 2", "and-or-without-brackets", 23, "binds", "(q1 == 1 and q2 == 2)"),
    ("q1 == q1", "compared-with-itself", 10, "q1 is compared with itself", "name the other item"),
    ("1 == 1", "constant-condition", 10, "always true", "name an item"),
    ("kind == 1 or 'a' == 'b'", "constant-condition", 23, "always false", "name an item"),
    ("q1 > 5", "constant-condition", 10, "never true: the codes of q1 are 1, 2, 3, 4, 5", "one of these"),
    ("q1 >= 0", "constant-condition", 10, "true for every answer", "answered(q1)"),
]


@pytest.mark.parametrize(("text", "rule", "column", "what", "remedy"), WARNED, ids=[row[0] for row in WARNED])
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
    assert "say person.sex for all turns" in problem.remedy
    [problem] = said("sum(age) > 40", scope=IN_PERSON)
    assert problem.severity == "error"
    assert "say sum(person.age) for all turns" in problem.remedy


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
def test_a_place_says_what_it_wants(text: str, wants: Wants, rule: str) -> None:
    assert [problem.rule for problem in said(text, wants=wants)] == [rule]


def test_the_caret_stands_in_the_file() -> None:
    def column(text: str) -> int:
        return compile_condition(text, SCOPE, where=HERE, who="q7")[1][0].where.column

    assert column(Written("  q1 = 1", HERE, plain=True)) == 15
    assert column(Written("q1 = 1", HERE)) == 14  # a quote stands before it
    assert column("name == 'é' or q1 = 1") == 28
    assert column("name == 'ééé' or region == north") == 37
    assert column("name == 'a'\n or q1 = 1") == 10  # several lines: where the text begins
    [problem] = compile_condition("q1 = 1", SCOPE, where=Position("a.yaml"), who="")[1]
    assert str(problem) == "a.yaml: one = does not compare — write == for 'is the same as'"


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


def test_every_function_is_known_by_its_signature() -> None:
    for name, function in FUNCTIONS.items():
        assert function.signature.startswith(f"{name}(")
        assert any(f"{name}(" in row[0] for row in [*TRUTHS, *VALUES]), f"no example of {name}"


# Properties.

ALPHABET = [
    *NAMES, "person.age", "person[1].age", "car.make", "dk", "1", "2", "0.5", "'tv'", "'2024-01-05'", "é", "“",
    "(", ")", "[", "]", ",", " and ", " or ", " not ", " in ", "==", "!=", "<", ">=", "=", "+", "-", "*", "/", "%",
    " if ", " else ", "&&", "#", "\\", "'", '"', "\n", "\x00", "\ud800", "01", "1e9", "lambda ", ":", ":=", "f'", "{",
    "}", ".", "is", "\u200b", *(f"{name}(" for name in FUNCTIONS),
]  # fmt: skip
CELLS: st.SearchStrategy[Any] = st.sampled_from(
    [
        0,
        1,
        2,
        3,
        -1,
        2.5,
        1e300,
        "tv",
        "",
        CAFE,
        ("tv",),
        (),
        True,
        date(2000, 2, 29),
        time(9),
        DK,
        REFUSED,
        NOT_ASKED,
        NA,
    ]
)


@given(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from(ALPHABET), max_size=14).map("".join)),
    st.sampled_from([SCOPE, IN_PERSON]),
    st.sampled_from(["truth", "number", "value", "list"]),
    st.dictionaries(st.sampled_from(sorted(NAMES)), CELLS),
    CELLS,
)
@example("q1 == 1\x00", SCOPE, "truth", {}, 1)
@example("1if q1 else 2", SCOPE, "truth", {}, 1)
@example("'\\d' == name", SCOPE, "truth", {}, 1)
@pytest.mark.filterwarnings("error")
def test_any_text_is_a_condition_or_problems(
    text: str, scope: Scope, wants: Wants, answers: dict[str, Any], cell: Any
) -> None:
    condition, problems = compile_condition(text, scope, where=HERE, who="q7", wants=wants)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert (condition is None) == bool(errors)
    for problem in problems:
        assert problem.what
        assert problem.remedy
        assert problem.length >= 1
    read_names(text)
    if condition is not None:
        env: dict[Any, Any] = {
            **answers,
            "#turn": 1,
            "#person": (1, 2),
            "#car": (),
            "#today": date(2024, 1, 1),
        }
        env |= {(name, turn): cell for name in NAMES for turn in (1, 2)}
        result = condition.evaluate(env)
        if wants == "truth":
            assert result is True or result is False or isinstance(result, Missing)


RANKED = [NOT_REACHED, NOT_ASKED, REFUSED, DK, NA]
Tree = tuple[Any, ...]

LEAVES = st.one_of(
    st.tuples(
        st.just("compare"),
        st.sampled_from(["q1", "q2", "q3"]),
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        st.integers(1, 5),
    ),
    st.tuples(
        st.just("pair"),
        st.sampled_from(["q1", "q2", "q3"]),
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        st.sampled_from(["q1", "q2", "q3"]),
    ),
    st.tuples(
        st.just("member"),
        st.sampled_from(["q1", "q2", "q3"]),
        st.booleans(),
        st.frozensets(st.integers(1, 5), max_size=3),
        st.frozensets(st.sampled_from(["dk", "refused", "na"]), max_size=2),
    ).filter(lambda leaf: bool(leaf[3] or leaf[4])),
    st.tuples(
        st.just("state"),
        st.sampled_from(["answered", "dk", "refused", "declined"]),
        st.sampled_from(["q1", "q2"]),
    ),
)
TREES: st.SearchStrategy[Tree] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner, inner),
        st.tuples(st.just("if"), inner, inner, inner),
    ),
    max_leaves=12,
)


def spelled(tree: Tree) -> str:
    match tree:
        case ("compare" | "pair", name, sign, other):
            return f"{name} {sign} {other}"
        case ("member", name, negated, codes, declines):
            inside = ", ".join([*map(str, sorted(codes)), *sorted(declines)])
            return f"{name} {'not in' if negated else 'in'} [{inside}]"
        case ("state", function, name):
            return f"{function}({name})"
        case ("not", inner):
            return f"not ({spelled(inner)})"
        case ("if", test, then, otherwise):
            return f"({spelled(then)}) if ({spelled(test)}) else ({spelled(otherwise)})"
        case (word, *parts):
            return f" {word} ".join(f"({spelled(part)})" for part in parts)
    raise AssertionError(tree)


def reference(tree: Tree, env: dict[str, Any]) -> tuple[float, Missing | None]:
    """Kleene's logic as arithmetic: 0 false, ½ unknown (and of which kind), 1 true; `and` the least, `or` the most."""

    def of(name: str) -> Any:
        return env.get(name, NOT_REACHED)

    def unknown(*cells: Any) -> tuple[float, Missing | None]:
        return 0.5, next(kind for kind in RANKED if kind in cells)

    def holds(left: Any, sign: str, right: Any) -> bool:
        return {
            "==": left == right, "!=": left != right, "<": left < right, "<=": left <= right, ">": left > right,
            ">=": left >= right,
        }[sign]  # fmt: skip

    match tree:
        case ("compare", name, sign, code):
            return (
                unknown(of(name))
                if isinstance(of(name), Missing)
                else (float(holds(of(name), sign, code)), None)
            )
        case ("pair", name, sign, other):
            if isinstance(of(name), Missing) or isinstance(of(other), Missing):
                return unknown(of(name), of(other))
            return float(holds(of(name), sign, of(other))), None
        case ("member", name, negated, codes, declines):
            cell = of(name)
            if isinstance(cell, Missing):
                return (1.0 - negated, None) if cell.kind in declines else unknown(cell)
            return float((cell in codes) is not negated), None
        case ("state", function, name):
            cell = of(name)
            kind = cell.kind if isinstance(cell, Missing) else "answered"
            kinds = {"declined": {"dk", "refused", "na"}}.get(function, {function})
            return float(kind in kinds), None
        case ("not", inner):
            truth, kind = reference(inner, env)
            return 1 - truth, kind
        case ("if", test, then, otherwise):
            return reference(then if reference(test, env)[0] == 1 else otherwise, env)
        case (word, *parts):
            results = [reference(part, env) for part in parts]
            truth = (min if word == "and" else max)(result[0] for result in results)
            return unknown(*[result[1] for result in results]) if truth == 0.5 else (truth, None)
    raise AssertionError(tree)


@given(
    TREES,
    st.dictionaries(
        st.sampled_from(["q1", "q2", "q3"]), st.sampled_from([1, 2, 3, 4, 5, DK, REFUSED, NOT_ASKED, NA])
    ),
)
def test_truth_is_kleenes(tree: Tree, env: dict[str, Any]) -> None:
    text = spelled(tree)
    truth, kind = reference(tree, env)
    expected = kind if truth == 0.5 else truth == 1
    assert same(understood(text).evaluate(env), expected), text


# Words.

LABELS: dict[tuple[str, Code], str] = {
    ("q2", 3): "Disagree", ("q2", 4): "Strongly disagree", ("media", "tv"): "Television", ("kind", 1): "Sector",
}  # fmt: skip
TITLES = {
    "q1": "Goals clear",
    "q2": "Mission clear",
    "media": "Media",
    "kind": "Kind",
    "age": "Age",
    "adult": "Adult",
}


def say(name: str, code: Code | None) -> str:
    return TITLES.get(name, name) if code is None else LABELS.get((name, code), str(code))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("q2 in [3, 4]", "Mission clear is Disagree or Strongly disagree"),
        ("q2 in [3, dk, refused]", "Mission clear is Disagree, don't know or refused"),
        ("q2 not in [3, 4]", "Mission clear is neither Disagree nor Strongly disagree"),
        ("not q2 == 3", "Mission clear is not Disagree"),
        ("'tv' in media", "Media includes Television"),
        ("18 <= hours < 65", "Hours is at least 18 and less than 65"),
        ("answered(q1) and (q2 == 3 or kind == 1)",
         "Goals clear was answered and (Mission clear is Disagree or Kind is Sector)"),
        ("not answered(q1)", "Goals clear was not answered"),
        ("count(media) >= 2", "The number of answers to Media is at least 2"),
        ("count(person.age >= 18) > 1", "The number of turns of person where Age is at least 18 is more than 1"),
        ("adult and kind == 1", "Adult holds and Kind is Sector"),
        ("years_between(born, today()) >= 18", "Whole years since born is at least 18"),
    ],
)  # fmt: skip
def test_a_condition_in_words(text: str, sentence: str) -> None:
    assert words(understood(text), say) == sentence


@given(TREES)
def test_any_condition_has_words(tree: Tree) -> None:
    assert words(understood(spelled(tree)), say)
