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
"""Letters of a view's name; with the beginning of a hash and `_part12` PostgreSQL still takes it whole."""

MAX_COLUMNS: Final = 1900
"""Columns in one view. SQLite allows 2,000; the interview's own columns need some."""

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


def make_view_name(*, id: str, version: str, hash: str, taken: Collection[str]) -> str:
    """The name of the view with one row per interview: `data_asu_2000_v1`, or with the beginning of the hash
    where another text already carries this version.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", f"data_{id}_v{version}")[:MAX_VIEW_NAME].rstrip("_")
    folded = {other.casefold() for other in taken}
    return name if name.casefold() not in folded else f"{name}_{hash[:12]}"


def build_data_views(*, name: str, hash: str, variables: Sequence[Variable]) -> Iterator[str]:
    """The statements that make it: one row per interview, one column per variable that is not personal, NULL
    where there is no answer.
    """
    return build_row_views(name=name, hash=hash, variables=variables, column=_render_column, widest=MAX_COLUMNS)


def _render_column(variable: Variable, ordinal: int) -> str:
    return (
        f"CASE json_type(s.cells, '$[{ordinal}]') WHEN 'object' THEN NULL"
        f" ELSE json_extract(s.cells, '$[{ordinal}]') END AS {quote_identifier(variable.name)}"
    )


def build_row_views(
    *,
    name: str,
    hash: str,
    variables: Sequence[Variable],
    column: Callable[[Variable, int], str],
    widest: int,
    joined: str = "",
) -> Iterator[str]:
    """The same in either database's words: `column` is what one variable's ordinal selects. What is too wide for one view
    goes on in `…_part2`, and so on.
    """
    shown = [(ordinal, v) for ordinal, v in enumerate(variables) if not v.personal]
    for part, first in enumerate(range(0, max(len(shown), 1), widest), start=1):
        columns = "".join(
            f",\n        {column(variable, ordinal)}" for ordinal, variable in shown[first : first + widest]
        )
        yield f"""CREATE VIEW {quote_identifier(name if part == 1 else f"{name}_part{part}")} AS
    SELECT
        i.id AS _interview,
        i.case_key AS _case,
        i.number AS _number,
        i.status AS _status,
        i.outcome AS _outcome,
        i.began_at AS _began_at,
        i.updated_at AS _updated_at{columns}
    FROM interviews i
    JOIN snapshots s ON s.interview = i.id{joined}
    WHERE i.origin = 'real' AND i.instrument = '{hash.replace("'", "''")}'"""
