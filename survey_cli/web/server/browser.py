"""The browser of this computer, which receives a link with a key."""

import os
import shutil
import sys
import webbrowser
from html import escape
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={link}">
<title>survey</title>
<p><a href="{link}">Continue</a></p>
</html>
"""


class LinkFile:
    """A page that leads to the link, readable by this account only.

    The browser gets the name of the file. All users of the computer can see the arguments of
    programs, and the link itself would be among them.
    """

    def __init__(self, link: str) -> None:
        self._folder = Path(mkdtemp(prefix="survey-link-"))
        self.path = self._folder / "open.html"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(_PAGE.format(link=escape(link)))

    def remove(self) -> None:
        """Remove the file: the key was used, or the server ends."""
        shutil.rmtree(self._folder, ignore_errors=True)


def can_open_browser() -> bool:
    """Return whether this computer has a screen, and a browser on it.

    A browser for terminals would take over the terminal of the server.
    """
    if os.environ.get("BROWSER"):
        return True
    is_other_unix = os.name == "posix" and sys.platform != "darwin"
    if is_other_unix and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def open_browser(file: LinkFile) -> bool:
    """Open the file in the browser; return whether that succeeded. It may take seconds."""
    return webbrowser.open(file.path.as_uri())
