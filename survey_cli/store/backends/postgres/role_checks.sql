-- Trials of roles. A name says what is done, of which action in the table of roles it is a part, and how many rows those
-- receive who may take that action. `nobody` may do what has no action.

-- name: RELATIONS
SELECT n.nspname, c.relname, c.relkind::text, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
WHERE c.relkind IN ('r', 'v') AND n.nspname IN (?, ?, ?) ORDER BY n.nspname, c.relname

-- name: FIXTURE
-- Case 1 is leased by the member who is tried, case 2 by nobody, case 3 by somebody else. Each has an interview; that of
-- case 2 is complete. Interview 4 is practice. {now} is the present time, as it is stored.
INSERT INTO {schema}.cases (key, ordinal, seq, stood, status, was, bucket, rank, code, outcome, attempts, why, owner,
    lease_token, lease_by, lease_station, lease_until, frame, replicate, link, mark, arrival, updated_at)
SELECT '~check ' || n, 0, 1, 1, CASE n WHEN 2 THEN 'held' ELSE 'leased' END, 'held', '', '', '', '', 0, '', '', '~check',
    CASE n WHEN 3 THEN '~else' ELSE '' END, '', '9999-01-01T00:00:00Z', '', '', '~check ' || n, '',
    '', {now}
FROM generate_series(1, 3) AS s (n);
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
SELECT '~check ' || n, 1, 'claimed', '{{}}', {now}, '', '', '' FROM generate_series(1, 3) AS s (n);
UPDATE {schema}.case_events SET account = '~else', by = '~else' WHERE case_key LIKE '~check _';
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
SELECT '~check ' || n, '~check ' || n, '~check', '', '', '', CASE n WHEN 4 THEN 'practice' ELSE 'real' END, n,
    CASE n WHEN 2 THEN 'ended' ELSE 'open' END, CASE n WHEN 2 THEN 'complete' ELSE '' END, 1, '', 0
FROM generate_series(1, 4) AS s (n);
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
SELECT '~check ' || n, 1, 'began', '{{}}', {now}, '', '' FROM generate_series(1, 4) AS s (n);
INSERT INTO {schema}.snapshots (interview, seq, engine, cells, digest)
SELECT '~check ' || n, 1, '', '', '' FROM generate_series(1, 2) AS s (n);
INSERT INTO {contacts}.contacts (interview, details) SELECT '~check ' || n, '' FROM generate_series(1, 2) AS s (n);
INSERT INTO {schema}.work_events (at, person, kind, detail, station, by) VALUES ({now}, '~else', 'on', '', '', '~else');
INSERT INTO {schema}.access_log (at, by, account, what, object, detail) VALUES ('', '', '', 'search', '~check', '')

-- name: TAKE_OVER
-- Whoever is tried has case 1, its interview and the practice.
UPDATE {schema}.cases SET lease_by = {member} WHERE key = '~check 1';
UPDATE {schema}.case_events SET account = {member}, by = {member} WHERE case_key = '~check 1';
UPDATE {schema}.interviews SET "by" = {member} WHERE id IN ('~check 1', '~check 4')

-- name: read the contact, own case: conduct interviews: 1
SELECT * FROM {contacts}.case_contacts WHERE link = '~check 1'

-- name: read the contact, other case: see names and numbers: 1
SELECT * FROM {contacts}.case_contacts WHERE link = '~check 2'

-- name: add a number, own case: conduct interviews: 1
UPDATE {contacts}.case_contacts SET digits = digits || ' 1',
    details = '{{"name": "Zoe Check", "columns": {{}}, "numbers": [[1, "", "", ""], [2, "", "", ""]]}}'
WHERE link = '~check 1'

-- name: change a number, own case: import a sample: 1
UPDATE {contacts}.case_contacts
SET details = '{{"name": "Zoe Check", "columns": {{}}, "numbers": [[1, "", "+1", ""]]}}' WHERE link = '~check 1'

-- name: remove the contact, own case: erase a person's data: 1
DELETE FROM {contacts}.case_contacts WHERE link = '~check 1'

-- name: change the contact, other case: import a sample: 1
UPDATE {contacts}.case_contacts SET words = '' WHERE link = '~check 2'

-- name: remove the contact, other case: erase a person's data: 1
DELETE FROM {contacts}.case_contacts WHERE link = '~check 2'

-- name: add a contact, other case: import a sample: 1
INSERT INTO {contacts}.case_contacts (link, details, digits, words) VALUES ('~check 3', '', '', '')

-- name: exchange the contact, own case: import a sample: 1
UPDATE {schema}.cases SET link = '~check 2' WHERE key = '~check 1'

-- name: read personal data, own interview: conduct interviews: 1
SELECT * FROM {contacts}.contacts WHERE interview = '~check 1'

-- name: read personal data, other interview: export names, numbers and personal answers: 1
SELECT * FROM {contacts}.contacts WHERE interview = '~check 2'

-- name: find a caller by a whole number: find a caller by name or number: 1
SELECT * FROM {schema}.find_caller('', '9993125550192')

-- name: find a caller by a part of a number: nobody: 0
SELECT * FROM {schema}.find_caller('', '312555019')

-- name: find a caller by a whole name: find a caller by name or number: 2
SELECT * FROM {schema}.find_caller('zoe check', '')

-- name: find a caller by a part of a name: nobody: 0
SELECT * FROM {schema}.find_caller('zoe', '')

-- name: read the journal, other interview: code answers: 1
SELECT * FROM {schema}.journal WHERE interview = '~check 2'

-- name: change personal data, other interview: erase a person's data: 1
UPDATE {contacts}.contacts SET details = '' WHERE interview = '~check 2'

-- name: record an answer, own interview: conduct interviews: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'answered', '{{}}', {now}, current_user, '')

-- name: record an answer, other interview: correct an outcome: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 3', 2, 'answered', '{{}}', {now}, current_user, '')

-- name: record an answer, complete interview: correct an outcome: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 2', 2, 'answered', '{{}}', {now}, current_user, '')

-- name: record an answer in another name: work under another name: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'answered', '{{}}', {now}, '~else', '')

-- name: record an answer at another time: import answers: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'answered', '{{}}', '2020-01-01T00:00:00Z', current_user, '')

-- name: record a coding: code answers: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 2', 2, 'coded', '{{}}', {now}, current_user, '')

-- name: record a coding in another name: work under another name: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 2', 2, 'coded', '{{}}', {now}, '~else', '')

-- name: review an interview: review interviews: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'reviewed', '{{}}', {now}, current_user, '')

-- name: change an interview, own case: conduct interviews: 1
UPDATE {schema}.interviews SET answered = 1 WHERE id = '~check 1'

-- name: change an interview, other case: correct an outcome: 1
UPDATE {schema}.interviews SET answered = 1 WHERE id = '~check 3'

-- name: change a complete interview: correct an outcome: 1
UPDATE {schema}.interviews SET outcome = 'withdrawn' WHERE id = '~check 2'

-- name: change the data, own interview: conduct interviews: 1
UPDATE {schema}.snapshots SET cells = '[]' WHERE interview = '~check 1'

-- name: change the data, complete interview: correct an outcome: 1
UPDATE {schema}.snapshots SET cells = '[]' WHERE interview = '~check 2'

-- name: claim a case: conduct interviews: 1
UPDATE {schema}.cases SET status = 'leased', lease_by = current_user, seq = 2 WHERE key = '~check 2'

-- name: claim a case in another name: work under another name: 1
UPDATE {schema}.cases SET status = 'leased', lease_by = '~else', seq = 2 WHERE key = '~check 2'

-- name: take a case away: free a case from a station: 1
UPDATE {schema}.cases SET lease_by = current_user WHERE key = '~check 3'

-- name: record a call, own case: conduct interviews: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'called', '{{}}', {now}, current_user, '', '')

-- name: record a call, case not claimed: correct an outcome: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 2', 2, 'called', '{{}}', {now}, current_user, '', '')

-- name: record a call, other case: correct an outcome: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 3', 2, 'called', '{{}}', {now}, current_user, '', '')

-- name: record a call in another name: work under another name: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'called', '{{}}', {now}, '~else', '', '')

-- name: record a call at another time: correct an outcome: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'called', '{{}}', '2020-01-01T00:00:00Z', current_user, '', '')

-- name: correct an outcome: correct an outcome: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'corrected', '{{}}', {now}, current_user, '', '')

-- name: record working time: conduct interviews: 1
INSERT INTO {schema}.work_events (at, person, kind, detail, station, by)
VALUES ({now}, current_user, 'on', '', '', current_user)

-- name: record working time of another person: correct working times: 1
INSERT INTO {schema}.work_events (at, person, kind, detail, station, by) VALUES ({now}, '~else', 'on', '', '', current_user)

-- name: record working time at another time: correct working times: 1
WITH added AS (
    INSERT INTO {schema}.work_events (at, person, kind, detail, station, by)
    VALUES ('2020-01-01T00:00:00Z', current_user, 'on', '', '', current_user) RETURNING at
)
SELECT * FROM added WHERE at < '2021'

-- name: put a number on the do-not-call list: change the do-not-call list: 1
INSERT INTO {shared}.never_call (hash, at, reason, by) VALUES ('~check', '', '', '')

-- name: change a setting of the study: pause a study: 1
INSERT INTO {schema}.settings (name, value) VALUES ('~check', '')

-- name: note an open task: conduct interviews: 1
INSERT INTO {schema}.settings (name, value) VALUES ('owed: ~check', '')

-- name: compute the hash of a number: look up a number on the do-not-call list: 1
SELECT {shared}.never_call_hash('+13125550100')

-- name: put a case on the do-not-call list: conduct interviews: 1
SELECT {schema}.list_never_call('~check 2', '', '', '')

-- name: empty a table: nobody: 1
TRUNCATE {schema}.drafts

-- name: create a table in the study: nobody: 1
CREATE TABLE {schema}.check_table (a INTEGER)

-- name: create a table among the contacts: nobody: 1
CREATE TABLE {contacts}.check_table (a INTEGER)

-- name: create a table elsewhere: nobody: 1
CREATE TABLE public.check_table (a INTEGER)

-- name: create a temporary table: nobody: 1
CREATE TEMPORARY TABLE check_table (a INTEGER)

-- name: create a schema: restore a backup: 1
CREATE SCHEMA survey_check

-- name: change a table: upgrade the database: 1
ALTER TABLE {schema}.drafts ADD COLUMN check_column INTEGER

-- name: remove a table: nobody: 1
DROP TABLE {schema}.drafts

-- name: turn off the rules for rows: nobody: 1
ALTER TABLE {contacts}.case_contacts DISABLE ROW LEVEL SECURITY

-- name: create a role: give roles on a server: 1
CREATE ROLE survey_check_role

-- name: record an answer, own practice: practice: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 4', 2, 'answered', '{{}}', {now}, current_user, '')

-- name: begin an interview for practice: practice: 1
INSERT INTO {schema}.interviews (id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome,
    last_seq, at_item, answered)
VALUES ('~check 5', '~check 5', '~check', '', current_user, '', 'practice', 1, 'open', '', 1, '', 0)

-- name: begin an interview without a case: conduct interviews: 1
INSERT INTO {schema}.interviews (id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome,
    last_seq, at_item, answered)
VALUES ('~check 5', '~check 5', '~check', '', current_user, '', 'real', 1, 'open', '', 1, '', 0)

-- name: begin an interview in another name: work under another name: 1
INSERT INTO {schema}.interviews (id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome,
    last_seq, at_item, answered)
VALUES ('~check 5', '~check 5', '~check', '', '~else', '', 'practice', 1, 'open', '', 1, '', 0)

-- name: import an interview: import answers: 1
INSERT INTO {schema}.interviews (id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome,
    last_seq, at_item, answered)
VALUES ('~check 5', '~check 5', '~check', '', current_user, '', 'imported', 1, 'ended', 'complete', 1, '', 0)

-- name: take an interview to another version: take an interview to another version: 1
INSERT INTO {schema}.journal (interview, seq, kind, payload, at, by, station)
VALUES ('~check 1', 2, 'migrated', '{{}}', {now}, current_user, '')

-- name: read the counts of cases: read the status of fieldwork: 1
SELECT 1 FROM {schema}.counts_of_cases LIMIT 1

-- name: read the history of a case: see cases and their histories: 1
SELECT * FROM {schema}.case_events WHERE case_key = '~check 2'

-- name: read the row of an interview: see cases and their histories: 1
SELECT * FROM {schema}.interviews WHERE id = '~check 2'

-- name: read working times of another person: see the working times of others: 1
SELECT * FROM {schema}.work_events WHERE person = '~else' AND kind = 'on'

-- name: count the working times of all: see who is at work: 1
SELECT count(*) FROM {schema}.work_counts

-- name: send a message: send messages to stations: 1
INSERT INTO {schema}.settings (name, value)
VALUES ('message: ~check', '{{"by": ' || to_json(current_user::text) || '}}')

-- name: send a message in another name: work under another name: 1
INSERT INTO {schema}.settings (name, value) VALUES ('message: ~check', '{{"by": "~else"}}')

-- name: answer a referred case: answer a referred case: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'advised', '{{}}', {now}, current_user, '', '')

-- name: put a case back: put a case back into the queue: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'reopened', '{{}}', {now}, current_user, '', '')

-- name: give an appointment to another: give an appointment to another: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'reassigned', '{{}}', {now}, current_user, '', '')

-- name: release a case of a replicate: release a replicate: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'released', '{{}}', {now}, current_user, '', '')

-- name: add a case to the sample: import a sample: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'sampled', '{{}}', {now}, current_user, '', '')

-- name: anonymize a case: anonymize a study: 1
INSERT INTO {schema}.case_events (case_key, seq, kind, payload, at, by, station, key)
VALUES ('~check 1', 2, 'anonymised', '{{}}', {now}, current_user, '', '')

-- name: remove the history of a case: erase a person's data: 1
DELETE FROM {schema}.case_events WHERE case_key = '~check 3'

-- name: remove answers: erase a person's data: 1
DELETE FROM {schema}.journal WHERE interview = '~check 2'

-- name: read personal data about anybody: see all data stored about a person: 1
SELECT * FROM {contacts}.contacts WHERE interview = '~check 2'

-- name: correct working time: correct working times: 1
INSERT INTO {schema}.work_events (at, person, kind, detail, station, by)
VALUES ({now}, current_user, 'corrected', '{{}}', '', current_user)

-- name: accept a change of meaning: accept changes of meaning: 1
INSERT INTO {schema}.settings (name, value) VALUES ('meaning ~check', '')

-- name: change the place of a case in the queue: derive the queue again: 1
UPDATE {schema}.cases SET rank = '~check', seq = 1, updated_at = updated_at || ' ' WHERE key = '~check 2'

-- name: store a questionnaire: publish a questionnaire: 1
INSERT INTO {schema}.instruments (hash, id, version, title, texts, kept_at, data_view)
VALUES ('~check 2', '', '', '', '', '', '~check 2')

-- name: read answers as a table: read reports: 1
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {schema}.answers WHERE false)

-- name: export data: export data: 1
INSERT INTO {schema}.access_log (at, by, account, what, object, detail) VALUES ('', '', '', 'export', '', 'interviews')

-- name: export own working times: export working times: 1
INSERT INTO {schema}.access_log (at, by, account, what, object, detail) VALUES ('', '', '', 'export', '', 'shifts')

-- name: read the log of accesses: read the log of accesses: 1
SELECT * FROM {schema}.access_log WHERE object = '~check'

-- name: record a backup: make a backup: 1
INSERT INTO {schema}.backups (at, by) VALUES ('', '')
