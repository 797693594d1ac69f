"""Printing a questionnaire: lays it out and writes it in the format that the file's ending selects."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from survey_cli.documents.questionnaire.booklet import build_booklet
from survey_cli.documents.questionnaire.booklet_model import Booklet
from survey_cli.documents.questionnaire.booklet_pages import render_html, render_markdown
from survey_cli.documents.questionnaire.booklet_word import write_booklet_docx
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.services.output_files import DocumentWriter, check_output_path, write_document

WRITERS: Final[Mapping[str, DocumentWriter[Booklet]]] = {
    ".html": DocumentWriter(text=render_html),
    ".htm": DocumentWriter(text=render_html),
    ".md": DocumentWriter(text=render_markdown),
    ".markdown": DocumentWriter(text=render_markdown),
    ".docx": DocumentWriter(file=write_booklet_docx, extra="word"),
}
"""Writers by file ending."""
ALL_LANGUAGES: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintOptions:
    """What to print, and how."""

    to: str
    """A file's path, or `-` for Markdown on standard output."""
    language: str = ""
    """One of the instrument's languages, the first by default; `all` for all of them."""
    comments: bool = False
    """Leave lines for comments."""
    force: bool = False
    """Overwrite the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintResult:
    """The printed document."""

    to: str
    items: int
    languages: tuple[str, ...]


def print_questionnaire(path: str | Path, options: PrintOptions, *, stdout: TextIO | None = None) -> PrintResult:
    """Write the document of an instrument into one file."""
    target = Path(options.to)
    ending = ".md" if options.to == "-" else target.suffix.lower()
    if ending not in WRITERS:
        what = f"{ending} is not a format that can be printed" if ending else "the file's name has no ending"
        remedy = "end the name in .html, .docx or .md (a browser makes a PDF of the .html)"
        raise UserError(options.to, what, remedy)
    if options.to != "-":
        check_output_path(target, force=options.force)
    instrument = open_instrument(str(path))
    languages = (
        instrument.languages if options.language == ALL_LANGUAGES else (options.language or instrument.language,)
    )
    if languages[0] not in instrument.languages:
        remedy = f"its languages are {', '.join(instrument.languages)}; {ALL_LANGUAGES} prints all of them"
        raise UserError("--language", f"the questionnaire has no language {options.language!r}", remedy)
    booklet = build_booklet(instrument, languages, comments=options.comments)
    write_document(booklet, options.to, WRITERS[ending], force=options.force, stdout=stdout)
    items = sum(1 for part in booklet.parts for _ in part.iterate_items())
    return PrintResult(to=options.to, items=items, languages=tuple(name for _, name in booklet.languages))
