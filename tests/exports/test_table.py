"""Tables: their columns and cells, and how versions of an instrument become one table."""

from collections.abc import Iterable

import pytest

from support.scenario import Scenario, instrument, scenario
from survey_cli.engine.codec import EventDecodeError, encode_cells
from survey_cli.table.columns import build_columns, build_row
from survey_cli.table.table import join_row, make_cell_reader, split_row
from survey_cli.table.versions import CombinedTable, VersionRows, combine_versions
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Cell, Missing, Variable

PRIVATE = """
sample:
  nm: {type: text, role: name}
  area: {type: text}
compute:
  c: nm
  e: "p if answered(p) else 'x'"
  far: e == 'x'
  adults: count(person.age >= 18)
  fine: length(area)
items:
  - {id: p, type: text, text: Your name, personal: true}
  - {id: dob, type: date, text: Born, personal: true}
  - {id: who, type: multiple, text: Who, personal: true, order: random,
     options: {1: Me, 2: {text: Another, specify: true}}}
  - {id: kids, type: number, text: Children, max: 3, personal: true}
  - {id: person, type: roster, max: 2, count: kids, items: [{id: age, type: number, text: Age, personal: true}]}
  - {id: lk, type: lookup, sample: nm}
  - {id: open, type: lookup, sample: area}
  - {id: own, type: single, text: Own, options: {1: "Yes", 2: "No"}}
"""


def row(now: Scenario) -> dict[str, Cell]:
    made = now.interview
    return dict(zip([v.name for v in build_columns(made.instrument)], build_row(made), strict=True))


def variables(text: str, language: str = "") -> dict[str, Variable]:
    return {v.name: v for v in build_columns(instrument(text), language)}


# a battery


def test_a_statement_that_ends_a_question_is_labelled_with_its_battery() -> None:
    long = "everybody else who has anything to do with the people that you work with every day"
    found = variables(f"""
items:
  - id: k
    type: battery
    text: {{en: "How do you work with {{statement}}?", es: "¿Cómo trabaja con {{statement}}?"}}
    label: {{en: Coordination, es: Coordinación}}
    options: {{1: {{en: Well, es: Bien}}, 2: {{en: Badly, es: Mal}}}}
    statements:
      one: {{en: "INS", es: "el INS"}}
      two: {{text: {{en: police, es: la policía}}, label: {{en: Police, es: Policía}}}}
      three: {{en: {long}, es: {long}}}
  - {{id: m, type: battery, label: Mission, options: {{1: "Yes", 2: "No"}}, statements: {{whole: It is clear.}}}}
""", "es")  # fmt: skip
    assert found["one"].label == "Coordinación: el INS"
    assert found["two"].label == "Policía", "its own label is the variable's"
    assert found["three"].label == long, "no program would keep the whole"
    assert found["whole"].label == "It is clear.", "it is a sentence"


# personal


def test_what_is_read_from_something_personal_is_personal_too() -> None:
    private = {name for name, variable in variables(PRIVATE).items() if variable.personal}
    assert private == {
        "nm", "p", "p_state", "dob", "dob_state", "who_1", "who_2", "who_2_text", "who_order", "kids",
        "person_turns", "age_1", "age_2", "lk", "c", "e", "far", "adults",
    }  # fmt: skip


# kinds of missing, storages and labels


def test_a_lookup_holds_what_the_sample_column_holds() -> None:
    text = """
sample:
  kind: {type: single, options: {1: Sector, 2: District}, label: Kind of unit}
  size: {type: number}
items:
  - {id: lk, type: lookup, sample: kind}
  - {id: big, type: lookup, sample: size, label: How big}
  - {id: sp, type: split, arms: {red: 1, blue: 1}}
"""
    found = variables(text)
    assert (found["lk"].storage, found["lk"].labels, found["lk"].label) == (
        "integer", {1: "Sector", 2: "District"}, "Kind of unit",
    )  # fmt: skip
    assert (found["big"].storage, found["big"].measure, found["big"].label) == (
        "decimal",
        "scale",
        "How big",
    )
    assert found["lk"].role == "answer"
    assert found["sp"].labels == {"red": "red", "blue": "blue"}
    assert row(scenario(text, sample={"kind": 2, "size": 4}))["lk"] == 2


def test_a_calculated_or_drawn_number_is_never_the_code_of_a_decline() -> None:
    text = """
declines:
  dk: {code: 7, text: Don't know, key: d}
  refused: {code: 9, text: Refused, key: r}
compute:
  days: mean(first, second)
  group: 1 if first < 10 else 2
  many: first > 10
  rest: 20 + first * -1
items:
  - {id: first, type: number, min: 0, max: 30, declines: {dk: 77, refused: 99}, text: First}
  - {id: second, type: number, min: 0, max: 30, declines: {dk: 77, refused: 99}, text: Second}
  - {id: person, type: roster, max: 12, count: first,
     items: [{id: is_adult, type: single, options: {1: "Yes", 2: "No"}, text: Adult}]}
  - {id: who, type: draw, from: person}
"""
    found = variables(text)
    codes = {name: found[name].declines["dk"][0] for name in found if "dk" in found[name].declines}
    assert codes["first"] == 77
    assert codes["days"] == codes["who"] == codes["who_of"] == codes["person_turns"] == -8
    assert codes["group"] == codes["many"] == 7, "no result is 7, so the study's code is kept"
    assert found["days"].declines["refused"][0] == -9
    # -8 can be a rest, too
    assert (codes["rest"], found["rest"].declines["refused"][0]) == (-11, -12)


@pytest.mark.parametrize(("edition", "codes"), [(1, [-8, -9, -6, -7]), (2, [-21, -22, -23, -24])])
def test_a_difference_can_be_negative_from_edition_2_on(edition: int, codes: list[int]) -> None:
    """More children than people contradict each other, and may be keyed."""
    text = f"""
edition: {edition}
compute:
  adults: people - children
items:
  - {{id: people, type: number, max: 20, text: People}}
  - {{id: children, type: number, max: 20, text: Children}}
"""
    declines = variables(text)["adults"].declines
    kinds = ("dk", "refused", "not_asked", "not_reached")
    assert [declines[kind][0] for kind in kinds] == codes


def test_a_quota_is_open_full_or_outside() -> None:
    found = build_columns(instrument("features/lookup_quota.yaml"))
    assert {"open", "full", "outside"} in [set(v.labels) for v in found if v.storage == "text"]


def test_a_compute_tells_its_expression_its_codes_and_their_labels() -> None:
    found = variables("""
sample:
  kind: {type: single, options: {1: Sector, 2: District}}
compute: {same: kind, is_two: kind == 2, twice: 2 * n}
items:
  - {id: n, type: number, text: How many}
""")
    assert (found["same"].storage, found["same"].labels) == (
        "integer",
        {1: "Sector", 2: "District"},
    )
    assert (found["is_two"].storage, found["is_two"].labels) == ("integer", {0: "false", 1: "true"})
    assert (found["twice"].storage, found["twice"].wording) == ("decimal", "2 * n")


ROSTER = """
items:
  - {id: ok, type: single, text: OK, options: {1: "Yes", 2: "No"}}
  - {id: n, type: number, text: How many, max: 4}
  - {id: person, type: roster, max: 3, count: n, ask_if: ok == 1, items: [{id: age, type: number, text: Age}]}
  - {id: who, type: draw, from: person, where: age >= 18}
  - {id: z, type: single, text: Z, options: {a: A}}
"""


@pytest.mark.parametrize(
    ("keys", "turns", "who", "of"),
    [
        (("1", "2", "30", "9"), 2, 1, 1),
        (("1", "1", "5"), 1, NOT_ASKED, 0),  # nobody is eligible
        (("1", "0"), 0, NOT_ASKED, 0),
        (("1", ".dk"), DK, DK, DK),
        (("1", ".refused"), REFUSED, REFUSED, REFUSED),
        (("2", "3"), NOT_ASKED, NOT_ASKED, 0),
        (("1", ".stop"), NOT_REACHED, NOT_REACHED, NOT_REACHED),
        (("1", "2", "20", ".stop"), 2, NOT_REACHED, NOT_REACHED),
    ],
)
def test_turns_and_draws_that_are_not_known_are_missing(
    keys: tuple[str, ...], turns: Cell, who: Cell, of: Cell
) -> None:
    found = row(scenario(ROSTER).keys(*keys))
    assert (found["person_turns"], found["who"], found["who_of"]) == (turns, who, of)


# rows as they are kept


@pytest.mark.parametrize(
    "cells_",
    [
        (1, 2.5, "a"),
        (1, 2.5, "a, b"),
        (NOT_ASKED, DK, '",null,"'),
        (Missing("later"), -1, "\\\\\n{}"),
        (1, 2, ""),
    ],
)
def test_a_kept_row_comes_apart_into_its_cells(cells_: tuple[Cell, ...]) -> None:
    kept = encode_cells(cells_)
    texts = split_row(kept, 3)
    reads = [make_cell_reader(storage) for storage in ("integer", "decimal", "text")]
    assert tuple(read(text) for read, text in zip(reads, texts, strict=True)) == cells_
    assert join_row(texts) == kept


@pytest.mark.parametrize(
    "kept", ["", "[", "[1,2", '["a"]', "[1,2,3,4]", '[1,2,"', "null", '{"a":1}']
)
def test_what_is_no_row_of_so_many_is_unreadable(kept: str) -> None:
    with pytest.raises(EventDecodeError):
        [make_cell_reader("integer")(text) for text in split_row(kept, 3)]


# versions


def part(name: str, *held: Variable, rows: Iterable[tuple[Cell, ...]] = ()) -> VersionRows:
    return VersionRows(
        version=f"version {name}", variables=held, rows=lambda: map(encode_cells, rows)
    )


def single(name: str, labels: dict[int, str], **more: object) -> Variable:
    return Variable(name=name, item=name, labels=labels, **more)  # type: ignore[arg-type]


def said(made: CombinedTable) -> list[str]:
    return [str(difference) for difference in made.differences]


def test_one_version_is_left_as_it_is() -> None:
    made = combine_versions([part("1", single("a", {1: "Yes"}), rows=[(1,), (DK,)])], language="en")
    assert list(made.table.iterate_cells()) == [(1,), (DK,)]
    assert (said(made), made.left_out) == ([], ())


def test_no_versions_are_an_empty_table() -> None:
    assert list(combine_versions([], language="en").table.rows) == []


def test_the_same_column_has_the_newest_labels_and_loses_none() -> None:
    old, new = (
        single("a", {1: "Yes", 2: "No", 3: "Maybe"}),
        single("a", {1: "Surely", 2: "No", 4: "Else"}),
    )
    made = combine_versions(
        [part("1", old, rows=[(3,)]), part("2", new, rows=[(4,)])], language="en"
    )
    [column] = made.table.variables
    assert column.labels == {1: "Surely", 2: "No", 4: "Else", 3: "Maybe"}
    assert list(made.table.iterate_cells()) == [(3,), (4,)]
    assert said(made) == [
        "a: labeled differently in version 1, with the same meaning: 1 was 'Yes' and is 'Surely'; "
        "the newest labels are used",
        "a: only version 1 offered 3 'Maybe'",
        "a: version 1 did not offer 4 'Else'",
    ]


def test_columns_that_come_and_go_are_not_asked_elsewhere_and_told_together() -> None:
    a, b, c, d = (single(name, {}) for name in "abcd")
    made = combine_versions(
        [part("1", a, b, c, rows=[(1, 2, 3)]), part("2", d, a, rows=[(4, 5)])], language="en"
    )
    assert [v.name for v in made.table.variables] == ["d", "a", "b", "c"]
    assert list(made.table.iterate_cells()) == [(NOT_ASKED, 1, 2, 3), (4, 5, NOT_ASKED, NOT_ASKED)]
    assert said(made) == [
        "b, c: only in version 1, so not asked in later versions",
        "d: not in version 1 yet, so not asked there",
    ]


def test_another_storage_is_a_column_of_its_own_for_all_versions_that_had_it() -> None:
    text, number = Variable(name="q", item="q", storage="text"), Variable(name="q", item="q")
    parts = [
        part("1", text, rows=[("x",)]),
        part("2", text, rows=[("y",)]),
        part("3", number, rows=[(7,)]),
    ]
    made = combine_versions(parts, language="en")
    assert [v.name for v in made.table.variables] == ["q", "q__v1"]
    assert list(made.table.iterate_cells()) == [(NOT_ASKED, "x"), (NOT_ASKED, "y"), (7, NOT_ASKED)]
    assert said(made)[0] == (
        "q: text in version 1, whole numbers or codes in version 3: the older answers are in q__v1"
    )


def test_what_one_version_holds_apart_is_left_out_of_all() -> None:
    open_, closed = single("a", {}), single("a", {}, personal=True)
    for versions in ((open_, closed), (closed, open_)):
        parts = [part(str(n), v, single("b", {}), rows=[(n, 0)]) for n, v in enumerate(versions)]
        made = combine_versions(parts, language="en")
        assert [v.name for v in made.table.variables] == ["b"]
        assert made.left_out == ("a",)
        assert list(
            combine_versions(parts, language="en", personal={"a"}).table.iterate_cells()
        ) == [(0, 0), (1, 0)]
        assert list(
            combine_versions(parts, language="en", personal=None).table.iterate_cells()
        ) == [(0, 0), (1, 0)]


def test_a_changed_text_is_told_but_the_column_is_one() -> None:
    old, new = single("a", {}, wording="Own a car?"), single("a", {}, wording="Own any car?")
    made = combine_versions(
        [part("1", old, rows=[(1,)]), part("2", new, rows=[(2,)])], language="en"
    )
    assert list(made.table.iterate_cells()) == [(1,), (2,)]
    assert said(made) == ["a: worded differently in version 1: 'Own a car?'"]
