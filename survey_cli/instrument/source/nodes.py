"""YAML nodes with positions: scalars, mappings and lists as written.

A scalar stays text, whatever type YAML would give it; the key it belongs to decides its type later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias, TypeVar, cast

from survey_cli.problems import Position

_Value = TypeVar("_Value")

NOWHERE: Final = Position("")
"""The position of what is not written in a file."""


class SourceFile(str):
    """A file's name as the user gave it: a `str` that also knows the file's lines."""

    text: str

    def __new__(cls, name: str, text: str) -> "SourceFile":
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

    def __new__(cls, text: str, where: Position, *, plain: bool = False) -> "YamlScalar":
        self = super().__new__(cls, text)
        self.where = where
        self.plain = plain
        return self

    def find_position(self, offset: int) -> Position:
        """Return the position of the character at `offset`, found by reading the file's lines again."""
        where = self.where
        if not where.column:
            return where
        lines = where.file.lines if isinstance(where.file, SourceFile) else ()
        at, start = where.line - 1, where.column - 1
        if at >= len(lines):
            return Position(where.file, where.line, where.column + offset + (not self.plain))
        line = lines[at]
        for quote in (0, 1):
            if line.startswith(self, start + quote):
                return Position(where.file, where.line, start + quote + offset + 1)
        remaining = sum(not letter.isspace() for letter in self[:offset])
        position = where
        for line_at, column, past in _iterate_characters(lines, at, start):
            if remaining <= 0:
                return Position(where.file, line_at + 1, column + 1)
            position = Position(where.file, line_at + 1, past + 1)
            remaining -= 1
        return position


class ComposedScalar(YamlScalar):
    """A text composed of other scalars: each character keeps the position it was taken from."""

    __slots__ = ("pieces",)
    pieces: tuple[tuple[int, YamlScalar, int], ...]
    """For each piece: its offset in this text, the scalar it comes from, and its offset in that scalar."""

    @classmethod
    def from_pieces(
        cls, text: str, where: Position, pieces: Sequence[tuple[int, YamlScalar, int]]
    ) -> "ComposedScalar":
        self = cls(text, where, plain=pieces[0][1].plain)
        self.pieces = tuple(pieces)
        return self

    def find_position(self, offset: int) -> Position:
        start, source, begin = next(p for p in reversed(self.pieces) if p[0] <= offset or not p[0])
        return source.find_position(min(begin + offset - start, len(source)))


class FileScalar(YamlScalar):
    """The path of a file that was read, as written, with its name and text."""

    __slots__ = ("file",)
    file: SourceFile

    @classmethod
    def from_path(cls, path: YamlScalar, file: SourceFile) -> "FileScalar":
        self = cls(path, path.where, plain=path.plain)
        self.file = file
        return self


def replace_spans(
    text: YamlScalar, spans: Sequence[tuple[int, int, YamlScalar]], where: Position
) -> YamlScalar:
    """Replace parts of a text, each from one offset to another; every character keeps its position in the file."""
    pieces: list[tuple[int, YamlScalar, int]] = []
    result, copied = "", 0
    for start, end, replacement in spans:
        pieces += [(len(result), text, copied), (len(result) + start - copied, replacement, 0)]
        result += text[copied:start] + replacement
        copied = end
    pieces.append((len(result), text, copied))
    return ComposedScalar.from_pieces(result + text[copied:], where, pieces)


_ESCAPES: Final = {"x": 2, "u": 4, "U": 8}
"""The number of digits that follow a backslash and this letter."""
_BLANK: Final = "ntrv_NLP \t"
"""Letters that produce a blank after a backslash."""


def _iterate_characters(
    lines: Sequence[str], line: int, start: int
) -> Iterator[tuple[int, int, int]]:
    """Yield line and column (from 0) of each character of a scalar, and the column after it.

    Blanks are left out, since YAML folds them. The iteration continues beyond the scalar's end.
    """
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
                letter = (
                    " " if not kind or kind in _BLANK else _unescape(text[column + 2 : past], kind)
                )
            if not letter.isspace():
                yield at, column, past
            column = past


def _unescape(digits: str, kind: str) -> str:
    try:
        return chr(int(digits, 16)) if kind in _ESCAPES else kind
    except (ValueError, OverflowError):
        return kind


class YamlMapping(dict[str, "YamlNode"]):
    """A mapping; its keys are `YamlScalar`, in written order."""

    __slots__ = ("where",)

    def __init__(
        self,
        where: Position,
        entries: "Mapping[Any, YamlNode] | Iterable[tuple[str, YamlNode]]" = (),
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
    return YamlMapping(node.where, {key: map_scalars(value, change) for key, value in node.items()})


def iterate_nodes(node: YamlNode) -> Iterator[YamlNode]:
    """Yield a node and all nodes below it."""
    waiting: list[YamlNode] = [node]
    while waiting:
        branch = waiting.pop()
        yield branch
        if not isinstance(branch, YamlScalar):
            waiting += branch.values() if isinstance(branch, YamlMapping) else branch


def is_options_source(options: YamlMapping) -> bool:
    """Return whether options are taken from somewhere, as in `{from: aware}`; a code named from is in quotes."""
    return any(key == "from" and getattr(key, "plain", True) for key in options)


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
    """Return the position of a key (or code) of a mapping; of the node itself if it has no such key."""
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
