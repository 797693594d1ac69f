"""The names that the tests of conditions speak of, and two ways to read a text with them."""

import unicodedata

from survey_cli.instrument.expressions.conditions import Condition, Known, Scope, Wants, compile_condition
from survey_cli.problems import Position, Problem
from survey_cli.values import missing

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
