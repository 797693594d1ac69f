-- What people did at work apart from cases: they signed on, took breaks, saw messages; supervisors corrected times.
CREATE TABLE work_events (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL, station TEXT NOT NULL,
    by TEXT NOT NULL
)

CREATE INDEX work_events_by_time ON work_events (at, person)
