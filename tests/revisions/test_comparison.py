"""Two versions of a questionnaire: each change in its class and nothing else, and no change where nothing changed."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from random import Random

import pytest
import yaml
from questionnaire_edits import (
    CHANGES,
    Tree,
    hoist_filter,
    inline_scales,
    remove_item,
    rewrite_conditions,
    walk,
)

from support.every_route import TODAY
from support.random_questionnaires import QuestionnaireWriter
from support.scale import SCALE
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.proof.equivalence import ConditionComparer
from survey_cli.revisions.changes import ComparedChange
from survey_cli.revisions.comparison import compare_versions
from survey_cli.revisions.order_changes import find_moved
from survey_cli.revisions.renaming import find_renamed

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
REAL = ("asu_2000", "household")
# The parser in C is ten times as fast, if PyYAML was built with it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read(name: str) -> str:
    return (INSTRUMENTS / name).read_text(encoding="utf-8")


@lru_cache(4)
def build(text: str) -> Instrument | None:
    """Compile a questionnaire; None if it has errors."""
    return check_instrument(load_source_text(text, "t.yaml", fetch=read)).instrument


def load(text: str) -> Tree:
    tree: Tree = yaml.load(text, Loader=LOADER)  # noqa: S506 - it is a safe one
    return tree


def dump(tree: Tree, **style: object) -> str:
    return yaml.dump(tree, Dumper=DUMPER, sort_keys=False, allow_unicode=True, **style)  # type: ignore[arg-type]


def compare(old: str, new: str) -> list[ComparedChange]:
    before, after = build(old), build(new)
    assert before is not None
    assert after is not None
    renamed = find_renamed(before, after)
    return compare_versions(before, after, ConditionComparer(before, after, TODAY, renamed))


def summarize(changes: Sequence[ComparedChange]) -> set[tuple[str, str]]:
    return {(change.kind, item) for change in changes for item in change.items or ("",)}


@pytest.mark.parametrize("edit", CHANGES)
@pytest.mark.parametrize("name", REAL)
def test_a_change_is_classified_and_nothing_else_is_reported(name: str, edit: object) -> None:
    text, tried = read(f"{name}.yaml"), 0
    for seed in range(20):
        tree = load(text)
        try:
            expected = edit(tree, Random(seed))  # type: ignore[operator]
        except (IndexError, KeyError):
            continue  # this questionnaire has nothing of the kind
        if build(dump(tree)) is None:
            continue  # something else needed what was changed
        tried += 1
        changes = compare(text, dump(tree))
        assert summarize(changes) == expected, [change.what for change in changes]
        assert all(change.decided for change in changes)
        assert all(place is None or place.line for change in changes for place in change.places)
        if tried == (2 if edit is remove_item else 1):
            return
    if not tried:
        pytest.skip("this questionnaire has nothing of the kind")


def test_the_same_in_another_notation_is_no_change() -> None:
    """Formats, quotes, comments, lists of options written out, and a condition on the section instead of each item."""
    for name in REAL:
        text = read(f"{name}.yaml")
        tree = load(text)
        assert compare(text, dump(tree)) == []
        assert compare(text, dump(tree, width=60, indent=4)) == []
        quoted = re.sub(r"(?m)^( +text: )([A-Z][^\"'\n{|>:#]*)$", r'\1"\2"', text)
        assert compare(text, quoted.replace("\n  - id", "\n\n  # a comment\n  - id")) == []


@pytest.mark.parametrize("part", range(4))
def test_what_is_equivalent_is_no_change(part: int) -> None:
    texts = [read(f"{name}.yaml") for name in (*REAL, "customer")]
    texts += [
        file.read_text(encoding="utf-8")
        for file in sorted((INSTRUMENTS / "features").glob("*.yaml"))
    ]
    tried = changed = 0
    seed = part * 10_000
    while tried < 4 * SCALE:
        seed += 1
        rng = Random(seed)
        text = rng.choice(texts) if seed % 2 else QuestionnaireWriter(rng).write()
        text = re.sub(r"\?(?=[,}])", ".", text)  # which PyYAML reads otherwise
        old, new = load(text), load(text)
        if rng.random() < 0.5:
            hoist_filter(old, new, rng)
        inline_scales(new, rng)
        rewrite_conditions(new, rng)
        if old == new or None in (build(dump(old)), build(dump(new))):
            continue
        tried += 1
        changed += any(
            item != twin for (_, item), (_, twin) in zip(walk(old), walk(new), strict=True)
        )
        changes = compare(dump(old), dump(new))
        assert changes == [], (
            f"seed {seed}: {[(c.items, c.what) for c in changes]}\n{dump(old)}\n{dump(new)}"
        )
    assert changed > 2 * SCALE


SMALL = """\
instrument: t
title: T
items:
  - {id: q1, type: single, text: T., options: {1: A, 2: B}}
  - {id: age, type: number, max: 120, text: T.}
  - {id: s, type: multiple, text: T., options: {a: A, b: B}}
  - {id: name, type: text, text: T.}
  - {id: q3, type: single, ask_if: q1 == 1, text: T., options: {1: A, 2: B}}
  - {id: last, type: verbatim, CONDITION, text: T.}
"""


def compare_conditions(old: str, new: str) -> list[ComparedChange]:
    return compare(
        *(
            SMALL.replace("CONDITION", c if c[:7] == "unless:" else f'ask_if: "{c}"')
            for c in (old, new)
        )
    )


@pytest.mark.parametrize(
    ("old", "new", "example"),
    [
        (
            "q1 != 2",
            "not answered(q1) or q1 == 1",
            "with q1 = don't know it was not asked and is asked",
        ),
        ("q1 in [1, dk]", "q1 != 2", "with q1 = don't know it was asked and is not asked"),
        ("unless: q1 == 2", "q1 != 2", "it was asked and is not asked"),
        (
            "q1 == 1 or refused(q1)",
            "q1 == 1 or declined(q1)",
            "with q1 = don't know it was not asked and is asked",
        ),
        ("age >= 18", "age > 18", "with age = 18 it was asked and is not asked"),
        ("age in [1, 2]", "1 < age <= 2", "with age = 1 it was asked and is not asked"),
        ("q1 == 1 or age > 5", "q1 == 1 and age > 5", "it was asked and is not asked"),
        ("'a' in s", "count(s) >= 1", "with s = b it was not asked and is asked"),
        ("'a' not in s", "not answered(s) or 'a' not in s", "it was not asked and is asked"),
    ],
)
def test_a_near_miss_is_another_route_with_an_example(old: str, new: str, example: str) -> None:
    (change,) = compare_conditions(old, new)
    assert (change.kind, change.items, change.decided) == ("route", ("last",), True)
    assert example in change.what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("q1 != 2", "q1 == 1"),
        ("q3 == 1", "q1 == 1 and q3 == 1"),
        ("unless: age < 18", "not answered(age) or age >= 18"),
        ("count(s) == 2", "'a' in s and 'b' in s"),
    ],
)
def test_what_is_equal_only_in_this_questionnaire_is_no_change(old: str, new: str) -> None:
    assert compare_conditions(old, new) == []


def test_what_clauses_cannot_express_is_not_decided() -> None:
    (change,) = compare_conditions("length(name) > 3", "length(name) >= 4")
    assert (change.kind, change.decided) == ("route", False)
    old, new = (build(SMALL.replace("CONDITION", f"ask_if: {c}")) for c in ("q1 == 1", "1 == q1"))
    assert old is not None
    assert new is not None
    (change,) = compare_versions(old, new)
    assert (change.kind, change.decided) == ("route", False), "without the solver"


def test_a_renaming_is_recognized_and_conditions_follow_it() -> None:
    text = SMALL.replace("CONDITION", "ask_if: q1 == 1")
    changes = compare(text, text.replace("q1", "consent"))
    assert [(change.kind, change.items) for change in changes] == [
        ("removed", ("q1",)),
        ("added", ("consent",)),
    ]
    assert [change.what.partition("; ")[2] for change in changes] == [
        "it looks like a renaming to consent",
        "it looks like q1 under another name",
    ]


def test_a_condition_that_no_longer_holds_for_one_item_of_a_section_names_that_item() -> None:
    items = "".join(
        f"\n      - {{id: i{n}, type: verbatim, text: T.{'' if n == 2 else ', ask_if: q1 == 1'}}}"
        for n in (1, 2, 3)
    )
    section = f"  - id: part\n    type: section\n    items:{items}\n"
    old = SMALL.replace("CONDITION", "ask_if: q1 == 1") + section
    new = old.replace(", ask_if: q1 == 1}\n      ", "}\n      ").replace(
        "T., ask_if: q1 == 1}", "T.}"
    )
    new = new.replace("    type: section\n", "    type: section\n    ask_if: 1 == q1\n")
    (change,) = compare(old, new)
    assert (change.kind, change.items, change.affected) == ("route", ("part",), ("i2",))


def test_a_list_has_one_change_however_many_use_it() -> None:
    text = read("asu_2000.yaml")
    (change,) = compare(text, text.replace("3: Disagree\n", "3: Rather disagree\n"))
    assert (change.kind, change.code, len(change.items)) == ("recoded", 3, 14)
    assert change.places[0] == change.places[1] != None  # noqa: E711


def test_positions_lead_to_the_change_in_both_files() -> None:
    text = read("asu_2000.yaml")
    (change,) = compare(text, "# one line more\n" + text.replace("max: 500", "max: 400"))
    old, new = change.places
    assert old is not None
    assert new is not None
    assert (new.line - old.line, new.column) == (1, old.column)


def test_the_smallest_set_of_moved_items() -> None:
    assert find_moved("abcdef", "abcdef") == []
    assert find_moved("abcdef", "bcdefa") == ["a"]
    assert find_moved("abcdef", "acbdfe") in (["b", "e"], ["c", "e"], ["b", "f"], ["c", "f"])
    assert find_moved("abc", "xcya") in (["a"], ["c"])


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "household",
            "where: age >= 18",
            "where: age >= 16",
            "route: adult: with age = 17 it was not eligible and is",
        ),
        ("household", "where: age >= 18", "where: not (age < 18)", ""),
        (
            "household",
            "count: hh_size",
            "count: hh_size - 1",
            "route: person: it was repeated 'hh_size' times",
        ),
        ("household", "alone: hh_size == 1", "alone: 1 == hh_size", ""),
        (
            "household",
            "adults: count(person.age >= 18)",
            "adults: count(person.age >= 16)",
            "route: adults: it was calc",
        ),
        (
            "household",
            "spend: 1, invest",
            "spend: 2, invest",
            "route: wording: arms.spend was '1' and is '2'",
        ),
        (
            "household",
            "refused: 99999",
            "refused: 100000",
            "recoded: income: refused had code 99999 and has 100000",
        ),
        (
            "household",
            "income >= 200",
            "income >= 100",
            "text: income: the warning was 'income >= 200' and is",
        ),
        ("household", "        mentions: ordered\n", "", "narrowed: media: mentions is left out"),
        ("features/option_conditions", "\"'car' in owns\"", "\"not ('car' not in owns)\"", ""),
        (
            "features/option_conditions",
            "'car' in owns",
            "'bike' in owns",
            "route: best: code 1 was offered if",
        ),
        (
            "features/confirm_list",
            "How many pairs is it, then?",
            "How many?",
            "text: pairs: check 'pairs > 50': otherwise was",
        ),
        (
            "features/text_pattern",
            '"99999"',
            '"9999"',
            "narrowed: zip: its pattern was '99999' and is '9999'",
        ),
    ],
)
def test_calculations_draws_rosters_and_sources(
    name: str, old: str, new: str, expected: str
) -> None:
    text = read(f"{name}.yaml")
    assert old in text
    found = [
        f"{c.kind}: {', '.join(c.items)}: {c.what}" for c in compare(text, text.replace(old, new))
    ]
    kind, item, words = (expected or ": : ").split(": ", 2)
    assert len(found) == bool(expected), found
    assert all(line.startswith(f"{kind}: {item}: ") and words in line for line in found), found
