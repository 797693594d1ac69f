"""Conventions of all writers: options, results, missing codes, sets of columns, file times.

Formats without typed missing values hold the questionnaire's codes for them, or reserved codes if
the questionnaire has none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from survey_cli.table.table import Table
from survey_cli.values import Variable

RESERVED_CODES: Final = {"dk": -8, "refused": -9, "not_asked": -6, "not_reached": -7}
RESERVED_LABELS: Final = {
    "dk": "Don't know",
    "refused": "Refused",
    "not_asked": "Not asked",
    "not_reached": "Not reached",
}
DEFAULT_TIMESTAMP: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""The time of a file whose data have no timestamps: the earliest that a zip archive can store.

Files have the time of the last entry in their data, never that of the clock, so that the same data
make the same file.
"""
# Not from strftime, whose names depend on the locale.
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """The analyst's choices, which every writer receives."""

    labels: bool = False
    """Write labels instead of codes."""
    raw: bool = False
    """Write texts unchanged, although a spreadsheet might run them as formulas."""
    bom: bool = False
    """Begin with a byte order mark, by which Excel recognizes UTF-8."""
    data_name: str = ""
    """Name of the data file that a description is about."""


class WriteResult(NamedTuple):
    """The result of writing."""

    rows: int
    notes: tuple[str, ...] = ()
    """What the format cannot hold, and what replaces it."""


def format_day(time: datetime) -> str:
    """Return day and month as SPSS and Stata write them: `09 Nov`."""
    return f"{time.day:02} {MONTHS[time.month - 1]}"


def make_free_name(name: str, used_names: set[str]) -> str:
    """Append `_` to a name until it is new, ignoring case, and add it to `used_names`.

    `used_names` are in lower case.
    """
    while name.casefold() in used_names:
        name += "_"
    used_names.add(name.casefold())
    return name


# ── missing values ──


def list_missing_codes(variable: Variable) -> dict[str, tuple[int, str]]:
    """Return code and label of every missing value that the column may hold, by kind.

    Texts, dates and times without labels have no codes: the field is empty, and a companion column
    says why.
    """
    is_number = variable.storage in ("integer", "decimal")
    if not is_number and not variable.labels:
        return {}

    codes = {kind: (code, RESERVED_LABELS[kind]) for kind, code in RESERVED_CODES.items()}
    for kind, (code, text) in variable.declines.items():
        label = text or RESERVED_LABELS.get(kind, kind)
        codes[kind] = (code, label)

    return codes


def list_offered_codes(variable: Variable) -> dict[str, tuple[int, str]]:
    """List the missing codes that can occur in the column.

    A column holds only the declines that it offers, or that an older version of it offered. A
    sample column can only be empty.
    """
    if variable.role in ("admin", "order"):  # these hold no answers
        return {}

    offered = set(variable.declines)
    offered.add("not_asked")
    if variable.role == "sample":
        offered.discard("not_reached")
    else:
        offered.add("not_reached")

    return {kind: pair for kind, pair in list_missing_codes(variable).items() if kind in offered}


def list_design_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of weights and of the sample's design; none if the data lack one."""
    columns = []
    if table.study.weight:
        columns.append(table.study.weight)
    for names in table.study.design.values():
        columns.extend(names)

    # Half a design gives wrong standard errors without a warning.
    exported = {variable.name for variable in table.variables}
    if not exported.issuperset(columns):
        return ()
    return tuple(columns)


# ── questions with several answers ──


class MultipleResponseSet(NamedTuple):
    """The 0/1 columns of one question with several answers, in one turn of its roster."""

    name: str
    label: str
    names: tuple[str, ...]
    """The names of its columns."""


def find_response_sets(variables: Iterable[Variable]) -> list[MultipleResponseSet]:
    """Return the sets of at least two columns, in the order of the columns."""
    columns: dict[tuple[str, int | None], list[Variable]] = {}
    for variable in variables:
        if variable.option is not None and variable.role == "answer":
            columns.setdefault((variable.item, variable.turn), []).append(variable)

    sets = []
    for (item, turn), members in columns.items():
        if len(members) < 2:
            continue

        name = item
        if turn is not None:
            name = f"{item}_{turn}"
        names = tuple(variable.name for variable in members)
        sets.append(MultipleResponseSet(name, _find_common_label(members), names))

    return sets


def _find_common_label(members: list[Variable]) -> str:
    """Return the beginning that the labels of the columns share: the label of the question."""
    labels = [variable.label for variable in members]
    first = labels[0]

    # A column is labeled "question: option". Both may contain a colon, so that only the longest
    # beginning that all columns share is the question.
    common: str | None = None
    for mark in re.finditer(": ", first):
        head = first[: mark.start()]
        if all(label.startswith(f"{head}: ") for label in labels):
            common = head

    if common is not None:
        return common
    return members[0].wording or members[0].item
