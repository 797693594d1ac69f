"""Export of a study's data: checks the outputs, builds the table, writes each file in its format."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from survey_cli.exports import FORMATS, Format, WriteOptions, WriteResult, find_format
from survey_cli.problems import UserError
from survey_cli.services.data.export_options import DataTable, ExportOptions, ExportResult
from survey_cli.services.data.interview_weights import check_trim
from survey_cli.services.data.run_on_records import run_on_records
from survey_cli.services.data.table_query import query_table
from survey_cli.services.output_files import check_output_path, write_file, write_file_pair, write_text_file
from survey_cli.study.open_study import StudyRecords
from survey_cli.table import Table, show_table_placeholders

__all__ = ["ExportOptions", "ExportResult", "check_outputs", "export_file", "export_files", "export_records"]

LABELS_NOTE: Final = "the file has labels beside the codes: --labels has no effect"


def export_file(
    path: str | Path, wish: ExportOptions, *, stdout: TextIO | None = None
) -> ExportResult | UserError:
    """Write the data of an instrument into one file."""
    done = export_files(path, wish, [wish.to], stdout=stdout)
    return done if isinstance(done, UserError) else done[0]


def export_files(
    path: str | Path, wish: ExportOptions, outs: Sequence[str], *, stdout: TextIO | None = None
) -> list[ExportResult] | UserError:
    """Write the data into several files, all as of the same point in time.

    None is begun where one of them cannot be written.
    """
    if wish.rake and wish.what != "interviews":
        return UserError("--rake", "only interviews are weighted", "leave out --what")
    if (trouble := check_outputs(outs, wish)) is not None:
        return trouble
    wish = replace(wish, at=wish.at or datetime.now(UTC))

    def each(records: StudyRecords) -> list[ExportResult] | UserError:
        done = []
        for out in outs:
            made = export_records(records, replace(wish, to=out, beside=tuple(outs)), stdout=stdout)
            if isinstance(made, UserError):
                return made
            done.append(made)
        return done

    return run_on_records(path, each, db=wish.db, people=wish.people, to=outs[0])


def check_outputs(outs: Sequence[str], wish: ExportOptions) -> UserError | None:
    """Why one of these files cannot be written; None where all can."""
    if (trouble := check_trim(wish.rake, wish.trim)) is not None:
        return trouble
    if wish.public and wish.what != "interviews":
        return UserError("--public", "only interviews can be made public", "leave out --what")
    if wish.public and (wish.all_personal or wish.personal):
        return UserError(
            "--public", "personal columns are never public", "leave out --personal and --with-contacts"
        )
    if wish.rake and not wish.partials:
        remedy = "leave out --no-partials: weights are computed for complete and partial interviews together"
        return UserError("--rake", "partial interviews are weighted with complete ones", remedy)
    for out in outs:
        chosen = _choose_format(replace(wish, to=out))
        if isinstance(chosen, UserError):
            return chosen
        if (trouble := _check_output(chosen, replace(wish, to=out))) is not None:
            return trouble
    return _check_duplicates(outs, wish)


def export_records(
    records: StudyRecords, wish: ExportOptions, *, stdout: TextIO | None = None
) -> ExportResult | UserError:
    """Write one file from open records."""
    chosen = _choose_format(wish)
    if isinstance(chosen, UserError):
        return chosen
    made = query_table(records, wish)
    if isinstance(made, UserError):
        return made
    manner = WriteOptions(
        labels=wish.labels, raw=wish.raw, bom=wish.bom, data_name=_name_described_file(wish)
    )
    wrote = write_table(show_table_placeholders(made.table), chosen, manner, wish, stdout or sys.stdout)
    if isinstance(wrote, UserError):
        return wrote
    return ExportResult(
        to=wish.to,
        beside=str(_locate_data_file(chosen, wish) or ""),
        each=made.table.row_unit,
        rows=wrote.rows,
        notes=(
            *wrote.notes,
            *((LABELS_NOTE,) if wish.labels and chosen.always_labeled else ()),
            *_warn_unescaped_text(made, chosen, wish),
        ),
        variables=len(made.table.variables),
        source=records.where,
        warnings=made.warnings,
        differences=made.differences,
        left_out=made.left_out,
        identifying=made.identifying,
        public=wish.public,
    )


def _name_described_file(wish: ExportOptions) -> str:
    """The name of the data file that a description is of: the first CSV written with it, else one named like it."""
    for out in wish.beside:
        if out.lower().endswith(FORMATS["csv"].extensions):
            return Path(out).name
    name = Path(wish.to).name
    ending = next((e for e in FORMATS["ddi"].extensions if name.lower().endswith(e)), "")
    return f"{name[: -len(ending)]}.csv" if ending and name[: -len(ending)] else ""


def _warn_unescaped_text(made: DataTable, chosen: Format, wish: ExportOptions) -> Iterator[str]:
    """Yield a warning where free text is in a data file meant for one program alone."""
    beside = _locate_data_file(chosen, wish)
    texts = wish.what != "interviews" or ("free text" in made.identifying and not wish.public)
    if beside is not None and texts:
        yield (
            f"{beside.name} contains texts as they were typed, which a spreadsheet may run as formulas: "
            "open it only with the program it is meant for"
        )


def _choose_format(wish: ExportOptions) -> Format | UserError:
    if not wish.to:
        return UserError("-o", "the name of the file is empty", "name a file, or - for standard output")
    if not wish.format and wish.to != "-" and Path(wish.to).is_dir():
        return UserError(wish.to, "this is a folder", "name a file in it")
    chosen = find_format("x.csv" if wish.to == "-" and not wish.format else wish.to, chosen=wish.format)
    if not isinstance(chosen, str):
        return chosen
    if wish.format:
        return UserError("--format", chosen, f"name one of {', '.join(FORMATS)}")
    return UserError(wish.to, chosen, "use one of these endings, or name the format with --format")


def _check_duplicates(outs: Sequence[str], wish: ExportOptions) -> UserError | None:
    """The error where two outputs would be the same file; a separate data file counts too."""
    files: dict[Path | str, str] = {}
    for number, out in enumerate(outs):
        if out in outs[:number]:
            what = "standard output is named twice" if out == "-" else "it is named twice"
            return UserError("-o" if out == "-" else out, what, "name each file once")
        chosen = _choose_format(replace(wish, to=out))
        if out == "-" or isinstance(chosen, UserError):
            continue
        for file in (Path(out), _locate_data_file(chosen, replace(wish, to=out))):
            if file is not None and (other := files.setdefault(file.resolve(), out)) != out:
                return UserError(out, f"{file} is written by {other} too", "give one of them another name")
    return None


def _locate_data_file(chosen: Format, wish: ExportOptions) -> Path | None:
    """The path of the separate data file of a format that has one."""
    return chosen.find_data_path(Path(wish.to))


def _check_output(chosen: Format, wish: ExportOptions) -> UserError | None:
    if wish.to == "-":
        if chosen.write is None:
            return UserError(
                "-o", f"{chosen.name} is not a text format, so it cannot go into a pipe", "name a file"
            )
        return None
    beside = _locate_data_file(chosen, wish)
    for file in (Path(wish.to), beside):
        if file is None:
            continue
        if wish.rake and file.resolve() == Path(wish.rake).resolve():
            return UserError(wish.to, f"{file} is the file of targets", "give it another name")
        if (trouble := check_output_path(file, force=wish.force)) is not None:
            return trouble
    return None


def write_table(
    table: Table, chosen: Format, manner: WriteOptions, wish: ExportOptions, stdout: TextIO
) -> WriteResult | UserError:
    """Write the table into the file, or to standard output."""
    to = Path(wish.to)
    if chosen.write is not None:
        write = chosen.write
        if wish.to == "-":
            wrote = write(table, stdout, manner)
            stdout.flush()
            return wrote
        return write_text_file(to, lambda file: write(table, file, manner), force=wish.force, newline="")
    try:
        if chosen.write_pair is not None:
            pair, beside = chosen.write_pair, _locate_data_file(chosen, wish)
            assert beside is not None
            return write_file_pair(
                to,
                beside,
                lambda path, data, named: pair(table, path, data, named, manner),
                force=wish.force,
            )
        assert chosen.write_file is not None
        into_file = chosen.write_file
        return write_file(to, lambda path: into_file(table, path, manner), force=wish.force)
    except ImportError as error:
        remedy = f"pip install 'survey-cli[{chosen.extra}]'"
        return UserError(
            wish.to, f"{chosen.name} needs {error.name or chosen.extra}, which is not installed", remedy
        )
