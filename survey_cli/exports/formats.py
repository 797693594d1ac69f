"""The table of formats: what each is called, which endings choose it, which function writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from survey_cli.exports.ddi import write_ddi
from survey_cli.exports.excel import write_xlsx
from survey_cli.exports.parquet import write_arrow, write_parquet
from survey_cli.exports.r_script import write_r_script
from survey_cli.exports.spss.sav import write_sav
from survey_cli.exports.spss.syntax import write_spss_syntax
from survey_cli.exports.stata import write_dta
from survey_cli.exports.text.csv import write_csv, write_tsv
from survey_cli.exports.text.jsonl import write_jsonl
from survey_cli.exports.triple_s.definition import Edition
from survey_cli.exports.triple_s.writer import write_triple_s
from survey_cli.problems import find_nearest
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
    data: str = ""
    """The name of the file that a description is of."""


class Wrote(NamedTuple):
    """What came of writing."""

    rows: int
    notes: tuple[str, ...] = ()
    """What the format could not hold, and what stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way of writing a table: as text into whatever takes text, into a file by its path, or into a file and one with
    the data beside it."""

    name: str
    endings: tuple[str, ...]
    """Of two formats with the same, the first is chosen by it."""
    what: str
    write: Callable[[Table, TextIO, Manner], Wrote] | None = None
    write_file: Callable[[Table, Path, Manner], Wrote] | None = None
    write_pair: Callable[[Table, Path, Path, str, Manner], Wrote] | None = None
    """Told, too, into which file the data go, and by which name the first file is to know it."""
    beside: str = ""
    """What the name of the file with the data has behind the stem of the first: each format its own, so that none takes
    another's."""
    labelled: bool = False
    """Whether labels always stand in the file beside the codes."""
    extra: str = ""
    """What has to be installed besides: `survey-cli[spss]`."""

    def beside_of(self, to: Path) -> Path | None:
        """The file with the data, where there is one beside: `asu_sps.csv` of `asu.sps`."""
        return to.with_name(to.stem + self.beside) if self.beside else None


def _rows_only(write: Callable[[Table, TextIO, Manner], int]) -> Callable[[Table, TextIO, Manner], Wrote]:
    """A writer that any table fits into."""
    return lambda table, to, manner: Wrote(write(table, to, manner))


def _spss_syntax(table: Table, to: Path, data: Path, named: str, manner: Manner) -> Wrote:
    return Wrote(*write_spss_syntax(table, to, data, named, Manner(raw=True)))


def _triple_s(edition: Edition) -> Callable[[Table, Path, Path, str, Manner], Wrote]:
    return lambda table, to, data, named, manner: Wrote(*write_triple_s(table, to, data, named, edition))


def _r_script(table: Table, to: Path, data: Path, named: str, manner: Manner) -> Wrote:
    return Wrote(write_r_script(table, to, data, named, Manner(raw=True)))


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
        Format(
            name="jsonl",
            endings=(".jsonl", ".ndjson"),
            what="JSON Lines, an object a row, typed",
            write=_rows_only(write_jsonl),
        ),
        Format(
            name="xlsx",
            endings=(".xlsx",),
            what="Excel workbook: data, codebook and labels",
            write_file=lambda table, to, manner: Wrote(*write_xlsx(table, to, manner)),
            extra="excel",
        ),
        Format(
            name="sav",
            endings=(".sav", ".zsav"),
            what="SPSS data with labels and user-missing codes, all held in memory",
            write_file=lambda table, to, manner: Wrote(*write_sav(table, to, manner)),
            extra="spss",
            labelled=True,
        ),
        Format(
            name="dta",
            endings=(".dta",),
            what="Stata data with labels and extended missings, all held in memory",
            write_file=lambda table, to, manner: Wrote(*write_dta(table, to, manner)),
            extra="stata",
            labelled=True,
        ),
        Format(
            name="parquet",
            endings=(".parquet",),
            what="Apache Parquet, typed, with labels in the schema",
            write_file=lambda table, to, manner: Wrote(write_parquet(table, to, manner)),
            extra="parquet",
            labelled=True,
        ),
        Format(
            name="arrow",
            endings=(".arrow", ".feather"),
            what="the same as an Arrow file",
            write_file=lambda table, to, manner: Wrote(write_arrow(table, to, manner)),
            extra="parquet",
            labelled=True,
        ),
        Format(
            name="sps",
            endings=(".sps",),
            what="SPSS syntax with labels, and a CSV beside it that it reads",
            write_pair=_spss_syntax,
            beside="_sps.csv",
            labelled=True,
        ),
        Format(
            name="sss",
            endings=(".sss",),
            what="Triple-S 2.0 definition, and its data as CSV beside it",
            write_pair=_triple_s(Edition()),
            beside="_sss.csv",
            labelled=True,
        ),
        Format(
            name="sss-fixed",
            endings=(".sss",),
            what="by --format: the same, its data in fixed columns (.asc)",
            write_pair=_triple_s(Edition(fixed=True)),
            beside="_sss.asc",
            labelled=True,
        ),
        Format(
            name="sss3",
            endings=(".sss",),
            what="by --format: the same under version 3.0",
            write_pair=_triple_s(Edition(version="3.0")),
            beside="_sss.csv",
            labelled=True,
        ),
        Format(
            name="sss3-fixed",
            endings=(".sss",),
            what="by --format: version 3.0 with fixed columns (.asc)",
            write_pair=_triple_s(Edition(version="3.0", fixed=True)),
            beside="_sss.asc",
            labelled=True,
        ),
        Format(
            name="ddi",
            endings=(".ddi.xml", ".xml"),
            what="DDI Codebook 2.5: the study and its variables, with counts",
            write=lambda table, to, manner: Wrote(write_ddi(table, to, manner.data)),
            labelled=True,
        ),
        Format(
            name="r",
            endings=(".r",),
            what="R script with labels, and a CSV beside it that it reads",
            write_pair=_r_script,
            beside="_r.csv",
            labelled=True,
        ),
    )
}


def format_of(name: str, *, chosen: str = "") -> Format | str:
    """The format of a file's name, or the one chosen; else why there is none."""
    if chosen:
        found = FORMATS.get(chosen.lower())
        near = find_nearest(chosen, FORMATS)
        return found or f"there is no format {chosen!r}" + (f": did you mean {near!r}?" if near else "")
    for f in FORMATS.values():
        if name.lower().endswith(f.endings):
            return f
    endings = ", ".join(dict.fromkeys(e for f in FORMATS.values() for e in f.endings))
    return f"{name!r} has no ending that chooses a format: {endings}"
