-- SQL statements of backups, integrity checks and restoring.

-- name: TABLES
-- The tables of this program, without those of SQLite and the list of migration steps.
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite_%' ORDER BY name

-- name: LAST_BACKUP
SELECT max(at) FROM backups

-- name: SERVER_TABLES
-- Tables of the study, each with the number of the file that holds it.
SELECT format('%I.%I', n.nspname, c.relname), c.relfilenode::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (current_schema(), contact_schema()) AND c.relkind = 'r' ORDER BY 1

-- name: DATA_VIEWS
SELECT hash, data_view FROM instruments ORDER BY hash

-- name: CONTACT_ROWS
SELECT c.key, k.link, k.details, k.digits, k.words FROM cases c JOIN case_contacts k ON k.link = c.link
ORDER BY c.key

-- name: ERASURES
SELECT case_key, CASE kind WHEN 'erased' THEN kind ELSE 'anonymized' END, max(at) FROM case_events
WHERE kind IN ('erased', 'anonymised') GROUP BY 1, 2
UNION ALL
SELECT i.case_key, CASE WHEN j.payload LIKE '%"left":%' THEN 'anonymized' ELSE 'answers' END, max(j.at)
FROM journal j JOIN interviews i ON i.id = j.interview
WHERE j.kind = 'erased' AND i.case_key <> '' AND i.origin <> 'simulated' GROUP BY 1, 2

-- name: COUNT_LOST_DATA
SELECT
    (SELECT count(*) FROM replaced.interviews r
        WHERE NOT EXISTS (SELECT 1 FROM main.interviews m WHERE m.id = r.id)),
    (SELECT count(*) FROM replaced.journal r WHERE r.kind = 'answered'
        AND NOT EXISTS (SELECT 1 FROM main.journal m WHERE m.interview = r.interview AND m.seq = r.seq)),
    (SELECT count(*) FROM replaced.cases r
        WHERE NOT EXISTS (SELECT 1 FROM main.cases m WHERE m.key = r.key)),
    (SELECT count(*) FROM replaced.case_events r WHERE r.kind = 'called'
        AND NOT EXISTS (SELECT 1 FROM main.case_events m WHERE m.case_key = r.case_key AND m.seq = r.seq)),
    (SELECT max(at) FROM (SELECT max(at) AS at FROM replaced.journal
        UNION ALL SELECT max(at) FROM replaced.case_events))
