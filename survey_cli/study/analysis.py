"""The analysis file of a study, `NAME.analysis.yaml` beside its questionnaire `NAME.yaml`."""

from dataclasses import replace
from pathlib import Path

from survey_cli.instrument.analysis import Analysis, read_analysis
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.analysis_file import ANALYSIS_SUFFIX
from survey_cli.instrument.source.load import load_source
from survey_cli.problems import UserError, select_errors
from survey_cli.wording import format_quantity


def find_analysis_file(path: str) -> str:
    """Return the analysis file beside a questionnaire; empty if there isn't one."""
    file = Path(path).with_suffix(ANALYSIS_SUFFIX)
    return str(file) if file.is_file() else ""


def open_analysis(path: str, instrument: Instrument) -> Analysis:
    """Open the analysis file beside a questionnaire. Raises UserError if it has errors."""
    file = find_analysis_file(path)
    if not file:
        return Analysis(instrument=instrument)
    analysis, problems = read_analysis(load_source(file), instrument)
    errors = select_errors(problems)
    if errors:
        what = f"the analysis file has {format_quantity(len(errors), 'problem')}"
        raise UserError(file, what, "fix what is listed", tuple(errors))
    return replace(analysis, file=file)
