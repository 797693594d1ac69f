"""Bundle of a study for analysts and archives, as a folder or a .zip file.

It holds the data, their description, the text of the questionnaire in every version that was used, rates, and a
manifest with the SHA-256 of each file. The same data make the same bytes: nothing in it says when it was made, only
which point in time it shows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from shutil import copyfileobj, rmtree
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from survey_cli.documents.report.report_pages import render_codebook_html
from survey_cli.exports import FORMATS, WriteOptions, find_format
from survey_cli.exports.text import write_csv
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.reports.fieldwork.rates import tabulate_rates
from survey_cli.services.data.export_options import ExportOptions, ExportResult, RowKind
from survey_cli.services.data.interview_table import UnreadableInterviewError
from survey_cli.services.data.run_on_records import run_on_records
from survey_cli.services.date_options import parse_past_time
from survey_cli.services.export.bundle_metadata import RESERVED_NAMES, BundleContents, is_bundle, write_metadata
from survey_cli.services.export.export_data import MissingLibraryError, check_outputs, export_records
from survey_cli.services.output_files import check_output_path, write_file
from survey_cli.services.report.publish import load_codebook_from_records
from survey_cli.services.report.response_rates import RatesOptions, compute_rates_from_records
from survey_cli.store import Store
from survey_cli.study.open_study import StudyRecords

DEFAULT_FORMATS: Final = ("csv", "ddi", "sav")
"""Data formats where none is requested: two for archives, one for SPSS. Formats without their library are skipped."""
FIELDWORK_TABLES: Final[Mapping[RowKind, str]] = {
    "cases": "every case of the sample, with its status",
    "calls": "every call, with its outcome",
}
"""Other tables that are included, as CSV."""
EXTRA_TABLES: Final[Mapping[RowKind, str]] = {
    "answers": "one row per answer",
    "events": "one row per event of an interview",
}
"""Tables that are included on request."""
UNSUPPORTED_ENDINGS: Final = frozenset((".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"))
"""File endings of archives that are not supported."""
ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a .zip file can store, as a constant for all entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleResult:
    """The files of a finished bundle."""

    to: str
    files: tuple[str, ...]
    interviews: int
    data_files: tuple[ExportResult, ...]
    skipped: tuple[str, ...] = field(default=())
    """What is not included, and why."""


def write_bundle(path: str | Path, options: ExportOptions, to: str, outs: Sequence[str] = ()) -> BundleResult:
    """Write a bundle into the folder `to`, or into a file where it ends in .zip.

    `outs` names the data files in it, instead of the default ones; `options.what`, where it is not interviews, adds a
    table.
    """
    target, zipped = Path(to), to.lower().endswith(".zip")
    if target.suffix.lower() in UNSUPPORTED_ENDINGS:
        raise UserError(to, "a bundle is a folder or a .zip", "use a name that ends in .zip")
    if target.is_symlink():
        target = target.resolve()
    _check_target(target, zipped=zipped, force=options.force)
    options = replace(options, at=options.at or datetime.now(UTC))
    _check_file_names(outs)
    folder = target.resolve().with_name(f".{token_hex(4)}.{target.name[-200:]}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        check_outputs([str(folder / out) for out in outs], options)
        result = run_on_records(
            path,
            lambda records: _write_contents(records, options, folder, outs),
            db=options.db,
            people=options.people,
            to=to,
        )
        if zipped:
            write_file(target, lambda file: _write_zip(folder, file), force=options.force)
        else:
            _move_into_place(folder, target)
    except OSError as error:
        what = f"it cannot be written ({error.strerror})"
        raise UserError(to, what, "choose another folder, or free some space") from error
    except UserError as error:
        if str(folder) not in str(error):
            raise
        where = Path(error.where).name if error.where.startswith(str(folder)) else error.where
        raise UserError(where, error.what.replace(f"{folder}/", ""), error.remedy, error.problems) from error
    finally:
        rmtree(folder, ignore_errors=True)
    return replace(result, to=to)


def _check_target(target: Path, *, zipped: bool, force: bool) -> None:
    """Check that the target can be written.

    A folder is replaced only where it is a bundle and nothing else.
    """
    if zipped or not target.exists():
        check_output_path(target, force=force)
        return
    if target.is_dir() and (not any(target.iterdir()) or (force and is_bundle(target))):
        return
    what = "this folder is not a bundle, or contains other files" if target.is_dir() and force else "it already exists"
    remedy = "use another name" if force else "use another name, or --force to replace the bundle"
    raise UserError(str(target), what, remedy)


def _check_file_names(outs: Sequence[str]) -> None:
    """Check that data files can have these names in a bundle."""
    for out in outs:
        if out == "-" or Path(out).name != out:
            what = "with --bundle, this must be the name of a file in the bundle"
            raise UserError("-o", f"{out}: {what}", "use a name without a folder, such as data.sav")
        if (
            out in RESERVED_NAMES
            or out in {f"{name}.csv" for name in (*FIELDWORK_TABLES, *EXTRA_TABLES)}
            or out == "questionnaire"
        ):
            raise UserError("-o", f"{out}: the bundle has its own file of this name", "use another name")


def _move_into_place(folder: Path, target: Path) -> None:
    """Give the finished folder its name. A previous folder is moved aside first, and restored if that fails."""
    for file in folder.rglob("*"):
        file.chmod(0o700 if file.is_dir() else 0o600)
    if not target.exists():
        folder.rename(target)
        return
    aside = target.resolve().with_name(f".{token_hex(4)}.{target.name[-200:]}")
    target.rename(aside)
    try:
        folder.rename(target)
    except OSError:
        aside.rename(target)
        raise
    rmtree(aside, ignore_errors=True)


def _write_contents(records: StudyRecords, options: ExportOptions, folder: Path, outs: Sequence[str]) -> BundleResult:
    instrument = records.instrument
    as_of = _format_as_of(options, options.at or datetime.now(UTC))
    last = None if as_of else _find_last_event_time(records.store)
    _write_questionnaire_texts(
        records.store, instrument, folder / "questionnaire", datetime.fromisoformat(as_of) if as_of else None
    )
    results: list[ExportResult] = []
    skipped: list[str] = []
    descriptions: dict[str, str] = {}
    formats = [
        FORMATS[name] for name in ((options.format.lower(),) if options.format else DEFAULT_FORMATS) if name in FORMATS
    ]
    names = (
        outs or [f"{instrument.id}{data_format.extensions[0]}" for data_format in formats] or [f"{instrument.id}.csv"]
    )
    for name in names:
        file_options = replace(options, to=str(folder / name), what="interviews", beside=tuple(names))
        try:
            result = export_records(records, file_options)
        except MissingLibraryError as error:
            if outs or options.format:
                raise
            skipped.append(f"{name}: {error.what} ({error.remedy})")
            continue
        data_format = find_format(name, chosen=options.format)
        if not isinstance(data_format, str):
            prefix = "" if data_format.name == "ddi" else "the data: "
            descriptions[name] = f"{prefix}{data_format.description.removesuffix('; needs memory for all rows')}"
        if result.beside:
            descriptions[Path(result.beside).name] = f"the data that {name} describes"
        results.append(replace(result, to=name, beside=""))
    tables: list[RowKind] = [options.what] if options.what in EXTRA_TABLES else []
    if _has_cases(records.store):
        if options.public:
            skipped += (
                f"{what}.csv: its rows contain cases and times, so it is not included in a public bundle"
                for what in FIELDWORK_TABLES
            )
        else:
            tables += FIELDWORK_TABLES.keys()
    for what in tables:
        with _skipping(f"{what}.csv", skipped):
            results.append(replace(_write_table(records, options, folder, what, last), to=f"{what}.csv"))
            descriptions[f"{what}.csv"] = {**FIELDWORK_TABLES, **EXTRA_TABLES}[what]
    with _skipping("rates.csv", skipped):
        _write_rates(records, options, folder, last)
    with _skipping("codebook.html", skipped):
        _write_codebook(records, options, folder)
    contents = BundleContents(
        instrument=instrument,
        options=options,
        last_event_at=last,
        as_of=as_of,
        data_files=results,
        descriptions=descriptions,
        skipped=skipped,
    )
    return BundleResult(
        to="",
        files=write_metadata(folder, contents),
        interviews=results[0].rows,
        data_files=tuple(results),
        skipped=tuple(skipped),
    )


@contextmanager
def _skipping(name: str, skipped: list[str]) -> Iterator[None]:
    """Continue without a part of the bundle that this study doesn't have, and note why."""
    try:
        yield
    except (StoreError, UnreadableInterviewError):
        raise
    except UserError as error:
        skipped.append(f"{name}: {error.what}")


def _has_cases(store: Store) -> bool:
    return next(iter(store.cases.queries.iterate_rows()), None) is not None


def _write_table(
    records: StudyRecords, options: ExportOptions, folder: Path, what: RowKind, last: datetime | None
) -> ExportResult:
    """Write another table as CSV, as of the last event.

    Filters by interview or column do not apply to cases and calls, so with them the table is refused.
    """
    if what in FIELDWORK_TABLES and (options.where or options.variables):
        raise UserError(
            f"{what}.csv",
            "cases and calls are exported only with all interviews and all columns",
            "export them separately",
        )
    at = options.at if options.as_of or last is None else last
    table_options = replace(
        options, to=str(folder / f"{what}.csv"), format="csv", what=what, at=at, variables=(), rake=""
    )
    return export_records(records, table_options)


def _find_last_event_time(store: Store) -> datetime | None:
    """Time of the last stored event; None where there is none."""
    times = [row.updated_at for row in store.interviews.list_rows()]
    times += [row.updated_at for row in store.cases.queries.iterate_rows()]
    return max(times, default=None)


def _write_questionnaire_texts(store: Store, instrument: Instrument, folder: Path, until: datetime | None) -> None:
    """Write the full text of every version used until then, each in its own folder.

    Where none was used, it is the current file's text.
    """
    stored = [row for row in store.data.list_instruments() if until is None or row.kept_at <= until]
    versions = [(row.hash, row.texts) for row in stored] or [(instrument.hash, instrument.texts)]
    for version, texts in versions:
        for name, text in texts.items():
            file = folder / version[:12] / name
            if not file.resolve().is_relative_to(folder.resolve()):
                file = folder / version[:12] / Path(name).name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")


def _write_rates(records: StudyRecords, options: ExportOptions, folder: Path, last: datetime | None) -> None:
    """Write the rates as of the last event, or as of the time requested."""
    now = options.at or datetime.now(UTC)
    rates_options = RatesOptions(as_of=_format_as_of(options, now), zone=UTC, all_origins=options.origin == "all")
    report = compute_rates_from_records(records, rates_options, now=now if options.as_of else last or now)
    with (folder / "rates.csv").open("w", encoding="utf-8", newline="") as file:
        write_csv(tabulate_rates(report.table), file, WriteOptions())
    lines = [line for line in (report.table.title, report.table.heading, *report.table.notes) if line]
    (folder / "rates.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _format_as_of(options: ExportOptions, now: datetime) -> str:
    """Return the requested time in ISO format; empty for now."""
    when = parse_past_time(options.as_of, now, options.zone, option="--as-of") if options.as_of else None
    return when.at.isoformat() if when is not None and when.past else ""


def _write_codebook(records: StudyRecords, options: ExportOptions, folder: Path) -> None:
    """Write the codebook, with counts of the data in the bundle."""
    codebook = load_codebook_from_records(records, replace(options, what="interviews"))
    (folder / "codebook.html").write_text(render_codebook_html(codebook), encoding="utf-8")


def _write_zip(folder: Path, to: Path) -> None:
    """Write the folder as a .zip file, its files sorted by name."""
    with ZipFile(to, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(f for f in folder.rglob("*") if f.is_file()):
            entry = ZipInfo(file.relative_to(folder).as_posix(), ZIP_EPOCH)
            entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, 0o600 << 16, 3
            with file.open("rb") as data, archive.open(entry, "w", force_zip64=True) as target:
                copyfileobj(data, target, 1 << 20)
