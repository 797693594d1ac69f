"""SQLite views for reading the data with a database browser: texts and labels beside the codes.

Only real interviews are included, without personal columns and remarks on them. An interview that was resumed appears
as it was when it was last suspended. `postgres_views.py` has the same views for PostgreSQL.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from survey_cli.store.backends.address import quote_identifier
from survey_cli.values import Variable

MAX_VIEW_NAME: Final = 43
"""Letters of the name of a view. With the beginning of a hash and `_part12` it fits into a PostgreSQL identifier."""

MAX_COLUMNS: Final = 1900
"""Columns in one view. SQLite allows 2,000, some of which the interview's own columns need."""

FIXED_VIEWS: Final = (
    """CREATE VIEW answers AS
    SELECT
        i.id AS interview,
        i.case_key AS case_key,
        i.number AS number,
        i.status AS status,
        v.name AS variable,
        v.turn AS turn,
        v.wording AS question,
        CASE c.type WHEN 'object' THEN NULL ELSE c.value END AS value,
        CASE c.type
            WHEN 'object' THEN json_extract(v.declines, '$."' || json_extract(c.value, '$.missing') || '"[1]')
            ELSE (
                SELECT json_extract(l.value, '$[1]') FROM json_each(v.labels) l
                WHERE json_extract(l.value, '$[0]') = c.value
            )
        END AS label,
        CASE c.type WHEN 'object' THEN json_extract(c.value, '$.missing') END AS missing
    FROM interviews i
    JOIN snapshots s ON s.interview = i.id
    JOIN json_each(s.cells) c
    JOIN variables v ON v.instrument = i.instrument AND v.ordinal = c.key
    WHERE i.origin = 'real'
        AND v.personal = 0
        AND c.type <> 'null'
        AND NOT (v.role = 'words' AND c.value = '')
        AND NOT (c.type = 'object' AND json_extract(c.value, '$.missing') = 'not_reached')""",
    """CREATE VIEW remarks AS
    SELECT
        i.id AS interview,
        i.case_key AS case_key,
        j.item AS item,
        j.turn AS turn,
        json_extract(j.payload, '$.text') AS remark,
        j.at AS at,
        j.by AS by
    FROM interviews i
    JOIN journal j ON j.interview = i.id
    WHERE i.origin = 'real'
        AND j.kind = 'noted'
        AND NOT EXISTS (
            SELECT 1 FROM variables v WHERE v.instrument = i.instrument AND v.item = j.item AND v.personal = 1
        )""",
)


def make_view_name(instrument: str, *, version: str, content_hash: str, present_names: Collection[str]) -> str:
    """Return the name of the view with one row per interview: `data_asu_2000_v1`.

    It is followed by the beginning of the hash where a view of that name is present.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", f"data_{instrument}_v{version}")[:MAX_VIEW_NAME].rstrip("_")
    folded = {other.casefold() for other in present_names}
    return name if name.casefold() not in folded else f"{name}_{content_hash[:12]}"


def build_data_views(name: str, *, content_hash: str, variables: Sequence[Variable]) -> Iterator[str]:
    """Build the statements that create the view of an instrument's data.

    It has one row per interview and one column per variable that is not personal, NULL where there is no answer.
    """
    return build_row_views(
        name, content_hash=content_hash, variables=variables, render_column=_render_column, max_columns=MAX_COLUMNS
    )


def _render_column(variable: Variable, ordinal: int) -> str:
    return (
        f"CASE json_type(s.cells, '$[{ordinal}]') WHEN 'object' THEN NULL"
        f" ELSE json_extract(s.cells, '$[{ordinal}]') END AS {quote_identifier(variable.name)}"
    )


def build_row_views(
    name: str,
    *,
    content_hash: str,
    variables: Sequence[Variable],
    render_column: Callable[[Variable, int], str],
    max_columns: int,
    join: str = "",
) -> Iterator[str]:
    """Build the statements of `build_data_views` for either engine.

    `render_column` returns the expression that selects a variable by its ordinal. Columns beyond `max_columns` are in
    further views, `…_part2` and so on.
    """
    columns = [render_column(variable, ordinal) for ordinal, variable in enumerate(variables) if not variable.personal]
    for part, first in enumerate(range(0, max(len(columns), 1), max_columns), start=1):
        selected = "".join(f",\n        {column}" for column in columns[first : first + max_columns])
        yield f"""CREATE VIEW {quote_identifier(name if part == 1 else f"{name}_part{part}")} AS
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
