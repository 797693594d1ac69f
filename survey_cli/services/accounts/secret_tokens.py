"""Secret tokens of invitations, devices and web sessions. Only their hashes are stored.

A token is random in 256 bits, so a fast hash is enough: nobody can try them all.
"""

import hashlib
import hmac
import secrets


def make_token() -> str:
    """Return a new token, which fits into a cookie and a link."""
    return secrets.token_urlsafe(32)


def make_session_id() -> str:
    """Return a name for a session that may be shown: it opens nothing."""
    return secrets.token_hex(6)


def hash_token(token: str) -> str:
    """Return the hash under which a token is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def make_key() -> str:
    """Return a new key for `hash_name`."""
    return secrets.token_hex(32)


def hash_name(key: str, name: str) -> str:
    """Return the hash under which attempts are counted for what was typed as a login."""
    return hmac.new(key.encode(), name.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
