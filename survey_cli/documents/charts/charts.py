"""How does an item or a battery look as a chart? Small SVG pictures with every figure on them and in their description,
told apart by lightness, hatching and side, never by colour alone. It draws shares and prints texts; it computes neither.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final, NamedTuple

from survey_cli.documents.charts.svg import (
    INK,
    LEADING,
    PLAIN,
    RULE,
    SIZE,
    SMALL,
    SOFT,
    WIDTH,
    box,
    hatched,
    plain,
    svg,
    words_at,
)
from survey_cli.documents.charts.text_metrics import broken, width_of
from survey_cli.documents.text_fragments import flat
from survey_cli.reports.results.report_model import (
    Base,
    Battery,
    Figure,
    ItemResult,
    Row,
    Segment,
    Side,
    Statement,
)
from survey_cli.reports.rounding import HIDDEN

BAR: Final = 20
SHADES: Final[dict[Side, tuple[tuple[int, int, int], tuple[int, int, int]]]] = {
    "left": ((20, 62, 106), (158, 190, 220)),
    "right": ((140, 66, 8), (246, 205, 164)),
}
"""The strongest and the mildest point of a side. In grey they are 23 and 73 per cent light on the left, 36 and 82 on the
right, which is hatched besides."""
MIDDLE: Final = "#e2e2e2"
APART: Final = "#fff"
NET: Final = "#fff"
WHITE_BELOW: Final = 0.18
"""Letters are white on what has less relative luminance than this, else black: 4.5 to 1 or more on any colour."""
HEADING: Final = 15.0
"""How high the letters over a chart are that stands alone."""
BOLD: Final = 1.2
"""By so much bold letters may be wider than others."""
TITLED: Final = 110
"""Letters of a wording that make a chart's title."""


class Chart(NamedTuple):
    """A picture and its words."""

    id: str
    """Of the item or the battery."""
    title: str
    words: str
    """Everything it shows, in sentences."""
    parts: Sequence[str]
    """Elements of SVG."""
    height: float

    @property
    def svg(self) -> str:
        """An `svg` element for a page, which has the title over it."""
        return svg(f"chart-{self.id}", self.title, self.words, self.parts, self.height)

    def headed(self, heading: str) -> str:
        """One that stands alone: with these words over it, cut to two lines."""
        first, *more = broken(heading, WIDTH / BOLD, HEADING)
        lines = [first]
        if more:
            lines.append(more[0] if len(more) == 1 else f"{more[0].rsplit(' ', 1)[0]} …")
        top = len(lines) * (LEADING + 3) + 8
        parts = [
            words_at(0, 15 + n * (LEADING + 3), line, font_size=plain(HEADING), font_weight="600")
            for n, line in enumerate(lines)
        ]
        moved = f'<g transform="translate(0 {top})">{"".join(self.parts)}</g>'
        return svg(f"chart-{self.id}", heading, self.words, [*parts, moved], self.height + top)


def chart_of_item(item: ItemResult) -> Chart | None:
    """Bars of one item; None where there is nothing to draw: words and dates, nobody asked, or all of it hidden."""
    drawn = bars_of(item)
    if not drawn:
        return None
    said = (
        "; ".join(f"{flat(row.label)} {said_share(row.total)}" for row in drawn)
    ) + f". {_sentence(item.base)}"
    parts, height = _bars(drawn, item.base)
    return Chart(item.id, short(item.label), said, parts, height)


def bars_of(item: ItemResult) -> tuple[Row, ...]:
    """The rows of an item that have bars; none of them where no bar can be drawn."""
    rows = () if item.kind in ("words", "date", "time") else item.rows
    return rows if any(row.total.share is not None for row in rows) else ()


def chart_of_battery(battery: Battery) -> Chart | None:
    """One diverging bar for each statement, all to one scale; what has no side stands apart. None where no statement can
    be drawn."""
    whole = [s for s in battery.statements if s.whole and any(x.figure.share for x in s.segments)]
    if not whole:
        return None
    said = " ".join(_told(s) for s in battery.statements)
    parts, height = _diverging(battery, whole)
    title = short(battery.title or battery.intro or battery.id)
    return Chart(battery.id, title, said, parts, height)


def said_share(figure: Figure) -> str:
    """`46%`, `*%` for a trace, `hidden`."""
    if figure.hidden or figure.share is None:
        return "hidden" if figure.hidden else figure.percent_text
    return f"{figure.percent_text}%"


def short(text: str) -> str:
    """A title: one line, no longer than needed."""
    line = flat(text)
    return line if len(line) <= TITLED else line[: TITLED - 1].rsplit(" ", 1)[0] + "…"


def _sentence(base: Base) -> str:
    return f"Base: {base.text}."


def _told(statement: Statement) -> str:
    wording = flat(statement.wording)
    if not statement.whole:
        return f"{wording} Not drawn, since some of its counts are hidden."
    figures = ", ".join(f"{flat(s.label)} {said_share(s.figure)}" for s in statement.segments)
    return f"{wording} {figures}, of {statement.base.count_text}."


# ── shades ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Look(NamedTuple):
    fill: str
    text: str
    hatch: str = ""
    stroke: str = ""


def _look(side: Side, place: int, points: int) -> _Look:
    """Of the point at this place from the outer end, among so many of its side."""
    if side == "middle":
        return _Look(MIDDLE, INK, stroke=RULE)
    if side == "apart":
        return _Look(APART, INK, stroke=SOFT)
    strong, mild = SHADES[side]
    share = place / (points - 1) if points > 1 else 0.35
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(strong, mild, strict=True))
    light = 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)
    letters = "#fff" if light < WHITE_BELOW else "#000"
    hatch = "" if side == "left" else "#d8893f" if light < WHITE_BELOW else "#9a5a1c"
    return _Look(f"#{red:02x}{green:02x}{blue:02x}", letters, hatch)


def _linear(channel: int) -> float:
    """Of sRGB, as WCAG 2.2 has it."""
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _looks(points: Sequence[tuple[str, Side]]) -> list[_Look]:
    """In written order: on the left the first is the outer end, on the right the last."""
    looks = []
    for side, group in groupby(points, key=lambda p: p[1]):
        many = len(list(group))
        places = range(many) if side != "right" else range(many - 1, -1, -1)
        looks += [_look(side, place, many) for place in places]
    return looks


# ── bars ───────────────────────────────────────────────────────────────────────────────────────────────────


def _bars(rows: Sequence[Row], base: Base) -> tuple[list[str], float]:
    labels = 250.0
    scale = (WIDTH - labels - 110) / 100
    parts = [f'<path d="M{plain(labels)} 8V«foot»" stroke="{RULE}" stroke-width="1"/>']
    y = 10.0
    nets = False
    for row in rows:
        if row.kind == "net" and not nets:
            nets = True
            parts.append(f'<path d="M0 {plain(y + 3)}H{WIDTH}" stroke="#cfcfcf" stroke-width="1"/>')
            y += 8
        lines = broken(flat(row.label), labels - 14, SIZE)
        tall = max(len(lines) * LEADING, BAR)
        middle = y + tall / 2
        for n, line in enumerate(lines):
            parts.append(
                words_at(
                    labels - 8,
                    middle - (len(lines) - 1) * LEADING / 2 + n * LEADING + 4.5,
                    line,
                    anchor="end",
                )
            )
        figure = row.total
        top = middle - BAR / 2 + 2
        if figure.share is None:
            parts.append(words_at(labels + 6, middle + 4.5, figure.percent_text, fill=SOFT))
        else:
            length = float(figure.share) * 100 * scale
            parts.append(_bar(row, labels, top, length))
            told = f"{said_share(figure)} ({figure.count_text})"
            parts.append(words_at(labels + length + 6, middle + 4.5, told))
        y += tall + 6
    foot = y + 2
    told = f"Base: {base.text}"
    for n, line in enumerate(broken(told, WIDTH - 10, SMALL)):
        parts.append(words_at(0, foot + 16 + n * 15, line, fill=SOFT, font_size=plain(SMALL)))
        y = foot + 16 + n * 15
    return [part.replace("«foot»", plain(foot)) for part in parts], y + 8


def _bar(row: Row, x: float, y: float, length: float) -> str:
    tall = BAR - 4
    match row.kind:
        case "net":
            return box(x, y, length, tall, NET, stroke=PLAIN) + hatched(x, y, length, tall, PLAIN)
        case "decline" | "volunteered":
            return box(x, y, length, tall, "#d4d4d4", stroke=SOFT)
        case _:
            return box(x, y, length, tall, PLAIN)


# ── diverging bars ─────────────────────────────────────────────────────────────────────────────────────────


class _Field(NamedTuple):
    """Where things stand from left to right."""

    words: float
    """To where statements reach."""
    zero: float
    """Where left and right part."""
    apart: float | None
    """Where the bars of what has no side begin."""
    scale: float
    """Units for the whole of a base."""


def _field(statements: Sequence[Statement]) -> _Field:
    words, base, gap = 260.0, 34.0, 34.0
    room = WIDTH - words - base - 8
    left = max(_reach(s)[0] for s in statements)
    right = max(_reach(s)[1] for s in statements)
    apart = max(_apart(s) for s in statements)
    beside = gap + 34 if apart else 0.0  # 34: the figure behind the bar
    scale = (room - beside) / float(max(left + right + apart, Fraction(1, 100)))
    zero = words + 8 + float(left) * scale
    return _Field(words, zero, zero + float(right) * scale + gap if apart else None, scale)


def _reach(statement: Statement) -> tuple[Fraction, Fraction]:
    """How much of a bar stands left and right of where they part; of the middle half each."""
    sides: dict[Side, Fraction] = {"left": Fraction(0), "right": Fraction(0), "middle": Fraction(0)}
    for segment in statement.segments:
        if segment.side != "apart":
            sides[segment.side] += segment.figure.share or 0
    return sides["left"] + sides["middle"] / 2, sides["right"] + sides["middle"] / 2


def _apart(statement: Statement) -> Fraction:
    return sum((s.figure.share or Fraction(0) for s in statement.segments if s.side == "apart"), Fraction(0))


def _diverging(battery: Battery, whole: Sequence[Statement]) -> tuple[list[str], float]:
    field = _field(whole)
    looks = _looks(battery.points)
    parts, y = _legend(battery.points, looks)
    parts.append(words_at(WIDTH, y + 12, "Base", anchor="end", fill=SOFT, font_size=plain(SMALL)))
    y += 18
    for statement in battery.statements:
        lines = broken(flat(statement.wording), field.words - 8, SIZE)
        tall = max(len(lines) * LEADING, BAR + 14)
        for n, line in enumerate(lines):
            parts.append(words_at(0, y + (tall - len(lines) * LEADING) / 2 + n * LEADING + 12, line))
        middle = y + tall / 2 + 3
        parts.append(words_at(WIDTH, middle + 4.5, statement.base.count_text, anchor="end"))
        if statement.whole:
            parts.append(
                f'<path d="M{plain(field.zero)} {plain(y - 3)}V{plain(y + tall + 5)}" stroke="{INK}" stroke-width="1"/>'
            )
            parts += _divided(statement, battery.points, looks, field, middle - BAR / 2)
        else:
            told = f"{HIDDEN} not drawn: some counts are hidden"
            parts.append(words_at(field.words + 8, middle + 4.5, told, fill=SOFT, font_size=plain(SMALL)))
        y += tall + 8
        parts.append(f'<path d="M0 {plain(y - 3)}H{WIDTH}" stroke="#e4e4e4" stroke-width="1"/>')
    return parts, y + 2


def _legend(points: Sequence[tuple[str, Side]], looks: Sequence[_Look]) -> tuple[list[str], float]:
    parts: list[str] = []
    x, y = 0.0, 4.0
    for (label, _), look in zip(points, looks, strict=True):
        told = short(label)
        wide = 20 + width_of(told, SMALL) + 18
        if x and x + wide > WIDTH:
            x, y = 0.0, y + 18
        parts += _filled(x, y, 14, 12, look)
        parts.append(words_at(x + 20, y + 10.5, told, font_size=plain(SMALL)))
        x += wide
    return parts, y + 18


def _filled(x: float, y: float, width: float, height: float, look: _Look) -> Iterator[str]:
    yield box(x, y, width, height, look.fill, stroke=look.stroke)
    if look.hatch:
        yield hatched(x, y, width, height, look.hatch)


def _divided(
    statement: Statement,
    points: Sequence[tuple[str, Side]],
    looks: Sequence[_Look],
    field: _Field,
    y: float,
) -> Iterator[str]:
    """One bar. A figure too wide for its part stands above it, beside the one before and on its side of the middle."""
    x = field.zero - float(_reach(statement)[0]) * field.scale
    narrow: list[_Above] = []
    for segment, look in zip(_ordered(statement, points), looks, strict=True):
        share = segment.figure.share if segment is not None else None
        if segment is None or not share:
            continue
        start = x if segment.side != "apart" else field.apart or x
        length = float(share) * field.scale
        told = segment.figure.percent_text
        needed = width_of(told, SMALL) + 4
        yield from _filled(start, y, length, BAR, look)
        if segment.side == "apart":
            yield words_at(start + length + 5, y + 14.5, told, font_size=plain(SMALL))
            continue
        x += length
        middle = start + length / 2
        if needed > length:
            narrow.append(_Above(segment.side, middle, needed, told))
            continue
        if look.hatch:  # letters on strokes cannot be read, whatever their color
            yield box(middle - needed / 2, y + 3, needed, BAR - 6, "#fff")
        ink = INK if look.hatch else look.text
        yield words_at(middle, y + 14.2, told, anchor="middle", fill=ink, font_size=plain(SMALL))
    for middle, told in _spread(narrow, field.zero):
        yield words_at(middle, y - 2.5, told, anchor="middle", font_size=plain(SMALL - 1))


class _Above(NamedTuple):
    """A figure that stands above its part."""

    side: Side
    middle: float
    needed: float
    text: str


def _spread(narrow: Sequence[_Above], zero: float) -> Iterator[tuple[float, str]]:
    """Their middles, none over another, and those of the sides not over the line."""
    most = zero - 1
    for one in reversed([a for a in narrow if a.side == "left"]):
        end = min(one.middle + one.needed / 2, most)
        most = end - one.needed
        yield end - one.needed / 2, one.text
    least = zero + 1
    for one in narrow:
        if one.side == "middle":
            yield one.middle, one.text
            least = max(least, one.middle + one.needed / 2)
        elif one.side == "right":
            start = max(one.middle - one.needed / 2, least)
            least = start + one.needed
            yield start + one.needed / 2, one.text


def _ordered(statement: Statement, points: Sequence[tuple[str, Side]]) -> Iterator[Segment | None]:
    """Its parts in the order of the battery's points, None where it has none."""
    sided = iter([s for s in statement.segments if s.side != "apart"])
    apart = iter([s for s in statement.segments if s.side == "apart"])
    for _, side in points:
        yield next(apart if side == "apart" else sided, None)
