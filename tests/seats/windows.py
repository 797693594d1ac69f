"""A window of Chromium or Firefox on a display of its own, and keys as the window system has them.

A test driver gives a page keys that a real browser keeps for itself, so they are pressed by xdotool.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = {"chromium": "chromium", "firefox": "firefox-esr"}
NEEDS = ("Xvfb", "xdotool")
# So narrow that nothing stands beside the question.
WIDTH = 1000
HEIGHT = 800


@dataclass
class Window:
    """A display with one window in front."""

    display: str
    pause: float
    """Seconds before each key: the full screen uses none that came before it was seen."""

    def run(self, *arguments: str) -> None:
        """Run xdotool on this display."""
        environment = {**os.environ, "DISPLAY": self.display}
        subprocess.run(
            ["xdotool", *arguments], env=environment, check=False, timeout=60, capture_output=True
        )

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        time.sleep(self.pause)
        self.run("key", "--clearmodifiers", "--delay", "30", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        time.sleep(self.pause)
        self.run("type", "--delay", "30", text)

    def click(self) -> None:
        """Click beside what stands at the top, as a person does to give the window the keys."""
        self.run("mousemove", str(WIDTH * 4 // 5), "150", "click", "1")


def list_browser_arguments(name: str, profile: Path, link: str) -> list[str]:
    """Return how a browser is started with one window."""
    if name == "firefox":
        quiet = ("browser.aboutwelcome.enabled", "datareporting.policy.dataSubmissionEnabled")
        lines = [f'user_pref("{setting}", false);' for setting in quiet]
        (profile / "user.js").write_text("\n".join(lines))
        return ["firefox-esr", "--new-instance", "--profile", str(profile), "--kiosk", link]
    return [
        "chromium",
        "--no-sandbox",
        "--no-first-run",
        "--disable-gpu",
        "--window-position=0,0",
        f"--window-size={WIDTH},{HEIGHT}",
        f"--user-data-dir={profile}",
        link,
    ]


@contextmanager
def open_window(name: str, link: str, folder: Path, pause: float) -> Iterator[Window]:
    """Open a browser on a display of its own; both end with the block."""
    read_end, write_end = os.pipe()
    screen = f"{WIDTH}x{HEIGHT}x24"
    xvfb = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", screen, "-nolisten", "tcp"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with open(read_end) as told:
        display = ":" + told.readline().strip()
    profile = folder / f"profile-{name}"
    profile.mkdir()
    environment = {**os.environ, "DISPLAY": display, "HOME": str(folder)}
    browser = subprocess.Popen(
        list_browser_arguments(name, profile, link),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield Window(display, pause)
    finally:
        for process in (browser, xvfb):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
