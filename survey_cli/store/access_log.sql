-- SQL statements of the log of accesses.

-- name: RECORD
INSERT INTO access_log (at, by, account, what, object, detail) VALUES (?, ?, own_account(), ?, ?, ?)

-- name: ENTRIES
-- A backup is recorded once it is made, also where the database can't be written before.
SELECT at, by, account, what, object, detail FROM (
    SELECT at, by, account, what, object, detail FROM access_log
    UNION ALL SELECT at, by, by, 'backup', 'all cases', '' FROM backups
) AS accesses WHERE (? = '' OR by = ? OR account = ?) AND at >= ? ORDER BY at

-- name: CLAIMS
SELECT at, by, account, 'claim', 'case ' || case_key, '' FROM case_events
WHERE kind = 'claimed' AND (? = '' OR by = ? OR account = ?) AND at >= ? ORDER BY at
