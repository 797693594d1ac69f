-- Functions and triggers that limit what interviewers and coders may write on a server, beyond the rights on tables.
-- {schema} and {contacts} are quoted names. Supervisors and the owner, who may delete cases, are never limited.
--
-- An account writes under its own name, at the present time, and to the case that it has leased. A transaction that
-- returns a case writes its interview afterwards: it is recognized by an event that it has added to the case itself.

-- name: OWN_ACCOUNT
-- The account at work: the login, whatever role it has switched to. Only the login of seats in the browser, which inherits
-- no rights, works under the role of its person.
CREATE OR REPLACE FUNCTION {schema}.own_account() RETURNS TEXT LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('role') <> 'none'
        AND NOT (SELECT rolinherit OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user)
    THEN current_setting('role') ELSE session_user::text END
$$

-- name: SET_OWN_ACCOUNT
-- Nobody can write under another account, whatever statement is sent.
CREATE OR REPLACE FUNCTION {schema}.set_own_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.account := {schema}.own_account();
    RETURN NEW;
END $$

-- name: SET_ACCESS
-- Nor at another time.
CREATE OR REPLACE FUNCTION {schema}.set_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.account := {schema}.own_account();
    NEW.at := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    RETURN NEW;
END $$

-- name: IS_LIMITED
-- Whether this account is an interviewer's or a coder's.
CREATE OR REPLACE FUNCTION {schema}.is_limited() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT has_table_privilege('{schema}.cases', 'DELETE');
END $$

-- name: IS_PRESENT
-- Whether a time is that of the server. A station adds the time that has passed to a time of the server, and a lost
-- connection takes up to half a minute to be noticed.
CREATE OR REPLACE FUNCTION {schema}.is_present(written TEXT) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN written::timestamptz BETWEEN clock_timestamp() - interval '5 minutes' AND clock_timestamp() + interval '1 minute';
END $$

-- name: IS_AFTER
-- Whether a time is not before another one, and not in the future. A history never goes backwards, even if an earlier
-- event is dated in the future.
CREATE OR REPLACE FUNCTION {schema}.is_after(written TEXT, earlier TEXT) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN written::timestamptz >= earlier::timestamptz
        AND written::timestamptz <= greatest(earlier::timestamptz, clock_timestamp() + interval '1 minute');
END $$

-- name: HOLDS_CASE
-- Whether this account has leased a case. `guard_case` accepts no other name for a lease.
CREATE OR REPLACE FUNCTION {schema}.holds_case(wanted TEXT) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM {schema}.cases c WHERE c.key = wanted AND c.status = 'leased' AND c.lease_by = current_user
    );
END $$

-- name: NAME_JUST_WRITTEN
-- The name in the last event of a case, if this account has added it in this transaction; else NULL.
CREATE OR REPLACE FUNCTION {schema}.name_just_written(wanted TEXT) RETURNS TEXT LANGUAGE plpgsql STABLE AS $$
DECLARE
    last record;
BEGIN
    SELECT e."by", e.account, e.xmin AS written INTO last FROM {schema}.case_events e
    WHERE e.case_key = wanted ORDER BY e.seq DESC LIMIT 1;
    IF last.account = {schema}.own_account() AND last.written = pg_current_xact_id_if_assigned()::xid THEN
        RETURN last."by";
    END IF;
    RETURN NULL;
END $$

-- name: OWNS_INTERVIEW
-- Whether this account may write what belongs to an interview now. One without an imported case, and one for practice,
-- belong to whoever has written to them last, until they end.
CREATE OR REPLACE FUNCTION {schema}.owns_interview(wanted TEXT) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    i record;
    is_sampled boolean;
    just_written TEXT;
BEGIN
    SELECT n.case_key, n."by", n.origin, n.status, n.outcome, n.xmin AS written INTO i
    FROM {schema}.interviews n WHERE n.id = wanted;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Trainees may not read the table of cases, so it is a query of its own.
    is_sampled := i.origin = 'real';
    IF is_sampled THEN
        is_sampled := EXISTS (SELECT 1 FROM {schema}.cases c WHERE c.key = i.case_key);
    END IF;
    IF NOT is_sampled THEN
        RETURN i."by" = current_user
            AND (i.status IN ('open', 'suspended') OR i.written = pg_current_xact_id_if_assigned()::xid);
    END IF;
    IF {schema}.holds_case(i.case_key) AND (i."by" = current_user OR i.outcome <> 'complete') THEN
        RETURN true;
    END IF;
    just_written := {schema}.name_just_written(i.case_key);
    RETURN just_written IS NOT NULL AND (i."by" IN (current_user, just_written) OR i.outcome <> 'complete');
END $$

-- name: MAY_ADD_CASE_EVENT
-- Whether an interviewer may add an event to a case.
CREATE OR REPLACE FUNCTION {schema}.may_add_case_event(
    wanted TEXT, number INTEGER, kind TEXT, payload TEXT, at TEXT, name TEXT
) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    c record;
    last record;
    claim record;
BEGIN
    SELECT n.seq, n.status, n.lease_by, n.lease_until, n.updated_at INTO c FROM {schema}.cases n WHERE n.key = wanted;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT e.seq, e.at INTO last FROM {schema}.case_events e WHERE e.case_key = wanted ORDER BY e.seq DESC LIMIT 1;
    IF number <> coalesce(last.seq, 0) + 1 THEN
        RETURN false;
    END IF;
    IF c.status = 'leased' AND c.lease_by = current_user THEN
        RETURN name = current_user AND {schema}.is_after(at, coalesce(last.at, at))
            AND (kind <> 'claimed' OR at = last.at OR {schema}.is_present(at));
    END IF;
    -- A station ends the lease of another one that is gone, and records how its call ended, under that name.
    IF c.status = 'leased' AND c.lease_until::timestamptz <= clock_timestamp() + interval '1 minute' THEN
        RETURN name = c.lease_by AND kind IN ('called', 'blocked', 'closed', 'returned')
            AND {schema}.is_after(at, coalesce(last.at, at));
    END IF;
    IF c.status = 'leased' THEN
        RETURN false;
    END IF;
    SELECT e."by" AS name, e.account INTO claim FROM {schema}.case_events e
    WHERE e.case_key = wanted AND e.kind = 'claimed' ORDER BY e.seq DESC LIMIT 1;
    IF kind IN ('called', 'closed', 'returned') AND c.seq >= number AND at = c.updated_at THEN
        RETURN name = claim.name;
    END IF;
    -- After a call, until the next one, its interviewer adds notes.
    RETURN kind = 'remarked' AND name = current_user AND claim.account = {schema}.own_account()
        AND {schema}.is_present(at);
END $$

-- name: MAY_ADD_ANSWER
-- Whether an interviewer may add an event to an interview.
CREATE OR REPLACE FUNCTION {schema}.may_add_answer(
    wanted TEXT, number INTEGER, kind TEXT, at TEXT, name TEXT
) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    i record;
    earlier TEXT;
    just_written TEXT;
    is_complete boolean;
BEGIN
    SELECT n.case_key, n."by", n.origin, n.status, n.outcome INTO i FROM {schema}.interviews n WHERE n.id = wanted;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF kind = 'coded' THEN
        RETURN name = current_user AND {schema}.is_present(at);
    END IF;
    SELECT j.at INTO earlier FROM {schema}.journal j WHERE j.interview = wanted ORDER BY j.seq DESC LIMIT 1;
    is_complete := i.status = 'ended' AND i.outcome = 'complete';
    IF name = current_user THEN
        IF NOT {schema}.is_after(at, coalesce(earlier, at)) OR (is_complete AND i."by" <> current_user) THEN
            RETURN false;
        END IF;
        IF kind IN ('began', 'resumed') AND at <> coalesce(earlier, '') AND NOT {schema}.is_present(at) THEN
            RETURN false;
        END IF;
        IF i.origin <> 'real' OR {schema}.holds_case(i.case_key) THEN
            RETURN true;
        END IF;
        RETURN NOT EXISTS (SELECT 1 FROM {schema}.cases c WHERE c.key = i.case_key)
            OR {schema}.name_just_written(i.case_key) IS NOT NULL;
    END IF;
    -- The interview of a lease that has expired, which had nothing left to ask, is ended under the same name.
    RETURN name = i."by" AND name = {schema}.name_just_written(i.case_key) AND {schema}.is_after(at, coalesce(earlier, at));
END $$

-- name: GUARD_CASE
CREATE OR REPLACE FUNCTION {schema}.guard_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT {schema}.is_limited() THEN
        RETURN NEW;
    END IF;
    IF ROW (NEW.key, NEW.ordinal, NEW.frame, NEW.replicate, NEW.mark)
        IS DISTINCT FROM ROW (OLD.key, OLD.ordinal, OLD.frame, OLD.replicate, OLD.mark)
    THEN
        RAISE EXCEPTION 'only a supervisor changes the sample' USING ERRCODE = '42501';
    END IF;
    IF OLD.status = 'leased' AND OLD.lease_by <> current_user
        AND OLD.lease_until::timestamptz > clock_timestamp() + interval '1 minute'
    THEN
        RAISE EXCEPTION 'case % is at another station', OLD.key USING ERRCODE = '42501';
    END IF;
    IF NEW.status = 'leased' AND NEW.lease_by <> current_user
        AND ROW (OLD.status, OLD.lease_by, OLD.lease_token, OLD.lease_until)
        IS DISTINCT FROM ROW (NEW.status, NEW.lease_by, NEW.lease_token, NEW.lease_until)
    THEN
        RAISE EXCEPTION 'a case is claimed under the name of the account' USING ERRCODE = '42501';
    END IF;
    IF OLD.status <> 'leased' AND NEW.status <> 'leased' AND (NEW.seq <> OLD.seq OR NEW.updated_at <> OLD.updated_at)
        AND {schema}.name_just_written(OLD.key) IS DISTINCT FROM current_user::text
    THEN
        RAISE EXCEPTION 'case % is not claimed', OLD.key USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$

-- name: CHECK_CASE
-- At the end of the transaction: the last event of a case is there.
CREATE OR REPLACE FUNCTION {schema}.check_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {schema}.is_limited()
        AND NOT EXISTS (SELECT 1 FROM {schema}.case_events e WHERE e.case_key = NEW.key AND e.seq = NEW.seq)
    THEN
        RAISE EXCEPTION 'case % lacks event %', NEW.key, NEW.seq USING ERRCODE = '42501';
    END IF;
    RETURN NULL;
END $$

-- name: GUARD_INTERVIEW
CREATE OR REPLACE FUNCTION {schema}.guard_interview() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_sampled boolean;
    has_lease boolean;
BEGIN
    IF NOT {schema}.is_limited() THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF ROW (NEW.id, NEW.case_key, NEW.instrument, NEW.began_at, NEW.origin, NEW.number)
            IS DISTINCT FROM ROW (OLD.id, OLD.case_key, OLD.instrument, OLD.began_at, OLD.origin, OLD.number)
        THEN
            RAISE EXCEPTION 'only a supervisor changes what an interview is' USING ERRCODE = '42501';
        END IF;
        -- A coding, which the journal must have at the end of the transaction.
        IF NEW.last_seq = OLD.last_seq + 1
            AND ROW (NEW.status, NEW.outcome, NEW.at_item, NEW.answered, NEW."by", NEW.updated_at)
            = ROW (OLD.status, OLD.outcome, OLD.at_item, OLD.answered, OLD."by", OLD.updated_at)
        THEN
            RETURN NEW;
        END IF;
        IF NOT has_table_privilege(TG_RELID, 'INSERT') THEN
            RAISE EXCEPTION 'a coder changes no interview' USING ERRCODE = '42501';
        END IF;
        IF OLD.status = 'ended' AND OLD.outcome = 'complete' AND OLD."by" <> current_user THEN
            RAISE EXCEPTION 'only a supervisor, or its interviewer, corrects a complete interview' USING ERRCODE = '42501';
        END IF;
    END IF;
    IF NEW.origin = 'practice' AND NEW."by" = current_user THEN
        RETURN NEW;
    END IF;
    IF NEW.origin = 'real' AND NOT has_table_privilege('{schema}.cases', 'UPDATE') THEN
        RAISE EXCEPTION 'a trainee only practices' USING ERRCODE = '42501';
    END IF;
    is_sampled := NEW.origin = 'real' AND EXISTS (SELECT 1 FROM {schema}.cases c WHERE c.key = NEW.case_key);
    has_lease := NOT is_sampled OR {schema}.holds_case(NEW.case_key)
        OR coalesce({schema}.name_just_written(NEW.case_key) IN (NEW."by", current_user), false);
    IF NOT has_lease THEN
        RAISE EXCEPTION 'case % is not claimed', NEW.case_key USING ERRCODE = '42501';
    END IF;
    IF NEW.origin NOT IN ('real', 'practice')
        OR (NEW."by" <> current_user AND NOT (TG_OP = 'UPDATE' AND is_sampled AND NEW."by" = OLD."by"))
    THEN
        RAISE EXCEPTION 'an interview has the name of the account' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$

-- name: CHECK_INTERVIEW
-- At the end of the transaction: the last event of an interview is there, and what changed nothing else is a coding.
CREATE OR REPLACE FUNCTION {schema}.check_interview() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_coding boolean := ROW (NEW.status, NEW.outcome, NEW.at_item, NEW.answered, NEW."by", NEW.updated_at)
        = ROW (OLD.status, OLD.outcome, OLD.at_item, OLD.answered, OLD."by", OLD.updated_at);
    kind TEXT := (SELECT j.kind FROM {schema}.journal j WHERE j.interview = NEW.id AND j.seq = NEW.last_seq);
BEGIN
    IF {schema}.is_limited() AND (kind IS NULL OR (is_coding AND kind <> 'coded' AND NOT {schema}.owns_interview(NEW.id)))
    THEN
        RAISE EXCEPTION 'interview % lacks event %', NEW.id, NEW.last_seq USING ERRCODE = '42501';
    END IF;
    RETURN NULL;
END $$

-- name: GUARD_SNAPSHOT
CREATE OR REPLACE FUNCTION {schema}.guard_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT {schema}.is_limited() OR {schema}.owns_interview(NEW.interview) THEN
        RETURN NEW;
    END IF;
    -- The data are those of the next event too, if that is a coding.
    IF TG_OP = 'UPDATE' AND NEW.seq = OLD.seq + 1
        AND ROW (NEW.interview, NEW.engine, NEW.cells, NEW.digest)
        = ROW (OLD.interview, OLD.engine, OLD.cells, OLD.digest)
        AND EXISTS (SELECT 1 FROM {schema}.journal j
            WHERE j.interview = NEW.interview AND j.seq = NEW.seq AND j.kind = 'coded')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the data are those of another interview' USING ERRCODE = '42501';
END $$

-- name: GUARD_CONTACT
-- An interviewer adds a number that was given, and changes nothing that was known.
CREATE OR REPLACE FUNCTION {schema}.guard_contact() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := {schema}.legible(OLD.details);
    after jsonb := {schema}.legible(NEW.details);
BEGIN
    IF NOT {schema}.is_limited() THEN
        RETURN NEW;
    END IF;
    IF NEW.link <> OLD.link OR before - 'numbers' <> after - 'numbers' OR NEW.words <> OLD.words
        OR NOT starts_with(NEW.digits, OLD.digits)
        OR EXISTS (
            SELECT value FROM jsonb_array_elements(before -> 'numbers') EXCEPT
            SELECT value FROM jsonb_array_elements(after -> 'numbers'))
        OR (SELECT count(*) FROM jsonb_array_elements(after -> 'numbers') AS n (value)
            WHERE n.value -> 0 IN (SELECT o.value -> 0 FROM jsonb_array_elements(before -> 'numbers') AS o (value)))
            <> jsonb_array_length(before -> 'numbers')
    THEN
        RAISE EXCEPTION 'only a supervisor changes a contact' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$

-- name: GUARD_WORK
-- Working times are those of the server.
CREATE OR REPLACE FUNCTION {schema}.guard_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {schema}.is_limited() THEN
        NEW.at := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    END IF;
    RETURN NEW;
END $$

-- name: GUARD_ACCESS
-- The log has the name of the account, unless a supervisor works under another one.
CREATE OR REPLACE FUNCTION {schema}.guard_access() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    exported TEXT;
BEGIN
    -- `find_caller`, which runs with the owner's rights, writes the name of the login.
    IF {schema}.is_limited() OR NEW."by" = session_user THEN
        NEW."by" := {schema}.own_account();
    END IF;
    -- Every export is in the log before anything is read: who may not read that can't begin.
    exported := '{schema}.answers';
    IF NEW.detail = 'shifts' THEN
        exported := '{schema}.work_events';
    END IF;
    IF NEW.what = 'export' AND NOT has_table_privilege(exported, 'SELECT') THEN
        RAISE EXCEPTION 'this role exports no such data' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$

-- name: LIST_NEVER_CALL
-- Puts the numbers of a case on the do-not-call list if its history says so, with the time, the reason and the name that
-- the history has. Interviewers do that only for requests that they have recorded themselves.
CREATE OR REPLACE FUNCTION {schema}.list_never_call(case_key TEXT, at TEXT, reason TEXT, by TEXT) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, {contacts}, pg_temp AS $$
DECLARE
    request record;
BEGIN
    SELECT e.kind, e.at, e."by" AS name, e.account, legible(e.payload) ->> 'why' AS why INTO request FROM case_events e
    WHERE e.case_key = $1 AND e.kind IN ('blocked', 'unblocked') ORDER BY e.seq DESC LIMIT 1;
    IF request.kind IS DISTINCT FROM 'blocked' THEN
        RETURN;
    END IF;
    IF request.account <> own_account() AND NOT has_table_privilege(own_account(), '{schema}.cases', 'DELETE') THEN
        RETURN;
    END IF;
    INSERT INTO survey_shared.never_call (hash, at, reason, by)
    SELECT survey_shared.never_call_hash(n.value ->> 2), request.at, coalesce(request.why, ''), request.name
    FROM cases c JOIN case_contacts k ON k.link = c.link
    CROSS JOIN LATERAL jsonb_array_elements(legible(k.details) -> 'numbers') AS n (value)
    WHERE c.key = $1 AND n.value ->> 2 <> ''
    ON CONFLICT DO NOTHING;
    DELETE FROM settings WHERE name = 'owed: do-not-call: ' || $1;
END $$
