-- SQL statements of the accounts.

-- name: _ACCOUNT_COLUMNS
login, coalesce(password, ''), made_at, made_by, password_at, disabled_at,
    coalesce(disabled_by, ''), failures

-- name: ACCOUNTS
SELECT {_ACCOUNT_COLUMNS} FROM accounts ORDER BY folded

-- name: FIND_ACCOUNT
SELECT {_ACCOUNT_COLUMNS} FROM accounts WHERE folded = ?

-- name: ADD_ACCOUNT
INSERT INTO accounts (login, folded, made_at, made_by) VALUES (?, ?, ?, ?)

-- name: SET_PASSWORD
UPDATE accounts SET password = ?, password_at = ?, failures = 0 WHERE login = ?

-- name: REPLACE_HASH
UPDATE accounts SET password = ? WHERE login = ? AND password = ?

-- name: REMOVE_PASSWORD
UPDATE accounts SET password = NULL, password_at = NULL, failures = 0 WHERE login = ?

-- name: DISABLE
UPDATE accounts SET disabled_at = ?, disabled_by = ? WHERE login = ?

-- name: COUNT_FAILURE
UPDATE accounts SET failures = failures + 1 WHERE login = ?

-- name: CLEAR_FAILURES
UPDATE accounts SET failures = 0 WHERE login = ? AND failures > 0

-- name: _INVITATION_COLUMNS
token, login, made_at, made_by, until, ended_at, used, role, by_role

-- name: ADD_INVITATION
INSERT INTO invitations (token, login, made_at, made_by, until, role, by_role)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: WITHDRAW_INVITATIONS
UPDATE invitations SET ended_at = ? WHERE login = ? AND ended_at IS NULL

-- name: FIND_INVITATION
SELECT {_INVITATION_COLUMNS} FROM invitations WHERE token = ?

-- name: LAST_INVITATION
SELECT {_INVITATION_COLUMNS} FROM invitations WHERE login = ? ORDER BY made_at DESC LIMIT 1

-- name: ACCEPTED_INVITATION
SELECT {_INVITATION_COLUMNS} FROM invitations WHERE login = ? AND used = 1
ORDER BY ended_at DESC, rowid DESC LIMIT 1

-- name: USE_INVITATION
-- Of two that accept it at the same moment, one changes the row.
UPDATE invitations SET ended_at = ?, used = 1 WHERE token = ? AND ended_at IS NULL AND until > ?

-- name: ADD_RESET
INSERT INTO resets (login, at, by) VALUES (?, ?, ?)

-- name: UNSEEN_RESETS
SELECT id, at, by FROM resets WHERE login = ? AND shown_at IS NULL ORDER BY at

-- name: MARK_RESETS_SEEN
UPDATE resets SET shown_at = ? WHERE login = ? AND shown_at IS NULL AND at <= ?

-- name: KEEP_DEVICE
INSERT INTO devices (token, login, first_at, last_at, description) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (login, token) DO UPDATE
SET last_at = excluded.last_at, description = excluded.description, failures = 0

-- name: FIND_DEVICE
SELECT failures FROM devices WHERE login = ? AND token = ? AND last_at > ?

-- name: COUNT_DEVICE_FAILURE
UPDATE devices SET failures = failures + 1 WHERE login = ? AND token = ?

-- name: FORGET_DEVICES
DELETE FROM devices WHERE login = ?

-- name: FORGET_OLD_DEVICES
DELETE FROM devices WHERE last_at <= ?

-- name: _SESSION_COLUMNS
id, login, address, device, zone, began_at, used_at, ended_at

-- name: ADD_SESSION
INSERT INTO web_sessions (token, id, login, address, device, zone, began_at, used_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: FIND_SESSION
SELECT {_SESSION_COLUMNS} FROM web_sessions WHERE token = ?

-- name: OPEN_SESSIONS
SELECT {_SESSION_COLUMNS} FROM web_sessions
WHERE ended_at IS NULL AND (? = '' OR login = ?) ORDER BY began_at

-- name: USE_SESSION
UPDATE web_sessions SET used_at = ? WHERE id = ? AND ended_at IS NULL

-- name: SET_ZONE
UPDATE web_sessions SET zone = ? WHERE id = ?

-- name: END_SESSION
UPDATE web_sessions SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL

-- name: END_SESSIONS
UPDATE web_sessions SET ended_at = ?, end_reason = ?
WHERE login = ? AND ended_at IS NULL AND id <> ?

-- name: FORGET_OLD_SESSIONS
DELETE FROM web_sessions WHERE ended_at <= ?

-- name: LAST_SESSIONS
SELECT {_SESSION_COLUMNS} FROM web_sessions WHERE login = ? ORDER BY began_at DESC LIMIT ?

-- name: ADD_FAILURE
INSERT INTO failed_attempts (at, name, address, device) VALUES (?, ?, ?, ?)

-- name: REMOVE_FAILURE
DELETE FROM failed_attempts WHERE id = (
    SELECT id FROM failed_attempts WHERE at = ? AND name = ? AND address = ? AND device = ?
    ORDER BY id DESC LIMIT 1
)

-- name: FORGET_OLD_FAILURES
DELETE FROM failed_attempts WHERE at <= ?

-- name: FORGET_FAILURES
DELETE FROM failed_attempts WHERE name = ?

-- name: FAILURES_BY_NAME
SELECT at FROM failed_attempts WHERE name = ? AND device = ? AND at > ? ORDER BY at

-- name: FAILURES_BY_ADDRESS
SELECT at FROM failed_attempts WHERE address = ? AND device = '' AND at > ? ORDER BY at

-- name: ADD_ENTRY
INSERT INTO sign_in_log (at, what, login, by, address, device, detail) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: ENTRIES
SELECT at, what, login, by, address, device, detail FROM sign_in_log
WHERE (? = '' OR login = ?) AND at >= ? ORDER BY at, id

-- name: LAST_ENTRY
SELECT at, what, login, by, address, device, detail FROM sign_in_log
WHERE login = ? AND what = ? ORDER BY at DESC, id DESC LIMIT 1

-- name: FORGET_OLD_ENTRIES
DELETE FROM sign_in_log WHERE at <= ?

-- name: SETTING
SELECT value FROM settings WHERE name = ?

-- name: KEEP_SETTING
INSERT INTO settings (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: ADD_SETTING
INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING
