"""What stands in the file, before it means anything: text, mappings and lists that know where they were written.

Scalars stay text here whatever YAML would make of them; the key that wants one decides its type later.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from survey_cli.problems import Position


class File(str):
    """A file's name as the user gave it. It is a `str` everywhere, and can show the file's lines."""

    __slots__ = ("_lines", "text")
    text: str
    _lines: list[str]

    def __new__(cls, name: str, text: str) -> "File":
        self = super().__new__(cls, name)
        self.text = text
        self._lines = []
        return self

    @property
    def lines(self) -> Sequence[str]:
        """Split once, and only if somebody asks."""
        if not self._lines:
            self._lines = self.text.split("\n")
        return self._lines


class Written(str):
    """A scalar as written (quotes resolved). It is a `str` everywhere, and knows its place."""

    __slots__ = ("plain", "where")
    where: Position
    plain: bool
    """True where it was not quoted."""

    def __new__(cls, text: str, where: Position, *, plain: bool = False) -> "Written":
        self = super().__new__(cls, text)
        self.where = where
        self.plain = plain
        return self

    def place(self, offset: int) -> Position:
        """Where in the file the character at `offset` stands; found by reading the file's lines again."""
        where = self.where
        if not where.column:
            return where
        lines = where.file.lines if isinstance(where.file, File) else ()
        at, start = where.line - 1, where.column - 1
        if at >= len(lines):
            return Position(where.file, where.line, where.column + offset + (not self.plain))
        line = lines[at]
        for quote in (0, 1):
            if line.startswith(self, start + quote):
                return Position(where.file, where.line, start + quote + offset + 1)
        wanted = sum(not letter.isspace() for letter in self[:offset])
        found = where
        for line_at, column, past in _letters(lines, at, start):
            if wanted <= 0:
                return Position(where.file, line_at + 1, column + 1)
            found = Position(where.file, line_at + 1, past + 1)
            wanted -= 1
        return found


class Composed(Written):
    """A text made of others that were written: each of its letters stands where it was taken from."""

    __slots__ = ("pieces",)
    pieces: tuple[tuple[int, Written, int], ...]
    """From which letter on it is taken from which text, beginning with which letter of that."""

    @classmethod
    def of(cls, text: str, where: Position, pieces: Sequence[tuple[int, Written, int]]) -> "Composed":
        self = cls(text, where, plain=pieces[0][1].plain)
        self.pieces = tuple(pieces)
        return self

    def place(self, offset: int) -> Position:
        start, source, begin = next(p for p in reversed(self.pieces) if p[0] <= offset or not p[0])
        return source.place(min(begin + offset - start, len(source)))


_ESCAPES: Final = {"x": 2, "u": 4, "U": 8}
"""How many digits follow a backslash and this letter."""
_BLANK: Final = "ntrv_NLP \t"
"""Letters that make a blank after a backslash."""


def _letters(lines: Sequence[str], line: int, start: int) -> Iterator[tuple[int, int, int]]:
    """Line and column (from 0) of each letter of a scalar, blanks left out since YAML folds them, and the column behind
    it. It goes on beyond the scalar's end."""
    mark = lines[line][start : start + 1]
    if mark in "|>" and mark:
        line, start = line + 1, 0
    quote = mark if mark in "\"'" else ""
    start += bool(quote)
    for at in range(line, len(lines)):
        text, column = lines[at], start if at == line else 0
        while column < len(text):
            past = column + 1
            letter = text[column]
            if quote == "'" and letter == "'":
                past += 1
            elif quote == '"' and letter == "\\":
                kind = text[past : past + 1]
                past += 1 + _ESCAPES.get(kind, 0)
                letter = " " if not kind or kind in _BLANK else _escaped(text[column + 2 : past], kind)
            if not letter.isspace():
                yield at, column, past
            column = past


def _escaped(digits: str, kind: str) -> str:
    try:
        return chr(int(digits, 16)) if kind in _ESCAPES else kind
    except (ValueError, OverflowError):
        return kind


class Mapped(dict[str, "Node"]):
    """A mapping; its keys are `Written`, in written order."""

    __slots__ = ("where",)
    where: Position

    def __init__(self, where: Position) -> None:
        super().__init__()
        self.where = where


class Listed(list["Node"]):
    """A list."""

    __slots__ = ("where",)
    where: Position

    def __init__(self, where: Position) -> None:
        super().__init__()
        self.where = where


Node: TypeAlias = Written | Mapped | Listed
