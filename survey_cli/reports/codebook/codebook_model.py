"""Codebook model: what a reader of the data learns about each variable. Values only."""

from dataclasses import dataclass

from survey_cli.reports.results.report_model import MethodLine


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookCode:
    """A code, or a way of having none."""

    code: str
    """As in the data; empty for an empty cell, and for values that have no code of their own."""
    label: str
    missing: str = ""
    """Empty for an answer; `missing`, `don't know`, … for what a program should take as missing."""
    count_text: str = ""
    """Of how many interviews; empty without data, and where the entry has several columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookColumn:
    """One of several columns that are described together: an option of a multiple, a turn of a roster."""

    number: int
    """Its position in the data, from 1."""
    name: str
    label: str = ""
    """The option that it stands for; empty where there is none."""
    turn: int | None = None
    counts: tuple[str, ...] = ()
    """By code, then by missing, of how many interviews; empty without data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookVariable:
    """One variable as an analyst must know it, or several that differ by option or turn alone."""

    number: int
    """Its position in the data, from 1; of several the first's."""
    name: str
    label: str
    wording: str
    asked: str
    """Who is asked, in words: `Asked if …`, `Asked of all`; how it comes about otherwise."""
    intro: str = ""
    """Of the first statement of a battery: what is read before it."""
    instruction: str = ""
    section: str = ""
    storage: str
    """In words: `whole number`, `text`, …"""
    measure: str
    source: str
    """`question q7`, `option 3 of q21`, `sample column kind`, …"""
    has_codes: bool = True
    """Its answers have codes; else `codes` has one line for them all."""
    codes: tuple[CodebookCode, ...] = ()
    """Of answers."""
    missing: tuple[CodebookCode, ...] = ()
    """Why there can be none."""
    columns: tuple[CodebookColumn, ...] = ()
    """Where it stands for several: each of them."""
    range_text: str = ""
    """`1 to 60` among the answers of a number without labels; empty without data or where it would tell of one person."""
    personal: bool = False
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the data that it describes."""
        return tuple(column.name for column in self.columns) or (self.name,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """All variables, in the order of the data; those of a multiple or of a roster's item stand with the first of them."""

    title: str
    instrument: str
    version: str = ""
    language: str = "en"
    interviews: int | None = None
    """None where there are no data."""
    methods: tuple[MethodLine, ...] = ()
    variables: tuple[CodebookVariable, ...]
    notes: tuple[str, ...] = ()

    @property
    def column_count(self) -> int:
        """How many columns the data have."""
        return sum(len(variable.names) for variable in self.variables)
