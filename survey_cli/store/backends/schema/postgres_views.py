"""PostgreSQL views for reading the data with a database browser, equivalent to those of `views.py`.

PostgreSQL columns have one type: `answers.value` is text; a column of a `data_…` view is numeric where the variable
and all its codes are numbers, and text otherwise (dates and times as ISO 8601, which sort and cast).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.store.backends.address import MAX_IDENTIFIER_BYTES, quote_identifier
from survey_cli.store.backends.schema.views import build_row_views
from survey_cli.values import Variable

MAX_COLUMNS: Final = 1500
"""Columns in one view. PostgreSQL allows 1,600, some of which the interview's own columns need."""

FIXED_VIEWS: Final = (
    # jsonb accepts neither NUL nor half a surrogate pair. A journal may hold both, and one such remark must not hide
    # all others.
    r"""CREATE FUNCTION legible(written TEXT) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
    BEGIN
        RETURN written::jsonb;
    EXCEPTION WHEN OTHERS THEN
        RETURN regexp_replace(
            written, '(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\1\\ufffd', 'g'
        )::jsonb;
    END $$""",
    """CREATE VIEW answers AS
    SELECT
        i.id AS interview,
        i.case_key AS case_key,
        i.number AS number,
        i.status AS status,
        v.name AS variable,
        v.turn AS turn,
        v.wording AS question,
        CASE WHEN jsonb_typeof(c.value) <> 'object' THEN c.value #>> '{}' END AS value,
        CASE jsonb_typeof(c.value)
            WHEN 'object' THEN legible(v.declines) -> (c.value ->> 'missing') ->> 1
            ELSE (
                SELECT l.value ->> 1 FROM jsonb_array_elements(legible(v.labels)) AS l (value)
                WHERE l.value -> 0 = c.value
            )
        END AS label,
        CASE jsonb_typeof(c.value) WHEN 'object' THEN c.value ->> 'missing' END AS missing
    FROM interviews i
    JOIN snapshots s ON s.interview = i.id
    CROSS JOIN LATERAL jsonb_array_elements(legible(s.cells)) WITH ORDINALITY AS c (value, place)
    JOIN variables v ON v.instrument = i.instrument AND v.ordinal = c.place - 1
    WHERE i.origin = 'real'
        AND v.personal = 0
        AND jsonb_typeof(c.value) <> 'null'
        AND NOT (v.role = 'words' AND c.value = '""'::jsonb)
        AND NOT (jsonb_typeof(c.value) = 'object' AND c.value ->> 'missing' = 'not_reached')""",
    """CREATE VIEW remarks AS
    SELECT
        i.id AS interview,
        i.case_key AS case_key,
        j.item AS item,
        j.turn AS turn,
        legible(j.payload) ->> 'text' AS remark,
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

OWN_ACCOUNT: Final = (
    "CREATE FUNCTION own_account() RETURNS TEXT LANGUAGE sql STABLE AS 'SELECT session_user::text'",
    # Nobody can write under another account, whatever statement is sent.
    """CREATE FUNCTION set_own_account() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.account := session_user;
        RETURN NEW;
    END $$""",
    *(
        f"CREATE TRIGGER {table}_account BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION set_own_account()"
        for table in ("journal", "case_events")
    ),
)


def build_data_views(name: str, *, content_hash: str, variables: Sequence[Variable]) -> Iterator[str]:
    """Build the statements that create the view of an instrument's data, as `views.build_data_views`."""
    return build_row_views(
        name,
        content_hash=content_hash,
        variables=variables,
        render_column=lambda variable, ordinal: (
            f"{_render_value(variable, ordinal)} AS {quote_identifier(_make_column_name(variable.name, ordinal))}"
        ),
        max_columns=MAX_COLUMNS,
        join="\n    CROSS JOIN LATERAL (SELECT legible(s.cells) AS cells OFFSET 0) AS c",
    )


def _render_value(variable: Variable, ordinal: int) -> str:
    cell = f"c.cells -> {ordinal}"
    kind = f"jsonb_typeof({cell})"
    if variable.storage in ("integer", "decimal") and all(isinstance(code, int) for code in variable.labels):
        return f"CASE {kind} WHEN 'number' THEN ({cell})::numeric END"
    return f"CASE WHEN {kind} <> 'object' THEN {cell} #>> '{{}}' END"


def _make_column_name(name: str, ordinal: int) -> str:
    """Return the name of a variable; one that the server would cut ends in its number, so that it stays unique."""
    if len(name.encode()) <= MAX_IDENTIFIER_BYTES:
        return name
    ending = f"~{ordinal}"
    return name.encode()[: MAX_IDENTIFIER_BYTES - len(ending)].decode(errors="ignore") + ending
