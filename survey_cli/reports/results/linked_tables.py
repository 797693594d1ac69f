"""What must be hidden so that no table of a report gives away what another hides? Tables say the same count in several
places: the base of a follow-up is a row of the question before it, the base of a column is its part of all interviews, a
codebook counts them once more. It prints nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.reports.disclosure.suppression import BASE, Counted, Spot, hidden_spots
from survey_cli.reports.results.crosstab import Tabulated, Terms, tabulated
from survey_cli.reports.results.questions import NEVER_DECLINES, questions
from survey_cli.reports.weighting.answer_counts import Answers, Grouping, known_columns
from survey_cli.values import Missing, Variable

Place: TypeAlias = tuple[int, Spot]
"""A count in a table, by the table's position; those of groupings come after the questions'."""
Links: TypeAlias = dict[Place, set[Place]]
"""Places that say one count."""


def concealed(
    tables: Sequence[Tabulated], answers: Answers, groupings: Sequence[Grouping], terms: Terms
) -> list[Tabulated]:
    """The same tables with their small counts hidden, and whatever would tell them.

    What is hidden of the total is settled first and without the groupings, so that reports with other columns, and the
    codebook, hide the same of it.
    """
    if terms.threshold < 2:
        return list(tables)
    follow_ups = _follow_ups(tables, answers, terms)
    nested = _nested(groupings)
    told = {other for some in follow_ups.values() for other in some}
    counted = [
        _counted(
            table,
            tables,
            follow_ups.get(i, {}),
            groupings,
            everybody=not table.question.asked and i not in told,
        )
        for i, table in enumerate(tables)
    ]
    links: Links = {}
    for i, some in follow_ups.items():
        for row, (other, _) in enumerate(some.items(), len(tables[i].lines)):
            for c in range(len(tables[i].bases)):
                _link(links, (i, Spot(row, c)), (other, Spot(BASE, c)))
    for alike in _asked_alike(tables, answers):
        for one, other in pairwise(alike):
            for c in range(len(tables[one].bases)):
                _link(links, (one, Spot(BASE, c)), (other, Spot(BASE, c)))
    totals = [_total(one) for one in counted]
    alone = _coarsened(totals, links, terms.threshold, tables, [0])
    parts = [_parts(grouping) for grouping in groupings]
    _link_parts(links, tables, counted, groupings)
    full = [
        *(
            replace(one, hidden=spots, nested=nested, settled=True)
            for one, spots in zip(counted, alone, strict=True)
        ),
        *parts,
    ]
    hidden = _coarsened(full, links, terms.threshold, tables, known_columns(groupings))
    return [
        replace(table, hidden=frozenset(s for s in spots if s.row < len(table.lines)))
        for table, spots in zip(tables, hidden, strict=False)
    ]


def _coarsened(
    counted: Sequence[Counted],
    links: Links,
    threshold: int,
    tables: Sequence[Tabulated],
    columns: Sequence[int],
) -> list[frozenset[Spot]]:
    """What is hidden of each table, where one of which most would be hidden in these columns gives up all its details if
    its nets can be shown instead."""
    hidden = _settled(counted, links, threshold)
    coarse = {
        i
        for i, table in enumerate(tables)
        if columns and table.nets and replace(table, hidden=hidden[i]).mostly_hidden(table.details, columns)
    }
    while coarse:
        given_up = [
            replace(
                one,
                hidden=one.hidden | {Spot(row, c) for row in tables[i].details for c in _alike(one, columns)},
            )
            if i in coarse
            else one
            for i, one in enumerate(counted)
        ]
        found = _settled(given_up, links, threshold)
        vain = {
            i for i in coarse if replace(tables[i], hidden=found[i]).mostly_hidden(tables[i].nets, columns)
        }
        if not vain:
            return found
        coarse -= vain
    return hidden


def _alike(table: Counted, columns: Sequence[int]) -> Sequence[int]:
    """All columns that are printed beside these: of groups every one, those without a value too."""
    return columns if list(columns) == [0] else range(1, len(table.bases))


def _settled(counted: Sequence[Counted], links: Links, threshold: int) -> list[frozenset[Spot]]:
    """What is hidden of each table when none tells of another: as often as one hides more of a count that others say."""
    hidden = [one.hidden for one in counted]
    elsewhere: list[frozenset[Spot]] = [frozenset() for _ in counted]

    def spread(i: int, spots: frozenset[Spot]) -> None:
        for other, spot in _others(((i, spot) for spot in spots), links):
            if spot.column < len(counted[other].bases) and spot not in elsewhere[other]:
                elsewhere[other] |= {spot}
                waiting[other] = None

    waiting = dict.fromkeys(range(len(counted)))
    for i, spots in enumerate(hidden):
        spread(i, spots)
    while waiting:
        i = next(iter(waiting))
        del waiting[i]
        linked = frozenset(spot for table, spot in links if table == i)
        table = replace(counted[i], hidden=hidden[i], elsewhere=elsewhere[i], linked=linked)
        found = hidden_spots(table, threshold)
        new, hidden[i] = found - hidden[i], found
        spread(i, new)
    return hidden


def _others(places: Iterable[Place], links: Links) -> list[Place]:
    """Where else the same counts are said."""
    found = dict.fromkeys(places)
    queue = list(found)
    first = len(queue)
    for place in queue:
        new = [other for other in links.get(place, ()) if other not in found]
        found |= dict.fromkeys(new)
        queue += new
    return queue[first:]


def _link(links: Links, one: Place, other: Place) -> None:
    links.setdefault(one, set()).add(other)
    links.setdefault(other, set()).add(one)


def _counted(
    table: Tabulated,
    tables: Sequence[Tabulated],
    told: Mapping[int, frozenset[int]],
    groupings: Sequence[Grouping],
    *,
    everybody: bool,
) -> Counted:
    """The counts of a question with the sums that its rows are in; then a row for each follow-up's base."""
    lines, multiple = table.lines, table.question.kind == "multiple"
    start, groups = 1, []
    for grouping in groupings:
        groups.append(range(start, start + len(grouping.parts)))
        start += len(grouping.parts)
    nets = {i: line.parts for i, line in enumerate(lines) if line.kind == "net"}
    other = [i for i, line in enumerate(lines) if line.kind == "decline" or (multiple and not line.code)]
    aside = frozenset(i for i in other if i not in nets)
    mentions = frozenset(i for i, line in enumerate(lines) if line.kind == "mention") - aside
    within: list[tuple[int, frozenset[int]]] = []
    over: list[tuple[int, frozenset[int]]] = []
    if multiple:
        within = [(BASE, frozenset({i}) | aside) for i in (*mentions, *nets)]
        within += [(net, frozenset({i})) for net, parts in nets.items() for i in parts]
        over = [(net, frozenset(parts)) for net, parts in nets.items()]
        over.append((BASE, mentions | aside))
    bases = {len(lines) + place: rows for place, rows in enumerate(told.values())}
    return Counted(
        counts=[
            *([pile.people for pile in line.piles] for line in lines),
            *([pile.people for pile in tables[follow_up].bases] for follow_up in told),
        ],
        bases=[pile.people for pile in table.bases],
        groups=groups,
        sums={**({} if multiple else nets), **bases},
        whole=[] if multiple else [i for i, line in enumerate(lines) if line.kind != "net"],
        within=within,
        over=over,
        everybody=everybody,
    )


def _total(table: Counted) -> Counted:
    """The first column alone."""
    return replace(
        table, counts=[[row[0]] for row in table.counts], bases=[table.bases[0]], groups=(), nested=()
    )


def _parts(grouping: Grouping) -> Counted:
    """The sizes of the columns of a grouping, as a table of one column."""
    sizes = _sizes(grouping)
    return Counted(counts=[[n] for n in sizes], bases=[len(grouping.of)], sums={}, whole=range(len(sizes)))


def _sizes(grouping: Grouping) -> list[int]:
    sizes = [0] * len(grouping.parts)
    for part in grouping.of:
        sizes[part] += 1
    return sizes


def _link_parts(
    links: Links, tables: Sequence[Tabulated], counted: Sequence[Counted], groupings: Sequence[Grouping]
) -> None:
    """Where everybody was asked, the base of a column is its part; so is the row of the item that divides."""
    start = 1
    for place, grouping in enumerate(groupings, len(tables)):
        for part, size in enumerate(_sizes(grouping)):
            for i, table in enumerate(tables):
                if counted[i].everybody and table.bases[start + part].people == size:
                    _link(links, (place, Spot(part, 0)), (i, Spot(BASE, start + part)))
                if grouping.name in table.question.columns:
                    for r, line in enumerate(table.lines):
                        if line.label == grouping.parts[part] and line.piles[0].people == size:
                            _link(links, (place, Spot(part, 0)), (i, Spot(r, 0)))
        start += len(grouping.parts)


def _nested(groupings: Sequence[Grouping]) -> list[tuple[int, frozenset[int]]]:
    """Columns of one grouping which are columns of another put together."""
    starts, start = [], 1
    for grouping in groupings:
        starts.append(start)
        start += len(grouping.parts)
    found = []
    for one in range(len(groupings)):
        for other in range(len(groupings)):
            if one == other:
                continue
            pairs = set(zip(groupings[one].of, groupings[other].of, strict=True))
            for part in {p for p, _ in pairs}:
                inside = {q for p, q in pairs if p == part}
                if all(p == part for p, q in pairs if q in inside):
                    found.append((starts[one] + part, frozenset(starts[other] + q for q in inside)))
    return found


def _flags(table: Tabulated, answers: Answers) -> bytes:
    """By interview, whether the question was asked."""
    name = table.question.columns[0]
    asked = {
        text: not (isinstance(cell, Missing) and cell.kind in NEVER_DECLINES)
        for text, cell in answers.cells(name).items()
    }
    return bytes(map(asked.__getitem__, answers.columns[name]))


def _asked_alike(tables: Sequence[Tabulated], answers: Answers) -> list[list[int]]:
    """Tables of the same people."""
    alike: dict[tuple[int, bytes], list[int]] = {}
    for i, table in enumerate(tables):
        alike.setdefault((table.bases[0].people, _flags(table, answers)), []).append(i)
    return list(alike.values())


def _follow_ups(
    tables: Sequence[Tabulated], answers: Answers, terms: Terms
) -> dict[int, dict[int, frozenset[int]]]:
    """By table, the tables of which it tells the base: all those asked stand in some of its rows, and nobody else."""
    found: dict[int, dict[int, frozenset[int]]] = {}
    for other, follow_up in enumerate(tables):
        n = follow_up.bases[0].people
        if not 0 < n < answers.interviews:
            continue
        asked = Grouping("", "", ("not asked", "asked"), _flags(follow_up, answers), (True, True))
        for i, table in enumerate(tables):
            if i == other or table.bases[0].people <= n or not _adds_up(table, n):
                continue
            rows = _rows_of(tabulated(table.question, answers, [asked], terms), n)
            if rows:
                found.setdefault(i, {})[other] = rows
    return found


def _adds_up(table: Tabulated, n: int) -> bool:
    """Whether some of the rows have so many people together; of a multiple, one."""
    sizes = [line.piles[0].people for line in table.lines if line.kind != "net"]
    if table.question.kind == "multiple":
        return n in sizes
    sums = {0}
    for size in sizes:
        sums |= {held + size for held in sums if held + size <= n}
    return n in sums


def _rows_of(divided: Tabulated, n: int) -> frozenset[int]:
    """The rows in which stand exactly the `n` who were asked the other question, the last column; none where there are no
    such."""
    rows = [(i, line.piles[0].people, line.piles[-1].people) for i, line in enumerate(divided.lines)]
    if divided.question.kind == "multiple":
        return frozenset(next(([i] for i, whole, part in rows if whole == part == n), []))
    rows = [(i, whole, part) for i, whole, part in rows if divided.lines[i].kind != "net"]
    if any(part not in (0, whole) for _, whole, part in rows) or sum(part for *_, part in rows) != n:
        return frozenset()
    return frozenset(i for i, _, part in rows if part)


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What of a question's total is hidden, by the codes that its answers have in the data."""

    codes: frozenset[str]
    """Of answers and declines; of a multiple the options."""
    others: bool = False
    """Some answers that have no code of their own: words, ranges of numbers."""
    base: bool = False
    """How many were asked, and so everything."""
    declines: bool = False
    """Some of those who declined."""

    def answer(self, v: Variable, code: str) -> bool:
        """Whether a variable's count of a code is; `code` is empty for all answers without one."""
        if self.base:
            return True
        if v.option is not None:
            return str(v.option) in self.codes or (code == "0" and self.declines)
        return self.others if not code or v.role == "state" else code in self.codes

    def missing(self, _: Variable, code: str) -> bool:
        """The same of a missing value's. Who was not asked is no answer, and told unless the base is hidden."""
        return self.base or code in self.codes


def unsaid(
    variables: Sequence[Variable], instrument: Instrument, answers: Answers | None, threshold: int
) -> dict[tuple[str, int | None], Unsaid]:
    """By item and turn what a report of the same interviews hides of their totals, for other pages that count them."""
    if answers is None or threshold < 2:
        return {}
    there = [v for v in variables if v.name in answers.columns]
    terms = Terms(threshold=threshold)
    counted = [tabulated(question, answers, (), terms) for question in questions(instrument, there)[0]]
    found = {}
    for table in concealed(counted, answers, (), terms):
        lines = [line for i, line in enumerate(table.lines) if table.is_hidden(i, 0) and line.kind != "net"]
        found[table.question.item, table.question.variable.turn] = Unsaid(
            codes=frozenset(line.code for line in lines if line.code),
            others=any(not line.code for line in lines),
            base=table.base_hidden(0),
            declines=any(line.kind == "decline" for line in lines),
        )
    return found
