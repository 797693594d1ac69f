"""The glossary: every term is found by the program's word and by each word of the trade, and what it names exists."""

import json
import re
from collections import Counter
from typing import Any

import glossary
import pytest
import typer.main

from survey_cli.cli.app import build_app
from survey_cli.cli.command_table import SYNONYMS
from survey_cli.cli.run_command import run_command
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.figures import FIGURES
from survey_cli.services.questionnaire import word_lookup
from survey_cli.services.questionnaire.word_lookup import (
    ReferenceEntry,
    explain_word,
    read_vocabulary,
)
from survey_cli.table import table as table_module
from tests.support.pages import list_anchors

TERMS = glossary.read_terms()
VOCABULARY = read_vocabulary()
COLUMNS = table_module.__file__.replace("table.py", "columns.json")
PAGE = glossary.DOCS / "reference" / "glossary.md"

ASKED_FOR = {
    "disposition": "outcome",
    "call result": "outcome",
    "AAPOR code": "outcome",
    "DK/REF": "decline",
    "item nonresponse": "decline",
    "piping": "fill",
    "text substitution": "fill",
    "live and test data": "origin",
    "checked out": "claim",
    "locked": "claim",
    "sampling frame": "sample frame",
    "coding frame": "code frame",
    "dashboard": "board",
    "productivity report": "board",
    "verification": "review",
    "back-check": "review",
    "interviewer monitoring": "interviewer monitoring",
    "silent monitoring": "watch",
    "held": "in progress",
    "taken": "counted",
    "split ballot": "split",
    "random selection within household": "draw",
    "interviewer change": "reassign",
    "respondent's record": "lookup",
    "hard appointment": "appointment",
    "soft callback": "callback",
    "crosstab": "cross-tabulation",
    "tab plan": "banner",
    "top-2 box": "net",
    "read-back": "confirm",
    "signal": "soft check",
    "hard edit": "check",
    "GDPR storage limitation": "retention",
    "right to erasure": "erase",
    "records of processing": "access log",
    "CATI": "CATI",
    "RDD": "random-digit frame",
    "AAPOR": "AAPOR",
    "RR1": "response rate",
    "CON": "contact rate",
    "COOP": "cooperation rate",
    "REF": "refusal rate",
    "PSU": "primary sampling unit",
    "DK": "decline",
    "NA": "not asked",
    "SPSS": "SPSS",
    "randomization": "split",
    "random order": "order",
    "multiple response": "multiple",
    "pilot": "pretest",
    "pretest": "pretest",
    "raked": "raking",
    "interview length": "length",
    "LOI": "length",
    "incidence": "eligibility",
    "aided": "aided awareness",
    "spontaneous": "unaided awareness",
    "yaml": "questionnaire",
    "int": "number",
    "lint": "check",
    "tutorials": "demo",
    "NC": "non-contact",
    "seed": "seed",
    "Without a case": "time without a case",
    "outcomes": "outcome",
    "significance test": "significance test",
    "2.112": "refusal_hard",
    "-8": "decline",
    "−8": "decline",
    "-6": "not asked",
    "−7": "not reached",
    "standard error": "standard error",
    "confidence interval": "confidence interval",
    "completion rate": "completion rate",
    "validation": "review",
    "monitoring": "interviewer monitoring",
}
"""Words that people of the trade look up first, and the program's word for each."""


@pytest.fixture(autouse=True)
def vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the vocabulary once: a thousand words are looked up here."""
    monkeypatch.setattr(word_lookup, "read_vocabulary", lambda: VOCABULARY)


def find_entries(asked: str) -> tuple[ReferenceEntry, ...]:
    """Return all meanings that `survey explain` shows; none if it doesn't know the word."""
    try:
        return explain_word(asked)
    except UserError:
        return ()


def find_words(asked: str) -> list[str]:
    """List the words of all meanings that `survey explain` shows."""
    return [entry.word for entry in find_entries(asked)]


def list_spellings(asked: str) -> set[str]:
    """List how people write a word of the trade."""
    spellings = {
        asked,
        asked.upper(),
        asked.replace("-", " "),
        asked.replace("-", ""),
        asked.replace(" ", "-"),
    }
    if asked[-1].lower() not in "sxhy":
        spellings.add(f"{asked}s")
    return spellings


def test_a_word_of_the_trade_leads_to_ours() -> None:
    lost = []
    for asked, ours in ASKED_FOR.items():
        if ours not in find_words(asked):
            lost.append(f"{asked} doesn't lead to {ours}")
    assert lost == []


def test_every_word_of_the_trade_is_found_in_every_spelling() -> None:
    lost = []
    for term in TERMS:
        for asked in term.trade:
            for spelling in sorted(list_spellings(asked)):
                found = find_words(spelling)
                if term.word not in found:
                    lost.append(f"{spelling} doesn't lead to {term.word}")
    assert lost == []


def test_a_term_says_what_it_means_and_where_to_go_on() -> None:
    faults = []
    for term in TERMS:
        entries = [entry for entry in find_entries(term.word) if entry.trade == term.trade]
        if not entries:
            faults.append(f"{term.word}: not explained with its words of the trade")
            continue

        entry = entries[0]
        if entry.word != term.word:
            faults.append(f"{term.word}: explained as {entry.word}")
        if not entry.meaning.endswith((".", "?", "`")):
            faults.append(f"{term.word}: the meaning is no sentence: {entry.meaning}")
        if not entry.trade:
            faults.append(f"{term.word}: no word of the trade")
        leads_on = entry.commands or entry.page or entry.columns
        if entry.kind == "term" and not leads_on:
            faults.append(f"{term.word}: nowhere to go on")
    assert faults == []


def test_the_commands_of_a_term_exist() -> None:
    program: Any = typer.main.get_command(build_app())
    faults = []
    for term in TERMS:
        for line in term.commands:
            name, *words = line.split()
            if name != "survey":
                faults.append(f"{term.word}: {line}: no command of survey")

            command = program
            while words and hasattr(command, "commands") and words[0] in command.commands:
                command = command.commands[words.pop(0)]
            if words and hasattr(command, "commands"):
                faults.append(f"{term.word}: {line}: no such command")

            known: set[str] = set()
            for parameter in command.params:
                known.update(parameter.opts, parameter.secondary_opts)
            options = {word for word in words if word.startswith("-")}
            if options - known:
                faults.append(f"{term.word}: {line}: no such option")
    assert faults == []


def test_the_columns_of_a_term_are_exported() -> None:
    with open(COLUMNS, encoding="utf-8") as file:
        exports = {
            what: {column for _, column, _ in columns} for what, columns in json.load(file).items()
        }
    exports["interviews"] = {
        "interview_status",
        "interview_outcome",
        "interview_origin",
        "interview_review",
    }
    faults = []
    for term in TERMS:
        for column, what in term.columns:
            if column not in exports.get(what, ()):
                faults.append(f"{term.word}: {what} has no column {column}")
    assert faults == []


def test_disposition_names_the_columns_of_both_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "disposition"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("disposition — another word for outcome outcome — a term ")
    assert "case_code" in out
    assert "interview_code" in out
    assert "Commands: survey rates, " in out
    assert "Read on: survey explain explanation/aapor, “Outcomes and their codes”." in out


@pytest.mark.parametrize(
    ("mistyped", "nearest"),
    [
        ("dispostion", "disposition"),
        ("pipping", "piping"),
        ("dashbord", "dashboard"),
        ("coperation rate", "cooperation rate"),
        ("calback", "callback"),
    ],
)
def test_a_mistyped_term_gets_the_nearest(mistyped: str, nearest: str) -> None:
    with pytest.raises(UserError, match=f"did you mean '{nearest}'"):
        explain_word(mistyped)


@pytest.mark.parametrize(
    "unknown",
    [
        "pilote study of ours",
        "heteroscedasticity",
        "intercept",
        "parka",
        "toast",
        "XY",
        "9.99",
        "-77",
    ],
)
def test_a_word_that_is_no_misspelling_gets_no_other_word(unknown: str) -> None:
    with pytest.raises(
        UserError, match="is not in the vocabulary — `survey explain` lists every word"
    ):
        explain_word(unknown)


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("standard error", "margin of error"),
        ("confidence interval", "margin of error"),
        ("completion rate", "response rate"),
    ],
)
def test_a_figure_is_not_taken_for_another(asked: str, wrong: str) -> None:
    assert wrong not in [entry.word for entry in explain_word(asked)]


def test_a_code_is_looked_up_without_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "-8"]) == 0
    assert capsys.readouterr().out.startswith("decline — a term\n")


def test_a_word_of_tables_comes_before_the_key_of_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(["explain", "outcomes"]) == 0
    assert capsys.readouterr().out.startswith("outcome — a term\n")


@pytest.mark.parametrize("written", ["sample import", "survey sample import"])
def test_a_command_says_what_it_does(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", *written.split()]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("sample import — a command Import the cases of a file")
    assert out.endswith("Commands: survey sample import --help.")


def test_a_synonym_of_a_command_is_explained() -> None:
    unexplained = []
    for synonym, lines in SYNONYMS.items():
        commands = {line.partition(" FILE")[0].split()[0] for line in lines}
        entries = find_entries(synonym)
        shown = {command.split()[1] for entry in entries for command in entry.commands}
        if not shown & commands:
            unexplained.append(f"{synonym}: of {commands}, shown are {shown}")
    assert unexplained == []


def test_a_part_of_several_terms_names_them() -> None:
    with pytest.raises(UserError, match="'appointment', 'check', 'quota' or 'refusal_hard'"):
        explain_word("hard")


def test_a_term_of_several_words_needs_no_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "code", "frame"]) == 0
    assert capsys.readouterr().out.startswith("code frame — a term\n")


def test_a_meaning_is_written_once() -> None:
    """A figure, an outcome or an item type has its meaning from the program, also in the glossary."""
    figures = {figure.name for figure in FIGURES}
    assert not figures & {term.word for term in TERMS if term.meaning}
    page = PAGE.read_text(encoding="utf-8")
    for figure in FIGURES:
        assert f"\n### {figure.name}\n" in page
        assert figure.definition in page


def test_the_page_has_an_anchor_for_every_word() -> None:
    anchors = list_anchors(PAGE)
    words = {term.word for term in TERMS} | {word for term in TERMS for word in term.trade}
    assert {glossary.slugify(word) for word in words} <= anchors


def test_no_anchor_of_the_page_is_there_twice() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = [glossary.slugify(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    counts = Counter(headings + re.findall(r'id="([^"]+)"', text))
    assert [anchor for anchor, count in counts.items() if count > 1] == []


def test_all_words_are_listed_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    listed = " ".join(line.strip() for line in lines)
    for entry in VOCABULARY:
        if entry.kind not in ("command", "problem"):  # `--help` and `explain problems` list these
            assert entry.word in listed
    assert any("code frame," in line for line in lines), "a term is not broken into two lines"

    problems = [entry for entry in VOCABULARY if entry.kind == "problem"]
    assert f"{len(problems)} problems" in listed
    assert run_command(["explain", "problems"]) == 0
    described = capsys.readouterr().out
    assert [entry.word for entry in problems if entry.word not in described] == []


@pytest.mark.parametrize(
    ("word", "explained"), [("by_width", "7 and 9"), ("SAS", "DBMS=SAV"), ("sas7bdat", "DBMS=SAV")]
)
def test_words_of_official_questionnaires_are_explained(word: str, explained: str) -> None:
    [entry] = explain_word(word)
    assert explained in entry.meaning
