"""Disclosure control across linked tables, so that no table reveals what another hides.

The same count may be in several tables: the base of a follow-up is also a row of the question before it, the base of a
column is a part of all interviews, and a codebook repeats both.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import chain, pairwise, permutations, repeat
from typing import NamedTuple, TypeAlias

from survey_cli.reports.disclosure.suppression import (
    BASE,
    CellPosition,
    CountTable,
    build_parts_table,
    find_hidden_positions,
)
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD, find_bounds
from survey_cli.reports.results.crosstab import (
    Crosstab,
    ResultOptions,
    coarsen,
    select_valid,
    tabulate,
)
from survey_cli.reports.results.questions import UNASKED_KINDS, ReportQuestion, get_missing_kind
from survey_cli.reports.weighting.answer_counts import (
    AnswerColumns,
    AnswerKey,
    ColumnCounts,
    Grouping,
    list_columns,
    list_value_columns,
)

TablePosition: TypeAlias = tuple[int, CellPosition]
"""A count in one of the tables, which are numbered from 0: first the questions', then the groupings'."""
_Part: TypeAlias = tuple[tuple[int, ...], ...]
"""For each of several tables, the rows that an interview is in."""
Links: TypeAlias = dict[TablePosition, set[TablePosition]]
"""Positions with the same count as another position."""
_Protected: TypeAlias = dict[int, list[tuple[CountTable, frozenset[CellPosition]]]]
"""By table, the counts that were protected before, with the hidden positions: most come again unchanged."""
_ProtectedByThreshold: TypeAlias = dict[int, _Protected]


class _HiddenCounts(NamedTuple):
    """The hidden counts of all tables under one threshold."""

    totals: Sequence[frozenset[CellPosition]]
    """By table, those that are hidden without any columns."""
    all: Sequence[frozenset[CellPosition]]
    """By table, then by grouping for the sizes of its columns."""


def build_tables(
    questions: Sequence[ReportQuestion],
    answers: AnswerColumns,
    groupings: Sequence[Grouping],
    options: ResultOptions,
) -> list[Crosstab]:
    """Count the answers to all questions, and hide small counts.

    What is hidden is decided on all answers, declines included. Percentages of those with an answer
    (`options.valid`) follow from what is shown, so that they reveal nothing else.
    """
    counted = [tabulate(question, answers, groupings, options) for question in questions]
    tables = hide_small_counts(counted, answers, groupings, options)
    if not options.valid:
        return tables
    valid = [select_valid(table) for table in tables]
    if options.threshold > 1 and options.units == "anonymous":
        valid = [_hide_small_bases(table, options.threshold) for table in valid]
    return valid


def hide_small_counts(
    tables: Sequence[Crosstab],
    answers: AnswerColumns,
    groupings: Sequence[Grouping],
    options: ResultOptions,
) -> list[Crosstab]:
    """Return the tables with small counts hidden, and all others that would reveal them.

    The same counts are hidden whatever else is requested of these tables. A table of which most
    would be hidden by column has coarser rows there, if it has no nets.
    """
    if options.threshold < 2:
        return list(tables)
    if options.units == "anonymous":
        return [_hide_small_bases(table, options.threshold) for table in tables]

    # Which count is hidden with a small one depends on the order of the columns.
    order = sorted(range(len(groupings)), key=lambda number: groupings[number].name)
    ordered_groupings = [groupings[number] for number in order]
    ordered = [_order_columns(table, groupings, order) for table in tables]
    protected: _ProtectedByThreshold = {}
    linked = _LinkedTables(ordered, answers, ordered_groupings, options, protected)
    value_columns = list(chain.from_iterable(list_value_columns(ordered_groupings)))
    if value_columns:
        # The default threshold decides about the rows: with others for each threshold, one report
        # would show sums of rows that another one hides.
        hidden = linked.apply(DEFAULT_THRESHOLD)
        crowded = [table.gives_up_details(value_columns) for table in hidden]
        coarser = [
            coarsen(table) if is_crowded else table
            for table, is_crowded in zip(ordered, crowded, strict=True)
        ]
        if any(len(new.lines) > len(old.lines) for new, old in zip(coarser, ordered, strict=True)):
            linked = _LinkedTables(coarser, answers, ordered_groupings, options, protected)

    back = sorted(range(len(order)), key=order.__getitem__)
    return [
        _order_columns(table, ordered_groupings, back) for table in linked.apply(options.threshold)
    ]


def _hide_small_bases(table: Crosstab, threshold: int) -> Crosstab:
    """Hide the columns in which only a few people were asked."""
    small = [column for column, base in enumerate(table.bases) if 0 < base.people < threshold]
    rows = (BASE, *range(len(table.lines)))
    hidden = frozenset(CellPosition(row, column) for row in rows for column in small)
    return replace(table, hidden=table.hidden | hidden)


def _order_columns(
    table: Crosstab, groupings: Sequence[Grouping], order: Sequence[int]
) -> Crosstab:
    """Return the table with the columns of its groupings in this order."""
    columns = list_columns(groupings)
    old_positions = [0, *chain.from_iterable(columns[number] for number in order)]
    new_positions = {old: new for new, old in enumerate(old_positions)}
    if all(old == new for old, new in new_positions.items()):
        return table

    def select(counts: ColumnCounts) -> ColumnCounts:
        return tuple(counts[old] for old in old_positions)

    return replace(
        table,
        lines=tuple(line._replace(counts=select(line.counts)) for line in table.lines),
        bases=select(table.bases),
        values=tuple((value, select(counts)) for value, counts in table.values),
        hidden=frozenset(CellPosition(row, new_positions[column]) for row, column in table.hidden),
    )


class _LinkedTables:
    """Tables with all relations between their counts, which are hidden under several thresholds.

    The totals are settled first and without the groupings, so that the codebook, and reports with
    other columns, hide the same ones. Coarser rows, which depend on the columns, have a total only
    if a reader could add it up.
    """

    def __init__(
        self,
        tables: Sequence[Crosstab],
        answers: AnswerColumns,
        groupings: Sequence[Grouping],
        options: ResultOptions,
        protected: _ProtectedByThreshold,
    ) -> None:
        self._tables = tables
        self._protected = protected
        self._hidden: dict[int, _HiddenCounts] = {}
        self._value_columns = list(chain.from_iterable(list_value_columns(groupings)))
        self._sums_by_column = [
            {row: line.parts for row, line in enumerate(table.lines) if line.is_coarse}
            for table in tables
        ]
        """By table, the rows that exist because of the columns, with the rows that they sum up."""

        follow_ups = _find_follow_ups(tables, answers, options)
        all_follow_ups = {follow_up for rows in follow_ups.values() for follow_up in rows}
        count_tables = [
            _build_count_table(
                table,
                tables,
                follow_ups.get(i, {}),
                groupings,
                asked_of_everybody=not table.question.asked and i not in all_follow_ups,
            )
            for i, table in enumerate(tables)
        ]

        links: Links = {}
        for i, rows in follow_ups.items():
            for row, follow_up in enumerate(rows, len(tables[i].lines)):
                for c in range(len(tables[i].bases)):
                    _link(links, (i, CellPosition(row, c)), (follow_up, CellPosition(BASE, c)))
        for same_base in _group_by_asked(tables, answers):
            for i, other in pairwise(same_base):
                for c in range(len(tables[i].bases)):
                    _link(links, (i, CellPosition(BASE, c)), (other, CellPosition(BASE, c)))
        for shared in _group_by_input(tables):
            parts = _divide_interviews([tables[i] for i in shared], answers, groupings)
            _join_derived(shared, tables, count_tables, parts, links)
        for number, grouping in enumerate(groupings, len(tables)):
            for i, table in enumerate(tables):
                if grouping.name in table.question.columns:
                    sums = _join_merged_parts(table, i, count_tables, grouping, number, links)
                    self._sums_by_column[i] |= sums

        self._links_of_totals = {
            position: {other for other in others if other[0] < len(tables)}
            for position, others in links.items()
            if position[0] < len(tables)
        }
        self._totals = [
            replace(
                table,
                counts=[[row[0]] for row in table.counts],
                bases=[table.bases[0]],
                groups=(),
                nested=(),
                hidden=frozenset(position for position in table.hidden if not position.column),
                sums={row: parts for row, parts in table.sums.items() if row not in added},
            )
            for table, added in zip(count_tables, self._sums_by_column, strict=True)
        ]
        self._plain = [
            replace(table, lines=tuple(line for line in table.lines if not line.is_coarse))
            for table in tables
        ]

        _link_parts(links, tables, count_tables, groupings)
        self._links = links
        nested = _find_nested(groupings)
        self._with_groupings = [
            replace(table, nested=nested if table.groups else (), totals_settled=True)
            for table in count_tables
        ]
        self._with_groupings += [
            build_parts_table(_count_parts(grouping)) for grouping in groupings
        ]

    def apply(self, threshold: int) -> list[Crosstab]:
        """Return the tables with the hidden counts of a threshold."""
        hidden = self._hide(threshold)
        return [
            replace(
                table,
                hidden=frozenset(position for position in own if position.row < len(table.lines)),
            )
            for table, own in zip(self._tables, hidden.all, strict=False)
        ]

    def _hide(self, threshold: int) -> _HiddenCounts:
        """Find the hidden counts of a threshold, between those of the thresholds around it."""
        if threshold in self._hidden:
            return self._hidden[threshold]
        bounds = find_bounds(threshold)
        below = None if bounds.below is None else self._hide(bounds.below)
        above = None if bounds.above is None else self._hide(bounds.above)
        protected = self._protected.setdefault(threshold, {})

        totals = [
            replace(
                table,
                hidden=table.hidden.union(below.totals[i] if below else ()),
                hideable=above.totals[i] if above else None,
            )
            for i, table in enumerate(self._totals)
        ]
        hidden_totals = _reduce_to_nets(
            totals, self._links_of_totals, threshold, self._plain, [0], protected
        )
        hidden_totals = [
            hidden | _find_underivable(self._tables[i], hidden, self._sums_by_column[i])
            for i, hidden in enumerate(hidden_totals)
        ]

        with_groupings = []
        for i, table in enumerate(self._with_groupings):
            hidden = table.hidden
            if i < len(hidden_totals):
                hidden |= hidden_totals[i]
            if below is not None:
                hidden |= below.all[i]
            hideable = above.all[i] if above is not None else None
            with_groupings.append(replace(table, hidden=hidden, hideable=hideable))
        all_hidden = _reduce_to_nets(
            with_groupings, self._links, threshold, self._tables, self._value_columns, protected
        )
        self._hidden[threshold] = _HiddenCounts(hidden_totals, all_hidden)
        return self._hidden[threshold]


def _find_underivable(
    table: Crosstab, hidden: frozenset[CellPosition], sums: Mapping[int, Collection[int]]
) -> frozenset[CellPosition]:
    """Return the totals of sums of rows that a reader can't add up from what is shown in total."""
    hidden_details = {row for row in table.detail_rows if CellPosition(row, 0) in hidden}
    is_base_shown = CellPosition(BASE, 0) not in hidden
    underivable = set[CellPosition]()
    for row, parts in sums.items():
        is_sum_of_shown = hidden_details.isdisjoint(parts)
        is_rest_of_shown = is_base_shown and hidden_details <= set(parts)
        if not (is_sum_of_shown or is_rest_of_shown):
            underivable.add(CellPosition(row, 0))
    return frozenset(underivable)


def _reduce_to_nets(
    count_tables: Sequence[CountTable],
    links: Links,
    threshold: int,
    tables: Sequence[Crosstab],
    columns: Sequence[int],
    protected: _Protected,
) -> list[frozenset[CellPosition]]:
    """Return the hidden positions of each table, where crowded tables keep only their nets.

    A table in which most counts would be hidden in these columns gives up its details if its nets can be shown instead.
    """
    hidden = _hide_until_stable(count_tables, links, threshold, protected)
    reduced = set[int]()
    for i, table in enumerate(tables):
        if not columns or not table.net_rows:
            continue
        hideable = count_tables[i].hideable
        may_give_up = hideable is None or _list_details(table, columns) <= hideable
        if may_give_up and replace(table, hidden=hidden[i]).gives_up_details(columns):
            reduced.add(i)
    while reduced:
        without_details = [
            replace(table, hidden=table.hidden | _list_details(tables[i], columns))
            if i in reduced
            else table
            for i, table in enumerate(count_tables)
        ]
        new_hidden = _hide_until_stable(without_details, links, threshold, protected)
        in_vain = {
            i
            for i in reduced
            if replace(tables[i], hidden=new_hidden[i]).is_mostly_hidden(
                tables[i].net_rows, columns
            )
        }
        if not in_vain:
            return new_hidden
        reduced -= in_vain
    return hidden


def _list_details(table: Crosstab, columns: Sequence[int]) -> frozenset[CellPosition]:
    """Return all details in the total, or in all columns of groups, including those without a value."""
    printed = columns if list(columns) == [0] else range(1, len(table.bases))
    return frozenset(CellPosition(row, column) for row in table.detail_rows for column in printed)


def _hide_until_stable(
    count_tables: Sequence[CountTable], links: Links, threshold: int, protected: _Protected
) -> list[frozenset[CellPosition]]:
    """Return the hidden positions of each table, once no table reveals what another hides.

    Each table is protected again whenever another hides a count that it repeats.
    """
    hidden = [table.hidden for table in count_tables]
    elsewhere: list[frozenset[CellPosition]] = [frozenset() for _ in count_tables]

    def spread(i: int, positions: frozenset[CellPosition]) -> None:
        for other, position in _find_linked(((i, position) for position in positions), links):
            if (
                position.column < len(count_tables[other].bases)
                and position not in elsewhere[other]
            ):
                elsewhere[other] |= {position}
                waiting[other] = None

    waiting = dict.fromkeys(range(len(count_tables)))
    for i, positions in enumerate(hidden):
        spread(i, positions)
    while waiting:
        i = next(iter(waiting))
        del waiting[i]
        linked = frozenset(position for table, position in links if table == i)
        table = replace(
            count_tables[i], hidden=hidden[i], hidden_elsewhere=elsewhere[i], linked=linked
        )
        before = next(
            (positions for other, positions in protected.get(i, ()) if other == table), None
        )
        positions = find_hidden_positions(table, threshold) if before is None else before
        if before is None:
            protected.setdefault(i, []).append((table, positions))
        new, hidden[i] = positions - hidden[i], positions
        if table.sums or table.base_rows or table.at_most:  # else it only repeats what others hide
            spread(i, new)
    return hidden


def _find_linked(positions: Iterable[TablePosition], links: Links) -> list[TablePosition]:
    """Return all other positions with the same counts, following links of links."""
    seen = dict.fromkeys(positions)
    queue = list(seen)
    first = len(queue)
    for position in queue:
        new = [other for other in links.get(position, ()) if other not in seen]
        seen |= dict.fromkeys(new)
        queue += new
    return queue[first:]


def _link(links: Links, first: TablePosition, second: TablePosition) -> None:
    links.setdefault(first, set()).add(second)
    links.setdefault(second, set()).add(first)


def _build_count_table(
    table: Crosstab,
    tables: Sequence[Crosstab],
    follow_ups: Mapping[int, frozenset[int]],
    groupings: Sequence[Grouping],
    *,
    asked_of_everybody: bool,
) -> CountTable:
    """Build the counts of a question, with one more row per follow-up for its base, and the sums that the rows are in.

    `follow_ups` maps follow-ups to the rows that add up to their base.
    """
    lines, multiple = table.lines, table.question.kind == "multiple"
    nets = {i: line.parts for i, line in enumerate(lines) if line.kind == "net"}
    no_mention = frozenset(
        i
        for i, line in enumerate(lines)
        if line.kind == "decline" or (multiple and not line.code and line.kind != "net")
    )
    mentions = frozenset(i for i, line in enumerate(lines) if line.kind == "mention") - no_mention
    at_most: list[tuple[int, frozenset[int]]] = []
    at_least: list[tuple[int, frozenset[int]]] = []
    if multiple:
        at_most = [(BASE, frozenset({i}) | no_mention) for i in (*mentions, *nets)]
        at_most += [(net, frozenset({i})) for net, parts in nets.items() for i in parts]
        at_least = [(net, frozenset(parts)) for net, parts in nets.items()]
        at_least.append((BASE, mentions | no_mention))
    base_sums = dict(enumerate(follow_ups.values(), len(lines)))
    rows = [line.counts for line in lines] + [tables[follow_up].bases for follow_up in follow_ups]
    return CountTable(
        counts=[[count.people for count in counts] for counts in rows],
        bases=[count.people for count in table.bases],
        groups=list_columns(groupings),
        sums={**({} if multiple else nets), **base_sums},
        base_rows=[] if multiple else table.detail_rows,
        at_most=at_most,
        at_least=at_least,
        asked_of_everybody=asked_of_everybody,
    )


def _group_by_input(tables: Sequence[Crosstab]) -> list[list[int]]:
    """Return groups of tables that count the same answers: an item, and the variables that come from it alone."""
    groups: dict[tuple[str, int | None], list[int]] = {}
    turns = [table.question.variable.turn for table in tables]
    for i, table in enumerate(tables):
        if len(table.question.inputs) == 1:
            groups.setdefault((min(table.question.inputs), turns[i]), []).append(i)
    for i, table in enumerate(tables):
        if (table.question.item, turns[i]) in groups:
            groups[table.question.item, turns[i]].insert(0, i)
    return [group for group in groups.values() if len(group) > 1]


def _join_derived(
    shared: Sequence[int],
    tables: Sequence[Crosstab],
    count_tables: list[CountTable],
    parts: Mapping[_Part, Sequence[int]],
    links: Links,
) -> None:
    """Join the rows of variables to the table of the item that they are computed from, as sums of its rows.

    So a variable reveals no row that its item hides, and the other way round. Where a row of the item is divided by a
    variable, its parts are further rows, which nobody sees. The variables' own tables then repeat what is hidden here.
    """
    first, *derived = shared
    table, columns = count_tables[first], range(len(tables[first].bases))
    rows, sums, hidden = list(table.counts), dict(table.sums), set(table.hidden)
    divided = all(
        tables[i].question.kind != "multiple" for i in shared
    )  # where options overlap, equal rows are linked
    row_of = {
        frozenset(part for part in parts if row in part[0]): row
        for row in tables[first].detail_rows
    }
    row_of[frozenset(part for part in parts if part[0])] = BASE
    for own in dict.fromkeys(part[0] for part in parts) if divided else ():
        inside = [part for part in parts if part[0] == own]
        if len(own) != 1 or len(inside) != 1:
            numbers = range(len(rows), len(rows) + len(inside))
            row_of |= {
                frozenset((part,)): number for part, number in zip(inside, numbers, strict=True)
            }
            sums |= dict.fromkeys(own, numbers)
            hidden |= {CellPosition(number, c) for number in numbers for c in columns}
            rows += [parts[part] for part in inside]
    for at, i in enumerate(derived, 1):
        own_parts = {
            row: frozenset(part for part in parts if row in part[at])
            for row in tables[i].detail_rows
        }
        for row, joined in {
            **own_parts,
            BASE: frozenset(part for part in parts if part[at]),
        }.items():
            if joined and divided and joined not in row_of:
                sums[len(rows)] = [row_of[frozenset((part,))] for part in joined]
                row_of[joined] = len(rows)
                rows.append(count_tables[i].bases if row == BASE else count_tables[i].counts[row])
            for c in columns if joined and joined in row_of else ():
                position = CellPosition(row_of[joined], c)
                _link(links, (first, position), (i, CellPosition(row, c)))
                hidden.discard(
                    position
                )  # a part that is a row of a variable's own table is printed there
        if divided:
            count_tables[i] = replace(count_tables[i], sums={}, base_rows=(), groups=())
    count_tables[first] = replace(table, counts=rows, sums=sums, hidden=frozenset(hidden))


def _divide_interviews(
    shared: Sequence[Crosstab], answers: AnswerColumns, groupings: Sequence[Grouping]
) -> dict[_Part, Sequence[int]]:
    """Count the interviews by the rows of several tables that they are in."""
    rows_by_key = []
    for table in shared:
        rows: dict[AnswerKey, tuple[int, ...]] = {}
        for row in table.detail_rows:
            rows |= {key: (*rows.get(key, ()), row) for key in table.lines[row].keys}
        rows_by_key.append(rows)
    keys = zip(*(answers.iterate_keys(table.question.columns) for table in shared), strict=True)
    parts: dict[_Part, Sequence[int]] = {}
    for key, counts in answers.count(keys, groupings).items():
        part = tuple(rows.get(own_key, ()) for rows, own_key in zip(rows_by_key, key, strict=True))
        if any(part):
            parts[part] = [
                count.people + n
                for count, n in zip(counts, parts.get(part, repeat(0)), strict=False)
            ]
    first, *derived = shared
    rows_by_code = [
        {table.lines[row].code: (row,) for row in table.detail_rows} for table in derived
    ]
    for row in first.detail_rows:
        if (
            not (line := first.lines[row]).keys and line.code
        ):  # nobody answered so, but a reader knows what it becomes
            codes = [table.question.code_of.get(line.code, "") for table in derived]
            own = [rows_of.get(code, ()) for rows_of, code in zip(rows_by_code, codes, strict=True)]
            parts[(row,), *own] = [0] * len(first.bases)
    return parts


def _count_parts(grouping: Grouping) -> list[int]:
    sizes = Counter(grouping.part_by_interview)
    return [sizes[part] for part in range(len(grouping.part_labels))]


def _link_parts(
    links: Links,
    tables: Sequence[Crosstab],
    count_tables: Sequence[CountTable],
    groupings: Sequence[Grouping],
) -> None:
    """Link the size of each column with its base where everybody was asked, and with the dividing item's row."""
    for i, (columns, grouping) in enumerate(
        zip(list_columns(groupings), groupings, strict=True), len(tables)
    ):
        for part, (column, size) in enumerate(zip(columns, _count_parts(grouping), strict=True)):
            size_position = (i, CellPosition(part, 0))
            for other, table in enumerate(tables):
                if count_tables[other].asked_of_everybody and table.bases[column].people == size:
                    _link(links, size_position, (other, CellPosition(BASE, column)))
                if grouping.name in table.question.columns:
                    for row, line in enumerate(table.lines):
                        if (
                            line.label == grouping.part_labels[part]
                            and line.counts[0].people == size
                        ):
                            _link(links, size_position, (other, CellPosition(row, 0)))


def _join_merged_parts(
    table: Crosstab,
    number: int,
    count_tables: list[CountTable],
    grouping: Grouping,
    number_of_sizes: int,
    links: Links,
) -> dict[int, tuple[int, ...]]:
    """Add the rows that make up a merged column to the table of the item that the columns divide.

    The size of the column is their sum, and may reveal one of them. Returns the new rows with the
    rows that they sum up.
    """
    sizes = _count_parts(grouping)
    added: dict[int, tuple[int, ...]] = {}
    for part, labels in grouping.merged_labels.items():
        rows = tuple(
            row
            for row, line in enumerate(table.lines)
            if line.kind != "net" and line.label in labels
        )
        people = sum(table.lines[row].counts[0].people for row in rows)
        if not rows or people != sizes[part]:
            continue
        count_table = count_tables[number]
        new_row = len(count_table.counts)
        columns = range(len(table.bases))
        counts = [sum(table.lines[row].counts[c].people for row in rows) for c in columns]
        count_tables[number] = replace(
            count_table,
            counts=[*count_table.counts, counts],
            sums={**count_table.sums, new_row: rows},
        )
        added[new_row] = rows
        _link(links, (number, CellPosition(new_row, 0)), (number_of_sizes, CellPosition(part, 0)))
    return added


def _find_nested(groupings: Sequence[Grouping]) -> list[tuple[int, frozenset[int]]]:
    """Return columns of one grouping that are sums of columns of another: (column, summed columns)."""
    nested = []
    for (outer_columns, outer), (inner_columns, inner) in permutations(
        zip(list_columns(groupings), groupings, strict=True), 2
    ):
        pairs = set(zip(outer.part_by_interview, inner.part_by_interview, strict=True))
        for part in {outer_part for outer_part, _ in pairs}:
            inside = {inner_part for outer_part, inner_part in pairs if outer_part == part}
            if all(outer_part == part for outer_part, inner_part in pairs if inner_part in inside):
                nested.append((outer_columns[part], frozenset(inner_columns[i] for i in inside)))
    return nested


def _flag_asked(table: Crosstab, answers: AnswerColumns) -> bytes:
    """Return for each interview whether the question was asked."""
    name = table.question.columns[0]
    asked = {
        text: get_missing_kind(cell) not in UNASKED_KINDS
        for text, cell in answers.read_cells(name).items()
    }
    if all(asked.values()):
        return bytes([True]) * answers.interviews
    return bytes(map(asked.__getitem__, answers.columns[name]))


def _group_by_asked(tables: Sequence[Crosstab], answers: AnswerColumns) -> list[list[int]]:
    """Return groups of tables whose questions were asked of the same people."""
    groups: dict[tuple[int, bytes], list[int]] = {}
    for i, table in enumerate(tables):
        groups.setdefault(
            (table.bases[0].people, sha256(_flag_asked(table, answers)).digest()), []
        ).append(i)
    return list(groups.values())


def _find_follow_ups(
    tables: Sequence[Crosstab], answers: AnswerColumns, options: ResultOptions
) -> dict[int, dict[int, frozenset[int]]]:
    """Return for each table its follow-ups, with the rows that add up to the follow-up's base.

    These rows contain all people who were asked the follow-up, and nobody else.
    """
    follow_ups: dict[int, dict[int, frozenset[int]]] = {}
    for other, follow_up in enumerate(tables):
        base = follow_up.bases[0].people
        if not 0 < base < answers.interviews:
            continue
        asked = Grouping(
            "", "", ("not asked", "asked"), _flag_asked(follow_up, answers), (True, True)
        )
        for i, table in enumerate(tables):
            if i == other or table.bases[0].people <= base or not _may_add_up(table, base):
                continue
            rows = _find_rows_of_asked(tabulate(table.question, answers, [asked], options), base)
            if rows:
                follow_ups.setdefault(i, {})[other] = rows
    return follow_ups


def _may_add_up(table: Crosstab, people: int) -> bool:
    """Return whether some of the rows, or one row of a multiple, have this number of people."""
    sizes = [table.lines[row].counts[0].people for row in table.detail_rows]
    if table.question.kind == "multiple":
        return people in sizes
    sums = {0}
    for size in sizes:
        sums |= {total + size for total in sums if total + size <= people}
    return people in sums


def _find_rows_of_asked(table: Crosstab, people: int) -> frozenset[int]:
    """Find the rows that together contain exactly the people who were asked the other question.

    They are the last column of `table`. The result is empty where there are no such rows.
    """
    rows = [
        (i, line.counts[0].people, line.counts[-1].people) for i, line in enumerate(table.lines)
    ]
    if table.question.kind == "multiple":
        return frozenset(next(([i] for i, total, asked in rows if total == asked == people), []))
    rows = [rows[i] for i in table.detail_rows]
    if (
        any(asked not in (0, total) for _, total, asked in rows)
        or sum(asked for *_, asked in rows) != people
    ):
        return frozenset()
    return frozenset(i for i, _, asked in rows if asked)
