"""A reader who wants to know what a report hides.

Every printed figure becomes an equation or a pair of bounds, and whole numbers are sought that agree with all of
them. It shares no code with disclosure control.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from survey_cli.reports.results.crosstab import CrosstabLine
from survey_cli.reports.results.report_model import (
    HIDDEN_FIGURE,
    Base,
    Figure,
    ItemResult,
    ResultColumn,
    ResultRow,
    SummaryStatistics,
)

Unknown: TypeAlias = tuple[str, Hashable, tuple[str, str]]
"""`(item, row, column)`; a row is its kind, code and label, a column its group and label."""
ALL = ("", "")
BASE = "base"
VALID_BASE = "base of those with an answer"
FAR = 10_000


class Attacker:
    """What is known from pages that were printed of the same interviews."""

    def __init__(self, digits: int = 0) -> None:
        self.set_digits(digits)
        self.known: dict[Unknown, int] = {}
        self._at: dict[Unknown, int] = {}
        self._lines: list[tuple[dict[Unknown, float], float, float]] = []
        self.secret: set[Unknown] = set()
        """What is hidden somewhere."""
        self._base = BASE
        self._percent_of_rows = False

    def set_digits(self, digits: int) -> None:
        """Percentages of the next tables have so many decimals."""
        self._half = Fraction(1, 2 * 10**digits)

    def unknown(self, name: Unknown) -> Unknown:
        self._at.setdefault(name, len(self._at))
        return name

    def says(self, terms: Mapping[Unknown, float], low: float, high: float) -> None:
        self._lines.append(
            ({self.unknown(name): times for name, times in terms.items()}, low, high)
        )

    def adds_up(self, whole: Unknown, parts: Iterable[Unknown]) -> None:
        terms: dict[Unknown, float] = {whole: -1}
        for part in parts:
            terms[part] = terms.get(part, 0) + 1
        self.says(terms, 0, 0)

    def same(self, one: Unknown, other: Unknown) -> None:
        self.says({one: 1, other: -1}, 0, 0)

    def counts(self, name: Unknown, text: str) -> None:
        self.unknown(name)
        if text == "[c]":
            self.secret.add(name)
        else:
            self.known[name] = int(text.replace(",", ""))

    def reads(
        self,
        item: ItemResult,
        columns: Sequence[ResultColumn],
        lines: Sequence[ResultRow | CrosstabLine] = (),
        *,
        percent_of_rows: bool = False,
    ) -> None:
        """A table. `lines`: all rows that there could be, which the questionnaire tells; those that a page does not have
        are hidden there."""
        self._percent_of_rows = percent_of_rows
        self._base = BASE
        places = [ALL, *((c.group, c.label) for c in columns[1 : len(item.bases)])]
        self._table(item.id, item.kind, places, item.rows, item.bases, item.summaries, lines)
        self._divides(item.id, places, [BASE, *map(_key, lines or item.rows)])

    def reads_valid(
        self,
        item: ItemResult,
        columns: Sequence[ResultColumn],
        lines: Sequence[ResultRow | CrosstabLine],
        *,
        percent_of_rows: bool = False,
    ) -> None:
        """A table of those with an answer. `lines`: all rows of the table of all who were asked."""
        self._percent_of_rows = percent_of_rows
        missing = [row for row in lines if row.kind in ("decline", "volunteered")]
        notes = {(row.kind, row.code, row.label): row.note for row in lines}
        kept = [row for row in lines if row not in missing and row.kind != "net"]
        nets = [row for row in item.rows if row.kind == "net"]
        codes = {row.code for row in missing if row.code}
        for net in nets:
            if net.note != notes[_key(net)]:
                assert set(notes[_key(net)].split(" + ")) - set(net.note.split(" + ")) <= codes
        own = [replace(net, code=net.note) if net.note != notes[_key(net)] else net for net in nets]
        rows = [*(row for row in item.rows if row.kind != "net"), *own]
        places = [ALL, *((c.group, c.label) for c in columns[1 : len(item.bases)])]
        self._base = VALID_BASE
        self._table(item.id, item.kind, places, rows, item.bases, item.summaries, [*kept, *own])
        for column in places:
            aside = [(item.id, _key(row), column) for row in missing]
            self.adds_up((item.id, BASE, column), [(item.id, VALID_BASE, column), *aside])
            self._base = BASE
            self._structure(item.id, item.kind, column, lines)
        self._divides(item.id, places, [VALID_BASE, BASE, *map(_key, lines), *map(_key, own)])

    def _divides(
        self, id: str, places: Sequence[tuple[str, str]], rows: Iterable[Hashable]
    ) -> None:
        rows = list(rows)
        for group in dict.fromkeys(group for group, _ in places[1:]):
            inside = [c for c in places[1:] if c[0] == group]
            for row in rows:
                self.adds_up((id, row, ALL), [(id, row, c) for c in inside])

    def _table(
        self,
        id: str,
        kind: str,
        columns: list[tuple[str, str]],
        rows: Iterable[ResultRow],
        bases: Iterable[Base],
        summaries: Iterable[SummaryStatistics | None],
        lines: Sequence[ResultRow | CrosstabLine],
    ) -> None:
        rows, bases = list(rows), list(bases)
        printed = {_key(row) for row in rows}
        for place, column in enumerate(columns):
            if bases:
                self.counts((id, self._base, column), bases[place].count_text)
            for row in rows:
                figure = row.figures[place] if place < len(row.figures) else HIDDEN_FIGURE
                whole = (id, self._base, column)
                if self._percent_of_rows and column != ALL:
                    whole = (id, _key(row), ALL)
                self._figure((id, _key(row), column), figure, whole)
            for line in lines:
                if _key(line) not in printed:
                    self.counts((id, _key(line), column), "[c]")
            known_rows = {_key(line) for line in lines}
            others = [row for row in rows if _key(row) not in known_rows]
            self._structure(id, kind, column, [*lines, *others])
        for column, summary in zip(columns, summaries, strict=False):
            if summary is not None and summary.mean_text not in ("[c]", "–") and kind == "scale":
                mean = float(Fraction(summary.mean_text))
                points = [row for row in rows if row.kind == "answer"]
                self.says(
                    {(id, _key(r), column): int(r.code) - mean - 0.005 for r in points}, -FAR, 1e-6
                )
                self.says(
                    {(id, _key(r), column): int(r.code) - mean + 0.005 for r in points}, -1e-6, FAR
                )

    def _figure(self, name: Unknown, figure: Figure, base: Unknown) -> None:
        self.counts(name, figure.count_text)
        text = figure.percent_text
        if text in ("[c]", "–"):
            return
        low, high = (
            (Fraction(0), self._half)
            if text == "*"
            else (Fraction(text) - self._half, Fraction(text) + self._half)
        )
        self.says({name: 100, base: -float(low)}, -1e-6, 100 * FAR)
        self.says({name: 100, base: -float(high)}, -100 * FAR, 1e-6)

    def _structure(
        self, id: str, kind: str, column: tuple[str, str], rows: Sequence[ResultRow | CrosstabLine]
    ) -> None:
        def at(row: ResultRow | CrosstabLine) -> Unknown:
            return (id, _key(row), column)

        base = (id, self._base, column)
        aside = [at(r) for r in rows if r.kind == "decline" or (r.kind == "mention" and not r.code)]
        mentions = [at(r) for r in rows if r.kind == "mention" and r.code]
        for row in rows:
            if row.kind == "net":
                parts = [
                    at(r)
                    for r in rows
                    if r.code and r.code in row.note.split(" + ") and r.kind != "net"
                ]
                if kind != "multiple":
                    self.adds_up(at(row), parts)
                    continue
                self.says({at(row): 1, **dict.fromkeys(parts, -1)}, -FAR, 0)
                for part in parts:
                    self.says({at(row): 1, part: -1}, 0, FAR)
            if kind == "multiple" and row.kind in ("mention", "net") and row.code + row.note:
                self.says({base: 1, at(row): -1, **dict.fromkeys(aside, -1)}, 0, FAR)
        if kind != "multiple":
            self.adds_up(base, [at(r) for r in rows if r.kind != "net"])
        elif mentions:
            self.says({base: 1, **dict.fromkeys([*mentions, *aside], -1)}, -FAR, 0)

    def between(self, name: Unknown, which: Literal["least", "most"]) -> int:
        """The least or the greatest that a count can be."""
        n = len(self._at)
        lows, highs = numpy.zeros(n), numpy.full(n, FAR)
        for known, value in self.known.items():
            lows[self._at[known]] = highs[self._at[known]] = value
        matrix = lil_array((len(self._lines), n))
        for i, (terms, _, _) in enumerate(self._lines):
            for one, times in terms.items():
                matrix[i, self._at[one]] = times
        constraint = LinearConstraint(
            matrix.tocsr(), [low for _, low, _ in self._lines], [high for *_, high in self._lines]
        )
        cost = numpy.zeros(n)
        cost[self._at[name]] = 1 if which == "least" else -1
        found = milp(
            cost,
            constraints=constraint,
            bounds=Bounds(lows, highs),
            integrality=numpy.ones(n, dtype=int),
        )
        assert found.status in (0, 3), (
            found.message
        )  # solved, or without bound; figures never contradict each other
        return FAR if found.status == 3 else round(abs(found.fun))


def _key(row: ResultRow | CrosstabLine) -> tuple[str, str, str]:
    return row.kind, row.code, row.label
