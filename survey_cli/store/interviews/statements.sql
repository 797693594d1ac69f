-- SQL statements for instruments and interviews, portable between SQLite and PostgreSQL.
--
-- {NAME} stands for an earlier statement, {lock} and {skip} for what locks rows on a server: see
-- `backends/statements.py`. Other placeholders are filled in where the statement is run.

-- name: INTERVIEW_COLUMNS
-- In the order of `InterviewRow`.
id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome, last_seq, at_item, answered

-- name: HAS_CASE
SELECT 1 FROM cases WHERE key = ?

-- name: KEEP_INSTRUMENT
INSERT INTO instruments (hash, id, version, title, texts, kept_at, data_view, digest, edition)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING

-- name: INSTRUMENTS
SELECT hash, id, version, title, texts, kept_at, edition FROM instruments ORDER BY kept_at, hash

-- name: MAY_PUBLISH
SELECT has_schema_privilege(current_schema(), 'CREATE')

-- name: NEWEST_TIMES
SELECT max(at) FROM imports UNION ALL SELECT max(at) FROM backups
UNION ALL SELECT (
    SELECT i.began_at FROM interviews i WHERE i.instrument = n.hash AND i.origin <> 'simulated'
    ORDER BY i.began_at DESC LIMIT 1
) FROM instruments n

-- name: LATER_EVENTS
SELECT j.interview, count(*), max(j.at) FROM journal j JOIN interviews i ON i.id = j.interview
WHERE j.at > ? AND i.origin <> 'simulated'{among} GROUP BY j.interview ORDER BY j.interview

-- name: AMONG_BEGUN_LATER
-- This and the next find by an index which interviews and cases may have later entries.
AND j.interview IN (SELECT b.id FROM instruments n JOIN interviews b ON b.instrument = n.hash AND b.began_at > ?)

-- name: LATER_CASE_EVENTS
SELECT case_key, count(*), max(at) FROM case_events WHERE at > ?{among} GROUP BY case_key ORDER BY case_key

-- name: AMONG_CHANGED_LATER
AND case_key IN (SELECT key FROM cases WHERE updated_at > ? AND seq > 1)

-- name: STORED_TEXT
SELECT hash, texts, edition FROM instruments WHERE hash = ?

-- name: INSTRUMENT
SELECT hash, id, version, title, texts, kept_at, data_view, digest FROM instruments WHERE hash = ?

-- name: DATA_VIEWS
SELECT data_view FROM instruments

-- name: VARIABLE_COLUMNS
name, label, storage, measure, decimals, labels, user_missing, declines, wording, item, turn, option, role, personal

-- name: KEEP_VARIABLE
INSERT INTO variables (instrument, ordinal, {VARIABLE_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: VARIABLES
SELECT {VARIABLE_COLUMNS} FROM variables WHERE instrument = ? ORDER BY ordinal

-- name: NUMBERED_VARIABLES
SELECT ordinal, {VARIABLE_COLUMNS} FROM variables WHERE instrument = ? ORDER BY ordinal

-- name: ROWS
SELECT {INTERVIEW_COLUMNS} FROM interviews {where} ORDER BY began_at, id

-- name: START
INSERT INTO interviews ({INTERVIEW_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: ADD_EVENT
-- `own_account()` is a function of the connection: the account that writes, which may differ from the name in `by`.
INSERT INTO journal (interview, seq, kind, item, turn, payload, at, by, station, account)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, own_account())

-- name: ADVANCE
UPDATE interviews SET last_seq = ?, status = ?, outcome = ?, at_item = ?, answered = ?, by = ?, updated_at = ?
WHERE id = ? AND last_seq = ?

-- name: ADVANCE_WITH_LEASE
-- Only the holder of the lease writes to an interview of a leased case.
{ADVANCE} AND EXISTS (SELECT 1 FROM cases WHERE key = ? AND lease_token = ?)

-- name: _APPEND
-- ADVANCE, ADD_EVENT and DROP_DRAFT_AT in one statement: one round trip to the server for an answer, not five.
RETURNING id, last_seq
), dropped AS (
    DELETE FROM drafts WHERE interview IN (SELECT id FROM advanced) AND ? IN (place, '*')
)
INSERT INTO journal (interview, seq, kind, item, turn, payload, at, by, station, account)
SELECT id, last_seq, ?, ?, CAST(? AS INTEGER), ?, ?, ?, ?, own_account() FROM advanced

-- name: APPEND_WITHOUT_LEASE
WITH advanced AS ({ADVANCE} {_APPEND}

-- name: APPEND_WITH_LEASE
-- FOR SHARE waits for a claim that is being written, and sees its token.
WITH fence AS (SELECT key FROM cases WHERE key = ? AND lease_token = ? FOR SHARE),
advanced AS ({ADVANCE} AND EXISTS (SELECT 1 FROM fence) {_APPEND}

-- name: REWRITE_LINE
UPDATE journal SET payload = ? WHERE interview = ? AND seq = ?

-- name: SET_STATUS
UPDATE interviews SET status = ?, outcome = ?, at_item = '', answered = 0 WHERE id = ?

-- name: FIRST_OF_CASE
SELECT id FROM interviews WHERE case_key = ? AND number = ? AND origin = ?

-- name: EVENT
SELECT kind, item, turn, payload, at, by, station FROM journal WHERE interview = ? AND seq = ?

-- name: JOURNAL
SELECT kind, item, turn, payload, at, by, station FROM journal WHERE interview = ? AND seq > ? ORDER BY seq

-- name: ACCOUNTS
SELECT account FROM journal WHERE interview = ? ORDER BY seq

-- name: KEEP_DRAFT
INSERT INTO drafts (interview, place, text, at) VALUES (?, ?, ?, ?)
ON CONFLICT (interview) DO UPDATE SET place = excluded.place, text = excluded.text, at = excluded.at

-- name: DRAFT
SELECT place, text, at FROM drafts WHERE interview = ?

-- name: DROP_DRAFT_AT
-- The place, or * for any.
DELETE FROM drafts WHERE interview = ? AND ? IN (place, '*')

-- name: DROP_DRAFT
DELETE FROM drafts WHERE interview = ?

-- name: KEEP_SNAPSHOT
INSERT INTO snapshots (interview, seq, engine, cells, digest) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (interview) DO UPDATE
SET seq = excluded.seq, engine = excluded.engine, cells = excluded.cells, digest = excluded.digest

-- name: KEEP_DATA
-- The snapshot is of the next event too, which changes no data.
UPDATE snapshots SET seq = ? WHERE interview = ? AND seq = ?

-- name: KEEP_CONTACT
INSERT INTO contacts (interview, details, digest) VALUES (?, ?, ?)
ON CONFLICT (interview) DO UPDATE SET details = excluded.details, digest = excluded.digest

-- name: INTERVIEW_HEAD
-- The columns of an interview that an export has, in the order of `ExportRow`.
SELECT id, case_key, number, origin, status, outcome, began_at, updated_at, by FROM interviews WHERE id = ?

-- name: DROP_CONTACT
DELETE FROM contacts WHERE interview = ?

-- name: EXPORT_ROWS
SELECT i.id, i.case_key, i.number, i.origin, i.status, i.outcome, i.began_at, i.updated_at, i.by,
    s.engine, s.cells, s.digest, {language}{details} FROM interviews i
LEFT JOIN snapshots s ON s.interview = i.id AND s.seq = i.last_seq{join} WHERE i.instrument = ?{and_also}
ORDER BY i.began_at, i.id

-- name: COMPUTED_VALUES
SELECT j.interview, j.kind, j.item, j.turn, j.payload, j.at, j.by, j.station
FROM interviews i JOIN journal j ON j.interview = i.id
WHERE i.origin = ? AND (i.status = 'open' OR i.outcome = 'complete') AND i.id <> ?
    AND j.kind = 'lookedup' AND j.item = ? ORDER BY j.interview, j.seq

-- name: CODINGS
-- With `kind = 'coded'` written out, so that the index of codings is used.
SELECT interview, kind, item, turn, payload, at, by, station FROM journal
WHERE kind = 'coded' AND item = ? AND at <= ? ORDER BY interview, seq

-- name: REVIEWS
-- With `kind = 'reviewed'` written out, so that the index of reviews is used.
SELECT interview, kind, item, turn, payload, at, by, station FROM journal
WHERE kind = 'reviewed' AND at <= ? ORDER BY interview, seq

-- name: HAS_INTERVIEWS
SELECT 1 FROM interviews WHERE instrument = ? AND origin IN ('real', 'imported') LIMIT 1

-- name: STORED_INTERVIEWS
SELECT i.id, i.case_key, i.instrument, i.began_at, i.by, i.updated_at, i.origin, i.number, i.status,
    i.outcome, i.last_seq, i.at_item, i.answered,
    s.seq, s.engine, s.cells, s.digest, c.details, c.digest FROM interviews i
LEFT JOIN snapshots s ON s.interview = i.id
LEFT JOIN contacts c ON c.interview = i.id WHERE i.instrument = ? ORDER BY i.began_at, i.id

-- name: COUNT_INTERVIEWS
SELECT count(*) FROM (SELECT 1 FROM interviews i WHERE i.instrument = ?{and_also} LIMIT ?) counted
