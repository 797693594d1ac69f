"""Writing of results reports and codebooks into files, and of their charts.

The outputs are checked before anything is counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TextIO, TypeVar

from survey_cli.documents.charts.charts import Chart, draw_battery, draw_item
from survey_cli.documents.charts.png import can_render_png, render_png, render_svg_file
from survey_cli.documents.report import report_pages
from survey_cli.documents.report.group_charts import draw_group_charts
from survey_cli.documents.report.report_layout import Block
from survey_cli.documents.report.results_table import build_results_table
from survey_cli.documents.report.word import write_codebook_docx, write_results_docx
from survey_cli.documents.report.workbook import write_results_xlsx
from survey_cli.documents.text_runs import flatten
from survey_cli.exports import WriteOptions
from survey_cli.exports.text import write_csv
from survey_cli.problems import UserError
from survey_cli.reports.codebook.codebook_model import Codebook
from survey_cli.reports.results.report_model import Results
from survey_cli.services import output_files
from survey_cli.services.output_files import DocumentWriter
from survey_cli.services.report.codebook_data import load_codebook
from survey_cli.services.report.report_options import CodebookOptions, ReportOptions
from survey_cli.services.report.results_report import build_results_report

T = TypeVar("T")


def _render_csv(results: Results) -> str:
    from io import StringIO

    text = StringIO()
    write_csv(build_results_table(results), text, WriteOptions())
    return text.getvalue()


RESULTS_WRITERS: Final[Mapping[str, DocumentWriter[Results]]] = {
    ".html": DocumentWriter(text=report_pages.render_results_html),
    ".htm": DocumentWriter(text=report_pages.render_results_html),
    ".md": DocumentWriter(text=report_pages.render_results_markdown),
    ".markdown": DocumentWriter(text=report_pages.render_results_markdown),
    ".docx": DocumentWriter(file=write_results_docx, extra="word"),
    ".xlsx": DocumentWriter(file=write_results_xlsx, extra="excel"),
    ".csv": DocumentWriter(text=_render_csv, newline=""),
}
CODEBOOK_WRITERS: Final[Mapping[str, DocumentWriter[Codebook]]] = {
    ".html": DocumentWriter(text=report_pages.render_codebook_html),
    ".htm": DocumentWriter(text=report_pages.render_codebook_html),
    ".md": DocumentWriter(text=report_pages.render_codebook_markdown),
    ".markdown": DocumentWriter(text=report_pages.render_codebook_markdown),
    ".docx": DocumentWriter(file=write_codebook_docx, extra="word"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTarget:
    """Where a report is written."""

    to: str = ""
    """A file's path; `-` for Markdown on standard output; empty where it is only shown."""
    charts: str = ""
    """A folder for charts as files; empty for none."""
    png: bool = False
    """Write charts as PNG too."""
    force: bool = False
    """Overwrite files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReport(Generic[T]):
    """A report, and what was written."""

    report: T
    to: str
    charts: int = 0
    """Number of chart files."""


def publish_results(
    path: str | Path, options: ReportOptions, target: OutputTarget, *, stdout: TextIO | None = None
) -> PublishedReport[Results]:
    """Build the results report of a study and write it."""
    _check_target(target, RESULTS_WRITERS, "a report")
    _check_charts(target)
    results = build_results_report(path, options)
    if target.to:
        output_files.write_document(
            results, target.to, RESULTS_WRITERS[_get_ending(target)], force=target.force, stdout=stdout
        )
    charts = _write_charts(results, target) if target.charts else 0
    return PublishedReport(report=results, to=target.to, charts=charts)


def publish_codebook(
    path: str | Path, options: CodebookOptions, target: OutputTarget, *, stdout: TextIO | None = None
) -> PublishedReport[Codebook]:
    """Build the codebook of a study and write it."""
    _check_target(target, CODEBOOK_WRITERS, "a codebook")
    codebook = load_codebook(path, options)
    if target.to:
        output_files.write_document(
            codebook, target.to, CODEBOOK_WRITERS[_get_ending(target)], force=target.force, stdout=stdout
        )
    return PublishedReport(report=codebook, to=target.to)


def _get_ending(target: OutputTarget) -> str:
    return ".md" if target.to == "-" else Path(target.to).suffix.lower()


def _check_target(target: OutputTarget, writers: Mapping[str, DocumentWriter[T]], what: str) -> None:
    """Check that the report can be written, before anything is counted."""
    if not target.to:
        return
    ending = _get_ending(target)
    if ending not in writers:
        reason = f"{what} cannot be written as {ending}" if ending else "the file's name has no ending"
        raise UserError(target.to, reason, f"end the name in one of {', '.join(writers)}")
    if target.to != "-":
        output_files.check_output_path(Path(target.to), force=target.force)


# Charts as files


def _check_charts(target: OutputTarget) -> None:
    if target.png and not target.charts:
        raise UserError("--png", "--png needs a folder for charts", "specify one with --charts DIR")
    if target.png and not can_render_png():
        what = "PNG needs CairoSVG and the Cairo library, and at least one of them is not installed"
        raise UserError(
            "--png", what, "pip install 'survey-cli[png]', and install Cairo with the system's package manager"
        )
    if target.charts and Path(target.charts).exists() and not Path(target.charts).is_dir():
        raise UserError(target.charts, "this is not a folder", "specify a folder for the charts")


def iterate_charts(results: Results) -> Iterator[tuple[Chart, str]]:
    """Iterate over every chart of a report with its heading.

    There is one for each battery, and for each item outside of batteries.
    """
    for battery in results.batteries:
        block = Block(battery, tuple(item for item in results.items if item.battery == battery.id))
        title, intro = flatten(battery.title), flatten(battery.intro)
        if (chart := draw_battery(battery)) is not None:
            yield chart, f"{block.span}. {title}{': ' * bool(title and intro)}{intro}"
        for group_chart in draw_group_charts(results, battery):
            yield group_chart, f"{block.span}. {group_chart.title}: {title or intro}"
    battery_ids = {battery.id for battery in results.batteries}
    for item in results.items:
        if item.battery not in battery_ids and (chart := draw_item(item)) is not None:
            yield chart, f"{item.number}. {flatten(item.wording) or flatten(item.label)}"


def _write_charts(results: Results, target: OutputTarget) -> int:
    folder = Path(target.charts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(target.charts, f"it cannot be created ({error.strerror})", "choose another folder") from error
    count = 0
    for chart, heading in iterate_charts(results):
        for ending in (".svg", ".png") if target.png else (".svg",):
            _write_chart(chart.render_with_heading(heading), folder / f"{chart.id}{ending}", force=target.force)
            count += 1
    return count


def _write_chart(svg: str, path: Path, *, force: bool) -> None:
    if path.suffix == ".png":
        output_files.write_file(path, lambda file: file.write_bytes(render_png(svg)), force=force)
    else:
        output_files.write_text_file(path, lambda file: file.write(render_svg_file(svg)), force=force)
