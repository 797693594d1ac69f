"""Density of the code by package: `python tests/support/density.py [FOLDER …]`; what is never right.

Rates are per 1,000 statements, so that line breaks and formatting change nothing. They are for
looking: whatever is counted can be met by making the code worse, and a reader decides.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2] / "survey_cli"
MAX_LINE = 100
NESTED = "a conditional expression in another"
_ADDRESS = re.compile(r"https?://\S+")
_HEADS = (
    "package",
    "statements",
    "a if b else c",
    "nested",
    "folded",
    "a, b = x, y",
    ":=",
    "comments",
    "blank",
    "long",
    "Any",
)


class Finding(NamedTuple):
    """A line with something that is never right."""

    line: int
    what: str


def find_faults(text: str) -> Iterator[Finding]:
    """Yield what is never right in a module: nested or folded conditional expressions, long lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.IfExp) and _is_nested(node):
            yield Finding(node.lineno, NESTED)
        elif isinstance(node, ast.expr) and _is_folded(node):
            yield Finding(node.lineno, "a conditional expression in disguise")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_LINE and not _ADDRESS.search(line):
            yield Finding(number, f"a line of {len(line)} characters")


def _is_nested(node: ast.IfExp) -> bool:
    inner = (child for child in ast.walk(node) if child is not node)
    return any(isinstance(child, ast.IfExp) for child in inner)


def _is_folded(node: ast.expr) -> bool:
    """Return whether it is `a and b or c`, `(b, a)[c]` or `{True: a}[c]`."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        first = node.values[:-1]
        return any(isinstance(part, ast.BoolOp) and isinstance(part.op, ast.And) for part in first)
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Tuple | ast.Dict)


def count_density(folder: Path) -> Counter[str]:
    """Count what the table shows of all modules in a folder."""
    counts: Counter[str] = Counter()
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if line.strip()]
        counts["lines"] += len(lines)
        counts["long"] += sum(len(line) > MAX_LINE for line in lines)
        counts["comments"] += sum(" # " in f" {line.strip()} " for line in lines)
        for node in ast.walk(ast.parse(text)):
            _count_node(node, text.splitlines(), counts)
    return counts


def _count_node(node: ast.AST, lines: list[str], counts: Counter[str]) -> None:
    counts["statements"] += isinstance(node, ast.stmt)
    counts["walrus"] += isinstance(node, ast.NamedExpr)
    counts["any"] += isinstance(node, ast.Name) and node.id == "Any"
    if isinstance(node, ast.IfExp):
        counts["conditional"] += 1
        counts["nested"] += _is_nested(node)
    if isinstance(node, ast.expr):
        counts["folded"] += _is_folded(node)
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        counts["parallel"] += isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        body = lines[node.lineno : node.end_lineno]
        counts["inner"] += len(body)
        counts["blank"] += sum(not line.strip() for line in body)


def format_table(folders: list[Path]) -> Iterator[str]:
    """Yield the lines of a table with a row for each folder."""
    yield "  ".join([_HEADS[0].ljust(24), *(head.rjust(13) for head in _HEADS[1:])])
    for folder in folders:
        counts = count_density(folder)
        if not counts["statements"]:
            continue
        per_thousand = 1000 / counts["statements"]
        cells = (
            f"{counts['statements']:,}",
            f"{counts['conditional'] * per_thousand:.0f}",
            f"{counts['nested']}",
            f"{counts['folded']}",
            f"{counts['parallel'] * per_thousand:.1f}",
            f"{counts['walrus'] * per_thousand:.1f}",
            f"{counts['comments'] * per_thousand:.0f}",
            f"{100 * counts['blank'] / max(1, counts['inner']):.1f} %",
            f"{100 * counts['long'] / counts['lines']:.1f} %",
            f"{counts['any']}",
        )
        yield "  ".join([folder.name.ljust(24), *(cell.rjust(13) for cell in cells)])


def list_packages() -> list[Path]:
    """List the program as a whole, and its packages."""
    return [PACKAGE, *sorted(path for path in PACKAGE.iterdir() if (path / "__init__.py").exists())]


def main(arguments: list[str]) -> int:
    """Print the table, and then what is never right. Return 1 if there is anything."""
    folders = [Path(argument) for argument in arguments] or list_packages()
    for line in format_table(folders):
        print(line.rstrip())

    # without arguments, the first folder is the program as a whole
    faults = 0
    for path in sorted(folders[0].rglob("*.py")):
        for fault in find_faults(path.read_text(encoding="utf-8")):
            print(f"{path}:{fault.line}: {fault.what}")
            faults += 1
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
