"""The analyst's command: `export`. It makes one call to the office and says what went where."""

import io
import sys
from enum import StrEnum
from typing import Annotated

import typer

from survey_cli.cli.interviewing import Database, Instrument
from survey_cli.cli.sampling import PeopleFile
from survey_cli.cli.terminal import count, fail, say
from survey_cli.problems import Trouble


class Origin(StrEnum):
    """Which interviews."""

    real = "real"
    practice = "practice"
    simulated = "simulated"
    all = "all"


def _formats(wanted: bool) -> None:
    if not wanted:
        return
    from survey_cli.exports import FORMATS

    for form in FORMATS.values():
        print(f"{form.name:<6} {' '.join(form.endings):<12} {form.what}")
    raise typer.Exit


def export(
    file: Instrument,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="The file to write; - is stdout.")
    ] = "-",
    labels: Annotated[bool, typer.Option("--labels", help="Labels instead of codes.")] = False,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin with a byte order mark, by which Excel knows UTF-8.")
    ] = False,
    partials: Annotated[
        bool,
        typer.Option(
            "--partials/--no-partials", help="With or without interviews that did not come to their end."
        ),
    ] = True,
    origin: Annotated[Origin, typer.Option("--origin", help="Which interviews to take.")] = Origin.real,
    personal: Annotated[
        bool, typer.Option("--with-personal", help="With names, telephone numbers and personal answers.")
    ] = False,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--personal", metavar="NAME", help="With the personal columns of this item. Repeatable."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Texts as they are, though a spreadsheet might run them as formulas."),
    ] = False,
    language: Annotated[
        str, typer.Option("--language", metavar="CODE", help="Labels in this language of the instrument.")
    ] = "",
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="NAME", help="The format; the file's ending chooses it unless given."
        ),
    ] = "",
    people: PeopleFile = None,
    db: Database = None,
    formats: Annotated[
        bool, typer.Option("--formats", callback=_formats, is_eager=True, help="List the formats.")
    ] = False,
) -> None:
    """Write the data: one row for each interview, one column for each variable.

    An interview that was erased is a row without values, with the outcome withdrawn. Interviewers stand under the
    pseudonyms that the list of people gives them.
    """
    from survey_cli.office.exporting import Wish
    from survey_cli.office.exporting import export as exported

    wish = Wish(
        to=out,
        db=db,
        format=form,
        labels=labels,
        bom=bom,
        raw=raw,
        partials=partials,
        origin=origin.value,
        personal=frozenset(names or ()),
        all_personal=personal,
        language=language,
        force=force,
        people=people,
    )
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # data are UTF-8, whatever the terminal speaks
    made = exported(file, wish, stdout=sys.stdout)
    if isinstance(made, Trouble):
        fail(made)
    for line in (*made.warnings, *made.differences, *made.notes):
        say(line)
    if made.left_out:
        say(
            f"left out as personal: {', '.join(made.left_out)} (--personal NAME or --with-personal asks for them)"
        )
    to = "stdout" if made.to == "-" else made.to
    say(f"{to}: {count(made.rows, 'interview')}, {count(made.variables, 'column')}, from {made.source}")


COMMANDS = (export,)
