"""Final disposition counts read from a CSV file, by frame, or all problems of the file.

No rate is computed here.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from survey_cli.fieldwork.rates.counts import DispositionCounts, ExactNumber, parse_exact
from survey_cli.fieldwork.rates.dispositions import (
    GROUPS,
    QUOTA_FILLED_CODE,
    DispositionGroup,
    SampleFrame,
    UncountableCode,
    find_disposition,
    find_group,
)
from survey_cli.problems import Position, Problem, Severity, find_nearest, suggest_nearest

RULE: Final = "counts-file"
COLUMNS: Final = ("code", "group", "count", "frame")
TOTAL: Final = "T"
"""Stands as a group for the number of all cases of its frame."""
MAX_BYTES: Final = 10_000_000
"""More is no file of counts."""
HEADER: Final = "the first line names the columns: code (or group), count, and frame where there are several"

_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:[,.'’\u00a0\u202f ][0-9]{3})+")
_DECIMAL_COMMA: Final = re.compile(r"[0-9]+,[0-9]+")
_AMBIGUOUS_NUMBER: Final = re.compile(r"[0-9]{1,3}\.[0-9]{3}")
"""Where fields are parted by semicolons, this may be a thousand or a decimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsFile:
    """What was read."""

    frames: Mapping[str, DispositionCounts]
    """By frame as named in the file, in its order; the one frame of a file without such a column is ''."""
    quota_filled: bool
    """Some cases were turned away by a quota."""
    warnings: tuple[Problem, ...]


class _Row(NamedTuple):
    line: int
    frame: str
    group: DispositionGroup | None
    """None: the total of the frame."""
    code: str
    cases: ExactNumber


def read_counts(
    path: str, *, frame: SampleFrame = "rdd", stdin: BinaryIO | None = None
) -> CountsFile | tuple[Problem, ...]:
    """The counts of a CSV file, or all its problems. `-` reads `stdin`.

    Fields are parted by commas, semicolons or tabs. Where a row has both, its group wins over its code. Rows of one group
    are added up. A row with the group T gives the total of its frame; it is compared with the sum of the others and
    otherwise not used.
    """
    name = "stdin" if path == "-" else path
    content = _read_text(path, name, stdin)
    if isinstance(content, Problem):
        return (content,)
    first = next(line for line in content.splitlines() if line.strip())
    reading = _CountsReader(name, frame, max(",;\t", key=first.count))
    rows = reading.read_rows(content)
    if reading.problems:
        return tuple(reading.problems)
    if all(row.group is None for row in rows):
        return (reading.make_problem(0, "there are no counts in it", HEADER),)
    reading.warn_of_totals(rows)
    return CountsFile(
        frames={named: _add_up(rows, named) for named in dict.fromkeys(row.frame for row in rows)},
        quota_filled=any(row.code == QUOTA_FILLED_CODE and row.cases for row in rows),
        warnings=tuple(sorted(reading.warnings, key=lambda w: w.where)),
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
        why = getattr(error, "strerror", None) or "its name is no file's name"
        return problem(f"the counts cannot be read ({why})", "name a CSV file, or - for standard input")
    if len(content) > MAX_BYTES:
        return problem("it is too large for a file of counts", "give one row for each code and frame")
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
        return problem("it is no text file", "save it as CSV in UTF-8", text[: text.index("\0")].count("\n") + 1)
    return text


@dataclass(slots=True)
class _CountsReader:
    """One reading of one file, and what was found on the way."""

    name: str
    frame: SampleFrame
    delimiter: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def make_problem(self, line: int, what: str, remedy: str, severity: Severity = "error") -> Problem:
        return Problem(RULE, Position(self.name, line), "", what, remedy, severity)

    def read_rows(self, content: str) -> list[_Row]:
        """All rows that can be read."""
        lines = self._iterate_lines(content)
        line, names = next(lines, (1, []))
        columns = self._find_columns(line, [name.strip().casefold() for name in names])
        if self.problems:
            return []
        rows = []
        for line, cells in lines:
            if len(cells) != len(names):
                what = f"the row has {len(cells)} fields, the header {len(names)}"
                remedy = "write counts without separators of thousands, and texts that hold one in quotes"
                self.problems.append(self.make_problem(line, what, remedy))
                continue
            row = self._read_row(line, {name: cells[at].strip() for name, at in columns.items()})
            if row is not None:
                rows.append(row)
        return rows

    def _iterate_lines(self, content: str) -> Iterator[tuple[int, list[str]]]:
        """Each line that is not blank, with its number."""
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=self.delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                what = f"from here on it is no CSV ({error})"
                self.problems.append(self.make_problem(line, what, "look for a quotation mark that is never closed"))
                return
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield line, cells

    def _find_columns(self, line: int, names: Sequence[str]) -> dict[str, int]:
        """Where each known column stands."""
        for name in COLUMNS:
            if names.count(name) > 1:
                self._add_error(line, f"two columns are named {name!r}", "leave one of them out")
        lacking = [] if "count" in names else ["count"]
        if "code" not in names and "group" not in names:
            lacking.append("code")
        for name in lacking:
            near = find_nearest(name, [n for n in names if n and n not in COLUMNS])
            remedy = f"is it {near!r}? rename that" if near else HEADER
            self._add_error(line, f"there is no column {name!r}{' or group' * (name == 'code')}", remedy)
        unread = [name for name in names if name and name not in COLUMNS]
        if unread and not lacking:
            which = ", ".join(map(repr, unread))
            self._add_warning(line, f"not read: {which}", f"columns that are read: {', '.join(COLUMNS)}")
        return {name: names.index(name) for name in COLUMNS if name in names}

    def _read_row(self, line: int, cells: Mapping[str, str]) -> _Row | None:
        """One row, unless something is wrong with it; all its cells are looked at."""
        found = len(self.problems)
        frame = cells.get("frame", "")
        if "frame" in cells and not frame:
            self._add_error(line, "the row names no frame", "give it one, or leave the column out")
        count = self._read_count(line, cells["count"])
        code = cells.get("code", "")
        group = self._read_group(line, code, cells.get("group", ""))
        if count is None or len(self.problems) > found:
            return None
        row = find_disposition(code)
        return _Row(line, frame, group, row.code if row else code, count)

    def _read_group(self, line: int, code: str, written: str) -> DispositionGroup | None:
        """The group of a row; None is the total of its frame, or a problem that has been noted."""
        named = {group.casefold(): group for group in GROUPS}
        if TOTAL.casefold() in (written.casefold(), code.casefold() if not written else ""):
            return None
        if written.casefold() in named:
            given = named[written.casefold()]
            usual = find_group(code, frame=self.frame) if code else given
            if usual != given and not isinstance(usual, UncountableCode):
                self._add_warning(line, f"{code} is counted as {given}, and not as {usual}", "its row says so")
            return given
        if written:
            groups = f"groups are {', '.join(GROUPS)}, and {TOTAL} for the total"
            remedy = suggest_nearest(written, GROUPS, otherwise=groups)
            self._add_error(line, f"{written!r} is no group", remedy)
            return None
        if not code:
            self._add_error(line, "the row has no code and no group", "give it one of them")
            return None
        found = find_group(code, frame=self.frame)
        if isinstance(found, UncountableCode):
            self._add_error(line, found.what, found.remedy)
            return None
        self._warn_of_frame(line, code, found)
        return found

    def _warn_of_frame(self, line: int, code: str, group: DispositionGroup) -> None:
        """Where the frame gives a code another meaning, whoever gave it should know."""
        row = find_disposition(code)
        if row is None or self.frame == "rdd":
            return
        if row.group != row.listed:
            why = f"{row.code} ({row.name}) is counted as {group}, since in {self._frame_phrase} "
            why += (
                "a number that does not work is not an ineligible case" if row.group == "NE" else "eligibility is known"
            )
            self._add_warning(line, why, "a column group can say otherwise")
        elif self.frame == "establishment" and row.code.startswith("4.5"):
            what = f"{row.code} ({row.name}) is counted as {group}, though establishments may be what is sought"
            self._add_warning(line, what, "give the code that says why the unit is not eligible, as 4.10")

    @property
    def _frame_phrase(self) -> str:
        return "an establishment frame" if self.frame == "establishment" else "a list frame"

    def _read_count(self, line: int, text: str) -> ExactNumber | None:
        """The number of a cell, or None after noting why it is none."""
        number = parse_exact(text)
        if number is not None and not (self.delimiter == ";" and _AMBIGUOUS_NUMBER.fullmatch(text)):
            return number
        plain = re.sub("[^0-9]", "", text)
        if not text:
            self._add_error(line, "there is no count", "write 0 where there was none")
        elif text.startswith(("-", "−")) and parse_exact(text[1:]) is not None:
            self._add_error(
                line, f"the count {text} is below zero", "give the number of cases, or the sum of their weights"
            )
        elif text.endswith("%"):
            self._add_error(line, f"{text!r} is a percentage", "give the number of cases")
        elif number is not None:
            remedy = f"write {plain}, or {text}0"
            self._add_error(line, f"{text!r} may be {plain} or a decimal", remedy)
        elif _THOUSANDS.fullmatch(text):
            self._add_error(line, f"{text!r} has a separator of thousands", f"write {plain}")
        elif _DECIMAL_COMMA.fullmatch(text):
            self._add_error(line, f"{text!r} has a decimal comma", f"write {text.replace(',', '.')}")
        else:
            self._add_error(line, f"{text!r} is no count", "write digits alone, as 1234, or 1234.5 if weighted")
        return None

    def warn_of_totals(self, rows: Iterable[_Row]) -> None:
        """Frames whose rows don't add up to their total, and rows that stand twice."""
        sums: dict[str, ExactNumber] = {}
        totals: dict[str, _Row] = {}
        seen: dict[tuple[str, DispositionGroup | None, str], list[int]] = {}
        for row in rows:
            seen.setdefault((row.frame, row.group, row.code), []).append(row.line)
            if row.group is None:
                totals[row.frame] = row
            else:
                sums[row.frame] = sums.get(row.frame, 0) + row.cases
        for (_, group, code), (first, *more) in seen.items():
            if more:
                times = "already" if len(more) == 1 else f"already, and in all {len(more) + 1} times"
                what = f"{code or group or TOTAL} stands on line {first} {times}"
                self._add_warning(more[0], what, "all are counted" if group else "the last is compared")
        for frame, total in totals.items():
            if sums.get(frame, 0) != total.cases:
                of = f" of {frame}" if frame else ""
                what = (
                    f"the counts{of} add up to {_format_number(sums.get(frame, 0))}, "
                    f"its total is {_format_number(total.cases)}"
                )
                self._add_warning(
                    total.line, what, "rates are of the counts; look for a row that is missing or twice there"
                )

    def _add_error(self, line: int, what: str, remedy: str) -> None:
        self.problems.append(self.make_problem(line, what, remedy))

    def _add_warning(self, line: int, what: str, remedy: str) -> None:
        self.warnings.append(self.make_problem(line, what, remedy, "warning"))


def _add_up(rows: Iterable[_Row], frame: str) -> DispositionCounts:
    sums: dict[DispositionGroup, ExactNumber] = {}
    for row in rows:
        if row.frame == frame and row.group is not None:
            sums[row.group] = sums.get(row.group, 0) + row.cases
    return DispositionCounts.from_groups(sums)


def _format_number(number: ExactNumber) -> str:
    """As it would be written in the file: sums of decimals are decimals."""
    return str(number) if isinstance(number, int) else f"{float(number):.15g}"
