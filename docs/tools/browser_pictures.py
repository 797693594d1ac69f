"""Writer of the pictures of a seat in the browser, from the real server behind Caddy.

`.venv/bin/python docs/tools/browser_pictures.py` writes docs/pictures/browser_*.png. It needs
Caddy and Chromium. The names and numbers are made up.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shutil import copytree, which
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.proxies import run_caddy  # noqa: E402 (the folder of the tests is added above)

PICTURES = ROOT / "docs" / "pictures"
WINDOW = {"width": 900, "height": 560}
PASSWORD = "four grey donkeys sing"
ZONES = (
    "America/Chicago",
    "Europe/London",
    "Asia/Karachi",
    "Asia/Tokyo",
    "Pacific/Auckland",
    "America/Anchorage",
)
"""At any moment it is day in one of them, so that its cases may be called."""
SAMPLE = """\
number,phone,zone,language,county
H 1042,+44 20 7946 0142,{zone},en,1
H 1043,+44 20 7946 0143,{zone},en,2
"""
PEOPLE = "login,role\nann,interviewer\nsue,supervisor\n"
HOURS = 'hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}'
EVERY_DAY = 'hours: {mon-sun: "09:00-20:30"}'
SECONDS_TO_START = 30
PAUSE = 0.4
"""Seconds after a key: the screen is painted in a third of them."""


def _survey(folder: Path, *words: str) -> str:
    """Run a command of the program, and return what it prints."""
    command = [sys.executable, "-m", "survey_cli", *words]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def _find_zone() -> str:
    """Return a zone in which it is day now."""
    for zone in ZONES:
        if 10 <= datetime.now(ZoneInfo(zone)).hour < 19:
            return zone
    raise AssertionError("it is night everywhere")


def _write_study(folder: Path, zone: str) -> None:
    """Write a study whose cases are in a zone."""
    copytree(ROOT / "instruments" / "modules", folder / "modules")
    text = (ROOT / "instruments" / "household.yaml").read_text(encoding="utf-8")
    assert HOURS in text
    text = text.replace(HOURS, EVERY_DAY)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    (folder / "sample.csv").write_text(SAMPLE.format(zone=zone), encoding="utf-8")
    _survey(folder, "sample", "import", "study.yaml", "sample.csv")
    (folder / "responses" / "interviewers.csv").write_text(PEOPLE, encoding="utf-8")


@contextmanager
def _serve(folder: Path) -> Iterator[Path]:
    """Run the server in `folder`. Yields the path of its socket."""
    path = folder / "s"
    words = ("serve", "study.yaml", "--socket", str(path), "--dial", "link", "--station", "07")
    server = subprocess.Popen(
        [sys.executable, "-m", "survey_cli", *words], cwd=folder, stdout=subprocess.DEVNULL
    )
    end = time.monotonic() + SECONDS_TO_START
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.1)
    try:
        yield path
    finally:
        server.terminate()
        server.wait()


def _invite(folder: Path, login: str) -> str:
    """Add an account, and return the secret part of its invitation."""
    printed = _survey(folder, "account", "add", "study.yaml", login)
    found = re.search(r"#([\w-]+)", printed)
    assert found is not None, printed
    return found[1]


def _open_invitation(browser: Browser, origin: str, token: str) -> Page:
    """Open an invitation in a browser of its own, and type a password."""
    zone = _find_zone()
    context = browser.new_context(ignore_https_errors=True, viewport=WINDOW, timezone_id=zone)
    page = context.new_page()
    page.goto(f"{origin}/invitation#{token}")
    page.click("#accept")
    page.fill("#password", PASSWORD)
    return page


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        time.sleep(PAUSE)


def _save(page: Page, name: str) -> None:
    time.sleep(PAUSE)
    page.screenshot(path=PICTURES / f"browser_{name}.png")


def _take_pictures(browser: Browser, origin: str, tokens: dict[str, str]) -> None:
    page = _open_invitation(browser, origin, tokens["ann"])
    _save(page, "invitation")
    page.keyboard.press("Enter")
    page.click("text=Begin on the full screen")
    page.wait_for_selector("#frame[data-state=seated]")
    time.sleep(1)

    _press(page, "d")
    _save(page, "dial")
    _press(page, "Escape", "i", "Enter", "1", "2", "Enter", *"Maria", "Enter")
    _save(page, "screen")
    page.evaluate("document.activeElement.blur()")
    _save(page, "frame")

    page.click("text=Text page")
    page.wait_for_selector("#frame[data-state=seated]")
    page.wait_for_selector("#answers button")
    _save(page, "text")

    supervisor = _open_invitation(browser, origin, tokens["sue"])
    supervisor.keyboard.press("Enter")
    supervisor.click("text=Seats")
    supervisor.wait_for_selector("tr[data-seat]")
    _save(supervisor, "seats")


def main() -> None:
    with TemporaryDirectory() as made, sync_playwright() as browsers:
        folder = Path(made)
        # Caddy may be another user, who has to find the socket in it.
        folder.chmod(0o755)
        _write_study(folder, _find_zone())
        # The server begins only once there is an account.
        tokens = {login: _invite(folder, login) for login in ("ann", "sue")}
        program = which("chromium")
        browser = browsers.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with _serve(folder) as path, run_caddy(folder, path) as proxy:
            _take_pictures(browser, proxy.origin, tokens)
        browser.close()


if __name__ == "__main__":
    main()
