"""Cross-tabulation of one question: exact weighted counts per answer and banner column, and hidden cells.

It computes no percentages.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from survey_cli.reports.disclosure.suppression import BASE, DEFAULT_THRESHOLD, CellPosition
from survey_cli.reports.results.bins import build_bins
from survey_cli.reports.results.questions import MAX_POINTS, UNASKED_KINDS, ReportQuestion, get_missing_kind
from survey_cli.reports.results.report_model import RowKind, Side
from survey_cli.reports.weighting import answer_counts
from survey_cli.reports.weighting.answer_counts import ColumnCounts
from survey_cli.values import Cell

MAX_FREQUENT: Final = 20
"""Of a long list, how many answers have a line of their own: the most frequent ones."""
SMALL_BASE: Final = 30
"""A base of fewer interviews is marked as unreliable, and its column is not compared with others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOptions:
    """Options of result tables."""

    valid_only: bool = False
    """Exclude declines and volunteered answers from rows and bases."""
    threshold: int = DEFAULT_THRESHOLD
    """Counts of fewer people are hidden; 0 or 1 hides nothing."""
    digits: int = 0
    """Decimals of percentages."""
    population: int | None = None
    """Number of units in the population, for the finite population correction; None where it is not known."""
    census: bool = False
    """Whether the whole population was selected."""
    with_tests: bool = True
    """Run significance tests."""
    with_margins: bool = False
    """Print margins of sampling error."""
    seed: int = 1
    """Seed of tests that draw tables."""

    def compute_population_correction(self, interviews: int) -> Fraction:
        """Return the finite population correction of a variance: the share of the population not interviewed."""
        return max(Fraction(0), 1 - Fraction(interviews, self.population)) if self.population else Fraction(1)


class CrosstabLine(NamedTuple):
    """One row of counts, one per column."""

    kind: RowKind
    code: str
    label: str
    counts: ColumnCounts
    side: Side = "apart"
    note: str = ""
    parts: tuple[int, ...] = ()
    """Positions of the rows that a net sums up."""
    in_tests: bool = True
    """Whether tests use the line; declines and nets are in no test."""
    value: Fraction | None = None
    """The answer's number on a scale; None where means exclude it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosstab:
    """The counts of one question. The first column is the total."""

    question: ReportQuestion
    lines: tuple[CrosstabLine, ...]
    bases: ColumnCounts
    values: tuple[tuple[Fraction, ColumnCounts], ...] = ()
    """Each number that counts in means, in ascending order, with its counts."""
    hidden: frozenset[CellPosition] = frozenset()
    unit: int = 1
    """The weight of one unweighted interview in the counts; 1 where nothing is weighted."""

    @property
    def is_weighted(self) -> bool:
        return self.unit != 1

    def is_hidden(self, row: int, column: int) -> bool:
        return CellPosition(row, column) in self.hidden

    def is_base_hidden(self, column: int) -> bool:
        return CellPosition(BASE, column) in self.hidden

    def has_hidden(self, column: int) -> bool:
        """Return whether any figure of a column is hidden."""
        return any(position.column == column for position in self.hidden)

    def count_hidden(self) -> tuple[int, int]:
        """Return the number of hidden counts and bases, and the number of all."""
        return len(self.hidden), (len(self.lines) + 1) * len(self.bases)

    def is_mostly_hidden(self, rows: Sequence[int], columns: Sequence[int]) -> bool:
        """Return whether more shares are hidden than shown, without zeros that are shown; in the total, all counts.

        A hidden zero counts as hidden: a reader can't tell it from other hidden counts.
        """
        positions = [CellPosition(row, c) for row in rows for c in columns]
        if list(columns) == [0]:
            not_zero = [position for position in positions if self.lines[position.row].counts[0].people]
            return bool(not_zero) and all(position in self.hidden for position in not_zero)
        hidden = {p for p in positions if p in self.hidden or self.is_base_hidden(p.column)}
        shown = [p for p in positions if p not in hidden and self.lines[p.row].counts[p.column].people]
        return len(hidden) > len(shown)

    def gives_up_details(self, columns: Sequence[int]) -> bool:
        """Return whether most details would be hidden in these columns, or most of details and nets together."""
        all_rows = range(len(self.lines))
        return self.is_mostly_hidden(self.detail_rows, columns) or self.is_mostly_hidden(all_rows, columns)

    @property
    def detail_rows(self) -> list[int]:
        """Positions of the rows that are not nets."""
        return [i for i, line in enumerate(self.lines) if line.kind != "net"]

    @property
    def net_rows(self) -> list[int]:
        """Positions of the nets."""
        return [i for i, line in enumerate(self.lines) if line.kind == "net"]

    def select_rows(self, columns: Sequence[int]) -> list[int]:
        """Select the rows that a table with these columns shows.

        These are all rows, only nets where it gives up its details, or none where most nets are hidden too or no base is
        shown.
        """
        if columns and all(map(self.is_base_hidden, columns)):
            return []
        if not self.gives_up_details(columns):
            return list(range(len(self.lines)))
        return self.net_rows if self.net_rows and not self.is_mostly_hidden(self.net_rows, columns) else []

    def is_mean_hidden(self, column: int) -> bool:
        """Return whether any count behind the mean is hidden, since the mean would disclose it."""
        return self.is_base_hidden(column) or any(
            self.is_hidden(i, column)
            for i, line in enumerate(self.lines)
            if line.value is not None or (self.question.kind == "number" and line.kind != "decline")
        )


class _CountedAnswers(NamedTuple):
    """The counts by answer from which the lines of one question are built."""

    question: ReportQuestion
    options: ResultOptions
    answered: dict[answer_counts.AnswerKey, ColumnCounts]
    cells: Mapping[str, Cell]
    """The cell of each text in the question's columns."""
    width: int
    """Number of columns of the table."""

    def get_cell(self, key: answer_counts.AnswerKey, position: int = 0) -> Cell:
        """Return the cell of one column of a key."""
        text = key[position] if isinstance(key, tuple) else key
        assert isinstance(text, str)
        return self.cells[text]

    def count_mentions(self, positions: Iterable[int]) -> list[ColumnCounts]:
        """Return the counts of those who mentioned any of these options."""
        at = list(positions)
        return [counts for key, counts in self.answered.items() if any(self.get_cell(key, i) == 1 for i in at)]


def tabulate(
    question: ReportQuestion,
    answers: answer_counts.AnswerColumns,
    groupings: Sequence[answer_counts.Grouping],
    options: ResultOptions,
) -> Crosstab:
    """Count the answers to one question, with nothing hidden.

    Interviews in which it was not asked, or not reached, are in no line and no base.
    """
    width = 1 + sum(len(grouping.part_labels) for grouping in groupings)
    cells: dict[str, Cell] = {}
    for name in question.columns:
        cells |= answers.read_cells(name)
    counts_by_key = answers.count(answers.list_keys(question.columns), groupings)
    counted = _CountedAnswers(question, options, {}, cells, width)
    declined: dict[str, list[ColumnCounts]] = {}
    volunteered = {point.code for point in question.points if point.volunteered and question.kind != "multiple"}
    for key, counts in counts_by_key.items():
        cell = counted.get_cell(key)
        kind = get_missing_kind(cell)
        if kind in UNASKED_KINDS or (options.valid_only and (kind or cell in volunteered)):
            continue
        if kind:
            declined.setdefault(kind, []).append(counts)
        else:
            counted.answered[key] = counts
    values: tuple[tuple[Fraction, ColumnCounts], ...] = ()
    match question.kind:
        case "multiple":
            lines = _count_mentions(counted)
        case "number" | "date":
            lines, values = _count_numbers(counted)
        case "words" | "time":
            total = _sum_columns(counted.answered.values(), width)
            lines = [CrosstabLine("answer", "", "Answered", total)] if total[0].people else []
        case _:
            lines = _count_answers(counted)
            values = tuple((line.value, line.counts) for line in lines if line.value is not None)
    declines = question.variable.declines
    for kind in dict.fromkeys([*declines, *sorted(declined)]):
        if kind in declined:
            code, label = declines.get(kind, ("", kind))
            counts = _sum_columns(declined[kind], width)
            lines.append(CrosstabLine("decline", str(code), label, counts, in_tests=False))
    lines += _count_nets(counted, lines)
    bases = _sum_columns(
        [*counted.answered.values(), *(counts for several in declined.values() for counts in several)], width
    )
    return Crosstab(question=question, lines=tuple(lines), bases=bases, values=values, unit=answers.unit)


def _sum_columns(several: Collection[ColumnCounts], width: int) -> ColumnCounts:
    """Add up counts column by column; `width` is the number of columns."""
    return (
        tuple(map(answer_counts.sum_counts, zip(*several, strict=True)))
        if several
        else (answer_counts.WeightedCount(),) * width
    )


def _count_answers(counted: _CountedAnswers) -> list[CrosstabLine]:
    """Build a line per option, whether chosen or not, then one per other code, then volunteered answers.

    Of a long list these are the codes that were answered most often, and a line for the rest.
    """
    question, options, width = counted.question, counted.options, counted.width
    by_code: dict[Cell, list[ColumnCounts]] = {}
    for key, counts in counted.answered.items():
        by_code.setdefault(counted.get_cell(key), []).append(counts)
    lines: list[CrosstabLine] = []
    volunteered: list[CrosstabLine] = []
    for point in question.points:
        if point.volunteered and options.valid_only:
            continue
        in_means = question.kind == "scale" and not (point.missing or point.volunteered)
        line = CrosstabLine(
            "volunteered" if point.volunteered else "answer",
            str(point.code),
            point.label,
            _sum_columns(by_code.pop(point.code, []), width),
            side=point.side,
            note="volunteered" if point.volunteered else "",
            value=Fraction(point.code) if in_means and isinstance(point.code, int) else None,
        )
        (volunteered if point.volunteered else lines).append(line)
    labels = question.variable.labels
    others = {code: _sum_columns(several, width) for code, several in by_code.items()}
    rest: list[ColumnCounts] = []
    if len(labels) > MAX_POINTS:
        ordered = sorted(others, key=lambda code: -others[code][0].people)
        rest = [others[code] for code in ordered[MAX_FREQUENT:]]
        others = {code: others[code] for code in ordered[:MAX_FREQUENT]}
    for code, counts in others.items():
        label = labels.get(code) if isinstance(code, int | str) else None
        lines.append(CrosstabLine("answer", str(code), label or str(code), counts))
    if rest:
        lines.append(CrosstabLine("answer", "", f"{len(rest)} other answers", _sum_columns(rest, width)))
    return [*lines, *volunteered]


def _count_mentions(counted: _CountedAnswers) -> list[CrosstabLine]:
    """Build a line per option of a multiple, and one for those who mentioned none where that is an answer."""
    lines = []
    for position, point in enumerate(counted.question.points):
        if point.volunteered and counted.options.valid_only:
            continue
        note = "volunteered" if point.volunteered else ""
        counts = _sum_columns(counted.count_mentions([position]), counted.width)
        lines.append(CrosstabLine("mention", str(point.code), point.label, counts, note=note, in_tests=False))
    if counted.question.allows_none:
        every = range(len(counted.question.columns))
        none = [counts for key, counts in counted.answered.items() if all(counted.get_cell(key, i) != 1 for i in every)]
        lines.append(CrosstabLine("mention", "", "None mentioned", _sum_columns(none, counted.width), in_tests=False))
    return lines


def _count_numbers(
    counted: _CountedAnswers,
) -> tuple[list[CrosstabLine], tuple[tuple[Fraction, ColumnCounts], ...]]:
    """Count ranges of numbers, or years of dates. Returns lines, and the counts of each number in means.

    Numbers with labels have lines of their own, and count in means where they are within the question's limits.
    """
    question, width = counted.question, counted.width
    labels = {point.code: point.label for point in question.points}
    unlabeled: dict[Fraction, list[ColumnCounts]] = {}
    labeled: dict[Fraction, list[ColumnCounts]] = {}
    for key, counts in counted.answered.items():
        value = _read_number(counted.get_cell(key))
        has_label = value.denominator == 1 and int(value) in labels
        (labeled if has_label else unlabeled).setdefault(value, []).append(counts)
    in_means = {value: _sum_columns(several, width) for value, several in unlabeled.items()}
    least, most = _parse_limit(question.least), _parse_limit(question.most)
    bins = build_bins(
        {value: counts[0].people for value, counts in in_means.items()},
        decimals=question.variable.decimals if question.kind == "number" else 0,
        threshold=counted.options.threshold,
        least=least,
        most=most,
        plain=question.kind == "date",
    )
    lines = []
    for low, high, label in bins:
        inside = [counts for value, counts in in_means.items() if low <= value < high]
        lines.append(CrosstabLine("range", "", label, _sum_columns(inside, width)))
    for code, label in labels.items():
        number = Fraction(code) if isinstance(code, int) else None
        counts = _sum_columns(labeled.get(number, []) if number is not None else [], width)
        lines.append(CrosstabLine("answer", str(code), label, counts))
        if number is None or (least is not None and number < least) or (most is not None and number > most):
            continue
        if counts[0].people:
            in_means[number] = counts
    return lines, tuple(sorted(in_means.items())) if question.kind != "date" else ()


def _parse_limit(limit: float | None) -> Fraction | None:
    return None if limit is None else Fraction(repr(limit))


def _read_number(cell: Cell) -> Fraction:
    match cell:
        case date():
            return Fraction(cell.year)
        case str():
            return Fraction(cell[:4])  # a partial date begins with its year
        case float():
            return Fraction(repr(cell))
        case int():
            return Fraction(cell)
        case _:
            raise ValueError(f"no number: {cell!r}")


def _count_nets(counted: _CountedAnswers, lines: Sequence[CrosstabLine]) -> list[CrosstabLine]:
    """Build a line per net; in a multiple, a person who mentioned several of its options counts once."""
    rows = {line.code: i for i, line in enumerate(lines) if line.kind in ("answer", "volunteered", "mention")}
    nets = []
    for name, codes in counted.question.nets:
        parts = tuple(rows[str(code)] for code in codes if str(code) in rows)
        if not parts:
            continue
        if counted.question.kind == "multiple":
            several = counted.count_mentions(i for i, p in enumerate(counted.question.points) if p.code in codes)
        else:
            several = [lines[i].counts for i in parts]
        note = " + ".join(lines[i].code for i in parts)
        nets.append(
            CrosstabLine("net", "", name, _sum_columns(several, counted.width), note=note, parts=parts, in_tests=False)
        )
    return nets
