"""The account under which this process works, independent of environment variables.

It is that of the operating system, or in a seat that of the person whom the server has signed in.
"""

import os
from functools import cache

_signed_in = ""
"""The person whose seat this process is; empty for a process that is no seat."""


def sign_in(person: str) -> None:
    """Work under the account of a person from now on, in every database that is opened.

    A seat calls it once, before it opens anything. The server has signed the person in, so that
    nobody else can have asked for this.
    """
    global _signed_in
    if not person:
        raise ValueError("a seat is for a person")
    if _signed_in not in ("", person):
        # What was opened before would go on under the other account.
        raise RuntimeError("this process is the seat of another person")
    _signed_in = person


def find_signed_in() -> str:
    """Return the person whose seat this process is; empty if it is no seat."""
    return _signed_in


def read_account() -> str:
    """Return the name of the account under which this process works."""
    return _signed_in or read_system_account()


@cache
def read_system_account() -> str:
    """Return the name of the account; `uid1000` where the system has no name for it."""
    try:
        from pwd import getpwuid
    except ImportError:  # Windows
        return os.getlogin()
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"
