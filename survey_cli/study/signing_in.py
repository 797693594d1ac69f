"""A process becomes the seat of one person, whom the server has signed in."""

from survey_cli.store.backends import account


def sign_in(person: str) -> None:
    """Work under the account of a person from now on, in every study that is opened.

    A seat calls it once, before it opens anything. A study's list of people then gives the person's
    role, as for an account of the operating system or of a server with this name.
    """
    account.sign_in(person)
