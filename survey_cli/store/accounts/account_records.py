"""Records of accounts: an account, an invitation, a reset, a web session, an entry of the log."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class SignInEvent(StrEnum):
    """Kinds of entries in the log of sign-ins, as they are stored and listed."""

    INVITED = "invited"
    ACCEPTED = "invitation accepted"
    """A password was chosen."""
    SIGNED_IN = "signed in"
    REFUSED = "sign-in refused"
    """A wrong password, or an account that may not sign in."""
    DENIED = "not permitted"
    """Somebody asked for what their role may not do."""
    LIMITED = "too many attempts"
    SIGNED_OUT = "signed out"
    SIGNED_OUT_EVERYWHERE = "signed out everywhere"
    SESSION_ENDED = "session ended"
    PASSWORD_CHANGED = "password changed"
    RESET = "password reset"
    DISABLED = "disabled"
    ENABLED = "enabled"


class AccountRow(NamedTuple):
    """One account."""

    login: str
    password: str
    """The encoded hash; empty if no invitation was accepted since the account was made or reset."""
    made_at: datetime
    made_by: str
    password_at: datetime | None
    disabled_at: datetime | None
    disabled_by: str
    failures: int
    """Wrong passwords since the last sign-in."""


class InvitationRow(NamedTuple):
    """One invitation. Its token is stored only as a hash."""

    token: str
    login: str
    made_at: datetime
    made_by: str
    until: datetime
    ended_at: datetime | None
    """When it was used, or replaced by another one."""
    used: bool
    role: str
    """The role that the person had then; empty if an earlier version of the program invited."""
    by_role: str
    """The role of whoever invited, as it was then; empty if an earlier version invited."""


class ResetRow(NamedTuple):
    """One reset of a password by somebody else."""

    id: int
    at: datetime
    by: str


class SessionRow(NamedTuple):
    """One web session. Its token is stored only as a hash."""

    id: str
    login: str
    address: str
    device: str
    """The kind of browser, such as `Firefox on Windows`."""
    zone: str
    began_at: datetime
    used_at: datetime
    ended_at: datetime | None


class SignInEntry(NamedTuple):
    """One entry of the log of sign-ins."""

    at: datetime
    what: str
    """A `SignInEvent`, or a kind that only a later version knows."""
    login: str
    """The account; empty for a name that no account has."""
    by: str
    address: str
    device: str
    detail: str
