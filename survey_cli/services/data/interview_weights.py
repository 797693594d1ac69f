"""Interviews that a report counts, and their weights: the same for reports and for exported weights."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from survey_cli.exports.conventions import make_free_name
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.analysis import Analysis
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD
from survey_cli.reports.results.analysis_base import AnalysisBase, InterviewSelection
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.reports.weighting.weights import InterviewWeights, RakingTarget, compute_weights
from survey_cli.samples.cases.columns import find_column
from survey_cli.samples.lists.targets_file import read_targets
from survey_cli.services.data.export_options import DataTable, ExportOptions
from survey_cli.services.data.study_metadata import list_weighting_draws
from survey_cli.table.columns import build_columns
from survey_cli.table.paradata import NOT_APPLICABLE, make_number_column
from survey_cli.values import Variable

RAKED_WEIGHT: Final = make_number_column("weight_raked", "Raked weight", decimals=6)
DRAWN_WEIGHT: Final = make_number_column(
    "weight_drawn", "Weight by selection within the case", decimals=6
)


def _choose_weight(analysis: Analysis, options: ExportOptions) -> tuple[str, str, str]:
    """Return the column, the file of targets and the limit of the weights that are requested by name or by `--rake`."""
    if not options.weight:
        return "", options.rake, options.trim
    spec = analysis.weights.get(options.weight)
    if spec is None:
        what = (
            f"the analysis file has no weight {options.weight!r}"
            if analysis.file
            else "there is no analysis file"
        )
        remedy = suggest_nearest(
            options.weight, analysis.weights, otherwise="define it under weights:"
        )
        raise UserError("--weight", what, remedy)
    rake = str(Path(analysis.file).parent / spec.rake) if spec.rake is not None else ""
    return str(spec.column or ""), rake, str(spec.trim or "")


def load_counted_answers(
    data: DataTable,
    plan: Plan,
    selection: InterviewSelection,
    *,
    words: bool = False,
    ids: bool = False,
) -> tuple[AnswerColumns, AnalysisBase]:
    """Load the answers of the interviews that count, without personal ones.

    `words` includes verbatim answers with their cases, `ids` the interviews' ids. Raises ValueError where a row cannot be
    read.
    """
    base = AnalysisBase(
        plan, selection, {id: override.code for id, override in data.overrides.items()}
    )
    roles = {"answer", "sample", "compute", "admin", *(["words"] if words else [])}
    keys = {
        name for name, column in data.analysis.instrument.sample.items() if column.role == "key"
    }
    left_out = {*keys, "interview_by", "interview_began", "interview_updated"}
    left_out |= {*([] if ids else ["interview_id"]), *([] if words else ["interview_case"])}

    def is_counted(variable: Variable) -> bool:
        return variable.role in roles and not variable.personal and variable.name not in left_out

    return AnswerColumns.from_table(data.table, is_counted, base.select), base


def weight_interviews(
    answers: AnswerColumns,
    analysis: Analysis,
    options: ExportOptions,
    *,
    base: bool = True,
    threshold: int = 0,
) -> InterviewWeights | None:
    """Weight the interviews by a column, by draws, by a file of targets, or by several of these.

    The column is that of the weight of the analysis file, else that with the role weight; if `base` is False, neither
    the latter nor draws are used. None where there is none of them.
    """
    own_column, rake, trim = _choose_weight(analysis, options)
    column = own_column or (find_column(analysis.instrument, "weight") if base else None)
    by_draws = base and not own_column
    draws = [
        name
        for name in list_weighting_draws(analysis.instrument)
        if by_draws and name in answers.columns
    ]
    if column is None and not draws and not rake:
        return None
    if column is not None and column not in answers.columns:
        raise UserError(
            "--weight",
            f"no interview has the weight {column}",
            "choose a column that is not personal",
        )
    targets: list[RakingTarget] = []
    if rake:
        rows = read_targets(rake)
        if isinstance(rows, tuple):
            raise UserError(
                rake, "it is not a valid file of targets", "correct the file", problems=rows
            )
        codes = _list_codes(analysis.instrument)
        targets = [
            RakingTarget(
                variable=row.variable,
                value=codes.get((row.variable, row.value), row.value),
                share=row.share,
            )
            for row in rows
        ]
    most = Fraction(trim) if trim else None
    return compute_weights(
        answers, column=column or "", draws=draws, targets=targets, trim=most, threshold=threshold
    )


def _list_codes(instrument: Instrument) -> dict[tuple[str, str], str]:
    """Return the code of each label, by variable and label, in every language of the questionnaire; codes stay."""
    columns = [
        column
        for language in instrument.languages
        for column in build_columns(instrument, language)
    ]
    codes = {
        (v.name, label): str(code) for v in reversed(columns) for code, label in v.labels.items()
    }
    return codes | {(v.name, str(code)): str(code) for v in columns for code in v.labels}


def append_weights(
    data: DataTable, all_columns: DataTable, plan: Plan, options: ExportOptions
) -> DataTable:
    """Append the weights of a report as a column, where they are not those of a sample column.

    The weight is missing for interviews that the report would not count. `all_columns` is the table with all columns; in
    both tables the first column identifies the interview.
    """
    from survey_cli.documents.report.report_layout import describe_weighting

    answers = load_counted_answers(all_columns, plan, "partial", ids=True)[0]
    weights = weight_interviews(answers, data.analysis, options, threshold=DEFAULT_THRESHOLD)
    if weights is None:
        return data
    weight_by_id = dict(
        zip(answers.columns["interview_id"], map(float, weights.weights), strict=True)
    )
    variable = RAKED_WEIGHT if options.rake else DRAWN_WEIGHT
    if options.weight:
        variable = make_number_column(
            f"weight_{options.weight}", f"Weight {options.weight}", decimals=6
        )
    name = make_free_name(variable.name, {v.name.casefold() for v in data.table.variables})
    notes = (
        f"{name}: {line[:1].lower()}{line[1:]}" for line in describe_weighting(weights.weighting)
    )
    table = data.table.append_column(replace(variable, name=name), weight_by_id, NOT_APPLICABLE)
    table = replace(table, study=replace(table.study, weight=name))
    if (
        not options.rake and not options.weight
    ):  # replicate weights of the sample don't include the draw
        design = {
            role: names for role, names in table.study.design.items() if role != "replicate_weight"
        }
        table = replace(table, study=replace(table.study, design=design))
    return replace(data, table=table, warnings=(*data.warnings, *notes))
