"""Writing of results reports and codebooks into files, and of charts. Outputs are checked before anything is counted."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO, TypeVar

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
from survey_cli.reports.codebook.codebook import Codebook, CodebookFacts, build_codebook
from survey_cli.reports.disclosure.suppression import DEFAULT_THRESHOLD
from survey_cli.reports.results.report_model import Results
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.services import output_files
from survey_cli.services.data.export_options import ExportOptions
from survey_cli.services.data.run_on_records import run_on_records
from survey_cli.services.data.study_metadata import choose_language, describe_computes, describe_rosters, describe_study
from survey_cli.services.data.table_query import query_table
from survey_cli.services.output_files import DocumentWriter
from survey_cli.services.report.results_report import ReportOptions, build_results_report
from survey_cli.store.database_location import locate_database, open_existing_store
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.columns import build_columns
from survey_cli.table.table import StudyDescription, build_admin_variables
from survey_cli.values import Variable

T = TypeVar("T")


def _render_csv(results: Results) -> str:
    from io import StringIO

    text = StringIO()
    write_csv(build_results_table(results), text, WriteOptions())
    return text.getvalue()


def _write_results_docx(results: Results, path: Path) -> None:
    from survey_cli.documents.word import write_results_docx

    write_results_docx(results, path)


def _write_codebook_docx(codebook: Codebook, path: Path) -> None:
    from survey_cli.documents.word import write_codebook_docx

    write_codebook_docx(codebook, path)


RESULTS_WRITERS: Final[Mapping[str, DocumentWriter[Results]]] = {
    ".html": DocumentWriter(text=report_pages.render_results_html),
    ".htm": DocumentWriter(text=report_pages.render_results_html),
    ".md": DocumentWriter(text=report_pages.render_results_markdown),
    ".markdown": DocumentWriter(text=report_pages.render_results_markdown),
    ".docx": DocumentWriter(file=_write_results_docx, extra="word"),
    ".xlsx": DocumentWriter(file=write_results_xlsx, extra="excel"),
    ".csv": DocumentWriter(text=_render_csv, newline=""),
}
CODEBOOK_WRITERS: Final[Mapping[str, DocumentWriter[Codebook]]] = {
    ".html": DocumentWriter(text=report_pages.render_codebook_html),
    ".htm": DocumentWriter(text=report_pages.render_codebook_html),
    ".md": DocumentWriter(text=report_pages.render_codebook_markdown),
    ".markdown": DocumentWriter(text=report_pages.render_codebook_markdown),
    ".docx": DocumentWriter(file=_write_codebook_docx, extra="word"),
}


def publish_results(path: str | Path, options: ReportOptions, *, stdout: TextIO | None = None) -> tuple[Results, int]:
    """Build the results report of a study and write it. Returns it, and the number of chart files."""
    _check_target(options, RESULTS_WRITERS, "a report")
    _check_charts(options)
    results = build_results_report(path, options)
    _write(results, options, RESULTS_WRITERS, stdout)
    return results, _write_charts(results, options) if options.charts else 0


def publish_codebook(path: str | Path, options: ReportOptions, *, stdout: TextIO | None = None) -> Codebook:
    """Build the codebook of a study and write it."""
    _check_target(options, CODEBOOK_WRITERS, "a codebook")
    codebook = load_codebook(path, options)
    _write(codebook, options, CODEBOOK_WRITERS, stdout)
    return codebook


def _write(report: T, options: ReportOptions, writers: Mapping[str, DocumentWriter[T]], stdout: TextIO | None) -> None:
    if options.to:
        writer = writers[_get_ending(options)]
        output_files.write_document(report, options.to, writer, force=options.force, stdout=stdout)


def _get_ending(options: ReportOptions) -> str:
    return ".md" if options.to == "-" else Path(options.to).suffix.lower()


def _check_target(options: ReportOptions, writers: Mapping[str, DocumentWriter[T]], what: str) -> None:
    """Check that the report can be written, before anything is counted."""
    if not options.to:
        return
    ending = _get_ending(options)
    if ending not in writers:
        reason = f"{what} cannot be written as {ending}" if ending else "the file's name has no ending"
        raise UserError(options.to, reason, f"end the name in one of {', '.join(writers)}")
    if options.to != "-":
        output_files.check_output_path(Path(options.to), force=options.force)


# Charts as files


def _check_charts(options: ReportOptions) -> None:
    if options.png and not options.charts:
        raise UserError("--png", "--png needs a folder for charts", "specify one with --charts DIR")
    if options.png and not can_render_png():
        what = "PNG needs CairoSVG and the Cairo library, and at least one of them is not installed"
        raise UserError(
            "--png", what, "pip install 'survey-cli[png]', and install Cairo with the system's package manager"
        )
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
        raise UserError(options.charts, f"it cannot be created ({error.strerror})", "choose another folder") from error
    count = 0
    for chart, heading in iterate_charts(results):
        for ending in (".svg", ".png") if options.png else (".svg",):
            _write_chart(chart.render_with_heading(heading), folder / f"{chart.id}{ending}", force=options.force)
            count += 1
    return count


def _write_chart(svg: str, path: Path, *, force: bool) -> None:
    if path.suffix == ".png":
        output_files.write_file(path, lambda file: file.write_bytes(render_png(svg)), force=force)
    else:
        output_files.write_text_file(path, lambda file: file.write(render_svg_file(svg)), force=force)


def load_codebook(path: str | Path, options: ReportOptions) -> Codebook:
    """Return the codebook of a study, with counts where there are interviews and counts are requested."""
    instrument = open_instrument(str(path))
    language = choose_language(instrument, options.language)
    store = open_existing_store(locate_database(path, instrument.id, options.db)) if options.counts else None
    if store is None:
        facts = _collect_facts(instrument, describe_study(instrument, language), language)
        return build_codebook(_list_columns(instrument, language), facts)
    store.close()

    def load(records: StudyRecords) -> Codebook:
        return load_codebook_from_records(records, options, threshold=options.threshold)

    return run_on_records(path, load, db=options.db, people=options.people)


def load_codebook_from_records(
    records: StudyRecords, options: ExportOptions, *, threshold: int = DEFAULT_THRESHOLD
) -> Codebook:
    """Return the codebook of open records, with counts of the data that are exported with these options."""
    data = query_table(records, options)
    instrument, table = records.instrument, data.table
    answers = AnswerColumns.from_table(table, lambda v: not v.personal)
    exported = {v.name: v for v in table.variables}
    current = _list_columns(instrument, table.language)
    ordered = [exported.pop(v.name, v) for v in current if v.name in exported or v.personal]
    return build_codebook(
        [*ordered, *exported.values()],
        _collect_facts(instrument, table.study, table.language, (*data.warnings, *data.differences)),
        answers if answers.interviews else None,
        threshold=threshold,
    )


def _list_columns(instrument: Instrument, language: str) -> tuple[Variable, ...]:
    return *build_admin_variables(instrument, language), *build_columns(instrument, language)


def _collect_facts(
    instrument: Instrument, study: StudyDescription, language: str, notes: Sequence[str] = ()
) -> CodebookFacts:
    return CodebookFacts(
        study=study,
        instrument=instrument,
        language=language,
        compute_descriptions=describe_computes(instrument, language),
        roster_descriptions=describe_rosters(instrument, language),
        notes=notes,
    )
