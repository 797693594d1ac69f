"""Answers, typed missing values, places in the questionnaire, and the variables of the data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

Code: TypeAlias = int | str
"""An option's code: an integer, or a short text."""

Value: TypeAlias = int | float | str | date | time | tuple[Code, ...]
"""An answer. A tuple contains the codes of a `multiple`, in written order or, with `mentions:
ordered`, as given."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The reason why there is no answer.

    `kind` is the id of a decline (`dk`, `refused`, …), `not_asked`, `not_reached` or `no_amount`.
    """

    kind: str

    def __repr__(self) -> str:
        return f"<{self.kind}>"

    def __bool__(self) -> bool:
        return False


DK: Final = Missing("dk")
REFUSED: Final = Missing("refused")
NOT_ASKED: Final = Missing("not_asked")
NOT_REACHED: Final = Missing("not_reached")
NO_AMOUNT: Final = Missing("no_amount")
"""What a calculation makes of an answer without an amount: "it varies", or "97 or older"."""
CODED_MARK: Final = " (coded)"
"""What the label of an item's codes has after that of the item."""
UNCODED: Final = Missing("uncoded")
"""An open answer to which no coder has given a code yet."""
HIDDEN_TEXT: Final = "•••"
"""Replaces a personal answer for somebody who may not see it."""
UNCLEAR: Final = Missing("unclear")
"""An open answer to which no code can be given."""

_INTERNED: Final = {m.kind: m for m in (DK, REFUSED, NOT_ASKED, NOT_REACHED, NO_AMOUNT)}
MISSING_PRECEDENCE: Final = ("not_reached", "not_asked", "refused", "dk")
"""Arithmetic with several missing operands returns the first of these that is present; a study's
own declines come after them."""

Cell: TypeAlias = Value | Missing
"""The content of one column of one row."""


def get_missing(kind: str) -> Missing:
    """Return the one `Missing` of this kind."""
    known = _INTERNED.get(kind)
    return known if known is not None else _INTERNED.setdefault(kind, Missing(kind))


def format_clock_time(value: time) -> str:
    """Format a time of day as it is typed and exported: `14:30`."""
    return f"{value:%H:%M}"


def normalize_verbatim(text: str) -> str:
    """Remove case, repeated spaces and final punctuation: equal verbatims count as one."""
    return " ".join(text.casefold().split()).rstrip(".!;, ")


class Place(NamedTuple):
    """The identity of an answer: an item, and in a roster the turn (from 1). Prints as `age#2`."""

    item: str
    turn: int | None = None

    def __str__(self) -> str:
        return self.item if self.turn is None else f"{self.item}#{self.turn}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Parse the text that a place prints as. Raises ValueError where the turn is no integer."""
        item, mark, turn = text.partition("#")
        return cls(item, int(turn) if mark else None)


ADMIN_COLUMNS: Final = tuple(
    f"interview_{what}"
    for what in (
        "id",
        "case",
        "number",
        "origin",
        "version",
        "status",
        "outcome",
        "began",
        "updated",
        "by",
        "language",
    )
)
"""The columns that every table of interviews begins with; no item may have such a name."""

DateOrder: TypeAlias = Literal["dmy", "mdy"]
"""Whether the day or the month comes first in `3/4/2026`."""
Storage: TypeAlias = Literal["integer", "decimal", "text", "date", "time"]
Measure: TypeAlias = Literal["nominal", "ordinal", "scale"]
VariableRole: TypeAlias = Literal["answer", "words", "state", "order", "sample", "compute", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One column of the data, with all that statistical software needs to know about it."""

    name: str
    """The column's name: the item's id, with `_code` for an option of a multiple and `_turn` in a
    roster."""
    label: str = ""
    """The variable label, in the table's language."""
    storage: Storage = "integer"
    measure: Measure = "nominal"
    decimals: int = 0
    labels: Mapping[Code, str] = field(default_factory=lambda: MappingProxyType({}))
    """Value labels by code, without declines."""
    user_missing: tuple[Code, ...] = ()
    """Codes of options marked `missing: true`: answers, but left out of means."""
    declines: Mapping[str, tuple[int, str]] = field(default_factory=lambda: MappingProxyType({}))
    """Code and label by decline id, as they apply to this column."""
    wording: str = ""
    """The question as read, with fills as written."""
    item: str = ""
    """The item, sample column or compute that it comes from."""
    turn: int | None = None
    option: Code | None = None
    """The option of a multiple that this 0/1 column stands for."""
    role: VariableRole = "answer"
    personal: bool = False
    """Stored with the contacts, and in no export unless requested by name."""
