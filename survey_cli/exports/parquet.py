"""Apache Parquet, Arrow files (IPC, Feather 2) and streams: typed columns, labels in the schema.

A cell without an answer is null. Every column that can be without an answer has a second one,
`q_state`, which says why: `answered`, `dk`, `refused`, `not_asked`, `not_reached`, or the id of a
decline of the study's own. Rows are written in batches: memory use does not grow with them.

The metadata of a field are UTF-8 texts: `label`, `wording`, `measure`, `item` and `role`. If the
column has them, also `value_labels` (a JSON object, code to label), `missing_codes` (a JSON object,
kind to code and label), `user_missing` (a JSON list of answer codes that means exclude), `turn`,
`option`, and `state`, the name of the column that says why. The metadata of the schema are `study`
(a JSON object), `language` and `each`, the unit of a row.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from survey_cli.exports import conventions, typed_columns
from survey_cli.problems import UserError
from survey_cli.table.table import Table, is_timestamp
from survey_cli.values import Storage, Variable

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa  # type: ignore[import-untyped]  # it has no types


ANSWERED: Final = "answered"
COMPRESSION: Final = "zstd"
MAX_SMALL_CODE: Final = 2**31 - 1
STREAM_BATCH_SIZE: Final = 2_500
"""Rows per batch of a stream: fewer than in files, since all batches may stay in memory."""


def write_parquet(
    table: Table, to: Path, options: conventions.WriteOptions
) -> conventions.WriteResult:
    """Write one row group per batch. Raises ImportError without the libraries."""
    import pyarrow.parquet  # type: ignore[import-untyped]  # it has no types

    return _write(
        table, lambda schema: pyarrow.parquet.ParquetWriter(to, schema, compression=COMPRESSION)
    )


def write_arrow(
    table: Table, to: Path, options: conventions.WriteOptions
) -> conventions.WriteResult:
    """Write an Arrow file. Raises ImportError without the libraries."""
    import pyarrow.ipc  # type: ignore[import-untyped]  # it has no types

    ipc_options = pyarrow.ipc.IpcWriteOptions(compression=COMPRESSION)
    return _write(table, lambda schema: pyarrow.ipc.new_file(str(to), schema, options=ipc_options))


class ParquetField(NamedTuple):
    """A column of the file."""

    name: str
    variable: Variable
    position: int
    """The position of the variable in the table."""
    states: tuple[str, ...] = ()
    """The possible values of a state column; empty for a column of values."""
    state_column: str = ""
    """The name of the column that says why a value is missing."""


def list_fields(variables: Sequence[Variable]) -> list[ParquetField]:
    """Return the columns in order; a state column follows its values unless the table has one."""
    used_names = {v.name.casefold() for v in variables}
    state_columns = {(v.item, v.turn): v.name for v in variables if v.role == "state"}

    fields = []
    for position, v in enumerate(variables):
        if v.role == "state":
            fields.append(ParquetField(v.name, v, position, states=_list_states(v)))
            continue
        if v.role in ("admin", "order"):
            fields.append(ParquetField(v.name, v, position))
            continue

        # The table has a state column for answers whose missing values have no codes.
        state_column = ""
        if v.role == "answer" and not conventions.list_missing_codes(v):
            state_column = state_columns.get((v.item, v.turn), "")
        if state_column:
            fields.append(ParquetField(v.name, v, position, state_column=state_column))
            continue

        state_column = conventions.make_free_name(f"{v.name}_state", used_names)
        fields.append(ParquetField(v.name, v, position, state_column=state_column))
        fields.append(ParquetField(state_column, v, position, states=_list_states(v)))

    return fields


def _list_states(variable: Variable) -> tuple[str, ...]:
    codes = (*variable.declines, "dk", "refused", "not_asked", "not_reached")
    return tuple(dict.fromkeys((ANSWERED, *codes)))


def _write(table: Table, open_writer: "Callable[[pa.Schema], Any]") -> conventions.WriteResult:
    schema, batches = open_batches(table)
    rows = 0
    with open_writer(schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return conventions.WriteResult(rows)


def open_batches(
    table: Table, *, labels: bool = False, small: bool = False, size: int = typed_columns.BATCH_SIZE
) -> tuple["pa.Schema", Iterator["pa.RecordBatch"]]:
    """Return the schema, and batches of `size` rows, which are read while iterating over them.

    With `labels`, columns of codes hold labels instead; with `small`, codes have 32 bits if they
    fit. Raises ImportError without the libraries.
    """
    import polars as pl
    import pyarrow as pa

    fields = list_fields(table.variables)
    schema_fields = [_make_schema_field(field, labels=labels, small=small) for field in fields]
    study = _encode_json(_describe_study(table))
    metadata = {"study": study, "language": table.language, "each": table.row_unit}
    schema = pa.schema(schema_fields, metadata=metadata)

    columns = []
    states = []
    for field in fields:
        expression = _make_expression(field, labels=labels, small=small)
        columns.append(expression.alias(field.name))
        # Not by pa.array, which imports pandas if it is installed: 0.3 s and 45 MiB.
        states.append(pl.Series(field.states, dtype=pl.String).to_arrow().cast(pa.string()))

    def convert(texts: "pl.DataFrame") -> "pa.RecordBatch":
        frame = typed_columns.convert_columns(texts, columns)
        arrays = []
        for series, field, schema_field, names in zip(frame, fields, schema, states, strict=True):
            arrays.append(_make_array(series, field, schema_field, names))
        return pa.record_batch(arrays, schema=schema)

    batches = typed_columns.convert_batches(table, convert, size)
    return schema, (batch for batch in batches if batch.num_rows)


def _describe_study(table: Table) -> dict[str, object]:
    """Return what is known about the study, without the mappings by item."""
    about = {}
    for field in dataclasses.fields(table.study):
        value = getattr(table.study, field.name)
        if value != field.default and not isinstance(value, Mapping):
            about[field.name] = value
    return about


def _make_expression(field: ParquetField, *, labels: bool, small: bool) -> "pl.Expr":
    import polars as pl

    text = pl.col(str(field.position))
    values = typed_columns.make_value_expression(field.variable, text)
    if field.states:
        return typed_columns.make_state_expression(text, values, field.states[1:])

    if field.variable.storage == "integer":
        is_small = small and _has_small_codes(field.variable)
        values = values.cast(pl.Int32 if is_small else pl.Int64)
    if labels and field.variable.labels:
        return values.replace_strict(dict(field.variable.labels), default=values.cast(pl.String))
    return values


def _make_array(
    series: "pl.Series", field: ParquetField, schema_field: "pa.Field", states: "pa.Array"
) -> "pa.Array":
    import pyarrow as pa

    if not field.states:
        return series.to_arrow().cast(schema_field.type)
    if series.null_count():
        raise ValueError(
            f"{field.variable.name}: a cell is no value, "
            "nor missing for a reason that the column has"
        )
    return pa.DictionaryArray.from_arrays(series.to_arrow(), states)


def _make_schema_field(field: ParquetField, *, labels: bool, small: bool) -> "pa.Field":
    import pyarrow as pa

    is_small = small and _has_small_codes(field.variable)
    types: dict[Storage, Any] = {
        "integer": pa.int32() if is_small else pa.int64(),
        "decimal": pa.float64(),
        "text": pa.string(),
        "date": pa.date32(),
        "time": pa.time32("ms"),
    }
    if field.states:
        kind = pa.dictionary(pa.int8(), pa.string())
    elif labels and field.variable.labels:
        kind = pa.string()
    elif is_timestamp(field.variable):
        kind = pa.timestamp("ms", tz="UTC")
    else:
        kind = types[field.variable.storage]
    return pa.field(field.name, kind, metadata=dict(_iterate_metadata(field)))


def _has_small_codes(variable: Variable) -> bool:
    """Return whether its values are codes of options that fit 32 bits: half the memory."""
    if variable.measure == "scale":
        # A number that has labels for some values.
        return False

    numbers = [code for code in variable.labels if isinstance(code, int)]
    if not numbers:
        return False
    return all(abs(number) <= MAX_SMALL_CODE for number in numbers)


def _iterate_metadata(field: ParquetField) -> Iterator[tuple[str, str]]:
    """Yield the metadata of a field."""
    v = field.variable
    label = v.label or v.wording or v.name
    if field.states and v.role != "state":  # the variable is that of the values
        label = f"{label} (state)"
    yield "label", label
    yield "wording", v.wording
    yield "item", v.item
    role = "state" if field.states else v.role
    yield "role", role
    if v.turn is not None:
        yield "turn", str(v.turn)
    if v.option is not None:
        yield "option", str(v.option)
    if field.states:
        return
    yield "measure", typed_columns.choose_measure(v)
    if v.labels:
        yield "value_labels", _encode_json({str(code): text for code, text in v.labels.items()})
    codes = conventions.list_offered_codes(v)
    if field.state_column and codes:
        yield "missing_codes", _encode_json({kind: list(pair) for kind, pair in codes.items()})
    if v.user_missing:
        yield "user_missing", _encode_json(list(v.user_missing))
    if field.state_column:
        yield "state", field.state_column


def _encode_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


class Rows:
    """Rows of a study, which every conversion reads anew.

    >>> rows = study.interviews("simulated")
    >>> polars.DataFrame(rows).height
    200

    Libraries that know Arrow streams take the object itself. Every column that can be without an
    answer has a second one, `q_state`, which says why: `answered`, `dk`, `refused`, `not_asked`,
    `not_reached`, or a decline of the study's own. Labels and wordings are in the Arrow schema's
    metadata.
    """

    def __init__(
        self, open_table: Callable[[], AbstractContextManager[Table]], *, labels: bool = False
    ) -> None:
        self._open_table = open_table
        self._labels = labels

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.read().__arrow_c_stream__(requested_schema)

    def __iter__(self) -> "Iterator[dict[str, Any]]":
        """Iterate over the rows as mappings by column name; None for a cell without an answer."""
        for batch in self.read():
            yield from batch.to_pylist()

    def read(self) -> "pa.RecordBatchReader":
        """Return a reader of batches, whose use of memory doesn't grow with the rows.

        >>> with rows.read() as reader:
        ...     sum(batch.num_rows for batch in reader)
        200
        """
        parts = self._iterate_parts()
        try:
            schema = next(parts)
            import pyarrow as pa
        except ImportError as error:
            from survey_cli.installation import make_install_command

            what = f"{error.name} is not installed"
            raise UserError("data as Arrow", what, make_install_command("python")) from error
        return pa.RecordBatchReader.from_batches(schema, parts)

    def _iterate_parts(self) -> "Iterator[Any]":
        """Yield the schema, then the batches; the rows are open meanwhile."""
        with self._open_table() as table:
            schema, batches = open_batches(
                table, labels=self._labels, small=True, size=STREAM_BATCH_SIZE
            )
            yield schema
            yield from batches

    def to_arrow(self) -> "pa.Table":
        """Return the rows as a `pyarrow.Table`.

        >>> rows.to_arrow().schema.field("health").metadata[b"label"]
        b'Health in general'
        """
        return self.read().read_all()

    def to_polars(self) -> "pl.DataFrame":
        """Return the rows as a `polars.DataFrame`.

        >>> rows.to_polars()["age"].max()
        110
        """
        reader = self.read()
        import polars as pl

        return pl.DataFrame(reader)

    def to_pandas(self) -> Any:
        """Return the rows as a `pandas.DataFrame`. It needs pandas.

        >>> frame = rows.to_pandas()  # doctest: +SKIP
        """
        return self.to_arrow().to_pandas()
