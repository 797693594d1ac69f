"""Codebook model: the description of each variable for users of the data. Values only."""

from dataclasses import dataclass

from survey_cli.reports.results.report_model import MethodLine


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookCode:
    """One code of a variable, or all values that have no code of their own."""

    code: str
    """The code in the data; empty for an empty cell, and for values without a code."""
    label: str
    missing: str = ""
    """`missing`, `don't know`, … for values that a program should treat as missing; empty for an answer."""
    count_text: str = ""
    """Number of interviews; empty without data, and where the entry has several columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookColumn:
    """One of several columns that are described together: an option of a multiple, a turn of a roster."""

    number: int
    """Position in the data, from 1."""
    name: str
    label: str = ""
    """The option's label; empty where the column is not one of an option."""
    turn: int | None = None
    counts: tuple[str, ...] = ()
    """Numbers of interviews by code, then by missing value; empty without data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookVariable:
    """Entry for one variable, or for several that only differ by option or turn."""

    number: int
    """Position in the data, from 1; for several variables, that of the first."""
    name: str
    label: str
    wording: str
    asked: str
    """Who is asked: `Asked if …`, `Asked of all`; or how the value is determined where nobody is asked."""
    intro: str = ""
    """The text read before a battery, at the battery's first statement."""
    instruction: str = ""
    section: str = ""
    storage: str
    """Name of the storage type: `whole number`, `text`, …"""
    measure: str
    source: str
    """`question q7`, `option 3 of q21`, `sample column kind`, …"""
    has_codes: bool = True
    """Whether the answers have codes; else `codes` has one line for all of them."""
    codes: tuple[CodebookCode, ...] = ()
    """Codes of answers."""
    missing: tuple[CodebookCode, ...] = ()
    """Codes of missing values."""
    columns: tuple[CodebookColumn, ...] = ()
    """The columns of an entry for several variables; empty for one variable."""
    range_text: str = ""
    """Range of the numbers without labels, `1 to 60`; empty without data or where it would disclose a small count."""
    personal: bool = False
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the described columns."""
        return tuple(column.name for column in self.columns) or (self.name,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """All variables in the order of the data; options and turns are merged into the entry of the first."""

    title: str
    instrument: str
    version: str = ""
    language: str = "en"
    interviews: int | None = None
    """Number of interviews; None where there are no data."""
    methods: tuple[MethodLine, ...] = ()
    variables: tuple[CodebookVariable, ...]
    notes: tuple[str, ...] = ()

    @property
    def column_count(self) -> int:
        """The number of columns of the data."""
        return sum(len(variable.names) for variable in self.variables)
