"""Columns of a banner with so few people that their hidden counts would hide most of the tables."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from math import ceil
from typing import Final, NamedTuple, TypeAlias

from survey_cli.reports.disclosure.suppression import CellPosition
from survey_cli.reports.results.crosstab import Crosstab
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import Grouping, list_value_columns

MAX_JOINED_LABELS: Final = 3
"""More labels than these are not joined to one."""
MIN_OTHER_COLUMNS: Final = 2
"""Columns that must remain as they are."""
MAX_TRIALS: Final = 12
"""Mergers of one variable's columns to try. Each takes as long as all tables of a report."""

TableBuilder: TypeAlias = Callable[[Sequence[Grouping]], Sequence[Crosstab]]
"""Counts the answers by these columns, and hides small counts."""


class _Readability(NamedTuple):
    """How little of the tables is shown by column; the smaller, the better."""

    crowded_tables: int
    """Tables that give up rows by column."""
    hidden_people: int
    """Number of answers whose count isn't shown by column."""


def merge_small_columns(groupings: Sequence[Grouping], build: TableBuilder) -> list[Grouping]:
    """Return the columns, the smallest of them merged if that shows more answers of all the others.

    A count of a small column is rarely large enough, and each hidden count costs another one in its
    row. No column with half of an equal share of the interviews is merged, unless it is the only
    one that a single small column can be merged with.
    """
    chosen = list(groupings)
    candidates = [(number, _list_merged(each)) for number, each in enumerate(groupings)]
    if not any(merged for _, merged in candidates):
        return chosen
    best = _measure_readability(build(chosen), chosen)
    for number, merged_groupings in candidates:
        for merged in merged_groupings:
            if best.hidden_people == 0:
                return chosen
            tried = [*chosen[:number], merged, *chosen[number + 1 :]]
            readability = _measure_readability(build(tried), tried)
            if readability < best:
                best = readability
                chosen = tried
    return chosen


def _measure_readability(tables: Sequence[Crosstab], groupings: Sequence[Grouping]) -> _Readability:
    columns = list(chain.from_iterable(list_value_columns(groupings)))
    crowded = 0
    hidden_people = 0
    for table in tables:
        if not table.bases[0].people or table.question.kind in ("words", "time"):
            continue
        rows = table.select_rows(columns)
        if len(rows) < len(table.lines):
            crowded += 1
        for row in table.detail_rows:
            counts = table.lines[row].counts
            hidden_people += sum(
                counts[column].people
                for column in columns
                if row not in rows or table.is_unknown(CellPosition(row, column))
            )
    return _Readability(crowded, hidden_people)


def _list_merged(grouping: Grouping) -> list[Grouping]:
    """List the mergers to try. Of a variable with many columns, several are merged at a time."""
    merged = list(_iterate_merged(grouping))
    step = ceil(len(merged) / MAX_TRIALS) or 1
    return merged[step - 1 :: step]


def _iterate_merged(grouping: Grouping) -> Iterator[Grouping]:
    """Yield the grouping with one column fewer each time, the smallest merged first."""
    if not grouping.may_be_merged:
        return
    sizes = Counter(grouping.part_by_interview)
    values = [part for part, has_value in enumerate(grouping.has_value) if has_value]
    limit = sum(sizes[part] for part in values) / (2 * len(values)) if values else 0
    while True:
        pair = _choose_pair(grouping, limit)
        if pair is None:
            return
        grouping = merge_parts(grouping, *pair)
        yield grouping


def _choose_pair(grouping: Grouping, limit: float) -> tuple[int, int] | None:
    """Return the two columns to merge next; None if there is no other small one.

    A column without a value of the variable is merged like the others: it is hidden with one of
    them if it is small. Values with an order are merged with their neighbors.
    """
    sizes = Counter(grouping.part_by_interview)
    by_size = sorted(range(len(grouping.part_labels)), key=lambda part: (sizes[part], part))
    small = [part for part in by_size if sizes[part] < limit]
    large_values = [part for part in by_size if part not in small and grouping.has_value[part]]
    if not small:
        return None

    smallest = small[0]
    if grouping.ordered and grouping.has_value[smallest]:
        neighbors = [
            part
            for part in (smallest - 1, smallest + 1)
            if 0 <= part < len(grouping.has_value) and grouping.has_value[part]
        ]
        if not neighbors:
            return None
        other = min(neighbors, key=sizes.__getitem__)
    elif len(small) > 1:
        other = small[1]
    elif smallest not in grouping.merged_labels and large_values:
        other = large_values[0]
    else:
        return None

    untouched = [part for part in large_values if part != other]
    return (smallest, other) if len(untouched) >= MIN_OTHER_COLUMNS else None


def merge_parts(grouping: Grouping, first: int, second: int) -> Grouping:
    """Return the grouping with two columns merged to one, in the place of the later one."""
    low = min(first, second)
    high = max(first, second)
    labels_of = {
        part: grouping.merged_labels.get(part, (label,))
        for part, label in enumerate(grouping.part_labels)
    }
    numbers = {}
    for part in range(len(grouping.part_labels)):
        numbers[part] = part - 1 if part > low else part
    numbers[low] = numbers[high]

    merged = (*labels_of[low], *labels_of[high])
    label = "/".join(merged)
    if len(merged) > MAX_JOINED_LABELS:
        label = translate("{n} other values", n=len(merged))
    labels = list(grouping.part_labels)
    labels[high] = label
    del labels[low]
    has_value = list(grouping.has_value)
    has_value[high] = has_value[low] or has_value[high]
    del has_value[low]
    merged_labels = {
        numbers[part]: own for part, own in grouping.merged_labels.items() if part != low
    }
    merged_labels[numbers[high]] = merged
    return replace(
        grouping,
        part_labels=tuple(labels),
        part_by_interview=array("H", map(numbers.__getitem__, grouping.part_by_interview)),
        has_value=tuple(has_value),
        merged_labels=merged_labels,
        crowded=frozenset({numbers[high], *(numbers[part] for part in grouping.crowded)}),
    )
