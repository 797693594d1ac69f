"""Conditions that nobody can meet along the route: what `check` says is never asked is never asked in random
interviews, and what it says a condition never is, it never is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.example_files import QUESTIONNAIRES
from support.random_instruments import instruments
from support.random_respondents import begun, forward, wander
from survey_cli.engine.machine import Machine, RecordedAnswer
from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.checks.reachability.analysis import (
    ReachabilityFinding,
    analyze_route,
)
from survey_cli.instrument.checks.reachability.facts import FALSE, TRUE, UNKNOWN
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.question import CompiledOption
from survey_cli.instrument.source.load import load_source, load_source_text
from survey_cli.problems import select_errors
from survey_cli.values import Missing

# what is watched


def worth(truth: Any) -> int:
    return TRUE if truth is True else FALSE if truth is False else UNKNOWN


@contextmanager
def watched(found: list[ReachabilityFinding]) -> Iterator[set[int]]:
    """Every condition that was found to be never worth something is looked at wherever an interview evaluates it on
    its way. Gives the conditions that were evaluated at all."""
    never = {id(f.condition): f for f in found}
    seen: set[int] = set()

    def look(condition: Any, known: Known) -> None:
        finding = never.get(id(condition))
        if finding is None:
            return
        seen.add(id(condition))
        truth = condition.evaluate(known)
        assert not finding.impossible_truths & worth(truth), (
            f"{condition.text} is {truth}, and {finding.what}"
        )

    shown, options, unfit = RouteWalk._is_on_route, RouteWalk.list_options, Machine.why_invalid

    def watched_shown(self: RouteWalk, node: CompiledNode) -> Any:
        if not self.looking_ahead:
            if node.ask_if is not None:
                look(node.ask_if, self.known)
            if node.unless is not None and (
                node.ask_if is None or node.ask_if.evaluate(self.known) is True
            ):
                look(node.unless, self.known)
        return shown(self, node)

    def watched_options(self: RouteWalk, stop: RouteStop) -> tuple[CompiledOption, ...]:
        for option in stop.item.options if not self.looking_ahead else ():
            if option.ask_if is not None:
                look(option.ask_if, self.known)
        return options(self, stop)

    def watched_unfit(self: Machine, stop: RouteStop, held: RecordedAnswer) -> str:
        why = unfit(self, stop, held)
        if not why and not self.walk.looking_ahead and not isinstance(held.cell, Missing):
            change_count = self.walk.known.change_count
            self.walk.record_answer(stop, held.cell)
            for check in stop.item.checks:
                look(check.condition, self.walk.known)
            self.walk.known.undo_changes(change_count)
        return why

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RouteWalk, "_is_on_route", watched_shown)
        patch.setattr(RouteWalk, "list_options", watched_options)
        patch.setattr(Machine, "why_invalid", watched_unfit)
        yield seen


def looked_at(text: str) -> tuple[Instrument, list[ReachabilityFinding]]:
    """The instrument and what the walk finds. Errors about ends that end too few or all keep nobody from walking here."""
    made, draft, problems = compile_instrument(load_source_text(text))
    assert made is not None
    assert draft is not None
    assert select_errors(problems) == []
    errors = {p.rule for p in select_errors(check_instrument(load_source_text(text)).problems)}
    assert errors <= {"decline-passes-end", "needless-condition"}, text
    return made, list(analyze_route(draft)[0])


# invented instruments and people


@settings(max_examples=2 * settings().max_examples, suppress_health_check=[HealthCheck.too_slow])
@given(instruments(), st.integers(0, 10**6))
def test_nobody_is_accused_wrongly_in_a_made_up_instrument(text: str, seed: int) -> None:
    made, found = looked_at(text)
    if not found:
        return
    with watched(found):
        for turn in range(6):
            dice = Random(seed + turn)
            forward(wander(begun(made, dice), dice, moves=12 * (turn % 2)), dice)


def test_an_item_to_which_nothing_may_be_offered_can_be_skipped() -> None:
    _, found = looked_at("""
instrument: t
title: T
items:
  - {id: a, type: multiple, text: A?, options: {1: X, 2: Y}, min: 0, declines: []}
  - {id: b, type: multiple, text: B?, options: {from: a}, min: 0, declines: []}
  - {id: c, type: single, text: C?, options: {1: X, 2: Y}, ask_if: answered(b)}
""")
    assert not found


ATOMS = (
    "1 < d < 2", "d > 2", "d <= 1", "d != n",
    "a == 1", "a != 1", "a in [2, 3]", "a in [1, dk]", "a not in [2, dk]", "dk(a)", "answered(a)", "declined(a)",
    "a < 3", "b == 1", "b == 2", "b != 2", "answered(b)", "n > 1", "n <= 1", "n == 9", "n in [0, 2]", "0 < n < 3",
    "n not in [1, 2]", "1 in m", "2 not in m", "answered(m)", "a == b", "n > b", "few", "not few", "c == 2", "c > 1",
    "answered(c)", "not answered(c)", "(a == 1 if n == 1 else b == 1)", "kind == 1", "kind in [2]",
)  # fmt: skip


def conditions(atoms: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(atoms),
        lambda inner: st.one_of(
            st.builds("({}) and ({})".format, inner, inner),
            st.builds("({}) or ({})".format, inner, inner),
            inner.map("not ({})".format),
        ),
        max_leaves=4,
    )


CONDITIONS = conditions(ATOMS)
OF_THE_FIRST = conditions(tuple(atom for atom in ATOMS if "c " not in atom and "(c)" not in atom))
FIRST = """
instrument: dense
title: Dense
sample: {unit: {type: text, role: key}, kind: {type: single, options: {1: x, 2: y}}}
compute: {few: "n <= 1 or a == 3"}
items:
  - {id: a, type: single, text: A?, options: {1: x, 2: y, 3: z}}
  - {id: b, type: single, text: B?, options: {1: x, 2: y}, declines: []}
  - {id: n, type: number, text: N?, min: 0, max: 3, options: {9: nine}, declines: [refused]}
  - {id: d, type: number, text: D?, decimals: 1, max: 3}
  - {id: m, type: multiple, text: M?, options: {1: x, 2: y}}
"""


@st.composite
def dense(draw: st.DrawFn) -> str:
    """Few answers and many conditions over them: sections, ends, options and checks that meet one another."""
    how = st.sampled_from(("ask_if", "unless"))
    lines = [
        f'  - {{id: c, type: scale, from: 1, to: 3, text: C?, {draw(how)}: "{draw(OF_THE_FIRST)}"}}'
    ]

    def items(indent: str, count: int, depth: int) -> None:
        for _ in range(count):
            name = f"v{len(lines)}"
            kind = draw(st.sampled_from(("text", "text", "end", "section", "single", "number")))
            head = f'id: {name}, {draw(how)}: "{draw(CONDITIONS)}"'
            match kind:
                case "end":
                    lines.append(f"{indent}- {{type: end, outcome: not_eligible, {head}}}")
                case "section" if depth < 2:
                    order = draw(st.sampled_from(("written", "written", "random")))
                    lines.append(f"{indent}- {head.replace(', ', chr(10) + indent + '  ', 1)}")
                    lines.append(
                        f"{indent}  type: section\n{indent}  order: {order}\n{indent}  items:"
                    )
                    if order == "written":
                        items(indent + "    ", draw(st.integers(1, 3)), depth + 1)
                    else:
                        condition = draw(CONDITIONS)
                        lines.append(
                            f'{indent}    - {{id: v{len(lines)}, type: text, text: T, ask_if: "{condition}"}}'
                        )
                case "single":
                    option = f'2: {{text: two, ask_if: "{draw(CONDITIONS)}"}}'
                    lines.append(
                        f"{indent}- {{type: single, text: S, {head}, options: {{1: one, {option}, 3: three}}}}"
                    )
                case "number":
                    check = f'expect: "{name} < 2 or ({draw(CONDITIONS)})", say: S, soft: true'
                    confirm = f'confirm: {{if: "{draw(CONDITIONS)}", text: So?}}'
                    lines.append(
                        f"{indent}- {{type: number, text: N, {head}, checks: [{{{check}}}], {confirm}}}"
                    )
                case _:
                    lines.append(f"{indent}- {{type: text, text: T, {head}}}")

    items("  ", draw(st.integers(2, 6)), 0)
    return FIRST.lstrip() + "\n".join(lines) + "\n"


@settings(max_examples=3 * settings().max_examples, suppress_health_check=[HealthCheck.too_slow])
@given(dense(), st.integers(0, 10**6))
def test_nobody_is_accused_wrongly_where_conditions_meet(text: str, seed: int) -> None:
    made, found = looked_at(text)
    if not found:
        return
    with watched(found):
        for turn in range(8):
            dice = Random(seed + turn)
            forward(begun(made, dice), dice)


# what is found, and what is not

HEAD = """
instrument: t
title: T
sample: {unit: {type: text, role: key}, kind: {type: single, options: {1: x, 2: y}}}
compute: {adult: age >= 18}
items:
  - {id: consent, type: single, text: May I?, options: {1: x, 2: y}, declines: []}
  - {id: q, type: single, text: Q?, options: {1: x, 2: y, 3: z}}
  - {id: age, type: number, text: Age?, max: 99}
  - {id: miles, type: number, text: M?, decimals: 1}
  - {id: media, type: multiple, text: M?, options: {tv: x, web: y}}
"""
LAST = "\n  - {id: x, type: text, text: X?, ask_if: CONDITION}\n"


def along(lines: str, condition: str = "") -> list[tuple[str, str]]:
    """The rule and the item of each finding, where an item that is asked if `condition` stands behind these lines."""
    text = (
        HEAD.lstrip()
        + lines.strip("\n")
        + (LAST.replace("CONDITION", f'"{condition}"') if condition else "\n")
    )
    return [
        (p.rule, p.who)
        for p in check_instrument(load_source_text(text)).problems
        if p.rule in ("never-reached", "needless-condition")
        or (p.severity == "error" and p.rule != "decline-passes-end")
    ]


NEVER, NEEDLESS = [("never-reached", "x")], [("needless-condition", "x")]
OUT = "  - {id: out, type: end, outcome: not_eligible, %s}"
ASKED = "  - {id: y, type: single, text: Y?, options: {1: x, 2: y}, %s}"


@pytest.mark.parametrize(
    ("lines", "condition", "found"),
    [
        # an end that was passed by the unknown too
        (OUT % "ask_if: q == 1", "q == 1", NEVER),
        (OUT % "ask_if: q == 1", "dk(q)", []),
        (OUT % "ask_if: q == 1", "q in [2, 3]", []),
        (OUT % "unless: q == 1", "dk(q)", NEVER),
        (OUT % "unless: q == 1", "q == 1", NEEDLESS),
        (OUT % "unless: q == 1", "answered(q)", NEEDLESS),
        (OUT % "unless: q == 1 or age > 50", "q == 2 and age < 50", NEVER),
        (OUT % "unless: q == 1 or age > 50", "q == 2 and age > 40", []),
        (OUT % "ask_if: age < 18", "adult", []),
        (OUT % "unless: age >= 18", "adult", NEEDLESS),
        (OUT % "unless: adult", "age < 18", NEVER),
        (OUT % "unless: adult", "age <= 17 or refused(age)", NEVER),
        (OUT % "unless: age > 17", "17 < age < 18", NEVER),
        (OUT % "unless: \"'tv' in media\"", "dk(media)", NEVER),
        (OUT % "unless: \"'tv' in media\"", "'web' not in media", []),
        (OUT % "unless: \"'tv' in media\"", "'tv' not in media", NEVER),
        (OUT % "unless: kind == 1", "kind == 2", NEVER),
        # items that were asked only under a condition
        (ASKED % "ask_if: q == 1", "y == 1 and q == 2", NEVER),
        (ASKED % "ask_if: q == 1", "y == 1 and q == 1", []),
        (ASKED % "ask_if: q == 1", "declined(y) and q != 1", NEVER),
        (ASKED % "ask_if: q == 1", "not answered(y) and q == 2", []),
        (ASKED % "unless: q == 1", "y == 1 and dk(q)", []),
        (ASKED % "unless: q == 1", "y == 1 and q == 1", NEVER),
        (ASKED % "ask_if: q == 1", "(y == 1 if q == 2 else consent == 1) and q == 2", NEVER),
        # alone
        ("", "answered(consent)", NEEDLESS),
        ("", "dk(consent)", NEVER),
        ("", "consent in [1, 2]", NEEDLESS),
        ("", "answered(q)", []),
        ("", "q in [1, 2, 3]", []),
        ("", "q in [1, 2, 3, dk, refused]", NEEDLESS),
        ("", "q in [1, 2] and q not in [1, 2, dk]", NEVER),
        ("", "age > 10 and age < 11", NEVER),
        ("", "miles > 10 and miles < 11", []),
        ("", "q == age or q != age", []),
    ],
)
def test_what_is_found_behind_ends_and_conditions(
    lines: str, condition: str, found: list[Any]
) -> None:
    assert along(lines, condition) == found


def test_an_end_in_a_section_tells_something_of_those_who_came_in() -> None:
    section = """
  - id: s
    type: section
    ask_if: kind == 1
    items:
      - {id: out, type: end, ask_if: q == 1, outcome: not_eligible}
      - {id: inside, type: text, text: I?, ask_if: q == 1}
"""
    assert along(section, "q == 1") == [("never-reached", "inside")]
    assert along(section, "q == 1 and kind == 1") == [("never-reached", "inside"), *NEVER]


def test_a_roster_tells_nothing_of_what_comes_behind_it() -> None:
    """What is known of one turn holds in it alone."""
    roster = """
  - id: person
    type: roster
    count: age
    max: 3
    items:
      - {id: sex, type: single, text: S?, options: {1: m, 2: f}}
      - {id: m, type: text, text: M?, ask_if: sex == 1}
      - {id: p, type: section, ask_if: sex == 2, items: [{id: w, type: text, text: W?, ask_if: sex == 1}]}
"""
    assert along(roster, "count(person.sex == 1) > 0") == [("never-reached", "w")]


def test_siblings_in_a_drawn_order_tell_nothing_of_one_another() -> None:
    drawn = """
  - id: s
    type: section
    order: random
    items:
      - {id: y, type: text, text: Y?, ask_if: q == 1}
      - {id: out, type: end, ask_if: q == 2, outcome: not_eligible, anchor: true}
"""
    assert along(drawn, "q == 2") == NEVER
    assert along(drawn, "dk(q)") == []


def test_of_what_stands_in_a_section_that_nobody_enters_nothing_more_is_said() -> None:
    section = """
  - id: s
    type: section
    ask_if: q == 1 and q == 2
    items: [{id: y, type: text, text: Y?, ask_if: q == 1}, {id: z, type: text, text: Z?, ask_if: q == 3}]
"""
    assert along(section) == [], "that it can't hold is said by another rule"


FILES = QUESTIONNAIRES


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_nobody_is_accused_in_an_example(path: Any) -> None:
    draft = check_instrument(load_source(path)).draft
    assert draft is not None
    assert analyze_route(draft)[0] == []


def tangled(count: int) -> str:
    """Items each of which is asked by what eight earlier ones came to."""
    lines = []
    for at in range(count):
        before = [f"q{max(0, at - back)} == 1" for back in range(1, 9)]
        pairs = [f"({before[i]} and not {before[i + 1]})" for i in range(0, 8, 2)]
        lines.append(
            f'  - {{id: q{at + 1}, type: single, text: Q?, options: {{1: x, 2: y}}, ask_if: "{" or ".join(pairs)}"}}'
        )
    return HEAD.lstrip().replace("id: q,", "id: q0,") + "\n".join(lines) + "\n"


@pytest.mark.time_limit
def test_tangled_conditions_take_their_time_item_by_item() -> None:
    """The bounds hold: six times the items take nothing like thirty-six times as long."""

    def took(count: int) -> float:
        draft = check_instrument(load_source_text(tangled(count))).draft
        assert draft is not None
        times = []
        for _ in range(3):
            draft.cache.clear()
            start = perf_counter()
            analyze_route(draft)
            times.append(perf_counter() - start)
        return min(times)

    assert took(1200) / took(200) < 18
