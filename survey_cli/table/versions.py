"""Combination of interviews from several versions of an instrument into one table, with notes on the differences.

The labels are those of the newest version.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from survey_cli.table.encoded_cells import NOT_ASKED_TEXT, join_row, make_cell_reader, split_row
from survey_cli.table.table import Table
from survey_cli.values import Cell, Code, Storage, Variable
from survey_cli.wording import join_first

_STORAGE_NAMES: Final[dict[Storage, str]] = {
    "integer": "whole numbers or codes",
    "decimal": "decimal numbers",
    "text": "text",
    "date": "dates",
    "time": "times",
}


class SeparateColumns(NamedTuple):
    """Columns of their own for answers of older versions with another meaning."""

    version: int
    """The first version, from 1, that shares these columns: `q1__v2`."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRows:
    """The columns and rows of the interviews of one version."""

    version: str
    """Its name in messages: `version 1`."""
    variables: tuple[Variable, ...]
    rows: Callable[[], Iterable[str]]
    """Returns the rows as stored texts, with a cell for each variable (see `encoded_cells`)."""
    separate: Mapping[str, SeparateColumns] = field(default_factory=dict)
    """The items, sample columns and computes whose values cannot share the newest version's columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedTable:
    """The combined table, with notes for the analyst."""

    table: Table
    differences: tuple[str, ...] = ()
    """The differences between versions, each with all columns that it applies to."""
    left_out: tuple[str, ...] = ()
    """Items, sample columns and computes whose columns are personal and were not requested."""


def combine_versions(
    parts: Sequence[VersionRows], *, language: str, personal: Collection[str] | None = ()
) -> CombinedTable:
    """Combine all parts, ordered from oldest to newest version, into one table with the newest labels.

    Variables with the same name, storage and meaning share a column. A variable with another storage or meaning has a
    column of its own, `name__v1`, with the labels of its version: no answer is ever relabeled. A column that a version
    did not have is `not_asked` there. A column that is personal in any version is left out, unless `personal` contains
    its name or that of its item; None leaves out nothing.
    """
    left_out = {
        v.name: v.item
        for part in parts
        for v in part.variables
        if v.personal and personal is not None and v.name not in personal and v.item not in personal
    }
    if not parts:
        return CombinedTable(table=Table(variables=(), rows=(), language=language))
    columns = _CombinedColumns(parts, left_out)
    names = tuple(columns.variables)
    variables = tuple(columns.variables.values())

    def iterate_encoded_rows() -> Iterator[str]:
        for part, indexes_by_name in zip(parts, columns.indexes, strict=True):
            indexes = [indexes_by_name.get(name) for name in names]
            width = len(part.variables)
            if indexes == list(range(width)):
                yield from part.rows()
                continue
            for row in part.rows():
                texts = split_row(row, width)
                yield join_row([NOT_ASKED_TEXT if index is None else texts[index] for index in indexes])

    def iterate_rows() -> Iterator[tuple[Cell, ...]]:
        readers = [make_cell_reader(variable.storage) for variable in variables]
        for row in iterate_encoded_rows():
            texts = split_row(row, len(readers))
            yield tuple([read(text) for read, text in zip(readers, texts, strict=True)])

    return CombinedTable(
        table=Table(variables=variables, rows=iterate_rows(), language=language, encoded_rows=iterate_encoded_rows()),
        differences=tuple(f"{join_first(names)}: {what}" for what, names in columns.differences.items()),
        left_out=tuple(dict.fromkeys(left_out.values())),
    )


class _CombinedColumns:
    """The columns of the combined table, their indexes in each part, and the differences between parts."""

    def __init__(self, parts: Sequence[VersionRows], left_out: Collection[str]) -> None:
        newest = parts[-1]
        self._newest = {v.name: v for v in newest.variables if v.item not in newest.separate}
        self.variables = {name: v for name, v in self._newest.items() if name not in left_out}
        self.indexes: list[dict[str, int]] = []
        """For each part, the index of each column that it has, by name."""
        self.differences: dict[str, list[str]] = {}
        """The names of columns by the difference that applies to them."""
        for number, part in enumerate(parts, 1):
            indexes: dict[str, int] = {}
            for index, variable in enumerate(part.variables):
                if variable.name not in left_out:
                    indexes[self._add_column(variable, part, number, newest)] = index
            self.indexes.append(indexes)
        for part in parts:
            part_names = {v.name for v in part.variables}
            for name in self.variables:
                if name in self._newest and name not in part_names:
                    self._note_difference(name, f"not in {part.version} yet, so not asked there")

    def _add_column(self, variable: Variable, part: VersionRows, number: int, newest: VersionRows) -> str:
        """Add the column of a part's variable and return its name."""
        name = variable.name
        known = self.variables.get(name)
        if (separate := part.separate.get(variable.item)) is not None:
            name = self._add_own_column(variable, separate.version, part)
            column = f"{variable.item}__v{separate.version}"
            self._note_difference(variable.item, f"{part.version} is in a separate column, {column}: {separate.why}")
        elif known is None:
            self.variables[name] = variable
            self._note_difference(name, f"only in {part.version}, so not asked in later versions")
        elif known.storage != variable.storage:
            name = self._find_older_column(variable, number, part)
            older, newer = _STORAGE_NAMES[variable.storage], _STORAGE_NAMES[known.storage]
            storages = f"{older} in {part.version}, {newer} in {newest.version}"
            self._note_difference(variable.name, f"{storages}: the older answers are in {name}")
        elif part is not newest and known != variable:
            for what in _compare(variable, self._newest.get(name, known), part.version):
                self._note_difference(name, what)
            self.variables[name] = replace(
                known,
                labels={**known.labels, **{c: t for c, t in variable.labels.items() if c not in known.labels}},
                declines={**variable.declines, **known.declines},
            )
        return name

    def _find_older_column(self, variable: Variable, number: int, part: VersionRows) -> str:
        """Return the name of the column for the older storage of a variable, shared by all versions with this storage."""
        for name, known in self.variables.items():
            if name.startswith(f"{variable.name}__v") and known.storage == variable.storage:
                return name
        return self._add_own_column(variable, number, part)

    def _add_own_column(self, variable: Variable, number: int, part: VersionRows) -> str:
        """Add a column for one older version and return its name; its item is named after the version too."""
        name = f"{variable.name}__v{number}"
        while (known := self.variables.get(name)) is not None and known.storage != variable.storage:
            name += "_"
        label, colon, option = variable.label.rpartition(": ") if variable.option is not None else ("", "", "")
        column = known or replace(
            variable,
            name=name,
            label=f"{label or variable.label} ({part.version}){colon}{option}",
            item=f"{variable.item}__v{number}" if variable.item else "",
        )
        self.variables[name] = replace(column, labels={**variable.labels, **column.labels})
        return name

    def _note_difference(self, name: str, what: str) -> None:
        names = self.differences.setdefault(what, [])
        if name not in names:
            names.append(name)


def _compare(old: Variable, new: Variable, version: str) -> Iterator[str]:
    """Yield the differences between two descriptions of one column."""
    relabeled = [(code, text) for code, text in old.labels.items() if new.labels.get(code, text) != text]
    removed = [(code, text) for code, text in old.labels.items() if code not in new.labels]
    if relabeled:
        changes = join_first(f"{code} was {text!r} and is {new.labels[code]!r}" for code, text in relabeled)
        same_meaning = "" if old.role == "admin" else ", with the same meaning"  # outcomes are not compared
        yield f"labeled differently in {version}{same_meaning}: {changes}; the newest labels are used"
    if removed:
        yield f"only {version} offered {_format_codes(removed)}"
    if old.labels and (added := [(c, t) for c, t in new.labels.items() if c not in old.labels]):
        yield f"{version} did not offer {_format_codes(added)}"
    if old.wording != new.wording:
        yield f"worded differently in {version}: {_shorten(old.wording)}"
    old_details, new_details = ((v.label, v.measure, v.decimals, v.user_missing) for v in (old, new))
    if old.wording == new.wording and old_details != new_details:
        yield f"described differently in {version}: {_shorten(old.label)}"


def _format_codes(labels: Sequence[tuple[Code, str]]) -> str:
    return join_first((f"{code} {text!r}" for code, text in labels))


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")
