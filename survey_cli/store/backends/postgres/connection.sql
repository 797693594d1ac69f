-- SQL statements of connections to a PostgreSQL server, and of its schemas.

-- name: SERVER_STATE
SELECT current_setting('fsync'), current_setting('server_encoding'), pg_is_in_recovery(), session_user::text,
    clock_timestamp(), pg_backend_pid(), current_setting('synchronous_commit'),
    coalesce(has_table_privilege(to_regclass(?), 'UPDATE'), true),
    coalesce(has_table_privilege(to_regclass(?), 'DELETE'), true),
    coalesce((SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = to_regclass(?)), true),
    (SELECT coalesce(string_agg(wanted.role, ','), '') FROM unnest(string_to_array(?, ',')) AS wanted (role)
    JOIN pg_roles r ON r.rolname = current_database() || '_' || replace(wanted.role, ' ', '_')
    WHERE pg_has_role(r.oid, 'USAGE')),
    (SELECT rolinherit OR rolsuper FROM pg_roles WHERE rolname = session_user)

-- name: SWITCH_ROLE
-- To the person of a seat, until the end of the transaction or of the session.
SELECT set_config('role', ?, ?)

-- name: BEGIN
-- One message, so that the server's time comes with each transaction without a further round trip.
-- Every setting is that of a transaction: a pooler in front of the server may run each over another connection.
BEGIN ISOLATION LEVEL READ COMMITTED; SELECT clock_timestamp(), set_config('lock_timeout', '{wait}ms', true),
set_config('idle_in_transaction_session_timeout', '{idle}s', true){more}

-- name: FOREIGN_KEYS
SELECT c.conrelid::regclass::text, c.confrelid::regclass::text,
    string_agg(format('p.%I = c.%I', there.attname, here.attname), ' AND '),
    string_agg(format('c.%I IS NOT NULL', here.attname), ' AND ') FROM pg_constraint c
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (here, there)
JOIN pg_attribute here ON here.attrelid = c.conrelid AND here.attnum = k.here
JOIN pg_attribute there ON there.attrelid = c.confrelid AND there.attnum = k.there
JOIN pg_namespace n ON n.oid = c.connamespace
WHERE c.contype = 'f' AND n.nspname IN (current_schema(), contact_schema())
GROUP BY c.oid, c.conrelid, c.confrelid ORDER BY 1, 2

-- name: SCHEMA
SELECT 1 FROM pg_namespace WHERE nspname = ?

-- name: TABLES
-- The catalog shows the latest commits of others; to_regclass() may return a cached result.
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ?

-- name: HAS_STEPS_TABLE
-- Found by an index, which begins with the name of a table: a server may have the tables of many studies.
{TABLES} AND c.relname = 'applied_steps'

-- name: OTHER_CONNECTIONS
-- Programs that have this study open; earlier versions do not name the study.
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name IN ('survey', ?)

-- name: IS_OWNER
SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = ?

-- name: STEPS_TABLE
CREATE TABLE {schema}.applied_steps (
    name TEXT COLLATE "C" PRIMARY KEY,
    number INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
)

-- name: FIXED_PATHS
-- Functions that find their tables by the names of schemas.
SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ? AND p.proconfig::text LIKE '%search_path=%'

-- name: NUMBERED
-- Columns that the server numbers where no number is given.
SELECT format('%I.%I', n.nspname, c.relname), a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND a.attidentity = 'd'
