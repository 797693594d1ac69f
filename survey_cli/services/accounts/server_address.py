"""The server's address as people open it, such as `https://survey.example.org`.

Whoever runs the server gives it with `--address`; the accounts keep it. It is never taken from a
request, whose `Host` may be anything that the proxy lets through.
"""

from typing import Final
from urllib.parse import urlsplit

from survey_cli.problems import UserError
from survey_cli.store.accounts.account_store import AccountStore

ADDRESS_SETTING: Final = "address"
_USUAL_PORTS: Final = {"https": 443, "http": 80}


def read_address(store: AccountStore) -> str:
    """Return the address that was given last; empty if none was."""
    return store.read_setting(ADDRESS_SETTING) or ""


def keep_address(store: AccountStore, address: str) -> None:
    """Keep an address for this and later invitations. Raises UserError."""
    store.write_setting(ADDRESS_SETTING, check_address(address))


def find_host(address: str) -> str:
    """Return what browsers that opened the address send as their `Host`; empty for no address."""
    return urlsplit(address).netloc


def check_address(address: str) -> str:
    """Return the address of a server without a slash at its end. Raises UserError.

    Cookies and passwords need TLS, which this computer's own loopback address does without.
    """
    example = "write it as people open it, such as https://survey.example.org"
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname
        port = parts.port
    except ValueError:
        raise UserError("--address", f"{address!r} is not an address", example) from None

    is_loopback = host in ("localhost", "127.0.0.1", "::1")
    has_more = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("https", "http") or not host or has_more:
        raise UserError("--address", f"{address!r} is not the address of a server", example)
    if parts.scheme == "http" and not is_loopback:
        what = f"{address!r} has no encryption, and passwords would be sent over it"
        raise UserError("--address", what, example)

    printed_host = f"[{host}]" if ":" in host else host
    # Browsers leave out the usual one.
    is_usual = port is None or port == _USUAL_PORTS[parts.scheme]
    printed_port = "" if is_usual else f":{port}"
    return f"{parts.scheme}://{printed_host}{printed_port}"
