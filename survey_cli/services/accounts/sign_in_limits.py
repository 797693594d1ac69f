"""Limits of failed sign-ins: whether another attempt is made now, or when.

Attempts are counted by account and by address. A device from which the account signed in before is
counted separately, so nobody's guesses elsewhere keep its owner out (OWASP, "Slow Down Online
Guessing Attacks with Device Cookies"). Only failures count: 60 people behind one address sign in
within a minute. A name that no account has is counted in the same way.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

WINDOW: Final = timedelta(minutes=15)
"""The time for which a failed attempt counts."""
MAX_BY_NAME: Final = 10
MAX_BY_DEVICE: Final = 10
MAX_BY_ADDRESS: Final = 100
"""Failed attempts within the window. An address may be a whole office that begins its shift."""
MAX_IN_A_ROW: Final = 100
"""Failed attempts since the last sign-in (NIST SP 800-63B-4, 3.2.2), after which only devices that
the account knows are let in, until its password is reset."""
MAX_IN_A_ROW_BY_DEVICE: Final = 50
"""Failed attempts from a device since its last sign-in, after which it counts as unknown."""


class Limit(Enum):
    """What was exceeded."""

    NAME = "name"
    ADDRESS = "address"
    IN_A_ROW = "in a row"


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A limit that an attempt would exceed."""

    limit: Limit
    until: datetime | None
    """When another attempt may be made. None: after the password has been reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFailures:
    """Failed attempts from a device from which the account signed in before."""

    recent: Sequence[datetime]
    """Those within the window, the oldest first."""
    in_a_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Failed attempts from devices that the account doesn't know."""

    by_name: Sequence[datetime]
    """Those within the window, the oldest first, wherever they came from."""
    by_address: Sequence[datetime]
    """Those within the window from this address, under whatever name."""
    in_a_row: int
    """Those since the account's last sign-in."""


def is_trusted(device: DeviceFailures) -> bool:
    """Return whether attempts from a device of the account are counted separately."""
    has_recent_room = len(device.recent) < MAX_BY_DEVICE
    return has_recent_room and device.in_a_row < MAX_IN_A_ROW_BY_DEVICE


def find_limit(failures: Failures) -> LimitReached | None:
    """Return the limit that an attempt from an unknown device would exceed, or None."""
    if failures.in_a_row >= MAX_IN_A_ROW:
        return LimitReached(Limit.IN_A_ROW, None)

    reached: LimitReached | None = None
    counted = (
        (Limit.NAME, failures.by_name, MAX_BY_NAME),
        (Limit.ADDRESS, failures.by_address, MAX_BY_ADDRESS),
    )
    for limit, times, most in counted:
        if len(times) < most:
            continue
        # There is room again as soon as fewer than `most` are within the window.
        until = times[-most] + WINDOW
        is_later = reached is None or reached.until is None or until > reached.until
        if is_later:
            reached = LimitReached(limit, until)
    return reached


def group_address(address: str) -> str:
    """Return the part of an address that one household or office has.

    It is the first half of an IPv6 address: a host there has as many addresses as it wants.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        network = ipaddress.ip_network((parsed, 64), strict=False)
        return str(network)
    return str(parsed)
