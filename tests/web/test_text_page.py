"""The text page in Chromium: by keyboard alone, by buttons, after cuts, and for screen readers."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from support.fake_interview import (
    DK,
    FAQ,
    REFUSED,
    FakeInterview,
    choices,
    every_kind,
    prompt,
    words,
)
from support.fake_station import FakeStation
from support.html_pages import browser, complaints_of_axe, in_browser  # noqa: F401
from support.scale import large
from support.text_server import LONG, TextServer
from survey_cli.entries import LineEntry, PickEntry, Query, ReadEntry, VerbatimEntry, to_plain_text
from survey_cli.plain import messages
from survey_cli.sessions.interview.start_interview import utc_now
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import CaseView
from survey_cli.simulate.practice.practice_station import PracticeOptions, open_practice_station
from survey_cli.wording import shorten

pytestmark = in_browser
INSTRUMENTS = Path(__file__).parents[2] / "instruments"
WINDOW = {"width": 1280, "height": 720}
READER = "@guidepup/virtual-screen-reader/lib/esm/index.browser.js"
YES_NO = PickEntry(options=choices("Yes", "No"))
ABC = (prompt("q1", "One?", YES_NO), prompt("q2", "Two?", YES_NO), prompt("q3", "Three?", YES_NO))


@pytest.fixture(scope="module")
def server() -> Iterator[TextServer]:
    one = TextServer()
    one.start()
    yield one
    one.end_seats()
    one.stop()


class Visit:
    """A page of the browser, its seat's station, and what it says."""

    def __init__(self, server: TextServer, tab: Any, station: FakeStation) -> None:
        self.server = server
        self.tab = tab
        self.station = station
        self.errors: list[str] = []
        tab.on("pageerror", self._note_error)
        tab.set_default_timeout(LONG * 1000)

    def _note_error(self, error: object) -> None:
        self.errors.append(str(error))

    def open(self) -> None:
        self.tab.goto(f"{self.server.address}/text")
        self.tab.wait_for_selector("#commands button")

    def leave(self) -> None:
        """Leave the page, and nothing in the browser."""
        self.tab.remove_listener("pageerror", self._note_error)
        for other in self.tab.context.pages:
            if other != self.tab:
                other.close()
        self.tab.unroute_all()
        # a page of the same server, with no script of its own
        self.tab.goto(f"{self.server.address}/nothing")
        self.tab.evaluate("() => { sessionStorage.clear(); localStorage.clear(); }")
        self.tab.emulate_media(color_scheme="null")
        self.tab.set_viewport_size(WINDOW)
        self.tab.goto("about:blank")

    def asks(self, label: str) -> None:
        """Wait until this is asked."""
        self.tab.locator("#label", has_text=label).wait_for()

    def wait_until(self, has_happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + LONG
        while not has_happened():
            assert time.monotonic() < deadline
            # Playwright hands out events only while it is asked for something.
            self.tab.wait_for_timeout(15)

    def type(self, text: str) -> None:
        self.tab.keyboard.type(text)
        self.tab.keyboard.press("Enter")

    def press(self, name: str) -> None:
        self.tab.get_by_role("button", name=name, exact=True).click()

    def interview(self) -> None:
        self.type(".interview")
        self.tab.locator("#commands [data-typed='.suspend']").wait_for()

    @property
    def given(self) -> list[tuple[str, str]]:
        return self.station.conduct.given

    def log(self) -> list[str]:
        return self.tab.locator("#log p").all_text_contents()

    def notice(self) -> str:
        return self.tab.text_content("#notice")

    def wait_for_notice(self, text: str) -> None:
        self.tab.locator("#notice", has_text=text).wait_for()


@pytest.fixture(scope="module")
def tab(browser: Any) -> Any:  # noqa: F811
    """The first page, which every test has for itself. A new one would cost half a second."""
    return browser.new_context().new_page()


@pytest.fixture
def visit(server: TextServer, tab: Any) -> Iterator[Callable[..., Visit]]:
    visits = []

    def go(*prompts: object) -> Visit:
        station = FakeStation(conduct=FakeInterview(prompts or ABC))  # type: ignore[arg-type]
        server.link.make_station = lambda: station
        one = Visit(server, tab, station)
        visits.append(one)
        one.open()
        return one

    yield go
    # before the seats end, which would lead the page elsewhere
    for one in visits:
        one.leave()
    server.end_seats()


def test_an_interview_by_keyboard_alone(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.interview()
    for question, answer in (("One?", "1"), ("Two?", "2"), ("Three?", ".dk")):
        one.asks(question)
        one.type(answer)
    one.asks("Every question is answered")
    one.tab.wait_for_timeout(1100)  # an Enter right after another one could be a key held down
    one.tab.keyboard.press("Enter")
    one.asks("Chicago District")
    assert one.given == [("q1", "1"), ("q2", "2"), ("q3", ".dk")]
    assert one.tab.evaluate("document.activeElement.id") == "field"
    assert not one.errors


def test_an_interview_by_buttons_alone(visit: Callable[..., Visit]) -> None:
    one = visit(prompt("q1", "One?", YES_NO), prompt("bye", "Thanks.", ReadEntry()))
    one.press("Begin the interview")
    one.asks("One?")
    one.press("1 Yes")
    one.asks("Thanks.")
    one.press("Continue")
    one.asks("Every question is answered")
    one.tab.wait_for_timeout(1100)
    one.press("Complete the interview")
    one.asks("Chicago District")
    assert one.given == [("q1", "1"), ("bye", "")]


def test_several_answers_are_collected_and_words_are_typed(visit: Callable[..., Visit]) -> None:
    media = PickEntry(options=(*choices("TV", "Radio", "Press"),), several=True)
    one = visit(prompt("q1", "Where?", media), prompt("q2", "Why?", VerbatimEntry()))
    one.interview()
    one.press("3 Press")
    one.press("1 TV")
    one.press("2 Radio")
    one.press("2 Radio")
    pressed = one.tab.locator("#answers [aria-pressed=true]").all_text_contents()
    assert pressed == ["1 TV", "3 Press"]
    one.press("Send")
    one.asks("Why?")
    one.press("Note")
    assert one.tab.input_value("#field") == ".note "
    one.type("He laughed")
    one.tab.locator("#log p", has_text="noted").wait_for()
    one.tab.keyboard.type("first")
    one.tab.keyboard.press("Shift+Enter")
    one.type("second")
    one.asks("Every question is answered")
    assert one.given == [("q1", "3 1"), ("q2", "first\nsecond")]


def test_what_can_be_answered_is_seen_as_a_line_or_on_a_button(visit: Callable[..., Visit]) -> None:
    units = LineEntry(
        kind="quantity",
        hint="as 101, or 1 per day",
        forms=(("1..", "1 to 20 per day"), ("2..", "1 to 99 per week")),
        labels=((555, "Never"),),
    )
    one = visit(prompt("q1", "How often?", units))
    one.interview()
    one.asks("How often?")
    log = one.tab.locator("#log p:visible")
    seen = [line.text_content() for line in log.all() if line.bounding_box()["height"] > 10]
    assert seen[-4:-1] == ["1.. 1 to 20 per day", "2.. 1 to 99 per week", "as 101, or 1 per day"]
    buttons = one.tab.locator("#answers button").all_text_contents()
    assert buttons == ["555 Never", "Don't know", "Refused"]


def test_a_code_needs_no_enter_if_that_is_set(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.interview()
    one.tab.get_by_label("A code needs no Enter").check()
    one.tab.keyboard.press("1")
    one.asks("Two?")
    one.tab.keyboard.press("Enter")
    one.wait_for_notice("Enter ignored")
    one.tab.keyboard.press("2")
    one.asks("Three?")
    one.tab.reload()
    one.asks("Three?")
    assert one.tab.is_checked("#one-key")
    assert one.given == [("q1", "1"), ("q2", "2")]


def test_the_code_of_a_decline_needs_no_enter_either(visit: Callable[..., Visit]) -> None:
    declines = (DK._replace(code=7, typed_code="7"), REFUSED._replace(code=9, typed_code="9"))
    entry = YES_NO._replace(declines=declines)
    one = visit(prompt("q1", "One?", entry, declines=declines), *ABC[1:])
    one.interview()
    one.tab.get_by_label("A code needs no Enter").check()
    one.tab.keyboard.press("7")
    one.asks("Two?")
    assert one.given == [("q1", ".dk")]
    one.tab.get_by_label("A code needs no Enter").uncheck()


def test_what_is_not_accepted_is_said_once(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.interview()
    one.type("7")
    one.tab.locator("#log .rejection").wait_for()
    assert one.tab.get_attribute("#field", "aria-invalid") == "true"
    assert sum("7 is not offered here" in text for text in one.log()) == 1
    assert one.notice() == ""
    one.type("1")
    one.asks("Two?")
    assert one.tab.get_attribute("#field", "aria-invalid") is None


def test_entries_typed_ahead_wait_for_their_question(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.interview()
    # Faster than the answers come: all in one turn of the page's loop.
    one.tab.evaluate(
        """() => {
          const field = document.getElementById("field");
          for (const text of ["1", "2", "1"]) {
            field.value = text;
            field.form.requestSubmit();
          }
        }"""
    )
    one.asks("Every question is answered")
    assert one.given == [("q1", "1"), ("q2", "2"), ("q3", "1")]


def test_entries_typed_ahead_are_not_taken_for_another_question(
    visit: Callable[..., Visit],
) -> None:
    one = visit()
    one.interview()
    one.tab.evaluate(
        """() => {
          const field = document.getElementById("field");
          for (const text of ["8", "2"]) {
            field.value = text;
            field.form.requestSubmit();
          }
        }"""
    )
    one.wait_for_notice("Typed ahead and not sent: 2")
    one.asks("One?")
    assert one.given == []


def test_after_a_reload_the_same_question(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.interview()
    one.type("1")
    one.asks("Two?")
    one.tab.keyboard.type("half")
    one.tab.reload()
    one.asks("Two?")
    assert one.tab.input_value("#field") == "half"
    assert [text for text in one.log() if text in ("One?", "Two?")] == ["One?", "Two?"]
    assert one.given == [("q1", "1")]


def test_after_a_new_start_of_web_nothing_is_said_or_taken_twice(
    visit: Callable[..., Visit], server: TextServer
) -> None:
    one = visit()
    one.interview()
    one.type("1")
    one.asks("Two?")
    before = one.log()

    server.stop()
    one.tab.locator("#banner", has_text="No connection").wait_for()
    one.tab.keyboard.type("2")
    one.tab.keyboard.press("Enter")
    one.wait_for_notice("Not sent")
    assert one.tab.input_value("#field") == "2", "it is still there, to be sent by hand"

    server.start()
    one.tab.locator("#frame[data-state=seated]").wait_for()
    assert one.log() == before
    one.tab.keyboard.press("Enter")
    one.asks("Three?")
    assert one.given == [("q1", "1"), ("q2", "2")]


def test_an_entry_that_got_lost_is_shown_again_and_never_sent_by_itself(
    visit: Callable[..., Visit], server: TextServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = visit()
    one.interview()
    lost = []
    original = messages.MessageChannel._handle

    def lose_entries(channel: messages.MessageChannel, message: Any) -> None:
        if message.get("type") == "entry" and not lost:
            lost.append(message)
        else:
            original(channel, message)

    monkeypatch.setattr(messages.MessageChannel, "_handle", lose_entries)
    one.type("1")
    one.wait_until(lambda: lost)
    server.stop()
    server.start()
    one.wait_for_notice("This was not received: 1")
    assert one.given == []
    assert one.tab.input_value("#field") == "1"
    one.tab.keyboard.press("Enter")
    one.asks("Two?")
    assert one.given == [("q1", "1")]


def test_the_seat_moves_to_a_newer_window_and_back(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.interview()
    other = Visit(one.server, one.tab.context.new_page(), one.station)
    other.open()
    other.asks("One?")
    one.tab.locator("#message", has_text="Your seat has moved").wait_for()
    one.press("Take it back here")
    one.asks("One?")
    other.tab.locator("#message", has_text="Your seat has moved").wait_for()
    one.tab.bring_to_front()
    one.tab.focus("#field")
    one.type("1")
    one.asks("Two?")
    assert one.given == [("q1", "1")]


def test_a_seat_that_dies_is_begun_again_and_an_entry_is_shown(
    visit: Callable[..., Visit], server: TextServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = visit()
    one.interview()
    monkeypatch.setattr(server.link, "signal", 9)
    came = []

    def come_too_late(*_: object) -> bool:
        came.append(True)
        return False

    monkeypatch.setattr(messages.MessageChannel, "_is_for_awaited", come_too_late)
    monkeypatch.setattr(messages.MessageChannel, "_refuse", lambda *_: None)
    one.type("1")
    one.wait_until(lambda: came)
    server.end_seats()
    one.wait_for_notice("It isn’t known whether this was received: 1")
    monkeypatch.undo()
    assert one.tab.url.endswith("/text")
    assert one.tab.input_value("#field") == "1"
    assert one.given == []


def test_the_end_of_the_shift_leads_to_the_first_page(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.press("End shift")
    one.tab.wait_for_url(f"{one.server.address}/")
    one.tab.get_by_role("link", name="Begin again").click()
    one.tab.wait_for_selector("#commands button")


def test_a_message_of_a_supervisor_comes_while_something_is_typed(
    visit: Callable[..., Visit],
) -> None:
    one = visit()
    one.interview()
    one.tab.keyboard.type("ty")
    one.station.messages.append("Message from sue (11:50): slower")
    one.tab.locator("#log .message", has_text="slower").wait_for()
    assert one.tab.input_value("#field") == "ty"


def test_no_text_becomes_markup(visit: Callable[..., Visit]) -> None:
    hostile = '<img src=x onerror="document.title=1">'
    option = PickEntry(options=choices(hostile))
    one = visit(prompt("q1", hostile, option, instruction=words(hostile)))
    one.interview()
    assert one.tab.locator("main img").count() == 0
    assert hostile in one.log()
    assert one.tab.title() == "Interview · survey"


def test_no_text_hides_others_however_long_it_is(visit: Callable[..., Visit]) -> None:
    word = "W" * 4000
    stack = "a" + "\u0301" * 3000
    asked = prompt("q1", word, PickEntry(options=choices(word, stack)), instruction=words(stack))
    one = visit(asked)
    one.tab.set_viewport_size({"width": 400, "height": 800})
    one.interview()
    one.type("7")
    one.tab.locator("#log .rejection").wait_for()
    # what was not accepted is shown, although the question is taller than the log
    shown, log = one.tab.locator("#log .rejection").bounding_box(), one.tab.locator("#log")
    box = log.bounding_box()
    assert box["y"] <= shown["y"] < box["y"] + box["height"]
    assert one.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    answers = one.tab.locator("#answers .choice")
    assert answers.first.bounding_box()["height"] <= 0.4 * 800 + 1
    clipped = "element => getComputedStyle(element).overflowY"
    assert answers.nth(1).evaluate(clipped) == "auto"
    assert one.tab.locator("#log .instruction").evaluate(clipped) == "clip"


def test_nothing_that_is_typed_is_handed_to_others(visit: Callable[..., Visit]) -> None:
    one = visit()
    field = one.tab.locator("#field")
    for name, value in (
        ("autocomplete", "off"),
        ("autocorrect", "off"),
        ("spellcheck", "false"),
        ("translate", "no"),
        ("writingsuggestions", "false"),
        ("data-gramm", "false"),
        ("data-lpignore", "true"),
    ):
        assert field.get_attribute(name) == value
    assert one.tab.get_attribute("body", "translate") == "no"


def test_a_language_from_right_to_left(visit: Callable[..., Visit]) -> None:
    asked = prompt("q1", "هل لديكم بطاقة؟", PickEntry(options=choices("نعم", "لا")))
    one = visit(asked._replace(right_to_left=True))
    one.interview()
    spoken = one.tab.locator("#log .spoken").last
    assert spoken.get_attribute("dir") == "rtl"
    assert one.tab.get_attribute("#label", "dir") == "rtl"
    text, key = spoken.bounding_box(), one.tab.locator("#answers .key").first.bounding_box()
    assert key["x"] > text["x"] + text["width"] / 2, "the first choice is on the right"


@large
def test_the_founding_interview_by_keyboard_to_its_end(
    server: TextServer,
    browser: Any,  # noqa: F811
) -> None:
    """Every answer of the script of the demonstration, at a station for practice."""
    server.link.make_station = open_district
    lines = (INSTRUMENTS / "asu_2000.answers.txt").read_text().splitlines()
    context = browser.new_context()
    one = Visit(server, context.new_page(), FakeStation())
    one.open()
    one.type(".interview")
    one.asks("Inspections Division")
    for line in lines:
        before = one.tab.evaluate("() => document.body.dataset.asked")
        one.type(line)
        one.tab.wait_for_function("before => document.body.dataset.asked !== before", arg=before)
    one.asks("Every question is answered")
    refused = [text for text in one.log() if text.startswith("Not accepted")]
    assert not refused
    declined = [text for text in one.log() if text.startswith("declined: ")]
    assert len(declined) == lines.count(".dk")

    one.tab.wait_for_timeout(1100)  # an Enter right after another one could be a key held down
    one.tab.keyboard.press("Enter")
    one.tab.locator("#log .heading", has_text="Ended: ").wait_for()
    assert not one.errors
    context.close()
    server.end_seats()


def open_district() -> StationSession:
    """A station for practice whose first case is a district, as the script wants it."""
    for seed in count():
        options = PracticeOptions(path=str(INSTRUMENTS / "asu_2000.yaml"), interviewer="ann")
        opened = open_practice_station(options, clock=utc_now, rng=Random(seed))
        view = opened.session.look().view
        if isinstance(view, CaseView) and ("Kind of unit", "District") in view.details:
            return opened.session
        opened.session.close()
    raise AssertionError("no case is a district")


def find_screen_reader() -> str:
    """The script of the virtual screen reader, if npm has installed it for everybody."""
    for folder in ("/usr/lib/node_modules", "/usr/local/lib/node_modules"):
        if Path(folder, READER).exists():
            return str(Path(folder, READER))
    return ""


@pytest.mark.skipif(
    not find_screen_reader(), reason="needs npm install -g @guidepup/virtual-screen-reader"
)
def test_a_screen_reader_says_each_line_once_and_comes_everywhere(
    visit: Callable[..., Visit],
) -> None:
    asked = prompt("q1", "Do you **really** agree?", YES_NO, instruction=words("Slowly."))
    one = visit(asked, prompt("q2", "Two?", YES_NO))
    script = find_screen_reader()
    one.tab.route("**/virtual.js", lambda r: r.fulfill(path=script, content_type="text/javascript"))
    one.tab.evaluate(
        """async () => {
          window.virtual = (await import("/virtual.js")).virtual;
          await virtual.start({container: document.body});
        }"""
    )

    def said() -> list[str]:
        one.tab.wait_for_timeout(300)
        heard: list[str] = one.tab.evaluate(
            """async () => {
              const heard = await virtual.spokenPhraseLog();
              await virtual.clearSpokenPhraseLog();
              return heard;
            }"""
        )
        return [phrase.removeprefix("polite: ") for phrase in heard]

    said()
    one.interview()
    assert said()[1:] == [
        "Do you really agree?",
        "1 Yes",
        "2 No",
        "Interviewer: Slowly.",
        "or Don't know, Refused",
    ]
    one.type("7")
    assert said() == ["Not accepted: 7 is not offered here: 1, 2"]
    one.type("1")
    one.asks("Two?")
    assert said() == ["Understood: Yes", "Two?", "1 Yes", "2 No"]

    # From the top of the page to its end: nothing holds the reader back.
    heard: list[str] = []
    while heard[-1:] != ["end of main"]:
        one.tab.evaluate("() => virtual.next()")
        heard.append(one.tab.evaluate("() => virtual.lastSpokenPhrase()"))
        assert len(heard) < 400
    for phrase in ("log, What is said", "group, Answers", "group, Commands", "button, 1 Yes"):
        assert phrase in heard
    assert "textbox, Two?" in heard


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=large), "dark"])
def test_axe_finds_nothing_in_any_state(visit: Callable[..., Visit], scheme: str) -> None:
    asked = (
        prompt(
            "q1",
            "Do you **agree**?",
            PickEntry(options=choices("Yes", "No"), several=True),
            section="Mission",
            instruction=words("Slowly."),
            probe=words("Which?"),
            faq=FAQ,
            languages=("en", "es"),
        ),
        prompt("q2", "Sure?", YES_NO, query=Query(words("Really?"))),
    )
    one = visit(*asked)
    one.tab.emulate_media(color_scheme=scheme)
    assert complaints_of_axe(one.tab) == []
    one.interview()
    one.type("8")
    one.tab.locator("#log .rejection").wait_for()
    one.press("1 Yes")
    assert complaints_of_axe(one.tab) == []
    one.press("Send")
    one.asks("Sure?")
    one.tab.set_viewport_size({"width": 400, "height": 800})
    assert complaints_of_axe(one.tab) == []
    one.server.stop()
    one.tab.locator("#banner", has_text="No connection").wait_for()
    assert complaints_of_axe(one.tab) == []
    one.server.start()
    one.tab.locator("#frame[data-state=seated]").wait_for()

    other = Visit(one.server, one.tab.context.new_page(), one.station)
    other.open()
    one.tab.locator("#message", has_text="moved").wait_for()
    assert complaints_of_axe(one.tab) == []


def test_every_kind_of_question_is_shown(visit: Callable[..., Visit]) -> None:
    script = every_kind()
    one = visit(*script)
    one.type(".interview")
    for asked in script:
        one.asks(shorten(to_plain_text(asked.text), 40).removesuffix("…"))
        answers = one.tab.locator("#answers button").all_text_contents()
        assert answers or asked.entry
        one.station.conduct._go_on()
        one.type(".again")
    assert not one.errors
