"""Reader of population targets for weighting from a CSV file."""

import csv
import io
import re
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import Position, Problem

RULE: Final = "targets-file"
COLUMNS: Final = ("variable", "value", "share")
HEADER: Final = "the first line must name the columns: variable, value, share"
MAX_BYTES: Final = 1_000_000

_SHARE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)


class TargetRow(NamedTuple):
    """The target of one value of a variable: a share, a percentage or a number of units."""

    line: int
    variable: str
    value: str
    share: Fraction


def read_targets(path: str) -> list[TargetRow] | tuple[Problem, ...]:
    """Read a CSV file with the columns `variable`, `value` (a code or its label) and `share`.

    A share is 0.52, 52% or a number of units; all are scaled later. Other columns are ignored. Returns all problems
    where there are any.
    """

    def make_problem(line: int, what: str, remedy: str) -> Problem:
        return Problem(RULE, Position(path, line), "", what, remedy)

    try:
        content = Path(path).read_bytes()[: MAX_BYTES + 1]
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return (make_problem(0, f"it cannot be read ({why})", "specify a CSV file of targets"),)
    if len(content) > MAX_BYTES:
        return (make_problem(0, "it is too large for a file of targets", HEADER),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return (make_problem(0, "its text is not UTF-8", "save it as CSV in UTF-8"),)
    first_line = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first_line.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return (make_problem(0, f"it is not CSV ({error})", HEADER),)
    headings = [heading.strip().lower() for heading in lines[0]] if lines else []
    if missing := [name for name in COLUMNS if name not in headings]:
        return (make_problem(1, f"the column {missing[0]} is missing", HEADER),)
    positions = [headings.index(name) for name in COLUMNS]
    rows: list[TargetRow] = []
    problems: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for number, fields in enumerate(lines[1:], start=2):
        if not any(field.strip() for field in fields):
            continue
        if len(fields) <= max(positions):
            problems.append(make_problem(number, "the line has too few fields", HEADER))
            continue
        variable, value, share_text = (fields[position].strip() for position in positions)
        share = _parse_share(share_text)
        if share is None:
            remedy = "write 0.52, 52% or a number of units"
            problems.append(make_problem(number, f"{share_text!r} is not a share", remedy))
        elif (variable, value) in seen:
            problems.append(make_problem(number, f"{variable} {value} occurs twice", "keep one of them"))
        else:
            seen.add((variable, value))
            rows.append(TargetRow(number, variable, value, share))
    if not rows and not problems:
        problems.append(make_problem(0, "the file contains no targets", HEADER))
    return tuple(problems) if problems else rows


def _parse_share(text: str) -> Fraction | None:
    number = text.removesuffix("%").strip().replace(",", ".")
    return Fraction(number) if _SHARE.fullmatch(number) else None
