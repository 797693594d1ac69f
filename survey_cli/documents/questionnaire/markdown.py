"""Booklet as Markdown that reads well in a terminal and compares well line by line.

Block quotes are read aloud; every text is escaped, so that none is taken for markup.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.documents.questionnaire.booklet_model import (
    AppendixEntry,
    Booklet,
    BookletChoice,
    BookletItem,
    BookletNote,
    BookletPart,
    BookletStatement,
    Line,
    MultilingualText,
    TextRun,
    render_plain,
)

BLANK: Final = "______"
"""Where words are written by hand."""
LEGEND: Final = (
    "Quoted lines (`>`) are read aloud; **bold** words are stressed.",
    "‹Words in angle quotes› are filled in by the computer; several ways to say it are parted by a slash.",
    "`Names like this` are the items’ names; the number before an answer is its code.",
    "What is marked ▷ is for the interviewer and not read.",
)

_MARKUP: Final = re.compile(r"[\\`*\[\]<|~$]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
"""What could be markup anywhere; `_` within a word is none."""
_MARKUP_AT_START: Final = re.compile(r"^(?:[#>+=:-]|\d+(?=[.)]))")
"""What could be markup at the beginning of a line."""


def render_markdown(booklet: Booklet) -> str:
    """The whole booklet, ending in a line end."""
    lines = [line.rstrip() for line in _render_booklet(booklet)]
    tidy = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(tidy).strip("\n") + "\n"


def escape_markdown(text: str, *, first: bool = True) -> str:
    """Literal text. `first`: it may begin a line."""
    text = _MARKUP.sub(lambda m: "\\" + m.group(), text)
    return _MARKUP_AT_START.sub(_escape_first, text) if first else text


def _escape_first(found: re.Match[str]) -> str:
    text = found.group()
    return f"{text}\\" if text[0].isdecimal() else f"\\{text}"


def render_code(text: str) -> str:
    """Literal text as a code span, whatever backticks it holds."""
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(len(run) for run in re.findall("`+", text)) + 1)
    return f"{fence} {text} {fence}"


def _render_code_cell(text: str) -> str:
    return render_code(text).replace("|", "\\|")


def _render_line(line: Line, *, first: bool = True) -> str:
    return "".join(_render_run(s, first=first and n == 0) for n, s in enumerate(line))


def _render_run(stretch: TextRun, *, first: bool) -> str:
    match stretch.style:
        case "stress":
            inner = stretch.text.strip()
            before, _, after = stretch.text.partition(inner) if inner else (stretch.text, "", "")
            return f"{before}**{escape_markdown(inner, first=False)}**{after}" if inner else before
        case "fill":
            return f"‹{escape_markdown(stretch.text, first=False)}›"
        case "id" | "code":
            return render_code(stretch.text)
        case _:
            return escape_markdown(stretch.text, first=first)


def _render_flat(said: MultilingualText, joint: str = " / ", *, first: bool = False) -> str:
    """A text in all its languages on one line."""
    texts = []
    for spoken in said:
        text = " ".join(_render_line(line, first=first) for line in spoken.lines)
        texts.append(f"({spoken.language}) {text}" if len(said) > 1 and joint != " / " else text)
    return joint.join(texts)


def _render_quote(said: MultilingualText) -> Iterator[str]:
    """What is read aloud, one block for each language."""
    for n, spoken in enumerate(said):
        if n:
            yield ">"
        mark = f"({spoken.language}) " if len(said) > 1 else ""
        for m, line in enumerate(spoken.lines):
            end = "\\" if m < len(spoken.lines) - 1 else ""
            yield f"> {mark if m == 0 else ''}{_render_line(line, first=m > 0 or not mark)}{end}"
    if said:
        yield ""


def _render_booklet(booklet: Booklet) -> Iterator[str]:
    yield f"# {_render_flat(booklet.title)}"
    yield ""
    tongues = ", ".join(name for _, name in booklet.languages)
    version = f"version {escape_markdown(booklet.version, first=False)}, " if booklet.version else ""
    yield f"Questionnaire, {version}in {tongues}; fingerprint of the text {booklet.fingerprint}."
    yield ""
    for name, said in booklet.study:
        yield f"- {name}: {_render_flat(said)}"
    if booklet.unstated:
        yield f"- Not stated: {', '.join(booklet.unstated)}"
    yield ""
    yield "## How to read this"
    yield ""
    yield from (f"- {line}" for line in LEGEND)
    if booklet.declines:
        told = "; ".join(
            f"{_render_flat(d.wording)} ({render_code(d.code)}{''.join(', ' + render_plain(r) for r in d.remarks)})"
            for d in booklet.declines
        )
        yield f"- Accepted from respondents everywhere, and never read, unless an item says otherwise: {told}."
    yield ""
    yield "## Contents"
    yield ""
    for part in booklet.parts:
        yield f"- {_render_contents_line(part)}"
    for appendix in booklet.appendices:
        yield f"- {appendix.title}"
    yield ""
    for part in booklet.parts:
        yield from _render_part(part, comments=booklet.comments)
    for appendix in booklet.appendices:
        yield f"## {appendix.title}"
        yield ""
        yield f"▷ {appendix.description}"
        yield ""
        for entry in appendix.entries:
            yield from _render_entry(entry)
        yield ""


def _render_contents_line(part: BookletPart) -> str:
    items = f"item{'s' if '–' in part.span else ''} {part.span}" if part.span else "no items"
    return f"{_render_heading(part)} ({items})" if part.kind != "loose" else items.capitalize()


def _render_heading(part: BookletPart) -> str:
    if part.kind == "loose":
        return f"Item{'s' if '–' in part.span else ''} {part.span}"
    title = _render_flat(part.title)
    return f"{title} {render_code(part.id)}" if title else render_code(part.id)


def _render_part(part: BookletPart, *, comments: bool) -> Iterator[str]:
    if part.kind != "loose" or part.level == 1:
        yield f"{'#' * min(part.level + 1, 5)} {_render_heading(part)}"
        yield ""
    for note in part.notes:
        yield from _render_note(note)
    yield ""
    if part.intro:
        yield "▷ Before whichever of these items comes first:"
        yield ""
        yield from _render_quote(part.intro)
    for child in part.children:
        if isinstance(child, BookletPart):
            yield from _render_part(child, comments=comments)
        else:
            yield from _render_item(child, part.level, comments=comments)
    if part.kind == "roster":
        yield f"▷ End of what is repeated ({render_code(part.id)})."
        yield ""


def _render_item(item: BookletItem, level: int, *, comments: bool) -> Iterator[str]:
    yield f"{'#' * min(level + 2, 6)} {item.number}. {render_code(item.id)} – {item.kind}"
    yield ""
    for line in item.asked:
        yield f"- ▷ {_render_line(line, first=False)}"
    if item.asked:
        yield ""
    yield from _render_quote(item.intro)
    if item.read_aloud:
        yield from _render_quote(item.wording)
    else:
        for spoken in item.wording:
            yield f"▷ {' '.join(_render_line(line, first=False) for line in spoken.lines)}"
            yield ""
    if item.space == "grid":
        yield from _render_grid(item.choices, item.rows)
    elif item.space == "points":
        yield " · ".join(_render_choice(c) for c in item.choices)
    else:
        yield from (f"- {_render_choice(c)}" for c in item.choices)
    if item.space in ("line", "lines"):
        yield from ("",) if item.choices else ()
        yield f"{BLANK}{BLANK} {f'({escape_markdown(item.expects, first=False)})' if item.expects else ''}"
    yield ""
    for note in item.notes:
        yield from _render_note(note)
    if comments:
        yield ""
        yield f"Comment: {BLANK * 6}"
    yield ""


def _render_choice(choice: BookletChoice) -> str:
    pieces = [
        render_code(choice.code),
        _render_flat(choice.wording),
        *(f"({_render_line(r, first=False)})" for r in choice.remarks),
    ]
    if choice.note:
        pieces.append(f"\\[{_render_flat(choice.note)}\\]")
    if choice.specify:
        pieces.append(BLANK)
    return " ".join(piece for piece in pieces if piece)


def _render_grid(choices: Sequence[BookletChoice], rows: Sequence[BookletStatement]) -> Iterator[str]:
    heads = (_render_choice(c).replace(render_code(c.code), _render_code_cell(c.code), 1) for c in choices)
    yield f"| | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(choices)}"
    for row in rows:
        remarks = "".join(f" (▷ {_render_line(r, first=False)})" for r in row.remarks)
        yield f"| {render_code(row.id)} {_render_flat(row.wording)}{remarks} |{'   |' * len(choices)}"


def _render_note(note: BookletNote) -> Iterator[str]:
    label = f"{note.label}: " if note.label else ""
    said = _render_flat(note.wording, " ")
    if note.read_aloud:
        said = f"“{said}”"
    yield f"- ▷ {label}{' '.join(p for p in (_render_line(note.prose, first=False), said) if p)}"


def _render_entry(entry: AppendixEntry) -> Iterator[str]:
    name = render_code(entry.id) if entry.id else ""
    head = " ".join(p for p in (name, _render_flat(entry.wording, " " if entry.answer else " / ")) if p)
    notes = [
        f"{n.label + ': ' if n.label else ''}{_render_line(n.prose, first=False)}{_render_flat(n.wording, ' ')}"
        for n in entry.notes
    ]
    if entry.answer:
        yield f"{head}" + "".join(f" (▷ {note})" for note in notes)
        yield ""
        yield from _render_quote(entry.answer)
    else:
        yield f"- {head}: {'; '.join(notes)}"
