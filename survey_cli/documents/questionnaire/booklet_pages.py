"""Booklet as HTML and as Markdown, each one self-contained file.

Markdown reads well in a terminal and compares well line by line; block quotes are read aloud.
"""

from collections.abc import Iterator
from typing import Final

from survey_cli.documents.questionnaire.booklet_model import AppendixEntry, Booklet, BookletItem, BookletPart
from survey_cli.documents.templating import render_page
from survey_cli.instrument.texts.languages import is_right_to_left

LONG_BATTERY_ROWS: Final = 12
"""A battery with more statements may be divided over printed pages, between two statements."""


def render_html(booklet: Booklet) -> str:
    """Return the page, ending in a line end."""
    from markupsafe import Markup

    version = f"Version {booklet.version} · {booklet.fingerprint}" if booklet.version else booklet.fingerprint
    return render_page(
        "booklet.html.jinja",
        b=booklet,
        anchors=frozenset(_iterate_anchors(booklet)),
        names=dict(booklet.languages),
        is_right_to_left=is_right_to_left,
        page_direction=Markup(' dir="rtl"') if all(is_right_to_left(code) for code, _ in booklet.languages) else "",
        long_battery=LONG_BATTERY_ROWS,
        page_header=booklet.name,
        page_footer=version,
    )


def render_markdown(booklet: Booklet) -> str:
    """Return the page, ending in a line end."""
    return render_page("booklet.md.jinja", b=booklet)


def _iterate_anchors(booklet: Booklet) -> Iterator[str]:
    """Yield the ids that links can lead to."""
    parts: list[BookletPart | BookletItem | AppendixEntry] = [*booklet.parts]
    parts += [entry for appendix in booklet.appendices for entry in appendix.entries]
    while parts:
        part = parts.pop()
        if part.id:
            yield part.id
        if isinstance(part, BookletPart):
            parts += part.children
        elif isinstance(part, BookletItem):
            yield from (row.id for row in part.rows)
