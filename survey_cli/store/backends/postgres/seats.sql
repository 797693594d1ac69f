-- SQL for the login with which `survey serve` connects to a server.

-- name: PEOPLE
-- Members of these roles who could have a seat: those with rights on the server itself can't, and no group can.
SELECT p.rolname FROM pg_roles p WHERE NOT (p.rolsuper OR p.rolcreaterole OR p.rolcreatedb OR p.rolbypassrls)
AND NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = current_database() AND datdba = p.oid)
AND p.rolname <> ALL (string_to_array(?, ' '))
AND EXISTS (
    SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
    WHERE m.member = p.oid AND r.rolname = ANY (string_to_array(?, ' '))
) ORDER BY p.rolname

-- name: MEMBERSHIPS
-- The roles to which a login may switch.
SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles p ON p.oid = m.member
WHERE p.rolname = ? ORDER BY r.rolname

-- name: OWN_RIGHTS
-- What a login may do without switching to a person.
WITH login AS (SELECT * FROM pg_roles WHERE rolname = ?)
SELECT what FROM login CROSS JOIN LATERAL (VALUES
    (rolinherit, 'INHERIT'), (rolsuper, 'SUPERUSER'), (rolbypassrls, 'BYPASSRLS'), (rolcreaterole, 'CREATEROLE'),
    (rolcreatedb, 'CREATEDB')
) AS attribute (is_set, what) WHERE is_set
UNION ALL
SELECT format('rights on %s', c.oid::regclass) FROM login CROSS JOIN pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v') AND n.nspname IN (?, ?, ?)
AND has_table_privilege(login.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
