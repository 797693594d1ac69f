"""Any text is a condition or problems, and a condition gives a value whatever was answered."""

from datetime import date, time
from math import isfinite
from typing import Any, get_args

from hypothesis import strategies as st

from fuzz.words import CONDITION, HOSTILE
from support.condition_names import HERE, IN_PERSON, NA, NAMES, SCOPE
from support.known_values import make_known
from survey_cli.instrument.expressions.conditions import (
    ExpectedKind,
    Scope,
    ValueType,
    compile_condition,
    locate_use,
)
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.expressions.parsing import find_names
from survey_cli.problems import select_errors
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Missing

MISSING = (DK, REFUSED, NOT_ASKED, NOT_REACHED, NA)
numbers = st.sampled_from([0, 1, 2, -1, 10**15, -(10**15), 0.1, 1e300, -0.0]) | st.integers(-9, 99)
dates = st.dates(date(1800, 1, 1), date(2200, 12, 31)) | st.sampled_from(
    [date(2000, 2, 29), date(1, 1, 1), date.max]
)

BY_KIND: dict[str, st.SearchStrategy[Any]] = {
    "code": st.sampled_from([1, 2, 3, 5, 8, "north", "bar", "x1", "010", "a"]),
    "codes": st.lists(st.sampled_from([1, 2, 3, "tv", "web", "dog"]), max_size=4).map(tuple),
    "number": numbers,
    "text": st.sampled_from(HOSTILE),
    "date": dates | st.sampled_from(["1985", "1985-03"]),
    "time": st.times().map(lambda t: time(t.hour, t.minute)),
    "draw": st.integers(1, 3),
    "flag": st.booleans(),
}


def cells(known: ValueType) -> st.SearchStrategy[Any]:
    """What a name of this kind can be worth."""
    return BY_KIND[known.type] | st.sampled_from(MISSING)


@st.composite
def all_known(draw: st.DrawFn) -> Known:
    """What was answered: some of the names, some not."""
    turn = draw(st.sampled_from([1, 2, None]))
    today = draw(dates)
    turns = {
        "person": draw(st.sampled_from([(), (1,), (1, 2)])),
        "car": draw(st.sampled_from([(), (1,)])),
    }
    values: dict[Any, Any] = {}
    for name in draw(st.lists(st.sampled_from(sorted(NAMES)), unique=True, max_size=8)):
        kind = NAMES[name]
        if kind.roster is None:
            values[name] = draw(cells(kind))
        else:
            values |= {(name, number): draw(cells(kind)) for number in (1, 2)}
    return make_known(values, turns, turn=turn, today=today, case="7")


NAMED = (*sorted(NAMES), "person", "person.age", "car.make", "person.sex", "nobody")


@st.composite
def expressions(draw: st.DrawFn, names: tuple[str, ...] = NAMED, depth: int = 0) -> str:
    """Something that often is a condition."""
    lot = draw(st.integers(0, 9 if depth < 4 else 2))
    inner = expressions(names, depth + 1)
    if lot <= 1:
        return draw(st.sampled_from(names))
    if lot == 2:
        return draw(
            st.sampled_from(
                ("1", "2", "0", "-1", "1.5", "'north'", "'a'", "dk", "'2000-02-29'", "today()")
            )
        )
    if lot <= 4:
        sign = draw(st.sampled_from(("==", "!=", "<", "<=", ">", ">=")))
        return f"{draw(inner)} {sign} {draw(inner)}"
    if lot == 5:
        return f"({draw(inner)}) {draw(st.sampled_from(('and', 'or')))} ({draw(inner)})"
    if lot == 6:
        return (
            f"{draw(inner)} {draw(st.sampled_from(('+', '-', '*', '/', '//', '%')))} {draw(inner)}"
        )
    if lot == 7:
        function = draw(st.sampled_from([f"{name}(" for name in FUNCTIONS] + ["not ("]))
        parts = draw(st.lists(inner, min_size=1, max_size=3))
        return f"{function}{', '.join(parts)})"
    if lot == 8:
        return f"{draw(st.sampled_from(names))} in [{', '.join(draw(st.lists(inner, max_size=3)))}]"
    return f"({draw(inner)}) if ({draw(inner)}) else ({draw(inner)})"


texts = st.one_of(
    expressions(),
    expressions(),
    st.lists(st.sampled_from(CONDITION + NAMED), max_size=16).map("".join),
    st.text(max_size=40),
    st.lists(st.sampled_from(HOSTILE + NAMED + CONDITION), max_size=6).map("".join),
)

cases = st.tuples(
    texts,
    st.sampled_from([SCOPE, IN_PERSON]),
    st.sampled_from(get_args(ExpectedKind)),
    st.lists(all_known(), min_size=1, max_size=3),
)


def check(case: tuple[str, Scope, ExpectedKind, list[Known]]) -> bool:
    """Compile and evaluate; whether it is a condition."""
    text, scope, wants, cases_known = case
    condition, problems = compile_condition(text, scope, where=HERE, who="q7", expected=wants)
    assert (condition is None) == bool(select_errors(problems)), (
        "a condition with errors, or none without"
    )
    for problem in problems:
        assert problem.what.strip()
        assert problem.remedy.strip()
        assert "\n" not in str(problem), repr(str(problem))
        assert problem.length >= 1
    find_names(text)
    if condition is None:
        return False
    for name in condition.names:
        locate_use(name, condition, HERE)
    for known in cases_known:
        needs_turn = scope.inside_roster is not None and known.turn is None
        worth = condition.evaluate(known.in_turn(1) if needs_turn else known)
        if wants == "truth":
            assert worth is True or worth is False or isinstance(worth, Missing), (
                f"{text!r} is worth {worth!r}"
            )
        if isinstance(worth, float):
            assert isfinite(worth), f"{text!r} is worth {worth}"
    return True
