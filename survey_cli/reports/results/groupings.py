"""Divisions of the interviews into the columns of a banner."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from survey_cli.reports.results.crosstab import Crosstab
from survey_cli.reports.results.questions import UNASKED_KINDS, get_missing_kind
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import (
    AnswerColumns,
    Grouping,
    NestedGrouping,
    list_columns,
)
from survey_cli.values import Cell, Missing, Variable

MAX_COLUMNS: Final = 100
"""Largest number of columns of one grouping."""
MAX_UNLABELED: Final = 12
"""Largest number of columns of a variable without labels. More are numbers such as ages."""


def build_grouping(
    answers: AnswerColumns, variable: Variable, *, min_base: int = 0, threshold: int = 0
) -> Grouping | int:
    """Divide the interviews by a variable; return the number of values if there are too many.

    Labeled codes come in their order, then other values, and last those without a value. Values
    with fewer interviews than `min_base` are merged. They aren't printed if all of them together,
    or the only one, have fewer. The kinds of missing values are one part if any of them has fewer
    interviews than `threshold`: hiding it would also hide columns with a value.
    """
    cells = answers.read_cells(variable.name)
    values = {cell for cell in cells.values() if not isinstance(cell, Missing) and cell != ""}
    if len(values) > get_column_limit(variable):
        return len(values)

    labels_of = _label_values(variable, values)
    labels = list(labels_of.values())
    parts: dict[Cell, int] = {value: part for part, value in enumerate(labels_of)}
    merged_labels: dict[int, tuple[str, ...]] = {}

    sizes = Counter(_iterate_parts(answers, variable, cells, parts, otherwise=-1))
    small = [part for part in range(len(labels)) if sizes[part] < min_base]
    unprinted = frozenset(small)
    if len(small) > 1:
        large = [part for part in range(len(labels)) if part not in small]
        merged = len(large)
        numbers = dict.fromkeys(small, merged)
        numbers |= {part: number for number, part in enumerate(large)}
        parts = {value: numbers[part] for value, part in parts.items()}
        merged_labels[merged] = tuple(labels[part] for part in small)
        labels = [*(labels[part] for part in large), "/".join(merged_labels[merged])]
        is_still_small = sum(sizes[part] for part in small) < min_base
        unprinted = frozenset([merged] if is_still_small else [])

    value_count = len(labels)
    if variable.role == "answer":
        for kind, cell in _find_declines(cells.values()).items():
            parts[cell] = len(labels)
            labels.append(variable.declines[kind][1] if kind in variable.declines else kind)
    without_part = len(labels)
    part_by_interview = array(
        "H", _iterate_parts(answers, variable, cells, parts, otherwise=without_part)
    )
    if without_part in part_by_interview:
        labels.append(translate("no value"))

    without_value = Counter(part for part in part_by_interview if part >= value_count)
    if len(without_value) > 1 and min(without_value.values()) < threshold:
        part_by_interview = array("H", (min(part, value_count) for part in part_by_interview))
        merged_labels[value_count] = tuple(labels[part] for part in sorted(without_value))
        labels[value_count:] = ["/".join(merged_labels[value_count])]
    return Grouping(
        name=variable.name,
        label=variable.label,
        part_labels=tuple(labels),
        part_by_interview=part_by_interview,
        has_value=(True,) * value_count + (False,) * (len(labels) - value_count),
        ordered=variable.measure in ("ordinal", "scale"),
        unprinted=unprinted,
        inputs=frozenset((variable.name,)),
        merged_labels=merged_labels,
    )


def get_column_limit(variable: Variable) -> int:
    """Return the largest number of values of a variable whose values are columns."""
    return MAX_COLUMNS if variable.labels else MAX_UNLABELED


def _label_values(variable: Variable, values: Collection[Cell]) -> dict[Cell, str]:
    """Return the label of each value: codes in their order, then numbers, then other texts."""
    labels: dict[Cell, str] = {
        code: label for code, label in variable.labels.items() if code in values
    }
    unlabeled = [value for value in values if value not in labels]
    for value in sorted(unlabeled, key=_rank_value):
        labels[value] = str(value)
    return labels


def _rank_value(value: Cell) -> tuple[int, float, str]:
    """Return the key that sorts numbers before texts."""
    if isinstance(value, int | float):
        return (0, value, "")
    return (1, 0, str(value))


def _find_declines(cells: Iterable[Cell]) -> dict[str, Cell]:
    """Return the cell of each kind of missing answer of people who were asked."""
    declines: dict[str, Cell] = {}
    for cell in cells:
        kind = get_missing_kind(cell)
        if kind and kind not in UNASKED_KINDS:
            declines.setdefault(kind, cell)
    return declines


def _iterate_parts(
    answers: AnswerColumns,
    variable: Variable,
    cells: dict[str, Cell],
    parts: dict[Cell, int],
    *,
    otherwise: int,
) -> Iterable[int]:
    """Iterate over the interviews' parts. `otherwise` is the part of cells that have none."""
    part_of_text = {text: parts.get(cell, otherwise) for text, cell in cells.items()}
    return map(part_of_text.__getitem__, answers.columns[variable.name])


def nest_grouping(outer: Grouping, inner: Grouping, *, min_base: int = 0) -> NestedGrouping:
    """Divide each part of one grouping by another, with a column for each pair that occurs.

    Pairs of values with fewer interviews than `min_base` are merged within the outer value. They
    aren't printed if all of them together have fewer.
    """
    sizes = Counter(zip(outer.part_by_interview, inner.part_by_interview, strict=True))
    small: dict[int, list[tuple[int, int]]] = {}
    for pair in sorted(sizes):
        o, i = pair
        if sizes[pair] < min_base and outer.has_value[o] and inner.has_value[i]:
            small.setdefault(o, []).append(pair)

    # The last pair of each outer value stands for all its small ones.
    merged: dict[tuple[int, int], tuple[int, int]] = {}
    labels: dict[tuple[int, int], str] = {}
    too_small = set()
    for group in small.values():
        last = group[-1]
        merged |= dict.fromkeys(group, last)
        labels[last] = "/".join(inner.part_labels[i] for _, i in group)
        if sum(sizes[pair] for pair in group) < min_base:
            too_small.add(last)

    kept = sorted({merged.get(pair, pair) for pair in sizes})
    numbers = {pair: number for number, pair in enumerate(kept)}
    part_of = {pair: numbers[merged.get(pair, pair)] for pair in sizes}
    pair_labels = tuple(
        (outer.part_labels[o], labels.get((o, i), inner.part_labels[i])) for o, i in kept
    )
    pairs = zip(outer.part_by_interview, inner.part_by_interview, strict=True)
    return NestedGrouping(
        name=f"{outer.name} > {inner.name}",
        label=f"{outer.label} > {inner.label}",
        outer_label=outer.label,
        parents=tuple(o for o, _ in kept),
        pair_labels=pair_labels,
        part_labels=tuple(": ".join(pair) for pair in pair_labels),
        part_by_interview=array("H", map(part_of.__getitem__, pairs)),
        has_value=tuple(outer.has_value[o] and inner.has_value[i] for o, i in kept),
        unprinted=frozenset(numbers[pair] for pair in too_small),
        inputs=outer.inputs | inner.inputs,
    )


def leave_out_hidden_columns(
    groupings: Sequence[Grouping], tables: Sequence[Crosstab]
) -> list[Grouping]:
    """Return the groupings without the columns of nested ones whose base is hidden in all tables.

    They only aren't printed: small counts were hidden with them, so that nothing is disclosed.
    """
    shown = []
    for grouping, columns in zip(groupings, list_columns(groupings), strict=True):
        hidden = [
            part
            for part, column in enumerate(columns)
            if all(table.is_base_hidden(column) for table in tables)
        ]
        shown.append(grouping.leave_out(hidden))
    return shown


def select_option(grouping: Grouping, variable: Variable) -> Grouping:
    """Return the division by one option of a multiple. Only those who chose it are a column.

    The columns of several options overlap: each is compared with the others who were asked.
    """
    item_label, _, option = variable.label.rpartition(": ")
    chosen_label = variable.labels.get(1)
    labels = list(grouping.part_labels)
    unprinted = set(grouping.unprinted)
    not_chosen = set()
    for part, label in enumerate(grouping.part_labels):
        merged = grouping.merged_labels.get(part, ())
        if label == chosen_label or chosen_label in merged:
            labels[part] = option
        else:
            not_chosen.add(part)
        # Too few chose the option, and too few did not: together they are no column of it.
        if chosen_label in merged:
            unprinted.add(part)

    return replace(
        grouping,
        label=item_label or variable.item,
        part_labels=tuple(labels),
        compare="total",
        unprinted=frozenset(unprinted | not_chosen),
        not_chosen=frozenset(not_chosen),
    )
