"""The command `print`: the questionnaire as people review it. One call to the office, and a line about what went out."""

from typing import Annotated

import typer

from survey_cli.cli.commands.interview import Instrument
from survey_cli.cli.output.terminal import count, data_out, fail, say
from survey_cli.problems import UserError


def print(
    file: Instrument,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The file to write, .html or .md; - is Markdown on stdout."
        ),
    ] = "-",
    language: Annotated[
        str,
        typer.Option(
            "--language", metavar="CODE", help="The language of the texts; all for every one of them."
        ),
    ] = "",
    comments: Annotated[
        bool, typer.Option("--comments", help="With lines to write comments on, under every item.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Print the questionnaire for those who review it.

    What is read aloud, instructions, answers with their codes, and in plain English who is asked and what is checked.
    The .html is one file that opens in any browser, and prints well from there.
    """
    from survey_cli.services.questionnaire.print_questionnaire import Wish, booklet

    wish = Wish(to=out, language=language, comments=comments, force=force)
    made = booklet(file, wish, stdout=data_out())
    if isinstance(made, UserError):
        fail(made)
    to = "stdout" if made.to == "-" else made.to
    say(f"{to}: {count(made.items, 'item')}, {', '.join(made.languages)}")


COMMANDS = (print,)
