"""Text as lines of a given width: cleaning, wrapping, cropping and marks. Text is literal, never markup."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.entries import StyledText
from survey_cli.text_width import count_fitting, find_letter_end, measure_width

TextRole: TypeAlias = Literal[
    "aloud", "stress", "aside", "code", "chosen", "unread", "why", "query", "rule", "key", "hint",
    "head", "practice", "field", "cursor", "blank",
]  # fmt: skip
"""What a run of text is, which decides how it looks: one class each in `survey.tcss`."""


class Run(NamedTuple):
    """Text that looks alike."""

    text: str
    role: TextRole


ScreenLine: TypeAlias = tuple[Run, ...]
"""One line of the screen."""


ASIDE = "▷ "
"""Before what is not read aloud. The signs are not colours: a screen is read by them in black and white
too.
"""
HERE = "▸"
CHOSEN = "●"
DOT = " · "
RULE = "─"
MORE = "…"
BACK = "←"
UP = "↑"
DOWN = "↓"

_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF])
_ASCII = str.maketrans("‘’‚“”„–—‑−…×•·▷▸●─←→↑↓»«\u00a0", '\'\',"""----.x*->>*-<>^v>< ')


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """The text without anything that would move the terminal's cursor or turn the line around."""
    text = text.replace("\r\n", "\n").expandtabs(4).translate(_BIDI)
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") else "?" for c in text)


@lru_cache(maxsize=4096)
def writable(text: str, encoding: str) -> str:
    """The text in characters that this encoding has, as wide as before: accents and curly quotes go,
    letters stay.
    """
    return "".join(_written_as(letter, encoding) for letter in text)


def _written_as(letter: str, encoding: str) -> str:
    plain = unicodedata.normalize("NFKD", letter).translate(_ASCII)
    for other in (letter, letter.translate(_ASCII), plain[:1]):
        try:
            other.encode(encoding)
        except UnicodeEncodeError:
            continue
        if measure_width(other) == measure_width(letter):
            return other
    return "?" * measure_width(letter)


def width_of(runs: Iterable[Run]) -> int:
    """The cells a line takes."""
    return sum(measure_width(run.text) for run in runs)


def _cut(text: str, width: int) -> int:
    """How many characters of `text` fit into `width` cells; at least one."""
    return max(find_letter_end(text, 0) if text else 1, count_fitting(text, width))


def crop(text: str, width: int, more: str = MORE) -> str:
    """The text in at most `width` cells, its end replaced by `more` where it is longer."""
    text = text.replace("\n", " ")
    if measure_width(text) <= width:
        return text
    room = width - measure_width(more)
    return text[: count_fitting(text, room)] + more if room > 0 else text[: count_fitting(text, width)]


def spoken(words: StyledText, role: TextRole = "aloud") -> ScreenLine:
    """Words as runs: what is stressed, and the rest in `role`."""
    return tuple(Run(clean(span.text), "stress" if span.stress else role) for span in words if span.text)


def written(text: str, role: TextRole) -> ScreenLine:
    """A plain sentence as one run."""
    return (Run(clean(text), role),) if text else ()


def _pieces(runs: Sequence[Run]) -> Iterable[Run]:
    """Runs cut into words, blanks and line breaks."""
    for text, role in runs:
        start = 0
        for at in range(1, len(text) + 1):
            if at == len(text) or (text[at] == " ") != (text[start] == " ") or "\n" in (text[at], text[start]):
                yield Run(text[start:at], role)
                start = at


@lru_cache(maxsize=512)
def wrap(runs: ScreenLine, width: int) -> tuple[ScreenLine, ...]:
    """The runs broken into lines of at most `width` cells, between words where there are any."""
    width = max(width, 2)
    lines: list[list[Run]] = [[]]
    used = 0
    word: list[Run] = []  # the pieces since the last blank: `un**der**` is one word of two runs

    def put() -> None:
        nonlocal used
        size = width_of(word)
        if used and used + size > width:
            while lines[-1] and lines[-1][-1].text.isspace():
                lines[-1].pop()
            lines.append([])
            used = 0
        for text, role in word:
            while measure_width(text) > width - used:
                room = width - used
                cut = _cut(text, room) if room > 0 else 0
                if cut and (measure_width(text[:cut]) <= room or not used):
                    lines[-1].append(Run(text[:cut], role))
                    text = text[cut:]
                lines.append([])
                used = 0
            if text:
                lines[-1].append(Run(text, role))
                used += measure_width(text)
        word.clear()

    for piece in _pieces(runs):
        if piece.text == "\n":
            put()
            lines.append([])
            used = 0
        elif piece.text.isspace() and "\u00a0" not in piece.text:
            put()
            if used + len(piece.text) <= width and (used or not lines[-1]):
                lines[-1].append(piece)
                used += len(piece.text)
        else:
            word.append(piece)
    put()
    return tuple(_joined(line) for line in lines)


def _joined(line: Iterable[Run]) -> ScreenLine:
    """Neighbours that look alike made one run."""
    joined: list[Run] = []
    for run in line:
        if joined and joined[-1].role == run.role:
            joined[-1] = Run(joined[-1].text + run.text, run.role)
        else:
            joined.append(run)
    return tuple(joined)


def indented(lines: Iterable[ScreenLine], first: ScreenLine, blank: int) -> list[ScreenLine]:
    """Lines with `first` before the first one and as many blanks before the others as it takes."""
    rest: ScreenLine = (Run(" " * blank, "blank"),)
    return [(first if at == 0 else rest) + line for at, line in enumerate(lines)]


def spread(left: ScreenLine, right: ScreenLine, width: int) -> ScreenLine:
    """One line with something at both ends; the right end goes first where there is no room for both."""
    gap = width - width_of(left) - width_of(right)
    if not right or gap < 1:
        return left
    return (*left, Run(" " * gap, "blank"), *right)


def clipped(line: ScreenLine, width: int) -> ScreenLine:
    """The line cut off at `width` cells."""
    if width_of(line) <= width:
        return line
    kept: list[Run] = []
    left = width
    for text, role in line:
        size = measure_width(text)
        if size > left:
            cut = text[: _cut(text, left)] if left > 0 else ""
            kept += [Run(cut, role)] if measure_width(cut) <= left else []
            break
        kept.append(Run(text, role))
        left -= size
    return tuple(kept)
