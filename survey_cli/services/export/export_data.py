"""Export of a study's data: checks the outputs, builds the table, writes each file."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TextIO

from survey_cli.exports import FORMATS, Format, WriteOptions, WriteResult, find_format
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.services.data.export_options import (
    DataTable,
    ExportOptions,
    ExportResult,
    check_weights,
)
from survey_cli.services.data.table_query import query_table
from survey_cli.services.output_files import (
    check_output_path,
    write_file,
    write_file_pair,
    write_text_file,
)
from survey_cli.services.run_on_study import read_records
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.columns import IdentifyingKind
from survey_cli.table.table import Table, show_table_placeholders
from survey_cli.wording import format_quantity, join_first

__all__ = ["ExportOptions", "ExportResult"]


class MissingLibraryError(UserError):
    """The format needs a library that is not installed."""


ROWS_OF_INTERVIEWS: Final = frozenset({"interviews", "answers", "events"})
"""The kinds of rows that come from interviews; calls and shifts are always real."""
LABELS_NOTE: Final = "the file has labels beside the codes: --labels has no effect"


def export_files(
    path: str | Path, options: ExportOptions, outs: Sequence[str], *, stdout: TextIO | None = None
) -> list[ExportResult]:
    """Write the data into several files, all as of the same point in time.

    If one of them can't be written, none is.
    """
    check_outputs(outs, options)
    exported = None
    if not options.dry_run:
        names = outs
        if options.reason:
            # The folder of a download is gone when somebody reads the log.
            names = [Path(out).name for out in outs]
        exported = (", ".join(names), options.describe_content())
    action = Action.EXPORT_DATA
    if options.what == "shifts":
        action = Action.EXPORT_WORKING_TIMES
    with read_records(
        path, action, db=options.db, people=options.people, to=outs[0], exported=exported
    ) as records:
        results = []
        for out in outs:
            file_options = replace(options, to=out, beside=tuple(outs))
            results.append(export_records(records, file_options, stdout=stdout))
        return results


def check_outputs(outs: Sequence[str], options: ExportOptions) -> None:
    """Check that each of these files can be written, and that no two are the same.

    Separate data files count too. Raises UserError.
    """
    check_weights(options)
    if options.public and options.what != "interviews":
        raise UserError("--public", "only interviews can be made public", "leave out --what")
    if options.public and (options.all_personal or options.personal):
        raise UserError(
            "--public",
            "personal columns are never public",
            "leave out --personal and --with-contacts",
        )

    out_by_file: dict[Path, str] = {}
    for number, out in enumerate(outs):
        chosen = _choose_format(replace(options, to=out))
        if out == "-":
            if chosen.write is None:
                what = (
                    f"{chosen.name} is not a text format, so it can't be written to standard output"
                )
                raise UserError("-o", what, "specify a file")
            if out in outs[:number]:
                what = "standard output is specified twice"
                raise UserError("-o", what, "specify each file once")
            continue

        if out in outs[:number]:
            raise UserError(out, "it is specified twice", "specify each file once")
        files = [Path(out)]
        data_path = chosen.find_data_path(Path(out))
        if data_path is not None:
            files.append(data_path)
        for file in files:
            _check_file(file, out, options, out_by_file)


def _check_file(file: Path, out: str, options: ExportOptions, out_by_file: dict[Path, str]) -> None:
    """Check one file of an output, and note it in `out_by_file`. Raises UserError."""
    if options.rake and file.resolve() == Path(options.rake).resolve():
        raise UserError(out, f"{file} is the file of targets", "use another name")

    check_output_path(file, force=options.force)
    other = out_by_file.setdefault(file.resolve(), out)
    if other != out:
        raise UserError(
            out, f"{file} is written by {other} too", "use another name for one of them"
        )


def check_origin(records: StudyRecords, options: ExportOptions) -> None:
    """Refuse to export real interviews if all that are stored are of practice or simulated.

    Whoever has just practiced would otherwise get an empty file. A study without any interview has
    one, with its columns. Raises UserError.
    """
    if options.origin != "real" or options.what not in ROWS_OF_INTERVIEWS:
        return
    if records.store.data.has_counted_interviews():
        return
    counts = records.store.data.count_by_origin()
    if not counts:
        return
    stored = [f"{count:,} of origin {origin}" for origin, count in counts.items()]
    what = f"no real interviews are stored, but {' and '.join(stored)}"
    wanted = "all"
    if len(counts) == 1:
        [wanted] = counts
    raise UserError(records.where, what, f"add --origin {wanted}")


def export_records(
    records: StudyRecords, options: ExportOptions, *, stdout: TextIO | None = None
) -> ExportResult:
    """Write one file from open records."""
    data_format = _choose_format(options)
    data = query_table(records, options)
    check_origin(records, options)
    write_options = WriteOptions(
        labels=options.labels,
        raw=options.raw,
        bom=options.bom,
        data_name=_name_described_file(options),
    )
    table = show_table_placeholders(data.table)
    if options.dry_run:
        written = find_unique_rows(table)
    else:
        written = write_table(table, data_format, write_options, options, stdout or sys.stdout)
    return ExportResult(
        to=options.to,
        rows=written.rows,
        data=data,
        source=records.where,
        beside=str(data_format.find_data_path(Path(options.to)) or ""),
        notes=(*written.notes, *_iterate_notes(data, data_format, options)),
        public=options.public,
    )


def find_unique_rows(table: Table) -> WriteResult:
    """Count the rows, and note how many of them have values of the sample that no other row has.

    Only coded values are compared.
    """
    positions = []
    names = []
    for position, variable in enumerate(table.variables):
        if variable.role == "sample" and variable.labels:
            positions.append(position)
            names.append(variable.name)

    counts: Counter[tuple[str, ...]] = Counter()
    for texts in table.iterate_texts():
        counts[tuple(texts[position] for position in positions)] += 1
    rows = counts.total()
    unique = sum(count == 1 for count in counts.values())
    if not unique or rows < 2:
        return WriteResult(rows)

    verb = "is" if unique == 1 else "are"
    of_rows = f"{unique:,} of {format_quantity(rows, table.row_unit)}"
    note = (
        f"{of_rows} {verb} the only one with these values of {join_first(names)}: "
        "somebody who knows them recognizes the respondent"
    )
    return WriteResult(rows, (note,))


def _name_described_file(options: ExportOptions) -> str:
    """Return the name of the data file that a description describes.

    It is the first CSV file written with it, otherwise a CSV file of the same name.
    """
    for out in options.beside:
        if out.lower().endswith(FORMATS["csv"].extensions):
            return Path(out).name

    name = Path(options.to).name
    # A file with another ending has no name to derive one from.
    stem = ""
    for ending in (*FORMATS["ddi"].extensions, *FORMATS["datapackage"].extensions):
        if name.lower().endswith(ending):
            stem = name[: -len(ending)].rstrip(".")
            break
    return f"{stem}.csv" if stem else ""


def _iterate_notes(data: DataTable, chosen: Format, options: ExportOptions) -> Iterator[str]:
    """Yield a note if --labels has no effect, and if texts are in a data file for one program."""
    if options.labels and chosen.always_labeled:
        yield LABELS_NOTE

    data_path = chosen.find_data_path(Path(options.to))
    has_free_text = IdentifyingKind.FREE_TEXT in data.identifying and not options.public
    has_texts = options.what != "interviews" or has_free_text
    if data_path is not None and data_path.suffix != ".dta" and has_texts:
        yield (
            f"{data_path.name} contains texts as they were typed, which a spreadsheet may run as "
            "formulas: open it only with the program that it is meant for"
        )


def _choose_format(options: ExportOptions) -> Format:
    """Return the format that is requested, or that of the file's ending. Raises UserError."""
    if not options.to:
        raise UserError(
            "-o", "the name of the file is empty", "specify a file, or - for standard output"
        )
    if not options.format and options.to != "-" and Path(options.to).is_dir():
        raise UserError(options.to, "this is a folder", "specify a file in it")

    name = options.to
    if name == "-" and not options.format:
        name = "x.csv"
    chosen = find_format(name, chosen=options.format)
    if not isinstance(chosen, str):
        return chosen

    why_not = chosen
    if options.format:
        raise UserError("--format", why_not, f"use one of {', '.join(FORMATS)}")
    remedy = "use one of these endings, or specify the format with --format"
    raise UserError(options.to, why_not, remedy)


def write_table(
    table: Table,
    chosen: Format,
    write_options: WriteOptions,
    options: ExportOptions,
    stdout: TextIO,
) -> WriteResult:
    """Write the table into the file, or to standard output."""
    to = Path(options.to)
    if chosen.write is not None:
        write = chosen.write
        if options.to == "-":
            written = write(table, stdout, write_options)
            stdout.flush()
            return written
        return write_text_file(
            to, lambda file: write(table, file, write_options), force=options.force, newline=""
        )

    try:
        if chosen.write_pair is not None:
            data_path = chosen.find_data_path(to)
            assert data_path is not None
            write_pair = partial(chosen.write_pair, table)
            return write_file_pair(to, data_path, write_pair, force=options.force)

        assert chosen.write_file is not None
        into_file = chosen.write_file
        return write_file(
            to, lambda path: into_file(table, path, write_options), force=options.force
        )
    except ImportError as error:
        from survey_cli.installation import make_install_command

        what = f"{chosen.name} needs {error.name or chosen.extra}, which is not installed"
        raise MissingLibraryError(options.to, what, make_install_command(chosen.extra)) from error
