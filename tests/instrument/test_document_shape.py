"""Files that do not have the shape of an instrument: every mistake is reported once, at its place, and hides no
other.
"""

import pytest

from support.mistake_tables import HEAD, Mistake, looked_at, mistakes, said
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import select_errors


@pytest.mark.parametrize("mistake", mistakes("shapes.txt"), ids=lambda m: m.name)
def test_a_slip_is_told_at_its_place(mistake: Mistake) -> None:
    assert said(mistake.written) == mistake.said


def test_broken_items_do_not_hide_one_another() -> None:
    broken = [
        "txet: Why?",
        "text: ''",
        "text: Why?, personal: maybe",
        "text: [a]",
        "text: Why?, by: []",
    ]
    text = HEAD + "".join(
        f"  - {{id: q{n}, type: text, {slip}}}\n" for n, slip in enumerate(broken)
    )
    assert {p.where.line for p in looked_at(text).problems} == set(range(5, 10))


def test_what_refers_to_a_broken_item_is_not_blamed() -> None:
    text = HEAD + (
        "  - {id: a, type: sinlge, text: Do you?}\n"
        '  - {id: b, type: text, ask_if: a == 1 and answered(a), text: "Why {a|so}?"}\n'
    )
    assert [p.rule for p in looked_at(text).problems] == ["unknown-type"]


def test_a_mistyped_key_is_looked_at_as_it_was_meant() -> None:
    text = HEAD + "  - {id: a, type: number, mxa: 5, min: 9, text: How many?}\n"
    assert [p.rule for p in looked_at(text).problems] == ["unknown-key", "empty-range"]


def test_the_tree_that_was_read_is_left_as_it_is() -> None:
    source = load_source_text(HEAD + "  - {id: a, type: text, txet: Why?}\n", "f.yaml")
    assert source.tree is not None
    first = validate_file(source.tree, Document)[1]
    assert validate_file(source.tree, Document)[1] == first != []


def test_the_rest_is_looked_at_where_the_title_is_missing() -> None:
    text = "instrument: t\nitems:\n  - {id: a, type: txt, text: Why?}\n  - {id: b, type: text, text: ''}\n"
    rules = [p.rule for p in select_errors(looked_at(text).problems)]
    assert rules == ["missing-key", "unknown-type", "empty-text"]


def test_options_in_their_short_form_are_what_the_model_would_make_of_them() -> None:
    """A list of numbers and texts alone takes a shorter way; one long option among them sends it the usual one."""
    short, usual = (
        looked_at(
            f"{HEAD}  - {{id: a, type: single, options: {{1: Yes, 2: 'null', -3: 03, {last}}}, text: Do?}}\n"
        )
        for last in ("4: Ni", "4: {text: Ni}")
    )
    assert short.draft is not None
    assert usual.draft is not None
    one, other = (list(draft.symbols["a"].options.items()) for draft in (short.draft, usual.draft))
    assert one[:3] == other[:3]
    assert [code for code, _ in one] == [1, 2, -3, 4]
    assert one[0][1].model_fields_set == other[0][1].model_fields_set
    assert (
        looked_at(
            f"{HEAD}  - {{id: a, type: single, options: {{1: Yes, 2: ~}}, text: Do?}}\n"
        ).instrument
        is None
    )


def test_only_names_that_can_be_used_there_are_suggested() -> None:
    text = (
        HEAD_OF_SUGGESTIONS
        + "  - {id: purpose, type: number, text: 'A {purpos}', ask_if: purpos == 1}\n"
        "  - {id: third, type: number, text: B, ask_if: latr == 1}\n"
        "  - {id: later, type: number, text: C, ask_if: purpos == 1, checks: [{expect: latr > 4, say: x}]}\n"
    )
    suggested = [
        (p.who, "did you mean" in p.remedy)
        for p in looked_at(text).problems
        if p.severity == "error"
    ]
    assert suggested == [
        ("purpose", False),
        ("purpose", False),
        ("third", False),
        ("later", True),
        ("later", True),
    ]


def test_a_list_is_a_single_or_a_multiple() -> None:
    (problem,) = looked_at(HEAD_OF_SUGGESTIONS + "  - {id: x, type: list, text: A}\n").problems
    assert problem.remedy == "write `single` for one answer, or `multiple` for several"


HEAD_OF_SUGGESTIONS = "instrument: t\ntitle: T\nstudy: {sponsor: Acme}\nitems:\n"
