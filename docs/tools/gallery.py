"""Writer of the gallery: `python docs/tools/gallery.py` draws its screens and writes its page.

The page shows every instrument of `instruments/`: its title, its first comment, and one screen at
80×20 after the replies and keys that are listed here.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import Store
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.widgets.key_app import KeyApp

ROOT: Final = Path(__file__).parents[2]
INSTRUMENTS: Final = ROOT / "instruments"
PICTURES: Final = ROOT / "docs" / "pictures" / "gallery"
PAGE: Final = ROOT / "docs" / "reference" / "gallery.md"
MOMENT: Final = datetime(2026, 11, 24, 16, 42, tzinfo=UTC)
SIZE: Final = (80, 20)

FONTS: Final = re.compile(r"@font-face\s*\{[^}]*\}\s*")
"""Fonts that would be fetched from elsewhere: the reader's own monospaced one will do."""
LINKED: Final = "../../instruments/"
"""The instruments as the page sees them. The site has its own copy."""
INTRODUCTION: Final = """\
# Gallery

Every feature of the questionnaire language in a small questionnaire of its own, with one screen of the interview. To
try one, save its file and run `survey preview FILE`, which also shows how a change looks. A few need a list, a module
or a translation beside them, which `instruments/features/` has.
"""

KEY: Final = re.compile(r"<([\w+]+)>|(.)")
"""`<enter>` is a key, and everything else a character."""


class Scene(NamedTuple):
    """How an instrument comes to the screen that is shown."""

    replies: str
    """Separated by bars; what is read aloud is passed with an empty one."""
    keys: str = ""
    """What is then keyed on the screen."""
    columns: Mapping[str, str] = {}
    """Columns of the case."""


NAMED_KEYS: Final = {" ": "space", ".": "full_stop", ",": "comma", "@": "at"}

DISTRICT: Final = {"kind": "District", "region": "Central", "city": "Chicago"}
PERSON: Final = "Maria|34"

GROUPS: Final[dict[str, dict[str, Scene]]] = {
    "Whole questionnaires": {
        "household": Scene("|1|3", "Maria"),
        "customer": Scene("|1", columns={"plan": "2"}),
        "asu_2000": Scene("|1|1|1|3", columns=DISTRICT),
    },
    "Questions and answers": {
        "nets": Scene(""),
        "scale_long": Scene(""),
        "exclusive_option": Scene("", "9"),
        "mentions_ordered": Scene("", "31"),
        "first_mention": Scene("|3,1"),
        "other_specify": Scene("", "7a poster"),
        "search_list": Scene("", "teach"),
        "number_codes": Scene("", "97"),
        "ranges": Scene("", "50<enter>"),
        "amounts": Scene("", "88"),
        "quantity": Scene("3 per week", "5 11"),
        "unit_decimals": Scene("", "72.5"),
        "duration": Scene("", "7h30"),
        "time": Scene("", "9.30 pm"),
        "partial_date": Scene("", "april 1985"),
        "text_pattern": Scene("", "9021<enter>"),
        "text_tests": Scene("", "maria at example<enter>"),
        "verbatim": Scene("|2", "The bus comes twice a day only."),
        "battery_total": Scene("|60|25", "20<enter>"),
        "statement_conditions": Scene("|1"),
        "by_interviewer": Scene(""),
        "item_declines": Scene("|a|b|c"),
        "decline_sets": Scene("|1"),
        "missing_three_valued": Scene("|9", "<ctrl+d>"),
        "personal": Scene("|green", "maria@example.org"),
        "prefill": Scene("", columns={"town": "Marlow", "size": "2"}),
    },
    "Filters, calculations and fills": {
        "ask_if": Scene("|2", "A blue Volvo"),
        "compute": Scene("|4000|1500|3 apr 1985"),
        "compute_table": Scene("20|170|90"),
        "limits": Scene("|3", "5<enter>"),
        "fills": Scene("", columns={"kind": "1", "since": "2019-03-01", "name": "Maria Lopez"}),
        "elapsed": Scene("|I teach at a school."),
        "defaults": Scene(""),
    },
    "Checks": {
        "soft_check": Scene("", "95<enter>"),
        "hard_check": Scene("|4", "6<enter>"),
        "confirm_aloud": Scene("", "900<enter>"),
        "confirm_list": Scene("|250", "60<enter>"),
    },
    "Options and orders": {
        "options_fill": Scene(""),
        "option_conditions": Scene("|car"),
        "options_from_answers": Scene("|1,3"),
        "order_random_anchor": Scene("|1|1|1"),
        "order_named_scale_flip": Scene(""),
        "pick": Scene("|1,2,3"),
    },
    "Households and other lists": {
        "roster_count": Scene(f"|2|{PERSON}|1"),
        "roster_each": Scene("|tv,web|90|4"),
        "roster_until": Scene("|Rome"),
        "roster_over_roster": Scene(f"|2|{PERSON}|Ben|9"),
        "draw_random": Scene(f"|2|{PERSON}|Ben|36"),
        "bracket": Scene("|1|1"),
        "draw_numbers": Scene("|4|2"),
        "draw_youngest": Scene(f"|2|{PERSON}|3 apr 1992|Ben|36|1 dec 1990"),
    },
    "Experiments, quotas and samples": {
        "split": Scene(""),
        "split_in_sample": Scene("", columns={"letter": "sent", "kind": "2"}),
        "lookup_quota": Scene("|1"),
        "sample_design": Scene(""),
    },
    "The call": {
        "faq": Scene("", "<f5>"),
        "handover": Scene("|Anna|2"),
        "end_temporary": Scene("|2"),
        "end_final": Scene("|2"),
        "unless_fails_closed": Scene("", "d"),
        "after_hangup": Scene("|1|"),
        "fieldwork": Scene(""),
        "study": Scene("", "<f1>"),
    },
    "Languages and modules": {
        "languages": Scene("", "<f4>"),
        "translations": Scene("", "<f4>"),
        "named_texts": Scene("|1"),
        "include_prefix": Scene("|40|1|"),
    },
}
"""By heading of the page and name of the instrument."""


def find_instrument(name: str) -> Path:
    """Return the file of an instrument."""
    whole = INSTRUMENTS / f"{name}.yaml"
    if whole.exists():
        return whole
    return INSTRUMENTS / "features" / f"{name}.yaml"


def list_instruments() -> list[str]:
    """Return the names of all instruments; files beside them have a dot in their names."""
    files = [*INSTRUMENTS.glob("*.yaml"), *(INSTRUMENTS / "features").glob("*.yaml")]
    return sorted(file.stem for file in files if "." not in file.stem)


def write_entry(name: str) -> str:
    """Return the part of the page on one instrument: title, first comment, link and screen."""
    file = find_instrument(name)
    comment = file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    instrument = open_instrument(str(file))
    if not isinstance(instrument, Instrument):
        raise SystemExit(f"{file}: {instrument}")
    title = instrument.title.get(instrument.language)
    link = f"[{file.name}]({LINKED}{file.relative_to(INSTRUMENTS).as_posix()})"
    picture = f"../pictures/gallery/{name}.svg"
    image = f"[![The interviewer's screen: {title}]({picture})]({picture})"
    return f"### {title}\n\n{comment}\n{link}\n\n{image}\n"


async def draw(file: Path, scene: Scene) -> str:
    """Draw the screen of an interview after the replies and keys, as SVG."""
    options = StartOptions(
        case="1042",
        interviewer="Pat Moore",
        station="07",
        seed=2000,
        columns=scene.columns,
    )
    with Store.open(":memory:", create=True) as store:
        session = start_or_resume(file, options, clock=lambda: MOMENT, store=store)
        for reply in scene.replies.split("|"):
            refused = session.reply(reply)
            if refused is not None:
                raise SystemExit(f"{file.stem}: {reply!r}: {refused}")

        app = KeyApp(lambda: InterviewScreen(session), "dark")
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            for key, character in KEY.findall(scene.keys):
                await pilot.press(key or NAMED_KEYS.get(character, character))
            await pilot.pause()
            return FONTS.sub("", app.export_screenshot(title=f"survey interview {file.name}"))


def write_page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for heading, scenes in GROUPS.items():
        parts.append(f"## {heading}\n")
        parts += [write_entry(name) for name in scenes]
    return "\n".join(parts)


def main() -> None:
    """Write the screens and the page."""
    PICTURES.mkdir(exist_ok=True)
    for scenes in GROUPS.values():
        for name, scene in scenes.items():
            picture = asyncio.run(draw(find_instrument(name), scene))
            (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")
    PAGE.write_text(write_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
