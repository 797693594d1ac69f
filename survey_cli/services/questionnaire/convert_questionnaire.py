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

    Without `out`, the questionnaire is written beside the form, with its name. Its modules are
    written beside it. Returns the name of the questionnaire, and what was converted.
    """
    form_path = Path(form)
    if not out:
        out = str(form_path.with_suffix(".yaml"))

    # All targets are checked first, so that no questionnaire is left without its report.
    check_output_path(Path(out), force=force)
    if report:
        check_output_path(Path(report), force=force)

    converted = convert_form(form_path)
    modules = {Path(out).parent / name: text for name, text in converted.modules.items()}
    for path in modules:
        check_output_path(path, force=force)
    for path, text in modules.items():
        _write_text(path, text, force=force)
    _write_text(Path(out), converted.text, force=force)
    if report:
        text = render_report(converted.report, converted.words, form_path.name, Path(out).name)
        _write_text(Path(report), text, force=force)
    return out, converted


def _write_text(path: Path, text: str, *, force: bool) -> None:
    write_text_file(path, lambda file: file.write(text), force=force, public=True)
