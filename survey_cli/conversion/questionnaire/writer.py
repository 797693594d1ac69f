"""Questionnaires written from forms, and what their checks reject of a form."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from survey_cli.conversion.loss_report import LossReport
from survey_cli.conversion.model.forms import ForeignForm, Origin, SystemWords
from survey_cli.conversion.questionnaire.builder import QuestionnaireBuilder
from survey_cli.conversion.questionnaire.loop_modules import FoldedText, fold_loops
from survey_cli.conversion.questionnaire.repairs import repair_questions
from survey_cli.conversion.questionnaire.yaml_text import YamlWriter
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import MAX_BYTES, load_source_text
from survey_cli.problems import Problem, UserError, select_errors

_MAX_REFUSED: Final = 2_000
_MAX_PROBLEMS: Final = 1_000_000
"""Problems of one rule. With the usual hundred, thousands of choices that are called alike would be
written and checked again for each hundred of them."""


class ConvertedForm(NamedTuple):
    """A converted form."""

    text: str
    words: SystemWords
    report: LossReport
    errors: tuple[Problem, ...]
    """Errors that remain in the questionnaire; normally none."""
    modules: Mapping[str, str] = MappingProxyType({})
    """The texts of the files that it includes, by their paths beside it."""


def write_questionnaire(form: ForeignForm, where: str) -> ConvertedForm:
    """Write the questionnaire of a form. Raises UserError if nothing in it can be asked.

    The checks of the questionnaire decide what a form may contain. A place whose conversion they
    reject is left out and reported with their reason, until no error remains.
    """
    repair_questions(form)
    refused: dict[Origin, str] = {}
    while True:
        builder = QuestionnaireBuilder(form, refused)
        tree = builder.build()
        if "items" not in tree:
            what = "it has no question that can be asked by telephone"
            raise UserError(where, what, "check the form")

        writer = YamlWriter(form.languages)
        text = writer.write(tree)
        if len(text.encode()) > MAX_BYTES:
            what = f"its questionnaire is larger than {MAX_BYTES // 1_000_000} MB"
            raise UserError(where, what, "shorten the texts, or divide the form")
        checked = check_instrument(load_source_text(text), most_per_rule=_MAX_PROBLEMS)
        errors = select_errors(checked.problems)
        new = _find_rejected(errors, writer.origins, refused)
        if not new or len(refused) > _MAX_REFUSED:
            folded = FoldedText(text, {})
            if not errors:
                folded = fold_loops(tree, builder.loops, text)
            return ConvertedForm(
                folded.text, form.words, builder.log.report, tuple(errors), folded.modules
            )
        refused |= new


def _find_rejected(
    errors: list[Problem], origins: Mapping[int, Origin], refused: Mapping[Origin, str]
) -> dict[Origin, str]:
    """Return the places that caused errors, with the reasons, without those already refused."""
    new: dict[Origin, str] = {}
    for error in errors:
        origin = origins.get(error.where.line)
        if origin is not None and origin not in refused:
            # A position in the questionnaire means nothing to a reader of the report.
            new[origin] = re.sub(r" \(at [^)]*\)", "", error.what)
    return new
