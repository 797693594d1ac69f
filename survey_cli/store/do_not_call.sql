-- SQL statements of the do-not-call list.

-- name: NUMBERS_TABLE
CREATE TABLE IF NOT EXISTS never_call (
    hash TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL
){by_key}

-- name: KEY_TABLE
CREATE TABLE IF NOT EXISTS never_call_key (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    key TEXT NOT NULL
)

-- name: REMOVED_TABLE
-- Created when a number is first removed; lists of earlier versions have none.
CREATE TABLE IF NOT EXISTS never_call_taken_off (
    hash TEXT NOT NULL,
    listed_at TEXT NOT NULL,
    listed_reason TEXT NOT NULL,
    listed_by TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL
)

-- name: NEW_KEY
INSERT INTO never_call_key (one, key) VALUES (1, {random}) ON CONFLICT (one) DO NOTHING

-- name: RANDOM_KEY_SQLITE
-- The engine draws the key once, when the list is created. Both engines use the randomness of the system.
SELECT lower(hex(randomblob(32)))

-- name: RANDOM_KEY_POSTGRESQL
replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')

-- name: KEY_ACCESS
SELECT has_table_privilege('survey_shared.never_call_key', 'SELECT'),
    to_regprocedure('survey_shared.never_call_hash(text)') IS NOT NULL,
    has_table_privilege('survey_shared.never_call', 'INSERT')

-- name: KEY
SELECT key FROM never_call_key

-- name: ADD
INSERT INTO never_call (hash, at, reason, by) VALUES (?, ?, ?, ?)
ON CONFLICT (hash) DO UPDATE SET at = excluded.at, reason = excluded.reason, by = excluded.by
WHERE excluded.at < never_call.at

-- name: SELECT_LISTED
SELECT hash FROM never_call WHERE hash IN ({marks})

-- name: FIND_ENTRY
SELECT at, reason, by FROM never_call WHERE hash = ?

-- name: REMOVE
DELETE FROM never_call WHERE hash = ?

-- name: RECORD_REMOVAL
INSERT INTO never_call_taken_off (hash, listed_at, listed_reason, listed_by, at, reason, by)
SELECT hash, at, reason, by, ?, ?, ? FROM never_call WHERE hash = ?

-- name: LAST_REMOVAL
SELECT at, reason, by FROM never_call_taken_off WHERE hash = ? ORDER BY at DESC LIMIT 1

-- name: COUNT
SELECT count(*) FROM never_call
