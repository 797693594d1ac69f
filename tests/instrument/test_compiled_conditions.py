"""Compiled conditions: their closures, with short ways for frequent shapes, agree with a plain evaluator over the
tree, on random conditions and answers.
"""

import ast
import operator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.condition_names import NA, understood
from survey_cli.instrument.expressions.known import Known
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Missing

RANKED = [NOT_REACHED, NOT_ASKED, REFUSED, DK, NA]
SIGNS: dict[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip
STATES = {
    "answered": (),
    "dk": ("dk",),
    "refused": ("refused",),
    "declined": ("dk", "refused", "na"),
}


def worst(cells: list[Any]) -> Any:
    """The kind of missing that several give together, or None."""
    return next((kind for kind in RANKED if kind in cells), None)


def worth(node: ast.expr, env: dict[str, Any]) -> Any:
    """What the tree is worth, without any short way: every part is evaluated, then put together."""
    match node:
        case ast.Name(id="adult"):
            cell = env.get("adult", NOT_REACHED)
            return cell if isinstance(cell, Missing) else bool(cell)
        case ast.Name(id=name):
            return env.get(name, NOT_REACHED)
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -worth(operand, env)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            truth = worth(operand, env)
            return truth if isinstance(truth, Missing) else not truth
        case ast.BoolOp(op=op, values=values):
            return joined([worth(value, env) for value in values], settles=isinstance(op, ast.Or))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = pairwise([left, *comparators])
            return joined(
                [linked(a, op, b, env) for (a, b), op in zip(sides, ops, strict=True)],
                settles=False,
            )
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return worth(body if worth(test, env) is True else orelse, env)
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            cell = worth(argument, env)
            if not isinstance(cell, Missing):
                return name == "answered"
            return cell.kind in STATES[name]
    raise AssertionError(ast.dump(node))


def joined(truths: list[Any], *, settles: bool) -> Any:
    """Kleene: one truth that settles it does; else what is missing; else the other truth."""
    gone = worst(truths)
    return settles if settles in truths else not settles if gone is None else gone


def linked(left: ast.expr, op: ast.cmpop, right: ast.expr, env: dict[str, Any]) -> Any:
    cell = worth(left, env)
    if isinstance(op, ast.In | ast.NotIn):
        if isinstance(right, ast.List):
            declines = [name.id for name in right.elts if isinstance(name, ast.Name)]
            among = [worth(e, env) for e in right.elts if not isinstance(e, ast.Name)]
            if isinstance(cell, Missing) and cell.kind not in declines:
                return cell
            found = isinstance(cell, Missing) or cell in among
        else:
            several = worth(right, env)
            if isinstance(several, Missing):
                return several
            found = cell in several
        return found is isinstance(op, ast.In)
    other = worth(right, env)
    gone = worst([cell, other])
    if gone is not None:
        return gone
    if isinstance(left, ast.Name) and left.id == "born":
        other = date.fromisoformat(other)
    try:
        return SIGNS[type(op)](cell, other)
    except TypeError:
        return NOT_ASKED


SIGN = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
CODE = st.integers(1, 5)
CODED = st.sampled_from(["q1", "q2", "q3"])
LIST = st.lists(
    st.sampled_from(["1", "2", "3", "4", "5", "dk", "refused", "na"]), min_size=1, max_size=4
)
TEXTS: st.SearchStrategy[str] = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, CODED, SIGN, CODE),
        st.builds("{} {} {}".format, CODED, SIGN, CODED),
        st.builds("{} {} {}".format, CODE, SIGN, CODED),
        st.builds(
            "{} {} {}".format,
            st.sampled_from(["hours", "days", "brought"]),
            SIGN,
            st.integers(-2, 4),
        ),
        st.builds(
            "{} {} days {} {}".format,
            st.integers(-1, 2),
            SIGN,
            SIGN,
            st.sampled_from(["3", "hours"]),
        ),
        st.builds("born {} '{}'".format, SIGN, st.sampled_from(["2000-02-29", "1999-12-31"])),
        st.builds(
            "region {} '{}'".format, st.sampled_from(["==", "!="]), st.sampled_from(["north", "x1"])
        ),
        st.builds(
            "'{}' {} media".format,
            st.sampled_from(["tv", "web"]),
            st.sampled_from(["in", "not in"]),
        ),
        st.builds(
            "{} {} [{}]".format,
            st.sampled_from(["q1", "q2", "hours"]),
            st.sampled_from(["in", "not in"]),
            LIST.map(", ".join),
        ),
        st.builds(
            "{}({})".format,
            st.sampled_from(sorted(STATES)),
            st.sampled_from(["q1", "hours", "media"]),
        ),
        st.sampled_from(["adult", "adult == 1", "adult != 0", "adult == (kind == 1)"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=5).map(lambda p: " and ".join(f"({x})" for x in p)),
        st.lists(inner, min_size=2, max_size=5).map(lambda p: " or ".join(f"({x})" for x in p)),
        inner.map("not ({})".format),
        st.builds("({}) if ({}) else ({})".format, inner, inner, inner),
    ),
    max_leaves=10,
)
GONE = st.sampled_from(RANKED)
ENVS = st.fixed_dictionaries(
    {},
    optional={
        "q1": CODE | GONE,
        "q2": CODE | GONE,
        "q3": CODE | GONE,
        "kind": st.integers(1, 2) | GONE,
        "hours": st.sampled_from([0, 1, 2.5, 3.0, -1]) | GONE,
        "days": st.integers(-2, 4) | GONE,
        "brought": st.sampled_from([1, 3, "a", ""]) | GONE,
        "born": st.sampled_from([date(2000, 2, 29), date(2001, 1, 1), date(1999, 1, 1), "1999-05"])
        | GONE,
        "region": st.sampled_from(["north", "south", "x1"]) | GONE,
        "media": st.sampled_from([("tv",), ("radio", "web"), ()]) | GONE,
        "adult": st.sampled_from([True, False, 0, 1]) | GONE,
    },
)


@settings(max_examples=4 * settings().max_examples)
@given(TEXTS, ENVS)
@example("q1 == 1 and hours > 3 and q2 in [1, 2]", {"q1": 1, "hours": NOT_ASKED, "q2": 2})
@example("q1 == 1 and q2 == 2 and q3 == 3", {"q1": NOT_ASKED, "q2": DK, "q3": REFUSED})
@example("q1 == 1 or q2 == 2 or q3 == 3", {"q1": NOT_ASKED, "q2": DK, "q3": REFUSED})
@example("(q1 == q2) and q2 == 2 and q3 == 3", {"q1": NOT_ASKED, "q2": DK, "q3": REFUSED})
@example("(q1 == q2) or q2 == 2 or q3 == 3", {"q1": NOT_ASKED, "q2": DK, "q3": REFUSED})
@example("brought > 1 and q1 == 2", {"brought": "a", "q1": 2})
@example("born > '2000-02-29' or q1 == 2", {"born": "1999-05", "q1": DK})
@example("hours == 3 and days == 0", {"hours": 3.0, "days": False})
def test_a_condition_is_worth_what_its_tree_says(text: str, env: dict[str, Any]) -> None:
    found = understood(text).evaluate(Known(env))
    wanted = worth(ast.parse(text, mode="eval").body, env)
    assert found == wanted
    assert type(found) is type(wanted), f"{text}: {found!r} is not {wanted!r}"


@pytest.mark.parametrize(
    ("text", "env", "result"),
    [
        ("born > '2000-01-01' and q1 == 1", {"born": "1999-05", "q1": 1}, NOT_ASKED),
        ("born > '2000-01-01' and q1 == 1", {"born": "1999-05", "q1": 2}, False),
        ("born > '2000-01-01' or q1 == 1", {"born": "1999-05", "q1": 1}, True),
        ("born > '2000-01-01' and q1 == 1", {"born": "1999-05", "q1": NOT_REACHED}, NOT_REACHED),
        ("'tv' in media or q1 == 1", {"media": DK, "q1": REFUSED}, REFUSED),
    ],
)
def test_what_cannot_be_put_in_order_is_unknown_among_others_too(
    text: str, env: dict[str, Any], result: object
) -> None:
    """A partial date has no place before or after a day."""
    assert understood(text).evaluate(Known(env)) == result
