"""Names that the tests of conditions use, and two ways to parse a text with them."""

import unicodedata

from survey_cli.instrument.expressions.conditions import (
    Condition,
    ExpectedKind,
    Scope,
    ValueType,
    compile_condition,
)
from survey_cli.problems import Position, Problem
from survey_cli.values import get_missing

HERE = Position("a.yaml", 3, 10)
AGREE = frozenset({1, 2, 3, 4, 5})
CAFE = unicodedata.normalize("NFD", "café")

NAMES = {
    "q1": ValueType("code", AGREE, declinable=True),
    "q2": ValueType("code", AGREE, declinable=True),
    "q3": ValueType("code", AGREE, declinable=True),
    "kind": ValueType("code", frozenset({1, 2})),
    "region": ValueType("code", frozenset({"north", "south", "x1"}), declinable=True),
    "place": ValueType("code", frozenset({CAFE, "bar"})),
    "brought": ValueType("code"),
    "zip": ValueType("code", frozenset({"010", "020"})),
    "media": ValueType("codes", frozenset({"tv", "radio", "web"}), declinable=True, ordered=True),
    "uses": ValueType("codes", frozenset({1, 2, 3})),
    "hours": ValueType("number", declinable=True),
    "days": ValueType("number"),
    "name": ValueType("text", declinable=True),
    "nick": ValueType("text"),
    "born": ValueType("date", declinable=True),
    "visit": ValueType("date"),
    "at": ValueType("time"),
    "adult": ValueType("flag"),
    "youngest": ValueType("draw"),
    "age": ValueType("number", declinable=True, roster="person"),
    "sex": ValueType("code", frozenset({1, 2}), declinable=True, roster="person"),
    "has": ValueType("codes", frozenset({"dog", "cat"}), roster="person"),
    "make": ValueType("number", roster="car"),
}
SCOPE = Scope(
    names=NAMES,
    rosters=frozenset({"person", "car"}),
    declines=("dk", "refused", "na"),
    has_interviewer=True,
    has_clock=True,
)
IN_PERSON = Scope(
    names=NAMES, rosters=SCOPE.rosters, declines=SCOPE.declines, inside_roster="person"
)
NA = get_missing("na")


def understood(text: str, *, scope: Scope = SCOPE, wants: ExpectedKind = "truth") -> Condition:
    condition, problems = compile_condition(text, scope, where=HERE, who="q7", expected=wants)
    assert condition is not None, [str(problem) for problem in problems]
    return condition


def said(text: str, *, scope: Scope = SCOPE, wants: ExpectedKind = "truth") -> tuple[Problem, ...]:
    return compile_condition(text, scope, where=HERE, who="q7", expected=wants)[1]
