"""Services for designers: create an instrument, check files, write the editor's schema.

They read and write files; what counts as a problem is decided by the checks of the instrument package.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.schema.json_schema import SCHEMA_DRAFT, build_instrument_schema, build_module_schema
from survey_cli.instrument.source.load import InstrumentSource, load_source
from survey_cli.instrument.source.modules import MODULE_KEYS
from survey_cli.problems import Position, Problem, UserError, sort_problems
from survey_cli.services.output_files import check_output_path, write_text_file

SUFFIXES: Final = (".yaml", ".yml")
SCHEMA_FILE: Final = "instrument.schema.json"
MODULE_RULE: Final = "module"
MODULE_EXPLANATION: Final = (
    "The file contains only scales, compute and items: it is a module. It is checked with each instrument that "
    "includes it, since only there all the names it uses are known."
)
_EDITOR_LINES: Final = 4
"""Number of lines at the beginning of the template that are for the editor."""


# ── a new instrument ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInstrument:
    """The file of a new instrument."""

    path: Path
    schema: bool
    """The editor's schema is beside it already."""


def create_instrument(file: str, *, force: bool = False) -> NewInstrument:
    """Write a commented instrument that can be used at once."""
    path = Path(file)
    if path.is_dir():
        raise UserError(file, "this is a folder", f"name a file in it, as {path / 'survey.yaml'}")
    if path.suffix not in SUFFIXES:
        path = path.with_name(path.name + ".yaml")
    schema = (path.parent / SCHEMA_FILE).is_file()
    template = files("survey_cli.services.questionnaire").joinpath("new_instrument.yaml").read_text(encoding="utf-8")
    first, *explained = template.splitlines(keepends=True)
    text = first + "".join(explained[_EDITOR_LINES - 1 :] if schema else explained)
    text = text.replace("{file}", _quote_path(path)).replace("{name}", _derive_name(path.stem))
    _write_text(path, text, fresh=not force)
    return NewInstrument(path=path, schema=schema)


def _derive_name(stem: str) -> str:
    """The file's name as the name of an instrument: letters, digits and `_`, beginning with a letter."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", stem).strip("_")[:32]
    return name if name[:1].isalpha() else f"survey_{name}"[:32].rstrip("_")


def _quote_path(path: Path) -> str:
    """The path as typed in an example command."""
    printable = "".join(c for c in str(path) if c.isprintable())
    return f"'{printable}'" if re.search(r"[^\w./-]", printable) else printable


def _write_text(path: Path, text: str, *, fresh: bool) -> None:
    """Write a text file, and its folder where it is missing; with `fresh` an existing file is never overwritten."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not a valid file name"
        raise UserError(str(path), f"its folder cannot be made ({why})", "choose another place") from error
    check_output_path(path, force=not fresh)
    write_text_file(path, lambda file: file.write(text), force=not fresh, public=True)


# ── problems ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentCheck:
    """The problems of one instrument, in order."""

    file: str
    problems: tuple[Problem, ...]
    items: int | None
    """Number of items asked; None where the instrument could not be compiled."""
    line_at: Callable[[Position], str]
    """Returns the line of text at a problem's position."""
    accepted: tuple[str, ...] = ()
    """Accepted changes of meaning since earlier interviews, as text."""
    in_use: str = ""
    """Full paths of the database and the list of people in use; empty where there is no database."""


def find_instruments(paths: Iterable[str]) -> tuple[list[str], list[UserError]]:
    """The files to check: each path itself, and for a folder the instruments in and below it, without modules."""
    found: dict[str, None] = {}
    troubles = []
    for path in paths:
        if not path.strip():
            troubles.append(UserError("check", "a name is empty", "name a file or folder: survey check FILE"))
            continue
        if not Path(path).is_dir():
            found[path] = None
            continue
        inside = [str(file) for file in _iterate_yaml_files(Path(path)) if not is_module(load_source(file))]
        found.update(dict.fromkeys(inside))
        if not inside:
            troubles.append(UserError(path, "there is no instrument in this folder", "name a file: survey check FILE"))
    return list(found), troubles


def _iterate_yaml_files(folder: Path) -> Iterator[Path]:
    """Iterate over YAML files in and below a folder, without hidden ones."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in SUFFIXES and not hidden and path.is_file():
            yield path


def is_module(source: InstrumentSource) -> bool:
    """Whether a file is a module: only scales, compute and items."""
    return bool(source.tree) and all(key in MODULE_KEYS for key in source.tree or ())


def check_file(file: str, formats: Sequence[str] = (), *, db: str | None = None) -> InstrumentCheck:
    """Check one instrument with its modules.

    The result has its problems, what the `formats` cannot store, and changes of meaning since stored interviews.
    """
    source = load_source(file)
    if is_module(source):
        what = "this is a module, not an instrument"
        remedy = "check the instrument that includes it; an instrument begins with `instrument:` and `title:`"
        module = Problem(MODULE_RULE, Position(file), "", what, remedy)
        return InstrumentCheck(file=file, problems=(module,), items=None, line_at=source.find_line)
    found = check_instrument(source)
    items = len(found.instrument.items) if found.instrument is not None else None
    problems = found.problems
    if formats and found.instrument is not None and found.draft is not None:
        from survey_cli.services.export.format_checks import check_formats

        more = check_formats(found.instrument, found.draft, formats, problems)
        problems = tuple(sort_problems((*problems, *more)))
    accepted: Sequence[str] = ()
    in_use = ""
    if found.instrument is not None and found.draft is not None and _may_have_interviews(file, found.instrument.id, db):
        from survey_cli.services.questionnaire.version_check import check_meanings
        from survey_cli.study.location import describe_database

        changed, accepted = check_meanings(file, found.instrument, found.draft, db)
        problems = tuple(sort_problems((*problems, *changed))) if changed else problems
        in_use = describe_database(file, found.instrument.id, db)
    return InstrumentCheck(
        file=file, problems=problems, items=items, line_at=source.find_line, accepted=tuple(accepted), in_use=in_use
    )


def _may_have_interviews(file: str, instrument: str, db: str | None) -> bool:
    """Whether interviews may be stored already. Where there are none, the store is not even imported."""
    database = Path("responses", f"{instrument}.db")
    return bool(db) or any((folder / database).is_file() for folder in Path(file).resolve().parents)


# ── the editor's schema ────────────────────────────────────────────────────────────────────────────────────


def render_schema(*, module: bool = False) -> str:
    """The JSON Schema of instruments, or of modules, as text."""
    return (
        json.dumps(build_module_schema() if module else build_instrument_schema(), ensure_ascii=False, indent=1) + "\n"
    )


def write_schema(file: str, *, module: bool = False) -> None:
    """Write the schema into a file; only an earlier schema is overwritten."""
    path = Path(file)
    if path.is_dir():
        raise UserError(file, "this is a folder", f"name a file in it, as {path / SCHEMA_FILE}")
    if path.exists() and not _is_schema(path):
        raise UserError(file, "the file exists and is not a JSON Schema", "give another name")
    return _write_text(path, render_schema(module=module), fresh=False)


def _is_schema(path: Path) -> bool:
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(earlier, dict) and earlier.get("$schema") == SCHEMA_DRAFT
