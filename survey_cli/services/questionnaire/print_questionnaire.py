"""Printing of a questionnaire in the format that the file's ending selects."""

from typing import Final, TextIO

from survey_cli.documents.questionnaire.booklet_model import Booklet
from survey_cli.documents.questionnaire.questionnaire import (
    build_booklet,
    render_html,
    render_markdown,
)
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.services.output_files import make_page_writers, publish_document

WRITERS: Final = make_page_writers(render_html, render_markdown, "booklet")
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
