"""How does the data look to someone with a database browser? Views with words and labels beside the codes.

For real interviews only, practice and simulation left out; personal columns, and remarks on them, are not in them. An
interview that was taken up again stands there as it was when it was last put aside. These texts are SQLite's
(`json_each`); PostgreSQL's are in `server_views.py`.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from survey_cli.store.backends.address import quoted
from survey_cli.values import Variable

LONGEST: Final = 43
"""Letters of a view's name; with the beginning of a hash and `_part12` PostgreSQL still takes it whole."""

WIDEST: Final = 1900
"""Columns in one view. SQLite allows 2,000; the interview's own columns need some."""

STANDING_VIEWS: Final = (
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


def data_view(*, id: str, version: str, hash: str, taken: Collection[str]) -> str:
    """The name of the view with one row per interview: `data_asu_2000_v1`, or with the beginning of the hash
    where another text already carries this version."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", f"data_{id}_v{version}")[:LONGEST].rstrip("_")
    folded = {other.casefold() for other in taken}
    return name if name.casefold() not in folded else f"{name}_{hash[:12]}"


def data_views(*, name: str, hash: str, variables: Sequence[Variable]) -> Iterator[str]:
    """The statements that make it: one row per interview, one column per variable that is not personal, NULL
    where there is no answer."""
    return views_of_rows(name=name, hash=hash, variables=variables, column=_column, widest=WIDEST)


def _column(variable: Variable, ordinal: int) -> str:
    return (
        f"CASE json_type(s.cells, '$[{ordinal}]') WHEN 'object' THEN NULL"
        f" ELSE json_extract(s.cells, '$[{ordinal}]') END AS {quoted(variable.name)}"
    )


def views_of_rows(
    *,
    name: str,
    hash: str,
    variables: Sequence[Variable],
    column: Callable[[Variable, int], str],
    widest: int,
    joined: str = "",
) -> Iterator[str]:
    """The same in either database's words: `column` is what one variable's ordinal selects. What is too wide for one view
    goes on in `…_part2`, and so on."""
    shown = [(ordinal, v) for ordinal, v in enumerate(variables) if not v.personal]
    for part, first in enumerate(range(0, max(len(shown), 1), widest), start=1):
        columns = "".join(
            f",\n        {column(variable, ordinal)}" for ordinal, variable in shown[first : first + widest]
        )
        yield f"""CREATE VIEW {quoted(name if part == 1 else f"{name}_part{part}")} AS
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
