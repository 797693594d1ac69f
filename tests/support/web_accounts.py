"""Accounts in memory, a list of people in a file, and a clock that is set by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from argon2 import PasswordHasher

from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.permissions import StaffRole
from survey_cli.services.accounts import password_hashes
from survey_cli.services.accounts.account_administration import AccountAdministration
from survey_cli.services.accounts.listed_people import ListedPeople
from survey_cli.services.accounts.web_accounts import AskingBrowser, SignedIn, WebAccounts
from survey_cli.store.accounts.account_store import AccountStore

PASSWORD = "four grey donkeys sing"
OTHER_PASSWORD = "nine small ships sank"
PEOPLE = (
    "login,role\nsue,supervisor\nmax,supervisor\nlea,shift leader\nann,interviewer\nbob,interviewer\n"
    "tim,trainee\n"
)
OWNER = Interviewer(login="root", role=StaffRole.OWNER, account_roles=frozenset({StaffRole.OWNER}))
HOME = AskingBrowser(address="203.0.113.7", device="Firefox on Windows", zone="Europe/Berlin")


@contextmanager
def quick_hashes() -> Iterator[None]:
    """Hash with the smallest parameters: what is tested is what the hashes are used for."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with patch.object(password_hashes, "_make_hasher", lambda: hasher):
        yield


@dataclass
class Clock:
    """A clock that only moves when it is told to."""

    at: datetime = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def wait(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class AccountsAtHand:
    """What a test of accounts needs."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.people_file = self.folder / "interviewers.csv"
        self.people_file.write_text(PEOPLE)
        self.people = ListedPeople(self.people_file)
        self.store = AccountStore.open_in_memory()
        self.web = WebAccounts(self.store, self.people, study="study.yaml", now=self.clock)
        self.owner = AccountAdministration(
            self.store, self.people, study="study.yaml", manager=OWNER, now=self.clock
        )

    def manage_as(self, login: str) -> AccountAdministration:
        return AccountAdministration(
            self.store,
            self.people,
            study="study.yaml",
            manager=self.people.require(login),
            now=self.clock,
        )

    def make_account(self, login: str, password: str = PASSWORD) -> SignedIn:
        """Add an account and accept its invitation."""
        return self.web.accept_invitation(self.owner.add(login).token, password, HOME)

    def list_people(self, *rows: str) -> None:
        """Write the list of people anew."""
        self.people_file.write_text("\n".join(("login,role", *rows, "")))
