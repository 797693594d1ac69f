"""Reader of data files whatever their format: CSV, Excel, SPSS, Stata and Parquet as rows of text."""

from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import InputRow, InputSheet, ProblemCollector

if TYPE_CHECKING:
    from polars import DataFrame

_LABELED: Final = {".sav": "read_sav", ".zsav": "read_sav", ".dta": "read_dta"}


def read_data_file(
    path: str, collector: ProblemCollector, *, sheet: str | None = None, encoding: str | None = None
) -> InputSheet | None:
    """Open a data file. Returns None, with an error in `collector`, where it can't be read.

    Codes are read, not their labels. User-missing values of SPSS stay codes. The rows of a file of SPSS, Stata or
    Parquet are counted from 1.
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
    except Exception as error:  # what these libraries raise has no common base class
        what = f"it can't be read as {ending}: {str(error).splitlines()[0]}"
        collector.add_error("data-file", "", what, "check the path, or save the file as CSV")
    else:
        rows = (
            InputRow(number, [_format(cell) for cell in row])
            for number, row in enumerate(frame.iter_rows(), 1)
        )
        return InputSheet(InputRow(0, frame.columns), (row for row in rows if any(row.cells)))
    return None


def _read_frame(path: str, ending: str) -> "DataFrame":
    import polars

    if ending == ".parquet":
        return polars.read_parquet(path)
    import pyreadstat

    options = {"user_missing": True} if ending != ".dta" else {}
    frame: polars.DataFrame = getattr(pyreadstat, _LABELED[ending])(
        path, output_format="polars", **options
    )[0]
    return frame


def _format(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return str(int(cell))
        case float():
            return "" if cell != cell else str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell)
