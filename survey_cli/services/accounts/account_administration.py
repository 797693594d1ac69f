"""Administration of accounts: add, invite, reset, disable, enable, sign out, list.

The table of roles says who manages whose account: nobody manages that of a person of the same role,
so that no supervisor can sign in as another one. The owner of the study manages all accounts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.permissions import ACCOUNT_ACTIONS, Action, StaffRole
from survey_cli.problems import UserError, find_nearest
from survey_cli.services.accounts.invitation_rules import is_still_good
from survey_cli.services.accounts.listed_people import ListedPeople
from survey_cli.services.accounts.password_hashes import check_library
from survey_cli.services.accounts.secret_tokens import hash_token, make_token
from survey_cli.services.accounts.server_address import keep_address, read_address
from survey_cli.services.accounts.session_rules import INVITATION_TIME, SessionEnd
from survey_cli.services.accounts.sign_in_limits import MAX_IN_A_ROW
from survey_cli.store.accounts.account_records import AccountRow, SignInEntry, SignInEvent
from survey_cli.store.accounts.account_store import ANY_LOGIN, AccountStore
from survey_cli.study.permissions import check_may

INVITATION_PATH: Final = "/invitation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A new invitation. Its token is known to nobody else, and can't be shown again."""

    login: str
    role: StaffRole
    token: str
    until: datetime
    address: str
    """The server's address, such as `https://survey.example.org`; empty if it isn't known."""

    @property
    def path(self) -> str:
        """What follows the server's address. Browsers send nobody what is behind `#`."""
        return f"{INVITATION_PATH}#{self.token}"

    @property
    def link(self) -> str:
        return f"{self.address}{self.path}"


class AccountState(StrEnum):
    """What an account is good for now."""

    INVITED = "invited"
    INVITATION_OVER = "invitation over"
    SINGLE_SIGN_ON = "single sign-on"
    """It has no password, and its owner signs in at the proxy."""
    ACTIVE = "active"
    LOCKED = "too many attempts"
    DISABLED = "disabled"
    NOT_LISTED = "not on the list"
    NEEDS_INVITATION = "needs a new invitation"
    """The list has changed since the last one was made; see `invitation_rules`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """One account, as it is listed."""

    login: str
    role: str
    """Empty for a person who isn't on the list."""
    may_manage: bool
    """Whether whoever lists it may change it."""
    has_password: bool
    state: AccountState
    invited_until: datetime | None
    """Until when the open invitation holds."""
    disabled_at: datetime | None
    disabled_by: str
    failures: int
    """Failed attempts since the last sign-in."""
    signed_in_at: datetime | None
    address: str
    device: str
    """Where the last sign-in came from."""
    sessions: int
    """Web sessions that go on."""


class AccountAdministration:
    """The accounts of one list of people, for somebody who may manage them.

    `study` is the file that remedies name, `manager` is who acts. Methods raise UserError and
    StoreError.
    """

    def __init__(
        self,
        store: AccountStore,
        people: ListedPeople,
        *,
        study: str,
        manager: Interviewer,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._people = people
        self._study = study
        self._manager = manager
        self._by = manager.login
        self._now = now
        self.where = store.where
        """The file of the accounts as it is printed."""

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> "AccountAdministration":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Changing

    def add(self, login: str) -> Invitation:
        """Make an account for a person on the list, and invite them."""
        check_library()
        person = self._require_manageable(login)
        at = self._now()
        with self._store.transaction():
            account = self._store.find_account(person.login)
            if account is not None:
                action = "invite"
                if account.password:
                    action = "reset"
                remedy = f"for a new invitation: {self._name_command(action, account.login)}"
                raise UserError(account.login, "has an account already", remedy)
            self._store.add_account(person.login, at=at, by=self._by)
            return self._invite(person.login, person.role, at)

    def invite(self, login: str) -> Invitation:
        """Make another invitation for somebody who has no password yet; the last one is void."""
        check_library()
        person = self._require_manageable(login)
        at = self._now()
        with self._store.transaction():
            account = self._require_account(person.login)
            if account.password:
                what = "has accepted an invitation already"
                command = self._name_command("reset", account.login)
                remedy = f"to replace a lost password: {command}"
                raise UserError(account.login, what, remedy)
            return self._invite(account.login, person.role, at)

    def reset(self, login: str) -> Invitation:
        """Remove a password, end the account's sessions, and invite its owner again.

        The owner is told at the next sign-in who did it, and when.
        """
        check_library()
        person = self._require_manageable(login)
        at = self._now()
        with self._store.transaction():
            account = self._require_account(person.login)
            self._store.remove_password(account.login)
            self._store.end_sessions(account.login, at=at, reason=SessionEnd.RESET)
            self._store.forget_devices(account.login)
            self._store.add_reset(account.login, at=at, by=self._by)
            self._record(SignInEvent.RESET, account.login, at)
            return self._invite(account.login, person.role, at)

    def disable(self, login: str) -> str:
        """Keep somebody from signing in, and end the account's sessions.

        It also works for somebody who is no longer on the list. Returns the login.
        """
        self._check(Action.MANAGE_ACCOUNTS)
        at = self._now()
        with self._store.transaction():
            account = self._require_account(login)
            self._check_may_manage(self._people.find(account.login))
            if account.disabled_at is None:
                self._store.disable(account.login, at=at, by=self._by)
                self._store.withdraw_invitations(account.login, at=at)
                self._store.end_sessions(account.login, at=at, reason=SessionEnd.DISABLED)
                self._record(SignInEvent.DISABLED, account.login, at)
        return account.login

    def enable(self, login: str) -> str:
        """Let somebody sign in again, with the same password. Returns the login."""
        person = self._require_manageable(login)
        at = self._now()
        with self._store.transaction():
            account = self._require_account(person.login)
            if account.disabled_at is not None:
                self._store.enable(account.login)
                self._record(SignInEvent.ENABLED, account.login, at)
        return account.login

    def sign_out(self, login: str) -> int:
        """End all sessions of somebody, and forget the devices. Returns how many sessions ended."""
        self._check(Action.MANAGE_ACCOUNTS)
        at = self._now()
        with self._store.transaction():
            account = self._require_account(login)
            self._check_may_manage(self._people.find(account.login))
            ended = self._store.end_sessions(
                account.login, at=at, reason=SessionEnd.SIGNED_OUT_EVERYWHERE
            )
            self._store.forget_devices(account.login)
            self._record(SignInEvent.SIGNED_OUT_EVERYWHERE, account.login, at)
        return ended

    def _invite(self, login: str, role: StaffRole, at: datetime) -> Invitation:
        """Store an invitation, in place of those before it. Call it within a transaction."""
        token = make_token()
        until = at + INVITATION_TIME
        self._store.add_invitation(
            hash_token(token),
            login,
            role=role.value,
            at=at,
            by=self._by,
            by_role=self._manager.role.value,
            until=until,
        )
        self._record(SignInEvent.INVITED, login, at)
        return Invitation(
            login=login, role=role, token=token, until=until, address=self.read_address()
        )

    def _record(self, what: SignInEvent, login: str, at: datetime) -> None:
        self._store.record(what, login, at=at, by=self._by)

    def _require_account(self, login: str) -> AccountRow:
        account = self._store.find_account(login)
        if account is not None:
            return account
        known = [other.login for other in self._store.list_accounts()]
        remedy = f"add it: {self._name_command('add', login)}"
        near = find_nearest(login, known)
        if near is not None:
            remedy = f"did you mean {near!r}? Otherwise {remedy}"
        raise UserError(login, "has no account", remedy)

    def _name_command(self, action: str, login: str) -> str:
        command = f"account {action}"
        return f"survey {command} {self._study} {login}"

    def _require_manageable(self, login: str) -> Interviewer:
        """Return a person on the list whose account may be managed here. Raises UserError."""
        self._check(Action.MANAGE_ACCOUNTS)
        person = self._people.require(login)
        self._check_may_manage(person)
        return person

    def _check(self, action: Action) -> None:
        check_may(self._manager, action, self._people.read())

    def _check_may_manage(self, person: Interviewer | None) -> None:
        """Check that the account of a person may be managed here. Raises UserError.

        None is somebody who is no longer on the list.
        """
        role = StaffRole.INTERVIEWER
        if person is not None:
            role = person.role
        self._check(ACCOUNT_ACTIONS[role])

    # The server's address

    def read_address(self) -> str:
        """Return the server's address that was given last; empty if none was."""
        return read_address(self._store)

    def keep_address(self, address: str) -> None:
        """Keep the server's address for this and later invitations. Raises UserError."""
        keep_address(self._store, address)

    # Listing

    def list_accounts(self) -> list[AccountLine]:
        """List all accounts by login."""
        self._check(Action.MANAGE_ACCOUNTS)
        at = self._now()
        return [self._build_line(account, at) for account in self._store.list_accounts()]

    def list_invitable(self) -> list[Interviewer]:
        """List the people on the list who have no account, and whom whoever asks may invite."""
        self._check(Action.MANAGE_ACCOUNTS)
        invitable = []
        for person in self._people.read().interviewers.values():
            has_account = self._store.find_account(person.login) is not None
            if not has_account and self._manager.may(ACCOUNT_ACTIONS[person.role]):
                invitable.append(person)
        return sorted(invitable, key=lambda person: person.login.casefold())

    def list_log(
        self, login: str = ANY_LOGIN, *, since: datetime | None = None
    ) -> list[SignInEntry]:
        """List sign-ins, invitations and resets of one account, or of all."""
        self._check(Action.READ_ACCESS_LOG)
        if login:
            login = self._require_account(login).login
        return self._store.list_entries(login, since=since)

    def _build_line(self, account: AccountRow, at: datetime) -> AccountLine:
        person = self._people.find(account.login)
        role = person.role if person else StaffRole.INTERVIEWER
        invitation = self._store.find_last_invitation(account.login)
        is_good = True
        if invitation is not None and person is not None:
            maker = self._people.find(invitation.made_by)
            is_good = is_still_good(invitation, person.role, maker)
        invited_until = None
        if invitation is not None and invitation.ended_at is None and invitation.until > at:
            invited_until = invitation.until
        last = self._store.find_last_entry(account.login, SignInEvent.SIGNED_IN)

        if account.disabled_at is not None:
            state = AccountState.DISABLED
        elif person is None:
            state = AccountState.NOT_LISTED
        elif not is_good:
            state = AccountState.NEEDS_INVITATION
            invited_until = None
        elif account.failures >= MAX_IN_A_ROW:
            state = AccountState.LOCKED
        elif account.password:
            state = AccountState.ACTIVE
        elif invited_until is not None:
            state = AccountState.INVITED
        elif invitation is None:
            state = AccountState.SINGLE_SIGN_ON
        else:
            state = AccountState.INVITATION_OVER

        sessions = len(self._store.list_open_sessions(account.login))
        if not is_good:
            # They end with their next request.
            sessions = 0

        return AccountLine(
            login=account.login,
            role=role.value if person else "",
            may_manage=self._manager.may(ACCOUNT_ACTIONS[role]),
            has_password=bool(account.password),
            state=state,
            invited_until=invited_until,
            disabled_at=account.disabled_at,
            disabled_by=account.disabled_by,
            failures=account.failures,
            signed_in_at=last.at if last else None,
            address=last.address if last else "",
            device=last.device if last else "",
            sessions=sessions,
        )
