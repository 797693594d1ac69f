"""A national sample by party: what is shown of small columns, for known units and anonymous ones."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="pip install 'survey-cli[report]'")

from support.command_line import run_survey
from survey_cli.reports.results.report_model import Results
from survey_cli.services.report.publish import load_codebook
from survey_cli.services.report.results_report import ReportOptions, build_results_report

QUESTIONNAIRE = """
instrument: nation
title: National survey
version: "1"
study: {population: Adults, size: 258000000}
scales:
  trust:
    1: A great deal
    2: A fair amount
    3: Not very much
    4: None at all
    5: {text: No opinion, missing: true, read: false}
sample:
  id: {type: text, role: key}
items:
  - id: party
    type: single
    text: Which party do you feel close to?
    label: Party
    read: true
    options:
      1: Republican
      2: Democrat
      3: Independent
      4: {text: Other party, read: false}
      5: {text: No preference, read: false}
  - id: congress
    type: scale
    text: How much do you trust Congress?
    scale: trust
    nets: {Trust: [1, 2], No trust: [3, 4]}
  - {id: approve, type: single, text: Do you approve?, options: {1: Approve, 2: Disapprove}}
  - id: why
    type: single
    text: Why do you disapprove?
    ask_if: approve == 2
    options: {1: Economy, 2: Character, 3: War}
"""
SHARES = """
party: {1: 0.385, 2: 0.395, 3: 0.199, 4: 0.005, 5: 0.016}
congress: {1: 5%, 2: 30%, 3: 40%, 4: 23%, 5: 2%}
"""
BY_PARTY = ReportOptions(origin="simulated", by=("party",))


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,001 invented adults, some 40 of them with answers about their party that are not read."""
    folder = tmp_path_factory.mktemp("nation")
    file = folder / "nation.yaml"
    file.write_text(QUESTIONNAIRE, encoding="utf-8")
    answers = "".join(f"  {line}\n" for line in SHARES.splitlines())
    settings = f"answers:\n{answers}respondents: {{decline: 1%}}\n"
    (folder / "shares.yaml").write_text(settings, encoding="utf-8")
    run_survey(
        folder,
        "simulate",
        "nation.yaml",
        "-n",
        "2001",
        "--seed",
        "4",
        "--settings",
        "shares.yaml",
        "--keep",
    )
    return file


def declare(file: Path, line: str) -> Path:
    """Write the same questionnaire with another declaration of its units."""
    text = QUESTIONNAIRE.replace("size: 258000000", line)
    file.write_text(text, encoding="utf-8")
    return file


def list_without_columns(report: Results) -> list[str]:
    """List the items that are not shown by party; the party itself is not."""
    return [item.id for item in report.items if not item.has_columns and item.id != "party"]


def test_small_columns_are_merged_and_the_rest_is_shown(nation: Path) -> None:
    declare(nation, "size: 258000000")
    report = build_results_report(nation, BY_PARTY)
    labels = [column.label for column in report.columns]
    assert labels == ["All", "Republican", "Democrat", "Independent", "Other party/No preference"]
    assert list_without_columns(report) == ["why"], "which 19 of the last column were asked"
    assert any("Party: Other party, No preference" in note for note in report.notes)
    large = [figure for item in report.items for row in item.rows for figure in row.figures[1:3]]
    assert sum(not figure.hidden for figure in large) > len(large) / 2


def test_the_advice_of_a_report_can_be_followed(nation: Path) -> None:
    declare(nation, "size: 258000000")
    written = run_survey(
        nation.parent, "report", "nation.yaml", "--origin", "simulated", "--by", "party",
        "-o", "r.html", "--force",
    )  # fmt: skip
    said = " ".join("".join(written).split())
    assert "write study: {units: anonymous} in the questionnaire" in said
    declare(nation, "size: 258000000, units: anonymous")
    followed = build_results_report(nation, BY_PARTY)
    assert followed.advice == ()
    for item in followed.items:
        for column, base in enumerate(item.bases):
            is_small = base.asked is None
            assert all(row.figures[column].hidden == is_small for row in item.rows)


def test_a_survey_of_all_units_is_not_advised_to_be_anonymous(nation: Path) -> None:
    declare(nation, "size: 2001")
    report = build_results_report(nation, BY_PARTY)
    assert not any("anonymous" in text for text in report.advice)


def test_of_an_anonymous_sample_only_small_groups_are_hidden(nation: Path) -> None:
    declare(nation, "size: 258000000, units: anonymous")
    report = build_results_report(nation, BY_PARTY)
    assert [column.label for column in report.columns][-2:] == ["Other party", "No preference"]
    assert list_without_columns(report) == []
    counts = [figure.amount for item in report.items for row in item.rows for figure in row.figures]
    assert any(amount is not None and 0 < amount < 5 for amount in counts), "of a large group"

    strict = build_results_report(nation, replace(BY_PARTY, threshold=20))
    columns = [column.label for column in strict.columns]
    assert "Other party" not in columns, "11 people"
    assert any("Other party" in note for note in strict.notes)
    bases = [base.asked for item in strict.items for base in item.bases]
    assert all(base is None or base == 0 or base >= 20 for base in bases)
    assert not any("[c]" in code.count_text for code in load_all_codes(nation))


def load_all_codes(file: Path) -> list[object]:
    book = load_codebook(file, ReportOptions(origin="simulated"))
    return [code for variable in book.variables for code in (*variable.codes, *variable.missing)]


def test_a_sample_of_most_units_is_not_anonymous(nation: Path) -> None:
    """2,001 of 3,000: colleagues know who was interviewed."""
    declare(nation, "size: 3000, units: anonymous")
    declared = build_results_report(nation, BY_PARTY)
    declare(nation, "size: 3000, units: known")
    known = build_results_report(nation, BY_PARTY)
    assert declared.hidden_count == known.hidden_count > 0
    assert any("more than a tenth of the population" in text for text in declared.advice)


def test_reports_of_a_part_are_not_to_be_published_with_the_whole(nation: Path) -> None:
    declare(nation, "size: 258000000")
    part = build_results_report(nation, replace(BY_PARTY, by=(), where="party == 1"))
    assert any("subtract one from the other" in text for text in part.advice)
    whole = build_results_report(nation, replace(BY_PARTY, by=()))
    assert not whole.advice
