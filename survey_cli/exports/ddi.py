"""DDI Codebook 2.5: the description of a study and its variables that archives ask for.

It states wording, filters, categories with their counts, and which categories are missing. It
describes the data as a CSV file that `survey export` writes. Elements are in the order of the
standard, which its schema requires; elements of unknown content are omitted.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TextIO

from survey_cli.exports.conventions import (
    WriteOptions,
    WriteResult,
    find_response_sets,
    list_missing_codes,
)
from survey_cli.exports.templating import write_template
from survey_cli.exports.text import BATCH_SIZE
from survey_cli.table.table import Table, make_cell_reader
from survey_cli.values import Cell, Code, Missing, Variable
from survey_cli.wording import format_quantity


@dataclass(slots=True)
class ColumnFrequencies:
    """Frequencies of one column."""

    values: Counter[object] = field(default_factory=Counter)
    """Number of rows by code; empty if the column has no labels."""
    missing: Counter[str] = field(default_factory=Counter)
    """Number of rows by kind of missing value."""
    valid: int = 0
    """Number of rows with a value."""
    minimum: float | None = None
    maximum: float | None = None
    total: float = 0.0

    def count_valid(self, variable: Variable) -> int:
        """Return the number of rows with a value that is not excluded from means."""
        return self.valid - sum(self.values[code] for code in variable.user_missing)

    def add(self, cell: Cell, times: int, *, labeled: bool) -> None:
        """Count a cell that occurs so many times."""
        if isinstance(cell, Missing):
            self.missing[cell.kind] += times
            return

        self.valid += times
        if labeled:
            self.values[cell] += times
        if isinstance(cell, int | float):
            self._add_number(cell, times)

    def _add_number(self, number: float, times: int) -> None:
        self.total += number * times
        if self.minimum is None or number < self.minimum:
            self.minimum = number
        if self.maximum is None or number > self.maximum:
            self.maximum = number


def count_values(table: Table) -> tuple[int, list[ColumnFrequencies]]:
    """Return the number of rows and the frequencies by column, in one pass and little memory."""
    rows = table.iterate_texts()
    frequencies = [ColumnFrequencies() for _ in table.variables]
    readers = [make_cell_reader(variable.storage) for variable in table.variables]

    count = 0
    while batch := list(islice(rows, BATCH_SIZE)):
        count += len(batch)
        columns = zip(frequencies, readers, table.variables, zip(*batch, strict=True), strict=True)
        for column, read, variable, texts in columns:
            is_labeled = bool(variable.labels)
            is_free_text = variable.storage == "text" and not is_labeled

            # Counting the stored texts first reads each distinct cell once.
            for text, times in Counter(texts).items():
                if is_free_text and text[0] == '"':
                    column.valid += times
                else:
                    column.add(read(text), times, labeled=is_labeled)

    return count, frequencies


def write_ddi(table: Table, to: TextIO, options: WriteOptions) -> WriteResult:
    """Write one document."""
    rows, frequencies = count_values(table)
    study = table.study

    universe = []
    if study.population:
        universe.append(study.population)
    if study.size is not None:
        universe.append(format_quantity(study.size, "unit"))

    has_missing = any(
        variable.role == "state" or _list_missing(variable) for variable in table.variables
    )
    write_template(
        to,
        "ddi.xml.jinja",
        table=table,
        rows=rows,
        variables=list(zip(table.variables, frequencies, strict=True)),
        universe=", ".join(universe),
        has_missing=has_missing,
        data_name=options.data_name or f"{study.id or 'data'}.csv",
        sets=find_response_sets(table.variables),
        list_missing=_list_missing,
        list_categories=_list_categories,
    )
    return WriteResult(rows)


def _list_missing(variable: Variable) -> dict[str, tuple[int, str]]:
    if variable.role == "admin":  # it holds no answers
        return {}
    return list_missing_codes(variable)


def _list_categories(
    variable: Variable, counts: ColumnFrequencies
) -> list[tuple[Code, str, bool, int]]:
    """Return code, label, whether it is missing, and number of rows of each category."""
    categories: list[tuple[Code, str, bool, int]] = []
    for option, text in variable.labels.items():
        is_missing = option in variable.user_missing
        categories.append((option, text, is_missing, counts.values[option]))
    for kind, (code, text) in _list_missing(variable).items():
        categories.append((code, text, True, counts.missing[kind]))
    return categories
