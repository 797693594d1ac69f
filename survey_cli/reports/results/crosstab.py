"""Cross-tabulation of one question: exact weighted counts per answer and banner column, and hidden cells.

It computes no percentages.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import chain
from typing import Final, NamedTuple

from survey_cli.reports.disclosure.suppression import BASE, DEFAULT_THRESHOLD, CellPosition
from survey_cli.reports.results.bins import build_bins
from survey_cli.reports.results.questions import (
    MAX_POINTS,
    UNASKED_KINDS,
    AnswerPoint,
    ReportQuestion,
    get_missing_kind,
)
from survey_cli.reports.results.report_model import RowKind, Side
from survey_cli.reports.weighting import answer_counts
from survey_cli.reports.weighting.answer_counts import ColumnCounts, WeightedCount
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
    value: Fraction | None = None
    """The answer's number on a scale; None where means exclude it."""

    @property
    def in_tests(self) -> bool:
        """Whether tests use the line; declines, nets and mentions are in no test."""
        return self.kind in ("answer", "volunteered", "range")


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
        return sorted(set(range(len(self.lines))) - set(self.net_rows))

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


@dataclass(frozen=True, slots=True)
class _CountedAnswers:
    """The counts by answer from which the lines of one question are built."""

    question: ReportQuestion
    options: ResultOptions
    width: int
    """Number of columns of the table."""
    answered: list[tuple[tuple[Cell, ...], ColumnCounts]] = field(default_factory=list)
    """The answers, each with a cell per column of the question, and their counts."""

    @property
    def points(self) -> list[AnswerPoint]:
        """The answers that have a line, chosen or not."""
        return [p for p in self.question.points if not (p.volunteered and self.options.valid_only)]

    def sum_columns(self, several: Collection[ColumnCounts]) -> ColumnCounts:
        """Add up counts column by column."""
        if not several:
            return (WeightedCount(),) * self.width
        return tuple(map(answer_counts.sum_counts, zip(*several, strict=True)))

    def count_mentions(self, positions: Collection[int]) -> ColumnCounts:
        """Count those who mentioned any of these options."""
        return self.sum_columns([counts for cells, counts in self.answered if any(cells[i] == 1 for i in positions)])


def tabulate(
    question: ReportQuestion,
    answers: answer_counts.AnswerColumns,
    groupings: Sequence[answer_counts.Grouping],
    options: ResultOptions,
) -> Crosstab:
    """Count the answers to one question, with nothing hidden.

    Interviews in which it was not asked, or not reached, are in no line and no base.
    """
    counted = _CountedAnswers(question, options, 1 + sum(len(grouping.part_labels) for grouping in groupings))
    readers = [answers.read_cells(name) for name in question.columns]
    declined: dict[str, list[ColumnCounts]] = {}
    volunteered = {point.code for point in question.points if point.volunteered and question.kind != "multiple"}
    for key, counts in answers.count(answers.list_keys(question.columns), groupings).items():
        texts = key if isinstance(key, tuple) else (key,)
        cells = tuple(reader[text] for reader, text in zip(readers, texts, strict=True))
        kind = get_missing_kind(cells[0])
        if kind in UNASKED_KINDS or (options.valid_only and (kind or cells[0] in volunteered)):
            continue
        if kind:
            declined.setdefault(kind, []).append(counts)
        else:
            counted.answered.append((cells, counts))
    values: tuple[tuple[Fraction, ColumnCounts], ...] = ()
    match question.kind:
        case "multiple":
            lines = _count_mentions(counted)
        case "number" | "date":
            lines, values = _count_numbers(counted)
        case "words" | "time":
            total = counted.sum_columns([counts for _, counts in counted.answered])
            lines = [CrosstabLine("answer", "", "Answered", total)] if total[0].people else []
        case _:
            lines = _count_answers(counted)
            values = tuple((line.value, line.counts) for line in lines if line.value is not None)
    declines = question.variable.declines
    for kind in dict.fromkeys([*declines, *sorted(declined)]):
        if kind in declined:
            code, label = declines.get(kind, ("", kind))
            lines.append(CrosstabLine("decline", str(code), label, counted.sum_columns(declined[kind])))
    lines += _count_nets(counted, lines)
    answered = [counts for _, counts in counted.answered]
    bases = counted.sum_columns([*answered, *chain.from_iterable(declined.values())])
    return Crosstab(question=question, lines=tuple(lines), bases=bases, values=values, unit=answers.unit)


def _count_answers(counted: _CountedAnswers) -> list[CrosstabLine]:
    """Build a line per option, whether chosen or not, then one per other code, then volunteered answers.

    Of a long list these are the codes that were answered most often, and a line for the rest.
    """
    question = counted.question
    by_code: dict[Cell, list[ColumnCounts]] = {}
    for cells, counts in counted.answered:
        by_code.setdefault(cells[0], []).append(counts)
    lines: list[CrosstabLine] = []
    volunteered: list[CrosstabLine] = []
    for point in counted.points:
        in_means = question.kind == "scale" and not (point.missing or point.volunteered)
        line = CrosstabLine(
            "volunteered" if point.volunteered else "answer",
            str(point.code),
            point.label,
            counted.sum_columns(by_code.pop(point.code, [])),
            side=point.side,
            note="volunteered" if point.volunteered else "",
            value=Fraction(point.code) if in_means and isinstance(point.code, int) else None,
        )
        (volunteered if point.volunteered else lines).append(line)
    labels = question.variable.labels
    others = {code: counted.sum_columns(several) for code, several in by_code.items()}
    ordered = sorted(others, key=lambda code: -others[code][0].people) if len(labels) > MAX_POINTS else []
    rest = [others.pop(code) for code in ordered[MAX_FREQUENT:]]
    for code in ordered or others:
        if code in others:
            label = labels.get(code) if isinstance(code, int | str) else None
            lines.append(CrosstabLine("answer", str(code), label or str(code), others[code]))
    if rest:
        lines.append(CrosstabLine("answer", "", f"{len(rest)} other answers", counted.sum_columns(rest)))
    return [*lines, *volunteered]


def _count_mentions(counted: _CountedAnswers) -> list[CrosstabLine]:
    """Build a line per option of a multiple, and one for those who mentioned none where that is an answer."""
    lines = []
    for position, point in enumerate(counted.question.points):
        if point in counted.points:
            note = "volunteered" if point.volunteered else ""
            counts = counted.count_mentions([position])
            lines.append(CrosstabLine("mention", str(point.code), point.label, counts, note=note))
    if counted.question.allows_none:
        none = counted.sum_columns([counts for cells, counts in counted.answered if 1 not in cells])
        lines.append(CrosstabLine("mention", "", "None mentioned", none))
    return lines


def _count_numbers(
    counted: _CountedAnswers,
) -> tuple[list[CrosstabLine], tuple[tuple[Fraction, ColumnCounts], ...]]:
    """Count ranges of numbers, or years of dates. Returns lines, and the counts of each number in means.

    Numbers with labels have lines of their own, and count in means where they are within the question's limits.
    """
    question = counted.question
    labels = {point.code: point.label for point in question.points}
    several: dict[Fraction, list[ColumnCounts]] = {}
    for cells, counts in counted.answered:
        several.setdefault(_read_number(cells[0]), []).append(counts)
    sums = {value: counted.sum_columns(parts) for value, parts in several.items()}
    in_means = {value: counts for value, counts in sums.items() if value not in labels}
    nobody = counted.sum_columns([])
    least, most = (None if limit is None else Fraction(repr(limit)) for limit in (question.least, question.most))
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
        lines.append(CrosstabLine("range", "", label, counted.sum_columns(inside)))
    for code, label in labels.items():
        number = Fraction(code) if isinstance(code, int) else None
        counts = sums.get(number, nobody) if number is not None else nobody
        lines.append(CrosstabLine("answer", str(code), label, counts))
        if number is None or (least is not None and number < least) or (most is not None and number > most):
            continue
        if counts[0].people:
            in_means[number] = counts
    return lines, tuple(sorted(in_means.items())) if question.kind != "date" else ()


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
            counts = counted.count_mentions([i for i, p in enumerate(counted.question.points) if p.code in codes])
        else:
            counts = counted.sum_columns([lines[i].counts for i in parts])
        note = " + ".join(lines[i].code for i in parts)
        nets.append(CrosstabLine("net", "", name, counts, note=note, parts=parts))
    return nets
