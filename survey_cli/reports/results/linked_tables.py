"""Disclosure control across linked tables, so that no table reveals what another hides.

The same count may be in several tables: the base of a follow-up is also a row of the question
before it, the base of a column is a part of all interviews, and a codebook repeats both.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import chain, pairwise, permutations
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
"""A count in one of the tables.

They are numbered from 0: first those of the questions, then those of the groupings.
"""
_Part: TypeAlias = tuple[tuple[int, ...], ...]
"""For each of several tables, the rows that an interview is in."""
Links: TypeAlias = dict[TablePosition, set[TablePosition]]
"""Positions with the same count as another position."""
_Protected: TypeAlias = dict[int, list[tuple[CountTable, frozenset[CellPosition]]]]
"""By table, the counts that were protected before, with the hidden positions.

Most tables come again unchanged.
"""
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
    hidden = linked.apply(options.threshold)
    return [_order_columns(table, ordered_groupings, back) for table in hidden]


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
        _link_follow_ups(links, tables, follow_ups)
        _link_same_bases(links, tables, answers)
        for shared in _group_by_input(tables):
            parts = _divide_interviews([tables[i] for i in shared], answers, groupings)
            _join_derived(shared, tables, count_tables, parts, links)
        for number, grouping in enumerate(groupings, len(tables)):
            for i, table in enumerate(tables):
                if grouping.name in table.question.columns:
                    sums = _join_merged_parts(table, i, count_tables, grouping, number, links)
                    self._sums_by_column[i] |= sums

        # The totals without the groupings: no link to the size of a column, and no row that only
        # exists because of the columns.
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

        # All columns, with the sizes of the groups as further tables.
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

        # The totals as in a report without columns.
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

        # Then the columns, which may hide no further total. The sizes of groups, the last tables,
        # have no totals.
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
    """Return the hidden positions of each table; crowded tables keep only their nets.

    A table in which most counts would be hidden in these columns gives up its details if its nets
    can be shown instead.
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
        without_details = list(count_tables)
        for i in reduced:
            details = _list_details(tables[i], columns)
            with_details = count_tables[i]
            without_details[i] = replace(with_details, hidden=with_details.hidden | details)
        new_hidden = _hide_until_stable(without_details, links, threshold, protected)

        in_vain = set[int]()
        for i in reduced:
            table_with_nets = replace(tables[i], hidden=new_hidden[i])
            if table_with_nets.is_mostly_hidden(table_with_nets.net_rows, columns):
                in_vain.add(i)
        if not in_vain:
            return new_hidden
        reduced -= in_vain
    return hidden


def _list_details(table: Crosstab, columns: Sequence[int]) -> frozenset[CellPosition]:
    """Return all details in the total, or in all columns of groups, with or without a value."""
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
            is_in_table = position.column < len(count_tables[other].bases)
            if is_in_table and position not in elsewhere[other]:
                elsewhere[other] |= {position}
                waiting[other] = None

    waiting = dict.fromkeys(range(len(count_tables)))
    for i, positions in enumerate(hidden):
        spread(i, positions)
    while waiting:
        i = next(iter(waiting))
        del waiting[i]
        table = replace(
            count_tables[i],
            hidden=hidden[i],
            hidden_elsewhere=elsewhere[i],
            linked=frozenset(position for number, position in links if number == i),
        )
        positions = _protect(table, threshold, protected.setdefault(i, []))
        new = positions - hidden[i]
        hidden[i] = positions
        # A table without sums only repeats what others hide.
        if table.sums or table.base_rows or table.at_most:
            spread(i, new)
    return hidden


def _protect(
    table: CountTable,
    threshold: int,
    protected: list[tuple[CountTable, frozenset[CellPosition]]],
) -> frozenset[CellPosition]:
    """Return the hidden positions of a table, and remember them in `protected`."""
    for other, positions in protected:
        if other == table:
            return positions
    positions = find_hidden_positions(table, threshold)
    protected.append((table, positions))
    return positions


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


def _link_follow_ups(
    links: Links,
    tables: Sequence[Crosstab],
    follow_ups: Mapping[int, Mapping[int, frozenset[int]]],
) -> None:
    """Link the base of each follow-up with the row that `_build_count_table` adds for it."""
    for i, rows in follow_ups.items():
        for row, follow_up in enumerate(rows, len(tables[i].lines)):
            for column in range(len(tables[i].bases)):
                base = CellPosition(BASE, column)
                _link(links, (i, CellPosition(row, column)), (follow_up, base))


def _link_same_bases(links: Links, tables: Sequence[Crosstab], answers: AnswerColumns) -> None:
    """Link the bases of questions that the same people were asked."""
    for same_base in _group_by_asked(tables, answers):
        # A chain is enough, since links of links are followed.
        for i, other in pairwise(same_base):
            for column in range(len(tables[i].bases)):
                base = CellPosition(BASE, column)
                _link(links, (i, base), (other, base))


def _build_count_table(
    table: Crosstab,
    tables: Sequence[Crosstab],
    follow_ups: Mapping[int, frozenset[int]],
    groupings: Sequence[Grouping],
    *,
    asked_of_everybody: bool,
) -> CountTable:
    """Build the counts of a question, and the sums that its rows are in.

    The base of each follow-up is one more row. `follow_ups` maps follow-ups to the rows that add up
    to their base.
    """
    lines = table.lines
    nets = {row: line.parts for row, line in enumerate(lines) if line.kind == "net"}
    sums: dict[int, Collection[int]] = {}
    base_rows: list[int] = []
    at_most: list[tuple[int, frozenset[int]]] = []
    at_least: list[tuple[int, frozenset[int]]] = []
    if table.question.kind == "multiple":
        # People may be in several rows, so that sums are only limits.
        no_mention = frozenset(
            row
            for row, line in enumerate(lines)
            if line.kind == "decline" or (not line.code and line.kind != "net")
        )
        mentions = frozenset(
            row for row, line in enumerate(lines) if line.kind == "mention"
        ).difference(no_mention)
        at_most = [(BASE, frozenset({row}) | no_mention) for row in (*mentions, *nets)]
        at_most += [(net, frozenset({part})) for net, parts in nets.items() for part in parts]
        at_least = [(net, frozenset(parts)) for net, parts in nets.items()]
        at_least.append((BASE, mentions | no_mention))
    else:
        sums.update(nets)
        base_rows = table.detail_rows

    # `_link_follow_ups` counts on these rows in this order.
    counts_by_row = [line.counts for line in lines]
    for row, (follow_up, rows) in enumerate(follow_ups.items(), len(lines)):
        counts_by_row.append(tables[follow_up].bases)
        sums[row] = rows
    return CountTable(
        counts=[[count.people for count in counts] for counts in counts_by_row],
        bases=[count.people for count in table.bases],
        groups=list_columns(groupings),
        sums=sums,
        base_rows=base_rows,
        at_most=at_most,
        at_least=at_least,
        asked_of_everybody=asked_of_everybody,
    )


def _group_by_input(tables: Sequence[Crosstab]) -> list[list[int]]:
    """Return groups of tables that count the same answers: an item, and what is made of it."""
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
    """Join the rows of variables to the table of the item that they are computed from.

    They become sums of its rows, so that a variable reveals no row that its item hides, and the
    item none that the variable hides. If a variable divides a row of the item, the parts are
    further rows, which nobody sees. The variables' own tables then repeat what is hidden here.
    """
    first, *derived = shared
    table = count_tables[first]
    columns = range(len(tables[first].bases))
    rows = list(table.counts)
    sums = dict(table.sums)
    hidden = set(table.hidden)

    # The row of the item's table for every set of parts that has one.
    # The options of a multiple overlap: only equal rows are linked.
    divided = all(tables[i].question.kind != "multiple" for i in shared)
    row_of = {
        frozenset(part for part in parts if row in part[0]): row
        for row in tables[first].detail_rows
    }
    row_of[frozenset(part for part in parts if part[0])] = BASE

    # A row that a variable divides is the sum of its parts, which become rows.
    if divided:
        for own in dict.fromkeys(part[0] for part in parts):
            inside = [part for part in parts if part[0] == own]
            is_row_itself = len(own) == 1 and len(inside) == 1
            if is_row_itself:
                continue
            numbers = range(len(rows), len(rows) + len(inside))
            for part, number in zip(inside, numbers, strict=True):
                row_of[frozenset((part,))] = number
            sums |= dict.fromkeys(own, numbers)
            hidden |= {CellPosition(number, column) for number in numbers for column in columns}
            rows += [parts[part] for part in inside]

    # The rows of the variables: sums of parts, linked with the tables that print them.
    for at, i in enumerate(derived, 1):
        parts_of_row = {
            row: frozenset(part for part in parts if row in part[at])
            for row in tables[i].detail_rows
        }
        parts_of_row[BASE] = frozenset(part for part in parts if part[at])
        for row, joined in parts_of_row.items():
            if not joined:
                continue
            if divided and joined not in row_of:
                sums[len(rows)] = [row_of[frozenset((part,))] for part in joined]
                row_of[joined] = len(rows)
                own_table = count_tables[i]
                rows.append(own_table.bases if row == BASE else own_table.counts[row])
            if joined not in row_of:
                continue
            for column in columns:
                position = CellPosition(row_of[joined], column)
                _link(links, (first, position), (i, CellPosition(row, column)))
                # The variable's own table prints it.
                hidden.discard(position)
        if divided:
            count_tables[i] = replace(count_tables[i], sums={}, base_rows=(), groups=())
    count_tables[first] = replace(table, counts=rows, sums=sums, hidden=frozenset(hidden))


def _divide_interviews(
    shared: Sequence[Crosstab], answers: AnswerColumns, groupings: Sequence[Grouping]
) -> dict[_Part, Sequence[int]]:
    """Count the interviews by the rows of several tables that they are in."""
    rows_by_key = [_index_rows(table) for table in shared]
    keys = zip(*(answers.iterate_keys(table.question.columns) for table in shared), strict=True)
    parts: dict[_Part, Sequence[int]] = {}
    for key, counts in answers.count(keys, groupings).items():
        part = tuple(rows.get(own_key, ()) for rows, own_key in zip(rows_by_key, key, strict=True))
        if any(part):
            people_before = parts.get(part, [0] * len(counts))
            parts[part] = [
                count.people + before for count, before in zip(counts, people_before, strict=True)
            ]

    # Nobody gave some answers, but a reader knows what they would become.
    first, *derived = shared
    rows_by_code = [
        {table.lines[row].code: (row,) for row in table.detail_rows} for table in derived
    ]
    for row in first.detail_rows:
        line = first.lines[row]
        if line.code and not line.keys:
            own = []
            for table, rows_of_code in zip(derived, rows_by_code, strict=True):
                code = table.question.code_of.get(line.code, "")
                own.append(rows_of_code.get(code, ()))
            parts[(row,), *own] = [0] * len(first.bases)
    return parts


def _index_rows(table: Crosstab) -> dict[AnswerKey, tuple[int, ...]]:
    """Return the rows that each answer is in; an answer to a multiple may be in several."""
    rows: dict[AnswerKey, tuple[int, ...]] = {}
    for row in table.detail_rows:
        for key in table.lines[row].keys:
            rows[key] = (*rows.get(key, ()), row)
    return rows


def _count_parts(grouping: Grouping) -> list[int]:
    sizes = Counter(grouping.part_by_interview)
    return [sizes[part] for part in range(len(grouping.part_labels))]


def _link_parts(
    links: Links,
    tables: Sequence[Crosstab],
    count_tables: Sequence[CountTable],
    groupings: Sequence[Grouping],
) -> None:
    """Link the size of each column with the counts that repeat it.

    These are the base of the column in a question that everybody was asked, and the row of the item
    that divides the columns.
    """
    numbered = enumerate(zip(list_columns(groupings), groupings, strict=True), len(tables))
    for i, (columns, grouping) in numbered:
        sizes = _count_parts(grouping)
        for part, column in enumerate(columns):
            size_position = (i, CellPosition(part, 0))
            for other, table in enumerate(tables):
                is_base = table.bases[column].people == sizes[part]
                if count_tables[other].asked_of_everybody and is_base:
                    _link(links, size_position, (other, CellPosition(BASE, column)))
                if grouping.name not in table.question.columns:
                    continue
                for row, line in enumerate(table.lines):
                    is_same_size = line.counts[0].people == sizes[part]
                    if line.label == grouping.part_labels[part] and is_same_size:
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
    """Return columns that are sums of columns of another grouping: (column, summed columns)."""
    nested = []
    with_columns = zip(list_columns(groupings), groupings, strict=True)
    for (outer_columns, outer), (inner_columns, inner) in permutations(with_columns, 2):
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
        # The digest stands for the flags, which take a byte per interview.
        digest = sha256(_flag_asked(table, answers)).digest()
        groups.setdefault((table.bases[0].people, digest), []).append(i)
    return list(groups.values())


def _find_follow_ups(
    tables: Sequence[Crosstab], answers: AnswerColumns, options: ResultOptions
) -> dict[int, dict[int, frozenset[int]]]:
    """Return for each table its follow-ups, with the rows that add up to the follow-up's base.

    These rows contain all people who were asked the follow-up, and nobody else.
    """
    follow_ups: dict[int, dict[int, frozenset[int]]] = {}
    for other, follow_up in enumerate(tables):
        # A question of everybody, or of nobody, divides no other.
        base = follow_up.bases[0].people
        if not 0 < base < answers.interviews:
            continue
        asked = Grouping(
            name="",
            label="",
            part_labels=("not asked", "asked"),
            part_by_interview=_flag_asked(follow_up, answers),
            has_value=(True, True),
        )
        for i, table in enumerate(tables):
            is_larger = table.bases[0].people > base
            # Counting takes long: first see whether any rows can add up to the base.
            if i == other or not is_larger or not _may_add_up(table, base):
                continue
            by_asked = tabulate(table.question, answers, [asked], options)
            rows = _find_rows_of_asked(by_asked, base)
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

    They are the last column of `table`. The result is empty if there are no such rows.
    """
    if table.question.kind == "multiple":
        for row, line in enumerate(table.lines):
            if line.counts[0].people == people and line.counts[-1].people == people:
                return frozenset({row})
        return frozenset()

    rows = set[int]()
    total = 0
    for row in table.detail_rows:
        counts = table.lines[row].counts
        asked = counts[-1].people
        # Some in the row were asked, and some were not: no sum of whole rows is the base.
        is_divided = asked not in (0, counts[0].people)
        if is_divided:
            return frozenset()
        if asked:
            rows.add(row)
            total += asked
    return frozenset(rows) if total == people else frozenset()
