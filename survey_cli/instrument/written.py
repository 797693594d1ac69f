"""What stands in the file, before it means anything: text, mappings and lists that know where they were written.

Scalars stay text here whatever YAML would make of them; the key that wants one decides its type later.
"""

from typing import TypeAlias

from survey_cli.problems import Position


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
