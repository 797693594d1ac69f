-- SQL for the rights of roles on a server.

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
        EXECUTE 'GRANT MAINTAIN ON ALL TABLES IN SCHEMA {schema} TO {role}';
    END IF;
END $$
