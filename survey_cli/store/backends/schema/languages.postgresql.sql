CREATE INDEX journal_languages ON journal (interview, seq) WHERE kind IN ('began', 'resumed', 'language')

-- Analysts export the language of an interview, and don't read journals.
CREATE FUNCTION find_language(id TEXT) RETURNS TEXT LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT substring(payload FROM '"language":("[^"\\]*")') FROM journal
    WHERE interview = $1 AND kind IN ('began', 'resumed', 'language') ORDER BY seq DESC LIMIT 1
$$
