"""Everything that an analyst or an archive needs of a study, in one folder or one .zip: data, their description, the text
of the questionnaire in every version that was asked, rates, and a manifest with the SHA-256 of each file.

The same data make the same bytes: nothing in it tells when it was made, but as of which moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from shutil import copyfileobj, rmtree
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from survey_cli.documents.report.report_html import codebook_html
from survey_cli.exports import FORMATS, Manner, format_of
from survey_cli.exports.text.csv import write_csv
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.rates import rows_of
from survey_cli.services.data.export_options import Exported, What, Wish
from survey_cli.services.data.run_on_records import at_one_moment
from survey_cli.services.date_options import Moment, past_moment
from survey_cli.services.export.bundle_metadata import OWN, Contents, is_bundle, lay_papers
from survey_cli.services.export.export_data import exported, unwritable
from survey_cli.services.output_files import in_the_way, put_file
from survey_cli.services.report.codebook_data import codebook_of_records
from survey_cli.services.report.report_options import CodebookWish
from survey_cli.services.report.response_rates import StudyWish, rates_of_records
from survey_cli.store import Store
from survey_cli.study.open_study import Records

DATA: Final = ("csv", "ddi", "sav")
"""Formats of the data where none are asked for, those whose libraries are installed: two for archives, one for SPSS."""
FIELDWORK: Final[Mapping[What, str]] = {
    "cases": "every case of the sample, and how it stands",
    "calls": "every call, and what came of it",
}
"""Other tables that go with them, as CSV."""
TABLES: Final[Mapping[What, str]] = {
    "answers": "a row for each answer",
    "events": "a row for each thing that was keyed",
}
"""What else can be asked for."""
ARCHIVES: Final = frozenset((".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"))
"""Endings of files that a bundle never is."""
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


def bundle(path: str | Path, wish: Wish, to: str, outs: Sequence[str] = ()) -> Bundled | UserError:
    """Make the folder `to`, or the file where it ends in .zip. `outs` are names of files of data in it, in place of
    those that are there unless it is said; `wish.what`, where it is no interviews, is a table besides."""
    target, zipped = Path(to), to.lower().endswith(".zip")
    if target.suffix.lower() in ARCHIVES:
        return UserError(to, "a bundle is a folder or a .zip", "give a name that ends in .zip")
    if target.is_symlink():
        target = target.resolve()
    if (trouble := _barred(target, zipped=zipped, force=wish.force)) is not None:
        return trouble
    wish = replace(wish, at=wish.at or datetime.now(UTC))
    if (trouble := _no_name_there(outs)) is not None:
        return trouble
    folder = target.resolve().with_name(f".{token_hex(4)}.{target.name[-200:]}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        if (trouble := unwritable([str(folder / out) for out in outs], wish)) is not None:
            return replace(
                trouble, where=Path(trouble.where).name, what=trouble.what.replace(f"{folder}/", "")
            )
        made = at_one_moment(
            path, lambda records: _filled(records, wish, folder, outs), db=wish.db, people=wish.people, to=to
        )
        if isinstance(made, UserError):
            return made
        if zipped:
            packed = put_file(target, lambda file: _packed(folder, file), force=wish.force)
            if isinstance(packed, UserError):
                return packed
        else:
            _put_folder(folder, target)
    except OSError as error:
        return UserError(to, f"it cannot be written ({error.strerror})", "choose another place, or make room")
    finally:
        rmtree(folder, ignore_errors=True)
    return replace(made, to=to)


def _barred(target: Path, *, zipped: bool, force: bool) -> UserError | None:
    """Why nothing may be written there. A folder is taken the place of only where it is a bundle and nothing else."""
    if zipped:
        return in_the_way(target, force=force)
    if not target.exists():
        return in_the_way(target, force=force)
    if target.is_dir() and (not any(target.iterdir()) or (force and is_bundle(target))):
        return None
    what = "this folder is no bundle, or has more in it" if target.is_dir() and force else "it exists"
    remedy = "give another name" if force else "give another name, or --force to make the bundle anew"
    return UserError(str(target), what, remedy)


def _no_name_there(outs: Sequence[str]) -> UserError | None:
    """Why a file of data cannot have such a name in a bundle."""
    for out in outs:
        if out == "-" or Path(out).name != out:
            what = "with --bundle this is the name of a file in it"
            return UserError("-o", f"{out}: {what}", "give a name without a folder, as data.sav")
        if out in OWN or out in {f"{name}.csv" for name in (*FIELDWORK, *TABLES)} or out == "questionnaire":
            return UserError("-o", f"{out}: a bundle has a file of this name", "give another name")
    return None


def _put_folder(folder: Path, target: Path) -> None:
    """Give the finished folder its name. What had it is put aside until then, and comes back where that fails."""
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


def _filled(records: Records, wish: Wish, folder: Path, outs: Sequence[str]) -> Bundled | UserError:
    instrument = records.instrument
    as_of = _written(wish, wish.at or datetime.now(UTC))
    last = None if as_of else _last(records.store)
    _texts(
        records.store, instrument, folder / "questionnaire", datetime.fromisoformat(as_of) if as_of else None
    )
    done, skipped = [], []
    about: dict[str, str] = {}
    formats = [FORMATS[name] for name in ((wish.format.lower(),) if wish.format else DATA) if name in FORMATS]
    names = outs or [f"{instrument.id}{form.endings[0]}" for form in formats] or [f"{instrument.id}.csv"]
    for name in names:
        made = exported(records, replace(wish, to=str(folder / name), what="interviews", beside=tuple(names)))
        if isinstance(made, UserError):
            if "not installed" in made.what and not outs and not wish.format:
                skipped.append(f"{name}: {made.what} ({made.remedy})")
                continue
            return made if not made.where.startswith(str(folder)) else replace(made, where=name)
        form = format_of(name, chosen=wish.format)
        if not isinstance(form, str):
            whose = "" if form.name == "ddi" else "the data: "
            about[name] = f"{whose}{form.what.removesuffix(', all held in memory')}"
        if made.beside:
            about[Path(made.beside).name] = f"the data that {name} describes"
        done.append(replace(made, to=name, beside=""))
    tables: list[What] = [wish.what] if wish.what in TABLES else []
    if _has_cases(records.store):
        if wish.public:
            skipped += (
                f"{what}.csv: its rows name cases and times, so it is not public" for what in FIELDWORK
            )
        else:
            tables += FIELDWORK.keys()
    for what in tables:
        told = _table(records, wish, folder, what, last)
        if isinstance(told, UserError):
            skipped.append(f"{what}.csv: {told.what}")
        else:
            done.append(replace(told, to=f"{what}.csv"))
            about[f"{what}.csv"] = {**FIELDWORK, **TABLES}[what]
    skipped += _rates(records, wish, folder, last)
    skipped += _codebook(records, wish, folder)
    contents = Contents(
        instrument=instrument, wish=wish, last=last, as_of=as_of, done=done, about=about, skipped=skipped
    )
    return Bundled(
        to="",
        files=lay_papers(folder, contents),
        interviews=done[0].rows,
        exported=tuple(done),
        skipped=tuple(skipped),
    )


def _has_cases(store: Store) -> bool:
    return next(iter(store.cases.rows()), None) is not None


def _table(
    records: Records, wish: Wish, folder: Path, what: What, last: datetime | None
) -> Exported | UserError:
    """Another table as CSV, as of the last thing that happened. Which columns and interviews are wanted says nothing of
    cases and calls: where that is asked for, they are not there."""
    if what in FIELDWORK and (wish.where or wish.variables):
        return UserError(
            f"{what}.csv", "cases and calls go with all interviews and all columns", "ask for them alone"
        )
    at = wish.at if wish.as_of or last is None else last
    own = replace(wish, to=str(folder / f"{what}.csv"), format="csv", what=what, at=at, variables=(), rake="")
    return exported(records, own)


def _last(store: Store) -> datetime | None:
    """When the last thing happened that is kept; None where nothing has."""
    moments = [row.updated_at for row in store.interviews()]
    moments += [row.updated_at for row in store.cases.rows()]
    return max(moments, default=None)


def _texts(store: Store, instrument: Instrument, folder: Path, until: datetime | None) -> None:
    """The full text of every version that was asked until then, each in a folder of its own; of the file's where none
    was."""
    kept = [one for one in store.instruments() if until is None or one.kept_at <= until]
    versions = [(one.hash, one.texts) for one in kept] or [(instrument.hash, instrument.texts)]
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
    if isinstance(made, UserError):
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
    """What each variable holds, with the counts of the data beside it; why there is none, where not."""
    asked = CodebookWish(language=wish.language, origin=wish.origin)
    made = codebook_of_records(records, asked, of=replace(wish, what="interviews"))
    if isinstance(made, UserError):
        return [f"codebook.html: {made.what}"]
    (folder / "codebook.html").write_text(codebook_html(made), encoding="utf-8")
    return []


def _packed(folder: Path, to: Path) -> None:
    """The folder as a .zip, its files in the order of their names."""
    with ZipFile(to, "w", ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(f for f in folder.rglob("*") if f.is_file()):
            entry = ZipInfo(file.relative_to(folder).as_posix(), FIRST_DAY)
            entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, 0o600 << 16, 3
            with file.open("rb") as data, packed.open(entry, "w", force_zip64=True) as into:
                copyfileobj(data, into, 1 << 20)
