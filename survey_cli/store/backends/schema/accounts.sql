-- The account that wrote an event, as the name in `by` may be a claimed one; empty for events of earlier versions.
ALTER TABLE journal ADD COLUMN account TEXT NOT NULL DEFAULT ''

ALTER TABLE case_events ADD COLUMN account TEXT NOT NULL DEFAULT ''
