"""Names of people beside the account under which they work.

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
    what = f"is not the account {store.account}, and only a supervisor's account may work under another name on a server"
    raise UserError(name, what, f"connect as {name}: the address begins with postgresql://{name}@")


def format_author(name: str, account: str) -> str:
    """Return the name under which something was written, with the account where that differs."""
    return f"{name} (account {account})" if account not in ("", name) else name
