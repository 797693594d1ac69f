"""Problems of an instrument: all are reported in one run, each once, in plain words, at its place."""

import ast
import re
import time
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_reference import CHECKED_ALWAYS, RULE_GROUPS, RULES

from support.example_files import QUESTIONNAIRES
from support.mistake_tables import HEAD, Mistake, looked_at, mistakes, said
from support.source_trees import list_nodes
from survey_cli.instrument.checks.all_checks import CHECKS, check_instrument, get_rule
from survey_cli.instrument.source.load import InstrumentSource, load_source, load_source_text
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlNode, YamlScalar
from survey_cli.problems import Position, select_errors

ROOT = Path(__file__).parents[2]
INSTRUMENTS = [path for path in QUESTIONNAIRES if path.parent == ROOT / "instruments"]


@pytest.mark.parametrize("mistake", mistakes("mistakes.txt"), ids=lambda m: m.name)
def test_a_mistake_is_told_at_its_place(mistake: Mistake) -> None:
    assert said(mistake.written) == mistake.said


def test_a_key_where_words_alone_stand_is_not_suggested_again() -> None:
    [line] = said(HEAD + "  - {id: n, type: number, max: 90, text: N?, unit: {text: days}}\n")
    assert "write the text itself: only languages can be keys here" in line


# the rules


@cache
def named_rules() -> frozenset[str]:
    """Every rule that the source of the instrument package names."""
    makers = {
        "Problem", "ParseFailure", "Hint", "UnreadableFileError", "report_problem", "_make_problem",
        "report", "report_scalar", "give_up",
        "_report", "_report_unknown", "_report_fill", "warn", "_warn", "reject", "build_hint",
    }  # fmt: skip
    found = set()
    package = ROOT / "survey_cli"
    files = package / "services" / "questionnaire" / "questionnaire_files.py"
    length = package / "simulate" / "interviews" / "length.py"
    frames = package / "services" / "data" / "code_frames.py"
    for path in (
        *(package / "instrument").rglob("*.py"),
        *(package / "scenarios").rglob("*.py"),
        package / "revisions" / "edition_changes.py",
        files,
        frames,
        length,
    ):
        for node in list_nodes(path):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = (
                    node.func.id
                    if isinstance(node.func, ast.Name)
                    else getattr(node.func, "attr", "")
                )
                rule = node.args[0].value
                if (
                    called in makers
                    and isinstance(rule, str)
                    and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule)
                ):
                    found.add(rule)
    return frozenset(found)


def test_every_rule_is_explained() -> None:
    assert len(named_rules()) > 100, "the source was not read as it should be"
    assert named_rules() - CHECKED_ALWAYS == set()


def test_no_rule_is_explained_that_nobody_names() -> None:
    assert CHECKED_ALWAYS - named_rules() == set()


def test_every_module_of_checks_names_the_group_of_its_rules() -> None:
    assert [title for title in RULE_GROUPS if not 0 < len(title.split()) < 6] == []
    assert sum(len(rules) for rules in RULE_GROUPS.values()) == len(RULES)


def test_every_check_breaks_its_own_rule_in_the_table() -> None:
    told = {
        rule
        for m in (*mistakes("mistakes.txt"), *mistakes("mistakes_fieldwork.txt"))
        for line in m.said
        for rule in re.findall(r"\[([a-z-]+), \d+\]$", line)
    }
    # the first needs a PO file: tests/services/test_translations.py; the second: tests/fieldwork/test_quota_limits.py
    elsewhere = {"stale-translation", "study-target"}
    assert {get_rule(check) for check in CHECKS} - told == elsewhere


def test_an_explanation_says_something() -> None:
    assert [rule for rule, text in RULES.items() if len(text) < 40] == []


# whole files


@pytest.mark.parametrize("path", INSTRUMENTS, ids=lambda p: p.stem)
def test_a_good_instrument_has_no_errors(path: Path) -> None:
    found = check_instrument(load_source(path))
    assert select_errors(found.problems) == []
    assert found.instrument is not None


CORRECT = """\
instrument: correct
title: {en: Correct, es: Correcto}
languages: [en, es]
study: {sponsor: {en: Office of Statistics, es: Oficina de Estadística}}
scales:
  agree:
    1: {en: Agree, es: De acuerdo}
    2: {en: Disagree, es: En desacuerdo}
sample:
  unit: {role: key, label: {en: Unit, es: Unidad}}
  kind: {type: single, options: {1: {en: Sector, es: Sector norte}, 2: {en: District, es: Distrito}}}
compute:
  chief: {en: "'chief' if kind == 1 else 'director'", es: "'jefe' if kind == 1 else 'director'"}
items:
  - id: hello
    type: read
    text: {en: "I am {interviewer}, calling for the Office.", es: "Soy {interviewer}, de la Oficina."}
  - {id: m, type: battery, scale: agree, order: random, statements: {q1: {en: "One, {chief}?", es: "¿Uno, {chief}?"}}}
  - id: age
    type: number
    max: 120
    text: {en: How old are you?, es: ¿Cuántos años tiene?}
  - id: p
    type: roster
    count: age / 10
    max: 3
    items:
      - {id: name, type: text, declines: [], text: {en: Who?, es: ¿Quién?}}
      - {id: job, type: text, ask_if: q1 == 1, text: {en: "And {name}?", es: "¿Y {name}?"}}
  - {id: pick, type: draw, from: p, by: random}
  - {id: bye, type: end, unless: age >= 18, outcome: not_eligible, text: {en: Thank you., es: Gracias.}}
fieldwork:
  hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
  zone: America/New_York
  country: US
  delays: {busy: 20m}
  complete_from: age
  partial_from: {answered: 50%}
  scripts: {quota_full: {text: {en: Thank you. Goodbye., es: Gracias. Adiós.}}}
quotas:
  - {id: sectors, where: kind == 1, target: 14}
  - {id: kinds, by: [kind], targets: {1: 5, 2: 7}}
"""


def test_nothing_is_said_of_a_correct_instrument() -> None:
    assert said(CORRECT) == []
    assert looked_at(CORRECT).instrument is not None


def test_ten_mistakes_in_one_file_are_told_at_once() -> None:
    text = HEAD + (
        "  - {id: a, type: single, options: {1: Often, 2: Often}, text: Do you?}\n"
        "  - {id: b, type: number, min: 9, max: 1, text: How many?}\n"
        "  - {id: c, type: txt, text: Why?}\n"
        "  - {id: d, type: text, ask_if: f == 'x', text: Why?}\n"
        "  - {id: e, type: text, txet: Why?}\n"
        '  - {id: f, type: text, text: "Say\\u200b it"}\n'
        "  - {id: g, type: single, options: yn, text: Do you?}\n"
        "  - {id: h, type: end, outcome: refusal_hrad, ask_if: a == 7}\n"
        "  - {id: today, type: text, text: Why?}\n"
        "  - {id: A, type: text, text: Why?}\n"
        "fieldwork: {zone: Europe/Madird}\n"
    )
    rules = {p.rule for p in looked_at(text).problems}
    assert rules >= {
        "duplicate-label", "empty-range", "unknown-type", "later", "unknown-key", "invisible", "unknown-list",
        "unknown-outcome", "unknown-code", "reserved-id", "duplicate-id", "unknown-zone",
    }  # fmt: skip
    assert looked_at(text).instrument is None


def test_a_warning_leaves_the_instrument_to_be_used() -> None:
    found = looked_at(
        "instrument: t\ntitle: T\nstudy: {sponsor: Acme}\nitems:\n  - {id: q, type: text, text: Why?}\n"
    )
    assert [p.severity for p in found.problems] == ["warning"]
    assert found.instrument is not None


def test_two_files_with_one_id_are_both_told() -> None:
    module = b"items:\n  - {id: hi, type: text, text: Why?}\n"
    source = load_source_text(HEAD + "  - include: m.yaml\n", "f.yaml", fetch=lambda name: module)
    places = [
        (p.where.file, p.where.line)
        for p in check_instrument(source).problems
        if p.rule == "duplicate-id"
    ]
    assert places == [("f.yaml", 4), ("m.yaml", 2)]


# any file


TREE = load_source_text(CORRECT, "f.yaml").tree
assert TREE is not None


def nodes(node: YamlNode) -> list[YamlNode]:
    found = [node]
    for value in (
        node.values()
        if isinstance(node, YamlMapping)
        else node
        if isinstance(node, YamlList)
        else ()
    ):
        found += nodes(value)
    return found


def changed(node: YamlNode, dice: Random, share: float, others: list[YamlNode]) -> Any:
    """A copy in which a share of the nodes is left out, doubled, or replaced by others of the same file."""
    if isinstance(node, YamlScalar):
        return dice.choice(others) if dice.random() < share else node
    if isinstance(node, YamlList):
        listed = YamlList(node.where)
        for value in node:
            for _ in range(dice.choice((0, 2)) if dice.random() < share else 1):
                listed.append(changed(value, dice, share, others))
        return listed
    mapped = YamlMapping(node.where)
    for key, value in node.items():
        if dice.random() >= share / 2:
            odd = dice.choice(others) if dice.random() < share / 4 else key
            mapped[odd if isinstance(odd, YamlScalar) else key] = changed(
                value, dice, share, others
            )
    return dice.choice(others) if dice.random() < share / 2 else mapped


@settings(max_examples=2 * settings().max_examples)
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.01, 0.05, 0.2]))
def test_any_tree_is_checked_and_nothing_is_raised(seed: int, share: float) -> None:
    assert TREE is not None
    others = nodes(TREE) + [
        YamlScalar(text, Position("f.yaml", 1, 1), plain=True)
        for text in ("", "-1", "é", "{x}", "\u202e")
    ]
    tree = changed(TREE, Random(seed), share, others)
    if not isinstance(tree, YamlMapping):
        return
    started = time.perf_counter()
    found = check_instrument(
        InstrumentSource(tree=tree, problems=(), texts={"f.yaml": ""}, digest="")
    )
    assert time.perf_counter() - started < 5
    assert all(p.rule in RULES and p.what for p in found.problems)
    assert (found.instrument is None) == bool(select_errors(found.problems)) or found.draft is None


@pytest.mark.time_limit
def test_the_time_grows_with_the_file() -> None:
    def took(items: int) -> float:
        text = HEAD + "".join(
            f"  - {{id: q{n}, type: single, options: {{1: 'Yes', 2: 'No'}}, ask_if: q{n - 1} == 1, text: 'Is {n}?'}}\n"
            if n
            else "  - {id: q0, type: single, options: {1: 'Yes', 2: 'No'}, text: Is it?}\n"
            for n in range(items)
        )
        source = load_source_text(text, "f.yaml")
        best = 9.0
        for _ in range(3):
            started = time.perf_counter()
            assert select_errors(check_instrument(source).problems) == []
            best = min(best, time.perf_counter() - started)
        return best

    assert took(2000) < 25 * took(200), "ten times the items took more than 25 times as long"


def test_the_remedy_for_options_that_say_what_a_decline_says_leaves_nothing_to_say() -> None:
    item = "  - {{id: a, type: single, text: Is it?, options: {{1: 'Yes', 2: 'No'{}}}{}}}\n"
    (line,) = said(HEAD + item.format(", 8: Don't know, 9: Refused", ""))
    edit = re.search(r"write (declines: \{.*?\})", line)
    assert edit is not None
    assert said(HEAD + item.format("", f", {edit[1]}")) == []
