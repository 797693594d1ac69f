"""Table of export formats: name, file extensions, writer function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TextIO

from survey_cli.exports.conventions import WriteOptions, WriteResult
from survey_cli.exports.datapackage import write_datapackage
from survey_cli.exports.ddi import write_ddi
from survey_cli.exports.excel import write_xlsx
from survey_cli.exports.parquet import write_arrow, write_parquet
from survey_cli.exports.r_script import write_r_script
from survey_cli.exports.spss.sav import write_sav
from survey_cli.exports.spss.syntax import write_spss_syntax
from survey_cli.exports.stata import write_dta, write_stata_script
from survey_cli.exports.text import write_csv, write_jsonl, write_tsv
from survey_cli.exports.triple_s import write_triple_s
from survey_cli.problems import find_nearest
from survey_cli.table.table import Table


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing a table.

    A format has one of three functions: `write` writes text to a stream, `write_file` a file, and
    `write_pair` a file and the data file that it refers to.
    """

    name: str
    extensions: tuple[str, ...]
    """File extensions. If two formats share one, it chooses the first."""
    description: str
    write: Callable[[Table, TextIO, WriteOptions], WriteResult] | None = None
    write_file: Callable[[Table, Path, WriteOptions], WriteResult] | None = None
    write_pair: Callable[[Table, Path, Path, str], WriteResult] | None = None
    """Also receives the path of the data file, and the name by which the first file refers to
    it."""
    data_suffix: str = ""
    """Suffix of the data file, after the stem of the first file.

    Every format has its own, so that two exports to the same name don't overwrite each other.
    """
    always_labeled: bool = True
    """Whether the file always holds both labels and codes."""
    extra: str = ""
    """The extra to install: `spss`."""
    needs_memory: bool = False
    """Whether writing it needs memory for all rows."""

    def find_data_path(self, to: Path) -> Path | None:
        """Return the path of the data file (`asu_sps.csv` for `asu.sps`), or None."""
        if not self.data_suffix:
            return None
        return to.with_name(to.stem + self.data_suffix)


_FORMATS: Final = (
    Format(
        "csv",
        (".csv",),
        "comma-separated values, UTF-8",
        write=write_csv,
        always_labeled=False,
    ),
    Format(
        "tsv",
        (".tsv", ".tab"),
        "tab-separated values, UTF-8",
        write=write_tsv,
        always_labeled=False,
    ),
    Format(
        "jsonl",
        (".jsonl", ".ndjson"),
        "JSON Lines: one typed object per row",
        write=write_jsonl,
        always_labeled=False,
    ),
    Format(
        "xlsx",
        (".xlsx",),
        "Excel workbook: data, codebook and labels",
        write_file=write_xlsx,
        always_labeled=False,
        extra="excel",
    ),
    Format(
        "sav",
        (".sav", ".zsav"),
        "SPSS data with labels and user-missing codes",
        write_file=write_sav,
        needs_memory=True,
        extra="spss",
    ),
    Format(
        "dta",
        (".dta",),
        "Stata data with labels and extended missing values",
        write_file=write_dta,
        needs_memory=True,
        extra="stata",
    ),
    Format(
        "parquet",
        (".parquet",),
        "Apache Parquet, typed, with labels in the schema",
        write_file=write_parquet,
        extra="parquet",
    ),
    Format(
        "arrow",
        (".arrow", ".feather"),
        "the same as an Arrow file",
        write_file=write_arrow,
        extra="parquet",
    ),
    Format(
        "sps",
        (".sps",),
        "SPSS syntax with labels, and the CSV file that it reads",
        data_suffix="_sps.csv",
        write_pair=write_spss_syntax,
    ),
    Format(
        "sss",
        (".sss",),
        "Triple-S 2.0 definition, and its data as CSV",
        data_suffix="_sss.csv",
        write_pair=write_triple_s,
    ),
    Format(
        "sss-fixed",
        (".sss",),
        "by --format: the same, its data in fixed columns (.asc)",
        data_suffix="_sss.asc",
        write_pair=partial(write_triple_s, fixed=True),
    ),
    Format(
        "sss3",
        (".sss",),
        "by --format: the same under version 3.0",
        data_suffix="_sss.csv",
        write_pair=partial(write_triple_s, version="3.0"),
    ),
    Format(
        "sss3-fixed",
        (".sss",),
        "by --format: version 3.0 with fixed columns (.asc)",
        data_suffix="_sss.asc",
        write_pair=partial(write_triple_s, version="3.0", fixed=True),
    ),
    Format(
        "ddi",
        (".ddi.xml", ".xml"),
        "DDI Codebook 2.5: the study and its variables, with counts",
        write=write_ddi,
    ),
    Format(
        "datapackage",
        ("datapackage.json",),
        "Data Package 2.0: the columns of a CSV file, with categories",
        write=write_datapackage,
    ),
    Format(
        "r",
        (".r",),
        "R script with labels, and the CSV file that it reads",
        data_suffix="_r.csv",
        write_pair=write_r_script,
    ),
    Format(
        "do",
        (".do",),
        "Stata script with the design of the sample, and the .dta file that it opens",
        data_suffix="_do.dta",
        write_pair=write_stata_script,
        extra="stata",
    ),
)
FORMATS: Final[Mapping[str, Format]] = {form.name: form for form in _FORMATS}


def find_format(name: str, *, chosen: str = "") -> Format | str:
    """Return the chosen format, or the format of a file's name; the reason if neither exists."""
    if chosen:
        return _find_chosen_format(chosen)

    for form in FORMATS.values():
        if name.lower().endswith(form.extensions):
            return form

    extensions = dict.fromkeys(
        extension for form in FORMATS.values() for extension in form.extensions
    )
    return f"no ending of the name chooses a format: {', '.join(extensions)}"


def _find_chosen_format(chosen: str) -> Format | str:
    form = FORMATS.get(chosen.lower())
    if form is not None:
        return form

    near = find_nearest(chosen, FORMATS)
    hint = f": did you mean {near!r}?" if near else ""
    return f"there is no format {chosen!r}{hint}"
