"""Services for designers: create an instrument, check files, write the editor's schema.

They read and write files; what counts as a problem is decided by the checks of the instrument package.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from survey_cli.instrument.analysis import read_analysis
from survey_cli.instrument.checks.all_checks import check_instrument, check_wording
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.analysis_file import ANALYSIS_SUFFIX
from survey_cli.instrument.schema.code_frame import CODES_SUFFIX
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.scenario_file import SCENARIO_SUFFIX
from survey_cli.instrument.schema.simulation_file import SIMULATION_SUFFIX
from survey_cli.instrument.source.load import InstrumentSource, load_source
from survey_cli.instrument.source.modules import MODULE_KEYS
from survey_cli.problems import Position, Problem, UserError, sort_problems
from survey_cli.samples.lists.targets_file import read_targets
from survey_cli.scenarios.route_check import ProofState, check_route
from survey_cli.services.output_files import check_output_path, write_text_file
from survey_cli.study.analysis import find_analysis_file
from survey_cli.table.columns import find_personal_names

SUFFIXES: Final = (".yaml", ".yml")
_OTHER_FILES: Final = (
    *(".csv", ".db", ".doc", ".docx", ".dta", ".html", ".json", ".md", ".odt", ".pdf"),
    *(".rtf", ".sav", ".sqlite", ".tsv", ".txt", ".xls", ".xlsx", ".xml"),
)
"""Endings of files of other kinds; another ending may be a part of a name, as in `wave1.2`."""
SCHEMA_FILE: Final = "instrument.schema.json"
_COMPANIONS: Final = (SCENARIO_SUFFIX, ANALYSIS_SUFFIX, CODES_SUFFIX, SIMULATION_SUFFIX)
"""Ends of names of files that are checked with the questionnaire beside them."""
_EDITOR_LINES: Final = 4
"""Number of lines at the beginning of the template that are for the editor."""
_EXPLAINED_COMMANDS: Final = re.compile(
    r"^(?P<written>#   survey \S.*?) {2,}(?P<explanation>\S.*)$", re.MULTILINE
)
"""Commands of the template, each with an explanation behind it."""
_EXPLAINED_KEYS: Final = re.compile(
    r"^(?P<written>(?:instrument|title|version|languages): \S.*?) {2,}(?P<explanation># .*)$",
    re.MULTILINE,
)
"""The first keys of the template, each with a comment."""


# ── a new instrument ───────────────────────────────────────────────────────────────────────────────────────


def create_instrument(file: str, *, force: bool = False) -> Path:
    """Write a commented instrument that can be used at once; returns its file."""
    path = Path(file)
    if path.is_dir():
        raise UserError(
            file, "this is a folder", f"specify a file in it, such as {path / 'survey.yaml'}"
        )
    if path.suffix.lower() in _OTHER_FILES:
        remedy = f"write {path.with_suffix(SUFFIXES[0])}"
        raise UserError(file, "a questionnaire is a text file whose name ends in .yaml", remedy)
    if path.suffix not in SUFFIXES:
        path = path.with_name(path.name + ".yaml")
    has_schema = (path.parent / SCHEMA_FILE).is_file()
    template = _read_resource("new_instrument.yaml")
    first, *rest = template.splitlines(keepends=True)
    text = first + "".join(rest[_EDITOR_LINES - 1 :] if has_schema else rest)
    text = text.replace("{file}", _quote_path(path)).replace("{name}", _derive_name(path.stem))
    for explained_lines in (_EXPLAINED_COMMANDS, _EXPLAINED_KEYS):
        text = _align_explanations(text, explained_lines)
    check_output_path(path, force=force)
    write_text_file(path, lambda file: file.write(text), force=force, public=True)
    return path


def _align_explanations(text: str, explained_lines: re.Pattern[str]) -> str:
    """Begin the explanations of some lines in one column, after the name of the file was filled in."""
    width = max(len(line["written"]) for line in explained_lines.finditer(text))
    return explained_lines.sub(
        lambda line: f"{line['written']:{width}}  {line['explanation']}", text
    )


def _read_resource(name: str) -> str:
    return files("survey_cli.services.questionnaire").joinpath(name).read_text(encoding="utf-8")


def _derive_name(stem: str) -> str:
    """Return the file's name as the name of an instrument: letters, digits and `_`, beginning with a letter."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", stem).strip("_")[:32]
    return name if name[:1].isalpha() else f"survey_{name}"[:32].rstrip("_")


def _quote_path(path: Path) -> str:
    """Return the path as typed in an example command."""
    printable = "".join(c for c in str(path) if c.isprintable())
    return f"'{printable}'" if re.search(r"[^\w./-]", printable) else printable


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
    instrument: Instrument | None = None
    """None where there are errors."""
    in_use: str = ""
    """Full paths of the database and the list of people in use; empty where there is no database."""
    proof: ProofState = ProofState.NOT_MEANT


def find_instruments(paths: Iterable[str]) -> tuple[list[str], list[UserError]]:
    """Return the files to check, and an error for each path that names none.

    For a folder these are the instruments in and below it, with scenarios and code frames. Modules are left out, and
    analysis files, which are checked with the questionnaire beside them, and other files of YAML, such as maps.
    """
    files: dict[str, None] = {}
    errors = []
    for path in paths:
        if not path.strip():
            errors.append(
                UserError(
                    "check", "a file name is empty", "specify a file or folder: survey check FILE"
                )
            )
            continue
        if not Path(path).is_dir():
            files[path] = None
            continue
        candidates = [
            file
            for file in _iterate_yaml_files(Path(path))
            if not file.name.endswith(ANALYSIS_SUFFIX)
        ]
        instruments = [
            file
            for file in map(str, candidates)
            if file.endswith(_COMPANIONS) or not _is_part(load_source(file))
        ]
        files.update(dict.fromkeys(instruments))
        if not instruments:
            errors.append(
                UserError(
                    path,
                    "there is no instrument in this folder",
                    "specify a file: survey check FILE",
                )
            )
    return list(files), errors


def _iterate_yaml_files(folder: Path) -> Iterator[Path]:
    """Iterate over YAML files in and below a folder, without hidden ones."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in SUFFIXES and not hidden and path.is_file():
            yield path


def _is_part(source: InstrumentSource) -> bool:
    """Return whether a file is no questionnaire: a module, a map, or answers for a simulation."""
    keys = set(source.tree or ())
    return bool(keys) and (
        keys <= {*MODULE_KEYS} or keys.isdisjoint(("instrument", "title", "items"))
    )


def check_file(
    file: str,
    formats: Sequence[str] = (),
    *,
    wording: bool = False,
    possible: bool = False,
    db: str | None = None,
) -> InstrumentCheck:
    """Check one instrument with its modules, and prove its route.

    The result has its problems, what the `formats` can't store, and changes of meaning since stored
    interviews; with `wording`, also what may be hard to understand; with `possible`, also what can
    happen.
    """
    source = load_source(file)
    if file.endswith(_COMPANIONS):
        return _check_companion(file, source)
    if _is_part(source):
        what = "this is a module, not an instrument"
        remedy = "check the instrument that includes it; an instrument begins with `instrument:` and `title:`"
        if {*MODULE_KEYS}.isdisjoint(source.tree or ()):
            what = "this is not a questionnaire, which has `instrument:`, `title:` and `items:`"
            remedy = "specify one; a map is checked by `survey import-answers` with --dry-run"
        module = Problem("module", Position(file), "", what, remedy)
        return InstrumentCheck(file=file, problems=(module,), items=None, line_at=source.find_line)
    checked = check_instrument(source)
    instrument, draft = checked.instrument, checked.draft
    today = datetime.now().astimezone().date()
    problems, proof = check_route(checked, today, possible=possible)
    further, accepted, in_use, sources = list[Problem](), list[str](), "", [source]
    if formats and instrument is not None and draft is not None:
        from survey_cli.services.export.format_checks import check_formats

        further += check_formats(instrument, draft, formats, problems)
    if wording and draft is not None:
        further += check_wording(draft)
    if instrument is not None and (analysis_file := find_analysis_file(file)):
        beside = load_source(analysis_file)
        sources.append(beside)
        further += _check_analysis(analysis_file, beside, instrument)
    if (
        instrument is not None
        and draft is not None
        and _may_have_interviews(file, instrument.id, db)
    ):
        from survey_cli.services.questionnaire.version_check import check_meanings
        from survey_cli.study.location import describe_database

        meaning_problems, accepted = check_meanings(file, instrument, draft, db)
        further += meaning_problems
        in_use = describe_database(file, instrument.id, db)
    return InstrumentCheck(
        file=file,
        problems=tuple(sort_problems((*problems, *further)))
        if further or formats or wording
        else problems,
        items=len(instrument.items) if instrument is not None else None,
        line_at=lambda where: next(filter(None, (each.find_line(where) for each in sources)), ""),
        accepted=tuple(accepted),
        instrument=instrument,
        in_use=in_use,
        proof=proof,
    )


def _check_companion(file: str, source: InstrumentSource) -> InstrumentCheck:
    """Check a file that belongs to a questionnaire: scenarios, an analysis, the codes of an item, a simulation."""
    suffix = next(suffix for suffix in _COMPANIONS if file.endswith(suffix))
    name, item = file.removesuffix(suffix), ""
    if suffix == CODES_SUFFIX:
        name, _, item = name.rpartition(".")
    questionnaire = f"{name}.yaml"
    instrument = check_instrument(load_source(questionnaire)).instrument
    if instrument is None:
        what, remedy = (
            f"{questionnaire} has errors or is missing",
            f"fix it first: survey check {questionnaire}",
        )
        problems = [Problem("broken-questionnaire", Position(file), "", what, remedy)]
    elif suffix == ANALYSIS_SUFFIX:
        problems = _check_analysis(file, source, instrument)
    elif suffix == CODES_SUFFIX:
        from survey_cli.services.data.code_frames import check_frame

        problems = check_frame(source, instrument, item)[1]
    elif suffix == SIMULATION_SUFFIX:
        from survey_cli.services.questionnaire.simulation_settings import check_settings

        problems = check_settings(source, instrument)[1]
    else:
        from survey_cli.services.questionnaire.scenario_tests import check_scenarios

        problems = check_scenarios(instrument, source, date.min)[1]
    return InstrumentCheck(
        file=file, problems=tuple(problems), items=None, line_at=source.find_line
    )


def _check_analysis(file: str, source: InstrumentSource, instrument: Instrument) -> list[Problem]:
    """Check an analysis file, and the files of targets that it names."""
    analysis, problems = read_analysis(source, instrument)
    for weight in analysis.weights.values():
        rows = read_targets(str(Path(file).parent / weight.rake)) if weight.rake is not None else []
        problems += rows if isinstance(rows, tuple) else ()
    personal = find_personal_names(analysis.instrument)
    for name, banner in analysis.banners.items():
        for column in banner.columns:
            for part in personal.intersection(map(str.strip, column.split(">"))):
                what = f"{part} is personal"
                problems.append(
                    Problem("bad-analysis", column.where, name, what, "choose another variable")
                )
    return problems


def _may_have_interviews(file: str, instrument: str, db: str | None) -> bool:
    """Return whether interviews may be stored already. Where there are none, the store is not even imported."""
    database = Path("responses", f"{instrument}.db")
    return bool(db) or any((folder / database).is_file() for folder in Path(file).resolve().parents)


# ── the editor's schema ────────────────────────────────────────────────────────────────────────────────────


def render_schema(kind: str, names_of: str = "") -> str:
    """Return the JSON Schema of a kind of file as text. `names_of`: the instrument whose names are offered."""
    stored = "instrument" if names_of or kind == "module" else kind
    text = _read_resource(f"{stored}.schema.json")
    if stored == kind and not names_of:
        return text
    schema = json.loads(text)
    if names_of:
        _offer_names(schema["$defs"], open_instrument(names_of).document)
    else:
        description = (
            "Part of an instrument, put in its place by `include`: scales, computes and items."
        )
        properties = {name: schema["properties"][name] for name in MODULE_KEYS}
        schema |= {
            "title": "survey module",
            "description": description,
            "markdownDescription": description,
        }
        schema |= {"properties": properties, "required": []}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _offer_names(parts: dict[str, Any], document: Document) -> None:
    """Offer the names of the scales and outcomes of a document."""
    for key, names in (("scale", document.scales), ("outcome", document.outcomes)):
        for part in parts.values():
            if names and key in part.get("properties", ()):
                choices = part["properties"][key].setdefault("anyOf", [{"type": "string"}])
                choices.insert(0, {"enum": list(map(str, names))})
                part["properties"][key].pop("type", None)


def write_schema(file: str, kind: str, names_of: str = "") -> None:
    """Write the schema into a file; only an earlier schema is overwritten."""
    path = Path(file)
    if path.is_dir():
        raise UserError(
            file, "this is a folder", f"specify a file in it, such as {path / SCHEMA_FILE}"
        )
    if path.exists() and not _is_schema(path):
        raise UserError(file, "the file exists and is not a JSON Schema", "use another name")
    check_output_path(path, force=True)
    write_text_file(
        path, lambda file: file.write(render_schema(kind, names_of)), force=True, public=True
    )


def _is_schema(path: Path) -> bool:
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (
        isinstance(earlier, dict)
        and earlier.get("$schema")
        == json.loads(_read_resource("instrument.schema.json"))["$schema"]
    )
