"""A booklet as one HTML file that needs nothing else: no script, no picture, no other file. The template says where
things stand, the stylesheet how they look; every text is escaped.
"""

from importlib.resources import files
from typing import Final

from survey_cli.documents.questionnaire.booklet_model import Booklet, Item, Part

LONG_GRID: Final = 12
"""A battery with more statements than this may be parted over pages, between two of them."""


def html(booklet: Booklet) -> str:
    """The whole file, ending in a line end."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    house = files("survey_cli.documents.questionnaire")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(house.joinpath("booklet.html.jinja").read_text(encoding="utf-8"))
    style = house.joinpath("booklet.css").read_text(encoding="utf-8")
    return template.render(
        b=booklet,
        anchors=frozenset(_anchors(booklet)),
        names=dict(booklet.languages),
        most_rows=LONG_GRID,
        style=Markup(_running(style, booklet)),  # our own stylesheet, what is put into it made harmless
    )


def _running(style: str, booklet: Booklet) -> str:
    """The stylesheet with what runs along the pages."""
    version = f"Version {booklet.version} · {booklet.fingerprint}" if booklet.version else booklet.fingerprint
    return style.replace("«running»", css_string(booklet.name)).replace("«edition»", css_string(version))


def css_string(text: str) -> str:
    """A text as a CSS string: all but letters, digits and spaces by number, so that nothing ends the string."""
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):X} " for c in text) + '"'


def _anchors(booklet: Booklet) -> list[str]:
    """The names that have a place to go to."""
    found: list[str] = []

    def below(part: Part) -> None:
        found.append(part.id)
        for child in part.children:
            if isinstance(child, Item):
                found.extend((child.id, *(row.id for row in child.rows)))
            else:
                below(child)

    for part in booklet.parts:
        below(part)
    found.extend(entry.id for appendix in booklet.appendices for entry in appendix.entries)
    return [name for name in found if name]
