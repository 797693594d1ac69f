"""Cross-tabulation of one question: exact weighted counts by column, and hidden cells.

It computes no percentages.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import chain, groupby
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.amounts import Interval
from survey_cli.instrument.number_ranges import contain, find_limits
from survey_cli.instrument.schema.document import StudySpec
from survey_cli.reports.disclosure.suppression import BASE, CellPosition
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD
from survey_cli.reports.results.bins import build_bins
from survey_cli.reports.results.open_amounts import OpenAmount, find_bound, list_open_amounts
from survey_cli.reports.results.open_limits import weigh_open_limits
from survey_cli.reports.results.questions import (
    MAX_POINTS,
    UNASKED_KINDS,
    AnswerPoint,
    ReportQuestion,
    get_missing_kind,
)
from survey_cli.reports.results.report_model import RowKind, Side
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting import answer_counts
from survey_cli.reports.weighting.answer_counts import (
    DEFAULT_LEVEL,
    AnswerKey,
    ColumnCounts,
    WeightedCount,
)
from survey_cli.reports.weighting.significance import Correction
from survey_cli.values import Cell

if TYPE_CHECKING:
    from survey_cli.reports.weighting.design_errors import QuestionDesign

MAX_FREQUENT: Final = 20
"""Answers of a long list that have a line of their own: the most frequent ones."""
SMALL_BASE: Final = 30
"""A base of fewer interviews is marked as unreliable, and its column is compared with no other."""


Units: TypeAlias = Literal["known", "anonymous"]
"""`known`: a reader may know who was interviewed.

`anonymous`: a sample of people nobody can name.
"""
ANONYMOUS_SHARE: Final = Fraction(1, 10)
"""The largest share of the population of which a sample is anonymous."""


def choose_units(study: StudySpec, selected: int) -> Units:
    """Return what disclosure control assumes; `selected` is the number of units in the sample.

    A reader may know who was interviewed if nothing is declared, or if too much of the population
    was selected.
    """
    if study.units == "anonymous" and is_small_sample(study, selected):
        return "anonymous"
    return "known"


def is_small_sample(study: StudySpec, selected: int) -> bool:
    """Return whether the population is unknown, or large enough for an anonymous sample."""
    return study.size is None or selected <= ANONYMOUS_SHARE * study.size


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """Options of result tables."""

    valid: bool = False
    """Percentages of those with an answer: without declines and volunteered answers in rows and
    bases."""
    threshold: int = DEFAULT_THRESHOLD
    """Counts of fewer people are hidden; 0 or 1 hides nothing."""
    units: Units = "known"
    """Whether a reader may know who was interviewed, which decides what the threshold protects."""
    digits: int = 0
    """Decimals of percentages."""
    population: int | None = None
    """Number of units in the population, for its correction of variances; None if not known."""
    census: bool = False
    """Whether the whole population was selected."""
    inference: bool | None = None
    """Run significance tests; None runs them unless the whole population was selected."""
    margins: bool = False
    """Print margins of error with each item."""
    errors: bool = False
    """Print the precision of each figure under the design of the sample."""
    seed: int = 1
    """Seed of tests that draw tables."""
    level: float = DEFAULT_LEVEL
    """Confidence level of tests, margins and intervals."""
    correction: Correction = "bonferroni"
    """Correction of letters for the number of comparisons in a table."""
    percent: Literal["column", "row"] = "column"
    """What percentages by column are of."""
    statistics: tuple[str, ...] = ()
    """Further statistics: `quartiles`, `se` of numbers and scales; `totals` of the population."""
    min_base: int = 0
    """Columns with fewer interviews are merged or left out."""

    @property
    def has_tests(self) -> bool:
        if self.inference is None:
            return not self.census
        return self.inference

    @property
    def has_letters(self) -> bool:
        """Whether letters compare columns. Shares of rows are not compared."""
        return self.has_tests and self.percent != "row"

    @property
    def layout_threshold(self) -> int:
        """The people that a range needs.

        It is the same for all thresholds: a report with other ranges would reveal counts.
        """
        return DEFAULT_THRESHOLD if self.threshold > 1 else 0

    @property
    def parts_threshold(self) -> int:
        """The threshold for sizes of groups, which reveal no answer in an anonymous sample."""
        return 0 if self.units == "anonymous" else self.threshold

    @property
    def least_column(self) -> int:
        """Columns with fewer interviews are merged or left out."""
        if self.units == "anonymous" and self.threshold > 1:
            return max(self.min_base, self.threshold)
        return self.min_base

    def compute_population_correction(self, interviews: int) -> Fraction:
        """Return the finite population correction of a variance: the share not interviewed."""
        if not self.population:
            return Fraction(1)
        return max(Fraction(0), 1 - Fraction(interviews, self.population))


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
    in_means: bool = False
    """Whether the answer has a number on a scale that counts in means."""
    keys: frozenset[AnswerKey] = frozenset()
    """The answers in the line."""
    is_coarse: bool = False
    """Whether it is a net made by the report, shown only by column and in place of its parts."""
    limits: tuple[Fraction, Fraction | None] | None = None
    """The first and the last number of a range; the last is None in `90 or more`."""

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
    numbers: Mapping[AnswerKey, Fraction] = field(default_factory=dict)
    """The number of each answer that counts in means."""
    open_amounts: Mapping[Fraction, OpenAmount] = field(default_factory=dict)
    """The numbers among them that stand for an interval: "97 or older"."""
    open_limits: Mapping[Interval, int] = field(default_factory=dict)
    """The weights of a bracket's declines, by what their steps have left of the amount."""
    keys: frozenset[AnswerKey] = frozenset()
    """The answers in the base."""
    hidden: frozenset[CellPosition] = frozenset()
    design: "QuestionDesign | None" = None
    """The answers under the design of the sample; None unless errors are requested."""
    unit: int = 1
    """The weight of one unweighted interview in the counts; 1 if nothing is weighted."""
    is_valid: bool = False
    """Whether it only counts people with an answer: neither declines nor volunteered answers."""

    @property
    def is_weighted(self) -> bool:
        return self.unit != 1

    def is_hidden(self, row: int, column: int) -> bool:
        return CellPosition(row, column) in self.hidden

    def is_base_hidden(self, column: int) -> bool:
        return CellPosition(BASE, column) in self.hidden

    def is_unknown(self, position: CellPosition) -> bool:
        """Return whether a share is not shown or, in the row of the bases, a mean."""
        row, column = position
        if row == BASE:
            return self.is_mean_hidden(column)
        return position in self.hidden or self.is_base_hidden(column)

    def has_hidden(self, column: int) -> bool:
        """Return whether any figure of a column is hidden."""
        return any(position.column == column for position in self.hidden)

    def count_hidden(self) -> tuple[int, int]:
        """Return the number of hidden counts and bases, and the number of all."""
        return len(self.hidden), (len(self.lines) + 1) * len(self.bases)

    def is_mostly_hidden(self, rows: Sequence[int], columns: Sequence[int]) -> bool:
        """Return whether more shares are hidden than shown; in the total, whether all counts are.

        Shown zeros don't count. A hidden zero counts as hidden: a reader can't tell it from other
        hidden counts. By column, declines and volunteered answers don't count: a table that hides
        only these is worth reading.
        """
        positions = [CellPosition(row, column) for row in rows for column in columns]
        if list(columns) == [0]:
            filled = [
                position for position in positions if self.lines[position.row].counts[0].people
            ]
            return bool(filled) and all(position in self.hidden for position in filled)

        asides = ("decline", "volunteered")
        counted = [
            position for position in positions if self.lines[position.row].kind not in asides
        ]
        hidden = 0
        shown = 0
        for position in counted or positions:
            if self.is_unknown(position):
                hidden += 1
            elif self.lines[position.row].counts[position.column].people:
                shown += 1
        return hidden > shown

    def gives_up_details(self, columns: Sequence[int]) -> bool:
        """Return whether most details would be hidden in these columns, or most of all rows."""
        if self.is_mostly_hidden(self.detail_rows, columns):
            return True
        all_rows = range(len(self.lines))
        return self.is_mostly_hidden(all_rows, columns)

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

        These are all rows; only nets, if it gives up its details; or none, if most nets are hidden
        too, or all bases.
        """
        if columns and all(self.is_base_hidden(column) for column in columns):
            return []
        if not self.gives_up_details(columns):
            return list(range(len(self.lines)))
        if self.is_mostly_hidden(self.net_rows, columns):
            return []
        return self.net_rows

    def is_mean_hidden(self, column: int) -> bool:
        """Return whether any count behind the mean is hidden, since the mean would disclose it."""
        if self.is_base_hidden(column):
            return True
        is_number = self.question.kind == "number"
        for row, line in enumerate(self.lines):
            is_in_mean = line.in_means or (is_number and line.kind != "decline")
            if is_in_mean and self.is_hidden(row, column):
                return True
        return False


def coarsen(table: Crosstab) -> Crosstab:
    """Add the sides of a scale, or the halves of ranges, as nets to a table that has none."""
    if table.net_rows:
        return table
    sides = [(row, line.side) for row, line in enumerate(table.lines) if line.side != "apart"]
    if not sides:
        ranges = [row for row, line in enumerate(table.lines) if line.kind == "range"]
        sides = [
            (row, "left" if place < len(ranges) / 2 else "right")
            for place, row in enumerate(ranges)
        ]
    nets = []
    for _, group in groupby(sides, key=lambda pair: pair[1]):
        parts = tuple(row for row, _ in group)
        if len(parts) > 1:
            nets.append(_make_coarse_net(table, parts))
    return replace(table, lines=(*table.lines, *nets))


def _make_coarse_net(table: Crosstab, parts: tuple[int, ...]) -> CrosstabLine:
    """Make a net of neighboring rows, labeled by the first and the last of them."""
    lines = [table.lines[row] for row in parts]
    columns = zip(*(line.counts for line in lines), strict=True)
    return CrosstabLine(
        kind="net",
        code="",
        label=f"{lines[0].label} … {lines[-1].label}",
        counts=tuple(answer_counts.sum_counts(counts) for counts in columns),
        note=" + ".join(line.code for line in lines if line.code),
        parts=parts,
        keys=frozenset[AnswerKey]().union(*(line.keys for line in lines)),
        is_coarse=True,
    )


def select_valid(table: Crosstab) -> Crosstab:
    """Return the table of those with an answer: without declines and volunteered answers.

    A multiple keeps its volunteered options, whose people may have chosen others too. A base of
    those with an answer is shown only if it follows from the counts that are shown: the difference
    between it and the base would otherwise be the number of those without one. Without the base of
    the total, or of most columns, the table is returned as it is.
    """
    missing = _list_missing_rows(table)
    kept = [row for row in table.detail_rows if row not in missing]
    columns = range(len(table.bases))
    shown_bases = [column for column in columns if not table.is_base_hidden(column)]
    underivable = [
        column
        for column in shown_bases
        if not _is_valid_base_derivable(table, missing, kept, column)
    ]
    if 0 in underivable or 2 * len(underivable) > len(table.bases):
        return table

    # What is hidden stays hidden, under the new numbers of the rows.
    number_of = {row: number for number, row in enumerate(kept)}
    lines = [table.lines[row] for row in kept]
    hidden = {CellPosition(BASE, column) for column in underivable}
    hidden |= {position for position in table.hidden if position.row == BASE}
    hidden |= {
        CellPosition(number_of[row], column) for row, column in table.hidden if row in number_of
    }

    for row in table.net_rows:
        net = table.lines[row]
        parts = tuple(part for part in net.parts if part in number_of)
        dropped = [part for part in net.parts if part in missing]
        if not parts:
            continue
        for column in columns:
            # The net without its dropped parts is shown only to whoever can compute it: by
            # subtracting them, or by adding up the parts that remain.
            is_difference_shown = not any(table.is_hidden(r, column) for r in (row, *dropped))
            is_sum_shown = table.question.kind != "multiple" and not any(
                table.is_hidden(part, column) for part in parts
            )
            if not is_difference_shown and not (dropped and is_sum_shown):
                hidden.add(CellPosition(len(lines), column))
        note = net.note
        if dropped:
            note = " + ".join(table.lines[part].code for part in parts)
        lines.append(
            net._replace(
                counts=_subtract_rows(table, net.counts, dropped),
                keys=net.keys.difference(*(table.lines[part].keys for part in dropped)),
                parts=tuple(number_of[part] for part in parts),
                note=note,
            )
        )

    dropped_keys = frozenset[AnswerKey]().union(*(table.lines[row].keys for row in missing))
    numbers = {key: value for key, value in table.numbers.items() if key not in dropped_keys}
    remaining = set(numbers.values())
    return replace(
        table,
        lines=tuple(lines),
        bases=_subtract_rows(table, table.bases, missing),
        values=tuple((value, counts) for value, counts in table.values if value in remaining),
        numbers=numbers,
        keys=table.keys - dropped_keys,
        hidden=frozenset(hidden),
        is_valid=True,
    )


def _list_missing_rows(table: Crosstab) -> list[int]:
    """Return the rows of declines and volunteered answers, which are no answer to the question."""
    question = table.question
    volunteered: set[str] = set()
    if question.kind != "multiple":
        volunteered = {str(point.code) for point in question.points if point.volunteered}
    missing = []
    for row in table.detail_rows:
        line = table.lines[row]
        is_volunteered = line.kind != "decline" and line.code in volunteered
        if line.kind == "decline" or is_volunteered:
            missing.append(row)
    return missing


def _is_valid_base_derivable(
    table: Crosstab, missing: Sequence[int], kept: Sequence[int], column: int
) -> bool:
    """Return whether the number of those with an answer follows from the counts that are shown."""
    # It is the base less those without an answer, or the sum of the answers.
    if not any(table.is_hidden(row, column) for row in missing):
        return True
    adds_up = table.question.kind != "multiple"
    return adds_up and not any(table.is_hidden(row, column) for row in kept)


def _subtract_rows(table: Crosstab, counts: ColumnCounts, rows: Collection[int]) -> ColumnCounts:
    """Subtract the counts of some rows column by column."""
    remaining = list(counts)
    for row in rows:
        for column, count in enumerate(table.lines[row].counts):
            remaining[column] = remaining[column].subtract(count)
    return tuple(remaining)


@dataclass(frozen=True, slots=True)
class _CountedAnswers:
    """The counts by answer from which the lines of one question are built."""

    question: ReportQuestion
    options: ResultOptions
    width: int
    """Number of columns of the table."""
    counts: dict[AnswerKey, ColumnCounts] = field(default_factory=dict)
    """The counts of answers and declines."""
    answered: dict[AnswerKey, tuple[Cell, ...]] = field(default_factory=dict)
    """The answers, each with a cell per column of the question."""

    def sum_columns(self, keys: Collection[AnswerKey]) -> ColumnCounts:
        """Add up the counts of answers column by column."""
        if not keys:
            return (WeightedCount(),) * self.width
        columns = zip(*(self.counts[key] for key in keys), strict=True)
        return tuple(answer_counts.sum_counts(counts) for counts in columns)

    def count_people(self, keys: Collection[AnswerKey]) -> int:
        """Return the number of people with any of these answers."""
        return sum(self.counts[key][0].people for key in keys)

    def make_line(
        self,
        kind: RowKind,
        code: str,
        label: str,
        keys: Collection[AnswerKey],
        side: Side = "apart",
        note: str = "",
    ) -> CrosstabLine:
        """Make the line of these answers."""
        return CrosstabLine(
            kind, code, label, self.sum_columns(keys), side, note, keys=frozenset(keys)
        )

    def list_mentions(self, positions: Collection[int]) -> list[AnswerKey]:
        """List the answers that mention any of these options."""
        return [
            key for key, cells in self.answered.items() if any(cells[i] == 1 for i in positions)
        ]


def tabulate(
    question: ReportQuestion,
    answers: answer_counts.AnswerColumns,
    groupings: Sequence[answer_counts.Grouping],
    options: ResultOptions,
) -> Crosstab:
    """Count the answers to one question, declines included, with nothing hidden.

    Interviews in which it was not asked, or not reached, are in no line and no base.
    """
    width = 1 + sum(len(grouping.part_labels) for grouping in groupings)
    counted = _CountedAnswers(question, options, width)
    cells_of_columns = [answers.read_cells(name) for name in question.columns]
    declined: dict[str, list[AnswerKey]] = {}
    keys = answers.iterate_keys(question.columns)
    for key, counts in answers.count(keys, groupings).items():
        texts = key if isinstance(key, tuple) else (key,)
        cells = tuple(
            cells_by_text[text] for cells_by_text, text in zip(cells_of_columns, texts, strict=True)
        )

        kind = get_missing_kind(cells[0])
        if kind in UNASKED_KINDS:
            continue
        counted.counts[key] = counts
        if kind:
            declined.setdefault(kind, []).append(key)
        else:
            counted.answered[key] = cells

    lines: list[CrosstabLine] = []
    numbers: dict[AnswerKey, Fraction] = {}
    match question.kind:
        case "multiple":
            lines = _count_mentions(counted)
        case "number" | "date":
            lines, numbers = _count_numbers(counted)
        case "words" | "time":
            if counted.answered:
                label = translate("Answered")
                lines = [counted.make_line("answer", "", label, counted.answered)]
        case _:
            lines, numbers = _count_answers(counted)

    # Declines with a label in their order, then others.
    declines = question.variable.declines
    for kind in dict.fromkeys([*declines, *sorted(declined)]):
        if kind in declined:
            code, label = declines.get(kind, ("", kind))
            lines.append(counted.make_line("decline", str(code), label, declined[kind]))
    lines += _count_nets(counted, lines)

    open_limits: dict[Interval, int] = {}
    if question.is_bracket:
        open_limits = weigh_open_limits(question, answers)

    # Means need counts by number, whatever text it has in the data.
    keys_by_value: dict[Fraction, list[AnswerKey]] = {}
    for key, value in numbers.items():
        keys_by_value.setdefault(value, []).append(key)
    return Crosstab(
        question=question,
        lines=tuple(lines),
        bases=counted.sum_columns(counted.counts),
        values=tuple(
            (value, counted.sum_columns(keys)) for value, keys in sorted(keys_by_value.items())
        ),
        numbers=numbers,
        open_amounts=list_open_amounts(question, set(numbers.values())),
        open_limits=open_limits,
        keys=frozenset(counted.counts),
        unit=answers.unit,
    )


def _count_answers(
    counted: _CountedAnswers,
) -> tuple[list[CrosstabLine], dict[AnswerKey, Fraction]]:
    """Build a line per option, chosen or not, then one per other code, then volunteered answers.

    A long list has lines for the codes that were answered most often, and a line for the rest.
    Returns the lines, and the numbers of answers in means.
    """
    question = counted.question
    by_code: dict[Cell, list[AnswerKey]] = {}
    for key, cells in counted.answered.items():
        by_code.setdefault(cells[0], []).append(key)

    lines: list[CrosstabLine] = []
    volunteered: list[CrosstabLine] = []
    numbers: dict[AnswerKey, Fraction] = {}
    for point in question.points:
        keys = by_code.pop(point.code, [])
        if point.volunteered:
            line = counted.make_line(
                "volunteered", str(point.code), point.label, keys, point.side, "volunteered"
            )
            volunteered.append(line)
            continue
        line = counted.make_line("answer", str(point.code), point.label, keys, point.side)
        number = _find_number(question, point)
        if number is not None:
            line = line._replace(in_means=True)
            numbers |= dict.fromkeys(keys, number)
        lines.append(line)

    # What is left are codes that are no point: all of a long list, and those without a label.
    labels = question.variable.labels
    rest: list[list[AnswerKey]] = []
    if len(labels) > MAX_POINTS:
        by_frequency = sorted(by_code, key=lambda code: -counted.count_people(by_code[code]))
        rest = [by_code[code] for code in by_frequency[MAX_FREQUENT:]]
        by_code = {code: by_code[code] for code in by_frequency[:MAX_FREQUENT]}

    for code, keys in by_code.items():
        label = labels.get(code) if isinstance(code, int | str) else None
        lines.append(counted.make_line("answer", str(code), label or str(code), keys))
    if rest:
        label = translate("{n} other answers", n=len(rest))
        lines.append(counted.make_line("answer", "", label, list(chain.from_iterable(rest))))
    return [*lines, *volunteered], numbers


def _find_number(question: ReportQuestion, point: AnswerPoint) -> Fraction | None:
    """Return the number of an answer in means; None if they leave it out."""
    amounts = question.amounts
    has_mean = question.kind == "scale" or question.has_amounts
    if not has_mean or point.missing or not isinstance(point.code, int):
        return None
    if amounts is None:
        return Fraction(point.code)
    return find_bound(amounts, point.code)


def _count_mentions(counted: _CountedAnswers) -> list[CrosstabLine]:
    """Build a line per option of a multiple, and one for mentioning none if that is an answer."""
    lines = []
    for position, point in enumerate(counted.question.points):
        note = "volunteered" if point.volunteered else ""
        keys = counted.list_mentions([position])
        lines.append(counted.make_line("mention", str(point.code), point.label, keys, note=note))
    if counted.question.allows_none:
        none = [key for key, cells in counted.answered.items() if 1 not in cells]
        lines.append(counted.make_line("mention", "", translate("None mentioned"), none))
    return lines


def _count_numbers(
    counted: _CountedAnswers,
) -> tuple[list[CrosstabLine], dict[AnswerKey, Fraction]]:
    """Count ranges of numbers, or years of dates.

    Numbers with labels have lines of their own, and count in means if they are within the
    question's limits. Returns the lines, and the numbers of answers in means.
    """
    question = counted.question
    is_number = question.kind == "number"
    labels = {point.code: point.label for point in question.points}
    by_value: dict[Fraction, list[AnswerKey]] = {}
    for key, cells in counted.answered.items():
        by_value.setdefault(_read_number(cells[0]), []).append(key)

    unlabeled = {value: keys for value, keys in by_value.items() if value not in labels}
    least, most = find_limits(question.ranges)
    bins = build_bins(
        {value: counted.count_people(keys) for value, keys in unlabeled.items()},
        decimals=question.variable.decimals if is_number else 0,
        threshold=counted.options.layout_threshold,
        least=_read_limit(least),
        most=_read_limit(most),
        plain=question.kind == "date",
    )

    keys_by_bin: dict[int, list[AnswerKey]] = {}
    lower_edges = [number_range.low for number_range in bins]
    for value, keys in unlabeled.items():
        keys_by_bin.setdefault(bisect_right(lower_edges, value) - 1, []).extend(keys)
    lines = []
    for position, number_range in enumerate(bins):
        keys = keys_by_bin.get(position, [])
        line = counted.make_line("range", "", number_range.label, keys)
        lines.append(line._replace(limits=(number_range.low, number_range.last)))

    in_means = dict(unlabeled) if is_number else {}
    lowest_lines = []
    for code, label in labels.items():
        if not isinstance(code, int):
            lines.append(counted.make_line("answer", str(code), label, []))
            continue
        number = Fraction(code)
        keys = by_value.get(number, [])
        line = counted.make_line("answer", str(code), label, keys)
        bound: Fraction | None = None
        if is_number:
            bound = _find_labeled_number(question, code)
        if bound is not None:
            in_means[bound] = [*in_means.get(bound, ()), *keys]

        # "None" is read before "1–4", although its code is 88
        if bound == number and bins and number < bins[0].low:
            lowest_lines.append(line)
        else:
            lines.append(line)
    lines = [*lowest_lines, *lines]
    return lines, {key: value for value, keys in in_means.items() for key in keys}


def _find_labeled_number(question: ReportQuestion, code: int) -> Fraction | None:
    """Return what a number with a label counts as in means; None if they leave it out."""
    amounts = question.amounts
    if amounts is not None:
        if code in amounts.by_code:
            return find_bound(amounts, code)
        if code in amounts.values.values():  # the 0 of "None"
            return Fraction(code)
    if code in question.variable.user_missing:
        return None
    # A labeled number outside of the ranges is a code, and no amount.
    if contain(question.ranges, code):
        return Fraction(code)
    return None


def _read_limit(limit: float | None) -> Fraction | None:
    """Return a limit as it is written: 0.1 is a tenth."""
    return None if limit is None else Fraction(repr(limit))


def _read_number(cell: Cell) -> Fraction:
    match cell:
        case date():
            return Fraction(cell.year)
        case str():
            # A partial date begins with its year.
            return Fraction(cell[:4])
        case float():
            return Fraction(repr(cell))
        case int():
            return Fraction(cell)
        case _:
            raise ValueError(f"no number: {cell!r}")


def _count_nets(counted: _CountedAnswers, lines: Sequence[CrosstabLine]) -> list[CrosstabLine]:
    """Build a line per net.

    A person who mentioned several of its options, in a multiple, counts once.
    """
    rows = {
        line.code: row
        for row, line in enumerate(lines)
        if line.kind in ("answer", "volunteered", "mention")
    }
    nets = []
    for name, codes in counted.question.nets:
        parts = tuple(rows[str(code)] for code in codes if str(code) in rows)
        if not parts:
            continue
        if counted.question.kind == "multiple":
            points = enumerate(counted.question.points)
            keys = counted.list_mentions([i for i, point in points if point.code in codes])
        else:
            keys = list(chain.from_iterable(lines[row].keys for row in parts))
        note = " + ".join(lines[row].code for row in parts)
        net = counted.make_line("net", "", name, keys, note=note)
        nets.append(net._replace(parts=parts))
    return nets
