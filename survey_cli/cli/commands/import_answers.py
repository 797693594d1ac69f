"""The command `import-answers`: interviews from the data of paper, the web or earlier waves."""

from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output.terminal import say, show_progress
from survey_cli.cli.parameters import argument, on_study, option, text_option
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from survey_cli.services.data.import_answers import AnswerImportOptions
    from survey_cli.services.run_on_study import ProgressCallback, Request


@option_group
class AnswerImportParameters:
    """The options of `survey import-answers`."""

    map_file: Annotated[
        str,
        text_option(
            "--map FILE", "YAML file that says which column and which codes an item has there."
        ),
    ] = ""
    sheet: Annotated[
        str | None, option("--sheet NAME", "Sheet of the workbook; by default the first.")
    ] = None
    encoding: Annotated[
        str | None, option("--encoding NAME", "Encoding of the file, if it is not UTF-8: cp1252.")
    ] = None
    dry_run: parameters.DryRunOption = False

    def make_import_options(
        self, data: str, progress: "ProgressCallback | None"
    ) -> "AnswerImportOptions":
        """Return how this file is imported."""
        from survey_cli.services.data.import_answers import AnswerImportOptions

        return AnswerImportOptions(
            data=data,
            map=self.map_file,
            sheet=self.sheet,
            encoding=self.encoding,
            dry_run=self.dry_run,
            progress=progress,
        )


@on_study
def import_answers(
    request: "Request",
    data: Annotated[str, argument("DATA", "The data file: .csv, .xlsx, .sav, .dta or .parquet.")],
    given: AnswerImportParameters,
) -> None:
    """Import answers from paper, the web or earlier waves: each row of a data file is an interview.

    Every row is answered as in an interview: its route, ranges and checks apply, and soft checks
    count as confirmed. What does not fit is listed by row and column, and then nothing is imported.
    Safe to repeat: rows that are stored already are passed over. The interviews have the origin
    `imported`; exports and reports include them.

    Exit code 0: imported; 1: not imported.

    Example: survey import-answers study.yaml paper.csv --dry-run
    """
    from survey_cli.services.data.import_answers import import_answers
    from survey_cli.study.location import describe_files

    with show_progress() as progress:
        result = import_answers(request, given.make_import_options(data, progress))

    say(*result.problems)
    errors = sum(problem.severity == "error" for problem in result.problems)
    if errors:
        say(f"{data}: {format_quantity(errors, 'error')}: nothing was imported")
        raise typer.Exit(1)

    if result.unused:
        columns = format_quantity(len(result.unused), "column")
        say(f"not read: {columns}: {join_first(result.unused)}")
    say(describe_files(request.path, result.where, people=request.people))
    added = format_quantity(result.added, "interview")
    done = "would be imported" if given.dry_run else "imported"
    stored_before = result.rows - result.added
    say(f"{result.where}: {added} {done}, {stored_before} stored already")
