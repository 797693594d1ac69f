"""How is a picture written? Letters, boxes and hatching of one width and type as SVG, every text escaped."""

from collections.abc import Sequence
from typing import Final

from survey_cli.exports.xml_text import attribute, xml

WIDTH: Final = 720
"""Of every chart, in units of which a letter is 13 high."""
SIZE: Final = 13
SMALL: Final = 11.5
LEADING: Final = 16
INK: Final = "#111"
SOFT: Final = "#4a4a4a"
RULE: Final = "#8a8a8a"
FAMILY: Final = "'Source Sans 3','Segoe UI','Helvetica Neue',Arial,'Noto Sans',sans-serif"
PLAIN: Final = "#2f5d8a"


def svg(id: str, title: str, words: str, parts: Sequence[str], height: float) -> str:
    """The element, with a title and with everything it shows in words."""
    name = xml(id)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {plain(height)}" width="{WIDTH}" '
        f'height="{plain(height)}" role="img" aria-labelledby="{name}-title {name}-words" font-family="{FAMILY}" '
        f'font-size="{SIZE}" fill="{INK}">'
        f'<title id="{name}-title">{xml(title)}</title><desc id="{name}-words">{xml(words)}</desc>'
        + "".join(parts)
        + "</svg>"
    )


def plain(number: float) -> str:
    """A number to one decimal."""
    return f"{number:.1f}".rstrip("0").rstrip(".")


def words_at(x: float, y: float, text: str, *, anchor: str = "start", **more: str) -> str:
    """Letters; `more` are attributes of SVG, with _ for -."""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    rest = "".join(f" {name.replace('_', '-')}={attribute(value)}" for name, value in more.items())
    return f'<text x="{plain(x)}" y="{plain(y)}"{at}{rest}>{xml(text)}</text>'


def box(x: float, y: float, width: float, height: float, fill: str, *, stroke: str = "") -> str:
    """A box; its left upper corner first."""
    line = f' stroke="{stroke}" stroke-width="1"' if stroke else ""
    at = f'x="{plain(x)}" y="{plain(y)}" width="{plain(max(width, 0))}" height="{plain(height)}"'
    return f'<rect {at} fill="{fill}"{line}/>'


def hatched(x: float, y: float, width: float, height: float, line: str) -> str:
    """Strokes that fall to the right, cut at the edges: drawn one by one, since not every program knows patterns."""
    strokes = []
    start = x - height
    while start < x + width:
        left, right = max(start, x), min(start + height, x + width)
        if right > left:
            strokes.append(
                f"M{plain(left)} {plain(y + left - start)}L{plain(right)} {plain(y + right - start)}"
            )
        start += 6
    return f'<path d="{"".join(strokes)}" stroke="{line}" stroke-width="1" fill="none"/>' if strokes else ""
