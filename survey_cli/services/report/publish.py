"""Writing of results reports and codebooks into files, and of charts. Outputs are checked before anything is counted."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final, TextIO

from survey_cli.documents.charts.charts import Chart, draw_battery, draw_group_charts, draw_item
from survey_cli.documents.charts.svg import can_render_png, render_png, render_svg_file
from survey_cli.documents.report import report_pages
from survey_cli.documents.report.report_layout import Block
from survey_cli.documents.report.workbook import build_results_table, write_results_xlsx
from survey_cli.documents.text_runs import flatten
from survey_cli.exports import WriteOptions
from survey_cli.exports.text import write_csv
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.reports.codebook.codebook import Codebook, build_codebook
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD
from survey_cli.reports.results.report_model import Results
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.services import output_files
from survey_cli.services.data.export_options import ExportOptions
from survey_cli.services.data.study_metadata import choose_language, describe_study
from survey_cli.services.data.table_query import query_table
from survey_cli.services.output_files import DocumentWriter, make_page_writers, publish_document
from survey_cli.services.report.results_report import ReportOptions, build_results_report
from survey_cli.services.run_on_study import read_records
from survey_cli.store.database_location import locate_database, open_existing_store
from survey_cli.study.analysis import open_analysis
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.columns import build_columns
from survey_cli.table.table import build_admin_variables
from survey_cli.values import Variable


def _render_csv(results: Results) -> str:
    from io import StringIO

    text = StringIO()
    write_csv(build_results_table(results), text, WriteOptions())
    return text.getvalue()


RESULTS_WRITERS: Final = {
    **make_page_writers(
        report_pages.render_results_html, report_pages.render_results_markdown, "results"
    ),
    ".xlsx": DocumentWriter(file=write_results_xlsx, extra="excel"),
    ".csv": DocumentWriter(text=_render_csv, newline=""),
}
CODEBOOK_WRITERS: Final = make_page_writers(
    report_pages.render_codebook_html, report_pages.render_codebook_markdown, "codebook"
)


def publish_results(
    path: str | Path, options: ReportOptions, *, stdout: TextIO | None = None
) -> tuple[Results, int]:
    """Build the results report of a study and write it. Returns it, and the number of chart files."""
    _check_charts(options)
    refusal, force = "a report cannot be written as {}", options.force
    build = partial(build_results_report, path, options)
    results = publish_document(
        build, options.to, RESULTS_WRITERS, refusal=refusal, force=force, stdout=stdout
    )
    return results, _write_charts(results, options) if options.charts else 0


def publish_codebook(
    path: str | Path, options: ReportOptions, *, stdout: TextIO | None = None
) -> Codebook:
    """Build the codebook of a study and write it."""
    refusal, force = "a codebook cannot be written as {}", options.force
    build = partial(load_codebook, path, options)
    return publish_document(
        build, options.to, CODEBOOK_WRITERS, refusal=refusal, force=force, stdout=stdout
    )


def _check_charts(options: ReportOptions) -> None:
    if options.png and not options.charts:
        raise UserError("--png", "--png needs a folder for charts", "specify one with --charts DIR")
    if options.png and not can_render_png():
        from survey_cli.installation import make_install_command

        what = "PNG needs CairoSVG and the Cairo library, and at least one of them is not installed"
        remedy = (
            f"{make_install_command('png')}, and install Cairo with the system's package manager"
        )
        raise UserError("--png", what, remedy)
    if options.charts and Path(options.charts).exists() and not Path(options.charts).is_dir():
        raise UserError(options.charts, "this is not a folder", "specify a folder for the charts")


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


def _write_charts(results: Results, options: ReportOptions) -> int:
    folder = Path(options.charts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            options.charts, f"it cannot be created ({error.strerror})", "choose another folder"
        ) from error
    count = 0
    for chart, heading in iterate_charts(results):
        for ending in (".svg", ".png") if options.png else (".svg",):
            _write_chart(
                chart.render_with_heading(heading),
                folder / f"{chart.id}{ending}",
                force=options.force,
            )
            count += 1
    return count


def _write_chart(svg: str, path: Path, *, force: bool) -> None:
    if path.suffix == ".png":
        output_files.write_file(path, lambda file: file.write_bytes(render_png(svg)), force=force)
    else:
        output_files.write_text_file(
            path, lambda file: file.write(render_svg_file(svg)), force=force
        )


def load_codebook(path: str | Path, options: ReportOptions) -> Codebook:
    """Return the codebook of a study, with counts where there are interviews and counts are requested."""
    instrument = open_analysis(str(path), open_instrument(str(path))).instrument
    language = choose_language(instrument, options.language)
    store = (
        open_existing_store(locate_database(path, instrument.id, options.db))
        if options.counts
        else None
    )
    if store is None:
        study = describe_study(instrument, language)
        return build_codebook(
            _list_columns(instrument, language), instrument, study, language=language
        )
    store.close()
    with read_records(path, db=options.db, people=options.people) as records:
        return load_codebook_from_records(records, options, threshold=options.threshold)


def load_codebook_from_records(
    records: StudyRecords, options: ExportOptions, *, threshold: int = DEFAULT_THRESHOLD
) -> Codebook:
    """Return the codebook of open records, with counts of the data that are exported with these options."""
    data = query_table(records, options)
    instrument, table, language = data.analysis.instrument, data.table, data.table.language
    answers = AnswerColumns.from_table(table, lambda v: not v.personal)
    exported = {v.name: v for v in table.variables}
    current = _list_columns(instrument, language)
    ordered = [exported.pop(v.name, v) for v in current if v.name in exported or v.personal]
    study, notes = describe_study(instrument, language), (*data.warnings, *data.differences)
    counted, variables = answers if answers.interviews else None, (*ordered, *exported.values())
    return build_codebook(
        variables, instrument, study, counted, language=language, notes=notes, threshold=threshold
    )


def _list_columns(instrument: Instrument, language: str) -> tuple[Variable, ...]:
    return *build_admin_variables(instrument, language), *build_columns(instrument, language)
