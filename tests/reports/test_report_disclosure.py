"""Disclosure control across tables: what is hidden in one cannot be computed from all of them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from support.report_tables import Report, people
from survey_cli.reports.disclosure.suppression import (
    BASE,
    CellPosition,
    CountTable,
    find_hidden_positions,
)
from survey_cli.reports.results.crosstab import ResultOptions
from survey_cli.values import Cell

numpy = pytest.importorskip("numpy", reason="the extra [report]")

AGREE = """
scales: {agreement: {1: Strongly agree, 2: Agree, 3: Disagree, 4: Strongly disagree}}
sample: {kind: {type: single, options: {1: Sector, 2: District}}}
items:
  - {id: q, type: scale, text: Do you agree?, scale: agreement, nets: {Agrees: [1, 2], Disagrees: [3, 4]}}
"""


def crossed(cells: Sequence[Sequence[int]], nets: Sequence[Sequence[int]] = ()) -> CountTable:
    """A table of answers by one grouping, with its totals."""
    counts = [[sum(row), *row] for row in cells]
    summed = [[sum(counts[r][c] for r in net) for c in range(len(counts[0]))] for net in nets]
    return CountTable(
        counts=[*counts, *summed],
        bases=[sum(row[c] for row in counts) for c in range(len(counts[0]))],
        groups=[range(1, len(counts[0]))],
        sums={len(counts) + i: net for i, net in enumerate(nets)},
        base_rows=range(len(counts)),
    )


def determined(table: CountTable, hidden: frozenset[CellPosition]) -> list[CellPosition]:
    """Hidden counts that follow from the others, by the rank of all sums: a second way, which shares no code."""
    unknown = sorted(hidden)
    lines = []
    for c in range(len(table.bases)):
        lines.append(
            {CellPosition(BASE, c): -1, **{CellPosition(r, c): 1 for r in table.base_rows}}
        )
        lines += [
            {CellPosition(net, c): -1, **{CellPosition(r, c): 1 for r in of}}
            for net, of in table.sums.items()
        ]
    for r in (BASE, *range(len(table.counts))):
        lines += [
            {CellPosition(r, 0): -1, **{CellPosition(r, c): 1 for c in group}}
            for group in table.groups
        ]
    matrix = numpy.array([[line.get(spot, 0) for spot in unknown] for line in lines], dtype=float)
    rank = numpy.linalg.matrix_rank(matrix)
    found = []
    for i, spot in enumerate(unknown):
        unit = numpy.zeros((1, len(unknown)))
        unit[0, i] = 1
        if numpy.linalg.matrix_rank(numpy.vstack([matrix, unit])) == rank:
            found.append(spot)
    return found


@settings(max_examples=2 * settings().max_examples)
@given(
    st.integers(2, 5).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 12), min_size=width, max_size=width), min_size=2, max_size=6
        )
    ),
    st.booleans(),
)
def test_no_small_count_follows_from_what_is_shown(cells: list[list[int]], nets: bool):
    table = crossed(
        cells, [range(len(cells) // 2), range(len(cells) // 2, len(cells))] if nets else []
    )
    hidden = find_hidden_positions(table, 5)
    small = [
        CellPosition(r, c)
        for r, row in enumerate(table.counts)
        for c, n in enumerate(row)
        if 0 < n < 5
    ]
    assert set(small) <= hidden
    assume(hidden)
    exposed = determined(table, hidden)
    assert not [spot for spot in exposed if spot in small]


def test_one_small_count_takes_one_of_its_row_and_one_of_its_column_with_it():
    """The classic: a corner of a square is hidden with the three others of a square."""
    hidden = find_hidden_positions(crossed([[2, 20, 30], [40, 50, 60], [70, 80, 90]]), 5)
    assert hidden == {
        CellPosition(0, 1),
        CellPosition(0, 2),
        CellPosition(1, 1),
        CellPosition(1, 2),
    }


def test_nothing_is_hidden_where_nothing_is_small_or_no_threshold_is_wanted():
    assert find_hidden_positions(crossed([[5, 20], [40, 0]]), 5) == frozenset()
    assert find_hidden_positions(crossed([[1, 2], [3, 4]]), 0) == frozenset()


def test_a_group_of_few_people_is_hidden_altogether():
    hidden = find_hidden_positions(crossed([[3, 20], [0, 30]]), 5)
    assert {CellPosition(0, 1), CellPosition(1, 1), CellPosition(BASE, 1)} <= hidden


def test_topline_and_banner_hide_the_same_figures():
    rows: list[dict[str, Cell]] = []
    for kind, counts in {1: (2, 10, 9, 0), 2: (6, 8, 7, 11)}.items():
        rows += [{"q": code, "kind": kind} for code, n in enumerate(counts, 1) for _ in range(n)]
    report = Report(AGREE, rows, options=ResultOptions(threshold=5), by=["kind"])
    table = report["q"]
    shown = {row.label: row.total for row in table.rows}
    assert list(report.lines("q")) == ["Agrees", "Disagrees"], (
        "the nets alone: most others would be hidden"
    )
    assert shown["Strongly agree"].count_text == "8"
    assert any("only nets are shown" in note for note in table.notes)
    assert not any(figure.share for row in table.rows for figure in row.figures if figure.hidden)


def test_means_are_hidden_with_the_counts_they_are_made_of():
    report = Report(
        AGREE, people("q", _1=2, _2=10, _3=10, _4=10), options=ResultOptions(threshold=5)
    )
    assert report["q"].summary is None
    assert "[c]" in {row.total.count_text for row in report["q"].rows}
    assert not report["q"].notes, "what the mark means is said once, before all tables"


def test_who_was_asked_is_not_told_where_they_are_few():
    report = Report(AGREE, people("q", _1=2, _2=1), options=ResultOptions(threshold=5))
    item = report["q"]
    assert item.base.asked is None
    assert "3" not in item.base.text
    assert item.rows == ()
    assert item.notes == ("Fewer than 5 were asked: their answers are not shown.",)


def test_no_rows_stand_under_a_hidden_base():
    table = Report(
        AGREE, people("q", _1=9, _2=10, _3=11, _4=12), options=ResultOptions(threshold=5)
    ).tables[0]
    assert table.select_rows([0]) == list(range(len(table.lines)))
    assert table.select_rows([]) == table.select_rows([0]), "a banner whose groups have no values"
    assert replace(table, hidden=frozenset({CellPosition(BASE, 0)})).select_rows([0]) == []


def test_the_base_of_a_follow_up_does_not_tell_what_the_table_before_it_hides():
    """14 and 2 disagreed: the 16 who are asked why must not be the one sum that is missing."""
    text = (
        AGREE
        + "  - {id: why, type: verbatim, ask_if: 'q in [3, 4]', base: who disagreed, text: Why?}\n"
    )
    rows: list[dict[str, Cell]] = [
        {"q": code, "kind": 1, **({"why": "so"} if code > 2 else {})}
        for code, n in ((1, 9), (2, 16), (3, 14), (4, 2))
        for _ in range(n)
    ]
    report = Report(
        text,
        rows,
        options=ResultOptions(threshold=5),
        asked={"why": "if q is Disagree or Strongly disagree"},
    )
    assert report["why"].base.text == "asked of 16 who disagreed"
    shown = {row.label: row.total.count_text for row in report["q"].rows}
    assert shown["Strongly disagree"] == "[c]"
    assert shown["Disagree"] == "[c]"
    assert shown["Agree"] == "16"


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 4)), min_size=20, max_size=60))
def test_how_many_belong_to_a_group_stays_where_it_is_no_small_number(pairs: list[tuple[int, int]]):
    """21 districts and 14 sectors are nobody's answer: hiding them would hide every table of the report."""
    sizes = [sum(kind == k for kind, _ in pairs) for k in (1, 2)]
    assume(min(sizes) >= 5)
    rows: list[dict[str, Cell]] = [{"kind": kind, "q": q} for kind, q in pairs]
    table = Report(AGREE, rows, options=ResultOptions(threshold=5), by=["kind"]).tables[0]
    assert [table.is_base_hidden(c) for c in range(3)] == [False, False, False]


def test_a_test_beside_hidden_counts_is_not_shown():
    """2 and 10 of one kind against 9 and 7 of the other: with the margins, p would give the table away."""
    rows: list[dict[str, Cell]] = [
        {"q": q, "kind": kind}
        for kind, q, n in ((1, 1, 2), (1, 2, 10), (2, 1, 9), (2, 2, 7))
        for _ in range(n)
    ]
    report = Report(AGREE, rows, options=ResultOptions(threshold=5), by=["kind"])
    table = report["q"]
    assert [(test.text, test.p) for test in table.tests] == [
        ("no test, because counts are hidden", None)
    ]
    assert not any(figure.letters for row in table.rows for figure in row.figures)


def test_a_share_does_not_tell_a_hidden_base():
    """3 of one kind and 20 of another: the second's base is hidden with the first's, and so are its per cents."""
    rows: list[dict[str, Cell]] = [
        {"q": q, "kind": kind}
        for kind, q, n in ((1, 1, 3), (2, 1, 11), (2, 2, 9))
        for _ in range(n)
    ]
    report = Report(AGREE, rows, options=ResultOptions(threshold=5), by=["kind"])
    assert [report.tables[0].is_base_hidden(c) for c in range(3)] == [False, True, True]
    table = report["q"]
    assert not table.has_columns
    assert not report.lines("q")
    assert table.notes[0].startswith(
        "By group, nothing is shown, as most other counts would be hidden"
    )


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=12, max_size=60))
@example(
    [(1, 1)] * 5 + [(1, 2)] * 5 + [(2, 1)] * 4 + [(3, 1)]
)  # two columns of zeros that are hidden
@example(  # half of the details are hidden, and more of details and nets together
    [(1, 2)] * 5
    + [(1, 3)] * 5
    + [(2, 1)] * 3
    + [(2, 2)] * 5
    + [(2, 4)] * 2
    + [(3, 1)] * 2
    + [(3, 3)] * 5
    + [(3, 4)] * 3
)
def test_no_table_is_printed_of_which_most_is_hidden(pairs: list[tuple[int, int]]):
    """Details give way to nets, and those to one sentence; no mean is announced and not told."""
    rows: list[dict[str, Cell]] = [{"kind": kind, "q": q} for kind, q in pairs]
    report = Report(AGREE, rows, options=ResultOptions(threshold=5), by=["kind"])
    item = report["q"]
    for figures in (
        [row.total for row in item.rows],
        [figure for row in item.rows for figure in row.figures[1:]],
    ):
        assert not figures or not all(figure.hidden for figure in figures)
    if not item.rows or not item.has_columns:
        assert any(
            w in note for note in item.notes for w in ("not shown", "Not shown", "nothing is shown")
        )
    groups = [
        figure for row in item.rows for figure in row.figures[1:] if figure.hidden or figure.amount
    ]
    assert 2 * sum(figure.hidden for figure in groups) <= len(groups)
    assert item.summary is None or "[c]" not in item.summary.mean_text
    assert not item.summaries or any(summary.mean_text != "[c]" for summary in item.summaries)


def test_a_scale_without_nets_is_shown_by_its_sides_where_most_would_be_hidden() -> None:
    """3 + 9 and 8 + 4 of one kind, 7 + 6 and 2 + 10 of the other: the sides are large enough, and the points are not."""
    text = AGREE.replace(", nets: {Agrees: [1, 2], Disagrees: [3, 4]}", "")
    rows: list[dict[str, Cell]] = []
    for kind, counts in {1: (3, 9, 8, 4), 2: (7, 6, 2, 10)}.items():
        rows += [{"q": code, "kind": kind} for code, n in enumerate(counts, 1) for _ in range(n)]
    report = Report(text, rows, options=ResultOptions(threshold=5), by=["kind"])
    assert report.lines("q") == {
        "Strongly agree … Agree": [("25", "51"), ("12", "50"), ("13", "52")],
        "Disagree … Strongly disagree": [("24", "49"), ("12", "50"), ("12", "48")],
    }
    assert [row.total.count_text for row in report["q"].rows] == [
        "10",
        "15",
        "10",
        "14",
        "25",
        "24",
    ]
    alone = Report(text, rows, options=ResultOptions(threshold=5))["q"]
    assert [row.label for row in alone.rows] == [
        "Strongly agree",
        "Agree",
        "Disagree",
        "Strongly disagree",
    ]


@pytest.mark.parametrize(
    ("ages", "hides"),
    [
        ({3: 20, 7: 20, 15: 30, 23: 20, 28: 20}, False),
        ({3: 20, 7: 3, 15: 30, 23: 20, 28: 20}, True),  # 3 of the first range are 5 or older
        ({3: 20, 7: 20, 15: 30, 23: 4, 28: 20}, True),
    ],
)
def test_ranges_of_a_variable_may_divide_those_of_its_item(
    ages: dict[int, int], hides: bool
) -> None:
    """The item's table has 0–9, 10–19 and 20–29, so that both tables together show how many are from 5 to 9."""
    text = "items:\n  - {id: age, type: number, min: 0, max: 99, text: How old?}\n"
    analysis = (
        "variables: {young: {bands: {of: age, values: {low: ..4, middle: 5..24, high: 25..}}}}"
    )
    counts = {**ages, **dict.fromkeys(range(35, 100, 10), 20)}
    rows: list[dict[str, Cell]] = [
        {"age": age} for age, number in counts.items() for _ in range(number)
    ]
    report = Report(text, rows, options=ResultOptions(threshold=5), analysis=analysis)
    rows_shown = {row.label: not row.total.hidden for item in report.items for row in item.rows}
    assert len(rows_shown) == 10 + 3
    assert all(rows_shown.values()) != hides
    assert not hides or not all(rows_shown[label] for label in ("0–9", "low", "20–29", "middle"))
