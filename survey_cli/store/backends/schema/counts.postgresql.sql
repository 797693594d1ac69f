ALTER TABLE cases ADD COLUMN counted INTEGER NOT NULL DEFAULT 0

ALTER TABLE cases ADD COLUMN activity TEXT NOT NULL DEFAULT '{}'

CREATE TABLE counts (quarter TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL)

CREATE INDEX counts_by_quarter ON counts (quarter, name)

DROP INDEX cases_stale

CREATE INDEX cases_uncounted ON cases (key) WHERE counted < seq AND seq > 1 AND status <> 'leased' AND arrival = ''

CREATE INDEX cases_held ON cases (ordinal) WHERE status = 'held'

CREATE INDEX cases_changed ON cases (updated_at) WHERE seq > 1

CREATE FUNCTION describe_state(c cases) RETURNS TEXT LANGUAGE sql STABLE AS $$
    SELECT json_build_array(
        c.status, c.outcome, c.code, c.frame, c.replicate,
        CASE WHEN c.status IN ('ready', 'waiting') THEN c.bucket ELSE '' END,
        CASE c.status WHEN 'waiting' THEN c.why ELSE '' END, CASE WHEN c.promised_at IS NULL THEN 0 ELSE 1 END
    )::text
$$

CREATE VIEW counts_of_cases AS SELECT '' AS quarter, describe_state(c) AS name, count(*) AS number FROM cases c
WHERE arrival = '' GROUP BY 2
UNION ALL
SELECT split_part(a.key, ' ', 1), substr(a.key, strpos(a.key, ' ') + 1), sum(a.value::integer)
FROM cases CROSS JOIN LATERAL json_each_text(cases.activity::json) a WHERE arrival = '' GROUP BY a.key

INSERT INTO counts SELECT quarter, name, number FROM counts_of_cases

-- Whoever changes a case may add to the counts by this alone.
CREATE FUNCTION count_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO counts SELECT quarter, name, sum(number) FROM (
        SELECT '' AS quarter, describe_state(NEW) AS name, 1 AS number WHERE NEW.arrival = ''
        UNION ALL SELECT split_part(key, ' ', 1), substr(key, strpos(key, ' ') + 1), value::integer
        FROM json_each_text(NEW.activity::json) WHERE NEW.arrival = ''
        UNION ALL SELECT '', describe_state(OLD), -1 WHERE TG_OP = 'UPDATE' AND OLD.arrival = ''
        UNION ALL SELECT split_part(key, ' ', 1), substr(key, strpos(key, ' ') + 1), -value::integer
        FROM json_each_text(CASE WHEN TG_OP = 'UPDATE' AND OLD.arrival = '' THEN OLD.activity::json ELSE '{}' END)
    ) AS changes GROUP BY quarter, name HAVING sum(number) <> 0;
    RETURN NULL;
END $$

CREATE TRIGGER cases_counted_when_new AFTER INSERT ON cases
FOR EACH ROW WHEN (NEW.arrival = '') EXECUTE FUNCTION count_case()

CREATE TRIGGER cases_counted_when_changed
AFTER UPDATE OF status, outcome, code, frame, replicate, bucket, why, promised_at, activity, arrival ON cases
FOR EACH ROW EXECUTE FUNCTION count_case()
