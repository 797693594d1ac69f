-- Interviews of origin `imported`. SQLite can't change a CHECK: the schema's text is changed, and no row.
PRAGMA writable_schema = ON

UPDATE sqlite_schema SET sql = replace(sql, '''simulated'')', '''simulated'', ''imported'')')
WHERE type = 'table' AND name = 'interviews'

PRAGMA writable_schema = RESET
