-- Live counts. A case stores in `activity` what its history adds to them, as of its event `counted`; each change of a
-- case appends the difference to `counts`, whatever statement makes it. Readers add the numbers up.
ALTER TABLE cases ADD COLUMN counted INTEGER NOT NULL DEFAULT 0

ALTER TABLE cases ADD COLUMN activity TEXT NOT NULL DEFAULT '{}'

ALTER TABLE cases ADD COLUMN state TEXT GENERATED ALWAYS AS (json_array(
    status, outcome, code, frame, replicate, CASE WHEN status IN ('ready', 'waiting') THEN bucket ELSE '' END,
    CASE status WHEN 'waiting' THEN why ELSE '' END, CASE WHEN promised_at IS NULL THEN 0 ELSE 1 END
)) VIRTUAL

CREATE TABLE counts (quarter TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL)

CREATE INDEX counts_by_quarter ON counts (quarter, name)

DROP INDEX cases_stale

CREATE INDEX cases_uncounted ON cases (key) WHERE counted < seq AND seq > 1 AND status <> 'leased' AND arrival = ''

CREATE INDEX cases_held ON cases (ordinal) WHERE status = 'held'

CREATE INDEX cases_changed ON cases (updated_at) WHERE seq > 1

CREATE VIEW counts_of_cases AS SELECT '' AS quarter, state AS name, count(*) AS number FROM cases
WHERE arrival = '' GROUP BY state
UNION ALL
SELECT substr(a.key, 1, instr(a.key, ' ') - 1), substr(a.key, instr(a.key, ' ') + 1), sum(a.value)
FROM cases, json_each(cases.activity) a WHERE arrival = '' GROUP BY a.key

INSERT INTO counts SELECT quarter, name, number FROM counts_of_cases

CREATE TRIGGER cases_counted_when_new AFTER INSERT ON cases WHEN NEW.arrival = ''
BEGIN
    INSERT INTO counts VALUES ('', NEW.state, 1);
    INSERT INTO counts SELECT substr(key, 1, instr(key, ' ') - 1), substr(key, instr(key, ' ') + 1), value
    FROM json_each(NEW.activity);
END

CREATE TRIGGER cases_counted_when_changed
AFTER UPDATE OF status, outcome, code, frame, replicate, bucket, why, promised_at, activity, arrival ON cases
BEGIN
    INSERT INTO counts SELECT quarter, name, sum(number) FROM (
        SELECT '' AS quarter, NEW.state AS name, 1 AS number WHERE NEW.arrival = ''
        UNION ALL SELECT '', OLD.state, -1 WHERE OLD.arrival = ''
        UNION ALL SELECT substr(key, 1, instr(key, ' ') - 1), substr(key, instr(key, ' ') + 1), value
        FROM json_each(NEW.activity) WHERE NEW.arrival = ''
        UNION ALL SELECT substr(key, 1, instr(key, ' ') - 1), substr(key, instr(key, ' ') + 1), -value
        FROM json_each(OLD.activity) WHERE OLD.arrival = ''
    ) GROUP BY quarter, name HAVING sum(number) <> 0;
END
