"""Services for designers: create an instrument, check files, write the editor's schema.

They read and write files. The checks of the package `instrument` decide what is a problem.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from survey_cli.instrument import editions
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
_DATA_SUFFIXES: Final = (".csv", ".db", ".dta", ".json", ".sav", ".sqlite", ".tsv", ".xml")
_DOCUMENT_SUFFIXES: Final = (".doc", ".docx", ".html", ".md", ".odt", ".pdf", ".rtf", ".txt")
_WORKBOOK_SUFFIXES: Final = (".xls", ".xlsx")
_OTHER_SUFFIXES: Final = (*_DATA_SUFFIXES, *_DOCUMENT_SUFFIXES, *_WORKBOOK_SUFFIXES)
"""Endings of files of other kinds. Another ending may be a part of a name, as in `wave1.2`."""
SCHEMA_FILE: Final = "instrument.schema.json"
_COMPANION_SUFFIXES: Final = (SCENARIO_SUFFIX, ANALYSIS_SUFFIX, CODES_SUFFIX, SIMULATION_SUFFIX)
"""Ends of names of files that are checked with the questionnaire beside them."""
_EDITOR_LINES: Final = slice(1, 4)
"""The lines of the template that say how the editor gets its schema."""
_MAX_NAME: Final = 32
"""Characters of the name that a new instrument gets from its file."""
_EXPLAINED_COMMANDS: Final = re.compile(
    r"^(?P<written>#   survey \S.*?) {2,}(?P<explanation>\S.*)$", re.MULTILINE
)
"""Commands of the template, each with an explanation behind it."""
_EXPLAINED_KEYS: Final = re.compile(
    r"^(?P<written>(?:instrument|title|version|edition|languages): \S.*?)"
    r" {2,}(?P<explanation># .*)$",
    re.MULTILINE,
)
"""The first keys of the template, each with a comment."""


# ── a new instrument ───────────────────────────────────────────────────────────────────────────


def create_instrument(file: str, *, force: bool = False) -> Path:
    """Write a commented instrument that can be used at once. Returns its file."""
    path = Path(file)
    if path.is_dir():
        remedy = f"specify a file in it, such as {path / 'survey.yaml'}"
        raise UserError(file, "this is a folder", remedy)
    if path.suffix.lower() in _OTHER_SUFFIXES:
        remedy = f"write {path.with_suffix(SUFFIXES[0])}"
        raise UserError(file, "a questionnaire is a text file whose name ends in .yaml", remedy)
    if path.suffix not in SUFFIXES:
        path = path.with_name(path.name + ".yaml")

    text = _fill_template(path)
    check_output_path(path, force=force)
    write_text_file(path, lambda file: file.write(text), force=force, public=True)
    return path


def _fill_template(path: Path) -> str:
    """Return the text of a new instrument that will be written to this path."""
    lines = _read_resource("new_instrument.yaml").splitlines(keepends=True)
    if (path.parent / SCHEMA_FILE).is_file():
        # The first line names the schema, and the folder has it already.
        del lines[_EDITOR_LINES]
    text = "".join(lines)
    text = text.replace("{file}", _quote_path(path))
    text = text.replace("{name}", _derive_name(path.stem))

    # The explanations were aligned for a name of another length.
    text = _align_explanations(text, _EXPLAINED_COMMANDS)
    return _align_explanations(text, _EXPLAINED_KEYS)


def _align_explanations(text: str, explained_lines: re.Pattern[str]) -> str:
    """Begin the explanations of these lines in one column."""
    width = max(len(line["written"]) for line in explained_lines.finditer(text))
    return explained_lines.sub(
        lambda line: f"{line['written']:{width}}  {line['explanation']}", text
    )


def _read_resource(name: str) -> str:
    return files("survey_cli.services.questionnaire").joinpath(name).read_text(encoding="utf-8")


def _derive_name(stem: str) -> str:
    """Return the name of an instrument for a file: letters, digits and `_`, first a letter."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", stem).strip("_")
    name = name[:_MAX_NAME]
    if name[:1].isalpha():
        return name
    return f"survey_{name}"[:_MAX_NAME].rstrip("_")


def _quote_path(path: Path) -> str:
    """Return the path as typed in an example command."""
    printable = "".join(character for character in str(path) if character.isprintable())
    needs_quotes = re.search(r"[^\w./-]", printable) is not None
    return f"'{printable}'" if needs_quotes else printable


# ── problems ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentCheck:
    """The problems of one instrument, in order."""

    file: str
    problems: tuple[Problem, ...]
    items: int | None
    """Number of items asked; None if the instrument could not be compiled."""
    line_at: Callable[[Position], str]
    """Returns the line of text at a problem's position."""
    accepted: tuple[str, ...] = ()
    """Accepted changes of meaning since earlier interviews, as text."""
    instrument: Instrument | None = None
    """None if it has errors."""
    in_use: str = ""
    """Full paths of the database and the list of people in use; empty without a database."""
    proof: ProofState = ProofState.NOT_MEANT


def find_instruments(paths: Iterable[str]) -> tuple[list[str], list[UserError]]:
    """Return the files to check, and an error for each path that names none."""
    # A file that several paths name is checked once.
    files: dict[str, None] = {}
    errors = []
    for path in paths:
        if not path.strip():
            remedy = "specify a file or folder: survey check FILE"
            errors.append(UserError("check", "a file name is empty", remedy))
        elif not Path(path).is_dir():
            files[path] = None
        else:
            in_folder = [str(file) for file in _iterate_yaml_files(Path(path)) if _is_checked(file)]
            files.update(dict.fromkeys(in_folder))
            if not in_folder:
                what = "there is no instrument in this folder"
                errors.append(UserError(path, what, "specify a file: survey check FILE"))
    return list(files), errors


def _iterate_yaml_files(folder: Path) -> Iterator[Path]:
    """Iterate over YAML files in and below a folder, without hidden ones."""
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in SUFFIXES and not is_hidden and path.is_file():
            yield path


def _is_checked(file: Path) -> bool:
    """Return whether a file is checked if the command names its folder.

    These are questionnaires and what is beside them, but neither modules nor other YAML files, such
    as maps. An analysis file is checked with its questionnaire.
    """
    if file.name.endswith(ANALYSIS_SUFFIX):
        return False
    if file.name.endswith(_COMPANION_SUFFIXES):
        return True
    return not _is_part(load_source(str(file)))


def _is_part(source: InstrumentSource) -> bool:
    """Return whether a file is no questionnaire: a module, a map, or answers for a simulation."""
    keys = set(source.tree or ())
    # An empty or broken file is checked as a questionnaire, which reports what is wrong with it.
    if not keys:
        return False
    return keys <= set(MODULE_KEYS) or keys.isdisjoint(("instrument", "title", "items"))


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
    if file.endswith(_COMPANION_SUFFIXES):
        return _check_companion(file, source)
    if _is_part(source):
        problem = _report_part(file, source)
        return InstrumentCheck(file=file, problems=(problem,), items=None, line_at=source.find_line)

    checked = check_instrument(source)
    instrument = checked.instrument
    draft = checked.draft
    today = datetime.now().astimezone().date()
    problems, proof = check_route(checked, today, possible=possible)

    further: list[Problem] = []
    accepted: list[str] = []
    in_use = ""
    sources = [source]
    if wording and draft is not None:
        further += check_wording(draft)
    if instrument is not None and draft is not None:
        if formats:
            from survey_cli.services.export.format_checks import check_formats

            further += check_formats(instrument, draft, formats, problems)

        analysis_file = find_analysis_file(file)
        if analysis_file:
            analysis_source = load_source(analysis_file)
            sources.append(analysis_source)
            further += _check_analysis(analysis_file, analysis_source, instrument)

        if draft.document.edition < editions.NEWEST_EDITION:
            from survey_cli.services.questionnaire.edition_upgrade import find_edition_notice

            notice = find_edition_notice(file, source, checked)
            if notice is not None:
                further.append(notice)

        if _may_have_interviews(file, instrument.id, db):
            from survey_cli.services.questionnaire.version_check import check_meanings
            from survey_cli.study.location import describe_database

            meaning_problems, accepted = check_meanings(file, instrument, draft, db)
            further += meaning_problems
            in_use = describe_database(file, instrument.id, db)

    if further:
        problems = tuple(sort_problems((*problems, *further)))

    def find_line(where: Position) -> str:
        for one in sources:
            line = one.find_line(where)
            if line:
                return line
        return ""

    return InstrumentCheck(
        file=file,
        problems=problems,
        items=instrument.written_count if instrument is not None else None,
        line_at=find_line,
        accepted=tuple(accepted),
        instrument=instrument,
        in_use=in_use,
        proof=proof,
    )


def _report_part(file: str, source: InstrumentSource) -> Problem:
    """Report that a file is no questionnaire, and what to check instead."""
    what = "this is a module, not an instrument"
    remedy = (
        "check the instrument that includes it; "
        "an instrument begins with `instrument:` and `title:`"
    )
    if set(MODULE_KEYS).isdisjoint(source.tree or ()):
        what = "this is not a questionnaire, which has `instrument:`, `title:` and `items:`"
        remedy = "specify one; a map is checked by `survey import-answers` with --dry-run"
    return Problem("module", Position(file), "", what, remedy)


def _check_companion(file: str, source: InstrumentSource) -> InstrumentCheck:
    """Check a file beside a questionnaire: scenarios, analysis, codes of an item, simulation."""
    questionnaire, item = _find_questionnaire(file)
    instrument = check_instrument(load_source(questionnaire)).instrument
    if instrument is None:
        what = f"{questionnaire} has errors or is missing"
        remedy = f"fix it first: survey check {questionnaire}"
        problems = [Problem("broken-questionnaire", Position(file), "", what, remedy)]
    elif file.endswith(ANALYSIS_SUFFIX):
        problems = _check_analysis(file, source, instrument)
    elif file.endswith(CODES_SUFFIX):
        from survey_cli.services.data.code_frames import check_frame

        _, problems = check_frame(source, instrument, item)
    elif file.endswith(SIMULATION_SUFFIX):
        from survey_cli.services.questionnaire.simulation_settings import check_settings

        _, problems = check_settings(source, instrument)
    else:
        from survey_cli.services.questionnaire.scenario_tests import check_scenarios

        _, problems = check_scenarios(instrument, source, date.min)
    return InstrumentCheck(
        file=file, problems=tuple(problems), items=None, line_at=source.find_line
    )


def _find_questionnaire(companion: str) -> tuple[str, str]:
    """Return the questionnaire that a file belongs to, and the item if it has the codes of one.

    _find_questionnaire("study.q1.codes.yaml")  # "study.yaml", "q1"
    """
    name, _, kind = companion.removesuffix(".yaml").rpartition(".")
    item = ""
    if f".{kind}.yaml" == CODES_SUFFIX:
        name, _, item = name.rpartition(".")
    return f"{name}.yaml", item


def _check_analysis(file: str, source: InstrumentSource, instrument: Instrument) -> list[Problem]:
    """Check an analysis file, and the files of targets that it names."""
    analysis, problems = read_analysis(source, instrument)
    for weight in analysis.weights.values():
        if weight.rake is None:
            continue
        targets = read_targets(str(Path(file).parent / weight.rake))
        # A tuple holds problems, instead of targets.
        if isinstance(targets, tuple):
            problems += targets

    personal = find_personal_names(analysis.instrument)
    for name, banner in analysis.banners.items():
        for column in banner.columns:
            variables = [variable.strip() for variable in column.split(">")]
            for variable in personal.intersection(variables):
                what = f"{variable} is personal"
                remedy = "choose another variable"
                problems.append(Problem("bad-analysis", column.where, name, what, remedy))
    return problems


def _may_have_interviews(file: str, instrument: str, db: str | None) -> bool:
    """Return whether interviews may be stored already.

    This only looks for a file: importing the store would make every check slower.
    """
    if db:
        return True
    database = Path("responses", f"{instrument}.db")
    return any((folder / database).is_file() for folder in Path(file).resolve().parents)


# ── the editor's schema ────────────────────────────────────────────────────────────────────────


def render_schema(kind: str, names_of: str = "") -> str:
    """Return the JSON Schema of a kind of file as text.

    The editor also offers the names of the instrument `names_of`.
    """
    # The schema of a module is made of the instrument's, and names are only offered in that.
    is_instrument = kind == "module" or bool(names_of)
    stored_kind = "instrument" if is_instrument else kind
    text = _read_resource(f"{stored_kind}.schema.json")
    if stored_kind == kind and not names_of:
        return text

    schema = json.loads(text)
    if names_of:
        _offer_names(schema["$defs"], open_instrument(names_of).document)
    else:
        description = (
            "Part of an instrument, put in its place by `include`: scales, computes and items."
        )
        schema["title"] = "survey module"
        schema["description"] = description
        schema["markdownDescription"] = description
        schema["properties"] = {name: schema["properties"][name] for name in MODULE_KEYS}
        schema["required"] = []
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _offer_names(definitions: dict[str, Any], document: Document) -> None:
    """Offer the names of the scales and outcomes of a document."""
    for key, names in (("scale", document.scales), ("outcome", document.outcomes)):
        if not names:
            continue
        for definition in definitions.values():
            properties = definition.get("properties", {})
            if key not in properties:
                continue
            choices = properties[key].setdefault("anyOf", [{"type": "string"}])
            choices.insert(0, {"enum": [str(name) for name in names]})
            # The type is one of the choices now.
            properties[key].pop("type", None)


def write_schema(file: str, kind: str, names_of: str = "") -> None:
    """Write the schema into a file. Only an earlier schema is overwritten."""
    path = Path(file)
    if path.is_dir():
        remedy = f"specify a file in it, such as {path / SCHEMA_FILE}"
        raise UserError(file, "this is a folder", remedy)
    if path.exists() and not _is_schema(path):
        raise UserError(file, "the file exists and is not a JSON Schema", "use another name")

    check_output_path(path, force=True)
    text = render_schema(kind, names_of)
    write_text_file(path, lambda file: file.write(text), force=True, public=True)


def _is_schema(path: Path) -> bool:
    """Return whether a file is a JSON Schema as written by this program."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(earlier, dict):
        return False
    own = json.loads(_read_resource("instrument.schema.json"))
    return bool(earlier.get("$schema") == own["$schema"])
