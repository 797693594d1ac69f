"""`survey explain`: every word of the language, also when it is mistyped."""

import re

import pytest
from language_reference import (
    FILL_MEANINGS,
    FUNCTION_MEANINGS,
    describe_key,
    iterate_models,
    list_entries,
    read_docstring,
)
from rule_reference import RULES

from survey_cli.cli.run_command import run_command
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
from survey_cli.instrument.texts.templates import BUILT_IN_FILLS
from survey_cli.outcomes import OUTCOMES
from survey_cli.services.questionnaire.word_lookup import explain_word, list_vocabulary


def test_the_vocabulary_is_the_language() -> None:
    known = list_vocabulary()
    assert known["item type"] == list(ITEM_TYPES)
    assert known["function"] == list(FUNCTIONS)
    assert known["outcome"] == list(OUTCOMES)
    assert set(RULES) == set(known["problem"])
    assert {field.alias or name for name, field in Document.model_fields.items()} < set(
        known["key"]
    )
    for model in ITEM_TYPES.values():
        assert {field.alias or name for name, field in model.model_fields.items()} <= set(
            known["key"]
        )


def test_every_word_says_something() -> None:
    assert [entry.word for entry in list_entries() if len(entry.meaning) < 5] == []
    assert [
        e.word
        for e in list_entries()
        if e.kind == "key" and e.word not in ("type", "include") and not e.accepts
    ] == []
    assert not [
        key for e in list_entries() for key in e.keys if not key.meaning or key.accepts == "a value"
    ]


def test_every_key_says_what_applies_if_it_is_left_out() -> None:
    silent = [
        f"{part}: {key.name}"
        for part, model in iterate_models()
        for key in (describe_key(model, name) for name in model.model_fields if name != "type")
        if not (key.required or key.default or "left out" in read_docstring(model))
    ]
    assert silent == []


def test_functions_and_fills_have_a_meaning_each() -> None:
    assert FUNCTION_MEANINGS.keys() == FUNCTIONS.keys()
    assert set(BUILT_IN_FILLS) <= FILL_MEANINGS.keys()


def test_a_word_with_several_meanings_has_them_all() -> None:
    meanings = explain_word("max")
    assert {(m.kind, m.within) for m in meanings} >= {
        ("function", ()),
        ("key", ("number", "answer")),
        ("key", ("multiple",)),
        ("key", ("roster",)),
    }


@pytest.mark.parametrize(
    "written", ["ask_if", "`ask_if`", "ask_if:", "ASK_IF", "years_between()", "{daypart}"]
)
def test_a_word_is_found_as_it_is_written(written: str) -> None:
    explain_word(written)


@pytest.mark.parametrize(
    ("asked", "first", "kinds"),
    [
        ("slider", "slider — a word of other programs; here it is scale", ["scale"]),
        ("jump", "jump — a word of other programs; here it is ask_if", ["ask_if"]),
        ("randomize", "randomize — a word of other programs; here it is split", ["split", "order"]),
        ("held", "held — another word for in progress", ["in progress"]),
        ("display logic", "display logic — another word for condition", ["condition", "ask_if"]),
        (
            "branching logic",
            "branching logic — another word for condition",
            ["condition", "ask_if"],
        ),
        ("loop & merge", "loop & merge — another word for roster", ["roster"]),
        (
            "carry forward",
            "carry forward — a word of other programs; here it is options",
            ["options"],
        ),
        ("scale", "scale — an item type", ["scale"]),
    ],
)
def test_a_word_that_is_not_ours_is_said_to_be_another(
    asked: str, first: str, kinds: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["explain", asked]) == 0
    assert capsys.readouterr().out.startswith(f"{first}\n")
    assert list(dict.fromkeys(entry.word for entry in explain_word(asked))) == kinds


def test_a_word_of_the_language_is_never_taken_for_one_of_another_program() -> None:
    """`text` is a type here, and a key elsewhere: what it is here counts."""
    for words in list_vocabulary().values():
        for word in words:
            entries = explain_word(word)
            assert [entry for entry in entries if not entry.instead_of], word
            assert not any(entry.is_foreign for entry in entries), word


def test_a_mistyped_word_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "unles"]) == 1
    assert (
        capsys.readouterr().err
        == "explain: 'unles' is not in the vocabulary — did you mean 'unless'?\n"
    )


def test_a_key_says_where_it_stands_and_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "unless"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("unless — a key of any item ")
    assert "asked if it is false *or unknown*" in out
    assert "Takes a condition." in out


def test_an_item_type_lists_its_own_keys_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "multiple"]) == 0
    own, _, shared = " ".join(capsys.readouterr().out.split()).partition(
        "It also has the keys of every question:"
    )
    assert "mentions: ordered" in own
    assert "min: a whole number The fewest answers. If left out: `1`." in own
    assert "options: options, the name of a list, or from: ITEM, required" in own
    assert "probe" in shared
    assert "probe" not in own


def test_an_example_keeps_its_indentation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "no-option"]) == 0
    assert (
        "\n      options:\n        1: {text: By car, ask_if: car == 1}\n" in capsys.readouterr().out
    )


def test_an_outcome_tells_whether_it_is_final(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "refusal_hard"]) == 0
    assert "final; AAPOR 2.112" in " ".join(capsys.readouterr().out.split())


def test_a_problem_shows_its_examples_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "duplicate-id"]) == 0
    assert "      - {id: q1, …}     → id: q2\n" in capsys.readouterr().out


def test_examples_of_problems_are_indented() -> None:
    """Otherwise their lines would be joined as those of a sentence are."""
    example = re.compile(r"^(- \{|[a-z_]+: )", re.MULTILINE)
    assert [rule for rule, explanation in RULES.items() if example.search(explanation)] == []


def test_without_a_word_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain"]) == 0
    listed = capsys.readouterr().out.replace(",", "").split()
    assert {"single", "ask_if", "years_between", "refusal_soft", "daypart"} <= set(listed)
