"""SQL statements for instruments and interviews, portable between SQLite and PostgreSQL.

Parameters are `?` in order; a connector replaces them where its driver uses another placeholder.
"""

from typing import Final

INTERVIEW_COLUMNS: Final = (
    "id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome, last_seq, at_item, answered"
)
"""In the order of `InterviewRow`."""

HAS_CASE: Final = "SELECT 1 FROM cases WHERE key = ?"
KEEP_INSTRUMENT: Final = """
    INSERT INTO instruments (hash, id, version, title, texts, kept_at, data_view, digest)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING"""
INSTRUMENTS: Final = "SELECT hash, id, version, title, texts, kept_at FROM instruments ORDER BY kept_at, hash"
MAY_PUBLISH: Final = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
NEWEST_TIMES: Final = """
    SELECT max(at) FROM imports UNION ALL SELECT max(at) FROM backups
    UNION ALL SELECT (
        SELECT i.began_at FROM interviews i WHERE i.instrument = n.hash AND i.origin <> 'simulated'
        ORDER BY i.began_at DESC LIMIT 1
    ) FROM instruments n"""
LATER_EVENTS: Final = """
    SELECT j.interview, count(*), max(j.at) FROM journal j JOIN interviews i ON i.id = j.interview
    WHERE j.at > ? AND i.origin <> 'simulated' GROUP BY j.interview ORDER BY j.interview"""
LATER_CASE_EVENTS: Final = """
    SELECT case_key, count(*), max(at) FROM case_events WHERE at > ? GROUP BY case_key ORDER BY case_key"""
TEXTS: Final = "SELECT texts FROM instruments WHERE hash = ?"
INSTRUMENT: Final = """
    SELECT hash, id, version, title, texts, kept_at, data_view, digest FROM instruments WHERE hash = ?"""
DATA_VIEWS: Final = "SELECT data_view FROM instruments"

VARIABLE_COLUMNS: Final = (
    "name, label, storage, measure, decimals, labels, user_missing, declines, "
    "wording, item, turn, option, role, personal"
)
KEEP_VARIABLE: Final = f"""
    INSERT INTO variables (instrument, ordinal, {VARIABLE_COLUMNS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
VARIABLES: Final = f"SELECT {VARIABLE_COLUMNS} FROM variables WHERE instrument = ? ORDER BY ordinal"
NUMBERED_VARIABLES: Final = f"SELECT ordinal, {VARIABLE_COLUMNS} FROM variables WHERE instrument = ? ORDER BY ordinal"

START: Final = f"""
    INSERT INTO interviews ({INTERVIEW_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""
ADD_EVENT: Final = """
    INSERT INTO journal (interview, seq, kind, item, turn, payload, at, by, station, account)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, own_account())"""
"""`own_account()` is a function of the connection: the account that writes, which may differ from the name in `by`."""
ADVANCE: Final = """
    UPDATE interviews SET last_seq = ?, status = ?, outcome = ?, at_item = ?, answered = ?, by = ?, updated_at = ?
    WHERE id = ? AND last_seq = ?"""
WITH_LEASE: Final = " AND EXISTS (SELECT 1 FROM cases WHERE key = ? AND lease_token = ?)"
"""Follows ADVANCE: only the holder of the lease writes to an interview of a leased case."""
APPEND_ON_SERVER: Final = """
    WITH {fence}advanced AS (
        UPDATE interviews
        SET last_seq = ?, status = ?, outcome = ?, at_item = ?, answered = ?, by = ?, updated_at = ?
        WHERE id = ? AND last_seq = ?{fenced}
        RETURNING id, last_seq
    ), dropped AS (
        DELETE FROM drafts WHERE interview IN (SELECT id FROM advanced) AND ? = 1
    )
    INSERT INTO journal (interview, seq, kind, item, turn, payload, at, by, station, account)
    SELECT id, last_seq, ?, ?, CAST(? AS INTEGER), ?, ?, ?, ?, own_account() FROM advanced"""
"""ADVANCE, ADD_EVENT and, with 1, DROP_DRAFT in one statement: one round trip to the server for an answer, not five."""
APPEND_WITHOUT_LEASE: Final = APPEND_ON_SERVER.format(fence="", fenced="")
APPEND_WITH_LEASE: Final = APPEND_ON_SERVER.format(
    # FOR SHARE waits for a claim that is being written, and sees its token.
    fence="fence AS (SELECT key FROM cases WHERE key = ? AND lease_token = ? FOR SHARE), ",
    fenced=" AND EXISTS (SELECT 1 FROM fence)",
)
REWRITE_LINE: Final = "UPDATE journal SET payload = ? WHERE interview = ? AND seq = ?"
SET_STATUS: Final = "UPDATE interviews SET status = ?, outcome = ?, at_item = '', answered = 0 WHERE id = ?"
FIRST_OF_CASE: Final = "SELECT id FROM interviews WHERE case_key = ? AND number = ? AND origin = ?"
EVENT: Final = "SELECT kind, item, turn, payload, at, by, station FROM journal WHERE interview = ? AND seq = ?"
JOURNAL: Final = "SELECT kind, item, turn, payload, at, by, station FROM journal WHERE interview = ? ORDER BY seq"

KEEP_DRAFT: Final = """
    INSERT INTO drafts (interview, place, text, at) VALUES (?, ?, ?, ?)
    ON CONFLICT (interview) DO UPDATE SET place = excluded.place, text = excluded.text, at = excluded.at"""
DRAFT: Final = "SELECT place, text, at FROM drafts WHERE interview = ?"
DROP_DRAFT: Final = "DELETE FROM drafts WHERE interview = ?"

KEEP_SNAPSHOT: Final = """
    INSERT INTO snapshots (interview, seq, engine, cells, digest) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (interview) DO UPDATE
    SET seq = excluded.seq, engine = excluded.engine, cells = excluded.cells, digest = excluded.digest"""
KEEP_DATA: Final = "UPDATE snapshots SET seq = ? WHERE interview = ? AND seq = ?"
"""The snapshot is of the next event too, which changes no data."""
KEEP_CONTACT: Final = """
    INSERT INTO contacts (interview, details, digest) VALUES (?, ?, ?)
    ON CONFLICT (interview) DO UPDATE SET details = excluded.details, digest = excluded.digest"""
INTERVIEW_HEAD: Final = """
    SELECT id, case_key, number, origin, status, outcome, began_at, updated_at, by FROM interviews WHERE id = ?"""
"""The columns of an interview that an export has, in the order of `ExportRow`."""
DROP_CONTACT: Final = "DELETE FROM contacts WHERE interview = ?"

_ROW: Final = ", ".join(f"i.{column}" for column in INTERVIEW_COLUMNS.split(", "))
EXPORT_ROWS: Final = """
    SELECT i.id, i.case_key, i.number, i.origin, i.status, i.outcome, i.began_at, i.updated_at, i.by,
        s.engine, s.cells, s.digest{details} FROM interviews i
    LEFT JOIN snapshots s ON s.interview = i.id AND s.seq = i.last_seq{join} WHERE i.instrument = ?{and_also}
    ORDER BY i.began_at, i.id"""

COMPUTED_VALUES: Final = """
    SELECT j.interview, j.kind, j.item, j.turn, j.payload, j.at, j.by, j.station
    FROM interviews i JOIN journal j ON j.interview = i.id
    WHERE i.origin = ? AND (i.status = 'open' OR i.outcome = 'complete') AND i.id <> ?
        AND j.kind = 'lookedup' AND j.item = ? ORDER BY j.interview, j.seq"""
CODINGS: Final = """
    SELECT interview, kind, item, turn, payload, at, by, station FROM journal
    WHERE kind = 'coded' AND item = ? AND at <= ? ORDER BY interview, seq"""
"""With `kind = 'coded'` written out, so that the index of codings is used."""
HAS_INTERVIEWS: Final = "SELECT 1 FROM interviews WHERE instrument = ? AND origin IN ('real', 'imported') LIMIT 1"
STORED_INTERVIEWS: Final = f"""
    SELECT {_ROW}, s.seq, s.engine, s.cells, s.digest, c.details, c.digest FROM interviews i
    LEFT JOIN snapshots s ON s.interview = i.id
    LEFT JOIN contacts c ON c.interview = i.id WHERE i.instrument = ? ORDER BY i.began_at, i.id"""
COUNT_INTERVIEWS: Final = "SELECT count(*) FROM interviews i WHERE i.instrument = ?{and_also}"


def build_interviews_query(**values: str | None) -> tuple[str, tuple[str, ...]]:
    """Build the statement for the interviews with these values of columns, and its parameters. None is any value."""
    conditions = {column: value for column, value in values.items() if value is not None}
    where = f"WHERE {' AND '.join(f'{column} = ?' for column in conditions)}" if conditions else ""
    return f"SELECT {INTERVIEW_COLUMNS} FROM interviews {where} ORDER BY began_at, id", tuple(conditions.values())


def build_export_query(*, origins: tuple[str, ...], statuses: tuple[str, ...], personal: bool) -> str:
    """Build the statement for the rows of an export. Its parameters are the instrument, the origins, the statuses."""
    return EXPORT_ROWS.format(
        details=", c.details, c.digest" if personal else "",
        join="\n    LEFT JOIN contacts c ON c.interview = s.interview" if personal else "",
        and_also=_build_conditions(origins, statuses),
    )


def build_count_query(*, origins: tuple[str, ...], statuses: tuple[str, ...]) -> str:
    """Build the statement that counts the rows of an export, with the same parameters."""
    return COUNT_INTERVIEWS.format(and_also=_build_conditions(origins, statuses))


def _build_conditions(origins: tuple[str, ...], statuses: tuple[str, ...]) -> str:
    return "".join(
        f" AND i.{column} IN ({', '.join('?' * len(values))})"
        for column, values in (("origin", origins), ("status", statuses))
        if values
    )
