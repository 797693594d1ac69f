"""Conversion of another program's form to a questionnaire, with a report of what was lost."""

from pathlib import Path

from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.loss_report import render_report
from survey_cli.conversion.questionnaire.writer import ConvertedForm
from survey_cli.services.output_files import check_output_path, write_text_file


def convert_questionnaire(
    form: str, out: str = "", *, report: str = "", force: bool = False
) -> tuple[str, ConvertedForm]:
    """Convert a form, and write the questionnaire and, if a file is given, the report.

    Without `out`, the questionnaire is written beside the form, with its name. Returns the name of
    the questionnaire, and what was converted.
    """
    form_path = Path(form)
    if not out:
        out = str(form_path.with_suffix(".yaml"))

    # Both targets are checked first, so that no questionnaire is left without its report.
    check_output_path(Path(out), force=force)
    if report:
        check_output_path(Path(report), force=force)

    converted = convert_form(form_path)
    write_text_file(Path(out), lambda file: file.write(converted.text), force=force, public=True)
    if report:
        text = render_report(converted.report, converted.words, form_path.name, Path(out).name)
        write_text_file(Path(report), lambda file: file.write(text), force=force, public=True)
    return out, converted
