"""Metadata files of a bundle: README for people, manifest for programs, checksums for `sha256sum -c`.

Nothing in them says when they were made.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from survey_cli import __version__
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.services.data.export_options import ExportOptions, ExportResult

MANIFEST: Final = "manifest.json"
README: Final = "README.txt"
CHECKSUMS: Final = "SHA256SUMS"
RESERVED_NAMES: Final = frozenset((MANIFEST, README, CHECKSUMS, "codebook.html", "rates.csv", "rates.txt"))
"""Names that no data file in a bundle may have."""
_DESCRIPTIONS: Final = {
    "codebook.html": "every variable: wording, who was asked, codes, missing values, counts; opens in a browser",
    "rates.csv": "outcomes of the calls, and AAPOR's response, refusal and contact rates",
    "rates.txt": "what the rates count, and how",
}
_TOOL_PREFIX: Final = "survey-cli "


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleContents:
    """What the folder contains, and where it comes from."""

    instrument: Instrument
    options: ExportOptions
    last_event_at: datetime | None
    """Time of the last event included."""
    as_of: str
    """The past time that it shows; empty for now."""
    data_files: Sequence[ExportResult]
    """The data files, the interviews first."""
    descriptions: Mapping[str, str]
    """Description of each data file, by name."""
    skipped: Sequence[str]

    @property
    def last_event_text(self) -> str:
        """The time of the last event as text, only the day where the bundle is public; empty where there is none."""
        if self.last_event_at is None:
            return ""
        return (
            self.last_event_at.date().isoformat()
            if self.options.public
            else self.last_event_at.isoformat(timespec="seconds")
        )

    @property
    def title(self) -> str:
        return str(self.instrument.title.get(self.instrument.language))

    def describe_file(self, name: str) -> str:
        """Return the description of a file."""
        if name.startswith("questionnaire/"):
            return "the source of the questionnaire, one folder per version in use"
        return self.descriptions.get(name) or _DESCRIPTIONS.get(name, "")


def write_metadata(folder: Path, contents: BundleContents) -> tuple[str, ...]:
    """Write the metadata files beside the data. Returns the names of all files in the bundle."""
    files = _list_files(folder)
    (folder / README).write_text(_render_readme(contents, files), encoding="utf-8", errors="backslashreplace")
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
    return tuple(sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if not f.is_dir()))


def _render_readme(contents: BundleContents, files: Sequence[str]) -> str:
    instrument, data = contents.instrument, contents.data_files[0]
    version = f", version {instrument.version}" if instrument.version else ""
    until = f", up to {contents.last_event_text}" if contents.last_event_text else ""
    if contents.as_of:
        until = f", as of {contents.as_of}"
    lines = [
        contents.title,
        f"{instrument.id}{version}: {data.rows:,} interviews{until}",
        "",
        *_describe_filters(contents.options),
    ]
    descriptions = {name: contents.describe_file(name) for name in files if not name.startswith("questionnaire/")}
    descriptions["questionnaire/"] = contents.describe_file("questionnaire/")
    descriptions[MANIFEST] = "the same for programs: description, rows, bytes and SHA-256 of each file"
    descriptions[CHECKSUMS] = f"checksums: sha256sum -c {CHECKSUMS}"
    width = max(map(len, descriptions))
    lines += [f"{name:<{width}}  {what}" for name, what in sorted(descriptions.items())]
    if data.left_out:
        lines += ["", f"Left out as personal: {', '.join(data.left_out)}"]
    elif contents.options.all_personal or contents.options.personal:
        lines += ["", "It contains personal data: names, telephone numbers or personal answers."]
    if data.disclosure_note:
        lines += ["", f"{data.disclosure_note[:1].upper()}{data.disclosure_note[1:]}."]
        others = [result.to for result in contents.data_files if result.each != "interview"]
        if others:
            lines.append(f"{', '.join(others)}: each row has its case and times.")
    lines += ["", *(f"Not included: {line}" for line in contents.skipped)] if contents.skipped else []
    notes = [f"{result.to}: {note}" for result in contents.data_files for note in result.notes]
    remarks = [*data.warnings, *data.differences, *notes]
    lines += ["", *remarks] if remarks else []
    return "\n".join([*lines, ""])


def _describe_filters(options: ExportOptions) -> list[str]:
    """Return the filters that leave out interviews or columns."""
    lines = []
    if options.origin != "real":
        lines.append(f"Interviews of origin {options.origin}: interview_origin has the origin of each.")
    if options.where:
        lines.append(f"Only interviews for which this is true: {options.where}")
    if not options.partials:
        lines.append("Without unfinished interviews.")
    if options.variables:
        lines.append(f"Only these columns: {', '.join(options.variables)}")
    return [*lines, ""] if lines else []


def _render_manifest(contents: BundleContents, folder: Path, files: Sequence[str]) -> str:
    instrument, options, data = contents.instrument, contents.options, contents.data_files[0]
    rows = {
        result.to: {"rows": result.rows, "columns": result.variables, "notes": list(result.notes)}
        for result in contents.data_files
    }
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
        "left_out_for_the_public" if options.public else "can_tell_who_said_what": {
            kind: list(names) for kind, names in data.identifying.items()
        },
        "warnings": list(data.warnings),
        "differences": list(data.differences),
        "not_in_it": list(contents.skipped),
        "files": [
            {
                "name": name,
                "what": contents.describe_file(name) or "description of this bundle",
                "bytes": (folder / name).stat().st_size,
                "sha256": _hash_file(folder / name),
                **rows.get(name, {}),
            }
            for name in files
        ],
    }
    return json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"


def _hash_file(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as data:
        while piece := data.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
