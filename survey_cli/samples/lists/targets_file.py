"""Reader of population targets for weighting from a CSV file or workbook."""

import re
from fractions import Fraction
from typing import Final, NamedTuple

from survey_cli.problems import Problem
from survey_cli.samples.files import sheet
from survey_cli.samples.files.read_sheet import read_sheet

RULE: Final = "targets-file"
COLUMNS: Final = ("variable", "value", "share")
HEADER: Final = "the first line must name the columns: variable, value, share"
_SHARE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)


class TargetRow(NamedTuple):
    """The target of one value of a variable: a share, a percentage or a number of units."""

    line: int
    variable: str
    value: str
    share: Fraction


def read_targets(path: str) -> list[TargetRow] | tuple[Problem, ...]:
    """Read a file with the columns `variable`, `value` (a code or its label) and `share`.

    A share is 0.52, 52% or a number of units; all are scaled later. Other columns are ignored.
    Returns all problems if one of them is an error.
    """
    collector = sheet.ProblemCollector(path)
    rows = read_sheet(path, collector, known=COLUMNS)
    if rows is None:
        return tuple(collector.list_problems())

    positions = {
        sheet.normalize_heading(cell): index for index, cell in enumerate(rows.heading.cells)
    }
    for name in COLUMNS:
        if name not in positions:
            what = f"the column {name} is missing"
            collector.add_error(RULE, "", what, HEADER, line=rows.heading.line)
            return tuple(collector.list_problems())

    targets: dict[tuple[str, str], TargetRow] = {}
    for line, cells in sheet.iterate_whole_rows(rows, collector):
        variable = cells[positions["variable"]].strip()
        value = cells[positions["value"]].strip()
        share_text = cells[positions["share"]].strip()

        # 52% and 52 are alike, since the shares of a variable are scaled to a sum of 1.
        number = share_text.removesuffix("%").strip().replace(",", ".")
        if not _SHARE.fullmatch(number):
            what = f"{share_text!r} is not a share"
            remedy = "write 0.52, 52% or a number of units"
            collector.add_error(RULE, "", what, remedy, line=line)
        elif (variable, value) in targets:
            what = f"{variable} {value} occurs twice"
            collector.add_error(RULE, "", what, "keep one of them", line=line)
        else:
            targets[variable, value] = TargetRow(line, variable, value, Fraction(number))

    if not targets and not collector.has_errors:
        collector.add_error(RULE, "", "the file contains no targets", HEADER)
    if collector.has_errors:
        return tuple(collector.list_problems())
    return list(targets.values())
