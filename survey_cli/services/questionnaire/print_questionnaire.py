"""Printing a questionnaire: lays it out and writes it in the format that the file's ending selects."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

from survey_cli.documents.questionnaire.booklet import build_booklet, render_html, render_markdown
from survey_cli.documents.questionnaire.booklet_model import Booklet
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.services.output_files import DocumentWriter, check_output_path, write_document


def _write_docx(booklet: Booklet, path: Path) -> None:
    from survey_cli.documents.word import write_booklet_docx

    write_booklet_docx(booklet, path)


WRITERS: Final[Mapping[str, DocumentWriter[Booklet]]] = {
    ".html": DocumentWriter(text=render_html),
    ".htm": DocumentWriter(text=render_html),
    ".md": DocumentWriter(text=render_markdown),
    ".markdown": DocumentWriter(text=render_markdown),
    ".docx": DocumentWriter(file=_write_docx, extra="word"),
}
"""Writers by file ending."""
ALL_LANGUAGES: Final = "all"


def print_questionnaire(
    path: str | Path,
    to: str,
    language: str = "",
    *,
    comments: bool = False,
    force: bool = False,
    stdout: TextIO | None = None,
) -> tuple[int, tuple[str, ...]]:
    """Write the document of an instrument into one file, or with `-` as Markdown on standard output.

    `language` is one of the instrument's languages, the first by default, or `all`; `comments` leaves lines for
    comments. Returns the number of items, and the names of the languages.
    """
    ending = ".md" if to == "-" else Path(to).suffix.lower()
    if ending not in WRITERS:
        what = f"{ending} is not a format that can be printed" if ending else "the file's name has no ending"
        remedy = "end the name in .html, .docx or .md (a browser makes a PDF of the .html)"
        raise UserError(to, what, remedy)
    if to != "-":
        check_output_path(Path(to), force=force)
    instrument = open_instrument(str(path))
    languages = instrument.languages if language == ALL_LANGUAGES else (language or instrument.language,)
    if languages[0] not in instrument.languages:
        remedy = f"its languages are {', '.join(instrument.languages)}; {ALL_LANGUAGES} prints all of them"
        raise UserError("--language", f"the questionnaire has no language {language!r}", remedy)
    booklet = build_booklet(instrument, languages, comments=comments)
    write_document(booklet, to, WRITERS[ending], force=force, stdout=stdout)
    items = sum(1 for part in booklet.parts for _ in part.iterate_items())
    return items, tuple(name for _, name in booklet.languages)
