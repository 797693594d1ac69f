"""The two doors of the server: a port on this computer, and a Unix socket behind a proxy.

A door knows under which names it may be asked, whether the way to it is encrypted, and who is at
the other end. What a proxy says about its client is believed at its own door only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final, Protocol

from aiohttp import web

MAX_USER_LENGTH: Final = 200
"""Characters of a name that a proxy hands over."""
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+(?::\d{1,5})?|\[[0-9a-f:]+\](?::\d{1,5})?"
)


class UntrustedRequestError(Exception):
    """What a proxy handed over contradicts itself or isn't encrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who is at the other end of a request, before anybody has signed in."""

    address: str = ""
    """The IP address of the browser; empty if the proxy doesn't tell it."""
    user: str = ""
    """The name that the proxy's single sign-on established; empty without one."""

    @property
    def network(self) -> str:
        """What limits count as one address: a household has a /64 of IPv6 addresses, not one."""
        if not self.address:
            return ""
        address = ip_address(self.address)
        if isinstance(address, IPv6Address):
            return str(IPv6Network((address, 64), strict=False))
        return str(address)


class Door(Protocol):
    """Where requests come in.

    A door for tests, which lets in everybody from one address:

    >>> class TestDoor:
    ...     scheme = "http"
    ...
    ...     def allows_host(self, host: str) -> bool:
    ...         return True
    ...
    ...     def identify_client(self, request: web.Request) -> Client:
    ...         return Client(address="192.0.2.1")
    """

    @property
    def scheme(self) -> str:
        """`http` or `https`, as the browser sees it."""
        ...

    def allows_host(self, host: str) -> bool:
        """Whether a browser that asks for this `Host` may be answered."""
        ...

    def identify_client(self, request: web.Request) -> Client:
        """Say who asks. Raises UntrustedRequestError if the proxy's headers can't be right."""
        ...


@dataclass(frozen=True, slots=True)
class LoopbackDoor:
    """A port on the loopback address: one person at this computer."""

    port: int

    @property
    def scheme(self) -> str:
        return "http"

    def allows_host(self, host: str) -> bool:
        # A foreign site can have its own name resolve to 127.0.0.1 (DNS rebinding). The browser
        # then sends requests here, under that name.
        return host in (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    def identify_client(self, request: web.Request) -> Client:
        return Client(address=request.remote or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyDoor:
    """A Unix socket that only a proxy can open. The proxy does TLS and tells who its client is."""

    host: str = ""
    """The only name that browsers may ask for, such as `survey.example.org`; empty for any: the
    proxy then decides which names it passes on."""
    user_header: str = ""
    """The header with the name of the proxy's single sign-on; empty if there is no sign-on."""

    @property
    def scheme(self) -> str:
        return "https"

    def allows_host(self, host: str) -> bool:
        if self.host:
            return host.lower() == self.host.lower()
        return _HOST.fullmatch(host) is not None

    def identify_client(self, request: web.Request) -> Client:
        if _read_last(request, "X-Forwarded-Proto") == "http":
            raise UntrustedRequestError("the proxy was asked without TLS")
        return Client(
            address=_clean_address(_read_last(request, "X-Forwarded-For")),
            user=self._read_user(request),
        )

    def _read_user(self, request: web.Request) -> str:
        if not self.user_header:
            return ""
        values = request.headers.getall(self.user_header, [])
        if not values:
            return ""

        # Two of them: the proxy added its own to one that the browser had sent.
        user = values[0].strip()
        is_plausible = user.isprintable() and len(user) <= MAX_USER_LENGTH
        if len(values) > 1 or not is_plausible:
            raise UntrustedRequestError("the header of the single sign-on isn't one plain name")
        return user


def _read_last(request: web.Request, name: str) -> str:
    """Return the last element of a list of forwarded values.

    Each proxy appends to the list. What stands before the last element came with the request, so
    the browser may have made it up.
    """
    values: Sequence[str] = request.headers.getall(name, [])
    return ",".join(values).rpartition(",")[2].strip()


def _clean_address(text: str) -> str:
    """Return the IP address in its usual spelling, or an empty text if it is none."""
    # nginx and others write `[2001:db8::1]:1234` or `192.0.2.1:1234` with `proxy_protocol`.
    without_port = text
    if text.startswith("["):
        without_port = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        without_port = text.partition(":")[0]

    try:
        address = ip_address(without_port)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


_CLIENT: Final = web.RequestKey("client", Client)


def remember_client(request: web.Request, client: Client) -> None:
    """Keep who asks with the request."""
    request[_CLIENT] = client


def get_client(request: web.Request) -> Client:
    """Return who asks, as the guards found out. Without guards nobody is known."""
    if _CLIENT not in request:
        return Client()
    return request[_CLIENT]
