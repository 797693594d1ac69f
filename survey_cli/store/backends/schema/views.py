"""Views for reading the data with a database browser: texts and labels beside the codes.

Only real interviews are included, without personal columns and remarks on them. An interview that
was resumed appears as it was when it was last suspended. The views `answers` and `remarks` are in
`views.sql`; here is the view of each version of the questionnaire. Its columns are of any type in
SQLite. In PostgreSQL, they are numeric where the variable and all its codes are numbers, and text
otherwise (dates and times as ISO 8601, which sort and cast), as `answers.value`.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from survey_cli.store.backends.address import MAX_IDENTIFIER_BYTES, quote_identifier
from survey_cli.store.backends.connector import Dialect
from survey_cli.values import Variable

MAX_VIEW_NAME: Final = 43
"""Letters of the name of a view. With the beginning of a hash and `_part12` it fits into a
PostgreSQL identifier."""

MAX_COLUMNS: Final[dict[Dialect, int]] = {"sqlite": 1900, "postgresql": 1500}
"""Columns in one view. SQLite allows 2,000 and PostgreSQL 1,600, some of which the interview's own
columns need."""

CELLS_ON_SERVER: Final = "\n    CROSS JOIN LATERAL (SELECT legible(s.cells) AS cells OFFSET 0) AS c"


def make_view_name(
    content_hash: str, instrument: str, version: str, *, present_names: Collection[str]
) -> str:
    """Return the name of the view with one row per interview: `data_asu_2000_v1`.

    It is followed by the beginning of the hash where a view of that name is present.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", f"data_{instrument}_v{version}")[:MAX_VIEW_NAME].rstrip(
        "_"
    )
    folded = {other.casefold() for other in present_names}
    if name.casefold() in folded:
        return f"{name}_{content_hash[:12]}"
    return name


def build_data_views(
    name: str, content_hash: str, variables: Sequence[Variable], dialect: Dialect
) -> Iterator[str]:
    """Build the statements that create the view of an instrument's data.

    It has one row per interview and one column per variable that is not personal, NULL where there
    is no answer. Columns beyond the greatest number are in further views, `…_part2` and so on.
    """
    if dialect == "sqlite":
        render = _render_column
        join = ""
    else:
        render = _render_column_on_server
        join = CELLS_ON_SERVER

    columns = [
        render(variable, ordinal)
        for ordinal, variable in enumerate(variables)
        if not variable.personal
    ]
    size = MAX_COLUMNS[dialect]
    for part, first in enumerate(range(0, max(len(columns), 1), size), start=1):
        selected = "".join(f",\n        {column}" for column in columns[first : first + size])
        view = name
        if part > 1:
            view = f"{name}_part{part}"
        yield f"""CREATE VIEW {quote_identifier(view)} AS
    SELECT
        i.id AS _interview,
        i.case_key AS _case,
        i.number AS _number,
        i.status AS _status,
        i.outcome AS _outcome,
        i.began_at AS _began_at,
        i.updated_at AS _updated_at{selected}
    FROM interviews i
    JOIN snapshots s ON s.interview = i.id{join}
    WHERE i.origin = 'real' AND i.instrument = '{content_hash.replace("'", "''")}'"""


def _render_column(variable: Variable, ordinal: int) -> str:
    return (
        f"CASE json_type(s.cells, '$[{ordinal}]') WHEN 'object' THEN NULL"
        f" ELSE json_extract(s.cells, '$[{ordinal}]') END AS {quote_identifier(variable.name)}"
    )


def _render_column_on_server(variable: Variable, ordinal: int) -> str:
    """Render a column. A name that the server would cut ends in a number, so that it is unique."""
    name = variable.name
    cell = f"c.cells -> {ordinal}"
    if len(name.encode()) > MAX_IDENTIFIER_BYTES:
        name = (
            name.encode()[: MAX_IDENTIFIER_BYTES - len(f"~{ordinal}")].decode(errors="ignore")
            + f"~{ordinal}"
        )
    value = f"CASE WHEN jsonb_typeof({cell}) <> 'object' THEN {cell} #>> '{{}}' END"
    if variable.storage in ("integer", "decimal") and all(
        isinstance(code, int) for code in variable.labels
    ):
        value = f"CASE jsonb_typeof({cell}) WHEN 'number' THEN ({cell})::numeric END"
    return f"{value} AS {quote_identifier(name)}"
