-- SQL of work events, and of the messages of supervisors, which are settings.

-- name: ADD
INSERT INTO work_events (at, person, kind, detail, station, by) VALUES (?, ?, ?, ?, ?, ?)

-- name: LIST
SELECT at, person, kind, detail, station, by FROM work_events
WHERE at >= ? AND at < ? AND person = coalesce(?, person) ORDER BY at, seq

-- name: HELP
-- In the order in which they were stored: a call and its answer come from two computers, whose clocks may differ.
SELECT at, person, kind, detail, station, by FROM work_events
WHERE at >= ? AND kind IN ('help', 'help_over', 'helped', 'off') ORDER BY seq

-- name: MISSING
SELECT c.person, c.number, (SELECT count(*) FROM work_events w WHERE w.person = c.person) FROM work_counts c
WHERE c.number <> (SELECT count(*) FROM work_events w WHERE w.person = c.person) ORDER BY c.person

-- name: SETTINGS
SELECT name, value FROM settings WHERE name = ?
UNION ALL SELECT name, value FROM settings WHERE name > ? AND name < ? ORDER BY name
