-- Trials of roles. A name says what is done, and what interviewer, supervisor, coder and analyst receive: `refused`, or
-- the number of rows.

-- name: RELATIONS
SELECT n.nspname, c.relname, c.relkind::text, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
WHERE c.relkind IN ('r', 'v') AND n.nspname IN (?, ?, ?) ORDER BY n.nspname, c.relname

-- name: FIXTURE
-- Case 1 is leased by the interviewer, case 2 by nobody, case 3 by somebody else. Each has an interview; that of case 2 is
-- complete. {now} is the present time, as it is stored.
INSERT INTO {schema}.cases (key, ordinal, seq, stood, status, was, bucket, rank, code, outcome, attempts, why, owner,
    lease_token, lease_by, lease_station, lease_until, frame, replicate, link, mark, arrival, updated_at)
SELECT '~check ' || n, 0, 1, 1, CASE n WHEN 2 THEN 'held' ELSE 'leased' END, 'held', '', '', '', '', 0, '', '', '~check',
    CASE n WHEN 1 THEN {member} WHEN 3 THEN '~else' ELSE '' END, '', '9999-01-01T00:00:00Z', '', '', '~check ' || n, '',
    '', {now}
FROM generate_series(1, 3) AS s (n);
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
SELECT '~check ' || n, 1, 'claimed', '{{}}', {now}, '', '', '' FROM generate_series(1, 3) AS s (n);
UPDATE {schema}.case_events SET account = '~else', by = '~else' WHERE case_key LIKE '~check _';
UPDATE {schema}.case_events SET account = {member}, by = {member} WHERE case_key = '~check 1';
INSERT INTO {contacts}.case_contacts (link, details, digits, words)
SELECT '~check ' || n, '{{"name": "Zoe Check", "columns": {{}}, "numbers": [[1, "", "", ""]]}}', '999312555019' || n,
    'zoe check' FROM generate_series(1, 2) AS s (n);
INSERT INTO {schema}.instruments (hash, id, version, title, texts, kept_at, data_view)
VALUES ('~check', '', '', '', '', '', '~check');
INSERT INTO {schema}.variables (instrument, ordinal, name, label, storage, measure, decimals, labels, user_missing,
    declines, wording, item, role, personal)
VALUES ('~check', 0, '', '', '', '', 0, '', '', '', '', '', '', 1);
INSERT INTO {schema}.interviews (id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome,
    last_seq, at_item, answered)
SELECT '~check ' || n, '~check ' || n, '~check', '', CASE n WHEN 1 THEN {member} ELSE '' END, '', 'real', n,
    CASE n WHEN 2 THEN 'ended' ELSE 'open' END, CASE n WHEN 2 THEN 'complete' ELSE '' END, 1, '', 0
FROM generate_series(1, 3) AS s (n);
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
SELECT '~check ' || n, 1, 'began', '{{}}', {now}, '', '' FROM generate_series(1, 3) AS s (n);
INSERT INTO {schema}.snapshots (interview, seq, engine, cells, digest)
SELECT '~check ' || n, 1, '', '', '' FROM generate_series(1, 2) AS s (n);
INSERT INTO {contacts}.contacts (interview, details) SELECT '~check ' || n, '' FROM generate_series(1, 2) AS s (n)

-- name: read the contact, own case: 1 1 refused refused
SELECT * FROM {contacts}.case_contacts WHERE link = '~check 1'

-- name: read the contact, other case: 0 1 refused refused
SELECT * FROM {contacts}.case_contacts WHERE link = '~check 2'

-- name: add a number, own case: 1 1 refused refused
UPDATE {contacts}.case_contacts SET digits = digits || ' 1',
    details = '{{"name": "Zoe Check", "columns": {{}}, "numbers": [[1, "", "", ""], [2, "", "", ""]]}}'
WHERE link = '~check 1'

-- name: change a number, own case: refused 1 refused refused
UPDATE {contacts}.case_contacts
SET details = '{{"name": "Zoe Check", "columns": {{}}, "numbers": [[1, "", "+1", ""]]}}' WHERE link = '~check 1'

-- name: remove the contact, own case: refused 1 refused refused
DELETE FROM {contacts}.case_contacts WHERE link = '~check 1'

-- name: change the contact, other case: 0 1 refused refused
UPDATE {contacts}.case_contacts SET words = '' WHERE link = '~check 2'

-- name: remove the contact, other case: refused 1 refused refused
DELETE FROM {contacts}.case_contacts WHERE link = '~check 2'

-- name: add a contact, other case: refused 1 refused refused
INSERT INTO {contacts}.case_contacts (link, details, digits, words) VALUES ('~check 3', '', '', '')

-- name: exchange the contact, own case: refused 1 refused refused
UPDATE {schema}.cases SET link = '~check 2' WHERE key = '~check 1'

-- name: read personal data, own interview: 1 1 refused refused
SELECT * FROM {contacts}.contacts WHERE interview = '~check 1'

-- name: read personal data, other interview: 0 1 refused refused
SELECT * FROM {contacts}.contacts WHERE interview = '~check 2'

-- name: find a caller by a whole number: 1 1 refused refused
SELECT * FROM {schema}.find_caller('', '9993125550192')

-- name: find a caller by a part of a number: 0 0 refused refused
SELECT * FROM {schema}.find_caller('', '312555019')

-- name: find a caller by a whole name: 2 2 refused refused
SELECT * FROM {schema}.find_caller('zoe check', '')

-- name: find a caller by a part of a name: 0 0 refused refused
SELECT * FROM {schema}.find_caller('zoe', '')

-- name: read the journal, other interview: 1 1 1 refused
SELECT * FROM {schema}.journal WHERE interview = '~check 2'

-- name: change personal data, other interview: 0 1 refused refused
UPDATE {contacts}.contacts SET details = '' WHERE interview = '~check 2'

-- name: record an answer, own interview: 1 1 refused refused
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'answered', '{{}}', {now}, current_user, '')

-- name: record an answer, other interview: refused 1 refused refused
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 3', 2, 'answered', '{{}}', {now}, current_user, '')

-- name: record an answer, complete interview: refused 1 refused refused
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 2', 2, 'answered', '{{}}', {now}, current_user, '')

-- name: record an answer in another name: refused 1 refused refused
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'answered', '{{}}', {now}, '~else', '')

-- name: record an answer at another time: refused 1 refused refused
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'answered', '{{}}', '2020-01-01T00:00:00Z', current_user, '')

-- name: record a coding: 1 1 1 refused
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 2', 2, 'coded', '{{}}', {now}, current_user, '')

-- name: record a coding in another name: refused 1 refused refused
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 2', 2, 'coded', '{{}}', {now}, '~else', '')

-- name: review an interview: refused 1 refused refused
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'reviewed', '{{}}', {now}, current_user, '')

-- name: change an interview, own case: 1 1 refused refused
UPDATE {schema}.interviews SET answered = 1 WHERE id = '~check 1'

-- name: change an interview, other case: refused 1 refused refused
UPDATE {schema}.interviews SET answered = 1 WHERE id = '~check 3'

-- name: change a complete interview: refused 1 refused refused
UPDATE {schema}.interviews SET outcome = 'withdrawn' WHERE id = '~check 2'

-- name: change the data, own interview: 1 1 refused refused
UPDATE {schema}.snapshots SET cells = '[]' WHERE interview = '~check 1'

-- name: change the data, complete interview: refused 1 refused refused
UPDATE {schema}.snapshots SET cells = '[]' WHERE interview = '~check 2'

-- name: claim a case: 1 1 refused refused
UPDATE {schema}.cases SET status = 'leased', lease_by = current_user, seq = 2 WHERE key = '~check 2'

-- name: claim a case in another name: refused 1 refused refused
UPDATE {schema}.cases SET status = 'leased', lease_by = '~else', seq = 2 WHERE key = '~check 2'

-- name: take a case away: refused 1 refused refused
UPDATE {schema}.cases SET lease_by = current_user WHERE key = '~check 3'

-- name: record a call, own case: 1 1 refused refused
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'called', '{{}}', {now}, current_user, '', '')

-- name: record a call, case not claimed: refused 1 refused refused
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 2', 2, 'called', '{{}}', {now}, current_user, '', '')

-- name: record a call, other case: refused 1 refused refused
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 3', 2, 'called', '{{}}', {now}, current_user, '', '')

-- name: record a call in another name: refused 1 refused refused
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'called', '{{}}', {now}, '~else', '', '')

-- name: record a call at another time: refused 1 refused refused
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'called', '{{}}', '2020-01-01T00:00:00Z', current_user, '', '')

-- name: correct an outcome: refused 1 refused refused
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'corrected', '{{}}', {now}, current_user, '', '')

-- name: record working time: 1 1 refused refused
INSERT INTO {schema}.work_events (at, person, kind, detail, station, by)
VALUES ({now}, current_user, 'on', '', '', current_user)

-- name: record working time of another person: refused 1 refused refused
INSERT INTO {schema}.work_events (at, person, kind, detail, station, by) VALUES ({now}, '~else', 'on', '', '', current_user)

-- name: record working time at another time: 0 1 refused refused
WITH added AS (
    INSERT INTO {schema}.work_events (at, person, kind, detail, station, by)
    VALUES ('2020-01-01T00:00:00Z', current_user, 'on', '', '', current_user) RETURNING at
)
SELECT * FROM added WHERE at < '2021'

-- name: put a number on the do-not-call list: refused 1 refused refused
INSERT INTO {shared}.never_call (hash, at, reason, by) VALUES ('~check', '', '', '')

-- name: change a setting of the study: refused 1 refused refused
INSERT INTO {schema}.settings (name, value) VALUES ('~check', '')

-- name: note an open task: 1 1 refused refused
INSERT INTO {schema}.settings (name, value) VALUES ('owed: ~check', '')

-- name: record an access: 1 1 1 1
INSERT INTO {schema}.access_log (at, by, account, what, object, detail) VALUES ('', '', '', '', '', '')

-- name: compute the hash of a number: 1 1 refused refused
SELECT {shared}.never_call_hash('+13125550100')

-- name: put a case on the do-not-call list: 1 1 refused refused
SELECT {schema}.list_never_call('~check 2', '', '', '')

-- name: empty a table: refused refused refused refused
TRUNCATE {schema}.drafts

-- name: create a table in the study: refused refused refused refused
CREATE TABLE {schema}.check_table (a INTEGER)

-- name: create a table among the contacts: refused refused refused refused
CREATE TABLE {contacts}.check_table (a INTEGER)

-- name: create a table elsewhere: refused refused refused refused
CREATE TABLE public.check_table (a INTEGER)

-- name: create a temporary table: refused refused refused refused
CREATE TEMPORARY TABLE check_table (a INTEGER)

-- name: create a schema: refused refused refused refused
CREATE SCHEMA survey_check

-- name: change a table: refused refused refused refused
ALTER TABLE {schema}.drafts ADD COLUMN check_column INTEGER

-- name: remove a table: refused refused refused refused
DROP TABLE {schema}.drafts

-- name: turn off the rules for rows: refused refused refused refused
ALTER TABLE {contacts}.case_contacts DISABLE ROW LEVEL SECURITY

-- name: create a role: refused refused refused refused
CREATE ROLE survey_check_role
