"""Booklet as a Word document, which reviewers can change with tracked changes. It needs the extra `word`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from survey_cli.documents.questionnaire import booklet_model as model
from survey_cli.documents.report.word_writer import WordWriter
from survey_cli.documents.text_runs import Line, TextRun, render_plain

BLANK: Final = "_" * 24
_FOR_INTERVIEWER: Final = "▷ "


def write_booklet_docx(booklet: model.Booklet, path: Path) -> None:
    """Write the questionnaire into this file."""
    word = WordWriter(booklet.name, booklet.languages[0][0])
    version = f"Version {booklet.version}, " if booklet.version else ""
    languages = ", ".join(name for _, name in booklet.languages)
    word.add_head(
        "Questionnaire", booklet.name, f"{version}in {languages}; fingerprint of the text {booklet.fingerprint}"
    )
    word.add_bullets(f"{name}: {_join(text)}" for name, text in booklet.study)
    if booklet.unstated:
        word.add_text(f"Not stated: {', '.join(booklet.unstated)}")
    word.add_heading("How to read this", 1)
    word.add_bullets(
        [
            "Texts in italics are read aloud; bold words are stressed.",
            "‹Words in angle quotes› are filled in by the computer.",
            "The name after an item's number is its name in the data; the number before an answer is its code.",
            f"Lines with {_FOR_INTERVIEWER.strip()} are for the interviewer, and not read.",
        ]
    )
    if booklet.declines:
        accepted = "; ".join(_describe_choice(decline) for decline in booklet.declines)
        word.add_text(f"Accepted everywhere, and never read, unless an item says otherwise: {accepted}")
    for part in booklet.parts:
        _write_part(word, part, booklet)
    for appendix in booklet.appendices:
        _write_appendix(word, appendix)
    word.document.save(str(path))


def _write_part(word: WordWriter, part: model.BookletPart, booklet: model.Booklet) -> None:
    if part.kind != "loose" or part.level == 1:
        title = part.span_text.capitalize() if part.kind == "loose" else _join(part.title) or part.id
        word.add_heading(title, min(part.level, 3))
    _write_notes(word, part.notes)
    if part.intro:
        word.add_text(f"{_FOR_INTERVIEWER}Before whichever of these items comes first:", close=True)
        _write_aloud(word, part.intro)
    for child in part.children:
        if isinstance(child, model.BookletPart):
            _write_part(word, child, booklet)
        else:
            _write_item(word, child, booklet)
    if part.kind == "roster":
        word.add_text(f"{_FOR_INTERVIEWER}End of what is repeated ({part.id}).")


def _write_item(word: WordWriter, item: model.BookletItem, booklet: model.Booklet) -> None:
    word.add_heading(f"{item.number}. {item.id} – {item.kind}", 3)
    for line in item.asked:
        word.add_runs([_mark(line)])
    _write_aloud(word, item.intro)
    if item.read_aloud:
        _write_aloud(word, item.wording)
    else:
        for text in item.wording:
            word.add_runs([_mark(line) for line in text.lines])
    if item.space == "grid":
        head = ["", *(_describe_choice(choice) for choice in item.choices)]
        rows = [[_describe_row(row.id, row.wording, row.remarks), *([""] * len(item.choices))] for row in item.rows]
        word.add_words(head, rows, item.id)
    else:
        word.add_bullets(_describe_choice(choice) for choice in item.choices)
    if item.space in ("line", "lines"):
        word.add_text(f"{BLANK}{f' ({item.expects})' if item.expects else ''}")
    _write_notes(word, item.notes)
    if booklet.comments:
        word.add_text(f"Comment: {BLANK * 2}")


def _write_appendix(word: WordWriter, appendix: model.Appendix) -> None:
    word.add_heading(appendix.title, 1)
    word.add_text(_FOR_INTERVIEWER + appendix.description)
    for entry in appendix.entries:
        name = " ".join(filter(None, (entry.id, _join(entry.wording))))
        notes = "; ".join("".join(_iterate_note(note)) for note in entry.notes)
        word.add_text(f"{name}: {notes}" if notes else name, close=bool(entry.answer))
        _write_aloud(word, entry.answer)


def _write_aloud(word: WordWriter, wording: model.MultilingualText) -> None:
    for text in wording:
        paragraph = word.add_runs(text.lines, "Quote", language=text.language)
        paragraph.paragraph_format.keep_with_next = True


def _write_notes(word: WordWriter, notes: tuple[model.BookletNote, ...]) -> None:
    for note in notes:
        word.add_text(_FOR_INTERVIEWER + "".join(_iterate_note(note)))


def _iterate_note(note: model.BookletNote) -> Iterator[str]:
    if note.label:
        yield f"{note.label}: "
    yield render_plain(note.prose)
    if note.wording:
        words = _join(note.wording)
        yield (" " if note.prose else "") + (f"“{words}”" if note.read_aloud else words)


def _mark(line: Line) -> Line:
    return (TextRun(_FOR_INTERVIEWER), *line)


def _describe_choice(choice: model.BookletChoice) -> str:
    remarks = "".join(f" ({render_plain(remark)})" for remark in choice.remarks)
    note = f" [{_join(choice.note)}]" if choice.note else ""
    return f"{choice.code}  {_join(choice.wording)}{remarks}{note}{f' {BLANK}' if choice.specify else ''}".strip()


def _describe_row(name: str, wording: model.MultilingualText, remarks: tuple[Line, ...]) -> str:
    return f"{name}: {_join(wording)}" + "".join(f" ({_FOR_INTERVIEWER}{render_plain(remark)})" for remark in remarks)


def _join(wording: model.MultilingualText) -> str:
    """Return a text on one line; several languages are separated by a slash."""
    return " / ".join(" ".join(render_plain(line) for line in text.lines) for text in wording)
