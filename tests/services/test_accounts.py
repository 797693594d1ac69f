"""Accounts: who is signed in, who isn't, for how long, and who may change that."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.web_accounts import (
    HOME,
    OTHER_PASSWORD,
    PASSWORD,
    AccountsAtHand,
    Clock,
    quick_hashes,
)
from survey_cli.permissions import StaffRole
from survey_cli.problems import UserError
from survey_cli.services.accounts import password_hashes, web_accounts
from survey_cli.services.accounts.account_administration import AccountState
from survey_cli.services.accounts.password_rules import Weakness, find_weakness
from survey_cli.services.accounts.server_address import check_address
from survey_cli.services.accounts.session_rules import (
    IDLE_TIME,
    INVITATION_TIME,
    LONGEST_TIME,
)
from survey_cli.services.accounts.sign_in_limits import (
    MAX_BY_ADDRESS,
    MAX_BY_DEVICE,
    MAX_BY_NAME,
    MAX_IN_A_ROW,
    WINDOW,
    Failures,
    find_limit,
    group_address,
)
from survey_cli.services.accounts.web_accounts import (
    AskingBrowser,
    SignedIn,
    SignInFailure,
    SignInRefusedError,
    WeakPasswordError,
    describe_refusal,
)


@pytest.fixture
def at_hand(tmp_path: Path) -> Iterator[AccountsAtHand]:
    with quick_hashes():
        yield AccountsAtHand(tmp_path)


def elsewhere(number: int = 1) -> AskingBrowser:
    return AskingBrowser(address=f"198.51.100.{number}", device="Chrome on Windows")


def refusal_of(
    at_hand: AccountsAtHand, login: str, password: str, browser: AskingBrowser
) -> SignInFailure:
    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.sign_in(login, password, browser)
    return refused.value.failure


def known_device(signed_in: SignedIn, browser: AskingBrowser = HOME) -> AskingBrowser:
    return replace(browser, device_token=signed_in.device_token)


# Invitations


def test_an_invitation_is_used_once(at_hand: AccountsAtHand) -> None:
    token = at_hand.owner.add("ann").token
    assert at_hand.web.find_invited(token).login == "ann"
    assert at_hand.web.find_invited(token).login == "ann", "looking at it doesn't use it up"

    signed_in = at_hand.web.accept_invitation(token, PASSWORD, HOME)
    assert at_hand.web.find_session(signed_in.session_token) == signed_in.session
    assert signed_in.session.person.login == "ann"

    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.accept_invitation(token, OTHER_PASSWORD, elsewhere())
    assert refused.value.failure is SignInFailure.INVITATION_USED
    at_hand.web.sign_in("ann", PASSWORD, elsewhere())


def test_of_two_who_accept_an_invitation_at_once_one_gets_in(at_hand: AccountsAtHand) -> None:
    token = at_hand.owner.add("ann").token
    together = threading.Barrier(2)

    def accept(password: str) -> str:
        together.wait()
        try:
            at_hand.web.accept_invitation(token, password, HOME)
        except SignInRefusedError as refused:
            return refused.failure.value
        return "in"

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(accept, (PASSWORD, OTHER_PASSWORD)))
    assert sorted(results) == ["in", SignInFailure.INVITATION_USED.value]


def test_an_invitation_ends_after_48_hours_and_when_another_replaces_it(
    at_hand: AccountsAtHand,
) -> None:
    first = at_hand.owner.add("ann")
    assert first.until - at_hand.clock() == INVITATION_TIME == timedelta(hours=48)
    second = at_hand.owner.invite("ann")
    for token, failure in (
        (first.token, SignInFailure.INVITATION_OVER),
        ("x", SignInFailure.INVITATION_UNKNOWN),
        ("x" * 10_000, SignInFailure.INVITATION_UNKNOWN),
        ("", SignInFailure.INVITATION_UNKNOWN),
    ):
        with pytest.raises(SignInRefusedError) as refused:
            at_hand.web.find_invited(token)
        assert refused.value.failure is failure

    at_hand.clock.at = second.until - timedelta(seconds=1)
    at_hand.web.find_invited(second.token)
    at_hand.clock.at = second.until
    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.accept_invitation(second.token, PASSWORD, HOME)
    assert refused.value.failure is SignInFailure.INVITATION_OVER
    [line] = at_hand.owner.list_accounts()
    assert line.state is AccountState.INVITATION_OVER


def test_an_invitation_does_not_grow_with_the_role(at_hand: AccountsAtHand) -> None:
    """Whoever invited an interviewer knows the link, which must not make a supervisor of them."""
    lea = at_hand.manage_as("lea")
    ann = lea.add("ann").token
    tim = lea.add("tim").token
    bob = at_hand.owner.add("bob").token
    lower = at_hand.owner.add("max").token
    at_hand.list_people(
        "lea,shift leader", "ann,supervisor", "tim,interviewer", "bob,shift leader", "max,trainee"
    )
    for token in (ann, bob):
        with pytest.raises(SignInRefusedError) as refused:
            at_hand.web.find_invited(token)
        assert refused.value.failure is SignInFailure.INVITATION_OVER
        with pytest.raises(SignInRefusedError):
            at_hand.web.accept_invitation(token, PASSWORD, HOME)

    for token in (tim, lower):
        at_hand.web.accept_invitation(token, PASSWORD, HOME)
    at_hand.owner.invite("ann")


def test_an_invitation_is_over_if_the_role_grows_while_its_password_is_hashed(
    at_hand: AccountsAtHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = at_hand.manage_as("lea").add("ann").token

    def promote(_password: str) -> str:
        at_hand.list_people("ann,supervisor")
        return "a hash"

    monkeypatch.setattr(web_accounts, "hash_password", promote)
    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.accept_invitation(token, PASSWORD, HOME)
    assert refused.value.failure is SignInFailure.INVITATION_OVER
    assert not at_hand.store.find_account("ann").password


def test_a_refused_password_leaves_the_invitation_as_it_was(at_hand: AccountsAtHand) -> None:
    token = at_hand.owner.add("ann").token
    with pytest.raises(WeakPasswordError) as weak:
        at_hand.web.accept_invitation(token, "short", HOME)
    assert weak.value.weakness is Weakness.TOO_SHORT
    at_hand.web.accept_invitation(token, PASSWORD, HOME)


def test_only_people_on_the_list_get_an_account(at_hand: AccountsAtHand) -> None:
    with pytest.raises(UserError, match="did you mean 'ann'"):
        at_hand.owner.add("anne")
    token = at_hand.owner.add("ann").token
    at_hand.list_people("bob,interviewer")
    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.accept_invitation(token, PASSWORD, HOME)
    assert refused.value.failure is SignInFailure.NOT_LISTED

    at_hand.people_file.unlink()
    with pytest.raises(UserError, match="no list of people"):
        at_hand.owner.add("ann")


# Signing in


def test_nobody_is_told_why_a_sign_in_failed(at_hand: AccountsAtHand) -> None:
    at_hand.make_account("ann")
    at_hand.owner.add("bob")
    for login, password in (
        ("ann", "wrong"),
        ("bob", PASSWORD),  # has no password yet
        ("zoe", PASSWORD),
        ("", ""),
        ("ann", PASSWORD + "x" * 2_000),
        ("\ud800", "\ud800"),
    ):
        assert refusal_of(at_hand, login, password, elsewhere()) is SignInFailure.WRONG

    # Whoever knows the password is told more.
    at_hand.owner.disable("ann")
    assert refusal_of(at_hand, "ann", "wrong", elsewhere()) is SignInFailure.WRONG
    assert refusal_of(at_hand, "ann", PASSWORD, elsewhere()) is SignInFailure.DISABLED


@pytest.mark.parametrize(
    ("login", "failure"),
    [
        ("ann\u200b", SignInFailure.UNSEEN_IN_NAME),
        ("a\u202ann", SignInFailure.UNSEEN_IN_NAME),
        ("an\x9bn", SignInFailure.UNSEEN_IN_NAME),
        ("\u0430nn", SignInFailure.MIXED_NAME),
    ],
)
def test_a_login_that_only_looks_like_one_is_told_so(
    at_hand: AccountsAtHand, login: str, failure: SignInFailure
) -> None:
    at_hand.make_account("ann")
    for _ in range(MAX_BY_NAME + 1):
        assert refusal_of(at_hand, login, PASSWORD, elsewhere()) is failure
    at_hand.web.sign_in("ann", PASSWORD, elsewhere())


@pytest.mark.parametrize("login", ["ann", "Ann", " ANN ", "\uff41nn\n"])
def test_a_login_is_found_however_it_is_written(at_hand: AccountsAtHand, login: str) -> None:
    at_hand.make_account("ann")
    assert at_hand.web.sign_in(login, PASSWORD, HOME).session.person.login == "ann"


def test_an_unknown_login_compares_as_many_hashes_as_a_wrong_password(
    at_hand: AccountsAtHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_hand.make_account("ann")
    at_hand.owner.add("bob")
    compared: list[str] = []
    compare = password_hashes.is_password

    def count(encoded: str, password: str) -> bool:
        compared.append(encoded)
        return compare(encoded, password)

    monkeypatch.setattr("survey_cli.services.accounts.web_accounts.is_password", count)
    for number, login in enumerate(("ann", "bob", "zoe"), start=1):
        refusal_of(at_hand, login, "wrong", elsewhere())
        assert len(compared) == number


@pytest.mark.time_limit
def test_sixty_people_sign_in_within_a_minute(tmp_path: Path) -> None:
    logins = [f"person{number}" for number in range(60)]
    with quick_hashes():
        at_hand = AccountsAtHand(tmp_path)
        at_hand.list_people(*(f"{login},interviewer" for login in logins))
        for login in logins:
            at_hand.make_account(login)

    # From here on with the real parameters, by which each sign-in also renews the hash.
    began = perf_counter()
    with ThreadPoolExecutor(60) as pool:
        list(pool.map(lambda login: at_hand.web.sign_in(login, PASSWORD, elsewhere()), logins))
    assert perf_counter() - began < 60
    account = at_hand.store.find_account(logins[0])
    assert account is not None
    assert "m=47104,t=2,p=1" in account.password


def test_no_more_than_two_passwords_are_hashed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    class SlowHasher:
        def hash(self, password: str) -> str:
            with lock:
                running.append(1)
                most.append(len(running))
            threading.Event().wait(0.01)
            with lock:
                running.pop()
            return password

    monkeypatch.setattr(password_hashes, "_make_hasher", SlowHasher)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(password_hashes.hash_password, ["a"] * 16))
    assert max(most) == 2


# Limits


def test_guesses_end_at_the_limit_and_begin_again_after_it(at_hand: AccountsAtHand) -> None:
    at_hand.make_account("ann")
    for number in range(MAX_BY_NAME):
        assert refusal_of(at_hand, "ann", "wrong", elsewhere(number)) is SignInFailure.WRONG
        at_hand.clock.wait(seconds=1)
    assert refusal_of(at_hand, "ann", PASSWORD, elsewhere(99)) is SignInFailure.TOO_MANY

    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.sign_in("ann", PASSWORD, elsewhere())
    assert "Try again in 15 minutes" in str(describe_refusal(refused.value, at_hand.clock()))
    at_hand.clock.wait(seconds=WINDOW.total_seconds() - MAX_BY_NAME)
    at_hand.web.sign_in("ann", PASSWORD, elsewhere())


def test_an_unknown_name_is_limited_like_an_account(at_hand: AccountsAtHand) -> None:
    at_hand.make_account("ann")
    for login in ("ann", "zoe"):
        for number in range(MAX_BY_NAME):
            assert refusal_of(at_hand, login, "x", elsewhere(number)) is SignInFailure.WRONG
        assert refusal_of(at_hand, login, "x", elsewhere(99)) is SignInFailure.TOO_MANY


def test_a_device_that_signed_in_before_is_not_kept_out_by_guesses_elsewhere(
    at_hand: AccountsAtHand,
) -> None:
    mine = known_device(at_hand.make_account("ann"))
    for _ in range(MAX_BY_NAME):
        refusal_of(at_hand, "ann", "wrong", replace(elsewhere(), address=mine.address))
    unknown = replace(mine, device_token="")
    assert refusal_of(at_hand, "ann", PASSWORD, unknown) is SignInFailure.TOO_MANY
    at_hand.web.sign_in("ann", PASSWORD, mine)

    # It has a limit of its own, and doesn't help with another account.
    assert refusal_of(at_hand, "bob", PASSWORD, mine) is SignInFailure.WRONG
    for _ in range(MAX_BY_DEVICE):
        assert refusal_of(at_hand, "ann", "wrong", mine) is SignInFailure.WRONG
    assert refusal_of(at_hand, "ann", PASSWORD, mine) is SignInFailure.TOO_MANY


def test_an_address_is_limited_by_failures_and_not_by_sign_ins(at_hand: AccountsAtHand) -> None:
    at_hand.make_account("ann")
    for _ in range(2 * MAX_BY_ADDRESS):
        at_hand.web.sign_in("ann", PASSWORD, elsewhere())
    for number in range(MAX_BY_ADDRESS):
        assert refusal_of(at_hand, f"nobody{number}", "x", elsewhere()) is SignInFailure.WRONG
    assert refusal_of(at_hand, "ann", PASSWORD, elsewhere()) is SignInFailure.TOO_MANY
    at_hand.web.sign_in("ann", PASSWORD, elsewhere(2))


def test_after_100_failures_only_known_devices_are_let_in_until_a_reset(
    at_hand: AccountsAtHand,
) -> None:
    mine = known_device(at_hand.make_account("ann"))
    for number in range(MAX_IN_A_ROW):
        at_hand.clock.wait(minutes=2)
        assert refusal_of(at_hand, "ann", "wrong", elsewhere(number)) is SignInFailure.WRONG
    at_hand.clock.wait(hours=1)
    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.sign_in("ann", PASSWORD, elsewhere())
    assert refused.value.limit is not None
    assert refused.value.limit.until is None
    assert at_hand.owner.list_accounts()[0].state is AccountState.LOCKED

    at_hand.web.sign_in("ann", PASSWORD, mine)
    at_hand.web.sign_in("ann", PASSWORD, elsewhere())


def test_many_attempts_at_the_same_moment_do_not_pass_the_limit(at_hand: AccountsAtHand) -> None:
    at_hand.make_account("ann")
    with ThreadPoolExecutor(20) as pool:
        failures = list(
            pool.map(lambda n: refusal_of(at_hand, "ann", "x", elsewhere(n)), range(40))
        )
    assert failures.count(SignInFailure.WRONG) == MAX_BY_NAME


@given(st.lists(st.integers(0, 3_600), max_size=60))
def test_the_window_never_holds_more_failures_than_the_limit(waits: list[int]) -> None:
    """Whenever an attempt is let through, fewer than the limit were in the window before it."""
    clock = Clock()
    failed = []
    for wait in waits:
        clock.wait(seconds=wait / 10)
        recent = [at for at in failed if at > clock() - WINDOW]
        limit = find_limit(Failures(by_name=recent, by_address=[], in_a_row=0))
        if limit is None:
            assert len(recent) < MAX_BY_NAME
            failed.append(clock())
            continue

        assert limit.until is not None
        assert limit.until > clock()
        still = [at for at in failed if at > limit.until - WINDOW]
        assert len(still) < MAX_BY_NAME, "at the time that was named there is room again"


ATTEMPT = st.tuples(
    st.sampled_from(["ann", "zoe"]),
    st.sampled_from(["unknown", "her own"]),
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from([0, 10, 120, 900]),
)


@settings(max_examples=3 * settings().max_examples)
@given(st.lists(ATTEMPT, max_size=60))
def test_whatever_is_tried_in_whatever_order(
    attempts: list[tuple[str, str, bool, int, int]],
) -> None:
    """Guesses are bounded in every window, and the owner's own browser is never kept out by others.

    An account and a name without one can't be told apart by somebody who guesses.
    """
    with quick_hashes(), TemporaryDirectory() as folder:
        at_hand = AccountsAtHand(Path(folder))
        own = known_device(at_hand.make_account("ann"))
        guesses: dict[str, list[datetime]] = {"ann": [], "zoe": []}
        own_failures: list[datetime] = []
        for login, device, is_right, address, wait in attempts:
            at_hand.clock.wait(seconds=wait)
            now = at_hand.clock()
            password = PASSWORD if is_right else "wrong"
            is_own = device == "her own" and login == "ann"
            asking = own if is_own else elsewhere(address)
            try:
                at_hand.web.sign_in(login, password, asking)
            except SignInRefusedError as refused:
                failure = refused.failure
            else:
                assert (login, is_right) == ("ann", True)
                continue

            recent = [at for at in guesses[login] if at > now - WINDOW]
            if is_own and len([at for at in own_failures if at > now - WINDOW]) < MAX_BY_DEVICE:
                assert failure is SignInFailure.WRONG
                assert not is_right
                own_failures.append(now)
            elif failure is SignInFailure.WRONG:
                assert len(recent) < MAX_BY_NAME
                guesses[login].append(now)
            else:
                assert failure is SignInFailure.TOO_MANY
                assert len(recent) >= MAX_BY_NAME


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
    ],
)
def test_addresses_of_one_household_are_one(address: str, group: str) -> None:
    assert group_address(address) == group


# Sessions


def test_a_session_ends_after_an_hour_without_use(at_hand: AccountsAtHand) -> None:
    token = at_hand.make_account("ann").session_token
    for _ in range(3):
        at_hand.clock.at += IDLE_TIME - timedelta(seconds=1)
        assert at_hand.web.find_session(token) is not None
    at_hand.clock.wait(minutes=30)
    assert at_hand.web.find_session(token, is_use=False) is not None, "a look is no use"
    at_hand.clock.wait(minutes=30)
    assert at_hand.web.find_session(token) is None
    at_hand.clock.wait(minutes=-30)
    assert at_hand.web.find_session(token) is None, "what has ended doesn't begin again"


def test_a_session_never_ends_within_an_interview(at_hand: AccountsAtHand) -> None:
    token = at_hand.make_account("ann").session_token
    at_hand.clock.at += 2 * LONGEST_TIME
    assert at_hand.web.find_session(token, in_interview=lambda _login: True) is not None
    assert at_hand.web.find_session(token) is None


def test_a_session_ends_after_a_long_shift_even_in_use(at_hand: AccountsAtHand) -> None:
    token = at_hand.make_account("ann").session_token
    for _ in range(24):
        assert at_hand.web.find_session(token) is not None
        at_hand.clock.at += LONGEST_TIME / 24
    assert at_hand.web.find_session(token) is None


def test_whoever_is_removed_from_the_list_is_out_at_once(at_hand: AccountsAtHand) -> None:
    token = at_hand.make_account("ann").session_token
    at_hand.list_people("bob,interviewer")
    assert at_hand.web.find_session(token, in_interview=lambda _login: True) is None
    at_hand.list_people("ann,interviewer")
    assert at_hand.web.find_session(token) is None, "she signs in again"
    at_hand.web.sign_in("ann", PASSWORD, HOME)


def test_a_role_is_that_of_the_list_now(at_hand: AccountsAtHand) -> None:
    token = at_hand.make_account("tim").session_token
    at_hand.list_people("tim,interviewer")
    session = at_hand.web.find_session(token)
    assert session is not None
    assert session.person.role is StaffRole.INTERVIEWER


def test_a_password_does_not_grow_with_the_role(at_hand: AccountsAtHand) -> None:
    """Whoever invited an interviewer may have used the link, and must not become a supervisor."""
    lea = at_hand.manage_as("lea")
    token = at_hand.web.accept_invitation(lea.add("ann").token, PASSWORD, HOME).session_token
    at_hand.list_people("lea,shift leader", "ann,supervisor")
    [line] = at_hand.owner.list_accounts()
    assert line.sessions == 0, "the one that is open ends with its next request"
    assert not at_hand.web.has_session("ann")
    assert at_hand.web.find_session(token, in_interview=lambda _login: True) is None
    assert refusal_of(at_hand, "ann", "wrong", HOME) is SignInFailure.WRONG
    assert refusal_of(at_hand, "ann", PASSWORD, HOME) is SignInFailure.NEEDS_INVITATION
    [line] = at_hand.owner.list_accounts()
    assert (line.state, line.may_manage) == (AccountState.NEEDS_INVITATION, True)
    assert line.sessions == 0

    with pytest.raises(UserError, match="may manage accounts of supervisors"):
        lea.reset("ann")
    at_hand.web.accept_invitation(at_hand.owner.reset("ann").token, OTHER_PASSWORD, HOME)
    at_hand.web.sign_in("ann", OTHER_PASSWORD, HOME)

    # a change of the password doesn't count as an invitation
    at_hand.list_people("lea,shift leader", "ann,supervisor", "bob,interviewer")
    bob = at_hand.web.accept_invitation(lea.add("bob").token, PASSWORD, HOME)
    at_hand.web.change_password(bob.session, PASSWORD, OTHER_PASSWORD, HOME)
    at_hand.list_people("lea,shift leader", "ann,supervisor", "bob,shift leader")
    assert refusal_of(at_hand, "bob", OTHER_PASSWORD, HOME) is SignInFailure.NEEDS_INVITATION


@pytest.mark.parametrize("list_now", [("sue,interviewer",), ()], ids=["demoted", "gone"])
def test_who_may_no_longer_invite_leaves_no_open_link(
    at_hand: AccountsAtHand, list_now: tuple[str, ...]
) -> None:
    sue = at_hand.manage_as("sue")
    at_hand.web.accept_invitation(sue.add("lea").token, PASSWORD, HOME)
    open_link = sue.add("ann").token

    at_hand.list_people(*list_now, "lea,shift leader", "ann,interviewer")
    with pytest.raises(SignInRefusedError):
        at_hand.web.find_invited(open_link)
    # whoever has accepted stays: the end of sue's duty must not lock out a floor
    at_hand.web.sign_in("lea", PASSWORD, HOME)


def test_single_sign_on_asks_for_no_invitation(at_hand: AccountsAtHand) -> None:
    at_hand.web.accept_invitation(at_hand.manage_as("lea").add("ann").token, PASSWORD, HOME)
    at_hand.web.has_single_sign_on = True
    at_hand.list_people("ann,supervisor")
    signed_in = at_hand.web.sign_in_by_proxy("ann", HOME)
    assert at_hand.web.find_session(signed_in.session_token) is not None


def test_an_error_in_the_list_changes_nothing(at_hand: AccountsAtHand) -> None:
    token = at_hand.make_account("ann").session_token
    at_hand.people_file.write_text("login,role\nann,no such role\n")
    assert at_hand.web.find_session(token) is not None


def test_signing_out_everywhere_ends_all_sessions_and_forgets_devices(
    at_hand: AccountsAtHand,
) -> None:
    first = at_hand.make_account("ann")
    second = at_hand.web.sign_in("ann", PASSWORD, elsewhere())
    third = at_hand.web.sign_in("ann", PASSWORD, elsewhere(2))
    at_hand.web.sign_out(third.session)
    assert at_hand.web.find_session(third.session_token) is None
    assert len(at_hand.web.list_sessions(first.session)) == 2

    assert at_hand.web.sign_out_everywhere(first.session) == 2
    for signed_in in (first, second):
        assert at_hand.web.find_session(signed_in.session_token) is None
    for _ in range(MAX_BY_NAME):
        refusal_of(at_hand, "ann", "wrong", elsewhere())
    assert refusal_of(at_hand, "ann", PASSWORD, known_device(first)) is SignInFailure.TOO_MANY


def test_a_changed_password_ends_the_other_sessions(at_hand: AccountsAtHand) -> None:
    here = at_hand.make_account("ann")
    there = at_hand.web.sign_in("ann", PASSWORD, elsewhere())
    with pytest.raises(SignInRefusedError):
        at_hand.web.change_password(here.session, "wrong", OTHER_PASSWORD, HOME)
    with pytest.raises(WeakPasswordError):
        at_hand.web.change_password(here.session, PASSWORD, "ann ann ann ann ann", HOME)
    at_hand.web.change_password(here.session, PASSWORD, OTHER_PASSWORD, HOME)
    assert at_hand.web.find_session(here.session_token) is not None
    assert at_hand.web.find_session(there.session_token) is None
    assert refusal_of(at_hand, "ann", PASSWORD, elsewhere()) is SignInFailure.WRONG


def test_single_sign_on_needs_a_place_on_the_list_and_no_password(at_hand: AccountsAtHand) -> None:
    signed_in = at_hand.web.sign_in_by_proxy("Ann", HOME)
    assert signed_in.session.person.login == "ann"
    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.sign_in_by_proxy("zoe", HOME)
    assert refused.value.failure is SignInFailure.NOT_LISTED
    assert at_hand.owner.list_accounts()[0].state is AccountState.SINGLE_SIGN_ON
    at_hand.owner.disable("ann")
    assert at_hand.web.find_session(signed_in.session_token) is None
    with pytest.raises(SignInRefusedError) as refused:
        at_hand.web.sign_in_by_proxy("ann", HOME)
    assert refused.value.failure is SignInFailure.DISABLED
    assert refusal_of(at_hand, "ann", "", HOME) is SignInFailure.WRONG


# Managing


def test_a_reset_is_shown_to_the_owner_of_the_account(at_hand: AccountsAtHand) -> None:
    before = at_hand.make_account("ann")
    at_hand.clock.wait(minutes=5)
    token = at_hand.manage_as("sue").reset("ann").token
    assert at_hand.web.find_session(before.session_token) is None
    assert refusal_of(at_hand, "ann", PASSWORD, known_device(before)) is SignInFailure.WRONG

    at_hand.clock.wait(minutes=5)
    after = at_hand.web.accept_invitation(token, OTHER_PASSWORD, HOME)
    [reset] = at_hand.web.list_unseen_resets(after.session)
    assert (reset.by, reset.at) == ("sue", at_hand.clock() - timedelta(minutes=5))
    assert at_hand.web.list_unseen_resets(after.session), "until it is confirmed"
    at_hand.web.confirm_resets(after.session)
    assert not at_hand.web.list_unseen_resets(after.session)


@pytest.mark.parametrize("manager", ["root", "sue", "lea", "ann", "tim"])
@pytest.mark.parametrize("target", ["max", "lea", "bob", "tim"])
def test_whose_account_somebody_manages_is_as_in_the_table_of_roles(
    at_hand: AccountsAtHand, manager: str, target: str
) -> None:
    allowed = {
        "root": {"max", "lea", "bob", "tim"},
        "sue": {"lea", "bob", "tim"},
        "lea": {"bob", "tim"},
    }
    acting = at_hand.owner if manager == "root" else at_hand.manage_as(manager)
    actions = (acting.invite, acting.reset, acting.disable, acting.enable, acting.sign_out)
    if target in allowed.get(manager, set()):
        acting.add(target)
        for action in actions:
            action(target)
        return

    at_hand.owner.add(target)
    for refused in (acting.add, *actions):
        with pytest.raises(UserError, match="may manage accounts"):
            refused(target)


def test_only_supervisors_read_the_log_and_no_interviewer_lists_accounts(
    at_hand: AccountsAtHand,
) -> None:
    for login in ("max", "ann"):
        at_hand.owner.add(login)
    lines = at_hand.manage_as("lea").list_accounts()
    assert [(line.login, line.may_manage) for line in lines] == [("ann", True), ("max", False)]
    at_hand.manage_as("sue").list_log()
    for login in ("lea", "ann"):
        with pytest.raises(UserError, match="only a supervisor may read the log"):
            at_hand.manage_as(login).list_log()
    with pytest.raises(UserError, match="may manage accounts"):
        at_hand.manage_as("ann").list_accounts()


def test_a_disabled_account_is_out_at_once_and_comes_back_with_its_password(
    at_hand: AccountsAtHand,
) -> None:
    token = at_hand.make_account("ann").session_token
    invited = at_hand.owner.add("bob").token
    for login in ("ann", "bob"):
        at_hand.owner.disable(login)
    assert at_hand.web.find_session(token, in_interview=lambda _login: True) is None
    with pytest.raises(SignInRefusedError):
        at_hand.web.accept_invitation(invited, PASSWORD, HOME)
    at_hand.owner.enable("ann")
    at_hand.web.sign_in("ann", PASSWORD, HOME)

    # also somebody who is no longer on the list
    at_hand.list_people("bob,interviewer")
    at_hand.owner.disable("ann")
    with pytest.raises(UserError, match="not on the study's list"):
        at_hand.owner.enable("ann")


def test_an_account_is_added_once(at_hand: AccountsAtHand) -> None:
    at_hand.owner.add("ann")
    with pytest.raises(UserError, match=r"survey account invite study\.yaml ann"):
        at_hand.owner.add("ann")
    at_hand.make_account("bob")
    for action in (at_hand.owner.add, at_hand.owner.invite):
        with pytest.raises(UserError, match=r"survey account reset study\.yaml bob"):
            action("bob")
    with pytest.raises(UserError, match="has no account — add it: survey account add"):
        at_hand.owner.reset("sue")


def test_the_log_says_who_did_what_from_where_and_no_secret(at_hand: AccountsAtHand) -> None:
    signed_in = at_hand.make_account("ann")
    refusal_of(at_hand, "ann", "wrong", elsewhere())
    at_hand.manage_as("sue").reset("ann")
    entries = at_hand.owner.list_log("ann")
    assert [(entry.what, entry.by) for entry in entries] == [
        ("invited", "root"),
        ("invitation accepted", "ann"),
        ("signed in", "ann"),
        ("sign-in refused", "ann"),
        ("password reset", "sue"),
        ("invited", "sue"),
    ]
    assert entries[2].address == HOME.address
    assert entries[2].device == "Firefox on Windows"

    stored = "\n".join(at_hand.store._db.connection.iterdump())  # type: ignore[attr-defined]
    for secret in (PASSWORD, signed_in.session_token, signed_in.device_token, "wrong"):
        assert secret not in stored


def test_what_is_typed_as_a_login_is_not_stored(at_hand: AccountsAtHand) -> None:
    refusal_of(at_hand, PASSWORD, "", elsewhere())
    stored = "\n".join(at_hand.store._db.connection.iterdump())  # type: ignore[attr-defined]
    assert PASSWORD not in stored


def test_the_log_does_not_grow_with_attempts_beyond_the_limit(at_hand: AccountsAtHand) -> None:
    at_hand.make_account("ann")
    for number in range(5 * MAX_BY_NAME):
        refusal_of(at_hand, "ann", "wrong", elsewhere(number % 200))
    entries = at_hand.owner.list_log("ann")
    assert [entry.what for entry in entries].count("too many attempts") == 1

    at_hand.clock.wait(days=366)
    at_hand.web.sign_in("ann", PASSWORD, HOME)
    assert [entry.what for entry in at_hand.owner.list_log("ann")] == ["signed in"]


# Passwords and addresses


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("", Weakness.TOO_SHORT),
        ("fourteen chars", Weakness.TOO_SHORT),
        ("x" * 129, Weakness.TOO_LONG),
        ("aaaaaaaaaaaaaaaaaa", Weakness.REPEATED),
        ("abababababababab", Weakness.REPEATED),
        ("123456789012345", Weakness.REPEATED),
        ("qwertyuiopasdfgh", Weakness.REPEATED),
        ("0987654321 edcba", Weakness.REPEATED),
        ("PasswordPassword", Weakness.COMMON),
        ("password12345678", Weakness.COMMON),
        ("iloveyou iloveyou!", Weakness.COMMON),
        ("superman-superman-1", Weakness.COMMON),
        ("1q2w3e4r5t6y7u8i9o0p", Weakness.REPEATED),
        ("survey survey 2026", Weakness.COMMON),
        ("annegret annegret", Weakness.LOGIN),
        ("Annegret2026!!!!!", Weakness.LOGIN),
        (PASSWORD, None),
        ("correct horse battery staple", None),
        ("vier graue esel singen", None),
        ("пять серых ослов поют", None),
        ("x7#Kq!v9Zp$2mLw", None),
        ("        spaces count        too", None),
        ("password manager of ann", None),
    ],
)
def test_which_passwords_are_accepted(password: str, weakness: Weakness | None) -> None:
    assert find_weakness(password, "annegret") is weakness


def test_a_password_is_the_same_however_a_keyboard_composes_it(at_hand: AccountsAtHand) -> None:
    at_hand.make_account("ann", "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e")
    at_hand.web.sign_in("ann", "cafe\u0301 cre\u0300me bru\u0302le\u0301e", HOME)


@given(st.text(max_size=140), st.text(max_size=20))
def test_every_text_has_a_verdict(password: str, login: str) -> None:
    find_weakness(password, login)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://survey.example.org/", "https://survey.example.org"),
        ("https://SURVEY.example.org:8443", "https://survey.example.org:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://survey.example.org", None),
        ("survey.example.org", None),
        ("https://survey.example.org/path", None),
        ("https://user@survey.example.org", None),
        ("https://[", None),
        ("https://x:99999999", None),
        ("javascript:alert(1)", None),
    ],
)
def test_the_address_of_a_server(given: str, kept: str | None) -> None:
    if kept is not None:
        assert check_address(given) == kept
        return
    with pytest.raises(UserError, match="--address"):
        check_address(given)
