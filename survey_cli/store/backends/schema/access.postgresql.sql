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

-- Nobody can write under another account or at another time, whatever statement is sent.
CREATE FUNCTION set_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.account := session_user;
    NEW.at := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    RETURN NEW;
END $$

CREATE TRIGGER access_log_account BEFORE INSERT ON access_log FOR EACH ROW EXECUTE FUNCTION set_access()

-- Names, numbers and personal values stand in a schema of their own.
CREATE SCHEMA IF NOT EXISTS {contacts}

ALTER TABLE contacts SET SCHEMA {contacts}

ALTER TABLE case_contacts SET SCHEMA {contacts}

-- The rule for interviewers looks for the leased case of a contact.
CREATE INDEX cases_leased_contact ON cases (link) WHERE status = 'leased'

-- Finds the case of somebody who calls back, by the whole folded name or the whole number in digits.
CREATE FUNCTION find_caller(whole_name TEXT, whole_number TEXT) RETURNS TABLE (case_key TEXT, case_name TEXT)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, {contacts}, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH numbered AS (
        SELECT c.key, legible(k.details) ->> 'name' AS name FROM case_contacts k JOIN cases c ON c.link = k.link
        WHERE (whole_name <> '' AND split_part(k.words, chr(10), 1) = whole_name
                AND legible(k.details) ->> 'name' <> '')
            OR (length(whole_number) > 5 AND k.digits LIKE '%' || whole_number || '%' AND whole_number IN (
                SELECT n FROM unnest(string_to_array(k.digits, ' ')) AS written (w)
                -- with the code of the country, or without it
                CROSS JOIN LATERAL (VALUES (w), (ltrim(substr(w, CASE WHEN w ~ '^[17]' THEN 2
                    WHEN w ~ '^(2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])' THEN 3 ELSE 4 END), '0'))
                ) AS forms (n)))
        ORDER BY c.ordinal LIMIT 20
    ), logged AS (
        INSERT INTO access_log (at, by, account, what, object, detail)
        SELECT '', session_user, '', 'search', string_agg('case ' || n.key, ', '), 'a caller'
        FROM numbered n HAVING count(*) > 0
    )
    SELECT n.key, n.name FROM numbered n;
END $$

-- Puts the numbers of a case on the do-not-call list, where its history says so.
CREATE FUNCTION list_never_call(case_key TEXT, at TEXT, reason TEXT, by TEXT) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, {contacts}, pg_temp AS $$
BEGIN
    INSERT INTO survey_shared.never_call (hash, at, reason, by)
    SELECT survey_shared.never_call_hash(n.value ->> 2), $2, $3, $4
    FROM cases c JOIN case_contacts k ON k.link = c.link
    CROSS JOIN LATERAL jsonb_array_elements(legible(k.details) -> 'numbers') AS n (value)
    WHERE c.key = $1 AND n.value ->> 2 <> ''
        AND EXISTS (SELECT 1 FROM case_events e WHERE e.case_key = c.key AND e.kind = 'blocked')
    ON CONFLICT DO NOTHING;
END $$

-- A journal contains personal answers too; an error is better than data without them.
CREATE FUNCTION may_read_journals() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM {schema}.variables WHERE personal = 1) THEN
        RAISE EXCEPTION 'journals contain personal answers' USING ERRCODE = '42501';
    END IF;
    RETURN true;
END $$

REVOKE ALL ON FUNCTION find_caller(TEXT, TEXT), list_never_call(TEXT, TEXT, TEXT, TEXT) FROM PUBLIC
