"""The reader's commands: `report`, the results of a survey, and `codebook`, what each variable is. One call to the office
each, drawn in lines or written into a file.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from survey_cli.cli.commands.export import Origin, not_empty
from survey_cli.cli.commands.interview import Database, Instrument
from survey_cli.cli.commands.rates import People, Zone, zone_of
from survey_cli.cli.output.progress import reading_bar
from survey_cli.cli.output.terminal import count, data_out, fail, say, width
from survey_cli.problems import UserError

Out = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        callback=not_empty,
        help="The file to write; - is Markdown on stdout.",
    ),
]
Language = Annotated[
    str, typer.Option("--language", metavar="CODE", help="Texts in this language of the instrument.")
]
Threshold = Annotated[
    int,
    typer.Option(
        "--threshold", metavar="N", min=0, help="Counts of fewer people are hidden; 0 hides nothing."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")]


class Which(StrEnum):
    """Which interviews, by how far they came."""

    complete = "complete"
    partial = "partial"
    all = "all"


def report(
    file: Instrument,
    out: Out = "",
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="NAMES",
            callback=not_empty,
            help="Also by these variables, in columns: kind,region.",
        ),
    ] = None,
    items: Annotated[
        list[str] | None,
        typer.Option(
            "--items",
            metavar="NAMES",
            callback=not_empty,
            help="Only these items, batteries or sections: q1,q2.",
        ),
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            "--where",
            metavar="CONDITION",
            callback=not_empty,
            help='Only interviews of which this is true: "kind == 1".',
        ),
    ] = "",
    interviews: Annotated[
        Which, typer.Option("--interviews", help="Complete ones alone, partial ones too, or all.")
    ] = Which.partial,
    origin: Annotated[Origin, typer.Option("--origin", help="Which interviews to take.")] = Origin.real,
    as_of: Annotated[
        str,
        typer.Option(
            "--as-of", metavar="MOMENT", callback=not_empty, help="As it stood after this day or moment."
        ),
    ] = "",
    valid: Annotated[
        bool,
        typer.Option("--valid", help="Per cents of those with an answer: no declines, nothing volunteered."),
    ] = False,
    digits: Annotated[
        int, typer.Option("--digits", metavar="N", min=0, max=4, help="Decimals of the per cents.")
    ] = 0,
    threshold: Threshold = 5,
    tests: Annotated[
        bool | None,
        typer.Option(
            "--tests/--no-tests",
            help="Tests with --by, or none; unless given, where not the whole population was interviewed.",
            show_default=False,
        ),
    ] = None,
    margins: Annotated[bool, typer.Option("--margins", help="Margins of error with each item.")] = False,
    verbatims: Annotated[
        bool, typer.Option("--verbatims", help="Print what people said in their own words.")
    ] = False,
    cases: Annotated[bool, typer.Option("--cases", help="With --verbatims: whose words they are.")] = False,
    weighted: Annotated[
        bool,
        typer.Option("--weighted/--unweighted", help="By the sample column with role: weight, or not."),
    ] = True,
    rake: Annotated[
        str,
        typer.Option(
            "--rake",
            metavar="FILE",
            callback=not_empty,
            help="Weight to the targets of this CSV: variable, value, share.",
        ),
    ] = "",
    trim: Annotated[
        str,
        typer.Option("--trim", metavar="TIMES", help="With --rake: the most times the mean a weight may be."),
    ] = "",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of tests that draw tables.")] = 1,
    charts: Annotated[
        str,
        typer.Option(
            "--charts",
            metavar="DIR",
            callback=not_empty,
            help="Write each chart as an SVG file into this folder.",
        ),
    ] = "",
    png: Annotated[bool, typer.Option("--png", help="With --charts: as PNG files too.")] = False,
    language: Language = "",
    force: Force = False,
    people: People = None,
    zone: Zone = "",
    db: Database = None,
) -> None:
    """Report the results: every item with its wording, base, counts and per cents.

    On the terminal, or with -o as .html (one file that opens in any browser and prints well), .md, .docx, .xlsx or .csv.
    Don't know, refused and volunteered answers are rows; whoever was not asked is in no base. Small counts are hidden.
    """
    from survey_cli.services.report.publish import Place, publish_results
    from survey_cli.services.report.report_options import ReportWish

    wish = ReportWish(
        db=db,
        people=people,
        language=language,
        origin=origin.value,
        interviews=interviews.value,
        where=where,
        as_of=as_of,
        at=datetime.now(UTC),
        zone=zone_of(zone),
        by=_names(by),
        items=_names(items),
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
    place = Place(to=out, charts=charts, dots=png, force=force)
    with reading_bar(shown=out != "-") as tell:
        done = publish_results(
            file, replace(wish, tell=tell), place, stdout=data_out() if out == "-" else sys.stdout
        )
    if isinstance(done, UserError):
        fail(done)
    for warning in done.made.warnings:
        say(warning)
    if not out and not charts:
        from survey_cli.cli.output.report_text import drawn

        for line in drawn(done.made, cells=width(), blocks=_has_blocks()):
            print(line)
        return
    if out:
        from survey_cli.cli.output.report_text import ALL_SHOWN
        from survey_cli.documents.report.report_layout import hidden_line

        told = f"{count(len(done.made.items), 'item')}, {count(done.made.interviews, 'interview')}"
        if hidden := hidden_line(done.made):
            told += f"; {hidden}{ALL_SHOWN}"
        say(f"{'stdout' if out == '-' else out}: {told}")
    if charts:
        say(f"{charts}: {count(done.charts, 'file')}")


def codebook(
    file: Instrument,
    out: Out = "-",
    counts: Annotated[
        bool, typer.Option("--counts/--no-counts", help="With or without how many have each code.")
    ] = True,
    origin: Annotated[Origin, typer.Option("--origin", help="Which interviews to count.")] = Origin.real,
    threshold: Threshold = 5,
    language: Language = "",
    force: Force = False,
    people: People = None,
    db: Database = None,
) -> None:
    """Describe the data: every variable with its wording, who is asked, codes, labels, missing values and source.

    As .html, .md or .docx. Where interviews are kept, with counts.
    """
    from survey_cli.services.report.publish import Place, publish_codebook
    from survey_cli.services.report.report_options import CodebookWish

    wish = CodebookWish(
        db=db, people=people, language=language, origin=origin.value, counts=counts, threshold=threshold
    )
    with reading_bar(shown=out != "-") as tell:
        done = publish_codebook(
            file,
            replace(wish, tell=tell),
            Place(to=out, force=force),
            stdout=data_out() if out == "-" else sys.stdout,
        )
    if isinstance(done, UserError):
        fail(done)
    told = count(done.made.width, "variable")
    if done.made.interviews is not None:
        told += f", {count(done.made.interviews, 'interview')}"
    say(f"{'stdout' if out == '-' else out}: {told}")


def _names(lists: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for some in lists or () for name in some.split(",") if name.strip())


def _has_blocks() -> bool:
    """Can this terminal show them?"""
    try:
        "█▒░".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


COMMANDS = (report, codebook)
