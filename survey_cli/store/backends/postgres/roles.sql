-- SQL for the rights of roles on a server. {schema}, {contacts}, {interviewer} and so on are quoted names.

-- name: HASH_FUNCTION
-- HMAC-SHA-256 of a number with a key that the caller can't read.
CREATE OR REPLACE FUNCTION survey_shared.never_call_hash(number TEXT) RETURNS TEXT
    LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        secret bytea := (SELECT decode(k.key, 'hex') FROM survey_shared.never_call_key k);
        inner_pad bytea := decode(repeat('36', 64), 'hex');
        outer_pad bytea := decode(repeat('5c', 64), 'hex');
    BEGIN
        FOR i IN 0 .. length(secret) - 1 LOOP
            inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(secret, i));
            outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(secret, i));
        END LOOP;
        RETURN encode(sha256(outer_pad || sha256(inner_pad || convert_to(number, 'UTF8'))), 'hex');
    END $$

-- name: GRANT_MAINTAIN
-- Allows to remove erased texts from the files of the tables; before version 17 only their owner can do that.
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN
        EXECUTE 'GRANT MAINTAIN ON ALL TABLES IN SCHEMA {schema}, {contacts} TO {supervisor}';
    END IF;
END $$

-- name: OWN_SETTING
-- Open tasks and what a station remembers of its upkeep.
starts_with(name, 'owed: ') OR name IN ('scrub owed', 'interviews compared with cases')

-- name: OWN_MESSAGE
-- A message to stations has the name of its author. Withdrawing one leaves the author's name.
starts_with(name, 'message: ')
    AND ({schema}.legible(value) ->> 'by' = current_user OR {schema}.legible(value) ->> 'is_withdrawn' = 'true')

-- name: OWN_CONTACT
-- The case is leased, and whoever reads has claimed it last: a claim is an event, which interviewers can't remove. It is of
-- an earlier transaction, so that it can't be undone after the contact was read; only the check of roles undoes its own.
EXISTS (
    SELECT 1 FROM {schema}.cases c WHERE c.link = case_contacts.link AND c.status = 'leased'
    AND (SELECT e.account = current_user
        AND (age(e.xmin) > 0 OR has_table_privilege(session_user, '{schema}.cases', 'DELETE'))
        FROM {schema}.case_events e WHERE e.case_key = c.key AND e.kind = 'claimed' ORDER BY e.seq DESC LIMIT 1)
)

-- name: HAS_CONTACT
CREATE OR REPLACE FUNCTION {schema}.has_contact(wanted TEXT) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = {contacts}, pg_temp AS 'SELECT EXISTS (SELECT 1 FROM case_contacts WHERE link = wanted)'

-- name: KEEP_LINK
-- Who may change the row of a case could give it the contact of another one, and read that.
CREATE OR REPLACE FUNCTION {schema}.keep_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT has_table_privilege(TG_RELID, 'DELETE') AND (OLD.link <> '' OR {schema}.has_contact(NEW.link)) THEN
        RAISE EXCEPTION 'a case keeps its contact' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$

-- name: KEEP_LINK_TRIGGER
CREATE OR REPLACE TRIGGER cases_keep_link BEFORE UPDATE OF link ON {schema}.cases
FOR EACH ROW WHEN (NEW.link <> OLD.link) EXECUTE FUNCTION {schema}.keep_link()

-- name: OWN_INTERVIEW
-- Whoever has the case, until it is returned.
{schema}.owns_interview(interview)

-- name: OWN_PRACTICE_ROW
-- Trainees practice, and see nobody's interviews but their own.
origin = 'practice' AND "by" = current_user

-- name: OWN_PRACTICE
EXISTS (
    SELECT 1 FROM {schema}.interviews i WHERE i.id = interview AND i.origin = 'practice' AND i."by" = current_user
)

-- name: OWN_WORK
person = current_user

-- name: OWN_NEW_WORK
-- Only supervisors correct times.
person = current_user AND by = current_user AND kind <> 'corrected'

-- name: DROP_POLICIES
DO $$ DECLARE name TEXT; BEGIN
    FOR name IN SELECT polname FROM pg_policy WHERE polrelid = '{table}'::regclass LOOP
        EXECUTE format('DROP POLICY %I ON {table}', name);
    END LOOP;
END $$

-- name: CALLING
-- Decisions of supervisors, imports and erasures are no events of a call.
kind NOT IN ('sampled', 'released', 'corrected', 'reassigned', 'advised', 'reopened', 'unblocked', 'erased', 'anonymised')
    AND {schema}.may_add_case_event(case_key, seq, kind, payload, at, by)

-- name: INTERVIEWING
kind NOT IN ('reviewed', 'erased', 'migrated') AND {schema}.may_add_answer(interview, seq, kind, at, by)

-- name: CODING
kind = 'coded' AND by = current_user AND {schema}.is_present(at)

-- name: READABLE_JOURNAL
-- Every export reads codings and reviews.
kind IN ('coded', 'reviewed') OR (SELECT {schema}.may_read_journals())

-- name: STUDIES
-- Schemas of studies that this account owns.
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'applied_steps' AND pg_has_role(n.nspowner, 'USAGE') ORDER BY n.nspname

-- name: OWNS_LIST
-- Whether this account owns the do-not-call list, with all its tables.
SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('survey_shared.never_call_taken_off')

-- name: USABLE_STUDIES
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'applied_steps' AND has_schema_privilege(n.oid, 'USAGE') ORDER BY n.nspname

-- name: MISSING_ROLES
SELECT name FROM unnest(string_to_array(?, ' ')) AS wanted (name)
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name)

-- name: MAY_CREATE_ROLES
SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user

-- name: MEMBERS
-- Everybody who can log in, with the roles among these; also their members who can't log in.
SELECT p.rolname, coalesce(string_agg(r.rolname, ' ' ORDER BY r.rolname), ''), p.rolcanlogin FROM pg_roles p LEFT JOIN (
    pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid AND r.rolname = ANY (string_to_array(?, ' '))
) ON m.member = p.oid WHERE p.rolcanlogin OR r.rolname IS NOT NULL GROUP BY p.rolname, p.rolcanlogin ORDER BY 1

-- name: EXCESS_RIGHTS
-- What somebody gave by hand and trials of the roles don't show: rights of people and of everybody, rights on columns,
-- other rights of roles, and what members of the roles may do on the server.
WITH groups AS (SELECT oid FROM pg_roles WHERE rolname = ANY (string_to_array(?, ' '))),
places AS (SELECT oid AS place, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname IN (?, ?, ?)),
acls AS (
    SELECT relowner AS owner, relacl AS acl, c.oid::regclass::text AS object FROM pg_class c JOIN places ON place = relnamespace
    UNION ALL SELECT relowner, attacl, format('%s (%I)', c.oid::regclass, attname)
    FROM pg_class c JOIN places ON place = relnamespace JOIN pg_attribute ON attrelid = c.oid
    UNION ALL SELECT proowner, proacl, p.oid::regprocedure::text FROM pg_proc p JOIN places ON place = pronamespace
    UNION ALL SELECT nspowner, nspacl, format('schema %I', nspname) FROM places
    UNION ALL SELECT datdba, datacl, format('database %I', datname) FROM pg_database WHERE datname = current_database()
),
excess AS (
    SELECT grantee AS person, format('%s on %s', privilege_type, object) AS what FROM acls, aclexplode(acl)
    WHERE grantee <> owner AND privilege_type <> 'CONNECT' AND NOT (grantee IN (SELECT oid FROM groups)
        AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE', 'EXECUTE', 'MAINTAIN')
        AND (object NOT LIKE '%(%' OR privilege_type = 'EXECUTE'
            OR EXISTS (SELECT 1 FROM unnest(string_to_array(?, ';')) AS given (cell) WHERE object LIKE '%.' || cell)))
    UNION ALL
    SELECT p.oid, o.what FROM pg_roles p CROSS JOIN LATERAL (
        SELECT 'SUPERUSER' AS what WHERE p.rolsuper UNION ALL SELECT 'BYPASSRLS' WHERE p.rolbypassrls
        UNION ALL SELECT 'CREATEROLE' WHERE p.rolcreaterole
        UNION ALL SELECT 'member of ' || r.oid::regrole FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
        WHERE m.member = p.oid AND m.roleid NOT IN (SELECT oid FROM groups)
            AND (r.rolcanlogin OR r.rolname !~ '_(interviewer|supervisor|coder|analyst)$')  -- the same in another database
    ) AS o WHERE p.rolname <> current_user AND EXISTS (
        SELECT 1 FROM pg_auth_members WHERE member = p.oid AND roleid IN (SELECT oid FROM groups))
)
SELECT coalesce(nullif(person, 0)::regrole::text, 'PUBLIC'), string_agg(what, ', ' ORDER BY what) FROM excess GROUP BY person ORDER BY 1
