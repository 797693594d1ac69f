"""The full screen in a real Chromium: its keys, its clicks, and what its page says when keys don't arrive."""

import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browser_page import ScreenPage
from support.browser_seat import AT_ANY_HOUR, ServedSeat, make_shift
from support.html_pages import browser, in_browser  # noqa: F401 - a fixture
from support.scale import large
from support.scenario import INSTRUMENTS
from support.shift import Shift
from survey_cli.cli.run_command import run_command

pytestmark = in_browser

ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer}."}
  - {id: age, type: number, text: How old?, min: 0, max: 120}
  - {id: job, type: text, text: What work?}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}}
"""
POSITION = re.compile(r"\b(\d+) / \d+ ")


@pytest.fixture
def shift(tmp_path: Path) -> Shift:
    return make_shift(tmp_path, ITEMS)


@pytest.fixture
def served(shift: Shift) -> Iterator[ServedSeat]:
    arguments = ("serve", str(shift.file), "--db", shift.db, "--no-browser")
    with ServedSeat(*arguments, folder=shift.folder) as server:
        yield server


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:  # noqa: F811 - the fixture
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="Asia/Tokyo")
    yield context
    context.close()


def open_question(served: ServedSeat, context: Any) -> ScreenPage:
    """A page at the first question that takes a text."""
    page = ScreenPage(context)
    page.enter(served)
    page.shows("dial")
    page.press("d")
    page.shows("dialed")
    page.press("i")
    page.shows("Good")
    page.press("Enter")
    page.shows("How old?")
    return page


@large
def test_the_founding_interview_by_keys(tmp_path: Path, context: Any) -> None:
    """From the link to the end, with a reload and a killed web on the way: nothing is lost."""
    text = (INSTRUMENTS / "asu_2000.yaml").read_text(encoding="utf-8")
    file = tmp_path / "asu_2000.yaml"
    file.write_text(text.partition("\nfieldwork:")[0] + AT_ANY_HOUR, encoding="utf-8")
    units = str(INSTRUMENTS / "asu_2000_units.csv")
    database = str(tmp_path / "asu.db")
    assert run_command(["sample", "import", str(file), units, "--db", database]) == 0
    lines = (INSTRUMENTS / "asu_2000.answers.txt").read_text().splitlines()

    with ServedSeat(
        "serve", str(file), "--db", database, "--no-browser", folder=tmp_path
    ) as served:
        page = ScreenPage(context)
        page.enter(served)
        page.shows("dial")
        page.press("d")
        page.shows("dialed")
        page.press("i")
        page.wait_for(lambda: POSITION.search(page.text()))

        for number, line in enumerate(lines):
            if number == 10:
                before = POSITION.findall(page.text())
                page.tab.reload()
                page.wait_for(lambda before=before: POSITION.findall(page.text()) == before)
            if number == 20:
                served.kill_web()
                page.wait_for(lambda: page.banner() == "")
            answer(page, line)

        page.shows("Every question is answered")
        page.tab.wait_for_timeout(1000)
        page.press("Enter")
        page.shows("1 done")
        page.press("q")
        page.press("y")
        page.tab.wait_for_url(f"{served.address}/")
        assert "Complete: 1" in page.tab.inner_text("main")
        assert "Asia/Tokyo" in page.tab.inner_text("main")
        assert not page.errors

    with sqlite3.connect(database) as stored:
        assert stored.execute("SELECT status, outcome FROM interviews").fetchall() == [
            ("ended", "complete")
        ]


def answer(page: ScreenPage, line: str) -> None:
    """Key one line of the script, and see that it leads to another screen."""
    before = page.text()
    if line == ".back":
        page.press("Alt+ArrowLeft")
    elif line == ".dk":
        page.press("Control+D")
    else:
        page.type(line)
        # the answer, or what was typed of it
        page.wait_for(lambda: page.text() != before)
        page.tab.wait_for_timeout(200)
        if POSITION.findall(page.text()) == POSITION.findall(before):
            page.press("Enter")
    page.wait_for(lambda: POSITION.findall(page.text()) != POSITION.findall(before))


def test_keys_arrive_as_they_were_struck(served: ServedSeat, context: Any) -> None:
    page = open_question(served, context)
    page.type("25")
    page.shows("25")
    # it leaves the field and its text alone: as Ctrl+Left, it would only move the cursor
    page.press("Alt+ArrowLeft")
    page.shows("Good")
    page.press("Enter")
    page.shows("How old?")
    page.type("25")
    page.press("Enter")
    page.shows("What work?")

    # a dead key, and an input method
    page.tab.keyboard.insert_text("né")
    page.shows("né")
    typing = context.new_cdp_session(page.tab)
    for text in ("に", "日"):
        typing.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": 1, "selectionEnd": 1}
        )
    typing.send("Input.insertText", {"text": "日本"})
    page.shows("né日本")
    # what an input method only shows is not typed
    assert "に" not in page.text()

    # keys that a browser has for itself: search, print, reload, help
    for key in ("Control+F", "Control+P", "Escape", "F5", "F3", "Escape"):
        page.press(key)
    page.shows("F1 keys")
    page.press("F1")
    page.wait_for(lambda: "F1 keys" not in page.text())
    page.press("Escape")
    page.shows("F1 keys")
    assert page.tab.url.endswith("/seat")
    page.click("F1 keys")
    page.wait_for(lambda: "F1 keys" not in page.text())
    assert not page.errors


@large
def test_pasted_texts_are_bounded_and_are_no_keys(served: ServedSeat, context: Any) -> None:
    page = open_question(served, context)
    page.type("25")
    page.press("Enter")
    page.shows("What work?")
    paste(page, "baker\x1b[201~\x03 and cook")
    page.shows("baker[201~ and cook")
    paste(page, "x" * 4_000_000)
    page.wait_for(lambda: "too long to be pasted" in page.dropped())
    assert "xxx" not in page.text()


def paste(page: ScreenPage, text: str) -> None:
    page.tab.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }""",
        text,
    )


def test_the_page_says_when_keys_do_not_arrive(served: ServedSeat, context: Any) -> None:
    page = open_question(served, context)
    assert page.banner() == ""

    page.tab.evaluate("document.activeElement.blur()")
    page.wait_for(
        lambda: page.banner() == "Keys don’t reach the interview: click into this window."
    )
    page.tab.locator("#frame").click()
    page.wait_for(lambda: page.banner() == "")

    # a server that hangs: first it is waited for, then given up
    web = served.web_process
    os.kill(web, signal.SIGSTOP)
    page.type("25")
    page.wait_for(lambda: page.banner().startswith("The server isn’t answering"))
    page.wait_for(lambda: page.banner().startswith("No connection to the server"))
    page.type("99")
    page.wait_for(lambda: page.dropped().startswith("4 keys may not have arrived"))
    # it goes on: the first two keys act, and the page knows that the other two were dropped
    os.kill(web, signal.SIGCONT)
    page.wait_for(lambda: page.banner() == "")
    assert page.dropped() == "2 keys did not arrive, and won’t be sent again."
    page.shows("25")
    assert "99" not in page.text()
    page.press("Backspace")
    page.wait_for(lambda: page.dropped() == "")
    page.shows("2")

    # Keys that the seat has taken and not acted on are lost with it: no count would be right.
    [seat] = served.list_seats()
    os.kill(seat, signal.SIGSTOP)
    page.type("99")
    os.kill(seat, signal.SIGKILL)
    page.wait_for(lambda: "the last keys may be missing" in page.dropped())
    page.shows("How old?")
    page.wait_for(lambda: page.banner() == "")
    assert page.dropped().startswith("Your seat failed and was begun again: the last keys")
    assert not page.errors


@large
def test_the_seat_moves_to_another_window_and_back(served: ServedSeat, context: Any) -> None:
    first = open_question(served, context)
    second = ScreenPage(context)
    second.tab.goto(f"{served.address}/seat")
    second.shows("How old?")
    first.wait_for(lambda: first.message().startswith("Your seat has moved"))
    first.tab.keyboard.type("25")
    first.tab.wait_for_timeout(300)
    assert "25" not in second.text().partition("How old?")[2]

    first.tab.bring_to_front()
    first.tab.get_by_role("button", name="Take it back here").click()
    second.wait_for(lambda: second.message().startswith("Your seat has moved"))
    first.wait_for(lambda: first.message() == "")
    first.type("25")
    first.press("Enter")
    first.shows("What work?")


def complaints_of_axe(tab: Any) -> list[tuple[str, str]]:
    """What axe-core finds: rules, and the first element of each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response
    # small pages have little to look at
    assert len(found["passes"]) > 8, "it did look"
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]]


@large
def test_the_pages_have_nothing_that_axe_finds(served: ServedSeat, context: Any) -> None:
    page = open_question(served, context)
    assert complaints_of_axe(page.tab) == []
    page.tab.goto(f"{served.address}/")
    assert complaints_of_axe(page.tab) == []
    page.tab.goto(f"{served.address}/nothing")
    assert page.tab.inner_text("h1") == "No page has this address."
    stranger = ScreenPage(context.browser.new_context())
    stranger.tab.goto(served.link[0])
    stranger.wait_for(lambda: stranger.tab.inner_text("h1") == "This link was used already")
    assert complaints_of_axe(stranger.tab) == []
    stranger.tab.goto(f"{served.address}/seat")
    stranger.wait_for(lambda: stranger.tab.inner_text("h1") == "This browser isn't known here")
    stranger.tab.context.close()
