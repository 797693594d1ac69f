"""`survey check` on what a newer edition of the language changes, and `--upgrade`."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from support.command_line import folder, run_survey, written  # noqa: F401
from support.editions import accept_edition
from survey_cli.instrument.source.load import load_source

ITEMS = """\
items:
  - {id: income, type: number, text: Income?, max: 99999}
  - {id: child, type: single, text: "Child?", options: {1: 'Yes', 2: 'No'}, ask_if: bracket == 2}
  - {id: hours, type: number, text: "Hours?", min: 0, max: "10 if child == 1 else 20"}
"""
HEAD = """\
# about the study
instrument: study   # its name
title: Study
version: "3"  # of May
compute:
  bracket: 1 if income < 10000 else 2
"""
CHANGES = (
    "study.yaml:7:12: info: bracket: after don't know or refused at income, bracket is 2, and missing"
    " in edition 2 — to keep the meaning, write 1 if answered(income) and income < 10000 else 2",
    "study.yaml:10:85: info: child: after don't know or refused at income, child is asked, and not in"
    " edition 2 — this follows from bracket",
    "study.yaml:11:60: info: hours: after don't know or refused at child or if it is not asked, max of"
    " hours is 20, and missing in edition 2 — to keep the meaning, write"
    " 10 if answered(child) and child == 1 else 20",
)


def list_notices(text: str) -> list[str]:
    written("study.yaml", text)
    out, _ = run_survey(Path(), "check", "study.yaml", "--format", "json")
    rows = json.loads(out)
    return [row["what"] for row in rows if row["rule"] == "newer-edition"]


def test_check_says_in_one_notice_what_a_newer_edition_would_change(edition_2: None) -> None:
    [notice] = list_notices(HEAD + ITEMS)
    assert notice.startswith(
        "in edition 2 of the language, 3 conditions and calculations mean something else: "
        "bracket (line 6), child (line 9) and hours (line 10)"
    )
    assert list_notices(HEAD.replace('version: "3"', "edition: 2\nversion: '3'") + ITEMS) == []


@pytest.mark.parametrize(
    "bracket",
    [
        # no choice at all; a test that is always known; the same value either way
        "income * 2",
        "1 if answered(income) and income < 10000 else 2",
        "2 if count(income < 10000) == 1 else 1",
        "{when: [[income < 10000, 1]], else: 2}",
        # no answer of it is ever missing
        "1 if sure == 1 else 2",
    ],
)
def test_nothing_is_said_if_nothing_would_differ(edition_2: None, bracket: str) -> None:
    sure = '  - {id: sure, type: single, text: "Sure?", options: {1: A, 2: B}, declines: []}\n'
    text = f"instrument: a\ntitle: T\ncompute:\n  bracket: {bracket}\nitems:\n{sure}"
    text += "  - {id: income, type: number, text: Income?, max: 99999}\n"
    assert list_notices(text) == []


def test_an_upgrade_names_the_codes_of_declines_that_differ() -> None:
    text = """\
instrument: codes
title: Codes
defaults: {declines: by_width}
items:
  - {id: sex, type: single, text: Sex?, declines: [refused], options: {1: Male, 2: Female}}
  - {id: age, type: single, text: Age?, options: {1: Under 60, 2: 60 or over}}
"""
    written("codes.yaml", text)
    out, said = run_survey(Path(), "check", "--upgrade", "codes.yaml")
    assert out.splitlines() == [
        "codes.yaml:6:51: info: sex: declines: in edition 2, refused has the code 9 — to keep the "
        "codes, write declines: {refused: -9}"
    ]
    assert "codes of declines differ, as listed" in said


def test_without_a_newer_edition_there_is_no_notice() -> None:
    with accept_edition(1):
        assert list_notices(HEAD + ITEMS) == []


def test_upgrade_writes_one_line_and_names_every_difference(
    edition_2: None,
) -> None:
    file = written("study.yaml", HEAD + ITEMS)
    file.chmod(0o640)
    out, err = run_survey(Path(), "check", "--upgrade", "study.yaml")
    infos = [line for line in out.splitlines() if ": info: " in line]
    assert infos == list(CHANGES)
    assert "it is now in edition 2 of the language; 3 conditions and calculations mean" in err

    before = HEAD.splitlines()
    assert file.read_text().splitlines() == [
        *before[:4], "edition: 2", *before[4:], *ITEMS.splitlines(),
    ]  # fmt: skip
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in Path().iterdir()] == ["study.yaml"]

    _, err = run_survey(Path(), "check", "--upgrade", "study.yaml")
    assert "already; there is no newer one" in err


def test_what_upgrade_advises_keeps_every_meaning(edition_2: None) -> None:
    text = HEAD + ITEMS
    text = text.replace("1 if income", "1 if answered(income) and income")
    text = text.replace("10 if child", "10 if answered(child) and child")
    written("study.yaml", text)
    _, err = run_survey(Path(), "check", "--upgrade", "study.yaml")
    assert "it is now in edition 2 of the language, and means the same" in err


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("edition: 1 # the first\ninstrument: a\n", "edition: 2 # the first\ninstrument: a\n"),
        ("\ufeffinstrument: a\r\nversion: 1.1\r\n", "\ufeffinstrument: a\r\nversion: 1.1\r\nedition: 2\r\n"),
        ("version:\n  '1'\ninstrument: a\n", "version:\n  '1'\ninstrument: a\nedition: 2\n"),
    ],
)  # fmt: skip
def test_the_rest_of_the_file_stays_byte_for_byte(
    edition_2: None,
    before: str,
    after: str,
) -> None:
    rest = "title: T\nitems: [{id: q, type: read, text: Hello}]\n"
    Path("a.yaml").write_bytes((before + rest).encode())
    run_survey(Path(), "check", "--upgrade", "a.yaml")
    assert Path("a.yaml").read_bytes() == (after + rest).encode()


def test_a_mapping_in_braces_gets_the_key_too(edition_2: None) -> None:
    text = "{instrument: a, title: T, items: [{id: q, type: read, text: Hello}]}\n"
    file = written("a.yaml", text)
    run_survey(Path(), "check", "--upgrade", "a.yaml")
    assert file.read_text() == text.replace("{instrument", "{edition: 2, instrument")
    tree = load_source("a.yaml").tree
    assert tree is not None
    assert tree["edition"] == "2"


def test_a_file_with_errors_is_left_alone(edition_2: None) -> None:
    text = HEAD + ITEMS.replace("bracket == 2", "brcket == 2")
    file = written("study.yaml", text)
    run_survey(Path(), "check", "--upgrade", "study.yaml", code=1)
    assert file.read_text() == text


def test_the_analysis_file_and_quotas_are_read_too(edition_2: None) -> None:
    quotas = "quotas: [{id: rich, where: (1 if income < 10000 else 2) == 2, target: 5}]\n"
    written("study.yaml", HEAD.replace("1 if income < 10000 else 2", "income * 2") + ITEMS + quotas)
    written("study.analysis.yaml", "variables:\n  poor: {value: 1 if income < 5 else 2}\n")
    out, _ = run_survey(Path(), "check", "--upgrade", "study.yaml")
    assert "study.analysis.yaml:2:" in out
    assert "where of rich is true, and missing in edition 2" in out


def test_variables_of_the_analysis_follow_from_those_before_them(edition_2: None) -> None:
    names = [f"v{number}" for number in range(1, 9)]
    variables = ["variables:", "  v1: {value: 1 if income < 5 else 2}"]
    for before, name in pairwise(names):
        variables.append(f"  {name}: {{value: {before} + 1}}")
    written("study.yaml", HEAD + ITEMS)
    written("study.analysis.yaml", "\n".join(variables) + "\n")
    out, _ = run_survey(Path(), "check", "--upgrade", "study.yaml")
    listed = [number for number in range(2, 10) if f"study.analysis.yaml:{number}:" in out]
    assert listed == list(range(2, 10))


def test_variables_made_of_bands_or_codes_are_compared_as_well(edition_2: None) -> None:
    variables = [
        "variables:",
        "  coded: {recode: {of: bracket, values: {1: [1], 2: [2]}}}",
        "  banded: {bands: {of: income, values: {low: 0..9999, high: 10000..}}}",
    ]
    written("study.yaml", HEAD + ITEMS)
    written("study.analysis.yaml", "\n".join(variables) + "\n")
    out, _ = run_survey(Path(), "check", "--upgrade", "study.yaml")
    infos = [line for line in out.splitlines() if line.startswith("study.analysis.yaml:")]
    assert infos == [
        "study.analysis.yaml:2:3: info: coded: after don't know or refused at income, coded is 2,"
        " and missing in edition 2 — this follows from bracket"
    ]


SCENARIOS = """\
scenarios:
- name: Poor
  answers: {income: 5, hours: 3}
- name: Refused
  answers: {income: .refused, child: 1, hours: 3}
- name: Refused, with the first answers
  others: first
  answers: {income: .refused}
"""


def test_scenarios_are_run_in_both_editions(edition_2: None) -> None:
    written("study.yaml", HEAD + ITEMS)
    written("study.scenarios.yaml", SCENARIOS)
    out, _ = run_survey(Path(), "check", "--upgrade", "study.yaml")
    remedy = " — change the scenario, or keep the meaning of the conditions that are listed"
    assert [line for line in out.splitlines() if line.startswith("study.scenarios.yaml:")] == [
        "study.scenarios.yaml:4:3: info: Refused: in edition 2, it fails: child has an answer and"
        " is not asked: ask_if at study.yaml:10:85 is unknown because bracket = .refused" + remedy,
        "study.scenarios.yaml:6:3: info: Refused, with the first answers: in edition 2, child is"
        " not reached" + remedy,
    ]  # fmt: skip


def test_scenarios_are_not_compared_if_they_have_errors(edition_2: None) -> None:
    written("study.yaml", HEAD + ITEMS)
    written("study.scenarios.yaml", SCENARIOS.replace("income: 5", "incme: 5"))
    out, _ = run_survey(Path(), "check", "--upgrade", "study.yaml")
    assert (
        "study.scenarios.yaml: info: the scenarios have 1 error, so they were not compared" in out
    )


OPINION = """\
instrument: a
title: T
compute:
  good: 1 if q > 3 else 2
  more: q + 1
  rest: default(q, 0) + 1
items:
  - {id: q, type: scale, text: Good?, options: {1: Bad, 4: Good, 9: {text: No opinion, missing: true}}}
  - {id: why, type: text, text: Why?, ask_if: q > 3}
  - {id: none, type: text, text: Why?, ask_if: q == 9}
  - {id: times, type: number, text: How often?, max: q}
"""


def test_a_code_without_an_amount_is_named_with_what_keeps_its_meaning(edition_2: None) -> None:
    written("a.yaml", OPINION)
    out, _ = run_survey(Path(), "check", "--upgrade", "a.yaml")
    infos = [line for line in out.splitlines() if "in edition 2" in line]
    assert [line.partition("info: ")[2] for line in infos] == [
        "good: with q = 9 (No opinion), good is 1, and missing in edition 2"
        " (also after don't know or refused at q)"
        " — to keep the meaning, write 1 if answered(q) and keyed(q) > 3 else 2",
        "more: with q = 9 (No opinion), more is 10, and missing in edition 2"
        " — to keep the meaning, write keyed(q) + 1",
        "rest: with q = 9 (No opinion), rest is 10, and missing in edition 2"
        " — to keep the meaning, write default(keyed(q), 0) + 1",
        "why: with q = 9 (No opinion), why is asked, and not in edition 2"
        " — to keep the meaning, write keyed(q) > 3",
        "times: with q = 9 (No opinion), max of times is 9, and missing in edition 2"
        " — to keep the meaning, write keyed(q)",
    ]
