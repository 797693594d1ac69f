"""The commands `report` and `codebook`: results, and a description of the data."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output.terminal import (
    get_width,
    name_output,
    open_data_output,
    say,
    show_progress,
)
from survey_cli.cli.parameters import option, split_names, text_option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.results.report_model import Results
    from survey_cli.services.report.results_report import ReportOptions
    from survey_cli.services.run_on_study import ProgressCallback

OutputOption = Annotated[
    str, text_option("--out -o FILE", "The file to write; - writes Markdown to stdout.")
]
ThresholdOption = Annotated[
    int, option("--threshold N", "Hide counts smaller than this; 0 hides nothing.", min=0)
]


@option_group
class ReportParameters:
    """The options of `survey report`."""

    out: OutputOption = ""
    by: Annotated[
        list[str] | None,
        text_option(
            "--by NAMES",
            "Add columns for the values of these variables, nested ones or banners of the analysis "
            "file: kind,kind > region.",
        ),
    ] = None
    items: Annotated[
        list[str] | None,
        text_option("--items NAMES", "Report only these items, batteries or sections: q1,q2."),
    ] = None
    where: parameters.WhereOption = ""
    without_falsified: parameters.WithoutFalsifiedOption = False
    interviews: Annotated[
        Literal["complete", "partial", "all"],
        option("--interviews", "Complete interviews only, partial ones too, or all."),
    ] = "partial"
    origin: parameters.OriginOption = "real"
    as_of: parameters.AsOfOption = ""
    valid: Annotated[
        bool,
        option(
            "--valid",
            "Base percentages on valid answers: leave out declines and volunteered answers.",
        ),
    ] = False
    digits: Annotated[int, option("--digits N", "Decimal places of percentages.", min=0, max=4)] = 0
    threshold: ThresholdOption = 5
    tests: Annotated[
        bool | None,
        option(
            "--tests/--no-tests",
            "Print significance tests with --by, or none. By default they are printed unless the "
            "whole population"
            " was selected.",
            show_default=False,
        ),
    ] = None
    level: Annotated[
        float, option("--level SHARE", "Confidence level of tests, margins and intervals.")
    ] = 0.95
    correction: Annotated[
        Literal["none", "bonferroni", "fdr"],
        option("--correction", "Correction of letters for the number of comparisons in a table."),
    ] = "bonferroni"
    compare: Annotated[
        Literal["pairs", "total"],
        option("--compare", "Compare columns with each other, or each with the rest of the total."),
    ] = "pairs"
    percent: Annotated[
        Literal["column", "row"], option("--percent", "What percentages by column are of.")
    ] = "column"
    min_base: Annotated[
        int, option("--min-base N", "Merge or leave out columns with fewer interviews.", min=0)
    ] = 0
    statistics: Annotated[
        list[str] | None,
        text_option(
            "--statistics NAMES",
            "Print further statistics: quartiles and se of numbers and scales, totals of the "
            "population with their errors.",
        ),
    ] = None
    margins: Annotated[bool, option("--margins", "Print margins of error with each item.")] = False
    errors: Annotated[
        bool,
        option(
            "--errors",
            "Print standard errors, intervals, design effects and differences under the design of "
            "the sample.",
        ),
    ] = False
    verbatims: Annotated[bool, option("--verbatims", "Print verbatim answers.")] = False
    cases: Annotated[
        bool, option("--cases", "With --verbatims: print the case of each answer.")
    ] = False
    weighted: Annotated[
        bool,
        option("--weighted/--unweighted", "Use or ignore the sample column with role: weight."),
    ] = True
    rake: parameters.RakeOption = ""
    trim: parameters.TrimOption = ""
    weight: parameters.WeightOption = ""
    seed: Annotated[int, option("--seed N", "Seed of simulated tests.")] = 1
    charts: Annotated[
        str, text_option("--charts DIR", "Write each chart as an SVG file into this folder.")
    ] = ""
    png: Annotated[bool, option("--png", "With --charts: write PNG files too.")] = False
    language: parameters.LanguageOption = ""
    force: parameters.ForceOption = False
    people: parameters.PeopleOption = None
    zone: parameters.ZoneOption = ""
    db: parameters.DatabaseOption = None

    def make_report_options(self, progress: "ProgressCallback | None") -> "ReportOptions":
        """Return which results are reported, and how."""
        from survey_cli.services.report.results_report import ReportOptions

        return ReportOptions(
            to=self.out,
            by=split_names(self.by),
            items=split_names(self.items),
            where=self.where,
            without_falsified=self.without_falsified,
            interviews=self.interviews,
            origin=self.origin,
            as_of=self.as_of,
            valid=self.valid,
            digits=self.digits,
            threshold=self.threshold,
            inference=self.tests,
            level=self.level,
            correction=self.correction,
            compare=self.compare,
            percent=self.percent,
            min_base=self.min_base,
            statistics=split_names(self.statistics),
            margins=self.margins,
            errors=self.errors,
            verbatims=self.verbatims,
            cases=self.cases,
            weighted=self.weighted,
            rake=self.rake,
            trim=self.trim,
            weight=self.weight,
            seed=self.seed,
            charts=self.charts,
            png=self.png,
            language=self.language,
            force=self.force,
            people=self.people,
            zone=parameters.parse_zone(self.zone),
            db=self.db,
            progress=progress,
        )


def report(file: parameters.InstrumentArgument, given: ReportParameters) -> None:
    """Report the results: every item with base, counts and percentages.

    Without --by it is a topline; with --by it has cross-tabulations (crosstabs). It appears on the
    terminal, or with -o in an .html, .md, .docx, .xlsx or .csv file. An .html file opens in any
    browser and prints well. Don't know, refused and volunteered answers are rows. Respondents who
    were not asked are in no base. Small counts are hidden.

    Example: survey report study.yaml --by region -o report.html
    """
    from survey_cli.services.report.publish import publish_results

    with show_progress(shown=given.out != "-") as progress:
        options = given.make_report_options(progress)
        results, chart_files = publish_results(file, options, stdout=_choose_stdout(given.out))

    say(*results.warnings)
    if not given.out and not given.charts:
        from survey_cli.cli.output.report_text import render_report

        print("\n".join(render_report(results, cells=get_width(), blocks=_has_blocks())))
    if given.out:
        say(f"{name_output(given.out)}: {_describe_contents(results)}")
    if given.charts:
        say(f"{given.charts}: {format_quantity(chart_files, 'file')}")
    say(*results.advice)


def _describe_contents(results: "Results") -> str:
    """Describe a report: `12 items, 300 interviews`, and whether counts are hidden."""
    from survey_cli.cli.output.report_text import THRESHOLD_REMEDY
    from survey_cli.documents.report.report_layout import describe_hidden_counts

    items = format_quantity(len(results.items), "item")
    contents = f"{items}, {format_quantity(results.interviews, 'interview')}"
    hidden = describe_hidden_counts(results)
    if hidden:
        contents += f"; {hidden}{THRESHOLD_REMEDY}"
    return contents


@option_group
class CodebookParameters:
    """The options of `survey codebook`."""

    out: OutputOption = "-"
    counts: Annotated[
        bool, option("--counts/--no-counts", "Print counts of each code, or none.")
    ] = True
    origin: parameters.OriginOption = "real"
    threshold: ThresholdOption = 5
    language: parameters.LanguageOption = ""
    force: parameters.ForceOption = False
    people: parameters.PeopleOption = None
    db: parameters.DatabaseOption = None

    def make_report_options(self, progress: "ProgressCallback | None") -> "ReportOptions":
        """Return how the data are described."""
        from survey_cli.services.report.results_report import ReportOptions

        return ReportOptions(
            to=self.out,
            counts=self.counts,
            origin=self.origin,
            threshold=self.threshold,
            language=self.language,
            force=self.force,
            people=self.people,
            db=self.db,
            progress=progress,
        )


def codebook(file: parameters.InstrumentArgument, given: CodebookParameters) -> None:
    """Describe the data: the codebook of a study.

    It has every variable with its wording, who is asked, codes, labels, missing values and source.
    The codebook, or data dictionary, is an .html, .md or .docx file. Where interviews are stored,
    it has counts.

    Example: survey codebook study.yaml -o codebook.html
    """
    from survey_cli.services.report.publish import publish_codebook

    with show_progress(shown=given.out != "-") as progress:
        options = given.make_report_options(progress)
        result = publish_codebook(file, options, stdout=_choose_stdout(given.out))

    contents = format_quantity(result.column_count, "variable")
    if result.interviews is not None:
        contents += f", {format_quantity(result.interviews, 'interview')}"
    say(f"{name_output(given.out)}: {contents}")


def _choose_stdout(out: str) -> TextIO:
    """Return standard output, as UTF-8 if the document is written to it."""
    return open_data_output() if out == "-" else sys.stdout


def _has_blocks() -> bool:
    """Return whether this terminal can show block characters."""
    try:
        "█▒░".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
