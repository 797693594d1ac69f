"""Hashes of passwords, by argon2id.

The parameters exceed the minimum of the OWASP Password Storage Cheat Sheet (19 MiB and two passes,
or 46 MiB and one pass; one lane). A hash takes about 0.1 s on a slow processor. Two at a time need
92 MiB, and 60 people sign in within five seconds on two processors.
"""

from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from survey_cli.problems import UserError
from survey_cli.services.accounts.password_rules import encode_password

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PASSES: Final = 2
MEMORY_KIB: Final = 46 * 1024
LANES: Final = 1
AT_A_TIME: Final = 2
"""A hash needs much memory, and a flood of sign-ins must not take it from the interviews."""

_slots: Final = BoundedSemaphore(AT_A_TIME)


def check_library() -> None:
    """Check that the library for hashes is installed. Raises UserError."""
    _make_hasher()


@cache
def _make_hasher() -> "PasswordHasher":
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        from survey_cli.installation import make_install_command

        what = f"this installation can't work in the browser ({error})"
        raise UserError("accounts", what, make_install_command("web")) from error
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def hash_password(password: str) -> str:
    """Return the encoded hash of a password, with a salt of its own and its parameters."""
    hasher = _make_hasher()
    with _slots:
        return hasher.hash(encode_password(password))


def is_password(encoded: str, password: str) -> bool:
    """Return whether a password has this hash. It takes equally long if it hasn't."""
    from argon2.exceptions import InvalidHashError, VerificationError

    hasher = _make_hasher()
    with _slots:
        try:
            return hasher.verify(encoded, encode_password(password))
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(encoded: str) -> bool:
    """Return whether a hash has other parameters than those of today."""
    return _make_hasher().check_needs_rehash(encoded)
