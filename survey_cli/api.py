"""Python interface: a study's rows as Arrow, polars or pandas, SQL queries, and its report."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, tzinfo
from html import escape
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, Unpack, get_args

from survey_cli.exports.parquet import Rows
from survey_cli.permissions import Action
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.services.data.export_options import ExportOptions, OriginFilter, RowKind
from survey_cli.services.data.table_query import query_table
from survey_cli.services.run_on_study import read_records
from survey_cli.table.paradata import NOT_APPLICABLE
from survey_cli.table.table import Table, show_table_placeholders
from survey_cli.values import Cell

if TYPE_CHECKING:
    import duckdb

    from survey_cli.reports.results.report_model import Results

CLOSED_DATABASE: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
"""Options of DuckDB: a query reads only the registered tables, no files, network or variables."""
NUMBERS: Final = ("count", "percent", "base", "effective_base")
"""Columns of a report's figures that are numbers."""
LISTS: Final = ("by", "items", "statistics")
"""Options of a report that are several names."""


class ReportArguments(TypedDict, total=False):
    """The options of a report, as on the command line."""

    items: str | Sequence[str]
    where: str
    without_falsified: bool
    interviews: Literal["complete", "partial", "all"]
    origin: OriginFilter
    as_of: str
    at: datetime
    valid: bool
    digits: int
    threshold: int
    tests: bool | None
    level: float
    correction: Literal["none", "bonferroni", "fdr"]
    compare: Literal["pairs", "total"]
    percent: Literal["column", "row"]
    min_base: int
    statistics: str | Sequence[str]
    margins: bool
    errors: bool
    verbatims: bool
    cases: bool
    weighted: bool
    rake: str
    trim: str
    weight: str
    seed: int
    language: str
    zone: tzinfo | None


def _split_names(names: str | Sequence[str]) -> tuple[str, ...]:
    """Split names: a list, or a text with commas such as `"quartiles,se"`."""
    if not isinstance(names, str):
        return tuple(names)
    return tuple(name.strip() for name in names.split(",") if name.strip())


@contextmanager
def _name_arguments() -> Iterator[None]:
    """Context manager in which errors name arguments, `where=`, instead of options, `--where`."""
    try:
        yield
    except UserError as error:
        texts = (error.where, error.what, error.remedy)
        where, what, remedy = (re.sub("--([a-z-]+)", _name_argument, text) for text in texts)
        raise UserError(where, what, remedy, error.problems) from None


def _name_argument(option: re.Match[str]) -> str:
    return f"{option[1].replace('-', '_')}="


class Study:
    """A study that is open for reading. `survey_cli.open` makes it.

    >>> study = survey_cli.open("health.yaml")
    >>> study.languages
    ('en',)

    It keeps no database open: every conversion of rows reads the database as it is then, in one
    transaction. Warnings of an export are Python warnings. Errors are
    `survey_cli.problems.UserError`.
    """

    def __init__(
        self, path: str | PathLike[str], *, db: str | None = None, people: str | None = None
    ) -> None:
        self.path = fspath(path)
        self._db = db
        self._people = people
        with read_records(self.path, Action.READ_STATUS, db=db, people=people) as records:
            self.database = records.where
            self.title = str(records.instrument.title.get(records.instrument.language))
            self.version = records.instrument.version
            self.languages = tuple(records.instrument.languages)

    def __repr__(self) -> str:
        return f"<Study {self.title!r}, version {self.version!r}, {self.database}>"

    def interviews(
        self,
        origin: OriginFilter = "real",
        labels: bool = False,
        where: str | None = None,
        *,
        language: str = "",
        personal: Sequence[str] = (),
        recompute: bool = False,
    ) -> Rows:
        """Return one row per interview, with a column per variable.

        >>> rows = study.interviews("simulated", where="age >= 65", labels=True)
        >>> rows.to_polars()["health"].unique().sort().to_list()
        [None, 'fair', 'good', 'poor', 'very good']

        Variables are those of the questionnaire, the sample and the computes. `labels` gives labels
        instead of codes. `where` is a condition as in the questionnaire. `personal` names personal
        columns to include. These arguments mean the same everywhere. With `recompute`, interviews
        of an earlier edition of the language are computed as the questionnaire does now, as
        `survey export --recompute` does it; a warning says how many differ.
        """
        return self._select(
            "interviews",
            labels,
            where,
            personal,
            origin=origin,
            language=language,
            recompute=recompute,
        )

    def answers(
        self,
        origin: OriginFilter = "real",
        labels: bool = False,
        where: str | None = None,
        *,
        language: str = "",
        personal: Sequence[str] = (),
    ) -> Rows:
        """Return one row per answer that counts, with its changes, seconds and notes.

        >>> frame = study.answers("simulated", where="age >= 65").to_polars()
        >>> frame.filter(frame["item"] == "sleep")["seconds"].median()
        14.0
        """
        return self._select("answers", labels, where, personal, origin=origin, language=language)

    def events(
        self,
        origin: OriginFilter = "real",
        labels: bool = False,
        where: str | None = None,
        *,
        language: str = "",
        personal: Sequence[str] = (),
    ) -> Rows:
        """Return one row per event of the interviews: answers, changes, moves, queries and notes.

        >>> study.events("simulated").to_polars()["event"].unique().sort().to_list()[:3]
        ['answered', 'began', 'confirmed']
        """
        return self._select("events", labels, where, personal, origin=origin, language=language)

    def cases(
        self,
        labels: bool = False,
        where: str | None = None,
        *,
        language: str = "",
        personal: Sequence[str] = (),
    ) -> Rows:
        """Return one row per case, with its AAPOR code, calls and sample columns.

        >>> study.cases(where="district == 2").to_polars().height
        0

        `where` is a condition over the sample columns.
        """
        return self._select("cases", labels, where, personal, language=language)

    def calls(self, labels: bool = False, where: str | None = None, *, language: str = "") -> Rows:
        """Return one row per call, with its outcome and interviewer.

        >>> study.calls(where="district == 2").to_polars().height
        0

        `where` is a condition over the sample columns of the case.
        """
        return self._select("calls", labels, where, language=language)

    def _select(
        self,
        what: RowKind,
        labels: bool,
        where: str | None = None,
        personal: Sequence[str] = (),
        *,
        origin: OriginFilter = "real",
        language: str = "",
        recompute: bool = False,
    ) -> Rows:
        """Return rows that are read when they are used."""

        @contextmanager
        def open_table() -> Iterator[Table]:
            options = ExportOptions(
                what=what,
                where=where or "",
                personal=frozenset(personal),
                origin=origin,
                language=language,
                recompute=recompute,
            )
            exported = "Python", options.describe_content()
            opened = read_records(
                self.path,
                Action.EXPORT_DATA,
                db=self._db,
                people=self._people,
                exported=exported,
            )
            with _name_arguments(), opened as records:
                data = query_table(records, options)
                for text in (*data.warnings, *data.differences):
                    warnings.warn(text, stacklevel=2)
                yield show_table_placeholders(data.table)
                # how many interviews differ is known once the rows were read
                for values in data.recomputed:
                    warnings.warn(values.describe(), stacklevel=2)

        return Rows(open_table, labels=labels)

    def sql(
        self, query: str, *, origin: OriginFilter = "real", labels: bool = False
    ) -> "duckdb.DuckDBPyRelation":
        """Query the tables `interviews`, `answers`, `cases`, `calls` and `events` with SQL.

        >>> query = "SELECT sex, count(*) FROM interviews WHERE age >= 65 GROUP BY ALL ORDER BY 1"
        >>> study.sql(query, origin="simulated").fetchall()
        [(1, 45), (2, 51), (None, 3)]

        Only the tables that the query names are read. DuckDB runs the query. Its result has
        `.pl()`, `.df()` and `.arrow()`. A query can't read or write files, use the network, or load
        extensions.
        """
        try:
            import duckdb
        except ImportError as error:
            from survey_cli.installation import make_install_command

            raise UserError(
                "sql", "DuckDB is not installed", make_install_command("python")
            ) from error
        connection = duckdb.connect(config=CLOSED_DATABASE)
        for name in get_args(RowKind):
            if re.search(rf"\b{name}\b", query, re.IGNORECASE):
                connection.register(name, self._select(name, labels, origin=origin).to_arrow())
        connection.execute("SET lock_configuration = true")
        return connection.sql(query)

    def report(self, by: str | Sequence[str] = (), **options: Unpack[ReportArguments]) -> "Report":
        """Compute the results of all items, or of those in `items`.

        >>> report = study.report(by="sex", items=["health"], origin="simulated")
        >>> report.results.items[0].label
        'Health in general'

        `by` names the variables whose values are the columns of the banner. `options` are those of
        `survey report`: `where="age >= 65"`, `language`, `valid`, `digits`, `threshold`,
        `rake="targets.csv"` and so on. Several names are a list, or a text with commas. Small
        counts are hidden as in `survey report`.
        """
        from survey_cli.services.report.results_report import ReportOptions, build_results_report

        given: dict[str, Any] = {**options, "by": by}
        if "tests" in given:
            given["inference"] = given.pop("tests")
        known = ReportArguments.__annotations__.keys() | {"by", "inference"}
        for name in given:
            if name not in known:
                remedy = suggest_nearest(name, known, otherwise="see survey report --help")
                raise UserError(f"{name}=", "a report has no such option", remedy)
        for name in LISTS:
            if name in given:
                given[name] = _split_names(given[name])
        report_options = ReportOptions(db=self._db, people=self._people, **given)
        with _name_arguments():
            return Report(build_results_report(self.path, report_options))


class Report:
    """Results of a study, which a notebook shows as a page.

    >>> report = study.report(items=["health"], origin="simulated")
    >>> [row.label for row in report.results.items[0].rows]
    ['very good', 'good', 'fair', 'poor', "Don't know", 'Refused', 'Good']

    `results` has the items with their rows, figures and bases. `str(report)` is the report as
    Markdown.
    """

    def __init__(self, results: "Results") -> None:
        self.results = results

    @property
    def figures(self) -> Rows:
        """One row per figure, with item, answer, group and column of the banner.

        >>> frame = report.figures.to_polars()
        >>> frame.select("answer", "count").rows()[:2]
        [('very good', 42.0), ('good', 45.0)]

        A figure has a count, a percentage, a base and letters. Hidden figures have no number.
        """
        from survey_cli.documents.report.workbook import build_results_table

        return Rows(lambda: nullcontext(_convert_numbers(build_results_table(self.results))))

    def __str__(self) -> str:
        from survey_cli.documents.report.report_pages import render_results_markdown

        return render_results_markdown(self.results)

    def _repr_html_(self) -> str:
        from survey_cli.documents.report.report_pages import render_results_html

        page = escape(render_results_html(self.results))
        style = "width: 100%; height: 40em; border: 0"
        return f'<iframe srcdoc="{page}" title="Results" style="{style}"></iframe>'


def _convert_numbers(table: Table) -> Table:
    """Convert the columns of a table of texts that hold numbers."""
    from survey_cli.documents.report.workbook import ERROR_COLUMNS, QUANTILE_COLUMN, TOTAL_COLUMNS

    numbers = {*NUMBERS, *ERROR_COLUMNS, QUANTILE_COLUMN, *TOTAL_COLUMNS} - {"difference_from"}
    are_numbers = [variable.name in numbers for variable in table.variables]

    def convert(cell: Cell, is_number: bool) -> Cell:
        if not is_number:
            return str(cell)
        return NOT_APPLICABLE if cell == "" else float(str(cell))

    variables = tuple(
        replace(v, storage="decimal") if v.name in numbers else v for v in table.variables
    )
    rows = [tuple(map(convert, row, are_numbers)) for row in table.iterate_cells()]
    return replace(table, variables=variables, rows=rows)
