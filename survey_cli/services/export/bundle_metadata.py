"""What does a bundle say of itself? A README for people, a manifest for programs, checksums for `sha256sum -c`.
Nothing in them tells when they were made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from survey_cli import __version__
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.services.data.export_options import Exported, Wish

MANIFEST: Final = "manifest.json"
README: Final = "README.txt"
SUMS: Final = "SHA256SUMS"
OWN: Final = frozenset((MANIFEST, README, SUMS, "codebook.html", "rates.csv", "rates.txt"))
"""Names that no file of data may have there."""
_ABOUT: Final = {
    "codebook.html": "every variable: wording, who was asked, codes, missing values, counts; for a browser",
    "rates.csv": "outcomes of the calls, and AAPOR's response, refusal and contact rates",
    "rates.txt": "what the rates count, and how",
}
_MADE: Final = "survey-cli "


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What stands in the folder, and where it comes from."""

    instrument: Instrument
    wish: Wish
    last: datetime | None
    """When the last thing happened that is in it."""
    as_of: str
    """The past moment it shows; empty where that is now."""
    done: Sequence[Exported]
    """The files of data, the interviews first."""
    about: Mapping[str, str]
    """By file of data what it is."""
    skipped: Sequence[str]

    @property
    def until(self) -> str:
        """The same in words, to the day where the bundle is public; empty where nothing happened yet."""
        if self.last is None:
            return ""
        return self.last.date().isoformat() if self.wish.public else self.last.isoformat(timespec="seconds")

    @property
    def titled(self) -> str:
        return str(self.instrument.title.get(self.instrument.language))

    def what(self, name: str) -> str:
        """What a file is, in words."""
        if name.startswith("questionnaire/"):
            return "the questionnaire as it was written, a folder for each version that was in use"
        return self.about.get(name) or _ABOUT.get(name, "")


def lay_papers(folder: Path, contents: Contents) -> tuple[str, ...]:
    """Write them beside what is there already; all files of the bundle by name."""
    files = _files(folder)
    (folder / README).write_text(_readme(contents, files), encoding="utf-8", errors="backslashreplace")
    manifest = _manifest(contents, folder, _files(folder))
    (folder / MANIFEST).write_text(manifest, encoding="utf-8", errors="replace")
    sums = [f"{_hash(folder / name)}  {name}\n" for name in _files(folder)]
    (folder / SUMS).write_text("".join(sums), encoding="utf-8", errors="surrogateescape")
    return _files(folder)


def is_bundle(folder: Path) -> bool:
    """Was this folder made here, and has nothing come to it since?"""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not str(said["made_with"]).startswith(_MADE):
            return False
        known = {str(file["name"]) for file in said["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return set(_files(folder)) <= {*known, MANIFEST, SUMS}


def _files(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if not f.is_dir()))


def _readme(contents: Contents, files: Sequence[str]) -> str:
    instrument, data = contents.instrument, contents.done[0]
    version = f", version {instrument.version}" if instrument.version else ""
    until = f", up to {contents.until}" if contents.until else ""
    if contents.as_of:
        until = f", as of {contents.as_of}"
    lines = [
        contents.titled,
        f"{instrument.id}{version}: {data.rows:,} interviews{until}",
        "",
        *_limits(contents.wish),
    ]
    told = {name: contents.what(name) for name in files if not name.startswith("questionnaire/")}
    told["questionnaire/"] = contents.what("questionnaire/")
    told[MANIFEST] = "the same for programs: what each file is, rows, bytes, SHA-256"
    told[SUMS] = f"checksums: sha256sum -c {SUMS}"
    wide = max(map(len, told))
    lines += [f"{name:<{wide}}  {what}" for name, what in sorted(told.items())]
    if data.left_out:
        lines += ["", f"Left out as personal: {', '.join(data.left_out)}"]
    elif contents.wish.all_personal or contents.wish.personal:
        lines += ["", "There are personal data in it: names, telephone numbers or personal answers."]
    if data.disclosure:
        lines += ["", f"{data.disclosure[:1].upper()}{data.disclosure[1:]}."]
        others = [made.to for made in contents.done if made.each != "interview"]
        if others:
            lines.append(f"{', '.join(others)}: each row says of which case it is, and when.")
    lines += ["", *(f"Not in it: {line}" for line in contents.skipped)] if contents.skipped else []
    notes = [f"{made.to}: {note}" for made in contents.done for note in made.notes]
    said = [*data.warnings, *data.differences, *notes]
    lines += ["", *said] if said else []
    return "\n".join([*lines, ""])


def _limits(wish: Wish) -> list[str]:
    """Which interviews and columns there are, where not all."""
    told = []
    if wish.origin != "real":
        told.append(f"Interviews of origin {wish.origin}: interview_origin says of each which.")
    if wish.where:
        told.append(f"Only interviews of which this is true: {wish.where}")
    if not wish.partials:
        told.append("Without interviews that did not come to their end.")
    if wish.variables:
        told.append(f"Only these columns: {', '.join(wish.variables)}")
    return [*told, ""] if told else []


def _manifest(contents: Contents, folder: Path, files: Sequence[str]) -> str:
    instrument, wish, data = contents.instrument, contents.wish, contents.done[0]
    rows = {
        made.to: {"rows": made.rows, "columns": made.variables, "notes": list(made.notes)}
        for made in contents.done
    }
    said: dict[str, Any] = {
        "study": instrument.id,
        "title": contents.titled,
        "version": instrument.version,
        "made_with": f"{_MADE}{__version__}",
        "last_event": contents.until or None,
        "as_of": contents.as_of or None,
        "origin": wish.origin,
        "language": wish.language or instrument.language,
        "where": wish.where or None,
        "partials": wish.partials,
        "variables": list(wish.variables) or None,
        "left_out_as_personal": list(data.left_out),
        "public": wish.public,
        "left_out_for_the_public" if wish.public else "can_tell_who_said_what": {
            kind: list(names) for kind, names in data.telling.items()
        },
        "warnings": list(data.warnings),
        "differences": list(data.differences),
        "not_in_it": list(contents.skipped),
        "files": [
            {
                "name": name,
                "what": contents.what(name) or "this bundle in words",
                "bytes": (folder / name).stat().st_size,
                "sha256": _hash(folder / name),
                **rows.get(name, {}),
            }
            for name in files
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"


def _hash(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as data:
        while piece := data.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
