"""Precision of the figures of tables under the design of the sample.

The design is read from the columns of the interviews. The module needs the extra `report`, and is
imported only if errors are requested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy

from survey_cli.instrument.schema.document import StudySpec
from survey_cli.problems import UserError
from survey_cli.reports.disclosure.suppression import BASE
from survey_cli.reports.results.crosstab import Crosstab
from survey_cli.reports.texts import translate, translate_quantity
from survey_cli.reports.weighting import design_errors
from survey_cli.reports.weighting.answer_counts import (
    DEFAULT_LEVEL,
    AnswerColumns,
    AnswerKey,
    Grouping,
    list_columns,
)
from survey_cli.reports.weighting.calibration import make_calibration
from survey_cli.reports.weighting.weights import InterviewWeights, multiply_pool_sizes
from survey_cli.values import Missing

DESIGN_ROLES: Final = ("stratum", "psu", "fpc", "replicate_weight")
"""Roles of the sample columns that describe the design."""


def read_design(
    answers: AnswerColumns, columns: Mapping[str, Sequence[str]], study: StudySpec
) -> design_errors.SampleDesign:
    """Read the design of a sample from its columns, by role; those of draws have the role `draw`.

    `study` says how replicate weights were made, and how many units the population has, which is
    used for a simple random sample. Raises UserError if the columns contradict each other.
    """
    values = {
        name: _read_column(answers, name) for role in DESIGN_ROLES for name in columns.get(role, ())
    }
    replicates = columns.get("replicate_weight", ())
    if replicates:
        numbers = [_parse_numbers(name, values[name]) for name in replicates]
        pool_sizes = multiply_pool_sizes(answers, columns.get("draw", ()))
        return _make_replicate_design(numpy.array(numbers) * pool_sizes, study)

    stratum = _get_first(columns, "stratum")
    psu = _get_first(columns, "psu")
    fpc = _get_first(columns, "fpc")
    sizes = None
    if fpc:
        sizes = _parse_numbers(fpc, values[fpc])
    elif not (stratum or psu) and study.size and study.size >= answers.interviews:
        sizes = [float(study.size)] * answers.interviews
    try:
        return design_errors.make_design(
            [1.0] * answers.interviews,
            strata=values.get(stratum),
            units=values.get(psu),
            population_units=sizes,
        )
    except ValueError as error:
        remedy = "correct the column in the sample"
        raise UserError(fpc or "--errors", str(error), remedy) from error


def _get_first(columns: Mapping[str, Sequence[str]], role: str) -> str:
    """Return the first column with a role; empty if there isn't one."""
    names = columns.get(role, ())
    return names[0] if names else ""


def _make_replicate_design(
    replicates: design_errors.Numbers, study: StudySpec
) -> design_errors.SampleDesign:
    """Make the design of a sample from replicate weights, of which each is a row."""
    count, interviews = replicates.shape
    method = study.replication
    if method is None:
        what = "the method of the replicate weights is not stated"
        remedy = "state it: study: {replication: jk1}, or jkn, brr, fay, bootstrap, sdr"
        raise UserError("--errors", what, remedy)
    if count < 2:
        raise UserError("--errors", "there is only one replicate weight", "add the others")
    try:
        return design_errors.make_replicate_design(
            [1.0] * interviews, replicates.T, method, study.replication_factors
        )
    except ValueError as error:
        remedy = "give them under study: replication_factors"
        raise UserError("--errors", str(error), remedy) from error


def _read_column(answers: AnswerColumns, name: str) -> list[object]:
    """Return the values of a column that all interviews must have."""
    if name not in answers.columns:
        raise UserError(name, "no interview has this column", "import the sample with it")
    cells = answers.read_cells(name)
    if any(isinstance(cell, Missing) or cell == "" for cell in cells.values()):
        raise UserError(
            name,
            "an interview has no value",
            "give every case one; it describes how it was selected",
        )
    return [cells[text] for text in answers.columns[name]]


def _parse_numbers(name: str, values: Sequence[object]) -> list[float]:
    try:
        return [float(str(value)) for value in values]
    except ValueError as error:
        raise UserError(name, "a value is not a number", "write type: number") from error


def select_interviews(
    design: design_errors.SampleDesign,
    positions: Sequence[int],
    answers: AnswerColumns,
    weights: InterviewWeights | None = None,
    units: float | None = None,
) -> design_errors.SampleDesign:
    """Return the design of some of its interviews, with their weights.

    All units still count as selected. `weights` says how the interviews were weighted, and `units`
    how many units of the population they stand for, if totals are estimated.
    """
    own_weights = numpy.ones(answers.interviews)
    if answers.weights is not None:
        own_weights = numpy.array(answers.weights, dtype=float) / answers.unit
    units_each = 1.0
    if units is not None:
        units_each = units / answers.interviews
    selected = list(positions)

    calibration = None
    if weights is not None and weights.raking is not None:
        raking = weights.raking
        calibration = make_calibration(
            raking.margins, raking.start, own_weights.tolist(), raking.trim
        )

    replicates = None
    if design.replicates is not None:
        replicates = design.replicates[selected]
        if calibration is not None:
            # They have a mean of 1 when they are raked, like the weights.
            replicates = calibration.rake_replicates(replicates) * units_each
        elif units is not None:
            # They are of the size of the weights before these were scaled to the interviews.
            start_sum = answers.interviews if weights is None else float(weights.start_sum)
            replicates = replicates * (units / start_sum)

    return replace(
        design,
        weights=own_weights * units_each,
        strata=design.strata[selected],
        units=design.units[selected],
        replicates=replicates,
        calibration=calibration,
    )


def add_design(
    table: Crosstab,
    answers: AnswerColumns,
    groupings: Sequence[Grouping],
    design: design_errors.SampleDesign,
    level: float = DEFAULT_LEVEL,
) -> Crosstab:
    """Return the table with the design, which measures the precision of its shares and means."""
    keys = answers.iterate_keys(table.question.columns)
    numbering: dict[AnswerKey, int] = {}
    positions = numpy.array([numbering.setdefault(key, len(numbering)) for key in keys])

    def list_values(values: Mapping[AnswerKey, float]) -> design_errors.Numbers:
        return numpy.array([values.get(key, 0.0) for key in numbering])

    base = list_values(dict.fromkeys(table.keys, 1))
    rows = {
        row: design_errors.RowValues(list_values(dict.fromkeys(line.keys, 1)), base, is_share=True)
        for row, line in enumerate(table.lines)
    }
    numbers = list_values({key: float(value) for key, value in table.numbers.items()})
    rows[BASE] = design_errors.RowValues(
        numbers, list_values(dict.fromkeys(table.numbers, 1)), is_share=False
    )

    columns_by_group = [numpy.zeros(answers.interviews, dtype=int)]
    for grouping, positions_of_group in zip(groupings, list_columns(groupings), strict=True):
        parts = numpy.array(grouping.part_by_interview)
        columns_by_group.append(parts + positions_of_group.start)
    columns = numpy.array(columns_by_group)
    return replace(
        table,
        design=design_errors.QuestionDesign(
            design=design, answers=positions, columns=columns, rows=rows, level=level
        ),
    )


def describe_errors(
    design: design_errors.SampleDesign, *, level: float = DEFAULT_LEVEL
) -> list[str]:
    """Describe in sentences how the errors were computed."""
    if design.replicates is not None:
        how = translate("errors-replicates", n=f"{design.replicates.shape[1]:,}")
    else:
        units = translate_quantity(len(design.unit_strata), "primary sampling unit")
        strata = translate_quantity(len(design.unit_counts), "stratum", "strata")
        how = translate("errors-linearized", units=units, strata=strata)
        if design.sampled_shares.any():
            how += " " + translate("The correction for finite populations is applied.")

    single_units = 0
    if design.replicates is None:
        single_units = int((design.unit_counts == 1).sum())
    notes = [
        how,
        translate("errors-intervals", level=f"{level * 100:g}"),
        translate("errors-terms"),
    ]
    if single_units:
        strata = translate_quantity(single_units, "stratum", "strata")
        notes.append(translate("errors-single-units", strata=strata))
    if design.calibration is not None:
        raked = "errors-raked" if design.replicates is None else "errors-raked-replicates"
        notes.append(translate(raked))
    return notes
