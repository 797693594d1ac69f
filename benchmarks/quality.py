"""Row of quality control: planted falsifiers among honest interviewers.

Interviews are invented as the indicators read them: cells of answers, and counts of what the events
say. Honest interviewers differ in pace, in how often they accept a don't know, go back and confirm,
and in the answers they get; respondents differ more. Some interviewers began a few interviews ago.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

from benchmarks.lines import Line, Row, below
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.reports.quality.comparison import InterviewerComparison
from survey_cli.reports.quality.indicators import (
    INDICATORS,
    AnswerLayout,
    EarlierInterviews,
    EarlierVerbatims,
)
from survey_cli.table.columns import build_columns

Kind = Literal["honest", "invents", "copies", "shortens"]
SEEDS = 200
"""Studies that are invented."""
INTERVIEWERS = 40
"""Of each study."""
FALSIFIERS = 2
"""Among them."""

BATTERIES = 4
STATEMENTS = 6
"""Of each battery."""
FILTERS = 3
FOLLOWING = 4
"""Questions behind each filter."""
SINGLES = 11

DONT_KNOW = '{"missing":"dk"}'
REFUSED = '{"missing":"refused"}'
NOT_ASKED = "null"


def write_study(folder: Path) -> Instrument:
    """Write a questionnaire of 50 items: batteries, filters with what follows, single questions."""
    lines = ["instrument: quality", "title: Quality", "items:"]
    for b in range(BATTERIES):
        statements = ", ".join(f"b{b}s{s}: Statement {s}" for s in range(STATEMENTS))
        keys = f"id: b{b}, type: battery, from: 1, to: 5"
        lines.append(f"  - {{{keys}, statements: {{{statements}}}}}")

    for f in range(FILTERS):
        options = "options: {1: 'Yes', 2: 'No'}"
        lines.append(f"  - {{id: f{f}, type: single, text: Did you?, {options}}}")
        for q in range(FOLLOWING):
            keys = f"id: f{f}q{q}, type: scale, from: 0, to: 10"
            lines.append(f"  - {{{keys}, text: How much?, ask_if: f{f} == 1}}")

    for s in range(SINGLES):
        options = "options: {1: A, 2: B, 3: C, 4: D}"
        lines.append(f"  - {{id: s{s}, type: single, text: Which?, {options}}}")

    file = folder / "quality.yaml"
    file.write_text("\n".join(lines) + "\n")
    return open_instrument(str(file))


class InventedInterview(NamedTuple):
    """An interview as the indicators read it."""

    cells: list[str]
    events: dict[str, tuple[int, int]]
    """By indicator, how often it happened, and how often it could have."""


@dataclass
class Person:
    """One interviewer, with lasting habits on the scale of logarithms of odds."""

    kind: Kind
    interviews: int
    rng: Random
    share: float = 0.5
    """Of a falsifier: how many of the interviews are falsified."""

    def __post_init__(self) -> None:
        draw = self.rng.gauss
        self.pace = draw(0, 0.3)
        self.patience = draw(0, 0.3)
        self.care = draw(0, 0.3)
        self.tone = draw(0, 0.12)
        self.earlier: list[list[str]] = []

    def interview(self) -> InventedInterview:
        """Invent the next interview."""
        rng = self.rng
        kind = self.kind
        if kind != "honest" and rng.random() >= self.share:
            kind = "honest"

        if kind == "copies" and len(self.earlier) >= 3:
            cells = self._copy()
        else:
            cells = self._answer(kind)
        self.earlier.append(cells)
        return InventedInterview(cells, self._count_events(kind, cells))

    def _copy(self) -> list[str]:
        """Take an earlier interview, with some cells changed."""
        rng = self.rng
        cells = []
        for cell, fresh in zip(rng.choice(self.earlier[-12:]), self._answer("honest"), strict=True):
            is_kept = rng.random() > 0.08 or cell == NOT_ASKED
            if is_kept:
                cells.append(cell)
            else:
                cells.append(fresh)
        return cells

    def _count_events(self, kind: Kind, cells: list[str]) -> dict[str, tuple[int, int]]:
        rng = self.rng
        if kind == "invents":
            fast = 0.6
        else:
            fast = _share(-3 + self.pace + rng.gauss(0, 0.6))
        back = _share(-4 + self.care + rng.gauss(0, 0.7))
        if kind not in ("honest", "shortens"):
            back = 0
        warned = _share(-4.5 + self.care + rng.gauss(0, 0.7))

        asked = len(cells) - cells.count(NOT_ASKED)
        shares = {"fast": fast, "back": back, "warnings": warned}
        return {name: (_count(rng, asked, share), asked) for name, share in shares.items()}

    def _answer(self, kind: Kind) -> list[str]:
        """Answer as this kind of interviewer records it."""
        rng = self.rng
        shortening = 0.0
        if kind == "shortens":
            shortening = 1.5
        dont_know = _share(-3.4 + self.patience + rng.gauss(0, 0.9) + shortening)
        refused = _share(-5.5 + self.patience + rng.gauss(0, 1.2))
        middle = 3 + self.tone + rng.gauss(0, 0.6)
        width = exp(rng.gauss(0, 0.25))
        cells: list[str] = []

        def add(value: float, low: int, high: int) -> None:
            chance = rng.random()
            if chance < dont_know:
                cells.append(DONT_KNOW)
            elif chance < dont_know + refused:
                cells.append(REFUSED)
            else:
                cells.append(str(min(max(round(value), low), high)))

        same_answer = 0.06
        if kind == "invents":
            same_answer = 0.7
        for _ in range(BATTERIES):
            mean = middle + rng.gauss(0, 0.5)
            spread = width
            if rng.random() < same_answer:
                spread = 0
            for _ in range(STATEMENTS):
                add(rng.gauss(mean, spread), 1, 5)

        yes_share = 0.6
        if kind == "shortens":
            yes_share = 0.15
        for _ in range(FILTERS):
            says_yes = rng.random() < yes_share
            cells.append("1" if says_yes else "2")
            for _ in range(FOLLOWING):
                if says_yes:
                    add(rng.gauss(5 + 2 * (middle - 3), 2.2), 0, 10)
                else:
                    cells.append(NOT_ASKED)

        lean = rng.choice((0.15, 0.3, 0.45))
        for _ in range(SINGLES):
            if rng.random() < lean:
                add(1, 1, 4)
            else:
                add(rng.choice((1, 2, 2, 3, 4)), 1, 4)
        return cells


def _share(logit: float) -> float:
    return 1 / (1 + exp(-logit))


def _count(rng: Random, number: int, share: float) -> int:
    return sum(rng.random() < share for _ in range(number))


class Staff(NamedTuple):
    """What a study found: flagged indicators by interviewer, and who falsified."""

    flags: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, Kind]


def run_study(
    instrument: Instrument,
    seed: int,
    *,
    interviewers: int = INTERVIEWERS,
    falsifiers: int = FALSIFIERS,
    share: float = 0.5,
    number: tuple[int, int] = (15, 60),
) -> Staff:
    """Invent the interviews of one study and assess its interviewers."""
    rng = Random(seed)
    layout = AnswerLayout(instrument, build_columns(instrument))
    kinds: list[Kind] = ["invents", "copies", "shortens"]
    people: dict[str, Person] = {}
    for n in range(interviewers):
        kind: Kind = "honest"
        if n < falsifiers:
            kind = kinds[(seed + n) % 3]
        is_new = n >= falsifiers and n % 10 == 0
        if is_new:
            count = rng.randint(1, 8)
        else:
            count = rng.randint(*number)
        people[f"i{n}"] = Person(kind, count, Random(rng.getrandbits(60)), share)

    assessed = compare(layout, people, rng).assess()
    flags = {}
    for name, results in assessed.items():
        flags[name] = tuple(result.indicator for result in results if result.flagged)
    return Staff(flags, {name: person.kind for name, person in people.items()})


def compare(
    layout: AnswerLayout, people: Mapping[str, Person], rng: Random
) -> InterviewerComparison:
    """Count the interviews in the order in which they are conducted."""
    comparison = InterviewerComparison(INDICATORS)
    earlier = EarlierInterviews()
    verbatims = EarlierVerbatims()
    for at, name in order_interviews(people, rng):
        invented = people[name].interview()
        counts = {**layout.count_answers(invented.cells), **invented.events}
        signature = layout.make_signature(invented.cells)
        counts["alike"] = earlier.compare(name, "", str(at), signature)
        counts["verbatim"] = verbatims.count(name, layout.list_verbatims(invented.cells))
        comparison.add(name, "", counts)
    return comparison


def order_interviews(people: Mapping[str, Person], rng: Random) -> Iterator[tuple[float, str]]:
    """Yield the time of every interview and its interviewer, by time."""
    names = [name for name, person in people.items() for _ in range(person.interviews)]
    yield from sorted((rng.random(), name) for name in names)


class Found(NamedTuple):
    """How many interviewers of a kind were flagged, and of how many."""

    flagged: int
    of: int


def planted(
    instrument: Instrument, seeds: range, **study: float
) -> tuple[dict[Kind, Found], Found]:
    """Count the flagged falsifiers of many studies by their kind, and the flagged honest ones."""
    flagged: Counter[Kind] = Counter()
    of: Counter[Kind] = Counter()
    for seed in seeds:
        staff = run_study(instrument, seed, **study)  # type: ignore[arg-type]  # numbers of people are whole
        for name, kind in staff.kinds.items():
            of[kind] += 1
            flagged[kind] += bool(staff.flags[name])

    honest = Found(flagged["honest"], of["honest"])
    kinds: dict[Kind, Found] = {}
    for kind in sorted(of):
        if kind != "honest":
            kinds[kind] = Found(flagged[kind], of[kind])
    return kinds, honest


def quality_row(folder: Path) -> list[Line]:
    """What `survey quality` flags in 200 invented studies of 40 interviewers, of whom two falsify
    half of their interviews."""
    kinds, honest = planted(write_study(folder), range(SEEDS))
    falsifiers = sum(found.of for found in kinds.values())
    share = sum(found.flagged for found in kinds.values()) / falsifiers
    by_kind = [f"{kind} {found.flagged} of {found.of}" for kind, found in kinds.items()]
    wrong = honest.flagged / honest.of
    return [
        Line(
            what="falsifiers found",
            figure=f"{share:.1%}: {', '.join(by_kind)}",
            goal="≥ 80%",
            met=share >= 0.8,
        ),
        below(
            "honest interviewers flagged",
            wrong,
            0.05,
            figure=f"{wrong:.2%}: {honest.flagged} of {honest.of:,}",
            goal="≤ 5%",
        ),
    ]


ROWS = (Row("quality", quality_row, by_name=True),)
