"""Do the walls stand? Reads the source of every room; runs none of it."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "survey_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))

PURE_ROOMS = {
    "instrument",
    "engine",
    "fieldwork",
    "table",
    "problems",
    "entries",
    "values",
    "outcomes",
    "entry_commands",
    "text_width",
}
DOORS = {"survey_cli/instrument/source/load.py"}  # where the yaml comes in

CLOCKS_AND_DICE = {"time", "secrets", "uuid"}  # random and datetime are looked at name by name
DISK_AND_WIRE = {
    "asyncio", "glob", "http", "io", "multiprocessing", "os", "pathlib", "select", "shutil", "signal",
    "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "urllib",
}  # fmt: skip
SEEDED = {"Random"}  # Random(seed) always falls the same way
READS_THE_CLOCK = {("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("date", "today")}
TOUCHES_A_FILE = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}

SAYS_NOTHING = {
    "base", "common", "helper", "helpers", "manager", "managers", "misc", "service", "services", "shared",
    "tools", "util", "utils",
}  # fmt: skip


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


def imports(module: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield line, module and imported name; the name is empty for `import module`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.lineno, node.module, alias.name


def impurities(module: ast.Module) -> Iterator[str]:
    """Yield a line for every clock, die, file and wire that the source of a pure room names."""
    for line, source, imported in imports(module):
        top = source.partition(".")[0]
        if top in CLOCKS_AND_DICE | DISK_AND_WIRE:
            yield f"{line}: imports {source}"
        if top == "random" and imported and imported not in SEEDED:
            yield f"{line}: imports random.{imported}, a die"
    for node in ast.walk(module):
        match node:
            case ast.Attribute(value=ast.Name(id="random"), attr=attr) if attr not in SEEDED:
                yield f"{node.lineno}: names random.{attr}, a die"
            case ast.Call(func=ast.Name(id="Random") | ast.Attribute(attr="Random"), args=[], keywords=[]):
                yield f"{node.lineno}: calls Random() without a seed"
            case ast.Call(func=ast.Name(id="open")):
                yield f"{node.lineno}: calls open()"
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in TOUCHES_A_FILE:
                yield f"{node.lineno}: calls .{attr}()"
            case ast.Attribute(value=ast.Name(id=kind) | ast.Attribute(attr=kind), attr=attr):
                if (kind, attr) in READS_THE_CLOCK:
                    yield f"{node.lineno}: reads the clock by {kind}.{attr}"


def test_the_walls_between_the_rooms_stand() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run(
        [lint_imports, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_library_has_a_room() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    housed = {library for contract in contracts for library in contract.get("forbidden_modules", ())}
    known = housed | sys.stdlib_module_names | {"survey_cli"}
    homeless = [
        f"{name(path)}:{line}: {source}"
        for path in MODULES
        for line, source, _ in imports(tree(path))
        if source.partition(".")[0] not in known
    ]
    assert not homeless, "name their room in pyproject.toml, under tool.importlinter"


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) in PURE_ROOMS], ids=name)
def test_a_pure_room_has_no_clock_die_file_or_wire(path: Path) -> None:
    if name(path) in DOORS:
        pytest.skip("the door of the house")
    assert not list(impurities(tree(path)))


@pytest.mark.parametrize(
    "source",
    [
        "import time", "from time import monotonic", "import os.path", "from pathlib import Path",
        "from random import choice", "import random\nrandom.shuffle([])",
        "from random import Random\nRandom()",
        "import datetime\ndatetime.datetime.now()", "from datetime import date\ndate.today()",
        "open('x')", "path.read_text()", "import sqlite3", "import socket",
    ],
)  # fmt: skip
def test_an_impurity_is_seen(source: str) -> None:
    assert list(impurities(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["from random import Random\nRandom(4)", "from datetime import date, time\ndate(2000, 5, 1)"]
)
def test_a_pure_line_passes(source: str) -> None:
    assert not list(impurities(ast.parse(source)))


def test_every_module_says_what_it_answers() -> None:
    assert [name(path) for path in MODULES if not ast.get_docstring(tree(path))] == []


def test_every_name_says_something() -> None:
    nameless = [
        name(path) for path in MODULES if SAYS_NOTHING & set(path.relative_to(PACKAGE).with_suffix("").parts)
    ]
    assert nameless == []
