"""Included modules: items in place, names with a prefix, positions of their own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey_cli.instrument.source.load import InstrumentSource, load_source_text
from survey_cli.instrument.source.modules import Renaming
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlScalar
from survey_cli.problems import Position


def included(top: str, /, **files: str) -> InstrumentSource:
    """`top` read with the modules at hand: `m` is the file `m.yaml`, `sub__n` the file `sub/n.yaml`."""
    texts = {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
    return load_source_text(top, "top.yaml", fetch=texts.__getitem__)


def said(source: InstrumentSource) -> list[tuple[str, str]]:
    return [(p.rule, str(p.where)) for p in source.problems]


def test_items_come_in_place_and_scales_and_computes_join_those_of_the_top_file() -> None:
    source = included(
        "scales: {s: {1: A}}\nitems:\n  - {id: a}\n  - {include: m.yaml}\n  - {id: z}\n",
        m="scales: {t: {1: B}}\ncompute: {c: b + 1}\nitems: [{id: b}, {id: d}]",
    )
    assert source.tree == {
        "scales": {"s": {"1": "A"}, "t": {"1": "B"}},
        "compute": {"c": "b + 1"},
        "items": [{"id": "a"}, {"id": "b"}, {"id": "d"}, {"id": "z"}],
    }
    assert source.problems == ()


def test_an_include_may_stand_in_a_section_and_in_a_module() -> None:
    source = included(
        "items:\n  - id: s\n    items:\n      - id: r\n        items: [{include: sub/m.yaml}]\n",
        sub__m="items: [{id: a}, {include: n.yaml}]",
        sub__n="items: [{id: b}]",
    )
    assert source.tree == {
        "items": [{"id": "s", "items": [{"id": "r", "items": [{"id": "a"}, {"id": "b"}]}]}]
    }
    assert list(source.texts) == ["top.yaml", "sub/m.yaml", "sub/n.yaml"]


def test_an_include_elsewhere_than_in_items_is_left_for_the_shape_to_be_judged() -> None:
    source = included("include: m.yaml\noptions: [{include: m.yaml}]\n", m="items: []")
    assert source.tree == {"include": "m.yaml", "options": [{"include": "m.yaml"}]}
    assert list(source.texts) == ["top.yaml"]


MODULE = """\
scales:
  likes: {1: A lot, 2: {text: "Not {age}", ask_if: age > 2}}
compute:
  older: age + 1 if name != 'age' else kind
  greeting: {en: "'age' + name", es: name}
items:
  - {id: age, text: "How old is {name}, {kind}?", checks: [{expect: age < 120, say: "{age} is much."}]}
  - {id: name, ask_if: 'age in [1, 2] and answered(age)', text: "{age:,.0f} {name|age} {{age}} age"}
  - id: grid
    type: battery
    scale: likes
    statements: {tv: Television, radio: {text: "Radio, {age}", ask_if: tv == 1}}
  - {id: other, type: single, options: kinds, confirm: {if: tv == 1 and other.age > 1, text: "{tv}"}}
  - {id: people, type: roster, each: other, count: older, until: Another age?, items: [{id: who, type: text}]}
  - {id: pick, type: draw, from: people, where: who != "who", using: who}
  - {id: opts, type: single, options: {age: The age, tv: "{tv}"}, nets: {age: [age]}, prefill: tv}
"""

RENAMED: dict[str, Any] = {
    "scales": {"b_likes": {"1": "A lot", "2": {"text": "Not {b_age}", "ask_if": "b_age > 2"}}},
    "compute": {
        "b_older": "b_age + 1 if b_name != 'age' else kind",
        "b_greeting": {"en": "'age' + b_name", "es": "b_name"},
    },
    "items": [
        {"id": "b_age", "text": "How old is {b_name}, {kind}?",
         "checks": [{"expect": "b_age < 120", "say": "{b_age} is much."}]},
        {"id": "b_name", "ask_if": "b_age in [1, 2] and answered(b_age)",
         "text": "{b_age:,.0f} {b_name|age} {{age}} age"},
        {"id": "b_grid", "type": "battery", "scale": "b_likes",
         "statements": {"b_tv": "Television", "b_radio": {"text": "Radio, {b_age}", "ask_if": "b_tv == 1"}}},
        {"id": "b_other", "type": "single", "options": "kinds",
         "confirm": {"if": "b_tv == 1 and b_other.b_age > 1", "text": "{b_tv}"}},
        {"id": "b_people", "type": "roster", "each": "b_other", "count": "b_older", "until": "Another age?",
         "items": [{"id": "b_who", "type": "text"}]},
        {"id": "b_pick", "type": "draw", "from": "b_people", "where": 'b_who != "who"', "using": "b_who"},
        {"id": "b_opts", "type": "single", "options": {"age": "The age", "tv": "{b_tv}"},
         "nets": {"age": ["age"]}, "prefill": "b_tv"},
    ],
}  # fmt: skip


def test_a_prefix_renames_what_the_module_defines_and_every_reference_to_it() -> None:
    source = included("items: [{include: m.yaml, prefix: b_}]", m=MODULE)
    assert source.problems == ()
    assert source.tree == RENAMED


def test_the_same_module_twice_with_different_prefixes_stands_twice() -> None:
    source = included("items: [{include: m.yaml}, {include: m.yaml, prefix: b_}]", m=MODULE)
    assert source.problems == ()
    plain = load_source_text(MODULE).tree
    assert source.tree is not None
    assert plain is not None
    items = plain["items"]
    assert isinstance(items, YamlList)
    assert source.tree["items"] == [*items, *RENAMED["items"]]


def test_a_list_and_an_item_of_one_name_are_two_things() -> None:
    module = "items: [{id: sex, type: single, options: sex}]"
    source = included("scales: {sex: {1: F}}\nitems: [{include: m.yaml, prefix: b_}]", m=module)
    assert source.tree == {
        "scales": {"sex": {"1": "F"}},
        "items": [{"id": "b_sex", "type": "single", "options": "sex"}],
    }


def test_prefixes_add_up_from_the_inside() -> None:
    source = included(
        "items: [{include: m.yaml, prefix: a_}]",
        m="items: [{id: x}, {include: n.yaml, prefix: b_}, {id: z, ask_if: b_y == x}]",
        n="items: [{id: y, ask_if: x == y}]",
    )
    assert source.tree == {
        "items": [
            {"id": "a_x"},
            {"id": "a_b_y", "ask_if": "a_x == a_b_y"},
            {"id": "a_z", "ask_if": "a_b_y == a_x"},
        ]
    }


def test_places_point_into_the_modules_own_file() -> None:
    source = included(
        "items:\n  - {include: m.yaml, prefix: b_}\n",
        m="items:\n  - {id: q, text: '{q}', ask_if: q == 1}\n",
    )
    assert source.tree is not None
    items = source.tree["items"]
    assert isinstance(items, YamlList)
    (item,) = items
    assert isinstance(item, YamlMapping)
    assert item.where == Position("m.yaml", 2, 5)
    nodes = {str(k): v for k, v in item.items()}
    assert all(isinstance(node, YamlScalar) for node in nodes.values())
    assert [str(node.where) for node in nodes.values()] == [
        "m.yaml:2:10",
        "m.yaml:2:19",
        "m.yaml:2:34",
    ]
    assert [node.plain for node in nodes.values() if isinstance(node, YamlScalar)] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(("top", "expected"), [
    ("items: [{include: ../m.yaml}]", [("include-path", "top.yaml:1:19")]),
    ("items: [{include: sub/../../m.yaml}]", [("include-path", "top.yaml:1:19")]),
    ("items: [{include: /etc/m.yaml}]", [("include-path", "top.yaml:1:19")]),
    ("items: [{include: 'C:\\m.yaml'}]", [("include-path", "top.yaml:1:19")]),
    ("items: [{include: ''}]", [("include-path", "top.yaml:1:19")]),
    ("items: [{include: none.yaml}]", [("no-file", "top.yaml:1:19")]),
    ("items: [{include: [m.yaml]}]", [("include", "top.yaml:1:9")]),
    ("items: [{include: m.yaml, prefix: 1b}]", [("include", "top.yaml:1:35")]),
    ("items: [{include: m.yaml, ask_if: x == 1}]", [("include", "top.yaml:1:27")]),
    ("items: [{include: m.yaml}, {include: ./m.yaml}]", [("include-twice", "top.yaml:1:38")]),
    ("items: [{include: m.yaml, prefix: b},\n {include: m.yaml, prefix: b}]", [("include-twice", "top.yaml:2:12")]),
    ("items: [{include: k.yaml}]", [("module-key", "k.yaml:1:1"), ("module-key", "k.yaml:2:8")]),
    ("items: [{include: e.yaml}]", [("empty-file", "e.yaml")]),
    ("items: [{include: top.yaml}]", [("include-loop", "top.yaml:1:19")]),
])  # fmt: skip
def test_what_cannot_be_included_is_said_at_its_place(
    top: str, expected: list[tuple[str, str]]
) -> None:
    source = included(top, m="items: [{id: a}]", k="itmes: []\nitems: {a: b}", e="", top=top)
    assert said(source) == expected
    assert all(p.remedy for p in source.problems)


def test_a_loop_is_printed_whole() -> None:
    source = included(
        "items: [{include: a.yaml}]",
        a="items: [{include: b.yaml}]",
        b="items: [{id: x}, {include: a.yaml}]",
    )
    (problem,) = source.problems
    assert str(problem.where) == "b.yaml:1:28"
    assert "a.yaml → b.yaml → a.yaml" in problem.what
    assert source.tree == {"items": [{"id": "x"}]}


def test_a_name_given_twice_is_said_at_both_places() -> None:
    source = included(
        "scales:\n  s: {1: A}\ncompute:\n  c: '1'\nitems: [{include: m.yaml}]",
        m="compute:\n  c: '2'\nscales:\n  s: {1: B}\n",
    )
    assert said(source) == [
        ("clash", "m.yaml:2:3"), ("clash", "m.yaml:4:3"),
        ("clash", "top.yaml:2:3"), ("clash", "top.yaml:4:3"),
    ]  # fmt: skip
    assert "top.yaml:4:3" in source.problems[0].what
    assert source.tree is not None
    assert source.tree["compute"] == {"c": "1"}


def test_modules_that_double_each_other_are_stopped() -> None:
    """Sixteen files that each include the next one twice would stand for 65,536 copies."""
    files = {
        f"m{n}": f"items: [{{include: m{n + 1}.yaml, prefix: a}}, {{include: m{n + 1}.yaml, prefix: b}}]"
        for n in range(16)
    }
    source = included("items: [{include: m0.yaml}]", m16="items: [{id: x}]", **files)
    assert {"include"} == {p.rule for p in source.problems}


def test_modules_grow_to_a_million_values_at_most() -> None:
    large = "items:\n" + "- {id: a, type: b}\n" * 2000
    top = "items:\n" + "".join(f"- {{include: m.yaml, prefix: p{n}_}}\n" for n in range(999))
    assert {p.rule for p in included(top, m=large).problems} == {"too-many-values"}


def at_hand(text: str) -> YamlScalar:
    return YamlScalar(text, Position("m.yaml", 1, 1))


NAMES = st.sampled_from(["q", "age", "tv", "q2", "x_age", "age_x"])


@given(
    st.lists(
        st.tuples(NAMES, st.sampled_from([" == ", " + ", "(", ", ", ") in [", ".", " and "])),
        min_size=1,
    )
)
def test_renaming_an_expression_changes_whole_names_only(parts: list[tuple[str, str]]) -> None:
    renaming = Renaming("b_", frozenset({"q", "age"}), frozenset())
    text = "".join(name + sign for name, sign in parts)
    expected = "".join(
        ("b_" + name if name in ("q", "age") else name) + sign for name, sign in parts
    )
    assert renaming.rename_in_expression(at_hand(text)) == expected
    assert renaming.rename_in_expression(at_hand(f"'{text}'")) == f"'{text}'"
    assert renaming.rename_in_expression(at_hand(f'"{text}" + q')) == f'"{text}" + b_q'


@given(st.text(max_size=60))
def test_renaming_nothing_changes_nothing(text: str) -> None:
    renaming = Renaming("b_", frozenset(), frozenset())
    assert (
        renaming.rename_in_expression(at_hand(text)),
        renaming.rename_in_text(at_hand(text)),
    ) == (
        text,
        text,
    )


def test_a_prefix_renames_the_source_of_options() -> None:
    source = included(
        "items: [{include: m.yaml, prefix: b_}]",
        m="items: [{id: p}, {id: n}, {id: q, options: {from: p, label: n, where: n > 1}}, "
        "{id: r, options: {'from': n}}]",
    )
    assert source.tree is not None
    items: Any = source.tree["items"]
    assert [item.get("options") for item in items[2:]] == [
        {"from": "b_p", "label": "b_n", "where": "b_n > 1"},
        {"from": "n"},
    ]


# named texts, and the texts of an include


def test_a_named_text_is_inserted_in_each_language_and_its_letters_keep_their_place() -> None:
    source = load_source_text(
        "languages: [en, es]\n"
        "texts:\n"
        "  who: {en: your son, es: su hijo}\n"
        "  home: the house\n"
        "  all: '{home} of {who}'\n"
        "items:\n"
        "  - {id: a, text: {en: 'How is {who}?', es: '{who:title}?'}, ask_if: who == 1}\n"
        "  - {id: b, text: 'See {all|x} and {{who}}', probe: '{ home }'}\n",
        "top.yaml",
    )
    assert source.problems == ()
    assert source.tree is not None
    first, second = source.tree["items"]  # type: ignore[misc]
    assert first == {
        "id": "a",
        "text": {"en": "How is your son?", "es": "Su hijo?"},
        "ask_if": "who == 1",
    }
    assert second == {
        "id": "b",
        "text": {
            "en": "See the house of your son and {{who}}",
            "es": "See the house of su hijo and {{who}}",
        },
        "probe": "the house",
    }
    words = first["text"]["en"]  # type: ignore[index, call-overload]
    assert isinstance(words, YamlScalar)
    places = [words.find_position(words.index(part)) for part in ("How", "your", "son", "?")]
    assert [(p.line, p.column) for p in places] == [(7, 25), (3, 13), (3, 18), (7, 37)]


def test_a_text_that_is_not_used_is_reported() -> None:
    source = load_source_text(
        "texts: {who: you, whom: me}\nitems: [{id: a, text: 'For {who}'}]\n", "top.yaml"
    )
    assert said(source) == [("unused-text", "top.yaml:1:19")]


def test_an_include_gives_a_module_its_texts_and_the_names_in_them_take_no_prefix() -> None:
    source = included(
        "texts: {job: work}\n"
        "items:\n"
        "  - {id: name}\n"
        "  - {include: m.yaml, prefix: b_, with: {who: '{name} at {job}'}}\n"
        "  - {include: m.yaml, with: {who: you}}\n",
        m="scales: {s: {1: '{who}'}}\n"
        "items: [{id: name, text: '{who} and {name}'}, {include: n.yaml, with: {x: '{who}'}}]",
        n="items: [{id: deep, text: '{x}!'}]",
    )
    assert source.problems == ()
    assert source.tree is not None
    assert source.tree["items"] == [
        {"id": "name"},
        {"id": "b_name", "text": "{name} at work and {b_name}"},
        {"id": "b_deep", "text": "{name} at work!"},
        {"id": "name", "text": "you and {name}"},
        {"id": "deep", "text": "you!"},
    ]
    assert source.tree["scales"] == {"b_s": {"1": "{name} at work"}, "s": {"1": "you"}}


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ("{include: m.yaml, with: {whom: you}}", "top.yaml:1:34"),
        ("{include: m.yaml, with: you}", "top.yaml:1:33"),
        ("{include: m.yaml, wiht: {who: you}}", "top.yaml:1:27"),
    ],
)
def test_texts_that_an_include_can_not_give(entry: str, where: str) -> None:
    assert said(included(f"items: [{entry}]", m="items: [{id: a, text: '{who}'}]")) == [
        ("include", where)
    ]
