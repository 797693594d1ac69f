CREATE VIEW answers AS
SELECT
    i.id AS interview,
    i.case_key AS case_key,
    i.number AS number,
    i.status AS status,
    v.name AS variable,
    v.turn AS turn,
    v.wording AS question,
    CASE c.type WHEN 'object' THEN NULL ELSE c.value END AS value,
    CASE c.type
        WHEN 'object' THEN json_extract(v.declines, '$."' || json_extract(c.value, '$.missing') || '"[1]')
        ELSE (
            SELECT json_extract(l.value, '$[1]') FROM json_each(v.labels) l
            WHERE json_extract(l.value, '$[0]') = c.value
        )
    END AS label,
    CASE c.type WHEN 'object' THEN json_extract(c.value, '$.missing') END AS missing
FROM interviews i
JOIN snapshots s ON s.interview = i.id
JOIN json_each(s.cells) c
JOIN variables v ON v.instrument = i.instrument AND v.ordinal = c.key
WHERE i.origin = 'real'
    AND v.personal = 0
    AND c.type <> 'null'
    AND NOT (v.role = 'words' AND c.value = '')
    AND NOT (c.type = 'object' AND json_extract(c.value, '$.missing') = 'not_reached')

CREATE VIEW remarks AS
SELECT
    i.id AS interview,
    i.case_key AS case_key,
    j.item AS item,
    j.turn AS turn,
    json_extract(j.payload, '$.text') AS remark,
    j.at AS at,
    j.by AS by
FROM interviews i
JOIN journal j ON j.interview = i.id
WHERE i.origin = 'real'
    AND j.kind = 'noted'
    AND NOT EXISTS (
        SELECT 1 FROM variables v WHERE v.instrument = i.instrument AND v.item = j.item AND v.personal = 1
    )
