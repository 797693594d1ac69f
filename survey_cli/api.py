"""Python interface: a study's data as Arrow, polars or pandas, queried with SQL, and its report as values."""

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
"""Options of DuckDB with which a query reads the registered tables alone: no files, no network, no Python variables."""
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
    """Return names of a list, or of a text with commas: `"quartiles,se"`."""
    if not isinstance(names, str):
        return tuple(names)
    return tuple(name.strip() for name in names.split(",") if name.strip())


@contextmanager
def _name_arguments() -> Iterator[None]:
    """Context manager in which errors name arguments, `where=`, instead of options of the command line."""
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

    Nothing is kept open: each conversion of rows reads the database as it is then, in one transaction. What an export
    would print as a warning is a Python warning. Raises `survey_cli.problems.UserError`.
    """

    def __init__(
        self, path: str | PathLike[str], *, db: str | None = None, people: str | None = None
    ) -> None:
        self.path = fspath(path)
        self._db, self._people = db, people
        with read_records(self.path, db=db, people=people) as records:
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
    ) -> Rows:
        """Return one row per interview: a column per variable of the questionnaire, the sample and the computes.

        `labels` gives labels instead of codes; `where` is a condition as in the questionnaire, such as `"q3 >= 2"`.
        `personal` names personal columns to include. These arguments mean the same everywhere.
        """
        return self._select("interviews", labels, where, personal, origin=origin, language=language)

    def answers(
        self,
        origin: OriginFilter = "real",
        labels: bool = False,
        where: str | None = None,
        *,
        language: str = "",
        personal: Sequence[str] = (),
    ) -> Rows:
        """Return one row per answer that counts, with times answered, changes, seconds and notes."""
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
        """Return one row per event of the interviews: answers, changes, moves, queries and notes."""
        return self._select("events", labels, where, personal, origin=origin, language=language)

    def cases(
        self,
        labels: bool = False,
        where: str | None = None,
        *,
        language: str = "",
        personal: Sequence[str] = (),
    ) -> Rows:
        """Return one row per case, with its AAPOR code, calls and sample columns; `where` is over these columns."""
        return self._select("cases", labels, where, personal, language=language)

    def calls(self, labels: bool = False, where: str | None = None, *, language: str = "") -> Rows:
        """Return one row per call, with its outcome and interviewer; `where` is over sample columns of the case."""
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
            )
            exported = "Python", options.describe_content()
            opened = read_records(self.path, db=self._db, people=self._people, exported=exported)
            with _name_arguments(), opened as records:
                data = query_table(records, options)
                for text in (*data.warnings, *data.differences):
                    warnings.warn(text, stacklevel=2)
                yield show_table_placeholders(data.table)

        return Rows(open_table, labels=labels)

    def sql(
        self, query: str, *, origin: OriginFilter = "real", labels: bool = False
    ) -> "duckdb.DuckDBPyRelation":
        """Return the result of a query over the tables `interviews`, `answers`, `cases`, `calls` and `events`.

        Only the tables that the query names are read. DuckDB runs it; its result has `.pl()`, `.df()`, `.arrow()`. The
        query reads and writes no files, uses no network, and loads no extensions.
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
        """Return the results of all items; `by` names the variables whose values are the columns of the banner.

        `options` are those of `survey report`: `items=["q3"]`, `where="q1 == 1"`, `origin="simulated"`, `language`,
        `valid`, `digits`, `threshold`, `rake="targets.csv"` and so on. Several names are a list, or a text with commas,
        as on the command line. Small counts are hidden as they are there.
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
    """Results of a study, which a notebook shows as a page. `results` has each item with its rows, figures and bases."""

    def __init__(self, results: "Results") -> None:
        self.results = results

    @property
    def figures(self) -> Rows:
        """One row per figure: item, answer, group and column of the banner, count, percentage, base, letters.

        Hidden figures have no number.
        """
        from survey_cli.documents.report.workbook import build_results_table

        return Rows(lambda: nullcontext(_convert_numbers(build_results_table(self.results))))

    def __str__(self) -> str:
        from survey_cli.documents.report.report_pages import render_results_markdown

        return render_results_markdown(self.results)

    def _repr_html_(self) -> str:
        from survey_cli.documents.report.report_pages import render_results_html

        page = escape(render_results_html(self.results))
        return f'<iframe srcdoc="{page}" title="Results" style="width: 100%; height: 40em; border: 0"></iframe>'


def _convert_numbers(table: Table) -> Table:
    """Return a table of texts with numbers in the columns of numbers."""
    from survey_cli.documents.report.workbook import ERROR_COLUMNS

    numbers = {*NUMBERS, *ERROR_COLUMNS} - {"difference_from"}
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
