"""JSON lines: each is the row it was made of, value by value and missing by missing."""

import io
import json
from datetime import date, time

from hypothesis import given
from test_csv import hard, of, tables

from survey_cli.engine.codec import encode_cells
from survey_cli.exports import WriteOptions
from survey_cli.exports.text import write_jsonl
from survey_cli.table.table import Table
from survey_cli.values import NOT_ASKED, Cell, Missing


def written(table: Table, **manner: bool) -> list[dict[str, object]]:
    to = io.StringIO(newline="")
    assert write_jsonl(table, to, WriteOptions(**manner)).rows == to.getvalue().count("\n")
    return [json.loads(line) for line in to.getvalue().split("\n")[:-1]]


def as_json(cell: Cell) -> object:
    match cell:
        case Missing():
            return None if cell == NOT_ASKED else {"missing": cell.kind}
        case time():
            return f"{cell:%H:%M}"
        case date():
            return cell.isoformat()
        case _:
            return cell


@given(tables())
def test_every_cell_is_of_its_own_type(table: Table) -> None:
    rows = list(table.rows)
    found = written(Table(variables=table.variables, rows=rows))
    names = [v.name for v in table.variables]
    assert found == [dict(zip(names, map(as_json, row), strict=True)) for row in rows]
    kept = Table(variables=table.variables, rows=[encode_cells(row) for row in rows])
    assert written(kept) == found


def test_the_five_states_and_everything_hard() -> None:
    [row] = written(of(hard(".stop")))
    assert (row["a"], row["b"], row["b_y_text"]) == (1, "y", 'he said "so", and=1+1')
    assert (row["c"], row["income"]) == ({"missing": "dk"}, {"missing": "later"})
    assert (row["skipped"], row["last"]) == (None, {"missing": "not_reached"})
    assert (row["day"], row["hour"], row["born"]) == ("2000-02-29", "09:05", "1985-06")
    assert row["note"] == 'first "line", ünïcode\n=second\n\\'


def test_labels_stand_for_codes_and_never_for_missings() -> None:
    [row] = written(of(hard(".stop")), labels=True)
    assert (row["a"], row["b"], row["media_tv"], row["media_9"]) == (
        "Yes",
        "=Why",
        "Mentioned",
        "Not mentioned",
    )
    assert row["last"] == {"missing": "not_reached"}
    assert row["n"] == 1
