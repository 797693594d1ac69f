"""Disclosure control across linked tables, so that no table reveals what another hides.

The same count appears in several places: the base of a follow-up is a row of the question before it, the base of a
column is a part of all interviews, and a codebook counts both again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.reports.disclosure.suppression import BASE, CellPosition, CountTable, find_hidden_positions
from survey_cli.reports.results.crosstab import Crosstab, ResultOptions, tabulate
from survey_cli.reports.results.questions import UNASKED_KINDS, list_questions
from survey_cli.reports.weighting.answer_counts import AnswerColumns, Grouping, list_value_columns
from survey_cli.values import Missing, Variable

TablePosition: TypeAlias = tuple[int, CellPosition]
"""A count in a table, by the table's position; those of groupings come after the questions'."""
Links: TypeAlias = dict[TablePosition, set[TablePosition]]
"""Places that say one count."""


def hide_small_counts(
    tables: Sequence[Crosstab], answers: AnswerColumns, groupings: Sequence[Grouping], terms: ResultOptions
) -> list[Crosstab]:
    """Return the tables with small counts hidden, and all others that would reveal them.

    Hidden totals are settled first and without the groupings, so that reports with other columns, and the codebook,
    hide the same ones.
    """
    if terms.threshold < 2:
        return list(tables)
    follow_ups = _find_follow_ups(tables, answers, terms)
    nested = _find_nested(groupings)
    told = {other for some in follow_ups.values() for other in some}
    counted = [
        _build_count_table(
            table, tables, follow_ups.get(i, {}), groupings, everybody=not table.question.asked and i not in told
        )
        for i, table in enumerate(tables)
    ]
    links: Links = {}
    for i, some in follow_ups.items():
        for row, (other, _) in enumerate(some.items(), len(tables[i].lines)):
            for c in range(len(tables[i].bases)):
                _link(links, (i, CellPosition(row, c)), (other, CellPosition(BASE, c)))
    for alike in _group_by_asked(tables, answers):
        for one, other in pairwise(alike):
            for c in range(len(tables[one].bases)):
                _link(links, (one, CellPosition(BASE, c)), (other, CellPosition(BASE, c)))
    totals = [_select_total(one) for one in counted]
    alone = _reduce_to_nets(totals, links, terms.threshold, tables, [0])
    parts = [_build_grouping_table(grouping) for grouping in groupings]
    _link_parts(links, tables, counted, groupings)
    full = [
        *(
            replace(one, hidden=spots, nested=nested, totals_settled=True)
            for one, spots in zip(counted, alone, strict=True)
        ),
        *parts,
    ]
    hidden = _reduce_to_nets(full, links, terms.threshold, tables, list_value_columns(groupings))
    return [
        replace(table, hidden=frozenset(s for s in spots if s.row < len(table.lines)))
        for table, spots in zip(tables, hidden, strict=False)
    ]


def _reduce_to_nets(
    counted: Sequence[CountTable], links: Links, threshold: int, tables: Sequence[Crosstab], columns: Sequence[int]
) -> list[frozenset[CellPosition]]:
    """Return the hidden positions of each table, where crowded tables keep only their nets.

    A table in which most counts would be hidden in these columns gives up its details if its nets can be shown instead.
    """
    hidden = _hide_until_stable(counted, links, threshold)
    coarse = {
        i
        for i, table in enumerate(tables)
        if columns and table.net_rows and replace(table, hidden=hidden[i]).gives_up_details(columns)
    }
    while coarse:
        given_up = [
            replace(
                one,
                hidden=one.hidden
                | {CellPosition(row, c) for row in tables[i].detail_rows for c in _list_shown_columns(one, columns)},
            )
            if i in coarse
            else one
            for i, one in enumerate(counted)
        ]
        found = _hide_until_stable(given_up, links, threshold)
        vain = {i for i in coarse if replace(tables[i], hidden=found[i]).is_mostly_hidden(tables[i].net_rows, columns)}
        if not vain:
            return found
        coarse -= vain
    return hidden


def _list_shown_columns(table: CountTable, columns: Sequence[int]) -> Sequence[int]:
    """All columns that are printed beside these: of groups every one, those without a value too."""
    return columns if list(columns) == [0] else range(1, len(table.bases))


def _hide_until_stable(counted: Sequence[CountTable], links: Links, threshold: int) -> list[frozenset[CellPosition]]:
    """What is hidden of each table when none tells of another: as often as one hides more of a count that others say."""
    hidden = [one.hidden for one in counted]
    elsewhere: list[frozenset[CellPosition]] = [frozenset() for _ in counted]

    def spread(i: int, spots: frozenset[CellPosition]) -> None:
        for other, spot in _find_linked(((i, spot) for spot in spots), links):
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
        table = replace(counted[i], hidden=hidden[i], hidden_elsewhere=elsewhere[i], linked=linked)
        found = find_hidden_positions(table, threshold)
        new, hidden[i] = found - hidden[i], found
        spread(i, new)
    return hidden


def _find_linked(places: Iterable[TablePosition], links: Links) -> list[TablePosition]:
    """Where else the same counts are said."""
    found = dict.fromkeys(places)
    queue = list(found)
    first = len(queue)
    for place in queue:
        new = [other for other in links.get(place, ()) if other not in found]
        found |= dict.fromkeys(new)
        queue += new
    return queue[first:]


def _link(links: Links, one: TablePosition, other: TablePosition) -> None:
    links.setdefault(one, set()).add(other)
    links.setdefault(other, set()).add(one)


def _build_count_table(
    table: Crosstab,
    tables: Sequence[Crosstab],
    told: Mapping[int, frozenset[int]],
    groupings: Sequence[Grouping],
    *,
    everybody: bool,
) -> CountTable:
    """The counts of a question with the sums that its rows are in; then a row for each follow-up's base."""
    lines, multiple = table.lines, table.question.kind == "multiple"
    start, groups = 1, []
    for grouping in groupings:
        groups.append(range(start, start + len(grouping.part_labels)))
        start += len(grouping.part_labels)
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
    return CountTable(
        counts=[
            *([pile.people for pile in line.counts] for line in lines),
            *([pile.people for pile in tables[follow_up].bases] for follow_up in told),
        ],
        bases=[pile.people for pile in table.bases],
        groups=groups,
        sums={**({} if multiple else nets), **bases},
        base_rows=[] if multiple else [i for i, line in enumerate(lines) if line.kind != "net"],
        at_most=within,
        at_least=over,
        asked_of_everybody=everybody,
    )


def _select_total(table: CountTable) -> CountTable:
    """The first column alone."""
    return replace(table, counts=[[row[0]] for row in table.counts], bases=[table.bases[0]], groups=(), nested=())


def _build_grouping_table(grouping: Grouping) -> CountTable:
    """The sizes of the columns of a grouping, as a table of one column."""
    sizes = _count_parts(grouping)
    return CountTable(
        counts=[[n] for n in sizes], bases=[len(grouping.part_by_interview)], sums={}, base_rows=range(len(sizes))
    )


def _count_parts(grouping: Grouping) -> list[int]:
    sizes = [0] * len(grouping.part_labels)
    for part in grouping.part_by_interview:
        sizes[part] += 1
    return sizes


def _link_parts(
    links: Links, tables: Sequence[Crosstab], counted: Sequence[CountTable], groupings: Sequence[Grouping]
) -> None:
    """Where everybody was asked, the base of a column is its part; so is the row of the item that divides."""
    start = 1
    for place, grouping in enumerate(groupings, len(tables)):
        for part, size in enumerate(_count_parts(grouping)):
            for i, table in enumerate(tables):
                if counted[i].asked_of_everybody and table.bases[start + part].people == size:
                    _link(links, (place, CellPosition(part, 0)), (i, CellPosition(BASE, start + part)))
                if grouping.name in table.question.columns:
                    for r, line in enumerate(table.lines):
                        if line.label == grouping.part_labels[part] and line.counts[0].people == size:
                            _link(links, (place, CellPosition(part, 0)), (i, CellPosition(r, 0)))
        start += len(grouping.part_labels)


def _find_nested(groupings: Sequence[Grouping]) -> list[tuple[int, frozenset[int]]]:
    """Columns of one grouping which are columns of another put together."""
    starts, start = [], 1
    for grouping in groupings:
        starts.append(start)
        start += len(grouping.part_labels)
    found = []
    for one in range(len(groupings)):
        for other in range(len(groupings)):
            if one == other:
                continue
            pairs = set(zip(groupings[one].part_by_interview, groupings[other].part_by_interview, strict=True))
            for part in {p for p, _ in pairs}:
                inside = {q for p, q in pairs if p == part}
                if all(p == part for p, q in pairs if q in inside):
                    found.append((starts[one] + part, frozenset(starts[other] + q for q in inside)))
    return found


def _flag_asked(table: Crosstab, answers: AnswerColumns) -> bytes:
    """By interview, whether the question was asked."""
    name = table.question.columns[0]
    asked = {
        text: not (isinstance(cell, Missing) and cell.kind in UNASKED_KINDS)
        for text, cell in answers.read_cells(name).items()
    }
    return bytes(map(asked.__getitem__, answers.columns[name]))


def _group_by_asked(tables: Sequence[Crosstab], answers: AnswerColumns) -> list[list[int]]:
    """Tables of the same people."""
    alike: dict[tuple[int, bytes], list[int]] = {}
    for i, table in enumerate(tables):
        alike.setdefault((table.bases[0].people, _flag_asked(table, answers)), []).append(i)
    return list(alike.values())


def _find_follow_ups(
    tables: Sequence[Crosstab], answers: AnswerColumns, terms: ResultOptions
) -> dict[int, dict[int, frozenset[int]]]:
    """By table, the tables of which it tells the base: all those asked stand in some of its rows, and nobody else."""
    found: dict[int, dict[int, frozenset[int]]] = {}
    for other, follow_up in enumerate(tables):
        n = follow_up.bases[0].people
        if not 0 < n < answers.interviews:
            continue
        asked = Grouping("", "", ("not asked", "asked"), _flag_asked(follow_up, answers), (True, True))
        for i, table in enumerate(tables):
            if i == other or table.bases[0].people <= n or not _may_add_up(table, n):
                continue
            rows = _find_rows_of_asked(tabulate(table.question, answers, [asked], terms), n)
            if rows:
                found.setdefault(i, {})[other] = rows
    return found


def _may_add_up(table: Crosstab, n: int) -> bool:
    """Whether some of the rows have so many people together; of a multiple, one."""
    sizes = [line.counts[0].people for line in table.lines if line.kind != "net"]
    if table.question.kind == "multiple":
        return n in sizes
    sums = {0}
    for size in sizes:
        sums |= {held + size for held in sums if held + size <= n}
    return n in sums


def _find_rows_of_asked(divided: Crosstab, n: int) -> frozenset[int]:
    """Find the rows that together hold exactly the `n` people who were asked the other question.

    They are the last column of `divided`. The result is empty where there are no such rows.
    """
    rows = [(i, line.counts[0].people, line.counts[-1].people) for i, line in enumerate(divided.lines)]
    if divided.question.kind == "multiple":
        return frozenset(next(([i] for i, whole, part in rows if whole == part == n), []))
    rows = [(i, whole, part) for i, whole, part in rows if divided.lines[i].kind != "net"]
    if any(part not in (0, whole) for _, whole, part in rows) or sum(part for *_, part in rows) != n:
        return frozenset()
    return frozenset(i for i, _, part in rows if part)


@dataclass(frozen=True, slots=True)
class HiddenCounts:
    """The hidden part of a question's total, by codes in the data."""

    codes: frozenset[str]
    """Of answers and declines; of a multiple the options."""
    other_answers: bool = False
    """Some answers that have no code of their own: words, ranges of numbers."""
    base: bool = False
    """How many were asked, and so everything."""
    declines: bool = False
    """Some of those who declined."""

    def hides_answer(self, v: Variable, code: str) -> bool:
        """Whether a variable's count of a code is; `code` is empty for all answers without one."""
        if self.base:
            return True
        if v.option is not None:
            return str(v.option) in self.codes or (code == "0" and self.declines)
        return self.other_answers if not code or v.role == "state" else code in self.codes

    def hides_missing(self, code: str) -> bool:
        """Return whether the count of a missing value is hidden. Those not asked are shown unless the base is hidden."""
        return self.base or code in self.codes


def find_hidden_counts(
    variables: Sequence[Variable], instrument: Instrument, answers: AnswerColumns | None, threshold: int
) -> dict[tuple[str, int | None], HiddenCounts]:
    """By item and turn what a report of the same interviews hides of their totals, for other pages that count them."""
    if answers is None or threshold < 2:
        return {}
    there = [v for v in variables if v.name in answers.columns]
    terms = ResultOptions(threshold=threshold)
    counted = [tabulate(question, answers, (), terms) for question in list_questions(instrument, there)[0]]
    found = {}
    for table in hide_small_counts(counted, answers, (), terms):
        lines = [line for i, line in enumerate(table.lines) if table.is_hidden(i, 0) and line.kind != "net"]
        found[table.question.item, table.question.variable.turn] = HiddenCounts(
            codes=frozenset(line.code for line in lines if line.code),
            other_answers=any(not line.code for line in lines),
            base=table.is_base_hidden(0),
            declines=any(line.kind == "decline" for line in lines),
        )
    return found
