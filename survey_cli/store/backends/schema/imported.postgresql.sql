ALTER TABLE interviews DROP CONSTRAINT interviews_origin_check

ALTER TABLE interviews ADD CONSTRAINT interviews_origin_check
CHECK (origin IN ('real', 'practice', 'simulated', 'imported'))
