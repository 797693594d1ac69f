"""The options of `survey serve`, as web needs them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the pages are served, and to whom."""

    person: str = ""
    """On this computer without accounts: the person who sits at it. Empty if there are accounts."""
    port: int = 0
    """The port on the loopback address; 0 for a free one."""
    opens_browser: bool = True
    """Whether the browser is opened, or its link printed."""
    practice: bool = False
    """Whether only practice is done here."""
    subject: str = ""
    """What is conducted: the titles of the studies. Shown to people who are signed in."""
    begins_again: bool = True
    """Whether a seat that ended can be begun again from the page."""
