"""Interviews of several versions in one table, with the newest labels and computes.

Differences between versions become notes. The newest computes apply to every interview that has
their inputs, so that a compute can be added after fieldwork.
"""

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.engine.codec import encode_cells
from survey_cli.engine.interview import Interview
from survey_cli.instrument.compiled.draft import build_external_symbols
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.expressions.parsing import write_expression
from survey_cli.instrument.schema.items.amount_columns import KEYED_SUFFIX
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
    """Returns the rows as stored texts, with a cell for each variable (see `encode_cells`)."""
    separate: Mapping[str, SeparateColumns] = field(default_factory=dict)
    """The items, sample columns and computes whose values cannot share the newest version's
    columns."""


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
    """Combine all parts, from the oldest to the newest version, into one table.

    Variables with the same name, storage and meaning share a column. A variable with another
    storage or meaning has a column of its own, `name__v1`, with the labels of its version: no
    answer is ever relabeled. A column that a version did not have is `not_asked` there. A column
    that is personal in any version is left out, unless `personal` contains its name or that of its
    item; None leaves out nothing. `current` are the variables of the file, whose texts are newer
    than those of all versions with interviews.
    """
    if not parts:
        return CombinedTable(table=Table(variables=(), rows=(), language=language))

    left_out = _list_left_out(parts, personal)
    columns = _CombinedColumns(parts, left_out)
    columns.use_texts(current, parts[-1].version)

    rows = _iterate_rows(parts, columns)
    variables = tuple(columns.variables.values())
    differences = [f"{join_first(names)}: {what}" for what, names in columns.differences.items()]
    return CombinedTable(
        table=Table(variables=variables, rows=rows, language=language),
        differences=tuple(differences),
        left_out=tuple(dict.fromkeys(left_out.values())),
    )


def _list_left_out(
    parts: Sequence[VersionRows], personal: Collection[str] | None
) -> dict[str, str]:
    """List the columns that are personal and not requested, with their items; None requests all."""
    if personal is None:
        return {}

    left_out = {}
    for part in parts:
        for variable in part.variables:
            is_requested = variable.name in personal or variable.item in personal
            if variable.personal and not is_requested:
                left_out[variable.name] = variable.item
    return left_out


def _iterate_rows(parts: Sequence[VersionRows], columns: "_CombinedColumns") -> Iterator[str]:
    """Yield the rows of all parts with the combined columns."""
    names = tuple(columns.variables)
    for part, indexes_by_name in zip(parts, columns.indexes, strict=True):
        indexes = [indexes_by_name.get(name) for name in names]
        width = len(part.variables)
        if indexes == list(range(width)):  # the same columns: its rows are copied as they are
            yield from part.rows()
            continue

        for row in part.rows():
            texts = split_row(row, width)
            cells = [NOT_ASKED_TEXT if index is None else texts[index] for index in indexes]
            yield join_row(cells)


class _CombinedColumns:
    """The columns of the combined table, their indexes in the parts, and the parts' differences."""

    def __init__(self, parts: Sequence[VersionRows], left_out: Collection[str]) -> None:
        newest = parts[-1]
        self._newest = {
            variable.name: variable
            for variable in newest.variables
            if variable.item not in newest.separate
        }
        self.variables = {
            name: variable for name, variable in self._newest.items() if name not in left_out
        }
        self.indexes: list[dict[str, int]] = []
        """For each part, the index of each column that it has, by name."""
        self.differences: dict[str, list[str]] = {}
        """The names of columns by the difference that applies to them."""

        for number, part in enumerate(parts, 1):
            indexes: dict[str, int] = {}
            for index, variable in enumerate(part.variables):
                if variable.name not in left_out:
                    name = self._add_column(variable, part, number, newest)
                    indexes[name] = index
            self.indexes.append(indexes)

        for part in parts:
            part_names = {variable.name for variable in part.variables}
            for name in self.variables:
                if name in self._newest and name not in part_names:
                    self._note_difference(name, f"not in {part.version} yet, so not asked there")

    def use_texts(self, current: Sequence[Variable], newest: str) -> None:
        """Give columns the labels and wordings of the file: a report has one label for each."""
        for new in current:
            known = self.variables.get(new.name)
            if known is None or known.storage != new.storage or new.role == "admin":
                continue

            for what in _compare(known, new, newest):
                self._note_difference(new.name, what)

            self.variables[new.name] = replace(
                known,
                label=new.label,
                wording=new.wording,
                labels=_add_missing_labels(new.labels, known.labels),
            )

    def _add_column(
        self, variable: Variable, part: VersionRows, number: int, newest: VersionRows
    ) -> str:
        """Add the column of a part's variable and return its name."""
        name = variable.name
        known = self.variables.get(name)
        separate = part.separate.get(variable.item)

        if separate is not None:
            column = f"{variable.item}__v{separate.version}"
            what = f"{part.version} is in a separate column, {column}: {separate.why}"
            self._note_difference(variable.item, what)
            return self._add_own_column(variable, separate.version, part)

        if known is None:
            self.variables[name] = variable
            self._note_difference(name, f"only in {part.version}, so not asked in later versions")
            return name

        if known.storage != variable.storage:
            older_column = self._find_older_column(variable, number, part)
            older = _STORAGE_NAMES[variable.storage]
            newer = _STORAGE_NAMES[known.storage]
            storages = f"{older} in {part.version}, {newer} in {newest.version}"
            self._note_difference(name, f"{storages}: the older answers are in {older_column}")
            return older_column

        if part is not newest and known != variable:
            for what in _compare(variable, self._newest.get(name, known), part.version):
                self._note_difference(name, what)
            self.variables[name] = replace(
                known,
                labels=_add_missing_labels(known.labels, variable.labels),
                declines={**variable.declines, **known.declines},
            )
        return name

    def _find_older_column(self, variable: Variable, number: int, part: VersionRows) -> str:
        """Return the name of the column for the older storage of a variable.

        All versions with this storage share it.
        """
        for name, known in self.variables.items():
            if name.startswith(f"{variable.name}__v") and known.storage == variable.storage:
                return name
        return self._add_own_column(variable, number, part)

    def _add_own_column(self, variable: Variable, number: int, part: VersionRows) -> str:
        """Add a column for one older version and return its name.

        Its item is named after the version too.
        """
        name = f"{variable.name}__v{number}"
        while name in self.variables and self.variables[name].storage != variable.storage:
            name += "_"

        column = self.variables.get(name)
        if column is None:
            item = variable.item
            if item:
                item = f"{item}__v{number}"
            column = replace(
                variable,
                name=name,
                label=_label_with_version(variable, part.version),
                item=item,
            )

        # an option that only this version has is labeled too
        self.variables[name] = replace(column, labels={**variable.labels, **column.labels})
        return name

    def _note_difference(self, name: str, what: str) -> None:
        names = self.differences.setdefault(what, [])
        if name not in names:
            names.append(name)


def _add_missing_labels(labels: Mapping[Code, str], others: Mapping[Code, str]) -> dict[Code, str]:
    """Add the labels of others to labels, at the end, for codes that have none."""
    return {**labels, **{code: text for code, text in others.items() if code not in labels}}


def _label_with_version(variable: Variable, version: str) -> str:
    """Return a label with its version, before an option: `Reasons (version 1): Price`."""
    if variable.option is None:
        return f"{variable.label} ({version})"
    label, colon, option = variable.label.rpartition(": ")
    return f"{label or variable.label} ({version}){colon}{option}"


def _compare(old: Variable, new: Variable, version: str) -> Iterator[str]:
    """Yield the differences between two descriptions of one column."""
    relabeled = []
    removed = []
    for code, text in old.labels.items():
        if code not in new.labels:
            removed.append((code, text))
        elif new.labels[code] != text:
            relabeled.append(f"{code} was {text!r} and is {new.labels[code]!r}")
    added = [(code, text) for code, text in new.labels.items() if code not in old.labels]

    if relabeled:
        same_meaning = ", with the same meaning"
        if old.role == "admin":  # the meaning of an outcome isn't compared
            same_meaning = ""
        changes = join_first(relabeled)
        head = f"labeled differently in {version}{same_meaning}"
        yield f"{head}: {changes}; the newest labels are used"
    if removed:
        yield f"only {version} offered {_format_codes(removed)}"
    if old.labels and added:
        yield f"{version} did not offer {_format_codes(added)}"
    if old.wording != new.wording:
        yield f"worded differently in {version}: {_shorten(old.wording)}"
    elif _get_details(old) != _get_details(new):
        yield f"described differently in {version}: {_shorten(old.label)}"


def _get_details(variable: Variable) -> tuple[object, ...]:
    return (variable.label, variable.measure, variable.decimals, variable.user_missing)


def _format_codes(labels: Sequence[tuple[Code, str]]) -> str:
    return join_first(f"{code} {text!r}" for code, text in labels)


def _shorten(text: str) -> str:
    if len(text) > 80:
        text = text[:79] + "…"
    return repr(text)


# ── the newest computes ──


class EditionCompute(NamedTuple):
    """A compute that two versions write alike, in editions that may give it other values."""

    name: str
    compute: Compute
    """That of the newest version."""
    is_recomputed: bool
    """Whether its values in the data of the older version are replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeUpdate:
    """The newest computes for the rows of an older version: its columns, and how to fill them."""

    instrument: Instrument
    """The older version."""
    variables: tuple[Variable, ...]
    lacking: frozenset[str]
    """Names of the older version that are newer computes of answers which it does not have, or
    another thing there."""
    computes: tuple[Compute, ...]
    """The newest computes that replace or extend those of the version, in the order of
    computation."""
    cells: Mapping[str, int]
    """The index of the column of each of them; filters have none."""
    not_computed: frozenset[str]
    """Computes of personal answers that were not requested: their cells stay empty."""
    edition_computes: tuple[EditionCompute, ...] = ()
    """The newest computes that differ from the version's only by the edition of the language."""

    @property
    def is_recomputed(self) -> bool:
        """Whether values of an earlier edition are replaced by those of the newest."""
        return any(each.is_recomputed for each in self.edition_computes)

    def list_differing(self, interview: Interview) -> list[str]:
        """List the computes of an interview to which the newest edition gives another value.

        Those that aren't recomputed are evaluated with the values that they read in the data.
        """
        stored = interview.evaluate_route().known
        known = stored.copy()
        self.add_computes(known)
        differing = []
        for name, compute, is_recomputed in self.edition_computes:
            value = known.value(name)
            if not is_recomputed:
                first = next(iter(compute.conditions.values()))
                value = first.evaluate(known)
            if value != stored.value(name):
                differing.append(name)
        return differing

    def make_row_reader(
        self, names: Collection[str] = ()
    ) -> Callable[[Sequence[str]], Known | None]:
        """Return a function that reads `names` and all computes from the texts of a stored row.

        It returns None if the journal must be replayed. A stored row does not tell whether an item
        that was not asked was passed over, or never came up. So it must be replayed if a compute of
        such an item has a value.
        """
        inputs = {
            compute.id: list_inputs(compute)
            for compute in self.computes
            if compute.id not in self.not_computed
        }
        computed = {compute.id for compute in self.computes}
        needed = frozenset(names).union(*inputs.values()) - computed
        plain_columns = find_plain_columns(self.instrument)
        if not needed <= plain_columns.keys() or self._reads_today():
            return lambda _: None

        readers = {}
        for name, (index, read) in plain_columns.items():
            if name in needed:
                readers[name] = (index, lru_cache(1000)(read))

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

    def _reads_today(self) -> bool:
        """Return whether a compute reads the day of the interview, which is in no column."""
        conditions: list[Condition] = []
        for compute in self.computes:
            conditions += compute.conditions.values()
        return any(reads_today(condition) for condition in conditions)

    def make_updater(self) -> Callable[[str], str | None]:
        """Return a function that adds the computed cells to a stored row.

        It returns None if the journal must be replayed.
        """
        if not self.computes:
            return lambda row: row

        width = len(build_columns(self.instrument))
        read_row = self.make_row_reader()

        def update(row: str) -> str | None:
            texts = split_row(row, width)
            known = read_row(texts)
            if known is None:
                return None
            return self._join_cells(texts, known)

        return update

    def update_row(self, row: str, interview: Interview) -> str:
        """Return the row of an interview with the computed cells."""
        texts = split_row(row, len(build_columns(self.instrument)))
        known = interview.evaluate_route().known.copy()
        self.add_computes(known)
        return self._join_cells(texts, known)

    def _join_cells(self, texts: list[str], known: Known) -> str:
        """Return a row with these cells, in which the computed cells replace others."""
        cells = texts + [NOT_ASKED_TEXT] * (len(self.variables) - len(texts))
        for name, index in self.cells.items():
            cell = convert_computed(known.value(name), self.variables[index].storage)
            cells[index] = encode_cells((cell,))[1:-1]
        return join_row(cells)

    def add_computes(self, known: Known) -> None:
        """Add the computed values to what is known at the end of an interview.

        A compute is not asked if one of its inputs never came up.
        """
        for compute in self.computes:
            has_inputs = compute.id not in self.not_computed and all(
                self._has_value(known, name) for name in list_inputs(compute)
            )

            is_first = True
            for language, condition in compute.conditions.items():
                value = condition.evaluate(known) if has_inputs else NOT_ASKED
                if is_first:  # that of the questionnaire's own language
                    known.record(compute.id, value)
                    is_first = False
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
    recomputed: Collection[str] = (),
) -> ComputeUpdate:
    """Return the update of `old` to the computes of `new`.

    `separate` are the names with another meaning in `old`, `requested` the personal columns that
    are requested; None requests all. `recomputed` are the computes whose values are replaced even
    if only the edition of the language differs.
    """
    new_language = language if language in new.languages else ""
    new_columns = {variable.name: variable for variable in build_columns(new, new_language)}
    columns = {variable.name: variable for variable in build_columns(old, language)}
    edition_names = list_edition_computes(old, new)
    to_recompute = edition_names & frozenset(recomputed)
    kept = edition_names - to_recompute
    computes, lacking = _select_computes(old, new, separate, kept, to_recompute)
    changed_names = {compute.id for compute in computes}
    personal_names = find_personal_names(old)
    new_personal_names = find_personal_names(new)

    not_computed: set[str] = set()
    for compute in computes:
        read_personal = list_inputs(compute) & (personal_names | not_computed)
        is_personal = compute.id in new_personal_names or bool(read_personal)
        to_request = read_personal  # a filter has no column to request
        if compute.is_column:
            columns[compute.id] = replace(new_columns[compute.id], personal=is_personal)
            to_request = frozenset((compute.id,))
        if is_personal and requested is not None and not to_request <= set(requested):
            not_computed.add(compute.id)

    indexes = {name: index for index, name in enumerate(columns)}
    old_names = old.computes.keys() | old.items.keys() | old.sample.keys()
    return ComputeUpdate(
        instrument=old,
        variables=tuple(columns.values()),
        lacking=lacking & old_names,
        computes=computes,
        cells={compute.id: indexes[compute.id] for compute in computes if compute.id in indexes},
        not_computed=frozenset(not_computed),
        edition_computes=tuple(
            EditionCompute(name, compute, name in changed_names)
            for name, compute in new.computes.items()
            if name in edition_names and name not in lacking
        ),
    )


def list_edition_computes(old: Instrument, new: Instrument) -> frozenset[str]:
    """List the computes that both versions write alike, but mean differently by their editions.

    They may have other values themselves, or read such a compute.
    """
    if old.edition == new.edition:
        return frozenset()
    amounts = {
        name
        for name, value_type in build_external_symbols(new).value_types.items()
        if value_type.amounts is not None
    }
    differing: set[str] = set()
    for name, compute in new.computes.items():
        if name not in old.computes or not _is_written_alike(old.computes[name], compute):
            continue
        inputs = list_inputs(compute)
        reads_other_meaning = not inputs.isdisjoint(amounts | differing)
        if reads_other_meaning or _write_trees(old.computes[name]) != _write_trees(compute):
            differing.add(name)
    return frozenset(differing)


def _select_computes(
    old: Instrument,
    new: Instrument,
    separate: Mapping[str, SeparateColumns],
    kept: Collection[str],
    recomputed: Collection[str],
) -> tuple[tuple[Compute, ...], frozenset[str]]:
    """Return the computes of `new` to apply to `old`, in their order, and those that `old` lacks.

    The values of `kept` stay those of `old`, and those of `recomputed` don't, although both are
    written alike in the two versions.

    To apply are those for which `old` has all inputs and which it did not compute in the same way.
    Lacking are those with an input that is missing in `old` or has another meaning there, or whose
    name is an item's there.
    """
    changed: dict[str, Compute] = {}
    lacking: set[str] = set()
    for name, compute in new.computes.items():
        inputs = list_inputs(compute)
        unknown = inputs - old.items.keys() - old.sample.keys() - new.computes.keys()
        is_taken = name in old.items or name in old.sample
        has_other_meaning = not inputs.isdisjoint(separate) or not inputs.isdisjoint(lacking)
        if unknown or is_taken or has_other_meaning:
            lacking.add(name)
            continue

        if name in kept:
            continue

        is_new = name not in old.computes
        is_changed = is_new or not _is_same_compute(old.computes[name], compute)
        reads_changed = not inputs.isdisjoint(changed)
        if is_changed or reads_changed or name in recomputed:
            changed[name] = compute

    return tuple(changed.values()), frozenset(lacking)


def _is_same_compute(old: Compute, new: Compute) -> bool:
    """Return whether two versions define a compute in the same way.

    A choice and a table can be written alike, but mean something else.
    """
    return _is_written_alike(old, new) and _write_trees(old) == _write_trees(new)


def _is_written_alike(old: Compute, new: Compute) -> bool:
    old_texts = [condition.text for condition in old.conditions.values()]
    new_texts = [condition.text for condition in new.conditions.values()]
    return old_texts == new_texts and old.type == new.type


def _write_trees(compute: Compute) -> list[str]:
    """Write the calculations of a compute so that equal texts have equal meanings."""
    return [write_expression(condition.tree) for condition in compute.conditions.values()]


def find_plain_columns(instrument: Instrument) -> dict[str, tuple[int, Callable[[str], Cell]]]:
    """Return the index and cell reader of the columns that conditions can read from a row."""
    return {
        variable.item: (index, make_cell_reader(variable.storage))
        for index, variable in enumerate(build_columns(instrument))
        if is_plain(instrument, variable)
    }


def is_plain(instrument: Instrument, variable: Variable) -> bool:
    """Return whether the cells of a column are what conditions read by the name of its item."""
    item = instrument.items.get(variable.item)
    name = variable.item
    if item is not None and item.has_amounts:
        name += KEYED_SUFFIX  # conditions read an amount from what was keyed
    if variable.name != name or variable.turn is not None or variable.role == "compute":
        return False

    is_partial_date = (
        item is not None and isinstance(item.question, DateItem) and item.question.partial
    )
    return not is_partial_date


@lru_cache(maxsize=512)
def list_inputs(compute: Compute) -> frozenset[str]:
    """Return all names that a compute reads, in any language."""
    return frozenset[str]().union(*(condition.names for condition in compute.conditions.values()))


def reads_today(condition: Condition) -> bool:
    """Return whether a condition reads the day of the interview, which is not among its names."""
    calls = [node.func for node in ast.walk(condition.tree) if isinstance(node, ast.Call)]
    return any(isinstance(function, ast.Name) and function.id == "today" for function in calls)
