"""Interviews that a report counts, and their weights, which exports have too."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.exports.conventions import make_free_name
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.analysis import Analysis
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD
from survey_cli.reports.results.analysis_base import AnalysisBase, InterviewSelection
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.reports.weighting.weights import InterviewWeights, RakingTarget, compute_weights
from survey_cli.samples.cases.columns import find_column, list_columns
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


class _WeightChoice(NamedTuple):
    """How interviews are weighted, by a weight of the analysis file or by `--rake`."""

    column: str = ""
    """The sample column with the weights; empty if the choice names none."""
    rake: str = ""
    """The file of targets; empty if the weights are not raked."""
    trim: str = ""
    """The limit of raked weights, as it is written."""


def _choose_weight(analysis: Analysis, options: ExportOptions) -> _WeightChoice:
    """Return the weight that is requested. Raises UserError if it isn't in the analysis file."""
    if not options.weight:
        return _WeightChoice(rake=options.rake, trim=options.trim)

    spec = analysis.weights.get(options.weight)
    if spec is None:
        what = "there is no analysis file"
        if analysis.file:
            what = f"the analysis file has no weight {options.weight!r}"
        otherwise = "define it under weights:"
        remedy = suggest_nearest(options.weight, analysis.weights, otherwise=otherwise)
        raise UserError("--weight", what, remedy)

    rake = ""
    if spec.rake is not None:
        rake = str(Path(analysis.file).parent / spec.rake)
    return _WeightChoice(str(spec.column or ""), rake, str(spec.trim or ""))


def load_counted_answers(
    data: DataTable,
    plan: Plan,
    selection: InterviewSelection,
    *,
    words: bool = False,
    ids: bool = False,
) -> tuple[AnswerColumns, AnalysisBase]:
    """Load the answers of the interviews that count, without personal ones.

    `words` includes verbatim answers with their cases, `ids` the interviews' ids. Raises ValueError
    if a row can't be read.
    """
    codes = {interview: override.code for interview, override in data.overrides.items()}
    base = AnalysisBase(plan, selection, codes)

    roles = {"answer", "sample", "compute", "admin"}
    sample = data.analysis.instrument.sample
    left_out = set(list_columns(sample, "key"))
    left_out |= {"interview_by", "interview_began", "interview_updated"}
    if not ids:
        left_out.add("interview_id")
    if words:
        roles.add("words")
    else:
        left_out.add("interview_case")

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

    The column is that of the requested weight of the analysis file, or else the one with the role
    weight. If `base` is False, neither the latter nor draws are used. None if nothing is left.
    """
    choice = _choose_weight(analysis, options)
    column = choice.column or None
    draws: list[str] = []
    if column is None and base:
        column = find_column(analysis.instrument, "weight")
        names = list_weighting_draws(analysis.instrument)
        draws = [name for name in names if name in answers.columns]

    if column is None and not draws and not choice.rake:
        return None
    if column is not None and column not in answers.columns:
        what = f"no interview has the weight {column}"
        raise UserError("--weight", what, "choose a column that is not personal")

    limit = Fraction(choice.trim) if choice.trim else None
    return compute_weights(
        answers,
        column=column or "",
        draws=draws,
        targets=_read_targets(choice.rake, analysis.instrument),
        trim=limit,
        threshold=threshold,
    )


def _read_targets(file: str, instrument: Instrument) -> list[RakingTarget]:
    """Read a file of targets, whose values are codes or labels. Raises UserError."""
    if not file:
        return []

    rows = read_targets(file)
    if isinstance(rows, tuple):
        what = "it is not a valid file of targets"
        raise UserError(file, what, "correct the file", problems=rows)

    codes = _list_codes(instrument)
    targets = []
    for row in rows:
        value = codes.get((row.variable, row.value), row.value)
        targets.append(RakingTarget(variable=row.variable, value=value, share=row.share))
    return targets


def _list_codes(instrument: Instrument) -> dict[tuple[str, str], str]:
    """Return the code of each label, by variable and label, in all languages of the questionnaire.

    Codes are included too: they stand for themselves.
    """
    by_label: dict[tuple[str, str], str] = {}
    by_code: dict[tuple[str, str], str] = {}
    # The questionnaire's own language is the first. Written last, its labels take precedence.
    for language in reversed(instrument.languages):
        for variable in build_columns(instrument, language):
            for code, label in variable.labels.items():
                by_label[variable.name, label] = str(code)
                by_code[variable.name, str(code)] = str(code)
    # A code takes precedence over a label that looks like another code.
    return by_label | by_code


def append_weights(
    data: DataTable, all_columns: DataTable, plan: Plan, options: ExportOptions
) -> DataTable:
    """Append the weights of a report as a column, unless they are those of a sample column.

    The weight is missing for interviews that the report would not count. `all_columns` is the table
    with all columns. In both tables the first column identifies the interview.
    """
    from survey_cli.documents.report.report_layout import describe_weighting

    answers, _ = load_counted_answers(all_columns, plan, "partial", ids=True)
    weights = weight_interviews(answers, data.analysis, options, threshold=DEFAULT_THRESHOLD)
    if weights is None:
        return data

    variable = DRAWN_WEIGHT
    if options.weight:
        name = f"weight_{options.weight}"
        variable = make_number_column(name, f"Weight {options.weight}", decimals=6)
    elif options.rake:
        variable = RAKED_WEIGHT
    name = make_free_name(variable.name, {v.name.casefold() for v in data.table.variables})
    variable = replace(variable, name=name)

    values = [float(weight) for weight in weights.weights]
    weight_by_id = dict(zip(answers.columns["interview_id"], values, strict=True))
    table = data.table.append_column(variable, weight_by_id, NOT_APPLICABLE)
    study = replace(table.study, weight=name)
    is_drawn_only = not options.rake and not options.weight
    if is_drawn_only:
        # The replicate weights of the sample don't include the draw.
        design = {role: names for role, names in study.design.items() if role != "replicate_weight"}
        study = replace(study, design=design)

    sentences = describe_weighting(weights.weighting)
    notes = [f"{name}: {line[:1].lower()}{line[1:]}" for line in sentences]
    return replace(data, table=replace(table, study=study), warnings=(*data.warnings, *notes))
