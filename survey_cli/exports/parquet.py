"""Apache Parquet and Arrow (IPC, also called Feather 2): typed columns, null where there is no answer, and beside each
column that can be without one a column `q_state` of words: `answered`, `dk`, `refused`, `not_asked`, `not_reached`, or
the id of a decline of the study's own. Rows are written a stretch at a time: memory does not grow with them.

Each field of the schema carries, as UTF-8 texts: `label`, `wording`, `measure`, `item`, `role`; where there are any
`value_labels` (a JSON object, code to label), `missing_codes` (a JSON object, kind to code and label), `user_missing`
(a JSON list of codes that are answers and left out of means), `turn`, `option`, and `state`, the name of the column that
says why. The schema itself has `study` (a JSON object), `language` and `each`, which is what a row is.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from survey_cli.exports.missing_codes import missing_codes, offered_codes
from survey_cli.exports.typed_columns import answered, measure_of, stretches, typed, why
from survey_cli.table import Table
from survey_cli.table.timestamps import is_timestamp
from survey_cli.values import Storage, Variable

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa  # type: ignore[import-untyped]

    from survey_cli.exports.formats import Manner

ANSWERED: Final = "answered"
COMPRESSION: Final = "zstd"


def write_parquet(table: Table, to: Path, manner: "Manner") -> int:
    """The rows; a row group a stretch. Raises ImportError where the libraries are missing."""
    import pyarrow.parquet  # type: ignore[import-untyped]

    return _written(table, lambda schema: pyarrow.parquet.ParquetWriter(to, schema, compression=COMPRESSION))


def write_arrow(table: Table, to: Path, manner: "Manner") -> int:
    """The same as an Arrow file, a record batch a stretch."""
    import pyarrow.ipc  # type: ignore[import-untyped]

    options = pyarrow.ipc.IpcWriteOptions(compression=COMPRESSION)
    return _written(table, lambda schema: pyarrow.ipc.new_file(str(to), schema, options=options))


class Field(NamedTuple):
    """A column of the file."""

    name: str
    variable: Variable
    place: int
    """The variable's in the table."""
    kinds: tuple[str, ...] = ()
    """What a column of words can say; none for a column of values."""
    state: str = ""
    """The name of the column that says why a value is not there."""


def fields_of(variables: Sequence[Variable]) -> list[Field]:
    """The columns in order, the words after the values they belong to; where the table has such a column, there."""
    taken = {v.name for v in variables}
    told = {(v.item, v.turn): v.name for v in variables if v.role == "state"}
    fields = []
    for place, v in enumerate(variables):
        if v.role == "state":
            fields.append(Field(v.name, v, place, kinds=_kinds(v)))
        elif v.role in ("admin", "order"):
            fields.append(Field(v.name, v, place))
        elif v.role == "answer" and not _coded(v) and (v.item, v.turn) in told:
            fields.append(Field(v.name, v, place, state=told[v.item, v.turn]))
        else:
            name = f"{v.name}_state"
            while name in taken:
                name += "_"
            taken.add(name)
            fields += [Field(v.name, v, place, state=name), Field(name, v, place, kinds=_kinds(v))]
    return fields


def _coded(variable: Variable) -> bool:
    return bool(missing_codes(variable))


def _kinds(variable: Variable) -> tuple[str, ...]:
    codes = (*variable.declines, "dk", "refused", "not_asked", "not_reached")
    return tuple(dict.fromkeys((ANSWERED, *codes)))


def _written(table: Table, opened: "Callable[[pa.Schema], Any]") -> int:
    import pyarrow as pa

    fields = fields_of(table.variables)
    schema = pa.schema([_field(field) for field in fields], metadata=_about(table))
    columns = [_column(field).alias(field.name) for field in fields]
    rows = 0
    with opened(schema) as writer:
        for texts in stretches(table):
            arrays = [
                _array(s, field, schema) for s, field in zip(typed(texts, columns), fields, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            rows += texts.height
    return rows


def _column(field: Field) -> "pl.Expr":
    import polars as pl

    text = pl.col(str(field.place))
    if field.kinds:
        places = {kind: place for place, kind in enumerate(field.kinds)}
        return why(text).fill_null(ANSWERED).replace_strict(places, return_dtype=pl.Int8)
    values = answered(field.variable.storage, text, moment=is_timestamp(field.variable))
    return values.cast(pl.Int64) if field.variable.storage == "integer" else values


def _array(series: "pl.Series", field: Field, schema: "pa.Schema") -> "pa.Array":
    import pyarrow as pa

    if field.kinds:
        return pa.DictionaryArray.from_arrays(series.to_arrow(), list(field.kinds))
    return series.to_arrow().cast(schema.field(field.name).type)


def _field(field: Field) -> "pa.Field":
    import pyarrow as pa

    types: dict[Storage, Any] = {
        "integer": pa.int64(),
        "decimal": pa.float64(),
        "text": pa.string(),
        "date": pa.date32(),
        "time": pa.time32("ms"),
    }
    if field.kinds:
        kind = pa.dictionary(pa.int8(), pa.string())
    else:
        kind = pa.timestamp("ms", tz="UTC") if is_timestamp(field.variable) else types[field.variable.storage]
    return pa.field(field.name, kind, metadata=dict(_told(field)))


def _told(field: Field) -> Iterator[tuple[str, str]]:
    """What a field says of itself."""
    v = field.variable
    label = v.label or v.wording or v.name
    yield "label", f"{label} (state)" if field.kinds and v.role != "state" else label
    yield "wording", v.wording
    yield "item", v.item
    yield "role", "state" if field.kinds else v.role
    if v.turn is not None:
        yield "turn", str(v.turn)
    if v.option is not None:
        yield "option", str(v.option)
    if field.kinds:
        return
    yield "measure", measure_of(v)
    if v.labels:
        yield "value_labels", _json({str(code): text for code, text in v.labels.items()})
    if field.state and (codes := offered_codes(v)):
        yield "missing_codes", _json({kind: list(told) for kind, told in codes.items()})
    if v.user_missing:
        yield "user_missing", _json(list(v.user_missing))
    if field.state:
        yield "state", field.state


def _about(table: Table) -> dict[str, str]:
    stated = {what: words for what, words in _study(table).items() if words}
    return {"study": _json(stated), "language": table.language, "each": table.row_unit}


def _study(table: Table) -> dict[str, Any]:
    study = table.study
    return {name: getattr(study, name) for name in study.__dataclass_fields__ if name != "asked"}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
