-- A step of the migrations. {by_key} marks a table that SQLite stores in the order of its key.
CREATE TABLE cases (
    key TEXT PRIMARY KEY,
    ordinal INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    stood INTEGER NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('unreleased', 'ready', 'waiting', 'held', 'done', 'leased', 'arriving')),
    was TEXT NOT NULL CHECK (was IN ('unreleased', 'ready', 'waiting', 'held', 'done')),
    due_at TEXT,
    bucket TEXT NOT NULL,
    rank TEXT NOT NULL,
    code TEXT NOT NULL,
    outcome TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    why TEXT NOT NULL,
    promised_at TEXT,
    promised_until TEXT,
    owner TEXT NOT NULL,
    lease_token TEXT NOT NULL,
    lease_by TEXT NOT NULL,
    lease_station TEXT NOT NULL,
    lease_until TEXT,
    frame TEXT NOT NULL,
    replicate TEXT NOT NULL,
    link TEXT NOT NULL,
    mark TEXT NOT NULL,
    arrival TEXT NOT NULL,
    updated_at TEXT NOT NULL
)

-- The head of a bucket is one step into this index, of a thousand cases or a million.
CREATE INDEX cases_ready ON cases (bucket, rank, key) WHERE status = 'ready'

CREATE INDEX cases_waiting ON cases (due_at) WHERE status = 'waiting'

CREATE INDEX cases_leased ON cases (lease_token) WHERE status = 'leased'

CREATE INDEX cases_promised ON cases (promised_until) WHERE promised_until IS NOT NULL

CREATE INDEX cases_arriving ON cases (arrival, ordinal) WHERE arrival <> ''

CREATE INDEX cases_stale ON cases (key) WHERE stood < seq AND status <> 'leased' AND arrival = ''

CREATE INDEX cases_in_order ON cases (ordinal)

CREATE TABLE case_events (
    case_key TEXT NOT NULL REFERENCES cases (key),
    seq INTEGER NOT NULL CHECK (seq > 0),
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    station TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (case_key, seq)
){by_key}

-- A key pressed twice books one appointment.
CREATE UNIQUE INDEX case_events_once ON case_events (case_key, key) WHERE key <> ''

CREATE TABLE case_contacts (
    link TEXT PRIMARY KEY,
    details TEXT NOT NULL,
    digits TEXT NOT NULL,
    words TEXT NOT NULL
)

CREATE TABLE imports (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    file TEXT NOT NULL,
    cases INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('arriving', 'given up', 'settling', 'settled'))
){by_key}

CREATE TABLE quota_fill (
    cell TEXT PRIMARY KEY,
    taken INTEGER NOT NULL CHECK (taken >= 0),
    held INTEGER NOT NULL CHECK (held >= 0)
){by_key}

CREATE TABLE quota_places (
    interview TEXT NOT NULL,
    cell TEXT NOT NULL REFERENCES quota_fill (cell),
    state TEXT NOT NULL CHECK (state IN ('held', 'taken')),
    at TEXT NOT NULL,
    PRIMARY KEY (interview, cell)
){by_key}

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
){by_key}
