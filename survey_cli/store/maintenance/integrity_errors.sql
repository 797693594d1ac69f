-- Statements that find integrity errors, each under the sentence about one of its rows.

-- name: interview {} should have events 1 to {}; it has {}, {} to {}
SELECT r.id, r.last_seq, count(e.seq), coalesce(min(e.seq), 0), coalesce(max(e.seq), 0)
FROM interviews r LEFT JOIN journal e ON e.interview = r.id GROUP BY r.id, r.last_seq
HAVING count(e.seq) <> r.last_seq OR coalesce(min(e.seq), 0) <> 1 OR coalesce(max(e.seq), 0) <> r.last_seq
ORDER BY r.id

-- name: interview {} does not begin with its first event, or has two
SELECT interview FROM journal WHERE (seq = 1) <> (kind = 'began') ORDER BY interview

-- name: the snapshot of interview {0} was made at event {2}, but the last event is {1}
SELECT i.id, i.last_seq, s.seq FROM snapshots s JOIN interviews i ON i.id = s.interview
WHERE s.seq > i.last_seq ORDER BY i.id

-- name: the interviews of case {} ({}) should have the numbers 1 to {}; they have {} to {}
SELECT case_key, origin, count(*), min(number), max(number) FROM interviews
WHERE case_key <> '' AND origin <> 'simulated' GROUP BY case_key, origin
HAVING min(number) <> 1 OR max(number) <> count(*) ORDER BY case_key, origin

-- name: case {} should have events 1 to {}; it has {}, {} to {}
SELECT r.key, r.seq, count(e.seq), coalesce(min(e.seq), 0), coalesce(max(e.seq), 0)
FROM cases r LEFT JOIN case_events e ON e.case_key = r.key GROUP BY r.key, r.seq
HAVING count(e.seq) <> r.seq OR coalesce(min(e.seq), 0) <> 1 OR coalesce(max(e.seq), 0) <> r.seq
ORDER BY r.key

-- name: the queue position of case {} was computed at event {}, but the last event is {}
SELECT key, stood, seq FROM cases WHERE stood > seq ORDER BY key

-- name: case {} is {}, was {}, and its lease, due time or appointment is inconsistent with that
SELECT key, status, was FROM cases
WHERE (status = 'leased') <> (lease_until IS NOT NULL) OR (status = 'leased') <> (lease_token <> '')
    OR (status <> 'leased' AND (lease_by <> '' OR lease_station <> ''))
    OR (status = 'arriving') <> (arrival <> '') OR (status NOT IN ('leased', 'arriving') AND status <> was)
    OR (was IN ('ready', 'waiting') AND (due_at IS NULL OR rank = ''))
    OR (promised_at IS NULL) <> (promised_until IS NULL) ORDER BY key

-- name: case {} belongs to an import that is not recorded
SELECT key FROM cases WHERE arrival <> '' AND arrival NOT IN (SELECT id FROM imports) ORDER BY key

-- name: case {} has no contact, although one is recorded
SELECT key FROM cases WHERE link <> '' AND link NOT IN (SELECT link FROM case_contacts) ORDER BY key

-- name: {} contacts belong to no case
SELECT count(*) FROM case_contacts WHERE link NOT IN (SELECT link FROM cases) HAVING count(*) > 0

-- name: import {} is recorded as complete, and {} of its cases are not in the queue
SELECT i.id, count(*) FROM imports i JOIN cases c ON c.arrival = i.id
WHERE i.state = 'settled' GROUP BY i.id ORDER BY i.id

-- name: quota cell {} counts {} taken and {} held; its places are {} taken and {} held
SELECT f.cell, f.taken, f.held,
    count(CASE p.state WHEN 'taken' THEN 1 END), count(CASE p.state WHEN 'held' THEN 1 END)
FROM quota_fill f LEFT JOIN quota_places p ON p.cell = f.cell GROUP BY f.cell, f.taken, f.held
HAVING f.taken <> count(CASE p.state WHEN 'taken' THEN 1 END)
    OR f.held <> count(CASE p.state WHEN 'held' THEN 1 END) ORDER BY f.cell
