"""The questionnaire of the crash test, and what is keyed at each item: a straight line of items whose texts carry
their number, so that the screen shows the position.
"""

import re
from dataclasses import dataclass
from random import Random
from typing import Final

ITEMS: Final = 36
KINDS: Final = ("pick", "number", "text", "several", "verbatim", "read")
MUCH: Final = 90_000
"""A number above it is doubted and must be confirmed."""
END: Final = "end"
ALT_LEFT: Final = "\x1b[1;3D"
F9: Final = "\x1b[20~"

SHOWN: Final = re.compile(r"Item (\d{3})\b")
DOUBTED: Final = re.compile(r"Doubt (\d{3})\b")
REVIEW: Final = ("Every question is answered",)
"""What is shown at the closing review, where the last answer has been stored."""
OVER: Final = (
    *REVIEW,
    "any key leaves",
    "[Ended",
    "[The interview is complete",
    "its interview is finished",
)

FORMS: Final = {
    "pick": "type: single, options: {1: Red, 2: Blue, 3: Green, 4: Grey}",
    "number": "type: number, max: 99999, checks: [{expect: ID <= 90000, soft: true, say: 'Doubt NUMBER.'}]",
    "text": "type: text",
    "several": "type: multiple, options: {1: Bus, 2: Car, 3: Train, 4: Bicycle}",
    "verbatim": "type: verbatim",
    "read": "type: read",
}


def instrument() -> str:
    """Among the items stand splits: events of the computer's own, each a commit between two items."""
    lines = ["instrument: crash", "title: Crash driver", "items:"]
    for k in range(ITEMS):
        form = FORMS[kind(k)].replace("ID", place(k)).replace("NUMBER", f"{k:03}")
        lines.append(
            f"  - {{id: {place(k)}, text: 'Item {k:03} of the driver, who calls for the tests.', {form}}}"
        )
        if k % 7 == 3:
            lines.append(f"  - {{id: arm{k}, type: split, arms: {{a: 1, b: 1}}}}")
    return "\n".join(lines) + "\n"


def kind(k: int) -> str:
    return "read" if k == 0 else KINDS[(k - 1) % len(KINDS)]


def place(k: int) -> str:
    return f"q{k:03}"


@dataclass(frozen=True)
class Stand:
    """Where an interview stands, as far as a user can see it: at an item, perhaps with a doubt, or at its end."""

    item: int
    doubted: bool = False

    def __str__(self) -> str:
        return END if self.item == ITEMS else place(self.item) + "?" * self.doubted


@dataclass(frozen=True)
class Step:
    """One thing that is keyed: the keys for either face, what the journal must hold for it, and where it leads."""

    screen: str
    plain: str
    entry: tuple[str, str, str]
    """Kind of the event, its item, and what stands in its payload."""
    to: Stand


def answer(at: Stand, dice: Random, *, calm: bool) -> Step:
    """The next step from here. A calm one leads straight on, so that several can be keyed ahead."""
    k, here, on = at.item, place(at.item), Stand(at.item + 1)
    if at.doubted:
        return Step(F9 + "\r", ".ok\n", ("confirmed", here, ""), on)
    if (
        not calm and k > 0 and kind(k - 1) != "several" and dice.random() < 0.12
    ):  # a code given again is taken away
        return Step(ALT_LEFT, ".back\n", ("wentto", place(k - 1), ""), Stand(k - 1))
    match kind(k):
        case "pick" if dice.random() < 0.2:
            return Step("d", ".dk\n", ("declined", here, "dk"), on)
        case "pick":
            code = str(dice.randint(1, 4))
            return Step(code, f"{code}\n", ("answered", here, code), on)
        case "number":
            number = (
                dice.randint(1, MUCH)
                if calm or dice.random() < 0.7
                else dice.randint(MUCH + 1, 99_999)
            )
            entry = ("answered", here, str(number))
            return Step(
                f"{number}\r",
                f"{number}\n",
                entry,
                on if number <= MUCH else Stand(k, doubted=True),
            )
        case "several":
            codes = "".join(dice.sample("1234", 2))
            return Step(f"{codes}\r", f"{codes[0]} {codes[1]}\n", ("answered", here, codes[0]), on)
        case "read":
            return Step(" ", "\n", ("answered", here, ""), on)
        case _:
            words = f"words {dice.randrange(10**9)}"
            return Step(f"{words}\r", f"{words}\n", ("answered", here, words), on)


def stand(shown: str) -> Stand | None:
    """Where the interview stands by what is on the screen, or by all that was printed."""
    if any(over in shown for over in OVER):
        return Stand(ITEMS)
    items = list(SHOWN.finditer(shown))
    if not items:
        return None
    number = items[-1][1]
    return Stand(
        int(number), doubted=any(d[1] == number for d in DOUBTED.finditer(shown, items[-1].end()))
    )
