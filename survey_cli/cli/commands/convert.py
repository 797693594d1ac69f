"""The command `convert`: a form of another program as a questionnaire."""

from typing import Annotated

import typer

from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import ForceOption, ResultFormatOption, argument, option
from survey_cli.wording import format_quantity


def convert(
    form: Annotated[str, argument("FORM", "An XLSForm: .xlsx, .xls, .csv or .md.")],
    out: str = option("--out -o FILE", "The questionnaire to write, .yaml."),
    report: str = option("--report FILE", "Also write what was carried over and what was not, as .md.", ""),
    output_format: ResultFormatOption = "table",
    force: ForceOption = False,
) -> None:
    """Convert an XLSForm (ODK, KoboToolbox, SurveyCTO) to a questionnaire.

    Whatever has no counterpart is listed with its sheet, row and column, and stands as a comment in the questionnaire,
    which has no errors. The report has three lists: not carried over, carried over with a note, carried over.

    Exit code 0: everything was carried over; 1: something was not.

    Example: survey convert form.xlsx -o study.yaml --report form.md
    """
    from survey_cli.services.questionnaire.convert_questionnaire import convert_questionnaire

    result = convert_questionnaire(form, out, report=report, force=force)
    losses = result.report
    if output_format == "json":
        from survey_cli.cli.output.json_text import render_json

        print(render_json({"file": result.file, "report": losses, "errors": [str(error) for error in result.errors]}))
    elif not report:
        for entry in losses.lost:
            column = f", {entry.column}" if entry.column else ""
            print(f"{form}: sheet {entry.sheet}, row {entry.row}{column}: {entry.name or 'all rows'}: {entry.text}")
    for error in result.errors:
        say(str(error))
    say(f"{result.file}: written; {losses.summarize()}")
    if losses.lost and report:
        say(f"{report}: {format_quantity(len(losses.lost), 'entry', 'entries')} not carried over, with the reasons")
    say(f"Next: survey check {result.file}, then survey preview {result.file}")
    raise typer.Exit(1 if losses.lost or result.errors else 0)
