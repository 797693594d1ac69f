"""Reader of final disposition counts by frame from a CSV file; no rate is computed here."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from survey_cli.fieldwork.rates import dispositions
from survey_cli.fieldwork.rates.rates import DispositionCounts, ExactNumber, parse_exact
from survey_cli.problems import Position, Problem, Severity, find_nearest, suggest_nearest

RULE: Final = "counts-file"
COLUMNS: Final = ("code", "group", "count", "frame")
TOTAL: Final = "T"
"""Group whose count is the number of all cases of its frame."""
MAX_BYTES: Final = 10_000_000
HEADER: Final = "the first line must name the columns: code (or group), count, and frame if there are several"

_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:[,.'’\u00a0\u202f ][0-9]{3})+")
_DECIMAL_COMMA: Final = re.compile(r"[0-9]+,[0-9]+")
_AMBIGUOUS_NUMBER: Final = re.compile(r"[0-9]{1,3}\.[0-9]{3}")
"""In a file separated by semicolons, the point may mark thousands or decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsFile:
    """The counts of a file that has no errors."""

    frames: Mapping[str, DispositionCounts]
    """Counts by frame, in the file's order and names; '' is the only frame of a file without that column."""
    quota_filled: bool
    """Whether some cases were screened out because their quota was full."""
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
    """Read the counts of a CSV file, or of `stdin` where the path is `-`. Returns all problems where there are errors.

    Fields are separated by commas, semicolons or tabs. Where a row has both, its group takes precedence over its code.
    Rows of one group are added up. A row with the group T gives the total of its frame; it is compared with the sum of
    the others and otherwise not used.
    """
    name = "stdin" if path == "-" else path
    content = _read_text(path, name, stdin)
    if isinstance(content, Problem):
        return (content,)
    first_line = next(line for line in content.splitlines() if line.strip())
    reader = _CountsReader(name, frame, max(",;\t", key=first_line.count))
    rows = reader.read_rows(content)
    if reader.problems:
        return tuple(reader.problems)
    if all(row.group is None for row in rows):
        return (reader.make_problem(0, "the file contains no counts", HEADER),)
    reader.warn_of_totals(rows)
    return CountsFile(
        frames={frame: _add_up(rows, frame) for frame in dict.fromkeys(row.frame for row in rows)},
        quota_filled=any(row.code == dispositions.QUOTA_FILLED_CODE and row.cases for row in rows),
        warnings=tuple(sorted(reader.warnings, key=lambda warning: warning.where)),
    )


def _read_text(path: str, name: str, stdin: BinaryIO | None) -> str | Problem:
    def problem(what: str, remedy: str, line: int = 0) -> Problem:
        return Problem(RULE, Position(name, line), "", what, remedy)

    try:
        if path == "-":
            content = stdin.read(MAX_BYTES + 1) if stdin else b""
        else:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name is not a valid file name"
        return problem(f"the counts cannot be read ({why})", "specify a CSV file, or - for standard input")
    if len(content) > MAX_BYTES:
        return problem("it is too large for a file of counts", "write one row per code and frame")
    if content.startswith(b"PK\x03\x04"):
        return problem("it is a workbook, not a CSV file", "save the sheet as CSV UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return problem("its text is not UTF-8", "save it as UTF-8 (in Excel: CSV UTF-8)", line)
    if not text.strip():
        return problem("the file is empty", HEADER)
    if "\0" in text:
        return problem("it is not a text file", "save it as CSV in UTF-8", text[: text.index("\0")].count("\n") + 1)
    return text


@dataclass(slots=True)
class _CountsReader:
    """Reader of one file, with its problems so far."""

    name: str
    frame: dispositions.SampleFrame
    delimiter: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def make_problem(self, line: int, what: str, remedy: str, severity: Severity = "error") -> Problem:
        return Problem(RULE, Position(self.name, line), "", what, remedy, severity)

    def read_rows(self, content: str) -> list[_Row]:
        """Read all rows without errors; the errors of others are in `problems`."""
        lines = self._iterate_lines(content)
        line, names = next(lines, (1, []))
        columns = self._find_columns(line, [name.strip().casefold() for name in names])
        if self.problems:
            return []
        rows = []
        for line, cells in lines:
            if len(cells) != len(names):
                what = f"the row has {len(cells)} fields, the header {len(names)}"
                remedy = "write counts without thousands separators, and put text that contains the delimiter in quotes"
                self.problems.append(self.make_problem(line, what, remedy))
                continue
            row = self._read_row(line, {name: cells[index].strip() for name, index in columns.items()})
            if row is not None:
                rows.append(row)
        return rows

    def _iterate_lines(self, content: str) -> Iterator[tuple[int, list[str]]]:
        """Yield each line that is not blank, with its number."""
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=self.delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                what = f"the text is not CSV from here on ({error})"
                self.problems.append(self.make_problem(line, what, "look for a quotation mark that is never closed"))
                return
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield line, cells

    def _find_columns(self, line: int, names: Sequence[str]) -> dict[str, int]:
        """Return the position of each known column."""
        for name in COLUMNS:
            if names.count(name) > 1:
                self._add_error(line, f"two columns are named {name!r}", "remove one of them")
        unread = [name for name in names if name and name not in COLUMNS]
        missing = [] if "count" in names else ["count"]
        if "code" not in names and "group" not in names:
            missing.append("code")
        for name in missing:
            near = find_nearest(name, unread)
            remedy = f"if {near!r} is meant, rename it" if near else HEADER
            self._add_error(line, f"there is no column {name!r}{' or group' * (name == 'code')}", remedy)
        if unread and not missing:
            what = f"not read: {', '.join(map(repr, unread))}"
            self._add_warning(line, what, f"columns that are read: {', '.join(COLUMNS)}")
        return {name: names.index(name) for name in COLUMNS if name in names}

    def _read_row(self, line: int, cells: Mapping[str, str]) -> _Row | None:
        """Return one row; None where any of its cells has an error."""
        problems_before = len(self.problems)
        frame = cells.get("frame", "")
        if "frame" in cells and not frame:
            self._add_error(line, "the row has no frame", "give it one, or remove the column")
        count = self._read_count(line, cells["count"])
        code = cells.get("code", "")
        group = self._read_group(line, code, cells.get("group", ""))
        if count is None or len(self.problems) > problems_before:
            return None
        disposition = dispositions.find_disposition(code)
        return _Row(line, frame, group, disposition.code if disposition else code, count)

    def _read_group(self, line: int, code: str, group_cell: str) -> dispositions.DispositionGroup | None:
        """Return the group of a row; None for the total of its frame, or after reporting an error."""
        groups = {group.casefold(): group for group in dispositions.GROUPS}
        if TOTAL.casefold() == (group_cell or code).casefold():
            return None
        if group_cell.casefold() in groups:
            group = groups[group_cell.casefold()]
            usual = dispositions.find_group(code, frame=self.frame) if code else group
            if usual != group and not isinstance(usual, dispositions.UncountableCode):
                self._add_warning(line, f"{code} is counted as {group}, and not as {usual}", "the column group says so")
            return group
        if group_cell:
            otherwise = f"groups are {', '.join(dispositions.GROUPS)}, and {TOTAL} for the total"
            remedy = suggest_nearest(group_cell, dispositions.GROUPS, otherwise=otherwise)
            self._add_error(line, f"{group_cell!r} is not a group", remedy)
            return None
        if not code:
            self._add_error(line, "the row has neither a code nor a group", "give it one of them")
            return None
        code_group = dispositions.find_group(code, frame=self.frame)
        if isinstance(code_group, dispositions.UncountableCode):
            self._add_error(line, code_group.what, code_group.remedy)
            return None
        self._warn_of_frame(line, code, code_group)
        return code_group

    def _warn_of_frame(self, line: int, code: str, group: dispositions.DispositionGroup) -> None:
        """Warn of a code that is counted differently in this frame."""
        disposition = dispositions.find_disposition(code)
        if disposition is None or self.frame == "rdd":
            return
        label = f"{disposition.code} ({disposition.name}) is counted as {group}"
        if disposition.group != disposition.listed:
            not_working = "a nonworking number is not an ineligible case"
            why = not_working if disposition.group == "NE" else "eligibility is known"
            frame = "an establishment frame" if self.frame == "establishment" else "a list frame"
            self._add_warning(line, f"{label}, since in {frame} {why}", "to count it differently, add a column group")
        elif self.frame == "establishment" and disposition.code.startswith("4.5"):
            what = f"{label}, although this may be a survey of establishments"
            self._add_warning(line, what, "use the code that says why the unit is not eligible, such as 4.10")

    def _read_count(self, line: int, text: str) -> ExactNumber | None:
        """Return the number in a cell; None after reporting why it is none."""
        number = parse_exact(text)
        if number is not None and not (self.delimiter == ";" and _AMBIGUOUS_NUMBER.fullmatch(text)):
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
            self._add_error(line, f"{text!r} has a decimal comma", f"write {text.replace(',', '.')}")
        else:
            self._add_error(line, f"{text!r} is not a count", "write only digits, such as 1234, or 1234.5 if weighted")
        return None

    def warn_of_totals(self, rows: Iterable[_Row]) -> None:
        """Warn of frames whose rows don't add up to their total, and of repeated rows."""
        sums: dict[str, ExactNumber] = {}
        totals: dict[str, _Row] = {}
        lines: dict[tuple[str, dispositions.DispositionGroup | None, str], list[int]] = {}
        for row in rows:
            lines.setdefault((row.frame, row.group, row.code), []).append(row.line)
            if row.group is None:
                totals[row.frame] = row
            else:
                sums[row.frame] = sums.get(row.frame, 0) + row.cases
        for (_, group, code), (first, *more) in lines.items():
            if more:
                times = f", and {len(more) + 1} times in all" if len(more) > 1 else ""
                what = f"{code or group or TOTAL} is already on line {first}{times}"
                self._add_warning(
                    more[0], what, "all of them are counted" if group else "only the last is compared with the counts"
                )
        for frame, total in totals.items():
            if sums.get(frame, 0) != total.cases:
                counts = f"the counts of {frame}" if frame else "the counts"
                sum_text, total_text = _format_number(sums.get(frame, 0)), _format_number(total.cases)
                what = f"{counts} add up to {sum_text}, but the total is {total_text}"
                remedy = "the rates use the counts; look for a missing or repeated row"
                self._add_warning(total.line, what, remedy)

    def _add_error(self, line: int, what: str, remedy: str) -> None:
        self.problems.append(self.make_problem(line, what, remedy))

    def _add_warning(self, line: int, what: str, remedy: str) -> None:
        self.warnings.append(self.make_problem(line, what, remedy, "warning"))


def _add_up(rows: Iterable[_Row], frame: str) -> DispositionCounts:
    sums: dict[dispositions.DispositionGroup, ExactNumber] = {}
    for row in rows:
        if row.frame == frame and row.group is not None:
            sums[row.group] = sums.get(row.group, 0) + row.cases
    return DispositionCounts.from_groups(sums)


def _format_number(number: ExactNumber) -> str:
    """Write a number as in the file; sums of decimals are decimals."""
    return str(number) if isinstance(number, int) else f"{float(number):.15g}"
