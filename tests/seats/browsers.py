"""`survey serve --socket` behind Caddy, and a real browser for each of its people."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from support.browser_page import ScreenPage
from support.forked_survey import run_forked_survey
from support.html_pages import CHROMIUM, CHROMIUM_ARGUMENTS
from support.proxies import make_open_folder, run_caddy
from support.web_accounts import PASSWORD

SECONDS_TO_START = 60
WINDOW = {"width": 1280, "height": 900}


class TextTab:
    """A text page. What the seat asks is counted from what the page receives."""

    def __init__(self, context: Any) -> None:
        self.tab = context.new_page()
        self._asked = 0
        self.tab.on("websocket", lambda line: line.on("framereceived", self._note))

    def _note(self, frame: str | bytes) -> None:
        if isinstance(frame, str) and json.loads(frame)["type"] == "ask":
            self._asked += 1

    def open(self, address: str) -> None:
        """Open the page, and wait until the seat asks for something."""
        self.tab.goto(address)
        self._wait_for_more(0)

    def type(self, line: str) -> None:
        """Type a line, and wait until the seat asks for the next one."""
        before = self._asked
        self.tab.fill("#field", line)
        self.tab.press("#field", "Enter")
        self._wait_for_more(before)

    def _wait_for_more(self, before: int) -> None:
        until = time.monotonic() + SECONDS_TO_START
        while self._asked <= before:
            assert time.monotonic() < until, self.tab.inner_text("#log")
            # Playwright hands out events only while it is asked for something.
            self.tab.wait_for_timeout(15)


@dataclass
class PersonsBrowser:
    """The browser of one person, signed in."""

    login: str
    origin: str
    context: Any
    happened: list[str] = field(default_factory=list)
    """Dialogs, and requests that no page of ours makes."""

    def watch(self) -> None:
        """Note what a text that runs would do."""
        self.context.on("request", self._note_request)
        self.context.on("dialog", self._note_dialog)

    def _note_request(self, request: Any) -> None:
        address = request.url.removeprefix(self.origin.replace("https", "wss"))
        path = address.removeprefix(self.origin)
        if not path.startswith("/") or path.startswith(("/x", "/evil")):
            self.happened.append(f"a request for {request.url}")

    def _note_dialog(self, dialog: Any) -> None:
        self.happened.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def accept(self, token: str) -> None:
        """Accept an invitation."""
        page = self.context.new_page()
        page.goto(f"{self.origin}/invitation#{token}")
        page.click("#accept")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{self.origin}/")
        page.close()

    def open(self, path: str) -> Any:
        """Open a page, and return it with its status."""
        page = self.context.new_page()
        answer = page.goto(f"{self.origin}{path}")
        return page, answer.status

    def sit_at_text(self) -> TextTab:
        """Open the text page of a seat."""
        page = TextTab(self.context)
        page.open(f"{self.origin}/text")
        return page

    def sit(self, path: str = "/seat") -> ScreenPage:
        """Open the page of a seat on the full screen."""
        page = ScreenPage(self.context)
        page.tab.goto(f"{self.origin}{path}")
        return page


@contextmanager
def serve_to_browsers(
    folder: Path,
    logins: Sequence[str],
    *options: str,
    db: str = "field.db",
    study: str = "field.yaml",
) -> Iterator[dict[str, PersonsBrowser]]:
    """Serve a study in a folder; yields a browser for each login."""
    tokens = {}
    for login in logins:
        done = run_forked_survey("account", "add", study, login, "--db", db, folder=folder)
        found = re.search(r"#([\w-]+)", done.stdout)
        assert found is not None, done.stderr
        tokens[login] = found[1]

    with (
        make_open_folder() as outside,
        _run_server(folder, study, outside / "s", db, options),
        run_caddy(outside, outside / "s") as proxy,
        sync_playwright() as steering,
    ):
        program = steering.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        browsers = {}
        for login, token in tokens.items():
            context = program.new_context(
                ignore_https_errors=True, viewport=WINDOW, timezone_id="America/Chicago"
            )
            context.set_default_timeout(30_000)
            one = PersonsBrowser(login, proxy.origin, context)
            one.watch()
            one.accept(token)
            browsers[login] = one
        yield browsers
        program.close()


@contextmanager
def _run_server(
    folder: Path, study: str, path: Path, db: str, options: Sequence[str]
) -> Iterator[None]:
    command = [sys.executable, "-m", "survey_cli", "serve", study, "--db", db]
    log = folder / "serve.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--socket", str(path), *options],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        until = time.monotonic() + SECONDS_TO_START
        while not path.exists():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield
        server.terminate()
        server.wait(30)
    finally:
        server.kill()
        server.wait()
