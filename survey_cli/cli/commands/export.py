"""The command `export`: data as files, and bundles for an archive."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output.terminal import name_output, open_data_output, say, show_progress
from survey_cli.cli.parameters import option, split_names, text_option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.services.data.export_options import ExportOptions, ExportResult
    from survey_cli.services.run_on_study import ProgressCallback


def _print_formats(is_requested: bool) -> None:
    if not is_requested:
        return

    from survey_cli.exports import FORMATS

    for form in FORMATS.values():
        extensions = " ".join(form.extensions)
        memory = "; needs memory for all rows" if form.needs_memory else ""
        print(f"{form.name:<10} {extensions:<14} {form.description}{memory}")
    raise typer.Exit


@option_group
class ExportParameters:
    """The options of `survey export`."""

    out: Annotated[
        list[str] | None,
        text_option("--out -o FILE", "The file to write; - writes to stdout. Repeatable."),
    ] = None
    what: Annotated[
        Literal["interviews", "answers", "events", "cases", "calls", "shifts"],
        option(
            "--what",
            "What one row is: an interview, an answer, an event, a case, a call, or the working "
            "day of a person.",
        ),
    ] = "interviews"
    variables: Annotated[
        list[str] | None,
        text_option(
            "--variables NAMES", "Write only these columns, items or sections: q1,q2,mission."
        ),
    ] = None
    where: parameters.WhereOption = ""
    without_falsified: parameters.WithoutFalsifiedOption = False
    rake: Annotated[
        str,
        text_option(
            "--rake FILE",
            "Add a last column weight_raked: the weights of a report with this file of targets.",
        ),
    ] = ""
    trim: parameters.TrimOption = ""
    weight: parameters.WeightOption = ""
    as_of: parameters.AsOfOption = ""
    labels: Annotated[bool, option("--labels", "Write labels instead of codes.")] = False
    bom: Annotated[
        bool,
        option("--bom", "Begin the file with a byte order mark, by which Excel recognizes UTF-8."),
    ] = False
    partials: Annotated[
        bool, option("--partials/--no-partials", "Include or leave out unfinished interviews.")
    ] = True
    origin: parameters.OriginOption = "real"
    personal: Annotated[
        bool,
        option(
            "--with-contacts --with-personal",
            "Include names, telephone numbers and personal answers. For supervisors only.",
        ),
    ] = False
    names: Annotated[
        list[str] | None,
        option(
            "--personal NAME",
            "Include the personal columns of this item. For supervisors only. Repeatable.",
        ),
    ] = None
    public: Annotated[
        bool,
        option(
            "--public",
            "Leave out keys, free text, dates and times, which can identify respondents.",
        ),
    ] = False
    dry_run: parameters.DryRunOption = False
    force: parameters.ForceOption = False
    raw: Annotated[
        bool,
        option("--raw", "Write texts unchanged, even if a spreadsheet may run them as formulas."),
    ] = False
    recompute: Annotated[
        bool,
        option(
            "--recompute",
            "Compute interviews of an earlier edition of the language as the questionnaire does "
            "now, and say how many differ.",
        ),
    ] = False
    language: parameters.LanguageOption = ""
    form: Annotated[
        str,
        option(
            "--format NAME",
            "The format; by default chosen by the file's ending. --formats lists all.",
        ),
    ] = ""
    bundle: Annotated[
        str,
        text_option(
            "--bundle DIR|.zip",
            "Write data, description, questionnaire, rates and checksums to a folder or .zip; -o "
            "names data files in it.",
        ),
    ] = ""
    people: parameters.PeopleOption = None
    zone: parameters.ZoneOption = ""
    db: parameters.DatabaseOption = None
    formats: Annotated[
        bool,
        option(
            "--formats",
            "List the formats, and do nothing else.",
            callback=_print_formats,
            is_eager=True,
        ),
    ] = False

    def make_export_options(self, progress: "ProgressCallback | None") -> "ExportOptions":
        """Return which data are exported, and how."""
        from survey_cli.services.data.export_options import ExportOptions

        return ExportOptions(
            what=self.what,
            db=self.db,
            format=self.form,
            labels=self.labels,
            bom=self.bom,
            raw=self.raw,
            partials=self.partials,
            origin=self.origin,
            personal=frozenset(self.names or ()),
            all_personal=self.personal,
            public=self.public,
            without_falsified=self.without_falsified,
            variables=split_names(self.variables),
            where=self.where,
            rake=self.rake,
            trim=self.trim,
            weight=self.weight,
            as_of=self.as_of,
            zone=parameters.parse_zone(self.zone),
            recompute=self.recompute,
            language=self.language,
            force=self.force,
            dry_run=self.dry_run,
            progress=progress,
            people=self.people,
        )


def export(file: parameters.InstrumentArgument, given: ExportParameters) -> None:
    """Write the data: one row per interview, one column per variable.

    With --what, one row per answer, event, case or call instead, or per person and day: shifts are
    the working times, everybody's for supervisors and shift leaders, and else your own.

    Interviews of earlier versions have the newest calculations. If only the edition of the language
    differs, they keep their values, unless --recompute is given: it computes what no condition,
    limit, text or quota of their version reads. The database stays as it is.

    An erased interview is a row without values, with the outcome withdrawn. Interviewers are named
    by their pseudonyms in the list of people. --public --dry-run lists what can identify
    respondents.

    Example: survey export study.yaml -o study.sav
    """
    if given.bundle:
        _write_bundle(file, given)
    else:
        _write_files(file, given)


def _write_bundle(file: str, given: ExportParameters) -> None:
    """Write a bundle, and say what it contains and what not."""
    from survey_cli.services.export.bundle import write_bundle

    with show_progress() as progress:
        options = given.make_export_options(progress)
        bundle = write_bundle(file, options, given.bundle, given.out or ())

    data = bundle.data_files[0]
    if given.recompute:
        _say_what_was_recomputed(data)
    if data.rows and data.disclosure_note:
        say(data.disclosure_note)
    for line in bundle.skipped:
        say(f"not included in {given.bundle}: {line}")
    interviews = format_quantity(data.rows, "interview")
    say(f"{given.bundle}: {interviews}, {format_quantity(len(bundle.files), 'file')}")


def _write_files(file: str, given: ExportParameters) -> None:
    """Write the files, or the data to standard output, and say what was written."""
    from survey_cli.services.export.export_data import export_files

    outs = given.out or ["-"]
    with show_progress(shown="-" not in outs) as progress:
        options = given.make_export_options(progress)
        results = export_files(file, options, outs, stdout=open_data_output())

    # Files of the same rows have the same warnings.
    remarks: list[str] = []
    for result in results:
        remarks += [*result.data.warnings, *result.data.differences]
    say(*dict.fromkeys(remarks))

    if given.recompute:
        _say_what_was_recomputed(results[0])
    _say_what_identifies(results[0], given)
    for result in results:
        for line in result.notes:
            say(f"{result.to}: {line}")
        say(_describe_file(result, dry_run=given.dry_run))


def _say_what_was_recomputed(result: "ExportResult") -> None:
    """Say which computes were recomputed, which not and why, and in how many interviews."""
    recomputed = result.data.recomputed
    if not recomputed:
        say("--recompute: no stored interview was computed in an earlier edition of the language")
    for values in recomputed:
        say(values.describe())


def _say_what_identifies(result: "ExportResult", given: ExportParameters) -> None:
    """Say what was left out as personal, and what can still identify respondents."""
    if result.data.left_out:
        # Calls have no items, whose names --personal takes.
        remedy = "--personal NAME or --with-contacts"
        if given.what == "calls":
            remedy = "--with-contacts"
        left_out = ", ".join(result.data.left_out)
        say(f"left out as personal: {left_out} ({remedy} includes them)")

    if result.rows and result.disclosure_note:
        say(result.disclosure_note)
    if given.dry_run:
        for kind, columns in result.data.identifying.items():
            say(f"{kind}: {', '.join(columns)}")


def _describe_file(result: "ExportResult", *, dry_run: bool) -> str:
    """Describe a file: `study.csv: 1,200 interviews, 48 columns, from responses/study.db`."""
    companion = f" and {result.beside}" if result.beside else ""
    table = result.data.table
    rows = format_quantity(result.rows, table.row_unit)
    columns = format_quantity(len(table.variables), "column")
    done = " would be written" if dry_run else ""
    return f"{name_output(result.to)}{companion}: {rows}, {columns}{done}, from {result.source}"
