"""YAML nodes with positions: scalars, mappings and lists as written.

A scalar stays text, whatever type YAML would give it; the key it belongs to decides its type later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple, Self, TypeAlias, TypeVar, cast

from survey_cli.problems import Position

_Value = TypeVar("_Value")

NOWHERE: Final = Position("")
"""The position of what is not written in a file."""


class SourceFile(str):
    """A file's name as the user gave it: a `str` that also knows the file's lines."""

    text: str

    def __new__(cls, name: str, text: str) -> Self:
        self = super().__new__(cls, name)
        self.text = text
        return self

    @cached_property
    def lines(self) -> Sequence[str]:
        """The lines of the text."""
        return self.text.split("\n")


class YamlScalar(str):
    """A scalar as written, with quotes resolved: a `str` that also knows its position."""

    __slots__ = ("plain", "where")
    where: Position
    plain: bool
    """True if it was not quoted."""

    def __new__(cls, text: str, where: Position, *, plain: bool = False) -> Self:
        self = super().__new__(cls, text)
        self.where = where
        self.plain = plain
        return self

    def find_position(self, offset: int) -> Position:
        """Return the position of the character at `offset`: the file's lines are read again."""
        where = self.where
        if not where.column:  # not in a YAML file
            return where

        lines = where.file.lines if isinstance(where.file, SourceFile) else ()
        line_index = where.line - 1
        start = where.column - 1
        if line_index >= len(lines):
            # The lines of the file are not known. Nearly all texts are on one line.
            quote_length = 0 if self.plain else 1
            return Position(where.file, where.line, where.column + quote_length + offset)

        # Most texts are on one line as they are, after their quote if they have one.
        line = lines[line_index]
        for quote_length in (0, 1):
            if line.startswith(self, start + quote_length):
                return Position(where.file, where.line, start + quote_length + offset + 1)

        # YAML folds blanks and line breaks of all others, so that only the letters are counted.
        remaining = sum(not letter.isspace() for letter in self[:offset])
        position = where
        for letter in _iterate_letters(lines, line_index, start):
            if remaining <= 0:
                return Position(where.file, letter.line + 1, letter.column + 1)
            position = Position(where.file, letter.line + 1, letter.end + 1)
            remaining -= 1
        return position


class MadeScalar(YamlScalar):
    """A condition that the program makes of something else. It may be longer than a written one."""

    __slots__ = ()


class TextPiece(NamedTuple):
    """A piece of a composed text, and the scalar from which it was taken."""

    start: int
    """The offset of the piece in the composed text."""
    source: YamlScalar
    source_start: int
    """The offset of the piece in the scalar from which it was taken."""


class ComposedScalar(YamlScalar):
    """A text composed of other scalars: each character keeps the position it was taken from."""

    __slots__ = ("pieces",)
    pieces: tuple[TextPiece, ...]

    def find_position(self, offset: int) -> Position:
        # The last piece that begins at the offset or before it. Empty pieces come before others.
        found = self.pieces[0]
        for piece in self.pieces:
            if piece.start <= offset:
                found = piece

        source_offset = found.source_start + offset - found.start
        return found.source.find_position(min(source_offset, len(found.source)))


class TextComposer:
    """Composes a text piece by piece."""

    def __init__(self) -> None:
        self._text = ""
        self._pieces: list[TextPiece] = []

    def add(self, text: str, source: YamlScalar, source_start: int = 0) -> None:
        """Add a text, whose first character has the position of one of the source."""
        self._pieces.append(TextPiece(len(self._text), source, source_start))
        self._text += text

    def build(self, where: Position) -> ComposedScalar:
        """Return the text composed. It is quoted if its first source is."""
        plain = self._pieces[0].source.plain
        composed = ComposedScalar(self._text, where, plain=plain)
        composed.pieces = tuple(self._pieces)
        return composed


class FileScalar(YamlScalar):
    """The path of a file that was read, as written, with its name and text."""

    __slots__ = ("file",)
    file: SourceFile

    @classmethod
    def from_path(cls, path: YamlScalar, file: SourceFile) -> Self:
        self = cls(path, path.where, plain=path.plain)
        self.file = file
        return self


def replace_spans(
    text: YamlScalar, spans: Sequence[tuple[int, int, YamlScalar]], where: Position
) -> YamlScalar:
    """Replace parts of a text, from one offset to another; all characters keep their positions."""
    composer = TextComposer()
    copied = 0
    for start, end, replacement in spans:
        composer.add(text[copied:start], text, copied)
        composer.add(replacement, replacement)
        copied = end

    composer.add(text[copied:], text, copied)
    return composer.build(where)


_ESCAPES: Final = {"x": 2, "u": 4, "U": 8}
"""The number of digits that follow a backslash and this letter."""
_BLANK_ESCAPES: Final = "ntrv_NLP \t"
"""Letters that produce a blank after a backslash."""


class _Letter(NamedTuple):
    """Where one letter of a scalar is in the file. All numbers begin at 0."""

    line: int
    column: int
    end: int
    """The column after it: an escaped letter is several characters long."""


def _iterate_letters(lines: Sequence[str], line: int, start: int) -> Iterator[_Letter]:
    """Yield the letters of a scalar that begins at a line and column, without its blanks.

    The iteration continues beyond the scalar's end.
    """
    mark = lines[line][start : start + 1]
    quote = ""
    if mark and mark in "|>":
        # The text of a block begins on the line after the mark.
        line += 1
        start = 0
    elif mark and mark in "\"'":
        quote = mark
        start += 1

    for at in range(line, len(lines)):
        text = lines[at]
        column = start if at == line else 0
        while column < len(text):
            letter = text[column]
            end = column + 1
            if quote == "'" and letter == "'":
                end += 1  # a single quote is doubled
            elif quote == '"' and letter == "\\":
                kind = text[end : end + 1]
                end += 1 + _ESCAPES.get(kind, 0)
                letter = _unescape(kind, text[column + 2 : end])

            if not letter.isspace():
                yield _Letter(at, column, end)
            column = end


def _unescape(kind: str, digits: str) -> str:
    """Return the letter that a backslash stands for, with the letter and the digits after it."""
    # A backslash at the end of a line joins it to the next one.
    if not kind or kind in _BLANK_ESCAPES:
        return " "
    if kind not in _ESCAPES:
        return kind
    try:
        return chr(int(digits, 16))
    except (ValueError, OverflowError):
        return kind


class YamlMapping(dict[str, "YamlNode"]):
    """A mapping; its keys are `YamlScalar`, in written order."""

    __slots__ = ("where",)

    def __init__(
        self,
        where: Position,
        entries: "Mapping[str, YamlNode] | Iterable[tuple[str, YamlNode]]" = (),
    ) -> None:
        super().__init__(entries)
        self.where = where


class YamlList(list["YamlNode"]):
    """A list."""

    __slots__ = ("where",)

    def __init__(self, where: Position, entries: "Iterable[YamlNode]" = ()) -> None:
        super().__init__(entries)
        self.where = where


YamlNode: TypeAlias = YamlScalar | YamlMapping | YamlList


def map_scalars(node: YamlNode, change: Callable[[YamlScalar], YamlNode]) -> YamlNode:
    """Return a copy of a node with every scalar changed; keys stay as they are."""
    if isinstance(node, YamlScalar):
        return change(node)
    if isinstance(node, YamlList):
        return YamlList(node.where, [map_scalars(entry, change) for entry in node])

    entries = {key: map_scalars(value, change) for key, value in node.items()}
    return YamlMapping(node.where, entries)


def iterate_nodes(node: YamlNode) -> Iterator[YamlNode]:
    """Yield a node and all nodes below it."""
    waiting: list[YamlNode] = [node]
    while waiting:
        branch = waiting.pop()
        yield branch
        if isinstance(branch, YamlMapping):
            waiting += branch.values()
        elif isinstance(branch, YamlList):
            waiting += branch


def is_options_source(options: YamlMapping) -> bool:
    """Return whether options are taken from somewhere, as in `{from: aware}`."""
    for key in options:
        is_quoted = isinstance(key, YamlScalar) and not key.plain
        if key == "from" and not is_quoted:  # in quotes, it is a code
            return True
    return False


def get_named(mapping: Mapping[YamlScalar, _Value], name: str) -> _Value:
    """Return what a mapping of the file has under a name, which needn't know its position."""
    return mapping[cast("YamlScalar", name)]


def find_named(mapping: Mapping[YamlScalar, _Value], name: str) -> _Value | None:
    """Return what a mapping of the file has under a name; None if it has nothing."""
    return mapping.get(cast("YamlScalar", name))


def locate_name(name: object) -> Position:
    """Return the position of a name as written."""
    return name.where if isinstance(name, YamlScalar) else NOWHERE


def locate_key(node: YamlNode | None, key: object) -> Position:
    """Return the position of a key (or code) of a mapping, or else that of the node."""
    if isinstance(node, YamlMapping):
        text = str(key)
        for own_key in node:
            if own_key == text and isinstance(own_key, YamlScalar):
                return own_key.where
    return NOWHERE if node is None else node.where


def find_node(node: YamlNode | None, *steps: str | int) -> YamlNode | None:
    """Find the node at the end of a path, or None."""
    for step in steps:
        if isinstance(node, YamlMapping) and isinstance(step, str):
            node = node.get(step)
        elif isinstance(node, YamlList) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node
