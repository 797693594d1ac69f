"""SPSS data files, .sav and .zsav: codes with their labels, missings as user-missing codes.

A number that was not asked is system-missing; any other missing is its code. A column of texts with labels has the code
as a text, not asked too. Texts, dates and times are empty where there is no answer, and their companion, `q_state`, says
why. Which codes are user-missing, where SPSS has no room for all, says `limits.user_missing`. Sets of several answers and
the weight variable are added to the finished file, since the library cannot write them. The whole table is held in
memory, twice its size as numbers of eight bytes.
"""

import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from survey_cli.exports.answer_sets import answer_sets
from survey_cli.exports.limits import (
    DAY_SHOWN,
    LEAST_SHOWN,
    MOMENT_SHOWN,
    MOST_SHOWN,
    SPSS,
    crowded,
    fitted,
    fitting_names,
    label_of,
    notes_of,
    plain,
    shown_width,
    user_missing,
    value_labels,
)
from survey_cli.exports.missing_codes import missing_codes
from survey_cli.exports.reproducible_time import NEVER, day_said
from survey_cli.exports.spss.records import add_records
from survey_cli.exports.typed_columns import answered, coded, measure_of, stretches, typed
from survey_cli.table import Table
from survey_cli.table.timestamps import LAST_ENTRY_COLUMN, is_timestamp
from survey_cli.values import Code, Variable

if TYPE_CHECKING:
    import polars as pl

    from survey_cli.exports.formats import Manner

FILE_LABEL: Final = 64
"""Bytes of the label of a file."""
NOTE: Final = 80
"""Bytes of a line of its notes."""
MADE_AT: Final = 92
"""Where in the file the day and time stand at which it was made."""
SHOWN: Final = 6
"""Places that are shown of numbers whose places nobody set; all are kept."""


def write_sav(table: Table, to: Path, manner: "Manner") -> tuple[int, tuple[str, ...]]:
    """The rows, and what is to be said. A name that ends in .zsav is compressed as such. Raises ImportError where the
    libraries are missing."""
    import pyreadstat

    columns = [
        Column.of(variable, name)
        for variable, name in zip(
            table.variables, fitting_names([v.name for v in table.variables], SPSS), strict=True
        )
    ]
    data, seen = _data(table, columns)
    labels = {c.name: c.labels for c in columns if c.labels}
    absent = {c.name: c.absent for c in columns if c.absent}
    try:
        pyreadstat.write_sav(
            data,
            to,
            file_label=SPSS.cut(plain(table.study.title), FILE_LABEL),
            column_labels=[fitted(label_of(v), SPSS) or None for v in table.variables],
            compress=to.suffix.lower() == ".zsav",
            row_compress=to.suffix.lower() != ".zsav",
            note=[SPSS.cut(line, NOTE) for line in _about(table)],
            variable_value_labels=labels,
            missing_ranges=absent,
            variable_measure={c.name: measure_of(c.variable) for c in columns},
            variable_display_width={c.name: seen.shown(c) for c in columns},
            variable_format={c.name: form for c in columns if (form := seen.format(c))},
        )
    except pyreadstat.ReadstatError as error:
        raise OSError(errno.EIO, str(error)) from error
    _made_at(to, seen.latest or NEVER)
    names = {column.variable.name: column.name for column in columns}
    weight = table.study.weight if table.study.weight in names else ""
    sets = [
        one._replace(label=SPSS.cut(plain(one.label), SPSS.label)) for one in answer_sets(table.variables)
    ]
    if sets or weight:
        add_records(to, sets, weight, names)
    return data.height, tuple(_notes(table, columns, seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A variable as SPSS has it."""

    variable: Variable
    name: str
    labels: dict[Any, str]
    """Labels by value, as the file holds values."""
    absent: list[Any]
    """User-missing values, a range as a mapping."""
    left: list[Any]
    """Values for which there was no room among them."""
    codes: dict[str, int | str | None]
    """By kind what stands for a missing; nothing is system-missing."""

    @classmethod
    def of(cls, variable: Variable, name: str) -> "Column":
        text = variable.storage == "text"
        labels = {code: SPSS.cut(plain(words) or str(code), SPSS.value_label)
                  for code, words in value_labels(variable).items()}  # fmt: skip
        found = user_missing(variable)
        absent: list[Any] = [str(code) if text else code for code in found.codes]
        left: list[Any] = [str(code) if text else float(code) for code in found.left]
        if found.low is not None:
            absent.append({"lo": found.low, "hi": found.high})
        codes: dict[str, int | str | None] = {
            kind: str(code) if text else code if kind != "not_asked" else None
            for kind, (code, _) in missing_codes(variable).items()
        }
        if variable.role == "admin":  # nobody was asked
            codes = {}
        if variable.storage in ("date", "time"):
            labels, absent, left, codes = {}, [], [], {}
        return cls(variable=variable, name=name, labels=labels, absent=absent, left=left, codes=codes)


@dataclass(slots=True)
class Seen:
    """What stands in the columns."""

    digits: dict[str, int]
    """Before the point, by name."""
    places: dict[str, int]
    """Behind it."""
    letters: dict[str, int]
    """Bytes of the longest text, by name."""
    cut: dict[str, int]
    """Texts that are too long, by name."""
    left: dict[str, int]
    """Cells whose code is to be left out, and had no room among those that are, by name."""
    latest: datetime | None = None
    """The last entry of all interviews."""

    def format(self, column: Column) -> str:
        """How SPSS shows a column: width and places of numbers, dates by year, month and day."""
        match column.variable.storage:
            case "integer":
                return f"F{self._digits(column)}.0"
            case "decimal":
                return f"F{self._digits(column)}.{self._places(column)}"
            case "date":
                return "SDATE10"
            case "time":
                return "TIME5"
            case "text":
                return "DATETIME20" if is_timestamp(column.variable) else ""

    def shown(self, column: Column) -> int:
        """How wide SPSS shows a column."""
        match column.variable.storage:
            case "integer" | "decimal":
                return self._digits(column)
            case "date":
                return DAY_SHOWN
            case "time":
                return LEAST_SHOWN
            case "text":
                return (
                    MOMENT_SHOWN if is_timestamp(column.variable) else shown_width(self.letters[column.name])
                )

    def _places(self, column: Column) -> int:
        if column.variable.storage == "integer":
            return 0
        return max(column.variable.decimals, min(self.places.get(column.name, 0), SHOWN))

    def _digits(self, column: Column) -> int:
        places = self._places(column)
        wide = self.digits.get(column.name, 1) + (1 + places if column.variable.storage == "decimal" else 0)
        return min(max(wide, LEAST_SHOWN), MOST_SHOWN)


def _data(table: Table, columns: Sequence[Column]) -> tuple["pl.DataFrame", Seen]:
    """The rows as SPSS has them, and what stands in them."""
    import polars as pl

    seen = Seen({}, {}, {}, {}, {})
    made = [_typed(texts, columns, seen) for texts in stretches(table)]
    if not made:
        none = pl.DataFrame({str(at): [] for at in range(len(columns))}, schema_overrides=None).cast(
            pl.String
        )
        made = [_typed(none, columns, seen)]
    data = pl.concat(made)
    for column in columns:
        if column.left and (count := int(data[column.name].is_in(column.left).sum())):
            seen.left[column.variable.name] = count
        if column.variable.storage in ("integer", "decimal"):
            extremes = [n for n in (data[column.name].min(), data[column.name].max()) if isinstance(n, float)]
            seen.digits[column.name] = max((len(f"{n:.0f}") for n in extremes), default=1)
    if LAST_ENTRY_COLUMN in data.columns:
        latest = data[LAST_ENTRY_COLUMN].max()
        seen.latest = latest if isinstance(latest, datetime) else None
    return data, seen


def _typed(texts: "pl.DataFrame", columns: Sequence[Column], seen: Seen) -> "pl.DataFrame":
    import polars as pl

    made, places = [], []
    for at, column in enumerate(columns):
        text, variable = pl.col(str(at)), column.variable
        values = answered(variable.storage, text, moment=is_timestamp(variable))
        if column.codes:
            values = coded(text, values, column.codes)
        if variable.storage == "text" and not is_timestamp(variable):
            values = values.fill_null("")
        made.append(values.alias(column.name))
        if variable.storage == "decimal":
            fraction = text.str.extract(r"^-?[0-9]+\.([0-9]*[1-9])0*$", 1).str.len_bytes().max()
            places.append(fraction.alias(column.name))
    data = typed(texts, made)
    if places:
        for name, found in texts.select(places).row(0, named=True).items():
            seen.places[name] = max(seen.places.get(name, 0), found or 0)
    long = [name for name, kind in data.schema.items() if kind == pl.String]
    sizes = data.select([pl.col(name).str.len_bytes().max() for name in long])
    for name, size in sizes.row(0, named=True).items() if long else ():
        seen.letters[name] = max(seen.letters.get(name, 0), size or 0)
        if (size or 0) <= SPSS.text:
            continue
        seen.cut[name] = seen.cut.get(name, 0) + int((data[name].str.len_bytes() > SPSS.text).sum())
        cut = [SPSS.cut(text, SPSS.text) for text in data[name]]
        data = data.with_columns(pl.Series(name, cut, dtype=pl.String))
    return data


def _about(table: Table) -> Iterator[str]:
    """Where the data come from, in the notes of the file."""
    study = table.study
    named = " ".join(filter(None, (study.id, study.version and f"version {study.version}")))
    told = (("Questionnaire", named), ("Sponsor", study.sponsor), ("Conducted by", study.conducted_by))
    for what, words in told:
        if words:
            yield f"{what}: {plain(words)}"
    yield f"Labels in the language {table.language}"


def _made_at(file: Path, moment: datetime) -> None:
    """Write the day and time of the file into it."""
    stamp = f"{day_said(moment)} {moment.year % 100:02}{moment:%H:%M:%S}"
    with file.open("r+b") as held:
        held.seek(MADE_AT)
        held.write(stamp.encode("ascii"))


def _notes(table: Table, columns: Sequence[Column], seen: Seen) -> Iterator[str]:
    labels: list[dict[Code, str]] = [value_labels(v) for v in table.variables]
    yield from notes_of(table.variables, SPSS, labels=labels)
    if seen.left:
        yield crowded(seen.left)
    for name, count in seen.cut.items():
        texts = "a text is" if count == 1 else f"{count:,} texts are"
        yield f"{name}: {texts} cut to {SPSS.text:,} bytes, the most that SPSS has"
    if any(v.name == table.study.weight for v in table.variables):
        yield f"SPSS weights by {table.study.weight} as it opens the file: WEIGHT OFF. ends that"
    if len(columns) > SPSS.columns:
        yield f"{len(columns):,} columns: programs may read {SPSS.columns:,} only"
