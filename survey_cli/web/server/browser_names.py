"""Names of browsers, by which people recognize where they signed in: `Firefox on Windows`."""

from collections.abc import Sequence
from typing import Final

_BROWSERS: Final = (
    # Most claim to be Safari, and several to be Chrome: the more exact names come first.
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
OTHER_BROWSER: Final = "another browser"


def name_browser(user_agent: str) -> str:
    """Return the name of a browser and its system, from the header `User-Agent`."""
    browser = _find_name(user_agent, _BROWSERS) or OTHER_BROWSER
    system = _find_name(user_agent, _SYSTEMS)
    if not system:
        return browser
    return f"{browser} on {system}"


def _find_name(text: str, names: Sequence[tuple[str, str]]) -> str:
    for mark, name in names:
        if mark in text:
            return name
    return ""
