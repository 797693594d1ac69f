"""The value of conditions: a table of texts and values, and two properties: truth agrees with an independent Kleene
evaluator, and no text raises.
"""

import unicodedata
from datetime import date, time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.condition_names import AGREE, CAFE, HERE, IN_PERSON, NA, NAMES, SCOPE, understood
from support.known_values import make_known
from survey_cli.instrument.expressions.conditions import (
    Condition,
    ExpectedKind,
    Scope,
    ValueType,
    compile_condition,
    locate_use,
)
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.expressions.parsing import find_names
from survey_cli.instrument.texts.condition_wording import render_clause
from survey_cli.problems import Position
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Missing


def evaluate(condition: Condition, known: dict[Any, Any] | Known) -> Any:
    return condition.evaluate(known if isinstance(known, Known) else make_known(known))


def value(text: str, known: dict[Any, Any] | Known, *, scope: Scope = SCOPE) -> Any:
    return evaluate(understood(text, scope=scope, wants="value"), known)


def same(left: object, right: object) -> bool:
    """Equal, and of one type: True is not 1, and 2 is not 2.0."""
    return left == right and type(left) is type(right)


TRUTHS: list[tuple[str, dict[Any, Any] | Known, object]] = [
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
    ("visit < today()", Known({"visit": date(2024, 1, 1)}, today=date(2024, 1, 2)), True),
    # what a sample brought may be of either kind
    ("brought == 'a'", {"brought": "a"}, True),
    ("brought >= 3", {"brought": "a"}, NOT_ASKED),
    ("q1\n  == 1\n", {"q1": 1}, True),
]


@pytest.mark.parametrize(
    ("text", "known", "result"), TRUTHS, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_truth(text: str, known: dict[Any, Any] | Known, result: object) -> None:
    assert same(evaluate(understood(text), known), result)


VALUES: list[tuple[str, dict[Any, Any], object]] = [
    ("hours + 1", {"hours": 2}, 3),
    ("keyed(hours) + 1", {"hours": 2}, 3),
    ("hours - days * 2", {"hours": 9, "days": 2}, 5),
    ("(hours - days) * 2", {"hours": 9, "days": 2}, 14),
    ("hours / 2", {"hours": 3}, 1.5),
    ("-hours", {"hours": 3}, -3),
    ("+hours", {"hours": 3}, 3),
    ("hours / days", {"hours": 3, "days": 0}, NOT_ASKED),
    ("hours // days", {"hours": 7, "days": 2}, 3),
    ("hours // days", {"hours": -7, "days": 2}, -4),
    ("hours // days", {"hours": 7, "days": 0}, NOT_ASKED),
    ("hours % days", {"hours": 7, "days": 4}, 3),
    ("hours % days", {"hours": -7, "days": 4}, 1),
    ("hours % days", {"hours": 7, "days": -4}, -1),
    ("hours % days", {"hours": 7, "days": 0}, NOT_ASKED),
    ("hours % days", {"hours": DK, "days": 4}, DK),
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
    ("min_answered(q1, q2)", {"q1": 4, "q2": DK}, 4),
    ("max_answered(q1, q2, 3)", {"q1": REFUSED, "q2": DK}, 3),
    ("max_answered(q1, q2)", {"q1": REFUSED, "q2": DK}, REFUSED),
    ("first_answered(q1, q2, 9)", {"q1": DK, "q2": 2}, 2),
    ("first_answered(q1, q2, 9)", {"q1": 1, "q2": 2}, 1),
    ("first_answered(q1, q2, 9)", {"q1": DK, "q2": NOT_ASKED}, 9),
    ("first_answered(q1, q2)", {"q1": DK, "q2": NOT_ASKED}, NOT_ASKED),
    ("first_answered(q1, q2)", {"q1": DK, "q2": REFUSED}, REFUSED),
    ("first_answered(born, '2000-01-01')", {"born": DK}, date(2000, 1, 1)),
    ("first_answered(name, 'nobody')", {"name": REFUSED}, "nobody"),
    ("default(hours, 0)", {"hours": 5}, 5),
    ("default(hours, 0)", {"hours": NOT_ASKED}, 0),
    ("default(hours, 0)", {"hours": DK}, DK),
    ("default(hours, 0)", {}, NOT_REACHED),
    ("default(hours, 0, dk, refused)", {"hours": REFUSED}, 0),
    ("default(hours, days)", {"hours": NOT_ASKED, "days": DK}, DK),
    ("default(hours + days, 0)", {"hours": NOT_ASKED, "days": DK}, 0),
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
    ("elapsed()", {}, NOT_REACHED),
    ("interviewer.sex", Known(attributes={"sex": "f"}), "f"),
    ("interviewer.sex == 'f'", {}, NOT_ASKED),
    ("first(media)", {"media": ("web", "tv")}, "web"),
    ("first(media)", {"media": ()}, NOT_ASKED),
    ("first(media)", {"media": DK}, DK),
    ("rank(media, 'tv')", {"media": ("web", "tv")}, 2),
    ("rank(media, 'web') <= 1", {"media": ("web", "tv")}, True),
    ("rank(media, 'radio')", {"media": ("web", "tv")}, NOT_ASKED),
    ("contains(name, 'ÉCO')", {"name": "une e\u0301cole"}, True),
    ("contains(name, 'art')", {"name": "Party"}, True),
    ("contains(name, 'art')", {"name": DK}, DK),
    ("months_between(born, visit)", {"born": date(2024, 1, 31), "visit": date(2024, 2, 29)}, 0),
    ("months_between(born, visit)", {"born": date(2023, 12, 15), "visit": date(2024, 2, 15)}, 2),
    ("months_between(born, visit)", {"born": date(2024, 2, 15), "visit": date(2023, 12, 16)}, -1),
    ("days_between(born, visit)", {"born": date(2024, 2, 28), "visit": date(2024, 3, 1)}, 2),
    ("days_between(born, visit)", {"born": "2024-02", "visit": date(2024, 3, 1)}, DK),
    ("years_between(born, '2020-01-01')", {"born": date(2000, 1, 1)}, 20),
    ("years_between(born, today())", Known({"born": DK}, today=date(2024, 1, 1)), DK),
    ("today()", Known(today=date(2024, 1, 1)), date(2024, 1, 1)),
]


@pytest.mark.parametrize(
    ("text", "known", "result"), VALUES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_value(text: str, known: dict[Any, Any] | Known, result: object) -> None:
    assert same(value(text, known), result)


STRICT: list[tuple[str, dict[Any, Any], object]] = [
    ("'chief' if kind == 1 else 'director'", {"kind": 1}, "chief"),
    ("'chief' if kind == 1 else 'director'", {"kind": 2}, "director"),
    ("'chief' if kind == 1 else 'director'", {"kind": DK}, DK),
    ("'chief' if kind == 1 else 'director'", {"kind": NOT_ASKED}, NOT_ASKED),
    ("1 if q1 == 1 and q2 == 1 else 2", {"q1": DK, "q2": REFUSED}, REFUSED),
    ("1 if q1 == 1 and q2 == 1 else 2", {"q1": DK, "q2": 2}, 2),
    ("1 if q1 == 1 and q2 == 1 else 2", {"q2": DK}, NOT_REACHED),
    ("1 if kind == 1 else 2 if hours > 5 else 3", {"kind": 2, "hours": DK}, DK),
    ("1 if kind == 1 else 2 if hours > 5 else 3", {"kind": 1, "hours": DK}, 1),
    ("0 if kind in [2, dk] else hours", {"kind": DK, "hours": 4}, 0),
    ("default('a' if kind == 1 else 'b', 'c', dk)", {"kind": DK}, "c"),
]


@pytest.mark.parametrize(
    ("text", "known", "result"), STRICT, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_choice_of_edition_2_is_missing_if_its_test_is_unknown(
    text: str, known: dict[Any, Any], result: object
) -> None:
    scope = SCOPE._replace(edition=2)
    condition = understood(text, scope=scope, wants="value")
    assert same(condition.evaluate(make_known(known)), result)


FAMILY = make_known({
    ("age", 1): 40, ("age", 2): 17, ("age", 4): DK,
    ("sex", 1): 1, ("sex", 2): 2, ("sex", 4): 2,
    ("has", 1): ("dog",), ("has", 2): ("dog", "cat"), ("has", 4): (),
    "youngest": 2, "days": 18,
}, {"person": (1, 2, 4), "car": ()})  # fmt: skip

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
    assert value(text, make_known({}, {"person": NOT_ASKED})) == NOT_ASKED


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
    condition = understood(text, scope=IN_PERSON, wants="value")
    assert same(condition.evaluate(FAMILY.in_turn(2)), result)


def test_a_condition_says_what_it_reads_and_gives() -> None:
    condition = understood("count(person.age >= 18) > 1 and person[youngest].sex == kind")
    assert condition.names == {"age", "youngest", "sex", "kind"}
    assert condition.result_type == ValueType("flag", declinable=True)
    assert understood("q1", wants="value").result_type == ValueType("code", AGREE, declinable=True)
    assert understood("'a' if kind == 1 else 'b'", wants="value").result_type == ValueType("text")
    assert understood("count(media)", wants="number").result_type == ValueType(
        "number", declinable=True
    )
    assert understood("count(person.age > 3)", wants="number").result_type == ValueType("number")
    assert understood("max(born, visit)", wants="value").result_type.type == "date"
    assert understood("person.age", wants="list").evaluate(FAMILY) == (40, 17, DK)
    assert understood("media", wants="list").result_type.type == "codes"


def test_equal_texts_give_equal_conditions() -> None:
    assert understood("q1 == 1") == understood("q1 == 1")
    assert understood("q1 == 1") != understood("q1 == 2")


def test_names_are_read_from_any_text() -> None:
    assert find_names("count(person.age >= 18) and q1 in [dk, 'tv'] or not q2") == {
        "person",
        "age",
        "q1",
        "dk",
        "q2",
    }
    assert find_names("q1 = ( 'q3' && q2") == {"q1", "q2"}


def test_the_place_where_a_name_is_used() -> None:
    assert locate_use("q2", understood("q1 == 1 and q2 == 1"), HERE) == (
        Position("a.yaml", 3, 22),
        2,
    )
    assert locate_use("age", understood("count(person.age > 1) > 1"), HERE)[0] == Position(
        "a.yaml", 3, 16
    )
    assert locate_use("q3", understood("q1 == 1"), HERE) == (HERE, 1)


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
    text: str, scope: Scope, wants: ExpectedKind, answers: dict[str, Any], cell: Any
) -> None:
    condition, problems = compile_condition(text, scope, where=HERE, who="q7", expected=wants)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert (condition is None) == bool(errors)
    for problem in problems:
        assert problem.what
        assert problem.remedy
        assert problem.length >= 1
    find_names(text)
    if condition is not None:
        values = answers | {(name, turn): cell for name in NAMES for turn in (1, 2)}
        turns = {"person": (1, 2), "car": ()}
        known = make_known(values, turns, turn=1, today=date(2024, 1, 1))
        result = condition.evaluate(known)
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
        st.sampled_from(["q1", "q2", "q3"]),
        st.sampled_from([1, 2, 3, 4, 5, DK, REFUSED, NOT_ASKED, NA]),
    ),
)
def test_truth_is_kleenes(tree: Tree, env: dict[str, Any]) -> None:
    text = spelled(tree)
    truth, kind = reference(tree, env)
    expected = kind if truth == 0.5 else truth == 1
    assert same(understood(text).evaluate(Known(env)), expected), text


@given(TREES)
def test_any_condition_has_words(tree: Tree) -> None:
    assert render_clause(
        understood(spelled(tree)), lambda name, code: name if code is None else str(code)
    )
