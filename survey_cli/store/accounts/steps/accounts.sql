-- Accounts of people who work in the browser. Secrets are stored only as hashes.

-- `folded` is the login in lower case, by which people sign in. A person whose invitation has not
-- been accepted has no password. `failures` counts wrong passwords since the last sign-in.
CREATE TABLE accounts (
    login TEXT PRIMARY KEY,
    folded TEXT NOT NULL UNIQUE,
    password TEXT,
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL,
    password_at TEXT,
    disabled_at TEXT,
    disabled_by TEXT,
    failures INTEGER NOT NULL DEFAULT 0
)

CREATE TABLE invitations (
    token TEXT PRIMARY KEY,
    login TEXT NOT NULL REFERENCES accounts (login),
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL,
    until TEXT NOT NULL,
    ended_at TEXT,
    used INTEGER NOT NULL DEFAULT 0
)

CREATE INDEX invitations_by_login ON invitations (login, made_at)

-- `shown_at` is when the owner of the account has seen that it was reset.
CREATE TABLE resets (
    id INTEGER PRIMARY KEY,
    login TEXT NOT NULL REFERENCES accounts (login),
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    shown_at TEXT
)

CREATE INDEX resets_by_login ON resets (login, at)

CREATE TABLE devices (
    token TEXT NOT NULL,
    login TEXT NOT NULL REFERENCES accounts (login),
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    description TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (login, token)
) WITHOUT ROWID

CREATE TABLE web_sessions (
    token TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    login TEXT NOT NULL REFERENCES accounts (login),
    address TEXT NOT NULL,
    device TEXT NOT NULL,
    zone TEXT NOT NULL,
    began_at TEXT NOT NULL,
    used_at TEXT NOT NULL,
    ended_at TEXT,
    end_reason TEXT
) WITHOUT ROWID

CREATE INDEX web_sessions_by_login ON web_sessions (login, began_at)

-- Only the attempts of the last minutes. `name` is a keyed hash of what was typed as the login,
-- which is sometimes a password; `device` is empty for a device that the account doesn't know.
CREATE TABLE failed_attempts (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    device TEXT NOT NULL
)

CREATE INDEX failed_attempts_by_name ON failed_attempts (name, device, at)

CREATE INDEX failed_attempts_by_address ON failed_attempts (address, at)

CREATE TABLE sign_in_log (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    login TEXT NOT NULL,
    by TEXT NOT NULL,
    address TEXT NOT NULL,
    device TEXT NOT NULL,
    detail TEXT NOT NULL
)

CREATE INDEX sign_in_log_by_login ON sign_in_log (login, at)

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID
