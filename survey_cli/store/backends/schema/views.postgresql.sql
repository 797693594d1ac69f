-- jsonb accepts neither NUL nor half a surrogate pair. A journal may hold both, and one such remark must not hide all
-- others.
CREATE FUNCTION legible(written TEXT) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN written::jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN regexp_replace(
        written, '(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\1\\ufffd', 'g'
    )::jsonb;
END $$

CREATE VIEW answers AS
SELECT
    i.id AS interview,
    i.case_key AS case_key,
    i.number AS number,
    i.status AS status,
    v.name AS variable,
    v.turn AS turn,
    v.wording AS question,
    CASE WHEN jsonb_typeof(c.value) <> 'object' THEN c.value #>> '{}' END AS value,
    CASE jsonb_typeof(c.value)
        WHEN 'object' THEN legible(v.declines) -> (c.value ->> 'missing') ->> 1
        ELSE (
            SELECT l.value ->> 1 FROM jsonb_array_elements(legible(v.labels)) AS l (value)
            WHERE l.value -> 0 = c.value
        )
    END AS label,
    CASE jsonb_typeof(c.value) WHEN 'object' THEN c.value ->> 'missing' END AS missing
FROM interviews i
JOIN snapshots s ON s.interview = i.id
CROSS JOIN LATERAL jsonb_array_elements(legible(s.cells)) WITH ORDINALITY AS c (value, place)
JOIN variables v ON v.instrument = i.instrument AND v.ordinal = c.place - 1
WHERE i.origin = 'real'
    AND v.personal = 0
    AND jsonb_typeof(c.value) <> 'null'
    AND NOT (v.role = 'words' AND c.value = '""'::jsonb)
    AND NOT (jsonb_typeof(c.value) = 'object' AND c.value ->> 'missing' = 'not_reached')

CREATE VIEW remarks AS
SELECT
    i.id AS interview,
    i.case_key AS case_key,
    j.item AS item,
    j.turn AS turn,
    legible(j.payload) ->> 'text' AS remark,
    j.at AS at,
    j.by AS by
FROM interviews i
JOIN journal j ON j.interview = i.id
WHERE i.origin = 'real'
    AND j.kind = 'noted'
    AND NOT EXISTS (
        SELECT 1 FROM variables v WHERE v.instrument = i.instrument AND v.item = j.item AND v.personal = 1
    )
