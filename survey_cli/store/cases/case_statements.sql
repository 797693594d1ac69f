-- SQL statements for cases, portable between SQLite and PostgreSQL.
--
-- {NAME} stands for an earlier statement, {lock} and {skip} for what locks rows on a server: see
-- `backends/statements.py`. Other placeholders are filled in where the statement is run.

-- name: ROW_COLUMNS
-- In the order in which `case_records.decode_case_row` receives them.
key, ordinal, seq, stood, status, was, due_at, bucket, rank, code, outcome, attempts, why, promised_at, promised_until,
owner, activity, lease_by, lease_station, lease_until, frame, replicate, mark, updated_at, counted, rules

-- name: VISIBLE
-- Cases of an incomplete import are invisible. Those of a complete one are visible, although its rows may not all be in
-- the queue yet.
(arrival = '' OR arrival IN (SELECT id FROM imports WHERE state = 'settling'))

-- name: STATUS
CASE status WHEN 'arriving' THEN was ELSE status END

-- name: ROW
SELECT {ROW_COLUMNS} FROM cases WHERE key = ? AND {VISIBLE}

-- name: LOCK_ROW
SELECT {ROW_COLUMNS}, lease_token, link FROM cases WHERE key = ? AND {VISIBLE}{lock}

-- name: WORK_SINCE
-- Calls and corrections of others tell whose call a correction concerns, their returns which case a supervisor freed.
SELECT case_key, kind, payload, at, by, station, key FROM case_events
WHERE (by = coalesce(?, by) OR kind IN ('called', 'corrected', 'returned')) AND at >= ?
    AND case_key IN (SELECT key FROM cases WHERE updated_at >= ? AND seq > 1)
ORDER BY at, case_key, seq

-- name: LATEST_ROWS
SELECT {ROW_COLUMNS} FROM cases WHERE seq > 1 ORDER BY updated_at DESC LIMIT ?

-- name: LAST_ENTRIES
SELECT by, max(at) FROM case_events WHERE case_key IN (SELECT key FROM ({LATEST_ROWS}) AS latest) GROUP BY by

-- name: HISTORY
SELECT kind, payload, at, by, station, key FROM case_events WHERE case_key = ? ORDER BY seq

-- name: EVENT
SELECT kind, by, station, at FROM case_events WHERE case_key = ? AND seq = ?

-- name: EVENTS_FROM
SELECT kind, payload, at, by, station, key FROM case_events
WHERE case_key = ? AND seq > ? AND seq <= ? ORDER BY seq

-- name: HAS_EVENT_KEY
SELECT key FROM case_events WHERE case_key = ? AND key = ? AND key <> ''

-- name: ADD_EVENT
INSERT INTO case_events (case_key, seq, kind, payload, at, by, station, key, account)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, own_account())

-- name: ACCOUNTS
SELECT account FROM case_events WHERE case_key = ? ORDER BY seq

-- name: CONTACT
SELECT k.link, k.details FROM cases c JOIN case_contacts k ON k.link = c.link WHERE c.key = ?

-- name: KEEP_CONTACT
INSERT INTO case_contacts (link, details, digits, words) VALUES (?, ?, ?, ?) ON CONFLICT (link) DO UPDATE
SET details = excluded.details, digits = excluded.digits, words = excluded.words

-- name: DROP_CONTACT
DELETE FROM case_contacts WHERE link = ?

-- name: BY_TOKEN
SELECT {ROW_COLUMNS} FROM cases WHERE status = 'leased' AND lease_token = ?

-- name: _CLAIM
UPDATE cases SET seq = seq + 1, was = status, status = 'leased', lease_token = ?, lease_by = ?, lease_station = ?,
    lease_until = ?, updated_at = ? WHERE key = (SELECT key FROM cases WHERE status = 'ready' AND bucket = ?

-- name: _FIRST
ORDER BY rank, key LIMIT 1{skip}) RETURNING {ROW_COLUMNS}

-- name: CLAIM
{_CLAIM} {_FIRST}

-- name: CLAIM_APPOINTMENT
{_CLAIM} AND promised_at <= ? {_FIRST}

-- name: CLAIM_CASE
UPDATE cases SET seq = ?, was = ?, status = 'leased', lease_token = ?, lease_by = ?, lease_station = ?,
    lease_until = ?, updated_at = ?, arrival = '' WHERE key = ?

-- name: TAKE_OVER
UPDATE cases SET lease_token = ?, lease_station = ?, lease_until = ? WHERE key = ?

-- name: RENEW
UPDATE cases SET lease_until = ? WHERE key = ? AND status = 'leased' AND lease_token = ?

-- name: HAS_LEASE
SELECT 1 FROM cases WHERE key = ? AND lease_token = ?

-- name: RELEASE
UPDATE cases SET status = was, lease_token = '', lease_by = '', lease_station = '', lease_until = NULL
WHERE key = ?

-- name: DUE_NEXT
SELECT {ROW_COLUMNS} FROM cases WHERE status = 'waiting' AND due_at IS NOT NULL ORDER BY due_at, key LIMIT ?

-- name: HAS_DUE
SELECT 1 FROM cases WHERE status = 'waiting' AND due_at <= ? LIMIT 1

-- name: QUEUE_DUE
UPDATE cases SET status = 'ready', was = 'ready', why = '' WHERE status = 'waiting' AND key IN (
    SELECT key FROM cases WHERE status = 'waiting' AND due_at <= ? ORDER BY due_at LIMIT ?{skip}
)

-- name: EXPIRED_LEASES
SELECT key, lease_by, lease_station, lease_until, lease_token FROM cases
WHERE status = 'leased' AND lease_until <= ? ORDER BY key

-- name: EXPIRE_LEASE
UPDATE cases SET seq = seq + 1, status = was, updated_at = lease_until, lease_token = '', lease_by = '',
    lease_station = '', lease_until = NULL
WHERE key = ? AND status = 'leased' AND lease_token = ? AND lease_until <= ? RETURNING seq

-- name: HEADS
-- Each bucket is the least one above the last: one step in the index, however many cases a bucket has.
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
FROM found WHERE bucket IS NOT NULL

-- name: HEAD_SINCE
SELECT rank FROM cases WHERE status = 'ready' AND bucket = ? AND promised_at <= ? ORDER BY rank, key LIMIT 1

-- name: QUEUE
SELECT {ROW_COLUMNS} FROM cases WHERE status = 'ready' AND bucket = ? ORDER BY rank, key LIMIT ?

-- name: READY_FROM
-- In the order of `scheduling.QueuedCase`.
SELECT rank, key, seq, bucket, promised_at FROM cases
WHERE status = 'ready' AND bucket = ? AND (rank, key) > (?, ?) ORDER BY rank, key LIMIT ?

-- name: WAITING_FROM
SELECT due_at, rank, key, seq, bucket, promised_at FROM cases
WHERE status = 'waiting' AND due_at >= ? AND (due_at, rank, key) > (?, ?, ?) ORDER BY due_at, rank, key LIMIT ?

-- name: APPOINTMENTS
SELECT {ROW_COLUMNS} FROM cases WHERE promised_until IS NOT NULL AND {VISIBLE}{and_also}
ORDER BY promised_until, key

-- name: LEASED
SELECT {ROW_COLUMNS} FROM cases WHERE status = 'leased'{and_also} ORDER BY ordinal, key

-- name: DUE_APPOINTMENTS
SELECT {ROW_COLUMNS} FROM cases
WHERE promised_until IS NOT NULL AND promised_at <= ? AND status IN ('waiting', 'ready') AND {VISIBLE}
ORDER BY promised_until, key LIMIT ?

-- name: STALE
-- The queue position or the counts are older than the last event: a lease expired, or an earlier version wrote it.
SELECT {ROW_COLUMNS} FROM cases WHERE counted < seq AND seq > 1 AND status <> 'leased' AND arrival = ''
ORDER BY key LIMIT ?

-- name: OUTDATED
-- Whoever writes a position without its rules is an earlier version: see `schema/queuerules.sql`.
SELECT {ROW_COLUMNS} FROM cases WHERE rules < ? AND status <> 'leased' AND arrival = '' LIMIT ?

-- name: SET_POSITION
-- In the order of `encode_queue_position`; the status is stored in `was` while the case is leased.
UPDATE cases SET was = ?, due_at = ?, bucket = ?, rank = ?, code = ?, outcome = ?, attempts = ?, why = ?,
    promised_at = ?, promised_until = ?, owner = ?, activity = ?, rules = ?, derivations = derivations + 1,
    stood = ?, counted = ?, status = CASE status WHEN 'leased' THEN 'leased' ELSE ? END, arrival = '' WHERE key = ?

-- name: UPDATE_POSITION
UPDATE cases SET was = ?, due_at = ?, bucket = ?, rank = ?, code = ?, outcome = ?, attempts = ?, why = ?,
    promised_at = ?, promised_until = ?, owner = ?, activity = ?, rules = ?, derivations = derivations + 1,
    stood = seq, counted = seq, status = ?, arrival = ''
WHERE key = ? AND seq = ? AND status <> 'leased' AND {VISIBLE}

-- name: ADVANCE
UPDATE cases SET seq = ?, updated_at = ? WHERE key = ?

-- name: SET_FRAME_AND_REPLICATE
UPDATE cases SET frame = ?, replicate = ? WHERE key = ?

-- name: _NEWEST
FROM interviews i JOIN cases c ON c.key = i.case_key
WHERE i.origin = 'real' AND i.status IN ('ended', 'stopped') AND NOT EXISTS (
    SELECT 1 FROM interviews n WHERE n.case_key = i.case_key AND n.origin = 'real' AND n.number > i.number
)

-- name: CLOSED_INTERVIEWS_LEASED
SELECT i.id {_NEWEST} AND c.status = 'leased' ORDER BY i.id

-- name: CLOSED_INTERVIEWS_UNRECORDED
-- Finished interviews whose case has no call with that outcome at or after their end. Callers judge the rest of the
-- history.
SELECT i.id {_NEWEST} AND NOT EXISTS (
    SELECT 1 FROM case_events e WHERE e.case_key = i.case_key AND e.kind = 'called' AND e.at >= i.updated_at
        AND e.payload LIKE '%"outcome":"' || i.outcome || '"%'
) ORDER BY i.id

-- name: ROWS
SELECT {ROW_COLUMNS} FROM cases WHERE {VISIBLE}{and_also} ORDER BY ordinal, key{limit}

-- name: KEYS
SELECT key FROM cases WHERE {VISIBLE} ORDER BY key

-- name: _ARRIVED
FROM cases WHERE arrival <> '' AND arrival IN (SELECT id FROM imports WHERE state = 'settling')

-- name: COUNTS
-- Cases of a complete import that are not in the queue yet are counted from their rows.
SELECT name, sum(number) FROM counts WHERE quarter = '' AND name NOT LIKE '["activity",%'
GROUP BY name HAVING sum(number) <> 0

-- name: ARRIVED_STATES
SELECT was, outcome, code, frame, replicate, CASE WHEN was IN ('ready', 'waiting') THEN bucket ELSE '' END,
    CASE was WHEN 'waiting' THEN why ELSE '' END, CASE WHEN promised_at IS NULL THEN 0 ELSE 1 END, count(*)
{_ARRIVED} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8

-- name: RECENT_COUNTS
SELECT quarter, name, sum(number) FROM counts WHERE quarter >= ? AND name LIKE ?
GROUP BY quarter, name HAVING sum(number) <> 0

-- name: TOTALS
-- With the number of rows that folding removes, quarters before a time being added up.
SELECT name, sum(number), count(*) - count(DISTINCT CASE WHEN quarter < ? THEN '' ELSE quarter END)
FROM counts GROUP BY name

-- name: COUNTS_OF_CASES
SELECT quarter, name, number FROM counts_of_cases

-- name: ALL_COUNTS
SELECT quarter, name, number FROM counts

-- name: COUNT_AGAIN
INSERT INTO counts SELECT quarter, name, number FROM counts_of_cases

-- name: TAKE_COUNTS
DELETE FROM counts RETURNING quarter, name, number

-- name: ADD_COUNTS
INSERT INTO counts (quarter, name, number) VALUES (?, ?, ?)

-- name: DUE_WAITING
SELECT bucket, why, CASE WHEN promised_at IS NULL THEN 0 ELSE 1 END, CASE WHEN promised_at <= ? THEN 1 ELSE 0 END,
    count(*) FROM cases WHERE status = 'waiting' AND due_at <= ? GROUP BY 1, 2, 3, 4

-- name: ANYBODYS_APPOINTMENTS
SELECT status, bucket, CASE status WHEN 'waiting' THEN why ELSE '' END, count(*) FROM cases
WHERE promised_until IS NOT NULL AND promised_at <= ? AND status IN ('ready', 'waiting') AND arrival = '' GROUP BY 1, 2, 3

-- name: HISTORIES
SELECT case_key, kind, payload, at, by, station, key FROM case_events
WHERE case_key NOT IN (
    SELECT key FROM cases
    WHERE arrival <> '' AND arrival NOT IN (SELECT id FROM imports WHERE state = 'settling')
) {and_also} ORDER BY case_key, seq

-- name: HAS_CORRECTION
-- This and the next may be among the conditions of HISTORIES.
AND case_key IN (SELECT case_key FROM case_events WHERE kind = 'corrected')

-- name: AMONG_CALLED
-- A sample of the called cases; the parameter is its share in units of 1/2^32. Multiples of the golden ratio, modulo 1, are
-- spread evenly, so that the sample has its share of every replicate, whatever their number.
AND case_key IN (SELECT key FROM cases WHERE seq > 1 AND ordinal IN (
    SELECT ordinal FROM cases WHERE ordinal * 2654435769 % 4294967296 < ?
))

-- name: CHANGED_SINCE
AND case_key IN (SELECT key FROM cases WHERE updated_at >= ? AND seq > 1)

-- name: _UNSETTLED
-- Cases whose row does not tell how they count: at stations, with an event after their position, with a position by
-- earlier rules, or with a practice or simulated interview, which rates exclude. The parameter is the edition of the rules.
SELECT key FROM cases WHERE status = 'leased'
UNION SELECT key FROM cases WHERE counted < seq AND seq > 1 AND status <> 'leased' AND arrival = ''
UNION SELECT key FROM cases WHERE rules < ?
UNION SELECT case_key FROM interviews WHERE origin IN ('practice', 'simulated')

-- name: EXCLUDED_INTERVIEWS
SELECT id FROM interviews WHERE origin IN ('practice', 'simulated')

-- name: UNSETTLED_STATES
-- In the order of `CaseState`, and what each adds to the counts.
SELECT {STATUS}, outcome, code, frame, replicate, CASE WHEN {STATUS} IN ('ready', 'waiting') THEN bucket ELSE '' END,
    CASE {STATUS} WHEN 'waiting' THEN why ELSE '' END, CASE WHEN promised_at IS NULL THEN 0 ELSE 1 END, activity
FROM cases WHERE key IN ({_UNSETTLED}) AND {VISIBLE}

-- name: UNSETTLED
-- Among the conditions of HISTORIES.
AND case_key IN ({_UNSETTLED})

-- name: CONTACTS
SELECT c.key, k.link, k.details FROM cases c JOIN case_contacts k ON k.link = c.link WHERE {VISIBLE}
ORDER BY c.ordinal, c.key

-- name: SEARCH
-- Few words match the first pattern of the last line, so that spellings are unified in these alone.
SELECT c.key, c.ordinal, c.seq, c.stood, c.status, c.was, c.due_at, c.bucket, c.rank, c.code, c.outcome, c.attempts,
    c.why, c.promised_at, c.promised_until, c.owner, c.activity, c.lease_by, c.lease_station, c.lease_until,
    c.frame, c.replicate, c.mark, c.updated_at, c.counted, c.rules, k.details
FROM cases c LEFT JOIN case_contacts k ON k.link = c.link WHERE {VISIBLE} AND (
    lower(c.key) LIKE ? ESCAPE '!' OR k.words LIKE ? ESCAPE '!' OR k.digits LIKE ? ESCAPE '!'
    OR (k.words LIKE ? ESCAPE '!' AND {unified_words} LIKE ? ESCAPE '!')
)
ORDER BY c.ordinal, c.key LIMIT ?

-- name: FIND_CALLER
SELECT case_key, case_name FROM find_caller(?, ?)

-- name: WITH_KEY
SELECT key FROM cases WHERE lower(key) = ? AND {VISIBLE} ORDER BY key LIMIT 2

-- name: LIST_NEVER_CALL
SELECT list_never_call(?, ?, ?, ?)

-- name: BEGIN_IMPORT
INSERT INTO imports (id, at, by, file, cases, state) VALUES (?, ?, ?, ?, 0, 'arriving')
ON CONFLICT (id) DO NOTHING

-- name: GROW_IMPORT
UPDATE imports SET cases = cases + ? WHERE id = ? AND state = 'arriving'

-- name: MOVE_IMPORT
UPDATE imports SET state = ? WHERE id = ? AND state = ?

-- name: IMPORTS_IN
SELECT id FROM imports WHERE state = ? ORDER BY at, id

-- name: IMPORTS_BEFORE
SELECT id FROM imports WHERE state = 'arriving' AND at < ? ORDER BY at, id

-- name: IMPORTS
SELECT id, at, by, file, cases FROM imports WHERE state IN ('settling', 'settled') ORDER BY at, id

-- name: FORGET_IMPORT
DELETE FROM imports WHERE id = ? AND state = 'given up'

-- name: INSERT_IMPORTED_CASE
INSERT INTO cases (key, ordinal, seq, stood, status, was, due_at, bucket, rank, code, outcome, attempts, why,
    promised_at, promised_until, owner, activity, rules, lease_token, lease_by, lease_station, lease_until, frame, replicate,
    link, mark, arrival, updated_at, counted, derivations)
VALUES (?, ?, ?, ?, 'arriving', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', NULL, ?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT (key) DO NOTHING

-- name: IMPORT_OF_CASE
SELECT c.arrival, i.state FROM cases c LEFT JOIN imports i ON i.id = c.arrival WHERE c.key = ?

-- name: QUEUE_IMPORTED_CASES
UPDATE cases SET status = was, arrival = '' WHERE key IN (
    SELECT key FROM cases WHERE arrival = ? AND arrival <> '' ORDER BY ordinal LIMIT ?{skip}
)

-- name: SETTLE_IMPORT
UPDATE imports SET state = 'settled' WHERE id = ? AND state = 'settling'
    AND NOT EXISTS (SELECT 1 FROM cases WHERE arrival = ? AND arrival <> '')

-- name: IMPORTED_CASES
SELECT key, link FROM cases WHERE arrival = ? AND arrival <> '' LIMIT ?

-- name: ADD_CELL
INSERT INTO quota_fill (cell, taken, held) VALUES (?, 0, 0) ON CONFLICT (cell) DO NOTHING

-- name: OCCUPIED
SELECT f.taken + f.held, (SELECT count(*) FROM quota_places p WHERE p.interview = ? AND p.cell = f.cell)
FROM quota_fill f WHERE f.cell = ?

-- name: HOLD_ONE
UPDATE quota_fill SET held = held + 1 WHERE cell = ? AND taken + held < ?

-- name: KEEP_PLACE
INSERT INTO quota_places (interview, cell, state, at) VALUES (?, ?, ?, ?)

-- name: PLACES
SELECT cell, state FROM quota_places WHERE interview = ? ORDER BY cell

-- name: CHANGE_COUNTS
UPDATE quota_fill SET taken = taken + ?, held = held + ? WHERE cell = ?

-- name: EVERY_PLACE
SELECT interview, cell, state FROM quota_places ORDER BY interview, cell

-- name: TAKEN_SINCE
SELECT cell, count(*) FROM quota_places WHERE state = 'taken' AND at >= ? GROUP BY cell ORDER BY cell

-- name: HELD_PLACES
SELECT i.case_key, p.interview, p.cell, c.status FROM quota_places p
JOIN interviews i ON i.id = p.interview JOIN cases c ON c.key = i.case_key
WHERE p.state = 'held' AND p.at <= ? ORDER BY p.interview, p.cell

-- name: FILL
SELECT cell, taken, held FROM quota_fill ORDER BY cell
