"""Results for programs that compute: an Excel workbook, and one long table with a row per figure.

In the workbook, figures are numbers and texts stay texts. It needs the extra `excel`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.documents.report import report_layout as layout
from survey_cli.documents.text_runs import flatten
from survey_cli.exports.excel import report_full_disk
from survey_cli.exports.xml_elements import replace_illegal
from survey_cli.reports.results.report_model import ItemResult, Results
from survey_cli.reports.rounding import format_decimal
from survey_cli.reports.texts import translate, use_language
from survey_cli.reports.weighting.answer_counts import DesignError, DesignEstimate
from survey_cli.table.table import Table
from survey_cli.values import Variable

# Where a type is ignored below, the types of openpyxl allow for None, a sheet of charts or merged
# cells. A sheet that was just made has none of them.
if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

LABEL_WIDTH: Final = 60
"""Width of the column of labels in characters."""
NAME_WIDTH: Final = 28
FIGURE_WIDTH: Final = 14
MAX_PORTRAIT_COLUMNS: Final = 4
"""Maximum number of figure columns on a portrait page."""
PRINTED_NUMBER: Final = re.compile(r"-?\d[\d,]*(\.\d+)?", re.ASCII)
"""A number that is known only as text."""
MAX_TITLE_LENGTH: Final = 31
"""Maximum length of a sheet's title."""
RATE_DECIMALS: Final = 1
MAX_CELL_LENGTH: Final = 32_767
"""Maximum length of a cell in characters."""


def write_results_xlsx(results: Results, path: Path) -> None:
    """Write the report into this file: sheets with methods, results, weights and rates."""
    with use_language(results.language):
        report_full_disk(lambda: _write(results, path))


def _write(results: Results, path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.properties.title = replace_illegal(flatten(results.title))
    book.properties.creator = ""
    _write_methods(book, results)
    _write_items(book, results)
    for part in layout.build_appendix(results):
        sheet = _SheetWriter(book.create_sheet(), part.title)
        sheet.add_lines(part.lines)
        if part.grid is not None:
            sheet.add_grid(part.grid)
        sheet.add_lines(part.notes)
    book.save(path)


def _write_methods(book: "Workbook", results: Results) -> None:
    """Write the first sheet: what has to be known to read the others."""
    # A new book has a sheet for cells, which openpyxl's types don't promise.
    methods = _SheetWriter(book.active, translate("Methods"))  # type: ignore[arg-type]
    methods.set_width("A", NAME_WIDTH)
    methods.set_width("B", LABEL_WIDTH)
    methods.add_line([translate("Results"), flatten(results.title)], strong=True)
    methods.add_line(["", layout.describe_edition(results)])
    for filter_note in results.filter_notes:
        methods.add_line(["", filter_note], strong=True)
    for warning in results.warnings:
        methods.add_line([translate("Read this first"), warning], strong=True)
    for finding in results.findings:
        methods.add_line([translate(layout.FINDINGS_TITLE), finding])
    methods.add_line([translate(layout.METHODS_TITLE)], strong=True)
    for line in results.methods:
        methods.add_line([line.label, flatten(line.text)])
    methods.add_line([translate(layout.READING_TITLE)], strong=True)
    for note in layout.list_reading_notes(results):
        methods.add_line(["", note])


def _write_items(book: "Workbook", results: Results) -> None:
    """Write the sheet with all items."""
    sheet = _SheetWriter(
        book.create_sheet(),
        translate("Results"),
        decimals=_count_decimals(results),
        across=len(results.columns) > MAX_PORTRAIT_COLUMNS,
    )
    listed = [
        (block, item)
        for part in layout.build_chapters(results)
        for block in part.blocks
        for item in block.items
    ]
    grids = {item.id: layout.build_item_grid(item, results) for _, item in listed}
    if grids:
        widest = max(grids.values(), key=lambda grid: len(grid.heads))
        sheet.add_repeated_head(flatten(results.title), widest)
    for block, item in listed:
        _write_item(sheet, block, item, grids[item.id], layout.build_errors_grids(item, results))


def _write_item(
    sheet: "_SheetWriter",
    block: layout.Block,
    item: ItemResult,
    grid: layout.Grid,
    error_grids: Sequence[layout.Grid],
) -> None:
    title = f"{item.number_prefix}{flatten(block.get_item_title(item))}"
    sheet.add_line([title, item.id], strong=True)
    wording = flatten(block.get_wording(item))
    if wording:
        sheet.add_line([wording])

    sheet.add_line([layout.describe_base(item.base)])
    if item.rows:
        sheet.add_grid(grid)
    if item.summary is not None:
        sheet.add_line([layout.describe_summary(item.summary)])
    for errors in error_grids:
        sheet.add_line([errors.caption])
        sheet.add_grid(errors)

    sheet.add_lines(layout.list_table_notes(item))
    for verbatim in item.verbatims:
        times = ""
        if verbatim.times > 1:
            times = translate("{n} times", n=f"{verbatim.times:,}")
        sheet.add_line([verbatim.text, verbatim.option, verbatim.case, times])
    sheet.add_line([])


def _count_decimals(results: Results) -> int:
    """Return the number of decimals of the report's percentages."""
    texts = (row.total.percent_text for item in results.items for row in item.rows)
    return max((_count_printed_decimals(text) for text in texts), default=0)


def _count_printed_decimals(text: str) -> int:
    _, _, decimals = text.partition(".")
    return len(decimals)


class _SheetWriter:
    """A sheet written from top to bottom, which prints one page wide, in landscape if `across`.

    Percentages have this number of `decimals`.
    """

    def __init__(
        self, sheet: "Worksheet", title: str, *, decimals: int = RATE_DECIMALS, across: bool = False
    ) -> None:
        sheet.title = title[:MAX_TITLE_LENGTH]
        self.sheet = sheet
        self.decimals = decimals
        self.row = 0
        self.set_width("A", LABEL_WIDTH)

        sheet.page_setup.orientation = "landscape" if across else "portrait"
        sheet.page_setup.fitToWidth = 1
        sheet.page_setup.fitToHeight = 0
        # openpyxl makes both with the sheet; by their types they may be None.
        sheet.oddFooter.center.text = "&P/&N"  # type: ignore[union-attr]
        sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]

    def add_repeated_head(self, title: str, grid: layout.Grid) -> None:
        """Add a title and column heads, which repeat on every page and stay on screen."""
        self.add_line([title], strong=True)
        self._add_heads(grid)
        self.sheet.print_title_rows = f"1:{self.row}"
        self.sheet.freeze_panes = f"B{self.row + 1}"

    def set_width(self, column: str, letters: int) -> None:
        self.sheet.column_dimensions[column].width = letters

    def add_line(self, texts: Sequence[str], *, strong: bool = False, heads: bool = False) -> None:
        """Add texts from the first column on; with `heads`, all but the first are of figures."""
        self.row += 1
        # Lines of one or two texts are prose, which may be long.
        is_prose = len(texts) <= 2
        for column, text in enumerate(texts, 1):
            is_head = heads and column > 1
            self._set_text(column, text, strong=strong, wrap=is_head or is_prose, right=is_head)

    def add_lines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.add_line([text])

    def _add_heads(self, grid: layout.Grid) -> None:
        from openpyxl.styles import Border, Side
        from openpyxl.utils import get_column_letter

        for column in range(2, len(grid.heads) + 2):
            self.set_width(get_column_letter(column), FIGURE_WIDTH)
        if grid.has_groups:
            self.add_line(["", *(h.group for h in grid.heads)], strong=True, heads=True)
        heads = [head.full_text for head in grid.heads]
        self.add_line([grid.corner, *heads], strong=True, heads=True)
        for column in range(1, len(heads) + 2):
            self.sheet.cell(self.row, column).border = Border(bottom=Side("thin"))

    def add_grid(self, grid: layout.Grid) -> None:
        self._add_heads(grid)
        for line in grid.lines:
            self.row += 1
            self._set_text(1, line.full_label, strong=line.kind in ("net", "head"), wrap=True)
            for column, shown in enumerate(line.cells, 2):
                self._set_figure(column, shown)

    def _set_figure(self, column: int, shown: layout.GridCell) -> None:
        """Write a number if the cell has one, else its text."""
        from openpyxl.styles import Alignment

        cell: Cell = self.sheet.cell(self.row, column)  # type: ignore[assignment]  # not merged
        value: Fraction | int | None = shown.share
        if value is None:
            value = shown.amount
        if value is None and PRINTED_NUMBER.fullmatch(shown.text):
            value = Fraction(shown.text.replace(",", ""))
        if value is None:
            self._set_text(column, shown.text)
        else:
            cell.value = value if isinstance(value, int) else _to_number(value)
            number_format = self._choose_format(shown)
            if number_format:
                cell.number_format = number_format
        cell.alignment = Alignment(horizontal="right")

    def _choose_format(self, shown: layout.GridCell) -> str:
        """Return the format of a number; empty for the default one.

        A percentage that rounds to zero shows a star and keeps its value.
        """
        if shown.share is not None:
            form = "0%"
            if self.decimals:
                form = f"0.{'0' * self.decimals}%"
            least = f"{0.5 / 10 ** (self.decimals + 2):.{self.decimals + 3}f}"
            letters = ""
            if shown.letters:
                letters = f'" {shown.letters}"'
            return f'[=0]{form};[<{least}]"*";{form}{letters}'

        decimal_count = _count_printed_decimals(shown.text)
        if decimal_count:
            return f"0.{'0' * decimal_count}"
        if shown.mark:
            return f'0" {shown.mark}"'
        return ""

    def _set_text(
        self,
        column: int,
        text: str,
        *,
        strong: bool = False,
        wrap: bool = False,
        right: bool = False,
    ) -> None:
        from openpyxl.styles import Alignment, Font

        if not text:
            return

        cell: Cell = self.sheet.cell(self.row, column)  # type: ignore[assignment]  # not merged
        cell.value = replace_illegal(text)[:MAX_CELL_LENGTH]
        # It is a text even if it begins as a formula does.
        cell.data_type = "s"
        cell.quotePrefix = True
        cell.font = Font(bold=strong)
        cell.alignment = Alignment(
            wrap_text=wrap,
            vertical="bottom" if right else "top",
            horizontal="right" if right else None,
        )


def _to_number(value: Fraction) -> float | int:
    if value.denominator == 1:
        return value.numerator
    return float(value)


COLUMNS: Final = (
    "number",
    "item",
    "section",
    "label",
    "wording",
    "group",
    "column",
    "kind",
    "code",
    "answer",
    "count",
    "percent",
    "shown_count",
    "shown_percent",
    "letters",
    "base",
    "base_words",
    "effective_base",
    "narrowed",
)
ERROR_COLUMNS: Final = (
    "mean",
    "standard_error",
    "interval_low",
    "interval_high",
    "coefficient_of_variation",
    "design_effect",
    "degrees_of_freedom",
    "difference",
    "difference_from",
    "difference_standard_error",
    "difference_low",
    "difference_high",
    "difference_p",
    "difference_degrees_of_freedom",
)
QUANTILE_COLUMN: Final = "quantile"
TOTAL_COLUMNS: Final = (
    "total",
    "total_standard_error",
    "total_low",
    "total_high",
    "total_coefficient_of_variation",
)
MAX_DECIMALS: Final = 6
_WHOLE_NUMBER: Final = re.compile(r"-?[1-9][0-9]*|0", re.ASCII)
"""A number that no spreadsheet runs as a formula."""


def build_results_table(results: Results) -> Table:
    """Build the table: counts and percentages to six decimals, and next to them as printed.

    Hidden figures are empty, and rows of the topline have no group. `narrowed` holds the filter
    notes. If the precision of figures is requested, it follows, and means, medians and requested
    quartiles have rows too; then requested totals of the population follow.
    """
    rows = list(_iterate_rows(results))
    names: tuple[str, ...] = COLUMNS
    if _has_errors(results):
        names = (*names, *ERROR_COLUMNS, QUANTILE_COLUMN)
    if _has_totals(results):
        names = (*names, *TOTAL_COLUMNS)
    return Table(
        variables=tuple(Variable(name=name, storage="text", role="admin") for name in names),
        rows=rows,
    )


def _iterate_rows(results: Results) -> Iterator[tuple[float | str, ...]]:
    narrowed = " ".join(results.filter_notes)
    has_errors = _has_errors(results)
    has_totals = _has_totals(results)
    for item in results.items:
        about = (
            item.number,
            item.id,
            flatten(item.section),
            flatten(item.label),
            flatten(item.wording),
        )
        for place, (base, column) in enumerate(zip(item.bases, results.columns, strict=False)):
            if place in item.own_columns:
                continue
            of_column = ("", "")
            if place > 0:  # the topline is first and has no group
                of_column = (column.group, column.label)
            asked = ""
            if base.asked is not None:
                asked = str(base.asked)
            of_base = (asked, base.text, base.effective_text.replace(",", ""))
            for row in item.rows:
                if place >= len(row.figures):
                    continue
                figure = row.figures[place]
                answer = (
                    row.kind,
                    _parse_number(row.code),
                    _parse_number(flatten(row.label) + row.note_text),
                )
                share = figure.share
                if share is not None:
                    share *= 100
                exact = (_format_exact(figure.amount), _format_exact(share))
                shown = (figure.count_text, figure.percent_text, figure.letters)
                cells: tuple[float | str, ...] = (
                    *about,
                    *of_column,
                    *answer,
                    *exact,
                    *shown,
                    *of_base,
                    narrowed,
                )
                if has_errors:
                    cells = (*cells, "", *_build_errors(figure, 100), "")
                if has_totals:
                    cells = (*cells, *_build_total(figure.total))
                yield cells
            if has_errors and place < len(item.summaries):
                summary = item.summaries[place]
                of_mean = ("mean", "", translate("Mean"), "", "", "", summary.mean_text, "")
                cells = (*about, *of_column, *of_mean, *of_base, narrowed)
                mean = _format_number(summary.mean)
                cells = (*cells, mean, *_build_errors(summary, 1), "")
                if has_totals:
                    cells = (*cells, *_build_total(summary.total))
                yield cells
                for quantile in summary.quantiles:
                    label = translate(quantile.name.capitalize())
                    of_quantile = (quantile.name, "", label, "", "", "", quantile.text, "")
                    cells = (*about, *of_column, *of_quantile, *of_base, narrowed)
                    value = _format_number(quantile.value)
                    cells = (*cells, "", *_build_errors(quantile, 1), value)
                    if has_totals:
                        cells = (*cells, *_build_total(None))
                    yield cells


def _has_errors(results: Results) -> bool:
    """Return whether any percentage has its precision."""
    figures = (figure for item in results.items for row in item.rows for figure in row.figures)
    return any(figure.error is not None for figure in figures)


def _has_totals(results: Results) -> bool:
    """Return whether any figure has an estimated total of the population."""
    figures = (figure for item in results.items for row in item.rows for figure in row.figures)
    return any(figure.total is not None for figure in figures)


def _build_total(total: DesignEstimate | None) -> tuple[float | str, ...]:
    """Return an estimated total with its precision."""
    if total is None:
        return ("",) * len(TOTAL_COLUMNS)
    variation = None
    if total.error.coefficient_of_variation is not None:
        variation = total.error.coefficient_of_variation * 100
    precision = _format_precision(total.error, 1)
    return (_format_number(total.value), *precision, _format_number(variation))


def _build_errors(figure: layout.MeasuredFigure, scale: int) -> tuple[float | str, ...]:
    """Return the precision of a percentage, mean or quantile, and its difference from others.

    `scale` is 100 for percentages.
    """
    error = figure.error
    texts: list[float | str] = [""] * 6
    if error is not None:
        variation = None
        if error.coefficient_of_variation is not None:
            variation = error.coefficient_of_variation * 100
        texts = [
            *_format_precision(error, scale),
            _format_number(variation),
            _format_number(error.design_effect),
            _format_number(error.freedom),
        ]

    difference = figure.difference
    if difference is None:
        return (*texts, *[""] * 7)
    return (
        *texts,
        _format_number(difference.value * scale),
        difference.other,
        *_format_precision(difference.error, scale),
        f"{difference.p:.6g}",
        str(difference.error.freedom),
    )


def _format_precision(error: DesignError, scale: int) -> list[float | str]:
    return [
        _format_number(number * scale) for number in (error.standard_error, error.low, error.high)
    ]


def _format_number(number: float | Fraction | None) -> float | str:
    """Format a number; a negative one stays a number, since its text could run as a formula."""
    if number is None:
        return ""
    text = _format_exact(Fraction(number))
    if text.startswith("-"):
        return float(text)
    return text


def _parse_number(text: str) -> int | str:
    if _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    return text


def _format_exact(value: Fraction | int | None) -> str:
    if value is None:
        return ""
    if Fraction(value).denominator == 1:
        return str(int(value))
    return format_decimal(value, MAX_DECIMALS).replace(",", "").rstrip("0").removesuffix(".")
