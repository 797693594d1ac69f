"""The command `print`: the questionnaire as a document for reviewers."""

from typing import Annotated

from survey_cli.cli.options import ForceOption, InstrumentArgument, option
from survey_cli.cli.output.terminal import open_data_output, say
from survey_cli.wording import format_quantity


def print_document(
    file: InstrumentArgument,
    out: Annotated[
        str, option("--out -o FILE", "The file to write: .html, .docx or .md; - writes Markdown to stdout.")
    ] = "-",
    language: Annotated[str, option("--language CODE", "Language of the texts; all prints every language.")] = "",
    comments: Annotated[bool, option("--comments", "Print lines for comments under every item.")] = False,
    force: ForceOption = False,
) -> None:
    """Print the questionnaire for reviewers.

    It shows what is read aloud, instructions, answers with their codes, and in plain English who is asked and what
    is checked. An .html file opens in any browser, and prints well from there. Reviewers can change a .docx with tracked
    changes; it needs the extra [word].

    Example: survey print study.yaml -o questionnaire.html --comments
    """
    from survey_cli.services.questionnaire.print_questionnaire import PrintOptions, print_questionnaire

    options = PrintOptions(to=out, language=language, comments=comments, force=force)
    result = print_questionnaire(file, options, stdout=open_data_output())
    target = "stdout" if result.to == "-" else result.to
    say(f"{target}: {format_quantity(result.items, 'item')}, {', '.join(result.languages)}")
