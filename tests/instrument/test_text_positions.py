"""The position of a problem within a text: line and column of the character, however the text was written."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.mistake_tables import HEAD, looked_at
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.instrument.source.nodes import YamlScalar

MARK = "Ω"
STYLES = [None, "'", '"', "|", ">"]


@given(
    st.text(alphabet="ab '\"\\:#{}\n\t\u00a0é", max_size=40),
    st.text(alphabet="ab '\"\\:#{}\n\t\u00a0é", max_size=40),
    st.sampled_from(STYLES),
    st.sampled_from([10, 30, 200]),
    st.booleans(),
)
def test_any_letter_of_any_scalar_is_found_where_it_stands(
    before: str, after: str, style: str | None, width: int, flow: bool
) -> None:
    tree = {"first": [{"text": before + MARK + after, "next": "x"}]}
    text = yaml.safe_dump(
        tree,
        default_style=style,
        width=width,
        allow_unicode=True,
        default_flow_style=flow,
        sort_keys=False,
    )
    source = load_source_text(text, "f.yaml")
    assert source.tree is not None, text
    node = source.tree["first"][0]["text"]  # type: ignore[index,call-overload]
    assert isinstance(node, YamlScalar)
    where = node.find_position(node.index(MARK))
    assert text.split("\n")[where.line - 1][where.column - 1] == MARK, text


PLACES = {
    "a literal block": ("text: |\n      Hello,\n\n      you {foo}.", "{foo}"),
    "an indented literal block": ("text: |2\n        Hello,\n      you {foo}.", "{foo}"),
    "a folded block": ("text: >-  # folded\n      Hello,\n      you {foo}.", "{foo}"),
    "a plain text over two lines": ("text: Hello\n      you {foo}.", "{foo}"),
    "a quoted text over two lines": ('text: "Hello\n\n      you {foo}."', "{foo}"),
    "after doubled quotes": ("text: 'it''s {foo}'", "{foo}"),
    "after codes": (r'text: "\u00e9 \" \x41 \n {foo}"', "{foo}"),
    "after a line that is joined": ('text: "Hel\\\n      lo {foo}"', "{foo}"),
    "a folded condition": ("text: Why?\n    ask_if: >-\n      hi2 == 1 and\n      foo == 2", "foo"),
    "a condition in quotes": ("text: Why?\n    ask_if: 'hi2 == 1 and foo == ''a'''", "foo"),
    "a condition over two lines": ("text: Why?\n    ask_if: hi2 == 1\n      and foo == 2", "foo"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_problem_stands_at_the_word_it_is_about(name: str) -> None:
    written, word = PLACES[name]
    head = HEAD + "  - {id: hi2, type: single, options: {1: A, 2: B}, text: Well?}\n"
    text = f"{head}  - id: q\n    type: text\n    {written}\n"
    (found,) = [p for p in looked_at(text).problems if "'foo'" in p.what]
    line = text.split("\n")[found.where.line - 1]
    assert line[found.where.column - 1 :].startswith(word)


def test_a_statement_within_the_batterys_text_keeps_its_places() -> None:
    text = (
        HEAD
        + """\
  - id: b
    type: battery
    options: {1: A, 2: B}
    text: "How {bar} is {statement}, {baz}?"
    statements: {s1: "the {foo} of it", s2: 'a''s {foo}'}
"""
    )
    problems = looked_at(text).problems
    assert len(problems) == 4, "what the battery's own text fills in is said once"
    for found in problems:
        word = next(w for w in ("{foo}", "{bar}", "{baz}") if w in found.what)
        assert text.split("\n")[found.where.line - 1][found.where.column - 1 :].startswith(word)


def test_a_problem_in_a_module_with_a_prefix_stands_where_it_was_written() -> None:
    module = (
        "items:\n"
        "  - {id: n, type: number, text: How many?}\n"
        '  - {id: q, type: text, ask_if: "n > 1 and n2 == 1", text: "{n|x} {n|y} {foo}?"}\n'
    )
    source = load_source_text(
        HEAD + "  - {include: m.yaml, prefix: b_}\n", "f.yaml", fetch={"m.yaml": module}.__getitem__
    )
    places = {
        (p.where.file, module.split("\n")[p.where.line - 1][p.where.column - 1 :][:5])
        for p in check_instrument(source).problems
    }
    assert places == {("m.yaml", "n2 =="), ("m.yaml", "{foo}")}
