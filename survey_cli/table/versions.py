"""Interviews of several versions of an instrument in one table, with the newest labels and computes.

Differences between versions become notes. The newest computes apply to every interview that has their inputs, so that
a compute can be added after fieldwork.
"""

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.engine.codec import encode_cells
from survey_cli.engine.interview import Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.schema.items.typed import DateItem
from survey_cli.table.columns import build_columns, convert_computed, find_personal_names
from survey_cli.table.table import NOT_ASKED_TEXT, Table, join_row, make_cell_reader, split_row
from survey_cli.values import NOT_ASKED, Cell, Code, Storage, Variable
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
    parts: Sequence[VersionRows],
    *,
    language: str,
    personal: Collection[str] | None = (),
    current: Sequence[Variable] = (),
) -> CombinedTable:
    """Combine all parts, ordered from oldest to newest version, into one table with the newest labels.

    Variables with the same name, storage and meaning share a column. A variable with another storage or meaning has a
    column of its own, `name__v1`, with the labels of its version: no answer is ever relabeled. A column that a version
    did not have is `not_asked` there. A column that is personal in any version is left out, unless `personal` contains
    its name or that of its item; None leaves out nothing. `current` are the variables of the file, whose texts are
    newer than those of all versions with interviews.
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
    columns.use_texts(current, parts[-1].version)
    names = tuple(columns.variables)
    variables = tuple(columns.variables.values())

    def iterate_rows() -> Iterator[str]:
        for part, indexes_by_name in zip(parts, columns.indexes, strict=True):
            indexes = [indexes_by_name.get(name) for name in names]
            width = len(part.variables)
            if indexes == list(range(width)):
                yield from part.rows()
                continue
            for row in part.rows():
                texts = split_row(row, width)
                yield join_row(
                    [NOT_ASKED_TEXT if index is None else texts[index] for index in indexes]
                )

    return CombinedTable(
        table=Table(variables=variables, rows=iterate_rows(), language=language),
        differences=tuple(
            f"{join_first(names)}: {what}" for what, names in columns.differences.items()
        ),
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

    def use_texts(self, current: Sequence[Variable], newest: str) -> None:
        """Give columns the labels and wordings of the file, so that a report has one label for each."""
        for new in current:
            known = self.variables.get(new.name)
            if known is None or known.storage != new.storage or new.role == "admin":
                continue
            for what in _compare(known, new, newest):
                self._note_difference(new.name, what)
            others = {code: text for code, text in known.labels.items() if code not in new.labels}
            self.variables[new.name] = replace(
                known, label=new.label, wording=new.wording, labels={**new.labels, **others}
            )

    def _add_column(
        self, variable: Variable, part: VersionRows, number: int, newest: VersionRows
    ) -> str:
        """Add the column of a part's variable and return its name."""
        name = variable.name
        known = self.variables.get(name)
        if (separate := part.separate.get(variable.item)) is not None:
            name = self._add_own_column(variable, separate.version, part)
            column = f"{variable.item}__v{separate.version}"
            self._note_difference(
                variable.item, f"{part.version} is in a separate column, {column}: {separate.why}"
            )
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
                labels={
                    **known.labels,
                    **{c: t for c, t in variable.labels.items() if c not in known.labels},
                },
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
        label, colon, option = (
            variable.label.rpartition(": ") if variable.option is not None else ("", "", "")
        )
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
    relabeled = [
        (code, text) for code, text in old.labels.items() if new.labels.get(code, text) != text
    ]
    removed = [(code, text) for code, text in old.labels.items() if code not in new.labels]
    if relabeled:
        changes = join_first(
            f"{code} was {text!r} and is {new.labels[code]!r}" for code, text in relabeled
        )
        same_meaning = (
            "" if old.role == "admin" else ", with the same meaning"
        )  # outcomes are not compared
        yield f"labeled differently in {version}{same_meaning}: {changes}; the newest labels are used"
    if removed:
        yield f"only {version} offered {_format_codes(removed)}"
    if old.labels and (added := [(c, t) for c, t in new.labels.items() if c not in old.labels]):
        yield f"{version} did not offer {_format_codes(added)}"
    if old.wording != new.wording:
        yield f"worded differently in {version}: {_shorten(old.wording)}"
    old_details, new_details = (
        (v.label, v.measure, v.decimals, v.user_missing) for v in (old, new)
    )
    if old.wording == new.wording and old_details != new_details:
        yield f"described differently in {version}: {_shorten(old.label)}"


def _format_codes(labels: Sequence[tuple[Code, str]]) -> str:
    return join_first((f"{code} {text!r}" for code, text in labels))


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")


# ── the newest computes ──


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeUpdate:
    """The columns of an older version with the newest computes, and the computation of their cells."""

    instrument: Instrument
    """The older version."""
    variables: tuple[Variable, ...]
    lacking: frozenset[str]
    """Names of the older version that are newer computes of answers which it does not have, or another thing there."""
    computes: tuple[Compute, ...]
    """The newest computes that replace or extend those of the version, in the order of computation."""
    cells: Mapping[str, int]
    """The index of the column of each of them; filters have none."""
    not_computed: frozenset[str]
    """Computes of personal answers that were not requested: their cells stay empty."""

    def make_row_reader(
        self, names: Collection[str] = ()
    ) -> Callable[[Sequence[str]], Known | None]:
        """Return a function that reads `names` and all computes from the texts of a stored row's cells.

        It returns None where the journal must be replayed. A stored row does not tell whether an item that was not asked
        was passed over, or never came up. So it must be replayed where a compute of such an item has a value.
        """
        inputs = {c.id: list_inputs(c) for c in self.computes if c.id not in self.not_computed}
        plain_columns = find_plain_columns(self.instrument)
        needed = frozenset(names).union(*inputs.values()) - {
            compute.id for compute in self.computes
        }
        conditions = [
            condition for compute in self.computes for condition in compute.conditions.values()
        ]
        if not needed <= plain_columns.keys() or any(map(reads_today, conditions)):
            return lambda _: None
        readers = {
            name: (index, lru_cache(1000)(read))
            for name, (index, read) in plain_columns.items()
            if name in needed
        }

        def read_row(texts: Sequence[str]) -> Known | None:
            known = Known({name: read(texts[index]) for name, (index, read) in readers.items()})
            self.add_computes(known)
            values = known.values

            unclear = {name for name in needed if values[name] == NOT_ASKED}
            for name, read_names in inputs.items():
                if values[name] != NOT_ASKED and not read_names.isdisjoint(unclear):
                    return None
            return known

        return read_row

    def make_updater(self) -> Callable[[str], str | None]:
        """Return a function that adds the computed cells to a stored row; None where its journal must be replayed."""
        if not self.computes:
            return lambda row: row
        width = len(build_columns(self.instrument))
        read_row = self.make_row_reader()

        def update(row: str) -> str | None:
            texts = split_row(row, width)
            known = read_row(texts)
            return None if known is None else self._join_cells(texts, known)

        return update

    def update_row(self, row: str, interview: Interview) -> str:
        """Return the row of an interview with the computed cells."""
        texts = split_row(row, len(build_columns(self.instrument)))
        known = interview.evaluate_route().known.copy()
        self.add_computes(known)
        return self._join_cells(texts, known)

    def _join_cells(self, texts: list[str], known: Known) -> str:
        """Return a row with these cells, and those of the computes, which replace earlier ones or come last."""
        cells = texts + [NOT_ASKED_TEXT] * (len(self.variables) - len(texts))
        for name, index in self.cells.items():
            cells[index] = encode_cells(
                (convert_computed(known.value(name), self.variables[index].storage),)
            )[1:-1]
        return join_row(cells)

    def add_computes(self, known: Known) -> None:
        """Add the computed values to what is known at the end of an interview.

        A compute is not asked where one of its inputs never came up.
        """
        for compute in self.computes:
            has_inputs = compute.id not in self.not_computed and all(
                self._has_value(known, name) for name in list_inputs(compute)
            )
            for index, (language, condition) in enumerate(compute.conditions.items()):
                value = condition.evaluate(known) if has_inputs else NOT_ASKED
                if not index:
                    known.record(compute.id, value)
                if language:
                    known.record_translation(compute.id, language, value)

    def _has_value(self, known: Known, name: str) -> bool:
        """Return whether the interview came up to a variable, or to the roster that has it."""
        if known.has_value(name):
            return True
        item = self.instrument.items.get(name)
        return item is not None and item.roster in known.rosters


def build_compute_update(
    old: Instrument,
    new: Instrument,
    separate: Mapping[str, SeparateColumns],
    language: str,
    requested: Collection[str] | None = None,
) -> ComputeUpdate:
    """Return the update of `old` to the computes of `new`.

    `separate` are the names with another meaning in `old`, `requested` the personal columns that are requested; None
    requests all.
    """
    columns = {v.name: v for v in build_columns(old, language)}
    computes, lacking = _select_computes(old, new, separate)
    new_columns = {
        v.name: v for v in build_columns(new, language if language in new.languages else "")
    }
    personal_names, new_personal_names = find_personal_names(old), find_personal_names(new)
    not_computed: set[str] = set()
    for compute in computes:
        read = list_inputs(compute) & (personal_names | not_computed)
        personal = compute.id in new_personal_names or bool(read)
        if compute.is_column:
            columns[compute.id] = replace(new_columns[compute.id], personal=personal)
        names = {compute.id} if compute.is_column else read  # a filter has no column to request
        if personal and requested is not None and not names <= set(requested):
            not_computed.add(compute.id)
    return ComputeUpdate(
        instrument=old,
        variables=tuple(columns.values()),
        lacking=lacking & (old.computes.keys() | old.items.keys() | old.sample.keys()),
        computes=computes,
        cells={c.id: index for c in computes for index, name in enumerate(columns) if name == c.id},
        not_computed=frozenset(not_computed),
    )


def _select_computes(
    old: Instrument, new: Instrument, separate: Mapping[str, SeparateColumns]
) -> tuple[tuple[Compute, ...], frozenset[str]]:
    """Return the computes of `new` to apply to `old`, in the order of computation, and those that `old` lacks.

    To apply are those for which `old` has all inputs and which it did not compute in the same way. Lacking are those
    with an input that is missing in `old` or has another meaning there, or whose name is an item's there.
    """
    changed: dict[str, Compute] = {}
    lacking: set[str] = set()
    for name, compute in new.computes.items():
        inputs = list_inputs(compute)
        unknown = inputs - old.items.keys() - old.sample.keys() - new.computes.keys()
        is_taken = name in old.items or name in old.sample
        if unknown or is_taken or any(n in separate or n in lacking for n in inputs):
            lacking.add(name)
        elif (
            name not in old.computes
            or not _is_same_compute(old.computes[name], compute)
            or not inputs.isdisjoint(changed)
        ):
            changed[name] = compute
    return tuple(changed.values()), frozenset(lacking)


def _is_same_compute(old: Compute, new: Compute) -> bool:
    """Return whether two versions define a compute in the same way."""
    old_texts, new_texts = (
        [condition.text for condition in c.conditions.values()] for c in (old, new)
    )
    return old_texts == new_texts and old.type == new.type


def find_plain_columns(instrument: Instrument) -> dict[str, tuple[int, Callable[[str], Cell]]]:
    """Return the index and the cell reader of each column whose cells are what conditions read by its name."""
    return {
        v.name: (index, make_cell_reader(v.storage))
        for index, v in enumerate(build_columns(instrument))
        if is_plain(instrument, v)
    }


def is_plain(instrument: Instrument, variable: Variable) -> bool:
    """Return whether the cells of a column are what conditions read by its name."""
    if variable.name != variable.item or variable.turn is not None or variable.role == "compute":
        return False
    item = instrument.items.get(variable.name)
    return item is None or not (isinstance(item.question, DateItem) and item.question.partial)


@lru_cache(maxsize=512)
def list_inputs(compute: Compute) -> frozenset[str]:
    """Return all names that a compute reads, in any language."""
    return frozenset[str]().union(*(condition.names for condition in compute.conditions.values()))


def reads_today(condition: Condition) -> bool:
    """Return whether a condition reads the day of the interview, which is not among its names."""
    return any(
        isinstance(n, ast.Call) and getattr(n.func, "id", "") == "today"
        for n in ast.walk(condition.tree)
    )
