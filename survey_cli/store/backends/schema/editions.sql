-- The edition of the language in which a version is written. All versions before this step are in edition 1, and an
-- earlier program can only add such versions: it refuses the key `edition:`.
ALTER TABLE instruments ADD COLUMN edition INTEGER NOT NULL DEFAULT 1
