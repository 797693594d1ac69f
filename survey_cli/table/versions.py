"""Combination of interviews from several versions of an instrument into one table, with notes on the differences.

The table has the description of the newest version.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from survey_cli.table.encoded_cells import NOT_ASKED_TEXT, join_row, make_cell_reader, split_row
from survey_cli.table.meaning_changes import SeparateColumns
from survey_cli.table.table import Table
from survey_cli.values import Cell, Code, Storage, Variable

MAX_LISTED: Final = 8
"""Names or codes listed in one sentence."""

_STORAGE_NAMES: Final[dict[Storage, str]] = {
    "integer": "whole numbers or codes",
    "decimal": "decimal numbers",
    "text": "text",
    "date": "dates",
    "time": "times",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRows:
    """The interviews of one version: its columns and its rows, older versions before newer ones."""

    version: str
    """As it is told: `version 1`."""
    variables: tuple[Variable, ...]
    rows: Callable[[], Iterable[str]]
    """The rows as they are kept, a cell for each variable (see `engine.cell_texts`)."""
    separate: Mapping[str, SeparateColumns] = field(default_factory=dict)
    """The items, sample columns and computes whose values cannot stand in the newest version's columns."""


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """What versions have differently, said to the analyst once for all columns of which it is true."""

    names: tuple[str, ...]
    what: str

    def __str__(self) -> str:
        return f"{format_names(self.names)}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedTable:
    """One table, and what is to be said of it."""

    table: Table
    differences: tuple[VersionDifference, ...] = ()
    left_out: tuple[str, ...] = ()
    """Items, sample columns and computes whose columns are personal and were not asked for."""


def combine_versions(
    parts: Sequence[VersionRows], *, language: str, personal: Collection[str] | None = ()
) -> CombinedTable:
    """One table of all parts, under the newest labels.

    The same name, storage and meaning are one column. What is stored otherwise, or means something else, is a column of
    its own with the labels of its version, `name__v1`: no answer is ever relabeled. A column that a version did not have
    reads `not_asked` there. A column that is personal in any version is left out, unless `personal`
    holds its name or its item's; None leaves out nothing.
    """
    own = {v.name: v.item for part in parts for v in part.variables if v.personal}
    left_out = {
        name: item
        for name, item in own.items()
        if personal is not None and name not in personal and item not in personal
    }
    if not parts:
        return CombinedTable(table=Table(variables=(), rows=(), language=language))
    column_of = _Columns(parts, left_out)
    names = tuple(column_of.variables)
    variables = tuple(column_of.variables.values())

    def kept() -> Iterator[str]:
        for part, places in zip(parts, column_of.places, strict=True):
            picks = [places.get(name) for name in names]
            if picks == list(range(len(part.variables))):
                yield from part.rows()
                continue
            width = len(part.variables)
            for row in part.rows():
                texts = split_row(row, width)
                yield join_row([NOT_ASKED_TEXT if at is None else texts[at] for at in picks])

    def rows() -> Iterator[tuple[Cell, ...]]:
        reads = [make_cell_reader(variable.storage) for variable in variables]
        for row in kept():
            texts = split_row(row, len(reads))
            yield tuple([read(text) for read, text in zip(reads, texts, strict=True)])

    return CombinedTable(
        table=Table(variables=variables, rows=rows(), language=language, encoded_rows=kept()),
        differences=tuple(VersionDifference(tuple(who), what) for what, who in column_of.said.items()),
        left_out=tuple(dict.fromkeys(left_out.values())),
    )


class _Columns:
    """The columns of the whole, where each part has them, and what is said of them."""

    def __init__(self, parts: Sequence[VersionRows], left_out: Collection[str]) -> None:
        newest = parts[-1]
        self._now = {v.name: v for v in newest.variables if v.item not in newest.separate}
        self.variables = {name: v for name, v in self._now.items() if name not in left_out}
        self.places: list[dict[str, int]] = []
        self.said: dict[str, list[str]] = {}
        for number, part in enumerate(parts, 1):
            places: dict[str, int] = {}
            for at, variable in enumerate(part.variables):
                if variable.name not in left_out:
                    places[self._add_column(variable, part, number, newest)] = at
            self.places.append(places)
        for part in parts:
            had = {v.name for v in part.variables}
            for name in self.variables:
                if name in self._now and name not in had:
                    self._note_difference(name, f"not yet in {part.version}: not asked there")

    def _add_column(self, variable: Variable, part: VersionRows, number: int, newest: VersionRows) -> str:
        """The name of the column in which a part's variable stands."""
        name = variable.name
        known = self.variables.get(name)
        if (apart := part.separate.get(variable.item)) is not None:
            name = self._add_own_column(variable, apart.version, part)
            self._note_difference(
                variable.item, f"{part.version} is kept apart in {variable.item}__v{apart.version}: {apart.why}"
            )
        elif known is None:
            self.variables[name] = variable
            self._note_difference(name, f"only in {part.version}: not asked in later ones")
        elif known.storage != variable.storage:
            name = self._find_older_column(variable, number, part)
            older, newer = _STORAGE_NAMES[variable.storage], _STORAGE_NAMES[known.storage]
            holds = f"{older} in {part.version}, {newer} in {newest.version}"
            self._note_difference(variable.name, f"{holds}: the older answers are in {name}")
        elif part is not newest and known != variable:
            for what in _compare(variable, self._now.get(name, known), part.version):
                self._note_difference(name, what)
            self.variables[name] = replace(
                known,
                labels={**known.labels, **{c: t for c, t in variable.labels.items() if c not in known.labels}},
                declines={**variable.declines, **known.declines},
            )
        return name

    def _find_older_column(self, variable: Variable, number: int, part: VersionRows) -> str:
        """The column of what the newest version stores otherwise; one for all versions that stored it alike."""
        for name, known in self.variables.items():
            if name.startswith(f"{variable.name}__v") and known.storage == variable.storage:
                return name
        return self._add_own_column(variable, number, part)

    def _add_own_column(self, variable: Variable, number: int, part: VersionRows) -> str:
        """A column of an older version's own; its item counts as one that only that version had."""
        name = f"{variable.name}__v{number}"
        while (known := self.variables.get(name)) is not None and known.storage != variable.storage:
            name += "_"
        head, colon, option = variable.label.rpartition(": ") if variable.option is not None else ("", "", "")
        label = f"{head or variable.label} ({part.version}){colon}{option}"
        own = known or replace(
            variable, name=name, label=label, item=f"{variable.item}__v{number}" if variable.item else ""
        )
        self.variables[name] = replace(own, labels={**variable.labels, **own.labels})
        return name

    def _note_difference(self, name: str, what: str) -> None:
        names = self.said.setdefault(what, [])
        if name not in names:
            names.append(name)


def _compare(old: Variable, new: Variable, version: str) -> Iterator[str]:
    """What an analyst must know of two descriptions of one column."""
    other = [(code, text) for code, text in old.labels.items() if new.labels.get(code, text) != text]
    gone = [(code, text) for code, text in old.labels.items() if code not in new.labels]
    if other:
        said = format_names([f"{code} was {text!r} and is {new.labels[code]!r}" for code, text in other])
        same = "" if old.role == "admin" else ", with the same meaning"  # outcomes are not compared
        yield f"labeled otherwise in {version}{same}: {said}; all are labeled as in the newest"
    if gone:
        yield f"only {version} offered {_format_codes(gone)}"
    if old.labels and (added := [(c, t) for c, t in new.labels.items() if c not in old.labels]):
        yield f"{version} did not offer {_format_codes(added)}"
    if old.wording != new.wording:
        yield f"worded otherwise in {version}: {_shorten(old.wording)}"
    described = [(v.label, v.measure, v.decimals, v.user_missing) for v in (old, new)]
    if old.wording == new.wording and described[0] != described[1]:
        yield f"described otherwise in {version}: {_shorten(old.label)}"


def _format_codes(labels: Sequence[tuple[Code, str]]) -> str:
    return format_names([f"{code} {text!r}" for code, text in labels])


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")


def format_names(names: Sequence[str]) -> str:
    """Names in a sentence, the first of them where they are many."""
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more
