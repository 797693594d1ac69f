"""From an empty virtual environment to an interview in Chromium, with two commands."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

from seats.row import Effort, Figure
from support.browser_page import ScreenPage
from support.browser_seat import LINK
from support.html_pages import CHROMIUM

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 120.0
START_SECONDS = 60.0


def measure_installing(_: Effort) -> list[Figure]:
    """Install survey with what the browser needs, and open the demonstration."""
    goal = "2 commands, ≤ 2 minutes, from an empty environment to an interview in Chromium"
    if CHROMIUM is None:
        return [Figure(goal, "chromium isn't installed", is_met=False, findings=["nothing ran"])]

    with tempfile.TemporaryDirectory(prefix="survey-seats-") as made:
        folder = Path(made)
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        began = time.monotonic()
        installed = subprocess.run(
            [str(environment / "bin/pip"), "install", "--quiet", f"{ROOT}[web]"],
            capture_output=True,
            text=True,
        )
        if installed.returncode != 0:
            findings = [installed.stderr[-500:]]
            return [Figure(goal, "pip has failed", is_met=False, findings=findings)]
        installing = time.monotonic() - began
        findings = open_demonstration(environment / "bin/survey", folder)
        seconds = time.monotonic() - began
    return [
        Figure(
            goal="2 commands from an empty environment to an interview in Chromium",
            measured="pip install 'survey[web]', survey demo --browser",
            is_met=not findings,
            findings=findings,
        ),
        Figure(
            goal="≤ 2 minutes",
            measured=f"{seconds:.0f} s, {installing:.0f} s of them for pip",
            is_met=seconds <= MOST_SECONDS,
            is_promise=False,
        ),
    ]


def open_demonstration(survey: Path, folder: Path) -> list[str]:
    """Start the demonstration, and open its link in Chromium; return what went wrong."""
    from playwright.sync_api import sync_playwright

    quiet = {**os.environ, "DISPLAY": "", "BROWSER": ""}
    demo = subprocess.Popen(
        [str(survey), "demo", "--browser"],
        cwd=folder,
        env=quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    assert demo.stderr is not None
    reader = Thread(target=said.extend, args=(demo.stderr,), daemon=True)
    reader.start()
    try:
        until = time.monotonic() + START_SECONDS
        link = None
        while link is None:
            if time.monotonic() > until or demo.poll() is not None:
                words = "".join(said)[-500:]
                return [f"there is no link: {words}"]
            time.sleep(0.1)
            link = LINK.search("".join(said))
        with sync_playwright() as steering:
            browser = steering.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = ScreenPage(browser.new_context())
            page.tab.goto(link[0])
            page.tab.wait_for_url("**/seat")
            page.shows("PRACTICE", START_SECONDS)
            errors = list(page.errors)
            browser.close()
        return errors
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(30)
        reader.join(10)
