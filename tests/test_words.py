"""Nothing is decided by words that people read: rewording a message changes no behavior.

An error carries a `reason`, a rejection or a note a kind: enums, or small classes with their data.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from support.source_trees import parse_module

ROOT: Final = Path(__file__).parents[1] / "survey_cli"

WORDS: Final = frozenset({"what", "remedy", "short", "why", "message", "words"})
"""Attributes that hold words."""
BEARERS: Final = frozenset(
    {"error", "problem", "rejection", "refusal", "conflict", "obstacle", "mistake", "p", "invalid"}
)
"""Names of what has words."""
SEARCHES: Final = frozenset(
    {"startswith", "endswith", "find", "index", "removeprefix", "removesuffix", "match", "search"}
)

BORDERS: Final = {
    "cli/misuse.py": "typer raises one class for several mistakes",
    "instrument/source/hints/parser_errors.py": "libyaml's errors have no codes",
    "samples/files/read_sheet.py": "csv.Error has no code",
    "store/backends/sqlite/connection.py": "Python's decoding error has no code",
    "cli/output/problems.py": "removes the position, which is printed in a field of its own",
    "table/columns.py": "the station of imported interviews, as it is stored",
    "instrument/texts/translations.py": "removes what the same module appended",
    "conversion/xlsform/reader.py": "a word of XLSForm",
    "conversion/redcap/dictionary.py": "the headings of a file of REDCap",
    "store/backends/schema/migrations.py": "a word of SQL",
    "instrument/checks/wording_style.py": "looks for these words in the questionnaire",
    "samples/cases/answer_rows.py": "the label of an option that was not mentioned, in imported data",
    "store/cases/bulk_import.py": "stored states of a connection's work",
    "reports/fieldwork/disposition_counts.py": "people without a value are counted under this label",
    "sessions/station/shift_record.py": "the reason of a break, as it is stored",
    "web/server/listening.py": "Python's error for a long path of a socket has no code",
    "proof/equivalence.py": "a reading of a condition, a Literal",
}
"""Modules that may search in texts, and why."""


def is_sentence(value: object) -> bool:
    """Return whether a text has several words; SQL over several lines is none."""
    if not isinstance(value, str) or "\n" in value:
        return False
    return sum(word.strip(".,:;…").isalpha() for word in value.split()) > 1


def list_sentence_constants(trees: dict[Path, ast.Module]) -> set[str]:
    """Return the names of constants that are a sentence, in any module."""
    names = set()
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                value = node.value
                if isinstance(value, ast.Constant) and is_sentence(value.value):
                    names.add(node.target.id)
    return names


def has_words(node: ast.expr, constants: set[str]) -> bool:
    """Return whether an expression is a sentence, or the words of an error."""
    match node:
        case ast.Constant(value=value):
            return is_sentence(value)
        case ast.Name(id=name):
            return name in constants
        case ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.List(elts=parts):
            return any(has_words(part, constants) for part in parts)
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return name in BEARERS and attribute in WORDS
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
            return name in BEARERS
        case ast.Call(func=ast.Name(id="translate")):
            return True
    return False


def iterate_decisions(tree: ast.Module, constants: set[str]) -> Iterator[int]:
    """Yield the lines on which words are compared or searched."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                if any(has_words(part, constants) for part in (left, *others)):
                    yield node.lineno
            case ast.Call(func=ast.Attribute(value=searched, attr=search), args=arguments):
                if search in SEARCHES and any(
                    has_words(part, constants) for part in (searched, *arguments)
                ):
                    yield node.lineno
            case ast.match_case(pattern=ast.MatchValue(value=value)):
                if has_words(value, constants):
                    yield value.lineno


def find_decisions() -> dict[str, list[int]]:
    trees = {path: parse_module(path) for path in ROOT.rglob("*.py")}
    constants = list_sentence_constants(trees)
    found = {}
    for path, tree in sorted(trees.items()):
        lines = sorted(iterate_decisions(tree, constants))
        if lines:
            found[path.relative_to(ROOT).as_posix()] = lines
    return found


def test_nothing_is_decided_by_words() -> None:
    found = find_decisions()
    unexpected = {module: lines for module, lines in found.items() if module not in BORDERS}
    assert unexpected == {}


def test_the_search_finds_decisions_on_words() -> None:
    constants = {"NO_DATABASE"}
    for line in (
        "error.what != NO_DATABASE",
        "problem.what.startswith('there is no')",
        "'not found' in str(error)",
        "PATTERN.match(str(error))",
        "state == 'at work'",
        "note.startswith(translate('as if'))",
    ):
        assert list(iterate_decisions(ast.parse(line), constants)) == [1], line
    for line in ("error.reason is StoreFailure.DAMAGED", "name == 'q1'", "str(path) == where"):
        assert not list(iterate_decisions(ast.parse(line), constants)), line
