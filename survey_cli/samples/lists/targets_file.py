"""Population targets for weighting, read from a CSV file, or all problems of the file."""

import csv
import io
import re
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import Position, Problem

RULE: Final = "targets-file"
COLUMNS: Final = ("variable", "value", "share")
HEADER: Final = "the first line names the columns: variable, value, share"
MAX_BYTES: Final = 1_000_000

_SHARE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)


class TargetRow(NamedTuple):
    """One line: the share, per cent or number of units of one value of a variable."""

    line: int
    variable: str
    value: str
    share: Fraction


def read_targets(path: str) -> list[TargetRow] | tuple[Problem, ...]:
    """The rows of a CSV file with the columns `variable`, `value` (a code or its label) and `share`: 0.52, 52% or a
    number of units, which are all scaled. Nothing is read of other columns.
    """
    try:
        content = Path(path).read_bytes()[: MAX_BYTES + 1]
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return (_make_problem(path, 0, f"it cannot be read ({why})", "name a CSV file of targets"),)
    if len(content) > MAX_BYTES:
        return (_make_problem(path, 0, "it is too long for a file of targets", HEADER),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return (_make_problem(path, 0, "it is no text in UTF-8", "save it as CSV in UTF-8"),)
    first = text.splitlines()[0] if text.strip() else ""
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True))
    except csv.Error as error:
        return (_make_problem(path, 0, f"it is no CSV ({error})", HEADER),)
    heads = [head.strip().lower() for head in lines[0]] if lines else []
    if missing := [name for name in COLUMNS if name not in heads]:
        return (_make_problem(path, 1, f"the column {missing[0]} is missing", HEADER),)
    at = [heads.index(name) for name in COLUMNS]
    rows: list[TargetRow] = []
    problems: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for number, fields in enumerate(lines[1:], start=2):
        if not any(field.strip() for field in fields):
            continue
        if len(fields) <= max(at):
            problems.append(_make_problem(path, number, "the line has too few fields", HEADER))
            continue
        variable, value, said = (fields[i].strip() for i in at)
        share = _parse_share(said)
        if share is None:
            problems.append(
                _make_problem(path, number, f"{said!r} is no share", "write 0.52, 52% or a number of units")
            )
        elif (variable, value) in seen:
            problems.append(_make_problem(path, number, f"{variable} {value} is there twice", "keep one of them"))
        else:
            seen.add((variable, value))
            rows.append(TargetRow(number, variable, value, share))
    if not rows and not problems:
        problems.append(_make_problem(path, 0, "there are no targets in it", HEADER))
    return tuple(problems) if problems else rows


def _parse_share(text: str) -> Fraction | None:
    said = text.removesuffix("%").strip().replace(",", ".")
    return Fraction(said) if _SHARE.fullmatch(said) else None


def _make_problem(path: str, line: int, what: str, remedy: str) -> Problem:
    return Problem(RULE, Position(path, line), "", what, remedy)
