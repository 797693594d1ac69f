-- The role of whoever invited, as it was then. An invitation from before this step has none.
ALTER TABLE invitations ADD COLUMN by_role TEXT
