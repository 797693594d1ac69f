"""Row of quality control: are planted falsifiers found among honest interviewers? And the time for a large study.

Interviews are invented as the indicators read them: cells of answers, and counts of what the events say. Honest
interviewers differ in pace, in how often they accept a don't know, go back and confirm, and in the answers they get;
respondents differ more. Some began a few interviews ago.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import exp
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

from benchmarks.measuring import Line, below
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.reports.quality.comparison import InterviewerComparison
from survey_cli.reports.quality.indicators import INDICATORS, AnswerLayout, EarlierInterviews, EarlierVerbatims
from survey_cli.table.columns import build_columns

Kind = Literal["honest", "invents", "copies", "shortens"]
SEEDS, INTERVIEWERS, FALSIFIERS = 200, 40, 2
BATTERIES, STATEMENTS, FILTERS, FOLLOWING, SINGLES = 4, 6, 3, 4, 11
DONT_KNOW, REFUSED, NOT_ASKED = '{"missing":"dk"}', '{"missing":"refused"}', "null"


def write_study(folder: Path) -> Instrument:
    """A questionnaire of 50 items: batteries, filters with what follows them, and single questions."""
    lines = ["instrument: quality", "title: Quality", "items:"]
    for b in range(BATTERIES):
        statements = ", ".join(f"b{b}s{s}: Statement {s}" for s in range(STATEMENTS))
        lines.append(f"  - {{id: b{b}, type: battery, from: 1, to: 5, statements: {{{statements}}}}}")
    for f in range(FILTERS):
        lines.append(f"  - {{id: f{f}, type: single, text: Did you?, options: {{1: 'Yes', 2: 'No'}}}}")
        lines += [
            f"  - {{id: f{f}q{q}, type: scale, from: 0, to: 10, text: How much?, ask_if: f{f} == 1}}"
            for q in range(FOLLOWING)
        ]
    for s in range(SINGLES):
        lines.append(f"  - {{id: s{s}, type: single, text: Which?, options: {{1: A, 2: B, 3: C, 4: D}}}}")
    file = folder / "quality.yaml"
    file.write_text("\n".join(lines) + "\n")
    return open_instrument(str(file))


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
        self.pace, self.patience, self.care = draw(0, 0.3), draw(0, 0.3), draw(0, 0.3)
        self.tone = draw(0, 0.12)
        self.earlier: list[list[str]] = []

    def interview(self) -> "tuple[list[str], dict[str, tuple[int, int]]]":
        """One interview: cells, and counts of its events."""
        rng, kind = self.rng, self.kind
        if kind != "honest" and rng.random() >= self.share:
            kind = "honest"
        if kind == "copies" and len(self.earlier) >= 3:
            cells = [
                cell if rng.random() > 0.08 or cell == NOT_ASKED else fresh
                for cell, fresh in zip(rng.choice(self.earlier[-12:]), self._answer("honest"), strict=True)
            ]
        else:
            cells = self._answer(kind)
        self.earlier.append(cells)
        asked = len(cells) - cells.count(NOT_ASKED)
        fast = 0.6 if kind == "invents" else _share(-3 + self.pace + rng.gauss(0, 0.6))
        back = _share(-4 + self.care + rng.gauss(0, 0.7)) * (kind in ("honest", "shortens"))
        warned = _share(-4.5 + self.care + rng.gauss(0, 0.7))
        events = {"fast": fast, "back": back, "warnings": warned}
        return cells, {name: (_count(rng, asked, share), asked) for name, share in events.items()}

    def _answer(self, kind: Kind) -> list[str]:
        rng = self.rng
        dont_know = _share(-3.4 + self.patience + rng.gauss(0, 0.9) + (1.5 if kind == "shortens" else 0))
        refused = _share(-5.5 + self.patience + rng.gauss(0, 1.2))
        middle, width = 3 + self.tone + rng.gauss(0, 0.6), exp(rng.gauss(0, 0.25))
        cells: list[str] = []

        def add(value: float, low: int, high: int) -> None:
            chance, answer = rng.random(), str(min(max(round(value), low), high))
            cells.append(DONT_KNOW if chance < dont_know else REFUSED if chance < dont_know + refused else answer)

        for _ in range(BATTERIES):
            mean, spread = middle + rng.gauss(0, 0.5), width
            if rng.random() < (0.7 if kind == "invents" else 0.06):
                spread = 0
            for _ in range(STATEMENTS):
                add(rng.gauss(mean, spread), 1, 5)
        for _ in range(FILTERS):
            yes = rng.random() < (0.15 if kind == "shortens" else 0.6)
            cells.append("1" if yes else "2")
            for _ in range(FOLLOWING):
                if yes:
                    add(rng.gauss(5 + 2 * (middle - 3), 2.2), 0, 10)
                else:
                    cells.append(NOT_ASKED)
        lean = rng.choice((0.15, 0.3, 0.45))
        for _ in range(SINGLES):
            add(1 if rng.random() < lean else rng.choice((1, 2, 2, 3, 4)), 1, 4)
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
    instrument: Instrument, seed: int, *, interviewers: int = INTERVIEWERS, falsifiers: int = FALSIFIERS,
    share: float = 0.5, number: tuple[int, int] = (15, 60),
) -> Staff:  # fmt: skip
    """Invent the interviews of one study and assess its interviewers."""
    rng = Random(seed)
    layout = AnswerLayout(instrument, build_columns(instrument))
    kinds: list[Kind] = ["invents", "copies", "shortens"]
    people: dict[str, Person] = {}
    for n in range(interviewers):
        kind = kinds[(seed + n) % 3] if n < falsifiers else "honest"
        begins = n >= falsifiers and n % 10 == 0
        count = rng.randint(1, 8) if begins else rng.randint(*number)
        people[f"i{n}"] = Person(kind, count, Random(rng.getrandbits(60)), share)
    comparison = compare(layout, ((name, person) for name, person in people.items()), rng)
    flags = {name: tuple(r.indicator for r in own if r.flagged) for name, own in comparison.assess().items()}
    return Staff(flags, {name: person.kind for name, person in people.items()})


def compare(layout: AnswerLayout, people: Iterator[tuple[str, Person]], rng: Random) -> InterviewerComparison:
    """Count the interviews in the order in which they are conducted."""
    comparison, earlier = InterviewerComparison(INDICATORS), EarlierInterviews()
    verbatims = EarlierVerbatims()
    order = [(rng.random(), name, person) for name, person in people for _ in range(person.interviews)]
    for at, name, person in sorted(order, key=lambda entry: entry[0]):
        cells, counted = person.interview()
        counts = {**layout.count_answers(cells), **counted}
        counts["alike"] = earlier.compare(name, "", str(at), layout.make_signature(cells))
        counts["verbatim"] = verbatims.count(name, layout.list_verbatims(cells))
        comparison.add(name, "", counts)
    return comparison


def planted(instrument: Instrument, seeds: range, **study: float) -> tuple[dict[str, tuple[int, int]], tuple[int, int]]:
    """By kind of falsifier how many were found, and of how many; the same of the honest ones who are flagged."""
    found: dict[str, list[int]] = {}
    for seed in seeds:
        staff = run_study(instrument, seed, **study)  # type: ignore[arg-type]  # numbers of people are whole
        for name, kind in staff.kinds.items():
            pair = found.setdefault(kind, [0, 0])
            pair[0] += bool(staff.flags[name])
            pair[1] += 1
    honest = found.pop("honest")
    return {kind: (n, of) for kind, (n, of) in sorted(found.items())}, (honest[0], honest[1])


def quality_row(folder: Path) -> list[Line]:
    """Who is found, and who is flagged wrongly, in many studies."""
    kinds, (wrong, honest) = planted(write_study(folder), range(SEEDS))
    found, falsifiers = (sum(column) for column in zip(*kinds.values(), strict=True))
    said = f"{found / falsifiers:.1%}: " + ", ".join(f"{kind} {n} of {of}" for kind, (n, of) in kinds.items())
    what = f"falsifiers found, {FALSIFIERS} among {INTERVIEWERS} interviewers, {SEEDS} studies"
    flagged = f"{wrong / honest:.2%}: {wrong} of {honest:,}"
    return [
        Line(what=what, ours=said, value=found / falsifiers, shown=said, goal="≥ 80 %", met=found / falsifiers >= 0.8),
        below("honest interviewers flagged", wrong / honest, 0.05, said=flagged, goal="≤ 5 %"),
    ]


ROWS: dict[str, Callable[[Path], list[Line]]] = {"quality": quality_row}
