"""The command `export`: a study's data as files."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli.options import (
    AsOfOption,
    DatabaseOption,
    ForceOption,
    InstrumentArgument,
    LanguageOption,
    OriginChoice,
    OriginOption,
    PeopleOption,
    TrimOption,
    WhereOption,
    ZoneOption,
    parse_zone,
    require_text,
)
from survey_cli.cli.output.progress import show_progress
from survey_cli.cli.output.terminal import open_data_output, say
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.services.data.export_options import ExportOptions


class RowChoice(StrEnum):
    """Unit of a row."""

    interviews = "interviews"
    answers = "answers"
    events = "events"
    cases = "cases"
    calls = "calls"


def _print_formats(is_requested: bool) -> None:
    if not is_requested:
        return
    from survey_cli.exports import FORMATS

    for form in FORMATS.values():
        print(f"{form.name:<10} {' '.join(form.extensions):<14} {form.description}")
    raise typer.Exit


def export(
    file: InstrumentArgument,
    out: Annotated[
        list[str] | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            callback=require_text,
            help="The file to write; - writes to stdout. Repeatable.",
        ),
    ] = None,
    what: Annotated[
        RowChoice, typer.Option("--what", help="What one row is: an interview, an answer, an event, a case or a call.")
    ] = RowChoice.interviews,
    variables: Annotated[
        list[str] | None,
        typer.Option(
            "--variables",
            metavar="NAMES",
            callback=require_text,
            help="Write only these columns, items or sections: q1,q2,mission.",
        ),
    ] = None,
    where: WhereOption = "",
    rake: Annotated[
        str,
        typer.Option(
            "--rake",
            metavar="FILE",
            callback=require_text,
            help="Add a last column weight_raked: the weights of a report with this file of targets.",
        ),
    ] = "",
    trim: TrimOption = "",
    as_of: AsOfOption = "",
    labels: Annotated[bool, typer.Option("--labels", help="Write labels instead of codes.")] = False,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin the file with a byte order mark, by which Excel recognizes UTF-8.")
    ] = False,
    partials: Annotated[
        bool, typer.Option("--partials/--no-partials", help="Include or leave out unfinished interviews.")
    ] = True,
    origin: OriginOption = OriginChoice.real,
    personal: Annotated[
        bool,
        typer.Option(
            "--with-contacts",
            "--with-personal",
            help="Include names, telephone numbers and personal answers. For supervisors only.",
        ),
    ] = False,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--personal",
            metavar="NAME",
            help="Include the personal columns of this item. For supervisors only. Repeatable.",
        ),
    ] = None,
    public: Annotated[
        bool,
        typer.Option("--public", help="Leave out keys, free text, dates and times, which can identify respondents."),
    ] = False,
    force: ForceOption = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write texts unchanged, even if a spreadsheet may run them as formulas.")
    ] = False,
    language: LanguageOption = "",
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="NAME", help="The format; by default chosen by the file's ending. --formats lists all."
        ),
    ] = "",
    bundle: Annotated[
        str,
        typer.Option(
            "--bundle",
            metavar="DIR|.zip",
            callback=require_text,
            help="Write data, description, questionnaire, rates and checksums to a folder or .zip;"
            " -o names data files in it.",
        ),
    ] = "",
    people: PeopleOption = None,
    zone: ZoneOption = "",
    db: DatabaseOption = None,
    formats: Annotated[
        bool,
        typer.Option(
            "--formats", callback=_print_formats, is_eager=True, help="List the formats, and do nothing else."
        ),
    ] = False,
) -> None:
    """Write the data: one row per interview, one column per variable.

    With --what, one row per answer, event, case or call instead.

    An erased interview is a row without values, with the outcome withdrawn. Interviewers are named by their
    pseudonyms in the list of people.

    Example: survey export study.yaml -o study.sav
    """
    from survey_cli.services.export.export_data import ExportOptions, export_files

    options = ExportOptions(
        to="",
        what=what.value,
        variables=tuple(name.strip() for text in variables or () for name in text.split(",") if name.strip()),
        where=where,
        rake=rake,
        trim=trim,
        as_of=as_of,
        zone=parse_zone(zone),
        db=db,
        format=form,
        labels=labels,
        bom=bom,
        raw=raw,
        partials=partials,
        origin=origin.value,
        personal=frozenset(names or ()),
        all_personal=personal,
        public=public,
        language=language,
        force=force,
        people=people,
    )
    if bundle:
        _write_bundle(file, options, bundle, out or ())
        return
    outs = out or ["-"]
    with show_progress(shown="-" not in outs) as progress:
        results = export_files(file, replace(options, progress=progress), outs, stdout=open_data_output())
    for line in dict.fromkeys(line for result in results for line in (*result.warnings, *result.differences)):
        say(line)
    if results[0].left_out:
        column_names = ", ".join(results[0].left_out)
        remedy = (
            "--with-contacts includes them"
            if what is RowChoice.calls
            else "--personal NAME or --with-contacts includes them"
        )
        say(f"left out as personal: {column_names} ({remedy})")
    if results[0].rows and results[0].disclosure_note:
        say(results[0].disclosure_note)
    for result in results:
        for line in result.notes:
            say(f"{result.to}: {line}")
        to = "stdout" if result.to == "-" else result.to
        companion = f" and {result.beside}" if result.beside else ""
        rows, columns = format_quantity(result.rows, result.each), format_quantity(result.variables, "column")
        say(f"{to}{companion}: {rows}, {columns}, from {result.source}")


def _write_bundle(file: str, options: "ExportOptions", to: str, outs: Sequence[str]) -> None:
    from survey_cli.services.export.bundle import write_bundle

    with show_progress() as progress:
        bundle = write_bundle(file, replace(options, progress=progress), to, outs)
    if bundle.interviews and bundle.data_files[0].disclosure_note:
        say(bundle.data_files[0].disclosure_note)
    for line in bundle.skipped:
        say(f"not included in {bundle.to}: {line}")
    say(f"{bundle.to}: {format_quantity(bundle.interviews, 'interview')}, {format_quantity(len(bundle.files), 'file')}")
