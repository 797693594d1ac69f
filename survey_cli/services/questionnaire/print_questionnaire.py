"""Printing of a questionnaire, or of its route, in the format that the file's ending selects."""

from collections.abc import Collection
from typing import Final, TextIO

from survey_cli.documents.questionnaire.booklet_model import Booklet
from survey_cli.documents.questionnaire.questionnaire import (
    FINGERPRINT_LENGTH,
    build_booklet,
    render_html,
    render_markdown,
)
from survey_cli.documents.questionnaire.route_building import build_route
from survey_cli.documents.questionnaire.route_diagram import RouteDiagram
from survey_cli.documents.questionnaire.route_folding import (
    ALL_SECTIONS,
    fold_sections,
    list_sections,
)
from survey_cli.documents.questionnaire.route_mermaid import render_route_markdown
from survey_cli.documents.questionnaire.route_page import render_route_html
from survey_cli.documents.questionnaire.route_svg import render_route_svg
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.services.output_files import DocumentWriter, make_page_writers, publish_document

WRITERS: Final = make_page_writers(render_html, render_markdown, "booklet")
ROUTE_WRITERS: Final = {
    ".svg": DocumentWriter(text=render_route_svg),
    **dict.fromkeys((".html", ".htm"), DocumentWriter(text=render_route_html)),
    **dict.fromkeys((".md", ".markdown"), DocumentWriter(text=render_route_markdown)),
}
"""The writers of a picture of the route by file ending."""
ALL_LANGUAGES: Final = "all"
"""What `--language` names instead of one language, to print all of them side by side."""


def print_questionnaire(
    path: str, to: str, language: str, *, comments: bool, force: bool, stdout: TextIO
) -> tuple[int, tuple[str, ...]]:
    """Write a questionnaire into a file, or with `-` as Markdown on standard output.

    `language` is one of its languages, or `all`; if it is empty, the first one is printed.
    `comments` leaves lines for comments. Returns the number of items, and the names of the printed
    languages.
    """

    def build() -> Booklet:
        instrument = open_instrument(path)
        languages = _select_languages(instrument, language)
        return build_booklet(instrument, languages, comments=comments)

    booklet = publish_document(
        build,
        to,
        WRITERS,
        refusal="{} is not a format that can be printed",
        force=force,
        stdout=stdout,
        remedy="end the name in .html, .docx or .md (a browser makes a PDF of the .html)",
    )
    items = sum(1 for part in booklet.parts for _ in part.iterate_items())
    return items, tuple(name for _, name in booklet.languages)


def print_route(
    path: str,
    to: str,
    language: str,
    *,
    unfolded: Collection[str],
    force: bool,
    stdout: TextIO,
) -> RouteDiagram:
    """Write a picture of the route into a file, or with `-` as Markdown on standard output.

    `unfolded` names the sections that are not folded to one box. Raises UserError if the
    questionnaire doesn't have one of them.
    """

    def build() -> RouteDiagram:
        instrument = open_instrument(path)
        if language == ALL_LANGUAGES:
            known = ", ".join(instrument.languages)
            remedy = f"name one of its languages: {known}"
            raise UserError("--language", "a picture of the route has one language", remedy)
        [selected] = _select_languages(instrument, language)
        diagram = build_route(instrument, selected, instrument.hash[:FINGERPRINT_LENGTH])
        _check_sections(diagram, unfolded)
        return fold_sections(diagram, unfolded)

    return publish_document(
        build,
        to,
        ROUTE_WRITERS,
        refusal="{} is not a format in which the route can be printed",
        force=force,
        stdout=stdout,
        remedy="end the name in .svg, .html or .md (a browser makes a PDF of the .html)",
    )


def _check_sections(diagram: RouteDiagram, named: Collection[str]) -> None:
    """Check that sections exist. Raises UserError."""
    known = (*list_sections(diagram), ALL_SECTIONS)
    for name in named:
        if name not in known:
            remedy = suggest_nearest(name, known, otherwise=f"it has {', '.join(known[:-1])}")
            what = f"the questionnaire has no section or roster {name!r}"
            raise UserError("--unfold", what, remedy)


def _select_languages(instrument: Instrument, language: str) -> tuple[str, ...]:
    """Return the languages to print. Raises UserError if the questionnaire doesn't have it."""
    if language == ALL_LANGUAGES:
        return instrument.languages
    if not language:
        return (instrument.language,)
    if language in instrument.languages:
        return (language,)

    known = ", ".join(instrument.languages)
    remedy = f"its languages are {known}; {ALL_LANGUAGES} prints all of them"
    raise UserError("--language", f"the questionnaire has no language {language!r}", remedy)
