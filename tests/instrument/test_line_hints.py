"""Hints from the lines of a broken file: mistakes are found where they are, and none where there are none."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.example_files import INSTRUMENTS, QUESTIONNAIRES
from survey_cli.instrument.source.hints.hint import find_owner
from survey_cli.instrument.source.hints.line_hints import find_line_hints
from survey_cli.instrument.source.load import load_source, load_source_text
from survey_cli.wording import shorten


def slips(text: str) -> list[tuple[str, int, int]]:
    return [(s.rule, s.line, s.column) for s in find_line_hints(text.split("\n"))]


SOUND = """\
# yaml-language-server: $schema=./instrument.schema.json
instrument: asu_2000            # names the default database
title: Survey of Anti-Smuggling Units
version: "1"
languages: [en, es]
study: {sponsor: Office of the Inspector General, callback_number: 202 555 0100}
declines:
  dk: {code: -8, text: Don't know, key: d}
scales:
  agreement:
    1: Strongly agree
    5: {text: No opinion, missing: true, read: false}   # volunteered: shown, not read
compute:
  chief: "'sector chief' if kind == 1 else 'district director'"
faq: {Who is paying for this?: The Office., "What: is it?": 'It''s a survey.'}
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer}: hello."}
  - id: consent
    type: single
    text: May I ask you some questions? It takes 10 minutes, at 12:30 or so; see http://example.org/a:b.
    options: {1: "Yes", 2: "No"}
    declines: []
  - id: m
    text: >-
      Now: a folded text [IF NECESSARY] with {fills}
      and - dashes: all of it text.

      and this # is no comment
    instruction: |
      Read:\t"slowly
    probe: a plain text that goes on
      on the next line, and
      on the one after
    help: "a quoted text that goes on: here

      and here: too"
    checks:
    - {expect: hours <= 168,
       say: A week has 168 hours.}
    statements:
      q2: The mission of your ASU has been clearly defined.
      'q3': "Yes"  # quoted
    nets: {Agree: [1, 2],
      Disagree: [3, 4]}
  - - a list in a list
    - -8
  - -9
"""


def test_a_sound_file_has_no_slips() -> None:
    assert load_source_text(SOUND).problems == ()
    assert slips(SOUND) == []


EXAMPLES = [*QUESTIONNAIRES, *(INSTRUMENTS / "modules").glob("*.yaml")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_instruments_have_no_slips(path: Path) -> None:
    source = load_source(path)
    assert source.problems == ()
    assert [slip for text in source.texts.values() for slip in slips(text)] == []


def test_every_slip_of_a_file_is_found_in_one_run() -> None:
    text = """\
items:
  - text: Now: how old?
  - text: [IF NECESSARY] Thank you
  - text: {name} is here
  - {ask_if: q in [3, 4], text: x}
  - {text: Hello {name}}
  - text: 'it's'
  - text: "Hello" she said
  - text: *read slowly*
  - text: %age
  -text
  - text: fine
\tid: a
\ttype: read
  - type:single
  - text: | Hello
  - items: - a
  - text: "open
  - text: [open
  - [a b: c, d] e
"""
    assert slips(text) == [
        ("colon", 2, 14), ("bracket-at-start", 3, 11), ("fill-at-start", 4, 11),
        ("brackets-in-braces", 5, 19),
        ("brackets-in-braces", 6, 18), ("apostrophe", 7, 14), ("after-quote", 8, 18), ("alias", 9, 11),
        ("reserved-start", 10, 11), ("dash", 11, 3), ("colon-space", 15, 5), ("block-text", 16, 11),
        ("dash", 17, 12),
        ("unclosed", 18, 11), ("unclosed", 19, 11), ("bracket-at-start", 20, 5), ("tab", 13, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [
    ("a: {b: 'it's', c: d}", [("apostrophe", 1, 11)]),
    ('a: {b: "x" c: d}', [("after-quote", 1, 11)]),
    ("a: [[1, 2], [3, 4]", [("unclosed", 1, 4)]),
    ("a: [1, 2}", [("unclosed", 1, 4)]),
    ("a: [1, 2]]", [("unopened", 1, 10)]),
    ("a: [1,\n  2\nb: 3", [("unclosed", 1, 4)]),
    ("a: [1,\n  2,\n  {x: y}]\nb: 3", []),
    ("a: [[1] 2]", [("comma", 1, 9)]),
    ("a: {b: c\n  d: e}", [("comma", 2, 3)]),
    ("a: {b: c\n  d e}", []),
    ("a: b\n  c: d", [("indentation", 2, 3)]),
    ("a: 'x\n  y'\nb: c: d", [("colon", 3, 5)]),
    ("a: |\n  x: y: z\nb: c: d", [("colon", 3, 5)]),
    ("- a: |2-  # how\n    x: y: z\n- b: c: d", [("colon", 3, 7)]),
    ("a: b # c: d", []),
    ("? a", []),
])  # fmt: skip
def test_values_over_one_line_or_more(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert slips(text) == expected


def test_many_lines_with_tabs_are_one_slip() -> None:
    (slip,) = find_line_hints(["a:", "\tb: c", "\td: e", "\t\tf: g", "\t", "\t# note"])
    assert (slip.line, slip.what) == (2, "line 2 is indented with a tab (and so are 2 more lines)")


def test_a_slip_above_the_error_is_believed_only_where_it_can_hide_until_there() -> None:
    """Line 2 looks like a slip, but the parser passed over it: it belongs to the key in line 1."""
    source = load_source_text("? a\n: b\nd: e: f\n")
    assert [(p.rule, p.where.line) for p in source.problems] == [("colon", 3)]


def test_the_owner_is_the_item_a_line_stands_in() -> None:
    lines = [
        "title: x",
        "scales:",
        "  agreement:",
        "    1: a",
        "items:",
        "  - id: q1",
        "    text: a",
        "  - {id: q2}",
    ]
    assert [find_owner(lines, at) for at in range(1, 9)] == [
        "",
        "",
        "scales",
        "scales",
        "",
        "q1",
        "q1",
        "q2",
    ]


def test_a_long_text_is_shortened_to_one_line() -> None:
    assert shorten("a\n  b") == "a b"
    assert len(shorten("word " * 50)) == 48


PLAIN = st.from_regex(r"[A-Za-z][A-Za-z ,.?'()-]{0,30}[a-z]", fullmatch=True).filter(
    lambda t: "- " not in t
)


KEYS = st.from_regex(r"[a-z]{2,8}", fullmatch=True)
TREES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(KEYS, inner, min_size=1, max_size=4)
    ),
    max_leaves=20,
)


@given(TREES, st.booleans(), st.sampled_from([30, 80, 10_000]))
def test_what_a_parser_passes_is_no_slip(tree: object, flow: bool, width: int) -> None:
    text = yaml.safe_dump({"top": tree}, default_flow_style=flow, width=width, sort_keys=False)
    assert slips(text) == []


@given(st.lists(st.text(alphabet="ab:-[]{}\"'#*|, \t", max_size=20), max_size=12))
def test_slips_stand_within_the_text_and_each_line_is_looked_at_once(lines: list[str]) -> None:
    for slip in find_line_hints(lines):
        assert 1 <= slip.line <= len(lines)
        assert 1 <= slip.column <= len(lines[slip.line - 1]) + 1
        assert slip.remedy
