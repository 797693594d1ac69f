"""The options of `survey serve`, as web needs them."""

from dataclasses import dataclass
from pathlib import Path

from survey_cli.services.accounts.account_files import AccountFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the pages are served, and to whom."""

    person: str = ""
    """On this computer without accounts: the person who sits at it. Empty if there are accounts."""
    port: int = 0
    """The port on the loopback address; 0 for a free one."""
    socket: Path | None = None
    """For others: the Unix socket that the proxy opens. None for the port on this computer."""
    socket_group: str = ""
    """The group that the proxy is in; empty if only this user may open the socket."""
    user_header: str = ""
    """The header in which the proxy tells who has signed in there; empty without single sign-on."""
    accounts: AccountFiles | None = None
    """The accounts of those others; None on this computer."""
    studies: tuple[str, ...] = ()
    """The titles of the studies, in the order of their files; none on a server for practice."""
    opens_browser: bool = True
    """Whether the browser is opened, or its link printed."""
    practice: bool = False
    """Whether only practice is done here."""
    zone: str = ""
    """The time zone of all seats; empty for that of each browser."""
