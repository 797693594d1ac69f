-- A step of the migrations. {by_key} marks a table that SQLite stores in the order of its key.
CREATE TABLE instruments (
    hash TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    texts TEXT NOT NULL,
    kept_at TEXT NOT NULL,
    data_view TEXT NOT NULL UNIQUE
)

CREATE TABLE variables (
    instrument TEXT NOT NULL REFERENCES instruments (hash),
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    storage TEXT NOT NULL,
    measure TEXT NOT NULL,
    decimals INTEGER NOT NULL,
    labels TEXT NOT NULL,
    user_missing TEXT NOT NULL,
    declines TEXT NOT NULL,
    wording TEXT NOT NULL,
    item TEXT NOT NULL,
    turn INTEGER,
    option TEXT,
    role TEXT NOT NULL,
    personal INTEGER NOT NULL,
    PRIMARY KEY (instrument, ordinal)
){by_key}

CREATE TABLE interviews (
    id TEXT PRIMARY KEY,
    case_key TEXT NOT NULL,
    instrument TEXT NOT NULL REFERENCES instruments (hash),
    began_at TEXT NOT NULL,
    by TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('real', 'practice', 'simulated')),
    number INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'suspended', 'stopped', 'ended')),
    outcome TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    at_item TEXT NOT NULL,
    answered INTEGER NOT NULL
){by_key}

CREATE INDEX interviews_in_order ON interviews (instrument, began_at, id)

CREATE INDEX interviews_of_case ON interviews (case_key)

-- Two stations can't both start the first interview of a case. Without a case the key is empty.
CREATE UNIQUE INDEX interviews_once ON interviews (case_key, number)
WHERE origin = 'real' AND case_key <> ''

CREATE TABLE journal (
    interview TEXT NOT NULL REFERENCES interviews (id),
    seq INTEGER NOT NULL CHECK (seq > 0),
    kind TEXT NOT NULL,
    item TEXT,
    turn INTEGER,
    payload TEXT NOT NULL,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    station TEXT NOT NULL,
    PRIMARY KEY (interview, seq)
){by_key}

CREATE TABLE snapshots (
    interview TEXT PRIMARY KEY REFERENCES interviews (id),
    seq INTEGER NOT NULL,
    engine TEXT NOT NULL,
    cells TEXT NOT NULL
){by_key}

CREATE TABLE contacts (
    interview TEXT PRIMARY KEY REFERENCES interviews (id),
    details TEXT NOT NULL
){by_key}

CREATE TABLE drafts (
    interview TEXT PRIMARY KEY REFERENCES interviews (id),
    place TEXT NOT NULL,
    text TEXT NOT NULL,
    at TEXT NOT NULL
){by_key}
