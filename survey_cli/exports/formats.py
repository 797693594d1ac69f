"""The table of formats: what each is called, which endings choose it, which function writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from survey_cli.exports.csv import write_csv, write_tsv
from survey_cli.problems import nearest
from survey_cli.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the analyst wants it."""

    labels: bool = False
    """Labels instead of codes."""
    raw: bool = False
    """Texts as they are, though a spreadsheet might run them."""
    bom: bool = False
    """Begin with a byte order mark, by which Excel knows UTF-8."""


class Wrote(NamedTuple):
    """What came of writing."""

    rows: int
    notes: tuple[str, ...] = ()
    """What the format could not hold, and what stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way of writing a table: as text into whatever takes text, or into a file by its path."""

    name: str
    endings: tuple[str, ...]
    what: str
    write: Callable[[Table, TextIO, Manner], Wrote] | None = None
    write_file: Callable[[Table, Path, Manner], Wrote] | None = None
    extra: str = ""
    """What has to be installed besides: `survey-cli[spss]`."""


def _rows_only(write: Callable[[Table, TextIO, Manner], int]) -> Callable[[Table, TextIO, Manner], Wrote]:
    """A writer that any table fits into."""
    return lambda table, to, manner: Wrote(write(table, to, manner))


FORMATS: Final[Mapping[str, Format]] = {
    f.name: f
    for f in (
        Format(
            name="csv",
            endings=(".csv",),
            what="comma-separated values, UTF-8",
            write=_rows_only(write_csv),
        ),
        Format(
            name="tsv",
            endings=(".tsv", ".tab"),
            what="tab-separated values, UTF-8",
            write=_rows_only(write_tsv),
        ),
    )
}


def format_of(name: str, *, chosen: str = "") -> Format | str:
    """The format of a file's name, or the one chosen; else why there is none."""
    if chosen:
        found = FORMATS.get(chosen.lower())
        near = nearest(chosen, FORMATS)
        return found or f"there is no format {chosen!r}" + (f": did you mean {near!r}?" if near else "")
    for f in FORMATS.values():
        if name.lower().endswith(f.endings):
            return f
    endings = ", ".join(e for f in FORMATS.values() for e in f.endings)
    return f"{name!r} has no ending that chooses a format: {endings}"
