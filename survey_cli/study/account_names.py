"""Names of people, and the account under which they work.

A module of its own because an interview without a sample needs no plan and no calendar, which
`open_study` imports.
"""

from survey_cli.problems import UserError
from survey_cli.store import Store


def check_own_name(name: str, store: Store) -> None:
    """Check that an interviewer's account on a server works under its own name. Raises UserError.

    The server refuses what such an account writes under another one.
    """
    if store.connector.supervises or name == store.account:
        return
    rule = "only a supervisor's account may work under another name on a server"
    what = f"is not the account {store.account}, and {rule}"
    raise UserError(name, what, f"connect as {name}: the address begins with postgresql://{name}@")


def format_author(name: str, account: str) -> str:
    """Return the name under which an entry was written, with the account if that differs."""
    if account in ("", name):
        return name
    return f"{name} (account {account})"
