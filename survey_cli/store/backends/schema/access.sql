-- Who read contacts, exported or watched. Names and numbers are never among the columns.
CREATE TABLE access_log (
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    account TEXT NOT NULL,
    what TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL
)

CREATE INDEX access_log_in_order ON access_log (at)
