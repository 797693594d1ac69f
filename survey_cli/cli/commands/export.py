"""The command `export`: a study's data as files."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output.progress import show_progress
from survey_cli.cli.output.terminal import open_data_output, say
from survey_cli.cli.parameters import option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.services.data.export_options import ExportOptions


RowChoice: TypeAlias = Literal["interviews", "answers", "events", "cases", "calls"]
"""Unit of a row."""


def _print_formats(is_requested: bool) -> None:
    if not is_requested:
        return
    from survey_cli.exports import FORMATS

    for form in FORMATS.values():
        print(f"{form.name:<10} {' '.join(form.extensions):<14} {form.description}")
    raise typer.Exit


def export(
    file: parameters.InstrumentArgument,
    out: list[str] | None = option(
        "--out -o FILE", "The file to write; - writes to stdout. Repeatable.", None, callback=parameters.require_text
    ),
    what: RowChoice = option(
        "--what", "What one row is: an interview, an answer, an event, a case or a call.", "interviews"
    ),
    variables: list[str] | None = option(
        "--variables NAMES",
        "Write only these columns, items or sections: q1,q2,mission.",
        None,
        callback=parameters.require_text,
    ),
    where: parameters.WhereOption = "",
    rake: str = option(
        "--rake FILE",
        "Add a last column weight_raked: the weights of a report with this file of targets.",
        "",
        callback=parameters.require_text,
    ),
    trim: parameters.TrimOption = "",
    as_of: parameters.AsOfOption = "",
    labels: bool = option("--labels", "Write labels instead of codes.", False),
    bom: bool = option("--bom", "Begin the file with a byte order mark, by which Excel recognizes UTF-8.", False),
    partials: bool = option("--partials/--no-partials", "Include or leave out unfinished interviews.", True),
    origin: parameters.OriginOption = "real",
    personal: bool = option(
        "--with-contacts --with-personal",
        "Include names, telephone numbers and personal answers. For supervisors only.",
        False,
    ),
    names: list[str] | None = option(
        "--personal NAME", "Include the personal columns of this item. For supervisors only. Repeatable.", None
    ),
    public: bool = option(
        "--public", "Leave out keys, free text, dates and times, which can identify respondents.", False
    ),
    force: parameters.ForceOption = False,
    raw: bool = option("--raw", "Write texts unchanged, even if a spreadsheet may run them as formulas.", False),
    language: parameters.LanguageOption = "",
    form: str = option("--format NAME", "The format; by default chosen by the file's ending. --formats lists all.", ""),
    bundle: str = option(
        "--bundle DIR|.zip",
        "Write data, description, questionnaire, rates and checksums to a folder or .zip; -o names data files in it.",
        "",
        callback=parameters.require_text,
    ),
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    db: parameters.DatabaseOption = None,
    formats: bool = option(
        "--formats", "List the formats, and do nothing else.", False, callback=_print_formats, is_eager=True
    ),
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
        what=what,
        variables=tuple(name.strip() for text in variables or () for name in text.split(",") if name.strip()),
        where=where,
        rake=rake,
        trim=trim,
        as_of=as_of,
        zone=parameters.parse_zone(zone),
        db=db,
        format=form,
        labels=labels,
        bom=bom,
        raw=raw,
        partials=partials,
        origin=origin,
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
            "--with-contacts includes them" if what == "calls" else "--personal NAME or --with-contacts includes them"
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
