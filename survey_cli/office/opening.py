"""Opening what everything begins with: an instrument's file, and the database its interviews are kept in."""

from collections.abc import Iterable
from pathlib import Path

from survey_cli.instrument.checks import checked

from survey_cli.instrument.build import built
from survey_cli.instrument.load import read, read_text
from survey_cli.instrument.program import Instrument
from survey_cli.problems import Problem, Trouble, errors
from survey_cli.store import InstrumentRow, Store, StoreProblem


def open_instrument(path: str | Path) -> Instrument | Trouble:
    """The instrument in a file, ready; or its problems."""
    found = checked(read(path))
    if found.instrument is not None:
        return found.instrument
    wrong = errors(found.problems)
    many = f"{len(wrong)} problems" if len(wrong) != 1 else "a problem"
    return Trouble(
        str(path), f"the instrument has {many}", f"mend it; `survey check {path}` shows each", tuple(wrong)
    )


def kept_instrument(store: Store, hash: str) -> Instrument | Trouble:
    """An instrument as it was when its interviews began, from the full text that the database keeps."""
    texts = store.instrument_texts(hash)
    if not texts:
        return Trouble(
            hash[:12], "the database does not hold this version's text", "restore it from a backup"
        )
    name = next(iter(texts))
    instrument, _, problems = built(read_text(texts[name], name, fetch=lambda other: texts[other]))
    wrong: Iterable[Problem] = errors(problems)
    if instrument is None or list(wrong):
        return Trouble(
            f"version {hash[:12]}",
            "the kept text can no longer be read by this program",
            "open the database with the version of survey it was made with",
            tuple(wrong),
        )
    return instrument


def home_of(path: str | Path) -> Path:
    """The folder in which `responses/` belongs: the one with an `instruments/` or a pyproject.toml, at the file or above
    it; else where one stands."""
    for folder in Path(path).resolve().parents:
        if folder.name == "instruments":
            return folder.parent
        if (folder / "instruments").is_dir() or (folder / "pyproject.toml").is_file():
            return folder
    return Path.cwd()


def database_of(path: str | Path, instrument: str, db: str | None) -> str:
    """Where the interviews of an instrument are kept, unless `db` says otherwise."""
    return db or shown(home_of(path) / "responses" / f"{instrument}.db")


def shown(path: Path) -> str:
    """A path as it is printed: from where one stands, if it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def open_store(where: str, *, create: bool) -> Store | Trouble:
    """The database, or why it cannot be opened."""
    if where.startswith(("postgresql://", "postgres://")):
        return Trouble(
            where.split("@")[-1], "PostgreSQL is not supported yet", "give the path of a SQLite file"
        )
    try:
        if create and where != ":memory:":
            Path(where).parent.mkdir(parents=True, exist_ok=True)
        return Store.open(where, create=create)
    except StoreProblem as problem:
        return Trouble(problem.where, problem.what, problem.remedy)
    except OSError as error:
        return Trouble(where, f"the folder cannot be made ({error.strerror})", "give another place with --db")


def instrument_row(instrument: Instrument, *, kept_at: object) -> InstrumentRow:
    """The instrument as the store keeps it."""
    from survey_cli.table import columns

    return InstrumentRow(
        hash=instrument.hash,
        id=instrument.id,
        version=instrument.version,
        title=str(instrument.title.written(instrument.language)),
        texts=instrument.texts,
        variables=columns(instrument),
        kept_at=kept_at,  # type: ignore[arg-type]
    )
