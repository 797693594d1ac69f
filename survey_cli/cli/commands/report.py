"""The commands `report`, for the results of a survey, and `codebook`, for its variables."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from survey_cli.cli import parameters
from survey_cli.cli.output.progress import show_progress
from survey_cli.cli.output.terminal import get_width, open_data_output, say
from survey_cli.cli.parameters import option
from survey_cli.wording import format_quantity

OutputOption = Annotated[
    str, option("--out -o FILE", "The file to write; - writes Markdown to stdout.", callback=parameters.require_text)
]
ThresholdOption = Annotated[int, option("--threshold N", "Hide counts smaller than this; 0 hides nothing.", min=0)]


InclusionChoice: TypeAlias = Literal["complete", "partial", "all"]
"""Which interviews, by completeness."""


def report(
    file: parameters.InstrumentArgument,
    out: OutputOption = "",
    by: list[str] | None = option(
        "--by NAMES",
        "Add columns for the values of these variables: kind,region.",
        None,
        callback=parameters.require_text,
    ),
    items: list[str] | None = option(
        "--items NAMES",
        "Report only these items, batteries or sections: q1,q2.",
        None,
        callback=parameters.require_text,
    ),
    where: parameters.WhereOption = "",
    interviews: InclusionChoice = option(
        "--interviews", "Complete interviews only, partial ones too, or all.", "partial"
    ),
    origin: parameters.OriginOption = "real",
    as_of: parameters.AsOfOption = "",
    valid: bool = option(
        "--valid", "Base percentages on valid answers: leave out declines and volunteered answers.", False
    ),
    digits: int = option("--digits N", "Decimal places of percentages.", 0, min=0, max=4),
    threshold: ThresholdOption = 5,
    tests: bool | None = option(
        "--tests/--no-tests",
        "Print significance tests with --by, or none. By default they are printed unless the whole population"
        " was selected.",
        None,
        show_default=False,
    ),
    margins: bool = option("--margins", "Print margins of error with each item.", False),
    verbatims: bool = option("--verbatims", "Print verbatim answers.", False),
    cases: bool = option("--cases", "With --verbatims: print the case of each answer.", False),
    weighted: bool = option("--weighted/--unweighted", "Use or ignore the sample column with role: weight.", True),
    rake: parameters.RakeOption = "",
    trim: parameters.TrimOption = "",
    seed: int = option("--seed N", "Seed of simulated tests.", 1),
    charts: str = option(
        "--charts DIR", "Write each chart as an SVG file into this folder.", "", callback=parameters.require_text
    ),
    png: bool = option("--png", "With --charts: write PNG files too.", False),
    language: parameters.LanguageOption = "",
    force: parameters.ForceOption = False,
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Report the results: every item with its wording, base, counts and percentages.

    The report appears on the terminal, or with -o in an .html, .md, .docx, .xlsx or .csv file. An .html file opens
    in any browser and prints well. Don't know, refused and volunteered answers are rows. Respondents who were not
    asked are in no base. Small counts are hidden.

    Example: survey report study.yaml --by region -o report.html
    """
    from survey_cli.services.report.publish import OutputTarget, publish_results
    from survey_cli.services.report.report_options import ReportOptions

    options = ReportOptions(
        db=db,
        people=people,
        language=language,
        origin=origin,
        interviews=interviews,
        where=where,
        as_of=as_of,
        at=datetime.now(UTC),
        zone=parameters.parse_zone(zone),
        by=_split_names(by),
        items=_split_names(items),
        valid=valid,
        threshold=threshold,
        digits=digits,
        inference=tests,
        margins=margins,
        verbatims=verbatims,
        cases=cases,
        weighted=weighted,
        rake=rake,
        trim=trim,
        seed=seed,
    )
    target = OutputTarget(to=out, charts=charts, png=png, force=force)
    with show_progress(shown=out != "-") as progress:
        result = publish_results(
            file, replace(options, progress=progress), target, stdout=open_data_output() if out == "-" else sys.stdout
        )
    for warning in result.report.warnings:
        say(warning)
    if not out and not charts:
        from survey_cli.cli.output.report_text import render_report

        for line in render_report(result.report, cells=get_width(), blocks=_has_blocks()):
            print(line)
        return
    if out:
        from survey_cli.cli.output.report_text import THRESHOLD_REMEDY
        from survey_cli.documents.report.report_layout import describe_hidden_counts

        contents = format_quantity(len(result.report.items), "item")
        contents += f", {format_quantity(result.report.interviews, 'interview')}"
        if hidden := describe_hidden_counts(result.report):
            contents += f"; {hidden}{THRESHOLD_REMEDY}"
        say(f"{'stdout' if out == '-' else out}: {contents}")
    if charts:
        say(f"{charts}: {format_quantity(result.charts, 'file')}")


def codebook(
    file: parameters.InstrumentArgument,
    out: OutputOption = "-",
    counts: bool = option("--counts/--no-counts", "Print counts of each code, or none.", True),
    origin: parameters.OriginOption = "real",
    threshold: ThresholdOption = 5,
    language: parameters.LanguageOption = "",
    force: parameters.ForceOption = False,
    people: parameters.PeopleOption = None,
    db: parameters.DatabaseOption = None,
) -> None:
    """Describe the data: every variable with its wording, who is asked, codes, labels, missing values and source.

    The codebook is an .html, .md or .docx file. Where interviews are stored, it has counts.

    Example: survey codebook study.yaml -o codebook.html
    """
    from survey_cli.services.report.publish import OutputTarget, publish_codebook
    from survey_cli.services.report.report_options import CodebookOptions

    options = CodebookOptions(
        db=db, people=people, language=language, origin=origin, counts=counts, threshold=threshold
    )
    with show_progress(shown=out != "-") as progress:
        result = publish_codebook(
            file,
            replace(options, progress=progress),
            OutputTarget(to=out, force=force),
            stdout=open_data_output() if out == "-" else sys.stdout,
        )
    contents = format_quantity(result.report.column_count, "variable")
    if result.report.interviews is not None:
        contents += f", {format_quantity(result.report.interviews, 'interview')}"
    say(f"{'stdout' if out == '-' else out}: {contents}")


def _split_names(lists: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for names in lists or () for name in names.split(",") if name.strip())


def _has_blocks() -> bool:
    """Whether this terminal can show block characters."""
    try:
        "█▒░".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
