ALTER TABLE cases ADD COLUMN rules INTEGER

ALTER TABLE cases ADD COLUMN derivations INTEGER NOT NULL DEFAULT 0

CREATE INDEX cases_by_rules ON cases (rules)

CREATE FUNCTION mark_other_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.rules := 0;
    RETURN NEW;
END $$

CREATE TRIGGER cases_added_by_other_rules BEFORE INSERT ON cases
FOR EACH ROW WHEN (NEW.derivations = 0) EXECUTE FUNCTION mark_other_rules()

CREATE TRIGGER cases_queued_by_other_rules BEFORE UPDATE OF stood ON cases
FOR EACH ROW WHEN (NEW.derivations = OLD.derivations) EXECUTE FUNCTION mark_other_rules()
