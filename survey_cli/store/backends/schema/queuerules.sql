-- The edition of the rules by which a queue position was derived. A program that knows the column counts up `derivations`
-- with every position that it writes. If a position is written without, an earlier program did it, by rules that nobody
-- knows: they get the edition 0, and the position is derived again. No value means the rules that the setting `plan`
-- names, as of all positions from before this step, so that no row is rewritten.
ALTER TABLE cases ADD COLUMN rules INTEGER

ALTER TABLE cases ADD COLUMN derivations INTEGER NOT NULL DEFAULT 0

CREATE INDEX cases_by_rules ON cases (rules)

CREATE TRIGGER cases_added_by_other_rules AFTER INSERT ON cases WHEN NEW.derivations = 0
BEGIN
    UPDATE cases SET rules = 0 WHERE key = NEW.key;
END

CREATE TRIGGER cases_queued_by_other_rules AFTER UPDATE OF stood ON cases WHEN NEW.derivations = OLD.derivations
BEGIN
    UPDATE cases SET rules = 0 WHERE key = NEW.key;
END
