"""Bundle of a study for analysts and archives, as a folder or a .zip file.

It holds the data, their description, the text of the questionnaire in every version that was used,
rates, and a manifest with the SHA-256 of each file. The same data make the same bytes: nothing in
it says when it was made, only which point in time it shows.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from secrets import token_hex
from shutil import copyfile, copyfileobj, rmtree
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from survey_cli import __version__
from survey_cli.documents.report.report_pages import render_codebook_html
from survey_cli.exports import FORMATS, WriteOptions, find_format
from survey_cli.exports.templating import write_template
from survey_cli.exports.text import write_csv
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.permissions import Action
from survey_cli.problems import StoreError, UserError
from survey_cli.reports.fieldwork.rates import tabulate_rates
from survey_cli.services.data.code_frames import list_frames, locate_frame
from survey_cli.services.data.export_options import ExportOptions, ExportResult, RowKind
from survey_cli.services.data.interview_table import UnreadableInterviewError
from survey_cli.services.date_options import parse_as_of
from survey_cli.services.export.export_data import (
    MissingLibraryError,
    check_outputs,
    export_records,
)
from survey_cli.services.output_files import check_output_path, write_file
from survey_cli.services.report.publish import load_codebook_from_records
from survey_cli.services.report.response_rates import RatesOptions, compute_rates_from_records
from survey_cli.services.run_on_study import read_records
from survey_cli.store import Store
from survey_cli.study.analysis import open_analysis
from survey_cli.study.open_study import StudyRecords

DEFAULT_FORMATS: Final = ("csv", "ddi", "datapackage", "sav")
"""Data formats by default: two for archives, one for SPSS.

Formats without their library are skipped.
"""
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
MANIFEST: Final = "manifest.json"
README: Final = "README.txt"
CHECKSUMS: Final = "SHA256SUMS"
RESERVED_NAMES: Final = frozenset(
    (MANIFEST, README, CHECKSUMS, "codebook.html", "rates.csv", "rates.txt")
)
"""Names that no data file in a bundle may have."""
_DESCRIPTIONS: Final = {
    "codebook.html": (
        "every variable: wording, who was asked, codes, missing values, counts; opens in a browser"
    ),
    "rates.csv": "outcomes of the calls, and AAPOR's response, refusal and contact rates",
    "rates.txt": "what the rates count, and how",
}
_TOOL_PREFIX: Final = "survey-cli "


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleResult:
    """What a bundle contains, and where it comes from."""

    instrument: Instrument
    options: ExportOptions
    last_event_at: datetime | None
    """Time of the last event included."""
    as_of: str
    """The past time that it shows; empty for now."""
    data_files: list[ExportResult] = field(default_factory=list)
    """The data files, the interviews first."""
    descriptions: dict[str, str] = field(default_factory=dict)
    """Description of each data file, by name."""
    skipped: list[str] = field(default_factory=list)
    """What is not included, and why."""
    files: tuple[str, ...] = ()
    """The names of all files."""

    @property
    def last_event_text(self) -> str:
        """The time of the last event, in a public bundle only its day; empty without one."""
        if self.last_event_at is None:
            return ""
        if self.options.public:
            return self.last_event_at.date().isoformat()
        return self.last_event_at.isoformat(timespec="seconds")

    @property
    def time_shown(self) -> datetime:
        """The time that counts as now in tables and rates.

        It is that of the last event, unless a past time is requested.
        """
        if self.options.as_of or self.last_event_at is None:
            return self.options.at
        return self.last_event_at

    @property
    def title(self) -> str:
        return str(self.instrument.title.get(self.instrument.language))

    def describe_file(self, name: str) -> str:
        """Return the description of a file."""
        if name.startswith("questionnaire/"):
            return "the source of the questionnaire, one folder per version in use"
        return self.descriptions.get(name) or _DESCRIPTIONS.get(name, "")


def write_bundle(
    path: str | Path, options: ExportOptions, to: str, outs: Sequence[str] = ()
) -> BundleResult:
    """Write a bundle into the folder `to`, or into a file if it ends in .zip.

    `outs` names the data files in it, instead of the default ones. Another `options.what` than
    interviews adds a table.
    """
    target = Path(to)
    is_zip = to.lower().endswith(".zip")
    if options.dry_run:
        raise UserError("--dry-run", "a bundle is written, or it is not", "leave out --bundle")
    if target.suffix.lower() in UNSUPPORTED_ENDINGS:
        raise UserError(to, "a bundle is a folder or a .zip", "use a name that ends in .zip")
    if target.is_symlink():
        target = target.resolve()
    _check_target(target, zipped=is_zip, force=options.force)
    _check_file_names(outs)

    folder = target.resolve().with_name(f".{token_hex(4)}.{target.name[-200:]}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        check_outputs([str(folder / out) for out in outs], options)
        exported = (to, options.describe_content())
        with read_records(
            path, Action.EXPORT_DATA, db=options.db, people=options.people, to=to, exported=exported
        ) as records:
            result = _write_contents(records, options, folder, outs)

        if is_zip:
            write_file(target, lambda file: _write_zip(folder, file), force=options.force)
        else:
            _move_into_place(folder, target)
    except OSError as error:
        what = f"it cannot be written ({error.strerror})"
        raise UserError(to, what, "choose another folder, or free some space") from error
    except UserError as error:
        # The folder is temporary: name the files in it as they will be called.
        if error.where.startswith(str(folder)):
            error.where = Path(error.where).name
        error.what = error.what.replace(f"{folder}/", "")
        raise
    finally:
        rmtree(folder, ignore_errors=True)
    return result


def _check_target(target: Path, *, zipped: bool, force: bool) -> None:
    """Check that the target can be written. Raises UserError.

    A folder is replaced only if it is a bundle and nothing else.
    """
    if zipped or not target.exists():
        check_output_path(target, force=force)
        return

    if target.is_dir():
        is_empty = not any(target.iterdir())
        if is_empty or (force and is_bundle(target)):
            return

    if not force:
        remedy = "use another name, or --force to replace the bundle"
        raise UserError(str(target), "it already exists", remedy)
    what = "it already exists"
    if target.is_dir():
        what = "this folder is not a bundle, or contains other files"
    raise UserError(str(target), what, "use another name")


def _check_file_names(outs: Sequence[str]) -> None:
    """Check that data files can have these names in a bundle. Raises UserError."""
    tables = {f"{name}.csv" for name in (*FIELDWORK_TABLES, *EXTRA_TABLES)}
    reserved = RESERVED_NAMES | tables | {"questionnaire"}
    for out in outs:
        if out == "-" or Path(out).name != out:
            what = "with --bundle, this must be the name of a file in the bundle"
            raise UserError("-o", f"{out}: {what}", "use a name without a folder, such as data.sav")
        if out in reserved:
            what = "the bundle has its own file of this name"
            raise UserError("-o", f"{out}: {what}", "use another name")


def _move_into_place(folder: Path, target: Path) -> None:
    """Give the finished folder its name.

    A previous folder is moved aside before, and restored if that fails.
    """
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


def _copy_analysis(records: StudyRecords, folder: Path, *, public: bool) -> None:
    """Copy the analysis file, its targets and the code frames.

    Code frames may quote answers, so a public bundle has none.
    """
    analysis = open_analysis(records.path, records.instrument)
    beside = Path(records.path).parent
    files = []
    if analysis.file:
        files.append(Path(analysis.file))
    targets = [weight.rake for weight in analysis.weights.values()]
    files += [beside / target for target in targets if target is not None]
    if not public:
        files += [locate_frame(records.path, item) for item in list_frames(records.path)]

    for file in files:
        if not file.is_file():
            continue
        is_below = file.is_relative_to(beside) and ".." not in file.parts[len(beside.parts) :]
        copy = folder / file.name
        if is_below:
            copy = folder / file.relative_to(beside)
        copy.parent.mkdir(exist_ok=True, parents=True)
        copyfile(file, copy)


def _write_contents(
    records: StudyRecords, options: ExportOptions, folder: Path, outs: Sequence[str]
) -> BundleResult:
    """Write all files of the bundle into the folder."""
    instrument = records.instrument
    when = parse_as_of(options.as_of, options.at, options.zone)
    if when.past:
        until = when.at
        as_of = when.at.isoformat()
        last_event_at = None
    else:
        until = None
        as_of = ""
        last_event_at = _find_last_event(records.store)
    contents = BundleResult(
        instrument=instrument, options=options, last_event_at=last_event_at, as_of=as_of
    )
    _write_questionnaire_texts(records.store, instrument, folder / "questionnaire", until)
    _copy_analysis(records, folder / "questionnaire", public=options.public)

    _write_data_files(records, contents, folder, outs)
    for what, description in _list_tables(records.store, contents).items():
        with _skipping(f"{what}.csv", contents.skipped):
            contents.data_files.append(_write_table(records, contents, folder, what))
            contents.descriptions[f"{what}.csv"] = description

    with _skipping("rates.csv", contents.skipped):
        _write_rates(records, contents, folder)
    # Its counts are those of the data in the bundle.
    with _skipping("codebook.html", contents.skipped):
        codebook = load_codebook_from_records(records, replace(options, what="interviews"))
        (folder / "codebook.html").write_text(render_codebook_html(codebook), encoding="utf-8")
    return replace(contents, files=write_metadata(folder, contents))


def _find_last_event(store: Store) -> datetime | None:
    """Return the time of the last event of an interview or a case; None if there isn't one."""
    times = [row.updated_at for row in store.interviews.list_rows()]
    times += [row.updated_at for row in store.cases.queries.iterate_rows()]
    return max(times, default=None)


def _write_data_files(
    records: StudyRecords, contents: BundleResult, folder: Path, outs: Sequence[str]
) -> None:
    """Write the interviews into each data file.

    A default format is skipped if its library is not installed.
    """
    options = contents.options
    names = outs or _list_default_names(contents.instrument, options)
    for name in names:
        file_options = replace(
            options, to=str(folder / name), what="interviews", beside=tuple(names)
        )
        try:
            result = export_records(records, file_options)
        except MissingLibraryError as error:
            if outs or options.format:
                raise
            contents.skipped.append(f"{name}: {error.what} ({error.remedy})")
            continue

        data_format = find_format(name, chosen=options.format)
        if not isinstance(data_format, str):
            describes_data = data_format.name in ("ddi", "datapackage")
            prefix = "" if describes_data else "the data: "
            contents.descriptions[name] = f"{prefix}{data_format.description}"
        if result.beside:
            contents.descriptions[Path(result.beside).name] = f"the data that {name} describes"
        contents.data_files.append(replace(result, to=name, beside=""))


def _list_default_names(instrument: Instrument, options: ExportOptions) -> list[str]:
    """Return the names of the data files in the default formats, or in the one requested."""
    formats = [options.format.lower()] if options.format else DEFAULT_FORMATS
    endings = [FORMATS[name].extensions[0] for name in formats if name in FORMATS] or [".csv"]
    # The ending of datapackage.json is its whole name.
    return [f"{instrument.id}{ending}" if ending[0] == "." else ending for ending in endings]


def _list_tables(store: Store, contents: BundleResult) -> Mapping[RowKind, str]:
    """Return the other tables to write, with their descriptions."""
    tables: dict[RowKind, str] = {}
    what = contents.options.what
    if what in EXTRA_TABLES:
        tables[what] = EXTRA_TABLES[what]

    has_cases = any(True for _ in store.cases.queries.iterate_keys())
    if has_cases and contents.options.public:
        reason = "its rows contain cases and times, so it is not included in a public bundle"
        contents.skipped.extend(f"{table}.csv: {reason}" for table in FIELDWORK_TABLES)
    elif has_cases:
        tables |= FIELDWORK_TABLES
    return tables


@contextmanager
def _skipping(name: str, skipped: list[str]) -> Iterator[None]:
    """Continue without a part of the bundle that this study doesn't have, and note why."""
    try:
        yield
    except (StoreError, UnreadableInterviewError):
        raise
    except UserError as error:
        skipped.append(f"{name}: {error.what}")


def _write_table(
    records: StudyRecords, contents: BundleResult, folder: Path, what: RowKind
) -> ExportResult:
    """Write another table as CSV, as of the last event.

    Filters by interview or column do not apply to cases and calls, so with them the table is
    refused.
    """
    options = contents.options
    name = f"{what}.csv"
    if what in FIELDWORK_TABLES and (options.where or options.variables):
        why = "cases and calls are exported only with all interviews and all columns"
        raise UserError(name, why, "export them separately")

    table_options = replace(
        options,
        to=str(folder / name),
        format="csv",
        what=what,
        at=contents.time_shown,
        variables=(),
        rake="",
        weight="",
    )
    return replace(export_records(records, table_options), to=name)


def _write_questionnaire_texts(
    store: Store, instrument: Instrument, folder: Path, until: datetime | None
) -> None:
    """Write the full text of every version used until then, each in its own folder.

    If none was used, it is the current file's text.
    """
    stored = [row for row in store.data.list_instruments() if until is None or row.kept_at <= until]
    versions = [(row.hash, row.texts) for row in stored] or [(instrument.hash, instrument.texts)]
    for version, texts in versions:
        for name, text in texts.items():
            file = folder / version[:12] / name
            # A module of another folder, such as ../common.yaml, stays in the bundle.
            if not file.resolve().is_relative_to(folder.resolve()):
                file = folder / version[:12] / Path(name).name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")


def _write_rates(records: StudyRecords, contents: BundleResult, folder: Path) -> None:
    """Write the rates as of the last event, or as of the time requested."""
    options = RatesOptions(
        as_of=contents.as_of, zone=UTC, all_origins=contents.options.origin == "all"
    )
    table = compute_rates_from_records(records, options, now=contents.time_shown, live=False).table
    with (folder / "rates.csv").open("w", encoding="utf-8", newline="") as file:
        write_csv(tabulate_rates(table), file, WriteOptions())
    lines = [f"{line}\n" for line in (table.title, table.heading, *table.notes) if line]
    (folder / "rates.txt").write_text("".join(lines), encoding="utf-8")


def _write_zip(folder: Path, to: Path) -> None:
    """Write the folder as a .zip file, its files sorted by name."""
    with ZipFile(to, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(f for f in folder.rglob("*") if f.is_file()):
            entry = ZipInfo(file.relative_to(folder).as_posix(), ZIP_EPOCH)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            # Unix, on every system: the same data make the same bytes.
            entry.create_system = 3
            with file.open("rb") as data, archive.open(entry, "w", force_zip64=True) as target:
                copyfileobj(data, target, 1 << 20)


def write_metadata(folder: Path, contents: BundleResult) -> tuple[str, ...]:
    """Write the metadata files beside the data. Returns the names of all files in the bundle."""
    # Each of these files lists those that were written before it.
    values = _list_readme_values(contents, _list_files(folder))
    with (folder / README).open("w", encoding="utf-8", errors="backslashreplace") as file:
        write_template(file, "bundle_readme.jinja", **values)
    manifest = _render_manifest(contents, folder, _list_files(folder))
    (folder / MANIFEST).write_text(manifest, encoding="utf-8", errors="replace")
    sums = [f"{_hash_file(folder / name)}  {name}\n" for name in _list_files(folder)]
    (folder / CHECKSUMS).write_text("".join(sums), encoding="utf-8", errors="surrogateescape")
    return _list_files(folder)


def is_bundle(folder: Path) -> bool:
    """Return whether the folder is a bundle without any added files."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not str(manifest["made_with"]).startswith(_TOOL_PREFIX):
            return False
        known = {str(file["name"]) for file in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return set(_list_files(folder)) <= {*known, MANIFEST, CHECKSUMS}


def _list_files(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if not f.is_dir())
    )


def _list_readme_values(contents: BundleResult, files: Sequence[str]) -> dict[str, Any]:
    """Return the values of the template."""
    descriptions = {}
    for name in files:
        if not name.startswith("questionnaire/"):
            descriptions[name] = contents.describe_file(name)
    descriptions["questionnaire/"] = contents.describe_file("questionnaire/")
    descriptions[MANIFEST] = (
        "the same for programs: description, rows, bytes and SHA-256 of each file"
    )
    descriptions[CHECKSUMS] = f"checksums: sha256sum -c {CHECKSUMS}"
    width = max(map(len, descriptions))

    results = contents.data_files
    data = results[0].data
    notes = [f"{result.to}: {note}" for result in results for note in result.notes]
    return {
        "contents": contents,
        "instrument": contents.instrument,
        "options": contents.options,
        "result": results[0],
        "descriptions": {name.ljust(width): what for name, what in sorted(descriptions.items())},
        "others": [result.to for result in results if result.data.table.row_unit != "interview"],
        "remarks": [*data.warnings, *data.differences, *notes],
    }


def _render_manifest(contents: BundleResult, folder: Path, files: Sequence[str]) -> str:
    """Render the manifest: what the bundle shows, and each file with its checksum."""
    instrument = contents.instrument
    options = contents.options
    data = contents.data_files[0].data
    kind_of_identifying = "can_tell_who_said_what"
    if options.public:
        kind_of_identifying = "left_out_for_the_public"
    manifest: dict[str, Any] = {
        "study": instrument.id,
        "title": contents.title,
        "version": instrument.version,
        "made_with": f"{_TOOL_PREFIX}{__version__}",
        "last_event": contents.last_event_text or None,
        "as_of": contents.as_of or None,
        "origin": options.origin,
        "language": options.language or instrument.language,
        "where": options.where or None,
        "partials": options.partials,
        "variables": list(options.variables) or None,
        "left_out_as_personal": list(data.left_out),
        "public": options.public,
        kind_of_identifying: {kind: list(names) for kind, names in data.identifying.items()},
        "warnings": list(data.warnings),
        "differences": list(data.differences),
        "not_in_it": list(contents.skipped),
        "files": _list_manifest_files(contents, folder, files),
    }
    return json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"


def _list_manifest_files(
    contents: BundleResult, folder: Path, files: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what the manifest says of each file; of data files also rows, columns and notes."""
    results = {result.to: result for result in contents.data_files}
    listed = []
    for name in files:
        entry: dict[str, Any] = {
            "name": name,
            "what": contents.describe_file(name) or "description of this bundle",
            "bytes": (folder / name).stat().st_size,
            "sha256": _hash_file(folder / name),
        }
        if name in results:
            result = results[name]
            entry["rows"] = result.rows
            entry["columns"] = len(result.data.table.variables)
            entry["notes"] = list(result.notes)
        listed.append(entry)
    return listed


def _hash_file(file: Path) -> str:
    with file.open("rb") as data:
        return file_digest(data, "sha256").hexdigest()
