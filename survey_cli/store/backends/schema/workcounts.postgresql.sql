CREATE TABLE work_counts (
    person TEXT PRIMARY KEY,
    number INTEGER NOT NULL
)

-- Interviewers may not write to the table.
CREATE FUNCTION count_work() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO work_counts (person, number) VALUES (NEW.person, 1)
    ON CONFLICT (person) DO UPDATE SET number = work_counts.number + 1;
    RETURN NULL;
END $$

CREATE TRIGGER work_events_counted AFTER INSERT ON work_events FOR EACH ROW EXECUTE FUNCTION count_work()

INSERT INTO work_counts (person, number) SELECT person, count(*) FROM work_events GROUP BY person
