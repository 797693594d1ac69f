"""Every key and line that the program lists, in real windows of Chromium and Firefox.

Proves, on the full screen and on the text page, that the seat does what its pages of help say, that
every key and command listed there has a trial, and that nothing is used for what a browser keeps.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from seats import screen_keys, text_keys
from seats.program_keys import find_kept_keys
from seats.row import Effort, Figure
from seats.windows import NEEDS, PROGRAMS, open_window
from support.browser_seat import AT_ANY_HOUR, ServedSeat
from support.shift import HEAD, Shift
from support.stored_interviews import sql

START_SECONDS = 90.0
"""A browser that starts for the first time takes long on a busy machine."""
OLDER_NOTES = 40
MAKING = Lock()
"""Studies are made one after the other: only one thread of a process may import samples."""
SCRIPTS = """\
  scripts:
    voicemail: {text: {en: We will call again., es: Llamaremos otra vez.}}
"""
ITEMS = """
faq:
  Who is paying for this?: The County Library.
items:
  - {id: hello, type: read, text: {en: "Good day, I am calling.", es: "Buenos días, llamo yo."}}
  - {id: age, type: number, max: 120, text: {en: How old?, es: "¿Cuántos años?"}}
  - id: years
    type: number
    max: 120
    text: {en: How many years at work?, es: "¿Cuántos años en el trabajo?"}
    checks: [{expect: years <= age, soft: true, say: {en: More than a life., es: Demasiado.}}]
  - {id: job, type: verbatim, text: {en: What work?, es: "¿Qué trabajo?"}}
  - id: paid
    type: single
    text: {en: Paid?, es: "¿Con sueldo?"}
    options: {1: {en: "Yes", es: "Sí"}, 2: {en: "No", es: "No"}, 3: {en: Partly, es: En parte}}
  - id: story
    type: read
    text: {en: "the beginning of it LONG the end of it", es: Nada.}
""".replace("LONG", "and so on " * 250)


def make_study(folder: Path) -> Shift:
    """Make a study in which every key has something to do."""
    rows = ["unit,kind,name,phone,zone,second"]
    for number, unit in enumerate("ABCDEFGHIJKL"):
        phones = (f"+1 312 555 01{number:02}", f"+1 312 555 02{number:02}")
        rows.append(f"{unit},1,Mr {unit},{phones[0]},America/Chicago,{phones[1]}")
    shift = Shift(
        folder,
        head=HEAD.replace("title: Field test", "title: Keys\nlanguages: [en, es]")
        + "  second: {type: text, role: phone}\n",
        items=ITEMS,
        fieldwork=AT_ANY_HOUR + SCRIPTS,
        cases="\n".join(rows) + "\n",
        at=datetime.now(UTC),
    )
    add_notes(shift)
    return shift


def add_notes(shift: Shift) -> None:
    """Give one case a history that is longer than a screen."""
    station = shift.station("ann")
    station.fetch_case("A")
    for number in range(OLDER_NOTES):
        station.add_note(f"older note {number}")
    station.add_note(screen_keys.NEWEST)
    station.finish_case()
    station.end_shift()
    Shift.close_all()


def try_full_screen(browser: str) -> list[str]:
    """Press every key of the full screen in one browser; return what the seat didn't do."""
    with tempfile.TemporaryDirectory(prefix="survey-seats-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        with MAKING:
            shift = make_study(folder)
        record = folder / "painted"
        arguments = ["serve", "field.yaml", "--db", shift.db, "--no-browser"]
        before = screen_keys.RECORD % str(record)
        with ServedSeat(*arguments, folder=folder, before=before) as served:
            screen = screen_keys.RecordedScreen(record)
            with open_window(browser, served.link[0], folder, screen_keys.PAUSE) as window:
                if not screen.waits_for(screen_keys.AT_CASE, "", START_SECONDS):
                    return [f"no station was shown; {screen.text()[:300]}"]
                time.sleep(3)
                # A click gives the window the keys, as a person does.
                window.click()
                findings = screen_keys.press_all(window, screen)
        stored = sql(Path(shift.db), "SELECT kind, item FROM journal ORDER BY seq")
    return findings + [
        f"{entry} isn't stored" for entry in screen_keys.STORED if entry not in stored
    ]


def try_text_page(browser: str) -> list[str]:
    """Try every line and button of the text page in one browser."""
    with tempfile.TemporaryDirectory(prefix="survey-seats-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        with MAKING:
            shift = make_study(folder)
        record = folder / "told"
        arguments = ["serve", "field.yaml", "--db", shift.db, "--no-browser"]
        with ServedSeat(*arguments, folder=folder, before=text_keys.RECORD % str(record)) as served:
            text = text_keys.RecordedText(record)
            link = served.link[0]
            with open_window(browser, link, folder, text_keys.PAUSE) as window:
                if not text.waits_for("command or outcome", START_SECONDS):
                    return ["no case was shown"]
                # Its script gives the field the keys.
                time.sleep(3)
                findings = text_keys.try_all(window, text)
        stored = sql(Path(shift.db), "SELECT payload FROM journal WHERE kind = 'answered'")
    values = [json.loads(payload).get("value") for (payload,) in stored]
    return findings + [
        f"{value!r} isn't stored" for value in text_keys.STORED if value not in values
    ]


def measure_keys(_: Effort) -> list[Figure]:
    """Press all keys, and type all lines, in all browsers."""
    missing = [need for need in (*PROGRAMS.values(), *NEEDS) if shutil.which(need) is None]
    if missing:
        findings = [f"{need} isn't installed" for need in missing]
        return [Figure("the seat did what F1 says", "nothing ran", is_met=False, findings=findings)]

    # One browser beside the other: most of the time is waiting.
    with ThreadPoolExecutor(len(PROGRAMS)) as browsers:
        tried = list(browsers.map(try_browser, PROGRAMS))
    untried = [*screen_keys.find_untried_keys(), *text_keys.find_untried_words()]
    kept = find_kept_keys()
    return [
        *(figure for figures in tried for figure in figures),
        Figure(
            goal="every key and command of the pages of help is tried",
            measured=f"{len(untried)} without a trial",
            is_met=not untried,
            findings=untried,
        ),
        Figure(
            goal="what a browser never gives away is used for nothing",
            measured=f"{len(kept)} such keys in the program's tables",
            is_met=not kept,
            findings=kept,
        ),
    ]


def try_browser(browser: str) -> list[Figure]:
    """Try both faces in one browser, one after the other."""
    return [
        describe_trial(
            f"{browser}, full screen", screen_keys.count_presses(), try_full_screen, browser
        ),
        describe_trial(f"{browser}, text page", text_keys.count_trials(), try_text_page, browser),
    ]


def describe_trial(
    where: str, count: int, attempt: Callable[[str], list[str]], browser: str
) -> Figure:
    """Return the figure of one face in one browser."""
    findings = attempt(browser)
    return Figure(
        goal=f"{where}: the seat did what F1 says",
        measured=f"{count} trials, {len(findings)} findings",
        is_met=not findings,
        findings=findings,
    )
