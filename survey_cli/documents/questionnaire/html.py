"""Booklet as one self-contained HTML file: no script, no picture, no other file.

The template places things, the stylesheet shapes them; every text is escaped.
"""

from importlib.resources import files
from typing import Final

from survey_cli.documents.questionnaire.booklet_model import Booklet, BookletItem, BookletPart

LONG_BATTERY_ROWS: Final = 12
"""A battery with more statements than this may be parted over pages, between two of them."""


def render_html(booklet: Booklet) -> str:
    """The whole file, ending in a line end."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    house = files("survey_cli.documents.questionnaire")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    template = environment.from_string(house.joinpath("booklet.html.jinja").read_text(encoding="utf-8"))
    style = house.joinpath("booklet.css").read_text(encoding="utf-8")
    return template.render(
        b=booklet,
        anchors=frozenset(_list_anchors(booklet)),
        names=dict(booklet.languages),
        long_battery=LONG_BATTERY_ROWS,
        style=Markup(_insert_running_texts(style, booklet)),  # our own stylesheet, what is put into it made harmless
    )


def _insert_running_texts(style: str, booklet: Booklet) -> str:
    """The stylesheet with what runs along the pages."""
    version = f"Version {booklet.version} · {booklet.fingerprint}" if booklet.version else booklet.fingerprint
    return style.replace("«running»", quote_css(booklet.name)).replace("«edition»", quote_css(version))


def quote_css(text: str) -> str:
    """A text as a CSS string: all but letters, digits and spaces by number, so that nothing ends the string."""
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):X} " for c in text) + '"'


def _list_anchors(booklet: Booklet) -> list[str]:
    """The names that have a place to go to."""
    found: list[str] = []

    def below(part: BookletPart) -> None:
        found.append(part.id)
        for child in part.children:
            if isinstance(child, BookletItem):
                found.extend((child.id, *(row.id for row in child.rows)))
            else:
                below(child)

    for part in booklet.parts:
        below(part)
    found.extend(entry.id for appendix in booklet.appendices for entry in appendix.entries)
    return [name for name in found if name]
