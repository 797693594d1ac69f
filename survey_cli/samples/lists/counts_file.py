"""Reader of final disposition counts by frame from a CSV file or workbook."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from survey_cli.fieldwork.rates import dispositions
from survey_cli.fieldwork.rates.rates import DispositionCounts, ExactNumber, parse_exact
from survey_cli.problems import Problem, find_nearest, suggest_nearest
from survey_cli.samples.files.read_sheet import MAX_BYTES, read_sheet
from survey_cli.samples.files.sheet import (
    InputRow,
    InputSheet,
    ProblemCollector,
    iterate_whole_rows,
)

RULE: Final = "counts-file"
COLUMNS: Final = ("code", "group", "count", "frame")
TOTAL: Final = "T"
"""Group whose count is the number of all cases of its frame."""
HEADER: Final = (
    "the first line must name the columns: code (or group), count, and frame if there are several"
)

_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:[,.'’\u00a0\u202f ][0-9]{3})+")
_DECIMAL_COMMA: Final = re.compile(r"[0-9]+,[0-9]+")
_AMBIGUOUS_NUMBER: Final = re.compile(r"[0-9]{1,3}\.[0-9]{3}")
"""In a file separated by semicolons, the point may mark thousands or decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsFile:
    """The counts of a file that has no errors."""

    frames: Mapping[str, DispositionCounts]
    """Counts by frame, in the file's order and names.

    A file without that column has one frame, named ''.
    """
    quota_filled: bool
    """Whether a case was screened out because its quota was full."""
    warnings: tuple[Problem, ...]


class _Row(NamedTuple):
    line: int
    frame: str
    group: dispositions.DispositionGroup | None
    """The row's group; None in the row of the frame's total."""
    code: str
    cases: ExactNumber


def read_counts(
    path: str, *, frame: dispositions.SampleFrame = "rdd", stdin: BinaryIO | None = None
) -> CountsFile | tuple[Problem, ...]:
    """Read the counts of a file, or of `stdin` if the path is `-`.

    If a row has both, its group takes precedence over its code. Rows of one group are added up. A
    row with the group T gives the total of its frame. It is only compared with the sum of the
    others. Returns all problems if one of them is an error.
    """
    is_stdin = path == "-"
    collector = ProblemCollector("stdin" if is_stdin else path)
    contents = None
    if is_stdin and stdin is not None:
        contents = stdin.read(MAX_BYTES + 1)  # one byte more shows that it is too large

    sheet = read_sheet(path, collector, known=COLUMNS, contents=contents)
    if sheet is None:
        return tuple(collector.list_problems())
    columns = _find_columns(sheet, collector)
    if columns is None:
        return tuple(collector.list_problems())

    reader = _CountsReader(collector, frame, sheet.delimiter)
    rows: list[_Row] = []
    for input_row in iterate_whole_rows(sheet, collector):
        counted = reader.read_row(input_row, columns)
        if counted is not None:
            rows.append(counted)

    if not collector.has_errors and all(row.group is None for row in rows):
        collector.add_error(RULE, "", "the file contains no counts", HEADER)
    if collector.has_errors:
        return tuple(collector.list_problems())

    reader.warn_of_totals(rows)
    sums: dict[str, dict[dispositions.DispositionGroup, ExactNumber]] = {}
    for row in rows:
        # A frame of which the file gives only the total has no counts, but it is a frame.
        groups = sums.setdefault(row.frame, {})
        if row.group is not None:
            groups[row.group] = groups.get(row.group, 0) + row.cases

    return CountsFile(
        frames={name: DispositionCounts.from_groups(groups) for name, groups in sums.items()},
        quota_filled=any(row.code == dispositions.QUOTA_FILLED_CODE and row.cases for row in rows),
        warnings=tuple(collector.list_problems()),
    )


def _find_columns(sheet: InputSheet, collector: ProblemCollector) -> dict[str, int] | None:
    """Return the positions of known columns; None, with an error, if one is missing or repeated."""
    line = sheet.heading.line
    names = [name.strip().casefold() for name in sheet.heading.cells]

    for name in COLUMNS:
        if names.count(name) > 1:
            what = f"two columns are named {name!r}"
            collector.add_error(RULE, "", what, "remove one of them", line=line)

    unread = [name for name in names if name and name not in COLUMNS]
    missing = []
    if "count" not in names:
        missing.append("count")
    if "code" not in names and "group" not in names:
        missing.append("code")

    for name in missing:
        what = f"there is no column {name!r}"
        if name == "code":
            what += " or group"
        near = find_nearest(name, unread)
        remedy = f"if {near!r} is meant, rename it" if near else HEADER
        collector.add_error(RULE, "", what, remedy, line=line)

    if unread and not missing:
        what = f"not read: {', '.join(repr(name) for name in unread)}"
        remedy = f"columns that are read: {', '.join(COLUMNS)}"
        collector.add_warning(RULE, "", what, remedy, line=line)

    if collector.has_errors:
        return None
    return {name: names.index(name) for name in COLUMNS if name in names}


class _CountsReader(NamedTuple):
    """Reader of the rows of one file."""

    collector: ProblemCollector
    frame: dispositions.SampleFrame
    delimiter: str

    def read_row(self, row: InputRow, columns: Mapping[str, int]) -> _Row | None:
        """Return one row; None if its count can't be read.

        Errors of the other cells are reported.
        """
        line = row.line
        cells = {name: row.cells[index].strip() for name, index in columns.items()}
        frame = cells.get("frame", "")
        code = cells.get("code", "")

        if "frame" in cells and not frame:
            self._add_error(line, "the row has no frame", "give it one, or remove the column")
        count = self._read_count(line, cells["count"])
        group = self._read_group(line, code, cells.get("group", ""))
        if count is None:
            return None

        disposition = dispositions.find_disposition(code)
        if disposition is not None:
            code = disposition.code  # 1.10 and 1.1 may be written for the same one
        return _Row(line, frame, group, code, count)

    def _read_group(
        self, line: int, code: str, group_cell: str
    ) -> dispositions.DispositionGroup | None:
        """Return the group of a row; None for the total of its frame, or after an error."""
        if TOTAL.casefold() == (group_cell or code).casefold():
            return None

        groups = {group.casefold(): group for group in dispositions.GROUPS}
        group = groups.get(group_cell.casefold())
        if group is not None:
            if code:
                self._warn_of_other_group(line, code, group)
            return group
        if group_cell:
            otherwise = f"groups are {', '.join(dispositions.GROUPS)}, and {TOTAL} for the total"
            remedy = suggest_nearest(group_cell, dispositions.GROUPS, otherwise=otherwise)
            self._add_error(line, f"{group_cell!r} is not a group", remedy)
            return None

        if not code:
            what = "the row has neither a code nor a group"
            self._add_error(line, what, "give it one of them")
            return None
        code_group = dispositions.find_group(code, frame=self.frame)
        if isinstance(code_group, dispositions.UncountableCode):
            self._add_error(line, code_group.what, code_group.remedy)
            return None
        self._warn_of_frame(line, code, code_group)
        return code_group

    def _warn_of_other_group(
        self, line: int, code: str, group: dispositions.DispositionGroup
    ) -> None:
        """Warn of a row whose group isn't the one that its code usually belongs to."""
        usual = dispositions.find_group(code, frame=self.frame)
        if usual != group and not isinstance(usual, dispositions.UncountableCode):
            what = f"{code} is counted as {group}, and not as {usual}"
            self._add_warning(line, what, "the column group says so")

    def _warn_of_frame(self, line: int, code: str, group: dispositions.DispositionGroup) -> None:
        """Warn of a code that is counted differently in this frame."""
        disposition = dispositions.find_disposition(code)
        if disposition is None or self.frame == "rdd":
            return

        label = f"{disposition.code} ({disposition.name}) is counted as {group}"
        if disposition.group != disposition.listed:
            why = "eligibility is known"
            if disposition.group == "NE":
                why = "a nonworking number is not an ineligible case"
            frame = "an establishment frame" if self.frame == "establishment" else "a list frame"
            what = f"{label}, since in {frame} {why}"
            self._add_warning(line, what, "to count it differently, add a column group")
        elif self.frame == "establishment" and disposition.code.startswith("4.5"):
            what = f"{label}, although this may be a survey of establishments"
            remedy = "use the code that says why the unit is not eligible, such as 4.10"
            self._add_warning(line, what, remedy)

    def _read_count(self, line: int, text: str) -> ExactNumber | None:
        """Return the number in a cell; None after reporting why it is none."""
        number = parse_exact(text)
        is_ambiguous = self.delimiter == ";" and _AMBIGUOUS_NUMBER.fullmatch(text)
        if number is not None and not is_ambiguous:
            return number

        plain = re.sub("[^0-9]", "", text)
        if not text:
            self._add_error(line, "there is no count", "write 0 where there was none")
        elif text.startswith(("-", "−")) and parse_exact(text[1:]) is not None:
            remedy = "give the number of cases, or the sum of their weights"
            self._add_error(line, f"the count {text} is negative", remedy)
        elif text.endswith("%"):
            self._add_error(line, f"{text!r} is a percentage", "give the number of cases")
        elif number is not None:
            remedy = f"write {plain}, or {text}0"
            self._add_error(line, f"{text!r} may be {plain} or a decimal number", remedy)
        elif _THOUSANDS.fullmatch(text):
            self._add_error(line, f"{text!r} has a thousands separator", f"write {plain}")
        elif _DECIMAL_COMMA.fullmatch(text):
            remedy = f"write {text.replace(',', '.')}"
            self._add_error(line, f"{text!r} has a decimal comma", remedy)
        else:
            remedy = "write only digits, such as 1234, or 1234.5 if weighted"
            self._add_error(line, f"{text!r} is not a count", remedy)
        return None

    def warn_of_totals(self, rows: Iterable[_Row]) -> None:
        """Warn of repeated rows, and of frames whose rows don't add up to their total."""
        sums: dict[str, ExactNumber] = {}
        totals: dict[str, _Row] = {}
        lines: dict[tuple[str, dispositions.DispositionGroup | None, str], list[int]] = {}

        for row in rows:
            lines.setdefault((row.frame, row.group, row.code), []).append(row.line)
            if row.group is None:
                totals[row.frame] = row
            else:
                sums[row.frame] = sums.get(row.frame, 0) + row.cases

        for (_, group, code), repeated in lines.items():
            if len(repeated) > 1:
                what = f"{code or group or TOTAL} is already on line {repeated[0]}"
                if len(repeated) > 2:
                    what += f", and {len(repeated)} times in all"
                effect = "all of them are counted"
                if group is None:
                    effect = "only the last is compared with the counts"
                self._add_warning(repeated[1], what, effect)

        for frame, total in totals.items():
            counted = sums.get(frame, 0)
            if counted != total.cases:
                counts = f"the counts of {frame}" if frame else "the counts"
                sum_text = _format_number(counted)
                total_text = _format_number(total.cases)
                what = f"{counts} add up to {sum_text}, but the total is {total_text}"
                remedy = "the rates use the counts; look for a missing or repeated row"
                self._add_warning(total.line, what, remedy)

    def _add_error(self, line: int, what: str, remedy: str) -> None:
        self.collector.add_error(RULE, "", what, remedy, line=line)

    def _add_warning(self, line: int, what: str, remedy: str) -> None:
        self.collector.add_warning(RULE, "", what, remedy, line=line)


def _format_number(number: ExactNumber) -> str:
    """Write a number as in the file; sums of decimals are decimals."""
    if isinstance(number, int):
        return str(number)
    return f"{float(number):.15g}"
