"""Accounts as web uses them: signing in and out, web sessions, invitations, passwords.

Methods that hash a password take a tenth of a second, and longer if others wait: call them in a
thread. The others take less than a millisecond, or a write to the disk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final, NamedTuple, assert_never

from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.login_names import NameProblem, find_name_problem, fold_name
from survey_cli.services.accounts import session_rules
from survey_cli.services.accounts.account_administration import AccountAdministration
from survey_cli.services.accounts.invitation_rules import is_still_good
from survey_cli.services.accounts.listed_people import ListedPeople
from survey_cli.services.accounts.password_hashes import hash_password, is_outdated, is_password
from survey_cli.services.accounts.password_rules import Weakness, describe_weakness, find_weakness
from survey_cli.services.accounts.secret_tokens import (
    hash_name,
    hash_token,
    make_key,
    make_session_id,
    make_token,
)
from survey_cli.services.accounts.server_address import read_address
from survey_cli.services.accounts.session_rules import SessionEnd, find_session_end
from survey_cli.services.accounts.sign_in_limits import (
    WINDOW,
    DeviceFailures,
    Failures,
    LimitReached,
    find_limit,
    group_address,
    is_trusted,
)
from survey_cli.store.accounts.account_records import (
    AccountRow,
    InvitationRow,
    ResetRow,
    SessionRow,
    SignInEntry,
    SignInEvent,
)
from survey_cli.store.accounts.account_store import AccountStore
from survey_cli.wording import Words, escape_controls

MAX_LOGIN_LENGTH: Final = 64
MAX_TOKEN_LENGTH: Final = 128
MAX_TYPED_PASSWORD: Final = 1024
"""What is longer is not hashed: it can't be a password."""
MAX_DEVICE_LENGTH: Final = 80
NAME_KEY_SETTING: Final = "name key"
SINGLE_SIGN_ON: Final = "single sign-on"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingBrowser:
    """Who asks: a browser that has signed in before, or an unknown one."""

    address: str
    device_token: str = ""
    """The token of the device's cookie; empty if it has none."""
    device: str = ""
    """The kind of browser, such as `Firefox on Windows`."""
    zone: str = ""
    """The browser's time zone, such as `Europe/Berlin`."""


class SignInFailure(Enum):
    """Why somebody isn't signed in."""

    WRONG = "wrong"
    """The login is unknown, has no password, or another one. Nobody is told which."""
    UNSEEN_IN_NAME = "unseen in name"
    """The login has a character that can't be seen, so it can be nobody's."""
    MIXED_NAME = "mixed name"
    """The login has letters of two alphabets, so it can be nobody's."""
    TOO_MANY = "too many"
    DISABLED = "disabled"
    """Only said to somebody who knows the password, or has the link."""
    NOT_LISTED = "not listed"
    NEEDS_INVITATION = "needs invitation"
    """The password is right, and was chosen when the list of people was another one."""
    INVITATION_USED = "invitation used"
    INVITATION_OVER = "invitation over"
    INVITATION_UNKNOWN = "invitation unknown"


class SignInRefusedError(Exception):
    """Somebody isn't signed in, or a password isn't changed."""

    def __init__(self, failure: SignInFailure, limit: LimitReached | None = None) -> None:
        super().__init__(failure)
        self.failure = failure
        self.limit = limit
        """The limit that was reached, if there were too many attempts."""


class WeakPasswordError(Exception):
    """A new password is refused."""

    def __init__(self, weakness: Weakness) -> None:
        super().__init__(weakness)
        self.weakness = weakness
        self.words = describe_weakness(weakness)


def describe_refusal(error: SignInRefusedError, at: datetime) -> Words:
    """Return why somebody isn't signed in, and what to do, as sentences."""
    match error.failure:
        case SignInFailure.WRONG:
            text = "The login or the password is wrong."
        case SignInFailure.UNSEEN_IN_NAME:
            text = "The login has a character that can't be seen. Type it instead of pasting it."
        case SignInFailure.MIXED_NAME:
            text = (
                "The login mixes letters of two alphabets that look alike. Type all of it with one"
                " keyboard."
            )
        case SignInFailure.TOO_MANY:
            text = _describe_limit(error.limit, at)
        case SignInFailure.DISABLED:
            text = "This account is disabled. Ask a supervisor."
        case SignInFailure.NOT_LISTED:
            text = "You are no longer on the study's list of people. Ask a supervisor."
        case SignInFailure.NEEDS_INVITATION:
            text = (
                "Your role has changed since you were invited, or that of whoever invited you. Ask"
                " a supervisor for a new invitation."
            )
        case SignInFailure.INVITATION_USED:
            text = (
                "This invitation has been used. Sign in with your password. If it wasn't you who"
                " used it, tell a supervisor at once."
            )
        case SignInFailure.INVITATION_OVER:
            text = "This invitation is no longer valid. Ask a supervisor for a new one."
        case SignInFailure.INVITATION_UNKNOWN:
            text = "This isn't a complete invitation. Open the whole link that you were sent."
        case unknown:
            assert_never(unknown)
    return Words(text)


def _describe_limit(limit: LimitReached | None, at: datetime) -> str:
    if limit is None or limit.until is None:
        return "There were too many failed attempts. Ask a supervisor to reset the password."
    minutes = max(1, -(-(limit.until - at).total_seconds() // 60))
    unit = "minute" if minutes == 1 else "minutes"
    return f"There were too many failed attempts. Try again in {minutes:.0f} {unit}."


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A web session that goes on, with the person as the list has them now."""

    id: str
    person: Interviewer
    account: str
    """The login as the account has it, which the list may write with other capitals."""
    address: str
    device: str
    zone: str
    began_at: datetime
    used_at: datetime


class SignedIn(NamedTuple):
    """A new web session, and the tokens of its cookies."""

    session: WebSession
    session_token: str
    device_token: str


class InvitedPerson(NamedTuple):
    """Whom an invitation is for, and until when it holds."""

    login: str
    until: datetime


class WebAccounts:
    """The accounts of one `serve`. Methods raise StoreError, and UserError about the list."""

    def __init__(
        self,
        store: AccountStore,
        people: ListedPeople,
        *,
        study: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._people = people
        self._study = study
        self._now = now
        self._name_key = store.add_setting(NAME_KEY_SETTING, make_key())
        # An unknown login takes as long as a wrong password: its password is compared with this.
        self._nobodys_hash = hash_password(make_token())
        self.has_single_sign_on = False
        """Whether the proxy says who has signed in. No password counts then, and no invitation."""

    def close(self) -> None:
        self._store.close()

    def administer(self, session: WebSession) -> AccountAdministration:
        """Return the administration of accounts for the person of a session."""
        return AccountAdministration(
            self._store,
            self._people,
            study=self._study,
            manager=session.person,
            now=self._now,
        )

    def read_address(self) -> str:
        """Return the server's address that was given last; empty if none was."""
        return read_address(self._store)

    # Signing in

    def sign_in(self, login: str, password: str, browser: AskingBrowser) -> SignedIn:
        """Sign somebody in with a password. Raises SignInRefusedError. Hashes a password."""
        at = self._now()
        login = _clean_login(login)
        _check_name(login)
        account, attempt = self._begin_attempt(login, browser, at)
        if not self._is_right(account, password):
            raise self._refuse(account, attempt, SignInFailure.WRONG)
        assert account is not None

        person = self._admit(account)
        if isinstance(person, SignInFailure):
            with self._store.transaction():
                attempt.take_back(self._store)
                self._record(SignInEvent.REFUSED, account.login, browser, at, detail=person.value)
            raise SignInRefusedError(person)

        with self._store.transaction():
            # The account may have been reset or disabled while the password was compared.
            if not _is_unchanged(self._require_account(account.login), account):
                raise SignInRefusedError(SignInFailure.WRONG)
            attempt.take_back(self._store)
            self._store.clear_failures(account.login)
            signed_in = self._begin_session(account, person, browser, at)
        self._renew_hash(account, password)
        return signed_in

    def sign_in_by_proxy(self, login: str, browser: AskingBrowser) -> SignedIn:
        """Sign in somebody whom the proxy has authenticated (single sign-on).

        The person must be on the list. Raises SignInRefusedError.
        """
        at = self._now()
        login = _clean_login(login)
        listed = self._people.find(login)
        if listed is None:
            raise SignInRefusedError(SignInFailure.NOT_LISTED)
        with self._store.transaction():
            account = self._store.find_account(login)
            if account is None:
                self._store.add_account(listed.login, at=at, by=SINGLE_SIGN_ON)
                account = self._require_account(login)
            person = self._admit(account)
            if isinstance(person, SignInFailure):
                raise SignInRefusedError(person)
            return self._begin_session(account, person, browser, at, detail=SINGLE_SIGN_ON)

    def _begin_attempt(
        self, login: str, browser: AskingBrowser, at: datetime
    ) -> tuple[AccountRow | None, "SignInAttempt"]:
        """Record an attempt as failed before its password is compared.

        So many attempts at the same moment can't all pass the same count. Raises
        SignInRefusedError if a limit is reached.
        """
        name = hash_name(self._name_key, fold_name(login))
        address = group_address(browser.address)
        since = at - WINDOW
        store = self._store
        with store.transaction():
            store.forget_failures_before(since)
            account = store.find_account(login)
            device = self._find_trusted_device(account, name, browser, at)
            limit = None
            if not device:
                in_a_row = 0
                if account is not None:
                    in_a_row = account.failures
                limit = find_limit(
                    Failures(
                        by_name=store.list_failures_by_name(name, "", since=since),
                        by_address=store.list_failures_by_address(address, since=since),
                        in_a_row=in_a_row,
                    )
                )
            attempt = SignInAttempt(
                name=name, address=address, device=device, at=at, browser=browser
            )
            if limit is None:
                store.add_failure(name, address, device, at=at)
                return account, attempt

            if account is not None and not self._is_limit_logged(account.login, at):
                self._record(SignInEvent.LIMITED, account.login, browser, at)
        raise SignInRefusedError(SignInFailure.TOO_MANY, limit)

    def _is_limit_logged(self, login: str, at: datetime) -> bool:
        """Whether the log says so already: it must not grow with each attempt."""
        last = self._store.find_last_entry(login, SignInEvent.LIMITED)
        return last is not None and last.at > at - WINDOW

    def _find_trusted_device(
        self, account: AccountRow | None, name: str, browser: AskingBrowser, at: datetime
    ) -> str:
        """Return the hash of a device whose attempts are counted separately, or an empty text."""
        token = browser.device_token
        if account is None or not token or len(token) > MAX_TOKEN_LENGTH:
            return ""
        device = hash_token(token)
        in_a_row = self._store.count_device_failures(
            account.login, device, since=at - session_rules.DEVICE_TIME
        )
        if in_a_row is None:
            return ""

        recent = self._store.list_failures_by_name(name, device, since=at - WINDOW)
        if not is_trusted(DeviceFailures(recent=recent, in_a_row=in_a_row)):
            return ""
        return device

    def _is_right(self, account: AccountRow | None, password: str) -> bool:
        """Compare a password with that of an account, or with nobody's."""
        expected = self._nobodys_hash
        if account is not None and account.password:
            expected = account.password
        # something that is too long takes as long as a wrong password, and no longer
        is_right = is_password(expected, password[:MAX_TYPED_PASSWORD])
        is_complete = len(password) <= MAX_TYPED_PASSWORD
        has_password = account is not None and bool(account.password)
        return is_right and is_complete and has_password

    def _refuse(
        self, account: AccountRow | None, attempt: "SignInAttempt", failure: SignInFailure
    ) -> SignInRefusedError:
        """Record a failed attempt, and return the error."""
        if account is not None:
            with self._store.transaction():
                self._store.count_failure(account.login, attempt.device)
                self._record(SignInEvent.REFUSED, account.login, attempt.browser, attempt.at)
        return SignInRefusedError(failure)

    def _admit(self, account: AccountRow) -> Interviewer | SignInFailure:
        """Return the person of an account as the list has them now, or why they may not work."""
        if account.disabled_at is not None:
            return SignInFailure.DISABLED
        person = self._people.find(account.login)
        if person is None:
            return SignInFailure.NOT_LISTED
        if self._needs_invitation(account, person):
            return SignInFailure.NEEDS_INVITATION
        return person

    def _needs_invitation(self, account: AccountRow, person: Interviewer) -> bool:
        """Return whether a password no longer fits the list of people."""
        if self.has_single_sign_on or not account.password:
            return False
        accepted = self._store.find_accepted_invitation(account.login)
        assert accepted is not None, "every password was chosen with an invitation"
        return not self._is_still_good(accepted, person)

    def _is_still_good(self, invitation: InvitationRow, person: Interviewer) -> bool:
        return is_still_good(invitation, person.role, self._people.find(invitation.made_by))

    def _require_account(self, login: str) -> AccountRow:
        account = self._store.find_account(login)
        assert account is not None, "accounts are never deleted"
        return account

    def _renew_hash(self, account: AccountRow, password: str) -> None:
        """Hash a password again if an earlier version hashed it with other parameters."""
        if is_outdated(account.password):
            self._store.replace_hash(account.login, account.password, hash_password(password))

    def _begin_session(
        self,
        account: AccountRow,
        person: Interviewer,
        browser: AskingBrowser,
        at: datetime,
        *,
        detail: str = "",
    ) -> SignedIn:
        """Begin a web session within a transaction, and remember the device."""
        device_token = browser.device_token
        is_new = not device_token or len(device_token) > MAX_TOKEN_LENGTH
        if is_new:
            device_token = make_token()
        description = _shorten_device(browser.device)
        self._store.keep_device(
            account.login, hash_token(device_token), at=at, description=description
        )

        row = SessionRow(
            id=make_session_id(),
            login=account.login,
            address=browser.address,
            device=description,
            zone=browser.zone,
            began_at=at,
            used_at=at,
            ended_at=None,
        )
        session_token = make_token()
        self._store.add_session(hash_token(session_token), row)
        self._record(SignInEvent.SIGNED_IN, account.login, browser, at, detail=detail)
        self._forget_old(at)
        return SignedIn(_make_session(row, person), session_token, device_token)

    def _forget_old(self, at: datetime) -> None:
        """Forget what is kept for a time only: devices, ended sessions, entries of the log."""
        self._store.forget_devices_before(at - session_rules.DEVICE_TIME)
        self._store.forget_log_before(at - session_rules.LOG_TIME)

    # Web sessions

    def find_session(
        self,
        token: str,
        *,
        in_interview: Callable[[str], bool] = lambda _login: False,
        is_use: bool = True,
    ) -> WebSession | None:
        """Return the session of a cookie, or None if it is over.

        `in_interview` says whether the seat of a person is in an interview, within which no session
        ends by time. `is_use` says that somebody did something. An account that is disabled, whose
        person is no longer on the list, or whose role has risen there, is out at once. Raises
        UserError if the list of people can't be read at all.
        """
        if not token or len(token) > MAX_TOKEN_LENGTH:
            return None
        row = self._store.find_session(hash_token(token))
        if row is None or row.ended_at is not None:
            return None

        at = self._now()
        person = self._people.find(row.login)
        end = self._find_end(row, person, at, in_interview)
        if end is not None or person is None:
            self._end_session(row, at, end or SessionEnd.NOT_LISTED)
            return None

        if is_use and at - row.used_at >= session_rules.USE_INTERVAL:
            self._store.use_session(row.id, at=at)
            row = row._replace(used_at=at)
        return _make_session(row, person)

    def has_session(
        self, login: str, *, in_interview: Callable[[str], bool] = lambda _login: False
    ) -> bool:
        """Return whether a session of a person goes on, on whatever computer."""
        account = self._store.find_account(login)
        person = self._people.find(login)
        if account is None:
            return False
        at = self._now()
        for row in self._store.list_open_sessions(account.login):
            if self._find_end(row, person, at, in_interview) is None:
                return True
        return False

    def now(self) -> datetime:
        """Return the time of sign-ins."""
        return self._now()

    def set_zone(self, session: WebSession, zone: str) -> None:
        """Store the time zone that somebody chose for a session."""
        self._store.set_zone(session.id, zone)

    def list_sessions(self, session: WebSession) -> list[SessionRow]:
        """List the open sessions of the same account, this one among them."""
        return self._store.list_open_sessions(session.account)

    def find_sign_in_before(self, session: WebSession) -> SessionRow | None:
        """Return the session before this one, so that its owner sees if it wasn't hers."""
        for row in self._store.list_last_sessions(session.account, 2):
            if row.id != session.id:
                return row
        return None

    def list_unseen_resets(self, session: WebSession) -> list[ResetRow]:
        """List the resets that the account's owner has not confirmed to have seen."""
        return self._store.list_unseen_resets(session.account)

    def confirm_resets(self, session: WebSession) -> None:
        """Record that the account's owner has seen the resets before this sign-in."""
        self._store.mark_resets_seen(session.account, at=self._now(), until=session.began_at)

    def list_log(self, session: WebSession) -> list[SignInEntry]:
        """List the entries of the log about the session's own account."""
        return self._store.list_entries(session.account)

    def record_denied(self, session: WebSession, browser: AskingBrowser, detail: str) -> None:
        """Record that somebody was refused what their role may not do; `detail` says what."""
        at = self._now()
        since = at - session_rules.DENIED_INTERVAL
        with self._store.transaction():
            for entry in self._store.list_entries(session.account, since=since):
                if entry.what == SignInEvent.DENIED and entry.detail == detail:
                    return
            self._record(SignInEvent.DENIED, session.account, browser, at, detail=detail)

    def sign_out(self, session: WebSession) -> None:
        """End a session."""
        at = self._now()
        with self._store.transaction():
            if self._store.end_session(session.id, at=at, reason=SessionEnd.SIGNED_OUT):
                self._store.record(SignInEvent.SIGNED_OUT, session.account, at=at)

    def sign_out_everywhere(self, session: WebSession) -> int:
        """End all sessions of the account, and forget its devices. Returns how many ended."""
        at = self._now()
        with self._store.transaction():
            ended = self._store.end_sessions(
                session.account, at=at, reason=SessionEnd.SIGNED_OUT_EVERYWHERE
            )
            self._store.forget_devices(session.account)
            self._store.record(SignInEvent.SIGNED_OUT_EVERYWHERE, session.account, at=at)
        return ended

    def _find_end(
        self,
        row: SessionRow,
        person: Interviewer | None,
        at: datetime,
        in_interview: Callable[[str], bool],
    ) -> SessionEnd | None:
        """Return why a session is over, or None if it goes on."""
        if person is None:
            return SessionEnd.NOT_LISTED
        if self._needs_invitation(self._require_account(row.login), person):
            return SessionEnd.NEEDS_INVITATION
        return find_session_end(
            began_at=row.began_at,
            used_at=row.used_at,
            at=at,
            in_interview=in_interview(person.login),
        )

    def _end_session(self, row: SessionRow, at: datetime, end: SessionEnd) -> None:
        with self._store.transaction():
            if self._store.end_session(row.id, at=at, reason=end):
                self._store.record(SignInEvent.SESSION_ENDED, row.login, at=at, detail=end)

    # Invitations and passwords

    def find_invited(self, token: str) -> InvitedPerson:
        """Return whom an invitation is for; it isn't used up. Raises SignInRefusedError."""
        invitation = self._require_invitation(token, self._now())
        return InvitedPerson(invitation.login, invitation.until)

    def accept_invitation(self, token: str, password: str, browser: AskingBrowser) -> SignedIn:
        """Give an invited person a password, and sign them in. Hashes a password.

        Raises SignInRefusedError, and WeakPasswordError, after which the invitation still holds.
        """
        at = self._now()
        invitation = self._require_invitation(token, at)
        login = invitation.login
        encoded = self._hash_new_password(password, login)
        with self._store.transaction():
            if not self._store.use_invitation(invitation.token, at=at):
                # somebody else was faster while the password was hashed
                raise SignInRefusedError(SignInFailure.INVITATION_USED)
            account = self._require_account(login)
            person = self._admit(account)
            if isinstance(person, SignInFailure):
                raise SignInRefusedError(person)
            if not self._is_still_good(invitation, person):
                raise SignInRefusedError(SignInFailure.INVITATION_OVER)
            self._store.set_password(login, encoded, at=at)
            self._store.forget_failures(hash_name(self._name_key, fold_name(login)))
            self._record(SignInEvent.ACCEPTED, login, browser, at)
            return self._begin_session(account, person, browser, at)

    def _require_invitation(self, token: str, at: datetime) -> InvitationRow:
        if not token or len(token) > MAX_TOKEN_LENGTH:
            raise SignInRefusedError(SignInFailure.INVITATION_UNKNOWN)
        invitation = self._store.find_invitation(hash_token(token))
        if invitation is None:
            raise SignInRefusedError(SignInFailure.INVITATION_UNKNOWN)
        if invitation.used:
            raise SignInRefusedError(SignInFailure.INVITATION_USED)
        if invitation.ended_at is not None or invitation.until <= at:
            raise SignInRefusedError(SignInFailure.INVITATION_OVER)

        person = self._admit(self._require_account(invitation.login))
        if isinstance(person, SignInFailure):
            raise SignInRefusedError(person)
        if not self._is_still_good(invitation, person):
            raise SignInRefusedError(SignInFailure.INVITATION_OVER)
        return invitation

    def change_password(
        self, session: WebSession, current: str, new: str, browser: AskingBrowser
    ) -> None:
        """Change one's own password, and end all other sessions. Hashes two passwords.

        Wrong current passwords count as failed sign-ins. Raises SignInRefusedError and
        WeakPasswordError.
        """
        at = self._now()
        account, attempt = self._begin_attempt(session.account, browser, at)
        if not self._is_right(account, current):
            raise self._refuse(account, attempt, SignInFailure.WRONG)
        assert account is not None
        with self._store.transaction():
            attempt.take_back(self._store)

        encoded = self._hash_new_password(new, account.login)
        with self._store.transaction():
            if not _is_unchanged(self._require_account(account.login), account):
                raise SignInRefusedError(SignInFailure.WRONG)
            self._store.set_password(account.login, encoded, at=at)
            self._store.end_sessions(
                account.login, at=at, reason=SessionEnd.PASSWORD, but=session.id
            )
            self._record(SignInEvent.PASSWORD_CHANGED, account.login, browser, at)

    def _hash_new_password(self, password: str, login: str) -> str:
        weakness = find_weakness(password, login)
        if weakness is not None:
            raise WeakPasswordError(weakness)
        return hash_password(password)

    def _record(
        self,
        what: SignInEvent,
        login: str,
        browser: AskingBrowser,
        at: datetime,
        *,
        detail: str = "",
    ) -> None:
        self._store.record(
            what,
            login,
            at=at,
            address=browser.address,
            device=_shorten_device(browser.device),
            detail=detail,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """An attempt that is recorded as failed until it has succeeded."""

    name: str
    address: str
    device: str
    at: datetime
    browser: AskingBrowser

    def take_back(self, store: AccountStore) -> None:
        """Remove the record: the password was right."""
        store.take_failure_back(self.name, self.address, self.device, at=self.at)


def _is_unchanged(now: AccountRow, before: AccountRow) -> bool:
    """Return whether an account has the same password and wasn't disabled meanwhile.

    The hash of one password may be renewed meanwhile.
    """
    return now.password_at == before.password_at and now.disabled_at is None


def _make_session(row: SessionRow, person: Interviewer) -> WebSession:
    return WebSession(
        id=row.id,
        person=person,
        account=row.login,
        address=row.address,
        device=row.device,
        zone=row.zone,
        began_at=row.began_at,
        used_at=row.used_at,
    )


def _clean_login(login: str) -> str:
    """Return what was typed as a login, as far as it can be one."""
    return login[:MAX_LOGIN_LENGTH].encode("utf-8", "replace").decode()


def _check_name(login: str) -> None:
    """Check that what was typed can be a login. Raises SignInRefusedError."""
    problem = find_name_problem(login.strip())
    if problem is NameProblem.UNSEEN:
        raise SignInRefusedError(SignInFailure.UNSEEN_IN_NAME)
    if problem is NameProblem.MIXED:
        raise SignInRefusedError(SignInFailure.MIXED_NAME)


def _shorten_device(device: str) -> str:
    return escape_controls(" ".join(device.split()))[:MAX_DEVICE_LENGTH]
