"""SQL statements for cases, portable between SQLite and PostgreSQL.

Where the two need different text, a mapping has both.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from survey_cli.store.backends.connector import Dialect


def _make_skipping_statement(statement: str) -> Mapping[Dialect, str]:
    """Build both forms of a statement that has `{skip}` where it selects rows that nobody else is changing.

    In SQLite there is only one writer at a time.
    """
    return {"sqlite": statement.format(skip=""), "postgresql": statement.format(skip=" FOR UPDATE SKIP LOCKED")}


ROW_COLUMNS: Final = (
    "key, ordinal, seq, stood, status, was, due_at, bucket, rank, code, outcome, attempts, why, "
    "promised_at, promised_until, owner, lease_by, lease_station, lease_until, frame, replicate, mark, updated_at"
)
"""In the order in which `case_records.decode_case_row` receives them."""

VISIBLE: Final = "(arrival = '' OR arrival IN (SELECT id FROM imports WHERE state = 'settling'))"
"""Cases of an incomplete import are invisible. Those of a complete one are visible, although its rows may not all be
in the queue yet."""

STATUS: Final = "CASE status WHEN 'arriving' THEN was ELSE status END"

# A case by its key

ROW: Final = f"SELECT {ROW_COLUMNS} FROM cases WHERE key = ? AND {VISIBLE}"
_LOCK_ROW: Final = f"SELECT {ROW_COLUMNS}, lease_token, link FROM cases WHERE key = ? AND {VISIBLE}"
LOCK_ROW: Final[Mapping[Dialect, str]] = {"sqlite": _LOCK_ROW, "postgresql": f"{_LOCK_ROW} FOR UPDATE"}
WORK_SINCE: Final = """
    SELECT case_key, kind, payload, at, by, station, key FROM case_events
    WHERE by = ? AND at >= ? AND case_key IN (SELECT key FROM cases WHERE updated_at >= ?)
    ORDER BY at, case_key, seq"""
HISTORY: Final = "SELECT kind, payload, at, by, station, key FROM case_events WHERE case_key = ? ORDER BY seq"
EVENT: Final = "SELECT kind, by, station, at FROM case_events WHERE case_key = ? AND seq = ?"
EVENTS_FROM: Final = """
    SELECT kind, payload, at, by, station, key FROM case_events
    WHERE case_key = ? AND seq > ? AND seq <= ? ORDER BY seq"""
HAS_EVENT_KEY: Final = "SELECT key FROM case_events WHERE case_key = ? AND key = ? AND key <> ''"
ADD_EVENT: Final = """
    INSERT INTO case_events (case_key, seq, kind, payload, at, by, station, key, account)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, own_account())"""
ACCOUNTS: Final = "SELECT account FROM case_events WHERE case_key = ? ORDER BY seq"

CONTACT: Final = "SELECT k.link, k.details FROM cases c JOIN case_contacts k ON k.link = c.link WHERE c.key = ?"
KEEP_CONTACT: Final = """
    INSERT INTO case_contacts (link, details, digits, words) VALUES (?, ?, ?, ?) ON CONFLICT (link) DO UPDATE
    SET details = excluded.details, digits = excluded.digits, words = excluded.words"""
DROP_CONTACT: Final = "DELETE FROM case_contacts WHERE link = ?"

# Claiming. The column `was` of a leased case has the status to which it returns when its lease ends.

BY_TOKEN: Final = f"SELECT {ROW_COLUMNS} FROM cases WHERE status = 'leased' AND lease_token = ?"
_CLAIM: Final = f"""
    UPDATE cases SET seq = seq + 1, was = status, status = 'leased', lease_token = ?, lease_by = ?, lease_station = ?,
        lease_until = ?, updated_at = ? WHERE key = (
        SELECT key FROM cases WHERE status = 'ready' AND bucket = ?{{}} ORDER BY rank, key LIMIT 1{{{{skip}}}}
    ) RETURNING {ROW_COLUMNS}"""
CLAIM: Final = _make_skipping_statement(_CLAIM.format(""))
CLAIM_APPOINTMENT: Final = _make_skipping_statement(_CLAIM.format(" AND promised_at <= ?"))
CLAIM_CASE: Final = """
    UPDATE cases SET seq = ?, was = ?, status = 'leased', lease_token = ?, lease_by = ?, lease_station = ?,
        lease_until = ?, updated_at = ?, arrival = '' WHERE key = ?"""
TAKE_OVER: Final = "UPDATE cases SET lease_token = ?, lease_until = ? WHERE key = ?"
RENEW: Final = "UPDATE cases SET lease_until = ? WHERE key = ? AND status = 'leased' AND lease_token = ?"
HAS_LEASE: Final = "SELECT 1 FROM cases WHERE key = ? AND lease_token = ?"
RELEASE: Final = """
    UPDATE cases SET status = was, lease_token = '', lease_by = '', lease_station = '', lease_until = NULL
    WHERE key = ?"""

DUE_NEXT: Final = f"""
    SELECT {ROW_COLUMNS} FROM cases WHERE status = 'waiting' AND due_at IS NOT NULL ORDER BY due_at, key LIMIT ?"""
HAS_DUE: Final = "SELECT 1 FROM cases WHERE status = 'waiting' AND due_at <= ? LIMIT 1"
QUEUE_DUE: Final = _make_skipping_statement("""
    UPDATE cases SET status = 'ready', was = 'ready', why = '' WHERE status = 'waiting' AND key IN (
        SELECT key FROM cases WHERE status = 'waiting' AND due_at <= ? ORDER BY due_at LIMIT ?{skip}
    )""")
EXPIRED_LEASES: Final = """
    SELECT key, lease_by, lease_station, lease_until, lease_token FROM cases
    WHERE status = 'leased' AND lease_until <= ? ORDER BY key"""
EXPIRE_LEASE: Final = """
    UPDATE cases SET seq = seq + 1, status = was, updated_at = lease_until, lease_token = '', lease_by = '',
        lease_station = '', lease_until = NULL
    WHERE key = ? AND status = 'leased' AND lease_token = ? AND lease_until <= ? RETURNING seq"""

# Each bucket is the least one above the last: one step in the index, however many cases a bucket has.
HEADS: Final = """
    WITH RECURSIVE found (bucket) AS (
        SELECT min(bucket) FROM cases WHERE status = 'ready'
        UNION ALL
        SELECT (SELECT min(c.bucket) FROM cases c WHERE c.status = 'ready' AND c.bucket > found.bucket)
        FROM found WHERE found.bucket IS NOT NULL
    )
    SELECT bucket, (
        SELECT c.rank FROM cases c WHERE c.status = 'ready' AND c.bucket = found.bucket
        ORDER BY c.rank, c.key LIMIT 1
    )
    FROM found WHERE bucket IS NOT NULL"""
HEAD_SINCE: Final = """
    SELECT rank FROM cases WHERE status = 'ready' AND bucket = ? AND promised_at <= ? ORDER BY rank, key LIMIT 1"""
QUEUE: Final = f"SELECT {ROW_COLUMNS} FROM cases WHERE status = 'ready' AND bucket = ? ORDER BY rank, key LIMIT ?"
APPOINTMENTS: Final = f"""
    SELECT {ROW_COLUMNS} FROM cases WHERE promised_until IS NOT NULL AND {VISIBLE}{{and_also}}
    ORDER BY promised_until, key"""
DUE_APPOINTMENTS: Final = f"""
    SELECT {ROW_COLUMNS} FROM cases
    WHERE promised_until IS NOT NULL AND promised_at <= ? AND status IN ('waiting', 'ready') AND {VISIBLE}
    ORDER BY promised_until, key LIMIT ?"""
STALE: Final = f"""
    SELECT {ROW_COLUMNS} FROM cases WHERE stood < seq AND status <> 'leased' AND arrival = '' ORDER BY key LIMIT ?"""

# Writing

POSITION_COLUMNS: Final = (
    *("was", "due_at", "bucket", "rank", "code", "outcome", "attempts", "why"),
    *("promised_at", "promised_until", "owner"),
)
"""In the order of `QueuePosition`; the status is stored in `was` while the case is leased."""
SET_POSITION: Final = f"""
    UPDATE cases SET {", ".join(f"{column} = ?" for column in POSITION_COLUMNS)}, stood = ?,
        status = CASE status WHEN 'leased' THEN 'leased' ELSE ? END, arrival = '' WHERE key = ?"""
UPDATE_POSITION: Final = f"""
    UPDATE cases SET {", ".join(f"{column} = ?" for column in POSITION_COLUMNS)}, stood = seq, status = ?, arrival = ''
    WHERE key = ? AND seq = ? AND status <> 'leased' AND {VISIBLE}"""
ADVANCE: Final = "UPDATE cases SET seq = ?, updated_at = ? WHERE key = ?"
SET_FRAME_AND_REPLICATE: Final = "UPDATE cases SET frame = ?, replicate = ? WHERE key = ?"

# Interviews and their cases

_NEWEST: Final = """
    FROM interviews i JOIN cases c ON c.key = i.case_key
    WHERE i.origin = 'real' AND i.status IN ('ended', 'stopped') AND NOT EXISTS (
        SELECT 1 FROM interviews n WHERE n.case_key = i.case_key AND n.origin = 'real' AND n.number > i.number
    )"""
CLOSED_INTERVIEWS_LEASED: Final = f"SELECT i.id {_NEWEST} AND c.status = 'leased' ORDER BY i.id"
CLOSED_INTERVIEWS_UNRECORDED: Final = f"""
    SELECT i.id {_NEWEST} AND NOT EXISTS (
        SELECT 1 FROM case_events e WHERE e.case_key = i.case_key AND e.kind = 'called' AND e.at >= i.updated_at
            AND e.payload LIKE '%"outcome":"' || i.outcome || '"%'
    ) ORDER BY i.id"""
"""Finished interviews whose case has no call with that outcome at or after their end. Callers judge the rest of the
history."""

# Lists

KEYS: Final = f"SELECT key FROM cases WHERE {VISIBLE} ORDER BY key"
COUNTS: Final = f"SELECT {STATUS}, outcome, code, count(*) FROM cases WHERE {VISIBLE} GROUP BY 1, outcome, code"
GROUPS: Final = f"""
    SELECT CASE WHEN {STATUS} = 'waiting' AND due_at <= ? THEN 'ready' ELSE {STATUS} END,
        CASE WHEN {STATUS} IN ('ready', 'waiting') THEN bucket ELSE '' END,
        CASE WHEN {STATUS} = 'waiting' THEN why ELSE '' END,
        CASE WHEN promised_at IS NULL THEN 0 ELSE 1 END,
        CASE WHEN promised_at <= ? THEN 1 ELSE 0 END,
        count(*) FROM cases WHERE {VISIBLE} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""
_HIDDEN_CASES: Final = """(
    SELECT key FROM cases
    WHERE arrival <> '' AND arrival NOT IN (SELECT id FROM imports WHERE state = 'settling')
)"""
HISTORIES: Final = f"""
    SELECT case_key, kind, payload, at, by, station, key FROM case_events
    WHERE case_key NOT IN {_HIDDEN_CASES}{{and_also}} ORDER BY case_key, seq"""
_HAS_EVENT: Final = " AND case_key IN (SELECT case_key FROM case_events WHERE kind IN ({}))"
HAS_CORRECTION: Final = _HAS_EVENT.format("'corrected'")
WITH_ACTIVITY: Final = _HAS_EVENT.format("'claimed', 'called', 'numbermarked'")
"""These two may follow the conditions of HISTORIES."""
CONTACTS: Final = f"""
    SELECT c.key, k.link, k.details FROM cases c JOIN case_contacts k ON k.link = c.link WHERE {VISIBLE}
    ORDER BY c.ordinal, c.key"""
SEARCH: Final = f"""
    SELECT {", ".join(f"c.{column}" for column in ROW_COLUMNS.split(", "))}, k.details
    FROM cases c LEFT JOIN case_contacts k ON k.link = c.link WHERE {VISIBLE} AND (
        lower(c.key) LIKE ? ESCAPE '!' OR k.words LIKE ? ESCAPE '!' OR k.digits LIKE ? ESCAPE '!'
        OR (k.words LIKE ? ESCAPE '!' AND {{unified_words}} LIKE ? ESCAPE '!')
    )
    ORDER BY c.ordinal, c.key LIMIT ?"""
"""Few words match the first pattern of the last line, so that spellings are unified in these alone."""

# Imports

BEGIN_IMPORT: Final = """
    INSERT INTO imports (id, at, by, file, cases, state) VALUES (?, ?, ?, ?, 0, 'arriving')
    ON CONFLICT (id) DO NOTHING"""
GROW_IMPORT: Final = "UPDATE imports SET cases = cases + ? WHERE id = ? AND state = 'arriving'"
MOVE_IMPORT: Final = "UPDATE imports SET state = ? WHERE id = ? AND state = ?"
IMPORTS_IN: Final = "SELECT id FROM imports WHERE state = ? ORDER BY at, id"
IMPORTS_BEFORE: Final = "SELECT id FROM imports WHERE state = 'arriving' AND at < ? ORDER BY at, id"
IMPORTS: Final = "SELECT id, at, by, file, cases FROM imports WHERE state IN ('settling', 'settled') ORDER BY at, id"
FORGET_IMPORT: Final = "DELETE FROM imports WHERE id = ? AND state = 'given up'"
INSERT_IMPORTED_CASE: Final = f"""
    INSERT INTO cases (key, ordinal, seq, stood, status, {", ".join(POSITION_COLUMNS)}, lease_token, lease_by,
        lease_station, lease_until, frame, replicate, link, mark, arrival, updated_at)
    VALUES (?, ?, ?, ?, 'arriving', {", ".join("?" * len(POSITION_COLUMNS))}, '', '', '', NULL, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO NOTHING"""
IMPORT_OF_CASE: Final = """
    SELECT c.arrival, i.state FROM cases c LEFT JOIN imports i ON i.id = c.arrival WHERE c.key = ?"""
QUEUE_IMPORTED_CASES: Final = _make_skipping_statement("""
    UPDATE cases SET status = was, arrival = '' WHERE key IN (
        SELECT key FROM cases WHERE arrival = ? AND arrival <> '' ORDER BY ordinal LIMIT ?{skip}
    )""")
SETTLE_IMPORT: Final = """
    UPDATE imports SET state = 'settled' WHERE id = ? AND state = 'settling'
        AND NOT EXISTS (SELECT 1 FROM cases WHERE arrival = ? AND arrival <> '')"""
IMPORTED_CASES: Final = "SELECT key, link FROM cases WHERE arrival = ? AND arrival <> '' LIMIT ?"
ANALYZE_CASES: Final[Mapping[Dialect, str]] = {
    "sqlite": "PRAGMA analysis_limit = 400; PRAGMA optimize",
    "postgresql": "ANALYZE cases",
}
"""Refreshes the statistics by which the engine chooses indexes."""


def build_search(spellings: Iterable[tuple[str, str]]) -> str:
    """Build the statement of a search in which these spellings, each with what it is replaced by, are the same."""
    words = "k.words"
    for spelling, unified in spellings:
        words = "replace({}, '{}', '{}')".format(words, *(text.replace("'", "''") for text in (spelling, unified)))
    return SEARCH.format(unified_words=words)


def build_rows_query(values: Mapping[str, str], *, limit: int | None) -> tuple[str, tuple[str | int, ...]]:
    """Build the statement for the cases with these values of columns, in the order of the sample, and its parameters."""
    # Leased cases are few, and have an index of their own.
    leased = " AND status = 'leased'" if values.get("status") == "leased" else ""
    conditions = "".join(f" AND {STATUS if column == 'status' else column} = ?" for column in values)
    limiting = " LIMIT ?" if limit is not None else ""
    statement = f"SELECT {ROW_COLUMNS} FROM cases WHERE {VISIBLE}{leased}{conditions} ORDER BY ordinal, key{limiting}"
    return statement, (*values.values(), *((limit,) if limit is not None else ()))
