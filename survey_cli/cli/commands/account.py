"""The commands of `account`: who may work in the browser, and how they get a password."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import print_lines, print_result, render_table, say
from survey_cli.cli.parameters import argument, text_option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.services.accounts.account_administration import (
        AccountAdministration,
        AccountLine,
        Invitation,
    )

LoginArgument = Annotated[str, argument("LOGIN", "The person's login on the list of people.")]


@option_group
class InvitationOptions:
    """Where the accounts are, and what the link of an invitation begins with."""

    address: Annotated[
        str,
        text_option(
            "--address URL",
            "The server's address, such as https://survey.example.org; kept for later invitations.",
        ),
    ] = ""
    db: parameters.DatabaseOption = None


def account_add(
    file: parameters.InstrumentArgument, login: LoginArgument, invitation: InvitationOptions
) -> None:
    """Give a person on the list of people an account, and print the link of an invitation.

    Whoever opens the link chooses the password, so send it to this person only. It can be used
    once, within 48 hours. The role is that of the list, always as it is now; a person who is
    removed from the list is out at once.

    Only the owner of the list may do this. The accounts are in a file of their own beside the
    database, which no backup and no export contains.

    Example: survey account add study.yaml ann --address https://example.org
    """
    with _open(file, invitation.db, create=True) as accounts:
        _keep_address(accounts, invitation.address)
        _print_invitation(file, accounts.add(login))


def account_invite(
    file: parameters.InstrumentArgument, login: LoginArgument, invitation: InvitationOptions
) -> None:
    """Print a new invitation for somebody who hasn't chosen a password; the last one is void.

    Example: survey account invite study.yaml ann
    """
    with _open(file, invitation.db) as accounts:
        _keep_address(accounts, invitation.address)
        _print_invitation(file, accounts.invite(login))


def account_reset(
    file: parameters.InstrumentArgument, login: LoginArgument, invitation: InvitationOptions
) -> None:
    """Remove a password, sign its owner out everywhere, and print a new invitation.

    The owner is told at the next sign-in who reset the password, and when.

    Example: survey account reset study.yaml ann
    """
    with _open(file, invitation.db) as accounts:
        _keep_address(accounts, invitation.address)
        _print_invitation(file, accounts.reset(login))


def account_disable(
    file: parameters.InstrumentArgument,
    login: LoginArgument,
    db: parameters.DatabaseOption = None,
) -> None:
    """Keep somebody from signing in, and sign them out everywhere.

    Example: survey account disable study.yaml ann
    """
    with _open(file, db) as accounts:
        login = accounts.disable(login)
    say(f"{login}: disabled and signed out; to undo it: survey account enable {file} {login}")


def account_enable(
    file: parameters.InstrumentArgument,
    login: LoginArgument,
    db: parameters.DatabaseOption = None,
) -> None:
    """Let somebody sign in again who was disabled, with the same password.

    Example: survey account enable study.yaml ann
    """
    with _open(file, db) as accounts:
        login = accounts.enable(login)
    say(f"{login}: may sign in again")


def account_sign_out(
    file: parameters.InstrumentArgument,
    login: LoginArgument,
    db: parameters.DatabaseOption = None,
) -> None:
    """Sign somebody out everywhere: a lost laptop, a shared computer.

    Example: survey account sign-out study.yaml ann
    """
    with _open(file, db) as accounts:
        ended = accounts.sign_out(login)
    say(f"{login}: signed out of {format_quantity(ended, 'session')}")


def account_list(
    file: parameters.InstrumentArgument,
    form: parameters.ResultFormatOption = "table",
    db: parameters.DatabaseOption = None,
) -> None:
    """List the accounts: role, state, and the last sign-in with its address and browser.

    Example: survey account list study.yaml
    """
    with _open(file, db) as accounts:
        lines = accounts.list_accounts()
        where = accounts.where
    if lines or form == "json":
        print_result(form, _render_accounts(lines), lines)
    count = format_quantity(len(lines), "account")
    say(f"{where}: {count}; to add one: survey account add {file} LOGIN")


def account_log(
    file: parameters.InstrumentArgument,
    login: Annotated[str, argument("LOGIN", "Only this account.")] = "",
    since: Annotated[str, text_option("--since DATE", "Only this day and later.")] = "",
    form: parameters.ResultFormatOption = "table",
    db: parameters.DatabaseOption = None,
) -> None:
    """List sign-ins, refused sign-ins, invitations and resets, with address and browser.

    Entries are kept for a year.

    Example: survey account log study.yaml ann
    """
    start = None
    if since:
        start = datetimes.parse_time(since, option="--since")
    with _open(file, db) as accounts:
        entries = accounts.list_log(login, since=start)

    rows = []
    for entry in entries:
        at = f"{entry.at.astimezone():%Y-%m-%d %H:%M}"
        what = entry.what
        if entry.detail:
            what = f"{what}: {entry.detail}"
        rows.append((at, entry.login, what, entry.by, entry.address, entry.device))
    head = ("when", "account", "what", "by", "address", "browser")
    print_result(form, render_table(head, rows), entries)


def _open(file: str, db: str | None, *, create: bool = False) -> "AccountAdministration":
    from survey_cli.services.accounts.open_accounts import open_administration

    return open_administration(file, db=db, create=create)


def _keep_address(accounts: "AccountAdministration", address: str) -> None:
    if address:
        accounts.keep_address(address)


def _print_invitation(file: str, invitation: "Invitation") -> None:
    """Print the link on stdout, and for whom and until when it holds on stderr."""
    until = datetimes.format_here(invitation.until)
    say(f"{invitation.login}: invited as {invitation.role.value}, until {until}, for one use")
    print_lines([invitation.link])
    if invitation.address:
        say(f"send the link to {invitation.login} only: whoever opens it chooses the password")
        return
    say(
        "the server's address isn't known, so the link has only its path — put the address before"
        f" it, or give it once: survey account invite {file} {invitation.login} --address URL"
    )


def _render_accounts(lines: "list[AccountLine]") -> Iterator[str]:
    rows = []
    for line in lines:
        signed_in = "never"
        if line.signed_in_at is not None:
            signed_in = datetimes.format_here(line.signed_in_at)
        where_from = ", ".join(part for part in (line.address, line.device) if part)
        rows.append(
            (
                line.login,
                line.role or "–",
                _describe_state(line),
                signed_in,
                where_from or "–",
                line.sessions,
                line.failures,
            )
        )
    head = ("login", "role", "state", "last sign-in", "from", "sessions", "failed since")
    yield from render_table(head, rows, right={5, 6})


def _describe_state(line: "AccountLine") -> str:
    """Describe a state, with who disabled the account or until when the invitation holds."""
    if line.disabled_at is not None:
        return f"{line.state} by {line.disabled_by}, {datetimes.format_here(line.disabled_at)}"
    if line.invited_until is not None:
        return f"{line.state} until {datetimes.format_here(line.invited_until)}"
    return line.state.value
