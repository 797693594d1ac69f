"""A booklet as Markdown that reads well in a terminal and compares well line by line. What is read aloud stands in block
quotes; every text is escaped, so that none is taken for markup.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.documents.questionnaire.booklet_model import (
    Booklet,
    Choice,
    Entry,
    Item,
    Line,
    Note,
    Part,
    Row,
    Said,
    Stretch,
    plainly,
)

BLANK: Final = "______"
"""Where words are written by hand."""
LEGEND: Final = (
    "Quoted lines (`>`) are read aloud; **bold** words are stressed.",
    "‹Words in angle quotes› are filled in by the computer; several ways to say it are parted by a slash.",
    "`Names like this` are the items’ names; the number before an answer is its code.",
    "What is marked ▷ is for the interviewer and not read.",
)

_ALWAYS: Final = re.compile(r"[\\`*\[\]<|~$]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
"""What could be markup anywhere; `_` within a word is none."""
_FIRST: Final = re.compile(r"^(?:[#>+=:-]|\d+(?=[.)]))")
"""What could be markup at the beginning of a line."""


def markdown(booklet: Booklet) -> str:
    """The whole booklet, ending in a line end."""
    lines = [line.rstrip() for line in _booklet(booklet)]
    tidy = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(tidy).strip("\n") + "\n"


def escaped(text: str, *, first: bool = True) -> str:
    """Literal text. `first`: it may begin a line."""
    text = _ALWAYS.sub(lambda m: "\\" + m.group(), text)
    return _FIRST.sub(_escaped_first, text) if first else text


def _escaped_first(found: re.Match[str]) -> str:
    text = found.group()
    return f"{text}\\" if text[0].isdecimal() else f"\\{text}"


def code(text: str) -> str:
    """Literal text as a code span, whatever backticks it holds."""
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(len(run) for run in re.findall("`+", text)) + 1)
    return f"{fence} {text} {fence}"


def _cell(text: str) -> str:
    return code(text).replace("|", "\\|")


def _inline(line: Line, *, first: bool = True) -> str:
    return "".join(_stretch(s, first=first and n == 0) for n, s in enumerate(line))


def _stretch(stretch: Stretch, *, first: bool) -> str:
    match stretch.style:
        case "stress":
            inner = stretch.text.strip()
            before, _, after = stretch.text.partition(inner) if inner else (stretch.text, "", "")
            return f"{before}**{escaped(inner, first=False)}**{after}" if inner else before
        case "fill":
            return f"‹{escaped(stretch.text, first=False)}›"
        case "id" | "code":
            return code(stretch.text)
        case _:
            return escaped(stretch.text, first=first)


def _flat(said: Said, joint: str = " / ", *, first: bool = False) -> str:
    """A text in all its languages on one line."""
    texts = []
    for spoken in said:
        text = " ".join(_inline(line, first=first) for line in spoken.lines)
        texts.append(f"({spoken.language}) {text}" if len(said) > 1 and joint != " / " else text)
    return joint.join(texts)


def _quoted(said: Said) -> Iterator[str]:
    """What is read aloud, one block for each language."""
    for n, spoken in enumerate(said):
        if n:
            yield ">"
        mark = f"({spoken.language}) " if len(said) > 1 else ""
        for m, line in enumerate(spoken.lines):
            end = "\\" if m < len(spoken.lines) - 1 else ""
            yield f"> {mark if m == 0 else ''}{_inline(line, first=m > 0 or not mark)}{end}"
    if said:
        yield ""


def _booklet(booklet: Booklet) -> Iterator[str]:
    yield f"# {_flat(booklet.title)}"
    yield ""
    tongues = ", ".join(name for _, name in booklet.languages)
    version = f"version {escaped(booklet.version, first=False)}, " if booklet.version else ""
    yield f"Questionnaire, {version}in {tongues}; fingerprint of the text {booklet.fingerprint}."
    yield ""
    for name, said in booklet.study:
        yield f"- {name}: {_flat(said)}"
    if booklet.unstated:
        yield f"- Not stated: {', '.join(booklet.unstated)}"
    yield ""
    yield "## How to read this"
    yield ""
    yield from (f"- {line}" for line in LEGEND)
    if booklet.declines:
        told = "; ".join(
            f"{_flat(d.said)} ({code(d.code)}{''.join(', ' + plainly(r) for r in d.remarks)})"
            for d in booklet.declines
        )
        yield f"- Accepted from respondents everywhere, and never read, unless an item says otherwise: {told}."
    yield ""
    yield "## Contents"
    yield ""
    for part in booklet.parts:
        yield f"- {_contents(part)}"
    for appendix in booklet.appendices:
        yield f"- {appendix.title}"
    yield ""
    for part in booklet.parts:
        yield from _part(part, comments=booklet.comments)
    for appendix in booklet.appendices:
        yield f"## {appendix.title}"
        yield ""
        yield f"▷ {appendix.says}"
        yield ""
        for entry in appendix.entries:
            yield from _entry(entry)
        yield ""


def _contents(part: Part) -> str:
    items = f"item{'s' if '–' in part.span else ''} {part.span}" if part.span else "no items"
    return f"{_heading(part)} ({items})" if part.kind != "loose" else items.capitalize()


def _heading(part: Part) -> str:
    if part.kind == "loose":
        return f"Item{'s' if '–' in part.span else ''} {part.span}"
    title = _flat(part.title)
    return f"{title} {code(part.id)}" if title else code(part.id)


def _part(part: Part, *, comments: bool) -> Iterator[str]:
    if part.kind != "loose" or part.level == 1:
        yield f"{'#' * min(part.level + 1, 5)} {_heading(part)}"
        yield ""
    for note in part.notes:
        yield from _note(note)
    yield ""
    if part.intro:
        yield "▷ Before whichever of these items comes first:"
        yield ""
        yield from _quoted(part.intro)
    for child in part.children:
        if isinstance(child, Part):
            yield from _part(child, comments=comments)
        else:
            yield from _item(child, part.level, comments=comments)
    if part.kind == "roster":
        yield f"▷ End of what is repeated ({code(part.id)})."
        yield ""


def _item(item: Item, level: int, *, comments: bool) -> Iterator[str]:
    yield f"{'#' * min(level + 2, 6)} {item.number}. {code(item.id)} – {item.kind}"
    yield ""
    for line in item.asked:
        yield f"- ▷ {_inline(line, first=False)}"
    if item.asked:
        yield ""
    yield from _quoted(item.intro)
    if item.aloud:
        yield from _quoted(item.said)
    else:
        for spoken in item.said:
            yield f"▷ {' '.join(_inline(line, first=False) for line in spoken.lines)}"
            yield ""
    if item.space == "grid":
        yield from _grid(item.choices, item.rows)
    elif item.space == "points":
        yield " · ".join(_choice(c) for c in item.choices)
    else:
        yield from (f"- {_choice(c)}" for c in item.choices)
    if item.space in ("line", "lines"):
        yield from ("",) if item.choices else ()
        yield f"{BLANK}{BLANK} {f'({escaped(item.expects, first=False)})' if item.expects else ''}"
    yield ""
    for note in item.notes:
        yield from _note(note)
    if comments:
        yield ""
        yield f"Comment: {BLANK * 6}"
    yield ""


def _choice(choice: Choice) -> str:
    pieces = [
        code(choice.code),
        _flat(choice.said),
        *(f"({_inline(r, first=False)})" for r in choice.remarks),
    ]
    if choice.note:
        pieces.append(f"\\[{_flat(choice.note)}\\]")
    if choice.specify:
        pieces.append(BLANK)
    return " ".join(piece for piece in pieces if piece)


def _grid(choices: Sequence[Choice], rows: Sequence[Row]) -> Iterator[str]:
    yield f"| | {' | '.join(_choice(c).replace(code(c.code), _cell(c.code), 1) for c in choices)} |"
    yield f"|---|{'---|' * len(choices)}"
    for row in rows:
        remarks = "".join(f" (▷ {_inline(r, first=False)})" for r in row.remarks)
        yield f"| {code(row.id)} {_flat(row.said)}{remarks} |{'   |' * len(choices)}"


def _note(note: Note) -> Iterator[str]:
    label = f"{note.label}: " if note.label else ""
    said = _flat(note.said, " ")
    if note.aloud:
        said = f"“{said}”"
    yield f"- ▷ {label}{' '.join(p for p in (_inline(note.prose, first=False), said) if p)}"


def _entry(entry: Entry) -> Iterator[str]:
    name = code(entry.id) if entry.id else ""
    head = " ".join(p for p in (name, _flat(entry.said, " " if entry.answer else " / ")) if p)
    notes = [
        f"{n.label + ': ' if n.label else ''}{_inline(n.prose, first=False)}{_flat(n.said, ' ')}"
        for n in entry.notes
    ]
    if entry.answer:
        yield f"{head}" + "".join(f" (▷ {note})" for note in notes)
        yield ""
        yield from _quoted(entry.answer)
    else:
        yield f"- {head}: {'; '.join(notes)}"
