"""Statements of the accounts: accounts, invitations, devices, web sessions, attempts, the log.

What may be done, and when something ends, is decided in `services/accounts`.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.login_names import fold_name
from survey_cli.store.accounts import account_file
from survey_cli.store.accounts.account_records import (
    AccountRow,
    InvitationRow,
    ResetRow,
    SessionRow,
    SignInEntry,
    SignInEvent,
)
from survey_cli.store.backends.connector import Connector, Parameters, StorePart, Transaction
from survey_cli.store.backends.statements import read_statements

T = TypeVar("T")

sql: Final = read_statements(__file__)
ANY_LOGIN: Final = ""


class AccountStore(StorePart):
    """The accounts in one file. Methods raise StoreError.

    A caller that decides by what it reads does so in a `transaction`.
    """

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self.where = connector.where
        """The file as it is printed."""

    @classmethod
    def open(cls, path: Path) -> "AccountStore":
        """Open the accounts in a file, which is created if it doesn't exist."""
        db = account_file.open_account_file(path, create=True)
        assert db is not None
        return cls(db)

    @classmethod
    def open_existing(cls, path: Path) -> "AccountStore | None":
        """Open the accounts in a file; None if it doesn't exist."""
        db = account_file.open_account_file(path, create=False)
        if db is None:
            return None
        return cls(db)

    @classmethod
    def open_in_memory(cls) -> "AccountStore":
        return cls(account_file.open_in_memory())

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "AccountStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def transaction(self) -> Transaction:
        """Context manager in which nobody else writes. What is written ends on disk, or nothing."""
        return self._db.transaction()

    # Accounts

    def list_accounts(self) -> list[AccountRow]:
        return self._db.read_as(_decode_account, "the accounts", sql.ACCOUNTS)

    def find_account(self, login: str) -> AccountRow | None:
        """Return the account of a login, however its letters are written."""
        found = self._db.read_as(
            _decode_account, "the accounts", sql.FIND_ACCOUNT, (fold_name(login),)
        )
        return _get_first(found)

    def add_account(self, login: str, *, at: datetime, by: str) -> None:
        self._db.run(sql.ADD_ACCOUNT, (login, fold_name(login), encode_timestamp(at), by))

    def set_password(self, login: str, password: str, *, at: datetime) -> None:
        """Store the hash of a new password."""
        self._db.run(sql.SET_PASSWORD, (password, encode_timestamp(at), login))

    def replace_hash(self, login: str, before: str, after: str) -> None:
        """Store another hash of the same password, unless the password was changed meanwhile."""
        self._db.run(sql.REPLACE_HASH, (after, login, before))

    def remove_password(self, login: str) -> None:
        self._db.run(sql.REMOVE_PASSWORD, (login,))

    def disable(self, login: str, *, at: datetime, by: str) -> None:
        self._db.run(sql.DISABLE, (encode_timestamp(at), by, login))

    def enable(self, login: str) -> None:
        self._db.run(sql.DISABLE, (None, None, login))

    # Invitations and resets

    def add_invitation(
        self,
        token: str,
        login: str,
        *,
        role: str,
        at: datetime,
        by: str,
        by_role: str,
        until: datetime,
    ) -> None:
        """Store an invitation for a person who has this role, and withdraw those before it.

        `by` is who makes it, in the role `by_role`.
        """
        self.withdraw_invitations(login, at=at)
        times = (encode_timestamp(at), encode_timestamp(until))
        self._db.run(sql.ADD_INVITATION, (token, login, times[0], by, times[1], role, by_role))

    def withdraw_invitations(self, login: str, *, at: datetime) -> None:
        self._db.run(sql.WITHDRAW_INVITATIONS, (encode_timestamp(at), login))

    def find_invitation(self, token: str) -> InvitationRow | None:
        return _get_first(self._read_invitations(sql.FIND_INVITATION, (token,)))

    def find_last_invitation(self, login: str) -> InvitationRow | None:
        return _get_first(self._read_invitations(sql.LAST_INVITATION, (login,)))

    def find_accepted_invitation(self, login: str) -> InvitationRow | None:
        """Return the invitation with which the account got its password."""
        return _get_first(self._read_invitations(sql.ACCEPTED_INVITATION, (login,)))

    def use_invitation(self, token: str, *, at: datetime) -> bool:
        """Use up an invitation. Returns False if it was used, withdrawn, or is too old."""
        time = encode_timestamp(at)
        return self._db.run(sql.USE_INVITATION, (time, token, time)) == 1

    def _read_invitations(self, statement: str, parameters: Parameters) -> list[InvitationRow]:
        return self._db.read_as(_decode_invitation, "the invitations", statement, parameters)

    def add_reset(self, login: str, *, at: datetime, by: str) -> None:
        self._db.run(sql.ADD_RESET, (login, encode_timestamp(at), by))

    def list_unseen_resets(self, login: str) -> list[ResetRow]:
        """List the resets that the owner of an account has not seen yet."""
        return self._db.read_as(
            lambda row: ResetRow(row[0], decode_timestamp(row[1]), row[2]),
            "the resets",
            sql.UNSEEN_RESETS,
            (login,),
        )

    def mark_resets_seen(self, login: str, *, at: datetime, until: datetime) -> None:
        """Record that the owner has seen the resets up to a time."""
        times = (encode_timestamp(at), encode_timestamp(until))
        self._db.run(sql.MARK_RESETS_SEEN, (times[0], login, times[1]))

    # Devices

    def keep_device(self, login: str, token: str, *, at: datetime, description: str) -> None:
        """Record that somebody signed in from a device."""
        time = encode_timestamp(at)
        self._db.run(sql.KEEP_DEVICE, (token, login, time, time, description))

    def count_device_failures(self, login: str, token: str, *, since: datetime) -> int | None:
        """Return the wrong passwords from a device since its last sign-in.

        None if nobody signed in to the account from there since a time.
        """
        rows = self._db.read(sql.FIND_DEVICE, (login, token, encode_timestamp(since)))
        if not rows:
            return None
        return int(rows[0][0])

    def forget_devices(self, login: str) -> None:
        self._db.run(sql.FORGET_DEVICES, (login,))

    # Failed attempts

    def add_failure(self, name: str, address: str, device: str, *, at: datetime) -> None:
        """Record an attempt as failed; one that succeeds is taken back."""
        self._db.run(sql.ADD_FAILURE, (encode_timestamp(at), name, address, device))

    def take_failure_back(self, name: str, address: str, device: str, *, at: datetime) -> None:
        self._db.run(sql.REMOVE_FAILURE, (encode_timestamp(at), name, address, device))

    def count_failure(self, login: str, device: str) -> None:
        """Count a wrong password for the account, and for the device if the account knows it."""
        self._db.run(sql.COUNT_FAILURE, (login,))
        if device:
            self._db.run(sql.COUNT_DEVICE_FAILURE, (login, device))

    def clear_failures(self, login: str) -> None:
        self._db.run(sql.CLEAR_FAILURES, (login,))

    def forget_failures(self, name: str) -> None:
        """Forget the failed attempts under a name, after it has got a new password."""
        self._db.run(sql.FORGET_FAILURES, (name,))

    def list_failures_by_name(
        self, name: str, device: str, *, since: datetime
    ) -> Sequence[datetime]:
        """List the times of attempts under one name from one device, or from unknown devices."""
        return self._read_times(sql.FAILURES_BY_NAME, (name, device, encode_timestamp(since)))

    def list_failures_by_address(self, address: str, *, since: datetime) -> Sequence[datetime]:
        """List the times of attempts from unknown devices at one address."""
        return self._read_times(sql.FAILURES_BY_ADDRESS, (address, encode_timestamp(since)))

    def _read_times(self, statement: str, parameters: Parameters) -> list[datetime]:
        return self._db.read_as(
            lambda row: decode_timestamp(row[0]), "the failed attempts", statement, parameters
        )

    # Web sessions

    def add_session(self, token: str, session: SessionRow) -> None:
        began = encode_timestamp(session.began_at)
        used = encode_timestamp(session.used_at)
        self._db.run(
            sql.ADD_SESSION,
            (
                token,
                session.id,
                session.login,
                session.address,
                session.device,
                session.zone,
                began,
                used,
            ),
        )

    def find_session(self, token: str) -> SessionRow | None:
        return _get_first(self._read_sessions(sql.FIND_SESSION, (token,)))

    def list_open_sessions(self, login: str = ANY_LOGIN) -> list[SessionRow]:
        """List the sessions of an account that have not been ended, or of all accounts."""
        return self._read_sessions(sql.OPEN_SESSIONS, (login, login))

    def list_last_sessions(self, login: str, count: int) -> list[SessionRow]:
        """List the sessions of an account, the newest first."""
        return self._read_sessions(sql.LAST_SESSIONS, (login, count))

    def use_session(self, id: str, *, at: datetime) -> None:
        self._db.run(sql.USE_SESSION, (encode_timestamp(at), id))

    def set_zone(self, id: str, zone: str) -> None:
        self._db.run(sql.SET_ZONE, (zone, id))

    def end_session(self, id: str, *, at: datetime, reason: str) -> bool:
        """End a session. Returns False if it had ended before."""
        return self._db.run(sql.END_SESSION, (encode_timestamp(at), reason, id)) == 1

    def end_sessions(self, login: str, *, at: datetime, reason: str, but: str = "") -> int:
        """End the sessions of an account, except one. Returns how many were ended."""
        return self._db.run(sql.END_SESSIONS, (encode_timestamp(at), reason, login, but))

    def _read_sessions(self, statement: str, parameters: Parameters) -> list[SessionRow]:
        return self._db.read_as(_decode_session, "the web sessions", statement, parameters)

    # The log, and settings

    def record(
        self,
        what: SignInEvent,
        login: str,
        *,
        at: datetime,
        by: str = "",
        address: str = "",
        device: str = "",
        detail: str = "",
    ) -> None:
        """Add an entry to the log of sign-ins."""
        entry = (encode_timestamp(at), what, login, by or login, address, device, detail)
        self._db.run(sql.ADD_ENTRY, entry)

    def list_entries(
        self, login: str = ANY_LOGIN, *, since: datetime | None = None
    ) -> list[SignInEntry]:
        """List the entries of the log about an account, or about all, in the order of time."""
        first = ""
        if since is not None:
            first = encode_timestamp(since)
        return self._read_entries(sql.ENTRIES, (login, login, first))

    def find_last_entry(self, login: str, what: SignInEvent) -> SignInEntry | None:
        return _get_first(self._read_entries(sql.LAST_ENTRY, (login, what)))

    def _read_entries(self, statement: str, parameters: Parameters) -> list[SignInEntry]:
        return self._db.read_as(
            lambda row: SignInEntry(decode_timestamp(row[0]), *row[1:]),
            "the log of sign-ins",
            statement,
            parameters,
        )

    def forget_failures_before(self, at: datetime) -> None:
        """Forget the failed attempts up to a time."""
        self._db.run(sql.FORGET_OLD_FAILURES, (encode_timestamp(at),))

    def forget_devices_before(self, at: datetime) -> None:
        """Forget the devices that nobody signed in from since a time."""
        self._db.run(sql.FORGET_OLD_DEVICES, (encode_timestamp(at),))

    def forget_log_before(self, at: datetime) -> None:
        """Forget entries of the log, and sessions that ended, up to a time."""
        time = encode_timestamp(at)
        self._db.run(sql.FORGET_OLD_ENTRIES, (time,))
        self._db.run(sql.FORGET_OLD_SESSIONS, (time,))

    def read_setting(self, name: str) -> str | None:
        rows = self._db.read(sql.SETTING, (name,))
        if not rows:
            return None
        return str(rows[0][0])

    def write_setting(self, name: str, value: str) -> None:
        self._db.run(sql.KEEP_SETTING, (name, value))

    def add_setting(self, name: str, value: str) -> str:
        """Store a setting unless it exists. Returns the stored value."""
        self._db.run(sql.ADD_SETTING, (name, value))
        stored = self.read_setting(name)
        assert stored is not None
        return stored


def _get_first(rows: Sequence[T]) -> T | None:
    if not rows:
        return None
    return rows[0]


def _decode_optional(text: str | None) -> datetime | None:
    if text is None:
        return None
    return decode_timestamp(text)


def _decode_account(row: Sequence[Any]) -> AccountRow:
    login, password, made_at, made_by, password_at, disabled_at, disabled_by, failures = row
    return AccountRow(
        login=login,
        password=password,
        made_at=decode_timestamp(made_at),
        made_by=made_by,
        password_at=_decode_optional(password_at),
        disabled_at=_decode_optional(disabled_at),
        disabled_by=disabled_by,
        failures=failures,
    )


def _decode_invitation(row: Sequence[Any]) -> InvitationRow:
    token, login, made_at, made_by, until, ended_at, used, role, by_role = row
    return InvitationRow(
        token=token,
        login=login,
        made_at=decode_timestamp(made_at),
        made_by=made_by,
        until=decode_timestamp(until),
        ended_at=_decode_optional(ended_at),
        used=bool(used),
        role=role or "",
        by_role=by_role or "",
    )


def _decode_session(row: Sequence[Any]) -> SessionRow:
    id, login, address, device, zone, began_at, used_at, ended_at = row
    return SessionRow(
        id=id,
        login=login,
        address=address,
        device=device,
        zone=zone,
        began_at=decode_timestamp(began_at),
        used_at=decode_timestamp(used_at),
        ended_at=_decode_optional(ended_at),
    )
