"""Writer of the reference pages, from the program itself: `python docs/tools/reference.py`.

With `--check` it writes nothing and says which pages are no longer fresh.
"""

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import typer.main

from survey_cli.cli.app import build_app
from survey_cli.instrument.checks.all_checks import RULES
from survey_cli.instrument.schema.model_docs import iterate_models, read_field_docstrings
from survey_cli.instrument.schema.reference import list_entries
from survey_cli.instrument.schema.reference_entries import ReferenceEntry
from survey_cli.services.export.format_checks import RULES as FORMAT_RULES
from survey_cli.services.questionnaire.questionnaire_files import MODULE_EXPLANATION, MODULE_RULE
from survey_cli.services.questionnaire.version_check import RULES as VERSION_RULES

HERE = Path(__file__).parents[1]
MADE = "<!-- written by `make docs`; edit the docstrings it is made from -->"


def language() -> Iterator[str]:
    """Item types with their keys, then the parts of a file, functions, fills and outcomes."""
    yield "# The instrument language\n"
    yield MADE + "\n"
    yield "`survey explain WORD` says the same in the terminal. Examples are in the folder `instruments/`.\n"
    kinds = {kind: list(found) for kind, found in groupby(list_entries(), lambda e: e.kind)}
    yield "## Item types\n"
    for entry in kinds["item type"]:
        yield from _item(entry)
    yield "## The parts of a file\n"
    seen = {e.word for e in kinds["item type"]}
    for part, model in iterate_models():
        rows = [(f.alias or n, read_field_docstrings(model).get(n, "")) for n, f in model.model_fields.items()]
        if part not in seen and any(says for _, says in rows):
            yield f"### {part}\n"
            yield from _rows(rows)
    for kind, title in (("function", "Functions of conditions"), ("fill", "Fills"), ("outcome", "Outcomes")):
        yield f"## {title}\n"
        yield from _rows([(e.word, e.meaning) for e in kinds[kind]])


def _item(entry: ReferenceEntry) -> Iterator[str]:
    yield f"### {entry.word}\n"
    yield entry.meaning.replace("\n", " ") + "\n"
    yield from _rows([(k.name, _key(k.accepts, k.meaning, k.required, k.default)) for k in entry.keys])
    if entry.shared_keys:
        yield f"As any question also: {', '.join(f'`{key}`' for key in entry.shared_keys)}.\n"


def _key(takes: str, says: str, required: bool, default: str) -> str:
    more = "; required" if required else f"; {default} if left out" if default else ""
    return f"{says} ({takes}{more})"


def _rows(rows: list[tuple[str, str]]) -> Iterator[str]:
    yield "| word | meaning |\n|---|---|"
    for word, says in rows:
        told = " ".join(says.split()).replace("|", "\\|")
        yield f"| `{word}` | {told} |"
    yield ""


def commands() -> Iterator[str]:
    """Every command with its arguments and options, as `--help` says them."""
    yield "# Commands\n"
    yield MADE + "\n"
    for name, command in every_command():
        yield f"## survey {name}\n"
        yield " ".join((command.help or "").split()) + "\n"
        yield "| option | meaning |\n|---|---|"
        for parameter in command.params:
            words = ", ".join((*parameter.opts, *parameter.secondary_opts))
            shown = parameter.metavar or words.upper() if parameter.param_type_name == "argument" else words
            if parameter.param_type_name == "option" and parameter.metavar:
                shown += f" {parameter.metavar}"
            told = " ".join((getattr(parameter, "help", "") or "").split()).replace("|", "\\|")
            yield f"| `{shown}` | {told} |"
        yield ""


def every_command() -> Iterator[tuple[str, Any]]:
    """Name and command; of a group, its commands: `sample import`."""
    for name, command in typer.main.get_command(build_app()).commands.items():  # type: ignore[attr-defined]
        several = getattr(command, "commands", None)
        if several is None:
            yield name, command
        else:
            yield from ((f"{name} {one}", under) for one, under in several.items())


def problems() -> Iterator[str]:
    """Every rule that `survey check` can name."""
    yield "# What survey check finds\n"
    yield MADE + "\n"
    for rule, says in sorted({**RULES, **FORMAT_RULES, **VERSION_RULES}.items()):
        yield f"## {rule}\n"
        yield says.strip() + "\n"


def vocabulary() -> Iterator[str]:
    """What `survey explain` knows: one entry per line, as JSON."""
    rules = {**RULES, MODULE_RULE: MODULE_EXPLANATION, **FORMAT_RULES, **VERSION_RULES}
    entries = [*list_entries(), *(ReferenceEntry(rule, "problem", meaning) for rule, meaning in rules.items())]
    yield "[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]"


VOCABULARY = "../survey_cli/services/questionnaire/vocabulary.json"
PAGES = {
    "reference/language.md": language,
    "reference/commands.md": commands,
    "reference/problems.md": problems,
    VOCABULARY: vocabulary,
}


def stale() -> list[str]:
    """The pages that differ from what the program would write now."""
    return [
        name
        for name, page in PAGES.items()
        if not (HERE / name).exists() or (HERE / name).read_text(encoding="utf-8") != _page(page())
    ]


def _page(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        old = stale()
        print("\n".join(f"docs/{name}: not fresh — run make docs" for name in old), file=sys.stderr)
        sys.exit(bool(old))
    for name, page in PAGES.items():
        (HERE / name).write_text(_page(page()), encoding="utf-8")
