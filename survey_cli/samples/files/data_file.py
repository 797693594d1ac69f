"""Reader of data files: CSV, Excel, SPSS, Stata and Parquet as rows of text."""

import math
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import InputRow, InputSheet, ProblemCollector

if TYPE_CHECKING:
    from polars import DataFrame

_LABELED: Final = {".sav": "read_sav", ".zsav": "read_sav", ".dta": "read_dta"}
"""The function of pyreadstat that reads a file with this ending."""


def read_data_file(
    path: str, collector: ProblemCollector, *, sheet: str | None = None, encoding: str | None = None
) -> InputSheet | None:
    """Open a data file. Returns None, with an error in `collector`, if it can't be read.

    The rows contain codes, not their labels. User-missing values of SPSS stay codes. The rows of
    SPSS, Stata and Parquet files are counted from 1.
    """
    ending = Path(path).suffix.lower()
    if ending not in (*_LABELED, ".parquet"):
        return read_sheet(path, collector, sheet=sheet, encoding=encoding)

    try:
        frame = _read_frame(path, ending)
    except ModuleNotFoundError as error:
        from survey_cli.installation import make_install_command

        what = f"a library that reads {ending} is missing: {error.name}"
        remedy = f"{make_install_command('spss,parquet')}, or save the file as CSV"
        collector.add_error("data-file", "", what, remedy)
        return None
    except Exception as error:  # the exceptions of these libraries have no common base class
        what = f"it can't be read as {ending}: {str(error).splitlines()[0]}"
        collector.add_error("data-file", "", what, "check the path, or save the file as CSV")
        return None

    return InputSheet(InputRow(0, frame.columns), _iterate_rows(frame))


def _iterate_rows(frame: "DataFrame") -> Iterator[InputRow]:
    """Yield the rows that are not empty."""
    for number, row in enumerate(frame.iter_rows(), 1):
        cells = [_format(cell) for cell in row]
        if any(cells):
            yield InputRow(number, cells)


def _read_frame(path: str, ending: str) -> "DataFrame":
    import polars

    if ending == ".parquet":
        return polars.read_parquet(path)

    import pyreadstat

    options = {}
    if ending != ".dta":
        # Without it, pyreadstat replaces the codes that SPSS declares missing by empty cells.
        options["user_missing"] = True

    read = getattr(pyreadstat, _LABELED[ending])
    frame: polars.DataFrame
    frame, _ = read(path, output_format="polars", **options)
    return frame


def _format(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return str(int(cell))
        case float():
            return _format_float(cell)
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _format_float(number: float) -> str:
    if math.isnan(number):
        return ""
    if number.is_integer():
        return str(int(number))  # SPSS and Stata store codes as floats
    return repr(number)
