"""Conventions of all writers: options, results, codes of missing values, questions with several answers, file times.

In formats without typed missing values, these have the questionnaire's codes, else reserved ones.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Final, NamedTuple

from survey_cli.table.table import Table
from survey_cli.values import Variable

RESERVED_CODES: Final = {"dk": -8, "refused": -9, "not_asked": -6, "not_reached": -7}
RESERVED_LABELS: Final = {kind: kind.replace("_", " ").capitalize() for kind in RESERVED_CODES} | {
    "dk": "Don't know"
}
DEFAULT_TIMESTAMP: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""The time of a file whose data have no timestamps: the earliest that a zip archive can store. Files have the time of
the last entry in their data, never that of the clock, so that the same data make the same file."""
MONTHS: Final = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())  # noqa: SIM905 – a list of words reads better so


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
    """Return the name with as many `_` as make it new without regard to case, and add it to those that are used.

    `used_names` are in lower case.
    """
    while name.casefold() in used_names:
        name += "_"
    used_names.add(name.casefold())
    return name


# ── missing values ──


def list_missing_codes(variable: Variable) -> dict[str, tuple[int, str]]:
    """Return code and label of every missing value that the column may hold, by kind.

    In a text, date or time without labels they have no codes: the field is empty, and a companion column says why.
    """
    if variable.storage not in ("integer", "decimal") and not variable.labels:
        return {}
    codes = {kind: (code, RESERVED_LABELS[kind]) for kind, code in RESERVED_CODES.items()}
    for kind, (code, text) in variable.declines.items():
        codes[kind] = code, text or RESERVED_LABELS.get(kind, kind)
    return codes


def list_offered_codes(variable: Variable) -> dict[str, tuple[int, str]]:
    """List the missing codes that can occur in the column.

    A decline that the column does not offer cannot, and a sample column can only be empty. Declines that an older
    version offered count as offered.
    """
    if variable.role in ("admin", "order"):  # nobody was asked
        return {}
    offered = {kind for kind in variable.declines if kind != "not_reached"} | {"not_asked"}
    if variable.role != "sample":
        offered.add("not_reached")
    return {kind: pair for kind, pair in list_missing_codes(variable).items() if kind in offered}


def list_design_columns(table: Table) -> tuple[str, ...]:
    """Return the columns of weights and of the design of the sample; none where one of them is left out of the data."""
    columns = (
        *filter(None, [table.study.weight]),
        *chain.from_iterable(table.study.design.values()),
    )
    return columns if {*columns} <= {variable.name for variable in table.variables} else ()


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
    return [
        MultipleResponseSet(
            item if turn is None else f"{item}_{turn}",
            _find_common_label(members),
            tuple(v.name for v in members),
        )
        for (item, turn), members in columns.items()
        if len(members) > 1
    ]


def _find_common_label(members: list[Variable]) -> str:
    """Return the beginning that the labels of the columns share: the label of the question."""
    first, *others = [variable.label for variable in members]
    heads = [first[: mark.start()] for mark in re.finditer(": ", first)]
    common = [head for head in heads if all(label.startswith(f"{head}: ") for label in others)]
    return common[-1] if common else members[0].wording or members[0].item
