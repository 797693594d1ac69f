-- The role that a person had when she was invited. An invitation from before this step has none.
ALTER TABLE invitations ADD COLUMN role TEXT
