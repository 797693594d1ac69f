"""Describing the data, in order: the study is opened, its variables put together, and counted where there are
interviews."""

from collections.abc import Sequence
from pathlib import Path

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.reports.codebook.codebook import codebook
from survey_cli.reports.codebook.codebook_model import Codebook
from survey_cli.reports.results.methods import study_lines
from survey_cli.reports.weighting.answer_counts import Answers
from survey_cli.services.data.export_options import Made, Wish
from survey_cli.services.data.run_on_records import at_one_moment
from survey_cli.services.data.study_metadata import how_computed, how_often, study_of
from survey_cli.services.data.table_query import wanted_table
from survey_cli.services.report.report_options import CodebookWish
from survey_cli.store.database_location import database_of, open_existing
from survey_cli.study.open_study import Records
from survey_cli.table import admin, columns
from survey_cli.values import Variable


def codebook_of(path: str | Path, wish: CodebookWish) -> Codebook | UserError:
    """The codebook of a study; with counts where interviews are kept and counts are wanted."""
    instrument = open_instrument(str(path))
    if isinstance(instrument, UserError):
        return instrument
    language = wish.language or instrument.language
    if language not in instrument.languages:
        what = f"the questionnaire has no language {language!r}"
        return UserError("--language", what, f"it has {', '.join(instrument.languages)}")
    own = (*admin(instrument, language), *columns(instrument, language))
    store = open_existing(database_of(path, instrument.id, wish.db)) if wish.counts else None
    if isinstance(store, UserError):
        return store
    if store is None:
        study = study_of(instrument, language)
        return codebook(
            own,
            study,
            instrument,
            language=language,
            methods=study_lines(study),
            computed=how_computed(instrument, language),
            turns=how_often(instrument, language),
        )
    store.close()
    return at_one_moment(
        path, lambda records: codebook_of_records(records, wish), db=wish.db, people=wish.people
    )


def codebook_of_records(records: Records, wish: CodebookWish, of: Wish | None = None) -> Codebook | UserError:
    """The same of records that are open, with counts; `of`: of the data that such a wish takes out."""
    export = of or Wish(to="-", language=wish.language, origin=wish.origin, tell=wish.tell)
    made = wanted_table(records, export)
    if isinstance(made, UserError):
        return made
    instrument, language = records.instrument, made.table.language
    own = (*admin(instrument, language), *columns(instrument, language))
    return _counted(made, own, instrument, wish)


def _counted(
    made: Made, own: Sequence[Variable], instrument: Instrument, wish: CodebookWish
) -> Codebook | UserError:
    table = made.table
    answers = Answers.of(table, lambda v: not v.personal)
    kept = {v.name: v for v in table.variables}
    variables = [kept.pop(v.name, v) for v in own if v.name in kept or v.personal]
    return codebook(
        [*variables, *kept.values()],
        table.study,
        instrument,
        language=table.language,
        answers=answers if answers.interviews else None,
        threshold=wish.threshold,
        methods=study_lines(table.study),
        notes=(*made.warnings, *made.differences),
        computed=how_computed(instrument, table.language),
        turns=how_often(instrument, table.language),
    )
