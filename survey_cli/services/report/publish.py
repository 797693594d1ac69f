"""Writing of results reports, codebooks and charts into files.

Outputs are checked before anything is counted.
"""

from collections.abc import Iterator
from functools import partial
from io import StringIO
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
from survey_cli.permissions import Action
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
from survey_cli.store.database_location import has_database, locate_database
from survey_cli.study.analysis import open_analysis
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.columns import build_columns
from survey_cli.table.table import build_admin_variables
from survey_cli.values import Variable


def _render_csv(results: Results) -> str:
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
    """Build the results report of a study and write it.

    Returns it, and the number of chart files.
    """
    _check_charts(options)
    results = publish_document(
        partial(build_results_report, path, options),
        options.to,
        RESULTS_WRITERS,
        refusal="a report cannot be written as {}",
        force=options.force,
        stdout=stdout,
    )
    if not options.charts:
        return results, 0
    return results, _write_charts(results, options)


def publish_codebook(
    path: str | Path, options: ReportOptions, *, stdout: TextIO | None = None
) -> Codebook:
    """Build the codebook of a study and write it."""
    return publish_document(
        partial(load_codebook, path, options),
        options.to,
        CODEBOOK_WRITERS,
        refusal="a codebook cannot be written as {}",
        force=options.force,
        stdout=stdout,
    )


def _check_charts(options: ReportOptions) -> None:
    """Check that charts can be written as requested. Raises UserError."""
    if options.png and not options.charts:
        raise UserError("--png", "--png needs a folder for charts", "specify one with --charts DIR")

    if options.png and not can_render_png():
        from survey_cli.installation import make_install_command

        what = "PNG needs CairoSVG and the Cairo library, and at least one of them is not installed"
        command = make_install_command("png")
        remedy = f"{command}, and install Cairo with the system's package manager"
        raise UserError("--png", what, remedy)

    if options.charts and Path(options.charts).exists() and not Path(options.charts).is_dir():
        raise UserError(options.charts, "this is not a folder", "specify a folder for the charts")


def iterate_charts(results: Results) -> Iterator[tuple[Chart, str]]:
    """Iterate over every chart of a report with its heading.

    There is one for each battery, and for each item outside of batteries.
    """
    for battery in results.batteries:
        block = Block(battery, tuple(item for item in results.items if item.battery == battery.id))
        title = flatten(battery.title)
        intro = flatten(battery.intro)
        battery_chart = draw_battery(battery)
        if battery_chart is not None:
            heading = ": ".join(text for text in (title, intro) if text)
            yield battery_chart, f"{block.span}. {heading}"
        for group_chart in draw_group_charts(results, battery):
            yield group_chart, f"{block.span}. {group_chart.title}: {title or intro}"

    battery_ids = {battery.id for battery in results.batteries}
    for item in results.items:
        if item.battery in battery_ids:
            continue
        chart = draw_item(item)
        if chart is not None:
            yield chart, f"{item.number}. {flatten(item.wording) or flatten(item.label)}"


def _write_charts(results: Results, options: ReportOptions) -> int:
    """Write the charts into the folder. Returns the number of files."""
    folder = Path(options.charts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"it cannot be created ({error.strerror})"
        raise UserError(options.charts, what, "choose another folder") from error

    endings = (".svg", ".png") if options.png else (".svg",)
    count = 0
    for chart, heading in iterate_charts(results):
        svg = chart.render_with_heading(heading)
        for ending in endings:
            _write_chart(svg, folder / f"{chart.id}{ending}", force=options.force)
            count += 1
    return count


def _write_chart(svg: str, path: Path, *, force: bool) -> None:
    """Write one chart in the format of the file's ending."""
    if path.suffix == ".png":
        output_files.write_file(path, lambda file: file.write_bytes(render_png(svg)), force=force)
    else:
        output_files.write_text_file(
            path, lambda file: file.write(render_svg_file(svg)), force=force
        )


def load_codebook(path: str | Path, options: ReportOptions) -> Codebook:
    """Return the codebook of a study, with counts if these are requested and it has interviews."""
    instrument = open_analysis(str(path), open_instrument(str(path))).instrument
    language = choose_language(instrument, options.language)
    reads_database = False
    if options.counts:
        reads_database = has_database(locate_database(path, instrument.id, options.db))
    if not reads_database:
        variables = _list_columns(instrument, language)
        study = describe_study(instrument, language)
        return build_codebook(variables, instrument, study, language=language)

    with read_records(
        path,
        Action.READ_REPORTS,
        db=options.db,
        people=options.people,
        exported=options.describe_download("codebook"),
    ) as records:
        return load_codebook_from_records(records, options, threshold=options.threshold)


def load_codebook_from_records(
    records: StudyRecords, options: ExportOptions, *, threshold: int = DEFAULT_THRESHOLD
) -> Codebook:
    """Return the codebook of open records, with counts of the data that the options select."""
    data = query_table(records, options)
    instrument = data.analysis.instrument
    language = data.table.language
    answers = AnswerColumns.from_table(data.table, lambda variable: not variable.personal)

    # The columns in the order of the questionnaire, then those of earlier versions. Personal
    # columns are described too, although they are not exported.
    exported = {variable.name: variable for variable in data.table.variables}
    variables = []
    for variable in _list_columns(instrument, language):
        if variable.name in exported:
            variables.append(exported.pop(variable.name))
        elif variable.personal:
            variables.append(variable)
    variables += exported.values()

    return build_codebook(
        tuple(variables),
        instrument,
        describe_study(instrument, language),
        answers if answers.interviews else None,
        language=language,
        notes=(*data.warnings, *data.differences),
        threshold=threshold,
    )


def _list_columns(instrument: Instrument, language: str) -> tuple[Variable, ...]:
    """List the columns of exports of an instrument."""
    return *build_admin_variables(instrument, language), *build_columns(instrument, language)
