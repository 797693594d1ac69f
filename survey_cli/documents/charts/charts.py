"""Charts of items, batteries and groups as SVG, with every figure on them and in their description.

Parts differ by lightness, hatching and side, never by color alone. Figures are drawn, not computed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from survey_cli.documents.charts import svg
from survey_cli.documents.charts.svg import estimate_width, wrap_text
from survey_cli.documents.text_runs import flatten
from survey_cli.exports.xml_elements import add_element
from survey_cli.reports.results import report_model as model
from survey_cli.reports.rounding import HIDDEN_MARK
from survey_cli.reports.texts import translate

BAR_HEIGHT: Final = 20
SIDE_COLORS: Final[dict[model.Side, tuple[tuple[int, int, int], tuple[int, int, int]]]] = {
    "left": ((20, 62, 106), (158, 190, 220)),
    "right": ((140, 66, 8), (246, 205, 164)),
}
"""Colors (red, green, blue) of the strongest and the mildest point of a side.

Their lightness in gray is 23% and 73% on the left, 36% and 82% on the right, which is also hatched.
"""
BAR_STYLES: Final = {
    "net": ("#fff", svg.BAR_COLOR),
    "decline": ("#d4d4d4", svg.MUTED_COLOR),
    "volunteered": ("#d4d4d4", svg.MUTED_COLOR),
}
"""Fill and outline of the bars of rows that are not answers."""
WHITE_TEXT_BELOW: Final = 0.18
"""Text is white on colors with a relative luminance below this, else black.

The contrast is then 4.5 to 1 or more.
"""
HEADING_SIZE: Final = 15.0
"""Font size of the heading of a chart that stands alone."""
BOLD_FACTOR: Final = 1.2
"""Width of bold text relative to the estimated width."""
NOT_DRAWN: Final = "Not drawn, because some of its counts are hidden."
MAX_TITLE_LENGTH: Final = 110
"""Maximum number of characters of a chart's title."""
MAX_NESTED_CHARTS: Final = 4
"""Outer values of a nested banner of which each has a chart."""


class Chart(NamedTuple):
    """A chart and its description."""

    id: str
    """The id of the item or battery."""
    title: str
    description: str
    """Everything the chart shows, in sentences."""
    parts: Element
    """A group of SVG elements."""
    height: float
    width: float = svg.WIDTH

    @property
    def svg(self) -> str:
        """The chart as an `svg` element for a page that has the title above it."""
        name = f"chart-{self.id}"
        # A page has both charts of a battery, for wide and narrow screens.
        if self.width == svg.STACKED_WIDTH:
            name += "-stacked"
        return svg.render_svg(
            name, self.title, self.description, self.parts, self.height, width=self.width
        )

    def render_with_heading(self, heading: str) -> str:
        """Return the chart for a file of its own, with a heading of at most two lines."""
        first, *more = wrap_text(heading, svg.WIDTH / BOLD_FACTOR, HEADING_SIZE)
        lines = [first]
        if len(more) == 1:
            lines += more
        elif more:
            without_last_word = more[0].rsplit(" ", 1)[0]
            lines.append(f"{without_last_word} …")

        line_height = svg.LINE_HEIGHT + 3
        top = len(lines) * line_height + 8
        parts = Element("g")
        for n, line in enumerate(lines):
            y = 15 + n * line_height
            svg.add_label(parts, 0, y, line, size=HEADING_SIZE, weight="600")
        add_element(parts, "g", transform=f"translate(0 {top})").extend(self.parts)
        return svg.render_svg(
            f"chart-{self.id}", heading, self.description, parts, self.height + top
        )


def draw_item(item: model.ItemResult, width: float = svg.WIDTH) -> Chart | None:
    """Draw one bar for each answer.

    Return None if nothing can be drawn: words and dates, nobody asked, or all hidden.
    """
    if item.kind in ("words", "date", "time") or all(row.total.share is None for row in item.rows):
        return None
    shares = "; ".join(f"{flatten(row.label)} {format_share(row.total)}" for row in item.rows)
    parts, height = _draw_bars(item.rows, item.base, width)
    description = f"{shares}. {translate('Base')}: {item.base.text}."
    return Chart(item.id, shorten_title(item.label), description, parts, height, width)


def draw_picture(results: model.Results, width: float = svg.WIDTH) -> tuple[Chart | None, str]:
    """Draw the picture of the first page; with its caption, which has the numbers of its items.

    `width` is that of an item's chart. A battery's is as wide as the page.
    """
    for battery in results.batteries:
        if battery.id == results.picture:
            first = battery.statements[0].number_or_id
            last = battery.statements[-1].number_or_id
            title = flatten(battery.own_title or battery.intro)
            return draw_battery(battery), f"{first}–{last}. {title}"
    for item in results.items:
        if item.id == results.picture:
            return draw_item(item, width), f"{item.number_prefix}{flatten(item.label)}"
    return None, ""


def draw_battery(battery: model.Battery, width: float = svg.WIDTH) -> Chart | None:
    """Draw one diverging bar for each statement, all on one scale; None if none can be drawn.

    Answers without a side have bars of their own. In a chart narrower than `svg.WIDTH`, statements
    are above their bars.
    """
    drawable = [
        statement
        for statement in battery.statements
        if statement.is_complete and any(segment.figure.share for segment in statement.segments)
    ]
    if not drawable:
        return None
    description = " ".join(_describe_statement(statement) for statement in battery.statements)
    parts, height = _draw_diverging(battery, drawable, width)
    title = shorten_title(battery.title or battery.intro or battery.id)
    return Chart(battery.id, title, description, parts, height, width)


def format_share(figure: model.Figure) -> str:
    """Return `46%`, `*%` for a share that rounds to zero, or `hidden`."""
    if figure.hidden:
        return translate("hidden")
    if figure.share is None:
        return figure.percent_text
    return f"{figure.percent_text}%"


def shorten_title(text: str) -> str:
    """Return a text on one line, shortened to `MAX_TITLE_LENGTH`."""
    line = flatten(text)
    if len(line) <= MAX_TITLE_LENGTH:
        return line
    whole_words = line[: MAX_TITLE_LENGTH - 1].rsplit(" ", 1)[0]
    return f"{whole_words}…"


def _describe_statement(statement: model.ItemResult) -> str:
    wording = flatten(statement.statement)
    if not statement.is_complete:
        known = wording
        nets = _format_shown_nets(statement)
        if nets:
            known = f"{wording} {nets}."
        return f"{known} {translate(NOT_DRAWN)}"
    figures = ", ".join(f"{flatten(s.label)} {format_share(s.figure)}" for s in statement.segments)
    return f"{wording} {figures} ({translate('Base')}: {statement.base.count_text})."


def _explain_missing_bar(statement: model.ItemResult, room: float) -> str:
    """Return why a statement has no bar, with the nets of its table if they fit."""
    reason = f"{HIDDEN_MARK} {translate(NOT_DRAWN)}"
    nets = _format_shown_nets(statement)
    if nets:
        # How to read the tables says what the mark means.
        for text in (f"{nets}. {reason}", f"{nets}; {HIDDEN_MARK}"):
            if estimate_width(text, svg.SMALL_SIZE) <= room:
                return text
    return reason


def _format_shown_nets(statement: model.ItemResult) -> str:
    """Return the nets that are shown, `Agree 27%, Disagree 53%`; empty if there are none."""
    shown = [row for row in statement.rows if row.kind == "net" and row.total.share is not None]
    return ", ".join(f"{flatten(row.label)} {format_share(row.total)}" for row in shown)


# ── shades ───────────────────────────────────────────────────────────────────


class _SegmentStyle(NamedTuple):
    """How the segments of one point are drawn."""

    side: model.Side
    fill: str
    text: str
    hatch: str = ""
    stroke: str = ""


def _choose_style(side: model.Side, place: int, points: int) -> _SegmentStyle:
    """Return the style of a point of a side.

    Its place is counted from the outer end, `points` is their number.
    """
    if side == "middle":
        return _SegmentStyle(side, "#e2e2e2", svg.TEXT_COLOR, stroke=svg.LINE_COLOR)
    if side == "apart":
        return _SegmentStyle(side, "#fff", svg.TEXT_COLOR, stroke=svg.MUTED_COLOR)
    strong, mild = SIDE_COLORS[side]
    share = 0.35  # the shade of the only point of a side
    if points > 1:
        share = place / (points - 1)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(strong, mild, strict=True))
    light = 0.2126 * _to_linear(red) + 0.7152 * _to_linear(green) + 0.0722 * _to_linear(blue)
    is_dark = light < WHITE_TEXT_BELOW

    hatch = ""
    if side == "right":  # sides can be told apart without colors too
        hatch = "#d8893f" if is_dark else "#9a5a1c"
    text = "#fff" if is_dark else "#000"
    return _SegmentStyle(side, f"#{red:02x}{green:02x}{blue:02x}", text, hatch)


def _to_linear(channel: int) -> float:
    """Return the linear value (0 to 1) of an sRGB channel (0 to 255), as defined by WCAG 2.2."""
    share = channel / 255
    if share <= 0.04045:
        return share / 12.92
    return float(((share + 0.055) / 1.055) ** 2.4)


def _choose_styles(points: Sequence[tuple[str, model.Side]]) -> list[_SegmentStyle]:
    """Return the styles in written order.

    The outer end is the first point on the left, and the last on the right.
    """
    styles = []
    for side, group in groupby(points, key=lambda point: point[1]):
        count = len(list(group))
        places = list(range(count))
        if side == "right":
            places.reverse()
        styles += [_choose_style(side, place, count) for place in places]
    return styles


# ── bars ─────────────────────────────────────────────────────────────────────


def _draw_bars(
    rows: Sequence[model.ResultRow], base: model.Base, width: float
) -> tuple[Element, float]:
    """Return the elements and their height."""
    labels_width = min(250.0, width * 0.4)
    scale = (width - labels_width - 110) / 100
    parts = Element("g")
    y = 10.0
    has_net = False
    for row in rows:
        # A line divides the answers from the nets, which repeat them.
        if row.kind == "net" and not has_net:
            has_net = True
            svg.add_horizontal_line(parts, y + 3, "#cfcfcf")
            y += 8
        lines = wrap_text(flatten(row.label), labels_width - 14, svg.FONT_SIZE)
        row_height = max(len(lines) * svg.LINE_HEIGHT, BAR_HEIGHT)
        middle = y + row_height / 2
        first_line = middle - (len(lines) - 1) * svg.LINE_HEIGHT / 2 + 4.5
        svg.add_lines(parts, labels_width - 8, first_line, lines, anchor="end")

        figure = row.total
        if figure.share is None:
            text = figure.percent_text
            svg.add_label(parts, labels_width + 6, middle + 4.5, text, fill=svg.MUTED_COLOR)
        else:
            length = float(figure.share) * 100 * scale
            box = (labels_width, middle - BAR_HEIGHT / 2 + 2, length, BAR_HEIGHT - 4)
            fill, stroke = BAR_STYLES.get(row.kind, (svg.BAR_COLOR, ""))
            svg.add_box(parts, *box, fill, stroke=stroke)
            if row.kind == "net":
                svg.add_hatching(parts, *box, svg.BAR_COLOR)
            text = f"{format_share(figure)} ({figure.count_text})"
            svg.add_label(parts, labels_width + length + 6, middle + 4.5, text)
        y += row_height + 6

    bottom = y + 2
    svg.add_vertical_line(parts, labels_width, 8, bottom, svg.LINE_COLOR)
    base_text = f"{translate('Base')}: {base.text}"
    for n, line in enumerate(wrap_text(base_text, width - 10, svg.SMALL_SIZE)):
        y = bottom + 16 + n * 15
        svg.add_label(parts, 0, y, line, fill=svg.MUTED_COLOR, size=svg.SMALL_SIZE)
    return parts, y + 8


# ── diverging bars ───────────────────────────────────────────────────────────


STATEMENT_WIDTH: Final = 260.0
FIGURE_WIDTH: Final = 34.0
"""The width of a base, or of the figure beside a bar."""
APART_GAP: Final = 34.0
"""The space before the bars without a side."""


class _BatteryGeometry(NamedTuple):
    """Horizontal positions of the parts of a diverging chart."""

    text_end: float
    """The right end of the statements; 0 if they are above the bars."""
    zero: float
    """The line between left and right."""
    apart_start: float | None
    """The left end of the bars without a side; None if there are none."""
    scale: float
    """Length of a bar of 100%."""


def _measure_battery(statements: Sequence[model.ItemResult], width: float) -> _BatteryGeometry:
    text_width = 0.0  # in a narrower chart, statements are above their bars
    if width == svg.WIDTH:
        text_width = STATEMENT_WIDTH
    bars_width = width - text_width - FIGURE_WIDTH - 8

    sides = [_measure_sides(statement) for statement in statements]
    left = max(left for left, _ in sides)
    right = max(right for _, right in sides)
    apart = max(_measure_side(statement, "apart") for statement in statements)
    if apart:
        bars_width -= APART_GAP + FIGURE_WIDTH

    scale = bars_width / float(max(left + right + apart, Fraction(1, 100)))
    zero = text_width + 8 + float(left) * scale
    apart_start = None
    if apart:
        apart_start = zero + float(right) * scale + APART_GAP
    return _BatteryGeometry(text_width, zero, apart_start, scale)


def _measure_sides(statement: model.ItemResult) -> tuple[Fraction, Fraction]:
    """Return the shares left and right of zero; half of the middle belongs to each."""
    middle = _measure_side(statement, "middle") / 2
    return _measure_side(statement, "left") + middle, _measure_side(statement, "right") + middle


def _measure_side(statement: model.ItemResult, side: model.Side) -> Fraction:
    shares = [segment.figure.share for segment in statement.segments if segment.side == side]
    return sum((share or Fraction(0) for share in shares), Fraction(0))


def _draw_diverging(
    battery: model.Battery, drawable: Sequence[model.ItemResult], width: float
) -> tuple[Element, float]:
    """Return the elements and their height."""
    geometry = _measure_battery(drawable, width)
    styles = _choose_styles(battery.points)
    parts = Element("g")
    y = _draw_legend(parts, battery.points, styles, width)
    _add_remark(parts, width, y + 12, translate("Base"), anchor="end")
    y += 18
    for statement in battery.statements:
        row_height = BAR_HEIGHT + 14
        wording = flatten(statement.statement)
        if geometry.text_end:
            lines = wrap_text(wording, geometry.text_end - 8, svg.FONT_SIZE)
            text_height = len(lines) * svg.LINE_HEIGHT
            row_height = max(text_height, row_height)
            svg.add_lines(parts, 0, y + (row_height - text_height) / 2 + 12, lines)
        else:
            lines = wrap_text(wording, width - 8, svg.FONT_SIZE)
            svg.add_lines(parts, 0, y + 12, lines)
            y += len(lines) * svg.LINE_HEIGHT

        middle = y + row_height / 2 + 3
        base = statement.base.count_text
        svg.add_label(parts, width, middle + 4.5, base, anchor="end")
        if statement.is_complete:
            svg.add_vertical_line(parts, geometry.zero, y - 3, y + row_height + 5, svg.TEXT_COLOR)
            _draw_statement(parts, statement, styles, geometry, middle - BAR_HEIGHT / 2)
        else:
            base_width = estimate_width(f" {base}", svg.FONT_SIZE)
            room = width - geometry.text_end - 8 - base_width
            note = _explain_missing_bar(statement, room)
            _add_remark(parts, geometry.text_end + 8, middle + 4.5, note)
        y += row_height + 8
        svg.add_horizontal_line(parts, y - 3)
    return parts, y + 2


def _add_remark(parent: Element, x: float, y: float, text: str, anchor: str = "") -> None:
    """Add a small line of text in gray."""
    svg.add_label(parent, x, y, text, anchor=anchor, fill=svg.MUTED_COLOR, size=svg.SMALL_SIZE)


def _draw_legend(
    parent: Element,
    points: Sequence[tuple[str, model.Side]],
    styles: Sequence[_SegmentStyle],
    total_width: float,
) -> float:
    """Draw the legend and return its height."""
    x = 0.0
    y = 4.0
    for (label, _), style in zip(points, styles, strict=True):
        text = shorten_title(label)
        width = 20 + estimate_width(text, svg.SMALL_SIZE) + 18
        if x and x + width > total_width:
            x = 0.0
            y += 18
        _draw_segment(parent, x, y, 14, 12, style)
        svg.add_label(parent, x + 20, y + 10.5, text, size=svg.SMALL_SIZE)
        x += width
    return y + 18


def _draw_segment(
    parent: Element, x: float, y: float, width: float, height: float, style: _SegmentStyle
) -> None:
    svg.add_box(parent, x, y, width, height, style.fill, stroke=style.stroke)
    if style.hatch:
        svg.add_hatching(parent, x, y, width, height, style.hatch)


def _draw_statement(
    parent: Element,
    statement: model.ItemResult,
    styles: Sequence[_SegmentStyle],
    geometry: _BatteryGeometry,
    y: float,
) -> None:
    """Draw one bar. A figure that is wider than its segment is above it, on its side of zero."""
    left, _ = _measure_sides(statement)
    x = geometry.zero - float(left) * geometry.scale
    figures_above: list[_FigureAbove] = []
    sided = iter([segment for segment in statement.segments if segment.side != "apart"])
    apart = iter([segment for segment in statement.segments if segment.side == "apart"])
    for style in styles:
        segments_left = sided
        if style.side == "apart":
            segments_left = apart
        segment = next(segments_left, None)
        if segment is None or not segment.figure.share:
            continue

        length = float(segment.figure.share) * geometry.scale
        text = segment.figure.percent_text
        if segment.side == "apart":
            start = geometry.apart_start or x
            _draw_segment(parent, start, y, length, BAR_HEIGHT, style)
            svg.add_label(parent, start + length + 5, y + 14.5, text, size=svg.SMALL_SIZE)
            continue

        _draw_segment(parent, x, y, length, BAR_HEIGHT, style)
        middle = x + length / 2
        x += length
        text_width = estimate_width(text, svg.SMALL_SIZE) + 4
        if text_width > length:
            figures_above.append(_FigureAbove(segment.side, middle, text_width, text))
            continue
        color = style.text
        # Text on strokes can't be read, whatever its color.
        if style.hatch:
            color = svg.TEXT_COLOR
            svg.add_box(parent, middle - text_width / 2, y + 3, text_width, BAR_HEIGHT - 6, "#fff")
        svg.add_label(
            parent, middle, y + 14.2, text, anchor="middle", fill=color, size=svg.SMALL_SIZE
        )

    for middle, text in _place_figures(figures_above, geometry.zero):
        svg.add_label(parent, middle, y - 2.5, text, anchor="middle", size=svg.SMALL_SIZE - 1)


class _FigureAbove(NamedTuple):
    """A figure above its segment."""

    side: model.Side
    middle: float
    width: float
    text: str


def _place_figures(figures: Sequence[_FigureAbove], zero: float) -> Iterator[tuple[float, str]]:
    """Yield the middle and text of each figure, without overlaps.

    Those of the left and the right stay on their side of zero.
    """
    for side, sign in (("left", -1), ("right", 1)):
        # The distance from zero at which the next one may begin.
        limit = 1.0
        for figure in figures[::sign]:
            distance = (figure.middle - zero) * sign
            half = figure.width / 2
            if figure.side == "middle" and side == "right":
                yield figure.middle, figure.text
                limit = max(limit, distance + half)
            elif figure.side == side:
                start = max(distance - half, limit)
                limit = start + figure.width
                yield zero + (start + half) * sign, figure.text


# ── bars of groups ───────────────────────────────────────────────────────────


def draw_group_charts(results: model.Results, battery: model.Battery) -> Iterator[Chart]:
    """Draw one chart for each banner variable with two to four values.

    It draws none if the battery has no nets, or if no statement shows two figures to compare. A
    nested banner has a chart for each outer value, unless these are many.
    """
    heads_by_variable: dict[str, set[str]] = {}
    for column in results.columns:
        heads_by_variable.setdefault(column.variable, set()).add(column.group)

    drawn: Counter[str] = Counter()
    for group, columns in groupby(enumerate(results.columns), key=lambda column: column[1].group):
        places, members = zip(*columns, strict=True)
        if not group or not 2 <= len(members) <= 4:
            continue
        if len(heads_by_variable[members[0].variable]) > MAX_NESTED_CHARTS:
            continue
        lines: list[tuple[str, list[model.Figure]]] = []
        net: model.ResultRow | None = None
        for statement in battery.statements:
            row = _find_net_by_column(statement)
            if row is None:
                continue
            if net is None:
                net = row
            if row.label == net.label:
                lines.append((flatten(statement.statement), [row.figures[n] for n in places]))
        if net is None or not _has_comparison(lines):
            continue

        names = [flatten(column.label) for column in members]
        sentences = []
        for wording, figures in lines:
            shares = [
                f"{name} {format_share(figure)}"
                for name, figure in zip(names, figures, strict=True)
            ]
            sentences.append(f"{wording} {', '.join(shares)}.")
        parts, height = _draw_groups(names, lines)
        net_name = f"{flatten(net.label)}{net.note_text}"
        id = f"{battery.id}-by-{members[0].variable}"
        drawn[id] += 1
        if drawn[id] > 1:
            id = f"{id}-{drawn[id]}"
        yield Chart(
            id=id,
            title=translate("{net} by {group}", net=net_name, group=group),
            description=" ".join(sentences),
            parts=parts,
            height=height,
        )


def _find_net_by_column(statement: model.ItemResult) -> model.ResultRow | None:
    """Return the first net that has figures by column."""
    for row in statement.rows:
        if row.kind == "net" and len(row.figures) > 1:
            return row
    return None


def _has_comparison(lines: Sequence[tuple[str, Sequence[model.Figure]]]) -> bool:
    """Return whether a statement shows at least two figures."""
    for _, figures in lines:
        shown = [figure for figure in figures if figure.share is not None]
        if len(shown) > 1:
            return True
    return False


def _draw_groups(
    names: Sequence[str], lines: Sequence[tuple[str, Sequence[model.Figure]]]
) -> tuple[Element, float]:
    """Return the elements and their height. A line is a statement with a figure per group."""
    text_width = 300.0
    name_width = 110.0
    bar_height = 11.0
    bars_x = text_width + name_width
    step = bar_height + 4
    scale = (svg.WIDTH - bars_x - 50) / 100

    short_names = []
    for name in names:
        first, *more = wrap_text(name, name_width - 14, svg.SMALL_SIZE)
        if more:
            first = f"{first}…"
        short_names.append(first)

    parts = Element("g")
    y = 4.0
    for statement, figures in lines:
        wording = wrap_text(statement, text_width - 14, svg.FONT_SIZE)
        bars_height = len(names) * step
        row_height = max(len(wording) * svg.LINE_HEIGHT, bars_height)
        svg.add_lines(parts, 0, y + 11, wording)

        for n, (name, figure) in enumerate(zip(short_names, figures, strict=True)):
            top = y + (row_height - bars_height) / 2 + n * step
            svg.add_label(parts, bars_x - 6, top + 9.5, name, anchor="end", size=svg.SMALL_SIZE)
            length = float(figure.share or 0) * 100 * scale
            if length:
                fill = svg.BAR_COLOR if n % 2 == 0 else "#fff"
                svg.add_box(parts, bars_x, top, length, bar_height, fill, stroke=svg.BAR_COLOR)
            x = bars_x + length + 5
            text = figure.percent_text
            svg.add_label(parts, x, top + 9.5, text, fill=svg.MUTED_COLOR, size=svg.SMALL_SIZE)

        svg.add_vertical_line(parts, bars_x, y - 2, y + row_height, svg.LINE_COLOR)
        y += row_height + 10
        svg.add_horizontal_line(parts, y - 5)
    return parts, y
