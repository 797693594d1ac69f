"""Texts that would run, or change another line, in everything that anybody can write.

Every person opens every page in a real Chromium. On the text page and the full screen, they come to
the questions, notes and messages in which the texts are.
"""

import json
import re
import tempfile
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

from seats.browsers import PersonsBrowser, serve_to_browsers
from seats.row import Effort, Figure
from support.browser_seat import AT_ANY_HOUR
from support.forked_survey import run_forked_survey
from support.injected_texts import EVIL, FIND_INJECTED, RUNS
from support.shift import Shift

IN_QUESTIONNAIRE = f"{RUNS}<script>alert(2)</script>&lt;"
"""`survey check` refuses everything else in a questionnaire."""
STUDY = RUNS.replace("/", "") + "\x1b]0;owned\x07\u202egpj\u2066.yaml"
"""The name of the study's file. A slash can't be in one."""
PLACES = {"ann": "interviewer", "lea": "shift leader", "tim": "trainee", "cora": "coder"}
PEOPLE = {"sue": "supervisor", **PLACES, "ada": "analyst", "<img>": "interviewer"}
PAGES = (
    *("/", "/account", "/account/resets", "/accounts", "/accounts/log"),
    *("/seats", "/board", "/downloads", "/seat", "/text"),
)
NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
UNSEEN_ON_TERMINAL = re.compile("[\x80-\x9f\u2028-\u202e\u2066-\u2069]|\x1b\\]")


def measure_injecting(_: Effort) -> list[Figure]:
    """Open every page as every person."""
    with tempfile.TemporaryDirectory(prefix="survey-injection-") as made:
        folder = Path(made)
        write_study(folder)
        found: list[str] = []
        opened = 0
        with serve_to_browsers(folder, list(PEOPLE), study=STUDY) as browsers:
            conduct_interview(browsers["ann"], found)
            for browser in browsers.values():
                for path in PAGES:
                    opened += look_at(browser, path, found)
            look_at_board(browsers["sue"], found)
            look_at_form(browsers["sue"], found)
            for browser in browsers.values():
                found += [f"{browser.login}: {what}" for what in browser.happened]
        log = (folder / "serve.log").read_text(encoding="utf-8")
        found += [f"the server's log: {what!r}" for what in NO_TEXT.findall(log)]

    return [
        Figure(
            goal="injected texts in real browsers: nothing runs, nothing changes another line",
            measured=f"{opened} pages opened by {len(PEOPLE)} people, {len(found)} findings",
            is_met=not found and opened >= len(PAGES) * len(PEOPLE),
            findings=found,
        )
    ]


def write_study(folder: Path) -> None:
    """Write a study in which every text is one of these, with a history of calls."""
    text = json.dumps(IN_QUESTIONNAIRE)
    head = f"""
instrument: field
title: {text}
version: "1"
sample:
  unit: {{type: text, role: key}}
  name: {{type: text, role: name}}
  remark: {{type: text}}
  phone: {{type: text, role: phone}}
  zone: {{type: text, role: zone}}
"""
    items = f"""
items:
  - {{id: hello, type: read, text: {text}}}
  - id: a
    type: single
    text: {text}
    instruction: {text}
    probe: {text}
    options: {{1: {text}, 2: "No"}}
  - {{id: b, type: text, text: {text}}}
  - {{id: c, type: text, text: Last}}
"""
    cell = EVIL.replace('"', '""')
    cases = "unit,name,remark,phone,zone\n" + "".join(
        f'"{key}{RUNS.replace(chr(34), "")}","{cell}","{cell}",+1 312 555 010{digit},'
        "America/Chicago\n"
        for digit, key in enumerate("ABCD")
    )
    people = f"login,role\n{getuser()},supervisor\n" + "".join(
        f"{login},{role}\n" for login, role in PEOPLE.items()
    )
    shift = Shift(
        folder,
        head=head,
        items=items,
        cases=cases,
        fieldwork=AT_ANY_HOUR,
        people=people,
        name=STUDY,
        at=datetime.now(UTC),
    )
    station = shift.station("ann")
    for rejection in (
        station.add_note(EVIL).rejection,
        station.dial().rejection,
        station.record_refusal(reason=EVIL, strength=1, who=EVIL).rejection,
        station.hand.put_up(),
    ):
        assert rejection is None, rejection
    Shift.close_all()
    for options in (("--to", "ann"), ()):
        done = run_forked_survey(
            *("study", "message", STUDY, EVIL, "--db", "field.db", "--by", "sue", *options),
            folder=folder,
        )
        assert done.returncode == 0, done.stderr


def conduct_interview(browser: PersonsBrowser, found: list[str]) -> None:
    """Come to every text of an interview, on both faces, and answer with such a text."""
    text = browser.sit_at_text()
    text.tab.wait_for_selector("#log >> text=onerror")
    for line in (".interview", "", "1", EVIL.replace("\x1b", "").replace("\x07", "")):
        text.type(line)
        found += describe(browser, "/text", text.tab.evaluate(FIND_INJECTED))
    text.tab.wait_for_selector("#label:has-text('Last')")
    text.tab.close()

    screen = browser.sit()
    screen.shows("Last")
    for key in ("ArrowLeft", "ArrowLeft", "F6", "Escape", "F2", "Escape", "F1", "Escape"):
        screen.press(key)
        found += find_on_terminal(browser, screen)
    screen.tab.close()


def look_at(browser: PersonsBrowser, path: str, found: list[str]) -> int:
    """Open a page, and look for what should be text; returns 1."""
    page, status = browser.open(path)
    if path in ("/seat", "/board", "/text") and status == 200:
        page.wait_for_selector("#frame[data-state=seated]")
    found += describe(browser, path, page.evaluate(FIND_INJECTED))
    page.close()
    return 1


def look_at_board(browser: PersonsBrowser, found: list[str]) -> None:
    """Look at every tab of the board: hands, notes, messages and cases."""
    board = browser.sit("/board")
    board.shows("Needs attention")
    for key in ("Tab", "2", "3", "4", "5", "6", "F1", "Escape", "h", "Escape"):
        board.press(key)
        found += find_on_terminal(browser, board)
    board.tab.close()


def look_at_form(browser: PersonsBrowser, found: list[str]) -> None:
    """Send a form whose texts come back."""
    page, _ = browser.open("/downloads")
    page.get_by_label("Report:").check()
    page.get_by_label("Columns for the values of").fill(EVIL)
    page.get_by_label("Reason").fill(EVIL)
    page.get_by_role("button", name="Download").click()
    page.wait_for_selector("[role=alert]")
    found += describe(browser, "a refused download", page.evaluate(FIND_INJECTED))
    page.close()


def find_on_terminal(browser: PersonsBrowser, screen: Any) -> list[str]:
    """Return what has reached the terminal of a page and isn't text, and lines that are gone."""
    found = [f"control {match!r}" for match in UNSEEN_ON_TERMINAL.findall(screen.received)]
    found += screen.errors
    if "owned" in screen.tab.title():
        found.append("the title was changed")
    return describe(browser, "a terminal", found)


def describe(browser: PersonsBrowser, path: str, found: list[str]) -> list[str]:
    return [f"{browser.login} on {path}: {what}" for what in found]
