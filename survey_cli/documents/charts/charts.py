"""Charts of items and batteries as SVG, with every figure on them and in their description.

Parts differ by lightness, hatching and side, never by color alone. Figures are drawn, not computed.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final, NamedTuple

from survey_cli.documents.charts.svg import (
    BAR_COLOR,
    FONT_SIZE,
    LINE_COLOR,
    LINE_HEIGHT,
    MUTED_COLOR,
    SMALL_SIZE,
    TEXT_COLOR,
    WIDTH,
    format_number,
    render_box,
    render_hatching,
    render_svg,
    render_text,
)
from survey_cli.documents.charts.text_metrics import estimate_width, wrap_text
from survey_cli.documents.text_fragments import flatten
from survey_cli.reports.results.report_model import (
    BarSegment,
    Base,
    Battery,
    BatteryStatement,
    Figure,
    ItemResult,
    ResultRow,
    Side,
)
from survey_cli.reports.rounding import HIDDEN_MARK

BAR_HEIGHT: Final = 20
SIDE_COLORS: Final[dict[Side, tuple[tuple[int, int, int], tuple[int, int, int]]]] = {
    "left": ((20, 62, 106), (158, 190, 220)),
    "right": ((140, 66, 8), (246, 205, 164)),
}
"""The strongest and the mildest point of a side. In gray they are 23 and 73 percent light on the left, 36 and 82 on the
right, which is hatched besides."""
MIDDLE_COLOR: Final = "#e2e2e2"
APART_COLOR: Final = "#fff"
NET_COLOR: Final = "#fff"
WHITE_TEXT_BELOW: Final = 0.18
"""Letters are white on what has less relative luminance than this, else black: 4.5 to 1 or more on any color."""
HEADING_SIZE: Final = 15.0
"""How high the letters over a chart are that stands alone."""
BOLD_FACTOR: Final = 1.2
"""By so much bold letters may be wider than others."""
MAX_TITLE_LENGTH: Final = 110
"""Letters of a wording that make a chart's title."""


class Chart(NamedTuple):
    """A chart and its description."""

    id: str
    """Of the item or the battery."""
    title: str
    description: str
    """Everything it shows, in sentences."""
    parts: Sequence[str]
    """Elements of SVG."""
    height: float

    @property
    def svg(self) -> str:
        """An `svg` element for a page, which has the title over it."""
        return render_svg(f"chart-{self.id}", self.title, self.description, self.parts, self.height)

    def render_with_heading(self, heading: str) -> str:
        """One that stands alone: with these words over it, cut to two lines."""
        first, *more = wrap_text(heading, WIDTH / BOLD_FACTOR, HEADING_SIZE)
        lines = [first]
        if more:
            lines.append(more[0] if len(more) == 1 else f"{more[0].rsplit(' ', 1)[0]} …")
        top = len(lines) * (LINE_HEIGHT + 3) + 8
        parts = [
            render_text(0, 15 + n * (LINE_HEIGHT + 3), line, font_size=format_number(HEADING_SIZE), font_weight="600")
            for n, line in enumerate(lines)
        ]
        moved = f'<g transform="translate(0 {top})">{"".join(self.parts)}</g>'
        return render_svg(f"chart-{self.id}", heading, self.description, [*parts, moved], self.height + top)


def draw_item(item: ItemResult) -> Chart | None:
    """Bars of one item; None where there is nothing to draw: words and dates, nobody asked, or all of it hidden."""
    drawn = select_bar_rows(item)
    if not drawn:
        return None
    said = (
        "; ".join(f"{flatten(row.label)} {format_share(row.total)}" for row in drawn)
    ) + f". {_describe_base(item.base)}"
    parts, height = _draw_bars(drawn, item.base)
    return Chart(item.id, shorten_title(item.label), said, parts, height)


def select_bar_rows(item: ItemResult) -> tuple[ResultRow, ...]:
    """The rows of an item that have bars; none of them where no bar can be drawn."""
    rows = () if item.kind in ("words", "date", "time") else item.rows
    return rows if any(row.total.share is not None for row in rows) else ()


def draw_battery(battery: Battery) -> Chart | None:
    """Draw one diverging bar for each statement, all on one scale; None if no statement can be drawn.

    Answers without a side stand apart.
    """
    whole = [s for s in battery.statements if s.is_complete and any(x.figure.share for x in s.segments)]
    if not whole:
        return None
    said = " ".join(_describe_statement(s) for s in battery.statements)
    parts, height = _draw_diverging(battery, whole)
    title = shorten_title(battery.title or battery.intro or battery.id)
    return Chart(battery.id, title, said, parts, height)


def format_share(figure: Figure) -> str:
    """`46%`, `*%` for a trace, `hidden`."""
    if figure.hidden or figure.share is None:
        return "hidden" if figure.hidden else figure.percent_text
    return f"{figure.percent_text}%"


def shorten_title(text: str) -> str:
    """A title: one line, no longer than needed."""
    line = flatten(text)
    return line if len(line) <= MAX_TITLE_LENGTH else line[: MAX_TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def _describe_base(base: Base) -> str:
    return f"Base: {base.text}."


def _describe_statement(statement: BatteryStatement) -> str:
    wording = flatten(statement.wording)
    if not statement.is_complete:
        return f"{wording} Not drawn, since some of its counts are hidden."
    figures = ", ".join(f"{flatten(s.label)} {format_share(s.figure)}" for s in statement.segments)
    return f"{wording} {figures}, of {statement.base.count_text}."


# ── shades ─────────────────────────────────────────────────────────────────────────────────────────────────


class _SegmentStyle(NamedTuple):
    fill: str
    text: str
    hatch: str = ""
    stroke: str = ""


def _choose_style(side: Side, place: int, points: int) -> _SegmentStyle:
    """Of the point at this place from the outer end, among so many of its side."""
    if side == "middle":
        return _SegmentStyle(MIDDLE_COLOR, TEXT_COLOR, stroke=LINE_COLOR)
    if side == "apart":
        return _SegmentStyle(APART_COLOR, TEXT_COLOR, stroke=MUTED_COLOR)
    strong, mild = SIDE_COLORS[side]
    share = place / (points - 1) if points > 1 else 0.35
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(strong, mild, strict=True))
    light = 0.2126 * _to_linear(red) + 0.7152 * _to_linear(green) + 0.0722 * _to_linear(blue)
    letters = "#fff" if light < WHITE_TEXT_BELOW else "#000"
    hatch = "" if side == "left" else "#d8893f" if light < WHITE_TEXT_BELOW else "#9a5a1c"
    return _SegmentStyle(f"#{red:02x}{green:02x}{blue:02x}", letters, hatch)


def _to_linear(channel: int) -> float:
    """Of sRGB, as WCAG 2.2 has it."""
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _choose_styles(points: Sequence[tuple[str, Side]]) -> list[_SegmentStyle]:
    """In written order: on the left the first is the outer end, on the right the last."""
    looks = []
    for side, group in groupby(points, key=lambda p: p[1]):
        many = len(list(group))
        places = range(many) if side != "right" else range(many - 1, -1, -1)
        looks += [_choose_style(side, place, many) for place in places]
    return looks


# ── bars ───────────────────────────────────────────────────────────────────────────────────────────────────


def _draw_bars(rows: Sequence[ResultRow], base: Base) -> tuple[list[str], float]:
    labels = 250.0
    scale = (WIDTH - labels - 110) / 100
    parts = [f'<path d="M{format_number(labels)} 8V«foot»" stroke="{LINE_COLOR}" stroke-width="1"/>']
    y = 10.0
    nets = False
    for row in rows:
        if row.kind == "net" and not nets:
            nets = True
            parts.append(f'<path d="M0 {format_number(y + 3)}H{WIDTH}" stroke="#cfcfcf" stroke-width="1"/>')
            y += 8
        lines = wrap_text(flatten(row.label), labels - 14, FONT_SIZE)
        tall = max(len(lines) * LINE_HEIGHT, BAR_HEIGHT)
        middle = y + tall / 2
        for n, line in enumerate(lines):
            parts.append(
                render_text(
                    labels - 8, middle - (len(lines) - 1) * LINE_HEIGHT / 2 + n * LINE_HEIGHT + 4.5, line, anchor="end"
                )
            )
        figure = row.total
        top = middle - BAR_HEIGHT / 2 + 2
        if figure.share is None:
            parts.append(render_text(labels + 6, middle + 4.5, figure.percent_text, fill=MUTED_COLOR))
        else:
            length = float(figure.share) * 100 * scale
            parts.append(_draw_bar(row, labels, top, length))
            told = f"{format_share(figure)} ({figure.count_text})"
            parts.append(render_text(labels + length + 6, middle + 4.5, told))
        y += tall + 6
    foot = y + 2
    told = f"Base: {base.text}"
    for n, line in enumerate(wrap_text(told, WIDTH - 10, SMALL_SIZE)):
        parts.append(render_text(0, foot + 16 + n * 15, line, fill=MUTED_COLOR, font_size=format_number(SMALL_SIZE)))
        y = foot + 16 + n * 15
    return [part.replace("«foot»", format_number(foot)) for part in parts], y + 8


def _draw_bar(row: ResultRow, x: float, y: float, length: float) -> str:
    tall = BAR_HEIGHT - 4
    match row.kind:
        case "net":
            return render_box(x, y, length, tall, NET_COLOR, stroke=BAR_COLOR) + render_hatching(
                x, y, length, tall, BAR_COLOR
            )
        case "decline" | "volunteered":
            return render_box(x, y, length, tall, "#d4d4d4", stroke=MUTED_COLOR)
        case _:
            return render_box(x, y, length, tall, BAR_COLOR)


# ── diverging bars ─────────────────────────────────────────────────────────────────────────────────────────


class _BatteryGeometry(NamedTuple):
    """Where things stand from left to right."""

    text_end: float
    """To where statements reach."""
    zero: float
    """Where left and right part."""
    apart_start: float | None
    """Where the bars of what has no side begin."""
    scale: float
    """Units for the whole of a base."""


def _measure_battery(statements: Sequence[BatteryStatement]) -> _BatteryGeometry:
    words, base, gap = 260.0, 34.0, 34.0
    room = WIDTH - words - base - 8
    left = max(_measure_sides(s)[0] for s in statements)
    right = max(_measure_sides(s)[1] for s in statements)
    apart = max(_measure_apart(s) for s in statements)
    beside = gap + 34 if apart else 0.0  # 34: the figure behind the bar
    scale = (room - beside) / float(max(left + right + apart, Fraction(1, 100)))
    zero = words + 8 + float(left) * scale
    return _BatteryGeometry(words, zero, zero + float(right) * scale + gap if apart else None, scale)


def _measure_sides(statement: BatteryStatement) -> tuple[Fraction, Fraction]:
    """How much of a bar stands left and right of where they part; of the middle half each."""
    sides: dict[Side, Fraction] = {"left": Fraction(0), "right": Fraction(0), "middle": Fraction(0)}
    for segment in statement.segments:
        if segment.side != "apart":
            sides[segment.side] += segment.figure.share or 0
    return sides["left"] + sides["middle"] / 2, sides["right"] + sides["middle"] / 2


def _measure_apart(statement: BatteryStatement) -> Fraction:
    return sum((s.figure.share or Fraction(0) for s in statement.segments if s.side == "apart"), Fraction(0))


def _draw_diverging(battery: Battery, whole: Sequence[BatteryStatement]) -> tuple[list[str], float]:
    field = _measure_battery(whole)
    looks = _choose_styles(battery.points)
    parts, y = _draw_legend(battery.points, looks)
    parts.append(
        render_text(WIDTH, y + 12, "Base", anchor="end", fill=MUTED_COLOR, font_size=format_number(SMALL_SIZE))
    )
    y += 18
    for statement in battery.statements:
        lines = wrap_text(flatten(statement.wording), field.text_end - 8, FONT_SIZE)
        tall = max(len(lines) * LINE_HEIGHT, BAR_HEIGHT + 14)
        for n, line in enumerate(lines):
            parts.append(render_text(0, y + (tall - len(lines) * LINE_HEIGHT) / 2 + n * LINE_HEIGHT + 12, line))
        middle = y + tall / 2 + 3
        parts.append(render_text(WIDTH, middle + 4.5, statement.base.count_text, anchor="end"))
        if statement.is_complete:
            parts.append(
                f'<path d="M{format_number(field.zero)} {format_number(y - 3)}V{format_number(y + tall + 5)}"'
                f' stroke="{TEXT_COLOR}" stroke-width="1"/>'
            )
            parts += _draw_statement(statement, battery.points, looks, field, middle - BAR_HEIGHT / 2)
        else:
            told = f"{HIDDEN_MARK} not drawn: some counts are hidden"
            parts.append(
                render_text(
                    field.text_end + 8, middle + 4.5, told, fill=MUTED_COLOR, font_size=format_number(SMALL_SIZE)
                )
            )
        y += tall + 8
        parts.append(f'<path d="M0 {format_number(y - 3)}H{WIDTH}" stroke="#e4e4e4" stroke-width="1"/>')
    return parts, y + 2


def _draw_legend(points: Sequence[tuple[str, Side]], looks: Sequence[_SegmentStyle]) -> tuple[list[str], float]:
    parts: list[str] = []
    x, y = 0.0, 4.0
    for (label, _), look in zip(points, looks, strict=True):
        told = shorten_title(label)
        wide = 20 + estimate_width(told, SMALL_SIZE) + 18
        if x and x + wide > WIDTH:
            x, y = 0.0, y + 18
        parts += _draw_box(x, y, 14, 12, look)
        parts.append(render_text(x + 20, y + 10.5, told, font_size=format_number(SMALL_SIZE)))
        x += wide
    return parts, y + 18


def _draw_box(x: float, y: float, width: float, height: float, look: _SegmentStyle) -> Iterator[str]:
    yield render_box(x, y, width, height, look.fill, stroke=look.stroke)
    if look.hatch:
        yield render_hatching(x, y, width, height, look.hatch)


def _draw_statement(
    statement: BatteryStatement,
    points: Sequence[tuple[str, Side]],
    looks: Sequence[_SegmentStyle],
    field: _BatteryGeometry,
    y: float,
) -> Iterator[str]:
    """One bar. A figure too wide for its part stands above it, beside the one before and on its side of the middle."""
    x = field.zero - float(_measure_sides(statement)[0]) * field.scale
    narrow: list[_FigureAbove] = []
    for segment, look in zip(_align_segments(statement, points), looks, strict=True):
        share = segment.figure.share if segment is not None else None
        if segment is None or not share:
            continue
        start = x if segment.side != "apart" else field.apart_start or x
        length = float(share) * field.scale
        told = segment.figure.percent_text
        needed = estimate_width(told, SMALL_SIZE) + 4
        yield from _draw_box(start, y, length, BAR_HEIGHT, look)
        if segment.side == "apart":
            yield render_text(start + length + 5, y + 14.5, told, font_size=format_number(SMALL_SIZE))
            continue
        x += length
        middle = start + length / 2
        if needed > length:
            narrow.append(_FigureAbove(segment.side, middle, needed, told))
            continue
        if look.hatch:  # letters on strokes cannot be read, whatever their color
            yield render_box(middle - needed / 2, y + 3, needed, BAR_HEIGHT - 6, "#fff")
        ink = TEXT_COLOR if look.hatch else look.text
        yield render_text(middle, y + 14.2, told, anchor="middle", fill=ink, font_size=format_number(SMALL_SIZE))
    for middle, told in _place_figures(narrow, field.zero):
        yield render_text(middle, y - 2.5, told, anchor="middle", font_size=format_number(SMALL_SIZE - 1))


class _FigureAbove(NamedTuple):
    """A figure that stands above its part."""

    side: Side
    middle: float
    width: float
    text: str


def _place_figures(narrow: Sequence[_FigureAbove], zero: float) -> Iterator[tuple[float, str]]:
    """Their middles, none over another, and those of the sides not over the line."""
    most = zero - 1
    for one in reversed([a for a in narrow if a.side == "left"]):
        end = min(one.middle + one.width / 2, most)
        most = end - one.width
        yield end - one.width / 2, one.text
    least = zero + 1
    for one in narrow:
        if one.side == "middle":
            yield one.middle, one.text
            least = max(least, one.middle + one.width / 2)
        elif one.side == "right":
            start = max(one.middle - one.width / 2, least)
            least = start + one.width
            yield start + one.width / 2, one.text


def _align_segments(statement: BatteryStatement, points: Sequence[tuple[str, Side]]) -> Iterator[BarSegment | None]:
    """Its parts in the order of the battery's points, None where it has none."""
    sided = iter([s for s in statement.segments if s.side != "apart"])
    apart = iter([s for s in statement.segments if s.side == "apart"])
    for _, side in points:
        yield next(apart if side == "apart" else sided, None)
