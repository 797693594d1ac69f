"""Sixty defects of the route, each put into one of three sound instruments of the repository."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
YES_NO = 'options: {1: "Yes", 2: "No"}'
FORKS = {
    "household": ("card == 1", "card == 2"),
    "customer": ("price in [1, 2]", "price in [3, 4, 5]"),
    "asu_2000": ("q2 in [1, 2]", "q2 in [3, 4, 5]"),
}
"""Two conditions of each instrument that between them hold for every answer."""


class Defect(NamedTuple):
    rule: str
    owner: str
    items: str
    """The items that are put before the end of the questionnaire."""
    quota: str = ""


def number(name: str, low: int = 0, high: int = 99, more: str = "") -> str:
    return f"  - {{id: {name}, type: number, min: {low}, max: {high}, text: How many?{more}}}\n"


def single(name: str, condition: str = "", more: str = "", options: str = YES_NO) -> str:
    asked = f', ask_if: "{condition}"' if condition else ""
    return f"  - {{id: {name}, type: single, text: Which?, {options}{asked}{more}}}\n"


def section(name: str, condition: str, *items: str) -> str:
    inside = "".join("    " + item for item in items)
    return f'  - id: {name}\n    type: section\n    ask_if: "{condition}"\n    items:\n{inside}'


CONDITIONAL = "options: {{1: A, 2: {{text: B, ask_if: {}}}}}"
FOUR = "options: {1: A, 2: B, 3: C, 4: D}"


def list_defects(one: str, other: str) -> list[Defect]:
    """Two defects of each kind. `one` and `other` are the sides of a fork of the instrument."""
    z = single("za")
    ages, known = number("zn"), number("zn", more=", declines: []")
    rest = f"{other} or declined({one.split()[0]})"
    return [
        Defect(
            "never-asked",
            "zc",
            z + single("zb", "za == 1") + single("zc", "za == 2 and zb in [1, 2]"),
        ),
        Defect("never-asked", "zc", section("zs", one, single("zb"), single("zc", other))),
        Defect(
            "never-offered",
            "zb",
            z + single("zb", "za == 1", options="options: {1: A, 2: {text: B, ask_if: za == 2}}"),
        ),
        Defect(
            "never-offered",
            "zb",
            single("zb", options="options: {1: A, 2: {text: B, ask_if: consent == 2}}"),
        ),
        Defect("always-asked", "zb", z + section("zs", "za == 1", single("zb", "answered(za)"))),
        Defect("always-asked", "zb", single("zb", "consent == 1")),
        Defect("decline-hole", "zb", z + single("zb", "za == 1") + single("zc", "za == 2")),
        Defect(
            "decline-hole",
            "zs",
            section("zs", one, single("zb")) + section("zt", other, single("zc")),
        ),
        Defect("filter-gap", "zb", ages + single("zb", "zn < 30") + single("zc", "zn > 30")),
        Defect(
            "filter-gap",
            "zb",
            single("za", options=FOUR)
            + "".join(
                single(name, f"{one} and za == {code}")
                for name, code in (("zb", 1), ("zc", 2), ("zd", 4))
            ),
        ),
        Defect("filter-overlap", "zb", known + single("zb", "zn <= 30") + single("zc", "zn >= 30")),
        Defect(
            "filter-overlap",
            "zb",
            known
            + single("zb", "zn < 20")
            + single("zc", "zn >= 18 and zn < 40")
            + single("zd", "zn >= 40"),
        ),
        Defect(
            "check-never-passes",
            "zm",
            number("zn", 0, 50, ", declines: []")
            + number("zm", 60, 90, ", checks: [{expect: zm <= zn, say: No.}]"),
        ),
        Defect(
            "check-never-passes",
            "zm",
            ages
            + number(
                "zm",
                0,
                9,
                ', ask_if: "zn > 50", checks: {expect: zn < 40 and zm < 8, say: No., soft: true}',
            ),
        ),
        Defect(
            "check-never-fires",
            "zm",
            number("zn", 20, 30)
            + number("zm", 0, 10, ", checks: [{expect: zm < zn, say: Too many.}]"),
        ),
        Defect(
            "check-never-fires",
            "zb",
            single("za", options=FOUR)
            + single(
                "zb", "za in [1, 2]", ', confirm: {if: "za == 3 and zb == 1", text: Is that right?}'
            ),
        ),
        Defect(
            "empty-quota-cell",
            "zq",
            z + "  - {id: ze, type: end, outcome: not_eligible, unless: za == 1}\n",
            "{id: zq, where: za == 2, target: 10}",
        ),
        Defect(
            "empty-quota-cell",
            "zq",
            single("za", options=FOUR)
            + "  - {id: ze, type: end, outcome: not_eligible, unless: 'za in [1, 2, 3]'}\n",
            '{id: zq, by: [za], targets: {"1": 5, "2": 5, "3": 5, "4": 5}}',
        ),
        Defect(
            "unfilled",
            "zb",
            z + number("zn", 0, 9, ', ask_if: "za == 1", declines: []') + _read("zb", "So {zn}."),
        ),
        Defect(
            "unfilled",
            "zc",
            section("zs", one, number("zn", 0, 9, ", declines: []"))
            + section("zt", rest, _read("zc", "So {zn}.")),
        ),
    ]


def _read(name: str, text: str) -> str:
    return f'  - {{id: {name}, type: read, text: "{text}"}}\n'


def seed(instrument: str, defect: Defect) -> str:
    """The text of an instrument with a defect."""
    lines = (
        (INSTRUMENTS / f"{instrument}.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    )
    at = next(
        n for n, line in enumerate(lines) if line.startswith(("  - id: thanks", "  - {id: thanks"))
    )
    text = "".join([*lines[:at], defect.items, *lines[at:]])
    if not defect.quota:
        return text
    return text + ("" if "\nquotas:" in text else "quotas:\n") + f"  - {defect.quota}\n"


def iterate_defects() -> Iterator[tuple[str, Defect]]:
    for instrument, (one, other) in FORKS.items():
        for defect in list_defects(one, other):
            yield instrument, defect
