"""Report tables of a questionnaire's text and of answers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from support.scenario import instrument
from survey_cli.instrument.analysis import read_analysis
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.source.load import load_source_text
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD
from survey_cli.reports.results.batteries import build_batteries
from survey_cli.reports.results.column_groups import ReportColumns
from survey_cli.reports.results.crosstab import Crosstab, ResultOptions
from survey_cli.reports.results.groupings import build_grouping
from survey_cli.reports.results.linked_tables import build_tables
from survey_cli.reports.results.questions import list_questions
from survey_cli.reports.results.report_model import Battery, ItemResult, ResultColumn
from survey_cli.reports.results.result_tables import build_item_result
from survey_cli.reports.results.small_columns import merge_small_columns
from survey_cli.reports.results.table_notes import build_column_notes
from survey_cli.reports.weighting.answer_counts import AnswerColumns, Grouping
from survey_cli.table.columns import build_columns
from survey_cli.table.table import Table
from survey_cli.values import NOT_ASKED, Cell

OPEN = ResultOptions(threshold=0)
"""Nothing is hidden."""


class Report:
    """The results of one questionnaire under some options."""

    def __init__(
        self,
        text: str,
        rows: Sequence[Mapping[str, Cell]],
        *,
        options: ResultOptions = OPEN,
        by: Sequence[str] = (),
        weights: Sequence[Fraction] | None = None,
        asked: Mapping[str, str] | None = None,
        analysis: str = "",
        columns_threshold: int | None = None,
        merge_columns: bool = False,
    ) -> None:
        made = instrument(text)
        if analysis:
            read, problems = read_analysis(load_source_text(analysis, "x.analysis.yaml"), made)
            assert problems == []
            made = read.instrument
            rows = [compute_variables(made, row) for row in rows]
        self.instrument = made
        self.variables = build_columns(made)
        cells = [tuple(row.get(v.name, NOT_ASKED) for v in self.variables) for row in rows]
        self.answers = AnswerColumns.from_table(
            Table(variables=self.variables, rows=cells)
        ).with_weights(weights)
        self.options = options
        listed, self.heads = list_questions(made, self.variables, asked=asked)
        self.groupings: list[Grouping] = []
        merged_below = options.layout_threshold if columns_threshold is None else columns_threshold
        for name in by:
            grouping = build_grouping(
                self.answers,
                self.answers.variables[name],
                min_base=options.min_base,
                threshold=merged_below,
            )
            assert isinstance(grouping, Grouping)
            self.groupings.append(grouping)
        if merge_columns:
            decisive = replace(options, threshold=DEFAULT_THRESHOLD, valid=False)
            build = partial(build_tables, listed, self.answers, options=decisive)
            self.groupings = merge_small_columns(self.groupings, build)
        self.tables: list[Crosstab] = build_tables(listed, self.answers, self.groupings, options)

    def __getitem__(self, id: str) -> ItemResult:
        table = next(t for t in self.tables if t.question.id == id)
        return build_item_result(table, self.printed, interviews=self.answers.interviews)

    @property
    def items(self) -> list[ItemResult]:
        return [self[table.question.id] for table in self.tables]

    @property
    def printed(self) -> ReportColumns:
        return ReportColumns(self.groupings, self.options)

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        return self.printed.headings

    @property
    def notes(self) -> list[str]:
        weighted = self.answers.weights is not None
        return build_column_notes(self.items, self.printed, weighted=weighted)

    def battery(self, id: str) -> Battery:
        return next(b for b in build_batteries(self.heads, self.items) if b.id == id)

    def texts(self, id: str) -> dict[str, tuple[str, str]]:
        """Return count and percentage by label."""
        return {row.label: (row.total.count_text, row.total.percent_text) for row in self[id].rows}

    def lines(self, id: str) -> dict[str, list[tuple[str, str]]]:
        """Return count and percentage in each column, by label; without rows that are not shown by column."""
        rows = [row for row in self[id].rows if len(row.figures) == len(self.columns)]
        return {row.label: [(f.count_text, f.percent_text) for f in row.figures] for row in rows}


def compute_variables(made: Instrument, row: Mapping[str, Cell]) -> dict[str, Cell]:
    """An interview's answers with the variables of its analysis file."""
    computed: dict[str, Cell] = dict(row)
    for name, compute in made.computes.items():
        known = Known({**dict.fromkeys(made.items, NOT_ASKED), **computed})
        computed[name] = compute.conditions[""].evaluate(known)
    return {name: int(cell) if isinstance(cell, bool) else cell for name, cell in computed.items()}


def people(name: str, **counts: int) -> list[dict[str, Cell]]:
    """`people("q", _1=2, _2=16)`: so many with each code."""
    return [{name: int(code[1:])} for code, n in counts.items() for _ in range(n)]
