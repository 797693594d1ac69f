-- The account that wrote an event, as the name in `by` may be a claimed one; empty for events of earlier versions.
ALTER TABLE journal ADD COLUMN account TEXT NOT NULL DEFAULT ''

ALTER TABLE case_events ADD COLUMN account TEXT NOT NULL DEFAULT ''

CREATE FUNCTION own_account() RETURNS TEXT LANGUAGE sql STABLE AS 'SELECT session_user::text'

-- Nobody can write under another account, whatever statement is sent.
CREATE FUNCTION set_own_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.account := session_user;
    RETURN NEW;
END $$

CREATE TRIGGER journal_account BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION set_own_account()

CREATE TRIGGER case_events_account BEFORE INSERT ON case_events FOR EACH ROW EXECUTE FUNCTION set_own_account()
