"""Conversion of a form to the text of a questionnaire that has no errors."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.conversion.form import Form, read_form
from survey_cli.conversion.loss_report import LossReport
from survey_cli.conversion.questionnaire import QuestionnaireBuilder
from survey_cli.conversion.yaml_text import YamlWriter
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import Problem, UserError, select_errors

_MAX_REFUSED: Final = 2_000


class ConvertedForm(NamedTuple):
    """A converted form."""

    text: str
    report: LossReport
    errors: tuple[Problem, ...]
    """Errors that remain in the questionnaire; normally none."""


def convert_form(path: Path) -> ConvertedForm:
    """Convert a form. Raises UserError where the file is not one.

    What the checks of the questionnaire reject is left out and reported with their reason, until no error remains.
    """
    sheets = read_form(path)
    refused: dict[tuple[str, int, str], str] = {}
    while True:
        builder = QuestionnaireBuilder(Form(sheets), path.stem, refused)
        writer = YamlWriter(builder.form.codes)
        tree = builder.build()
        if "items" not in tree:
            raise UserError(str(path), "it has no question that can be asked by telephone", "check the form")
        text = writer.write(tree)
        problems = check_instrument(load_source_text(text)).problems
        errors = select_errors(problems)
        found = [(writer.origins.get(p.where.line), re.sub(r" \(at [^)]*\)", "", p.what)) for p in errors]
        new = {cell: what for cell, what in found if cell is not None and cell not in refused}
        if not new or len(refused) > _MAX_REFUSED:
            return ConvertedForm(text, builder.report, tuple(errors))
        refused |= new
