"""Codebook of a study: its variables, with counts where there are interviews."""

from collections.abc import Sequence
from pathlib import Path

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.reports.codebook.codebook import CodebookFacts, build_codebook
from survey_cli.reports.codebook.codebook_model import Codebook
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.services.data.export_options import ExportOptions
from survey_cli.services.data.run_on_records import run_on_records
from survey_cli.services.data.study_metadata import choose_language, describe_computes, describe_rosters, describe_study
from survey_cli.services.data.table_query import query_table
from survey_cli.services.report.report_options import CodebookOptions
from survey_cli.store.database_location import locate_database, open_existing_store
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.columns import build_columns
from survey_cli.table.table import StudyDescription, build_admin_variables
from survey_cli.values import Variable


def load_codebook(path: str | Path, options: CodebookOptions) -> Codebook:
    """Return the codebook of a study, with counts where there are interviews and counts are requested."""
    instrument = open_instrument(str(path))
    language = choose_language(instrument, options.language)
    store = open_existing_store(locate_database(path, instrument.id, options.db)) if options.counts else None
    if store is None:
        facts = _collect_facts(instrument, describe_study(instrument, language), language)
        return build_codebook(_list_columns(instrument, language), facts)
    store.close()
    return run_on_records(
        path, lambda records: load_codebook_from_records(records, options), db=options.db, people=options.people
    )


def load_codebook_from_records(
    records: StudyRecords, options: CodebookOptions, of: ExportOptions | None = None
) -> Codebook:
    """Return the codebook of open records, with counts; `of` are the options of the export that it describes."""
    export = of or ExportOptions(to="-", language=options.language, origin=options.origin, progress=options.progress)
    data = query_table(records, export)
    instrument, table = records.instrument, data.table
    answers = AnswerColumns.from_table(table, lambda v: not v.personal)
    exported = {v.name: v for v in table.variables}
    current = _list_columns(instrument, table.language)
    ordered = [exported.pop(v.name, v) for v in current if v.name in exported or v.personal]
    return build_codebook(
        [*ordered, *exported.values()],
        _collect_facts(instrument, table.study, table.language, (*data.warnings, *data.differences)),
        answers if answers.interviews else None,
        threshold=options.threshold,
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
