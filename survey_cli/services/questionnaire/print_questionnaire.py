"""Printing a questionnaire: lays it out and writes it in the format that the file's ending selects."""

from typing import Final, TextIO

from survey_cli.documents.questionnaire.booklet_model import Booklet
from survey_cli.documents.questionnaire.questionnaire import (
    build_booklet,
    render_html,
    render_markdown,
)
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.services.output_files import make_page_writers, publish_document

WRITERS: Final = make_page_writers(render_html, render_markdown, "booklet")
ALL_LANGUAGES: Final = "all"


def print_questionnaire(
    path: str, to: str, language: str, *, comments: bool, force: bool, stdout: TextIO
) -> tuple[int, tuple[str, ...]]:
    """Write the document of an instrument into one file, or with `-` as Markdown on standard output.

    `language` is one of the instrument's languages, the first by default, or `all`; `comments` leaves lines for
    comments. Returns the number of items, and the names of the languages.
    """
    remedy = "end the name in .html, .docx or .md (a browser makes a PDF of the .html)"
    refusal = "{} is not a format that can be printed"

    def build() -> Booklet:
        instrument = open_instrument(path)
        languages = (
            instrument.languages
            if language == ALL_LANGUAGES
            else (language or instrument.language,)
        )
        if languages[0] not in instrument.languages:
            known = f"its languages are {', '.join(instrument.languages)}; {ALL_LANGUAGES} prints all of them"
            raise UserError("--language", f"the questionnaire has no language {language!r}", known)
        return build_booklet(instrument, languages, comments=comments)

    booklet = publish_document(
        build, to, WRITERS, refusal=refusal, force=force, stdout=stdout, remedy=remedy
    )
    items = sum(1 for part in booklet.parts for _ in part.iterate_items())
    return items, tuple(name for _, name in booklet.languages)
