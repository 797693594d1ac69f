"""Everything that an analyst or an archive needs of a study, in one folder or one .zip: data, their description, the text
of the questionnaire in every version that was asked, rates, and a manifest with the SHA-256 of each file.

The same data make the same bytes: nothing in it tells when it was made, but as of which moment.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from shutil import copyfileobj, rmtree
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from survey_cli import __version__
from survey_cli.documents.report_html import codebook_html
from survey_cli.exports import FORMATS, Manner
from survey_cli.exports.csv import write_csv
from survey_cli.instrument.program import Instrument
from survey_cli.office.describing import codebook_of_records
from survey_cli.office.export_wish import Exported, Wish
from survey_cli.office.exporting import exported
from survey_cli.office.files import in_the_way, put_file
from survey_cli.office.moments import Moment, past_moment
from survey_cli.office.rating import StudyWish, rates_of_records
from survey_cli.office.records import at_one_moment
from survey_cli.office.report_wish import CodebookWish
from survey_cli.problems import Trouble
from survey_cli.reports.rates import rows_of
from survey_cli.store import Store
from survey_cli.study.opening import Records

MANIFEST: Final = "manifest.json"
DATA: Final = ("csv", "sav", "ddi")
"""Formats of the data, those whose libraries are installed."""
FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that a .zip can say; it stands for no time at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """What a bundle holds."""

    to: str
    files: tuple[str, ...]
    interviews: int
    exported: tuple[Exported, ...]
    skipped: tuple[str, ...] = field(default=())
    """What is not in it, and why."""


def bundle(path: str | Path, wish: Wish, to: str) -> Bundled | Trouble:
    """Make the folder `to`, or the file where it ends in .zip."""
    target, zipped = Path(to), to.lower().endswith(".zip")
    if (trouble := _barred(target, zipped=zipped, force=wish.force)) is not None:
        return trouble
    wish = replace(wish, at=wish.at or datetime.now(UTC))
    folder = target.resolve().with_name(f".{token_hex(4)}.{target.name[-200:]}")
    try:
        folder.mkdir(mode=0o700)
        made = at_one_moment(
            path, lambda records: _filled(records, wish, folder), db=wish.db, people=wish.people, to=to
        )
        if isinstance(made, Trouble):
            return made
        if zipped:
            packed = put_file(target, lambda file: _packed(folder, file), force=wish.force, private=True)
            if isinstance(packed, Trouble):
                return packed
        else:
            if target.exists():
                rmtree(target)
            folder.rename(target)
    except OSError as error:
        return Trouble(to, f"it cannot be written ({error.strerror})", "choose another place, or make room")
    finally:
        rmtree(folder, ignore_errors=True)
    return replace(made, to=to)


def _barred(target: Path, *, zipped: bool, force: bool) -> Trouble | None:
    """Why nothing may be written there. A folder is taken the place of only where it is a bundle."""
    if zipped:
        return in_the_way(target, force=force)
    if not target.exists():
        return None
    if target.is_dir() and (not any(target.iterdir()) or (force and (target / MANIFEST).is_file())):
        return None
    what = "this folder is no bundle" if target.is_dir() and force else "it exists"
    remedy = "give another name" if force else "give another name, or --force to make the bundle anew"
    return Trouble(str(target), what, remedy)


def _filled(records: Records, wish: Wish, folder: Path) -> Bundled | Trouble:
    instrument = records.instrument
    last = _last(records.store)
    _texts(records.store, instrument, folder / "questionnaire")
    done, skipped = [], []
    for name in DATA:
        form = FORMATS.get(name)
        if form is None:
            continue
        file = folder / f"{instrument.id}{form.endings[0]}"
        made = exported(records, replace(wish, to=str(file), format=name, what="interviews"))
        if isinstance(made, Trouble):
            if "not installed" in made.what:
                skipped.append(f"{file.name}: {made.what} ({made.remedy})")
                continue
            return made
        done.append(replace(made, to=file.name))
    skipped += _rates(records, wish, folder, last)
    skipped += _codebook(records, wish, folder)
    files = sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file())
    manifest = _manifest(instrument, wish, last, folder, files, done, skipped)
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")
    return Bundled(
        to="",
        files=(*files, MANIFEST),
        interviews=done[0].rows,
        exported=tuple(done),
        skipped=tuple(skipped),
    )


def _last(store: Store) -> datetime | None:
    """When the last thing happened that is kept; None where nothing has."""
    moments = [row.updated_at for row in store.interviews()]
    moments += [row.updated_at for row in store.cases.rows()]
    return max(moments, default=None)


def _texts(store: Store, instrument: Instrument, folder: Path) -> None:
    """The full text of every version that was asked, each in a folder of its own; of the file's where none was."""
    versions = [(kept.hash, kept.texts) for kept in store.instruments()] or [
        (instrument.hash, instrument.texts)
    ]
    for hash, texts in versions:
        for name, text in texts.items():
            file = folder / hash[:12] / name
            if not file.resolve().is_relative_to(folder.resolve()):
                file = folder / hash[:12] / Path(name).name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")


def _rates(records: Records, wish: Wish, folder: Path, last: datetime | None) -> list[str]:
    """The rates as of the last thing that happened, or as of the moment that was asked for; why not, where not."""
    now = wish.at or datetime.now(UTC)
    asked = StudyWish(as_of=_written(wish, now), all_origins=wish.origin == "all")
    made = rates_of_records(records, asked, now=now if wish.as_of else last or now, zone=UTC)
    if isinstance(made, Trouble):
        return [f"rates.csv: {made.what}"]
    with (folder / "rates.csv").open("w", encoding="utf-8", newline="") as file:
        write_csv(rows_of(made.report), file, Manner())
    told = [line for line in (made.report.title, made.report.heading, *made.report.notes) if line]
    (folder / "rates.txt").write_text("\n".join([*told, ""]), encoding="utf-8")
    return []


def _written(wish: Wish, now: datetime) -> str:
    """The moment that was asked for as everybody reads it; empty where that is now."""
    when = past_moment(wish.as_of, now, wish.zone, option="--as-of") if wish.as_of else None
    return when.at.isoformat() if isinstance(when, Moment) and when.past else ""


def _codebook(records: Records, wish: Wish, folder: Path) -> list[str]:
    """What each variable holds, with counts where they are those of the data beside it; why there is none, where not."""
    all_of_them = not (wish.where or wish.as_of) and wish.partials
    asked = CodebookWish(language=wish.language, origin=wish.origin, counts=all_of_them)
    made = codebook_of_records(records, asked)
    if isinstance(made, Trouble):
        return [f"codebook.html: {made.what}"]
    (folder / "codebook.html").write_text(codebook_html(made), encoding="utf-8")
    return []


def _manifest(
    instrument: Instrument,
    wish: Wish,
    last: datetime | None,
    folder: Path,
    files: list[str],
    done: list[Exported],
    skipped: list[str],
) -> str:
    rows = {
        made.to: {"rows": made.rows, "columns": made.variables, "notes": list(made.notes)} for made in done
    }
    said = {
        "study": instrument.id,
        "title": str(instrument.title.written(instrument.language)),
        "version": instrument.version,
        "made_with": f"survey-cli {__version__}",
        "last_event": last.isoformat(timespec="seconds") if last is not None else None,
        "as_of": wish.as_of or None,
        "origin": wish.origin,
        "where": wish.where or None,
        "partials": wish.partials,
        "variables": list(wish.variables) or None,
        "left_out_as_personal": list(done[0].left_out),
        "warnings": list(done[0].warnings),
        "differences": list(done[0].differences),
        "not_in_it": skipped,
        "files": [
            {
                "name": name,
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
        for piece in _pieces(data.read):
            digest.update(piece)
    return digest.hexdigest()


def _pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while piece := read(1 << 20):
        yield piece


def _packed(folder: Path, to: Path) -> None:
    """The folder as a .zip, its files in the order of their names."""
    with ZipFile(to, "w", ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(f for f in folder.rglob("*") if f.is_file()):
            entry = ZipInfo(file.relative_to(folder).as_posix(), FIRST_DAY)
            entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, 0o600 << 16, 3
            with file.open("rb") as data, packed.open(entry, "w", force_zip64=True) as into:
                copyfileobj(data, into, 1 << 20)
