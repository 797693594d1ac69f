-- How many working times were ever recorded of each person. The count is kept by a trigger, whatever program adds them,
-- so that `survey db verify` notices if some were removed. The trigger comes first: nobody adds any until the step is done.
CREATE TABLE work_counts (
    person TEXT PRIMARY KEY,
    number INTEGER NOT NULL
){by_key}

CREATE TRIGGER work_events_counted AFTER INSERT ON work_events
BEGIN
    INSERT INTO work_counts (person, number) VALUES (NEW.person, 1)
    ON CONFLICT (person) DO UPDATE SET number = number + 1;
END

INSERT INTO work_counts (person, number) SELECT person, count(*) FROM work_events GROUP BY person
