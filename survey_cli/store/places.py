"""Where are interviews kept? The folder `responses/` beside the instruments, unless one says otherwise."""

from pathlib import Path

from survey_cli.problems import Trouble
from survey_cli.store.address import names_server, server
from survey_cli.store.database import Store
from survey_cli.store.problem import Absent, StoreProblem


def home_of(path: str | Path) -> Path:
    """The folder in which `responses/` belongs: the one with an `instruments/` or a pyproject.toml, at the file or above
    it; else the file's own, wherever one stands."""
    file = Path(path).resolve()
    for folder in file.parents:
        if folder.name == "instruments":
            return folder.parent
        if (folder / "instruments").is_dir() or (folder / "pyproject.toml").is_file():
            return folder
    return file.parent


def database_of(path: str | Path, instrument: str, db: str | None) -> str:
    """Where the interviews of an instrument are kept, unless `db` says otherwise: a file, or the instrument's own
    schema on a server. It may be printed: there is no password in it."""
    if db and names_server(db):
        return server(db, study=instrument)
    return db or shown(home_of(path) / "responses" / f"{instrument}.db")


def shown(path: Path) -> str:
    """A path as it is printed: from where one stands, if it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def open_store(where: str, *, create: bool) -> Store | Trouble:
    """The database, or why it cannot be opened. `where` is as `database_of` gave it."""
    try:
        return _opened(where, create=create)
    except StoreProblem as problem:
        return Trouble(problem.where, problem.what, problem.remedy)
    except OSError as error:
        return Trouble(where, f"the folder cannot be made ({error.strerror})", "give another place with --db")


def open_existing(where: str) -> Store | Trouble | None:
    """The database, or why it cannot be opened; None where nothing is kept yet."""
    if not names_server(where) and not Path(where).is_file():
        return None
    try:
        return _opened(where, create=False)
    except Absent:
        return None
    except StoreProblem as problem:
        return Trouble(problem.where, problem.what, problem.remedy)


def _opened(where: str, *, create: bool) -> Store:
    if create and where != ":memory:" and not names_server(where):
        Path(where).parent.mkdir(parents=True, exist_ok=True)
    return Store.open(where, create=create)
