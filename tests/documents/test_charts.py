"""Charts: figures to one scale, each legible, and parts that differ by more than color."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.example_results import (
    HIDDEN_FIGURE,
    HOSTILE,
    HOSTILE_SHOWN,
    MISSION,
    PUBLISHED,
    base_of,
    battery,
    figure,
    made_results,
    row,
    statement,
)
from support.html_pages import contrast
from survey_cli.documents.charts.charts import (
    Chart,
    draw_battery,
    draw_group_charts,
    draw_item,
    draw_picture,
)
from survey_cli.documents.charts.svg import (
    FONT_SIZE,
    NARROW_WIDTH,
    WIDTH,
    can_render_png,
    estimate_width,
    render_png,
    wrap_text,
)
from survey_cli.documents.report.report_pages import render_results_html
from survey_cli.reports.results.report_model import (
    Figure,
    ResultColumn,
    ResultRow,
    Results,
    Side,
)

SVG = "{http://www.w3.org/2000/svg}"
BAR = 20
LEGEND = 12


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    fill: str


class Said(NamedTuple):
    x: float
    """Of its left end, by the estimate the chart itself goes by."""
    y: float
    width: float
    text: str
    fill: str


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(chart.svg)


def boxes(chart: Chart, height: float = BAR) -> list[Box]:
    return [
        Box(*(float(e.attrib[k]) for k in ("x", "y", "width", "height")), e.attrib["fill"])
        for e in drawn(chart).iter(f"{SVG}rect")
        if float(e.attrib["height"]) == height
    ]


def texts(chart: Chart) -> list[Said]:
    found = []
    for e in drawn(chart).iter(f"{SVG}text"):
        size = float(e.attrib.get("font-size", 13))
        wide = estimate_width(e.text or "", size)
        at = float(e.attrib["x"]) - {"middle": wide / 2, "end": wide}.get(
            e.attrib.get("text-anchor", ""), 0
        )
        found.append(
            Said(at, float(e.attrib["y"]), wide, e.text or "", e.attrib.get("fill", "#111"))
        )
    return found


def points(sides: Sequence[Side]) -> tuple[tuple[str, Side], ...]:
    return tuple((f"Point {n}", side) for n, side in enumerate(sides, 1))


# ── a battery ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_published_table_stands_on_its_bar() -> None:
    chart = draw_battery(battery(statement("q2", MISSION, PUBLISHED)))
    assert chart is not None
    figures = [t.text for t in texts(chart) if re.fullmatch(r"\d+|\*", t.text)]
    assert sorted(figures) == sorted(["35", "6", "46", "40", "6", "3"])
    told = "Strongly agree 6%, Agree 46%, Disagree 40%, Strongly disagree 6%, No opinion 3% (Base: 35)."
    assert chart.description == f"{MISSION} {told}"


def test_bars_are_to_one_scale_and_part_at_one_line() -> None:
    one, other = PUBLISHED, (1, 30, 1, 1, 2)
    chart = draw_battery(battery(statement("q2", MISSION, one), statement("q6", "Agreed.", other)))
    assert chart is not None
    found = boxes(chart)
    shares = [n / 35 for n in (*one, *other)]
    scale = found[1].width / shares[1]
    expected = [share * scale for share in shares]
    assert [b.width for b in found] == pytest.approx(expected, abs=0.2), (
        "each part is as long as its share"
    )
    ends = [found[1].x + found[1].width, found[6].x + found[6].width]
    starts = [found[2].x, found[7].x]
    assert ends == pytest.approx([ends[0]] * 2, abs=0.2), "agreement ends at one line"
    assert starts == pytest.approx(ends, abs=0.2), "and disagreement begins there"
    assert found[4].x == found[9].x > found[8].x + found[8].width, "no opinion stands apart"


def test_half_of_the_middle_stands_on_each_side() -> None:
    three = points(["left", "middle", "right"])
    chart = draw_battery(battery(statement("a", "A.", (10, 20, 10), three), statement("b", "B.", (10, 0, 30), three),
                                     points=three))  # fmt: skip
    assert chart is not None
    found = boxes(chart)
    zero = found[3].x + found[3].width
    middle = found[1]
    assert middle.x + middle.width / 2 == pytest.approx(zero, abs=0.2)


def test_a_statement_with_hidden_counts_has_no_bar_but_its_words() -> None:
    whole = statement("q2", MISSION, PUBLISHED)
    part = replace(
        whole,
        id="q6",
        statement="Agreed.",
        rows=(replace(whole.rows[0], figures=(HIDDEN_FIGURE,)), *whole.rows[1:]),
    )
    chart = draw_battery(battery(whole, part))
    assert chart is not None
    assert len(boxes(chart)) == len(PUBLISHED)
    assert any("Not drawn" in t.text for t in texts(chart))
    assert "Agreed. Not drawn, because some of its counts are hidden." in chart.description
    net = row("net", "Agree", 18, 35)
    with_net = draw_battery(battery(whole, replace(part, rows=(*part.rows, net))))
    assert with_net is not None
    assert "Agreed. Agree 51%. Not drawn, because" in with_net.description
    assert any(t.text.startswith("Agree 51%. [c] Not drawn") for t in texts(with_net))
    assert draw_battery(battery(part)) is None


SIDES: list[list[Side]] = [
    ["left"] * n + ["middle"] * middle + ["right"] * n for n in range(1, 6) for middle in (0, 1)
]  # type: ignore[assignment]


@pytest.mark.parametrize("sides", SIDES, ids=len)
def test_figures_are_legible_and_parts_differ_without_colour(sides: list[Side]) -> None:
    """4.5 to 1 between letters and what is below them (WCAG 2.2, 1.4.3); neighbours differ in lightness or hatching."""
    scale = points([*sides, "apart"])
    chart = draw_battery(battery(statement("q", "Q.", [20] * len(scale), scale), points=scale))
    assert chart is not None
    bars, plates = boxes(chart), boxes(chart, BAR - 6)
    assert plates or "right" not in sides, "letters never stand on strokes"
    for text in texts(chart):
        below = [
            b
            for b in (*bars, *plates)
            if b.x <= text.x and text.x + text.width <= b.x + b.width and b.y < text.y < b.y + BAR
        ]
        assert contrast(text.fill, below[-1].fill if below else "#fff") >= 4.5, text
    for (one, side), (other, next_side) in pairwise(zip(bars[:-1], sides, strict=True)):
        if side == next_side:
            assert contrast(one.fill, other.fill) > 1.15, (one, other)
    strokes = [e for e in drawn(chart).iter(f"{SVG}path") if e.attrib.get("fill") == "none"]
    assert len(strokes) == 2 * sides.count("right"), (
        "the right side is hatched, in its bar and in the legend"
    )


@given(st.data())
def test_no_figure_stands_on_another_or_leaves_the_picture(data: st.DataObject) -> None:
    sides: list[Side] = data.draw(st.sampled_from(SIDES[:6]))
    scale = points([*sides, "apart"])
    counts = st.lists(st.integers(0, 400), min_size=len(scale), max_size=len(scale)).filter(
        lambda c: sum(c) > 0
    )
    chart = draw_battery(
        battery(
            *(statement(f"q{n}", "Words. " * n, data.draw(counts), scale) for n in (1, 9)),
            points=scale,
        )
    )
    if chart is None:
        return
    found = texts(chart)
    for text in found:
        assert text.x >= -1, text
        assert text.x + text.width <= WIDTH + 1, text
    for n, one in enumerate(found):
        for other in found[n + 1 :]:
            same_line = abs(one.y - other.y) < 9
            assert (
                not same_line
                or one.x + one.width <= other.x + 3
                or other.x + other.width <= one.x + 3
            ), (
                one,
                other,
            )
    for box in boxes(chart):
        assert box.x >= 0
        assert box.x + box.width <= WIDTH


# ── an item ────────────────────────────────────────────────────────────────────────────────────────────────


def test_bars_of_an_item_are_as_long_as_their_shares() -> None:
    item = made_results().items[4]
    chart = draw_item(item)
    assert chart is not None
    agents, vehicles = boxes(chart, BAR - 4)
    assert agents.width / vehicles.width == pytest.approx(15 / 11, abs=0.01)
    assert [t.text for t in texts(chart) if "%" in t.text] == ["75% (15)", "55% (11)"]
    assert chart.description == "Agents 75%; Vehicles 55%. Base: asked of 20 who lack any."


def test_answers_declines_and_nets_differ_without_colour() -> None:
    rows = (
        row("answer", "Yes", 10, 20),
        row("decline", "Refused", 10, 20),
        row("net", "All", 20, 20),
    )
    chart = draw_item(replace(made_results().items[0], rows=rows))
    assert chart is not None
    answer, decline, net = boxes(chart, BAR - 4)
    assert contrast(answer.fill, decline.fill) > 3
    assert contrast(answer.fill, net.fill) > 3
    assert any(e.attrib.get("fill") == "none" for e in drawn(chart).iter(f"{SVG}path")), (
        "a net is hatched"
    )


@pytest.mark.parametrize("kind", ["words", "date", "time"])
def test_what_cannot_be_drawn_is_not(kind: str) -> None:
    item = made_results().items[0]
    assert draw_item(replace(item, kind=kind)) is None  # type: ignore[arg-type]
    assert draw_item(made_results().items[5]) is None, "nobody was asked"


def test_texts_are_words_and_never_markup() -> None:
    item = made_results().items[3]
    chart = draw_item(item)
    assert chart is not None
    root = drawn(chart)
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "rect",
        "path",
        "text",
    }
    shown = " ".join(t.text for t in texts(chart))
    for word in HOSTILE_SHOWN.split():
        assert word in shown
    assert HOSTILE not in chart.svg
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"].split() == [root[0].attrib["id"], root[1].attrib["id"]]


def test_lines_break_at_words_and_lose_nothing() -> None:
    text = "Investigating individuals and organizations " + "W" * 60
    lines = wrap_text(text, 120, 13)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(estimate_width(line, 13) for line in lines) <= 120
    assert wrap_text("", 120, 13) == [""]


@pytest.mark.skipif(not can_render_png(), reason="CairoSVG and Cairo are not both here")
def test_a_png_shows_the_bar_where_the_svg_has_it() -> None:
    cairo = pytest.importorskip("cairocffi")
    from io import BytesIO

    chart = draw_battery(battery(statement("q2", MISSION, PUBLISHED)))
    assert chart is not None
    picture = cairo.ImageSurface.create_from_png(BytesIO(render_png(chart.svg)))
    agree = boxes(chart)[1]
    x, y = int(2 * (agree.x + 3)), int(2 * (agree.y + 4))
    at = y * picture.get_stride() + 4 * x
    blue, green, red = bytes(picture.get_data())[at : at + 3]
    assert f"#{red:02x}{green:02x}{blue:02x}" == agree.fill


# groups compared


def grouped(*groups: Figure) -> Results:
    """A battery of which one statement was divided by a variable, its net with these figures."""
    made = made_results()
    columns = (
        ResultColumn("", "All"),
        *(ResultColumn("Kind of unit", f"Kind {n}", variable="kind") for n in range(len(groups))),
    )
    net = ResultRow(kind="net", label=HOSTILE, note="1 + 2", figures=(figure(18, 35), *groups))
    (battery,) = made.batteries
    item = replace(battery.statements[0], rows=(net,), bases=(base_of(35),) * len(columns))
    battery = replace(battery, statements=(item, *battery.statements[1:]))
    return replace(made, columns=columns, batteries=(battery,))


def test_groups_are_compared_by_the_net_of_a_battery() -> None:
    made = grouped(figure(12, 21), figure(6, 14))
    (chart,) = draw_group_charts(made, made.batteries[0])
    assert chart.id == "m-by-kind"
    assert chart.title == f"{HOSTILE_SHOWN} (1 + 2) by Kind of unit"
    assert chart.description == f"{MISSION} Kind 0 57%, Kind 1 43%."
    assert [t.text for t in texts(chart)][-4:] == ["Kind 0", "57", "Kind 1", "43"]
    lengths = [
        float(e.attrib["width"]) for e in ElementTree.fromstring(chart.svg).iter(f"{SVG}rect")
    ]
    assert lengths[0] / lengths[1] == pytest.approx((12 / 21) / (6 / 14), abs=0.01)


def nest(made: Results, outer: int) -> Results:
    """Divide the columns of a variable among so many outer values, two for each."""
    columns = [
        column._replace(group=f"Area > Kind: {place // 2}", label=f"Kind {place % 2}")
        for place, column in enumerate(made.columns[1:])
    ]
    assert len(columns) == 2 * outer
    return replace(made, columns=(made.columns[0], *columns))


def test_a_nested_banner_has_a_chart_for_each_of_a_few_outer_values() -> None:
    two = [figure(12, 21), figure(6, 14)]
    made = nest(grouped(*two * 2), 2)
    charts = list(draw_group_charts(made, made.batteries[0]))
    assert [chart.id for chart in charts] == ["m-by-kind", "m-by-kind-2"]
    assert [chart.title for chart in charts] == [
        f"{HOSTILE_SHOWN} (1 + 2) by Area > Kind: 0", f"{HOSTILE_SHOWN} (1 + 2) by Area > Kind: 1"
    ]  # fmt: skip
    many = nest(grouped(*two * 5), 5)
    assert not list(draw_group_charts(many, many.batteries[0]))


def test_groups_that_cannot_be_compared_are_not_drawn() -> None:
    two = (figure(12, 21), HIDDEN_FIGURE)
    for made in (grouped(*two), grouped(*[figure(3, 7)] * 5), grouped(figure(18, 35))):
        assert not list(draw_group_charts(made, made.batteries[0]))
    some_hidden = grouped(*two, figure(6, 14))
    (chart,) = draw_group_charts(some_hidden, some_hidden.batteries[0])
    assert "Kind 1 hidden" in chart.description
    assert len(list(ElementTree.fromstring(chart.svg).iter(f"{SVG}rect"))) == 2


def test_a_chart_that_stands_alone_has_two_lines_over_it_at_most() -> None:
    chart = draw_item(made_results().items[0])
    assert chart is not None
    for wording in ("3. Why?", "3. " + "How far do you agree that it is so? " * 9):
        root = ElementTree.fromstring(chart.render_with_heading(wording))
        heads = [e for e in root if e.tag == f"{SVG}text"]
        (moved,) = [e for e in root if e.tag == f"{SVG}g"]
        assert len(heads) == (1 if len(wording) < 20 else 2)
        text = " ".join("".join(e.itertext()) for e in heads)
        assert text == wording or (
            text.endswith("…") and wording.startswith(text.removesuffix(" …"))
        )
        assert float(heads[-1].attrib["y"]) < float(
            moved.attrib["transform"].split()[1].rstrip(")")
        )
        assert len(list(moved)) == len(list(ElementTree.fromstring(chart.svg))) - 2


def test_the_picture_of_an_item_on_a_page_fits_a_phone() -> None:
    results = replace(made_results(), batteries=(), picture=made_results().items[4].id)
    chart, _ = draw_picture(results, NARROW_WIDTH)
    assert chart is not None
    assert drawn(chart).attrib["viewBox"].startswith(f"0 0 {NARROW_WIDTH} ")
    figures = [text for text in texts(chart) if "%" in text.text]
    assert max(text.x + estimate_width(text.text, FONT_SIZE) for text in figures) <= NARROW_WIDTH
    assert 'class="chart narrow"' in render_results_html(results)
