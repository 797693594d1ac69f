"""Conditions that nobody can meet along the route: what `check` says is never asked is never asked in random
interviews, and what it says a condition never is, it never is.
"""

from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.mistake_tables import Mistake, mistakes, said_of_route
from support.random_instruments import instruments
from support.random_respondents import begun, forward, wander
from survey_cli.engine.interview import Interview
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import select_errors
from survey_cli.proof.goals import Goal, GoalKind
from survey_cli.proof.verdicts import Prover, list_goals
from survey_cli.scenarios.coverage import ObservedWalk
from survey_cli.scenarios.route_check import check_route
from survey_cli.values import Missing

TODAY = date(2026, 11, 27)

# what is watched


def prove_text(text: str) -> tuple[Instrument, frozenset[Goal]]:
    """The instrument, and what the proof calls impossible. Errors about ends that end too few or all
    keep nobody from walking here."""
    checked = check_instrument(load_source_text(text))
    errors = {problem.rule for problem in select_errors(checked.problems)}
    assert errors <= {"decline-passes-end"}, text
    assert checked.compiled is not None
    with Prover(checked.compiled, TODAY) as prover:
        verdicts = prover.settle(list_goals(prover.model))
    return checked.compiled, frozenset(verdicts.impossible)


def list_seen(interview: Interview) -> frozenset[Goal]:
    """What happened on the route of an interview, and on the way to its next question."""
    walk = ObservedWalk(
        interview.instrument,
        interview.start.seed,
        interview.machine.build_known(),
        rules=interview.start.rules,
    )
    walk.seen = set()
    for stop in interview.machine.walk.stops:
        walk.advance()
        walk.note_item(stop.item)
        answer = interview.machine.recorded_answers.get(stop.place)
        if answer is None:
            continue
        walk.record_answer(stop, answer.cell)
        if not isinstance(answer.cell, Missing):
            for number, check in enumerate(stop.item.checks):
                kind: GoalKind = "fires" if check.fires(walk.known) else "passes"
                walk.seen.add(Goal(kind, stop.item.id, number))
    return frozenset(walk.seen)


# invented instruments and people


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(instruments(), st.integers(0, 10**6))
def test_no_false_positives_on_random_instruments(text: str, seed: int) -> None:
    made, impossible = prove_text(text)
    if not impossible:
        return
    for turn in range(6):
        dice = Random(seed + turn)
        done = forward(wander(begun(made, dice), dice, moves=12 * (turn % 2)), dice)
        assert impossible.isdisjoint(list_seen(done.interview))


def test_an_item_to_which_nothing_may_be_offered_can_be_skipped() -> None:
    _, impossible = prove_text("""
instrument: t
title: T
items:
  - {id: a, type: multiple, text: A?, options: {1: X, 2: Y}, min: 0, declines: []}
  - {id: b, type: multiple, text: B?, options: {from: a}, min: 0, declines: []}
  - {id: c, type: single, text: C?, options: {1: X, 2: Y}, ask_if: answered(b)}
""")
    assert Goal("skipped", "c") not in impossible


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


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(dense(), st.integers(0, 10**6))
def test_no_false_positives_where_conditions_meet(text: str, seed: int) -> None:
    made, impossible = prove_text(text)
    if not impossible:
        return
    for turn in range(8):
        dice = Random(seed + turn)
        assert impossible.isdisjoint(list_seen(forward(begun(made, dice), dice).interview))


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
    problems, _ = check_route(check_instrument(load_source_text(text)), TODAY)
    return [
        (p.rule, p.who)
        for p in problems
        if p.rule in ("never-asked", "always-asked", "never-offered", "always-offered")
        or (p.severity == "error" and p.rule != "decline-passes-end")
    ]


NEVER = [("never-asked", "x")]
NEEDLESS = [("always-asked", "x")]
OUT = "  - {id: out, type: end, outcome: not_eligible, %s}"
ASKED = "  - {id: y, type: single, text: Y?, options: {1: x, 2: y}, %s}"


BEHIND_ENDS: list[tuple[str, str, list[Any]]] = [
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
]


@pytest.mark.parametrize(("lines", "condition", "found"), BEHIND_ENDS)
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
    assert along(section, "q == 1") == [("never-asked", "inside")]
    assert along(section, "q == 1 and kind == 1") == [("never-asked", "inside"), *NEVER]


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
    assert along(roster, "count(person.sex == 1) > 0") == [("never-asked", "w")]


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


@pytest.mark.parametrize("mistake", mistakes("mistakes_route.txt"), ids=lambda m: m.name)
def test_a_mistake_of_the_route_is_told_at_its_place(mistake: Mistake) -> None:
    assert said_of_route(mistake.written) == mistake.said
