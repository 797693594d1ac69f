"""SVG elements of one width and typeface, estimated text widths, and PNG files made from SVG.

Lengths are in units of the chart. Estimates of text widths are generous, so that nothing overflows.
"""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Final
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element, tostring

from survey_cli.exports.xml_elements import add_element

WIDTH: Final = 720
"""Width of a chart that has the whole page."""
NARROW_WIDTH: Final = 440
STACKED_WIDTH: Final = 360
"""Width of charts for a telephone, with each statement above its bar."""
FONT_SIZE: Final = 13
SMALL_SIZE: Final = 11.5
LINE_HEIGHT: Final = 16
TEXT_COLOR: Final = "#111"
MUTED_COLOR: Final = "#4a4a4a"
LINE_COLOR: Final = "#8a8a8a"
RULE_COLOR: Final = "#e4e4e4"
FONT_FAMILY: Final = "'Source Sans 3','Segoe UI','Helvetica Neue',Arial,'Noto Sans',sans-serif"
BAR_COLOR: Final = "#2f5d8a"
HATCHING_STEP: Final = 6


def render_svg(
    id: str,
    title: str,
    description: str,
    parts: Iterable[Element],
    height: float,
    *,
    width: float = WIDTH,
) -> str:
    """Return an `svg` element with a title and a description for screen readers."""
    name = "chart"
    if width == NARROW_WIDTH:
        name = "chart narrow"
    elif width != WIDTH:
        name = "chart stacked"
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": name,
            "viewBox": f"0 0 {format_number(width)} {format_number(height)}",
            "width": format_number(width),
            "height": format_number(height),
            "role": "img",
            "aria-labelledby": f"{id}-title {id}-words",
            "font-family": FONT_FAMILY,
            "font-size": str(FONT_SIZE),
            "fill": TEXT_COLOR,
        },
    )
    add_element(root, "title", title, id=f"{id}-title")
    add_element(root, "desc", description, id=f"{id}-words")
    root.extend(parts)
    return tostring(root, encoding="unicode")


def format_number(number: float) -> str:
    """Return a number with at most one decimal."""
    return f"{number:.1f}".rstrip("0").rstrip(".")


def _add(parent: Element, tag: str, text: str = "", **attributes: float | str) -> None:
    """Add an element with attributes. Underscores in their names stand for hyphens."""
    texts = {}
    for name, value in attributes.items():
        if not isinstance(value, str):
            value = format_number(value)
        texts[name.replace("_", "-")] = value
    add_element(parent, tag, text, **texts)


def add_label(
    parent: Element,
    x: float,
    y: float,
    text: str,
    anchor: str = "",
    size: float = 0,
    fill: str = "",
    weight: str = "",
) -> None:
    """Add a line of text; `anchor`, `size`, `fill` and `weight` only if the chart has others."""
    font_size = format_number(size) if size else ""
    _add(
        parent,
        "text",
        text,
        x=x,
        y=y,
        text_anchor=anchor,
        fill=fill,
        font_weight=weight,
        font_size=font_size,
    )


def add_lines(
    parent: Element, x: float, y: float, lines: Iterable[str], *, anchor: str = ""
) -> None:
    """Add lines of text, one below the other; `y` is that of the first."""
    for n, line in enumerate(lines):
        add_label(parent, x, y + n * LINE_HEIGHT, line, anchor=anchor)


def add_box(
    parent: Element, x: float, y: float, width: float, height: float, fill: str, *, stroke: str = ""
) -> None:
    """Add a rectangle by its upper left corner."""
    stroke_width = "1" if stroke else ""
    width = max(width, 0)
    _add(
        parent,
        "rect",
        x=x,
        y=y,
        width=width,
        height=height,
        fill=fill,
        stroke=stroke,
        stroke_width=stroke_width,
    )


def add_horizontal_line(parent: Element, y: float, color: str = RULE_COLOR) -> None:
    """Add a line across the chart."""
    _add(parent, "path", d=f"M0 {format_number(y)}H{WIDTH}", stroke=color, stroke_width="1")


def add_vertical_line(parent: Element, x: float, top: float, bottom: float, color: str) -> None:
    """Add a line between two heights."""
    path = f"M{format_number(x)} {format_number(top)}V{format_number(bottom)}"
    _add(parent, "path", d=path, stroke=color, stroke_width="1")


def add_hatching(
    parent: Element, x: float, y: float, width: float, height: float, color: str
) -> None:
    """Add strokes that fall to the right within a box.

    They are drawn one by one, since some programs know no patterns.
    """
    strokes = []
    start = x - height
    while start < x + width:
        left = max(start, x)
        right = min(start + height, x + width)
        if right > left:
            strokes.append(
                f"M{format_number(left)} {format_number(y + left - start)}"
                f"L{format_number(right)} {format_number(y + right - start)}"
            )
        start += HATCHING_STEP
    if strokes:
        _add(parent, "path", d="".join(strokes), stroke=color, stroke_width="1", fill="none")


NARROW_CHARACTERS: Final = frozenset("iljtfrI.,;:'|!()[] ‹›’“”-")
WIDE_CHARACTERS: Final = frozenset("mwMW@%—…&")


def estimate_width(text: str, size: float) -> float:
    """Return the width of a text in the unit of `size`, the font size."""
    return sum(map(_estimate_character, text)) * size


def _estimate_character(letter: str) -> float:
    if letter in NARROW_CHARACTERS:
        return 0.33
    if letter in WIDE_CHARACTERS:
        return 0.9
    if east_asian_width(letter) in "WF":
        return 1.0
    return 0.7 if letter.isupper() else 0.56


def wrap_text(text: str, room: float, size: float) -> list[str]:
    """Return one or more lines of at most `room` units; a word that is wider is cut."""
    lines = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if estimate_width(joined, size) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        while estimate_width(word, size) > room and len(word) > 1:
            length = 1
            while estimate_width(word[: length + 1], size) <= room:
                length += 1
            lines.append(word[:length])
            word = word[length:]
        line = word
    if line or not lines:
        lines.append(line)
    return lines


SCALE: Final = 2
"""Pixels per unit of a chart."""


def render_svg_file(svg: str) -> str:
    """Return the content of an SVG file."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'


def can_render_png() -> bool:
    """Whether the library is installed, and Cairo, which it needs."""
    if find_spec("cairosvg") is None:
        return False
    try:
        import_module("cairosvg")
    except OSError:
        # Cairo is not installed.
        return False
    return True


def render_png(svg: str) -> bytes:
    """Return a PNG picture on white. Requires `can_render_png`."""
    png: bytes = import_module("cairosvg").svg2png(
        bytestring=svg.encode(), scale=SCALE, background_color="white"
    )
    return png
