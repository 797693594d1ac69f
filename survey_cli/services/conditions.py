"""Conditions of `--where`, compiled for a questionnaire."""

from survey_cli.instrument.compiled.draft import compile_external_condition
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.problems import UserError, select_errors, suggest_nearest


def compile_condition(instrument: Instrument, text: str) -> Condition:
    """Compile the condition of `--where`. Raises UserError if it isn't one."""
    condition, problems = compile_external_condition(instrument, text, who="--where")
    if condition is None:
        first = select_errors(problems)[0]
        raise UserError("--where", first.what, first.remedy)
    return condition


def parse_sample_condition(instrument: Instrument, text: str) -> Condition:
    """Parse a condition over sample columns. Raises UserError."""
    condition = compile_condition(instrument, text)
    others = sorted(condition.names - instrument.sample.keys())
    if others:
        known = ", ".join(instrument.sample)
        remedy = suggest_nearest(others[0], instrument.sample, otherwise=f"the columns are {known}")
        raise UserError("--where", f"{others[0]!r} is not a column of the sample", remedy)
    return condition
