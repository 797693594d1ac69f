"""Ends that a decline would pass by are errors, however their condition is written; other ends are not."""

import time
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.source.load import load_source_text
from survey_cli.values import Missing, get_missing

HEAD = """
instrument: t
title: T
sample: {unit: {type: text, role: key}, kind: {type: single, options: {1: x, 2: y}}}
compute: {adult: age >= 18, years: "years_between(born, today())", doubled: "age * 2", old: "65 if age > 65 else 1"}
items:
  - {id: consent, type: single, text: May I?, options: {1: "Yes", 2: "No", 3: Later}}
  - {id: sure, type: single, text: Sure?, options: {1: "Yes", 2: "No"}, declines: []}
  - {id: age, type: number, text: Age?, max: 99}
  - {id: born, type: date, text: Born?}
  - {id: media, type: multiple, text: M?, options: {tv: x, web: y}}
  - {id: p, type: roster, count: "2", max: 2, items: [{id: old_p, type: number, text: How old?}]}
"""
OUT = "  - {id: out, type: end, outcome: refusal_soft, %s}\n"
ASKED = "  - {id: q, type: text, text: Q?%s}\n"


def passing(lines: str) -> list[tuple[str, str]]:
    """The end and the item of each error that a decline passes an end."""
    found = check_instrument(load_source_text(HEAD.lstrip() + lines)).problems
    assert [str(p) for p in found if p.severity == "error" and p.rule != "decline-passes-end"] == []
    return [
        (p.who, p.what.split(" is unknown if ")[1].split()[0])
        for p in found
        if p.rule == "decline-passes-end"
    ]


@pytest.mark.parametrize(
    ("condition", "items"),
    [
        ("ask_if: consent == 2", ["consent"]),
        ("ask_if: consent != 1", ["consent"]),
        ("ask_if: not consent == 1", ["consent"]),
        ("ask_if: 'consent in [2, 3]'", ["consent"]),
        ("ask_if: 'consent not in [1]'", ["consent"]),
        ("ask_if: 'consent in [2, 3, refused]'", ["consent"]),  # a don't know passes
        ("ask_if: consent == 2 and kind == 1", ["consent"]),
        ("ask_if: consent == 2 or sure == 2", ["consent"]),
        ("ask_if: consent == 2 or age < 18", ["consent", "age"]),
        ("ask_if: age < 18", ["age"]),
        ("ask_if: 'age + 1 < 19'", ["age"]),
        ("ask_if: 17 > age", ["age"]),
        ("ask_if: 0 < age < 18", ["age"]),
        ("ask_if: not adult", ["age"]),
        ("ask_if: years < 18", ["born"]),
        ("ask_if: doubled < 36", ["age"]),
        ("ask_if: \"'tv' in media\"", ["media"]),
        ("ask_if: count(media) == 2", ["media"]),
        ("ask_if: 'p[1].old_p < 18'", ["old_p"]),
        ("ask_if: 'max(p.old_p) < 18'", ["old_p"]),
        # what is said of those who decline
        ("unless: consent == 1", []),
        ("unless: consent != 2", []),
        ("unless: adult", []),
        ("ask_if: consent == 2 or declined(consent)", []),
        ("ask_if: 'consent in [2, dk, refused]'", []),
        ("ask_if: consent == 2 or not answered(consent)", []),
        ("ask_if: answered(consent) and consent == 2", []),
        ("ask_if: answered(age) and not adult", []),
        ("ask_if: old == 65", []),  # its `else` decides
        ("ask_if: 'count(p.old_p >= 18) == 0'", []),
        # what nobody declines
        ("ask_if: sure == 2", []),
        ("ask_if: kind == 2", []),
        ("ask_if: not answered(consent)", []),
    ],
)
def test_a_decline_that_an_end_does_not_decide_on_is_an_error(
    condition: str, items: list[str]
) -> None:
    assert passing(OUT % condition + ASKED % "") == [("out", item) for item in sorted(items)]


@pytest.mark.parametrize(
    ("behind", "found"),
    [
        ("", ["out"]),  # the end of the route: complete
        ("  - {id: hi, type: read, text: Thank you.}\n", ["out"]),
        ("  - {id: no, type: end, outcome: refusal_soft, unless: consent == 1}\n" + ASKED % "", []),
        (
            "  - {id: no, type: end, outcome: refusal_soft, unless: kind == 1}\n" + ASKED % "",
            ["out"],
        ),
        (
            "  - {id: no, type: end, outcome: refusal_soft, ask_if: declined(consent)}\n"
            + ASKED % "",
            [],
        ),
        (
            "  - {id: no, type: end, outcome: refusal_soft, ask_if: dk(consent)}\n" + ASKED % "",
            ["out"],
        ),
        (
            ASKED % "" + "  - {id: no, type: end, outcome: refusal_soft, unless: consent == 1}\n",
            ["out"],
        ),
        (ASKED % ", ask_if: consent == 1" + "  - {id: no, type: end, outcome: refusal_soft}\n", []),
        (ASKED % ", unless: consent == 2", ["out"]),
        (ASKED % ", ask_if: declined(consent)", []),  # what happens to them is written
        (
            "  - {id: s, type: section, ask_if: consent == 1, items: [{id: y, type: text, text: Y?}]}\n"
            "  - {id: no, type: end, outcome: refusal_soft}\n",
            [],
        ),
        (  # two ends that are passed alike are told once, at the last
            "  - {id: later, type: end, outcome: callback, ask_if: consent == 3}\n" + ASKED % "",
            ["later"],
        ),
    ],
)
def test_an_end_further_on_may_stop_whoever_passed_the_first(behind: str, found: list[str]) -> None:
    assert [who for who, _ in passing(OUT % "ask_if: consent == 2" + behind)] == found


@pytest.mark.parametrize(
    ("section", "found"),
    [
        ("ask_if: consent == 2, items: [{id: hi, type: read, text: Sorry.}, {id: o, type: end, outcome: away}]", ["o"]),
        ("ask_if: consent == 2, items: [{id: y, type: text, text: Y?}, {id: o, type: end, outcome: away}]", ["o"]),
        ("unless: consent == 1, items: [{id: y, type: text, text: Y?}, {id: o, type: end, outcome: away}]", []),
        (  # only whoever consented comes to this end, and it decides on another item
            "ask_if: consent == 1, items: [{id: y, type: text, text: Y?}, "
            "{id: o, type: end, outcome: not_eligible, ask_if: sure == 2}]",
            [],
        ),
        (  # whoever declines the age does not come in
            "ask_if: age < 18, items: [{id: y, type: text, text: Y?}, "
            "{id: o, type: end, outcome: not_eligible, ask_if: age < 16}]",
            [],
        ),
    ],
)  # fmt: skip
def test_the_sections_around_an_end_count(section: str, found: list[str]) -> None:
    assert [
        who for who, _ in passing(f"  - {{id: s, type: section, {section}}}\n" + ASKED % "")
    ] == found


def test_an_end_behind_one_that_applies_is_not_passed() -> None:
    first = "  - {id: no, type: end, outcome: refusal_soft, %s}\n"
    for condition in ("unless: consent == 1", "ask_if: declined(consent)"):
        assert passing(first % condition + OUT % "ask_if: consent == 2" + ASKED % "") == []


@pytest.mark.time_limit
def test_thousands_of_ends_are_looked_at_quickly() -> None:
    lines = "".join(
        f"  - {{id: q{n}, type: single, text: 'Q?', options: {{1: x, 2: y}}}}\n"
        f"  - {{id: e{n}, type: end, ask_if: answered(q{n}) and q{n} == 2, outcome: refusal_soft}}\n"
        for n in range(1500)
    )
    started = time.process_time()
    assert passing(lines) == []
    assert time.process_time() - started < 5, "every end was looked at for every item"


def test_the_remedy_keeps_what_else_leads_to_the_end() -> None:
    lines = OUT % "ask_if: sure == 2 or age < 18" + ASKED % ""
    [problem] = [
        p
        for p in check_instrument(load_source_text(HEAD.lstrip() + lines)).problems
        if p.rule == "decline-passes-end"
    ]
    assert "answered(age) and (" not in problem.remedy, (
        "whoever declines the age and is not sure would go on"
    )
    assert problem.remedy.endswith(
        "write answered(age) and … in the part of the condition that is about age"
    )


def test_the_remedy_is_one_that_works() -> None:
    for condition in ("consent == 2", "consent in [2, 3]", "age < 18", "age >= 70"):
        lines = OUT % f'ask_if: "{condition}"' + ASKED % ""
        (problem,) = [
            p
            for p in check_instrument(load_source_text(HEAD.lstrip() + lines)).problems
            if p.severity == "error"
        ]
        advised = problem.remedy.removeprefix("write unless: ").partition(" instead, ")[0]
        assert passing(OUT % f'unless: "{advised}"' + ASKED % "") == []
        explicit = problem.remedy.rpartition("ask_if: ")[2]
        assert passing(OUT % f'ask_if: "{explicit}"' + ASKED % "") == []


ATOMS = (
    "a == 1", "a != 2", "a in [2, dk]", "a not in [1, refused]", "declined(a)", "dk(a)", "answered(a)", "b == 2",
    "declined(b)", "a == b", "n < 2", "n + a > 3", "answered(n)", "few", "not few", "total > 3", "taken == 1",
)  # fmt: skip
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        inner.map("not ({})".format),
    ),
    max_leaves=5,
)
DENSE = """
instrument: dense
title: Dense
compute: {few: "n <= 1 or a == 3", total: "n + b", taken: "a if n > 1 else b"}
items:
  - {id: a, type: single, text: A?, options: {1: x, 2: y, 3: z}}
  - {id: b, type: single, text: B?, options: {1: x, 2: y}}
  - {id: n, type: number, text: N?, max: 3, declines: [refused]}
  - {id: out, type: end, outcome: refusal_soft, ask_if: "CONDITION"}
  - {id: q, type: text, text: Q?}
"""
ANSWERS: dict[str, list[Any]] = {"a": [1, 2, 3], "b": [1, 2], "n": [0, 1, 2, 3]}
DECLINED = {"a": ("dk", "refused"), "b": ("dk", "refused"), "n": ("refused",)}


@given(CONDITIONS)
def test_no_end_that_a_decline_passes_goes_unreported(condition: str) -> None:
    """Every combination of answers is tried: where one item is declined, all others are answered, and the end is unknown
    though another answer would lead to it, that item is reported."""
    source = load_source_text(DENSE.lstrip().replace("CONDITION", condition))
    made, _, problems = compile_instrument(source)
    assert made is not None
    assert not [p for p in problems if p.severity == "error"]
    end = made.items["out"].ask_if
    assert end is not None

    def applies(values: dict[str, Any]) -> Any:
        known = Known(values)
        for compute in made.computes.values():
            known.record(compute.id, compute.conditions[""].evaluate(known))
        return end.evaluate(known)

    reported = {
        p.what.split(" is unknown if ")[1].split()[0]
        for p in check_instrument(source).problems
        if p.rule == "decline-passes-end"
    }
    for item, kinds in DECLINED.items():
        others = [name for name in ANSWERS if name != item]
        for answers in product(*(ANSWERS[name] for name in others)):
            values = dict(zip(others, answers, strict=True))
            leads = any(applies({**values, item: answer}) is True for answer in ANSWERS[item])
            passes = any(
                isinstance(applies({**values, item: get_missing(kind)}), Missing) for kind in kinds
            )
            assert not (leads and passes) or item in reported, (item, values)
