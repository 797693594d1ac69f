"""SVG elements of one width and typeface: text, boxes, hatching. Every text is escaped."""

from collections.abc import Sequence
from typing import Final

from survey_cli.exports.xml_text import escape_text, quote_attribute

WIDTH: Final = 720
"""Of every chart, in units of which a letter is 13 high."""
FONT_SIZE: Final = 13
SMALL_SIZE: Final = 11.5
LINE_HEIGHT: Final = 16
TEXT_COLOR: Final = "#111"
MUTED_COLOR: Final = "#4a4a4a"
LINE_COLOR: Final = "#8a8a8a"
FONT_FAMILY: Final = "'Source Sans 3','Segoe UI','Helvetica Neue',Arial,'Noto Sans',sans-serif"
BAR_COLOR: Final = "#2f5d8a"


def render_svg(id: str, title: str, words: str, parts: Sequence[str], height: float) -> str:
    """The element, with a title and with everything it shows in words."""
    name = escape_text(id)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {format_number(height)}" '
        f'width="{WIDTH}" height="{format_number(height)}" role="img" '
        f'aria-labelledby="{name}-title {name}-words" font-family="{FONT_FAMILY}" '
        f'font-size="{FONT_SIZE}" fill="{TEXT_COLOR}">'
        f'<title id="{name}-title">{escape_text(title)}</title><desc id="{name}-words">{escape_text(words)}</desc>'
        + "".join(parts)
        + "</svg>"
    )


def format_number(number: float) -> str:
    """A number to one decimal."""
    return f"{number:.1f}".rstrip("0").rstrip(".")


def render_text(x: float, y: float, text: str, *, anchor: str = "start", **more: str) -> str:
    """Letters; `more` are attributes of SVG, with _ for -."""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    rest = "".join(f" {name.replace('_', '-')}={quote_attribute(value)}" for name, value in more.items())
    return f'<text x="{format_number(x)}" y="{format_number(y)}"{at}{rest}>{escape_text(text)}</text>'


def render_box(x: float, y: float, width: float, height: float, fill: str, *, stroke: str = "") -> str:
    """A box; its left upper corner first."""
    line = f' stroke="{stroke}" stroke-width="1"' if stroke else ""
    at = f'x="{format_number(x)}" y="{format_number(y)}"'
    size = f'width="{format_number(max(width, 0))}" height="{format_number(height)}"'
    return f'<rect {at} {size} fill="{fill}"{line}/>'


def render_hatching(x: float, y: float, width: float, height: float, line: str) -> str:
    """Strokes that fall to the right, cut at the edges: drawn one by one, since not every program knows patterns."""
    strokes = []
    start = x - height
    while start < x + width:
        left, right = max(start, x), min(start + height, x + width)
        if right > left:
            first = f"{format_number(left)} {format_number(y + left - start)}"
            last = f"{format_number(right)} {format_number(y + right - start)}"
            strokes.append(f"M{first}L{last}")
        start += 6
    return f'<path d="{"".join(strokes)}" stroke="{line}" stroke-width="1" fill="none"/>' if strokes else ""
