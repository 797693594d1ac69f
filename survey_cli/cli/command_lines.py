"""Command lines to copy, with the arguments that were given or with files of this folder."""

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from survey_cli.cli.command_table import HELP_FILE

SUFFIXES: Final = (".yaml", ".yml")
"""What the name of a questionnaire ends with."""
DATABASES: Final = (".db", ".sqlite", ".sqlite3")
FORMS: Final = (".xlsx", ".xls")
TABLES: Final = (*FORMS, ".csv", ".tsv", ".sav", ".dta", ".parquet")
MAX_FILES: Final = 200
"""Number of files of a folder that are looked into."""
BEGINNING: Final = 20_000
"""Number of characters in which a questionnaire names itself, after its first comments."""


def read_help_lines() -> dict[str, str]:
    """Return the line of help of each command, by its name."""
    return dict(line.split("\t") for line in HELP_FILE.read_text(encoding="utf-8").splitlines())


def get_names(usage: str) -> str:
    """Return a usage without its arguments: `watch --replay` of `watch FILE --replay CASE`."""
    return " ".join(word for word in usage.split() if not word.isupper())


def fill_usage(usage: str, arguments: Sequence[str], *, keep_rest: bool = True) -> str:
    """Fill the capitals of a usage with arguments in their order.

    `watch FILE --replay CASE` and `study.yaml 1017 --plain` give `watch study.yaml --replay 1017
    --plain`. The arguments that are left follow, unless `keep_rest` is false. A FILE that was not
    given is the questionnaire of this folder, if it has only one.
    """
    words = usage.split()
    slots = [word for word in words if word.isupper()]
    given = list(arguments)
    if any(argument.startswith("-") for argument in given[: len(slots)]):
        # Only the command's parser could tell whether the next argument is the option's value.
        given = []
    if slots[:1] == ["FILE"] and len(given) < len(slots) and not has_questionnaire(given[:1]):
        given.insert(0, _find_only_questionnaire())

    filled = []
    for word in words:
        if word.isupper() and given:
            filled.append(shlex.quote(given.pop(0)))
        else:
            filled.append(word)
    if keep_rest:
        filled += map(shlex.quote, given)
    return " ".join(filled)


def has_questionnaire(arguments: Sequence[str]) -> bool:
    """Return whether one of the arguments is a questionnaire, by its name."""
    return any(argument.endswith(SUFFIXES) for argument in arguments)


def _find_only_questionnaire() -> str:
    """Return the questionnaire of this folder; FILE if it has none or several."""
    found = find_questionnaires()
    return found[0] if len(found) == 1 else "FILE"


def join_line(words: Iterable[str]) -> str:
    """Return a command line with these arguments; capitals stay as they are."""
    return " ".join(["survey", *map(shlex.quote, words)])


def find_questionnaire_of(file: str) -> str:
    """Return the questionnaire that a database is named after, or FILE."""
    path = Path(file)
    for folder in (path.parent, path.parent.parent, Path()):
        for suffix in SUFFIXES:
            candidate = folder / f"{path.stem}{suffix}"
            if candidate.is_file():
                return str(candidate)
    return "FILE"


def find_questionnaires(folder: str = ".") -> list[str]:
    """Return the questionnaires of a folder: YAML files that name themselves `instrument:`."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(SUFFIXES))
    except OSError:
        return []
    paths = [name if folder == "." else str(Path(folder) / name) for name in names[:MAX_FILES]]
    return [path for path in paths if _is_questionnaire(path)]


def _is_questionnaire(path: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(BEGINNING)
    except (OSError, ValueError):
        return False
    return "\ninstrument:" in f"\n{text}"
